from __future__ import annotations

import sys
from pathlib import Path

# The examples' applications are programs, not packages: their modules lie beside each other.
sys.path.append(str(Path(__file__).parents[3] / "examples" / "secrets" / "app"))
