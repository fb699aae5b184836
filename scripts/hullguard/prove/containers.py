"""A run's containers: started, listened to and removed, and what each of their probes came to."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from hullguard.prove import facts, leftovers, outside, places
from hullguard.prove.base import BLOCKED, SUCCEEDED, Outcome, Probe, unknown
from hullguard.prove.engine import Engine, Refused

Tell = Callable[[str], None]
Rows = dict[str, dict[str, Any]]
EACH_SECONDS, PLACE_SECONDS, START_SECONDS = 10, 45, 30
HEAVY_SECONDS = 120
STILL_SECONDS = 15
# The neighbour outlives all others; it ends with the run, or some seconds after the run was killed.
NEIGHBOUR_SECONDS = 1800
# Those of processes and memory depend on the host: facts.ceilings.
CEILINGS = {"files": 18000, "disk_mib": 64, "log_mib": 32, "log_seconds": 20}


@dataclass
class Run:
    """One run: its name, its folder, and what is known so far. `patience` is what its limits of time are
    multiplied by; `stop` is set when nobody waits any more.
    """

    engine: Engine
    folder: Path
    host: facts.Host
    name: str
    secret: str
    tell: Tell
    patience: float = 1.0
    known: dict[str, Any] = field(default_factory=dict)
    stop: threading.Event = field(default_factory=threading.Event)

    def ask(self, name: str, probes: Sequence[Probe], seconds: float, *, serve: bool = False) -> Path:
        """Lay out what a place's container is asked to do; return the file that it will write to."""
        document = {
            "probes": [probe.id for probe in probes],
            "facts": {**self.host.inside, **CEILINGS, **self.known, "patience": self.patience},
            "seconds": seconds,
            "each": self.patience * (EACH_SECONDS if places.PLACES[name].limits else HEAVY_SECONDS),
            "still": self.patience * STILL_SECONDS,
            "serve": serve,
        }
        return places.lay_out_place(self.folder, name, json.dumps(document).encode())

    def start(self, name: str, extra: dict[str, Any]) -> str:
        """Create and start a place's container; return its id. Raises Refused."""
        wanted = places.request(name, self.name, self.folder, extra)
        number = self.engine.create(f"{leftovers.NAME}-{self.name}-{name.replace('_', '-')}", wanted)
        self.engine.ask("POST", f"/containers/{number}/start")
        return number


def neighbour(run: Run) -> tuple[str, Path]:
    """Start the neighbour and note in `run.known` where it is, or why it can't be had; return id and file."""
    run.known |= {"echo_port": places.ECHO, "registry_port": places.REGISTRY}
    said = run.ask("neighbour", (), run.patience * NEIGHBOUR_SECONDS, serve=True)
    port = f"{places.ECHO}/tcp"
    extra = {
        "env": [run.secret],
        "config": {"ExposedPorts": {port: {}}},
        "host": {"PortBindings": {port: [{"HostPort": ""}]}},
    }
    try:
        number = run.start("neighbour", extra)
        _rows, ended = listen(run, number, said, run.patience * START_SECONDS, until="serving")
        networks = {} if ended else run.engine.inspect(number).get("NetworkSettings") or {}
    except Refused as error:
        number, networks, ended = "", {}, str(error)
    if ended:
        why = f"no neighbour could be started: {ended}"
        run.known |= {f"why_no_{name}": why for name in ("neighbour", "neighbour_id", "published_port")}
        said.touch()
        return number, said
    each = (row.get("IPAddress") for row in (networks.get("Networks") or {}).values())
    bindings = (networks.get("Ports") or {}).get(port) or []
    run.known |= {
        "neighbour": networks.get("IPAddress") or next(each, None),
        "neighbour_id": number,
        "published_port": int(bindings[0]["HostPort"]) if bindings else None,
    }
    return number, said


def network(run: Run) -> None:
    """Make a network for the run; where it can't be made, the place in it can't be started, and says so."""
    wanted = {"Name": f"{leftovers.NAME}-{run.name}", "Labels": {leftovers.LABEL: run.name}}
    with suppress(Refused):
        run.engine.ask("POST", "/networks/create", wanted)


def place(run: Run, name: str, probes: Sequence[Probe]) -> dict[str, Outcome]:
    """Carry out what is to be tried in one place."""
    if run.stop.is_set():
        return {}
    run.tell(f"{name.replace('_', ' ')}: {', '.join(probe.id for probe in probes)}")
    light = places.PLACES[name].limits
    if not light:  # each heavy probe has the place for itself
        shutil.rmtree(run.folder / name, ignore_errors=True)
    seconds = run.patience * (PLACE_SECONDS if light else HEAVY_SECONDS)
    said = run.ask(name, probes, seconds)
    began = time.monotonic()
    try:
        number = run.start(name, _given(run, name))
    except Refused as error:
        seconds = time.monotonic() - began
        return {probe.id: replace(_refused(probe, error), seconds=seconds) for probe in probes}
    try:
        rows, ended = listen(run, number, said, seconds)
        logged = outside.log_size(run.engine, number) if "disk_by_log" in rows else None
    finally:
        with suppress(Refused):  # it is looked for again at the end
            leftovers.remove(run.engine, "container", number)
    return {probe.id: _outcome(run, probe, rows.get(probe.id), ended, logged) for probe in probes}


def _given(run: Run, name: str) -> dict[str, Any]:
    """Return what a place's container gets beyond its options: mounts and network."""
    if name == "plain":
        return {"binds": [f"{run.folder / 'attack'}:{places.HERE}/host"]}
    if name == "socket":
        return {"binds": [f"{run.engine.path}:{places.HERE}/engine.sock"]}
    if name == "other_network":
        return {"host": {"NetworkMode": f"{leftovers.NAME}-{run.name}"}}
    return {}


def _refused(probe: Probe, error: Refused) -> Outcome:
    """Return what an engine's refusal to start a probe's container means."""
    because = str(error)
    # An authorization plugin's refusal, and that of an engine with user namespaces.
    refuses = error.status == 403 or "user namespaces are enabled" in because
    if refuses and (probe.asks or places.PLACES[probe.place].asks):
        return Outcome(BLOCKED, f"the engine refuses the container: {because}")
    return unknown(f"its container could not be started: {because}")


def listen(run: Run, number: str, said: Path, seconds: float, until: str = "end") -> tuple[Rows, str]:
    """Return what a container says, by probe, and why it ended before it said `until`, or ""."""
    deadline = time.monotonic() + seconds
    looked = time.monotonic()
    gone = ""
    while True:
        rows = [json.loads(line) for line in outside.lines(said)]
        ended = any(until in row for row in rows)
        if ended or gone:
            broken = next((f": {row['broken']}" for row in rows if "broken" in row), "")
            return {row["id"]: row for row in rows if "id" in row}, "" if ended else gone + broken
        if run.stop.is_set():
            gone = "the run was interrupted"
        elif time.monotonic() > deadline:
            gone = f"it did not end within {seconds:g} s"
        elif time.monotonic() - looked > 0.5:
            looked = time.monotonic()
            gone = _gone(run.engine, number)
        else:
            time.sleep(0.03)


def _gone(engine: Engine, number: str) -> str:
    try:
        state = engine.inspect(number)["State"]
    except Refused as error:
        return "its container is gone" if error.status == 404 else f"its container can't be seen: {error}"
    return "" if state.get("Running") else f"its container ended with code {state.get('ExitCode')}"


def _outcome(run: Run, probe: Probe, row: dict[str, Any] | None, ended: str, logged: int | None) -> Outcome:
    if row is None:
        return unknown(ended or "its container said nothing of it")
    found = Outcome(str(row["outcome"]), str(row["detail"]), float(row["seconds"]))
    if probe.id != "disk_by_log" or found.outcome != SUCCEEDED:
        return outside.verified(probe.id, found, run.folder)
    if logged is None:
        return replace(found, outcome=BLOCKED, detail="its log is in no file of the host")
    full = logged >= CEILINGS["log_mib"] << 19  # half of what was written
    detail = f"{logged >> 20} MiB of its log are on the disk"
    return replace(found, outcome=SUCCEEDED if full else BLOCKED, detail=detail)
