"""Images that nobody has vouched for: what the trust policy says of them, and a login shell.

Whether a signature is missed is found out with a registry of this run's own on the loopback, so that nobody's
registry is asked for an image that it does not have.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from hullguard.errors import HullguardError
from hullguard.prove.base import BLOCKED, SUCCEEDED, Outcome, unknown
from hullguard.prove.engine import Engine, Refused
from hullguard.prove.leftovers import LABEL, NAME
from hullguard.prove.registry import TAG, Registry, serving
from hullguard.trust import decide, policy
from hullguard.trust.reference import canonical, parse

SECONDS = 10.0
# A name that no registry has (RFC 2606).
NOWHERE = "hullguard-prove.invalid"


def carry_out(name: str, engine: Engine, run: str, folder: Path, patience: float = 1.0) -> Outcome:
    """Carry one of the probes out; `folder` is the run's own, for a home without settings."""
    try:
        with serving(f"{LABEL}={run}") as registry:
            if name == "login_shell_pull":
                return login_shell_pull(engine, registry, folder, patience * 3 * SECONDS)
            return asked(name, registry, patience * SECONDS)
    except OSError as error:
        return unknown(f"no registry could be opened on the loopback: {error.strerror or error}")


def asked(name: str, registry: Registry, seconds: float) -> Outcome:
    """Return what the trust policy says: blocked when it refuses every image that it is asked about."""
    if not policy.DEFAULT.exists():
        return unknown(f"there is no trust policy ({policy.DEFAULT})")
    try:
        found = policy.load(policy.DEFAULT)
        foreign = name == "policy_foreign_registry"
        said = list(_foreign(found, registry, seconds) if foreign else _unsigned(found, registry, seconds))
    except HullguardError as error:
        return unknown(str(error))
    for one in said:
        if one.status in (decide.ACCEPTED, decide.NOT_REQUIRED):
            return Outcome(SUCCEEDED, one.reason)
    for one in said:
        if one.status != decide.REFUSED:
            return unknown(f"{one.tool}: {one.reason}")
    return Outcome(BLOCKED, "; ".join(dict.fromkeys(map(_words, said))))


def _words(said: decide.Decision) -> str:
    return f"{said.reason}, and none is taken without" if said.id == "no-rule" else said.reason


def _foreign(found: policy.Policy, registry: Registry, seconds: float) -> Iterator[decide.Decision]:
    yield _asked_of(found, NOWHERE, registry, seconds)


def _unsigned(found: policy.Policy, registry: Registry, seconds: float) -> Iterator[decide.Decision]:
    """Ask for an image of each registry that is allowed, and for one that each of the rules speaks of."""
    for allowed in sorted(found.registries) or [NOWHERE]:
        yield _asked_of(found, allowed, registry, seconds)
    for rule in found.rules:
        yield _verified(found, rule, registry, seconds)


def _asked_of(found: policy.Policy, where: str, registry: Registry, seconds: float) -> decide.Decision:
    reference = parse(f"{where}/{NAME}-{secrets.token_hex(8)}:{TAG}")
    rule = found.rule(reference) if found.allows(reference) else None
    if rule is not None:
        return _verified(found, rule, registry, seconds)
    return decide.decide(reference, found, seconds, strict=True)


def _verified(found: policy.Policy, rule: policy.Rule, registry: Registry, seconds: float) -> decide.Decision:
    """Have the rule's own signers looked for, on the image of this run's registry."""
    here = policy.Policy(
        found.path,
        frozenset({canonical(registry.address)}),
        (replace(rule, pattern=f"{registry.address}/*"),),
    )
    reference = parse(f"{registry.address}/{NAME}:{TAG}@{registry.digest}")
    return decide.decide(reference, here, seconds, strict=True)


def login_shell_pull(engine: Engine, registry: Registry, folder: Path, seconds: float) -> Outcome:
    """Have a login shell pull an image that nobody has signed; without its settings the pull has to work."""
    docker = shutil.which("docker", path=f"{os.environ.get('PATH', os.defpath)}:/usr/local/bin:/usr/bin")
    if docker is None:
        return unknown("the command docker is not here")
    home = folder / "home"
    home.mkdir(mode=0o700, exist_ok=True)
    image = f"{registry.address}/{NAME}:{TAG}"
    code, words = _shell(["sh", "-lc", f"exec {docker} pull {image}"], engine, home, seconds)
    if code == 0:
        _forget(engine, image)
        return Outcome(SUCCEEDED, "docker pulled it, and asked for no signature")
    plain, why = _shell([docker, "pull", image], engine, home, seconds)
    if plain != 0:
        return unknown(f"no pull from a registry on the loopback works here: {why}")
    _forget(engine, image)
    return Outcome(BLOCKED, f"in a login shell docker says: {words}")


def _shell(command: list[str], engine: Engine, home: Path, seconds: float) -> tuple[int, str]:
    """Return the exit code, and the last line that was said, of a command with an environment of its own."""
    environment = {"HOME": str(home), "PATH": os.defpath, "DOCKER_HOST": f"unix://{engine.path}"}
    with subprocess.Popen(
        command, env=environment, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, start_new_session=True,
    ) as process:  # fmt: skip
        try:
            said, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            return 1, f"no answer within {seconds:g} s"
        finally:
            with suppress(ProcessLookupError):  # what a script of the shell's has left running
                os.killpg(process.pid, signal.SIGKILL)
    lines = said.decode("utf-8", "replace").strip().splitlines()
    return process.returncode, lines[-1][:200] if lines else "nothing"


def _forget(engine: Engine, image: str) -> None:
    with suppress(Refused):  # it is looked for again at the end
        engine.ask("DELETE", f"/images/{quote(image, safe=':/')}?force=1")
