"""The saved questions on one store, asked through `kg`, of the engine underneath, and of rdflib in memory."""

from __future__ import annotations

import signal
import statistics
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox

from benchmarks.aside import gathered, gathered_each
from benchmarks.load import opened
from benchmarks.measure import Measured, Span, timed
from benchmarks.questions import examples
from kg.answer import ask
from kg.query import all_questions, question, values_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import FrameType

    from benchmarks.stores import Setting

__all__ = ["rows"]

LEAST_OVER_RDFLIB = 20.0
MOST_OVER_THE_ENGINE = 1.1
MANY = "SELECT ?s ?p ?o { ?s ?p ?o } LIMIT 10000"
_LONG = 2.0
"""Seconds from which on rdflib is asked once."""


class _TooLong(BaseException):
    """Nothing in rdflib takes this for an error of its own."""


def rows(setting: Setting) -> Iterator[Measured]:
    """Yield the ratios for each question, their medians over all, and what `kg` adds to ten thousand rows."""
    whole = setting.stores.write(setting.claims, setting.folder / "whole.nq", view=True)
    yield from _many(setting)
    group = f"saved questions, all rows, {setting.quads:,} quads and their facts view"
    over_rdflib, over_engine, asked = [], [], []
    names = [each.name for each in all_questions()]
    # Reading the data into rdflib is the longest step.
    patience = setting.limit + 120
    answered = gathered_each(_answered, names, setting.store, whole, setting.runs, setting.limit, limit=patience)
    for name in names:
        found = answered.of(name)
        ours, engine, peer = (found.walls(who) for who in ("kg", "pyoxigraph", "rdflib"))
        if not ours or not peer:
            yield Measured(group, name, "ratio", (), note=found.why or "not answered in time", failed=True)
            continue
        note = f"{found.count('rows'):,} rows"
        if "late" in found.numbers:
            note = f"at least: rdflib was stopped after {setting.limit:g} s"
        elif found.count("rows") != found.count("rows of rdflib"):
            note += f", rdflib {found.count('rows of rdflib'):,}"
        middle = statistics.median(ours)
        values = tuple(each / middle for each in peer)
        yield Measured(group, f"{name}, rdflib : kg", "ratio", values, note=note, more=True)
        over_rdflib.append(statistics.median(values))
        over_engine.append(middle / statistics.median(engine))
        asked.append(statistics.median(peer) / statistics.median(found.walls("ask")))
    note = f"median and spread over {len(over_rdflib)} of {len(names)} questions"
    group = "saved questions, over all of them"
    yield Measured(group, "rdflib : kg, the rows", "ratio", tuple(over_rdflib), LEAST_OVER_RDFLIB, note=note, more=True)
    yield Measured(
        group,
        "rdflib : kg.answer.ask",
        "ratio",
        tuple(asked),
        note="ask adds names to IRIs, labels and conflicts",
        more=True,
    )
    yield Measured(group, "kg : pyoxigraph, the rows", "ratio", tuple(over_engine), note=note)


def _many(setting: Setting) -> Iterator[Measured]:
    """Yield what ten thousand rows cost where the engine serialises them."""
    group = "10,000 rows, serialised by the engine"
    found = gathered(_serialised, setting.store, max(setting.runs, 3) * 5, limit=setting.limit)
    for name, spans in found.spans.items():
        yield Measured.of(group, name, spans, note=found.why, unit="ms")
    walls = found.walls("kg"), found.walls("pyoxigraph")
    yield Measured.ratio(group, "kg : pyoxigraph", *walls, MOST_OVER_THE_ENGINE)


def _serialised(folder: Path, runs: int) -> Iterator[tuple[str, Span]]:
    store = opened(folder)
    asked: list[tuple[str, Callable[[str], Any]]] = [("kg", store.query), ("pyoxigraph", store.engine.query)]
    for _ in range(runs):
        asked.reverse()  # the second finds more in the processor's caches
        for name, query in asked:
            yield name, timed(partial(_json, query))


def _json(query: Callable[[str], Any]) -> bytes | None:
    told: bytes | None = query(MANY).serialize(format=ox.QueryResultsFormat.JSON)
    return told


def _answered(
    names: list[str], folder: Path, file: Path, runs: int, limit: float
) -> Iterator[tuple[str, float | Span]]:
    import rdflib

    peer = rdflib.Dataset()
    peer.parse(str(file), format="nquads")
    store = opened(folder)
    yield "loaded", 1
    for name in names:
        asked = question(name)
        given = examples(asked)
        text = asked.bound(values_of(store, asked, given))
        yield f"{name} rows", len(_all(store.query, text))
        long = False
        queries: list[tuple[str, Callable[[str], Any]]] = [("pyoxigraph", store.engine.query), ("kg", store.query)]
        for _ in range(runs):
            queries.reverse()  # the second finds more in the processor's caches
            for who, query in queries:
                yield f"{name} {who}", timed(partial(_all, query, text))
            yield f"{name} ask", timed(partial(ask, store, name, given))
            if long:
                continue
            counted: list[object] = []
            try:
                with _alarm(limit):
                    span = timed(lambda into=counted, text=text: into.extend(peer.query(text)))  # type: ignore[misc]
                yield f"{name} rows of rdflib", len(counted)
            except _TooLong:
                span = Span(limit, limit)
                yield f"{name} late", 1
            yield f"{name} rdflib", span
            long = span.wall > _LONG
        yield f"{name} done", 1


def _all(query: Callable[[str], Any], text: str) -> list[Any]:
    return list(query(text))


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    """Stop what is written in Python after so many seconds. Raises `_TooLong`."""

    def ring(_number: int, _frame: FrameType | None) -> None:
        raise _TooLong

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
