"""Falco has our rules and configuration; that the rules fire is for a host with Falco's own engine to show."""

from __future__ import annotations

import json

import pytest
from testinfra.host import Host

RULES = "/etc/falco/rules.d/hullguard_rules.yaml"
CONFIG = "/etc/falco/config.d/hullguard.yaml"


@pytest.fixture
def unit(host: Host) -> str:
    """The unit that runs Falco; skips where there is none."""
    found = host.run("ls /etc/systemd/system | grep '^falco.*[.]service[.]d$'").stdout.split()
    if not found or not host.exists("falco"):
        pytest.skip("Falco is not installed here: the role said NOT RUNNING")
    return str(found[0].removesuffix(".d"))


@pytest.fixture
def real(host: Host, unit: str) -> str:
    """The unit of a real Falco."""
    if host.file(host.find_command("falco")).size < 100000:
        pytest.skip("a stand-in for Falco: it proves nothing about rules")
    return unit


def test_nobody_but_root_changes_what_falco_looks_for(host: Host) -> None:
    folders = "/etc/falco /etc/falco/rules.d /etc/falco/config.d"
    assert host.check_output(f"stat -c '%U:%G %a' {RULES} {CONFIG}").splitlines() == ["root:root 644"] * 2
    assert host.check_output(f"find {folders} -maxdepth 0 -not -user root -o -maxdepth 0 -perm /022") == ""


def test_the_lists_are_filled(host: Host) -> None:
    content = host.file(RULES).content_string
    if "registry.example.net/build/runner" not in content:
        pytest.skip("not a host of the scenario docker_falco")
    assert '- list: hullguard_allowed_drift\n  items: ["registry.example.net/build/runner"]\n' in content
    assert "- list: hullguard_allowed_shell\n  items: []\n" in content
    assert "- list: hullguard_allowed_networks\n  items: ['\"10.0.0.0/8\"', '\"fd00::/8\"']\n" in content


def test_falco_runs(host: Host, unit: str) -> None:
    shown = host.check_output("systemctl show --property ActiveState,UnitFileState %s", unit)
    assert set(shown.split()) == {"ActiveState=active", "UnitFileState=enabled"}


def test_what_it_prints_is_in_the_journal_as_json(host: Host, unit: str) -> None:
    assert host.check_output("systemctl show --property StandardOutput --value %s", unit) == "journal"
    lines = host.check_output("journalctl --unit %s --output cat --no-pager", unit).splitlines()
    written = [json.loads(line) for line in lines if line.startswith("{")]
    if not written:
        pytest.skip("nothing has happened on this host yet")
    assert "output" in written[-1]


def test_it_listens_nowhere(host: Host, unit: str) -> None:
    assert not host.socket("tcp://8765").is_listening


def test_falco_accepts_the_rules(host: Host, real: str) -> None:
    assert host.run("falco --validate %s", RULES).rc == 0


def test_the_administrators_rules_are_untouched(host: Host) -> None:
    file = host.file("/etc/falco/rules.d/site_rules.yaml")
    if not file.exists:
        pytest.skip("not a host of the scenario docker_falco")
    assert file.content_string.rstrip("\n") == "- list: site_list"
