"""How long the everyday commands take on the project's own data, as whole processes."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING

from benchmarks.measure import Measured, timed
from kg import project

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.stores import Setting

__all__ = ["rows"]

KG = [sys.executable, "-m", "kg"]
COMMANDS: list[tuple[str, float, list[str]]] = [
    ("kg --help", 0.3, ["--help"]),
    ("kg build", 10.0, ["build", "--quiet"]),
    ("kg ask agreements", 0.6, ["ask", "agreements"]),
    ("kg ask agreements --cite", 1.5, ["ask", "agreements", "--cite"]),
    ("kg ask status-on", 0.6, ["ask", "status-on", "--date", "2025-06-01", "--format", "json"]),
    ("kg show", 1.0, ["show", "El Salvador"]),
    ("kg connect", 1.0, ["connect", "Donald Trump", "id:us-sv-aca-1"]),
    ("kg export trig", 1.0, ["export", "--format", "trig", "-o", "x.trig"]),
]


def rows(setting: Setting) -> Iterator[Measured]:
    """Yield each command's times, after one run that warms up."""
    with tempfile.TemporaryDirectory() as folder:
        _run(["build", "--quiet"], folder)
        for name, goal, arguments in COMMANDS:
            _run(arguments, folder)
            spans = [timed(lambda given=arguments: _run(given, folder)) for _ in range(setting.runs)]  # type: ignore[misc]
            yield Measured.of("commands, project data", name, spans, goal)


def _run(arguments: list[str], folder: str) -> None:
    environment = os.environ | {"PYTHONPATH": str(project.root())}
    subprocess.run([*KG, *arguments], cwd=folder, env=environment, check=True, capture_output=True)
