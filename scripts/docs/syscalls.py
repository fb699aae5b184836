"""The tables of system calls: what the engine's profile and ours make of each, as it was measured.

tests/e2e/test_syscalls.py measures and keeps it in compliance/docs/seccomp-syscalls.json.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from docs import seccomp
from docs.markdown import bullets, paragraph, table
from docs.syscall_names import joined
from docs.syscall_results import ENOSYS, EPERM, PROFILES, Host, Pattern, load, native
from hullguard.syscalls.judge import ALLOWED, GUARDED, UNKNOWN
from hullguard.syscalls.measure import CAPABILITIES, DEFAULT, KERNEL, PRIVILEGED
from hullguard.syscalls.rows import NATIVE, Row, rows

# The host that the tables are about; of the others, only what differs.
MAIN = "debian-13"
HEADER = ("the engine's", *seccomp.CHAINS)
ALONE = "no profile"
AGREED = (
    "Let through by all three",
    "Refused by all three with ENOSYS, as if the kernel had no such call",
    "Refused by all three otherwise",
    "Unknown",
)


def lists(path: Path, root: Path) -> dict[str, Callable[[], str]]:
    """Return what makes each of the lists, by its marker's name. Raises InputError for stale results."""
    found = load(path, root)
    main = Host(found["hosts"][MAIN])
    policies = seccomp.policies(root)
    return {
        "measured": lambda: measured(main),
        "counts": lambda: counts(main),
        "differ": lambda: differing(main, policies),
        "ours": lambda: only_ours(main),
        "capabilities": lambda: with_capabilities(main, policies),
        "entries": lambda: entries(main),
        "same": lambda: same(main),
        "kernel": lambda: by_the_kernel(main),
        "engines": lambda: engines(main, [Host(one) for name, one in found["hosts"].items() if name != MAIN]),
    }


def measured(host: Host) -> str:
    """Say where it was measured."""
    about = host.about
    return paragraph(
        f"Measured on Linux {about['kernel']}, x86-64: {software(host)}; {len(about['rows'])} calls,"
        " arguments told apart where a profile looks at them."
    )


def software(host: Host) -> str:
    """Name what makes a filter of a profile."""
    about = host.about
    return f"engine {about['engine']} of {about['os']}, {about['runtime']}, libseccomp {about['libseccomp']}"


def counts(host: Host) -> str:
    """How many of the 64-bit calls each profile lets through."""
    lines = []
    for name, words in zip(PROFILES, HEADER, strict=True):
        for suffix, more in (("", ""), (PRIVILEGED, ", with capabilities")):
            found = Counter(host.said(row, name + suffix) for row in native())
            lines.append((words + more, *(str(found[one]) for one in (ALLOWED, EPERM, ENOSYS, UNKNOWN))))
    return table(("profile", "let through", "EPERM", "ENOSYS", "unknown"), lines)


def differing(host: Host, policies: Mapping[str, Any]) -> str:
    """What the engine's profile lets through, and one of ours does not; grouped as the policies are."""
    groups: dict[Pattern, list[Row]] = {}
    for row in native():
        pattern = host.pattern(row)
        if pattern[0] == ALLOWED and set(pattern) != {ALLOWED}:
            profile = HEADER[next(n for n, one in enumerate(pattern) if one != ALLOWED)]
            key = (host.alone(row), *pattern, needed_by(row, policies[profile]))
            groups.setdefault(key, []).append(row)
    lines = [(joined(found), *key) for key, found in groups.items()]
    return table(("calls", ALONE, *HEADER, "who needs them"), lines)


def needed_by(row: Row, policy: Mapping[str, Any]) -> str:
    """Return what a policy says of who needs a call that it takes away."""
    said = (str(one["breaks"]) for one in policy["takes_away"] if row.call in one["calls"].split())
    return next(said, "")


def only_ours(host: Host) -> str:
    """What one of ours lets through, and this engine's own does not."""
    return grouped(
        (row, host.pattern(row))
        for row in native()
        if host.pattern(row)[0] != ALLOWED and ALLOWED in host.pattern(row)
    )


def with_capabilities(host: Host, policies: Mapping[str, Any]) -> str:
    """What capabilities bring back, and which could not be given."""
    changed = (
        (row, host.pattern(row, PRIVILEGED))
        for row in native()
        if host.pattern(row, PRIVILEGED) != host.pattern(row)
    )
    given = host.about["capabilities"]
    missing = [name for name in CAPABILITIES if name not in given]
    depend = {
        call
        for rule in policies[DEFAULT]["rules"]
        if {f"CAP_{name}" for name in missing} & set(rule.get("caps", ()))
        for call in rule["calls"].split()
    }
    # What another capability brings back as well was seen.
    unseen = [
        row for row in native() if row.call in depend and host.said(row, DEFAULT + PRIVILEGED) != ALLOWED
    ]
    said = paragraph(
        f"Given: {code(given)}. The host has no {code(missing)} to give, so that what these bring back is not"
        f" told here: {joined(unseen)}."
    )
    return f"{grouped(changed)}\n\n{said}" if missing else grouped(changed)


def entries(host: Host) -> str:
    """The other entries to the kernel, call by call."""
    lines = [(f"`{row.id}`", host.alone(row), *host.pattern(row)) for row in rows() if row.abi != NATIVE]
    return table(("call", ALONE, *HEADER), lines)


def same(host: Host) -> str:
    """What all three agree about."""
    found: dict[str, list[Row]] = {words: [] for words in AGREED}
    for row in native():
        if words := agreed(host.pattern(row)):
            found[words].append(row)
    return "\n\n".join(
        paragraph(f"**{words}** ({len(mine)}): {joined(mine)}.") for words, mine in found.items() if mine
    )


def agreed(pattern: Pattern) -> str:
    """Return under which heading a call stands about which the profiles agree; "" for another."""
    if UNKNOWN in pattern:
        return AGREED[3]
    if ALLOWED in pattern:
        return AGREED[0] if set(pattern) == {ALLOWED} else ""
    return AGREED[1] if set(pattern) == {ENOSYS} else AGREED[2]


def by_the_kernel(host: Host) -> str:
    """What the kernel says by itself."""
    parts = {
        ENOSYS: "This kernel has no such call (ENOSYS)",
        EPERM: "Refused without any profile, for want of a capability (EPERM)",
        GUARDED: "Not carried out, because they act whatever they are given",
    }
    return bullets(
        f"{words}: {joined([row for row in native() if host.said(row, KERNEL) == said])}."
        for said, words in parts.items()
    )


def engines(main: Host, others: Iterable[Host]) -> str:
    """What is different with other engines."""
    return "\n\n".join(_engine(main, one) for one in others)


def _engine(main: Host, other: Host) -> str:
    groups: dict[Pattern, list[Row]] = {}
    for row in rows():
        before, after = main.pattern(row), other.pattern(row)
        if before != after:
            changed = (
                one if one == was else f"{one} (not {was})" for was, one in zip(before, after, strict=True)
            )
            groups.setdefault(tuple(changed), []).append(row)
    lines = [(joined(found), *pattern) for pattern, found in groups.items()]
    words = f"With {software(other)}, on the same kernel:"
    return f"{paragraph(words)}\n\n{table(('calls', *HEADER), lines)}"


def grouped(found: Iterable[tuple[Row, Pattern]]) -> str:
    """A table with a line for each pattern."""
    groups: dict[Pattern, list[Row]] = {}
    for row, pattern in found:
        groups.setdefault(pattern, []).append(row)
    return table(("calls", *HEADER), [(joined(mine), *pattern) for pattern, mine in groups.items()])


def code(names: Iterable[str]) -> str:
    """Names as code, with commas."""
    return ", ".join(f"`{name}`" for name in names)
