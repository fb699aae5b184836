"""compose-lint: how the services of a compose file weaken their isolation."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hullguard.scanners.base import COMPOSE, Job, Ran, Rubbish, Scanner, Settings, Target, Tool
from hullguard.scanners.finding import ASSUMED, MISCONFIGURATION, SECRET, Finding, Location, severity
from hullguard.scanners.places import place
from hullguard.verdict import Object

CONTROLS = {
    "CL-0001": "engine_socket_mounted",
    "CL-0002": "privileged",
    "CL-0003": "no_new_privileges",
    "CL-0005": "wildcard_bind",
    "CL-0007": "read_only_root",
    "CL-0008": "host_network",
    "CL-0011": "capabilities",
    "CL-0016": "host_devices",
    "CL-0017": "shared_propagation",
    "CL-0024": "capabilities",
    "CL-0027": "capabilities",
    "CL-0028": "capabilities",
    "CL-0029": "capabilities",
    "CL-0030": "capabilities",
}
CREDENTIALS = ("CL-0020", "CL-0021")


class ComposeLint(Scanner):
    """What a `.compose-lint.yml` suppresses counts all the same. The file stands for itself, as with
    `docker compose -f`: no override beside it is merged. What it could not follow (`include`, `extends`) is a
    finding of its own, or no answer when nothing else was found.
    """

    name = program = "compose-lint"
    handles = frozenset({COMPOSE})
    get = "./nox -s tools, or: pip install compose-lint"

    def version(self, said: str) -> str:
        """Return what stands in `compose-lint 0.36.2`."""
        found = re.search(r"compose-lint v?(\d[\w.+-]*)", said)
        return found[1] if found else ""

    def job(self, tool: Tool, target: Target, folder: Path, settings: Settings) -> Job:
        """Return the call. It ends with 1 when it found something, 2 when it could not see all."""
        config = folder / "compose-lint.yml"
        config.write_text("{}\n", encoding="ascii")
        options = ["check", "--format", "json", "--no-merge-overrides", "--config", str(config)]
        return Job([str(tool.path), *options, str(target.path)], good=frozenset({0, 1, 2}))

    def translate(self, ran: Ran, target: Target, tool: Tool) -> Iterable[Finding]:
        """Return one finding per row, and one per gap."""
        answer = json.loads(ran.answer)
        found = [_finding(row, target, tool) for row in answer["findings"]]
        gaps = [str(row["message"]) for row in answer["errors"]]
        if (ran.code == 2) != bool(gaps):
            raise Rubbish(f"ended with code {ran.code} and tells {len(gaps)} errors")
        if gaps and not found:
            raise Rubbish(gaps[0][:300])
        return [*found, *(_gap(message, target, tool) for message in gaps)]


def _finding(row: dict[str, Any], target: Target, tool: Tool) -> Finding:
    rule, path = str(row["rule_id"]), place(str(row["file"]), target)
    return Finding(
        id=rule,
        title=str(row["message"]),
        severity=severity(row["severity"]),
        kind=SECRET if rule in CREDENTIALS else MISCONFIGURATION,
        object=Object("container", str(row["service"])) if row.get("service") else Object("file", path),
        tool=tool.name,
        tool_version=tool.version,
        tool_severity=str(row["severity"]),
        location=Location(path, max(int(row["line"] or 0), 0)),
        fix=str(row.get("fix") or ""),
        references=tuple(text for text in row.get("references") or [] if text.startswith("https://")),
        control=CONTROLS.get(rule),
    )


def _gap(message: str, target: Target, tool: Tool) -> Finding:
    return Finding(
        id="coverage-gap",
        title=f"A part was not judged: {message}",
        severity=ASSUMED,
        kind=MISCONFIGURATION,
        object=Object("file", target.name),
        tool=tool.name,
        tool_version=tool.version,
        location=Location(target.name),
        fix="Make the missing file readable from here, or scan what `docker compose config` prints.",
    )


SCANNER = ComposeLint()
