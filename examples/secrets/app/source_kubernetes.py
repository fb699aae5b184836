"""Secrets from the keys of one Secret object, read from Kubernetes' API.

Settings: KUBERNETES_OBJECT, KUBERNETES_NAMESPACE (the pod's own when left out), KUBERNETES_REREAD_SECONDS
(10) is how long an answer is kept. The pod's service account needs `get` on that one object and nothing
else. Where the object can be mounted instead, mount it and use the source `files`: then the pod needs no
right at all.
"""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Mapping
from pathlib import Path

import urllib3
from kubernetes import client, config
from sources import Secret, Unavailable

_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


class KubernetesSource:
    """One Secret object; each key of it is a secret, and all change their version together."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        """Log in as the pod's service account. Raises ValueError."""
        self._object = settings.get("KUBERNETES_OBJECT", "")
        if not self._object:
            raise ValueError("KUBERNETES_OBJECT is not set, and SECRETS_SOURCE=kubernetes needs it")
        try:
            config.load_incluster_config()  # type: ignore[no-untyped-call]
            own = _NAMESPACE.read_text(encoding="utf-8").strip()
        except (config.ConfigException, OSError) as error:
            raise ValueError(
                "SECRETS_SOURCE is kubernetes, and no service account is mounted here"
            ) from error
        self._namespace = settings.get("KUBERNETES_NAMESPACE") or own
        self._reread = float(settings.get("KUBERNETES_REREAD_SECONDS", "10"))
        self._checked, self._version = 0.0, ""
        self._data: dict[str, bytes | str] = {}
        self._api = client.CoreV1Api()

    def read(self, name: str) -> Secret:
        """Return a key of the object. Raises Unavailable."""
        if not self._version or time.monotonic() >= self._checked + self._reread:
            self._read_object(name)
        try:
            value = base64.b64decode(self._data[name], validate=True).decode()
        except KeyError:
            raise Unavailable(f"{name}: {self._namespace}/{self._object} has no such key") from None
        except (binascii.Error, UnicodeDecodeError):
            raise Unavailable(f"{name}: holds bytes, and this application reads text") from None
        return Secret(name, value, self._version)

    def close(self) -> None:
        """Close the connections; nothing was lent."""
        self._api.api_client.close()

    def _read_object(self, name: str) -> None:
        try:
            found = self._api.read_namespaced_secret(self._object, self._namespace, _request_timeout=3)
        except client.ApiException as error:
            raise Unavailable(f"{name}: Kubernetes refuses {self._object} ({error.status})") from None
        except urllib3.exceptions.HTTPError as error:
            raise Unavailable(
                f"{name}: Kubernetes gave no answer ({type(error).__name__})", store=True
            ) from None
        self._data = dict(found.data or {})
        self._version = str(found.metadata.resource_version if found.metadata else "")
        self._checked = time.monotonic()


def connect(settings: Mapping[str, str]) -> KubernetesSource:
    """Return the source that settings describe. Raises ValueError."""
    return KubernetesSource(settings)
