"""What watch says: one alert, its JSON form (schema hullguard/alert/1) and its line for people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hullguard.catalogue import SEVERITIES
from hullguard.reports.sanitize import clean

SCHEMA = "hullguard/alert/1"
# What an alert can be about; compliance/detections.yml sets them beside Falco's rules and audit rules.
CONTROL_BROKEN = "control_broken"
ENGINE_SOCKET_MOUNTED = "engine_socket_mounted"
HOST_FILESYSTEM_MOUNTED = "host_filesystem_mounted"
EXEC_AS_ROOT = "exec_as_root"
EXEC_PRIVILEGED = "exec_privileged"
DAEMON_JSON_CHANGED = "daemon_json_changed"
UNSEEN = "unseen"
ENGINE_LOST = "engine_lost"
ENGINE_BACK = "engine_back"
KINDS = (
    CONTROL_BROKEN, ENGINE_SOCKET_MOUNTED, HOST_FILESYSTEM_MOUNTED, EXEC_AS_ROOT, EXEC_PRIVILEGED,
    DAEMON_JSON_CHANGED, UNSEEN, ENGINE_LOST, ENGINE_BACK,
)  # fmt: skip
# Beside the catalogue's four: what was not seen, and what is only said for the record.
UNKNOWN, INFO = "unknown", "info"
LONGEST_NAME, LONGEST_TEXT, MOST_KEYS = 256, 500, 50


@dataclass(frozen=True, slots=True)
class Named:
    """The container that an alert is about. `id` is "" where the engine did not tell it."""

    id: str
    name: str
    image: str


@dataclass(frozen=True, slots=True)
class Broken:
    """A control that an alert names; `verdict` is fail or unknown."""

    id: str
    severity: str
    reason: str
    verdict: str = "fail"


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert. `keys` are names of members of daemon.json; no value of anything is in it."""

    kind: str
    severity: str
    detail: str
    container: Named | None = None
    controls: tuple[Broken, ...] = ()
    keys: tuple[str, ...] = ()
    time: str = ""
    host: str = ""

    def document(self) -> dict[str, Any]:
        """Return the alert of schema hullguard/alert/1: every text bounded and printable."""
        thing = self.container
        return {
            "schema": SCHEMA,
            "time": self.time,
            "host": clean(self.host, LONGEST_NAME),
            "kind": self.kind,
            "severity": self.severity,
            "container": thing
            and {
                "id": clean(thing.id, LONGEST_NAME),
                "name": clean(thing.name, LONGEST_NAME),
                "image": clean(thing.image, LONGEST_NAME),
            },
            "controls": [
                {
                    "id": c.id,
                    "severity": c.severity,
                    "verdict": c.verdict,
                    "reason": clean(c.reason, LONGEST_TEXT),
                }
                for c in self.controls
            ],
            "keys": [clean(key, 80) for key in self.keys[:MOST_KEYS]],
            "detail": clean(self.detail, LONGEST_TEXT),
        }

    def line(self) -> str:
        """Return the alert as one printable line."""
        document = self.document()
        thing = document["container"]
        words = [f"{self.kind}:"]
        if thing:
            words.append(f"{thing['name']} ({thing['image'] or 'image unknown'}):")
        words.append(document["detail"])
        named = [f"{c['id']} ({c['severity']}): {c['reason']}" for c in document["controls"]]
        return " ".join(words) + (f" [{'; '.join(named)}]" if named else "")


def now() -> str:
    """Return the present time, RFC 3339 in UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def worst(severities: Iterable[str]) -> str:
    """Return the gravest of the catalogue's severities; `unknown` when none is among them."""
    found = set(severities)
    return next((severity for severity in reversed(SEVERITIES) if severity in found), UNKNOWN)
