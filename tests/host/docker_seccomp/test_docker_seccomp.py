"""What a container with no options may and may not ask of the kernel, call by call, and that services do not notice."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from testinfra.host import Host

PROBE = base64.b64encode(Path(__file__).with_name("probe.py").read_bytes()).decode()
IMAGE = "hullguard-test-empty"
# The host's programs, in an image that has none.
PROGRAMS = (
    "--tmpfs /tmp:exec -v /usr:/usr:ro -v /lib:/lib:ro -v /lib64:/lib64:ro -v /bin:/bin:ro -v /etc:/etc:ro"
)
# Calls that the engine's own default lets through, whatever its age, and what each profile makes of them.
BASELINE = [
    "ptrace",
    "process_vm_readv",
    "io_uring_setup",
    "personality_32",
    "modify_ldt",
    "memfd_secret",
    "socket_packet",
    "socket_can",
    "socket_vsock",
    "mknod_device",
    "mknodat_device",
    "remap_file_pages",
    "fanotify_mark",
]
STRICT = [
    "socket_raw",
    "chroot",
    "msgget",
    "mq_open",
    "memfd_create",
    "vmsplice",
    "name_to_handle_at",
    "adjtimex",
]
ALWAYS = ["socket_stream", "socket_datagram", "socket_netlink", "socket_unix", "mknod_fifo", "personality"]
# getpid by the 32-bit entry: mov eax, 20; int 0x80; ret
OLD_ENTRY = (
    "import ctypes, mmap; m = mmap.mmap(-1, 4096, prot=7); m.write(b'\\xb8\\x14\\0\\0\\0\\xcd\\x80\\xc3'); "
    "print(ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(m)))() > 0)"
)
SERVICE = """
import asyncio, concurrent.futures, multiprocessing, os, socket, sqlite3, ssl, subprocess, tempfile, threading, urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer

class Hello(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello")
    def log_message(self, *words):
        pass

server = HTTPServer(("127.0.0.1", 0), Hello)
threading.Thread(target=server.serve_forever, daemon=True).start()
assert urllib.request.urlopen("http://127.0.0.1:%d/" % server.server_port).read() == b"hello"
with concurrent.futures.ThreadPoolExecutor(8) as pool:
    assert sum(pool.map(len, [b"abc"] * 100)) == 300
with tempfile.TemporaryDirectory() as folder:
    base = sqlite3.connect(folder + "/base")
    base.execute("create table t (n)")
    base.executemany("insert into t values (?)", [(n,) for n in range(100)])
    base.commit()
    assert base.execute("select count(*) from t").fetchone() == (100,)
    os.mkfifo(folder + "/pipe")
assert subprocess.run(["sh", "-c", "echo a | tr a b"], capture_output=True).stdout == b"b\\n"
assert multiprocessing.get_context("fork").Pool(2).map(abs, [-1, -2]) == [1, 2]
asyncio.run(asyncio.wait_for(asyncio.create_subprocess_exec("true"), 5))
ssl.create_default_context()
left, right = socket.socketpair()
left.send(b"x")
assert right.recv(1) == b"x"
os.setgroups([]), os.setgid(1000), os.setuid(1000)
print("served")
"""
PACKAGES = """set -e
cd /tmp; mkdir -p p/DEBIAN p/opt
printf 'Package: probe\\nVersion: 1\\nArchitecture: all\\nMaintainer: x <x@example.org>\\nDescription: x\\n' >p/DEBIAN/control
echo content >p/opt/file; ln -s file p/opt/link; mkfifo p/opt/pipe; rm p/opt/pipe
dpkg-deb --build --root-owner-group p probe.deb >/dev/null; dpkg-deb --extract probe.deb x
perl -e 'use Socket; socket(my $s, PF_INET, SOCK_STREAM, 0) or die; print "perl\\n"'
cat x/opt/link; id -u; getent passwd root; apt-get --version | head -n 1"""


@pytest.fixture(scope="module")
def folder(host: Host) -> str:
    """Where the profiles are, beside the engine's configuration."""
    found = profile(host)
    if not found.startswith("/"):
        pytest.fail(f"the engine has the profile {found}, and none of its own")
    return found.rsplit("/", 1)[0]


@pytest.fixture(scope="module", autouse=True)
def image(host: Host) -> Iterator[None]:
    """An image with nothing in it."""
    if host.system_info.arch != "x86_64":
        pytest.skip("the calls' numbers are those of x86_64")
    host.check_output("tar cf - --files-from /dev/null | docker import - %s", IMAGE)
    yield
    host.check_output("docker rmi %s", IMAGE)


def profile(host: Host) -> str:
    """What the engine says of its default profile."""
    found = re.search(r"^ +seccomp\n +Profile: (\S+)", host.check_output("docker info"), re.MULTILINE)
    return found[1] if found else "none"


def python(host: Host, code: str, options: str = "") -> Any:
    """Run a program in a container."""
    encoded = base64.b64encode(code.encode()).decode()
    return host.run(
        f"docker run --rm {options} {PROGRAMS} {IMAGE} /usr/bin/python3 -I -c "
        f"\"import base64; exec(base64.b64decode('{encoded}').decode())\""
    )


def calls(host: Host, options: str = "") -> dict[str, str]:
    """Make all calls in a container."""
    result = python(host, base64.b64decode(PROBE).decode(), options)
    assert result.rc == 0, result.stderr
    found: dict[str, str] = json.loads(result.stdout)
    return found


@pytest.fixture(scope="module")
def unfiltered(host: Host) -> dict[str, str]:
    return calls(host, "--security-opt seccomp=unconfined")


@pytest.fixture(scope="module")
def baseline(host: Host) -> dict[str, str]:
    return calls(host)


@pytest.fixture(scope="module")
def strict(host: Host, folder: str) -> dict[str, str]:
    return calls(host, f"--security-opt seccomp={folder}/hullguard-strict.json")


def test_the_engine_names_our_profile(host: Host, folder: str) -> None:
    assert profile(host) == f"{folder}/hullguard-baseline.json"


def test_the_profiles_are_roots(host: Host, folder: str) -> None:
    for name in ("baseline", "strict"):
        file = host.file(f"{folder}/hullguard-{name}.json")
        assert (file.user, file.group, file.mode) == ("root", "root", 0o644)


@pytest.mark.parametrize("call", [*BASELINE, *STRICT])
def test_the_kernel_itself_would_answer(unfiltered: dict[str, str], call: str) -> None:
    """Without a filter each of them is answered, some with another error: what is refused below is the filter's doing."""
    assert unfiltered[call] != "EPERM"


@pytest.mark.parametrize("call", BASELINE)
def test_baseline_refuses(baseline: dict[str, str], call: str) -> None:
    assert baseline[call] == "EPERM"


@pytest.mark.parametrize("call", STRICT)
def test_strict_refuses_what_baseline_does_not(
    baseline: dict[str, str], strict: dict[str, str], unfiltered: dict[str, str], call: str
) -> None:
    assert baseline[call] == unfiltered[call]
    assert strict[call] == "EPERM"


@pytest.mark.parametrize("call", ["keyctl", "unshare_user"])
def test_what_the_engines_default_refuses_stays_so(baseline: dict[str, str], call: str) -> None:
    assert baseline[call] == "EPERM"


@pytest.mark.parametrize("call", ALWAYS)
def test_what_services_need_is_allowed(baseline: dict[str, str], strict: dict[str, str], call: str) -> None:
    assert (baseline[call], strict[call]) == ("OK", "OK")


def test_clone3_does_not_exist_so_that_clone_is_taken(
    baseline: dict[str, str], strict: dict[str, str]
) -> None:
    assert (baseline["clone3"], strict["clone3"]) == ("ENOSYS", "ENOSYS")


def test_debuggers_get_their_calls_with_the_capability(host: Host) -> None:
    found = calls(host, "--cap-add SYS_PTRACE")
    assert (found["ptrace"], found["process_vm_readv"]) == ("OK", "OK")


def test_not_even_a_capability_opens_strict(host: Host, folder: str) -> None:
    found = calls(host, f"--cap-add SYS_PTRACE --security-opt seccomp={folder}/hullguard-strict.json")
    assert (found["ptrace"], found["process_vm_readv"]) == ("EPERM", "EPERM")


def test_strict_ends_programs_that_use_the_32_bit_entry(host: Host, folder: str) -> None:
    allowed = python(host, OLD_ENTRY)
    if allowed.stdout.strip() != "True":
        pytest.skip("this kernel has no 32-bit entry")
    # 128 and SIGSYS
    assert python(host, OLD_ENTRY, f"--security-opt seccomp={folder}/hullguard-strict.json").rc == 159


@pytest.mark.parametrize("name", ["", "strict"])
def test_a_service_does_not_notice(host: Host, folder: str, name: str) -> None:
    options = f"--security-opt seccomp={folder}/hullguard-{name}.json" if name else ""
    result = python(host, SERVICE, options)
    assert result.stdout.strip() == "served", result.stderr


@pytest.mark.parametrize("name", ["", "strict"])
def test_package_tools_do_not_notice(host: Host, folder: str, name: str) -> None:
    if not host.exists("dpkg-deb"):
        pytest.skip("no dpkg here")
    options = f"--security-opt seccomp={folder}/hullguard-{name}.json" if name else ""
    result = host.run(f"docker run --rm {options} {PROGRAMS} {IMAGE} /bin/sh -c %s", PACKAGES)
    assert result.rc == 0, result.stderr
    assert result.stdout.split()[:3] == ["perl", "content", "0"]


def test_the_administrators_own_options_stay(host: Host) -> None:
    if not host.file("/etc/docker/careless.json").exists:
        pytest.skip("not a host of the scenario docker_seccomp")
    found = json.loads(host.file("/etc/docker/daemon.json").content_string)
    assert (found["labels"], found["live-restore"]) == (["site=lab"], True)


def test_a_web_server_answers(host: Host) -> None:
    found = host.check_output("docker images --quiet hullguard-lab/busybox")
    if not found:
        pytest.skip("the lab's workload image is not here")
    host.check_output("docker run --detach --name hgweb %s httpd -f -p 80", found.splitlines()[0])
    try:
        ask = "docker exec hgweb wget -q -O - http://127.0.0.1/ 2>&1"
        # An answer, whatever it says.
        assert "404" in host.run(ask).stdout or host.run(ask).rc == 0
    finally:
        host.check_output("docker rm --force hgweb")
