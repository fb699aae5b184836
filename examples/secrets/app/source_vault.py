"""Secrets from Vault or OpenBao: fields of one KV entry (version 2), and a database account made on demand.

Settings: VAULT_KV is MOUNT/PATH of the entry, VAULT_DATABASE is MOUNT/creds/ROLE and gives the secret
`database`, a JSON object with username and password; VAULT_REREAD_SECONDS (5) is how long an answer is
kept. For the login: VAULT_ADDR, VAULT_CACERT (the system's authorities when left out), VAULT_ROLE_ID_FILE,
VAULT_SECRET_ID_FILE (wrapped) and VAULT_APPROLE_MOUNT (approle).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import requests
from hvac import exceptions
from sources import Secret, Unavailable
from vault_account import Account
from vault_login import Login

DATABASE = "database"


class VaultSource:
    """A vault that is asked seldom: answers are kept for some seconds."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        """Read the settings; nothing is asked yet. Raises ValueError."""
        self._login = Login(settings)
        self._kv = settings.get("VAULT_KV", "")
        self._reread = float(settings.get("VAULT_REREAD_SECONDS", "5"))
        self._kept: dict[str, tuple[float, Secret]] = {}
        self._look: dict[str, Callable[[str], Secret]] = {}
        if path := settings.get("VAULT_DATABASE"):
            if "/creds/" not in path:
                raise ValueError(f"VAULT_DATABASE is {path}: it has to be MOUNT/creds/ROLE")
            self._look[DATABASE] = Account(self._login, path).read

    def read(self, name: str) -> Secret:
        """Return a field of the KV entry or the database account. Raises Unavailable."""
        checked, kept = self._kept.get(name, (0.0, None))
        if kept and time.monotonic() < checked + self._reread:
            return kept
        try:
            secret = self._ask(name)
        except Unavailable as error:
            raise Unavailable(f"{name}: {error}") from None
        except (exceptions.VaultError, requests.RequestException) as error:
            store = isinstance(error, (exceptions.VaultDown, requests.RequestException))
            raise Unavailable(f"{name}: {why(error)}", store=store) from None
        self._kept[name] = (time.monotonic(), secret)
        return secret

    def close(self) -> None:
        """Revoke the token, and with it what was lent."""
        try:
            self._login.leave()
        except (exceptions.VaultError, requests.RequestException):
            return  # it ends by itself, when it would have had to be renewed

    def _ask(self, name: str) -> Secret:
        look = self._look.get(name, self._field)
        try:
            return look(name)
        except exceptions.Forbidden:
            # The token was revoked, which a new login heals, or a policy is missing, which it does not.
            self._login.forget()
            return look(name)

    def _field(self, name: str) -> Secret:
        mount, _, path = self._kv.partition("/")
        if not path:
            raise Unavailable("VAULT_KV names no entry as MOUNT/PATH")
        answer = self._login.client().secrets.kv.v2.read_secret_version(
            path, mount_point=mount, raise_on_deleted_version=True
        )["data"]
        if name not in answer["data"]:
            raise Unavailable(f"the vault's {self._kv} has no such field")
        return Secret(name, str(answer["data"][name]), str(answer["metadata"]["version"]))


def why(error: Exception) -> str:
    """Return in words why the vault gave nothing; never what it was asked or answered."""
    if isinstance(error, exceptions.VaultDown):
        return "the vault is sealed"
    if isinstance(error, exceptions.Forbidden):
        return "the vault refuses it (403): no policy of the role allows to read it"
    if isinstance(error, exceptions.InvalidPath):
        return "the vault has nothing there (404)"
    if isinstance(error, requests.exceptions.SSLError):
        return "the vault's certificate is not one of VAULT_CACERT"
    if isinstance(error, requests.Timeout):
        return "the vault does not answer in time"
    if isinstance(error, requests.RequestException):
        return "the vault can't be reached"
    return f"the vault has trouble of its own ({type(error).__name__})"


def connect(settings: Mapping[str, str]) -> VaultSource:
    """Return the source that settings describe. Raises ValueError."""
    return VaultSource(settings)
