"""An engine that is asked to make and remove things, and what a run on a host came to."""

from __future__ import annotations

import json
import socketserver
import tempfile
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from hullguard import audit
from hullguard.catalogue import load_benchmark, load_profile
from hullguard.prove import document
from hullguard.prove.base import BLOCKED, Outcome
from hullguard.prove.battery import PROBES

Answer = tuple[int, Any]
MADE_AT = "2026-11-27T12:00:00Z"


class Handler(BaseHTTPRequestHandler):
    """Answers from the server's table: {"METHOD /path": (status, content) or a list of such, one after another}."""

    protocol_version = "HTTP/1.1"
    server: AskedEngine

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.asked.append((self.command, self.path, body))
        found = self.server.answers.get(
            f"{self.command} {self.path.partition('?')[0]}", (404, {"message": "no such thing"})
        )
        if isinstance(found, list):
            found = found.pop(0) if len(found) > 1 else found[0]
        status, content = found
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self) -> None:
        self.answer()

    do_POST = do_DELETE = do_GET  # noqa: N815 - the library calls them so

    def log_message(self, *_arguments: Any) -> None:
        pass


class AskedEngine(socketserver.ThreadingUnixStreamServer):
    """A context manager around the server; `asked` is what it was asked, in order."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, answers: dict[str, Answer | list[Answer]]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, str, bytes]] = []
        self.folder = tempfile.TemporaryDirectory(
            prefix="hg"
        )  # pytest's own are too long for a socket's name
        self.path = str(Path(self.folder.name) / "docker.sock")
        super().__init__(self.path, Handler)

    def __enter__(self) -> AskedEngine:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_arguments: object) -> None:
        self.shutdown()
        self.server_close()
        self.folder.cleanup()

    def handle_error(self, *_arguments: Any) -> None:
        pass  # whoever asked may have gone

    def calls(self, method: str) -> list[str]:
        return [path.partition("?")[0] for verb, path, _ in self.asked if verb == method]


def run_on(name: str = "docker1", choose: Callable[[str], str] = lambda _id: BLOCKED) -> dict[str, Any]:
    """Return the document of a run in which each probe came to what `choose` says."""
    found = {probe.id: Outcome(choose(probe.id), "EPERM", 0.25) for probe in PROBES}
    made = document.make(PROBES, found, "26.1.5", MADE_AT, 12.34)
    made["host"] = {**made["host"], "name": name}
    return made


def report(*hosts: str, **verdicts: str) -> dict[str, Any]:
    """A report in which every control passes but those that are named."""
    rows = []
    plan = audit.Plan.make(load_benchmark("cis_docker_1_8_0"), load_profile("cis_level2"))
    for number, level, control in plan.numbered():
        verdict = verdicts.get(control.id, "pass")
        waiver = (
            {"reason": "r", "owner": "o", "approver": "a", "expires": "2027-01-31"}
            if verdict == "waived"
            else None
        )
        rows.append(
            {
                "id": control.id, "number": number, "title": control.title, "family": control.family, "level": level,
                "severity": control.severity, "verdict": verdict, "reason": "As it is.", "objects": [], "why": control.why,
                "fix": control.fix_text, "fixed_by": control.fixed_by, "breaks": control.breaks, "waiver": waiver,
            }
        )  # fmt: skip
    summary = {name: sum(row["verdict"] == name for row in rows) for name in audit.VERDICTS}
    return {
        "schema": "hullguard/report/1", "tool": {"name": "hullguard", "version": "1"}, "generated_at": MADE_AT,
        "benchmark": {"name": "cis_docker_1_8_0", "title": "CIS"}, "profile": "cis_level2", "findings": [],
        "hosts": [
            {
                "name": name, "collected_at": MADE_AT, "engine": "26.1.5", "os": "Debian", "errors": [],
                "summary": summary, "results": rows,
            }
            for name in hosts or ("docker1",)
        ],
    }  # fmt: skip
