"""The application with one more endpoint: it asks the database who it is there.

    /database    the account's name as the database tells it, and which of ours it is

The account is the secret `database`, a JSON object with username and password. DATABASE_HOST, DATABASE_NAME
(app) and DATABASE_CACERT say where the database is and who vouches for it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping

import app
import psycopg
from last_good import LastGood
from psycopg.conninfo import make_conninfo
from sources import Unavailable
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

ACCOUNT = "database"


class Database:
    """The endpoint: a connection for each request, so that it always shows the account of now."""

    def __init__(self, secrets: LastGood, settings: Mapping[str, str]) -> None:
        self._secrets = secrets
        self._where = make_conninfo(
            host=settings.get("DATABASE_HOST", "database"),
            dbname=settings.get("DATABASE_NAME", "app"),
            sslmode="verify-full",
            sslrootcert=settings.get("DATABASE_CACERT", "system"),
            connect_timeout=3,
        )

    def who(self, request: Request) -> JSONResponse:
        """Tell the account's name and number."""
        try:
            secret = self._secrets.read(ACCOUNT).secret
        except Unavailable as error:
            return JSONResponse({"error": str(error)}, 503)
        try:
            account = json.loads(secret.value)
            user, password = str(account["username"]), str(account["password"])
        except (ValueError, KeyError, TypeError):
            wrong = f"{ACCOUNT}: it has to be a JSON object with username and password"
            return JSONResponse({"error": wrong}, 503)
        try:
            with psycopg.connect(self._where, user=user, password=password) as connection:
                row = connection.execute("select current_user").fetchone()
        except psycopg.Error as error:
            # The type alone: the text may quote what was sent.
            return JSONResponse({"error": f"the database: {type(error).__name__}"}, 503)
        return JSONResponse({"user": row[0] if row else None, "account": secret.version})


def application(settings: Mapping[str, str]) -> Starlette:
    """Return the application with the database's endpoint. Raises ValueError when a setting can't be."""
    secrets = app.store(settings)
    names = app.required(settings, f"{app.KEY},{ACCOUNT}")
    return app.serving(secrets, names, Route("/database", Database(secrets, settings).who))


if __name__ == "__main__":
    sys.exit(app.main(application))
