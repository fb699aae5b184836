"""lynis: what could be better on this machine, beyond the engine."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from hullguard.scanners.base import HOST, Job, Ran, Rubbish, Scanner, Settings, Target, Tool
from hullguard.scanners.finding import MISCONFIGURATION, Finding, severity
from hullguard.verdict import Object

# Its own words for them, and what they weigh.
KINDS = {"warning[]": ("warning", severity("warning")), "suggestion[]": ("suggestion", "low")}


class Lynis(Scanner):
    """Takes a minute or more, and root. It ends with 0 whatever it found: only a report with an end counts.

    A profile in /etc/lynis may skip tests; that is the administrator's say.
    """

    name = program = "lynis"
    handles = frozenset({HOST})
    get = "./nox -s tools, or Debian's package lynis"
    optional = True

    def version(self, said: str) -> str:
        """Return its one word."""
        return said if re.fullmatch(r"\d+\.\d[\w.]*", said) else ""

    def job(self, tool: Tool, target: Target, folder: Path, settings: Settings) -> Job:
        """Return the call. Raises Rubbish without root, when it would leave tests out."""
        if os.geteuid() != 0:
            raise Rubbish("needs root: without, it leaves tests out")
        report = folder / "lynis.dat"
        files = ["--report-file", str(report), "--log-file", str(folder / "lynis.log")]
        return Job([str(tool.path), "audit", "system", "--quick", "--no-colors", "--quiet", *files], report)

    def translate(self, ran: Ran, target: Target, tool: Tool) -> Iterable[Finding]:
        """Return one finding per warning and suggestion."""
        rows = list(_rows(ran.answer.decode("utf-8", "replace")))
        keys = {key for key, _value in rows}
        if not any(key == "lynis_version" for key in keys):
            raise Rubbish("its report is none of lynis")
        if "report_datetime_end" not in keys or ("finish", "true") not in rows:
            raise Rubbish("its report has no end: it was stopped on the way")
        return [_finding(key, value, tool) for key, value in rows if key in KINDS]


def _rows(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        key, equals, value = line.partition("=")
        if equals:
            yield key.strip(), value.strip()


def _finding(key: str, value: str, tool: Tool) -> Finding:
    # TEST|what is wrong|what it is about|what to do|
    test, text, about, solution = [*(part.strip() for part in value.split("|")), "", "", ""][:4]
    if not test or not text:
        raise Rubbish(f"a {key} of another form: {value[:80]!r}")
    word, weight = KINDS[key]
    known = re.fullmatch(r"[A-Z]+-\d{4}", test)
    return Finding(
        id=test,
        title=text if about in ("", "-") else f"{text} ({about})",
        severity=weight,
        kind=MISCONFIGURATION,
        object=Object("host", ""),
        tool=tool.name,
        tool_version=tool.version,
        tool_severity=word,
        fix="" if solution == "-" else solution.removeprefix("text:"),
        references=(f"https://cisofy.com/lynis/controls/{test}/",) if known else (),
    )


SCANNER = Lynis()
