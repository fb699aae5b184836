"""What the examples' runner takes from a README, and how one step hands on to the next."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from examples_support.readme import Step, script, steps

README = """\
# Example

Words, `code`, and

```sh
echo 1
```

## Next

```sh fails
false
```

```console
for the reader alone
```

```sh
printf 'a\\nb\\n'
```

```text
a

…
```

```text
of nobody
```

```yaml
key: value
```
"""


@pytest.fixture
def readme(tmp_path: Path) -> Path:
    path = tmp_path / "README.md"
    path.write_text(README, encoding="utf-8")
    return path


def test_steps(readme: Path) -> None:
    assert steps(readme) == [
        Step("Example", "echo 1\n"),
        Step("Next", "false\n", fails=True),
        Step("Next", "printf 'a\\nb\\n'\n", ("a", "…")),
    ]


def test_a_readme_without_steps(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# Nothing\n\n```yaml\na: 1\n```\n", encoding="utf-8")
    assert steps(tmp_path / "README.md") == []


@pytest.mark.parametrize(
    ("expected", "output", "missing"),
    [
        ((), "", None),
        (("a", "b"), "a\nb\n", None),
        (("a", "b"), "xay\nzbz\n", None),
        (("a", "b"), "b\na\n", "b"),
        (("a", "a"), "a\n", "a"),
        (("a…c",), "abc\n", None),
        (("a…c",), "a\nc\n", "a…c"),
        (("a.c",), "abc\n", "a.c"),
    ],
)
def test_expected_lines_stand_in_their_order(
    expected: tuple[str, ...], output: str, missing: str | None
) -> None:
    assert Step("", "", expected).missing(output) == missing


def run(commands: str, tmp_path: Path, state: Path) -> tuple[int, str]:
    done = subprocess.run(
        ["bash", "-c", script(Step("", commands), str(tmp_path), str(state))],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def test_exports_and_the_folder_hold_for_the_next_step(tmp_path: Path) -> None:
    state = tmp_path / "state"
    (tmp_path / "a folder").mkdir()
    assert run("pwd; export A='x  \"y\"'; B=2; cd 'a folder'", tmp_path, state) == (0, f"{tmp_path}\n")
    assert run('echo "$A ${B-unset} $PWD"', tmp_path, state) == (0, f'x  "y" unset {tmp_path}/a folder\n')


def test_a_step_ends_at_its_first_failure_and_still_hands_on(tmp_path: Path) -> None:
    state = tmp_path / "state"
    assert run("export A=1\nfalse\necho on", tmp_path, state) == (1, "")
    assert run("false | cat\necho on", tmp_path, state) == (1, "")
    assert run('echo "$A"', tmp_path, state) == (0, "1\n")


def test_a_variable_that_nobody_set_ends_a_step(tmp_path: Path) -> None:
    code, printed = run('echo "$NOBODY_SET_THIS"', tmp_path, tmp_path / "state")
    assert code == 1
    assert "NOBODY_SET_THIS: unbound variable" in printed


def test_both_streams_keep_their_order(tmp_path: Path) -> None:
    assert run("echo a; echo b >&2; echo c", tmp_path, tmp_path / "state") == (0, "a\nb\nc\n")
