from __future__ import annotations

import csv
import io
import json
from datetime import date
from pathlib import Path

import pytest
from unit.cli.conftest import Run
from unit.trust.conftest import DIGEST, Script, signature

from hullguard.cli import run_verified
from hullguard.reports import FORMATS
from hullguard.trust.decide import ACCEPTED, MISSING, NOT_REQUIRED, REFUSED, UNKNOWN, Decision
from hullguard.trust.policy import DEFAULT
from hullguard.trust.reference import parse
from hullguard.trust.report import FIXES, exit_code, make
from hullguard.yamlfile import check

REGISTRY = "registry.example.net"
# Signed is what is called signed.
COSIGN = f"""
if [ "$1" = triangulate ]; then echo "{REGISTRY}/app@{DIGEST}"; exit; fi
case "$*" in
  */signed*) echo '{signature()}';;
  */unseen*) echo "Error: dial tcp: connection refused" >&2; exit 1;;
  *) echo "Error: no signatures found" >&2; exit 10;;
esac
"""


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    (tmp_path / "team.pub").write_text("key")
    path = tmp_path / "trust.yml"
    rule = {"pattern": f"{REGISTRY}/*", "keys": [str(tmp_path / "team.pub")]}
    path.write_text(json.dumps({"schema": "hullguard/trust/1", "registries": [], "rules": [rule]}))
    return path


@pytest.mark.parametrize(
    ("images", "options", "code"),
    [
        (["signed"], [], 0),
        (["signed", "signed:2"], ["--strict"], 0),
        (["signed", "unsigned"], [], 12),
        (["unseen"], [], 1),
        (["signed", "unseen"], [], 1),
        # What is refused is told, whatever else could not be seen.
        (["unsigned", "unseen"], [], 12),
    ],
)
def test_exit_codes(
    run: Run, script: Script, policy: Path, images: list[str], options: list[str], code: int
) -> None:
    script("cosign", COSIGN)
    names = [f"{REGISTRY}/{name}" for name in images]
    assert run("trust", "verify", *names, "--policy", policy, *options).code == code


def test_images_that_nobody_asked_a_signature_of(run: Run, script: Script, policy: Path) -> None:
    script("cosign", COSIGN)
    done = run("trust", "verify", "nginx:1", "--policy", policy, "--format", "csv")
    assert done.code == 0
    assert any("needs no signature" in cell for row in csv.reader(io.StringIO(done.out)) for cell in row)
    assert run("trust", "verify", "nginx:1", "--policy", policy, "--strict").code == 12


def test_the_report(run: Run, script: Script, policy: Path, tmp_path: Path) -> None:
    script("cosign", COSIGN)
    names = [f"{REGISTRY}/{name}:1" for name in ("unsigned", "unseen", "signed")]
    done = run(
        "trust", "verify", *names, names[0], "--policy", policy, "--format", "json", "-o", tmp_path / "r.json"
    )
    assert (done.code, done.out) == (12, "")
    document = json.loads((tmp_path / "r.json").read_text())
    check(document, "report", "the report")
    (finding,) = document["findings"]
    assert (finding["id"], finding["severity"], finding["kind"], finding["digest"]) == (
        "unsigned",
        "high",
        "signature",
        DIGEST,
    )
    assert (finding["object"]["name"], finding["control"]) == (names[0], "signed_artifacts")
    assert [(row["target"]["name"], row["status"], row["target"]["digest"]) for row in document["scans"]] == [
        (names[2], "ran", DIGEST),
        (names[1], "unknown", DIGEST),
        (names[0], "ran", DIGEST),
    ]
    assert f"is signed by {tmp_path / 'team.pub'}" in document["scans"][0]["reason"]


@pytest.mark.parametrize("format_", FORMATS)
def test_every_format(run: Run, script: Script, policy: Path, format_: str) -> None:
    script("cosign", COSIGN)
    done = run("trust", "verify", f"{REGISTRY}/unsigned", "--policy", policy, "--format", format_)
    assert (done.code, "unsigned" in done.out) == (12, True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["verify"], "Missing argument"),
        (["verify", "App"], "'App' is no image's name"),
        (["verify", "app", "--timeout", "0"], "0"),
        (["check", "app"], "No such command"),
    ],
)
def test_wrong_usage(run: Run, policy: Path, arguments: list[str], words: str) -> None:
    done = run("trust", *arguments, *(["--policy", policy] if arguments[0] == "verify" else []))
    assert (done.code, done.out) == (2, "")
    assert words in done.err


def test_without_a_policy(run: Run, tmp_path: Path) -> None:
    done = run("trust", "verify", "app", "--policy", tmp_path / "none.yml")
    assert (done.code, "no such file" in done.err) == (2, True)
    assert str(DEFAULT) in run("trust", "verify", "--help").out


def test_every_refusal_says_what_to_do() -> None:
    image = parse("registry.example.net/app:1")
    for id_ in FIXES:
        decision = Decision(image, REFUSED, "a reason", DIGEST, id_)
        document = make([decision], "2026-11-25T12:00:00Z", date(2026, 11, 25))
        check(document, "report", "the report")
        assert document["findings"][0]["fix"] == FIXES[id_]
    for status, code in ((ACCEPTED, 0), (NOT_REQUIRED, 0), (REFUSED, 12), (UNKNOWN, 1), (MISSING, 1)):
        assert exit_code([Decision(image, ACCEPTED, ""), Decision(image, status, "")]) == code


@pytest.mark.parametrize(
    ("arguments", "options", "command", "detach"),
    [
        ([], [], [], False),
        (["--rm", "-p", "80:80"], ["--rm", "-p", "80:80"], [], False),
        (["--rm", "--", "sh", "-c", "a -- b", "--", "-d"], ["--rm"], ["sh", "-c", "a -- b", "--", "-d"], False),
        (["--", "-d"], [], ["-d"], False),
        (["--"], [], [], False),
        (["-d"], [], [], True),
        (["--detach", "--rm"], ["--rm"], [], True),
        (["-dit", "--rm"], ["-it", "--rm"], [], True),
        (["-itd"], ["-it"], [], True),
        (["-it", "--label", ""], ["-it", "--label", ""], [], False),
        (["--dns", "1.1.1.1", "--device"], ["--dns", "1.1.1.1", "--device"], [], False),
    ],
)  # fmt: skip
def test_how_arguments_are_split(
    arguments: list[str], options: list[str], command: list[str], detach: bool
) -> None:
    assert run_verified.split(tuple(arguments)) == (options, command, detach)


# Docker's command line, and an engine that has the image and one of another name.
DOCKER = """
case "$1 $2" in
  "pull "*) exit {pulled};;
  "image inspect") echo '[{{"Id": "sha256:right"}}]';;
  "create "*) echo c0ffee;;
  "container inspect")
    echo '[{{"Id": "c0ffee", "Image": "sha256:{image}", "Config": {{"Image": "evil:1"}}}}]';;
esac
"""


@pytest.fixture
def docker(script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Script:
    script("cosign", COSIGN)
    monkeypatch.setenv("PATH", f"{tmp_path / 'tools'}:/usr/bin:/bin")

    def write(name: str, body: str) -> Path:
        path = script(name, body)
        path.write_text(path.read_text().replace(str(tmp_path / "log"), str(tmp_path / "docker.log")))
        return path

    return write


def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Return what takes note of the programs that this process becomes."""
    found: list[list[str]] = []
    monkeypatch.setattr("hullguard.trust.container.os.execv", lambda _path, argv: found.append(argv[1:]))
    return found


def told(tmp_path: Path) -> list[str]:
    log = tmp_path / "docker.log"
    return log.read_text().splitlines() if log.exists() else []


NAME = f"{REGISTRY}/signed@{DIGEST}"


@pytest.mark.parametrize(
    ("before", "after", "options", "detach"),
    [
        ([], ["--rm", "--", "sh"], "--rm", []),
        ([], ["-it", "--", "sh"], "-it", []),
        (["-d"], ["--rm", "--", "sh"], "--rm", ["--detach"]),
        ([], ["-dit", "--", "sh"], "-it", ["--detach"]),
    ],
)
def test_what_verifies_is_pulled_and_started_by_its_digest(
    run: Run, docker: Script, policy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    before: list[str], after: list[str], options: str, detach: list[str],
) -> None:  # fmt: skip
    docker("docker", DOCKER.format(pulled=0, image="right"))
    begun = started(monkeypatch)
    done = run("run-verified", "--policy", policy, *before, f"{REGISTRY}/signed:1", *after)
    assert done.code == 0, done.err
    assert f"{REGISTRY}/signed:1: {DIGEST} is signed by {tmp_path / 'team.pub'}" in done.err
    assert told(tmp_path) == [
        f"pull --quiet {NAME}",
        f"image inspect {NAME}",
        f"create --pull=never {options} --pull=never {NAME} sh",
        "container inspect c0ffee",
        "rm --force --volumes c0ffee",
    ]
    assert begun == [["run", *detach, "--pull=never", options, "--pull=never", NAME, "sh"]]


def test_a_container_of_another_image_is_taken_away(
    run: Run, docker: Script, policy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker("docker", DOCKER.format(pulled=0, image="evil"))
    begun = started(monkeypatch)
    done = run("run-verified", "--policy", policy, f"{REGISTRY}/signed:1", "evil:1")
    assert (done.code, begun) == (2, [])
    assert "docker would start evil:1, which was not verified" in done.err
    assert told(tmp_path)[-1] == "rm --force --volumes c0ffee"


@pytest.mark.parametrize(
    ("image", "code", "words"),
    [
        ("unsigned:1", 12, "refused: its registry holds no signature of it"),
        ("unseen:1", 1, "could not be verified"),
    ],
)
def test_what_does_not_verify_is_not_pulled(
    run: Run, docker: Script, policy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    image: str, code: int, words: str,
) -> None:  # fmt: skip
    docker("docker", DOCKER.format(pulled=0, image="right"))
    begun = started(monkeypatch)
    done = run("run-verified", "--policy", policy, f"{REGISTRY}/{image}")
    assert (done.code, words in done.err, begun, told(tmp_path)) == (code, True, [], [])


def test_docker_that_fails_or_is_not_here(
    run: Run, docker: Script, policy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = started(monkeypatch)
    help_ = '[ "$1" = create ] && { echo "Usage: docker create"; exit; }\n'
    for body, words in (
        (help_ + DOCKER.format(pulled=0, image="right"), "could not create"),
        (DOCKER.format(pulled=1, image="right"), "could not be pulled"),
        (
            '[ "$1" = create ] && exit 125\n' + DOCKER.format(pulled=0, image="right"),
            "could not create",
        ),
        (
            '[ "$1" = image ] && exit 1\n' + DOCKER.format(pulled=0, image="right"),
            "does not tell",
        ),
        (
            '[ "$1" = container ] && { echo "[]"; exit; }\n' + DOCKER.format(pulled=0, image="right"),
            "does not tell",
        ),
    ):
        docker("docker", body)
        done = run("run-verified", "--policy", policy, f"{REGISTRY}/signed:1")
        assert (done.code, words in done.err, begun) == (1, True, []), done.err
    # What was created and could not be looked at does not stay.
    assert told(tmp_path)[-1] == "rm --force --volumes c0ffee"
    done = run("run-verified", "--policy", policy, f"{REGISTRY}/signed:1", "--cidfile=x")
    assert (done.code, "--cidfile can't be given" in done.err) == (2, True)
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    done = run("run-verified", "--policy", policy, f"{REGISTRY}/signed:1")
    assert done.code == 1
