"""What citing a thousand rows costs on generated data: time against the uncited query, and memory."""

from __future__ import annotations

import gc
import tracemalloc
from typing import TYPE_CHECKING

from benchmarks.aside import gathered
from benchmarks.load import opened
from benchmarks.measure import Measured, Span, resident, timed
from benchmarks.questions import judged
from kg import entity
from kg.cite import cite
from kg.sparql import with_prefixes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.aside import Found
    from benchmarks.stores import Setting
    from kg.store import Store

__all__ = ["rows"]

ROWS = 1_000

JOIN = """?agreement pact:party ?state .
  ?event pact:eventOf ?agreement ; pact:performedBy ?actor .
  ?actor pact:administrationOf ?home ."""

MEMORY = 100.0
"""MB that citing a thousand rows may take, however large the store."""


# --- 1,000 rows of three joins


def rows(setting: Setting) -> Iterator[Measured]:
    """Yield what citing a thousand rows of three joins costs, as they are and as the first of many (LIMIT)."""
    group = f"citing {ROWS:,} rows of three joins"
    for name in ("of some agreements", "LIMIT"):
        found = gathered(_cited_rows, setting.store, name, setting.runs, limit=setting.limit)
        yield from _compared(group, name, found)
    yield from _memory(setting.store, setting.limit)


def _cited_rows(folder: Path, name: str, runs: int) -> Iterator[tuple[str, float | Span]]:
    store = opened(folder)
    text = _query(store, name)
    answered = list(entity.select(store, text))
    columns = ("state", "agreement", "event", "actor")
    cells = [tuple(row) for row in answered]
    yield "rows", len(cells)
    for _ in range(runs):
        yield "uncited", timed(lambda: entity.select(store, text))
        yield "cited", timed(lambda: (entity.select(store, text), cite(store, with_prefixes(text), columns, cells)))


def _query(store: Store, name: str) -> str:
    """Return the query: the rows of so many agreements that they are just a thousand, or the first thousand of all."""
    select = f"SELECT ?state ?agreement ?event ?actor WHERE {{ %s {JOIN} }}"
    if name == "LIMIT":
        return select % "" + f" LIMIT {ROWS}"
    first = "{ SELECT ?agreement { ?agreement a pact:Agreement } ORDER BY ?agreement LIMIT 1000 }"
    counts = entity.select(
        store,
        f"SELECT ?agreement (COUNT(*) AS ?n) WHERE {{ {first} {JOIN} }} GROUP BY ?agreement ORDER BY ?agreement",
    )
    agreements, total = [], 0
    for row in counts:
        agreements.append(str(row["agreement"]))
        total += int(row["n"].value)
        if total >= ROWS:
            break
    return select % f"VALUES ?agreement {{ {' '.join(agreements)} }}"


def _compared(group: str, name: str, found: Found) -> Iterator[Measured]:
    """Yield the times uncited and cited, the second with its goal, and the cost of each row."""
    count = found.count("rows")
    uncited = Measured.of(group, f"{name}: uncited", found.spans["uncited"], note=f"{count:,} rows", unit="ms")
    yield uncited
    yield judged(group, f"{name}: cited", found, "uncited")
    if uncited.median and found.spans["cited"]:
        walls = found.walls("cited"), found.walls("uncited")
        yield Measured.ratio(group, f"{name}, cited : uncited", *walls)
        extra = tuple((1000 * wall - uncited.median) / max(count, 1) for wall in walls[0])
        yield Measured(group, f"{name}: more for each row", "ms", extra, grows=f"{name}: more for each row")


# --- memory


def _memory(folder: Path, limit: float) -> Iterator[Measured]:
    """Yield how far the memory of a process rises while it cites a thousand rows."""
    for name in ("of some agreements", "LIMIT"):
        found = gathered(_risen, folder, name, limit=limit)
        for part, words in (("python", "Python's own"), ("process", "the process")):
            values = (found.numbers[part],) if part in found.numbers else ()
            group = f"memory to cite {ROWS:,} rows"
            yield Measured(group, f"{name}: {words}", "MB", values, MEMORY, found.why, failed=not values)


def _risen(folder: Path, name: str) -> Iterator[tuple[str, float | Span]]:
    store = opened(folder)
    text = _query(store, name)
    columns = ("state", "agreement", "event", "actor")
    cells = [tuple(row) for row in entity.select(store, text)]
    cite(store, with_prefixes(text), columns, cells[:10])
    gc.collect()
    before = resident(reset=True)
    cite(store, with_prefixes(text), columns, cells)
    yield "process", resident(peak=True) - before
    gc.collect()
    tracemalloc.start()
    cite(store, with_prefixes(text), columns, cells)
    yield "python", tracemalloc.get_traced_memory()[1] / 2**20
