"""Runs the package network_look on a host where it is not installed: its text comes in with what is asked.

Standard input is JSON: {"package": [[module, text], ...], "asked": {...}}, the modules in an order in which
none needs a later one. Nothing is written to the host. Standard library only, Python 3.9 or newer.
"""

from __future__ import annotations

import importlib
import json
import sys
from types import ModuleType

given = json.load(sys.stdin)
sys.modules["network_look"] = ModuleType("network_look")
for name, text in given["package"]:
    module = sys.modules[f"network_look.{name}"] = ModuleType(f"network_look.{name}")
    setattr(sys.modules["network_look"], name, module)
    exec(compile(text, f"network_look/{name}.py", "exec"), module.__dict__)  # noqa: S102

host = importlib.import_module("network_look.host")
judge = importlib.import_module("network_look.answer")
print(json.dumps(judge.answer(given["asked"], host.seen(given["asked"]["socket"]))))
