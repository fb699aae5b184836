"""Put what the attacks on the machine came to, as reports/vm has it, into compliance/docs for the documents.

`./nox -s vm` makes the reports; `./nox -s docs -- --write` makes the page anew afterwards.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from hullguard.errors import InputError
from hullguard.prove import document

ROOT = Path(__file__).resolve().parents[2]
REPORTS = ROOT / "reports" / "vm"
RESULTS = ROOT / "compliance" / "docs" / "attack-probes-machine.json"


def measured(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Return what the documents need of both runs."""
    outcomes = {
        moment: {row["id"]: row["outcome"] for row in found["probes"]}
        for moment, found in (("before", before), ("after", after))
    }
    host = after["host"]
    return {
        "measured_on": {"os": host["os"], "kernel": host["kernel"], "engine": after["engine"]},
        "probes": {
            name: {moment: outcomes[moment].get(name, "unknown") for moment in outcomes}
            for name in sorted(outcomes["after"])
        },
    }


def main() -> int:
    """Write the file; the exit code."""
    try:
        found = [document.load(REPORTS / f"prove-{moment}.json") for moment in ("before", "after")]
    except InputError as error:
        print(f"{error} ./nox -s vm makes it.", file=sys.stderr)
        return 1
    RESULTS.write_text(json.dumps(measured(*found), indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
