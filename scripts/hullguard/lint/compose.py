"""Read compose files as compose does: variables, `extends`, `include`, profiles, several files laid together.

Only the files that are named are read, as with `docker compose -f FILE`: a compose.override.yml beside the
file counts when it is given as well.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from hullguard.errors import InputError
from hullguard.lint import dotenv, merge
from hullguard.lint.files import Files
from hullguard.lint.known import RESOURCES
from hullguard.lint.project import Project, forget
from hullguard.lint.source import shown
from hullguard.lint.tree import Place, Table
from hullguard.spec.compose_values import texts


def load(
    path: Path, *overrides: Path, environment: Mapping[str, str], profiles: Collection[str] = ()
) -> Project:
    """Return the project in a compose file, later files laid over it.

    `environment` resolves variables, and the `.env` beside the file those that are not in it;
    COMPOSE_PROFILES in it counts like `profiles`; `*` means every profile. Raises InputError for what compose
    would refuse.
    """
    beside = path.parent / ".env"
    known = {**(dotenv.load(beside, environment) if beside.is_file() else {}), **environment}
    files = Files(known)
    document = merge.plain(files.document(path, path.parent))
    for other in overrides:
        document = merge.files(document, files.document(other, path.parent))
    services = document.get("services")
    if services is None:
        raise InputError(
            f"{shown(path)}: there are no `services:`; this is no compose file that can be judged."
        )
    wanted = {*profiles, *filter(None, map(str.strip, known.get("COMPOSE_PROFILES", "").split(",")))}
    chosen, left_out = _chosen(services, wanted)
    resources = Table()
    for kind in RESOURCES:
        value = document.get(kind)
        resources.put(
            kind, value if isinstance(value, Table) else Table(), document.at.get(kind, Place(str(path)))
        )
    notes = []
    if files.unset:
        names = ", ".join(sorted(files.unset)[:20]) + " …" * (len(files.unset) > 20)
        notes.append(f"{shown(path)}: not set, and taken as empty as compose does: {names}.")
    if nobodys := sorted(set(profiles) - {"*"} - _profiles(services)):
        notes.append(f"{shown(path)}: no service is in profile {shown(', '.join(nobodys))}.")
    return Project(str(path), path.parent.resolve(), chosen, resources, left_out, tuple(notes))


def _profiles(services: Table) -> set[str]:
    """Return the profiles that services name."""
    rows = [service for service in services.values() if isinstance(service, Table)]
    return {name for row in rows for name in texts(row.get("profiles")) or []}


def _chosen(services: Table, wanted: set[str]) -> tuple[Table, dict[str, str]]:
    """Return the services that would run, and why others would not."""
    chosen, left_out = Table(), dict[str, str]()
    for name, service in services.items():
        if not isinstance(service, Table):
            raise InputError(f"{services.at[name]}: service {name} is no mapping.")
        # A list of another form hides nothing.
        own = texts(service.get("profiles")) or []
        if "provider" in service:
            left_out[name] = "a provider outside of the engine runs it"
        elif own and not {"*", *own} & wanted:
            left_out[name] = f"it is in profile {shown(', '.join(own))} only, which was not asked for"
        elif "image" not in service and "build" not in service:
            raise InputError(f"{services.at[name]}: service {name} has neither image nor build.")
        else:
            chosen.put(name, forget(service), services.at[name])
    return chosen, left_out
