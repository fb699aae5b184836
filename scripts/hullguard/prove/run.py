"""One run: everything is made, every probe carried out, and everything taken away again."""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial

from hullguard.errors import HullguardError
from hullguard.prove import accounts, containers, facts, leftovers, listeners, outside, places, supply
from hullguard.prove.base import Outcome, Probe, unknown
from hullguard.prove.containers import Run, Tell
from hullguard.prove.engine import Engine, Refused

AT_ONCE = 3
# What has no container of its own.
ALONE = ("account", "engine", "login", "policy")


def silent(_text: str) -> None:
    """Say nothing."""


def version(engine: Engine) -> str:
    """Return the engine's version. Raises HullguardError when none answers."""
    try:
        return str(engine.ask("GET", "/version")["Version"])
    except Refused as error:
        raise HullguardError(
            f"No Docker engine answers on {engine.path}: {error}. Start it, name its socket with "
            "--host unix:///path, or run this as root."
        ) from None


def clean(engine: Engine) -> list[str]:
    """Remove what runs that were killed have left on an engine, and return what it was.

    Raises HullguardError when the engine does not answer, when a run is at work, or when something stays.
    """
    version(engine)
    with leftovers.only_one(engine), _understood(engine):
        return leftovers.clean(engine)


def carry_out(
    engine: Engine,
    probes: Sequence[Probe],
    allowed: Iterable[str] = (),
    tell: Tell = silent,
    note: Tell = silent,
    patience: float = 1.0,
) -> dict[str, Outcome]:
    """Carry the probes out and return {id: what came of it}, nothing being left behind.

    `allowed` are accounts that may use the engine; `tell` hears what is being done, `note` what a person has
    to know; `patience` multiplies the limits of time, for a slow host. Raises HullguardError when the engine
    does not answer, when another run is at work, or when something could not be removed.
    """
    with leftovers.only_one(engine), _understood(engine):
        for line in leftovers.clean(engine):
            note(f"left by a run that was killed, removed: {line}")
        tell("looking at the host")
        host = facts.look(engine)
        # Before there are threads: these make processes of their own.
        found = {
            probe.id: _timed(partial(accounts.carry_out, probe.id, host, allowed))
            for probe in probes
            if probe.place == "account"
        }
        if contained := [probe for probe in probes if probe.place != "account"]:
            with leftovers.guarded(engine), _making(engine, host, tell, patience) as run:
                found |= _contained(run, contained)
    return {probe.id: found.get(probe.id, unknown("it was not carried out")) for probe in probes}


@contextmanager
def _understood(engine: Engine) -> Iterator[None]:
    """Turn what the engine says into an error for people. Raises HullguardError."""
    try:
        yield
    except Refused as error:
        raise HullguardError(f"The engine at {engine.path} does not do what is needed: {error}") from None


@contextmanager
def _making(engine: Engine, host: facts.Host, tell: Tell, patience: float) -> Iterator[Run]:
    """Make the run's folder and image; take away everything that is the run's at the end."""
    folder = leftovers.make_folder(engine)
    name = secrets.token_hex(6)
    run = Run(engine, folder, host, name, f"HULLGUARD_PROVE_SECRET={secrets.token_hex(16)}", tell, patience)
    try:
        places.lay_out(folder)
        engine.import_empty(leftovers.NAME, name, f"{leftovers.LABEL}={name}")
        with listeners.beating(folder / "alive"), listeners.listening(run.known, host.inside.get("gateway")):
            yield run
    finally:
        run.stop.set()
        try:
            leftovers.clean(engine, run=name)
        finally:
            shutil.rmtree(folder)


def _contained(run: Run, probes: Sequence[Probe]) -> dict[str, Outcome]:
    run.tell("starting a neighbour")
    neighbour, said = containers.neighbour(run)
    by_place = {name: [one for one in probes if one.place == name] for name in places.PLACES}
    if by_place["other_network"]:
        containers.network(run)
    light = [(name, rows) for name, rows in by_place.items() if rows and name not in (*ALONE, "limitless")]
    found: dict[str, Outcome] = {}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        try:
            for one in pool.map(lambda pair: containers.place(run, *pair), light):
                found |= one
        except BaseException:  # nobody waits for the others any more
            run.stop.set()
            raise
    for probe in by_place["limitless"]:
        found |= containers.place(run, "limitless", [probe])
    for probe in (*by_place["policy"], *by_place["login"]):
        run.tell(f"{probe.place}: {probe.id}")
        asked = partial(supply.carry_out, probe.id, run.engine, run.name, run.folder, run.patience)
        found[probe.id] = _timed(asked)
    for probe in by_place["engine"]:
        began, address = time.monotonic(), run.known.get("neighbour")
        pulled = outside.registry_without_tls(run.engine, address, said, run.name)
        found[probe.id] = replace(pulled, seconds=time.monotonic() - began)
    if neighbour:
        with suppress(Refused):  # it is looked for again at the end
            leftovers.remove(run.engine, "container", neighbour)
    return found


def _timed(attempt: Callable[[], Outcome]) -> Outcome:
    began = time.monotonic()
    return replace(attempt(), seconds=time.monotonic() - began)
