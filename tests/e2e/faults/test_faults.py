"""Each fault of the matrix, on a throwaway host of its own: what it leaves behind, and that the next run mends it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from faults_support import check
from faults_support.case import Case
from faults_support.cases import CASES
from faults_support.target import Target, target

from lab import engine

MARKED = [pytest.param(case, id=case.name, marks=[pytest.mark.long] if case.long else []) for case in CASES]
ENDS = {"killed": -9, "failed": 2, "passed": 0}
# What the second administrator has written.
WRITTEN = {"edited": "edited=by-hand", "wrong": "no-such-option"}


@pytest.mark.parametrize("case", MARKED)
def test_the_host_survives(case: Case, tmp_path: Path) -> None:
    with target(engine.ensure(), tmp_path, case) as host:
        if case.prior is not None:
            done = host.play("harden", {"hullguard_roles": list(case.roles), **case.prior})
            assert done.returncode == 0, done.stdout + done.stderr
        before = check.look(host)
        said = strike(host, case)
        check.settle(host)
        after = check.look(host)
        check.administered(after)
        check.kept(before, after, live_restore=case.live_restore, down=case.down)
        if case.then:
            host.output(case.then)
        mended = mend(host, case)
        check.administered(mended)
        check.kept(before, mended, live_restore=case.live_restore)
        check.whole(before, after, mended)
        assert after.config == {"old": before, "new": mended}.get(case.config, after).config, said
        assert WRITTEN.get(case.config, "") in after.config, said
        if case.config == "edited":
            assert WRITTEN["edited"] in mended.config


def strike(host: Target, case: Case) -> str:
    """Run the playbook with the fault, and return what it said."""
    struck = host.folder / "struck.json"
    fault = {
        "host": host.name, "task": case.at, "moment": case.moment, "until": case.until, "do": case.do,
        "beside": host.command(case.beside_playbook, variables(case)) if case.beside else [],
        "kill": case.ends == "killed", "struck": str(struck),
    }  # fmt: skip
    done = host.play(case.playbook, variables(case, **case.variables), fault)
    said = done.stdout + done.stderr
    assert struck.is_file(), f"the fault did not happen\n{said}"
    happened = json.loads(struck.read_text(encoding="utf-8"))
    assert happened["code"] == (ENDS["failed"] if case.beside else 0), happened
    says(happened["text"], case.beside)
    assert done.returncode == ENDS[case.ends], said
    says(said, case.says)
    return said


def mend(host: Target, case: Case) -> check.Seen:
    """Take the fault away, run the playbook again and look."""
    host.output(case.undo)
    done = host.play(case.playbook, variables(case))
    assert done.returncode == 0, done.stdout + done.stderr
    says(done.stdout, case.says_again)
    check.settle(host)
    if case.twice:
        done = host.play(case.playbook, variables(case))
        assert done.returncode == 0, done.stdout + done.stderr
        assert re.search(r"changed=0 ", done.stdout), done.stdout
    return check.look(host)


def variables(case: Case, **more: Any) -> dict[str, Any]:
    """Return the variables of a run."""
    return {"hullguard_roles": list(case.roles), **case.variables_always, **more}


def says(text: str, words: tuple[str, ...]) -> None:
    """Assert that all words are there, and no traceback; Ansible folds long lines of what it prints."""
    plain = re.sub(r"\s+", " ", text)
    assert [word for word in words if word not in plain] == [], text
    assert "Traceback" not in text, text
