"""Who refused a call: the kernel, or the filter."""

from __future__ import annotations

import errno
from collections.abc import Sequence

from hullguard.syscalls.filters import DEADLY_MARK, ERRNO_MARK

Answer = Sequence[object]
ALLOWED, KILLED, UNKNOWN, GUARDED = "allowed", "killed", "unknown", "not called"
SIGSYS = 31


def kernel(answer: Answer | None, *, guarded: bool = False) -> str:
    """Return what the kernel alone made of a call: `ok`, an error's name, a signal's, `waits` or `unknown`.

    `not called` where it was kept from carrying the call out.
    """
    if answer is None:
        return UNKNOWN
    kind, number = answer
    if kind == "error" and isinstance(number, int):
        return GUARDED if guarded and number == errno.ENOSYS else errno.errorcode.get(number, UNKNOWN)
    if kind == "signal":
        return f"signal {number}"
    return {"returned": "ok", "waits": "waits"}.get(str(kind), UNKNOWN)


def profile(marked: Answer | None, real: Answer | None = None) -> str:
    """Return what a profile makes of a call: `allowed`, the error it answers with, `killed` or `unknown`.

    `marked` came under the filter with answers of its own, `real` under the profile as it is; where there
    is a `real`, the two have to agree.
    """
    if marked is None or marked[0] == "broken":
        return UNKNOWN
    kind, number = marked
    if kind == "error" and isinstance(number, int) and number > ERRNO_MARK:
        if number == DEADLY_MARK:
            return _agreed(KILLED, ["signal", SIGSYS], real)
        name = errno.errorcode.get(number - ERRNO_MARK, UNKNOWN)
        return _agreed(name, ["error", number - ERRNO_MARK], real)
    return _agreed(ALLOWED, list(marked), real)


def _agreed(verdict: str, expected: list[object], real: Answer | None) -> str:
    return verdict if real is None or list(real) == expected else UNKNOWN
