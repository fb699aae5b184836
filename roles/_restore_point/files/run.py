"""Runs the package restore_point on a host where it is not installed: its text comes in with what is asked.

Standard input is JSON: {"package": [[module, text], ...], "asked": {...}}, the modules in an order in which
none needs a later one. The answer is JSON on standard output; what went wrong is a sentence on standard
error, with exit code 1. Standard library only, Python 3.9 or newer.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from types import ModuleType

given = json.load(sys.stdin)
sys.modules["restore_point"] = ModuleType("restore_point")
for name, text in given["package"]:
    module = sys.modules[f"restore_point.{name}"] = ModuleType(f"restore_point.{name}")
    setattr(sys.modules["restore_point"], name, module)
    exec(compile(text, f"restore_point/{name}.py", "exec"), module.__dict__)  # noqa: S102

os.umask(0o077)
refused = importlib.import_module("restore_point.base").Refused
try:
    print(json.dumps(importlib.import_module("restore_point.verbs").answer(given["asked"])))
except refused as error:
    sys.exit(str(error))
except Exception as error:
    fault = f"{type(error).__name__}: {error}"
    sys.exit(f"The program that keeps restore points is at fault, tell its authors: {fault}")
