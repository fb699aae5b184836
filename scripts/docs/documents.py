"""Which documents there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from docs import attacks, audit, practices, readme, roles, runbook, syscalls, threats, workloads
from docs.data import load_detections, load_practices, load_threats
from docs.guide import guide
from docs.markdown import filled
from docs.nist import nist_map
from hullguard.catalogue import load_benchmark, load_controls
from hullguard.errors import InputError


def documents(root: Path) -> dict[Path, str]:
    """Return {path: text} of everything that is generated, or holds something that is.

    Raises InputError for data that do not keep their schema, and for a marker that nobody knows.
    """
    controls, folder = load_controls(), root / "compliance" / "docs"
    known = load_threats(), load_detections()
    with_lists: dict[Path, Mapping[str, Callable[[], str]]] = {
        root / "README.md": readme.lists(controls, root),
        folder / "attack-probes.md": attacks.lists(folder / "attack-probes.json", known[0]),
        folder / "best-practices.md": practices.lists(load_practices(), controls),
        folder / "incident-response.md": runbook.lists(*known, controls),
        folder / "seccomp-syscalls.md": {
            **syscalls.lists(folder / "seccomp-syscalls.json", root),
            **workloads.lists(folder / "seccomp-workloads.json", root),
        },
        folder / "security-audit.md": audit.lists(controls),
        folder / "threat-model.md": threats.lists(*known, controls),
        **{path: roles.lists(path.parent) for path in sorted(root.glob("roles/[!_]*/README.md"))},
    }
    return {
        folder / "cis-docker-benchmark.md": guide(load_benchmark("cis_docker_1_8_0"), controls, root),
        folder / "nist-800-190.md": nist_map(load_benchmark("nist_800_190"), controls, root),
        **{path: _renewed(path, lists) for path, lists in with_lists.items()},
    }


def _renewed(path: Path, lists: Mapping[str, Callable[[], str]]) -> str:
    try:
        return filled(path.read_text(encoding="utf-8"), lists)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
