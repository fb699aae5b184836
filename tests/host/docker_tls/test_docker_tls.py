"""The remote API: with mutual TLS where it listens, closed everywhere else."""

import json
import shlex
from typing import Any

import pytest
from testinfra.host import Host

CONFIGURATION = "/etc/docker/daemon.json"
CLIENTS = "/root/hullguard-clients"
# Ask for /version over TLS with each bundle in a folder, with none, and with an old version of TLS; print what comes: a status, or
# the reason why not. In TLS 1.3 a server tells what it thinks of the client's certificate only after the handshake.
ASK = """
import json, os, socket, ssl, sys
address, port, ca, folder = sys.argv[1:]
def ask(bundle, highest):
    context = ssl.create_default_context(cafile=ca)
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    context.maximum_version = ssl.TLSVersion[highest]
    if bundle:
        context.load_cert_chain(folder + "/" + bundle + "/cert.pem", folder + "/" + bundle + "/key.pem")
    try:
        with socket.create_connection((address, int(port)), 10) as plain, context.wrap_socket(plain, server_hostname=address) as tls:
            tls.sendall(b"GET /version HTTP/1.0\\r\\nHost: docker\\r\\n\\r\\n")
            return tls.recv(4096).decode().splitlines()[0]
    except (OSError, IndexError) as error:
        return "refused: %s" % error
bundles = [name for name in os.listdir(folder) if os.path.isdir(folder + "/" + name)] if os.path.isdir(folder) else []
print(json.dumps({b + " " + v: ask(b, v) for b in ["", *bundles] for v in ("TLSv1_1", "TLSv1_2", "TLSv1_3")}))
"""


@pytest.fixture(scope="module")
def configuration(host: Host) -> dict[str, Any]:
    """What daemon.json says; nothing where there is none."""
    found: dict[str, Any] = json.loads(host.run(f"cat {CONFIGURATION}").stdout or "{}")
    return found


@pytest.fixture(scope="module")
def listening(configuration: dict[str, Any]) -> list[tuple[str, str]]:
    """Address and port of each TCP host that daemon.json names."""
    remote = [item[len("tcp://") :] for item in configuration.get("hosts", []) if item.startswith("tcp://")]
    return [(item.rpartition(":")[0].strip("[]"), item.rpartition(":")[2]) for item in remote]


@pytest.fixture(scope="module")
def opened(listening: list[tuple[str, str]]) -> tuple[str, str]:
    """The first address that the API listens on."""
    if not listening:
        pytest.skip("no remote API here")
    return listening[0]


@pytest.fixture(scope="module")
def answers(host: Host, configuration: dict[str, Any], opened: tuple[str, str]) -> dict[str, str]:
    """What the API answers, by the client's bundle and the highest version of TLS that it knows."""
    words = ["python3", "-c", ASK, *opened, configuration["tlscacert"], CLIENTS]
    found: dict[str, str] = json.loads(host.check_output(" ".join(map(shlex.quote, words))))
    return found


@pytest.fixture(scope="module")
def peer(host: Host, opened: tuple[str, str]) -> str:
    """The other host of molecule/docker_tls, which has clients' bundles; skips on any other."""
    found = host.run(f"cat {CLIENTS}/peer")
    if found.rc:
        pytest.skip("not a host of the scenario docker_tls")
    return str(found.stdout).strip()


def refused_by_the_server(said: str) -> bool:
    """Whether the server ended it, with an alert or by hanging up: not this client, for what it thinks of the server."""
    words = said.replace("_", " ").lower()
    return words.startswith("refused:") and ("alert" in words or "eof" in words or "reset" in words)


def test_the_local_socket_works(host: Host) -> None:
    assert host.check_output("docker --host unix:///run/docker.sock version --format '{{.Server.Version}}'")


def test_the_engine_listens_on_no_other_port(host: Host, listening: list[tuple[str, str]]) -> None:
    """Neither does systemd for it."""
    lines = host.check_output("ss --no-header --listening --tcp --numeric --processes").splitlines()
    found = {line.split()[3] for line in lines if '"dockerd"' in line or '("systemd",pid=1,' in line}
    assert found == {
        f"[{address}]:{port}" if ":" in address else f"{address}:{port}" for address, port in listening
    }


@pytest.mark.parametrize("highest", ["TLSv1_2", "TLSv1_3"])
def test_no_client_comes_in_without_a_certificate(answers: dict[str, str], highest: str) -> None:
    assert refused_by_the_server(answers[f" {highest}"])


def test_nobody_comes_in_without_tls(host: Host, opened: tuple[str, str]) -> None:
    address, port = opened
    plain = host.run(
        f"docker --host {shlex.quote(f'tcp://{address}:{port}')} version --format '{{{{.Server.Version}}}}'"
    )
    assert plain.rc != 0
    assert "HTTP request to an HTTPS server" in plain.stderr


def test_old_tls_is_refused_by_the_engine(answers: dict[str, str]) -> None:
    """The words are the server's: this client would take TLS 1.1."""
    assert "alert protocol version" in answers[" TLSv1_1"].replace("_", " ").lower()


def test_only_root_reads_the_key(host: Host, configuration: dict[str, Any], opened: tuple[str, str]) -> None:
    paths = [configuration[name] for name in ("tlskey", "tlscert", "tlscacert")]
    found = host.check_output("stat --dereference --format='%U %G %a' " + " ".join(map(shlex.quote, paths)))
    assert found.splitlines() == ["root root 400", "root root 444", "root root 444"]


def test_the_cas_key_is_not_on_the_host(
    host: Host, configuration: dict[str, Any], opened: tuple[str, str]
) -> None:
    folder = configuration["tlskey"].rpartition("/")[0]
    assert set(host.check_output(f"ls {shlex.quote(folder)}").split()) == {"ca.pem", "cert.pem", "key.pem"}


@pytest.mark.parametrize("highest", ["TLSv1_2", "TLSv1_3"])
def test_a_client_of_the_ca_comes_in(peer: str, answers: dict[str, str], highest: str) -> None:
    assert answers[f"good {highest}"] == "HTTP/1.0 200 OK"


@pytest.mark.parametrize("highest", ["TLSv1_2", "TLSv1_3"])
@pytest.mark.parametrize("bundle", ["stranger", "expired"])
def test_other_clients_do_not(peer: str, answers: dict[str, str], bundle: str, highest: str) -> None:
    assert refused_by_the_server(answers[f"{bundle} {highest}"])


@pytest.mark.parametrize("bundle", ["good", "stranger"])
def test_the_command_line_reaches_the_other_host_with_the_right_bundle(
    host: Host, peer: str, bundle: str
) -> None:
    command = f"docker --tlsverify --host tcp://{peer}:2376 version --format '{{{{.Server.Version}}}}'"
    said = host.run(f"DOCKER_CERT_PATH={CLIENTS}/{bundle} {command}")
    assert bool(said.rc) == (bundle == "stranger")


def test_the_administrators_sockets_and_flags_survive(host: Host, peer: str) -> None:
    for path in ("/run/site.sock", "/run/site2.sock"):
        assert host.check_output(f"docker --host unix://{path} version --format '{{{{.Server.Version}}}}'")
    flags = host.check_output("tr '\\0' ' ' < /proc/$(systemctl show -P MainPID docker)/cmdline")
    assert "--containerd=/run/containerd/containerd.sock" in flags
    assert "--log-level=warn" in flags
    lines = host.check_output("cat /etc/default/docker").splitlines()
    assert lines == ['# DOCKER_OPTS="-H tcp://0.0.0.0:2371"', 'DOCKER_OPTS="--log-level=warn"']


def test_a_stray_restart_of_the_socket_changes_nothing(host: Host, peer: str) -> None:
    assert host.run("test -e /run/systemd/system/docker.socket.d/hullguard-tls.conf").rc == 1
