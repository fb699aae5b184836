"""The documents that say what the catalogue says: made from it, and refused when they are stale.

    python -m docs [--check]   name what is stale and leave with 1
    python -m docs --write     renew it

Whole files: the benchmark guide and the NIST map in compliance/docs/. In README.md, in each role's own and
in the other documents that auditors read, the lists between `<!-- docs: NAME -->` and `<!-- /docs -->`.
"""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
