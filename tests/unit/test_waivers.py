from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from hullguard.errors import InputError
from hullguard.verdict import FAIL, WAIVED, Object, Verdict, failed, passed, unknown
from hullguard.waivers import Waiver, apply, expired, load

TODAY = date(2026, 11, 24)
ROW = {
    "control": "privileged",
    "reason": "Needed by the backup",
    "owner": "ops",
    "approver": "ciso",
    "expires": "2027-01-31",
}


def write(tmp_path: Path, *rows: Any, text: str | None = None) -> Path:
    path = tmp_path / "waivers.yml"
    path.write_text(yaml.safe_dump({"waivers": list(rows)}) if text is None else text)
    return path


def waiver(**changes: Any) -> Waiver:
    return Waiver(**{**ROW, "expires": date(2027, 1, 31), **changes})


def test_waivers_are_read(tmp_path: Path) -> None:
    assert load(write(tmp_path, ROW), TODAY) == [waiver()]
    assert load(write(tmp_path, {**ROW, "expires": date(2027, 1, 31)}), TODAY) == [waiver()]
    assert load(write(tmp_path), TODAY) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"control": "privilegd"}, "waivers[0]: There is no control 'privilegd'. Did you mean privileged"),
        ({"expires": "2027-13-01"}, "waivers[0].expires: '2027-13-01' is no date"),
        ({"expires": "soon"}, "is no date"),
        ({"expires": "2028-01-01"}, "more than 365 days ahead"),
        ({"ownr": "x"}, "'ownr' was unexpected"),
        ({"reason": "short"}, "waivers[0].reason"),
        ({"owner": ""}, "waivers[0].owner"),
        ({"object": 5}, "waivers[0].object"),
    ],
)
def test_a_typo_is_told_with_its_place(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    path = write(tmp_path, {**ROW, **changes})
    with pytest.raises(InputError) as caught:
        load(path, TODAY)
    assert message in str(caught.value)
    assert str(caught.value).startswith(str(path))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "waivers:",
        "waiver: []",
        "waivers: {}",
        "waivers: [1]",
        "waivers: [{expires: 2027-02-30}]",
        "a: [",
    ],
)
def test_a_file_that_holds_something_else_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError):
        load(write(tmp_path, text=text), TODAY)


def test_a_missing_member_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'approver' is a required property"):
        load(write(tmp_path, {key: value for key, value in ROW.items() if key != "approver"}), TODAY)


TWO = failed("2 of 3 containers differ.", Object("container", "backup"), Object("container", "web"))


def test_only_what_is_waived_is_waived() -> None:
    verdict, shown = apply(TWO, "privileged", "h1", [waiver(object="backup")], TODAY)
    assert verdict.verdict == FAIL
    assert [obj.name for obj in verdict.objects] == ["web"]
    assert "1 more waived" in verdict.reason
    assert shown is None


def test_all_waived_is_waived() -> None:
    verdict, shown = apply(
        TWO,
        "privileged",
        "h1",
        [waiver(object="backup", expires=date(2026, 12, 1)), waiver(object="w*")],
        TODAY,
    )
    assert verdict.verdict == WAIVED
    assert shown is not None
    assert shown["expires"] == "2026-12-01"


@pytest.mark.parametrize(
    "other", [{"control": "host_pid"}, {"host": "h2"}, {"object": "nothing"}, {"expires": date(2026, 11, 23)}]
)
def test_what_is_not_meant_is_not_waived(other: dict[str, Any]) -> None:
    assert apply(TWO, "privileged", "h1", [waiver(**other)], TODAY) == (TWO, None)


def test_the_last_day_still_holds() -> None:
    assert apply(TWO, "privileged", "h1", [waiver(expires=TODAY)], TODAY)[0].verdict == WAIVED


@pytest.mark.parametrize("verdict", [passed("x"), unknown("x")])
def test_only_a_fail_is_waived(verdict: Verdict) -> None:
    assert apply(verdict, "privileged", "h1", [waiver()], TODAY) == (verdict, None)


def test_a_fail_without_objects_needs_a_waiver_of_all() -> None:
    bare = failed("No login environment sets it.")
    assert apply(bare, "privileged", "h1", [waiver()], TODAY)[0].verdict == WAIVED
    assert apply(bare, "privileged", "h1", [waiver(object="x")], TODAY)[0].verdict == FAIL


def test_expired_ones_are_known() -> None:
    old = waiver(expires=date(2026, 11, 23))
    assert expired([old, waiver(expires=TODAY)], TODAY) == [old]
