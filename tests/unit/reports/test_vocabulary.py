"""reports/vocabulary.py"""

from __future__ import annotations

from typing import Any

import pytest

from hullguard.reports.vocabulary import (
    by_family,
    family_title,
    is_audited,
    moment,
    number_key,
    ordered,
    tally,
    verdict_of,
)


def test_numbers_sort_as_a_reader_counts() -> None:
    numbers = ["", "10.1", "2.10", "2.9", "1.1.18", "1.1.2", "A.1", "2.9.1", "9" * 5000]
    assert sorted(numbers, key=number_key)[:6] == ["1.1.2", "1.1.18", "2.9", "2.9.1", "2.10", "10.1"]
    assert sorted(numbers, key=number_key)[-1] == ""


@pytest.mark.parametrize("verdict", ["PASS", "ok", None, 1, [], "constructor"])
def test_what_is_no_verdict_is_unknown(verdict: object) -> None:
    assert verdict_of({"verdict": verdict}) == "unknown"
    assert tally([{"verdict": verdict}])["pass"] == 0


def test_families_come_in_the_house_order_and_strangers_last() -> None:
    groups = by_family([{"family": f} for f in ("zebra", "swarm", "host", "daemon")])
    assert list(groups) == ["host", "daemon", "swarm", "zebra"]
    assert family_title("runtime") == "Operations"
    assert family_title("\x1b") == r"\x1b"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("2026-10-02T11:14:07+02:00", "2026-10-02 09:14 UTC"),
        ("2026-10-02T09:14:07Z", "2026-10-02 09:14 UTC"),
        ("2026-10-02T09:14:07", "2026-10-02 09:14 UTC"),
        ("0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00+14:00"),
        ("soon\x1b", r"soon\x1b"),
        ("", "unknown time"),
    ],
)
def test_moment(value: str, shown: str) -> None:
    assert moment(value) == shown


def test_ordered_sorts_hosts_results_and_objects(fleet: dict[str, Any]) -> None:
    mixed = {**fleet, "hosts": [{**h, "results": h["results"][::-1]} for h in fleet["hosts"][::-1]]}
    assert ordered(mixed) == ordered(fleet)
    assert [host["name"] for host in ordered(mixed)["hosts"]] == sorted(
        host["name"] for host in fleet["hosts"]
    )


def test_a_host_without_evidence_is_not_audited(
    unreachable: dict[str, Any], careless: dict[str, Any]
) -> None:
    assert not is_audited(unreachable)
    assert is_audited(careless["hosts"][0])
