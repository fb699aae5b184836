"""The fixed words of a preview, and how heavily each weighs. compliance/docs/preview.md explains them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hullguard.preview.model import MAYBE, Effect

LEVELS = ("low", "medium", "high")
# What could not be seen is not safe: a gate counts it as the highest.
UNKNOWN = "unknown"
EXIT_CODES = {"low": 10, "medium": 11, "high": 12}

# effect: (what it means, the risk where it is certain)
EFFECTS: Mapping[str, tuple[str, str]] = {
    "restarts": ("stops, and runs again with another start time", "medium"),
    "keeps_running": ("goes on without a break (live-restore)", "low"),
    "starts": ("is stopped now, and is started with the engine", "medium"),
    "blocks": ("the role refuses while this is so, and changes nothing of the engine", "medium"),
    "hidden": ("stops and vanishes until remapping is taken away; it stays on the disk", "high"),
    "cannot_start": ("can't be started or made anew as it is", "high"),
    "loses_connectivity": ("no longer reaches, or is no longer reached by, what is named", "medium"),
    "becomes_reachable": ("is reached by whom a packet filter kept away", "high"),
    "loses_call": ("is refused system calls that it had", "medium"),
    "loses_privilege": ("setuid programs and file capabilities no longer raise its rights", "medium"),
    "loses_write_access": ("can no longer write to what is named", "medium"),
    "loses_read_access": ("can no longer read what is named", "low"),
    "loses_engine_access": ("can no longer use the engine", "medium"),
    "cannot_pull": ("can no longer be pulled", "medium"),
    "limited": ("gets a limit that it does not have", "low"),
    "logs_elsewhere": ("writes its log to another place", "low"),
    "more_records": ("the audit log grows faster", "low"),
    "unexamined": ("no rule looks at the evidence for this: read the text", "medium"),
    "none": ("nothing that runs is touched", "low"),
}
# certainty: what it means
CERTAINTIES: Mapping[str, str] = {
    "will": "follows from the evidence",
    "maybe": "depends on something that the evidence does not show",
}
# when: what it means
WHEN: Mapping[str, str] = {
    "now": "while the roles run",
    "started": "when it is started the next time",
    "recreated": "when it is made anew",
    "login": "at the next login",
    "pending": "once all containers have been stopped and the engine starts anew",
}
KINDS = (
    "container", "image", "volume", "network", "user", "file", "client", "host", "swarm", "registry",
)  # fmt: skip


def weight(effect: Effect) -> str:
    """Return the risk of one effect: what is only possible weighs one level less."""
    level = LEVELS.index(EFFECTS[effect.effect][1])
    return LEVELS[max(0, level - (effect.certainty == MAYBE))]


def worst(levels: Iterable[str]) -> str:
    """Return the highest of some levels, low when there are none; unknown is above all."""
    found = list(levels)
    return UNKNOWN if UNKNOWN in found else max(found, key=LEVELS.index, default=LEVELS[0])
