"""The containers that make the calls: started, listened to and removed."""

from __future__ import annotations

import json
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hullguard.errors import HullguardError
from hullguard.prove import leftovers, outside, places
from hullguard.prove.engine import Engine
from hullguard.syscalls.rows import rows

# {run: {id of a row: [kind, number]}}, as caller.py says it.
Answers = dict[str, dict[str, list[Any]]]
# One that has not made its calls within this long will not; afterwards it waits to be looked at.
CONTAINER_SECONDS, WAIT_SECONDS = 300, 60
HERE = places.HERE


class Run:
    """One run: its engine, folder and name."""

    def __init__(self, engine: Engine, folder: Path, name: str) -> None:
        self.engine, self.folder, self.name = engine, folder, name
        self.calls = [asdict(row) for row in rows()]

    @contextmanager
    def container(
        self, name: str, options: list[str], ask: dict[str, Any], capabilities: list[str]
    ) -> Iterator[tuple[int, Answers]]:
        """Yield a container's process and what its calls came to; it is gone afterwards."""
        own = self.folder / name
        asked = json.dumps({"seconds": WAIT_SECONDS, "programs": {}, **ask}).encode()
        said = places.lay_out_place(self.folder, name, asked)
        interpreter, binds = places.programs()
        number = self.engine.create(
            f"{leftovers.NAME}-{self.name}-{name}",
            {
                "Image": f"{leftovers.NAME}:{self.name}",
                "Cmd": [interpreter, "-I", "-S", "-B", f"{HERE}/caller.py", HERE],
                "Labels": {leftovers.LABEL: self.name},
                "NetworkDisabled": True,
                "HostConfig": {
                    "Binds": [
                        *binds,
                        f"{Path(__file__).with_name('caller.py')}:{HERE}/caller.py:ro",
                        f"{own / 'ask.json'}:{HERE}/ask.json:ro",
                        f"{own / 'out'}:{HERE}/out",
                    ],
                    "CapAdd": capabilities,
                    "Memory": places.MEMORY,
                    "NetworkMode": "none",
                    "PidsLimit": places.PIDS,
                    "SecurityOpt": options,
                },
            },
        )
        try:
            self.engine.ask("POST", f"/containers/{number}/start")
            answers = self._answers(number, said)
            yield int(self.engine.inspect(number)["State"]["Pid"]), answers
        finally:
            leftovers.remove(self.engine, "container", number)

    def _answers(self, number: str, said: Path) -> Answers:
        deadline = time.monotonic() + CONTAINER_SECONDS
        while True:
            lines = [json.loads(line) for line in outside.lines(said)]
            if lines and lines[-1].get("end"):
                break
            state = self.engine.inspect(number)["State"]
            if not state["Running"] or time.monotonic() > deadline:
                raise HullguardError(
                    f"A container made {len(lines)} of its calls and no more: it ended with"
                    f" {state['ExitCode']}, or took longer than {CONTAINER_SECONDS} s. Try again when the"
                    " machine is less busy."
                )
            time.sleep(0.2)
        found: Answers = {}
        for line in lines[:-1]:
            found.setdefault(line["run"], {})[line["id"]] = line["answer"]
        return found


@contextmanager
def running(engine: Engine) -> Iterator[Run]:
    """Yield a run with its folder and image; everything of it is gone afterwards. Raises Refused."""
    folder, name = leftovers.make_folder(engine), secrets.token_hex(6)
    try:
        engine.import_empty(leftovers.NAME, name, f"{leftovers.LABEL}={name}")
        yield Run(engine, folder, name)
    finally:
        try:
            leftovers.clean(engine, run=name)
        finally:
            shutil.rmtree(folder)
