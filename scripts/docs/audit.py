"""The tables of the security audit: what people attest, how many hosts they look at, the sign-off sheet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from math import comb

from docs.benchmarks import manuals
from docs.markdown import table
from hullguard import explain
from hullguard.catalogue import Control, Entry, load_benchmark
from hullguard.reports.vocabulary import VERDICTS

FLEETS = (10, 25, 50, 100, 250, 500, 1000)
SHARES = (20, 10, 5)
MISSED_PERCENT = 5

Row = tuple[Entry, Control]


def lists(controls: Mapping[str, Control]) -> dict[str, Callable[[], str]]:
    """Return what makes each of the lists, by its marker's name."""
    rows = [(entry, controls[entry.slug]) for entry in load_benchmark("cis_docker_1_8_0").entries]
    always = [row for row in rows if explain.decided_by(row[1]) == explain.PERSON]
    at_times = [row for row in rows if explain.decided_by(row[1]) == explain.EITHER]
    return {
        "verdicts": lambda: table(("verdict", "means"), ((f"`{v}`", means) for v, means in VERDICTS.items())),
        "attach": lambda: table(("number", "control", "severity", "attach"), attachments(always)),
        "at_times": lambda: table(("number", "control", "when a person decides"), manuals(at_times)),
        "samples": samples,
        "sheet": lambda: sheet(always, at_times),
    }


def attachments(rows: list[Row]) -> Iterator[tuple[str, ...]]:
    """What has to be attached to each control that only a person can attest, a line per piece."""
    for entry, control in rows:
        first = (entry.number, f"{control.title} (`{control.id}`)", control.severity)
        for index, piece in enumerate(control.check["attach"]):
            yield *(first if index == 0 else ("",) * 3), " ".join(piece.split())


def samples() -> str:
    """How many hosts to draw from a fleet, by the share of hosts that deviate."""
    header = ("hosts", *(f"{share} in 100 deviate" for share in SHARES))
    return table(header, ((str(fleet), *(str(sample(fleet, share)) for share in SHARES)) for fleet in FLEETS))


def sample(fleet: int, percent: int) -> int:
    """Return the least number of hosts, drawn without replacement, that shows one of the deviating ones
    with a probability of 95 in 100 at least, when `percent` of the fleet deviate (at least one host).
    """
    deviating = max(1, fleet * percent // 100)
    return next(
        drawn
        for drawn in range(1, fleet + 1)
        if comb(fleet - deviating, drawn) * 100 <= comb(fleet, drawn) * MISSED_PERCENT
    )


def sheet(always: list[Row], at_times: list[Row]) -> str:
    """The sign-off sheet: a line per control that a person may have to decide."""
    header = ("number", "control", "verdict", "attachment", "attested by", "on")
    return table(
        header, ((entry.number, f"`{entry.slug}`", "", "", "", "") for entry, _ in [*always, *at_times])
    )
