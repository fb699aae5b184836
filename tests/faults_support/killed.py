"""The controller is gone from one moment to the next: power, network, the terminal it ran in, SIGKILL."""

from __future__ import annotations

from faults_support.case import Case

CONTROLLER = "SIGKILL of ansible-playbook and its workers"
STOPPED = (
    "systemctl show --property ActiveState --value docker | grep -qE 'deactivating|inactive|^activating'"
)
WAITS = "the new configuration is there and not read yet; the next run has the engine read it"

CASES: tuple[Case, ...] = (
    Case(
        "killed-after-restore-point", CONTROLLER, "Keep its name",
        "as before; the next run takes over the lock of the process that is gone",
        ends="killed", config="old", says_again=("TAKEN OVER", "that process is gone"),
    ),
    Case(
        "killed-before-write", CONTROLLER, "Write the engine's configuration",
        "the old configuration; nothing was interrupted",
        ends="killed", config="old",
    ),
    Case("killed-after-write", CONTROLLER, "Write the engine's configuration", WAITS, ends="killed", config="new", moment="ends", long=False),
    Case("killed-before-restart", CONTROLLER, "Restart Docker", WAITS, ends="killed", config="new", suite="debian-12"),
    Case(
        "killed-before-filtered", CONTROLLER, "Restart Docker",
        "profile and configuration are there and not read yet; the next run has the engine read them",
        ends="killed", config="new", roles=("docker_seccomp",), twice=True, long=False,
    ),
    Case(
        "killed-while-engine-stops", f"{CONTROLLER}, while the engine is down", "Restart Docker",
        "the new configuration in force: the host ends what was begun; containers without a restart policy wait for the next run",
        ends="killed", config="new", until=STOPPED, live_restore=False, down=("batch",), long=False,
    ),
    Case(
        "killed-after-restart", CONTROLLER, "Restart Docker",
        "the new configuration in force; containers without a restart policy wait for the next run, which knows them from a note",
        ends="killed", config="new", moment="ends", live_restore=False, down=("batch",), suite="debian-12", twice=True,
    ),
    Case(
        "killed-before-proved", CONTROLLER, "Keep the configuration that the engine has started with",
        "the new configuration in force, containers kept running",
        ends="killed", config="new", twice=True,
    ),
    Case(
        "killed-at-sysctl", CONTROLLER, "Keep the parameters for the next boot",
        "the kernel has the parameters, the file for the next boot is not there yet; the next run writes it",
        ends="killed", config="old", roles=("docker_host",),
    ),
    Case(
        "killed-at-drop-in", CONTROLLER, "Have systemd read it",
        "the limits are written and not read yet; the next run has them read and restarts the engine",
        ends="killed", config="old", roles=("docker_host",), twice=True,
    ),
    Case(
        "killed-at-policy", CONTROLLER, "Load it",
        "the policy is written whole and not loaded yet; the next run loads it",
        ends="killed", config="new", roles=("docker_network",), twice=True,
    ),
    Case(
        "killed-at-new-policy", CONTROLLER, "Load it",
        "the new policy is written whole, the old one is in force; the next run loads the new one",
        ends="killed", config="old", roles=("docker_network",), prior={},
        variables_always={"docker_network_blocked_destinations": ["169.254.169.254/32", "192.0.2.0/24"]},
    ),
    Case(
        "killed-at-audit-rules", CONTROLLER, "Compile all rules on disk",
        "the rules are written and not compiled yet; the next run does that",
        ends="killed", config="old", roles=("docker_auditd",), twice=True, long=False,
    ),
)  # fmt: skip
