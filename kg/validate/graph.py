"""A small RDF graph in memory that keeps every literal as it is written, for reading shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg import terms
from kg.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kg.validate.report import Term

__all__ = ["Graph"]


class Graph:
    """Triples by subject and by predicate; their graphs do not count."""

    def __init__(self, quads: Iterable[ox.Quad]) -> None:
        self._by_subject: dict[Term, dict[str, list[Term]]] = {}
        self._subjects: dict[str, list[Term]] = {}
        for quad in dict.fromkeys(ox.Quad(q.subject, q.predicate, q.object) for q in quads):
            if isinstance(quad.subject, ox.Triple) or isinstance(quad.object, ox.Triple):
                raise DataError(f"a triple term is no part of a shape: {quad.object}", mend="take it out")
            self._by_subject.setdefault(quad.subject, {}).setdefault(quad.predicate.value, []).append(quad.object)
            self._subjects.setdefault(quad.predicate.value, []).append(quad.subject)

    def values(self, node: Term, predicate: str) -> list[Term]:
        """Return the values that `node` has of `predicate`, an IRI."""
        return self._by_subject.get(node, {}).get(predicate, [])

    def value(self, node: Term, predicate: str) -> Term | None:
        """Return one value, or None."""
        return next(iter(self.values(node, predicate)), None)

    def subjects(self, predicate: str) -> list[Term]:
        """Return the nodes that have a value of `predicate`, each once."""
        return list(dict.fromkeys(self._subjects.get(predicate, [])))

    def predicates(self, node: Term) -> Iterable[str]:
        """Return the predicates of the triples of `node`."""
        return self._by_subject.get(node, {}).keys()

    def members(self, node: Term) -> Iterator[Term]:
        """Yield the members of a list. Raises `DataError` where it is none, or goes round."""
        passed = set()
        while node != ox.NamedNode(terms.RDF + "nil"):
            first, rest = self.value(node, terms.RDF + "first"), self.value(node, terms.RDF + "rest")
            if first is None or rest is None or node in passed:
                raise DataError(f"{node} is not a list", mend="write it as ( … )")
            passed.add(node)
            yield first
            node = rest

    def kinds(self, node: Term) -> set[Term]:
        """Return the classes of `node`, with what they are subclasses of."""
        found: set[Term] = set()
        ahead = list(self.values(node, terms.RDF + "type"))
        while ahead:
            kind = ahead.pop()
            if kind not in found:
                found.add(kind)
                ahead += self.values(kind, terms.RDFS + "subClassOf")
        return found
