"""Serve the application until SIGTERM: what is being answered then is still answered."""

from __future__ import annotations

import os

import uvicorn

from app.web import application

uvicorn.run(
    application,
    # A container's interfaces are its own; HOST names one where its other networks are not to reach it.
    host=os.environ.get("HOST", "0.0.0.0"),  # noqa: S104
    port=8000,
    access_log=False,
    server_header=False,
    timeout_graceful_shutdown=10,
)
