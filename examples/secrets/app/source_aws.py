"""Secrets from AWS Secrets Manager.

Settings: AWS_REGION, AWS_NAME_PREFIX (put before a secret's name; empty when left out), AWS_ENDPOINT_URL (a
VPC endpoint's address; the region's own when left out), AWS_REREAD_SECONDS (30) is how long an answer is
kept: each one is billed. Who it is comes from the task's or instance's role or from
AWS_SHARED_CREDENTIALS_FILE, never from a key in the environment, which the application refuses.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from sources import Secret, Unavailable

_PATIENCE = Config(connect_timeout=3, read_timeout=3, retries={"mode": "standard", "max_attempts": 2})


class AwsSource:
    """AWS Secrets Manager: the version that is current, by the id that it has there."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        """Make a client; nothing is asked yet. Raises ValueError."""
        if not settings.get("AWS_REGION"):
            raise ValueError("AWS_REGION is not set, and SECRETS_SOURCE=aws needs it")
        self._prefix = settings.get("AWS_NAME_PREFIX", "")
        self._reread = float(settings.get("AWS_REREAD_SECONDS", "30"))
        self._kept: dict[str, tuple[float, Secret]] = {}
        self._client: Any = boto3.client(
            "secretsmanager",
            region_name=settings["AWS_REGION"],
            endpoint_url=settings.get("AWS_ENDPOINT_URL"),
            config=_PATIENCE,
        )

    def read(self, name: str) -> Secret:
        """Return a secret's current version. Raises Unavailable."""
        checked, kept = self._kept.get(name, (0.0, None))
        if kept and time.monotonic() < checked + self._reread:
            return kept
        try:
            answer = self._client.get_secret_value(SecretId=self._prefix + name, VersionStage="AWSCURRENT")
        except ClientError as error:
            # The code alone: messages hold account numbers and roles.
            code = error.response.get("Error", {}).get("Code", "no code")
            raise Unavailable(f"{name}: AWS Secrets Manager refuses it ({code})") from None
        except BotoCoreError as error:
            raise Unavailable(
                f"{name}: AWS Secrets Manager gave no answer ({type(error).__name__})", store=True
            ) from None
        if "SecretString" not in answer:
            raise Unavailable(f"{name}: holds bytes, and this application reads text")
        secret = Secret(name, answer["SecretString"], answer["VersionId"])
        self._kept[name] = (time.monotonic(), secret)
        return secret

    def close(self) -> None:
        """Close the connections; nothing was lent."""
        self._client.close()


def connect(settings: Mapping[str, str]) -> AwsSource:
    """Return the source that settings describe. Raises ValueError."""
    return AwsSource(settings)
