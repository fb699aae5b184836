"""A small web application: it says who it runs as, and hashes what is sent to it."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route


async def index(request: Request) -> JSONResponse:
    """Tell user and group, and how often this was asked where a folder keeps it."""
    folder = os.environ.get("DATA_DIR")
    visits = _count(Path(folder) / "visits") if folder else None
    return JSONResponse({"user": os.getuid(), "group": os.getgid(), "visits": visits})


async def healthz(request: Request) -> PlainTextResponse:
    """Answer while the application can answer at all."""
    return PlainTextResponse("ok\n")


async def digest(request: Request) -> PlainTextResponse:
    """Return the SHA-256 of the body, which is never held as a whole."""
    found = hashlib.sha256()
    async for part in request.stream():
        found.update(part)
    return PlainTextResponse(f"{found.hexdigest()}\n")


def _count(path: Path) -> int:
    """Add one to the number in a file and return it. What is there is whole at every moment."""
    number = int(path.read_text(encoding="ascii")) + 1 if path.exists() else 1
    new = path.with_suffix(".new")
    new.write_text(str(number), encoding="ascii")
    new.replace(path)
    return number


application = Starlette(
    routes=[
        Route("/", index),
        Route("/healthz", healthz),
        Route("/digest", digest, methods=["POST"]),
    ]
)
