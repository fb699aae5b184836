from __future__ import annotations

import contextlib
import time
from typing import Any

import pytest

from hullguard.errors import InputError
from hullguard.lint import dockerfile
from hullguard.lint.dockerfile import Instruction, parse


def steps(text: str) -> list[tuple[str, str, int, int]]:
    return [(step.name, step.value, step.line, step.end_line) for step in parse(text, "Dockerfile")]


def test_continued_lines_comments_and_empty_lines() -> None:
    text = "# a comment\n\nfrom debian:13\nRUN a \\\n  # inside\n\n  && b\nUSER app\n"
    assert steps(text) == [("FROM", "debian:13", 3, 3), ("RUN", "a   && b", 4, 7), ("USER", "app", 8, 8)]
    # A line that goes on does so over an empty one, as the builder has it.
    assert steps("FROM a\nRUN b\\\n\nUSER c\n")[1:] == [("RUN", "bUSER c", 2, 4)]
    assert steps("FROM a\nRUN a\\\\\nUSER b\n")[1:] == [("RUN", "a\\\\", 2, 2), ("USER", "b", 3, 3)]


def test_the_escape_directive() -> None:
    assert steps("# syntax=docker/dockerfile:1\n# escape=`\nFROM a\nRUN x `\n  y\nRUN c:\\\nUSER b\n")[1:] == [
        ("RUN", "x   y", 4, 5), ("RUN", "c:\\", 6, 6), ("USER", "b", 7, 7),
    ]  # fmt: skip
    # After an ordinary comment it is one itself.
    assert steps("# hello\n# escape=`\nFROM a\nRUN x \\\n y\n")[1] == ("RUN", "x  y", 4, 5)


def test_heredocs_hold_no_instructions() -> None:
    text = "FROM a\nRUN <<EOF\nUSER root\n# no comment\nEOF\nCOPY <<-'one' <<two /x/\na\n\tone\nb\ntwo\nUSER app\n"
    found = parse(text, "Dockerfile")
    assert [step.name for step in found] == ["FROM", "RUN", "COPY", "USER"]
    assert found[1].body == "USER root\n# no comment"
    assert found[2].body == "a\nb"
    assert (found[3].line, found[1].end_line) == (11, 5)


@pytest.mark.parametrize(
    "text", ["RUN echo $((1<<2))", 'RUN echo "a <<EOF b"', "RUN cat <<<word", "CMD x <<EOF", "RUN a<<EOF"]
)
def test_what_is_no_heredoc(text: str) -> None:
    assert steps(f"FROM a\n{text}\nUSER b\n")[2] == ("USER", "b", 3, 3)


def test_flags_and_triggers() -> None:
    found = parse(
        "FROM --platform=linux/amd64 a AS b\nCOPY --from=c --chown=1:1 x y\nONBUILD RUN --network=none z\n",
        "D",
    )
    assert found[0].flags == (("platform", "linux/amd64"),)
    assert found[1] == Instruction("COPY", "x y", 2, 2, (("from", "c"), ("chown", "1:1")))
    assert found[2].trigger == Instruction("RUN", "z", 3, 3, (("network", "none"),))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "there is no FROM"),
        ("RUN x", "Dockerfile:1: there is no FROM"),
        ("ARG A=1", "there is no FROM"),
        ("FROM a\nRNU x", "Dockerfile:2: 'RNU' is no instruction. Did you mean RUN"),
        ("FROM a\n\x1b[31mX y", "Dockerfile:2"),
        ("FROM a\nUSER", "Dockerfile:2: USER says nothing"),
        ("FROM a b c d", "FROM takes IMAGE"),
        ("FROM a\nRUN <<EOF\nx", "Dockerfile:2: the heredoc EOF is not ended"),
        ("FROM a\nONBUILD ONBUILD RUN x", "ONBUILD takes no ONBUILD"),
        ("FROM a\nHEALTHCHECK curl x", "HEALTHCHECK takes CMD or NONE"),
        ("FROM a\nHEALTHCHECK --interval=3s", "HEALTHCHECK takes CMD or NONE"),
        ("FROM a\nONBUILD --from=c", "'--from=c' is no instruction"),
        ("FROM a\nENV A", "ENV takes NAME=value"),
        ("FROM a\nENV A=1 B", "ENV takes NAME=value"),
        ("# escape=x\nFROM a", "escape takes"),
    ],
)
def test_what_the_builder_refuses(write: Any, text: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        dockerfile.load(write(text, "Dockerfile"))
    assert words in str(caught.value)
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "RUN a \\\n" * 100_000, "RUN " + "<<A " * 200_000, "RUN " + "'" * 900_000, "COPY " + "--a=b " * 150_000,
        "RUN " + "x" * 900_000 + "\\", "ONBUILD " * 100_000 + "RUN x", "RUN \"" + "\\" * 900_000,
    ],
)  # fmt: skip
def test_a_megabyte_of_one_thing_is_quick(text: str) -> None:
    # Of the processor, which others may be using as well.
    start = time.process_time()
    with contextlib.suppress(InputError):
        parse("FROM a\n" + text, "Dockerfile")
    assert time.process_time() - start < 3
