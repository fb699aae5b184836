"""Which roles harden.yml runs, and which variables of theirs change what a preview says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import yaml

from hullguard import yamlfile
from hullguard.errors import InputError, unknown_name
from hullguard.paths import compliance_dir
from hullguard.preview.model import Choice


@cache
def listed() -> Mapping[str, Any]:
    """Return compliance/roles.yml: `usual` and `others` roles, and `variables` with a part in previews."""
    found: Mapping[str, Any] = yamlfile.load(compliance_dir() / "roles.yml")
    return found


def choice(roles: Iterable[str], variables: Mapping[str, Any], *, single: bool) -> Choice:
    """Return the choice of roles (the usual ones when none is named) and their variables.

    Raises InputError for a role or a variable that nobody knows.
    """
    known = [*listed()["usual"], *listed()["others"]]
    named = list(roles) or listed()["usual"]
    for role in named:
        if role not in known:
            raise unknown_name("role", role, known)
    for name in variables:
        if name not in listed()["variables"]:
            raise unknown_name("variable with a part in previews", name, listed()["variables"])
    return Choice(frozenset(named), variables, single)


def assigned(pairs: Iterable[str]) -> dict[str, Any]:
    """Return variables from NAME=VALUE, each value read as YAML, as in an inventory. Raises InputError."""
    found = {}
    for pair in pairs:
        name, sign, text = pair.partition("=")
        if not sign or not name:
            raise InputError(f"--with {pair!r}: takes NAME=VALUE, as in docker_host_remove_members=true.")
        try:
            found[name] = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise InputError(f"--with {name}: the value is no YAML: {error}") from None
    return found
