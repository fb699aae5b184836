"""From evidence to verdicts: pure functions of evidence, controls and parameters; no disk, network or clock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hullguard.catalogue import Control
from hullguard.effective import Unseen
from hullguard.evaluate.context import HostContext
from hullguard.evaluate.kinds import KINDS
from hullguard.predicates import Unjudgeable
from hullguard.verdict import Verdict, unknown

__all__ = ["HostContext", "judge"]


def judge(control: Control, host: HostContext) -> Verdict:
    """Return the verdict of one control on one host.

    Evidence may be damaged or hostile: whatever can't be read as expected gives `unknown`, never an exception and
    never a `pass`.
    """
    try:
        return KINDS[control.check["kind"]](control, host)
    except Unseen as unseen:
        return unknown(_sentence(str(unseen)))
    except Unjudgeable as strange:
        return unknown(_sentence(f"the evidence has an unexpected value: {strange}"))
    except (AttributeError, KeyError, TypeError, ValueError, IndexError, OverflowError) as error:
        return unknown(_sentence(f"the evidence has an unexpected form: {type(error).__name__}: {error}"))


def _sentence(text: str) -> str:
    text = text if len(text) <= 300 else text[:300] + " …"
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "…")) else ".")


def judge_all(controls: Mapping[str, Control], evidence: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Verdict]:
    """Return {slug: verdict} of every control on one host's evidence."""
    host = HostContext(evidence, params)
    return {slug: judge(control, host) for slug, control in controls.items()}
