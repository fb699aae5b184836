from __future__ import annotations

from pathlib import Path

import pytest
from unit.support.fake_engine import FakeEngine

from hullguard.scanners import handling, load
from hullguard.scanners.base import Ran, Rubbish, Settings, Target, Tool
from hullguard.scanners.cosign import SCANNER
from hullguard.verdict import Object

TOOL = Tool("cosign", Path("/usr/bin/cosign"), "2.5.0")
DIGEST = f"sha256:{'1' * 64}"
IMAGE = Target("image", f"registry.example.net/app@{DIGEST}", digest="sha256:2")
WARNING = "WARNING: Skipping tlog verification is an insecure practice that lacks transparency.\n"
SIGNED = (
    b'[{"critical":{"identity":{"docker-reference":"registry.example.net/app"},"image":{"docker-manifest-digest":"'
    + DIGEST.encode()
    + b'"},"type":"cosign container image signature"},"optional":null}]\n'
)


def errors(*words: str) -> str:
    return WARNING + "".join(f"Error: {word}\nerror during command execution: {word}\n" for word in words)


UNSIGNED = "no signatures found"
WRONG = "no matching signatures: invalid signature when validating ASN.1 encoded signature"
WRONG_3 = (
    "no matching attestations: failed to verify signature: could not verify envelope: "
    "accepted signatures do not match threshold, Found: 0, Expected 1"
)
NETWORK = "parsing reference: could not parse reference: 127.0.0.1:1/app"
UNFETCHED = (
    "no matching signatures: GET http://127.0.0.1:5000/v2/app/blobs/sha256:1: unexpected status code 500"
)


def test_it_is_registered_and_only_run_when_asked_for() -> None:
    assert load("cosign") is SCANNER
    assert SCANNER not in handling("image")
    assert SCANNER in handling("image", ("cosign",))


def test_its_version() -> None:
    assert SCANNER.version("GitVersion:    v3.1.1\nGoVersion:     go1.27.3") == "3.1.1"
    assert SCANNER.version("GitVersion:    devel\nGoVersion:     go1.24.4") == "devel (go1.24.4)"
    with pytest.raises(Rubbish):
        SCANNER.version("cosign")


def test_signed() -> None:
    assert list(SCANNER.translate(Ran(SIGNED, 0, WARNING), IMAGE, TOOL)) == []
    # The first key did not fit, the second did.
    assert list(SCANNER.translate(Ran(SIGNED, 0, errors(WRONG)), IMAGE, TOOL)) == []


@pytest.mark.parametrize(
    ("code", "said", "rule"),
    [
        (10, errors(UNSIGNED), "unsigned"),
        (12, errors(WRONG), "wrong-key"),
        (1, errors(WRONG_3), "wrong-key"),
        (12, errors(WRONG, WRONG), "wrong-key"),
    ],
)
def test_a_signature_that_is_missing_or_wrong(code: int, said: str, rule: str) -> None:
    (found,) = SCANNER.translate(Ran(b"", code, said), IMAGE, TOOL)
    assert (found.id, found.kind, found.severity, found.tool_severity) == (rule, "signature", "high", "")
    assert (found.object, found.digest) == (Object("image", IMAGE.name), "sha256:2")
    assert found.control == "signed_artifacts"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (1, errors(NETWORK)),
        (12, errors(UNFETCHED)),
        (10, ""),
        (1, ""),
        # Nobody knows whether the first key would have fitted.
        (12, errors(NETWORK, WRONG)),
        (12, errors(WRONG, UNFETCHED)),
    ],
)
def test_what_it_could_not_tell(code: int, said: str) -> None:
    with pytest.raises(Rubbish, match=f"ended with code {code}"):
        list(SCANNER.translate(Ran(b"", code, said), IMAGE, TOOL))


@pytest.mark.parametrize(
    "answer", [b"", b"[]", b"{}", b"[{}]", b'[{"critical":{"image":{"docker-manifest-digest":""}}}]']
)
def test_success_without_proof(answer: bytes) -> None:
    with pytest.raises((Rubbish, ValueError, KeyError)):
        list(SCANNER.translate(Ran(answer, 0, ""), IMAGE, TOOL))


def test_keys(tmp_path: Path) -> None:
    with pytest.raises(Rubbish, match="no key was given"):
        SCANNER.job(TOOL, IMAGE, tmp_path, Settings())
    with pytest.raises(Rubbish, match=r"there is no key .*/cosign\.pub"):
        SCANNER.job(TOOL, IMAGE, tmp_path, Settings(keys=(tmp_path / "cosign.pub",)))
    (tmp_path / "cosign.pub").write_text("x")
    job = SCANNER.job(TOOL, IMAGE, tmp_path, Settings(keys=(tmp_path / "cosign.pub",)))
    assert job.argv[4:] == ["/usr/bin/cosign", IMAGE.name, str(tmp_path / "cosign.pub")]
    assert 11 not in job.good


def test_nothing_is_remembered() -> None:
    assert SCANNER.database(TOOL, Settings()) != SCANNER.database(TOOL, Settings())


@pytest.mark.parametrize(
    ("name", "digests", "verified"),
    [
        ("app:1", [f"other@{DIGEST}", f"app@{DIGEST}"], f"app@{DIGEST}"),
        ("docker.io/library/app:1", [f"app@{DIGEST}"], f"app@{DIGEST}"),
        (
            "localhost:5000/app",
            [f"x@{DIGEST}", f"localhost:5000/app@{DIGEST}"],
            f"localhost:5000/app@{DIGEST}",
        ),
        ("renamed:1", [f"app@{DIGEST}"], f"app@{DIGEST}"),
    ],
)
def test_the_digest_that_the_engine_has(
    name: str, digests: list[str], verified: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cosign.pub").write_text("x")
    with FakeEngine({f"/images/{name}/json": {"Id": "sha256:2", "RepoDigests": digests}}) as engine:
        monkeypatch.setenv("DOCKER_HOST", engine.endpoint)
        job = SCANNER.job(TOOL, Target("image", name), tmp_path, Settings(keys=(tmp_path / "cosign.pub",)))
    assert job.argv[5] == verified


def test_an_image_that_no_registry_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cosign.pub").write_text("x")
    settings = Settings(keys=(tmp_path / "cosign.pub",))
    with FakeEngine({"/images/app:1/json": {"Id": "sha256:2", "RepoDigests": []}}) as engine:
        monkeypatch.setenv("DOCKER_HOST", engine.endpoint)
        with pytest.raises(Rubbish, match="no registry has it"):
            SCANNER.job(TOOL, Target("image", "app:1"), tmp_path, settings)
        with pytest.raises(Rubbish, match="does not tell its digest"):
            SCANNER.job(TOOL, Target("image", "gone:1"), tmp_path, settings)
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    with pytest.raises(Rubbish, match="unix socket"):
        SCANNER.job(TOOL, Target("image", "app:1"), tmp_path, settings)
