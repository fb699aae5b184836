"""examples/images: what its README says, and what each image is held to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from examples_support import images
from examples_support.host import ROOT, ExampleHost

FAULTS = yaml.safe_load((ROOT / "examples/images/careless/faults.yml").read_text(encoding="utf-8"))
GOOD = {
    "hardened": "images-test:hardened",
    "rootless": "images-test:rootless",
    "builder": "images-test:builder",
}
CARELESS = {
    "Dockerfile.hardened": "images-test:careless-hardened",
    "Dockerfile.rootless": "images-test:careless-rootless",
}
WORK = "/var/lib/images-test"
# Not of the image but of who pulls it.
OF_THE_HOST = "content_trust"
DECIDED = {"image_user", "image_healthcheck", "lone_package_update", "copy_not_add"}
PROBE = """
import os
status = dict(line.split(":", 1) for line in open("/proc/1/status"))
print(*(status[key].strip() for key in ("CapEff", "CapBnd", "NoNewPrivs", "Seccomp")), os.getuid())
for path in ("/srv/app/web.py", "/new", "/tmp/new"):
    try:
        open(path, "a").close()
    except OSError as error:
        print(path, error.errno)
"""
# Half of a body is sent, the container told to stop, then the other half: prints what comes back.
IN_FLIGHT = """
import http.client, subprocess, sys
connection = http.client.HTTPConnection("127.0.0.1", 8000, timeout=20)
connection.putrequest("POST", "/digest")
connection.putheader("Content-Length", "2")
connection.endheaders(b"a")
stop = subprocess.Popen(["docker", "stop", "--time", "20", sys.argv[1]], stdout=subprocess.DEVNULL)
log = subprocess.Popen(["docker", "logs", "--follow", sys.argv[1]], stderr=subprocess.PIPE, text=True)
assert any("Shutting down" in line for line in log.stderr)
connection.send(b"b")
print(connection.getresponse().read().decode().strip(), stop.wait(30))
log.wait(30)
"""


@pytest.fixture(scope="module")
def readme(host: ExampleHost, bases: None, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    images.prepare(host, tmp_path_factory.mktemp("trivy"))
    return host.readme("images")


@pytest.fixture(scope="module")
def good(host: ExampleHost, readme: list[str]) -> Iterator[ExampleHost]:
    for kind, image in GOOD.items():
        images.build(host, kind, image)
    yield host
    host.output(f"docker image rm {' '.join(GOOD.values())}; rm -rf {WORK}")


@pytest.fixture(scope="module")
def careless(host: ExampleHost, readme: list[str]) -> Iterator[ExampleHost]:
    """The careless images, from the base under the tags that they name, what they fetch served on loopback."""
    host.output(
        f"""{images.BASES}
        mkdir -p /srv/downloads
        cd /srv/downloads
        printf '#!/bin/sh\\nprintf "#!/bin/sh\\\\n" > /opt/register.sh\\nchmod +x /opt/register.sh\\n' > install.sh
        tar -czf tools.tar.gz install.sh
        docker tag "$BUILD_BASE" debian:latest
        docker tag "$BUILD_BASE" debian:trixie
        systemd-run --quiet --collect --unit=downloads --working-directory=/srv/downloads \\
          python3 -m http.server --bind 127.0.0.1 8099
        """
    )
    try:
        for name, image in CARELESS.items():
            host.output(
                f"cd {images.FOLDER}/careless\n"
                "curl --silent --retry 20 --retry-delay 1 --retry-all-errors -o /dev/null http://127.0.0.1:8099/\n"
                "docker build -q --network host --build-arg DOWNLOADS=http://127.0.0.1:8099"
                f" --file {name} --tag {image} ."
            )
        yield host
    finally:
        host.run("systemctl stop downloads; rm -rf /srv/downloads")
        host.run(f"docker image rm --force debian:latest debian:trixie {' '.join(CARELESS.values())}")


def start(host: ExampleHost, image: str, *options: str) -> str:
    """Start an image as the README does; return what GET / answers."""
    return host.output(
        f"docker run --detach --name images-test --publish 127.0.0.1:8000:8000 {images.CLOSED}"
        f" {' '.join(options)} {image} > /dev/null\n"
        "curl --fail --silent --retry 20 --retry-delay 1 --retry-all-errors http://127.0.0.1:8000/"
    )


@pytest.fixture
def container(good: ExampleHost) -> Iterator[ExampleHost]:
    yield good
    good.run("docker rm --force --volumes images-test; docker volume rm images-test")


def test_the_readmes_audit_finds_nothing_against_the_image(readme: list[str]) -> None:
    [audit] = [output for output in readme if "manual trusted_base_images" in output]
    assert {line.split()[0] for line in audit.splitlines() if " " in line} == {"pass", "manual"}


def test_nothing_is_left_of_the_readme(host: ExampleHost, readme: list[str]) -> None:
    assert host.output("docker ps --all --quiet --filter name=app --filter name=builder") == ""
    assert host.output("docker volume ls --quiet --filter name=builder") == ""


def test_sources_are_clean(host: ExampleHost, readme: list[str]) -> None:
    for kind in GOOD:
        document = images.scanned(host, f"dockerfile Dockerfile.{kind}")
        assert document["findings"] == []
        ran = {scan["tool"] for scan in document["scans"] if scan["status"] == "ran"}
        assert ran == {"hullguard", "hadolint", "trivy"}


def test_the_hardened_container_can_do_nothing_else(container: ExampleHost) -> None:
    host = container
    start(host, GOOD["hardened"], "--health-interval", "1s")
    host.write(PROBE, f"{WORK}/probe.py")
    lines = host.output(
        f"docker exec --interactive images-test /usr/bin/python3 - < {WORK}/probe.py"
    ).splitlines()
    assert lines[0] == "0000000000000000 0000000000000000 1 2 65532"
    # EACCES: the file is root's. EROFS: no new one anywhere, /tmp included.
    assert lines[1:] == ["/srv/app/web.py 13", "/new 30", "/tmp/new 30"]
    health = "docker inspect -f '{{.State.Health.Status}}' images-test"
    host.output(f"for _ in $(seq 100); do [ $({health}) != healthy ] || exit 0; sleep 0.2; done; exit 1")


def test_the_health_check_tells_when_nobody_answers(good: ExampleHost) -> None:
    code, _ = good.run(
        f"docker run --rm --network none --entrypoint /usr/bin/python3 {GOOD['hardened']} -m app.health"
    )
    assert code == 1


@pytest.mark.parametrize("kind", ["hardened", "rootless"])
def test_there_is_no_shell_and_no_package_manager(good: ExampleHost, kind: str) -> None:
    names = good.output(
        f"id=$(docker create {GOOD[kind]})\ntrap 'docker rm $id > /dev/null' EXIT\ndocker export $id | tar -t"
    ).splitlines()
    programs = {Path(name).name for name in names if "bin/" in name and not name.endswith("/")}
    assert {name for name in programs if not name.startswith("python3")} == set()
    assert "srv/app/web.py" in names
    assert not [name for name in names if "/pip/" in name or "run/secrets/" in name]


def test_scanners_see_the_packages_of_an_image_without_a_package_manager(good: ExampleHost) -> None:
    """An image whose packages nobody sees has no vulnerability either."""
    command = f"trivy image -q --offline-scan --skip-version-check --format cyclonedx {GOOD['hardened']}"
    report = json.loads(good.output(command))
    names = {component["name"] for component in report["components"]}
    assert {"libc6", "libssl3t64", "python3.13-minimal"} <= names


def test_what_is_asked_before_sigterm_is_answered(container: ExampleHost) -> None:
    host = container
    start(host, GOOD["hardened"])
    host.write(IN_FLIGHT, f"{WORK}/in_flight.py")
    # The SHA-256 of "ab".
    expected = "fb8e20fc2e4c3f248c60c39bd652f3c1347298bb977b8b4d5903b85055620603 0"
    assert host.output(f"python3 {WORK}/in_flight.py images-test").strip() == expected
    assert host.output("docker inspect -f '{{.State.ExitCode}}' images-test").strip() == "0"


def test_one_user_after_the_other_writes_a_volume_of_the_rootless_image(container: ExampleHost) -> None:
    host = container
    for visits, user in enumerate((12345, 65000, 1000), 1):
        answer = json.loads(start(host, GOOD["rootless"], f"--user {user}:0 --volume images-test:/data"))
        assert answer == {"user": user, "group": 0, "visits": visits}
        host.output("docker rm --force images-test")


def test_without_group_0_it_may_not_write(container: ExampleHost) -> None:
    code, text = container.run(
        f"docker run --rm {images.CLOSED} --user 12345:12345 --volume images-test:/data"
        f' --entrypoint /usr/bin/python3 {GOOD["rootless"]} -c \'open("/data/visits", "w")\''
    )
    assert code == 1
    assert "Permission denied" in text


@pytest.mark.parametrize("kind", GOOD)
def test_no_image_control_fails(good: ExampleHost, kind: str) -> None:
    verdicts = images.controls(good, GOOD[kind])
    verdicts.pop(OF_THE_HOST)
    assert {slug for slug, verdict in verdicts.items() if verdict == "pass"} == DECIDED
    # What evidence can't decide, a person has to: never a fail, never unseen.
    assert {verdict for slug, verdict in verdicts.items() if slug not in DECIDED} == {"manual"}


def test_image_controls_fail_for_the_careless_one(careless: ExampleHost) -> None:
    verdicts = images.controls(careless, CARELESS["Dockerfile.hardened"])
    assert {slug for slug, verdict in verdicts.items() if verdict == "fail"} == {
        *DECIDED,
        "image_secrets",
        "verified_packages",
        OF_THE_HOST,
    }


@pytest.mark.parametrize("kind", GOOD)
def test_no_file_has_a_mode_that_helps_an_intruder(good: ExampleHost, kind: str) -> None:
    assert good.output(f"sh {images.FOLDER}/modes.sh {GOOD[kind]}") == ""


def test_modes_of_an_image_that_is_not_there_are_no_good_modes(good: ExampleHost) -> None:
    code, text = good.run(f"sh {images.FOLDER}/modes.sh 127.0.0.1:5000/nothing:1")
    assert code != 0
    assert "nothing" in text


def test_the_script_of_the_pipeline(good: ExampleHost, careless: ExampleHost) -> None:
    script = f"mkdir -p {WORK}\ncd {WORK}\nsh {images.HOME}/scripts/scan_image.sh"
    databases = f"--databases {images.DATABASE}"
    bad = CARELESS["Dockerfile.hardened"]
    assert good.run(f"{script} {GOOD['rootless']} {databases}")[0] == 0
    assert careless.run(f"{script} -o bad.sarif {bad} {databases}")[0] == 13
    assert careless.run(f"{script} -s never {bad} {databases}")[0] == 0
    found = json.loads(careless.output(f"cat {WORK}/bad.sarif"))
    rules = {result["ruleId"].split("/")[-1] for run in found["runs"] for result in run.get("results", [])}
    assert {"private-key", images.HOLE} <= rules
    # Nobody could look: there is no database.
    assert good.run(f"mkdir -p {WORK}/none\n{script} {GOOD['rootless']} --databases {WORK}/none")[0] == 1
    code, text = good.run(script)
    assert code == 2
    assert "scan_image.sh [-s SEVERITY]" in text
    good.output(f"docker save -o {WORK}/app.tar {GOOD['rootless']}")
    assert good.run(f"{script} -o app.xml app.tar --format junit {databases}")[0] == 0
    assert "<testsuites" in good.output(f"cat {WORK}/app.xml")


@pytest.mark.parametrize("name", FAULTS)
def test_each_planted_fault_is_named(careless: ExampleHost, name: str) -> None:
    lines = (ROOT / "examples/images/careless" / name).read_text(encoding="utf-8").splitlines()
    sources = images.scanned(careless, f"dockerfile careless/{name}")["findings"]
    image = images.scanned(careless, f"image {CARELESS[name]} --databases {images.DATABASE}")["findings"]
    code, modes = careless.run(f"sh {images.FOLDER}/modes.sh {CARELESS[name]}")
    assert code == 1
    missing = []
    for fault in FAULTS[name]:
        where = fault.get("in", "sources")
        if where == "modes":
            missing += [fault] if fault["detail"] not in modes.split() else []
            continue
        for tool, rule in fault["by"].items():
            if not any(
                names(one, tool, rule, fault, lines) for one in (sources if where == "sources" else image)
            ):
                missing.append({**fault, "by": {tool: rule}})
    assert missing == []


def names(finding: dict[str, Any], tool: str, rule: str, fault: dict[str, Any], lines: list[str]) -> bool:
    """Whether a finding is what names a fault."""
    if (finding["tool"], finding["id"]) != (tool, rule):
        return False
    line = (finding["location"] or {}).get("line") or 0
    if "at" in fault:
        return line > 0 and lines[line - 1].startswith(fault["at"])
    return fault.get("detail", "") in json.dumps(finding)
