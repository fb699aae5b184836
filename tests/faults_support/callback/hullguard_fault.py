"""Makes one fault happen at a named task of a playbook, before Ansible goes on: no sleeping, no guessing.

HULLGUARD_FAULT holds the JSON object that faults_support.strike reads, with the `task` and the `moment` ("begins", "ends").
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: hullguard_fault
type: aggregate
short_description: Makes a fault happen at a named task
description:
  - For tests of what a fault leaves behind.
"""
STRIKE = Path(__file__).parents[1] / "strike.py"


class CallbackModule(CallbackBase):  # type: ignore[misc]
    """Strikes once."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "hullguard_fault"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self.text = os.environ.pop("HULLGUARD_FAULT", "")
        self.fault: dict[str, Any] = json.loads(self.text or "{}")

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        self._at("begins", task)

    def v2_runner_on_ok(self, result: Any) -> None:
        self._at("ends", result.task)

    def _at(self, moment: str, task: Any) -> None:
        if not self.fault or (moment, task.name) != (self.fault["moment"], self.fault["task"]):
            return
        # A process of its own: a thread beside Ansible's forks would leave them with locks that nobody opens.
        command = [sys.executable, str(STRIKE), self.text, str(os.getpgid(0))]
        striking = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
        if not self.fault["until"]:
            striking.wait()
        self.fault = {}
