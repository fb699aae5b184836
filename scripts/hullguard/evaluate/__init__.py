"""From evidence to verdicts: pure functions of evidence, controls and parameters; no disk, network, clock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hullguard.catalogue import Control
from hullguard.evaluate.context import HostContext
from hullguard.evaluate.functions.registry import safely
from hullguard.evaluate.kinds import KINDS
from hullguard.verdict import Verdict

__all__ = ["HostContext", "judge"]


def judge(control: Control, host: HostContext) -> Verdict:
    """Return the verdict of one control on one host.

    Evidence may be damaged or hostile: whatever can't be read as expected gives `unknown`, never an exception
    and never a `pass`.
    """
    return safely(lambda: KINDS[control.check["kind"]](control, host))


def judge_all(
    controls: Mapping[str, Control], evidence: Mapping[str, Any], params: Mapping[str, Any]
) -> dict[str, Verdict]:
    """Return {slug: verdict} of every control on one host's evidence."""
    host = HostContext(evidence, params)
    return {slug: judge(control, host) for slug, control in controls.items()}
