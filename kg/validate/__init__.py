"""The gate: a dataset held against the shapes and the checks, each finding with its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg import project, terms
from kg.validate.checks import read_check, rows_as_findings
from kg.validate.places import Places
from kg.validate.report import Finding, Report
from kg.validate.shacl import results_as_findings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

__all__ = ["Finding", "Report", "validate"]

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
    found.update(results_as_findings(store))
    if progress:
        progress("checks")
    for path in project.check_files():
        found.update(rows_as_findings(store, read_check(path)))
    places = Places(store, sources or {})
    return Report(
        tuple(sorted(map(places.located, found), key=Finding.sort_key)),
        documents=_instances(store, "SourceDocument"),
        claims=_instances(store, "Claim"),
    )


def _instances(store: ox.Store, name: str) -> int:
    return len({quad.subject for quad in store.quads_for_pattern(None, _TYPE, ox.NamedNode(terms.PACT + name), None)})
