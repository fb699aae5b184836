"""The one exception that the command line turns into a message and an exit code."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class HullguardError(Exception):
    """Something that the person at the keyboard can mend: `message` says what is wrong, where, and what to
    do.

    `exit_code` is 1 (the tool could not do its work) or 2 (wrong usage or wrong input).
    """

    def __init__(self, message: str, *, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code


# Names in a hint; a list of all controls helps nobody.
MOST_KNOWN = 12


class InputError(HullguardError):
    """Wrong usage: an unknown name, or a file that does not hold what it should. Exit code 2."""

    def __init__(self, message: str) -> None:
        super().__init__(message, exit_code=2)


def unknown_name(kind: str, name: str, known: Iterable[str]) -> InputError:
    """Return the error for a name that nobody knows, with the nearest known ones."""
    choices = sorted(known)
    near = difflib.get_close_matches(name, choices, n=3, cutoff=0.5)
    more = f" and {len(choices) - MOST_KNOWN} more" if len(choices) > MOST_KNOWN else ""
    known_ones = f"Known: {', '.join(choices[:MOST_KNOWN])}{more}."
    hint = f"Did you mean {' or '.join(near)}?" if near else known_ones
    return InputError(f"There is no {kind} {name!r}. {hint}")
