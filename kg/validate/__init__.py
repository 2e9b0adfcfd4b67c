"""The gate: a dataset held against the shapes and the checks, each finding with its place."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg import project, terms
from kg.validate.checks import read_check, rows_as_findings
from kg.validate.excerpt import rows_after
from kg.validate.places import Places
from kg.validate.report import Finding, Report
from kg.validate.shacl import findings_after, results_as_findings, shapes
from kg.validate.touched import concerns_everything

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
    from pathlib import Path

__all__ = ["Finding", "Report", "validate", "validate_change"]

_TYPE = ox.NamedNode(terms.RDF + "type")


def validate(
    store: ox.Store,
    sources: Mapping[str, Path] | None = None,
    progress: Callable[[str], None] | None = None,
) -> Report:
    """Hold the dataset in `store`, named graphs only and no facts view, against all shapes and checks.

    `sources` maps the IRI of a graph to its file, so that findings can name file and line. `progress` is told each
    step in a few words. Raises `KgError` for a triple term, and where a check is itself broken.
    """
    found: set[Finding] = set()
    if progress:
        progress("shapes")
    with _uncollected():
        found.update(results_as_findings(store))
    if progress:
        progress("checks")
    for path in project.check_files():
        found.update(rows_as_findings(store, read_check(path)))
    return _report(store, found, sources)


def validate_change(
    store: ox.Store,
    changed: Collection[ox.Quad],
    sources: Mapping[str, Path] | None = None,
    progress: Callable[[str], None] | None = None,
    counted: tuple[int, int] | None = None,
) -> Report:
    """Hold what a change can concern against all shapes and checks: the cost follows the change, not the store.

    `store` holds the dataset after the change, and may hold its facts view; `changed` are the quads added and removed.
    The findings are all those of `validate` at the nodes that the change can concern; at every other node they are what
    they were before it. So where nothing was violated before, the violations are those of `validate`, and the
    warnings and hints are those at concerned nodes. A change of the ontology concerns every node.

    `counted` are the documents and claims in the store, where they are known; to count them costs as much as they are.
    """
    if concerns_everything(shapes(), changed):
        return validate(store, sources, progress)
    if progress:
        progress("shapes")
    found = set(findings_after(store, changed))
    if progress:
        progress("checks")
    found.update(rows_after(store, changed))
    if counted is None:
        return _report(store, found, sources)
    return replace(_located(store, found, sources), documents=counted[0], claims=counted[1])


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the collector of Python from walking, every few rows, through all rows read so far."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _report(store: ox.Store, found: Iterable[Finding], sources: Mapping[str, Path] | None) -> Report:
    located = _located(store, found, sources)
    return replace(located, documents=_instances(store, "SourceDocument"), claims=_instances(store, "Claim"))


def _located(store: ox.Store, found: Iterable[Finding], sources: Mapping[str, Path] | None) -> Report:
    places = Places(store, sources or {})
    return Report(tuple(sorted(map(places.located, found), key=Finding.sort_key)))


def _instances(store: ox.Store, name: str) -> int:
    return len({quad.subject for quad in store.quads_for_pattern(None, _TYPE, ox.NamedNode(terms.PACT + name), None)})
