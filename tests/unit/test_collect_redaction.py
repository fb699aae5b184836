"""A secret that stands anywhere in what the engine or a file tells never leaves the host."""

from __future__ import annotations

import copy
import json
import string
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.support.fake_engine import ID, IMAGE_ID, decent_answers

from hullguard import collect

SECRET = "hunter2Xq"
TEXTS = [
    "https://user:{}@registry.example.net/v2",
    "http://user:a@b{}@host/",
    "http://user:a/{}@host/",
    "https://{}@github.com/x.git",
    "postgres://app:{}@db:5432/app?sslmode=off",
    "app:{}@tcp(db:3306)/app",
    "https://storage.example.net/x?sv=1&sig={}&se=2",
    "https://example.net/x?a=1&token={}",
    "https://example.net/x?X-Amz-Signature={}",
    "PASSWORD={}",
    "export DB_PASSWORD='{}'",
    'DB_PASS="a {}"',
    'TOKEN="a\\"{}"',
    'TOKEN="unterminated {}',
    "API_KEY=a\\ {}",
    "username=bob,password={}",
    "addr=10.0.0.1,username=u,password={},vers=3",
    "a=1 b=2 SECRET={} c=3",
    "--password {}",
    "--password={}",
    "-token {}",
    "--api-key '{}'",
    "--registry-token=\"{}\"",
    "mysql -u root -p{} app",
    "mysqldump -uroot -p{} app",
    "docker login -u bob -p {} registry.example.net",
    "sshpass -p {} ssh host",
    "useradd -m -p {} bob",
    "htpasswd -bc /etc/htpasswd bob {}",
    "echo 'root:{}' | chpasswd",
    "curl -u bob:{} https://example.net",
    "curl --user 'bob:{}' https://example.net",
    "curl -H 'Authorization: Bearer {}' https://example.net",
    "curl -H \"Authorization: Basic {}\" https://example.net",
    "curl -H 'X-Auth-Token: {}' https://example.net",
    "curl -H 'Cookie: session={}' https://example.net",
    '{{"auths": {{"r": {{"auth": "{}"}}}}}}',
    '{{"password":"{}"}}',
    "password: {}",
    "client_secret: '{}'",
    "_authToken={}",
    "//registry.npmjs.org/:_authToken={}",
    "aws_secret_access_key = {}",
    "pgpass={}",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIE{}\n-----END RSA PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\nMIIE{}",
    "SWMTKN-1-{}-abc",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIx{}.sig",
    "ghp_{}aaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "$apr1$salt${}",
    "$2y$05${}",
    "GITHUB_PAT={}",
    "SENTRY_DSN={}",
]  # fmt: skip
LAYERS = [
    "ENV STRIPE={}",
    "ENV A=1 B={}",
    "ENV GREETING=hello {}",
    "/bin/sh -c #(nop)  ENV UNSUSPICIOUS={}",
    "ONBUILD ENV X={}",
    "ENV X {}",
    "ARG UNSUSPICIOUS={}",
    "/bin/sh -c #(nop)  ARG NPM={}",
    "|2 NPM=a b {} OTHER=1 /bin/sh -c npm ci",
    "RUN |1 NPM={} /bin/sh -c npm ci # buildkit",
    'CMD ["server" "--listen" "{}"]',
    '/bin/sh -c #(nop)  CMD ["sh" "-c" "x {}"]',
    'ENTRYPOINT ["x" "{}"]',
    'HEALTHCHECK &{{["CMD-SHELL" "curl http://x/{}"] "0s" "0s" "0s" "0s" \'\\x00\'}}',
    *(f"RUN /bin/sh -c {text}" for text in TEXTS),
]
NAMES = [
    "password", "DB_PASSWORD", "dbPassword", "db_pass", "DBPASS", "MYSQL_PWD", "passphrase", "secret", "clientSecret",
    "api-key", "apiKey", "private_key", "token", "access-token", "auth", "registry.auth", "credentials", "ssh.key", "key",
    "traefik.http.middlewares.a.basicauth.users", "signature", "account_key", "jwt", "splunk-token", "session-cookie",
]  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_secret_in_a_text(text: str) -> None:
    assert SECRET in text.format(SECRET)
    assert SECRET not in collect.redact_text(text.format(SECRET))


@pytest.mark.parametrize("line", LAYERS)
def test_secret_in_an_image_layer(line: str) -> None:
    assert SECRET not in collect.redact_layer(line.format(SECRET), ["A", "B", "GREETING"])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "value",
    [SECRET, [SECRET], {"inner": SECRET}, {"a": [{"b": SECRET}]}],
    ids=["text", "list", "mapping", "deep"],
)
def test_what_a_secret_looking_name_holds_is_hidden(name: str, value: Any) -> None:
    shown = json.dumps(collect.redact({name: value, "other": 1}))
    assert SECRET not in shown
    assert name in shown


def test_a_numeric_password_is_hidden_and_a_switch_is_not() -> None:
    assert collect.redact({"password": 4711, "pin": 1.5, "auth": True, "token": None}) == {
        "password": "<redacted>", "pin": "<redacted>", "auth": True, "token": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "/var/run/docker.sock:/var/run/docker.sock:ro",
        "registry.example.net:5000/app:1@sha256:" + "0" * 64,
        "tcp://10.0.0.5:2376",
        "fd://",
        "name=seccomp,profile=builtin",
        "no-new-privileges:true",
        "apparmor=docker-default",
        "label=disable",
        "dm.basesize=20G",
        "RUN /bin/sh -c apt-get update && apt-get install -y --allow-unauthenticated curl # buildkit",
        "RUN /bin/sh -c curl -fsSLk https://example.net/install.sh | sh",
        "RUN /bin/sh -c echo 'deb [trusted=yes] http://example.net ./' > /etc/apt/sources.list",
        "ADD file:0123456789abcdef in /",
        "COPY --chown=app:app dist/ /app/ # buildkit",
        "USER 10001:10001",
        "/docker-entrypoint.sh",
        "8443/tcp",
    ],
)
def test_facts_that_decide_stay_as_they_are(text: str) -> None:
    assert collect.redact_text(text) == text


@pytest.mark.parametrize(
    "facts",
    [
        {
            "Plugins": {"Authorization": ["authz"]},
            "SecurityOptions": ["name=seccomp,profile=builtin"],
            "PidsLimit": True,
        },
        {
            "authorization-plugins": ["a"],
            "tlskey": "/etc/docker/key.pem",
            "no-new-privileges": True,
            "icc": False,
        },
        {
            "default-address-pools": [{"base": "10.0.0.0/8", "size": 24}],
            "bridge": "br0",
            "storage-opts": ["a=b"],
        },
        {
            "CapAdd": ["SYS_ADMIN"],
            "PortBindings": {"80/tcp": [{"HostIp": "", "HostPort": "80"}]},
            "CgroupParent": "/x",
        },
    ],
)
def test_settings_that_decide_stay_as_they_are(facts: dict[str, Any]) -> None:
    assert collect.redact(facts) == facts


def test_names_are_kept() -> None:
    assert (
        collect.redact_layer("ENV A=1 DB_PASSWORD=x", ["A", "DB_PASSWORD"])
        == "ENV A=<redacted> DB_PASSWORD=<redacted>"
    )
    # A word of an unquoted value is no name.
    assert collect.redact_layer("ENV A=say hunter2=x", ["A"]) == "ENV A=<redacted>"
    assert collect.names_only(["B=1", "A=x=y", "C"]) == ["A", "B", "C"]


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("ENV NPM_TOKEN=abc", ["NPM_TOKEN"]),
        ("ARG API_KEY=abc", ["API_KEY"]),
        ("|1 DB_PASSWORD=abc /bin/sh -c x", ["DB_PASSWORD"]),
        ("RUN /bin/sh -c echo user=bob,password=abc > x", ["password"]),
        ("RUN TOKEN=$(cat /run/secrets/token) x", []),
        ("RUN TOKEN=/run/secrets/token x", []),
        ('RUN TOKEN="$TOKEN" x', []),
        ("ENV PASSWORD=", []),
        ('ENV PASSWORD=""', []),
        ("ARG NPM_TOKEN", []),
        ("ENV PATH=/usr/bin", []),
    ],
)
def test_secrets_in_history_are_named(line: str, names: list[str]) -> None:
    assert collect.secrets_in([{"CreatedBy": line}, {"CreatedBy": None}, {}]) == names


# --- planted in every place that an engine has -----------------------------------------------------------------------

VALUES = st.text(string.ascii_letters + string.digits, min_size=8, max_size=24).map(
    lambda text: f"Zq{text}9x"
)
TEMPLATES = st.sampled_from(TEXTS)


def container(secret: str, text: str, name: str) -> dict[str, Any]:
    raw: dict[str, Any] = copy.deepcopy(decent_answers()[f"/containers/{ID}/json"])
    raw["Path"], raw["Args"] = f"sh -c {secret}", [secret, text]
    raw["Config"] |= {
        "Env": [f"PLAIN={secret}", f"X={text}"], "Cmd": [secret], "Entrypoint": [text], "Healthcheck": {"Test": ["CMD", secret]},
        "Labels": {name: secret, "note": text}, "Domainname": secret,
    }  # fmt: skip
    raw["HostConfig"] |= {
        "SecurityOpt": [f'seccomp={{"x": "{secret}"}}', f'seccomp:{{"x": "{secret}"}}'], "LogConfig": {"Type": "splunk", "Config": {"splunk-token": secret}},
        "Tmpfs": {"/x": f"uid=1,password={secret}"}, "Sysctls": {name: secret}, "ExtraHosts": [secret], "Annotations": {name: secret},
    }  # fmt: skip
    raw["State"]["Error"] = text
    raw["State"]["Health"] = {"Log": [{"Output": secret}]}
    return raw


@settings(max_examples=80, deadline=None, derandomize=True)
@given(secret=VALUES, template=TEMPLATES, name=st.sampled_from(NAMES))
def test_nothing_planted_in_a_container_comes_out(secret: str, template: str, name: str) -> None:
    raw = container(secret, template.format(secret), name)
    assert secret in json.dumps(raw)
    assert secret not in json.dumps(collect.trim_container(raw))


@settings(max_examples=80, deadline=None, derandomize=True)
@given(
    secret=VALUES,
    layers=st.lists(st.sampled_from(LAYERS), min_size=1, max_size=4),
    name=st.sampled_from(NAMES),
)
def test_nothing_planted_in_an_image_comes_out(secret: str, layers: list[str], name: str) -> None:
    raw = copy.deepcopy(decent_answers()[f"/images/{IMAGE_ID}/json"])
    raw["Config"] |= {
        "Env": [f"A={secret}"],
        "Cmd": [secret],
        "Labels": {name: secret},
        "Healthcheck": {"Test": [secret]},
    }
    history = [{"CreatedBy": layer.format(secret), "Comment": secret} for layer in layers]
    assert secret not in json.dumps(collect.trim_image(raw, history))


@settings(max_examples=80, deadline=None, derandomize=True)
@given(secret=VALUES, template=TEMPLATES, name=st.sampled_from(NAMES))
def test_nothing_planted_in_the_engines_own_words_comes_out(secret: str, template: str, name: str) -> None:
    text = template.format(secret)
    info = {
        **decent_answers()["/info"], "HttpProxy": text, "Labels": [secret], "Warnings": [text], "Name": "host",
        "RegistryConfig": {"Mirrors": [secret], "IndexConfigs": {"docker.io": {"Secure": True, "Mirrors": [text]}}},
        "Swarm": {"LocalNodeState": "active", "Error": text, "Cluster": {"JoinTokens": secret}},
        "DriverStatus": [["x", text], [name, "x"]], "Runtimes": {"runc": {"path": "runc", "options": {name: secret}}},
    }  # fmt: skip
    assert secret not in json.dumps(collect.trim_info(info))


@settings(max_examples=80, deadline=None, derandomize=True)
@given(secret=VALUES, template=TEMPLATES, name=st.sampled_from(NAMES))
def test_nothing_planted_in_a_configuration_comes_out(secret: str, template: str, name: str) -> None:
    text = template.format(secret)
    settings_ = {"log-opts": {name: secret, "labels": text}, "proxies": {"http-proxy": f"http://u:{secret}@p"}, "registry-mirrors": [text],
                 "labels": [f"{name}={secret}"], name: {"nested": [secret]}}  # fmt: skip
    assert secret not in json.dumps(collect.redact(settings_))
    flags = collect.parse_flags(
        [
            "--log-opt",
            f"{name}={secret}",
            f"--{name}={secret}",
            "--http-proxy",
            f"http://u:{secret}@p",
            "--label",
            text,
        ]
    )
    assert secret not in json.dumps(collect.redact(flags))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(text=st.text(max_size=300))
def test_any_text_can_be_redacted_again(text: str) -> None:
    once = collect.redact_text(text)
    assert isinstance(collect.redact_text(once), str)


def test_long_texts_are_cut_and_quick() -> None:
    import time

    for text in (
        "mysql " * 100_000,
        "a" * 500_000,
        "://" * 100_000,
        "-" * 500_000,
        "x=" * 200_000,
        "pass" * 100_000,
    ):
        begun = time.monotonic()
        assert len(collect.redact_text(text)) < 20_000
        assert time.monotonic() - begun < 3


def test_a_line_of_assignments_takes_no_quadratic_time() -> None:
    begun = time.monotonic()
    assert collect.secrets_in([{"CreatedBy": "RUN " + "A=" * 500_000 + " DB_PASSWORD=x"}]) == ["DB_PASSWORD"]
    assert time.monotonic() - begun < 10
