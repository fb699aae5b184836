"""What has to be true of a host after any fault: seen as a whole, compared with before and with the run that mends."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from faults_support.target import ADMINISTRATOR, CONFIG, OWNER, Target

# Folders that roles write to; some of them are mounts of their own in some cases.
FOLDERS = "/etc /etc/docker /usr/local /var/lib/hullguard"
FIND = f"find {FOLDERS} -xdev -type f"
LIST = f"export LC_ALL=C; mkdir -p /var/lib/hullguard; {FIND} -exec sha256sum {{}} +; echo; {FIND} -printf '%m %U %G %p\\n'"
# Names of copies that Ansible, editors and scripts make beside a file.
TEMPORARY = re.compile(r"\.ansible_tmp|~$|\.(tmp|temp|new|bak|part|swp)(/|$)")
SETTLE_SECONDS = 90


@dataclass(frozen=True, slots=True)
class Seen:
    """A host at one moment: {path: sha256, mode and owner}, daemon.json's bytes, {name: state} of the containers."""

    files: dict[str, str]
    config: str
    config_owner: str
    containers: dict[str, dict[str, Any]]


def settle(host: Target) -> None:
    """Wait until nothing of a run is at work any more, and the engine answers: dead engines end here."""
    host.wait('! pgrep -f "^/usr/bin/python3($| .*ansible)"', SETTLE_SECONDS)
    host.wait("test $(systemctl is-active docker) = active && docker info >/dev/null 2>&1", SETTLE_SECONDS)


def look(host: Target) -> Seen:
    """Look at a host whose engine answers."""
    sums, _, owners = host.output(LIST).partition("\n\n")
    digests = {path: digest for digest, path in (line.split(maxsplit=1) for line in sums.splitlines())}
    files = {}
    for line in owners.splitlines():
        owner, path = line.rsplit(maxsplit=1)
        files[path] = f"{digests[path]} {owner}"
    containers = json.loads(host.output("docker inspect $(docker ps --all --quiet)"))
    return Seen(
        files,
        host.output(f"cat {CONFIG}"),
        host.output(f"stat -L -c '%a %U %G' {CONFIG}").strip(),
        {container["Name"].lstrip("/"): container["State"] for container in containers},
    )


def whole(before: Seen, after: Seen, mended: Seen) -> None:
    """Assert that each file is the old one or the one that the mending run has, and that no copy lies beside any."""
    left = sorted(path for path in after.files.keys() - before.files.keys() if TEMPORARY.search(path))
    assert left == []
    left = sorted(path for path in mended.files.keys() - before.files.keys() if TEMPORARY.search(path))
    assert left == []
    configured = {path for path in after.files if not path.startswith("/var/lib/")}
    torn = {
        path: (before.files.get(path), after.files[path], mended.files.get(path))
        for path in configured - {CONFIG}
        if after.files[path] not in (before.files.get(path), mended.files.get(path))
    }
    assert torn == {}


def kept(before: Seen, after: Seen, *, live_restore: bool, down: tuple[str, ...] = ()) -> None:
    """Assert that the containers run; with live-restore those of before, without a break."""
    for name, was in before.containers.items():
        if name in down:
            continue
        now = after.containers[name]
        assert now["Running"], (name, now)
        if live_restore:
            assert (now["StartedAt"], now["Pid"]) == (was["StartedAt"], was["Pid"]), name


def administered(seen: Seen) -> None:
    """Assert that daemon.json is whole, is whose it was, and has what the administrator wrote."""
    now = json.loads(seen.config)
    for key, value in json.loads(ADMINISTRATOR.format(live_restore="true")).items():
        if key == "labels":
            assert set(value) <= set(now[key])
        elif key != "live-restore":
            assert now[key] == value, key
    assert seen.config_owner == OWNER
