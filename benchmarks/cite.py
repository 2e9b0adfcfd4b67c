"""What citations and connections cost on generated data: time against the uncited query, and memory."""

from __future__ import annotations

import gc
import tracemalloc
from collections import defaultdict
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from benchmarks.load import opened
from benchmarks.measure import Measured, Span, TooLate, beside, resident, timed
from kg import entity
from kg.answer import run
from kg.cite import cite
from kg.connect import connect
from kg.query import all_questions, question, values_of
from kg.sparql import with_prefixes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kg.query import Question
    from kg.store import Store

__all__ = ["connections", "memory", "questions", "rows"]

ROWS = 1_000
FACTOR, SECONDS_A_ROW, FIXED = 3, 0.001, 0.2
"""Citing costs at most so many times the uncited query and so many seconds a row beside; few rows may take so many."""

LONG, NOTABLE = 10.0, 0.05
"""Seconds from which on a step is not repeated, and from which on a lesser one is told."""

JOIN = """?agreement pact:party ?state .
  ?event pact:eventOf ?agreement ; pact:performedBy ?actor .
  ?actor pact:administrationOf ?home ."""

MEMORY = 100.0
"""MB that citing a thousand rows may take, however large the store."""

PAIRS = [
    ("two states that are hubs", "id:us", "id:mx"),
    ("an agreement and a head of government", "id:us-sv-aca-1", "?head"),
    ("two agreements", "?agreement", "?other"),
    ("a group and a body", "?group", "?body"),
    ("nothing joins them", "id:us", "?alone"),
]
SOUGHT = {
    "?head": "SELECT ?x { ?a pact:headedBy ?x } ORDER BY DESC(?x) OFFSET 40 LIMIT 1",
    "?agreement": "SELECT ?x { ?x a pact:Agreement FILTER(REGEX(STR(?x), '-1[0-9]$')) } ORDER BY ?x LIMIT 1",
    "?other": "SELECT ?x { ?x a pact:Agreement FILTER(REGEX(STR(?x), '-2[0-9]$')) } ORDER BY DESC(?x) LIMIT 1",
    "?group": "SELECT ?x { ?x a pact:NonStateGroup . ?p pact:targets ?x } ORDER BY DESC(?x) LIMIT 1",
    "?body": "SELECT ?x { ?x a pact:GovernmentBody . ?e pact:performedBy ?x } ORDER BY DESC(?x) LIMIT 1",
    "?alone": "SELECT ?x { ?x a pact:MediaOrganization } ORDER BY DESC(?x) LIMIT 1",
}


# --- 1,000 rows of three joins


def rows(folder: Path, runs: int, limit: float) -> Iterator[Measured]:
    """Yield what citing a thousand rows of three joins costs, as they are and as the first of many (LIMIT)."""
    group = f"citing {ROWS:,} rows of three joins"
    for name in ("of some agreements", "LIMIT"):
        found = _gathered(_cited_rows, folder, name, runs, limit=limit)
        yield from _compared(group, name, found)


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


def _compared(group: str, name: str, found: _Found) -> Iterator[Measured]:
    """Yield the times uncited and cited, the second with its goal, and the cost of each row."""
    count = found.count("rows")
    uncited = Measured.of(group, f"{name}: uncited", found.spans["uncited"], note=f"{count:,} rows")
    yield uncited
    yield _judged(group, f"{name}: cited", found, uncited)
    if uncited.median and found.spans["cited"]:
        times = tuple(span.wall / uncited.median for span in found.spans["cited"])
        yield Measured(group, f"{name}: cited / uncited", "ratio", times)
        extra = tuple(1000 * (span.wall - uncited.median) / max(count, 1) for span in found.spans["cited"])
        yield Measured(group, f"{name}: more for each row", "ms", extra)


def _judged(group: str, name: str, found: _Found, uncited: Measured) -> Measured:
    """Return the times with citations beside what they may be, given those without."""
    goal = None
    if uncited.median is not None:
        goal = max(FIXED, FACTOR * uncited.median + SECONDS_A_ROW * found.count("rows"))
    return Measured.of(group, name, found.spans["cited"], goal, found.why)


@dataclass
class _Found:
    """Times and numbers that work in a process of its own told by name, and `why` it ended early, if it did."""

    spans: dict[str, list[Span]] = field(default_factory=lambda: defaultdict(list))
    numbers: dict[str, float] = field(default_factory=dict)
    why: str = ""

    def count(self, name: str) -> int:
        """Return a number, 0 where it was never told."""
        return int(self.numbers.get(name, 0))


def _gathered(work: Callable[..., Iterator[tuple[str, float | Span]]], *given: Any, limit: float) -> _Found:
    found = _Found()
    try:
        for name, value in beside(work, *given, limit=limit):
            if isinstance(value, Span):
                found.spans[name].append(value)
            else:
                found.numbers[name] = value
    except TooLate:
        found.why = f"a step took over {limit:g} s"
    except RuntimeError as error:
        found.why = str(error).splitlines()[0][:100]
    return found


# --- the saved questions


def questions(folder: Path, runs: int, limit: float) -> Iterator[Measured]:
    """Yield the times of every saved question with its examples: bare on the engine, and asked with citations."""
    group = "saved questions"
    for asked in all_questions():
        found = _gathered(_asked, folder, asked.name, runs, limit=limit)
        note = f"{found.count('rows'):,} rows" if "rows" in found.numbers else found.why
        bare = Measured.of(group, f"{asked.name}: engine", found.spans["bare"], note=note)
        yield bare
        yield Measured.of(group, f"{asked.name}: asked", found.spans["uncited"])
        yield _judged(group, f"{asked.name}: asked with citations", found, bare)
        if any(span.wall > NOTABLE for span in found.spans["resolved"]):
            yield Measured.of(group, f"{asked.name}: names to IRIs", found.spans["resolved"])


def _asked(folder: Path, name: str, runs: int) -> Iterator[tuple[str, float | Span]]:
    store = opened(folder)
    asked = question(name)
    given = _examples(asked)
    yield "resolved", timed(lambda: values_of(store, asked, given))
    text = asked.bound(values_of(store, asked, given))
    yield "rows", len(entity.select(store, text))
    steps: dict[str, Callable[[], object]] = {
        "bare": partial(entity.select, store, text),
        "uncited": partial(run, store, text),
        "cited": partial(run, store, text, cited=True),
    }
    for _ in range(runs):
        for step in list(steps):
            took = timed(steps[step])
            yield step, took
            if took.wall > LONG:
                del steps[step]


def _examples(asked: Question) -> dict[str, str]:
    """Return the example parameters, without the one that asks for another time than now."""
    return {each.name: each.example for each in asked.parameters if each.name not in ("validAt", "status", "type")}


# --- connections


def connections(folder: Path, runs: int, limit: float) -> Iterator[Measured]:
    """Yield the times to connect things of several kinds, warm."""
    for name, start, end in PAIRS:
        found = _gathered(_connected, folder, start, end, runs, limit=limit)
        note = found.why or f"{found.count('chains')} chains, {found.count('steps')} steps"
        yield Measured.of("connect, warm", name, found.spans["warm"], 1.0, note)


def _connected(folder: Path, start: str, end: str, runs: int) -> Iterator[tuple[str, float | Span]]:
    store = opened(folder)
    ends = [_thing(store, each) for each in (start, end)]
    found = connect(store, *ends)
    yield "chains", len(found)
    yield "steps", len(found[0].steps) if found else 0
    for _ in range(runs):
        yield "warm", timed(lambda: connect(store, *ends))


def _thing(store: Store, name: str) -> str:
    if name in SOUGHT:
        return str(entity.select(store, SOUGHT[name])[0]["x"].value)
    return entity.find(store, name)


# --- memory


def memory(folder: Path, limit: float) -> Iterator[Measured]:
    """Yield how far the memory of a process rises while it cites a thousand rows."""
    for name in ("of some agreements", "LIMIT"):
        found = _gathered(_risen, folder, name, limit=limit)
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
