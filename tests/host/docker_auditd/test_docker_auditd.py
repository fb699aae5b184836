"""Audit rules on disk, and in the kernel where it lets this host have any."""

import pytest
from testinfra.host import Host

FILE = "/etc/audit/rules.d/zz-hullguard-docker.rules"


@pytest.fixture
def watches(host: Host) -> dict[str, str]:
    """{path: permissions} of the role's own watches."""
    lines = [line.split() for line in host.file(FILE).content_string.splitlines() if line.startswith("-w ")]
    return {words[1]: words[3] for words in lines}


def real(host: Host, path: str) -> str:
    """Return where a path leads, or nothing."""
    found = host.run("readlink -e %s", path)
    return str(found.stdout.strip())


def expected(host: Host) -> dict[str, str]:
    """Return {real path: permissions} of what this host has, found without Hullguard's collector."""
    show = "systemctl show --property=%s --value docker.service"
    writes = {
        host.check_output(show, "FragmentPath"),
        *host.check_output(show, "DropInPaths").split(),
        host.check_output("docker info --format '{{.DockerRootDir}}'"),
        *("/etc/docker", "/etc/docker/daemon.json", "/etc/default/docker", "/etc/sysconfig/docker"),
        *("/run/containerd", "/run/containerd/containerd.sock", "/var/run/docker.sock"),
        "/etc/containerd/config.toml",
    }
    programs = {f"/proc/{host.check_output(show, 'MainPID')}/exe"}
    for name in (
        "containerd",
        "containerd-shim",
        "containerd-shim-runc-v1",
        "containerd-shim-runc-v2",
        "runc",
    ):
        programs.add(host.run("command -v %s", name).stdout.strip())
    found = {real(host, path): "wa" for path in writes} | {real(host, path): "wxa" for path in programs}
    found.pop("", None)
    return found


def test_the_rules_are_for_root(host: Host) -> None:
    file = host.file(FILE)
    assert (file.user, file.group, file.mode) == ("root", "root", 0o640)


def test_what_exists_is_watched_and_nothing_else(host: Host, watches: dict[str, str]) -> None:
    wanted = expected(host)
    narrow = "(narrow rule set)" in host.file(FILE).content_string
    for path in ("/run/containerd", host.check_output("docker info --format '{{.DockerRootDir}}'")):
        if narrow:
            wanted.pop(path)
    # The order of permissions means nothing.
    assert {path: set(perm) for path, perm in watches.items()} == {
        path: set(perm) for path, perm in wanted.items()
    }


def test_every_rule_has_the_key(host: Host) -> None:
    rules = [line for line in host.file(FILE).content_string.splitlines() if line.startswith("-w ")]
    assert rules
    assert all(rule.endswith(" -k docker") for rule in rules)


def test_the_compiled_rules_hold_them_all(host: Host) -> None:
    own = [line for line in host.file(FILE).content_string.splitlines() if line.startswith("-")]
    compiled = host.file("/etc/audit/audit.rules").content_string.splitlines()
    assert [rule for rule in own if rule not in compiled] == []


def test_no_rule_reaches_into_a_folder_that_is_missing_at_boot(host: Host, watches: dict[str, str]) -> None:
    """One that fails there takes the rules after it along, and on Debian 13 auditd does not start at all."""
    lines = host.file("/etc/tmpfiles.d/hullguard-audit.conf").content_string.splitlines()
    made = {line.split()[1]: line.split()[2:5] for line in lines if line.startswith("d ")}
    folders = {path.rpartition("/")[0] for path in watches if path.startswith("/run/")} - {"/run"}
    assert folders <= made.keys()
    for path, wanted in made.items():
        file = host.file(path)
        assert [f"0{file.mode:o}", file.user, file.group] == wanted


def test_they_are_in_force_where_the_kernel_takes_rules(host: Host, watches: dict[str, str]) -> None:
    listed = host.run("auditctl -l")
    if listed.rc != 0 or "permitted" in listed.stderr:
        pytest.skip("the kernel does not let this host have audit rules")
    named = {
        word.rstrip("/") for line in listed.stdout.splitlines() for word in line.replace("=", " ").split()
    }
    assert watches.keys() - named == set()


@pytest.fixture
def prepared(host: Host) -> Host:
    """The host of molecule/docker_auditd/prepare.yml; skips on any other."""
    if not host.file("/etc/audit/rules.d/10-site.rules").exists:
        pytest.skip("not a host of the scenario docker_auditd")
    return host


def test_the_administrators_rules_are_untouched(prepared: Host) -> None:
    file = prepared.file("/etc/audit/rules.d/10-site.rules")
    assert file.content_string == "# site rules\n-w /etc/shadow -p wa -k site\n"
    assert file.mode == 0o600
    assert (
        "-w /etc/shadow -p wa -k site" in prepared.file("/etc/audit/audit.rules").content_string.splitlines()
    )


def test_nothing_else_is_left_in_the_folder(prepared: Host) -> None:
    found = set(prepared.file("/etc/audit/rules.d").listdir())
    assert found == {"10-site.rules", "audit.rules", "zz-hullguard-docker.rules"}
