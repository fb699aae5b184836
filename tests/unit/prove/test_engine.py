"""What the engine says, and how it says no."""

from __future__ import annotations

import pytest
from unit.prove.support import AskedEngine

from hullguard.prove.engine import Engine, Refused


def test_a_refusal_has_the_engines_words() -> None:
    with AskedEngine(
        {"POST /containers/create": (403, {"message": "authorization denied by plugin x"})}
    ) as server:
        with pytest.raises(Refused, match="authorization denied by plugin x") as caught:
            Engine(server.path).create("name", {})
        assert caught.value.status == 403


def test_an_image_that_is_no_image_is_refused_though_the_status_is_200() -> None:
    stream = b'{"status":"Importing"}\r\n{"error":"no space left on device"}\r\n'
    with (
        AskedEngine({"POST /images/create": (200, stream)}) as server,
        pytest.raises(Refused, match="no space left"),
    ):
        Engine(server.path).import_empty("name", "tag", "a=b")


def test_the_image_is_labelled_and_empty() -> None:
    with AskedEngine({"POST /images/create": (200, b'{"status":"sha256:1"}')}) as server:
        Engine(server.path).import_empty("name", "tag", "a.b=c")
        (_, path, body), *_ = server.asked
    assert "changes=LABEL+a.b%3Dc" in path
    assert body == bytes(10240)


def test_nobody_there() -> None:
    with pytest.raises(Refused, match="No such file") as caught:
        Engine("/nonexistent/docker.sock").ask("GET", "/version")
    assert caught.value.status == 0


def test_an_answer_that_takes_too_long() -> None:
    import socket
    import tempfile

    with tempfile.TemporaryDirectory(prefix="hg") as folder, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{folder}/s")
        listener.listen()
        with pytest.raises(Refused, match=r"no answer within 0\.1 s"):
            Engine(f"{folder}/s", timeout=0.1).ask("GET", "/version?x=1")


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b'"text"', b"{}"])
def test_what_is_no_list_holds_no_rows(body: bytes) -> None:
    with AskedEngine({"GET /networks": (200, body)}) as server:
        assert Engine(server.path).rows("/networks") == []
