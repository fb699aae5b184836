"""Clean machines in seconds: one is booted once, and every other starts from its snapshot."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

from lab import LabError, say, store
from lab.vm import image as images
from lab.vm import machine as machines
from lab.vm.image import Image
from lab.vm.machine import Machine

SNAPSHOT = "ready"
KVM, TCG = "kvm", "tcg,thread=multi"
# A guest under KVM is there in ten; one that has crashed never is.
TRIAL_SECONDS = 45


def running() -> Path:
    """Return the folder with one folder per machine."""
    return images.cache() / "run"


def find(name: str) -> Machine | None:
    """Return a machine by its name, whether it runs or not."""
    if not name or "/" in name or name.startswith("."):
        raise LabError(f"{name!r} can't be a machine's name")
    return machines.load(running() / name)


def every() -> list[Machine]:
    """Return all machines, sorted by name."""
    folders = sorted(running().iterdir()) if running().is_dir() else []
    return [machine for folder in folders if (machine := machines.load(folder))]


def clean() -> list[str]:
    """End and remove all machines, also those that were broken off while they started; what was removed."""
    folders = {path for kind in ("run/*", "*/booting", "*/trial") for path in images.cache().glob(kind)}
    removed = []
    for folder in sorted(folders):
        if machine := machines.load(folder):
            machines.remove(machine)
        shutil.rmtree(folder, ignore_errors=True)
        removed.append(f"machine {machine.name if machine else folder.name}")
    return removed


def up(name: str, suite: str) -> tuple[Machine, bool]:
    """Return a ready machine of that name, and whether it had to be started. Raises LabError."""
    known = find(name)
    if known and known.pid is not None and known.suite == suite:
        return known, False
    if known:
        machines.remove(known)
    image = images.ensure(suite)
    accelerator = best(image)
    snapshot(image, accelerator)
    began = time.monotonic()
    folder = running() / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    _copy(saved(image, accelerator), folder)
    machine = machines.start(image, folder, name, accelerator, snapshot=SNAPSHOT)
    try:
        # It wakes up in the past.
        machines.wait(machine, seconds=60, command=f"date -s @{time.time():.0f} && docker version")
    except LabError:
        machines.remove(machine)
        raise
    say(f"{name}: ready after {time.monotonic() - began:.1f} s")
    return machine, True


def saved(image: Image, accelerator: str) -> Path:
    """Return the folder with the disks that hold the snapshot; they belong to one accelerator."""
    return image.folder / f"snapshot-{accelerator.partition(',')[0]}"


def snapshot(image: Image, accelerator: str) -> None:
    """Boot the image once and keep its state, unless that was done. Raises LabError."""
    final = saved(image, accelerator)
    with store.only_one(str(final)):
        if final.exists():
            return
        folder = image.folder / "booting"
        _fresh(image, folder)
        began = time.monotonic()
        how = "KVM" if accelerator == KVM else "no KVM: this takes a minute or two"
        say(f"{image.suite}: booting it once ({how})")
        machine = machines.start(image, folder, f"{image.suite}-first", accelerator)
        try:
            machines.wait(machine)
            say(f"{image.suite}: ready {time.monotonic() - began:.0f} s after the start")
            # What the boot left to be written would be written by every copy again.
            machine.run("sync; echo 3 > /proc/sys/vm/drop_caches")
            machines.save(machine, SNAPSHOT)
            machines.end(machine)
            for path in folder.iterdir():
                if path.suffix != ".qcow2":
                    path.unlink()
            folder.rename(final)
        except BaseException:
            machines.remove(machine)
            raise


def best(image: Image) -> str:
    """Return the accelerator that works here: KVM only where a guest really booted with it."""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return TCG
    verdict = image.folder / "kvm"
    # A machine that was booted anew may be another one.
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    with store.only_one(str(verdict)):
        known = verdict.read_text(encoding="ascii").split() if verdict.exists() else []
        if known[:1] != [boot]:
            known = [boot, "works" if _boots_with_kvm(image) else "fails"]
            verdict.write_text(" ".join(known), encoding="ascii")
    return KVM if known[1] == "works" else TCG


def _boots_with_kvm(image: Image) -> bool:
    folder = image.folder / "trial"
    _fresh(image, folder)
    say(f"{image.suite}: trying whether a machine boots with /dev/kvm (at most {TRIAL_SECONDS} s)")
    try:
        machine = machines.start(image, folder, f"{image.suite}-trial", KVM, reboots=False)
    except LabError:
        shutil.rmtree(folder, ignore_errors=True)
        return False
    try:
        machines.wait(machine, seconds=TRIAL_SECONDS, command="true")
    except LabError:
        say(f"{image.suite}: it does not; going on without")
        return False
    finally:
        machines.remove(machine)
    return True


def _fresh(image: Image, folder: Path) -> None:
    """Put new layers over the image's disks into a folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    for disk in (image.root, image.data):
        command = [
            "qemu-img",
            "create",
            "-q",
            "-f",
            "qcow2",
            "-F",
            "qcow2",
            "-b",
            str(disk),
            str(folder / disk.name),
        ]
        subprocess.run(command, check=True, capture_output=True)


def _copy(source: Path, folder: Path) -> None:
    for disk in source.iterdir():
        subprocess.run(["cp", "--reflink=auto", "--sparse=always", str(disk), str(folder)], check=True)
