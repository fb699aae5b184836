from __future__ import annotations

import time
import urllib.request
from typing import Any
from urllib.error import HTTPError, URLError

import pytest

from lab import store


def answer(result: Any, seconds: float = 0) -> Any:
    def urlopen(url: str, timeout: float) -> Any:
        time.sleep(seconds)
        raise result

    return urlopen


@pytest.fixture(autouse=True)
def registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HULLGUARD_LAB_REGISTRY", "registry.example/mirror/")


def test_a_registry_that_wants_a_login_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(urllib.request, "urlopen", answer(HTTPError("", 401, "", None, None)))  # type: ignore[arg-type]
    assert store.answering_registry() == "registry.example/mirror/"


@pytest.mark.parametrize("error", [URLError("no such host"), HTTPError("", 503, "", None, None)])  # type: ignore[arg-type]
def test_a_registry_out_of_reach_does_not(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    monkeypatch.setattr(urllib.request, "urlopen", answer(error))
    assert store.answering_registry() is None


def test_a_slow_resolver_costs_no_more_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "REGISTRY_SECONDS", 0.1)
    monkeypatch.setattr(urllib.request, "urlopen", answer(URLError("slow"), seconds=2))
    began = time.monotonic()
    assert store.answering_registry() is None
    assert time.monotonic() - began < 1


def test_the_registry_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HULLGUARD_LAB_REGISTRY", "none")
    assert store.answering_registry() is None
