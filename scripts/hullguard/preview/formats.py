"""The forms of a preview, imported only when used."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TextIO

FORMATS = ("table", "json", "markdown")


def write(name: str, document: Mapping[str, Any], stream: TextIO) -> None:
    """Write a preview in the form called `name`; JSON is in ASCII, keys sorted."""
    if name == "json":
        stream.write(json.dumps(document, indent=2, sort_keys=True, allow_nan=False) + "\n")
        return
    from hullguard.preview import markdown, table

    (table if name == "table" else markdown).write(document, stream)
