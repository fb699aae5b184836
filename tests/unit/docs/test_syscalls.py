"""The tables of system calls say what was measured, and refuse what was measured of other profiles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import docs
from docs import seccomp, syscalls, workloads
from docs.syscall_names import joined
from docs.syscall_results import Host
from hullguard.errors import InputError
from hullguard.syscalls.rows import NATIVE, rows

FOLDER = docs.ROOT / "compliance/docs"
FILE, SERVICES = FOLDER / "seccomp-syscalls.json", FOLDER / "seccomp-workloads.json"
BY_ID = {row.id: row for row in rows()}


def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def changed(folder: Path, **values: list[str]) -> Host:
    """The main host, with other verdicts (default, baseline, strict) for some calls."""
    found = document()["hosts"][syscalls.MAIN]
    for name, (default, baseline, strict) in values.items():
        row = found["rows"][name]
        row[1], row[3], row[5] = default, baseline, strict
    return Host(found)


def test_results_of_another_profile_are_refused(tmp_path: Path) -> None:
    found = document()
    found["hosts"]["debian-12"]["profiles"]["strict"] = "0" * 64
    file = tmp_path / "results.json"
    file.write_text(json.dumps(found), encoding="utf-8")
    with pytest.raises(
        InputError, match=r"profile strict has changed since: measure anew: ./nox -s syscalls"
    ):
        syscalls.load(file, docs.ROOT)
    file.write_text(json.dumps({"profiles": {}, "workloads": {}}), encoding="utf-8")
    with pytest.raises(InputError, match="profile baseline has changed"):
        workloads.lists(file, docs.ROOT)


def test_a_changed_policy_is_another_profile() -> None:
    assert seccomp.digest(docs.ROOT, "baseline") != seccomp.digest(docs.ROOT, "strict")
    allowed = seccomp.profile(docs.ROOT, "strict", ["chroot"])
    assert allowed != seccomp.profile(docs.ROOT, "strict")
    assert any("chroot" in rule["names"] for rule in allowed["syscalls"])


def test_results_of_other_calls_are_refused(tmp_path: Path) -> None:
    found = document()
    del found["hosts"]["debian-12"]["rows"]["read"]
    file = tmp_path / "results.json"
    file.write_text(json.dumps(found), encoding="utf-8")
    with pytest.raises(InputError, match=r"debian-12 was asked for other calls \(read\): measure anew"):
        syscalls.load(file, docs.ROOT)


def test_every_call_has_its_place_once() -> None:
    host = Host(document()["hosts"][syscalls.MAIN])
    policies = seccomp.policies(docs.ROOT)
    text = "\n".join((syscalls.differing(host, policies), syscalls.only_ours(host), syscalls.same(host)))
    for row in rows():
        name = row.id.partition("(")[0]
        if row.abi == NATIVE:
            assert f"`{name}`" in text, row.id
    assert text.count("`read`") == text.count("`ptrace`") == text.count("`mseal`") == 1


def test_what_differs_names_who_needs_it(tmp_path: Path) -> None:
    table = syscalls.differing(changed(tmp_path), seccomp.policies(docs.ROOT))
    [line] = [line for line in table.splitlines() if "`ptrace`" in line]
    assert "| reached | allowed | EPERM | EPERM | gdb" in line
    [line] = [line for line in table.splitlines() if "`chroot`" in line]
    assert "| allowed | allowed | EPERM | sshd" in line


def test_what_is_unknown_is_listed_as_such(tmp_path: Path) -> None:
    host = changed(tmp_path, read=["unknown", "allowed", "allowed"])
    assert "**Unknown** (1): `read`." in syscalls.same(host)


def test_another_engine_is_told_by_what_differs(tmp_path: Path) -> None:
    main = Host(document()["hosts"][syscalls.MAIN])
    text = syscalls.engines(main, [changed(tmp_path, read=["EPERM", "allowed", "allowed"])])
    assert text.splitlines()[-1] == "| `read` | EPERM (not allowed) | allowed | allowed |"


def test_calls_are_counted_per_column() -> None:
    host = Host(document()["hosts"][syscalls.MAIN])
    total = sum(row.abi == NATIVE for row in rows())
    for line in syscalls.counts(host).splitlines()[2:]:
        assert sum(int(cell) for cell in line.strip("| ").split(" | ")[1:]) == total


def test_names_with_arguments_stand_once() -> None:
    found = [
        BY_ID[name]
        for name in ("read", "socket(AF_INET, SOCK_RAW)", "socket(AF_INET, SOCK_DGRAM)", "socket(AF_CAN)")
    ]
    assert joined(found) == "`read`, `socket` (AF_INET with SOCK_RAW and SOCK_DGRAM, AF_CAN)"


def test_services_that_do_not_run_stand_out() -> None:
    found = json.loads(SERVICES.read_text(encoding="utf-8"))
    assert {row["baseline"] for row in found["workloads"].values()} == {True}
    for row in found["workloads"].values():
        assert row["strict"] == (not row["misses"])
    assert "| runs | **does not run** | `chroot` |" in workloads.services(found)
