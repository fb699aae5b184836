"""The engine's API, as far as throwaway containers need it: over its socket, with the standard library."""

from __future__ import annotations

import http.client
import json
import time
from typing import Any
from urllib.parse import quote, urlencode

from hullguard.collect import Api
from hullguard.reports.sanitize import clean

Document = dict[str, Any]
# Starting a container on a slow machine that is busy.
SECONDS = 60.0
# An end of a tar archive and nothing else: an image without a file.
EMPTY_TAR = bytes(10240)


class Refused(Exception):
    """The engine said no: `status` is HTTP's, 0 when it did not answer; the text is its own."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class Engine:
    """One engine; every question has a connection of its own, so that threads may share it."""

    def __init__(self, path: str, timeout: float = SECONDS) -> None:
        self.path, self.timeout = path, timeout

    def ask(self, method: str, path: str, body: Any = None, kind: str = "application/json") -> Any:
        """Return the engine's decoded answer; None for an empty one. Raises Refused."""
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        connection = Api(self.path, self.timeout)
        try:
            connection.opened().deadline = time.monotonic() + self.timeout
            connection.request(method, path, data, {"Content-Type": kind} if data is not None else {})
            answer = connection.getresponse()
            content = answer.read()
        except TimeoutError:
            raise Refused(
                0, f"{method} {path.partition('?')[0]}: no answer within {self.timeout:g} s"
            ) from None
        except (OSError, http.client.HTTPException) as error:
            raise Refused(0, str(error) or type(error).__name__) from None
        finally:
            connection.close()
        if answer.status >= 400:
            raise Refused(answer.status, _message(content) or f"HTTP {answer.status}")
        return _decoded(content)

    def rows(self, path: str) -> list[Document]:
        """Return an answer that is a list of objects. Raises Refused."""
        found = self.ask("GET", path)
        return [row for row in found or [] if isinstance(row, dict)] if isinstance(found, list | None) else []

    def import_empty(self, name: str, tag: str, label: str) -> None:
        """Make an image without a file, with a label KEY=VALUE. Raises Refused."""
        asked = {"fromSrc": "-", "repo": name, "tag": tag, "changes": f"LABEL {label}"}
        answer = self.ask("POST", f"/images/create?{urlencode(asked)}", EMPTY_TAR, "application/x-tar")
        if isinstance(answer, dict) and (said := answer.get("error")):
            raise Refused(500, clean(said, 300))

    def create(self, name: str, wanted: Document) -> str:
        """Create a container and return its id. Raises Refused."""
        return str(self.ask("POST", f"/containers/create?{urlencode({'name': name})}", wanted)["Id"])

    def inspect(self, number: str) -> Document:
        """Return a container. Raises Refused, with status 404 when it is gone."""
        found: Document = self.ask("GET", f"/containers/{quote(number, safe='')}/json")
        return found


def _decoded(content: bytes) -> Any:
    """Return JSON, or the last of several documents (as image imports stream them) that reports an error."""
    if not content.strip():
        return None
    try:
        return json.loads(content)
    except ValueError:
        pass
    documents = []
    for line in content.splitlines():
        try:
            documents.append(json.loads(line))
        except ValueError:
            continue
    broken = [one for one in documents if isinstance(one, dict) and one.get("error")]
    return (broken or documents or [None])[-1]


def _message(content: bytes) -> str:
    found = _decoded(content)
    return (
        clean(found.get("message"), 300)
        if isinstance(found, dict)
        else clean(content.decode("utf-8", "replace"), 300)
    )
