"""A database account that the vault makes on demand and takes back: lent, renewed, replaced in time."""

from __future__ import annotations

import json
import time
from typing import Any

from hvac import exceptions
from sources import Secret
from vault_login import Login


class Account:
    """The account that is lent to this process, under the login that it was asked for with."""

    def __init__(self, login: Login, path: str) -> None:
        """Take a path as MOUNT/creds/ROLE; nothing is asked yet."""
        self._login = login
        self._mount, _, self._role = path.partition("/creds/")
        self._lease, self._life, self._login_number = "", 0.0, 0
        self._value, self._number = "", 0

    def read(self, name: str) -> Secret:
        """Return the account, renewed when half of its time is over, or a new one.

        Raises Unavailable and the library's errors.
        """
        client = self._login.client()
        left = 0.0
        # What was lent under an earlier login ends with that one.
        if self._lease and self._login_number == self._login.number:
            left = self._left(client)
            if 0 < left < self._life / 2:
                left = self._renewed(client)
        # What can't be renewed far enough is replaced while it still works.
        if left <= self._life / 3:
            left = self._lend(client)
        return Secret(name, self._value, str(self._number), time.time() + left)

    def _lend(self, client: Any) -> float:
        answer = client.secrets.database.generate_credentials(self._role, mount_point=self._mount)
        self._lease, self._life = str(answer["lease_id"]), float(answer["lease_duration"])
        self._login_number = self._login.number
        self._value = json.dumps({key: answer["data"][key] for key in ("username", "password")})
        self._number += 1
        return self._life

    def _left(self, client: Any) -> float:
        """Return how many seconds the lease has; none when somebody revoked it."""
        try:
            return float(client.sys.read_lease(self._lease)["data"]["ttl"])
        except exceptions.InvalidRequest:
            return 0.0

    def _renewed(self, client: Any) -> float:
        try:
            return float(client.sys.renew_lease(self._lease)["lease_duration"])
        except exceptions.InvalidRequest:
            return 0.0
