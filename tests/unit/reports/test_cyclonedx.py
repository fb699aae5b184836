"""reports/cyclonedx.py, judged by the official schema and read back by the standard's own library."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from cyclonedx.model.bom import Bom
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from syrupy.assertion import SnapshotAssertion

from hullguard.errors import InputError
from hullguard.reports import cyclonedx, write_report


def written(report: dict[str, Any]) -> str:
    stream = io.StringIO()
    write_report("cyclonedx", report, stream)
    return stream.getvalue()


def checked(report: dict[str, Any]) -> dict[str, Any]:
    text = written(report)
    assert text.isascii()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    document: dict[str, Any] = json.loads(text)
    bom = Bom.from_json(document)
    assert len(bom.vulnerabilities) == len(document["vulnerabilities"])
    return document


def properties(document: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (row["name"].removeprefix("hullguard:"), row["value"]) for row in document["metadata"]["properties"]
    ]


def test_official_schema(
    mixed: dict[str, Any], fleet: dict[str, Any], empty: dict[str, Any], only_scanned: dict[str, Any]
) -> None:
    for report in (mixed, fleet, empty, only_scanned):
        checked(report)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str('{"bomFormat": "CycloneDX"}') is not None


def test_hostile_text(hostile_text: str, hostile: Callable[[str], dict[str, Any]]) -> None:
    document = checked(hostile(hostile_text))
    assert len(document["vulnerabilities"]) == 5
    assert len(written(hostile(hostile_text))) < 400_000


def test_vulnerabilities_name_what_they_affect(mixed: dict[str, Any]) -> None:
    document = checked(mixed)
    (image,) = [part for part in document["components"] if part.get("components")]
    assert (image["type"], image["name"]) == ("container", "registry.example.org/billing:1.4")
    assert image["version"] == "sha256:" + "4f" * 32
    (package,) = image["components"]
    assert (package["name"], package["version"]) == ("libssl3", "3.0.1-1")
    found = {row["id"]: row for row in document["vulnerabilities"]}
    assert set(found) == {f"CVE-2026-{number}" for number in range(1001, 1006)}
    worst = found["CVE-2026-1001"]
    assert worst["affects"][0]["ref"] == package["bom-ref"]
    assert (worst["ratings"][0]["severity"], worst["source"]["name"]) == ("critical", "trivy")
    assert worst["advisories"] == [{"url": "https://security.example.org/CVE-2026-1001"}]
    told = {row["name"]: row["value"] for row in worst["properties"]}
    assert told["hullguard:due"] == "breach: 12 days over, by 2026-09-20"


def test_a_waived_vulnerability_is_not_called_unaffected(mixed: dict[str, Any]) -> None:
    (waived,) = [row for row in checked(mixed)["vulnerabilities"] if "analysis" in row]
    assert waived["id"] == "CVE-2026-1003"
    assert "state" not in waived["analysis"]
    assert all(word in waived["analysis"]["detail"] for word in ("billing", "D. Marsh", "2027-01-31"))


def test_what_it_has_no_place_for_is_in_the_properties(mixed: dict[str, Any]) -> None:
    told = properties(checked(mixed))
    names = [name for name, _ in told]
    for name in ("verdict:fail", "verdict:unknown", "verdict:manual", "verdict:waived"):
        assert names.count(name) == 1
    assert [name for name in names if name.startswith("scan:")].count("scan:unknown") == 2
    assert "See its project." in dict(told)["scan:not-run"]
    assert "Vendor image" in dict(told)["verdict:waived"]
    assert {"finding:secret", "finding:misconfiguration"} <= set(names)


def test_none_found_and_none_looked_for_are_told_apart(
    empty: dict[str, Any], only_scanned: dict[str, Any]
) -> None:
    assert "No scanner ran" in dict(properties(checked(empty)))["vulnerabilities"]
    nothing = {**only_scanned, "findings": []}
    assert dict(properties(checked(nothing)))["vulnerabilities"].startswith(
        "0 reported by the scanners that ran. 3 scans"
    )
    silent = {**nothing, "scans": [scan for scan in nothing["scans"] if scan["status"] != "ran"]}
    assert "No scanner ran" in dict(properties(checked(silent)))["vulnerabilities"]


def test_the_serial_number_is_that_of_the_content(mixed: dict[str, Any]) -> None:
    assert written(mixed) == written(mixed)
    other = {**mixed, "findings": mixed["findings"][1:]}
    assert checked(other)["serialNumber"] != checked(mixed)["serialNumber"]


def test_a_finding_without_a_package_affects_its_object(mixed: dict[str, Any]) -> None:
    bare = {**mixed["findings"][0], "package": None}
    document = checked({**mixed, "findings": [bare, bare]})
    references = [part["bom-ref"] for part in document["components"]]
    assert document["vulnerabilities"][0]["affects"][0]["ref"] in references


def test_a_difference_is_refused(diff: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="cyclonedx can't show a difference"):
        cyclonedx.write_diff(diff, io.StringIO(), None)  # type: ignore[arg-type]


def test_snapshot(mixed: dict[str, Any], snapshot: SnapshotAssertion) -> None:
    assert written(mixed) == snapshot
