"""What an environment must not hold.

It is inherited by every child, printed by `docker inspect`, and part of crash reports: no place for a secret.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

# The application's own settings; what follows the prefix is judged like any other name.
PREFIX = "SECRETS_"
NAMES = re.compile(
    r"PASSW(OR)?D|PASSPHRASE|SECRET|TOKENS?(_|$)|CREDENTIALS?$|(^|_)(PASS|PWD|PW|KEY)$|(API|ACCESS|PRIVATE)_?KEY"
)
# A shell's folders, what only points to a secret, and public keys by which official images check downloads.
HARMLESS = re.compile(r"^(PWD|OLDPWD|GPG_KEY)$|_PUBLIC_KEY$|_(NAME|PREFIX|ENDPOINT)$")
VALUES = {
    "a password in an address": re.compile(r"://[^/\s:@]*:[^/\s@]+@"),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "a token of a known form": re.compile(
        r"\bhv[sb]\.[\w-]{20,}|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_\w{36,}|\bey[\w-]{10,}\.ey[\w-]{10,}\.[\w-]{10,}"
    ),
}


def refused(environment: Mapping[str, str]) -> list[str]:
    """Return why each variable that looks like a secret is refused, by name; values are never told."""
    reasons = []
    for name, value in sorted(environment.items()):
        if value and (reason := _reason(name.upper(), value)):
            reasons.append(f"{name}: {reason}; put it into a file below /run/secrets")
    return reasons


def _reason(name: str, value: str) -> str | None:
    for what, pattern in VALUES.items():
        if pattern.search(value):
            return f"its value is {what}"
    name = name.removeprefix(PREFIX)
    if name.endswith("_FILE"):
        return None if value.startswith("/") else "its name promises a file, its value is no absolute path"
    if NAMES.search(name) and not HARMLESS.search(name):
        return "its name is one of a secret"
    return None
