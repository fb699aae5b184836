"""How compose lays one file over another, and a service over the one that it extends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hullguard.errors import InputError
from hullguard.lint.source import shown
from hullguard.lint.tree import RESET, Place, Row, Table, Tagged

Path = tuple[str, ...]
# Below a service: replaced as a whole; texts and mappings that become lists; lists that become mappings.
REPLACED = {("command",), ("entrypoint",), ("healthcheck", "test")}
LISTED = {
    ("annotations",), ("build", "args"), ("build", "labels"), ("deploy", "labels"), ("dns",), ("dns_opt",),
    ("dns_search",), ("env_file",), ("environment",), ("extra_hosts",), ("label_file",), ("labels",),
    ("sysctls",), ("tmpfs",),
}  # fmt: skip
MAPPED = {("depends_on",), ("models",), ("networks",)}


def files(base: Table, over: Table) -> Table:
    """Return a file with a later one laid over it. Raises InputError where their forms differ."""
    return _tables(base, over, (), keep=False)


def service(base: Table, over: Table) -> Table:
    """Return a service laid over the one that it extends; its own tags still count for earlier files."""
    return _tables(base, over, ("services", "*"), keep=True)


def plain(value: Any) -> Any:
    """Return a value without compose's tags: what is reset is gone."""
    if isinstance(value, Tagged):
        return plain(value.value)
    if isinstance(value, Table):
        table = Table()
        for key, item in value.items():
            if not (isinstance(item, Tagged) and item.tag == RESET):
                table.put(key, plain(item), value.at[key])
        return table
    if isinstance(value, Row):
        row = Row()
        for item, at in zip(value, value.at, strict=True):
            if not (isinstance(item, Tagged) and item.tag == RESET):
                row.put(plain(item), at)
        return row
    return value


def _tables(base: Table, over: Table, path: Path, *, keep: bool) -> Table:
    merged = Table()
    for key, value in base.items():
        merged.put(key, value, base.at[key])
    for key, value in over.items():
        at = over.at[key]
        if isinstance(value, Tagged):
            merged.pop(key, None)
            if keep or value.tag != RESET:
                merged.put(key, value if keep else plain(value), at)
        elif key not in merged:
            merged.put(key, value if keep else plain(value), at)
        else:
            below = (*path, key)
            merged.put(key, _values(merged[key], value, below, at, keep=keep), at)
    return merged


def _values(base: Any, over: Any, path: Path, at: Place, *, keep: bool) -> Any:
    inside = path[2:] if path[0] == "services" else ()
    if isinstance(base, Tagged):
        base = plain(base)
    if over is None and inside not in REPLACED:
        return base
    if inside in REPLACED or base is None or (len(inside) == 2 and inside[0] == "ulimits"):
        return over if keep else plain(over)
    if inside in LISTED:
        base, over = _listed(base, at), _listed(over, at)
    elif inside in MAPPED:
        base, over = _mapped(base, at), _mapped(over, at)
    elif inside == ("build",):
        base, over = _built(base, at), _built(over, at)
    elif inside == ("logging",) and _driver(base) and _driver(over) and _driver(base) != _driver(over):
        return over if keep else plain(over)
    if isinstance(base, Table) and isinstance(over, Table):
        return _tables(base, over, path, keep=keep)
    if isinstance(base, Row) and isinstance(over, Row):
        return _rows(base, over if keep else plain(over), inside)
    if isinstance(base, Table | Row) or isinstance(over, Table | Row):
        name = ".".join(shown(part) for part in path)
        raise InputError(
            f"{at}: {name} can't be laid over the one of the file or service before: their forms differ."
        )
    return over


def _listed(value: Any, at: Place) -> Any:
    if isinstance(value, Table):
        row = Row()
        for key, item in value.items():
            row.put(key if item is None else f"{key}={item}", value.at[key])
        return row
    if isinstance(value, str):
        row = Row()
        row.put(value, at)
        return row
    return value


def _mapped(value: Any, at: Place) -> Any:
    if not isinstance(value, Row):
        return value
    table = Table()
    for item, place in zip(value, value.at, strict=True):
        if not isinstance(item, str):
            raise InputError(f"{place}: this item is no text.")
        table.put(item, None, place)
    return table


def _built(value: Any, at: Place) -> Any:
    if not isinstance(value, str):
        return value
    table = Table()
    table.put("context", value, at)
    return table


def _driver(value: Any) -> Any:
    return value.get("driver") if isinstance(value, Table) else None


def _rows(base: Row, over: Row, inside: Path) -> Row:
    """Return both lists, an item that is there again in the place of the former one."""
    identify = IDENTIFIED.get(inside)
    merged, known = Row(), dict[str, int]()
    for row in (base, over):
        for item, at in zip(row, row.at, strict=True):
            key = identify(item) if identify else None
            if key is not None and key in known:
                merged[known[key]], merged.at[known[key]] = item, at
                continue
            if key is not None:
                known[key] = len(merged)
            merged.put(item, at)
    return merged


def _name(item: Any) -> str | None:
    return item.partition("=")[0] if isinstance(item, str) else None


def _target(item: Any) -> str | None:
    if isinstance(item, Table):
        target = item.get("target")
        return target if isinstance(target, str) else None
    if not isinstance(item, str):
        return None
    parts = item.split(":")
    return parts[1] if len(parts) > 1 else parts[0]


def _port(item: Any) -> str | None:
    if isinstance(item, Table):
        parts = [
            item.get("host_ip", ""),
            item.get("published", ""),
            item.get("target"),
            item.get("protocol", "tcp"),
        ]
        return ":".join(map(str, parts)) if not any(isinstance(part, Table | Row) for part in parts) else None
    return str(item) if isinstance(item, str | int) else None


IDENTIFIED: dict[Path, Callable[[Any], str | None]] = {
    ("cap_add",): _name, ("cap_drop",): _name, ("environment",): _name, ("labels",): _name,
    ("sysctls",): _name, ("tmpfs",): _name, ("devices",): _target, ("volumes",): _target, ("ports",): _port,
}  # fmt: skip
