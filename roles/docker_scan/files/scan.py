#!/usr/bin/env python3
"""Keep evidence of this Docker host, scan the images that run here, hand both on: what the timers start.

    python3 scan.py evidence|images|push

One file, standard library only, Python 3.9 or newer; `collect.py` lies beside it. What it writes is for root
alone, appears whole or not at all, and is removed when it is too old or takes too much room: the newest of a
kind always stays. A job that fails writes no result and removes none. How the last run of each job ended is
in the folder `status`. Exit codes: 0 complete, 1 failed, 3 not run.
"""

from __future__ import annotations

import argparse
import http.client
import importlib.util
import json
import os
import re
import shutil
import signal
import socket
import ssl
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote, urlsplit

Fact = dict[str, Any]

CONFIG = "/etc/hullguard/scan.json"
SEARCHED = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
KINDS = ("evidence", "images")
RESULT = re.compile(r"(\d{8}T\d{6}Z)\.json")
STAMP = "%Y%m%dT%H%M%SZ"
# What a scanner or a broken engine may answer before it counts as no answer.
LARGEST_REPORT = 256 << 20

# How each scanner is asked for one image of the local engine, and a member that all of its reports have.
SCANNERS = {
    "trivy": (
        ["trivy", "image", "--quiet", "--format", "json", "--image-src", "docker", "{image}"],
        "SchemaVersion",
    ),
    "grype": (["grype", "--quiet", "--output", "json", "docker:{id}"], "matches"),
    "syft": (["syft", "scan", "--quiet", "--output", "json", "docker:{id}"], "artifacts"),
}  # fmt: skip
# Without a network a scanner works with the database that it has, and must not look for another.
OFFLINE = {
    "TRIVY_SKIP_DB_UPDATE": "true", "TRIVY_SKIP_JAVA_DB_UPDATE": "true", "TRIVY_OFFLINE_SCAN": "true",
    "GRYPE_DB_AUTO_UPDATE": "false",
}  # fmt: skip
QUIET = {"GRYPE_CHECK_FOR_APP_UPDATE": "false", "SYFT_CHECK_FOR_APP_UPDATE": "false"}


class Failed(Exception):
    """Why a job has no result."""


class NotRun(Exception):
    """Why a job was not even begun."""


def say(text: str, priority: int = 6) -> None:
    """Write one line to the journal; control characters of others stay out of it."""
    line = "".join(c if c.isprintable() else " " for c in text)[:2000]
    print(f"<{priority}>{line}", file=sys.stderr, flush=True)


# --- files --------------------------------------------------------------------------------------------------


def write(path: Path, content: bytes) -> None:
    """Put a file in place whole, for root alone. Raises OSError; then what was there is still there."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def as_json(value: Any) -> bytes:
    """Return a JSON text with its keys sorted."""
    return (json.dumps(value, sort_keys=True, indent=1) + "\n").encode()


def folder_of(config: Fact, name: str) -> Path:
    """Return one of the folders, made for root alone where it is missing. Raises OSError."""
    path = Path(config["folder"], name)
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def results(folder: Path) -> list[Path]:
    """Return the results in a folder, the newest first; none where there is no folder yet."""
    return sorted((path for path in folder.glob("*.json") if RESULT.fullmatch(path.name)), reverse=True)


def prune(folder: Path, days: int, largest: int, now: float) -> list[str]:
    """Remove results older than `days`, then the oldest beyond `largest` bytes; return what went.

    The newest stays, whatever its age and size.
    """
    oldest, room, gone = time.strftime(STAMP, time.gmtime(now - days * 86400)), largest, []
    for position, path in enumerate(results(folder)):
        room -= path.stat().st_size
        if position and (path.stem < oldest or room < 0):
            path.unlink()
            gone.append(path.name)
    return gone


def keep(config: Fact, kind: str, document: Fact) -> str:
    """Write a result, then make room; return its name. Raises OSError."""
    folder, now = folder_of(config, kind), time.time()
    for left in folder.glob(".*.new"):  # of a job that was killed
        left.unlink()
    path = folder / time.strftime(f"{STAMP}.json", time.gmtime(now))
    write(path, as_json(document))
    gone = prune(folder, config["keep_days"], config["keep_megabytes"] << 20, now)
    say(f"wrote {path}" + (f", removed {len(gone)} older" if gone else ""))
    return path.name


# --- evidence -----------------------------------------------------------------------------------------------


def load_collector() -> ModuleType:
    """Return the collector that lies beside this file. Raises OSError."""
    path = Path(__file__).with_name("collect.py")
    spec = importlib.util.spec_from_file_location("hullguard_collect", path)
    if spec is None or spec.loader is None:
        raise Failed(f"{path} can't be loaded")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def evidence(config: Fact) -> Fact:
    """Collect evidence; return what the status says of it. Raises Failed."""
    found = load_collector().collect()
    if found.get("schema") != "hullguard/evidence/1" or not found.get("host"):
        raise Failed("the collector's answer is no evidence")
    for row in found.get("errors") or []:
        say(f"not seen: {row['what']}: {row['reason']}", 4)
    return {"file": keep(config, "evidence", found), "unseen": len(found.get("errors") or [])}


# --- images -------------------------------------------------------------------------------------------------


def running_images() -> list[Fact]:
    """Return the images of running containers, of every engine that runs here. Raises Failed."""
    collected = load_collector().collect(("engine", "objects"))
    engines = [e for e in collected["engines"] if e["reachable"] or e["running"] is not False]
    if not engines:
        raise Failed("no engine runs here")
    found: dict[tuple[str, str], Fact] = {}
    for engine in engines:
        whole = engine.get("complete") or {}
        if not engine["reachable"] or not whole.get("containers") or not whole.get("images"):
            raise Failed(
                f"engine {engine['name']}: {engine['error'] or 'its containers could not all be seen'}"
            )
        names = {image["Id"]: image.get("RepoTags") or [] for image in engine["images"]}
        for container in engine["containers"]:
            if not container["State"].get("Running"):
                continue
            number = container["Image"]
            entry = {
                "engine": engine["name"], "socket": engine["socket"], "id": number,
                "names": names.get(number, []), "containers": [],
            }  # fmt: skip
            row = found.setdefault((engine["name"], number), entry)
            row["containers"].append(container["Name"].lstrip("/"))
    return sorted(found.values(), key=lambda row: (row["engine"], row["id"]))


def read_limited(command: Sequence[str], environment: dict[str, str], seconds: float) -> bytes:
    """Return what a command prints. Raises Failed when it fails, takes too long or does not stop talking."""
    with tempfile.TemporaryFile() as errors:
        try:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors,
                env=environment, start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise Failed(f"{command[0]}: {error.strerror}") from None
        late = threading.Event()

        def end() -> None:
            late.set()
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

        timer = threading.Timer(seconds, end)
        timer.start()
        try:
            assert process.stdout is not None  # noqa: S101
            output = process.stdout.read(LARGEST_REPORT + 1)
            if len(output) > LARGEST_REPORT:
                end()
            process.wait()
        finally:
            timer.cancel()
        if len(output) > LARGEST_REPORT:
            raise Failed(f"{command[0]} printed more than {LARGEST_REPORT >> 20} MiB")
        if late.is_set():
            raise Failed(f"{command[0]} took longer than {seconds:g} s")
        if process.returncode:
            errors.seek(max(0, errors.seek(0, os.SEEK_END) - 1000))
            words = errors.read().decode("utf-8", "replace").strip()
            raise Failed(f"{command[0]} ended with {process.returncode}: {words or 'it said nothing'}")
        return output


def scan(
    image: Fact, template: Sequence[str], member: str, environment: dict[str, str], seconds: float
) -> Any:
    """Return a scanner's report of one image. Raises Failed."""
    values = {"{id}": image["id"], "{image}": image["names"][0] if image["names"] else image["id"]}
    command = [re.sub(r"\{id\}|\{image\}", lambda found: values[found[0]], word) for word in template]
    where = {**environment, "DOCKER_HOST": f"unix://{image['socket']}"}
    try:
        report = json.loads(read_limited(command, where, seconds))
    except ValueError:
        raise Failed(f"{command[0]} printed no JSON") from None
    if not isinstance(report, (dict, list)) or (
        member and (not isinstance(report, dict) or member not in report)
    ):
        raise Failed(f"{command[0]} printed no report of its own form")
    # Trivy names the image that it scanned.
    about = report.get("Metadata") if isinstance(report, dict) and member == "SchemaVersion" else None
    seen = about.get("ImageID") if isinstance(about, dict) else None
    if seen and seen != image["id"]:
        raise Failed(f"{command[0]} scanned {seen}, not {image['id']}")
    return report


def images(config: Fact) -> Fact:
    """Scan the images that run here; return what the status says of it. Raises Failed or NotRun."""
    name, member = config["scanner"], ""
    template = list(config["command"])
    if name in SCANNERS:
        template, member = list(SCANNERS[name][0]), SCANNERS[name][1]
    program = shutil.which(template[0], path=SEARCHED) if template else None
    if program is None:
        raise NotRun(
            f"no {template[0] if template else 'scanner'} on this host: the images here were NOT scanned"
        )
    template[0] = program
    cache = os.environ.get("CACHE_DIRECTORY", tempfile.gettempdir())
    environment = {
        "PATH": SEARCHED,
        "HOME": cache,
        "XDG_CACHE_HOME": cache,
        "TMPDIR": tempfile.gettempdir(),
        **QUIET,
    }
    if not config["network"]:
        environment.update(OFFLINE)
    version = ""
    if name in SCANNERS:
        version = (
            read_limited([program, "version"], environment, 60).decode("utf-8", "replace")[:2000].strip()
        )
    rows = running_images()
    for row in rows:
        what = row["names"][0] if row["names"] else row["id"]
        try:
            row["report"] = scan(row, template, member, environment, config["timeout"])
        except Failed as failed:
            raise Failed(f"{what}: {failed}") from None
    document = {
        "schema": "hullguard/images/1", "collected_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "host": {"name": socket.gethostname()}, "images": rows,
        "scanner": {"name": name, "program": program, "version": version},
    }  # fmt: skip
    return {"file": keep(config, "images", document), "images": len(rows)}


# --- push ---------------------------------------------------------------------------------------------------


def token_of(path: str) -> str:
    """Return the token in a file that only root can read. Raises Failed, which never holds the token."""
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as handle:
            info = os.fstat(handle.fileno())
            token = handle.read(64 << 10).strip()
    except OSError as error:
        raise Failed(f"the token's file {path}: {error.strerror}") from None
    if not stat.S_ISREG(info.st_mode) or info.st_uid != os.geteuid() or info.st_mode & 0o077:
        raise Failed(f"the token's file {path} has to be root's, with mode 0600")
    if not re.fullmatch(rb"[\x21-\x7e]+", token):
        raise Failed(f"the token's file {path} has to hold one word")
    return token.decode()


def put(config: Fact, files: Sequence[tuple[str, Path]], sent: list[str], mark: Any) -> None:
    """Send files to a URL with PUT, one connection for all; no redirect is followed. Raises Failed."""
    url = urlsplit(config["push"])
    headers = {"Content-Type": "application/json"}
    if config["push_token_file"]:
        headers["Authorization"] = f"Bearer {token_of(config['push_token_file'])}"
    if url.scheme == "https":
        context = ssl.create_default_context(cafile=config["push_ca_file"] or None)
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            url.hostname or "", url.port, timeout=60, context=context
        )
    elif config["push_insecure"]:
        connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=60)
    else:
        raise Failed("the URL is not https")
    try:
        for name, path in files:
            connection.request("PUT", f"{url.path.rstrip('/')}/{quote(name)}", path.read_bytes(), headers)
            answer = connection.getresponse()
            answer.read(1 << 20)
            if not 200 <= answer.status < 300:
                raise Failed(f"{url.hostname} answered {answer.status} to {name}")
            mark(sent, path)
    except (OSError, http.client.HTTPException) as error:
        raise Failed(f"{url.hostname}: {error or type(error).__name__}") from None
    finally:
        connection.close()


def push(config: Fact) -> Fact:
    """Hand on every result that was not handed on yet; return what the status says of it. Raises Failed."""
    if not config["push"]:
        raise NotRun("no place to push to is configured")
    host = re.sub(r"[^A-Za-z0-9_.-]", "_", socket.gethostname())
    record = folder_of(config, "status") / "pushed.json"
    done: list[str] = []
    with suppress(FileNotFoundError, ValueError):
        done = [str(name) for name in json.loads(record.read_bytes())]
    there = [(kind, path) for kind in KINDS for path in reversed(results(Path(config["folder"], kind)))]
    names = {f"{kind}/{path.name}" for kind, path in there}
    sent = [name for name in done if name in names]
    waiting = [
        (f"{host}-{kind}-{path.name}", path) for kind, path in there if f"{kind}/{path.name}" not in sent
    ]

    def mark(sent: list[str], path: Path) -> None:
        sent.append(f"{path.parent.name}/{path.name}")
        write(record, as_json(sent))

    if config["push"].startswith("/"):
        for name, path in waiting:
            write(Path(config["push"], name), path.read_bytes())
            mark(sent, path)
    elif waiting:
        put(config, waiting, sent, mark)
    say(f"pushed {len(waiting)} files")
    return {"pushed": len(waiting)}


# --- all of it ----------------------------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> int:
    """Do one job; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("job", choices=["evidence", "images", "push"])
    parser.add_argument("--config", default=CONFIG, help=f"default: {CONFIG}")
    options = parser.parse_args(arguments)
    os.umask(0o077)
    job = {"evidence": evidence, "images": images, "push": push}[options.job]
    status: Fact = {
        "job": options.job,
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "reason": None,
    }
    config: Fact = {}
    code = 0
    try:
        config = json.loads(Path(options.config).read_bytes())
        status.update(result="complete", **job(config))
    except NotRun as reason:
        code = 3
        status.update(result="not_run", reason=str(reason))
    except Failed as reason:
        code = 1
        status.update(result="failed", reason=str(reason))
    except Exception as error:  # whatever it was, the status has to say it
        code = 1
        status.update(result="failed", reason=f"{type(error).__name__}: {error}")
    if code:
        say(f"{status['result'].upper().replace('_', ' ')}: {status['reason']}", 3)
    try:
        write(folder_of(config, "status") / f"{options.job}.json", as_json(status))
    except (OSError, KeyError) as error:
        say(f"the status could not be written: {error}", 3)
        code = code or 1
    return code


if __name__ == "__main__":
    sys.exit(main())
