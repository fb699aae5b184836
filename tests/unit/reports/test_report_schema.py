"""compliance/schema/report.schema.json and diff.schema.json"""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

SCHEMAS = Path(__file__).parents[3] / "compliance" / "schema"


def validator(name: str) -> Draft202012Validator:
    schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def test_sample_documents_are_valid(
    fleet: dict[str, Any], empty: dict[str, Any], diff: dict[str, Any], mixed: dict[str, Any]
) -> None:
    validator("report").validate(mixed)
    validator("report").validate(fleet)
    validator("report").validate(empty)
    validator("diff").validate(diff)


def test_no_field_may_be_missing_or_invented(small: dict[str, Any], diff: dict[str, Any]) -> None:
    for name, document in (("report", small), ("diff", diff)):
        check = validator(name)
        for path in mappings(document):
            for key in list(at(document, path)):
                broken = deepcopy(document)
                del at(broken, path)[key]
                assert not check.is_valid(broken), [*path, key]
            broken = deepcopy(document)
            at(broken, path)["invented"] = 1
            assert not check.is_valid(broken), path


@pytest.mark.parametrize(
    ("key", "value"),
    [("verdict", "ok"), ("severity", "urgent"), ("id", "../x"), ("level", 3), ("number", "2.10\n")],
)
def test_wrong_values_are_refused(key: str, value: object, small: dict[str, Any]) -> None:
    small["hosts"][0]["results"][0][key] = value
    assert not validator("report").is_valid(small)


def test_a_waived_result_names_its_waiver(small: dict[str, Any]) -> None:
    waived = next(r for r in small["hosts"][0]["results"] if r["verdict"] == "waived")
    waived["waiver"] = None
    assert not validator("report").is_valid(small)


def mappings(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where the document has mappings; of a list its first entry stands for the rest."""
    if isinstance(value, list):
        return mappings(value[0], (*path, 0)) if value else []
    if not isinstance(value, dict):
        return []
    return [path, *(found for key, item in value.items() for found in mappings(item, (*path, key)))]


def at(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value
