"""reports/markdown.py and its parts, read back by a CommonMark parser with tables."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token
from syrupy.assertion import SnapshotAssertion

from hullguard.reports import write_diff, write_report
from hullguard.reports.markdown_layout import LONGEST
from hullguard.reports.markdown_text import block, code, prose

OURS = {"<code>", "</code>", "<br>", "<details>", "</details>"}


def written(report: dict[str, Any]) -> str:
    stream = io.StringIO()
    writer = write_diff if report["schema"].startswith("hullguard/diff") else write_report
    writer("markdown", report, stream)
    return stream.getvalue()


def tokens(text: str) -> list[Token]:
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    return [leaf for token in parser.parse(text) for leaf in [token, *(token.children or [])]]


def shape(text: str) -> Counter[tuple[str, str]]:
    return Counter((token.type, token.tag) for token in tokens(text) if token.type != "text")


def html(text: str) -> list[str]:
    return [token.content for token in tokens(text) if token.type in ("html_inline", "html_block")]


def test_counts_come_first_and_every_state_is_there(mixed: dict[str, Any]) -> None:
    text = written(mixed)
    assert text.index("**Controls:** 1 fail") < text.index("### Fail (1)") < text.index("### Findings (5)")
    assert text.index("### Findings (5)") < text.index("### Scanners that gave nothing (3)")
    for heading in ("Unknown (1)", "Manual (1)", "Waived (1)", "Waived findings (1)", "policy ignores (1)"):
        assert heading in text
    for words in ("owner platform: Vendor image", "owner billing", "breach: 12 days over", "due in 28 days"):
        assert words in text
    assert "did not run: grype is not here. To get it: See its project." in text
    assert "Overdue by the vulnerability policy:** 1" in text


def test_the_worst_come_first(careless: dict[str, Any]) -> None:
    table = written(careless).split("<b>Fail (")[1].split("</details>")[0]
    shown = re.findall(r"^\| (critical|high|medium|low) \|", table, re.MULTILINE)
    assert shown == sorted(shown, key=["critical", "high", "medium", "low"].index)
    assert len(shown) == 39


def test_hosts_are_told_apart_only_where_there_are_several(
    fleet: dict[str, Any], careless: dict[str, Any]
) -> None:
    assert "| Severity | Control | Host | What |" in written(fleet)
    assert "Host |" not in written(careless).split("Could not be seen")[0]
    assert "1 of 3 hosts gave no evidence" in written(fleet)


def test_long_parts_are_folded_and_closed(fleet: dict[str, Any]) -> None:
    text = written(fleet)
    assert text.count("<details>") == text.count("</details>") > 0
    assert "<details>" not in written({**fleet, "hosts": []})


def test_hostile_text_is_text(
    hostile_text: str,
    hostile: Callable[[str], dict[str, Any]],
    hostile_diff: Callable[[str], dict[str, Any]],
) -> None:
    for make in (hostile, hostile_diff):
        text = written(make(hostile_text))
        assert shape(text) == shape(written(make("tame")))
        assert {tag for part in html(text) for tag in re.findall(r"<[^>]*>", part)} <= OURS | {
            "<summary>", "</summary>", "<b>", "</b>",
        }  # fmt: skip
        assert len(text) <= LONGEST


@pytest.mark.parametrize(
    "evil",
    [
        "a | b", r"a \| b", "a \\", "`code` ``x", "**bold** _it_ ~~gone~~", "[x](http://evil.example)", "![x](y)",
        "<http://evil.example>", "http://evil.example/x", "www.evil.example", "me@evil.example", "@team/all", "#12",
        "owner/repo#12", "GH-12", "!12", "~bug", "&commat;all", "&#64;all", "</code></td><script>", "<!-- x", "$x$",
        "- item", "# heading", "1. one", "> quote", "    code", "```", "---", "/close", "x\n\n# y", "$$", "%1",
    ],
)  # fmt: skip
def test_hostile_markdown(evil: str, hostile: Callable[[str], dict[str, Any]]) -> None:
    text = written(hostile(evil))
    tame = written(hostile("tame"))
    assert shape(text) == shape(tame)
    assert not {"link_open", "image", "em_open", "strong_open"} & {t.type for t in tokens(prose(evil))}
    seen = "".join(t.content for t in tokens("x " + prose(evil)) if t.type == "text")
    assert not re.search(r"(?<!\w)[@#!~%$][\w]|://|www\.|GH-\d|@\w", seen)
    plain = seen.replace("\u200b", "").removeprefix("x ")
    assert plain == evil.replace("\n", r"\n").strip() or plain.strip() == evil.replace("\n", r"\n").strip()


def test_code_is_one_element(hostile_text: str) -> None:
    assert [t.type for t in tokens(code(hostile_text, 200)) if t.type == "html_inline"] == ["html_inline"] * 2
    assert [t.type for t in tokens(block("a```b````c\n" + hostile_text))] == ["fence"]


@pytest.mark.parametrize("count", [200, 3000])
def test_a_comment_is_never_too_long_and_says_what_is_cut(count: int, mixed: dict[str, Any]) -> None:
    (host,) = mixed["hosts"]
    fail = next(result for result in host["results"] if result["verdict"] == "fail")
    fails = [{**deepcopy(fail), "id": f"control_{n}", "reason": "@|<*" * 200} for n in range(count)]
    report = {**mixed, "hosts": [{**host, "results": [*host["results"], *fails]}]}
    report["findings"] = mixed["findings"] * (count // 10)
    text = written(report)
    assert 50_000 < len(text) <= LONGEST
    total, left = f"Fail ({count + 1})", re.findall(r"_(\d+) more rows cut", text)
    assert total in text
    shown = text.split(total)[1].split("</details>")[0].count(f"\n| {fail['severity']} |")
    assert int(left[0]) + shown == count + 1
    for words in ("Scanners that gave nothing (3)", "Waived (1)", "owner platform", "did not run: grype"):
        assert words in text
    assert "more rows" not in text.split("Scanners that gave nothing")[1].split("###")[0]


def test_an_empty_report_says_so(empty: dict[str, Any]) -> None:
    assert "it says nothing" in written(empty)


def test_differences(diff: dict[str, Any]) -> None:
    text = written(diff)
    kinds = Counter(change["kind"] for change in diff["hosts"][0]["changes"])
    assert f"{kinds['fixed']} fixed" in text
    assert "Hosts in one report only (1)" in text
    unchanged = {**diff, "hosts": [{**diff["hosts"][0], "changes": []}]}
    assert "no verdict changed" in written(unchanged)


def test_snapshot(mixed: dict[str, Any], snapshot: SnapshotAssertion) -> None:
    assert written(mixed) == snapshot


def test_diff_snapshot(diff: dict[str, Any], snapshot: SnapshotAssertion) -> None:
    assert written(diff) == snapshot
