"""`hullguard trust verify` and `run-verified` with the real cosign and notation, a registry on the loopback
interface and the local engine.
"""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from scanners_support.registry import IMAGE, Registry, running

from hullguard.scanners.base import Tool
from hullguard.trust.decide import VERIFIERS
from hullguard.trust.verifier import Missing
from hullguard.yamlfile import check
from lab import engine, workload

# Ours, so that what the tests leave in the engine is known.
TEAM = f"team-{uuid.uuid4().hex[:8]}"


def verifier(name: str) -> Tool:
    try:
        return VERIFIERS[name].find()
    except Missing as error:
        pytest.skip(f"{name} is not here: {error}")


@pytest.fixture(scope="module")
def cosign() -> Tool:
    return verifier("cosign")


@pytest.fixture(scope="module")
def registry() -> Iterator[Registry]:
    with running() as one:
        yield one


@pytest.fixture(scope="module")
def client(registry: Registry) -> Iterator[docker.DockerClient]:
    """The local engine; images of the registry are removed from it."""
    client = engine.ensure()
    yield client
    for image in client.images.list():
        for name in image.attrs["RepoDigests"] or []:
            if name.startswith(f"{registry.name}/"):
                client.images.remove(name, force=True)


@pytest.fixture(scope="module")
def layer(client: docker.DockerClient) -> bytes:
    """The one layer of the lab's busybox."""
    saved = b"".join(client.images.get(workload.ensure(client)).save())
    with tarfile.open(fileobj=io.BytesIO(saved)) as archive:
        manifest = archive.extractfile("manifest.json")
        assert manifest
        (path,) = json.load(manifest)[0]["Layers"]
        found = archive.extractfile(path)
        assert found
        return found.read()


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory, cosign: Tool) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    for name in ("team", "other"):
        call(folder, cosign.path, "generate-key-pair", "--output-key-prefix", name)
    return folder


def call(folder: Path, *arguments: object) -> None:
    environment = {**os.environ, "COSIGN_PASSWORD": "", "HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    done = subprocess.run(
        [*map(str, arguments)], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def how(cosign: Tool, command: str) -> list[str]:
    """The options with which this cosign signs for a registry of one's own."""
    told = subprocess.run([cosign.path, command, "--help"], capture_output=True, text=True, check=False)
    options = ["--tlog-upload=false", "--yes"]
    if "--use-signing-config" in told.stdout + told.stderr:  # 3.x
        options += ["--use-signing-config=false", "--new-bundle-format=false"]
    return options


def sign(cosign: Tool, keys: Path, image: str, name: str = "team") -> None:
    call(keys, cosign.path, "sign", *how(cosign, "sign"), "--key", f"{name}.key", image)


def policy(folder: Path, registry: Registry, *rules: dict[str, object]) -> Path:
    path = folder / "trust.yml"
    document = {"schema": "hullguard/trust/1", "registries": [registry.name], "rules": list(rules)}
    path.write_text(json.dumps(document))
    return path


def hullguard(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "hullguard", *map(str, arguments)],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def decisions(done: subprocess.CompletedProcess[str]) -> dict[str, tuple[str, str]]:
    """{image's repository: (status, id of its finding or reason)}"""
    document = json.loads(done.stdout)
    check(document, "report", "the report")
    found = {row["object"]["name"]: row["id"] for row in document["findings"]}
    return {
        re.sub(r".*/(\w+)[:@].*", r"\1", row["target"]["name"]): (
            row["status"],
            found.get(row["target"]["name"], row["reason"]),
        )
        for row in document["scans"]
    }


def test_every_way_to_be_refused(cosign: Tool, registry: Registry, keys: Path, tmp_path: Path) -> None:
    images = {name: registry.add(f"{TEAM}/{name}") for name in ("signed", "unsigned", "other", "copied")}
    sign(cosign, keys, images["signed"])
    sign(cosign, keys, images["other"], "other")
    # The signature of one image is put beside another.
    digests = {name: image.rpartition(":")[2] for name, image in images.items()}
    kind, manifest = registry.manifests[f"{TEAM}/signed", f"sha256-{digests['signed']}.sig"]
    registry.manifest(f"{TEAM}/copied", f"sha256-{digests['copied']}.sig", kind, manifest)
    rule = {"pattern": f"{registry.name}/{TEAM}/*", "keys": [str(keys / "team.pub")]}
    chosen = policy(tmp_path, registry, rule)
    names = [f"{registry.name}/{TEAM}/{name}:1" for name in images]
    done = hullguard(
        "trust", "verify", *names, "docker.io/library/hub:1", f"{registry.name}/free:1", "--policy", chosen,
        "--format", "json",
    )  # fmt: skip
    assert done.returncode == 12, done.stderr
    found = decisions(done)
    digest = images["signed"].partition("@")[2]
    assert found.pop("signed") == (
        "ran",
        f"{digest} is signed by {keys / 'team.pub'} (rule {registry.name}/{TEAM}/*)",
    )
    assert found.pop("free")[1].startswith("needs no signature")
    assert found == {
        "unsigned": ("ran", "unsigned"),
        "other": ("ran", "wrong-key"),
        "copied": ("ran", "wrong-digest"),
        "hub": ("ran", "registry"),
    }
    accepted = [names[0], f"{registry.name}/free:1", "--policy", chosen]
    assert hullguard("trust", "verify", *accepted).returncode == 0
    assert hullguard("trust", "verify", *accepted, "--strict").returncode == 12
    # One of several keys will do.
    rule["keys"] = [str(keys / "other.pub"), str(keys / "team.pub")]
    assert hullguard("trust", "verify", names[0], names[2], "--policy", policy(tmp_path, registry, rule)).returncode == 0  # fmt: skip


def test_a_tag_that_moved_after_signing(cosign: Tool, registry: Registry, keys: Path, tmp_path: Path) -> None:
    image = registry.add(f"{TEAM}/moved")
    sign(cosign, keys, image)
    rule = {"pattern": f"{registry.name}/{TEAM}/*", "keys": [str(keys / "team.pub")]}
    chosen = policy(tmp_path, registry, rule)
    assert hullguard("trust", "verify", f"{registry.name}/{TEAM}/moved:1", "--policy", chosen).returncode == 0
    registry.add(f"{TEAM}/moved", "1", Env=["EVIL=1"])
    done = hullguard("trust", "verify", f"{registry.name}/{TEAM}/moved:1", "--policy", chosen)
    assert done.returncode == 12
    assert "unsigned" in done.stdout
    assert hullguard("trust", "verify", image, "--policy", chosen).returncode == 0
    rule["digest_required"] = True
    chosen = policy(tmp_path, registry, rule)
    done = hullguard("trust", "verify", f"{registry.name}/{TEAM}/moved:1", "--policy", chosen)
    assert (done.returncode, "named by a tag" in done.stdout) == (12, True)
    assert hullguard("trust", "verify", image, "--policy", chosen).returncode == 0


def test_attestations(cosign: Tool, registry: Registry, keys: Path, tmp_path: Path) -> None:
    image = registry.add(f"{TEAM}/attested")
    sign(cosign, keys, image)
    policies = {}
    for name in ("right", "wrong"):
        policies[name] = tmp_path / f"{name}.cue"
        policies[name].write_text(f'predicate: builder: id: "https://{name}.example.net"\n')

    def ask(kind: str, text: Path | None = None) -> tuple[int, tuple[str, str]]:
        wanted = {"type": kind, **({"policy": str(text)} if text else {})}
        rule = {"pattern": f"{registry.name}/{TEAM}/*", "keys": [str(keys / "team.pub")], "attestations": [wanted]}  # fmt: skip
        chosen = policy(tmp_path, registry, rule)
        done = hullguard("trust", "verify", image, "--policy", chosen, "--format", "json")
        return done.returncode, decisions(done)["attested"]

    assert ask("slsaprovenance") == (12, ("ran", "attestation"))
    predicate = keys / "predicate.json"
    predicate.write_text(json.dumps({"builder": {"id": "https://right.example.net"}, "buildType": "https://example.net/build"}))  # fmt: skip
    options = [*how(cosign, "attest"), "--type", "slsaprovenance", "--predicate", predicate]
    call(keys, cosign.path, "attest", *options, "--key", "other.key", image)
    assert ask("slsaprovenance") == (12, ("ran", "attestation"))
    call(keys, cosign.path, "attest", *options, "--key", "team.key", image)
    code, (status, reason) = ask("slsaprovenance", policies["right"])
    assert (code, status, "with slsaprovenance" in reason) == (0, "ran", True)
    assert ask("slsaprovenance", policies["wrong"]) == (12, ("ran", "attestation"))
    assert ask("cyclonedx") == (12, ("ran", "attestation"))


def test_what_could_not_be_seen_is_unknown(
    cosign: Tool, registry: Registry, keys: Path, tmp_path: Path
) -> None:
    image = registry.add(f"{TEAM}/unseen")
    sign(cosign, keys, image)
    rules = [{"pattern": "*", "keys": [str(keys / "team.pub")]}]
    chosen = tmp_path / "trust.yml"
    chosen.write_text(json.dumps({"schema": "hullguard/trust/1", "registries": [], "rules": rules}))

    def ask(name: str, *options: str, **environment: str) -> tuple[int, tuple[str, str]]:
        done = hullguard("trust", "verify", name, "--policy", chosen, "--format", "json", *options, **environment)  # fmt: skip
        (found,) = decisions(done).values()
        return done.returncode, found

    try:
        for part in (r"\.sig$", r"/manifests/"):
            registry.broken = re.compile(part)
            code, (status, reason) = ask(f"{registry.name}/{TEAM}/unseen:1")
            assert (code, status) == (1, "unknown"), (part, reason)
    finally:
        registry.broken = None
    assert ask("127.0.0.1:1/team/unseen:1")[1][0] == "unknown"
    assert ask(f"{registry.name}/{TEAM}/unseen:none")[1][0] == "unknown"
    code, (status, reason) = ask(f"{registry.name}/{TEAM}/unseen:1", "--timeout", "0.1",
                                 HULLGUARD_COSIGN=str(slow(tmp_path, cosign)))  # fmt: skip
    assert (code, status) == (1, "unknown")
    assert "within 0.1 s" in reason
    nothing = {"HULLGUARD_COSIGN": "", "HULLGUARD_TOOLS": "", "PATH": str(tmp_path)}
    if not (Path(sys.prefix) / "bin" / "cosign").exists():
        assert ask(f"{registry.name}/{TEAM}/unseen:1", **nothing) == (1, ("not_run", "cosign is not here"))


def slow(folder: Path, cosign: Tool) -> Path:
    """cosign, which takes its time for all but its version."""
    path = folder / "slow"
    path.write_text(f'#!/bin/sh\n[ "$1" = version ] || sleep 60\nexec {cosign.path} "$@"\n')
    path.chmod(0o755)
    return path


def certificate(folder: Path, name: str) -> None:
    """An authority, a certificate below it, and notation's own list with its key."""
    subject = f"/C=NL/ST=Utrecht/O={name}"
    call(folder, "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-keyout", f"{name}-ca.key",
         "-out", f"{name}-ca.pem", "-subj", f"{subject}/CN=authority", "-addext", "keyUsage=critical,keyCertSign",
         "-addext", "basicConstraints=critical,CA:true")  # fmt: skip
    call(folder, "openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr",
         "-subj", f"{subject}/CN=release")  # fmt: skip
    (folder / "extensions").write_text("keyUsage=critical,digitalSignature\nextendedKeyUsage=codeSigning\n")
    call(folder, "openssl", "x509", "-req", "-in", f"{name}.csr", "-CA", f"{name}-ca.pem", "-CAkey", f"{name}-ca.key",
         "-days", "1", "-extfile", "extensions", "-out", f"{name}.pem", "-set_serial", "1")  # fmt: skip
    (folder / f"{name}.crt").write_text((folder / f"{name}.pem").read_text() + (folder / f"{name}-ca.pem").read_text())  # fmt: skip
    settings = folder / "notation" / "signingkeys.json"
    settings.parent.mkdir(exist_ok=True)
    row = {"name": "release", "keyPath": str(folder / f"{name}.key"), "certPath": str(folder / f"{name}.crt")}
    settings.write_text(json.dumps({"default": "release", "keys": [row]}))


def test_notation(registry: Registry, tmp_path: Path) -> None:
    notation = verifier("notation")
    images = {name: registry.add(f"{TEAM}/{name}") for name in ("vendors", "old", "others", "nobodys")}
    for name, image in (("vendor", "vendors"), ("other", "others")):
        certificate(tmp_path, name)
        call(tmp_path, notation.path, "sign", "--insecure-registry", images[image])
        if name == "vendor":  # what ends in a second has ended when the first question is answered
            call(tmp_path, notation.path, "sign", "--insecure-registry", "--expiry", "1s", images["old"])
    rule: dict[str, object] = {
        "pattern": f"{registry.name}/{TEAM}/*",
        "verifier": "notation",
        "certificates": [str(tmp_path / "vendor-ca.pem")],
    }
    names = [f"{registry.name}/{TEAM}/{name}:1" for name in images]
    ask = ("trust", "verify", *names, "--format", "json", "--policy")
    done = hullguard(*ask, policy(tmp_path, registry, rule))
    assert done.returncode == 12, done.stderr
    found = decisions(done)
    assert f"is signed by a certificate below {tmp_path / 'vendor-ca.pem'}" in found.pop("vendors")[1]
    assert found == {
        "others": ("ran", "wrong-key"),
        "nobodys": ("ran", "unsigned"),
        "old": ("ran", "expired"),
    }
    rule["certificates"] = [str(tmp_path / "vendor-ca.pem"), str(tmp_path / "other-ca.pem")]
    found = decisions(hullguard(*ask, policy(tmp_path, registry, rule)))
    assert {name for name, row in found.items() if "is signed by" in row[1]} == {"vendors", "others"}
    rule["identities"] = ["x509.subject: C=NL, ST=Utrecht, O=vendor, CN=somebody else"]
    found = decisions(hullguard(*ask, policy(tmp_path, registry, rule)))
    assert [found[name] for name in ("vendors", "old", "others")] == [("ran", "wrong-key")] * 3
    try:
        registry.broken = re.compile(r"/blobs/")
        found = decisions(hullguard(*ask, policy(tmp_path, registry, rule)))
        assert found["vendors"][0] == "unknown", found
    finally:
        registry.broken = None


@pytest.fixture(scope="module")
def signed(
    cosign: Tool, registry: Registry, keys: Path, layer: bytes, client: docker.DockerClient
) -> tuple[str, Path]:
    """A signed image that runs, by digest, and the policy that wants it signed."""
    image = registry.add(f"{TEAM}/app", "1", layer, Env=["PATH=/bin", "NAME=the signed one"])
    sign(cosign, keys, image)
    rule = {"pattern": f"{registry.name}/{TEAM}/*", "keys": [str(keys / "team.pub")]}
    return image, policy(keys, registry, rule)


LIMITS = ("--rm", "--network", "none", "--read-only", "--cap-drop", "ALL")


def test_only_what_verifies_is_started(
    signed: tuple[str, Path], registry: Registry, layer: bytes, client: docker.DockerClient
) -> None:
    image, chosen = signed
    name = f"{registry.name}/{TEAM}/app:1"
    start = ("run-verified", "--policy", chosen)
    done = hullguard(*start, name, *LIMITS, "--", "sh", "-c", 'echo "$NAME"; exit 7')
    assert (done.returncode, done.stdout) == (7, "the signed one\n"), done.stderr
    assert f"hullguard: {name}: {image.partition('@')[2]} is signed by" in done.stderr
    unsigned = registry.add(f"{TEAM}/unsigned", "1", layer, Env=["PATH=/bin"])
    done = hullguard(*start, f"{registry.name}/{TEAM}/unsigned:1", *LIMITS, "--", "true")
    assert (done.returncode, done.stdout) == (12, "")
    assert "refused: its registry holds no signature of it" in done.stderr
    with pytest.raises(docker.errors.ImageNotFound):
        client.images.get(unsigned)
    # Nothing to verify is no verification.
    done = hullguard(*start, f"{registry.name}/free/app:1", "--", "true")
    assert (done.returncode, "no rule in" in done.stderr) == (12, True)
    try:
        registry.broken = re.compile(r"\.sig$")
        assert hullguard(*start, name, *LIMITS, "--", "true").returncode == 1
    finally:
        registry.broken = None


def test_a_tag_that_moves_between_verification_and_pull_changes_nothing(
    signed: tuple[str, Path], registry: Registry, layer: bytes, client: docker.DockerClient, tmp_path: Path
) -> None:
    image, chosen = signed
    evil = registry.add(f"{TEAM}/app", "evil", layer, Env=["PATH=/bin", "NAME=the evil one"])
    manifest = tmp_path / "evil.json"
    manifest.write_bytes(registry.manifests[f"{TEAM}/app", "evil"][1])
    real = shutil.which("docker")
    assert real
    # Docker's command line, which is called first for the pull: then somebody has moved the tag.
    mover = tmp_path / "docker"
    url = f"http://{registry.name}/v2/{TEAM}/app/manifests/1"
    mover.write_text(f"""#!{sys.executable}
import os, sys, urllib.request
if sys.argv[1] == "pull":
    body = open({str(manifest)!r}, "rb").read()
    headers = {{"Content-Type": {IMAGE!r}}}
    urllib.request.urlopen(urllib.request.Request({url!r}, body, headers, method="PUT"), timeout=30).close()
os.execv({real!r}, sys.argv)
""")
    mover.chmod(0o755)
    try:
        done = hullguard(
            "run-verified", "--policy", chosen, f"{registry.name}/{TEAM}/app:1", *LIMITS, "--", "sh", "-c", 'echo "$NAME"',
            PATH=f"{tmp_path}:{os.environ['PATH']}",
        )  # fmt: skip
        assert registry.manifests[f"{TEAM}/app", "1"][1] == manifest.read_bytes()
        assert (done.returncode, done.stdout) == (0, "the signed one\n"), done.stderr
        with pytest.raises(docker.errors.ImageNotFound):
            client.images.get(evil)
        # And whoever asks now gets the other one, which nobody signed.
        done = hullguard("run-verified", "--policy", chosen, f"{registry.name}/{TEAM}/app:1", *LIMITS)
        assert done.returncode == 12
    finally:
        digest = image.partition("@")[2]
        registry.manifests[f"{TEAM}/app", "1"] = registry.manifests[f"{TEAM}/app", digest]


def test_options_can_not_bring_another_image(
    signed: tuple[str, Path], registry: Registry, client: docker.DockerClient
) -> None:
    _, chosen = signed
    other = workload.ensure(client)
    start = ("run-verified", "--policy", chosen, f"{registry.name}/{TEAM}/app:1", "--label", TEAM)
    done = hullguard(*start, other, "echo", "started")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"docker would start {other}, which was not verified" in done.stderr
    done = hullguard(*start, "--rm", other, "--", "echo", "started")
    assert (done.returncode, done.stdout) == (2, "")
    # Nor does a --detach among them, which the trial is not given.
    done = hullguard(*start, "--rm", "--label", "-d", "one", other, "--", "echo", "started")
    assert (done.returncode, done.stdout) == (2, "")
    done = hullguard(*start, "--rm", "no-such-image")
    assert (done.returncode, "No such image" in done.stderr) == (1, True), done.stderr
    # The option takes the next word as its value: what is started is the verified image all the same.
    done = hullguard(*start, "--rm", "--label", "--", "sh", "-c", 'echo "$NAME"')
    assert (done.returncode, done.stdout) == (0, "the signed one\n"), done.stderr
    done = hullguard(*start, "--no-such-option")
    assert (done.returncode, "docker could not create the container" in done.stderr) == (1, True)
    assert client.containers.list(all=True, filters={"label": TEAM}) == []


def test_in_the_background(signed: tuple[str, Path], registry: Registry, client: docker.DockerClient) -> None:
    image, chosen = signed
    name = f"{registry.name}/{TEAM}/app:1"
    for before, after in ((("-d",), ()), ((), ("-dit",)), ((), ("--detach",))):
        done = hullguard(
            "run-verified", "--policy", chosen, *before, name, *after, *LIMITS, "--", "sleep", "60"
        )
        assert done.returncode == 0, done.stderr
        container = client.containers.get(done.stdout.strip())
        try:
            assert container.status == "running"
            assert container.attrs["Config"]["Image"] == image
            assert container.attrs["Config"]["Tty"] == ("-dit" in after)
        finally:
            container.remove(force=True)


def test_signals_and_input_reach_the_container(
    signed: tuple[str, Path], registry: Registry, client: docker.DockerClient
) -> None:
    _, chosen = signed
    words = 'read -r line; trap "exit 42" TERM; echo "$line"; while :; do sleep 0.1; done'
    name = f"{TEAM}-signals"
    start = ("run-verified", "--policy", chosen, f"{registry.name}/{TEAM}/app:1", "-i", "--name", name)
    process = subprocess.Popen(
        [sys.executable, "-m", "hullguard", *map(str, start), *LIMITS, "--", "sh", "-c", words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdin
        assert process.stdout
        process.stdin.write("it is up\n")
        process.stdin.flush()
        assert process.stdout.readline() == "it is up\n"
        process.terminate()
        assert process.wait(60) == 42
    finally:
        process.kill()
        process.communicate()
        for one in client.containers.list(all=True, filters={"name": name}):
            one.remove(force=True)
