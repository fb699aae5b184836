"""Logs in to Vault or OpenBao with AppRole: a secret id that came wrapped, a token that is renewed."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import hvac
from hvac import exceptions
from sources import Unavailable

TIMEOUT = 3
"""Seconds that the vault has for an answer."""
_FORM = "it has to hold what `bao write -wrap-ttl=… -format=json -f auth/approle/role/ROLE/secret-id` prints"


class Login:
    """A client with a token that is good for a while longer, whenever it is asked for.

    What the vault lends ends with the token it was lent to, so a new login comes while the last third of the
    old one's life is ahead. The secret id stays in memory, so that a revoked token is replaced without help.
    """

    def __init__(self, settings: Mapping[str, str]) -> None:
        """Take the address and where the ids are out of settings; nothing is asked yet. Raises ValueError."""
        for name in ("VAULT_ADDR", "VAULT_ROLE_ID_FILE", "VAULT_SECRET_ID_FILE"):
            if not settings.get(name):
                raise ValueError(f"{name} is not set, and SECRETS_SOURCE=vault needs it")
        if not settings["VAULT_ADDR"].startswith("https://"):
            raise ValueError(f"VAULT_ADDR is {settings['VAULT_ADDR']}: it has to begin with https://")
        self._role_id = Path(settings["VAULT_ROLE_ID_FILE"])
        self._mount = settings.get("VAULT_APPROLE_MOUNT", "approle")
        self._file = Path(settings["VAULT_SECRET_ID_FILE"])
        # An empty token keeps the library from looking for one in the environment and the home folder.
        self._client = hvac.Client(
            settings["VAULT_ADDR"], token="", verify=settings.get("VAULT_CACERT", True), timeout=TIMEOUT
        )
        self._wrapped, self._secret_id, self._spoilt = "", "", ""
        self._life, self._ends = 0.0, 0.0
        self.number = 0
        """How often it has logged in: what came with an earlier login ends with that."""

    def client(self) -> hvac.Client:
        """Return a client that is logged in. Raises Unavailable and the library's errors."""
        left = self._ends - time.monotonic()
        if 0 < left < self._life / 2:
            self._renew()
        if self._ends - time.monotonic() <= self._life / 3:
            try:
                self._log_in()
            except Unavailable:
                # The token of before is good to its end; by then somebody may have handed over a secret id.
                if self._ends <= time.monotonic():
                    raise
        return self._client

    def forget(self) -> None:
        """Log in again at the next call: the vault no longer takes the token."""
        self._ends = 0.0

    def leave(self) -> None:
        """Revoke the token, and with it what was lent under it; the vault's trouble is not ours any more."""
        if self._client.token:
            self._client.auth.token.revoke_self()
        self._client.adapter.close()

    def _renew(self) -> None:
        try:
            answer = self._client.auth.token.renew_self()
        except (exceptions.Forbidden, exceptions.InvalidRequest):
            self.forget()
        else:
            self._ends = time.monotonic() + float(answer["auth"]["lease_duration"])

    def _log_in(self) -> None:
        secret_id = self._current_secret_id()
        try:
            role_id = self._role_id.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise Unavailable(f"no role id: {self._role_id}: {error.strerror}") from error
        try:
            answer = self._client.auth.approle.login(
                role_id, secret_id, use_token=False, mount_point=self._mount
            )
        except (exceptions.InvalidRequest, exceptions.Forbidden) as error:
            raise Unavailable(
                f"the vault does not take the role id in {self._role_id} with this secret id (it may have "
                f"expired, or was destroyed); hand over a new wrapped one in {self._file}"
            ) from error
        self._client.token = answer["auth"]["client_token"]
        self._life = float(answer["auth"]["lease_duration"])
        self._ends = time.monotonic() + self._life
        self.number += 1

    def _current_secret_id(self) -> str:
        """Return the secret id; unwrap the token in the file when it is another one than last time."""
        try:
            info = json.loads(self._file.read_text(encoding="utf-8"))["wrap_info"]
            wrapped = str(info["token"])
        except OSError as error:
            if self._secret_id:
                return self._secret_id
            raise Unavailable(f"no secret id: {self._file}: {error.strerror}") from error
        except (ValueError, KeyError, TypeError) as error:
            raise Unavailable(f"no secret id: {self._file}: {_FORM}") from error
        if wrapped != self._wrapped:
            self._wrapped, self._spoilt = wrapped, ""
            try:
                self._secret_id = self._unwrap(wrapped)
            except (exceptions.InvalidRequest, exceptions.Forbidden):
                self._spoilt = spoilt(info, datetime.now().astimezone())
            except Exception:
                self._wrapped = ""  # not asked, so it may still be good
                raise
        if self._spoilt:
            raise Unavailable(f"{self._file}: {self._spoilt}")
        return self._secret_id

    def _unwrap(self, wrapped: str) -> str:
        """Return the secret id in a wrapping token, which this uses up."""
        asked = self._client.adapter.post("/v1/sys/wrapping/lookup", json={"token": wrapped})
        path = asked["data"]["creation_path"]
        if not path.startswith(f"auth/{self._mount}/role/") or not path.endswith("/secret-id"):
            raise Unavailable(f"{self._file}: the token wraps {path}, no secret id; somebody exchanged it")
        previous, self._client.token = self._client.token, wrapped
        try:
            return str(self._client.sys.unwrap()["data"]["secret_id"])
        finally:
            self._client.token = previous


def spoilt(info: Mapping[str, Any], now: datetime) -> str:
    """Return why the vault may not take a wrapping token, from what it said when it made it."""
    advice = "hand over a new one"
    try:
        made = datetime.fromisoformat(str(info["creation_time"])[:19] + "+00:00")
        end = made + timedelta(seconds=int(info["ttl"]))
    except (KeyError, ValueError):
        return f"the wrapping token was unwrapped before, or has expired; {advice}"
    if now >= end:
        return (
            f"the wrapping token has expired, at {end:%Y-%m-%dT%H:%M:%SZ}; {advice}. "
            "Whether somebody unwrapped it before, the vault's audit log says"
        )
    return (
        "somebody else unwrapped the token before this application, or this application before a restart. "
        f"If there was no restart, the secret id with accessor {info.get('wrapped_accessor')} is stolen: "
        f"destroy it, and {advice}"
    )
