"""The store as it was known on a day: only what documents issued by then say."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg import terms
from kg.dataset import slug_of
from kg.derive import rules, stored
from kg.document import documents_from
from kg.errors import StoreError
from kg.known.day import Beyond, Day
from kg.known.rewrite import UNSEEN, rewritten
from kg.store import EmbeddedStore, damage, evaluate

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from kg.store import Results, Store

__all__ = ["known_at", "whole"]

_FEW = 500
"""Claims up to which a copy of the store is made sooner than a question is written anew."""


class _KnownStore:
    """A store as it was known on a day, and the `whole` store itself."""

    def __init__(self, store: Store, day: str, *, copied: bool) -> None:
        self.place = store.place
        self.noted = ""
        self.whole = store
        self.day = day
        self._seen = Day(store.engine, day, self._derived) if isinstance(store, EmbeddedStore) and not copied else None

    @cached_property
    def copy(self) -> EmbeddedStore:
        """What was known, in a store in memory, for what cannot be told otherwise."""
        quads = self.whole.quads()
        known = {document.slug for document in documents_from(quads) if document.latest and document.latest <= self.day}
        kept = (quad for quad in quads if not (slug := slug_of(quad)) or slug in known)
        return EmbeddedStore(self.place, stored(kept))

    def query(self, text: str, *, rewrite: bool = False) -> Results:
        """Answer a query that only reads."""
        found = rewritten(text) if self._seen else None
        if self._seen is None or found is None or not all(map(self._seen.is_settled, found.walked)):
            return self.copy.query(text, rewrite=rewrite)
        try:
            return self._answered(found.text, self._seen)
        except Beyond:
            return self.copy.query(text, rewrite=rewrite)

    def _answered(self, text: str, seen: Day) -> Results:
        """Return the rows of a query that asks what was known, all worked out, since only then is it told that some
        lookup failed.
        """
        seen.failure = None
        rows = evaluate(seen.engine, text, functions=seen.functions())
        assert isinstance(rows, ox.QuerySolutions)
        form = ox.QueryResultsFormat.JSON
        told = rows.serialize(format=form)
        if isinstance(seen.failure, Beyond):
            raise seen.failure
        if seen.failure is not None:
            raise damage(seen.failure, self.place) or StoreError(f"the store cannot be read: {seen.failure}")
        return ox.parse_query_results((told or b"").replace(f'"{UNSEEN}"'.encode(), b"", 1), format=form)

    def _derived(self, instrument: ox.NamedNode) -> frozenset[ox.Triple]:
        """Return the derived facts about an instrument that follow from what was known."""
        assert self._seen is not None
        found: set[ox.Triple] = set()
        for rule in rules().values():
            known = rewritten(rule.of([instrument]))
            if known is None or known.walked:
                raise Beyond(rule.name)
            rows = evaluate(self._seen.engine, known.text, functions=self._seen.functions())
            assert isinstance(rows, ox.QuerySolutions)
            found |= {ox.Triple(row[0], rule.predicate, row[1]) for row in rows}
        return frozenset(found)

    def quads(self) -> frozenset[ox.Quad]:
        """Return the quads of the documents that were known, of the ontology and of the reference data."""
        return self.copy.quads()

    def holders(self, triples: Collection[ox.Triple]) -> dict[ox.Triple, list[str]]:
        """Return the named graphs that were known and hold each triple."""
        if self._seen is None:
            return self.copy.holders(triples)
        held = self.whole.holders(triples)
        return {triple: [graph for graph in graphs if self._seen.is_visible(graph)] for triple, graphs in held.items()}


def whole(store: Store) -> Store:
    """Return the store itself, where `store` is only what was known of it on a day.

    Names are looked up in it: whoever asks may know of things of which nothing was known then.
    """
    return store.whole if isinstance(store, _KnownStore) else store


def known_at(store: Store, day: date) -> Store:
    """Return a store of the ontology, the reference data and the documents known on `day`.

    A document is known from the last day on which it can have been issued; one that gives no such day is not known
    on any. So nothing is shown as known before it surely was. The answers of the returned store are those of a store
    built from only these documents. A small store, or one at an endpoint, is copied into memory for it; a large one is
    asked itself, by queries that look at the day, and copied only for queries that cannot be written so.
    """
    return _KnownStore(store, day.isoformat(), copied=not isinstance(store, EmbeddedStore) or _is_small(store.engine))


def _is_small(engine: ox.Store) -> bool:
    claims = engine.quads_for_pattern(
        None, ox.NamedNode(terms.RDF + "type"), ox.NamedNode(terms.PACT + "Claim"), ox.DefaultGraph()
    )
    return sum(1 for _, _ in zip(range(_FEW + 1), claims, strict=False)) <= _FEW
