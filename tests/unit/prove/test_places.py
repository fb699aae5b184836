"""What a container is given: the engine's defaults, limits, the host's programs read-only, and one's own folder."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from hullguard.prove import containers, places
from hullguard.prove.battery import PROBES
from hullguard.prove.engine import Refused


@pytest.mark.parametrize(
    "name", [name for name in places.PLACES if name not in ("account", "engine", "policy")]
)
def test_every_container_ends_itself_and_is_found_again(name: str) -> None:
    wanted = places.request(name, "1a2b", Path("/src/run"), {})
    host = wanted["HostConfig"]
    assert wanted["Labels"] == {"io.hullguard.prove": "1a2b"}
    assert host["AutoRemove"] is True
    assert "Privileged" not in host
    limits = {"Memory", "PidsLimit"} & host.keys()
    assert limits == ({"Memory", "PidsLimit"} if name != "limitless" else set())
    ours = [f"/src/run/{name}/out:/hullguard/out"]
    assert [bind for bind in host["Binds"] if not bind.endswith(":ro")] == ours


def test_an_ordinary_one_has_no_options_of_its_own() -> None:
    host = places.request("plain", "1a2b", Path("/src/run"), {})["HostConfig"]
    assert host.keys() == {"AutoRemove", "Binds", "Memory", "PidsLimit"}


def test_the_hosts_programs_are_read_only() -> None:
    interpreter, binds = places.programs()
    assert Path(interpreter).is_file()
    assert all(bind.endswith(":ro") for bind in binds)
    assert any(bind.endswith(":/usr:ro") for bind in binds)


def test_files_are_laid_out_for_their_owners(tmp_path: Path) -> None:
    places.lay_out(tmp_path)
    said = places.lay_out_place(tmp_path, "plain", b"{}")
    modes = {
        name: stat.S_IMODE((tmp_path / name).stat().st_mode)
        for name in ("attack/owned", "attack/shared", "plain/ask.json", "plain/out", "inside/calls.py")
    }
    assert modes == {
        "attack/owned": 0o600, "attack/shared": 0o777, "plain/ask.json": 0o644, "plain/out": 0o777, "inside/calls.py": 0o644,
    }  # fmt: skip
    assert said == tmp_path / "plain/out/said"
    assert not list((tmp_path / "inside").glob("__pycache__"))


@pytest.mark.parametrize(
    ("name", "status", "words", "outcome"),
    [
        (
            "neighbour_environment_host_pid",
            400,
            "cannot share it when user namespaces are enabled",
            "blocked",
        ),
        ("unconfined_calls", 403, "authorization denied by plugin x", "blocked"),
        ("raw_socket", 403, "authorization denied by plugin x", "unknown"),
        ("unsigned_image", 403, "authorization denied by plugin x", "blocked"),
        ("unsigned_image", 500, "no space left on device", "unknown"),
        ("core_pattern_remounted", 500, "unable to apply caps: operation not permitted", "unknown"),
        ("socket_as_root", 0, "no answer within 60 s", "unknown"),
    ],
)
def test_only_a_refusal_of_what_was_asked_for_is_a_block(
    name: str, status: int, words: str, outcome: str
) -> None:
    probe = next(one for one in PROBES if one.id == name)
    found = containers._refused(probe, Refused(status, words))
    assert found.outcome == outcome
    assert words in found.detail
