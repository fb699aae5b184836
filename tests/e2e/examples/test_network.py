"""examples/network: what its README says, and each connection tried in the good and in the careless file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from examples_support.host import HOME, ROOT, ExampleHost

SOURCE = ROOT / "examples" / "network"
FOLDER = f"{HOME}/examples/network"
SECRETS = "/run/network-example"
HERE = (
    f'cd {FOLDER}; bases="$(sh ../images/bases.sh)"; set -a; eval "$bases"; SOURCE_DATE_EPOCH=1764201600; '
    f"SECRETS={SECRETS}; set +a"
)
CONNECTIONS = yaml.safe_load((SOURCE / "connections.yml").read_text(encoding="utf-8"))
FAULTS = yaml.safe_load((SOURCE / "careless/faults.yml").read_text(encoding="utf-8"))
OUTSIDE, HOST_OUTSIDE = "198.51.100.2", "198.51.100.1"
# Something of the host's that listens on all addresses.
LISTENER = "systemd-run --quiet --collect --unit=listener python3 -m http.server --bind 0.0.0.0 8090"
SERVICES = ("proxy", "web", "db")


@pytest.fixture(scope="module")
def readme(host: ExampleHost, bases: None) -> tuple[list[str], str]:
    """What the README's steps print, and what is left of its objects right after them."""
    outputs = host.readme("network")
    left = "docker ps --all --format '{{.Names}}'; docker volume ls --quiet; docker network ls --format '{{.Name}}'"
    return outputs, host.output(f"{{ {left}; ip netns list; ls {FOLDER} /run; }}")


@pytest.fixture(scope="module")
def network(host: ExampleHost, readme: tuple[list[str], str]) -> Iterator[ExampleHost]:
    """The host with the images, a password, a piece of internet and a listener of its own."""
    host.output(
        f"""{HERE}
        install -d -m 0711 $SECRETS
        install -m 0400 -o 10002 -g 10002 /dev/null $SECRETS/db_password
        openssl rand -hex 16 > $SECRETS/db_password
        docker compose build --quiet
        sh outside.sh up
        {LISTENER}
        timeout 20 sh -c 'until python3 connect.py 127.0.0.1 8090; do sleep 0.2; done' > /dev/null
        """
    )
    yield host
    host.run(f"cd {FOLDER}; systemctl stop listener; sh outside.sh down; rm -rf {SECRETS}")
    host.run(f"docker image rm {' '.join(f'network-example/{service}' for service in SERVICES)}")


@pytest.fixture(scope="module", params=["good", "careless"])
def project(network: ExampleHost, request: pytest.FixtureRequest) -> Iterator[tuple[ExampleHost, str, str]]:
    """The host with one of the two files running: (host, which, its commands' beginning)."""
    file = "compose.yml" if request.param == "good" else "careless/compose.yml"
    here = f"{HERE}; export COMPOSE_FILE={file}"
    try:
        network.output(f"{here}\ndocker compose up --detach --wait --quiet-pull")
        yield network, request.param, here
    finally:
        network.run(f"{here}\ndocker compose down --volumes")


def gateways(host: ExampleHost, here: str, service: str) -> list[str]:
    """Return the host's would-be addresses in the networks of a service."""
    names = host.output(
        f"{here}\ndocker inspect -f '{{{{range $name, $_ := .NetworkSettings.Networks}}}}{{{{$name}}}} {{{{end}}}}'"
        f" $(docker compose ps --quiet {service})"
    )
    networks = json.loads(host.output(f"docker network inspect {names}"))
    return [network["IPAM"]["Config"][0]["Gateway"] for network in networks]


def test_the_readme_takes_away_what_it_started(readme: tuple[list[str], str]) -> None:
    outputs, left = readme
    assert any("db:5432: connected" in output for output in outputs)
    named = ("network-example", "careless-network", "outside (", "outside\n", "db_password")
    assert [name for name in named if name in left] == []


@pytest.mark.parametrize("row", CONNECTIONS, ids=lambda row: f"{row['from']}-{row['to']}-{row['port']}")
def test_connection(project: tuple[ExampleHost, str, str], row: dict[str, Any]) -> None:
    host, which, here = project
    places = {"outside": [OUTSIDE], "host": gateways(host, here, row["from"])}.get(row["to"], [row["to"]])
    assert places
    for place in places:
        code, text = host.run(f"{here}\nsh reach.sh {row['from']} {place} {row['port']}")
        # A refusal is told by connect.py itself: nothing else may have gone wrong.
        assert f"{place}:{row['port']}: " in text, text
        assert (code == 0, "connected" in text) == (row[which], row[which]), text


def test_who_comes_from_outside_finds_published_ports_of_the_careless_one_only(
    project: tuple[ExampleHost, str, str],
) -> None:
    host, which, here = project
    for port in (5432, 8080, 8081):
        code, text = host.run(f"{here}\nip netns exec outside python3 connect.py {HOST_OUTSIDE} {port}")
        assert f"{HOST_OUTSIDE}:{port}: " in text
        assert (code == 0) == (which == "careless" and port != 8080), text


def test_the_web_servers_place_logs_in_with_the_password_in_the_file_and_with_no_other(
    project: tuple[ExampleHost, str, str],
) -> None:
    host, _, here = project
    login = (
        "docker run --rm --network container:$(docker compose ps --quiet web) --env PGPASSWORD --entrypoint psql"
        " network-example/db --host=db --username=app --dbname=postgres --tuples-only --command='select 6 * 7'"
    )
    assert host.output(f"{here}\nexport PGPASSWORD=$(cat $SECRETS/db_password)\n{login}").strip() == "42"
    code, text = host.run(f"{here}\nexport PGPASSWORD=wrong\n{login}")
    assert code != 0
    assert "password authentication failed" in text


def test_the_password_is_in_no_environment(
    network: ExampleHost, project: tuple[ExampleHost, str, str]
) -> None:
    host, _, here = project
    password = host.output(f"cat {SECRETS}/db_password").strip()
    text = host.output(
        f"{here}\ndocker inspect $(docker compose ps --quiet)\ndocker compose logs\ndocker compose config"
    )
    assert len(password) == 32
    assert password not in text


@pytest.mark.parametrize("name", ["proxy", "db"])
def test_sources_are_clean(host: ExampleHost, name: str) -> None:
    text = host.output(
        f"hullguard scan dockerfile {FOLDER}/Dockerfile.{name} --fail-on never --format json 2> /dev/null"
    )
    document = json.loads(text)
    assert document["findings"] == []
    ran = {scan["tool"] for scan in document["scans"] if scan["status"] == "ran"}
    assert ran == {"hullguard", "hadolint", "trivy"}


@pytest.mark.parametrize("service", SERVICES)
def test_the_good_services_are_closed(network: ExampleHost, service: str) -> None:
    text = network.output(f"{HERE}\ndocker compose config --format json")
    found = json.loads(text)["services"][service]
    assert found["read_only"] is True
    assert found["cap_drop"] == ["ALL"]
    assert found["security_opt"] == ["no-new-privileges:true"]
    assert not found["user"].startswith("0")


def test_each_planted_fault_is_named(host: ExampleHost) -> None:
    scan = f"SECRETS={SECRETS} hullguard scan compose --tool hullguard --fail-on never --format json"
    found = json.loads(host.output(f"cd {FOLDER}\n{scan} careless/compose.yml 2> /dev/null"))["findings"]
    named = {(one["object"]["name"], one["id"]) for one in found}
    assert [fault for fault in FAULTS if (fault["service"], fault["by"]) not in named] == []
    good = json.loads(host.output(f"cd {FOLDER}\n{scan} compose.yml 2> /dev/null"))
    assert [(one["tool"], one["id"]) for one in good["findings"]] == []
    assert [scan["status"] for scan in good["scans"]] == ["ran"]
