"""daemon.json on a real disk: as editors and people change it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from hullguard.watch.files import Watched, look

BEFORE = {"icc": False, "registry-token": "hunter2", "log-opts": {"max-size": "1m"}}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "daemon.json"
    found.write_text(json.dumps(BEFORE), encoding="utf-8")
    found.chmod(0o644)
    return found


def replaced(path: Path, text: str) -> None:
    """As editors and Ansible do it."""
    new = path.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    new.chmod(0o644)
    new.rename(path)


def rewritten(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("write", [replaced, rewritten])
def test_content(path: Path, write: Callable[[Path, str], None]) -> None:
    watched = Watched(str(path))
    assert watched.changed(str(path)) is None
    write(path, json.dumps({"icc": True, "registry-token": "hunter3", "log-opts": {"max-size": "1m"}}))
    alert = watched.changed(str(path))
    assert alert
    assert (alert.kind, alert.severity, alert.keys) == (
        "daemon_json_changed",
        "high",
        ("icc", "registry-token"),
    )
    assert alert.detail == f"{path}: content changed; keys: icc, registry-token"
    assert "hunter" not in repr(alert)
    assert watched.changed(str(path)) is None


def test_the_same_size_and_time_hide_nothing(path: Path) -> None:
    watched, before = Watched(str(path)), path.stat()
    rewritten(path, path.read_text(encoding="utf-8").replace("hunter2", "hunter3"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    alert = watched.changed(str(path))
    assert alert
    assert alert.keys == ("registry-token",)


@pytest.mark.parametrize("write", [replaced, rewritten])
def test_a_change_that_was_undone_between_two_looks(path: Path, write: Callable[[Path, str], None]) -> None:
    watched, before = Watched(str(path)), path.stat()
    write(path, '{"icc": true}')
    write(path, json.dumps(BEFORE))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    alert = watched.changed(str(path))
    assert alert
    assert (alert.kind, alert.severity, alert.keys) == ("daemon_json_changed", "high", ())
    assert alert.detail == f"{path}: changed and changed back, or written anew as it was"
    assert watched.changed(str(path)) is None


def test_a_mode_that_was_changed_back(path: Path) -> None:
    watched = Watched(str(path))
    path.chmod(0o666)
    path.chmod(0o644)
    alert = watched.changed(str(path))
    assert alert
    assert "changed and changed back" in alert.detail


def test_truncated(path: Path) -> None:
    watched = Watched(str(path))
    rewritten(path, "")
    alert = watched.changed(str(path))
    assert alert
    assert alert.keys == ("icc", "log-opts", "registry-token")


def test_no_json_any_more(path: Path) -> None:
    watched = Watched(str(path))
    rewritten(path, '{"icc": tru')
    alert = watched.changed(str(path))
    assert alert
    assert "no JSON object now" in alert.detail


def test_mode(path: Path) -> None:
    watched = Watched(str(path))
    path.chmod(0o666)
    alert = watched.changed(str(path))
    assert alert
    assert alert.detail == f"{path}: mode 0644 became 0666"
    assert alert.keys == ()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_owner(path: Path) -> None:
    watched = Watched(str(path))
    os.chown(path, 65534, -1)
    alert = watched.changed(str(path))
    assert alert
    assert "owner root:" in alert.detail


def test_removed_and_created(path: Path) -> None:
    watched = Watched(str(path))
    path.unlink()
    gone = watched.changed(str(path))
    assert gone
    assert gone.detail.startswith(f"{path}: removed")
    assert watched.changed(str(path)) is None
    rewritten(path, '{"debug": true}')
    back = watched.changed(str(path))
    assert back
    assert back.detail == f"{path}: created; keys: debug"


def test_its_folder_vanishes_and_a_link_leads_elsewhere(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.json"
    link.symlink_to(path)
    watched = Watched(str(link))
    other = tmp_path / "other.json"
    other.write_text("{}", encoding="utf-8")
    link.unlink()
    link.symlink_to(other)
    alert = watched.changed(str(link))
    assert alert
    assert alert.keys == tuple(sorted(BEFORE))
    assert look(str(path / "below")).exists is False


def test_a_pipe_in_its_place_is_unseen_and_does_not_block(path: Path) -> None:
    watched = Watched(str(path))
    path.unlink()
    os.mkfifo(path)
    alert = watched.changed(str(path))
    assert alert
    assert (alert.kind, alert.severity) == ("unseen", "unknown")
    assert Watched(str(path)).error
    assert watched.changed(str(path)) is None
    path.unlink()
    path.mkdir()  # another error is no news
    assert watched.changed(str(path)) is None
    path.rmdir()
    rewritten(path, json.dumps({**BEFORE, "icc": True}))
    path.chmod(0o644)
    readable = watched.changed(str(path))
    assert readable
    assert (readable.kind, readable.severity) == ("daemon_json_changed", "high")
    assert readable.detail == f"{path}: content changed; keys: icc", "as to when it was readable last"
    assert watched.changed(str(path)) is None


def test_one_that_was_away_for_a_moment_is_as_it_was(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.json"
    link.symlink_to(path)
    watched = Watched(str(link))
    link.unlink()
    link.symlink_to(tmp_path)
    unseen = watched.changed(str(link))
    assert unseen
    assert unseen.kind == "unseen"
    link.unlink()
    link.symlink_to(path)
    again = watched.changed(str(link))
    assert again
    assert (again.severity, again.detail) == ("info", f"{link}: can be read again, and is as it was")


def test_one_that_could_not_be_read_at_the_beginning(path: Path) -> None:
    path.unlink()
    path.mkdir()
    watched = Watched(str(path))
    assert watched.error
    path.rmdir()
    rewritten(path, "{}")
    alert = watched.changed(str(path))
    assert alert
    assert (alert.severity, alert.keys) == ("high", ())
    assert "what was in it before is not known" in alert.detail
    assert watched.error == ""


def test_a_path_that_is_none_is_unseen() -> None:
    assert "null" in look("/etc/docker/\0").error


def test_the_engine_is_told_to_read_another(path: Path, tmp_path: Path) -> None:
    watched = Watched(str(path))
    other = str(tmp_path / "other.json")
    alert = watched.changed(other)
    assert alert
    assert alert.detail == f"the engine reads {other} now, and {path} no more"
    assert watched.changed(other) is None
    path.unlink()
    path.mkdir()
    back = watched.changed(str(path))
    assert back
    assert "can't be read: " in back.detail
    assert watched.error
