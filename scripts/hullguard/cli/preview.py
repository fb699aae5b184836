"""What `hullguard audit --preview` does in place of judging."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import click

from hullguard.cli import options

RISKS = ("low", "medium", "high")
OPTIONS = options.together(
    click.option(
        "--preview",
        metavar="PROFILE",
        shell_complete=options.completed("profiles"),
        help="In place of judging: tell what bringing this profile about would do here. Changes nothing.",
    ),
    click.option(
        "--role",
        "roles",
        multiple=True,
        metavar="ROLE",
        help="With --preview: what this role brings about; may be repeated. Default: as harden.yml.",
    ),
    click.option(
        "--with",
        "given",
        multiple=True,
        metavar="NAME=VALUE",
        help="With --preview: a role's variable, such as docker_userns_accept_hidden=true; may be repeated.",
    ),
    click.option(
        "--choices",
        type=click.Path(path_type=Path),
        help="With --preview: JSON of what each host's inventory chooses, as preflight.yml writes it.",
    ),
    click.option(
        "--fail-on-risk",
        type=click.Choice(RISKS),
        help="With --preview: least risk that gives an exit code: 10 low, 11 medium, 12 high or unknown.",
    ),
)
# Options of an audit that have no meaning for a preview.
OF_AUDITS = {
    "profile": "--profile",
    "fail_on": "--fail-on",
    "strict": "--strict",
    "only_failing": "--only-failing",
}
OF_PREVIEWS = {"roles": "--role", "given": "--with", "choices": "--choices", "fail_on_risk": "--fail-on-risk"}


def check(context: click.Context, *, preview: bool) -> None:
    """Refuse options that would have no effect. Raises UsageError."""
    if preview and context.params["format_"] not in ("table", "json", "markdown"):
        raise click.UsageError(
            f"a preview has the forms table, json and markdown, not {context.params['format_']}."
        )
    names = OF_AUDITS if preview else OF_PREVIEWS
    given = [
        flag
        for name, flag in names.items()
        if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
    ]
    if given:
        other = "says nothing with --preview" if preview else "takes --preview PROFILE"
        raise click.UsageError(f"{given[0]} {other}.")


def run(context: click.Context, documents: list[dict[str, Any]]) -> int:
    """Preview the hosts, write the result and return the exit code. Raises InputError."""
    from hullguard.cli.output import emit
    from hullguard.preview.formats import write
    from hullguard.preview.preview import exit_code, preview

    params = context.params
    document = preview(documents, chooser(params), options.now())
    emit(lambda stream: write(params["format_"], document, stream), params["output"])
    return exit_code(document, params["fail_on_risk"])


def chooser(params: dict[str, Any]) -> Callable[[str], Any]:
    """Return what gives a host's plan and choice: its own in --choices, else the options'."""
    from hullguard.preview.choices import load
    from hullguard.preview.roles import assigned, choice

    hosts = load(params["choices"]) if params["choices"] else {}

    @cache
    def plan(profile: str, benchmark: str, only: tuple[str, ...], skip: tuple[str, ...]) -> Any:
        return options.make_plan(profile, benchmark, params["waivers"], only, skip)

    def chosen(name: str) -> Any:
        own = hosts.get(name, {})
        only = tuple(own.get("only") or params["only"])
        skip = tuple(own.get("skip") or params["skip"])
        profile, benchmark = own.get("profile", params["preview"]), own.get("benchmark", params["benchmark"])
        variables = {**assigned(params["given"]), **own.get("with", {})}
        roles = own.get("roles") or params["roles"]
        return plan(profile, benchmark, only, skip), choice(roles, variables, single=bool(only))

    return chosen
