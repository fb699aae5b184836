"""`hullguard scan`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from hullguard.cli import options

OURS = "hullguard"
TOOLS = options.together(
    click.option("--tool", "-t", "only", multiple=True, metavar="NAME", shell_complete=options.scanners,
                 help="Run this scanner only; may be repeated. It has to be here."),
    click.option("--timeout", type=click.FloatRange(0.1, 36000), default=300.0, show_default=True,
                 help="Seconds that one scanner may take for one target."),
    click.option("--raw", type=click.Path(path_type=Path, file_okay=False),
                 help="Keep each scanner's own output in this folder. [default: beside --output]"),
    click.option("--no-cache", is_flag=True, help="Scan anew what has not changed since it was scanned."),
    click.option("--databases", type=click.Path(path_type=Path, file_okay=False, exists=True),
                 help="Where vulnerability databases lie (Trivy's --cache-dir)."),
    click.option("--licenses", is_flag=True, help="Look for licenses that need a lawyer, too (Trivy)."),
    click.option("--online", is_flag=True, help="Let scanners fetch databases and rules."),
    click.option("--waivers", "-w", type=click.Path(path_type=Path),
                 help="YAML file of accepted risks, each with a last day."),
)  # fmt: skip
POLICY = options.together(
    click.option("--policy", type=click.Path(path_type=Path), metavar="default|FILE",
                 help="Say by when vulnerabilities have to be fixed, and judge base images."),
    click.option("--exploited", type=click.Path(path_type=Path),
                 help="List of vulnerabilities known to be exploited, as CISA's: they have less time."),
    click.option("--first-seen", type=click.Path(path_type=Path),
                 help="File that remembers since when each vulnerability is known: days count from then."),
)  # fmt: skip


@click.group(name="scan")
def command() -> None:
    """Run every scanner that is here, and say which were not.

    \b
    Examples:
      hullguard scan image nginx:1.29 --format sarif --output nginx.sarif
      hullguard scan dockerfile Dockerfile
      hullguard scan compose compose.yml --fix compose.hardened.yml

    A scanner that is not here is listed as not run. One that crashed, took too long or answered with rubbish
    is unknown: it says nothing, and with --strict the exit code is not 0. When none could run, it is 1.

    Exit codes: 0 clean, 1 nobody could look, 2 wrong usage or a file that is none; the worst finding decides
    between 10 low, 11 medium, 12 high and 13 critical.
    """


def shared(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command what all have."""
    return options.together(TOOLS, POLICY, options.FORMAT, options.GATE)(function)


@command.command(name="image")
@click.argument("names", metavar="IMAGE...", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Every image of the local engine that has a name.")
@click.option("--key", "keys", multiple=True, type=click.Path(path_type=Path, exists=True, dir_okay=False),
              help="Public key for `--tool cosign`; may be repeated.")  # fmt: skip
@shared
def image(names: tuple[str, ...], every: bool, **chosen: Any) -> int:
    """Scan images of the local engine: vulnerabilities, configuration, secrets.

    \b
    Examples:
      hullguard scan image app:1.4
      hullguard scan image --all --policy default --first-seen reports/first-seen.json
      hullguard scan image registry.example.net/app:1.4 --tool cosign --key cosign.pub
    """
    from hullguard.scanners import targets

    if not names and not every:
        raise click.UsageError("Name an image, or say --all.")
    return run("image", targets.images(names, every=every), **chosen)


def _files(kind: str, what: str, example: str) -> click.Command:
    """Return the command for files or folders of one kind."""

    @click.argument("names", metavar=f"{kind.upper()}...", nargs=-1, required=True)
    @shared
    def scan(names: tuple[str, ...], **chosen: Any) -> int:
        from hullguard.scanners import targets

        return run(kind, targets.files(kind, names), **chosen)

    scan.__doc__ = f"{what}\n\n\b\nExample:\n  hullguard scan {kind} {example}\n"
    return click.command(name=kind)(scan)


for _command in (
    _files("tar", "Scan image archives as `docker save` writes them.", "app.tar --format json"),
    _files("dir", "Scan a folder of sources: secrets, configuration, dependencies.", ". --fail-on high"),
    _files("sbom", "Scan a CycloneDX or SPDX bill of materials for vulnerabilities.", "app.cdx.json"),
):
    command.add_command(_command)


@command.command(name="secrets")
@click.argument("names", metavar="FOLDER...", nargs=-1, required=True)
@shared
def secrets(names: tuple[str, ...], only: tuple[str, ...], **chosen: Any) -> int:
    """Search folders for secrets, with what is here of gitleaks and detect-secrets.

    \b
    Example:
      hullguard scan secrets . --fail-on high
    """
    from hullguard.scanners import targets

    wanted = only or ("detect-secrets", "gitleaks")
    return run("dir", targets.files("dir", names), only=wanted, asked=bool(only), **chosen)


@command.command(name="host")
@shared
def host(only: tuple[str, ...], **chosen: Any) -> int:
    """Have Lynis and docker-bench-security look at this machine (as root; this takes minutes).

    \b
    Example:
      sudo DOCKER_BENCH_DIR=/opt/docker-bench-security hullguard scan host
    """
    from hullguard.scanners import targets

    wanted = only or ("docker-bench", "lynis")
    return run("host", [targets.host()], only=wanted, asked=bool(only), **chosen)


@command.command(name="dockerfile")
@click.argument("names", metavar="DOCKERFILE...", nargs=-1, required=True)
@shared
def dockerfile(names: tuple[str, ...], **chosen: Any) -> int:
    """Judge Dockerfiles by our own controls, and with the linters that are here.

    \b
    Example:
      hullguard scan dockerfile Dockerfile services/*/Dockerfile
    """
    from hullguard.cli.lint import dockerfiles
    from hullguard.scanners import targets

    return run("dockerfile", targets.files("dockerfile", names), own=dockerfiles, **chosen)


@command.command(name="compose")
@click.argument("names", metavar="COMPOSE_FILE...", nargs=-1, required=True)
@click.option(
    "--compose-profile",
    "profiles",
    multiple=True,
    metavar="PROFILE",
    help="Judge the services of this compose profile too; may be repeated.",
)
@click.option(
    "--override",
    "overrides",
    multiple=True,
    type=click.Path(path_type=Path, exists=True),
    help="Lay this file over it first, as `docker compose -f A -f B`: for our own controls.",
)
@click.option("--fix", type=click.Path(path_type=Path, dir_okay=False),
              help="Write an override file that closes what needs no knowledge of its services.")  # fmt: skip
@shared
def compose(
    names: tuple[str, ...],
    profiles: tuple[str, ...],
    overrides: tuple[Path, ...],
    fix: Path | None,
    **chosen: Any,
) -> int:
    """Judge compose files by our own controls, and with the linters that are here.

    \b
    Examples:
      hullguard scan compose compose.yml
      hullguard scan compose compose.yml --fix compose.hardened.yml
      hullguard scan compose compose.yml --override compose.hardened.yml
      docker compose -f compose.yml -f compose.hardened.yml up -d
    """
    from hullguard.cli.lint import composes
    from hullguard.scanners import targets

    if (fix or overrides) and len(names) > 1:
        raise click.UsageError("--fix and --override take one compose file at a time.")
    own = composes(profiles, overrides, fix)
    return run("compose", targets.files("compose", names), own=own, **chosen)


def run(
    kind: str,
    found: list[Any],
    *,
    only: tuple[str, ...],
    timeout: float,
    raw: Path | None,
    no_cache: bool,
    databases: Path | None,
    online: bool,
    licenses: bool,
    waivers: Path | None,
    format_: str,
    output: Path | None,
    fail_on: str,
    strict: bool,
    asked: bool | None = None,
    keys: tuple[Path, ...] = (),
    policy: Path | None = None,
    exploited: Path | None = None,
    first_seen: Path | None = None,
    own: Callable[[Any, Any], Any] | None = None,
) -> int:
    """Scan the targets, write the report, and return the exit code. Raises HullguardError."""
    from hullguard.audit import exit_code
    from hullguard.cli.output import emit, note, progress
    from hullguard.errors import InputError
    from hullguard.reports import Options, write_report
    from hullguard.scanners import handling, report, scan
    from hullguard.scanners.base import Settings

    if output is not None and any(t.path and output.resolve() == t.path for t in found):
        raise InputError(f"--output {output} is what is scanned; it would be gone.")
    if OURS in only and own is None:
        raise InputError(f"{OURS}'s own controls are for Dockerfiles and compose files.")
    scanners = [] if set(only) == {OURS} else handling(kind, tuple(name for name in only if name != OURS))
    own = own if not only or OURS in only else None
    store = databases.resolve() if databases else None
    settings = Settings(timeout, store, not online, tuple(key.resolve() for key in keys), licenses)
    measure = report.Measure.make(
        waivers, policy, exploited, first_seen, options.today(), found[0].name if kind == "host" else ""
    )
    folder = report.raw_folder(raw, output)

    def tell(done: scan.Scan, number: int, of: int) -> None:
        progress(f"[{number}/{of}] {done.target.name}: {done.tool}: {report.in_words(done)}")

    broken = 0
    # Ours comes first: it refuses a single file that is none at once, which others may work on for minutes.
    ours = own(found, measure) if own is not None else []
    theirs = scan.every(
        scanners, found, settings, cached=not no_cache, progress=tell, keep=scan.keeper(folder)
    )
    scans = sorted([*ours, *theirs], key=lambda s: (s.target.kind, s.target.name, s.tool))
    report.refuse_nothing(scans, only if asked is None or asked else ())
    document = report.make(scans, measure, options.now(), raw=folder is not None)
    for line in measure.notes:
        note(line)
    emit(lambda stream: write_report(format_, document, stream, Options()), output)
    for one in (one for one in ours if one.status == scan.UNKNOWN):
        note(one.reason)
        broken = 2
    return exit_code(document, None if fail_on == "never" else fail_on, strict=strict) or broken
