"""Bundles of real runs: nothing secret of the live engine gets into one, and real signatures tell who packed it."""

from __future__ import annotations

import base64
import gzip
import json
import os
import shutil
import subprocess
import sys
import tarfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from scanners_support import image_tar

from hullguard.bundle import archive, signing
from hullguard.bundle.archive import Member
from hullguard.bundle.make import MANIFEST
from hullguard.errors import InputError
from lab import engine

Done = subprocess.CompletedProcess[str]
PLACES = (
    "environment",
    "image_environment",
    "label",
    "image_label",
    "file",
    "build_arg",
    "compose",
    "command",
    "url",
)


def hullguard(*arguments: object, **environment: str) -> Done:
    return subprocess.run(
        [sys.executable, "-m", "hullguard", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


def must(*arguments: object) -> Done:
    done = hullguard(*arguments)
    assert done.returncode == 0, done.stderr
    return done


# --- nothing secret inside


@pytest.fixture(scope="module")
def secrets() -> dict[str, str]:
    return {place: f"hunter2{uuid.uuid4().hex}" for place in PLACES}


@pytest.fixture(scope="module")
def planted(secrets: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A container with secrets in every place, created and not started; its name."""
    client = engine.ensure()
    name = f"hullguard-e2e-bundle-{uuid.uuid4().hex[:8]}"
    tar = image_tar.write(
        tmp_path_factory.mktemp("image") / "image.tar",
        [{"app/.env": f"DB_PASSWORD={secrets['file']}\n"}, {"app/run": "#!/bin/sh\n"}],
        tag=f"{name}:1",
        config={
            "Env": [f"IMAGE_TOKEN={secrets['image_environment']}", f"PLAIN={secrets['image_environment']}"],
            "Labels": {"registry-password": secrets["image_label"]},
            "Cmd": ["/app/run"],
        },
        history=[
            f"|1 NPM_TOKEN={secrets['build_arg']} /bin/sh -c npm ci",
            f"ENV IMAGE_TOKEN={secrets['image_environment']}",
        ],
    )
    with tar.open("rb") as stream:
        (image,) = client.images.load(stream)
    try:
        container = client.containers.create(
            f"{name}:1",
            ["/app/run", "--password", secrets["command"]],
            name=name,
            environment={
                "DB_PASSWORD": secrets["environment"],
                "HARMLESS": secrets["environment"],
                "DATABASE_URL": f"postgres://app:{secrets['url']}@db/app",
            },
            labels={"api-token": secrets["label"], "dsn": f"mysql://root:{secrets['url']}@db"},
        )
        try:
            yield name
        finally:
            container.remove(force=True)
    finally:
        client.images.remove(image.id, force=True)


@pytest.fixture(scope="module")
def run_folder(planted: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    (folder / "evidence").mkdir()
    must("collect", "-o", folder / "evidence" / "host.json", "--timeout", "60")
    must(
        "audit",
        "-e",
        folder / "evidence",
        "--format",
        "json",
        "-o",
        folder / "report.json",
        "--fail-on",
        "never",
    )
    must("report", folder / "report.json", "--format", "html", "-o", folder / "report.html")
    assert planted in (folder / "evidence" / "host.json").read_text()
    assert planted in (folder / "report.json").read_text()
    return folder


def holds(bundle: Path, secrets: dict[str, str]) -> list[str]:
    """Return where the bundle has a secret, in clear or as base64."""
    data = gzip.decompress(bundle.read_bytes())
    found = []
    for place, secret in secrets.items():
        forms = [secret.encode(), secret[7:].encode(), secret.encode().hex().encode()]
        forms += [base64.b64encode(b"x" * shift + secret.encode())[4:-4] for shift in range(3)]
        found += [place for form in forms if form in data]
    return found


def test_planted_secrets_are_not_in_the_bundle(
    run_folder: Path, planted: str, secrets: dict[str, str], tmp_path: Path
) -> None:
    must("bundle", run_folder, "-o", tmp_path / "b.tar.gz")
    assert holds(tmp_path / "b.tar.gz", secrets) == []
    data = gzip.decompress((tmp_path / "b.tar.gz").read_bytes())
    for there in (planted, "DB_PASSWORD", "api-token", "NPM_TOKEN", "IMAGE_TOKEN"):
        assert there.encode() in data or there == "NPM_TOKEN"
    assert "intact" in must("bundle", "verify", tmp_path / "b.tar.gz").stdout


def test_the_search_for_secrets_could_have_found_them(secrets: dict[str, str], tmp_path: Path) -> None:
    for secret in secrets.values():
        for text in (secret.encode(), base64.b64encode(b"ab" + secret.encode())):
            (tmp_path / "b").write_bytes(gzip.compress(text))
            assert holds(tmp_path / "b", secrets)


def test_a_compose_files_secret_in_raw_output_is_kept_out(
    run_folder: Path, secrets: dict[str, str], tmp_path: Path
) -> None:
    """Linters quote the lines that they complain of: their raw output is searched like everything else."""
    folder = tmp_path / "run"
    shutil.copytree(run_folder, folder)
    compose = tmp_path / "compose.yml"
    compose.write_text(
        "services:\n  web:\n    image: nginx:latest\n    privileged: true\n    environment:\n"
        f"      DB_PASSWORD: {secrets['compose']}\n    build:\n      context: .\n      args:\n"
        f"        NPM_TOKEN: {secrets['build_arg']}\n"
    )
    done = hullguard(
        "scan", "compose", compose, "--raw", folder / "raw", "--format", "json", "-o", folder / "scan.json"
    )
    assert done.returncode in (0, 10, 11, 12, 13), done.stderr
    made = hullguard("bundle", folder, "-o", tmp_path / "b.tar.gz")
    if made.returncode != 0:
        # Whatever quotes it is named, and nothing was packed.
        assert made.returncode == 1
        assert "a secret by its name" in made.stderr
        assert not (tmp_path / "b.tar.gz").exists()
        assert not any(secret in made.stderr for secret in secrets.values())
        must(
            "bundle", folder, "-o", tmp_path / "b.tar.gz", "--leave-out", "raw/*", "--leave-out", "scan.json"
        )
    assert holds(tmp_path / "b.tar.gz", secrets) == []


def test_a_token_under_a_harmless_name_keeps_the_bundle_from_being_made(
    run_folder: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(run_folder, folder)
    token = "ghp_" + uuid.uuid4().hex + "abcd"
    (folder / "trivy.out").write_text(json.dumps({"Results": [{"Match": f"color={token}"}]}))
    done = hullguard("bundle", folder, "-o", tmp_path / "b.tar.gz")
    assert done.returncode == 1
    assert "trivy.out: line 1: a GitHub token" in done.stderr
    assert token not in done.stderr
    assert not (tmp_path / "b.tar.gz").exists()


# --- who packed it


@pytest.fixture
def small(tmp_path: Path) -> Path:
    folder = tmp_path / "small"
    folder.mkdir()
    report = {
        "schema": "hullguard/report/1", "tool": {"name": "hullguard", "version": "0"}, "generated_at": "2026-11-24T12:00:00Z",
        "benchmark": {"name": "b", "title": "b"}, "profile": "p", "hosts": [], "findings": [],
    }  # fmt: skip
    (folder / "report.json").write_text(json.dumps(report))
    return folder


@pytest.fixture
def gpg(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """GPG with a home of its own (its socket's path has to be short)."""
    if shutil.which("gpg") is None:
        pytest.skip("gpg is not here: apt-get install gnupg")
    home = Path("/tmp") / f"hg{uuid.uuid4().hex[:8]}"
    home.mkdir(mode=0o700)

    def run(*arguments: str) -> str:
        done = subprocess.run(
            ["gpg", "--batch", "--yes", "--passphrase", "", "--pinentry-mode", "loopback", *arguments],
            env={**os.environ, "GNUPGHOME": str(home)}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    run.home = str(home)  # type: ignore[attr-defined]
    try:
        yield run
    finally:
        subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=False, capture_output=True)
        shutil.rmtree(home, ignore_errors=True)


def key(gpg: Callable[..., str], name: str, expires: str = "never") -> str:
    """Make a key and return its fingerprint."""
    gpg("--quick-generate-key", f"{name}@example.com", "ed25519", "sign", expires)
    listed = gpg("--with-colons", "--list-keys", f"{name}@example.com")
    return next(line.split(":")[9] for line in listed.splitlines() if line.startswith("fp"))


def test_signed_with_gpg(small: Path, gpg: Callable[..., str], tmp_path: Path) -> None:
    home = {"GNUPGHOME": gpg.home}  # type: ignore[attr-defined]
    mine, other = key(gpg, "mine"), key(gpg, "other")
    public, foreign, bundle = tmp_path / "mine.asc", tmp_path / "other.gpg", tmp_path / "b.tar.gz"
    public.write_text(gpg("--armor", "--export", mine))
    gpg("--output", str(foreign), "--export", other)
    done = hullguard("bundle", small, "-o", bundle, "--key", mine, **home)
    assert done.returncode == 0, done.stderr
    assert "signed with gpg" in done.stderr

    # Without this home's keys: the file is all that is known.
    done = hullguard("bundle", "verify", bundle, "--key", public)
    assert done.returncode == 0, done.stderr
    assert f"signed by the GPG key {mine}" in done.stdout
    for known in (mine, mine[-16:], "mine@example.com"):
        assert (
            f"signed by the GPG key {mine}"
            in hullguard("bundle", "verify", bundle, "--key", known, **home).stdout
        )
    assert "by whom was not checked" in hullguard("bundle", "verify", bundle).stdout

    for wrong in (foreign, other, "other@example.com"):
        done = hullguard("bundle", "verify", bundle, "--key", wrong, **home)
        assert done.returncode == 1
        assert "NOT intact: its signature is not one of" in done.stderr
    assert hullguard("bundle", "verify", bundle, "--key", "nobody@example.com", **home).returncode == 2
    assert hullguard("bundle", small, "-o", bundle, "--key", "nobody@example.com", **home).returncode == 1
    forge(bundle, public, gpg)


def forge(bundle: Path, public: Path, gpg: Callable[..., str]) -> None:
    """What somebody does who can pack bundles and does not have the key."""
    with tarfile.open(bundle) as tar:
        files = {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]
    assert list(files) == [MANIFEST, signing.FILES["gpg"], "report.json"]

    def verify(changes: dict[str, bytes | None]) -> str:
        new = {name: data for name, data in {**files, **changes}.items() if data is not None}
        path = bundle.with_name("forged.tar.gz")
        archive.pack(path, [Member(n, len(d), lambda d=d: [d]) for n, d in new.items()])  # type: ignore[misc]
        done = hullguard("bundle", "verify", path, "--key", public)
        assert done.returncode == 1
        return done.stderr

    manifest = json.loads(files[MANIFEST])
    unsigned = json.dumps({**manifest, "signed_with": None}).encode()
    assert "is missing" in verify({signing.FILES["gpg"]: None})
    assert "was added" in verify({MANIFEST: unsigned})
    assert "it is not signed" in verify({MANIFEST: unsigned, signing.FILES["gpg"]: None})
    assert "signature is not one of" in verify(
        {MANIFEST: json.dumps({**manifest, "profile": "easy"}).encode()}
    )
    assert "signature is not one of" in verify({signing.FILES["gpg"]: b""})
    assert "report.json was changed" in verify({"report.json": b"{}"})


def test_an_expired_gpg_key_vouches_for_nothing(small: Path, gpg: Callable[..., str], tmp_path: Path) -> None:
    home = {"GNUPGHOME": gpg.home}  # type: ignore[attr-defined]
    mine = key(gpg, "mine")
    assert hullguard("bundle", small, "-o", tmp_path / "b.tar.gz", "--key", mine, **home).returncode == 0
    gpg("--quick-set-expire", mine, "seconds=1")
    subprocess.run(["sleep", "2"], check=True)
    done = hullguard("bundle", "verify", tmp_path / "b.tar.gz", "--key", mine, **home)
    assert done.returncode == 1, done.stdout


def test_signed_with_cosign(small: Path, tmp_path: Path) -> None:
    try:
        cosign = signing.program("cosign")
    except InputError:
        pytest.skip("cosign is not here: ./nox -s tools")
    password = {"COSIGN_PASSWORD": "only for this test"}
    for name in ("mine", "other"):
        (tmp_path / name).mkdir()
        subprocess.run(
            [cosign, "generate-key-pair"],
            cwd=tmp_path / name,
            env={**os.environ, **password},
            check=True,
            capture_output=True,
        )
    bundle = tmp_path / "b.tar.gz"
    done = hullguard("bundle", small, "-o", bundle, "--key", tmp_path / "mine" / "cosign.key", **password)
    assert done.returncode == 0, done.stderr
    done = hullguard("bundle", "verify", bundle, "--key", tmp_path / "mine" / "cosign.pub")
    assert done.returncode == 0, done.stderr
    assert "signed by the cosign key" in done.stdout
    done = hullguard("bundle", "verify", bundle, "--key", tmp_path / "other" / "cosign.pub")
    assert done.returncode == 1
    assert "signature is not one of" in done.stderr
    # A bundle of cosign that brings its own key along, as newer versions write it.
    with tarfile.open(bundle) as tar:
        files = {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]
    public = (tmp_path / "mine" / "cosign.pub").read_bytes()
    for extra in (
        {"cert": base64.b64encode(public).decode()},
        {"cert": public.decode()},
        {"rekorBundle": {}},
    ):
        signature = {**json.loads(files[signing.FILES["cosign"]]), **extra}
        forged = {**files, signing.FILES["cosign"]: json.dumps(signature).encode()}
        archive.pack(tmp_path / "f.tar.gz", [Member(n, len(d), lambda d=d: [d]) for n, d in forged.items()])  # type: ignore[misc]
        assert (
            hullguard(
                "bundle", "verify", tmp_path / "f.tar.gz", "--key", tmp_path / "other" / "cosign.pub"
            ).returncode
            == 1
        )
    wrong = hullguard(
        "bundle", small, "-o", bundle, "--key", tmp_path / "mine" / "cosign.key", COSIGN_PASSWORD="x"
    )
    assert wrong.returncode == 1
    assert "cosign could not sign" in wrong.stderr
    assert hullguard("bundle", "verify", bundle, "--key", tmp_path / "mine" / "cosign.pub").returncode == 0
    assert hullguard("bundle", small, "-o", bundle, "--key", tmp_path / "mine" / "cosign.pub").returncode == 2
