"""The real lynis on this machine: about a minute, as root."""

from __future__ import annotations

import os

import pytest

from hullguard.scanners import load, tools
from hullguard.scanners.base import Settings
from hullguard.scanners.scan import RAN, one
from hullguard.scanners.targets import host
from hullguard.verdict import Object

SCANNER = load("lynis")


def test_it_audits_this_machine_to_the_end() -> None:
    tool = tools.find(SCANNER)
    if tool is None:
        pytest.skip("lynis is not here: ./nox -s tools")
    if os.geteuid() != 0:
        pytest.skip("lynis needs root")
    done = one(SCANNER, tool, host(), Settings(timeout=600), cached=False)
    assert (done.status, done.reason) == (RAN, "")
    assert done.findings
    assert {finding.object for finding in done.findings} == {Object("host", "")}
    assert {finding.tool_severity for finding in done.findings} <= {"warning", "suggestion"}
