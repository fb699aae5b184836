"""daemon.json as it is, and as the one role that writes it would merge it (roles/_daemon_json)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hullguard.catalogue import Control
from hullguard.effective import Unseen, flags, member
from hullguard.preview.fragments import Fragment, fragments
from hullguard.preview.model import Choice

EMPTY: tuple[Any, ...] = ("", None, [], {})


@dataclass(frozen=True, slots=True)
class Configuration:
    """The file before and after; `reason` says why it can't be told, `clashes` what the role refuses."""

    path: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    parts: Mapping[str, Fragment] = field(default_factory=dict)
    clashes: tuple[str, ...] = ()
    reason: str = ""

    @property
    def keys(self) -> list[str]:
        """Return the keys that are added, changed or removed, sorted."""
        every = {*self.before, *self.after}
        missing = object()
        return sorted(k for k in every if self.before.get(k, missing) != self.after.get(k, missing))

    @property
    def stops(self) -> bool:
        """Return whether a role asks for containers to be stopped whatever live-restore says."""
        return any(part.stop_containers for part in self.parts.values())


def configuration(
    engine: Mapping[str, Any], controls: Iterable[Control], choice: Choice, slugs: set[str]
) -> Configuration:
    """Return the configuration before and after."""
    file = engine.get("daemon_json")
    path = str(member(file, "path")) if isinstance(file, Mapping) else "/etc/docker/daemon.json"
    if not isinstance(file, Mapping) or not isinstance(file.get("exists"), bool):
        return Configuration(path, {}, {}, reason="daemon.json was not looked at")
    content = file.get("content") if file["exists"] else {}
    if not isinstance(content, Mapping):
        return Configuration(path, {}, {}, reason=f"daemon.json can't be read: {file.get('error')}")
    try:
        on_line = flags(engine)
    except Unseen as unseen:
        return Configuration(path, content, content, reason=str(unseen))
    parts = fragments(engine, controls, choice, slugs)
    clashes = [text for role, part in parts.items() for text in _clashes(role, part, on_line)]
    after = merge(content, on_line, parts.values())
    return Configuration(path, content, after, parts, tuple(clashes))


def merge(
    present: Mapping[str, Any], on_line: Mapping[str, Any], parts: Iterable[Fragment]
) -> dict[str, Any]:
    """Return the present configuration with what the roles want merged over it, as _daemon_json does it:
    what stays on the command line is left out, mappings are merged, a null inside one takes that away.
    """
    listed = list(parts)
    unflagged = {key for part in listed for key in part.unflagged}
    standing = {key: value for key, value in on_line.items() if key not in unflagged}
    harmless = {key: value for part in listed for key, value in part.harmless.items()}
    gone = {
        key
        for part in listed
        for key in part.absent
        if key not in present or key not in harmless or present[key] != harmless[key]
    }
    result = {key: value for key, value in present.items() if key not in gone}
    taken = {key for key, value in present.items() if value not in EMPTY} | set(standing)
    for part in listed:
        result |= {key: value for key, value in part.keep.items() if key not in taken}
    for part in listed:
        for key, value in part.set.items():
            if key not in standing:
                result[key] = _over(result.get(key), value)
    return result


def _over(old: Any, new: Any) -> Any:
    if not isinstance(new, Mapping):
        return new
    merged = dict(old) if isinstance(old, Mapping) else {}
    for key, value in new.items():
        merged[key] = _over(merged.get(key), value)
    return {key: value for key, value in merged.items() if key not in new or new[key] is not None}


def _clashes(role: str, part: Fragment, on_line: Mapping[str, Any]) -> list[str]:
    found = []
    for key, value in on_line.items():
        if key in part.unflagged or (key not in part.set and key not in part.absent):
            continue
        wanted = part.set[key] if key in part.set else part.harmless.get(key)
        if str(wanted) != str(value):
            found.append(f"{role}: the daemon's command line sets {key} ({value}) to something else")
    return found
