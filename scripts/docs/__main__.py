"""Check or write the documents."""

from __future__ import annotations

import sys

from docs.check import main

if __name__ == "__main__":
    sys.exit(main())
