"""The command line. Commands are imported when they are run, so that `--help` is quick."""

from __future__ import annotations

import sys
from importlib import import_module
from io import TextIOWrapper
from typing import Any

import click

from hullguard import __version__
from hullguard.errors import HullguardError

# name: (module, what it does); the words are here so that --help imports no command.
COMMANDS = {
    "audit": ("audit", "Judge this host, or evidence collected elsewhere, and report."),
    "bench": ("bench", "Run docker-bench-security for a second opinion, by our controls."),
    "bundle": ("bundle", "Make one archive of a run's evidence, reports and raw output, or check one."),
    "collect": ("collect", "Print this host's evidence as JSON."),
    "completion": ("completion", "Print the completion script of a shell."),
    "controls": ("controls", "List and explain the controls."),
    "diff": ("diff", "Tell what changed between two evidence files or reports."),
    "prove": ("prove", "Attack this host from throwaway containers, and say what was blocked."),
    "report": ("report", "Turn a saved JSON report into another format."),
    "run-verified": ("run_verified", "Start a container from an image by digest, only if it verifies."),
    "scan": ("scan", "Run every scanner that is here, and say which were not."),
    "trust": ("trust", "Verify signatures of images by a policy."),
    "watch": ("watch", "Print an alert the moment a container starts that breaks a control."),
}


class Lazy(click.Group):
    """A group whose commands live in modules of their own."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"hullguard.cli.{COMMANDS[cmd_name][0]}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Return the command; an unknown one is answered with the nearest names."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from hullguard.errors import unknown_name

            raise unknown_name("command", args[0], COMMANDS)
        return super().resolve_command(ctx, args)


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "-V", "--version", prog_name="hullguard")
def cli() -> None:
    """Audit Docker hosts against the CIS Docker Benchmark and show what hardening changed.

    \b
    Examples:
      sudo hullguard audit
      sudo hullguard audit --profile cis_level1 --format html --output report.html
      ssh host sudo python3 - < scripts/hullguard/collect.py > host.json
      hullguard audit --evidence host.json --fail-on high
      hullguard diff before.json after.json

    Exit codes: 0 clean, 1 the tool failed, 2 wrong usage; the worst fail decides between 10 low, 11 medium,
    12 high and 13 critical.
    """


def main(prog_name: str = "hullguard") -> None:
    """Run the command line and leave the process with its exit code; errors are one message, never a
    traceback.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal that can't show a letter gets its escape
            stream.reconfigure(errors="backslashreplace")
    try:
        code = cli.main(prog_name=prog_name, standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("Interrupted.", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except HullguardError as error:
        from hullguard.reports.sanitize import clean

        click.echo(f"hullguard: {clean(str(error))}", err=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:  # the reader has gone, as in `| head`
        sys.stderr.close()
        sys.exit(141)
    except OSError as error:
        click.echo(f"hullguard: {error.filename or 'input/output'}: {error.strerror or error}", err=True)
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)
