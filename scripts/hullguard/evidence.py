"""Read evidence files that may be cut, foreign, huge or hostile."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from hullguard.errors import InputError

SCHEMA = "hullguard/evidence/1"
# A host with a thousand containers gives about 4 MB; what is far above is not evidence.
LARGEST_BYTES = 64 << 20

Evidence = dict[str, Any]


def parse(path: Path, largest: int = LARGEST_BYTES) -> Any:
    """Return the JSON document in a file of at most `largest` bytes.

    Raises InputError that names the file, the place and what is wrong.
    """
    try:
        with path.open("rb") as stream:  # a device or a pipe has no size to ask for
            raw = stream.read(largest + 1)
        if len(raw) > largest:
            raise InputError(f"{path}: larger than {largest >> 20} MiB: too large for what it should be.")
        return json.loads(raw, parse_constant=_refuse)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file.") from None
    except json.JSONDecodeError as error:
        raise InputError(
            f"{path}:{error.lineno}:{error.colno}: not valid JSON ({error.msg}). "
            "The file is cut or something else: make it again with `hullguard collect` or "
            "`hullguard audit --format json`."
        ) from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: not text in UTF-8.") from None
    except RecursionError:
        raise InputError(f"{path}: nested too deeply.") from None
    except ValueError as error:
        raise InputError(f"{path}: not valid JSON: {error}.") from None
    except OSError as error:
        raise InputError(f"{path}: can't be read: {error.strerror}.") from None


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no number")


def load(path: Path) -> Evidence:
    """Return one evidence document. Raises InputError that names the file, the place and what to do."""
    return checked(parse(path), str(path))


def checked(document: Any, where: str) -> Evidence:
    """Return the document when it is evidence of a version that this program reads. Raises InputError."""
    found = document.get("schema") if isinstance(document, dict) else None
    if found != SCHEMA:
        if isinstance(found, str) and found.startswith("hullguard/evidence/"):
            raise InputError(
                f"{where}: evidence of version {found[:60]!r}; this program reads {SCHEMA!r}. "
                "Use matching versions."
            )
        raise InputError(
            f"{where}: no evidence ('schema' is {str(found)[:60]!r}, not {SCHEMA!r}). "
            "Was it made by `hullguard collect`?"
        )
    host = document.get("host")
    if not isinstance(host, dict) or not isinstance(host.get("name"), str) or not host["name"]:
        raise InputError(f"{where}: host.name is missing: whose evidence this is can't be told.")
    if not isinstance(document.get("collected_at"), str):
        raise InputError(f"{where}: collected_at is missing: when it was collected can't be told.")
    return dict(document)


def load_all(path: Path) -> list[Evidence]:
    """Return the evidence in a file, or in every *.json of a folder, sorted by host name.

    Raises InputError.
    """
    if not path.is_dir():
        return [load(path)]
    files = sorted(path.glob("*.json"))
    if not files:
        raise InputError(f"{path}: holds no *.json evidence files.")
    documents = [load(file) for file in files]
    named = Counter(document["host"]["name"] for document in documents)
    for file, document in zip(files, documents, strict=True):
        if named[document["host"]["name"]] > 1:  # two hosts called localhost are still two hosts
            document["host"] = {**document["host"], "name": f"{document['host']['name']} ({file.stem})"}
    return sorted(documents, key=lambda document: str(document["host"]["name"]))
