"""Which calls are made, and that none of them can do harm."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from hullguard.paths import compliance_dir
from hullguard.syscalls.rows import BAD, GUARDED, I386, NATIVE, X32, X32_BIT, Row, rows
from hullguard.syscalls.table import NUMBERS, UNNAMED

HEADER = Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")
# They name no other architecture's calls, nor those of the 32-bit table.
POLICY = compliance_dir() / "policies/seccomp/default.yml"


def by_id() -> dict[str, Row]:
    return {row.id: row for row in rows()}


def test_every_number_is_asked_once() -> None:
    found = rows()
    assert len({row.id for row in found}) == len(found)
    assert {row.number for row in found if row.abi == NATIVE} == {*NUMBERS.values(), UNNAMED}
    assert len(set(NUMBERS.values())) == len(NUMBERS)


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("read", 0),
        ("clone", 56),
        ("seccomp", 317),
        ("rseq", 334),
        ("uretprobe", 335),
        ("pidfd_send_signal", 424),
        ("mseal", 462),
    ],
)
def test_numbers_that_are_well_known(name: str, number: int) -> None:
    assert NUMBERS[name] == number


@pytest.mark.skipif(not HEADER.exists(), reason="the kernel's headers are not installed here")
def test_the_table_is_the_headers() -> None:
    defined = dict(re.findall(r"#define __NR_(\w+) (\d+)", HEADER.read_text(encoding="ascii")))
    assert {name: int(number) for name, number in defined.items()}.items() <= NUMBERS.items()


def test_what_a_policy_looks_at_has_rows_of_its_own() -> None:
    policies = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in POLICY.parent.glob("*.yml")]
    rules = [
        rule
        for policy in policies
        for rule in [
            *policy.get("rules", ()),
            *(one for entry in policy.get("takes_away", ()) for one in entry.get("leaves", ())),
        ]
    ]
    argued = {call for rule in rules if rule.get("args") for call in rule["calls"].split()}
    assert argued == {"clone", "mknod", "mknodat", "personality", "socket"}
    for name in argued:
        assert name not in by_id()
        assert sum(row.call == name and row.abi == NATIVE for row in rows()) > 4


def test_what_acts_without_looking_is_guarded() -> None:
    assert {row.id for row in rows() if row.guarded} == GUARDED
    assert {"exit_group", "vfork", "sync", "pause"} <= GUARDED


@pytest.mark.parametrize(
    "name", ["reboot", "umount2", "swapoff", "init_module", "kexec_load", "setns", "mount", "ptrace"]
)
def test_arguments_are_out_of_reach(name: str) -> None:
    assert set(by_id()[name].arguments) == {BAD}


def test_nobody_is_signalled() -> None:
    pid, signal = by_id()["kill"].arguments
    assert pid > 1 << 22
    assert signal == 0


def test_no_family_is_loaded_into_the_kernel() -> None:
    # Types up to 10 are known; without one, the kernel refuses before it looks for the family's module.
    for row in rows():
        if row.call == "socket" and row.abi == NATIVE and row.arguments[0] not in (1, 2, 10, 16):
            assert row.arguments[1] == 15, row.id


def test_other_entries() -> None:
    assert all(row.number & X32_BIT for row in rows() if row.abi == X32)
    assert by_id()["i386 socketcall"].abi == I386
