"""Attacks in a report: contradictions before everything else, and no text of a host's that does harm."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from unit.prove.support import report, run_on
from unit.reports.conftest import HOSTILE

from hullguard.prove import join
from hullguard.reports import Options, attacks, write_report
from hullguard.reports.table_attacks import write

FORMATS = ("table", "markdown", "html")
# What would do harm to who reads it: a terminal, a forge's comment, a browser.
NEVER = {
    "table": ("\x1b", "\u202e", "\r"),
    "markdown": ("<script>", "<img", "\x1b", "\u202e", "\r"),
    "html": ("<script>alert", '"onload=alert', "<img src=http", "\x1b", "\u202e"),
}


def written(format_: str, document: dict[str, Any], **options: Any) -> str:
    stream = StringIO()
    write_report(format_, document, stream, Options(width=100, **options))
    return stream.getvalue()


def joined(*names: str, unknown: str = "", **verdicts: str) -> dict[str, Any]:
    def choose(name: str) -> str:
        return "succeeded" if name in names else "unknown" if name == unknown else "blocked"

    return join.joined(report(**verdicts), [run_on(choose=choose)])


@pytest.mark.parametrize("format_", FORMATS)
def test_a_contradiction_comes_before_the_verdicts(format_: str) -> None:
    text = written(format_, joined("keyrings", "trace", unknown="metadata", image_user="fail"))
    first = text.index("Contradicted by an attack")
    assert first < text.index("metadata")
    assert first < text.index("Build images that run as a non-root user")
    assert "keyrings" in text[first : text.index("metadata")]
    for name in ("trace", "metadata"):
        assert name in text
    assert "old_personality" not in text or format_ == "table", "what is blocked is for the json form"


@pytest.mark.parametrize("format_", FORMATS)
def test_without_a_contradiction_nobody_speaks_of_one(format_: str) -> None:
    assert "Contradicted" not in written(format_, joined("trace"))


@pytest.mark.parametrize("format_", FORMATS)
def test_a_report_without_attacks_has_no_part_about_them(format_: str) -> None:
    text = written(format_, report())
    assert "Attacks" not in text
    assert "ontradicted" not in text.replace(".contradicted", "")


def test_only_failing_leaves_out_what_was_blocked() -> None:
    text = written("table", joined("trace"), only_failing=True)
    assert "trace" in text
    assert "old_personality" not in text


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("name", ["script", "terminal", "quote", "markup", "bidi", "newline", "attribute"])
def test_hostile_details_stay_text(format_: str, name: str) -> None:
    document = joined("keyrings")
    for probe in document["hosts"][0]["attack"]["probes"]:
        probe["detail"] = probe["tries"] = HOSTILE[name]
    for result in document["hosts"][0]["results"]:
        for probe in result.get("attack", {}).get("probes", ()):
            probe["detail"] = HOSTILE[name]
    text = written(format_, document)
    assert not [wrong for wrong in NEVER[format_] if wrong in text]


def test_a_run_alone_has_its_success_first_and_its_counts_last() -> None:
    stream = StringIO()
    write(run_on(choose=lambda name: "succeeded" if name == "metadata" else "blocked"), stream, width=100)
    lines = stream.getvalue().splitlines()
    assert next(line for line in lines if "succeeded" in line).split()[:3] == [
        "succeeded",
        "high",
        "metadata",
    ]
    assert lines[-1].split()[1] == "blocked"
    assert "stopped by: docker_network" in stream.getvalue()


def test_an_outcome_that_is_none_counts_as_unknown() -> None:
    assert attacks.outcome_of({"outcome": "perhaps"}) == "unknown"
    assert attacks.counts_of([{"outcome": None}, {"outcome": "blocked"}]) == "1 unknown · 1 blocked"
