from __future__ import annotations

from pathlib import Path

import pytest

from hullguard import yamlfile
from hullguard.errors import InputError


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1", ":1:"),
        ("a: 1\n b: 2", ":2:3"),
        ("a: \t- b", "not valid YAML"),
        ("a: !!python/object/apply:os.system [id]", "not valid YAML"),
        ("? [1]\n: 2", "not valid YAML"),
        ("a: 2027-02-30", "not valid YAML"),
        ("a: \x00", "not valid YAML"),
        ("[" * 100_000, "nested too deeply"),
        ("{a: " * 100_000, "nested too deeply"),
        ("- " * 100_000, "nested too deeply"),
    ],
)
def test_broken_yaml_is_told_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "a.yml"
    path.write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        yamlfile.load(path)
    assert str(caught.value).startswith(str(path))


def test_files_that_can_not_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        yamlfile.load(tmp_path / "none.yml")
    with pytest.raises(InputError, match="can't be read"):
        yamlfile.load(tmp_path)
    (tmp_path / "latin.yml").write_bytes(b"a: \xe4")
    with pytest.raises(InputError, match="can't be read"):
        yamlfile.load(tmp_path / "latin.yml")


def test_the_member_that_breaks_the_schema_is_named() -> None:
    row = {"control": "a", "reason": "0123456789", "owner": "o", "approver": "a", "expires": 5}
    with pytest.raises(InputError, match=r"w\.yml: waivers\[0\]\.expires: 5 is not of type 'string'"):
        yamlfile.check({"waivers": [row]}, "waivers", "w.yml")
    with pytest.raises(InputError, match=r"w\.yml: top level"):
        yamlfile.check(None, "waivers", "w.yml")
    with pytest.raises(InputError, match=r"w\.yml: top level"):
        yamlfile.check({1: 2, "waivers": []}, "waivers", "w.yml")


def test_long_messages_are_cut() -> None:
    with pytest.raises(InputError) as caught:
        yamlfile.check({"waivers": "x" * 10_000}, "waivers", "w.yml")
    assert len(str(caught.value)) < 400
