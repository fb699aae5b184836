"""Docker Scout: vulnerabilities of images, by Docker's own service.

It tells that service what packages an image has and needs a login to it, so it runs only when it is asked for
by name (`--tool docker-scout`), and never offline.

Nothing of this was ever run against Docker Scout itself: it is in no package registry that the project builds
from. The translation is tested on small answers in the form of `docker scout cves --format sarif`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from hullguard.scanners.base import IMAGE, TAR, Job, Ran, Rubbish, Scanner, Settings, Target, Tool
from hullguard.scanners.finding import VULNERABILITY, Finding, Package, severity
from hullguard.scanners.image_parts import docker_config, mapping, rows, subject, text, urls

# Where the docker command looks for its plugins, besides ~/.docker.
PLUGINS = (
    "/usr/local/lib/docker/cli-plugins",
    "/usr/local/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
    "/usr/libexec/docker/cli-plugins",
)
_PURL = re.compile(r"pkg:[^/?#]+/(?:[^@?#]*/)?([^/@?#]+)(?:@([^?#]+))?")


class DockerScout(Scanner):
    """Written for the SARIF of 1.x."""

    name = program = "docker-scout"
    handles = frozenset({IMAGE, TAR})
    get = "https://docs.docker.com/scout/install/"
    optional = True

    def locate(self) -> Path | None:
        """Return the plugin from the docker command's own folders."""
        folders = [Path.home() / ".docker" / "cli-plugins", *map(Path, PLUGINS)]
        return next((f / self.program for f in folders if (f / self.program).is_file()), None)

    def version_command(self) -> list[str]:
        """Return its subcommand."""
        return ["version"]

    def version(self, said: str) -> str:
        """Return what stands in `version: v1.15.0 (go1.22.5 - linux/amd64)`."""
        found = re.search(r"version:?\s+v?(\d+\.\d+\S*)", said)
        if not found:
            raise Rubbish(f"told no version: {said[:100]!r}")
        return found[1]

    def database(self, tool: Tool, settings: Settings) -> str:
        """Return what is never the same: the service knows more every day, and does not say what it knew."""
        return f"asked at {time.time_ns()}"

    def job(self, tool: Tool, target: Target, folder: Path, settings: Settings) -> Job:
        """Return the call. Raises Rubbish offline."""
        if settings.offline:
            raise Rubbish("it asks Docker's service about an image's packages, and the scan is to be offline")
        what = f"local://{target.name}" if target.path is None else f"archive://{target.path}"
        # To a file: on standard output it mixes messages into the report.
        answer = folder / "scout.json"
        argv = [str(tool.path), "cves", "--format", "sarif", "--output", str(answer), what]
        return Job(argv, answer, environment=docker_config())

    def translate(self, ran: Ran, target: Target, tool: Tool) -> Iterable[Finding]:
        """Return one finding per rule and package. A rule stands there only if something has that hole."""
        (run,) = mapping(ran.answer)["runs"]
        driver = run["tool"]["driver"]
        if str(driver["name"]).lower() != "docker scout":
            raise Rubbish("its answer is no report of Docker Scout")
        rules = rows(driver, "rules")
        known = {text(rule, "id") for rule in rules}
        if lost := [row["ruleId"] for row in rows(run, "results") if row["ruleId"] not in known]:
            raise Rubbish(f"its report tells {lost[0]!r} and does not say what that is")
        return [finding for rule in rules for finding in _findings(rule, target, tool)]


def _findings(rule: Mapping[str, Any], target: Target, tool: Tool) -> Iterable[Finding]:
    name, more = text(rule, "id"), rule["properties"]
    word = text(more, "cvssV3_severity")
    fixed = str(more.get("fixed_version") or "")
    fixed = "" if fixed == "not fixed" else fixed
    purls = rows(more, "purls") or [text(more, "purl")]
    title = str((rule.get("shortDescription") or {}).get("text") or name)
    for purl in purls:
        part = _PURL.match(purl)
        if part is None:
            raise ValueError(f"a package of another form: {purl[:60]!r}")
        package = Package(unquote(part[1]), unquote(part[2] or ""), fixed)
        yield Finding(
            name, title.removeprefix(f"{name}: "), severity(word), VULNERABILITY,
            subject(target, purl.partition("?")[0]), tool.name, tool.version, word, package=package,
            fix=f"Update {package.name} to {fixed}." if fixed else "",
            references=urls([rule.get("helpUri")]), digest=target.digest,
        )  # fmt: skip


SCANNER = DockerScout()
