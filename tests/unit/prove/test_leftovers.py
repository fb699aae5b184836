"""What a run makes is found again by its label, and taken away; nothing else is."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from unit.prove.support import Answer, AskedEngine

from hullguard.errors import HullguardError
from hullguard.prove import leftovers
from hullguard.prove.engine import Engine

LISTED: dict[str, Answer | list[Answer]] = {
    "GET /containers/json": (200, [{"Id": "c1", "Names": ["/hullguard-prove-1-plain"]}]),
    "GET /networks": (200, [{"Id": "n1", "Name": "hullguard-prove-1"}]),
    "GET /images/json": (
        200,
        [{"Id": "sha256:i1", "RepoTags": ["hullguard-prove:1"]}, {"Id": "sha256:i2", "RepoTags": None}],
    ),
}
THERE = ("/containers/c1", "/networks/n1", "/images/sha256:i1", "/images/sha256:i2")


def here(**more: Answer | list[Answer]) -> dict[str, Answer | list[Answer]]:
    """Each thing can be removed once; then it is gone."""
    once = {f"DELETE {path}": [(204, b""), (404, {"message": "gone"})] for path in THERE}
    return {
        **LISTED,
        **once,
        **{f"DELETE {path}": more[name] for name in more for path in THERE if name in path},
    }


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(leftovers, "FOLDERS", tmp_path)
    return tmp_path


def test_everything_labelled_goes_containers_first() -> None:
    with AskedEngine(here()) as server:
        removed = leftovers.clean(Engine(server.path))
        assert list(dict.fromkeys(server.calls("DELETE"))) == list(THERE)
        assert all("io.hullguard.prove" in path for verb, path, _ in server.asked if verb == "GET")
    assert removed == [
        "container hullguard-prove-1-plain", "network hullguard-prove-1", "image hullguard-prove:1", "image without a name",
    ]  # fmt: skip


def test_one_run_leaves_anothers_things_alone() -> None:
    with AskedEngine(here()) as server:
        leftovers.clean(Engine(server.path), run="1a2b")
        asked = [path for verb, path, _ in server.asked if verb == "GET"]
    assert all("io.hullguard.prove%3D1a2b" in path for path in asked)


def test_a_removal_that_is_under_way_is_waited_for() -> None:
    busy: list[Answer] = [(409, {"message": "removal is already in progress"}), (404, {"message": "gone"})]
    with AskedEngine(here(containers=busy)) as server:
        leftovers.clean(Engine(server.path))
        assert server.calls("DELETE").count("/containers/c1") == 2


def test_what_can_not_be_removed_is_named() -> None:
    with (
        AskedEngine(here(networks=(500, {"message": "it is broken"}))) as server,
        pytest.raises(
            HullguardError, match=r"network hullguard-prove-1 \(it is broken\).*hullguard prove --clean"
        ),
    ):
        leftovers.clean(Engine(server.path))


def test_folders_of_killed_runs_go_and_others_stay(folders: Path) -> None:
    with AskedEngine(here()) as server:
        engine = Engine(server.path)
        left = leftovers.make_folder(engine)
        (left / "plain").mkdir()
        other = leftovers.make_folder(Engine("/run/another.sock"))
        link = folders / f"{left.name}x"
        link.symlink_to(folders)
        assert leftovers.folders(engine) == [left]
        leftovers.clean(engine)
    assert (left.exists(), other.exists(), link.is_symlink()) == (False, True, True)
    assert other.stat().st_mode & 0o777 == 0o700


def test_one_run_at_a_time_and_engine() -> None:
    engine = Engine("/run/this.sock")
    with leftovers.only_one(engine):
        with (
            pytest.raises(HullguardError, match="Another `hullguard prove` is at work"),
            leftovers.only_one(engine),
        ):
            pass
        with leftovers.only_one(Engine("/run/another.sock")):
            pass
    with leftovers.only_one(engine):
        pass


def test_the_guard_does_nothing_when_all_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    with AskedEngine(here()) as server:
        with leftovers.guarded(Engine(server.path)):
            pass
        assert server.asked == []


def test_the_guard_cleans_when_its_run_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []
    real = subprocess.Popen

    def remember(*arguments: object, **options: object) -> subprocess.Popen[bytes]:
        started.append(real(*arguments, **options))  # type: ignore[call-overload]
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", remember)
    with AskedEngine(here()) as server:
        try:
            with leftovers.guarded(Engine(server.path)):
                (guard,) = started
                assert guard.stdin is not None
                guard.stdin.close()  # as the kernel does when the run is killed
                guard.wait(30)
                assert "/containers/c1" in server.calls("DELETE")
        except ValueError:
            pass  # nobody is there to be told that all is well
