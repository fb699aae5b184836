"""The parts of examples/secrets/app that need no web framework; test_secrets.py (e2e) runs the whole."""

from __future__ import annotations

import io
import itertools
import json
import logging
import os
import sys
import threading
import types
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import environment
import last_good
import log
import pytest
import source_files
import sources
from sources import Secret, Unavailable

VALUE = "tidal-bassoon-94"


@pytest.fixture
def files(tmp_path: Path) -> source_files.Files:
    (tmp_path / "key").write_text(f"{VALUE}\n")
    return source_files.connect({"SECRETS_DIR": str(tmp_path)})


class Store:
    """A source that gives what a test put there."""

    def __init__(self) -> None:
        self.answer: Secret | Exception = Secret("key", VALUE, "1")
        self.asked = 0
        self.closed = False

    def read(self, name: str) -> Secret:
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def close(self) -> None:
        self.closed = True


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def kept() -> tuple[last_good.LastGood, Store, Clock]:
    store, clock = Store(), Clock()
    return last_good.LastGood(store, 10, clock, clock), store, clock


def test_a_secret_shows_its_value_in_no_text() -> None:
    secret = Secret("key", VALUE, "1")
    assert VALUE not in f"{secret} {secret!r} {[secret]}"
    assert "key" in str(secret)


def test_the_source_is_files_unless_another_is_named() -> None:
    assert isinstance(sources.source({}), source_files.Files)
    assert isinstance(sources.source({"SECRETS_SOURCE": "files"}), source_files.Files)
    with pytest.raises(ValueError, match="'keychain': it has to be one of files, vault"):
        sources.source({"SECRETS_SOURCE": "keychain"})


def test_a_source_whose_library_is_missing_is_a_wrong_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hvac", None)
    monkeypatch.delitem(sys.modules, "source_vault", raising=False)
    with pytest.raises(
        ValueError, match=r"was built without (hvac|requests): .* REQUIREMENTS=vault/requirements/vault\.txt"
    ):
        sources.source({"SECRETS_SOURCE": "vault"})


def test_a_client_that_can_not_be_made_is_a_wrong_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(_: object) -> None:
        raise RuntimeError(f"no such profile: {VALUE}")

    monkeypatch.setitem(sys.modules, "source_aws", types.SimpleNamespace(connect=connect))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"its client can't be made \(RuntimeError\)") as caught:
        sources.source({"SECRETS_SOURCE": "aws"})
    assert VALUE not in str(caught.value)


@pytest.mark.parametrize("text", [VALUE, f"{VALUE}\n", f"{VALUE}\r\n"])
def test_a_newline_at_the_end_is_not_the_secrets(
    files: source_files.Files, tmp_path: Path, text: str
) -> None:
    (tmp_path / "key").write_bytes(text.encode())
    assert files.read("key").value == VALUE


def test_spaces_and_further_newlines_are(files: source_files.Files, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(" a\nb \n\n")
    assert files.read("key").value == " a\nb \n"


def test_a_change_is_seen_at_the_next_use(files: source_files.Files, tmp_path: Path) -> None:
    first = files.read("key")
    assert files.read("key") == first
    (tmp_path / "key").write_text("another-value-95")
    second = files.read("key")
    assert (second.value, second.version != first.version) == ("another-value-95", True)
    (tmp_path / "new").write_text("third")
    (tmp_path / "new").replace(tmp_path / "key")
    third = files.read("key")
    assert (third.value, third.version not in {first.version, second.version}) == ("third", True)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "can't be read: No such file or directory"),
        (b"", "is empty"),
        (b"\n", "is empty"),
        (VALUE.encode() + b"\xff", "is not text"),
        (b"x" * (source_files.LARGEST + 1), "is larger than"),
    ],
)
def test_what_is_no_secret_is_unavailable(
    files: source_files.Files, tmp_path: Path, content: bytes | None, reason: str
) -> None:
    (tmp_path / "key").unlink()
    if content is not None:
        (tmp_path / "key").write_bytes(content)
    with pytest.raises(Unavailable, match=r"^key: ") as caught:
        files.read("key")
    assert reason in str(caught.value)
    assert VALUE not in repr(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize("name", ["", "../key", "a/b", ".hidden", "a b", "key\n"])
def test_a_name_never_leads_out_of_the_folder(files: source_files.Files, name: str) -> None:
    with pytest.raises(Unavailable, match="can't be the name of a secret"):
        files.read(name)


def test_a_file_that_is_being_written_is_read_whole_or_not_at_all(
    files: source_files.Files, tmp_path: Path
) -> None:
    path = tmp_path / "key"
    values = {"a" * 20000, "b" * 20000}
    path.write_text("a" * 20000)
    done = threading.Event()

    def write() -> None:
        while not done.is_set():
            for value in values:
                temporary = path.with_suffix(".new")
                temporary.write_text(value)
                temporary.replace(path)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert {files.read("key").value for _ in range(300)} <= values
    finally:
        done.set()
        writer.join()


def test_a_file_that_never_holds_still_is_unavailable(
    files: source_files.Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, path = os.fstat, tmp_path / "key"

    def growing(number: int) -> os.stat_result:
        with path.open("a") as file:
            file.write("x")
        return real(number)

    monkeypatch.setattr(source_files.os, "fstat", growing)
    with pytest.raises(Unavailable, match="is being written"):
        files.read("key")


@pytest.mark.parametrize(
    "name",
    [
        "PASSWORD", "DB_PASSWORD", "db_passwd", "MYSQL_PWD", "SMTP_PASS", "KEY_PASSPHRASE", "API_TOKEN", "TOKENS",
        "VAULT_TOKEN", "VAULT_SECRET_ID", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN", "AZURE_CLIENT_SECRET", "SIGNING_KEY", "SECRET", "SECRETS_SIGNING_KEY",
        "APIKEY", "GOOGLE_CREDENTIALS", "SECRETS_PASSWORD", "KEY",
    ],
)  # fmt: skip
def test_names_of_secrets_are_refused(name: str) -> None:
    (reason,) = environment.refused({"PATH": "/usr/bin", name: VALUE})
    assert reason == f"{name}: its name is one of a secret; put it into a file below /run/secrets"
    assert environment.refused({name: ""}) == []


@pytest.mark.parametrize(
    "name",
    [
        "PATH", "HOME", "PWD", "OLDPWD", "GPG_KEY", "COSIGN_PUBLIC_KEY", "SECRETS_SOURCE", "SECRETS_DIR",
        "SECRETS_REQUIRED", "SECRETS_GRACE_SECONDS", "AWS_REGION", "AWS_SECRETS_PREFIX", "AWS_SECRETS_ENDPOINT",
        "KUBERNETES_SECRET_NAME", "KUBERNETES_SERVICE_HOST", "VAULT_ADDR", "AZURE_CLIENT_ID", "KEYBOARD",
        "TOKENIZERS_PARALLELISM", "COMPASS", "MONKEY",
    ],
)  # fmt: skip
def test_other_names_are_not(name: str) -> None:
    assert environment.refused({name: "harmless"}) == []


def test_a_name_of_a_file_has_to_hold_a_path() -> None:
    assert environment.refused({"DB_PASSWORD_FILE": "/run/secrets/db_password"}) == []
    (reason,) = environment.refused({"DB_PASSWORD_FILE": VALUE})
    assert "is no absolute path" in reason
    assert VALUE not in reason


@pytest.mark.parametrize(
    "value",
    [
        f"postgres://app:{VALUE}@db/app",
        f"redis://:{VALUE}@cache",
        "-----BEGIN RSA PRIVATE KEY-----\nMII",
        "hvs." + "A1b2" * 6,
        "AKIA" + "ABCD2345" * 2,
        "ghp_" + "a1B2" * 9,
        "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0NTY3ODkwIn0" + ".dozjgNryP4J3jVmNHl0w5N",
    ],
)
def test_values_of_secrets_are_refused_under_any_name(value: str) -> None:
    (reason,) = environment.refused({"SETTING": value})
    assert reason.startswith("SETTING: its value is a")
    assert value not in reason
    assert VALUE not in reason


@pytest.mark.parametrize(
    "value", ["http://db:5432/app", "https://user@db/app", "http://[::1]:80/a@b", "eye.eyes.ey"]
)
def test_addresses_without_a_password_are_not(value: str) -> None:
    assert environment.refused({"SETTING": value}) == []


def test_the_last_good_value_serves_while_the_source_fails(
    kept: tuple[last_good.LastGood, Store, Clock],
) -> None:
    secrets, store, clock = kept
    assert secrets.read("key") == last_good.Reading(Secret("key", VALUE, "1"))
    store.answer = Unavailable("key: the store is away")
    assert secrets.read("key") == last_good.Reading(Secret("key", VALUE, "1"), "key: the store is away")
    clock.now += 10
    assert secrets.read("key").stale
    clock.now += 0.1
    with pytest.raises(Unavailable, match="the store is away"):
        secrets.read("key")
    store.answer = Secret("key", "new-value", "2")
    clock.now += last_good.LONGEST_PAUSE
    assert secrets.read("key") == last_good.Reading(Secret("key", "new-value", "2"))


def test_a_store_that_failed_is_left_alone_for_a_while(
    kept: tuple[last_good.LastGood, Store, Clock],
) -> None:
    secrets, store, clock = kept
    store.answer = Unavailable("key: the store is away")
    for _ in range(5):
        with pytest.raises(Unavailable):
            secrets.read("key")
    assert store.asked == 1
    clock.now += last_good.FIRST_PAUSE
    store.answer = Secret("key", VALUE, "1")
    assert secrets.read("key").stale == ""
    assert store.asked == 2


def test_the_pause_doubles_up_to_its_longest_and_begins_anew_after_a_success(
    kept: tuple[last_good.LastGood, Store, Clock],
) -> None:
    secrets, store, clock = kept
    for good in (Secret("key", VALUE, "1"), Secret("key", VALUE, "2")):
        store.answer, times = Unavailable("key: the store is away"), []
        for _ in range(200):
            asked = store.asked
            with pytest.raises(Unavailable):
                secrets.read("key")
            if store.asked > asked:
                times.append(clock.now)
            clock.now += 0.125
        pauses = [later - earlier for earlier, later in itertools.pairwise(times)]
        assert pauses == [0.5, 1, 2] + [last_good.LONGEST_PAUSE] * (len(pauses) - 3)
        assert len(pauses) > 5
        store.answer = good
        clock.now += last_good.LONGEST_PAUSE
        assert secrets.read("key").secret is good
        clock.now += 11


@pytest.mark.parametrize("store_is_away", [True, False])
def test_where_nothing_answers_no_other_secret_is_asked_for(
    kept: tuple[last_good.LastGood, Store, Clock], store_is_away: bool
) -> None:
    secrets, store, clock = kept
    store.answer = Unavailable("key: the store is away", store=store_is_away)
    for name, reason in (("key", "^key: the store is away$"), ("other", "^(other|key): the store is away$")):
        with pytest.raises(Unavailable, match=reason):
            secrets.read(name)
    assert store.asked == (1 if store_is_away else 2)
    clock.now += last_good.FIRST_PAUSE
    store.answer = Secret("other", VALUE, "1")
    assert secrets.read("other").stale == ""
    assert secrets.read("key").stale == ""


class SlowStore(Store):
    """A source that hangs from when it is told to until it is told otherwise."""

    def __init__(self) -> None:
        super().__init__()
        self.hangs, self.entered, self.released = False, threading.Event(), threading.Event()

    def read(self, name: str) -> Secret:
        answer = super().read(name)
        if self.hangs:
            self.entered.set()
            assert self.released.wait(30)
        return answer


@pytest.fixture
def slow() -> Iterator[tuple[last_good.LastGood, SlowStore, Clock, ThreadPoolExecutor]]:
    store, clock = SlowStore(), Clock()
    with ThreadPoolExecutor(8) as pool:
        try:
            yield last_good.LastGood(store, 10, clock, clock), store, clock, pool
        finally:
            store.released.set()


def test_while_the_source_hangs_one_waits_and_the_others_get_the_last_good_value(
    slow: tuple[last_good.LastGood, SlowStore, Clock, ThreadPoolExecutor],
) -> None:
    secrets, store, _, pool = slow
    secrets.read("key")
    store.hangs, store.answer = True, Secret("key", "new-value", "2")
    first = pool.submit(secrets.read, "key")
    assert store.entered.wait(10)
    others = [pool.submit(secrets.read, "key") for _ in range(5)]
    assert {other.result(timeout=10).secret.version for other in others} == {"1"}
    assert not first.done()
    assert store.asked == 2
    store.released.set()
    assert first.result(timeout=10).secret.version == "2"


def test_who_has_no_good_value_waits_for_the_one_that_asks_and_takes_what_it_gets(
    slow: tuple[last_good.LastGood, SlowStore, Clock, ThreadPoolExecutor],
) -> None:
    secrets, store, _, pool = slow
    store.hangs = True
    first = pool.submit(secrets.read, "key")
    assert store.entered.wait(10)
    others = [pool.submit(secrets.read, "key") for _ in range(5)]
    assert not wait(others, timeout=0.2).done
    store.released.set()
    assert {one.result(timeout=10).secret.version for one in (first, *others)} == {"1"}
    assert store.asked == 1


@pytest.mark.parametrize("too_old", ["never read", "grace is over", "expired"])
def test_who_waits_in_vain_is_told_so(
    slow: tuple[last_good.LastGood, SlowStore, Clock, ThreadPoolExecutor],
    monkeypatch: pytest.MonkeyPatch,
    too_old: str,
) -> None:
    secrets, store, clock, pool = slow
    monkeypatch.setattr(last_good, "PATIENCE", 0.1)
    if too_old != "never read":
        store.answer = Secret("key", VALUE, "1", clock.now + 5 if too_old == "expired" else None)
        secrets.read("key")
        clock.now += 5 if too_old == "expired" else 10.1
    store.hangs = True
    pool.submit(secrets.read, "key")
    assert store.entered.wait(10)
    with pytest.raises(Unavailable, match=r"^key: the source has not answered yet$"):
        secrets.read("key")


def test_an_expired_secret_never_serves(kept: tuple[last_good.LastGood, Store, Clock]) -> None:
    secrets, store, clock = kept
    store.answer = Secret("key", VALUE, "1", expires_at=clock.now + 5)
    assert secrets.read("key").secret.version == "1"
    store.answer = Unavailable("key: the store is away")
    clock.now += 4
    assert secrets.read("key").stale
    clock.now += 1
    with pytest.raises(Unavailable):
        secrets.read("key")
    clock.now += last_good.LONGEST_PAUSE
    store.answer = Secret("key", VALUE, "1", expires_at=clock.now)
    with pytest.raises(Unavailable, match="it has expired"):
        secrets.read("key")


def test_what_a_library_says_is_not_repeated(kept: tuple[last_good.LastGood, Store, Clock]) -> None:
    secrets, store, _ = kept
    store.answer = RuntimeError(f"could not parse {VALUE}")
    with pytest.raises(Unavailable, match=r"^key: the source failed with RuntimeError$"):
        secrets.read("key")


def test_secrets_fail_one_by_one(kept: tuple[last_good.LastGood, Store, Clock]) -> None:
    secrets, store, _ = kept
    store.answer = Unavailable("key: the store is away")
    with pytest.raises(Unavailable):
        secrets.read("key")
    store.answer = Secret("other", VALUE, "1")
    assert secrets.read("other").stale == ""


def test_closing_forgets(kept: tuple[last_good.LastGood, Store, Clock]) -> None:
    secrets, store, _ = kept
    secrets.read("key")
    secrets.close()
    store.answer = Unavailable("key: closed")
    assert store.closed
    with pytest.raises(Unavailable):
        secrets.read("key")


@pytest.mark.parametrize("grace", [-1, float("inf"), float("nan")])
def test_the_time_of_grace_is_limited(grace: float) -> None:
    with pytest.raises(ValueError, match="SECRETS_GRACE_SECONDS"):
        last_good.LastGood(Store(), grace)


def logged(write: Callable[[logging.Logger], None]) -> dict[str, str]:
    """Return what the application's formatter makes of one record."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(log.Formatter())
    logger = logging.Logger("test")
    logger.addHandler(handler)
    write(logger)
    (line,) = stream.getvalue().splitlines()
    entry: dict[str, str] = json.loads(line)
    return entry


def test_logs_are_json_and_hold_named_fields_only() -> None:
    extra = {"secret": "key", "version": "2", "value": VALUE}
    entry = logged(lambda logger: logger.info("read\n%s", "it", extra=extra))
    assert entry.pop("time").endswith("+00:00")
    assert entry == {"level": "info", "message": "read\nit", "secret": "key", "version": "2"}


def test_of_an_exception_the_type_alone_is_logged() -> None:
    def fail(logger: logging.Logger) -> None:
        try:
            raise KeyError(VALUE)
        except KeyError:
            logger.exception("it failed", exc_info=sys.exc_info())

    entry = logged(fail)
    assert entry["exception"] == "KeyError"
    assert VALUE not in json.dumps(entry)
