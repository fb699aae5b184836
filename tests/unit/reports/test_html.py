"""reports/html.py and its templates."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from hullguard.diff import diff as difference
from hullguard.reports.html import bar, render, render_diff
from hullguard.reports.vocabulary import VERDICTS, tally

VOID = {"meta", "br", "input", "link", "img", "hr"}


class Page(HTMLParser):
    """Collects elements and text, and fails on tags that do not nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.inline: dict[str, str] = {}
        self.stack: list[str] = []
        self.feed(text)
        self.close()
        assert self.stack == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.stack and self.stack[-1] in ("style", "script"):
            self.inline[self.stack[-1]] = data
        else:
            self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self) -> str:
        return "".join(self.words)


def pages(
    documents: Callable[[str], dict[str, Any]], diffs: Callable[[str], dict[str, Any]], text: str
) -> list[str]:
    return [render(documents(text)), render(documents(text), documents("other")), render_diff(diffs(text))]


def test_hostile_text_stays_text(
    hostile_text: str, hostile: Callable[[str], dict[str, Any]], hostile_diff: Callable[[str], dict[str, Any]]
) -> None:
    tame = pages(hostile, hostile_diff, "tame")
    for output, harmless in zip(pages(hostile, hostile_diff, hostile_text), tame, strict=True):
        page = Page(output)
        assert [tag for tag, _ in page.elements] == [tag for tag, _ in Page(harmless).elements]
        assert [sorted(a) for _, a in page.elements] == [sorted(a) for _, a in Page(harmless).elements]
        assert len(page.all("script")) == 1
        assert output.replace("\n", "").isprintable()
        output.encode()


def test_newlines_in_names_are_shown(hostile: Callable[[str], dict[str, Any]]) -> None:
    assert r"name\nPASS everything\r2.1" in Page(render(hostile("name\nPASS everything\r2.1"))).text


def test_nothing_is_loaded_from_anywhere(
    fleet: dict[str, Any], careless: dict[str, Any], diff: dict[str, Any]
) -> None:
    for output in (render(fleet, careless), render_diff(diff)):
        page = Page(output)
        assert not re.search(r"https?:|//[a-z]|@import", page.inline["style"])
        assert not re.search(r"url\((?!#)", output)
        for _, attributes in page.elements:
            assert not {"src", "srcset", "style", "action", "data", "poster"} & set(attributes)
            assert not [name for name in attributes if name.startswith("on")]
            assert (attributes.get("href") or "#").startswith("#")


def test_policy_allows_the_inlined_style_and_script_only(careless: dict[str, Any]) -> None:
    page = Page(render(careless))
    policy = next(m["content"] for m in page.all("meta") if m.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        digest = base64.b64encode(hashlib.sha256(page.inline[tag].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


def test_every_link_has_its_target_and_ids_are_unique(
    fleet: dict[str, Any], careless: dict[str, Any]
) -> None:
    page = Page(render(fleet, careless))
    ids = [a["id"] for _, a in page.elements if "id" in a]
    assert len(ids) == len(set(ids))
    for link in page.all("a"):
        assert (link["href"] or "")[1:] in ids
    for _, attributes in page.elements:
        assert set((attributes.get("aria-labelledby") or "").split()) <= set(ids)


def test_the_same_control_twice_has_two_anchors(small: dict[str, Any]) -> None:
    (host,) = small["hosts"]
    Page(render({**small, "hosts": [{**host, "results": [*host["results"], *host["results"]]}]}))
    test_every_link_has_its_target_and_ids_are_unique(
        {**small, "hosts": [{**host, "results": [*host["results"], *host["results"]]}]}, small
    )


def test_counts_agree_with_the_results(careless: dict[str, Any]) -> None:
    page = Page(render(careless))
    shown = [a["data-verdict"] for a in page.all("article")]
    counts = tally(careless["hosts"][0]["results"])
    assert {verdict: shown.count(verdict) for verdict in VERDICTS} == counts
    assert all(f"{count}" in page.text for count in counts.values())


def test_every_failing_object_and_explanation_is_there(careless: dict[str, Any]) -> None:
    text = Page(render(careless)).text
    for result in careless["hosts"][0]["results"]:
        for value in (
            result["number"],
            result["title"],
            result["reason"],
            result["why"],
            result["fix"],
            result["breaks"],
        ):
            assert value in text
        for item in result["objects"]:
            assert item["name"] in text
            assert item["detail"] in text
    assert "The role docker_daemon" in text
    assert "A person, by hand" in text
    assert "Accepted until 2027-01-31 by D. Marsh" in text


def test_before_and_after(careless: dict[str, Any], hardened: dict[str, Any]) -> None:
    page = Page(render(hardened, careless))
    assert "Compared with" in page.text
    assert re.search(r"Fixed\s+20", page.text)
    assert len(page.all("svg")) == 1 + 2 * 8
    assert "before: 39" in page.text
    assert "What changed" not in Page(render(hardened)).text


def test_totals_of_different_hosts_are_not_compared(fleet: dict[str, Any], careless: dict[str, Any]) -> None:
    text = Page(render(fleet, careless)).text
    assert "before: " not in text
    assert "no results of this host" in text
    assert "is not in this one" in Page(render(careless, fleet)).text


def test_an_unreachable_host_is_plain_to_see(fleet: dict[str, Any], unreachable: dict[str, Any]) -> None:
    text = Page(render(fleet)).text
    assert "Not audited: no evidence" in text
    assert "No route to host" in text
    bare = {key: unreachable[key] for key in ("name", "results")}
    assert "Not audited." in Page(render({**fleet, "hosts": [bare]})).text


def test_a_host_without_evidence_never_looks_unchanged(
    fleet: dict[str, Any], careless: dict[str, Any], unreachable: dict[str, Any]
) -> None:
    lost = {**careless, "hosts": [{**unreachable, "name": "docker-01.example.org"}]}
    for page in (Page(render(careless, lost)), Page(render(lost, careless)), Page(render(fleet, lost))):
        assert "No verdict changed" not in page.text
        assert "before: " not in page.text


def test_one_host_under_another_name_is_the_same_host(
    careless: dict[str, Any], hardened: dict[str, Any]
) -> None:
    (host,) = hardened["hosts"]
    page = Page(render({**hardened, "hosts": [{**host, "name": "renamed"}]}, careless))
    assert "before: 39" in page.text
    assert len(page.all("svg")) == 1 + 2 * 8


def test_no_hosts(empty: dict[str, Any], careless: dict[str, Any]) -> None:
    assert "no hosts" in Page(render(empty)).text
    assert "is not in this one" in Page(render(empty, careless)).text
    Page(render(careless, empty))


def test_the_page_is_complete_without_script(careless: dict[str, Any]) -> None:
    hidden = [tag for tag, attributes in Page(render(careless)).elements if "hidden" in attributes]
    assert hidden == ["form"]


def test_bars_fill_their_width_and_are_described(careless: dict[str, Any]) -> None:
    parts = bar({"fail": 1, "pass": 2, "manual": 30})
    assert sum(float(part["width"][:-1]) for part in parts) == pytest.approx(100, abs=0.05)
    assert [part["count"] for part in parts] == ["", 30, ""]
    page = Page(render(careless))
    assert len(page.all("title")) == len(page.all("desc")) + 1 == 9


def test_findings_are_there_with_state_due_day_and_waiver(mixed: dict[str, Any]) -> None:
    page = Page(render(mixed))
    for finding in mixed["findings"]:
        for value in (finding["id"], finding["title"], finding["fingerprint"], *finding["references"]):
            assert value in page.text
    assert "breach: 12 days over, by 2026-09-20" in page.text
    assert "due in 28 days" in page.text
    assert "Accepted until 2027-01-31 by D. Marsh, owned by billing" in page.text
    assert "1 overdue by the vulnerability policy, 1 waived, 1 ignored" in page.text
    shown = [a["data-verdict"] for a in page.all("article") if "finding" in (a["class"] or "")]
    assert (shown.count("fail"), shown.count("waived"), shown.count("not_applicable")) == (5, 1, 1)


def test_scanners_that_gave_nothing_are_named(mixed: dict[str, Any]) -> None:
    text = Page(render(mixed)).text
    assert "3 of 7 scans gave no answer" in text
    assert "To get it: See its project." in text
    assert "did not end within 300 s" in text
    without = Page(render({**mixed, "scans": []})).text
    assert "does not say which scanners ran" in without


def test_the_filter_counts_findings(mixed: dict[str, Any]) -> None:
    page = Page(render(mixed))
    assert re.search(r"fail\s+6", page.text)
    assert [a["value"] for a in page.all("input") if a.get("name") == "verdict"] == list(VERDICTS)


def test_a_page_of_scanners_only(only_scanned: dict[str, Any]) -> None:
    page = Page(render(only_scanned))
    assert "4 scanned objects" in page.text
    assert "holds no hosts" not in page.text
    assert "CIS Docker Benchmark" not in page.text.split("At a glance")[1]
    nothing = Page(render({**only_scanned, "findings": []}))
    assert "No findings." in nothing.text


def test_findings_links_and_anchors(
    mixed: dict[str, Any], only_scanned: dict[str, Any], careless: dict[str, Any]
) -> None:
    for report in (mixed, only_scanned, {**only_scanned, "findings": []}):
        test_every_link_has_its_target_and_ids_are_unique(report, careless)
        test_nothing_is_loaded_from_anywhere(
            report, careless, difference(careless, careless, "2026-10-02T09:14:09Z")
        )


def test_findings_snapshot(only_scanned: dict[str, Any], snapshot: SnapshotAssertion) -> None:
    assert re.findall(r"<body>.*<script>", render(only_scanned), re.DOTALL) == snapshot


def test_render_is_repeatable(fleet: dict[str, Any], careless: dict[str, Any]) -> None:
    assert render(fleet, careless) == render(fleet, careless)


def test_snapshot(small: dict[str, Any], snapshot: SnapshotAssertion) -> None:
    assert re.findall(r"<body>.*<script>", render(small, small), re.DOTALL) == snapshot


def test_diff_snapshot(diff: dict[str, Any], snapshot: SnapshotAssertion) -> None:
    assert re.findall(r"<body>.*<script>", render_diff(diff), re.DOTALL) == snapshot
