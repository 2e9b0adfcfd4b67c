"""What a whole validation costs, and the reports of the shapes beside those of pySHACL on rdflib."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyoxigraph as ox

from benchmarks.aside import gathered
from benchmarks.measure import Measured, Span, timed
from kg.validate import validate
from kg.validate.reference import results_as_findings as by_pyshacl
from kg.validate.shacl import results_as_findings as by_engine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.stores import Setting

__all__ = ["beside_pyshacl", "rows"]

LEAST_OVER_PYSHACL = 50.0
LARGEST_IN_MEMORY = 3_000_000
"""Quads of a dataset that are validated in memory, as `kg build` does, on a usual machine."""

_PATIENCE = 900.0


def rows(setting: Setting) -> Iterator[Measured]:
    """Yield the times of a validation: the shapes alone, and all that `kg validate` does."""
    group = "validation in memory"
    if setting.quads > LARGEST_IN_MEMORY:
        yield Measured(group, f"left out: {setting.quads:,} quads do not fit in memory", "s", ())
        return
    found = gathered(_validated, setting.store, setting.runs, limit=_PATIENCE)
    for name in ("the shapes", "the shapes and the checks"):
        yield Measured.of(group, name, found.spans[name], note=found.why, grows=name)


def _validated(folder: Path, runs: int) -> Iterator[tuple[str, Span]]:
    dataset = _named(folder)
    for _ in range(runs):
        took = timed(lambda: list(by_engine(dataset)))
        yield "the shapes", took
        yield "the shapes and the checks", timed(lambda: validate(dataset, {}))
        if took.wall > 10:
            return


def beside_pyshacl(setting: Setting) -> Iterator[Measured]:
    """Yield the times of whole reports of all shapes by the engine and by pySHACL, in turn, and their ratio."""
    group = f"whole reports of the shapes on {setting.quads:,} quads"
    found = gathered(_compared, setting.store, setting.runs, limit=_PATIENCE)
    for name in ("kg", "pySHACL on rdflib"):
        yield Measured.of(group, name, found.spans[name], note=found.why)
    if "findings" in found.numbers:
        same = found.count("findings") == found.count("findings of pySHACL")
        note = f"{found.count('findings'):,} findings" + (
            "" if same else f", pySHACL {found.count('findings of pySHACL'):,}"
        )
        walls = found.walls("pySHACL on rdflib"), found.walls("kg")
        yield Measured.ratio(group, "pySHACL : kg", *walls, LEAST_OVER_PYSHACL, note, more=True)


def _compared(folder: Path, runs: int) -> Iterator[tuple[str, float | Span]]:
    dataset = _named(folder)
    yield "findings", len(list(by_engine(dataset)))
    for i in range(runs):
        yield "kg", timed(lambda: list(by_engine(dataset)))
        told: list[object] = []
        took = timed(lambda into=told: into.extend(by_pyshacl(dataset)))  # type: ignore[misc]
        yield "pySHACL on rdflib", took
        if not i:
            yield "findings of pySHACL", len(told)
        if took.wall > 20:
            return


def _named(folder: Path) -> ox.Store:
    """Return the dataset in memory, which is without the facts view."""
    dataset = ox.Store()
    dataset.bulk_extend(quad for quad in ox.Store.read_only(str(folder)) if quad.graph_name != ox.DefaultGraph())
    return dataset
