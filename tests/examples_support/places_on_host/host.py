"""What is on the host beside the engine: processes, journals, reports, files."""

from __future__ import annotations

import io
import json
import os
import subprocess
import tempfile
from pathlib import Path

from finder import Finder, Told, as_text, output

# What is kept on disks; tmpfs below them is another file system and is not entered.
DISKS = (
    "/etc",
    "/home",
    "/opt",
    "/root",
    "/srv",
    "/usr/local",
    "/var",
    "/var/lib/docker",
    "/var/lib/docker-registry",
)
TEMPORARY = ("/tmp", "/var/tmp", "/dev/shm")
HISTORIES = (".*history", ".viminfo", ".lesshst")


def processes(finder: Finder, file: str) -> Told:
    """Look at a file of every process, those in containers too."""
    found = []
    for path in Path("/proc").glob(f"[0-9]*/{file}"):
        try:
            name = (path.parent / "comm").read_text().strip()
            found.append((f"{name} ({path.parent.name})", io.BytesIO(path.read_bytes())))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return finder.tell(found)


def journal(finder: Finder) -> Told:
    """Look at every field of every entry: the engine's words, sudo's, commands of units."""
    output("journalctl", "--sync")
    return finder.tell([("journal", io.BytesIO(output("journalctl", "-o", "export", "--no-pager")))])


def audit_log(finder: Finder) -> Told:
    """Look at what auditd wrote; it writes arguments with unusual characters in hexadecimal."""
    paths = [path for path in Path("/var/log/audit").glob("**/*") if path.is_file()]
    return finder.tell(finder.paths(paths), "nothing recorded here")


def report(finder: Finder) -> Told:
    """Look at hullguard's evidence, and at its report in a form for machines and one for people."""
    with tempfile.TemporaryDirectory(dir="/run") as folder:
        run_audit(Path(folder))
        return finder.tell(
            (path.name, as_text(json.loads(path.read_text())) if path.suffix == ".json" else path.open("rb"))
            for path in sorted(Path(folder).iterdir())
        )


def bundle(finder: Finder) -> Told:
    """Look into the archive that is filed."""
    with tempfile.TemporaryDirectory(dir="/run") as folder:
        run, archive = Path(folder, "run"), Path(folder, "bundle.tar.gz")
        run.mkdir()
        run_audit(run)
        output("hullguard", "bundle", "make", str(run), "--output", str(archive))
        return finder.tell(finder.paths([archive]))


def run_audit(folder: Path) -> None:
    """Write evidence and reports of this host."""
    for name, command in {
        "evidence.json": ["collect"],
        "report.json": ["audit", "--format", "json", "--fail-on", "never"],
        "report.html": ["audit", "--format", "html", "--fail-on", "never"],
    }.items():
        (folder / name).write_bytes(
            subprocess.run(["hullguard", *command], stdout=subprocess.PIPE, check=True).stdout
        )


def shell_history(finder: Finder) -> Told:
    """Look at what shells and programs like them remember."""
    homes = [Path("/root"), *Path("/home").glob("*")]
    paths = [path for home in homes for name in HISTORIES for path in home.glob(name) if path.is_file()]
    return finder.tell(finder.paths(paths), "nothing recorded here")


def temporary_files(finder: Finder) -> Told:
    """Look into what was left where programs put what they need for a while."""
    found = [Path(folder, name) for top in TEMPORARY for folder, _, names in os.walk(top) for name in names]
    return finder.tell(finder.paths(p for p in found if p.is_file() and not p.is_symlink()), "nothing there")


def disk(finder: Finder) -> Told:
    """Look at every file on disk where something is kept; archives are not unpacked here."""
    memory = os.memfd_create("patterns", 0)
    os.write(memory, b"\n".join(finder.patterns.forms))
    find = ["find", *filter(os.path.isdir, DISKS), "-xdev"]
    for path in finder.allowed:
        find += ["-path", str(path), "-prune", "-o"]
    # Every file is named once more for its count: grep tells of those that match only.
    find += ["-type", "f", "-print0"]
    listed = subprocess.run(find, stdout=subprocess.PIPE, check=False).stdout
    grep = ["xargs", "-0", "grep", "-laF", "-f", f"/proc/{os.getpid()}/fd/{memory}", "--"]
    done = subprocess.run(
        grep, input=listed, stdout=subprocess.PIPE, env={"LC_ALL": "C", "PATH": os.environ["PATH"]}
    )
    names = sorted(set(done.stdout.decode().splitlines()))
    return {"found": names, "looked_at": listed.count(b"\0"), "note": ""}


def swap(finder: Finder) -> Told:
    """Say whether memory may be on a disk; what is there is not searched."""
    used = Path("/proc/swaps").read_text().splitlines()[1:]
    note = f"on, not searched: {', '.join(line.split()[0] for line in used)}" if used else "off"
    return {"found": [], "looked_at": 0, "note": note}
