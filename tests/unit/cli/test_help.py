from __future__ import annotations

import subprocess
import sys
import time

import click
import pytest
from unit.cli.conftest import Run

from hullguard.cli import COMMANDS, cli

SLOW = ("rich", "jinja2", "jsonschema", "yaml", "hullguard.collect", "hullguard.evaluate", "hullguard.audit")


def commands() -> list[tuple[str, click.Command]]:
    found: list[tuple[str, click.Command]] = []
    context = click.Context(cli)
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        found.append((name, command))
        if isinstance(command, click.Group):
            found += [(f"{name} {inner}", inner_command) for inner, inner_command in command.commands.items()]
    return found


@pytest.mark.parametrize(("name", "command"), commands(), ids=[name for name, _ in commands()])
def test_every_command_has_help_with_an_example(name: str, command: click.Command) -> None:
    assert command.help
    assert f"hullguard {name}" in command.help
    assert "Example" in command.help
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help or parameter.name == "format_", f"{name}: {parameter.name}"


def test_the_list_of_commands_says_what_their_own_help_says() -> None:
    for name, command in commands():
        if name in COMMANDS:
            assert (
                command.get_short_help_str(200)
                .rstrip(".")
                .startswith(COMMANDS[name][1].rstrip(".").split(" ")[0])
            )


@pytest.mark.parametrize(
    "arguments", [["--help"], ["-h"], ["audit", "--help"], ["controls", "list", "-h"], ["--version"]]
)
def test_help_is_no_error(run: Run, arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.code == 0
    assert done.out
    assert not done.err


def test_help_imports_nothing_slow() -> None:
    script = f"import sys; sys.argv = ['hullguard', '--help']\nfrom hullguard.cli import main\ntry: main()\nexcept SystemExit: pass\nprint([m for m in {SLOW!r} if m in sys.modules], file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_help_is_quick() -> None:
    times = []
    for _ in range(3):
        begun = time.monotonic()
        subprocess.run([sys.executable, "-m", "hullguard", "--help"], capture_output=True, check=True)
        times.append(time.monotonic() - begun)
    assert min(times) < 1  # 0.3 s on an idle machine


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["audti"], "There is no command 'audti'. Did you mean audit?"),
        (["--nonsense"], "No such option"),
        (["audit", "--fromat", "json"], "No such option"),
        (["audit", "--format", "pdf"], "'pdf' is not one of"),
        (["audit", "extra"], "unexpected extra argument"),
        (["audit", "--fail-on", "sometimes"], "is not one of"),
        (["audit", "--timeout", "0"], "0"),
        (["controls", "show"], "Missing argument"),
        (["completion", "tcsh"], "is not one of"),
        (["diff", "a.json"], "Missing argument"),
    ],
)
def test_wrong_usage_is_exit_code_2(run: Run, arguments: list[str], message: str) -> None:
    done = run(*arguments)
    assert done.code == 2
    assert message in done.err
    assert not done.out


def test_escapes_in_arguments_do_not_reach_the_terminal(run: Run) -> None:
    done = run("\x1b[2Jaudit")
    assert done.code == 2
    assert "\x1b" not in done.err
