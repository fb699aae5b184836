"""The engine dies, or does not start with what it is given."""

from __future__ import annotations

from faults_support.case import Case

ENGINE = "SIGKILL of dockerd"
KILL = "kill -9 $(pidof dockerd)"
STARTING = (
    "systemctl show --property ActiveState --value docker | grep -qx activating && pidof dockerd >/dev/null"
)
BACK = "The previous configuration is in place again, the engine and its containers run as before"
RETURNS = "the role goes back and says the engine's own words"
TAKE_PORT = (
    "systemd-run --quiet --unit port-taken python3 -m http.server 9323 --bind 127.0.0.1\n"
    "until ss -Hltn | grep -q 127.0.0.1:9323; do sleep 0.1; done"
)

CASES: tuple[Case, ...] = (
    Case(
        "engine-killed-before-write", ENGINE, "Write the engine's configuration",
        "systemd starts it again; the run goes on to its end",
        ends="passed", config="new", do=KILL,
    ),
    Case(
        "engine-killed-before-restart", ENGINE, "Restart Docker",
        "systemd starts it again; the run goes on to its end, containers without a restart policy are started from the note",
        ends="passed", config="new", do=KILL, live_restore=False, suite="debian-12", long=False,
    ),
    Case(
        "engine-killed-while-starting", f"{ENGINE} while it starts with the new configuration", "Restart Docker",
        "the start has failed, so the role goes back to the old configuration",
        ends="failed", config="old", until=STARTING, do=KILL, says=(BACK, "Restart Docker"),
    ),
    Case(
        "engine-killed-while-starting-filtered", f"{ENGINE} while it starts with another system call filter", "Restart Docker",
        "the start has failed, so the role goes back; the engine's own filter is in force",
        ends="failed", config="old", until=STARTING, do=KILL, roles=("docker_seccomp",), says=(BACK, "Restart Docker"),
        then="docker info --format '{{.SecurityOptions}}' | grep -q profile=builtin",
    ),
    Case(
        "engine-killed-after-restart", ENGINE, "See which containers are back",
        "systemd starts it again; the run waits for it and goes on to its end",
        ends="passed", config="new", do=KILL, long=False,
    ),
    Case(
        "engine-killed-at-networks", ENGINE, "Create networks that are missing",
        "systemd starts it again; the run waits for it and makes the network",
        ends="passed", config="new", do=KILL, roles=("docker_network",), twice=True,
        variables_always={"docker_network_networks": [{"name": "backend"}]},
    ),
    Case(
        "refused-seccomp", "A seccomp profile that does not exist", "Restart Docker", RETURNS,
        ends="failed", config="old", do="true", says=(BACK, "/nonexistent.json", "daemon.json.refused"),
        variables={"docker_daemon_settings": {"seccomp-profile": "/nonexistent.json"}}, long=False,
    ),
    Case(
        "refused-port", "A port that is taken", "Restart Docker", RETURNS,
        ends="failed", config="old", do=TAKE_PORT, undo="systemctl stop port-taken", says=(BACK, "127.0.0.1:9323"),
        variables={"docker_daemon_settings": {"metrics-addr": "127.0.0.1:9323"}},
    ),
    Case(
        "refused-remap-user", "A remap user that is gone", "Restart Docker", RETURNS,
        ends="failed", config="old", do="userdel ghost", setup="useradd --no-create-home ghost", says=(BACK, "ghost"),
        variables={"docker_daemon_settings": {"userns-remap": "ghost"}},
    ),
    Case(
        "refused-without-live-restore", "A seccomp profile that does not exist", "Restart Docker",
        "the role goes back; containers without a restart policy are started again",
        ends="failed", config="old", do="true", says=(BACK, "/nonexistent.json"), live_restore=False, suite="debian-12",
        variables={"docker_daemon_settings": {"seccomp-profile": "/nonexistent.json"}},
    ),
    Case(
        "refused-and-killed", "SIGKILL of ansible-playbook while the engine does not start", "Read the engine's own words",
        "the host itself goes back to the old configuration",
        ends="killed", config="old",
        variables={"docker_daemon_settings": {"seccomp-profile": "/nonexistent.json"}, "__daemon_json_guard_seconds": 20},
    ),
)  # fmt: skip
