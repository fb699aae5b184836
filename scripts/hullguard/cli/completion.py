"""`hullguard completion`."""

from __future__ import annotations

import click


@click.command(name="completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the completion script of SHELL.

    \b
    Example:
      hullguard completion bash > ~/.local/share/bash-completion/completions/hullguard
    """
    from click.shell_completion import get_completion_class

    from hullguard.cli import cli
    from hullguard.errors import HullguardError

    script = get_completion_class(shell)
    if script is None:
        raise HullguardError(f"No completion is known for {shell}.")
    click.echo(
        script(cli, {}, "hullguard", "_HULLGUARD_COMPLETE").source_template
        % script(cli, {}, "hullguard", "_HULLGUARD_COMPLETE").source_vars()
    )
