from __future__ import annotations

import pytest

from hullguard.catalogue import find_control
from hullguard.lint.words import fix


def test_only_the_lines_for_the_file_at_hand() -> None:
    assert fix(find_control("cpu_limit"), "container") == "In the compose file:\n\n    cpus: 1.5"
    assert "docker update" not in fix(find_control("memory_limit"), "container")


def test_what_follows_the_lines_stays() -> None:
    text = fix(find_control("restart_policy"), "container")
    assert (
        text
        == "In the compose file:\n\n    restart: on-failure:5\n\nSwarm services use deploy.restart_policy.max_attempts."
    )


@pytest.mark.parametrize("slug", ["capabilities", "privileged", "host_ipc"])
def test_a_text_that_is_about_more_stays_whole(slug: str) -> None:
    control = find_control(slug)
    found = fix(control, "container")
    assert found == control.fix_text.strip() or found.startswith("In the compose file:")
    assert fix(find_control("image_user"), "file").startswith("Create the user")
