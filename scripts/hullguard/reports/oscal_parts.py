"""The OSCAL format's building blocks: names, texts and identifiers as OSCAL wants them.

Every identifier is derived from what it stands for (UUID version 5), so that the same host, control, object
or finding has the same one in every report.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from hullguard.reports.findings import fingerprint_of, instant, thing_text, waiver_text
from hullguard.reports.sanitize import clean

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:hullguard:oscal")
PROPERTIES = "urn:hullguard:oscal"
LINE_LENGTH, TEXT_LENGTH = 1000, 8000


def identifier(*parts: object) -> str:
    """Return the UUID of what these parts name."""
    return str(uuid.uuid5(NAMESPACE, fingerprint_of(*parts)))


def token(value: object) -> str:
    """Return a name without blanks, beginning with a letter, as OSCAL wants ids."""
    text = re.sub(r"[^A-Za-z0-9._-]", "_", clean(value, 200))
    return text if re.match(r"[A-Za-z_]", text) else f"_{text}"


def line(value: object, limit: int = LINE_LENGTH) -> str:
    """Return untrusted text as one line of OSCAL's Markdown: what has a meaning there is escaped."""
    text = re.sub(r"([\\`*_\[\]<>&~^|#])", r"\\\1", clean(value, limit)).strip()
    return text or "-"


def prose(*parts: object) -> str:
    """Return untrusted texts as paragraphs of OSCAL's Markdown."""
    kept = [clean(part, TEXT_LENGTH, keep_newlines=True) for part in parts if part]
    return (
        "\n\n".join(
            "\n\n".join(line(row, TEXT_LENGTH) for row in part.split("\n") if row.strip()) for part in kept
        )
        or "-"
    )


def properties(**values: object) -> dict[str, list[dict[str, str]]]:
    """Return properties of our own, without the empty ones; nothing when all are."""
    rows = [
        {"name": name.replace("_", "-"), "ns": PROPERTIES, "value": text}
        for name, value in values.items()
        if (text := clean(value, LINE_LENGTH).strip())
    ]
    return {"props": rows} if rows else {}


class Inventory:
    """The things and tools that one result speaks of; each is defined once, whoever names it."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._items: dict[str, dict[str, Any]] = {}
        self._tools: dict[str, dict[str, Any]] = {}

    def subjects(self, things: Iterable[Mapping[str, Any]]) -> dict[str, list[dict[str, str]]]:
        """Return references to things, which the result then defines."""
        found = {}
        for thing in things:
            key = identifier("thing", self._host, thing.get("kind"), thing.get("name"))
            title = line(thing_text(thing, LINE_LENGTH))
            self._items[key] = {
                "uuid": key,
                "description": title,
                **properties(kind=thing.get("kind"), name=thing.get("name"), host=self._host),
            }
            found[key] = {"subject-uuid": key, "type": "inventory-item", "title": title}
        return {"subjects": list(found.values())} if found else {}

    def origins(self, tool: object, version: object) -> dict[str, list[dict[str, Any]]]:
        """Return the reference to the tool that saw it, which the result then defines."""
        key = identifier("tool", tool, version)
        self._tools[key] = {
            "uuid": key,
            "type": "software",
            "title": line(tool),
            "description": line(f"{clean(tool, 200)} {clean(version, 100)}"),
            **properties(version=version),
            "status": {"state": "operational"},
        }
        return {"origins": [{"actors": [{"type": "tool", "actor-uuid": key}]}]}

    def definitions(self) -> dict[str, Any]:
        """Return what was named, as a result's local definitions."""
        parts = {"components": self._tools, "inventory-items": self._items}
        found = {name: [items[key] for key in sorted(items)] for name, items in parts.items() if items}
        return {"local-definitions": found} if found else {}


def assessed(
    title: str,
    description: str,
    when: str,
    controls: list[str],
    inventory: Inventory | None = None,
    **lists: Any,
) -> dict[str, Any]:
    """Return one result: the controls reviewed and the lists that are not empty. `when` is ISO 8601."""
    selected = [{"control-id": control} for control in sorted(set(controls))]
    # A selection has to name something; what names nothing would stand for all.
    nothing = {"description": "Nothing was reviewed.", "include-controls": [{"control-id": "none"}]}
    return {
        "uuid": identifier("result", title, when),
        "title": line(title),
        "description": prose(description),
        "start": when,
        "end": when,
        **(inventory.definitions() if inventory else {}),
        "reviewed-controls": {
            "control-selections": [{"include-controls": selected} if selected else nothing]
        },
        **{name: rows for name, rows in lists.items() if rows},
    }


def accepted(
    row: Mapping[str, Any], when: str, keys: tuple[object, ...], related: list[dict[str, str]]
) -> dict[str, Any]:
    """Return the risk of a verdict or a finding that is waived: a deviation with its last day."""
    waiver = row["waiver"]
    expires = instant(waiver.get("expires"))
    return {
        "uuid": identifier("risk", *keys),
        "title": line(row.get("title")),
        "description": prose(row.get("reason") or row.get("title")),
        "statement": prose(waiver_text(waiver)),
        **properties(
            owner=waiver.get("owner"), approver=waiver.get("approver"), expires=waiver.get("expires")
        ),
        "status": "deviation-approved",
        **({"deadline": expires} if expires else {}),
        "related-observations": related,
    }
