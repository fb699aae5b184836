"""Secrets are where they are wanted, and nowhere else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from testinfra.host import Host

FOLDER = "/run/hullguard-secrets"
CONFIG = "/etc/hullguard/vault-agent.json"
AGENT = "hullguard-vault-agent"
EXPECTED, SEEN = "/root/expected.json", "/root/seen.json"

# Runs on the host as root and reads the contents itself: none is ever an argument, or leaves the host. Prints places, not contents.
SEARCH = r"""
import json, os, subprocess, sys
folder, expected = sys.argv[1:]
words = set()
for at, _, names in os.walk(folder):
    for name in names:
        if name != ".hullguard.json":
            with open(os.path.join(at, name), "rb") as handle:
                words |= {line.strip() for line in handle.read().splitlines()}
if os.path.exists(expected):
    with open(expected, encoding="utf-8") as handle:
        words |= {word.encode() for name, word in json.load(handle)["words"].items() if "control" not in name}
words = {word for word in words if len(word) >= 8}
found = []
def look(where, text):
    if any(word in text for word in words):
        found.append(where)
def read(path):
    try:
        with open(path, "rb") as handle:
            return handle.read(5000000)
    except OSError:
        return b""
for name in filter(str.isdecimal, os.listdir("/proc")):
    look("arguments of a process", read(f"/proc/{name}/cmdline"))
    look("environment of a process", read(f"/proc/{name}/environ"))
def run(*argv):
    return subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout
look("journal", run("journalctl", "--output=export", "--no-pager"))
for kind, listing in {
    "container": ("ps", "--all"), "service": ("service", "ls"), "secret": ("secret", "ls"), "config": ("config", "ls"),
}.items():
    names = run("docker", *listing, "--quiet").decode().split()
    look(f"docker inspect, {kind}", run("docker", "inspect", "--type", kind, *names) if kind == "container" and names else
         run("docker", kind, "inspect", *names) if names else b"")
for top in ("/etc", "/root", "/home", "/tmp", "/var", "/run"):
    for at, folders, names in os.walk(top):
        if at == folder or at.startswith(("/var/lib/docker/overlay2", "/var/lib/docker/containers", "/var/cache", "/run/docker/netns")):
            folders[:] = []
            continue
        for name in names:
            path = os.path.join(at, name)
            if path != expected and os.path.isfile(path) and not os.path.islink(path):
                look(f"{path} {os.stat(path).st_mode & 0o777:o}", read(path))
print(json.dumps({"words": len(words), "found": sorted(set(found))}))
"""


@pytest.fixture
def folder(host: Host) -> str:
    if host.run("findmnt %s", FOLDER).rc != 0:
        pytest.skip(f"nothing is mounted on {FOLDER}")
    return FOLDER


@pytest.fixture
def files(host: Host, folder: str) -> list[str]:
    found = host.check_output("find %s -type f", folder).splitlines()
    return [path for path in found if not path.endswith("/.hullguard.json")]


@pytest.fixture
def expected(host: Host) -> dict[str, Any]:
    if not host.file(EXPECTED).exists:
        pytest.skip("not a host of the scenario docker_secrets")
    content: dict[str, Any] = json.loads(host.file(EXPECTED).content_string)
    return content


@pytest.fixture
def image(host: Host) -> str:
    found = host.check_output("docker images --quiet hullguard-lab/busybox")
    if not found:
        pytest.skip("the lab's workload image is not here")
    return found


@pytest.fixture
def agent(host: Host) -> str:
    """The process id of the agent."""
    if not host.file(f"/etc/systemd/system/{AGENT}.service").exists:
        pytest.skip("no agent is wanted here")
    assert host.service(AGENT).is_running
    return host.check_output("systemctl show --property MainPID --value %s", AGENT)


def test_the_folder_is_in_memory_and_roots(host: Host, folder: str) -> None:
    kind, options = host.check_output("findmnt --noheadings --output FSTYPE,OPTIONS %s", folder).split()
    assert kind == "tmpfs"
    assert {"nosuid", "nodev", "noexec", "mode=700"} <= set(options.split(","))
    assert host.check_output("stat --format '%%a %%u %%g' %s", folder) == "700 0 0"


def test_it_is_mounted_again_at_boot_before_the_engine_starts(host: Host, folder: str) -> None:
    unit = host.check_output("systemd-escape --path --suffix=mount %s", folder)
    assert host.check_output("systemctl is-enabled %s", unit) == "enabled"
    assert "docker.service" in host.check_output("systemctl show --property Before --value %s", unit).split()


def test_others_can_neither_list_nor_read(host: Host, folder: str, files: list[str]) -> None:
    assert host.run("runuser -u nobody -- ls %s", folder).rc != 0
    for path in files:
        assert host.run("runuser -u nobody -- cat %s", path).rc != 0, path
        assert host.file(path).mode & 0o007 == 0, path


def test_the_contents_are_exact(host: Host, expected: dict[str, Any]) -> None:
    for name, content in expected["files"].items():
        assert host.file(f"{FOLDER}/{name}").content_string == content, name


def test_a_container_reads_what_it_mounts(host: Host, expected: dict[str, Any], image: str) -> None:
    command = "docker run --rm -v %s:/run/secrets/it:ro %s cat /run/secrets/it"
    seen = host.check_output(command, f"{FOLDER}/database_password", image)
    assert seen == expected["files"]["database_password"]


def test_only_the_containers_own_user_reads_its_file(
    host: Host, expected: dict[str, Any], image: str
) -> None:
    command = "docker run --rm --user %s -v %s:/run/secrets/it:ro %s cat /run/secrets/it"
    path = f"{FOLDER}/api.env"
    assert host.check_output(command, "1000:1000", path, image) == expected["files"]["api.env"].strip()
    assert host.run(command, "1001:1001", path, image).rc != 0


def test_a_container_of_before_has_the_file_after_a_boot(host: Host, expected: dict[str, Any]) -> None:
    if host.run("docker inspect boot").rc != 0:
        pytest.skip("the scenario's side effects were not played")
    assert (
        host.check_output("docker exec boot cat /run/secrets/database_password")
        == expected["files"]["database_password"]
    )


def test_no_content_is_anywhere_else(host: Host, files: list[str]) -> None:
    if not files:
        pytest.skip("no secrets to search for")
    result = json.loads(host.check_output("python3 -c %s %s %s", SEARCH, FOLDER, EXPECTED))
    assert result["words"] > 0
    assert result["found"] == []


def test_no_content_was_in_a_process_or_a_file_of_ansibles_while_the_role_ran(
    host: Host, expected: dict[str, Any]
) -> None:
    seen = json.loads(host.file(SEEN).content_string)
    assert seen["rounds"] > 100
    found = {tuple(pair) for pair in seen["found"]}
    # The watch sees what is there to be seen ...
    controls = {
        ("control argument", "argument"),
        ("control environment", "environment"),
        ("control file", "file"),
    }
    assert controls <= found
    # ... and nothing else.
    assert {pair for pair in found if not pair[0].startswith("control")} == set()


def test_the_swarm_gives_it_to_the_service_alone(host: Host, expected: dict[str, Any], image: str) -> None:
    if host.run("docker service inspect web").rc != 0:
        pytest.skip("the scenario's side effects were not played")
    task = host.check_output("docker ps --quiet --filter label=com.docker.swarm.service.name=web")
    assert task
    assert host.check_output("docker exec %s cat /run/secrets/database_password", task) == expected["swarm"]
    assert host.run("docker run --rm %s ls /run/secrets", image).rc != 0


def test_a_name_in_the_swarm_tells_nothing_without_the_key(host: Host, expected: dict[str, Any]) -> None:
    names = host.check_output("docker secret ls --filter label=hullguard.secret --format '{{.Name}}'").split()
    assert [name.partition(".")[0] for name in names] == ["database_password"]
    key = host.file("/var/lib/hullguard/docker_secrets.key")
    assert (key.user, key.mode, key.size) == ("root", 0o600, 32)


def test_the_administrators_secret_is_still_there(host: Host, expected: dict[str, Any]) -> None:
    assert host.run("docker secret inspect site_key").rc == 0


def test_the_agents_configuration_is_roots(host: Host, agent: str) -> None:
    file = host.file(CONFIG)
    assert (file.user, file.group, file.mode) == ("root", "root", 0o600)


def test_the_agent_renders_where_nobody_else_reads(host: Host, agent: str, files: list[str]) -> None:
    wanted = {row["destination"]: row for row in json.loads(host.file(CONFIG).content_string)["template"]}
    assert wanted.keys() <= set(files)
    for path, row in wanted.items():
        assert f"0{host.file(path).mode:o}" == row["perms"]
        assert row["group"] in (host.file(path).group, str(host.file(path).gid))


def test_the_agent_follows_the_vault(host: Host, agent: str, expected: dict[str, Any]) -> None:
    """Without a run of the role: the vault has another content, and soon the file has."""
    put = (
        "BAO_ADDR=https://127.0.0.1:8200 BAO_CACERT=/etc/openbao/vault-ca.pem BAO_TOKEN=lab "
        "/opt/openbao/bao kv put secret/app password=- >/dev/null"
    )
    wait = 'for _ in $(seq 100); do [ "$(cat %s)" %s changed ] && exit 0; sleep 0.1; done; exit 1'
    # Read there, so that it is no argument here.
    word = f"import json; print(json.load(open('{EXPECTED}'))['files']['vault_password'], end='')"
    path = f"{FOLDER}/vault_password"
    try:
        host.run_expect([0], f"printf changed | {put}")
        host.run_expect([0], wait % (path, "="))
    finally:
        host.run_expect([0], f'python3 -c "{word}" | {put}')
        host.run_expect([0], wait % (path, "!="))
    assert host.file(path).content_string == expected["files"]["vault_password"]


def test_the_agent_can_write_nowhere_else(host: Host, agent: str) -> None:
    enter = "nsenter --target %s --mount touch %s"
    for path in ("/etc/x", "/usr/x", "/var/x", "/root/x"):
        assert host.run(enter, agent, path).rc != 0, path
    assert host.run(f"{enter} && rm {FOLDER}/.test", agent, f"{FOLDER}/.test").rc == 0
    status = dict(
        line.split(":\t", 1)
        for line in host.file(f"/proc/{agent}/status").content_string.splitlines()
        if ":\t" in line
    )
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"
    # CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_IPC_LOCK
    assert int(status["CapBnd"], 16) == 1 << 0 | 1 << 1 | 1 << 3 | 1 << 14
