"""The files of a compose project: each read once, `extends` and `include` followed, with bounds."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hullguard.errors import InputError
from hullguard.lint import dotenv, known, merge, moved, source
from hullguard.lint.interpolate import Interpolation
from hullguard.lint.source import shown
from hullguard.lint.tree import MOST_NODES, Place, Row, Table, parse

MOST_FILES, LONGEST_CHAIN = 50, 50
Chain = tuple[tuple[str, str], ...]


class Files:
    """Reads documents for one set of variables; `unset` collects variables that stand for nothing."""

    def __init__(self, environment: Mapping[str, str], parent: Files | None = None) -> None:
        self.environment = environment
        self.interpolation = Interpolation(environment)
        self.includes: tuple[str, ...] = ()
        self.opened: list[str] = []
        if parent:
            self.opened, self.interpolation.unset = parent.opened, parent.interpolation.unset
        self.unset = self.interpolation.unset
        self.merged_nodes = 0
        self.read: dict[str, Table] = {}
        self.done: dict[tuple[str, str], Any] = {}

    def document(self, path: Path, folder: Path) -> Table:
        """Return a file with what its services extend and what it includes.

        Relative paths count from `folder`. Raises InputError.
        """
        raw = self.raw(path)
        document = Table()
        for key, value in raw.items():
            if key not in ("services", "include"):
                document.put(key, value, raw.at[key])
        services = raw.get("services")
        if isinstance(services, Table):
            resolved = Table()
            for name in services:
                resolved.put(name, self.service(path, name, ()), services.at[name])
            document.put("services", resolved, raw.at["services"])
        elif services is not None:
            document.put("services", services, raw.at["services"])
        return self.included(document, raw, path, folder) if raw.get("include") is not None else document

    def raw(self, path: Path) -> Table:
        """Return a file as it stands, keys checked and variables resolved. Raises InputError."""
        real = os.path.realpath(path)
        if real not in self.read:
            self.opened.append(real)
            if len(self.opened) > MOST_FILES:
                raise InputError(f"{shown(path)}: more than {MOST_FILES} files belong to this project.")
            documents = parse(source.read(path, "compose file"), path)
            whole: Table | None = None
            for value, place in documents:
                if not isinstance(value, Table):
                    raise InputError(f"{place}: the file is no mapping; this is no compose file.")
                known.check(value, place)
                resolved = self.interpolation.tree(value, place)
                whole = resolved if whole is None else merge.files(merge.plain(whole), resolved)
            if whole is None:
                raise InputError(f"{shown(path)}: the file is empty; this is no compose file.")
            self.read[real] = whole
        return self.read[real]

    def service(self, path: Path, name: str, chain: Chain) -> Any:
        """Return a file's service laid over the one that it extends. Raises InputError for a circle."""
        key = (os.path.realpath(path), name)
        if key in self.done:
            return self.done[key]
        services = self.raw(path)["services"]
        value, at = services[name], services.at[name]
        if key in chain or len(chain) > LONGEST_CHAIN:
            names = " -> ".join([part[1] for part in (*chain, key)][-8:])
            raise InputError(f"{at}: services extend one another in a circle, or too far: {names}.")
        if isinstance(value, Table) and value.get("extends") is not None:
            value = self.extended(path, name, value, (*chain, key))
        self.done[key] = value
        return value

    def extended(self, path: Path, name: str, value: Table, chain: Chain) -> Table:
        """Return a service laid over its base."""
        at, wanted = value.at["extends"], value["extends"]
        table = wanted if isinstance(wanted, Table) else {"service": wanted}
        base, file = table.get("service"), table.get("file")
        if not isinstance(base, str) or not isinstance(file, str | None):
            raise InputError(f"{at}: extends of service {name} takes `service:` and `file:`, both texts.")
        other = path if file is None else path.parent / file
        try:
            services = self.raw(other).get("services")
        except InputError as error:
            raise InputError(f"{at}: service {name} extends another file. {error}") from None
        if not isinstance(services, Table) or base not in services:
            raise InputError(
                f"{at}: service {name} extends {shown(base)!r}, which {shown(other)} does not have."
            )
        found = self.service(other, base, chain)
        if not isinstance(found, Table):
            raise InputError(f"{at}: service {name} extends {shown(base)!r}, which is no mapping.")
        own = Table()
        for key, item in value.items():
            if key != "extends":
                own.put(key, item, value.at[key])
        merged = merge.service(moved.service(found, other.parent, path.parent), own)
        self.spend(merged, path)
        return merged

    def included(self, document: Table, raw: Table, path: Path, folder: Path) -> Table:
        """Return a document with what the files that it includes define. Raises InputError."""
        place, rows = raw.at["include"], raw["include"]
        if not isinstance(rows, Row):
            raise InputError(f"{place}: include is no list.")
        for item, at in zip(rows, rows.at, strict=True):
            table = item if isinstance(item, Table) else {"path": item}
            names, env_files = _texts(table.get("path")), _texts(table.get("env_file"))
            project = table.get("project_directory")
            if (
                not names
                or (env_files is None and "env_file" in table)
                or not isinstance(project, str | None)
            ):
                raise InputError(
                    f"{at}: an include takes a path, or `path`, `project_directory` and `env_file`."
                )
            other = self.sub_project([folder / name for name in names], folder, project, env_files, at)
            for kind in ("services", *known.RESOURCES):
                _import(document, other, kind, at)
        return document

    def sub_project(
        self, paths: list[Path], folder: Path, project: str | None, env_files: list[str] | None, at: Place
    ) -> Table:
        """Return the merged files of one `include`, their paths counted from the including folder."""
        real = os.path.realpath(paths[0])
        if real in self.includes:
            raise InputError(f"{at}: files include one another in a circle: {shown(paths[0])}.")
        home = folder / project if project else paths[0].parent
        beside = [folder / name for name in env_files or ()] or [p for p in [home / ".env"] if p.is_file()]
        values: dict[str, str] = {}
        for name in beside:
            values |= dotenv.load(name, self.environment)
        files = Files({**values, **self.environment}, self)
        files.includes = (*self.includes, real)
        document = merge.plain(files.document(paths[0], home))
        for path in paths[1:]:
            document = merge.files(document, files.document(path, home))
        return moved.project(document, home, folder)

    def spend(self, tree: Any, path: Path) -> None:
        """Count the nodes of a merged part. Raises InputError when `extends` has made it too large."""
        waiting = [tree]
        while waiting:
            value = waiting.pop()
            self.merged_nodes += 1
            if self.merged_nodes > MOST_NODES:
                raise InputError(
                    f"{shown(path)}: has more than {MOST_NODES} nodes once its services are laid over others."
                )
            if isinstance(value, Table):
                waiting += value.values()
            elif isinstance(value, Row):
                waiting += value


def _texts(value: Any) -> list[str] | None:
    rows = [value] if isinstance(value, str) else list(value) if isinstance(value, Row) else None
    return rows if rows is not None and all(isinstance(item, str) for item in rows) else None


def _import(document: Table, other: Table, kind: str, at: Place) -> None:
    found = other.get(kind)
    if not isinstance(found, Table):
        return
    mine = document.get(kind)
    if not isinstance(mine, Table):
        mine = Table()
        document.put(kind, mine, at)
    for name, value in found.items():
        if name in mine and mine[name] != value:
            raise InputError(
                f"{at}: the included file defines {kind}.{shown(name)}, which is already defined."
            )
        if name not in mine:
            mine.put(name, value, found.at[name])
