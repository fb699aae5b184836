"""What every HTML page shares: the templates, their escaping, and the policy that forbids every load.

Every value passes through ``sanitize.clean`` and then jinja2's autoescape. The page's policy allows no
load and no script or style but the two that are inlined here, which it knows by their hash.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from hullguard.reports import vocabulary
from hullguard.reports.sanitize import clean

NAME_LENGTH = 1000


def page(template: str, **values: Any) -> str:
    """Fill a template of this package; style, script and the policy that allows just these are added."""
    # Safe as markup: both are files of this package.
    style, script = Markup(_text("report.css")), Markup(_text("report.js"))  # noqa: S704
    policy = "; ".join(
        [
            "default-src 'none'",
            f"style-src {_hash(style)}",
            f"script-src {_hash(script)}",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )
    fixed = {"style": style, "script": script, "policy": Markup(policy)}  # noqa: S704
    return _environment().get_template(template).render(**fixed, **values)


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@cache
def _text(name: str) -> str:
    return resources.files("hullguard.reports").joinpath("templates", name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FunctionLoader(_text),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["name"] = _name
    environment.filters["moment"] = vocabulary.moment
    environment.filters["counts"] = vocabulary.counts_text
    environment.globals.update(
        verdicts=vocabulary.VERDICTS,
        labels=vocabulary.LABELS,
        severities=vocabulary.SEVERITIES,
        kinds=vocabulary.CHANGES,
        families=vocabulary.FAMILIES,
    )
    return environment


def _name(value: object, limit: int = NAME_LENGTH) -> str:
    return clean(value, limit)


def _finalize(value: object) -> object:
    return value if isinstance(value, Markup) else clean(value, keep_newlines=True)
