"""Each control's own examples: laid over decent evidence, they get the verdict that they are listed under."""

from __future__ import annotations

from typing import Any

import pytest
from catalogue.baseline import evidence, laid_over

from hullguard.catalogue import DEFAULT_PARAMS, Control, load_controls
from hullguard.evaluate import judge, judge_all
from hullguard.evaluate.context import HostContext

CONTROLS = load_controls()
# What evidence can show of these is never enough for a pass.
NEVER_PASS = {"image_secrets", "verified_packages"}
EXAMPLES = [
    pytest.param(control, verdict, example, id=f"{slug}-{verdict}-{index}")
    for slug, control in CONTROLS.items()
    for verdict, listed in control.examples.items()
    for index, example in enumerate(listed)
]


@pytest.mark.parametrize(("control", "verdict", "example"), EXAMPLES)
def test_example_gets_its_verdict(control: Control, verdict: str, example: dict[str, Any]) -> None:
    found, params = laid_over(control, example)
    given = judge(control, HostContext(found, params))
    assert given.verdict == verdict, given.reason
    assert given.reason.endswith((".", "…"))


@pytest.mark.parametrize("control", CONTROLS.values(), ids=CONTROLS)
def test_every_control_shows_what_is_good_and_what_is_not(control: Control) -> None:
    if control.check["kind"] == "manual":
        assert control.examples["manual"]
        return
    assert control.examples["fail"]
    assert control.examples["manual"] if control.id in NEVER_PASS else control.examples["pass"]


def test_decent_evidence_fails_nothing_but_rootless() -> None:
    verdicts = judge_all(CONTROLS, evidence(), DEFAULT_PARAMS)
    assert [slug for slug, given in verdicts.items() if given.verdict in ("fail", "unknown")] == ["rootless"]


def test_a_fail_names_what_is_wrong() -> None:
    for slug, control in CONTROLS.items():
        for example in control.examples.get("fail", []):
            found, params = laid_over(control, example)
            given = judge(control, HostContext(found, params))
            assert given.objects or slug == "content_trust", slug
