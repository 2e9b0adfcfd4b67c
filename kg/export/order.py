"""The order in which an export writes its quads: one that a person can follow, and the same on every run."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg import terms

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["in_order", "natural"]

_DIGITS = re.compile(r"[0-9]+")
_READING_ORDER = (terms.PACT, terms.BASE + "ontology", terms.PV, terms.ID, terms.DOC, terms.CLAIM)
_FIRST = {terms.RDF + "type": 0, terms.SKOS + "prefLabel": 1, terms.RDFS + "label": 1}
_GRAPHS = {"ontology": (0, 0), "reference": (1, 0), "document": (2, 0), "claims": (2, 1)}

GraphKey = tuple[int, str, int, str]


def in_order(quads: Iterable[ox.Quad]) -> list[ox.Quad]:
    """Return `quads` sorted: the ontology, reference data, then document by document its record and its claims.

    Within a graph the subjects stand in reading order (`c9` before `c10`); of a subject first its type and its label.
    """
    subject, predicate, object_, graph = (
        cache(_subject_key),
        cache(_predicate_key),
        cache(_object_key),
        cache(_graph_key),
    )
    return sorted(
        quads, key=lambda q: (graph(q.graph_name), subject(q.subject), predicate(q.predicate), object_(q.object))
    )


def natural(text: str) -> str:
    """Return a sort key that counts as a person does.

    >>> sorted(["c10", "c9", "c1"], key=natural)
    ['c1', 'c9', 'c10']
    """
    return _DIGITS.sub(_measured, text)


def _measured(match: re.Match[str]) -> str:
    number = match[0].lstrip("0")
    return f"{len(number):06}{number}"


def _subject_key(term: ox.NamedNode | ox.BlankNode) -> tuple[int, str, str]:
    ranks = (rank for rank, base in enumerate(_READING_ORDER) if term.value.startswith(base))
    return next(ranks, len(_READING_ORDER)), natural(term.value), str(term)


def _predicate_key(term: ox.NamedNode) -> tuple[int, str, str]:
    return _FIRST.get(term.value, 2), terms.compact(term.value), term.value


def _object_key(term: ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple) -> tuple[str, str]:
    return natural(str(term)), str(term)


def _graph_key(term: ox.NamedNode | ox.BlankNode | ox.DefaultGraph) -> GraphKey:
    iri = term.value if isinstance(term, ox.NamedNode) else ""
    if iri.startswith(terms.CLAIM):
        return 2, iri.removeprefix(terms.CLAIM).rpartition("-c")[0], 2, natural(iri) + iri
    kind, _, name = iri.removeprefix(terms.GRAPH).partition("/")
    if iri.startswith(terms.GRAPH) and kind in _GRAPHS:
        rank, part = _GRAPHS[kind]
        return rank, name, part, iri
    return 3, str(term), 0, ""
