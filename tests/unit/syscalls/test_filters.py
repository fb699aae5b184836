"""A filter's answers are told from the kernel's."""

from __future__ import annotations

import struct

import pytest

from hullguard.errors import HullguardError
from hullguard.syscalls.filters import marked

ALLOW, LOG, KILL, KILL_PROCESS, TRAP = 0x7FFF0000, 0x7FFC0000, 0x00000000, 0x80000000, 0x00030000
LOAD, JUMP, RETURN, RETURN_ACCUMULATOR = 0x20, 0x15, 0x06, 0x16


def program(*steps: tuple[int, int]) -> bytes:
    return b"".join(struct.pack("=HBBI", code, 1, 2, value) for code, value in steps)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (ALLOW, ALLOW),
        (LOG, LOG),
        (0x00050001, 0x00050000 | 1001),
        (0x00050026, 0x00050000 | 1038),
        (0x00050000, 0x00050000 | 1000),
        (KILL, 0x00050000 | 3000),
        (KILL_PROCESS, 0x00050000 | 3000),
        (TRAP, 0x00050000 | 3000),
    ],
)
def test_answers_become_its_own(before: int, after: int) -> None:
    assert marked(program((RETURN, before))) == program((RETURN, after))


def test_the_rest_is_left_as_it_is() -> None:
    steps = program((LOAD, 4), (JUMP, 0xC000003E), (JUMP, 0x00050001))
    assert marked(steps) == steps


@pytest.mark.parametrize(
    "step", [(RETURN_ACCUMULATOR, 0), (RETURN, 0x7FF00000), (RETURN, 0x7FC00000), (RETURN, 0x00050FFF)]
)
def test_what_cannot_be_marked_is_refused(step: tuple[int, int]) -> None:
    with pytest.raises(HullguardError, match="filter"):
        marked(program((LOAD, 0), step))
