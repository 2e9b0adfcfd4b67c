"""The README under test: its commands run, and what it shows is what they print."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from support import run_here

from kg.cli import cli

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
BLOCKS = [
    "\n".join(line[4:] for line in block.splitlines()) for block in re.findall(r"(?:^    .*\n)+", README, re.MULTILINE)
]
COMMANDS = [
    line.partition(" #")[0].strip() for block in BLOCKS for line in block.splitlines() if line.startswith("kg ")
]
# These need a server, another endpoint, or a document of the reader's own.
ELSEWHERE = ("kg serve", "my-story", "--store http", "texts/", "-o ", "kg restore")


@pytest.mark.parametrize("command", [line for line in COMMANDS if not any(word in line for word in ELSEWHERE)])
def test_every_command_of_the_readme_runs(command: str, store_folder: Path) -> None:
    arguments = shlex.split(command)[1:]
    where = [] if arguments[0] == "questions" else ["--store", str(store_folder)]

    ran = run_here(*arguments, *where)

    assert ran.code == 0, ran.err
    assert ran.out


def test_every_command_is_in_the_readme() -> None:
    named = {line.split()[1] for line in COMMANDS}

    assert set(cli.commands) == named


def test_the_table_in_the_readme_is_what_the_question_prints(
    store_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")

    ran = run_here("ask", "agreements", "--store", str(store_folder))

    printed = "\n".join(line.rstrip() for line in ran.out.splitlines() if line.strip())
    assert printed in BLOCKS


def test_the_first_lines_in_the_readme_are_what_a_build_prints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    ran = run_here("build", "--quiet")

    assert ran.out.strip() in [block.strip() for block in BLOCKS]
