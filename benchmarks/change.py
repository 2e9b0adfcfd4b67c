"""What a change costs in a large store beside the same change in a small one, and a whole validation beside pySHACL."""

from __future__ import annotations

import json
from dataclasses import astuple
from functools import partial
from typing import TYPE_CHECKING

import pyoxigraph as ox

from benchmarks.measure import Measured, timed
from kg import gate, project
from kg.dataset import PartNote, hash_of_parts, part_name, part_notes
from kg.store.folder import point_to
from kg.store.stage import copy_of_links
from kg.validate.reference import results_as_findings as by_pyshacl
from kg.validate.shacl import results_as_findings as by_engine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["rows"]

DOCUMENT = "el-salvador-asylum-deal"
"""The shipped document; with 98 claims it is of the size that the goal names."""

LARGEST_GROWTH = 2.0
LARGEST_FOR_PYSHACL = 100_000
"""Quads that pySHACL validates in a minute or so."""


def rows(store: Path, folder: Path, runs: int) -> Iterator[Measured]:
    """Yield times of adding a document to the generated store and to one of the project's data alone, in turn.

    `folder` takes both; the generated store itself is not touched.
    """
    files = [
        project.root() / "data" / "documents" / f"{DOCUMENT}.ttl",
        project.root() / "data" / "claims" / f"{DOCUMENT}.trig",
    ]
    small, large = folder / "small", folder / "large"
    gate.build(str(small))
    _as_ours(store, large)
    found: dict[Path, list[float]] = {small: [], large: []}
    for _ in range(runs + 1):  # the first warms up
        for place in (small, large):
            gate.remove(str(place), DOCUMENT)
            found[place].append(timed(partial(gate.add, str(place), files)).wall)
    group = "a change: a document of 98 claims, validated and written"
    yield Measured(group, "kg add to a store without documents", "s", tuple(found[small][1:]))
    yield Measured(group, "kg add to the generated store", "s", tuple(found[large][1:]))
    ratios = tuple(ours / theirs for ours, theirs in zip(found[large][1:], found[small][1:], strict=True))
    yield Measured(group, "large : small", "ratio", ratios, LARGEST_GROWTH)
    yield from _validation(store)


def _validation(store: Path) -> Iterator[Measured]:
    """Yield the time of whole reports of all shapes, in memory, by the engine and by pySHACL on rdflib."""
    dataset = ox.Store()
    quads = [quad for quad in ox.Store.read_only(str(store)) if quad.graph_name != ox.DefaultGraph()]
    dataset.bulk_extend(quads)
    group = f"validation of {len(quads):,} quads, whole reports of the shapes"
    ours = timed(lambda: list(by_engine(dataset)))
    yield Measured.of(group, "shapes on the engine", [ours])
    if len(quads) > LARGEST_FOR_PYSHACL:
        yield Measured(group, "pySHACL: too many quads for it", "s", ())
        return
    theirs = timed(lambda: list(by_pyshacl(dataset)))
    yield Measured.of(group, "pySHACL on rdflib", [theirs])
    yield Measured(group, "pySHACL : ours", "ratio", (theirs.wall / ours.wall,), 50.0, more=True)


def _as_ours(store: Path, place: Path) -> None:
    """Make a store of `kg` of a generated one, by links, with what is noted of its parts."""
    place.mkdir()
    copy_of_links(store, place / "generation-1")
    engine = ox.Store.read_only(str(store))
    graphs: dict[str, list[ox.NamedNode]] = {}
    for graph in engine.named_graphs():
        if isinstance(graph, ox.NamedNode):
            graphs.setdefault(part_name(graph.value), []).append(graph)
    notes: dict[str, PartNote] = {}
    for members in graphs.values():  # one part at a time, so that memory does not grow with the store
        notes |= part_notes(quad for graph in members for quad in engine.quads_for_pattern(None, None, None, graph))
    (place / "generation-1" / "parts.json").write_text(
        json.dumps({name: astuple(note) for name, note in notes.items()})
    )
    point_to(place, "generation-1", hash_of_parts(notes))
