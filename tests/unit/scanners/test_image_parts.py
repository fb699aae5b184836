from __future__ import annotations

from pathlib import Path

import pytest

from hullguard.scanners import image_parts
from hullguard.scanners.base import Rubbish, Target
from hullguard.verdict import Object


def test_how_syft_and_grype_are_told() -> None:
    assert image_parts.source(Target("image", "app:1")) == "docker:app:1"
    assert image_parts.source(Target("tar", "a.tar", Path("/x/a.tar"))) == "docker-archive:/x/a.tar"
    assert image_parts.source(Target("dir", ".", Path("/x"))) == "dir:/x"
    assert image_parts.source(Target("sbom", "b", Path("/x/b"))) == "sbom:/x/b"


def test_what_a_finding_is_about() -> None:
    assert image_parts.subject(Target("tar", "a.tar"), "in it") == Object("image", "a.tar", "in it")
    assert image_parts.subject(Target("sbom", "b")) == Object("file", "b")


def test_the_login_is_found_beside_an_empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("DOCKER_CONFIG", raising=False)
    assert image_parts.docker_config() == {}
    (tmp_path / ".docker").mkdir()
    assert image_parts.docker_config() == {"DOCKER_CONFIG": str(tmp_path / ".docker")}
    monkeypatch.setenv("DOCKER_CONFIG", "/own")
    assert image_parts.docker_config() == {}


@pytest.mark.parametrize("answer", [b"[]", b"null", b"7", b'"x"'])
def test_what_is_no_object(answer: bytes) -> None:
    with pytest.raises(Rubbish):
        image_parts.mapping(answer)


@pytest.mark.parametrize("answer", [b"", b"{", b"\xff\xfe\x00", b"error: no"])
def test_what_is_no_json(answer: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        image_parts.mapping(answer)


def test_lists_and_texts_have_to_be_some() -> None:
    assert image_parts.rows({"a": None}, "a") == image_parts.rows({}, "a") == []
    with pytest.raises(TypeError):
        image_parts.rows({"a": "b"}, "a")
    with pytest.raises(TypeError):
        image_parts.text({"a": 7}, "a")
    with pytest.raises(KeyError):
        image_parts.text({}, "a")


def test_addresses() -> None:
    wanted = ("https://a", "http://b")
    assert image_parts.urls(["https://a", None, "javascript:x"], ["http://b", "https://a", 7]) == wanted
    assert len(image_parts.urls([f"https://{n}" for n in range(99)])) == image_parts.MOST_REFERENCES


def test_members_are_taken_out_however_deep() -> None:
    data = {"a": [{"b": 1, "secret": 2}], "secret": {"c": 3}}
    assert image_parts.without(data, {"secret"}) == {"a": [{"b": 1}]}
