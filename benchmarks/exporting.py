"""What an export costs, and as Turtle beside rdflib's serialiser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyoxigraph as ox

from benchmarks.aside import gathered
from benchmarks.load import opened
from benchmarks.measure import Measured, Span, timed
from kg.export import export

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.stores import Setting

__all__ = ["beside_rdflib", "rows"]

LARGEST_IN_MEMORY = 3_000_000
"""Quads of a dataset that `kg export` holds in the memory of a usual machine."""

_PATIENCE = 900.0


def rows(setting: Setting) -> Iterator[Measured]:
    """Yield the times of an export, reading the store included."""
    group = "export, reading the store included"
    if setting.quads > LARGEST_IN_MEMORY:
        yield Measured(group, f"left out: {setting.quads:,} quads do not fit in memory", "s", ())
        return
    found = gathered(_exported, setting.store, setting.runs, limit=_PATIENCE)
    for name in ("turtle", "trig", "nquads"):
        yield Measured.of(group, name, found.spans[name], note=found.why, grows=name)


def _exported(folder: Path, runs: int) -> Iterator[tuple[str, Span]]:
    store = opened(folder)
    for _ in range(runs):
        took = [timed(lambda form=form: export(store.quads(), form)) for form in ("turtle", "trig", "nquads")]  # type: ignore[misc]
        yield from zip(("turtle", "trig", "nquads"), took, strict=True)
        if sum(span.wall for span in took) > 20:
            return


def beside_rdflib(setting: Setting) -> Iterator[Measured]:
    """Yield the times of writing the facts view as Turtle from memory, in turn, and their ratio."""
    view = setting.folder / "view.nt"
    ox.Store.read_only(str(setting.store)).dump(str(view), ox.RdfFormat.N_TRIPLES, from_graph=ox.DefaultGraph())
    group = f"Turtle of the facts view of {setting.quads:,} quads, from memory"
    found = gathered(_compared, setting.store, view, setting.runs, limit=_PATIENCE)
    for name in ("kg", "rdflib"):
        yield Measured.of(group, name, found.spans[name], note=found.why)
    note = "kg works out the view on the way"
    yield Measured.ratio(group, "rdflib : kg", found.walls("rdflib"), found.walls("kg"), note=note, more=True)


def _compared(folder: Path, view: Path, runs: int) -> Iterator[tuple[str, Span]]:
    import rdflib

    quads = opened(folder).quads()
    graph = rdflib.Graph()
    graph.parse(str(view), format="nt")
    for _ in range(runs):
        yield "kg", timed(lambda: export(quads, "turtle"))
        yield "rdflib", timed(lambda: graph.serialize(format="turtle"))
