"""`hullguard bundle`."""

from __future__ import annotations

from pathlib import Path

import click


class Shortened(click.Group):
    """A group in which what is no command's name is the argument of `make`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `make` before anything that is no command and does not ask for help."""
        if args and args[0] not in self.commands and args[0] not in ("-h", "--help"):
            args = ["make", *args]
        return super().parse_args(ctx, args)


@click.group(name="bundle", cls=Shortened)
def command() -> None:
    """Make one archive of a run's evidence, reports and raw output, or check one.

    \b
    Examples:
      hullguard bundle reports/20261124T120000Z --output november.tar.gz --key cosign.key
      hullguard bundle verify november.tar.gz --key cosign.pub

    `hullguard bundle RUN` is short for `hullguard bundle make RUN`.
    """


@command.command(name="make")
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    required=True,
    help="The archive, a .tar.gz (mode 0600, replaced whole).",
)
@click.option(
    "--key", help="Sign with this: the file of a cosign private key, or a GPG key's fingerprint or name."
)
@click.option("--leave-out", multiple=True, metavar="PATTERN",
              help="Leave out files whose path in RUN fits, as `*.out` does; may be repeated."
              " The manifest names them.")  # fmt: skip
def make(run: Path, output: Path, key: str | None, leave_out: tuple[str, ...]) -> None:
    """Pack RUN, the folder of a run with its report.json, into one archive with a manifest of SHA-256 sums.

    \b
    Examples:
      hullguard bundle make reports/20261124T120000Z -o november.tar.gz
      hullguard bundle make reports/20261124T120000Z -o november.tar.gz --key 0123456789ABCDEF

    Every file is searched for secrets first, and nothing is packed when one seems to hold any: private keys,
    tokens of known form, credentials in URLs and logins, values of names that say password, secret, token or
    key. What is encoded, or a password under a harmless name, is not recognized. cosign asks for the key's
    password, or takes it from COSIGN_PASSWORD.
    """
    from hullguard.bundle.make import make as packed
    from hullguard.cli.output import note

    manifest = packed(run, output, key, leave_out)
    for name in manifest["left_out"]:
        note(f"left out: {name}")
    signed = f"signed with {manifest['signed_with']}" if manifest["signed_with"] else "not signed"
    note(f"{output}: {len(manifest['files'])} files, {signed}")


@command.command(name="verify")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--key",
    help="Who has to have signed it: the file of a public key (cosign, GPG), or a GPG key's name.",
)
def verify(file: Path, key: str | None) -> None:
    """Check that FILE, a bundle, is what was packed: every byte, every file, and with --key who signed it.

    \b
    Examples:
      hullguard bundle verify november.tar.gz
      hullguard bundle verify november.tar.gz --key cosign.pub

    Exit codes: 0 intact, 1 not intact (and why), 2 wrong usage. Without --key it is not asked who packed it:
    somebody who can replace the file can also pack another one.
    """
    from hullguard.bundle.verify import verify as checked
    from hullguard.reports.sanitize import clean

    found = checked(file, key)
    manifest = found.manifest
    count, version = len(manifest["files"]), clean(manifest["hullguard"], 40)
    click.echo(f"{file}: intact: {count} files, packed by hullguard {version}")
    told = [clean(manifest[name], 60) for name in ("generated_at", "benchmark")]
    click.echo(f"report of {', '.join(told)}, {len(manifest['hosts'])} hosts")
    if found.signer:
        click.echo(f"signed by {clean(found.signer)}")
    elif manifest["signed_with"]:
        click.echo(f"signed with {manifest['signed_with']}; by whom was not checked: give --key")
    else:
        click.echo("not signed: this shows that it is whole, not who packed it")
    for name in manifest["left_out"]:
        click.echo(f"left out when it was packed: {clean(name, 200)}")
