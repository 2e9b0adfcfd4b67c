"""`RESULTS.md`: what was measured last of each part, with the machine; a run replaces the parts that it measured."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from benchmarks.measure import table

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.measure import Measured

__all__ = ["record"]

_INTRODUCTION = """\
# What was measured

Written by `make bench` (`python -m benchmarks`), part by part. Peers are asked in turn within one run and ratios are
taken round by round, so that what else the machine did lies on both sides. A goal that was missed says so.
"""


def record(path: Path, measured: dict[str, list[Measured]], claims: int, machine: dict[str, Any]) -> None:
    """Write the parts of a run into `path`, in place of what it says of them; the other parts stay."""
    parts: dict[str, str] = {}
    if path.exists():
        for section in re.split(r"^(?=## )", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
            parts[section.splitlines()[0]] = section.strip()
    for part, rows in measured.items():
        head = f"## {part}" + ("" if part == "commands" else f", {claims:,} generated claims")
        told = (
            f"{machine['when']}, {machine['system']}, {machine['processors']} processors, Python {machine['python']}, "
        )
        told += f"load average {machine['load average'][0]} at the start."
        parts[head] = f"{head}\n\n{told}\n\n```\n{table(rows)}\n```"
    body = "\n\n".join(parts[head] for head in sorted(parts))
    path.write_text(f"{_INTRODUCTION}\n{body}\n", encoding="utf-8")
