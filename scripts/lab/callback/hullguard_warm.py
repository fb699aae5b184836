"""Loads the plugins that every task needs before Ansible forks its workers.

Each task runs in a process of its own, and what that imports is lost with it: without this callback four
fifths of a worker's time went into importing (and, for collections, compiling) the connection to the hosts.
That connection is mended as well: see lab.hijack.
"""

from __future__ import annotations

import contextlib
import importlib
from typing import Any

from ansible.plugins.callback import CallbackBase
from ansible.plugins.loader import action_loader, become_loader, connection_loader, shell_loader

from lab import hijack

DOCUMENTATION = """
name: hullguard_warm
type: aggregate
short_description: Loads the plugins of throwaway hosts once
description:
  - Loads what every task needs in the process that the workers are forked from.
"""

UNIX = "ansible_collections.community.docker.plugins.module_utils._api.transport.unixconn"
ACTIONS = ["assert", "command", "copy", "debug", "file", "normal", "script", "set_fact", "template"]


class CallbackModule(CallbackBase):  # type: ignore[misc]
    """Loads, and says nothing."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "hullguard_warm"
    CALLBACK_NEEDS_ENABLED = True

    def v2_playbook_on_start(self, playbook: Any) -> None:
        """Load them; what is not installed is left to the task that wants it."""
        connection_loader.get("community.docker.docker_api", class_only=True)
        with contextlib.suppress(ImportError):
            hijack.mend(importlib.import_module(UNIX).UnixHTTPConnection)
        become_loader.get("ansible.builtin.sudo", class_only=True)
        shell_loader.get("ansible.builtin.sh", class_only=True)
        for name in ACTIONS:
            action_loader.get(f"ansible.builtin.{name}", class_only=True)
