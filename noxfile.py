"""Hullguard hardens Docker hosts with Ansible, proves it, and keeps proving it.

    ./nox -s demo       watch a careless host being audited, hardened and audited again
    ./nox -s tests      everything that must pass before a change lands

A session that needs Docker looks for an engine; as root on Debian it installs and starts one and says so.
Arguments after `--` go to the tool behind a session: ./nox -s unit -- -k daemon
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nox

ROOT = Path(__file__).parent
LOGS = ROOT / ".nox" / "logs"
COLLECTIONS = ROOT / ".nox" / "collections"
TOOLS = ROOT / ".nox" / "tools" / "bin"
SUMMARY = "HULLGUARD_SUMMARY"
UNIT_TESTS = ("tests/unit", "tests/catalogue")
# What happens to a host while it is changed: faults, rollouts, and the way back.
CHANGES = (
    "tests/e2e/faults",
    "tests/e2e/test_preview.py",
    "tests/e2e/test_rollback.py",
    "tests/e2e/test_rollout.py",
    "tests/e2e/test_run_lock.py",
)
# Named, because Molecule looks for it by itself in a Git checkout only.
MOLECULE = ("molecule", "--base-config", ".config/molecule/config.yml")
# Scenarios whose side effects (faults, refusals, the way back) take minutes: only `full` plays them.
LONG = {
    "default",
    "docker_apparmor",
    "docker_daemon",
    "docker_engine",
    "docker_host",
    "docker_network",
    "docker_seccomp",
    "docker_secrets",
    "docker_tls",
    "docker_userns",
}

nox.needs_version = ">=2025.2"
nox.options.default_venv_backend = "uv"
nox.options.reuse_existing_virtualenvs = True
nox.options.error_on_missing_interpreters = True
nox.options.download_python = "never"

# A company's own certificate authority is in the system's store, where uv does not look by itself.
os.environ.setdefault("UV_SYSTEM_CERTS", "1")


def starts(version: str) -> bool:
    """Whether that Python is here and runs; a version manager's placeholder is here and does not."""
    command = shutil.which(f"python{version}")
    return (
        command is not None
        and subprocess.run([command, "-c", ""], capture_output=True, check=False).returncode == 0
    )


PYTHONS = [version for minor in range(15, 10, -1) if starts(version := f"3.{minor}")]
NEWEST = PYTHONS[0] if PYTHONS else f"3.{sys.version_info.minor}"
# Controllers: ansible-core 2.19 on Python 3.11, and the newest, which wants Python 3.12 or later.
CONTROLLERS = [(NEWEST, "newest")] if NEWEST != "3.11" else []
if "3.11" in PYTHONS:
    CONTROLLERS.append(("3.11", "py311"))
CONTROLLER_PYTHON, CONTROLLER = (CONTROLLERS or [(NEWEST, "newest")])[0]
MISSING = []
if NEWEST == "3.11":
    MISSING.append(
        "no Python 3.12 or later starts here: the newest ansible-core and the newest Python went untested"
    )
if "3.11" not in PYTHONS:
    MISSING.append("no Python 3.11 starts here: the oldest Python and ansible-core 2.19 went untested")


def note(session: nox.Session, text: str) -> None:
    """Say what was left out, here and in the summary of `tests`."""
    session.warn(f"SKIPPED: {text}")
    if path := os.environ.get(SUMMARY):
        with Path(path).open("a", encoding="utf-8") as summary:
            summary.write(f"{text}\n")


def install(session: nox.Session, lock: str) -> None:
    """Install a lock and this project, unless that very state is there already."""
    files = [ROOT / "requirements" / f"{lock}.txt", ROOT / "pyproject.toml"]
    state = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()
    stamp = Path(session.virtualenv.location) / "hullguard-state"
    if not stamp.exists() or stamp.read_text(encoding="ascii") != state:
        session.install("--require-hashes", "-r", f"requirements/{lock}.txt")
        if lock != "lint":
            session.install("--no-deps", "--no-build-isolation", "-e", ".")
        stamp.write_text(state, encoding="ascii")
    link = COLLECTIONS / "ansible_collections" / "hullguard" / "docker"
    link.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        link.symlink_to(Path("..", "..", "..", ".."), target_is_directory=True)
    session.env["ANSIBLE_CONFIG"] = str(ROOT / "ansible.cfg")
    session.env["MOLECULE_GLOB"] = "molecule/*/molecule.yml"
    session.env["MOLECULE_COMMAND_BORDERS"] = "false"


def log_of(name: str) -> Path:
    """The log of a command that runs side by side with others."""
    return LOGS / f"{''.join(c if c.isalnum() else '-' for c in name)}.log"


def side_by_side(
    session: nox.Session, commands: Mapping[str, Iterable[str]], environment: Mapping[str, str] | None = None
) -> dict[str, tuple[bool, float]]:
    """Run named commands two at a time, each with a log; show the log's end of those that fail."""
    LOGS.mkdir(parents=True, exist_ok=True)
    inherited = {key: value for key, value in session.env.items() if value is not None}
    path = os.pathsep.join([*(session.bin_paths or []), os.environ.get("PATH", "")])

    def run(item: tuple[str, Iterable[str]]) -> tuple[str, tuple[bool, float]]:
        name, command = item
        file = log_of(name)
        began = time.monotonic()
        session.log(f"{name}: started, log in {file.relative_to(ROOT)}")
        with file.open("wb") as log:
            done = subprocess.run(
                list(command),
                cwd=ROOT,
                env={**os.environ, "PATH": path, **inherited, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                check=False,
            )
        seconds = time.monotonic() - began
        if done.returncode != 0:
            tail = file.read_text(encoding="utf-8", errors="replace").splitlines()[-60:]
            print("\n".join([f"--- {name} failed, the end of {file.relative_to(ROOT)}:", *tail]), flush=True)
        session.log(f"{name}: {'passed' if done.returncode == 0 else 'FAILED'} after {seconds:.0f} s")
        return name, (done.returncode == 0, seconds)

    with ThreadPoolExecutor(max_workers=2) as pool:
        return dict(pool.map(run, commands.items()))


@nox.session(python=CONTROLLER_PYTHON, default=False)
def demo(session: nox.Session) -> None:
    """Audit and attack a careless throwaway host, harden it, do both again (-- --vm: virtual; --keep)."""
    install(session, f"ansible-{CONTROLLER}")
    session.run("python", "-m", "lab", "engine")
    session.run("python", "scripts/demo.py", *session.posargs)


@nox.session(python=False, default=False)
def tests(session: nox.Session) -> None:
    """Run everything that must pass before a change lands, and say what was left out."""
    everything(session, quick=True)


@nox.session(python=False, default=False)
def full(session: nox.Session) -> None:
    """Run what `tests` does, and what it leaves out for its length: each role's faults and way back."""
    everything(session, quick=False)


def everything(session: nox.Session, *, quick: bool) -> None:
    """Run the sessions that prove a change, and sum up."""
    began = time.monotonic()
    LOGS.mkdir(parents=True, exist_ok=True)
    summary = LOGS / "skipped.txt"
    summary.write_text("", encoding="utf-8")
    nox_command = [sys.executable, "-m", "nox", "--noxfile", str(ROOT / "noxfile.py"), "-s"]
    environment = {SUMMARY: str(summary)}
    # What needs no hosts runs first, beside the making of their images.
    first = {name: [*nox_command, name] for name in ("images", "lint", "unit", "docs", "tools")}
    results = side_by_side(session, first, environment)
    if results["images"][0]:
        less = ["--", "-m", "not long"] if quick else []
        live = {name: [*nox_command, name, *less] for name in ("e2e", "changes", "examples")}
        results |= side_by_side(session, live, environment)
        hosts: dict[str, list[str]] = {}
        for _, controller in CONTROLLERS:
            less = ["--", "--brief"] if controller != CONTROLLER else ["--", "--quick"] if quick else []
            hosts[f"molecule ({controller})"] = [*nox_command, f"molecule({controller})", *less]
        if not quick:
            hosts["vm"] = [*nox_command, "vm"]
        # One after the other: Molecule's scenarios fill the machine by themselves.
        for name, command in hosts.items():
            results |= side_by_side(session, {name: command}, environment)
    skipped = [*MISSING, *dict.fromkeys(summary.read_text(encoding="utf-8").splitlines())]
    if quick:
        skipped.append(
            "two thirds of the faults, the way back of each role, more previews (`./nox -s changes` has them)"
        )
        skipped.append(
            "a virtual machine: AppArmor in force, live audit rules, a reboot (`./nox -s vm` has them)"
        )
    if not results["images"][0]:
        skipped.append("no host images: e2e and molecule did not run")
    print(f"\nSummary after {time.monotonic() - began:.0f} s")
    for name, (passed, seconds) in results.items():
        print(f"  {'passed ' if passed else 'FAILED '} {name} ({seconds:.0f} s)")
    for line in skipped or ["nothing"]:
        print(f"  skipped: {line}")
    if failed := [name for name, (passed, _) in results.items() if not passed]:
        session.error(f"failed: {', '.join(failed)}; the logs are in {LOGS.relative_to(ROOT)}/")


@nox.session(python=NEWEST, default=False)
def lint(session: nox.Session) -> None:
    """Check style and types of Python, YAML, Ansible, shell and prose."""
    install(session, "lint")
    shell_scripts = [
        "nox",
        ".ci/run",
        *(str(p) for f in ("scripts", "examples") for p in Path(f).rglob("*.sh")),
    ]
    commands = {
        "ansible-lint": ["ansible-lint", "--offline", "--strict", "-q"],
        "ruff": ["ruff", "check", "."],
        "format": ["ruff", "format", "--check", "."],
        "mypy": ["mypy"],
        "yamllint": ["yamllint", "--strict", "."],
        "shellcheck": ["shellcheck", *shell_scripts],
        "codespell": ["codespell"],
        "zizmor": [
            "zizmor",
            "--offline",
            "--quiet",
            "--persona",
            "pedantic",
            "examples/ci/github-actions.yml",
        ],
    }
    chosen = {name: commands[name] for name in session.posargs or commands}
    results = side_by_side(session, chosen)
    if failed := [name for name, (passed, _) in results.items() if not passed]:
        session.error(f"failed: {', '.join(failed)}")


def named_paths(session: nox.Session) -> bool:
    """Whether the arguments name tests, so that the session need not add its own."""
    return any(Path(argument.split("::")[0]).exists() for argument in session.posargs)


@nox.session(python=sorted({"3.11", NEWEST} & {*PYTHONS, NEWEST}), default=False)
def unit(session: nox.Session) -> None:
    """Test the Python package and every control's own examples, on the oldest and the newest Python."""
    install(session, "test")
    tests = [] if named_paths(session) else [str(path) for path in map(Path, UNIT_TESTS) if path.is_dir()]
    session.run("pytest", "-n", "auto", *tests, *session.posargs)
    for line in MISSING:
        note(session, line)


@nox.session(python=CONTROLLER_PYTHON, default=False)
def e2e(session: nox.Session) -> None:
    """Test the command line, the scanners and the lab against a live engine."""
    install(session, f"ansible-{CONTROLLER}")
    session.run("python", "-m", "lab", "engine")
    session.env["HULLGUARD_TOOLS"] = str(TOOLS)
    others = ("tests/e2e/examples", *CHANGES)
    paths = [] if named_paths(session) else ["tests/e2e", *(f"--ignore={path}" for path in others)]
    session.run("pytest", "--durations=15", *paths, *session.posargs)


@nox.session(python=CONTROLLER_PYTHON, default=False)
def changes(session: nox.Session) -> None:
    """Roll out, roll back, and have faults strike in the middle of it, on throwaway hosts."""
    install(session, f"ansible-{CONTROLLER}")
    session.run("python", "-m", "lab", "engine")
    paths = [] if named_paths(session) else CHANGES
    session.run("pytest", "--durations=30", *paths, *session.posargs)


@nox.session(python=CONTROLLER_PYTHON, default=False)
def examples(session: nox.Session) -> None:
    """Run the examples' READMEs, command by command, on a throwaway host."""
    # Not the environment of e2e: both run at once.
    install(session, f"ansible-{CONTROLLER}")
    session.run("python", "-m", "lab", "engine")
    session.env["HULLGUARD_TOOLS"] = str(TOOLS)
    paths = [] if named_paths(session) else ["tests/e2e/examples"]
    session.run("pytest", "--durations=15", *paths, *session.posargs)


@nox.session(python=False, default=False)
def tools(session: nox.Session) -> None:
    """Install the scanners that PyPI and Debian have into .nox/tools/bin, pinned with hashes."""
    session.run(sys.executable, "scripts/tools.py", *session.posargs)


@nox.session(default=False)
@nox.parametrize(
    "python,controller", CONTROLLERS or [(NEWEST, "newest")], ids=[name for _, name in CONTROLLERS]
)
def molecule(session: nox.Session, controller: str) -> None:
    """Run Molecule's scenarios on fresh hosts (-- NAME for one; --quick, --brief: less, and it says so)."""
    install(session, f"ansible-{controller}")
    # Two checkouts on one machine, and two controllers in one, keep out of each other's hosts.
    checkout = hashlib.sha256(str(ROOT.resolve()).encode()).hexdigest()[:6]
    session.env["HULLGUARD_LAB_PREFIX"] = os.environ.get(
        "HULLGUARD_LAB_PREFIX", f"hullguard-{controller}-{checkout}"
    )
    session.run("python", "-m", "lab", "build")
    brief, quick = "--brief" in session.posargs, "--quick" in session.posargs
    # A whole machine has a session of its own.
    every = sorted(
        path.parent.name for path in Path("molecule").glob("*/molecule.yml") if path.parent.name != "vm"
    )
    names = [argument for argument in session.posargs if not argument.startswith("-")]
    if brief and not names:
        names = ["docker_daemon"] if "docker_daemon" in every else every[:1]
        note(
            session,
            f"with controller {controller} only {names[0]}: converge and verify (all: ./nox -s molecule)",
        )
    names = names or every
    if brief:
        try:
            for name in names:
                session.run(*MOLECULE, "converge", "-s", name)
                session.run(*MOLECULE, "verify", "-s", name)
        finally:
            for name in names:
                session.run(*MOLECULE, "destroy", "-s", name)
    elif len(names) == 1:
        session.run(*MOLECULE, "test", "-s", names[0])
    else:
        # A scenario that has no such file does without.
        without = ["env", "HULLGUARD_SIDE_EFFECT=quick.yml"]
        commands = {
            f"molecule {controller} {name}": [
                *(without if quick and name in LONG else []),
                *(*MOLECULE, "test", "-s", name),
            ]
            for name in names
        }
        if quick and (left := sorted(LONG & set(names))):
            note(session, f"faults, refusals and way back (`./nox -s full` has them): {', '.join(left)}")
        results = side_by_side(session, commands)
        if failed := [name for name, (passed, _) in results.items() if not passed]:
            session.error(f"failed: {', '.join(failed)}")


@nox.session(python=CONTROLLER_PYTHON, default=False)
def vm(session: nox.Session) -> None:
    """Harden a virtual machine, reboot it, attack it: AppArmor, live audit rules, a real boot."""
    install(session, f"ansible-{CONTROLLER}")
    session.run("python", "-m", "lab", "engine")
    session.run(*MOLECULE, "test", "-s", "vm", *session.posargs)


@nox.session(python=NEWEST, default=False)
def bench(session: nox.Session) -> None:
    """Compare the audit's speed with docker-bench-security's (its checkout in DOCKER_BENCH_DIR)."""
    install(session, "test")
    session.run("python", "-m", "lab", "engine")
    session.run("python", "scripts/bench.py", *session.posargs)


@nox.session(python=CONTROLLER_PYTHON, default=False)
def syscalls(session: nox.Session) -> None:
    """Measure what each seccomp profile lets through (-- --write keeps it and renews the document)."""
    install(session, f"ansible-{CONTROLLER}")
    session.run("python", "-m", "lab", "engine")
    write = "--write" in session.posargs
    if write:
        session.env["HULLGUARD_SYSCALLS_WRITE"] = "1"
    session.run("pytest", "tests/e2e/test_syscalls.py", "tests/e2e/test_workloads.py")
    if write:
        session.run("python", "-m", "docs", "--write")


@nox.session(python=NEWEST, default=False)
def docs(session: nox.Session) -> None:
    """Check that the generated documents are fresh (-- --write makes them so)."""
    install(session, "test")
    session.run("python", "-m", "docs", *(session.posargs or ["--check"]))


@nox.session(python=NEWEST, default=False)
def images(session: nox.Session) -> None:
    """Make the throwaway hosts' images, when they are not there yet."""
    install(session, "test")
    session.run("python", "-m", "lab", "build")


@nox.session(python=NEWEST, default=False)
def lab(session: nox.Session) -> None:
    """Start, enter or remove throwaway hosts by hand (-- --help)."""
    install(session, "test")
    session.run("python", "-m", "lab", *(session.posargs or ["--help"]))


@nox.session(python=NEWEST, default=False)
def clean(session: nox.Session) -> None:
    """Remove all throwaway hosts, Molecule's and virtual machines too (-- --images: and the images)."""
    install(session, "test")
    session.run("python", "-m", "lab", "clean", *session.posargs)


@nox.session(python=False, default=False)
def lock(session: nox.Session) -> None:
    """Make the locks in requirements/*.txt anew (-- --upgrade takes newer versions)."""
    lowest = {"ansible-newest": "3.12"}
    for source in sorted(Path("requirements").glob("*.in")):
        project = [] if source.stem in {"nox", "tools", "checkov", "trestle"} else ["pyproject.toml"]
        session.run(
            *(sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal", "--generate-hashes"),
            *("--no-header", "--python-version", lowest.get(source.stem, "3.11")),
            *("-o", str(source.with_suffix(".txt")), str(source), *project, *session.posargs),
        )
