"""A preview as Markdown, for a change request or a pull request's comment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TextIO

from hullguard.preview.view import (
    Group,
    change_text,
    configuration_lines,
    grouped,
    known,
    restart_text,
    steps,
)
from hullguard.reports.markdown_text import block, code, prose

NAMES_SHOWN = 10
NAME_LENGTH, TEXT_LENGTH = 80, 400


def write(document: Mapping[str, Any], stream: TextIO) -> None:
    """Write one preview."""
    stream.write(f"# Hullguard: what hardening would do\n\nRisk: **{prose(document['risk'])}**\n")
    for host in document["hosts"]:
        stream.write(_host(host))


def _host(host: Mapping[str, Any]) -> str:
    lines = [f"## {prose(host['name'], NAME_LENGTH)}: risk {prose(host['risk'])}", ""]
    lines.append(f"Profile {code(host['profile'], NAME_LENGTH)}, roles {prose(', '.join(host['roles']))}.")
    lines += [f"- **Not seen:** {prose(text, TEXT_LENGTH)}" for text in host["unseen"]]
    for refusal in host["refusals"]:
        names = f" ({_names(refusal['objects'])})" if refusal["objects"] else ""
        lines.append(
            f"- **Refused** by {code(refusal['role'])}: {prose(refusal['reason'], TEXT_LENGTH)}{names}"
        )
    lines += ["", "### The engine", "", prose(restart_text(host)), ""]
    lines += [_group(group) for group in grouped(host["restart"]["effects"])]
    if difference := configuration_lines(host["daemon_json"]):
        lines += ["", code(host["daemon_json"]["path"], NAME_LENGTH), "", block("\n".join(difference))]
    lines += ["", "### Controls", ""]
    for row in steps(host):
        lines.append(
            f"- **{prose(row['risk'])}** {code(row['id'])} {prose(row['title'])} ({prose(row['role'])})"
        )
        lines += [f"  - {code(change_text(change), TEXT_LENGTH)}" for change in row["changes"]]
        lines += ["  " + _group(group) for group in grouped(row["effects"])]
    idle = [row for row in host["controls"] if not row["planned"]]
    if idle:
        lines += ["", "### Left alone until variables are given", ""]
    for row in idle:
        needs = prose(", ".join(row["needs"]))
        lines.append(f"- {code(row['id'])} needs {needs}: {prose(row['breaks'], TEXT_LENGTH)}")
        lines += ["  " + _group(group) for group in grouped(known(row))]
    return "\n" + "\n".join(lines) + "\n"


def _group(group: Group) -> str:
    detail = f": {prose(group.detail, TEXT_LENGTH)}" if group.detail else ""
    return f"- {prose(group.lead)}: {prose(group.kind)} {_names(group.names)}{detail}"


def _names(names: tuple[str, ...] | list[str]) -> str:
    shown = ", ".join(code(name, NAME_LENGTH) for name in names[:NAMES_SHOWN])
    more = len(names) - NAMES_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
