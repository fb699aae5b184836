"""Logs as JSON, one object in a line. Only what is named here gets in: no tracebacks, which quote values."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

FIELDS = ("secret", "version", "reason")


class Formatter(logging.Formatter):
    """Formats time, level, message and the fields that are known to be harmless."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as JSON; of an exception its type alone."""
        told: dict[str, str] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
        }
        told |= {field: str(getattr(record, field)) for field in FIELDS if hasattr(record, field)}
        if record.exc_info and record.exc_info[0]:
            told["exception"] = record.exc_info[0].__name__
        return json.dumps(told)


def start() -> None:
    """Send everything from INFO on to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Formatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
