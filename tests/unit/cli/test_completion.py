from __future__ import annotations

import pytest
from unit.cli.conftest import Run


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_per_shell(run: Run, shell: str) -> None:
    done = run("completion", shell)
    assert done.code == 0
    assert "_HULLGUARD_COMPLETE" in done.out
