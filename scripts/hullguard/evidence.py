"""Read evidence files that may be cut, foreign, huge or hostile."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hullguard.errors import InputError

SCHEMA = "hullguard/evidence/1"
# A host with a thousand containers gives about 4 MB; what is far above is not evidence.
LARGEST_BYTES = 256 << 20

Evidence = dict[str, Any]


def load(path: Path) -> Evidence:
    """Return one evidence document. Raises InputError that names the file, the place and what to do."""
    try:
        size = path.stat().st_size
        if size > LARGEST_BYTES:
            raise InputError(f"{path}: {size >> 20} MiB is more than the {LARGEST_BYTES >> 20} MiB that evidence may have.")
        document = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise InputError(f"{path}: no such file.") from None
    except json.JSONDecodeError as error:
        raise InputError(
            f"{path}:{error.lineno}:{error.colno}: not valid JSON ({error.msg}). "
            "The file is cut or no evidence: collect it again with `hullguard collect`."
        ) from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: not text in UTF-8: no evidence file.") from None
    except RecursionError:
        raise InputError(f"{path}: nested too deeply: no evidence file.") from None
    except OSError as error:
        raise InputError(f"{path}: can't be read: {error.strerror}.") from None
    return checked(document, str(path))


def checked(document: Any, where: str) -> Evidence:
    """Return the document when it is evidence of a version that this program reads. Raises InputError."""
    found = document.get("schema") if isinstance(document, dict) else None
    if found != SCHEMA:
        if isinstance(found, str) and found.startswith("hullguard/evidence/"):
            raise InputError(f"{where}: evidence of version {found!r}; this program reads {SCHEMA!r}. Use matching versions.")
        raise InputError(f"{where}: no evidence ('schema' is {str(found)[:60]!r}, not {SCHEMA!r}). Was it made by `hullguard collect`?")
    host = document.get("host")
    if not isinstance(host, dict) or not isinstance(host.get("name"), str) or not host["name"]:
        raise InputError(f"{where}: host.name is missing: whose evidence this is can't be told.")
    if not isinstance(document.get("collected_at"), str):
        raise InputError(f"{where}: collected_at is missing: when it was collected can't be told.")
    return dict(document)


def load_all(path: Path) -> list[Evidence]:
    """Return the evidence in a file, or in every *.json of a folder, sorted by host name. Raises InputError."""
    if not path.is_dir():
        return [load(path)]
    files = sorted(path.glob("*.json"))
    if not files:
        raise InputError(f"{path}: holds no *.json evidence files.")
    return sorted((load(file) for file in files), key=lambda document: str(document["host"]["name"]))
