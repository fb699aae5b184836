"""What the images' README takes as given on a host, and what the tests ask about an image."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from examples_support.host import HOME, ROOT, ExampleHost
from jinja2 import Environment, FileSystemLoader
from scanners_support import trivy_db

FOLDER = f"{HOME}/examples/images"
BASELINE = "/etc/docker/seccomp/hullguard-baseline.json"
DATABASE = "/var/lib/trivy"
BASES = f'bases="$(sh {FOLDER}/bases.sh)"; set -a; eval "$bases"; set +a; export SOURCE_DATE_EPOCH=1764201600; cd {FOLDER}'
CLOSED = f"--read-only --cap-drop ALL --security-opt no-new-privileges --security-opt seccomp={BASELINE}"
# One hole that is known, of a Python library: the database proves plumbing, no image.
HOLE, LIBRARY = "CVE-2018-18074", "requests"
ADVISORY = {"PatchedVersions": ["2.20.0"], "VulnerableVersions": ["<=2.19.1"]}
SOURCE = {"ID": "ghsa", "Name": "GitHub Security Advisory Pip", "URL": "https://github.com/advisories"}


def prepare(host: ExampleHost, folder: Path) -> None:
    """Put the baseline as docker_seccomp writes it, the script, and a database with one advisory on a host."""
    host.output(f"mkdir -p {Path(BASELINE).parent} {DATABASE}")
    host.write(baseline(), BASELINE)
    host.put(ROOT / "scripts" / "scan_image.sh", f"{HOME}/scripts/scan_image.sh")
    host.put(_database(folder), f"{DATABASE}/db")


def _database(cache: Path) -> Path:
    ecosystem = "pip::GitHub Security Advisory Pip"
    about = {"Title": "A hole", "Severity": "HIGH", "VendorSeverity": {"ghsa": 3}}
    tree = {
        ecosystem: {LIBRARY: {HOLE: json.dumps(ADVISORY).encode()}},
        "vulnerability": {HOLE: json.dumps(about).encode()},
        "data-source": {ecosystem: json.dumps(SOURCE).encode()},
    }
    return trivy_db.put(cache, tree)


def baseline() -> str:
    """Return the profile, rendered as the role does."""
    role = ROOT / "roles" / "docker_seccomp"
    policies = {
        path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))
        for path in (ROOT / "compliance" / "policies" / "seccomp").glob("*.yml")
    }
    environment = Environment(loader=FileSystemLoader(role / "templates"), autoescape=False)
    environment.filters["to_nice_json"] = lambda value, **_: json.dumps(value, indent=2)
    template = environment.get_template("profile.json.j2")
    return template.render(policies=policies, chain=["default", "baseline"], allow=[])


def build(host: ExampleHost, kind: str, image: str) -> None:
    """Build one of the Dockerfiles; what the README has built comes from the cache."""
    host.output(
        f"{BASES}\ndocker build -q --secret id=ca,src=/etc/ssl/certs/ca-certificates.crt --build-arg BUILD_BASE"
        f" --build-arg RUNTIME_BASE --build-arg SOURCE_DATE_EPOCH --file Dockerfile.{kind} --tag {image} ."
    )


def scanned(host: ExampleHost, command: str) -> dict[str, Any]:
    """Return the report of a `hullguard scan`."""
    text = host.output(f"cd {FOLDER}\nhullguard scan {command} --fail-on never --format json 2> /dev/null")
    document: dict[str, Any] = json.loads(text)
    return document


def controls(host: ExampleHost, image: str) -> dict[str, str]:
    """Return the verdict of each image control on evidence that holds one image alone: {slug: verdict}."""
    evidence = json.loads(host.output("hullguard collect 2> /dev/null"))
    [engine] = evidence["engines"]
    engine["images"] = [one for one in engine["images"] if image in (one["RepoTags"] or [])]
    assert len(engine["images"]) == 1
    engine["counts"]["images"] = 1
    host.write(json.dumps(evidence), "/var/lib/evidence.json")
    text = host.output(
        "hullguard audit --evidence /var/lib/evidence.json --fail-on never --format json; rm /var/lib/evidence.json"
    )
    [audited] = json.loads(text)["hosts"]
    return {result["id"]: result["verdict"] for result in audited["results"] if result["family"] == "images"}
