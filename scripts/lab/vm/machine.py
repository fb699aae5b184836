"""One running machine: QEMU as a process with a pid file, reached over SSH on loopback."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from lab import LabError, say
from lab.vm import qmp
from lab.vm.image import Image

MEMORY, PROCESSORS = 2048, 2  # MiB
BOOT_SECONDS = 300
# Without the limit audit records are lost while the machine boots; a panic ends it at once.
KERNEL = (
    "root=/dev/vda rw console=ttyS0 apparmor=1 security=apparmor audit=1 audit_backlog_limit=8192 panic=-1"
)
READY = "systemctl is-system-running --wait; systemctl is-active docker auditd && docker version"


@dataclass(frozen=True, slots=True)
class Machine:
    """Its folder holds disks, QEMU's pid, socket and console. `port` of 127.0.0.1 leads to its SSH."""

    name: str
    suite: str
    folder: Path
    port: int
    key: Path

    @property
    def pid(self) -> int | None:
        """The process id of its QEMU; None when it does not run."""
        try:
            number = int((self.folder / "pid").read_text(encoding="ascii"))
            command = Path(f"/proc/{number}/cmdline").read_bytes()
        except (OSError, ValueError):
            return None
        # A number can be somebody else's by now.
        return number if str(self.folder).encode() in command else None

    @property
    def monitor(self) -> Path:
        """QEMU's socket."""
        return self.folder / "qmp"

    def ssh(self) -> list[str]:
        """Return the command that leads in, without the user's own settings and known hosts."""
        return ["ssh", "-F", "none", "-i", str(self.key), "-p", str(self.port), *SSH, "root@127.0.0.1"]

    def run(self, command: str, *, seconds: float = 300) -> tuple[int, str]:
        """Return exit code and output of a shell command; 255 when SSH itself fails."""
        try:
            done = subprocess.run(
                [*self.ssh(), command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return 255, f"no answer within {seconds:.0f} s"
        return done.returncode, done.stdout


SSH = [
    word
    for option in (
        "StrictHostKeyChecking=no",
        "UserKnownHostsFile=/dev/null",
        "IdentitiesOnly=yes",
        "LogLevel=ERROR",
        "ConnectTimeout=10",
        "ServerAliveInterval=15",
        "ServerAliveCountMax=8",
    )
    for word in ("-o", option)
]


def start(
    image: Image, folder: Path, name: str, accelerator: str, *, snapshot: str = "", reboots: bool = True
) -> Machine:
    """Start QEMU on the disks in a folder; return without waiting for the guest. Raises LabError."""
    machine = Machine(name, image.suite, folder, _free_port(), image.key)
    state = {**asdict(machine), "folder": str(folder), "key": str(image.key)}
    (folder / "machine.json").write_text(json.dumps(state), encoding="utf-8")
    command = [
        *("qemu-system-x86_64", "-name", name, "-M", "q35", "-accel", accelerator, "-cpu", "max"),
        *("-m", str(MEMORY), "-smp", str(PROCESSORS), "-nodefaults", "-display", "none"),
        *("-kernel", str(image.kernel), "-initrd", str(image.initrd), "-append", KERNEL),
        *("-serial", f"file:{folder / 'console'}", "-qmp", f"unix:{machine.monitor},server=on,wait=off"),
        *("-drive", f"file={folder / 'root.qcow2'},if=virtio,cache=unsafe"),
        *("-drive", f"file={folder / 'data.qcow2'},if=virtio,cache=unsafe"),
        *(
            "-netdev",
            f"user,id=net,hostfwd=tcp:127.0.0.1:{machine.port}-:22",
            "-device",
            "virtio-net-pci,netdev=net",
        ),
        *("-device", "virtio-rng-pci", "-pidfile", str(folder / "pid"), "-daemonize"),
        *(() if reboots else ("-no-reboot",)),
        *(("-loadvm", snapshot) if snapshot else ()),
    ]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode != 0:
        raise LabError(f"QEMU did not start {name}: {done.stderr.strip()[-1000:]}")
    return machine


def wait(machine: Machine, *, seconds: float = BOOT_SECONDS, command: str = READY) -> None:
    """Wait until a command succeeds in the guest. Raises LabError with the console's end."""
    deadline = time.monotonic() + seconds
    said = ""
    while time.monotonic() < deadline:
        if machine.pid is None:
            raise LabError(
                f"{machine.name} stopped while booting; the end of its console:\n{console(machine)}"
            )
        code, said = machine.run(command, seconds=max(1.0, deadline - time.monotonic()))
        if code == 0:
            return
        time.sleep(0.5)
    raise LabError(
        f"{machine.name} was not ready within {seconds:.0f} s ({said.strip()[-300:]}):\n{console(machine)}"
    )


def reboot(machine: Machine) -> None:
    """Reboot the guest and wait until it is another boot, and ready. Raises LabError."""
    before = machine.run("cat /proc/sys/kernel/random/boot_id")[1].strip()
    machine.run("systemctl reboot", seconds=60)
    other = f'[ "$(cat /proc/sys/kernel/random/boot_id)" != {before} ]'
    wait(machine, command=f"{other} && {{ {READY}; }}")


def end(machine: Machine) -> bool:
    """End QEMU at once, by its own pid file. Return whether it ran."""
    number = machine.pid
    if number is None:
        return False
    os.kill(number, signal.SIGTERM)
    deadline = time.monotonic() + 20
    while machine.pid is not None and time.monotonic() < deadline:
        time.sleep(0.1)
    if machine.pid is not None:
        os.kill(number, signal.SIGKILL)
    return True


def remove(machine: Machine) -> bool:
    """End it and remove its folder. Return whether it ran."""
    ran = end(machine)
    shutil.rmtree(machine.folder, ignore_errors=True)
    return ran


def load(folder: Path) -> Machine | None:
    """Return the machine that was started in a folder; None when there is none."""
    try:
        state = json.loads((folder / "machine.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return Machine(state["name"], state["suite"], folder, state["port"], Path(state["key"]))


def console(machine: Machine, lines: int = 25) -> str:
    """Return the end of what the guest said on its console."""
    try:
        text = (machine.folder / "console").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "(nothing)"
    return "\n".join(text.splitlines()[-lines:])


def save(machine: Machine, snapshot: str) -> None:
    """Write the machine's state, memory and all, into its disks. Raises LabError."""
    say(f"{machine.name}: taking a snapshot")
    qmp.monitor(machine.monitor, f"savevm {snapshot}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
