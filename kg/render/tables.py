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
    """Print rows under headings, folded to the width of the terminal; a column that is empty throughout is left out.

    Where the columns are too many for that, each row is printed as a block of its own, a line a column.
    """
    listed = [list(row) for row in rows]
    used = [i for i in range(len(headings)) if any(row[i] for row in listed)]
    columns = [[_heading(headings[i]), *(row[i] for row in listed)] for i in used]
    out = console()
    widths = _widths(columns, out.width)
    if widths is None:
        _print_blocks(columns)
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for cells, width in zip(columns, widths, strict=True):
        table.add_column(cells[0], overflow="fold", width=width)
    for row in listed:
        table.add_row(*(row[i] for i in used))
    out.print(table)


def _widths(columns: Sequence[Sequence[str]], width: int) -> list[int] | None:
    """Return the widths of columns at which words of usual length are not broken; None where they do not fit.

    Left to itself, the table library shrinks columns below their least width and cuts off the last ones.
    """
    words = [max((len(word) for cell in cells for word in cell.split()), default=1) for cells in columns]
    wanted = [max(len(cell) for cell in cells) for cells in columns]
    room = width - 3 * len(columns) + 1
    for longest in (16, 15, 14, 13, 12):
        least = [min(longest, word) for word in words]
        spare = room - sum(least)
        if spare >= 0:
            return _shared_out(least, wanted, spare)
    return None


def _shared_out(least: list[int], wanted: list[int], spare: int) -> list[int]:
    """Return widths after `spare` characters went in equal shares to the columns that lack some, the smallest first."""
    widths = list(least)
    order = sorted(range(len(least)), key=lambda i: wanted[i] - least[i])
    for rank, i in enumerate(order):
        share = min(wanted[i] - least[i], spare // (len(order) - rank))
        widths[i] += share
        spare -= share
    return widths


def _print_blocks(columns: Sequence[Sequence[str]]) -> None:
    out = console()
    for row in range(1, max(len(cells) for cells in columns)):
        block = grid((cells[0], cells[row]) for cells in columns if cells[row])
        out.print(block if block is not None else "")
        out.print()


def _heading(name: str) -> str:
    """Return a column's name as words: `eventType` as `event type`."""
    return "".join(f" {char.lower()}" if char.isupper() else char for char in name)


def grid(rows: Iterable[Sequence[str]]) -> Table | None:
    """Return rows as aligned columns without lines, the first one dim; None where there is no row."""
    listed = [list(row) for row in rows]
    if not listed:
        return None
    table = Table.grid(padding=(0, 2, 0, 0))
    for i in range(len(listed[0])):
        short = all(len(row[i]) <= 24 for row in listed)
        table.add_column(style="dim" if i == 0 else None, no_wrap=short, overflow="fold")
    for row in listed:
        table.add_row(*row)
    return table
