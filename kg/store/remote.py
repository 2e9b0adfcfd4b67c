"""The store behind a URL: any SPARQL 1.1 endpoint, through SPARQLWrapper."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg import sparql
from kg.dataset import facts
from kg.errors import StoreError
from kg.store.base import Results, data_block, update_between

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

__all__ = ["RemoteStore", "RemoteWriter"]


@dataclass(frozen=True)
class RemoteStore:
    """Any SPARQL 1.1 endpoint whose default graph is not the union of its named graphs."""

    place: str
    timeout: int = 60

    def query(self, text: str) -> Results:
        """Answer a query that only reads."""
        from SPARQLWrapper import JSON, TURTLE

        rows = sparql.form_of(text) in ("SELECT", "ASK")
        reply = self._send(sparql.with_prefixes(text), JSON if rows else TURTLE)
        try:
            return _rows(reply) if rows else _triples(reply)
        except (SyntaxError, ValueError) as error:
            raise StoreError(
                f"the answer is cut off or malformed: {error}", where=self.place, mend="ask again"
            ) from error

    def quads(self) -> frozenset[ox.Quad]:
        """Return every quad in a named graph."""
        rows = self.query("SELECT ?s ?p ?o ?g WHERE { GRAPH ?g { ?s ?p ?o } }")
        assert isinstance(rows, ox.QuerySolutions)
        return frozenset(ox.Quad(row["s"], row["p"], row["o"], row["g"]) for row in rows)

    def holders(self, triples: Collection[ox.Triple]) -> dict[ox.Triple, list[str]]:
        """Return the named graphs that hold each triple, asked for in batches."""
        found: dict[ox.Triple, list[str]] = {triple: [] for triple in triples}
        for batch in batched(found):
            lines = " ".join(f"({t.subject} {t.predicate} {t.object})" for t in batch)
            rows = self.query(
                f"SELECT ?s ?p ?o ?g WHERE {{ VALUES (?s ?p ?o) {{ {lines} }} GRAPH ?g {{ ?s ?p ?o }} }} ORDER BY ?g"
            )
            assert isinstance(rows, ox.QuerySolutions)
            for row in rows:
                found[ox.Triple(row["s"], row["p"], row["o"])].append(row["g"].value)
        return found

    def update(self, text: str) -> None:
        """Run one update, sent to the `/update` path beside a `/query` path, else to the same URL."""
        from SPARQLWrapper import JSON

        self._send(text, JSON, update=True)

    def _send(self, text: str, reply_format: str, *, update: bool = False) -> bytes:
        from urllib.error import URLError

        from SPARQLWrapper import POST, POSTDIRECTLY, SPARQLWrapper
        from SPARQLWrapper.SPARQLExceptions import SPARQLWrapperException

        beside = f"{self.place.removesuffix('/query')}/update" if self.place.endswith("/query") else None
        wrapper = SPARQLWrapper(self.place, updateEndpoint=beside, returnFormat=reply_format)
        wrapper.setMethod(POST)
        wrapper.setRequestMethod(POSTDIRECTLY)
        wrapper.setOnlyConneg(True)
        wrapper.setTimeout(self.timeout)
        wrapper.setQuery(text)
        # The client guesses from the text which of the two it is; a wrong guess would go to the wrong address.
        wrapper.queryType = "INSERT" if update else wrapper.queryType
        try:
            return bytes(wrapper.query().response.read())
        except (SPARQLWrapperException, URLError, OSError) as error:
            reason = " ".join(str(getattr(error, "reason", "") or error).split())
            raise StoreError(
                f"the endpoint did not answer: {reason[:300]}",
                where=self.place,
                mend="check the URL, and that the server runs",
            ) from error


def batched(triples: Iterable[ox.Triple], size: int = 200) -> Iterator[tuple[ox.Triple, ...]]:
    """Yield `triples` in groups of `size`, so that no query grows without bound."""
    rest = iter(triples)
    while batch := tuple(islice(rest, size)):
        yield batch


def _rows(reply: bytes) -> Results:
    """Return rows of SPARQL results in JSON; read once to the end first, so that a cut-off answer is seen here."""
    first = ox.parse_query_results(reply, format=ox.QueryResultsFormat.JSON)
    if isinstance(first, ox.QuerySolutions):
        for _ in first:
            pass
        return ox.parse_query_results(reply, format=ox.QueryResultsFormat.JSON)
    return first


def _triples(reply: bytes) -> ox.QueryTriples:
    store = ox.Store()
    store.load(reply, format=ox.RdfFormat.TURTLE)
    result = store.query("CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }")
    assert isinstance(result, ox.QueryTriples)
    return result


class RemoteWriter:
    """A writer to an endpoint: each change is one update, which the endpoint runs whole or not at all."""

    def __init__(self, store: RemoteStore) -> None:
        self.store = store

    def quads(self) -> frozenset[ox.Quad]:
        """Return the dataset as it is now."""
        return self.store.quads()

    def replace(self, quads: frozenset[ox.Quad]) -> None:
        """Put a new dataset in the place of whatever is there."""
        self.store.update(f"DROP ALL ;\nINSERT DATA {{ {data_block(facts(quads) | quads)} }}")

    def change(self, before: frozenset[ox.Quad], after: frozenset[ox.Quad]) -> None:
        """Turn the dataset `before` into `after`."""
        self.store.update(update_between(before, after))
