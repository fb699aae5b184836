"""The audit's comparison with the last good run, by the playbook, on a real host."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from preview_support.machine import Machine, machine

from lab import engine


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A host as its packages left it, with one container."""
    with machine(engine.ensure(), tmp_path_factory.mktemp("drift")) as found:
        found.docker("run", "-d", "--name", "web", "IMAGE", "sleep", "86400")
        yield found


def audit(host: Machine, run: str, **variables: Any) -> tuple[int, str, Path]:
    folder = host.folder / "reports" / run
    done = host.play("audit", hullguard_report_dir=str(folder), **variables)
    return done.returncode, done.stdout + done.stderr, folder


def changes(folder: Path) -> Any:
    return json.loads((folder / "changes.json").read_text(encoding="utf-8"))["hosts"][0]


def test_a_host_that_drifts_is_told_with_the_control_that_breaks(host: Machine) -> None:
    asked = {"hullguard_compare": "last", "hullguard_fail_on_drift": True}
    code, text, first = audit(host, "1", **asked)
    assert code == 0, text
    assert "no earlier run" in " ".join(text.split())

    code, text, second = audit(host, "2", **asked)
    assert code == 0, text
    assert changes(second)["drift"] == []

    host.output("chmod", "0666", "/usr/lib/systemd/system/docker.service")
    host.output("usermod", "-aG", "docker", "nobody")
    host.docker("rm", "-f", "web")
    host.docker("run", "-d", "--name", "web", "--network", "host", "IMAGE", "sleep", "86400")
    code, text, third = audit(host, "3", **asked)
    assert code != 0
    said = " ".join(text.split())
    assert "has drifted" in said
    assert "service_unit_mode" in said
    found = changes(third)
    drift = {(row["subject"]["kind"], row["subject"]["name"], row["fact"]): row for row in found["drift"]}
    mode = drift["file", "/usr/lib/systemd/system/docker.service", "mode"]
    assert (mode["before"], mode["after"], mode["since"]) == ("0644", "0666", None)
    assert {"id": "service_unit_mode", "kind": "broken"} in mode["controls"]
    member = drift["group", "docker", "member nobody"]
    assert {"id": "docker_group_members", "kind": "broken"} in member["controls"]
    made = drift["container", "web", "identity"]
    collected = json.loads((third / "report.json").read_text(encoding="utf-8"))["hosts"][0]["collected_at"]
    earlier = json.loads((second / "report.json").read_text(encoding="utf-8"))["hosts"][0]["collected_at"]
    assert earlier <= made["since"] <= collected
    assert {"id": "host_network", "kind": "broken"} in made["controls"]

    # Against a named run; without the gate the play goes on.
    code, text, fourth = audit(host, "4", hullguard_compare=str(first))
    assert code == 0, text
    assert "broken" in {change["kind"] for change in changes(fourth)["changes"]}
    assert (fourth / "changes.md").stat().st_mode & 0o077 == 0
