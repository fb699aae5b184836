"""An application with a secret: it signs what it is asked to, with a key that it reads when it needs it.

    /            ?challenge=TEXT: its HMAC-SHA256 and the version of the key
    /readyz      200 when each secret can be had, else 503 with names and reasons
    /healthz     200 while the process works; a secret that is missing is no reason to start it anew

SECRETS_SOURCE says where from (sources.py), SECRETS_REQUIRED which, with commas (signing_key), and
SECRETS_GRACE_SECONDS for how long a last good value serves when the source fails (300). Exits with 78 when
its environment holds what looks like a secret, or a setting can't be.
"""

from __future__ import annotations

import contextlib
import hmac
import logging
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping

import environment
import log
import uvicorn
from last_good import LastGood
from sources import Unavailable, source
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

KEY = "signing_key"
LONGEST_CHALLENGE = 256
WRONG_CONFIGURATION = 78  # EX_CONFIG of sysexits.h
logger = logging.getLogger("app")


class Signer:
    """The endpoints. They run in threads: a source may take its time."""

    def __init__(self, secrets: LastGood, required: tuple[str, ...]) -> None:
        self._secrets, self._required = secrets, required

    def sign(self, request: Request) -> JSONResponse:
        """Sign the challenge."""
        challenge = request.query_params.get("challenge", "")
        if not 0 < len(challenge) <= LONGEST_CHALLENGE:
            return JSONResponse({"error": f"challenge has 1 to {LONGEST_CHALLENGE} characters"}, 400)
        try:
            key = self._secrets.read(KEY).secret
        except Unavailable as error:
            return JSONResponse({"error": str(error)}, 503)
        signature = hmac.new(key.value.encode(), challenge.encode(), "sha256").hexdigest()
        return JSONResponse({"signature": signature, "key_version": key.version})

    def ready(self, request: Request) -> JSONResponse:
        """Tell of each secret its version, and why it is stale or can't be had."""
        secrets, missing, stale = {}, False, False
        for name in self._required:
            try:
                reading = self._secrets.read(name)
                secrets[name] = {"version": reading.secret.version}
                if reading.stale:
                    secrets[name]["stale"], stale = reading.stale, True
            except Unavailable as error:
                secrets[name], missing = {"missing": str(error)}, True
        status = "not ready" if missing else "degraded" if stale else "ready"
        return JSONResponse({"status": status, "secrets": secrets}, 503 if missing else 200)

    async def healthy(self, request: Request) -> JSONResponse:
        """Answer."""
        return JSONResponse({"status": "ok"})


def required(settings: Mapping[str, str], default: str) -> tuple[str, ...]:
    """Return the names in SECRETS_REQUIRED. Raises ValueError when there are none."""
    names = tuple(filter(None, map(str.strip, settings.get("SECRETS_REQUIRED", default).split(","))))
    if not names:  # it would always be ready
        raise ValueError("SECRETS_REQUIRED names no secret: leave it out, or name them with commas between")
    return names


def store(settings: Mapping[str, str]) -> LastGood:
    """Return where secrets come from. Raises ValueError when a setting can't be."""
    return LastGood(source(settings), float(settings.get("SECRETS_GRACE_SECONDS", "300")))


def serving(secrets: LastGood, names: tuple[str, ...], *more: Route) -> Starlette:
    """Return the endpoints, which need these secrets, and the store's end with theirs."""
    signer = Signer(secrets, names)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        secrets.close()

    routes = [
        Route("/", signer.sign),
        Route("/readyz", signer.ready),
        Route("/healthz", signer.healthy),
        *more,
    ]
    return Starlette(routes=routes, lifespan=lifespan)


def application(settings: Mapping[str, str]) -> Starlette:
    """Return the application. Raises ValueError when a setting can't be."""
    return serving(store(settings), required(settings, KEY))


def main(make: Callable[[Mapping[str, str]], Starlette] = application) -> int:
    """Serve what `make` makes of the environment until a signal comes; return the exit code."""
    log.start()
    if reasons := environment.refused(os.environ):
        for reason in reasons:
            logger.critical("a secret in the environment is refused", extra={"reason": reason})
        return WRONG_CONFIGURATION
    try:
        app = make(os.environ)
        port = int(os.environ.get("PORT", "8000"))
    except ValueError as error:
        logger.critical("a setting can't be", extra={"reason": str(error)})
        return WRONG_CONFIGURATION
    address = os.environ.get("ADDRESS", "127.0.0.1")
    uvicorn.run(app, host=address, port=port, log_config=None, access_log=False, server_header=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
