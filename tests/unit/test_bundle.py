"""Bundles: packed the same way each time, and no byte of them changed unseen."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from catalogue.baseline import FIXTURES

from hullguard.bundle import archive, secrets
from hullguard.bundle import make as packing
from hullguard.bundle.archive import Member
from hullguard.bundle.make import MANIFEST, make
from hullguard.bundle.verify import verify
from hullguard.errors import HullguardError, InputError

REPORT = {
    "schema": "hullguard/report/1",
    "tool": {"name": "hullguard", "version": "0.1.0"},
    "generated_at": "2026-11-24T12:00:00Z",
    "benchmark": {"name": "cis_docker_1_8_0", "title": "CIS"},
    "profile": "cis_level2",
    "hosts": [{"name": "web-1"}],
    "findings": [],
    "scans": [
        {"tool": "trivy", "version": "0.76.0", "status": "ran"},
        {"tool": "syft", "version": "", "status": "not_run"},
    ],
}


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    (folder / "evidence").mkdir(parents=True)
    (folder / "report.json").write_text(json.dumps(REPORT))
    (folder / "evidence" / "web-1.json").write_text('{"schema": "hullguard/evidence/1"}')
    (folder / "trivy.out").write_text("nothing found")
    return folder


@pytest.fixture
def packed(run_folder: Path, tmp_path: Path) -> Path:
    make(run_folder, tmp_path / "b.tar.gz")
    return tmp_path / "b.tar.gz"


def problem(path: Path) -> str:
    with pytest.raises(HullguardError) as caught:
        verify(path)
    assert caught.value.exit_code == 1
    assert str(caught.value).startswith(f"{path}: NOT intact: ")
    return str(caught.value)


# --- what is packed


def test_a_bundle_is_intact_and_says_what_it_is(packed: Path) -> None:
    manifest = verify(packed).manifest
    assert [row["path"] for row in manifest["files"]] == ["evidence/web-1.json", "report.json", "trivy.out"]
    assert manifest["files"][2]["sha256"] == hashlib.sha256(b"nothing found").hexdigest()
    assert manifest["tools"] == [
        {"name": "hullguard", "version": "0.1.0"},
        {"name": "trivy", "version": "0.76.0"},
    ]
    assert manifest["generated_at"] == REPORT["generated_at"]
    assert manifest["benchmark"] == "cis_docker_1_8_0"
    assert manifest["hosts"] == ["web-1"]
    assert packed.stat().st_mode & 0o777 == 0o600


def test_other_programs_unpack_it(packed: Path, run_folder: Path) -> None:
    with tarfile.open(packed) as tar:
        assert tar.getnames() == [MANIFEST, "evidence/web-1.json", "report.json", "trivy.out"]
        content = tar.extractfile("report.json")
        assert content is not None
        assert content.read() == (run_folder / "report.json").read_bytes()
        assert {(m.mtime, m.uid, m.gid, m.mode, m.uname) for m in tar} == {(0, 0, 0, 0o600, "")}


def test_the_same_run_gives_the_same_bytes(run_folder: Path, tmp_path: Path, packed: Path) -> None:
    os.utime(run_folder / "report.json", (1, 1))
    (run_folder / "trivy.out").chmod(0o755)
    make(run_folder, tmp_path / "again.tar.gz")
    assert (tmp_path / "again.tar.gz").read_bytes() == packed.read_bytes()


@pytest.mark.parametrize(
    "name", ["a", "x" * 100, "d" * 155 + "/" + "x" * 100, "/".join(["d" * 49] * 5), "ü" * 50]
)
def test_headers_are_what_tar_reads(name: str) -> None:
    read = tarfile.TarInfo.frombuf(archive.header(name, 12345), "utf-8", "strict")
    assert (read.name, read.size, read.mode, read.isreg()) == (name, 12345, 0o600, True)


@pytest.mark.parametrize("name", ["x" * 101, "d" * 156 + "/x", "d/" + "x" * 101, "ü" * 51])
def test_names_that_do_not_fit_are_told(name: str) -> None:
    assert "too long" in archive.wrong_name(name)
    with pytest.raises(ValueError, match="too long"):
        archive.header(name, 0)


def test_what_is_left_out_is_named(run_folder: Path, tmp_path: Path) -> None:
    make(run_folder, tmp_path / "b.tar.gz", leave_out=["*.out"])
    manifest = verify(tmp_path / "b.tar.gz").manifest
    assert manifest["left_out"] == ["trivy.out"]
    assert "trivy.out" not in [row["path"] for row in manifest["files"]]
    with pytest.raises(InputError, match=r"report\.json can't be left out"):
        make(run_folder, tmp_path / "b.tar.gz", leave_out=["*"])


def break_link(folder: Path) -> None:
    (folder / "etc").symlink_to("/etc/hostname")


def break_pipe(folder: Path) -> None:
    os.mkfifo(folder / "pipe")


def break_report(folder: Path) -> None:
    (folder / "report.json").write_text("{")


def break_schema(folder: Path) -> None:
    (folder / "report.json").write_text('{"schema": "other"}')


def break_form(folder: Path) -> None:
    (folder / "report.json").write_text('{"schema": "hullguard/report/1"}')


def break_name(folder: Path) -> None:
    (folder / "a\nb").write_text("")


def break_long(folder: Path) -> None:
    (folder / ("x" * 101)).write_text("")


def break_taken(folder: Path) -> None:
    (folder / MANIFEST).write_text("{}")


@pytest.mark.parametrize(
    ("breaks", "message"),
    [
        (break_link, "etc: is a link"),
        (break_pipe, "pipe: is no plain file"),
        (break_report, "not valid JSON"),
        (break_schema, "is no report of schema"),
        (break_form, "is no whole report"),
        (break_name, "has characters that are no text"),
        (break_long, "is too long for an archive"),
        (break_taken, "has a file of this name itself"),
        (lambda folder: (folder / "report.json").unlink(), "holds no report.json"),
    ],
)
def test_what_is_no_run_is_refused(
    run_folder: Path, tmp_path: Path, breaks: Callable[[Path], None], message: str
) -> None:
    breaks(run_folder)
    with pytest.raises(InputError, match=message):
        make(run_folder, tmp_path / "b.tar.gz")
    assert not (tmp_path / "b.tar.gz").exists()


@pytest.mark.parametrize(
    ("output", "message"),
    [("none/b.tar.gz", "does not exist"), ("run/b.tar.gz", "lies in the run itself"), ("run", "is a folder")],
)
def test_an_output_that_can_not_be_is_refused(
    run_folder: Path, tmp_path: Path, output: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        make(run_folder, tmp_path / output)


def test_a_file_that_changes_meanwhile_is_noticed(
    run_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = packing._described

    def changed_after(run: Path, name: str) -> dict[str, Any]:
        found = real(run, name)
        if name == "trivy.out":
            (run / name).write_text("nothing FOUND")
        return found

    monkeypatch.setattr(packing, "_described", changed_after)
    (tmp_path / "b.tar.gz").write_text("yesterday's")
    with pytest.raises(HullguardError, match=r"trivy\.out changed while it was packed"):
        make(run_folder, tmp_path / "b.tar.gz")
    assert (tmp_path / "b.tar.gz").read_text() == "yesterday's"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.tar.gz", "run"]


# --- what is changed afterwards


def test_any_changed_byte_is_found(packed: Path) -> None:
    whole = packed.read_bytes()
    for place in range(len(whole)):
        for bit in (0x01, 0x80):
            packed.write_bytes(whole[:place] + bytes([whole[place] ^ bit]) + whole[place + 1 :])
            problem(packed)


def test_a_cut_or_lengthened_one_is_found(packed: Path) -> None:
    whole = packed.read_bytes()
    for length in [*range(0, len(whole), 61), len(whole) - 1]:
        packed.write_bytes(whole[:length])
        problem(packed)
    for more in (b"\0", b"x" * 5000, whole):
        packed.write_bytes(whole + more)
        problem(packed)


def unpacked(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as tar:
        found = {}
        for member in tar:
            content = tar.extractfile(member)
            assert content is not None
            found[member.name] = content.read()
        return found


def repack(path: Path, files: dict[str, bytes]) -> None:
    """Pack as Hullguard does: what somebody would do who has its code."""

    def member(name: str, data: bytes) -> Member:
        return Member(name, len(data), lambda: [data])

    archive.pack(path, [member(name, data) for name, data in files.items()])


def test_changed_missing_and_added_files_are_named(packed: Path) -> None:
    files = unpacked(packed)
    repack(packed, files)
    verify(packed)
    repack(packed, {**files, "report.json": b"{}"})
    assert "report.json was changed" in problem(packed)
    repack(packed, {name: data for name, data in files.items() if name != "trivy.out"})
    assert "trivy.out is missing" in problem(packed)
    repack(packed, {**files, "x\u202ey": b""})
    assert "no text" in problem(packed)
    repack(packed, {**files, "more.json": b""})
    assert "more.json was added" in problem(packed)
    repack(packed, {MANIFEST: files[MANIFEST], **dict(sorted(files.items(), reverse=True))})
    assert "order" in problem(packed)
    repack(packed, {"a": b"", **files})
    assert "does not begin with MANIFEST.json" in problem(packed)
    repack(packed, {})
    assert "does not begin with MANIFEST.json" in problem(packed)


@pytest.mark.parametrize(
    ("text", "message"),
    [(b"{", "is broken"), (b"{}", "broken"), (b"\xff", "is broken"), (b"[" * 100_000, "is broken")],
)  # fmt: skip
def test_a_manifest_that_is_none_is_told(packed: Path, text: bytes, message: str) -> None:
    repack(packed, {**unpacked(packed), MANIFEST: text})
    assert message in problem(packed)


def test_a_signature_that_is_missing_is_told(packed: Path) -> None:
    files = unpacked(packed)
    manifest = json.loads(files[MANIFEST]) | {"signed_with": "gpg"}
    repack(packed, {**files, MANIFEST: json.dumps(manifest).encode()})
    assert "MANIFEST.json.asc is missing" in problem(packed)


# --- hostile archives


def wrapped(path: Path, tar: bytes) -> None:
    """Write any tar in a bundle's gzip form, with the right sum."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = deflate.compress(tar) + deflate.flush()
    body += zlib.crc32(tar).to_bytes(4, "little") + len(tar).to_bytes(4, "little")
    comment = f"hullguard bundle 1, sha256 of what follows: {hashlib.sha256(body).hexdigest()}\0"
    path.write_bytes(archive._GZIP + comment.encode() + body)


def entry(name: str, kind: bytes = tarfile.REGTYPE, size: int = 0, **changes: Any) -> bytes:
    info = tarfile.TarInfo(name)
    info.type, info.size, info.mode = kind, size, 0o600
    for key, value in changes.items():
        setattr(info, key, value)
    return info.tobuf(tarfile.GNU_FORMAT)


HOSTILE = {
    "above": (entry("../x"), "leads out"),
    "above inside": (entry("a/../../x"), "leads out"),
    "absolute": (entry("/etc/cron.d/x"), "leads out"),
    "backslash": (entry("..\\x"), "leads out"),
    "dot": (entry("./x"), "leads out"),
    "empty": (entry(""), "leads out"),
    "link": (entry("x", tarfile.SYMTYPE, linkname="/etc/passwd"), "a symbolic link"),
    "hard link": (entry("x", tarfile.LNKTYPE, linkname="report.json"), "a hard link"),
    "device": (entry("x", tarfile.CHRTYPE, devmajor=1, devminor=3), "a device"),
    "block device": (entry("x", tarfile.BLKTYPE, devmajor=8), "a device"),
    "pipe": (entry("x", tarfile.FIFOTYPE), "a pipe"),
    "folder": (entry("x", tarfile.DIRTYPE), "a folder"),
    "long name": (entry("x" * 200), "no plain file"),
    "extended": (tarfile.TarInfo("x" * 300).tobuf(tarfile.PAX_FORMAT), "no plain file"),
    "sparse": (entry("x", tarfile.GNUTYPE_SPARSE), "no plain file"),
    "huge": (entry("x", size=1 << 40), "more than 1024 MiB"),
    "negative": (entry("x", size=-5), "says it has -5 bytes"),
    "twice": (archive.header("a", 0) * 2, "holds a twice"),
    "file and folder": (archive.header("a", 0) + archive.header("a/b", 0), "holds a/b twice, or as a file and"),
    "folder and file": (archive.header("a/b", 0) + archive.header("a", 0), "holds a twice, or as a file and"),
    "mode": (entry("x", mode=0o4755), "not as they were written"),
    "owner": (entry("x", uid=1000), "not as they were written"),
    "time": (entry("x", mtime=1), "not as they were written"),
    "hidden": (archive.header("a", 1) + b"x" + b"y" * 511, "something is hidden after a"),
    "escapes": (entry("\x1b[2J"), "no text"),
    "not UTF-8": (entry("\udcff"), "no text"),
    "junk": (b"junk" * 512, "holds no archive any more"),
    "no end": (archive.header("a", 0), "ends too early"),
    "half an end": (archive.header("a", 0) + bytes(512), "ends too early"),
    "more after the end": (bytes(1024) + archive.header("a", 0), "follows its end"),
    "an end that is none": (bytes(512) + b"x" * 512, "its end is not as it was written"),
    "large manifest": (archive.header(MANIFEST, 64 << 20), "too large for what it is"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_archives_are_refused(tmp_path: Path, name: str) -> None:
    tar, message = HOSTILE[name]
    ends = () if "end" in name.split() else (archive.END,)
    wrapped(tmp_path / "b.tar.gz", b"".join((tar, *ends)))
    told = problem(tmp_path / "b.tar.gz")
    assert message in told
    assert told.isprintable()
    assert [path.name for path in tmp_path.iterdir()] == ["b.tar.gz"]


def test_a_bomb_goes_off_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "LARGEST_TOTAL", 8 << 20)
    wrapped(tmp_path / "b.tar.gz", archive.header("a", 64 << 20) + bytes(64 << 20) + archive.END)
    assert "unpacked it has more than" in problem(tmp_path / "b.tar.gz")


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_FILES", 10)
    wrapped(tmp_path / "b.tar.gz", b"".join(archive.header(f"f{n}", 0) for n in range(11)) + archive.END)
    assert "more than 10 files" in problem(tmp_path / "b.tar.gz")


@pytest.mark.parametrize(
    "data", [b"", b"\x1f\x8b", b"PK\x03\x04" + bytes(500), gzip.compress(bytes(2048), mtime=0), bytes(5000)]
)
def test_what_is_no_bundle_is_not_intact(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "b.tar.gz").write_bytes(data)
    assert "it is no bundle" in problem(tmp_path / "b.tar.gz")


def test_a_file_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such file"):
        verify(tmp_path / "none.tar.gz")


# --- keys


@pytest.mark.parametrize("key", ["./none.key", "none.pub", "-x"])
def test_a_key_file_that_is_not_there(run_folder: Path, packed: Path, key: str) -> None:
    for use in (lambda: make(run_folder, packed, key), lambda: verify(packed, key)):
        with pytest.raises(InputError, match="there is no such file"):
            use()


def test_a_key_file_with_something_else(run_folder: Path, packed: Path, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("-----BEGIN CERTIFICATE-----")
    with pytest.raises(InputError, match="holds no private key of cosign"):
        make(run_folder, packed, str(tmp_path / "key"))
    with pytest.raises(InputError, match="holds no public key"):
        verify(packed, str(tmp_path / "key"))


def test_the_program_for_a_key_is_missing(packed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.delenv("HULLGUARD_TOOLS", raising=False)
    with pytest.raises(InputError, match="gpg is not here"):
        verify(packed, "0123456789ABCDEF")
    monkeypatch.setenv("HULLGUARD_GPG", "/nonexistent/gpg")
    with pytest.raises(InputError, match="HULLGUARD_GPG"):
        verify(packed, "0123456789ABCDEF")


# --- secrets

TOKEN = "Zx9" * 20
SECRETS = {
    "a private key": "-----BEGIN OPENSSH PRIVATE KEY-----\\n" + "b3BlbnNza" * 8,
    "an age key": "AGE-SECRET-KEY-1" + "Q" * 30,
    "an AWS access key": "AKIA" + "QWERTYUIOP123456",
    "a GitHub token": "ghp_" + "a1B2" * 9,
    "a GitLab token": "glpat-" + "a1B2c" * 4,
    "a Slack token": "xoxb-" + "123456789012-abc",
    "a Google key": "AIza" + "Sy1" * 11 + "Ab",
    "a Stripe key": "sk_live_" + TOKEN[:24],
    "an npm token": "npm_" + TOKEN[:36],
    "a PyPI token": "pypi-" + TOKEN,
    "a Docker Hub token": "dckr_pat_" + TOKEN[:27],
    "a Vault token": "hvs." + TOKEN[:30],
    "a swarm token": "SWMTKN-1-" + "0a1b2c" * 6,
    "a JSON web token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abcdefghij1234",
    "credentials in a URL": "postgres://app:hunter2@db/app",
    "a registry's login": '{"auth": "YWxhZGRpbjpvcGVuc2VzYW1l"}',
    "a secret by its name": "DB_PASSWORD=hunter2",
}
BY_NAME = [
    '"Env": ["API_TOKEN=s3cr3tvalue"]', "password: hunter2", "client_secret = 'hunter2x'", '\\"access-key\\": \\"abcd1234\\"',
    "--build-arg NPM_TOKEN=abc123def", "Passphrase: correct", "my.api.key=12345678",
]  # fmt: skip
HARMLESS = [
    "DB_PASSWORD", '"DB_PASSWORD": null', "DB_PASSWORD=<redacted>", "PASSWORD=${DB_PASSWORD}", "PASSWORD=$X_Y_Z_1_2",
    "POSTGRES_PASSWORD_FILE=/run/secrets/db", "secrets: 3", "API_KEY=********", "token: true", "no password: set one",
    "https://user:<redacted>@host", "nginx:1.29@sha256:abcdef", '"hashed_secret": "451dd67ecb367725052d03e5ee0b8aa6"',
    "-----BEGIN PRIVATE KEY----- is what it looks for", "-----BEGIN RSA PRIVATE KEY-----********-----END", "secret_findings: []",
    "xAKIAQWERTYUIOP1234567", "content_trust: unset",
]  # fmt: skip


def found(tmp_path: Path, data: bytes) -> list[str]:
    (tmp_path / "file").write_bytes(data)
    return list(secrets.search(tmp_path / "file"))


def test_every_kind_has_its_case() -> None:
    assert set(SECRETS) == set(secrets.PATTERNS)


@pytest.mark.parametrize("kind", SECRETS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_secrets_are_found_by_their_form(tmp_path: Path, kind: str, encoding: str) -> None:
    told = found(tmp_path, f"one\n two {SECRETS[kind]} three\n".encode(encoding))
    assert f"line 2: {kind}" in told


@pytest.mark.parametrize("text", BY_NAME)
def test_secrets_are_found_by_their_name(tmp_path: Path, text: str) -> None:
    assert found(tmp_path, text.encode()) == ["line 1: a secret by its name"]


@pytest.mark.parametrize("text", HARMLESS)
def test_what_stands_in_for_a_secret_is_none(tmp_path: Path, text: str) -> None:
    assert found(tmp_path, text.encode()) == []


@pytest.mark.parametrize("name", ["debian12.json", "debian13.json", "swarm13.json"])
def test_real_evidence_goes_in(name: str) -> None:
    assert list(secrets.search(FIXTURES / name)) == []


def test_a_secret_across_two_pieces_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "CHUNK", 4096)
    monkeypatch.setattr(secrets, "OVERLAP", 1024)
    for before in range(4096 - 40, 4096, 7):
        text = "\n" * before + SECRETS["a GitHub token"] + "\n" * 9000
        assert found(tmp_path, text.encode()) == [f"line {before + 1}: a GitHub token"]
    assert found(tmp_path, b"\n" * 20_000 + b"password=hunter2") == ["line 20001: a secret by its name"]


@pytest.mark.parametrize(
    "data", [gzip.compress(b"x", mtime=0), b"PK\x03\x04...", b"\xfd7zXZ\0", b"BZh91", b"\x28\xb5\x2f\xfd"]
)
def test_what_can_not_be_searched_is_refused(run_folder: Path, tmp_path: Path, data: bytes) -> None:
    (run_folder / "more").write_bytes(data)
    with pytest.raises(HullguardError, match="is compressed"):
        make(run_folder, tmp_path / "b.tar.gz")


@pytest.fixture(params=["evidence/web-1.json", "report.json", "trivy.out"])
def leaking(request: pytest.FixtureRequest, run_folder: Path) -> Path:
    path = run_folder / request.param
    path.write_text(path.read_text() + "\n" + SECRETS["a secret by its name"])
    return path


def test_a_secret_keeps_the_bundle_from_being_made(leaking: Path, run_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(HullguardError) as caught:
        make(run_folder, tmp_path / "b.tar.gz")
    assert caught.value.exit_code == 1
    assert f"{leaking}: line 2: a secret by its name" in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert not (tmp_path / "b.tar.gz").exists()
