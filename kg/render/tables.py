"""Tables and grids in a terminal, folded to its width."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["console", "grid", "print_table"]


def console() -> Console:
    """Return a console on stdout as wide as the terminal, `COLUMNS`, or 100 characters where there is neither."""
    columns = os.environ.get("COLUMNS", "")
    width = int(columns) if columns.isdecimal() and int(columns) else None if sys.stdout.isatty() else 100
    return Console(width=width, highlight=False, markup=False, emoji=False)


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows under headings, folded to the width of the terminal; a column that is empty throughout is left out."""
    listed = [list(row) for row in rows]
    used = [i for i in range(len(headings)) if any(row[i] for row in listed)]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for i in used:
        cells = [_heading(headings[i]), *(row[i] for row in listed)]
        table.add_column(cells[0], overflow="fold", no_wrap=_is_short(cells[1:]), min_width=_longest_word(cells))
    for row in listed:
        table.add_row(*(row[i] for i in used))
    console().print(table)


def _longest_word(cells: Iterable[str], limit: int = 16) -> int:
    """Return the length of the longest word, so that words of usual length are not broken; `limit` at most."""
    return min(limit, max((len(word) for cell in cells for word in cell.split()), default=1))


def _heading(name: str) -> str:
    """Return a column's name as words: `eventType` as `event type`."""
    return "".join(f" {char.lower()}" if char.isupper() else char for char in name)


def _is_short(cells: Iterable[str], limit: int = 12) -> bool:
    return all(len(cell) <= limit for cell in cells)


def grid(rows: Iterable[Sequence[str]]) -> Table | None:
    """Return rows as aligned columns without lines, the first one dim; None where there is no row."""
    listed = [list(row) for row in rows]
    if not listed:
        return None
    table = Table.grid(padding=(0, 2, 0, 0))
    for i in range(len(listed[0])):
        short = _is_short((row[i] for row in listed), 24)
        table.add_column(style="dim" if i == 0 else None, no_wrap=short, overflow="fold")
    for row in listed:
        table.add_row(*row)
    return table
