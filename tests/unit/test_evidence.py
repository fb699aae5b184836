from __future__ import annotations

import json
import os
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from hullguard import evidence
from hullguard.errors import InputError

GOOD = {
    "schema": "hullguard/evidence/1",
    "host": {"name": "a"},
    "collected_at": "2026-01-01T00:00:00Z",
    "engines": [],
    "errors": [],
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "host.json"


def refused(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        evidence.load(path)
    assert caught.value.exit_code == 2
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    return message


def test_good_evidence_is_read(file: Path) -> None:
    file.write_text(json.dumps(GOOD))
    assert evidence.load(file) == GOOD


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (json.dumps(GOOD)[:40], ":1:36: not valid JSON"),
        ('{\n "schema": oops}', ":2:12: not valid JSON"),
        ("", ":1:1: not valid JSON"),
        ("null", "no evidence"),
        ("[]", "no evidence"),
        ('"text"', "no evidence"),
        ("{}", "'schema' is 'None'"),
        ('{"schema": "hullguard/report/1"}', "'schema' is 'hullguard/report/1'"),
        ('{"schema": "hullguard/evidence/2"}', "this program reads 'hullguard/evidence/1'"),
        ('{"schema": ["hullguard/evidence/1"]}', "no evidence"),
        ('{"schema": "' + "x" * 5000 + '"}', "no evidence"),
        (json.dumps({**GOOD, "host": None}), "host.name is missing"),
        (json.dumps({**GOOD, "host": {"name": ""}}), "host.name is missing"),
        (json.dumps({**GOOD, "host": {"name": 5}}), "host.name is missing"),
        (json.dumps({**GOOD, "collected_at": None}), "collected_at is missing"),
        (json.dumps(GOOD)[:-1] + ', "x": NaN}', "NaN is no number"),
        (json.dumps(GOOD)[:-1] + ', "x": -Infinity}', "-Infinity is no number"),
        (json.dumps(GOOD)[:-1] + ', "x": ' + "9" * 5000 + "}", "not valid JSON"),
        ("[" * 200_000, "nested too deeply"),
    ],
    ids=range(19),
)
def test_bad_evidence_gives_one_message_with_the_place(file: Path, text: str, message: str) -> None:
    file.write_text(text)
    assert message in refused(file)
    assert len(refused(file)) < 500


def test_binary_files_are_refused(file: Path) -> None:
    file.write_bytes(b"\xff\xfe\x00\x80" * 100)
    refused(file)
    file.write_bytes(b"\x80abc")
    refused(file)


def test_two_hundred_megabytes_are_not_read_in(file: Path) -> None:
    with file.open("wb") as stream:
        stream.truncate(200 << 20)
    tracemalloc.start()
    try:
        assert "larger than 64 MiB" in refused(file)
        assert tracemalloc.get_traced_memory()[1] < 100 << 20
    finally:
        tracemalloc.stop()


def test_an_endless_device_is_refused() -> None:
    assert "larger than" in refused(Path("/dev/zero"))


def test_missing_and_unreadable_files(tmp_path: Path) -> None:
    assert "no such file" in refused(tmp_path / "none.json")
    assert "can't be read" in refused(tmp_path)
    if os.geteuid():
        (tmp_path / "secret.json").touch(0)
        assert "can't be read" in refused(tmp_path / "secret.json")


def test_a_folder_is_read_whole_and_sorted(tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / f"{name}.json").write_text(json.dumps({**GOOD, "host": {"name": name}}))
    (tmp_path / "notes.txt").write_text("no")
    assert [document["host"]["name"] for document in evidence.load_all(tmp_path)] == ["a", "b"]


def test_an_empty_folder_and_a_bad_file_in_one_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no \*.json"):
        evidence.load_all(tmp_path)
    (tmp_path / "cut.json").write_text("{")
    with pytest.raises(InputError, match=r"cut\.json:1:2"):
        evidence.load_all(tmp_path)


def test_two_hosts_of_one_name_stay_two(tmp_path: Path) -> None:
    for name in ("web1", "web2"):
        (tmp_path / f"{name}.json").write_text(json.dumps({**GOOD, "host": {"name": "localhost"}}))
    names: list[Any] = [document["host"]["name"] for document in evidence.load_all(tmp_path)]
    assert names == ["localhost (web1)", "localhost (web2)"]
