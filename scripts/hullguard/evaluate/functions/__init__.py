"""Controls that can't be data, each a function registered under the control's slug."""

from __future__ import annotations

from hullguard.evaluate.functions import daemon, host, images, network, operations
from hullguard.evaluate.functions.registry import FUNCTIONS

__all__ = ["FUNCTIONS", "daemon", "host", "images", "network", "operations"]
