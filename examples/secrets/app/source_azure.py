"""Secrets from Azure Key Vault.

Settings: AZURE_KEYVAULT_URL, AZURE_REREAD_SECONDS (30) is how long an answer is kept. Who it is comes from
a managed identity or a workload identity (azure-identity's DefaultAzureCredential), never from
AZURE_CLIENT_SECRET in the environment, which the application refuses. A Key Vault's names have dashes where
ours have underscores.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError
from azure.identity import DefaultAzureCredential
from azure.keyvault.secrets import SecretClient
from sources import Secret, Unavailable


class AzureSource:
    """An Azure Key Vault: the newest version of a secret, by the id that it has there."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        """Make a client; nothing is asked yet. Raises ValueError."""
        url = settings.get("AZURE_KEYVAULT_URL", "")
        if not url.startswith("https://"):
            raise ValueError(f"AZURE_KEYVAULT_URL is {url!r}: it has to begin with https://")
        self._reread = float(settings.get("AZURE_REREAD_SECONDS", "30"))
        self._kept: dict[str, tuple[float, Secret]] = {}
        self._credential = DefaultAzureCredential()
        self._client = SecretClient(
            url,
            self._credential,
            connection_timeout=3,
            read_timeout=3,
            retry_total=1,
            retry_backoff_factor=0.2,
        )

    def read(self, name: str) -> Secret:
        """Return the newest version of a secret. Raises Unavailable."""
        checked, kept = self._kept.get(name, (0.0, None))
        if kept and time.monotonic() < checked + self._reread:
            return kept
        try:
            answer = self._client.get_secret(name.replace("_", "-"))
        except ClientAuthenticationError as error:
            # A status is there only where the vault was asked; a credential that can't be had has its type.
            told = error.status_code or type(error).__name__
            raise Unavailable(f"{name}: the login at Azure Key Vault failed ({told})", store=True) from None
        except HttpResponseError as error:
            raise Unavailable(f"{name}: Azure Key Vault refuses it ({error.status_code})") from None
        except AzureError as error:
            raise Unavailable(
                f"{name}: Azure Key Vault gave no answer ({type(error).__name__})", store=True
            ) from None
        properties = answer.properties
        if answer.value is None or properties.version is None:
            raise Unavailable(f"{name}: Azure Key Vault has no value for it")
        ends = properties.expires_on.timestamp() if properties.expires_on else None
        secret = Secret(name, answer.value, properties.version, ends)
        self._kept[name] = (time.monotonic(), secret)
        return secret

    def close(self) -> None:
        """Close the connections; nothing was lent."""
        self._client.close()
        self._credential.close()


def connect(settings: Mapping[str, str]) -> AzureSource:
    """Return the source that settings describe. Raises ValueError."""
    return AzureSource(settings)
