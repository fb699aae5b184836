"""The journal's native protocol: decoded as systemd does, no field that an alert did not have."""

from __future__ import annotations

import socket
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hullguard.errors import HullguardError
from hullguard.watch import alerts, sinks
from hullguard.watch.alerts import Alert, Broken, Named
from hullguard.watch.journal import Journal, datagram, field, tell_systemd

ALERT = Alert(
    alerts.ENGINE_SOCKET_MOUNTED, "critical", "started", Named("a" * 64, "ci", "runner:1"),
    (Broken("engine_socket_mounted", "critical", "/run/docker.sock"), Broken("seccomp", "high", "unconfined")), ("icc",),
)  # fmt: skip


def decoded(data: bytes) -> list[tuple[str, str]]:
    found = []
    while data:
        name, _, data = data.partition(b"\n")
        assert b"=" not in name  # the form without a length
        (size,) = struct.unpack("<Q", data[:8])
        assert data[8 + size : 9 + size] == b"\n"
        found.append((name.decode("ascii"), data[8 : 8 + size].decode()))
        data = data[9 + size :]
    return found


def test_fields() -> None:
    found = decoded(datagram(ALERT))
    assert [value for name, value in found if name == "HULLGUARD_CONTROL"] == [
        "engine_socket_mounted",
        "seccomp",
    ]
    assert dict(found) | {"HULLGUARD_CONTROL": ""} == {
        "MESSAGE": ALERT.line(), "PRIORITY": "2", "SYSLOG_IDENTIFIER": "hullguard-watch",
        "HULLGUARD_KIND": "engine_socket_mounted", "HULLGUARD_SEVERITY": "critical", "HULLGUARD_CONTROL": "",
        "HULLGUARD_KEY": "icc", "CONTAINER_NAME": "ci", "CONTAINER_ID": "a" * 12, "CONTAINER_ID_FULL": "a" * 64,
        "IMAGE_NAME": "runner:1",
    }  # fmt: skip


@given(st.text())
def test_no_text_begins_a_field_of_its_own(text: str) -> None:
    assert decoded(field("CONTAINER_NAME", text) + field("PRIORITY", "6")) == [
        ("CONTAINER_NAME", text.encode("utf-8", "replace").decode()),
        ("PRIORITY", "6"),
    ]


@given(st.text(), st.text())
def test_names_of_a_hostile_container_stay_in_their_fields(name: str, reason: str) -> None:
    one = Alert(
        alerts.CONTROL_BROKEN,
        "high",
        reason,
        Named(name, name + "\nPRIORITY=7\n", reason),
        (Broken("seccomp", "high", reason),),
    )
    names = [key for key, _ in decoded(datagram(one))]
    assert len(names) == len(set(names)) == 10
    assert all(value.isprintable() for _, value in decoded(datagram(one)))


def receiver(path: Path) -> socket.socket:
    found = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    found.bind(str(path))
    found.settimeout(5)
    return found


def test_a_journal_that_restarts_gets_the_next_alert(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with receiver(path) as first:
        journal = Journal(str(path))
        journal.send(ALERT)
        assert first.recv(1 << 16) == datagram(ALERT)
    path.unlink()
    with receiver(path) as second:
        journal.send(ALERT)
        assert second.recv(1 << 16) == datagram(ALERT)
    journal.close()


def test_what_the_journal_does_not_take_is_printed(tmp_path: Path) -> None:
    path, printed = tmp_path / "socket", []
    with receiver(path):
        sink = sinks.as_journal(Journal(str(path)), printed.append)
    path.unlink()
    sink(ALERT)
    assert printed == [ALERT]


def test_no_journal_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(HullguardError, match="Leave the option out"):
        Journal(str(tmp_path / "none"))


def test_systemd_is_told_where_it_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "notify"
    tell_systemd("READY")  # nobody asked
    with receiver(path) as listening:
        monkeypatch.setenv("NOTIFY_SOCKET", str(path))
        tell_systemd("READY")
        assert listening.recv(100) == b"READY=1\n"
    tell_systemd("STOPPING")  # nobody listens any more
