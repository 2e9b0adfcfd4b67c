"""Helpers that several test modules share: running `kg`, looking at folders, and the example document."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Protocol

import pytest

from kg import terms
from kg.cli import main
from kg.query import Question

DOCUMENTS = Path(__file__).parent / "documents"
EXAMPLE = "example-transit-pact"
EXAMPLE_FILES = (DOCUMENTS / f"{EXAMPLE}.ttl", DOCUMENTS / f"{EXAMPLE}.trig")
FIRST = "el-salvador-asylum-deal"
PREFIXES = "".join(f"@prefix {prefix}: <{iri}> .\n" for prefix, iri in terms.PREFIXES.items())


@dataclass(frozen=True)
class Ran:
    """How a command ended: its exit code, and what it wrote."""

    code: int
    out: str
    err: str


def example_of(asked: Question) -> dict[str, str]:
    """Return the examples of the parameters that a question cannot do without."""
    return {each.name: each.example for each in asked.parameters if not each.optional}


class Runner(Protocol):
    """Something that runs `kg` with arguments."""

    def __call__(self, *arguments: str | Path, stdin: bytes = b"") -> Ran: ...


def run_here(*arguments: str | Path, stdin: bytes = b"") -> Ran:
    """Run `kg` in this process, through the same `main` that the command calls."""
    out, err = _stream(), _stream()
    argv, before = sys.argv, sys.stdin
    sys.argv, sys.stdin = ["kg", *map(str, arguments)], io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8")
    code = 0
    try:
        with redirect_stdout(out), redirect_stderr(err):
            main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    finally:
        sys.argv, sys.stdin = argv, before
    return Ran(code, _read(out), _read(err))


def _stream() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="backslashreplace", write_through=True)


def _read(stream: io.TextIOWrapper) -> str:
    assert isinstance(stream.buffer, io.BytesIO)
    return stream.buffer.getvalue().decode("utf-8")


def run_apart(*arguments: str | Path, stdin: bytes = b"") -> Ran:
    """Run `kg` in a process of its own, as a person does."""
    environment = {**os.environ, "COLUMNS": "100"}
    done = subprocess.run(
        [sys.executable, "-m", "kg", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        env=environment,
        timeout=120,
        check=False,
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


def bytes_of(folder: Path) -> dict[str, str]:
    """Return the hash of every file below a folder, to see whether a byte of it has changed."""
    return {
        path.relative_to(folder).as_posix(): sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def needed(there: bool, what: str) -> None:
    """Skip where something is missing; in the CI nothing may be."""
    if not there and os.environ.get("CI"):
        pytest.fail(f"{what}, and the CI has to have it")
    if not there:
        pytest.skip(what)
