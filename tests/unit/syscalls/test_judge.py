"""Nothing is claimed that the answers do not show."""

from __future__ import annotations

import errno
from typing import Any

import pytest

from hullguard.syscalls import judge

EPERM, ENOSYS, EFAULT = errno.EPERM, errno.ENOSYS, errno.EFAULT
Answer = list[Any] | None


@pytest.mark.parametrize(
    ("answer", "guarded", "wanted"),
    [
        (["returned", 0], False, "ok"),
        (["error", EFAULT], False, "EFAULT"),
        (["error", ENOSYS], False, "ENOSYS"),
        (["error", ENOSYS], True, "not called"),
        (["error", EPERM], True, "EPERM"),
        (["error", 1001], False, "unknown"),
        (["signal", 11], False, "signal 11"),
        (["waits", 0], False, "waits"),
        (["broken", 22], False, "unknown"),
        (None, False, "unknown"),
    ],
)
def test_what_the_kernel_says(answer: Answer, guarded: bool, wanted: str) -> None:
    assert judge.kernel(answer, guarded=guarded) == wanted


@pytest.mark.parametrize(
    ("marked", "real", "wanted"),
    [
        (["error", 1001], ["error", EPERM], "EPERM"),
        (["error", 1038], ["error", ENOSYS], "ENOSYS"),
        (["error", 3000], ["signal", 31], "killed"),
        (["error", EFAULT], ["error", EFAULT], "allowed"),
        # The kernel's own refusal is none of the profile's.
        (["error", EPERM], ["error", EPERM], "allowed"),
        (["returned", 0], ["returned", 0], "allowed"),
        # Contradictions.
        (["error", 1001], ["error", EFAULT], "unknown"),
        (["error", 1001], ["returned", 0], "unknown"),
        (["error", EFAULT], ["error", EPERM], "unknown"),
        (["returned", 0], ["error", EPERM], "unknown"),
        (["error", 3000], ["error", EPERM], "unknown"),
        (["broken", 22], ["broken", 22], "unknown"),
        (None, ["error", EPERM], "unknown"),
    ],
)
def test_what_a_profile_says(marked: Answer, real: Answer, wanted: str) -> None:
    assert judge.profile(marked, real) == wanted


def test_without_the_profile_itself_the_mark_decides() -> None:
    assert judge.profile(["error", 1001]) == "EPERM"
    assert judge.profile(["error", EPERM]) == "allowed"
