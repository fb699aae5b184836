"""Plays examples/secrets/vault: its README, each row of its table of faults, and a search for its secrets."""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from examples_support import places, process_memory
from examples_support.host import HOME, ROOT, ExampleHost
from examples_support.readme import Step, steps

FOLDER = f"{HOME}/examples/secrets/vault"
README = ROOT / "examples/secrets/vault/README.md"
# From here on the README takes things away; the tests run before, on what is there.
END = "Stop"
DEMO = "/run/vault-demo"
PROGRAMS = "/opt/vault-demo"
WITH_BAO = (
    f"export DEMO={DEMO} BAO_ADDR=https://127.0.0.1:8200 BAO_CACERT={DEMO}/tls/ca.pem BAO_TOKEN_PATH={DEMO}/token\n"
    f"export PATH={PROGRAMS}:$PATH\ncd {FOLDER}\n"
)
WEB = "http://127.0.0.1:8001"
LOG_IN_AGAIN = "bao lease revoke -prefix auth/approle/login > /dev/null"
UNSEAL = 'jq -r ".unseal_keys_b64[0]" "$DEMO/init.json" | bao write sys/unseal key=- > /dev/null'


@dataclass(frozen=True, slots=True)
class Demo:
    """What the README started, and the steps that it has left."""

    host: ExampleHost
    state: str
    left: list[Step]

    def sh(self, commands: str) -> str:
        """Run commands in the example's folder as the operator; they have to end well."""
        return self.host.output(WITH_BAO + commands)

    def tells(self, text: str, path: str = "/readyz", seconds: int = 20) -> str:
        """Wait until the application's answer holds a text, and return it."""
        return self.sh(f"sh await.sh {seconds} '{text}' '{WEB}{path}'")

    def hand_over(self, *, role: str = "web", life: str = "2m") -> None:
        """Give the application a new wrapped secret id."""
        self.sh(
            f"bao read -field=role_id auth/approle/role/{role}/role-id > $DEMO/web/role-id\n"
            f"bao write -wrap-ttl={life} -format=json -force auth/approle/role/{role}/secret-id "
            "> $DEMO/web/secret-id.json"
        )

    def account(self) -> str:
        """Return the number of the account that the application has."""
        return str(json.loads(self.tells("v-approle-", "/database"))["account"])

    def audit(self) -> list[dict[str, object]]:
        """Return what the vault's audit log has: requests and responses."""
        lines = self.host.output("docker logs vault-demo-vault-1 2>/dev/null").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def step(self) -> str:
        """Do the README's next step."""
        return self.host.step(self.left.pop(0), FOLDER, self.state)


@pytest.fixture(scope="module")
def demo(host: ExampleHost, bases: None) -> Iterator[Demo]:
    """The README, played up to where it takes things away; nothing is left afterwards."""
    plan = steps(README)
    demo = Demo(host, f"/run/example-{uuid.uuid4().hex[:8]}", plan)
    try:
        while plan[0].heading != END:
            demo.step()
        yield demo
    finally:
        host.run(
            f"{WITH_BAO}docker unpause vault-demo-vault-1 vault-demo-web-1 aws-demo-aws-1\n"
            "for file in compose aws; do docker compose -f $file.yml down --volumes --timeout 2; done\n"
            "docker image rm vault-demo/web vault-demo/openbao vault-demo/database aws-demo/web aws-demo/moto\n"
            f"rm -rf {DEMO} {demo.state} {PROGRAMS} /root/.bash_history"
        )


def test_nothing_is_found_in_its_files(host: ExampleHost) -> None:
    for file in ("compose.yml", "aws.yml"):
        host.output(f"cd {FOLDER} && DEMO={DEMO} hullguard scan compose {file} --fail-on low")
    host.output(f"cd {FOLDER} && hadolint Dockerfile")


def test_an_account_is_renewed_and_replaced_while_it_is_used(demo: Demo) -> None:
    """Lent for 6 s and 12 s at most: it is renewed, and replaced by another one before an answer fails."""
    users: dict[str, str] = {}
    end = time.monotonic() + 15
    while len(users) < 2 and time.monotonic() < end:
        answer = json.loads(demo.sh(f"curl -sSf {WEB}/database; sleep 0.2"))
        users[answer["account"]] = answer["user"]
    assert len(set(users.values())) == 2
    paths = {entry["request"]["path"] for entry in demo.audit() if entry["type"] == "response"}
    assert {"sys/leases/renew", "auth/token/renew-self"} <= paths


def test_a_restarted_server_is_sealed_and_comes_back(demo: Demo) -> None:
    demo.sh("docker compose --progress quiet restart --timeout 1 vault")
    demo.tells("the vault is sealed")
    demo.sh(f"sh await.sh 20 sealed --cacert $BAO_CACERT $BAO_ADDR/v1/sys/health\n{UNSEAL}")
    demo.tells('"ready"')


def test_a_network_that_is_lost(demo: Demo) -> None:
    """The key serves on; the account ends when it does in the database."""
    demo.sh("docker network disconnect vault-demo_vault vault-demo-web-1")
    try:
        said = demo.tells('"stale":"signing_key')
        assert re.search("signing_key: the vault (can't be reached|does not answer in time)", said)
        demo.sh(f"curl -sSf '{WEB}/?challenge=hello'")
        demo.tells('"missing":"database: the vault ')
    finally:
        demo.sh("docker network connect vault-demo_vault vault-demo-web-1")
    demo.tells('"ready"')


def test_a_vault_that_does_not_answer(demo: Demo) -> None:
    demo.sh("docker pause vault-demo-vault-1")
    try:
        demo.tells("the vault does not answer in time")
        demo.sh(f"curl -sSf -m 2 {WEB}/healthz")
    finally:
        demo.sh("docker unpause vault-demo-vault-1")
    demo.tells('"ready"')


def test_a_vault_with_somebody_elses_certificate(demo: Demo) -> None:
    """Neither role id nor secret id is sent to it."""
    said = demo.sh(
        'docker compose exec -T -w /app web /usr/bin/python3 -c "import os, source_vault\n'
        "settings = os.environ | {'VAULT_CACERT': '/etc/ssl/certs/ca-certificates.crt'}\n"
        "try: source_vault.connect(settings).read('signing_key')\n"
        'except source_vault.Unavailable as error: print(error)"'
    )
    assert said == "signing_key: the vault's certificate is not one of VAULT_CACERT\n"


@pytest.mark.parametrize("account", ["no JSON", '"app"', '{"password": "not-a-real-one"}'])
def test_an_account_that_is_none_is_told_and_no_error_of_the_application(demo: Demo, account: str) -> None:
    program = (
        "import os, pathlib, database, source_files, last_good\n"
        "pathlib.Path('/run/secrets/database').write_text(os.environ['ACCOUNT'])\n"
        "secrets = last_good.LastGood(source_files.connect({}), 0)\n"
        "answer = database.Database(secrets, {}).who(None)\n"
        "print(answer.status_code, answer.body.decode())"
    )
    said = demo.sh(
        f"docker run --rm --network none --read-only --tmpfs /run/secrets:mode=1777 -w /app -e ACCOUNT='{account}' "
        f'--entrypoint /usr/bin/python3 vault-demo/web -c "{program}"'
    )
    assert said == '503 {"error":"database: it has to be a JSON object with username and password"}\n'


def test_a_revoked_token_is_replaced_unnoticed(demo: Demo) -> None:
    before = demo.account()
    demo.sh(f"{LOG_IN_AGAIN}\nfor _ in 1 2 3 4 5 6 7 8; do curl -sSf {WEB}/readyz; sleep 0.3; done")
    assert demo.account() != before


def test_a_role_that_may_less(demo: Demo) -> None:
    """What the agent's role may not is missing, what it may is there."""
    demo.hand_over(role="agent")
    demo.sh(LOG_IN_AGAIN)
    answer = json.loads(demo.tells('"missing":"database: the vault refuses it (403)'))
    assert answer["secrets"]["signing_key"] == {"version": "2"}
    demo.hand_over()
    demo.tells('"ready"')


def test_a_role_id_that_does_not_fit(demo: Demo) -> None:
    demo.sh(f"cp $DEMO/web/role-id $DEMO/right; echo {uuid.uuid4()} > $DEMO/web/role-id; {LOG_IN_AGAIN}")
    demo.tells("the vault does not take the role id in /run/vault/role-id with this secret id")
    demo.sh("cp $DEMO/right $DEMO/web/role-id; rm $DEMO/right")
    demo.tells('"ready"')


def test_a_secret_id_that_was_destroyed(demo: Demo) -> None:
    demo.sh(
        "jq -j .wrap_info.wrapped_accessor $DEMO/web/secret-id.json | "
        "bao write auth/approle/role/web/secret-id-accessor/destroy secret_id_accessor=-\n" + LOG_IN_AGAIN
    )
    demo.tells("hand over a new wrapped one in /run/vault/secret-id.json")
    demo.hand_over()
    demo.tells('"ready"')


def test_a_wrapping_token_that_expired(demo: Demo) -> None:
    # Asleep, so that it can't be faster than the token's end.
    demo.sh("docker pause vault-demo-web-1")
    try:
        demo.hand_over(life="1s")
        demo.sh(
            "token() { jq -j .wrap_info.token $DEMO/web/secret-id.json; }\n"
            "still() { token | bao write sys/wrapping/lookup token=- > /dev/null 2>&1; }\n"
            "for _ in $(seq 50); do still || break; sleep 0.2; done\n" + LOG_IN_AGAIN
        )
    finally:
        demo.sh("docker unpause vault-demo-web-1")
    demo.tells("the wrapping token has expired")
    demo.hand_over()
    demo.tells('"ready"')


def test_a_wrapping_token_that_was_exchanged(demo: Demo) -> None:
    demo.sh(
        f"bao write -wrap-ttl=2m -format=json sys/wrapping/wrap a=b > $DEMO/web/secret-id.json\n{LOG_IN_AGAIN}"
    )
    demo.tells("the token wraps sys/wrapping/wrap, no secret id; somebody exchanged it")
    demo.hand_over()
    demo.tells('"ready"')


def test_the_secrets_are_where_they_are_used_and_nowhere_else(demo: Demo) -> None:
    """What the application alone knows is taken out of its memory; the rest is where the README left it."""
    demo.tells("v-approle-", "/database")
    program = f"/opt/memory-{uuid.uuid4().hex[:8]}.py"
    demo.host.put(Path(process_memory.__file__), program)
    patterns = {
        "database password": r'"username": "v-approle-[^"]+", "password": "([^"]+)"',
        "token": r'"client_token": ?"(s\.[A-Za-z0-9]{24})"',
        "secret id": r'"secret_id": ?"([0-9a-f]{8}-[0-9a-f-]{27})"',
    }
    pid = demo.host.output("docker inspect -f '{{.State.Pid}}' vault-demo-web-1").strip()
    secrets = [demo.sh("cat /var/lib/docker/volumes/vault-demo_rendered/_data/signing_key")]
    secrets += json.loads(demo.sh("cat $DEMO/init.json"))["unseal_keys_b64"]
    secrets += [demo.sh("cat $DEMO/token").strip()]
    try:
        for what, pattern in patterns.items():
            known = demo.host.output(f"python3 {program} {pid} '{pattern}'").split()
            assert known, f"no {what} in the application's memory"
            secrets += known
        places.history(demo.host, [step.commands for step in steps(README)])
        # The layers of the other two images are programs of other people, and never saw a secret.
        found = places.look(
            demo.host, secrets, images=["vault-demo/web"], allowed=["/var/lib/docker/overlay2", program]
        )
    finally:
        demo.host.run(f"rm -f {program}")
    assert {place: told.found for place, told in found.items()} == {place: [] for place in found}
    seen = {place for place, told in found.items() if told.looked_at}
    assert set(places.PLACES) - seen <= {"audit log", "temporary files", "swap"}


def test_what_was_lent_is_given_back_and_aws_is_behind_the_same_interface(demo: Demo) -> None:
    """The rest of the README; where AWS does not answer, the application does as with the vault."""
    while "aws.yml down" not in demo.left[0].commands.replace("--progress quiet ", ""):
        demo.step()
    aws = "http://127.0.0.1:8003"
    demo.sh("docker pause aws-demo-aws-1")
    try:
        gone = '"missing":"signing_key: AWS Secrets Manager gave no answer (ReadTimeoutError)'
        demo.sh(f"sh await.sh 20 '{gone}' {aws}/readyz")
    finally:
        demo.sh("docker unpause aws-demo-aws-1")
    demo.sh(f"sh await.sh 15 '\"ready\"' {aws}/readyz")
    while demo.left:
        demo.step()
    left = demo.host.output("docker ps -aq --filter name=-demo-; docker volume ls -q --filter name=-demo_")
    assert left == ""
