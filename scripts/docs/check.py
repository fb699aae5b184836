"""Compare what is generated with what is there."""

from __future__ import annotations

import argparse
import sys

import docs
from docs.documents import documents
from hullguard.errors import HullguardError


def main(arguments: list[str] | None = None) -> int:
    """Check or write; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m docs", description=(docs.__doc__ or "").partition("\n")[0]
    )
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--check", action="store_true", help="name what is stale, exit 1 (the default)")
    choice.add_argument("--write", action="store_true", help="renew what is stale")
    options = parser.parse_args(arguments)
    try:
        wanted = documents(docs.ROOT)
    except HullguardError as error:
        print(f"docs: {error}", file=sys.stderr)
        return 1
    stale = {
        path: text for path, text in wanted.items() if not path.exists() or path.read_text("utf-8") != text
    }
    for path, text in stale.items():
        if options.write:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        print(f"{'renewed' if options.write else 'stale'}: {path.relative_to(docs.ROOT)}")
    if stale and not options.write:
        print("renew with: ./nox -s docs -- --write", file=sys.stderr)
        return 1
    return 0
