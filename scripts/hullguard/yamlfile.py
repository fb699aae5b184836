"""Read YAML that people write, and say where it is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from hullguard.errors import InputError

try:
    from yaml import CSafeLoader as Loader
except ImportError:  # a PyYAML built without libyaml: slower, same result
    from yaml import SafeLoader as Loader  # type: ignore[assignment]

MOST_BRACKETS = 10_000


def load(path: Path) -> Any:
    """Return the document in `path`. Raises InputError naming file, line and column."""
    try:
        text = path.read_text(encoding="utf-8")
        # libyaml has no limit of its own for nesting: it would end the process.
        if text.count("[") + text.count("{") > MOST_BRACKETS or "- " * 1000 in text:
            raise RecursionError
        return yaml.load(text, Loader=Loader)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: can't be read: {error}") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        raise InputError(f"{place}: not valid YAML: {error.problem}") from None
    except RecursionError:
        raise InputError(f"{path}: nested too deeply.") from None
    except (yaml.YAMLError, ValueError) as error:  # a ValueError is a date that no calendar has
        raise InputError(f"{path}: not valid YAML: {error}") from None


def validated(path: Path, schema_name: str) -> Any:
    """Return the document in `path` after checking it against a schema.

    Raises InputError with file and member.
    """
    document = load(path)
    check(document, schema_name, str(path))
    return document


def check(document: Any, schema_name: str, where: str) -> None:
    """Check a document against `compliance/schema/<schema_name>.schema.json`. Raises InputError."""
    import json

    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    from hullguard.paths import compliance_dir

    schema = json.loads(
        (compliance_dir() / "schema" / f"{schema_name}.schema.json").read_text(encoding="utf-8")
    )
    error = best_match(Draft202012Validator(schema).iter_errors(document))
    if error is not None:
        member = "".join(
            f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path
        ).lstrip(".")
        message = error.message if len(error.message) < 300 else error.message[:300] + " …"
        raise InputError(f"{where}: {member or 'top level'}: {message}")
