"""What of a store was known on a day: documents, graphs, facts and things, told by lookups."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox

from kg import terms
from kg.claim import FACT as FACTUAL
from kg.dataset import graph_of, slug_in
from kg.derive import DERIVED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["DERIVABLE", "FACT", "GRAPH", "THING", "Beyond", "Day"]

_FUNCTIONS = ("fact", "derivable", "graph", "thing")
FACT, DERIVABLE, GRAPH, THING = (ox.NamedNode(f"{terms.BASE}known/{name}") for name in _FUNCTIONS)
"""The functions by which a query asks whether a fact, a derived fact, a graph or a thing was known."""

_REMEMBERED = 100_000
"""Answers about facts that are kept: one about each that a question meets, of most questions."""

_MOST_STEPS = 2_000
"""Facts of one predicate that are looked at to tell whether all of them were known."""

_FEW = 4
"""Claims that say the same up to which it is not looked at whether they are facts, since mostly that is not needed."""

_YES, _NO = ox.Literal(True), ox.Literal(False)
_DEFAULT = ox.DefaultGraph()
_BEARS_ON = ox.NamedNode(terms.PACT + "bearsOn")
_TYPE = ox.NamedNode(terms.RDF + "type")
_DOCUMENT = ox.NamedNode(terms.PACT + "SourceDocument")
_CLAIM = ox.NamedNode(terms.PACT + "Claim")
_ISSUED = [
    ox.NamedNode(terms.PACT + "latestDate"),
    ox.NamedNode(terms.expand("dcterms:issued")),
]

Subject = ox.NamedNode | ox.BlankNode
Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple


class Beyond(Exception):  # never an error that anybody is told of
    """A query comes to what only a copy can tell."""


class Day:
    """What an engine holds, as of a day (YYYY-MM-DD); what is looked up is remembered.

    The default graph of the engine is the facts view of its named graphs (`kg.dataset.facts`). `derive` gives the
    derived facts about an instrument that follow from what was known.
    """

    def __init__(
        self, engine: ox.Store, day: str, derive: Callable[[ox.NamedNode], frozenset[ox.Triple]] | None = None
    ) -> None:
        self.engine = engine
        self.day = day
        self.derive = cache(derive or (lambda _: frozenset()))
        self.failure: Exception | None = None
        """What a lookup raised while a query ran: the engine takes an error of a function for no value."""
        self.is_known = cache(self._is_known)
        self.is_stated = lru_cache(_REMEMBERED)(self._is_stated)
        self.is_settled = cache(self._is_settled)

    def functions(self) -> dict[ox.NamedNode, Callable[..., ox.Literal | None]]:
        """Return the functions that queries use."""
        asked = {FACT: self.are_stated, DERIVABLE: self.is_derivable, GRAPH: self.is_shown, THING: self.is_named}
        return {name: self._safe(function) for name, function in asked.items()}

    def _safe(self, function: Callable[..., bool]) -> Callable[..., ox.Literal | None]:
        def told(*arguments: Term) -> ox.Literal | None:
            try:
                return _YES if function(*arguments) else _NO
            except Exception as error:
                self.failure = error
                raise

        return told

    # --- documents and graphs

    def _is_known(self, slug: str) -> bool:
        """Tell whether the document with this slug was surely issued by the day; see `kg.document.documents_from`."""
        document = ox.NamedNode(terms.DOC + slug)
        if not any(self._named(document, _TYPE, _DOCUMENT)):
            return False
        for predicate in _ISSUED:
            days = _values(self._named(document, predicate))
            if min(days, default=""):
                return min(days) <= self.day
        return False

    def _named(self, subject: Subject, predicate: ox.NamedNode, object_: Term | None = None) -> Iterator[ox.Quad]:
        found = self.engine.quads_for_pattern(subject, predicate, object_, None)
        return (quad for quad in found if quad.graph_name != _DEFAULT)

    def is_visible(self, graph: str) -> bool:
        """Tell whether a named graph was known: it is of no document, or of one that was.

        Raises `Beyond` for the derived facts, of which some were known and some not.
        """
        if graph == DERIVED.value:
            raise Beyond(graph)
        slug = slug_in(graph)
        return not slug or self.is_known(slug)

    def is_shown(self, graph: Term) -> bool:
        """Tell the same of a term."""
        return isinstance(graph, ox.NamedNode) and self.is_visible(graph.value)

    # --- facts

    def are_stated(self, *terms_: Any) -> bool:
        """Tell whether triples, three terms each, are all in the facts view of the graphs that were known."""
        return all(self.is_stated(*terms_[i : i + 3]) for i in range(0, len(terms_), 3))

    def _is_stated(self, subject: Subject, predicate: ox.NamedNode, object_: Term) -> bool:
        """Tell whether a triple is in the facts view of the graphs that were known.

        Where all graphs that hold a triple of the whole view were known, it is; where none was, it is not. Only where
        some were, it counts which of the claims among them are facts.
        """
        in_view = has_hidden = False
        claims: list[str] = []
        for quad in self.engine.quads_for_pattern(subject, predicate, object_, None):
            graph = graph_of(quad)
            if not graph:
                in_view = True
            elif not self.is_visible(graph):
                has_hidden = True
            elif graph.startswith(terms.GRAPH):
                return True
            elif graph.startswith(terms.CLAIM):
                claims.append(graph)
                if len(claims) > _FEW and self._is_fact(graph):
                    return True
        if claims and not has_hidden:
            return in_view
        return any(self._is_fact(claim) for claim in claims[:_FEW])

    def _is_fact(self, claim: str) -> bool:
        """Tell what `kg.claim.Claim.is_fact` tells of a claim, by its records that were known."""
        node = ox.NamedNode(claim)
        if not any(self._recorded(node, _TYPE, _CLAIM)):
            return False
        return all(_values(self._recorded(node, mark)) == [wanted.value] for mark, wanted in FACTUAL)

    def _recorded(self, claim: ox.NamedNode, predicate: ox.NamedNode, object_: Term | None = None) -> Iterator[ox.Quad]:
        for quad in self._named(claim, predicate, object_):
            if not (graph := graph_of(quad)).startswith(terms.CLAIM) and self.is_visible(graph):
                yield quad

    def is_derivable(self, subject: Subject, predicate: ox.NamedNode, object_: Term) -> bool:
        """Tell whether a derived fact of the store followed from what was known."""
        triple = ox.Triple(subject, predicate, object_)
        instruments = self.engine.quads_for_pattern(subject, _BEARS_ON, None, DERIVED)
        return any(triple in self.derive(quad.object) for quad in instruments)

    def is_named(self, thing: Term) -> bool:
        """Tell whether a fact that was known names a thing, as its subject or object."""
        places = [(None, thing)] if isinstance(thing, ox.Literal | ox.Triple) else [(thing, None), (None, thing)]
        return any(
            self.is_stated(quad.subject, quad.predicate, quad.object)
            for subject, object_ in places
            for quad in self.engine.quads_for_pattern(subject, None, object_, _DEFAULT)
        )

    def _is_settled(self, predicate: str) -> bool:
        """Tell whether every fact with this predicate (an IRI) was known, where that can be told by a few lookups."""
        facts = self.engine.quads_for_pattern(None, ox.NamedNode(predicate), None, _DEFAULT)
        for number, fact in enumerate(facts):
            if number >= _MOST_STEPS or not self.is_stated(fact.subject, fact.predicate, fact.object):
                return False
        return True


def _values(quads: Iterable[ox.Quad]) -> list[str]:
    """Return what quads say, as `kg.document` and `kg.claim` read it."""
    return [quad.object.value for quad in quads if isinstance(quad.object, ox.NamedNode | ox.Literal)]
