"""How long it takes to find how two things of several kinds are related."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.aside import gathered
from benchmarks.load import opened
from benchmarks.measure import Measured, Span, timed
from kg import entity
from kg.connect import connect

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.stores import Setting
    from kg.store import Store

__all__ = ["rows"]

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


def rows(setting: Setting) -> Iterator[Measured]:
    """Yield the times to connect things of several kinds, warm."""
    for name, start, end in PAIRS:
        found = gathered(_connected, setting.store, start, end, setting.runs, limit=setting.limit)
        note = found.why or f"{found.count('chains')} chains, {found.count('steps')} steps"
        yield Measured.of("connect, warm", name, found.spans["warm"], 1.0, note, unit="ms", grows=name)


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
