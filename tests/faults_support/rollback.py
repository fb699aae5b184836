"""The way back is struck as well: `old` is the hardened host here, `new` is what it was before."""

from __future__ import annotations

from faults_support.administrator import SECOND, UNKNOWN
from faults_support.case import Case
from faults_support.disk import full, room, small
from faults_support.engine import ENGINE, KILL, STARTING
from faults_support.killed import CONTROLLER, STOPPED

BRING = "Bring it back"
HALF_WAY = "the host is hardened still; the next run goes back"

CASES: tuple[Case, ...] = (
    Case(
        "rollback-killed-before-change", CONTROLLER, BRING, HALF_WAY,
        ends="killed", config="old", playbook="rollback", prior={}, says_again=("TAKEN OVER",),
    ),
    Case(
        "rollback-killed-before-restart", CONTROLLER, "Restart Docker",
        "the files are back, the engine has not read them yet; the next run has it read them",
        ends="killed", config="new", playbook="rollback", prior={}, twice=True, long=False,
    ),
    Case(
        "rollback-killed-while-engine-stops", f"{CONTROLLER}, while the engine is down", "Restart Docker",
        "everything is back: the host ends what was begun",
        ends="killed", config="new", until=STOPPED, playbook="rollback", prior={}, suite="debian-12", long=False,
    ),
    Case(
        "rollback-engine-killed", ENGINE, BRING, "systemd starts it again; the run goes on to its end",
        ends="passed", config="new", do=KILL, playbook="rollback", prior={},
    ),
    Case(
        "rollback-engine-killed-while-starting", f"{ENGINE} while it starts with the old configuration", "Restart Docker",
        "the start has failed, so the host is hardened again",
        ends="failed", config="old", until=STARTING, do=KILL, playbook="rollback", prior={},
        says=("The host is as it was before the rollback, its engine and its containers run", "Restart Docker"),
    ),
    Case(
        "rollback-edited-wrongly", f"{SECOND} so that the engine does not start", "Restart Docker",
        "the host is hardened again; their file is kept in /run/hullguard",
        ends="failed", config="old", do=UNKNOWN, playbook="rollback", prior={},
        says=("The host is as it was before the rollback, its engine and its containers run", "/run/hullguard/daemon.json.refused"),
        then="grep -q no-such-option /run/hullguard/daemon.json.refused",
    ),
    Case(
        "rollback-full-etc", "Disk full on /etc", BRING, "the run says so, and the host is hardened still",
        ends="failed", config="old", setup=small("/etc", "etc", 16384), do=full("etc"), undo=room("etc"),
        playbook="rollback", prior={}, says=("No space left on device",),
    ),
    Case(
        "rollback-full-data-root", "Disk full on the data-root", "Say what differs from the restore point",
        "the run refuses to restart an engine that would lose its containers, and the host is hardened still",
        ends="failed", config="old", setup=small("/var/lib/docker", "data", 65536), do=full("data"), undo=room("data"),
        playbook="rollback", prior={}, says=("is full", "loses track of its containers. Nothing was changed"),
    ),
    Case(
        "rollback-read-only", "Read-only /etc/docker", BRING, "the run says so, and the host is hardened still",
        ends="failed", config="old", do="mount --bind /etc/docker /etc/docker && mount -o remount,ro,bind /etc/docker",
        undo="umount /etc/docker", playbook="rollback", prior={}, says=("Read-only file system",), long=False,
    ),
    Case(
        "rollback-second-run", "harden.yml while rollback.yml is at work", BRING,
        "harden.yml says who is at work, and changes nothing; the rollback goes on to its end",
        ends="passed", config="new", playbook="rollback", prior={}, beside_playbook="harden",
        beside=("Another run is at work on", "rollback.yml as process", "Nothing was changed"),
    ),
)  # fmt: skip
