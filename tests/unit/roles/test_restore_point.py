"""Restore points of made-up hosts: folders below a temporary one, and nothing of the machine."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

FILES = Path(__file__).parents[3] / "roles/_restore_point/files"
sys.path.insert(0, str(FILES))

from restore_point import accounts, back, differences, files, packages, points, running, verbs  # noqa: E402
from restore_point.base import Refused  # noqa: E402


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A host's root: what runs on the machine is not looked at, and its systemd is told nothing."""
    monkeypatch.setattr(accounts, "ETC", str(tmp_path / "etc"))
    monkeypatch.setattr(back, "DUE", str(tmp_path / "run/restart-due"))
    monkeypatch.setattr(back, "must", lambda *command: "")
    monkeypatch.setattr(packages, "packages", dict)
    (tmp_path / "etc/docker").mkdir(parents=True)
    return tmp_path


def plan(host: Path, **parts: Any) -> dict[str, Any]:
    """Return what a role says, with paths of this host."""
    placed = {
        part: [f"{host}{value}" for value in given]
        if part in ("files", "engine_files", "attributes")
        else given
        for part, given in parts.items()
    }
    return {"role": placed}


def taken(host: Path, **parts: Any) -> str:
    """Take a point, and return its name."""
    return str(points.take({"plan": plan(host, **parts)}, folder(host))["name"])


def folder(host: Path) -> str:
    return str(host / "points")


def ask(host: Path, verb: str, name: str = "last", **more: Any) -> dict[str, Any]:
    return verbs.answer({"verb": verb, "name": name, "folder": folder(host), **more})


def listing(host: Path) -> Mapping[str, Any]:
    """Return every path of the host but its restore points."""
    return {
        path: files.entry(path)
        for path in files.below(str(host / "etc"), [])
    }  # fmt: skip


def test_files_come_back_byte_for_byte_with_their_modes(host: Path) -> None:
    daemon = host / "etc/docker/daemon.json"
    daemon.write_bytes(b'{"debug": true}\xff')
    daemon.chmod(0o640)
    before = listing(host)
    taken(host, engine_files=["/etc/docker/daemon.json"])
    daemon.write_text("{}")
    daemon.chmod(0o600)
    found = ask(host, "compare")
    assert [one["name"] for one in found["differences"]] == [str(daemon)]
    assert found["restarts"] == [f"{daemon} differs"]
    ask(host, "back")
    assert listing(host) == before
    assert ask(host, "compare")["differences"] == []


def test_what_was_made_since_goes_with_the_folders_that_were_made_for_it(host: Path) -> None:
    before = listing(host)
    taken(host, files=["/etc/systemd/system/docker.service.d/zz-*.conf", "/etc/hullguard/policy"])
    (host / "etc/systemd/system/docker.service.d").mkdir(parents=True)
    (host / "etc/systemd/system/docker.service.d/zz-ours.conf").write_text("[Service]\n")
    (host / "etc/hullguard/policy").mkdir(parents=True)
    (host / "etc/hullguard/policy/rules").write_text("drop\n")
    ask(host, "back")
    assert listing(host) == before


def test_what_others_made_beside_it_stays(host: Path) -> None:
    taken(host, files=["/etc/systemd/system/docker.service.d/zz-*.conf"])
    drop_ins = host / "etc/systemd/system/docker.service.d"
    drop_ins.mkdir(parents=True)
    (drop_ins / "zz-ours.conf").write_text("[Service]\n")
    (drop_ins / "theirs.conf").write_text("[Service]\n")
    ask(host, "back")
    assert [path.name for path in drop_ins.iterdir()] == ["theirs.conf"]
    assert ask(host, "compare")["differences"] == []


def test_a_link_stays_a_link_and_its_target_gets_its_content(host: Path) -> None:
    (host / "etc/shared.json").write_text("{}")
    (host / "etc/docker/daemon.json").symlink_to("../shared.json")
    before = listing(host)
    taken(host, engine_files=["/etc/docker/daemon.json"])
    (host / "etc/shared.json").write_text('{"icc": false}')
    (host / "etc/docker/daemon.json").unlink()
    (host / "etc/docker/daemon.json").write_text("something else")
    ask(host, "back")
    assert listing(host) == before


def test_owner_and_mode_alone_come_back_where_only_these_are_a_roles(host: Path) -> None:
    socket = host / "etc/docker/docker.sock"
    socket.write_text("")
    socket.chmod(0o666)
    taken(host, attributes=["/etc/docker/docker.sock"])
    socket.chmod(0o660)
    socket.write_text("its content is nobody's business")
    ask(host, "back")
    assert stat.S_IMODE(socket.stat().st_mode) == 0o666
    assert socket.read_text() != ""


def test_a_point_is_for_root_alone_and_leaves_no_half_behind(host: Path) -> None:
    (host / "etc/docker/key.pem").write_text("key")
    name = taken(host, files=["/etc/docker/key.pem"])
    for path in files.below(folder(host), []):
        assert stat.S_IMODE(os.lstat(path).st_mode) & 0o077 == 0, path
    (host / "points/.20200101T000000Z.new").mkdir()
    second = taken(host, files=["/etc/docker/key.pem"])
    assert {path.name for path in (host / "points").iterdir()} == {name, second}


def test_a_full_disk_is_told_and_leaves_nothing(host: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (host / "etc/docker/daemon.json").write_text("{}")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "copy", full)
    with pytest.raises(Refused, match=r"No space left on device. Nothing was changed"):
        taken(host, files=["/etc/docker/daemon.json"])
    assert list((host / "points").iterdir()) == []


def test_a_damaged_point_is_refused_before_anything_changes(host: Path) -> None:
    daemon = host / "etc/docker/daemon.json"
    daemon.write_text("{}")
    name = taken(host, files=["/etc/docker/daemon.json"])
    daemon.write_text("new")
    (host / "points" / name / "files/0000").write_text("{ }")
    with pytest.raises(Refused, match="damaged"):
        ask(host, "back")
    assert daemon.read_text() == "new"


def test_an_unknown_name_is_answered_with_those_there_are(host: Path) -> None:
    with pytest.raises(Refused, match="There is no restore point here"):
        ask(host, "compare")
    name = taken(host, files=["/etc/docker"])
    with pytest.raises(Refused, match=f"no restore point nonsense here. There are: {name}"):
        ask(host, "compare", "nonsense")
    with pytest.raises(Refused, match=r"no restore point \.\./\.\. here"):
        ask(host, "back", "../..")


def test_last_is_the_newest_that_no_rollback_has_made(host: Path) -> None:
    first = taken(host, files=["/etc/docker"])
    points.take({"like": first, "for": "rollback"}, folder(host))
    assert ask(host, "compare")["name"] == first


def test_points_that_equal_the_host_are_dropped_and_the_original_outlives_the_others(host: Path) -> None:
    daemon = host / "etc/docker/daemon.json"
    names = []
    for number in range(5):
        daemon.write_text(str(number))
        names.append(taken(host, files=["/etc/docker/daemon.json"]))
    same = ask(host, "finish", names[-1], keep=2)
    assert not same["kept"]
    assert same["points"] == [names[0], names[2], names[3]]
    daemon.write_text("another")
    assert ask(host, "finish", names[3], keep=1)["points"] == [names[0], names[3]]
    assert [one["original"] for one in ask(host, "list")["points"]] == [True, False]


def test_lines_of_accounts_come_back_and_those_of_others_stay(host: Path) -> None:
    (host / "etc/group").write_text("root:x:0:\ndocker:x:999:eve\nusers:x:100:\n")
    (host / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\n")
    taken(host, groups=["docker"], accounts=["dockremap"])
    (host / "etc/group").write_text("root:x:0:\ndocker:x:999:\nusers:x:100:new\ndockremap:x:998:\n")
    (host / "etc/passwd").write_text("root:x:0:0::/root:/bin/bash\ndockremap:x:998:998::/:/bin/false\n")
    (host / "etc/subuid").write_text("dockremap:100000:65536\n")
    ask(host, "back")
    assert (host / "etc/group").read_text() == "root:x:0:\ndocker:x:999:eve\nusers:x:100:new\n"
    assert (host / "etc/passwd").read_text() == "root:x:0:0::/root:/bin/bash\n"
    assert not (host / "etc/subuid").exists()
    assert ask(host, "compare")["differences"] == []


def test_nobody_reads_a_password_in_a_difference(host: Path) -> None:
    (host / "etc/shadow").write_text("dockremap:$6$secret:1::::::\n")
    taken(host, accounts=["dockremap"])
    (host / "etc/shadow").write_text("dockremap:!:1::::::\n")
    assert "$6$" not in json.dumps(ask(host, "compare"))


def test_texts_are_shown_as_differences_unless_they_hold_secrets(host: Path) -> None:
    shown, mode, secret = (host / "etc/docker" / name for name in ("shown", "mode", "secret"))
    for path in (shown, mode, secret):
        path.write_text("before\n")
    mode.chmod(0o600)
    taken(host, files=["/etc/docker"])
    shown.write_text("after\n")
    mode.write_text("quiet\n")
    secret.write_text("password: hunter2\n")
    text = "\n".join(ask(host, "compare", diff=True)["diff"])
    assert "-after" in text
    assert "+before" in text
    assert "quiet" not in text
    assert "hunter2" not in text


def test_a_way_back_that_broke_off_still_asks_for_the_restart(host: Path) -> None:
    daemon = host / "etc/docker/daemon.json"
    daemon.write_text("{}")
    taken(host, engine_files=["/etc/docker/daemon.json"])
    daemon.write_text("new")
    ask(host, "back", restart=True)
    found = ask(host, "compare")
    assert found["differences"] == []
    assert found["restarts"] == ["an earlier rollback broke off before it"]
    ask(host, "proved")
    assert ask(host, "compare")["restarts"] == []


def test_what_a_role_says_wrongly_is_refused_by_its_name() -> None:
    with pytest.raises(Refused, match="No role has said"):
        points.merged({})
    with pytest.raises(Refused, match="docker_x says file"):
        points.merged({"docker_x": {"file": []}})
    with pytest.raises(Refused, match="docker_x says units"):
        points.merged({"docker_x": {"units": "docker.service"}})


def test_a_mount_brings_its_unit_along() -> None:
    found = points.merged({"docker_x": {"mounts": ["/run/hullguard-secrets"]}})
    assert "/etc/systemd/system/run-hullguard\\x2dsecrets.mount" in found["files"]


@pytest.mark.parametrize(
    ("path", "unit"),
    [("/run/a", "run-a.mount"), ("/run/a-b/c", "run-a\\x2db-c.mount"), ("/dev/shm/", "dev-shm.mount")],
)
def test_mount_units_have_systemds_names(path: str, unit: str) -> None:
    assert running.mount_unit(path) == unit


HAD = {"docker.io": ["20", "installed", "install"], "old": ["1", "config-files", "deinstall"]}
HAS = {
    "docker.io": ["26", "installed", "hold"],
    "containerd": ["1", "installed", "install"],
    "auditd": ["4", "installed", "install"],
    "old": ["1", "installed", "install"],
}


def test_an_engine_is_never_among_the_packages_that_go() -> None:
    assert packages.newcomers(HAD, HAS, ["auditd", "containerd", "docker.io", "old", "none"]) == [
        "auditd",
        "old",
    ]
    said = packages.kept(HAD, HAS, ["auditd"])
    assert said[0].startswith("containerd 1 was installed since and stays")
    assert said[1] == "docker.io is 26 and was 20: packages are never downgraded."


# {package: those that need it}, by which apt reckons.
NEEDED_BY = {"uidmap": ["rootlesskit"], "rootlesskit": ["theirs"], "auditd": [], "lib": []}


def apt(*command: str) -> str:
    """Answer as apt-get does when it is only asked."""
    going, todo = [], list(command[command.index("purge") + 1 :])
    while todo:
        going.append(todo.pop())
        todo += NEEDED_BY.get(going[-1], [])
    going += ["lib"] if "--auto-remove" in command else []
    return "Reading state information...\n" + "".join(f"Purg {name} [1.0]\n" for name in going)


def test_packages_that_came_go_with_what_came_along_and_needed_ones_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[str, ...]] = []

    def must(*command: str) -> str:
        asked.append(command)
        return apt(*command)

    monkeypatch.setattr(packages, "must", must)
    monkeypatch.setattr(packages, "run", lambda *_: (0, "", ""))
    there = ["1.0", "installed", "install"]
    then = {"theirs": there}
    now = dict.fromkeys(["theirs", "uidmap", "rootlesskit", "auditd", "lib"], there)
    said = packages.remove(then, now, ["auditd", "rootlesskit", "uidmap"])
    assert said == [
        "rootlesskit was installed since and stays: theirs needs it.",
        "uidmap was installed since and stays: theirs needs it.",
    ]
    assert asked[-1][-3:] == ("purge", "auditd", "lib")


def state(**parts: Any) -> dict[str, Any]:
    """Return a host on which nothing is."""
    empty: dict[str, Any] = {
        part: {} for part in ("paths", "folders", "attributes", "accounts", "units", "user_units")
    }
    rest = {
        "sysctls": {},
        "audit": None,
        "apparmor": None,
        "packet_filter": [],
        "hairpins": [],
        "packages": {},
        "engine": {},
    }
    return {**empty, **rest, **parts}


@pytest.mark.parametrize(
    ("then", "now", "expected"),
    [
        (
            {"units": {"a.timer": {"active": False}}},
            {"units": {"a.timer": {"active": True}}},
            ["unit a.timer"],
        ),
        ({"sysctls": {"net/x": "0"}}, {"sysctls": {"net/x": "1", "net/new": "1"}}, ["sysctl net/x"]),
        ({"audit": None}, {"audit": {"rules": ["-w /x"], "status": {}}}, []),
        (
            {"audit": {"rules": [], "status": {}}},
            {"audit": {"rules": ["-w /x"], "status": {}}},
            ["audit rules"],
        ),
        ({"apparmor": {}}, {"apparmor": {"p": {"p": "enforce"}}}, ["AppArmor profile p"]),
        ({"apparmor": {}}, {"apparmor": {"p": {"p": ""}}}, []),
        (
            {"packet_filter": []},
            {"packet_filter": ["-N HULLGUARD"]},
            ["packet filter rules of docker_network"],
        ),
        (
            {"hairpins": ["iptables a"]},
            {"hairpins": ["iptables a", "iptables b"]},
            ["packet filter rules of the engine for published ports"],
        ),
        ({"hairpins": ["iptables a"]}, {"hairpins": []}, []),
        ({"packages": HAD}, {"packages": HAS}, ["package auditd", "hold docker.io"]),
        ({"engine": {"info": {"Debug": False}}}, {"engine": {"info": {"Debug": True}}}, ["engine Debug"]),
        ({"engine": {"info": {"Debug": False}}}, {"engine": {}}, []),
        ({"engine": {"networks": {}}}, {"engine": {"networks": {"app": {}}}}, ["network app"]),
    ],
)
def test_every_kind_of_difference_is_named(
    then: dict[str, Any], now: dict[str, Any], expected: list[str]
) -> None:
    asked = points.merged({"docker_x": {"packages": ["auditd"], "holds": ["docker.io", "none"]}})
    found = differences.differences({"plan": asked, "state": state(**then)}, state(**now))
    assert [f"{one['kind']} {one['name']}" for one in found] == expected


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a way back tells the machine's programs, which are not called."""
    commands: list[str] = []

    def must(*command: str) -> str:
        if command[0] == "auditctl" and command[1] == "-R":
            commands.append(Path(command[2]).read_text(encoding="utf-8"))
        else:
            commands.append(" ".join(command))
        return ""

    monkeypatch.setattr(back, "must", must)
    return commands


def unit(enabled: str = "", *, active: bool = False) -> dict[str, Any]:
    return {"enabled": enabled, "active": active}


def test_units_that_came_are_disabled_and_stopped_and_the_others_left_alone(told: list[str]) -> None:
    then = state(units={"ours.timer": unit(), "theirs.service": unit("enabled", active=True)})
    now = state(
        units={"ours.timer": unit("enabled", active=True), "theirs.service": unit("enabled", active=True)}
    )
    back.quiet(then, now)
    assert told == ["systemctl disable -- ours.timer", "systemctl stop -- ours.timer"]


def test_units_that_were_there_are_enabled_and_started_again(
    told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {
        "was.service": unit("enabled", active=True),
        "masked.service": unit("masked"),
        "same.service": unit(),
    }
    monkeypatch.setattr(running, "units", lambda *_: {name: unit() for name in names})
    back.wake(state(units=names), set())
    assert told == [
        "systemctl enable -- was.service",
        "systemctl start -- was.service",
        "systemctl mask -- masked.service",
    ]


def test_a_unit_whose_files_were_others_starts_anew(told: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    runs = {"a.service": unit("enabled", active=True), "b.service": unit("enabled", active=True)}
    monkeypatch.setattr(running, "units", lambda *_: runs)
    back.wake(state(units=runs), {"/etc/systemd/system/a.service.d/ours.conf"})
    assert told == ["systemctl restart -- a.service"]


def rules(*lines: str, enabled: str = "1") -> dict[str, Any]:
    return {"rules": list(lines), "status": {"enabled": enabled, "failure": "1", "backlog_limit": "8192"}}


def test_audit_rules_are_loaded_as_they_were(told: list[str]) -> None:
    back.put_audit(rules("-w /etc/docker -p wa -k docker"), rules("-w /x -p r"))
    assert told == ["-D\n-b 8192\n-f 1\n-w /etc/docker -p wa -k docker\n", "auditctl -e 1"]


@pytest.mark.parametrize(
    ("then", "now"),
    [(None, rules()), (rules(), None), (rules(), rules()), (rules(), rules("-w /x -p r", enabled="2"))],
)
def test_audit_rules_that_are_unseen_alike_or_immutable_are_left(
    told: list[str], then: dict[str, Any] | None, now: dict[str, Any] | None
) -> None:
    back.put_audit(then, now)
    assert told == []


def test_immutable_audit_rules_are_said_to_stay_and_are_no_difference(
    host: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "audit", rules)
    taken(host, audit=True)
    monkeypatch.setattr(running, "audit", lambda: rules("-w /x -p r", enabled="2"))
    found = ask(host, "compare")
    assert found["differences"] == []
    assert found["stays"] == [
        "Audit rules are immutable now (-e 2): their files go back, the rules with the next boot."
    ]


def test_apparmor_profiles_are_unloaded_or_loaded_by_what_the_kernel_had(told: list[str]) -> None:
    then = {"changed": {"p": "enforce"}, "same": {"q": "enforce"}, "file-only": {"r": ""}}
    now = {
        "changed": {"p": "enforce"},
        "same": {"q": "enforce"},
        "came": {"s": "enforce"},
        "file-only": {"r": ""},
    }
    back.unload_profiles(then, now)
    back.load_profiles(then, now, {"/etc/apparmor.d/changed", "/etc/apparmor.d/file-only"})
    assert told == [
        "apparmor_parser --remove /etc/apparmor.d/came",
        "apparmor_parser --replace --write-cache /etc/apparmor.d/changed",
    ]


def test_rules_that_an_old_engine_leaves_behind_go(host: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(back, "must", lambda *command: told.append(" ".join(command)) or "")
    monkeypatch.setattr(running, "hairpins", list)
    taken(host, files=["/etc/docker"])
    rule = "-A POSTROUTING -o docker0 -m addrtype --src-type LOCAL -j MASQUERADE"
    monkeypatch.setattr(running, "hairpins", lambda: [f"iptables {rule}"])
    ask(host, "back")
    assert f"iptables -w -t nat {rule.replace('-A', '-D')}" in told


def test_nothing_is_claimed_of_an_apparmor_that_was_not_seen(told: list[str]) -> None:
    back.unload_profiles(None, {"came": {"s": "enforce"}})
    back.load_profiles({"was": {"s": "enforce"}}, None, set())
    assert told == []


def test_an_engine_that_answered_then_and_does_not_now_starts_anew(host: Path) -> None:
    points.take(
        {"plan": plan(host, files=["/etc/docker"]), "engine": {"info": {"Debug": False}}}, folder(host)
    )
    assert ask(host, "compare")["restarts"] == ["the engine answered then, and does not now"]
    assert ask(host, "compare", engine={"info": {"Debug": False}})["restarts"] == []
