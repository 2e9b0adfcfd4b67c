"""The store behind a URL: any SPARQL 1.1 endpoint, through SPARQLWrapper."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg import sparql, terms
from kg.dataset import dataset_hash, facts
from kg.errors import QuerySyntaxError, StoreError
from kg.store.base import Results, data_block, update_between

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

__all__ = ["RemoteStore", "RemoteWriter", "batched"]

_TURTLE = {"text/turtle", "application/turtle", "application/x-turtle", "application/n-triples"}


@dataclass(frozen=True)
class RemoteStore:
    """Any SPARQL 1.1 endpoint whose default graph is not the union of its named graphs."""

    place: str
    timeout: int = 60

    def query(self, text: str) -> Results:
        """Answer a query that only reads."""
        from SPARQLWrapper import JSON, TURTLE

        form = sparql.form_of(text)
        try:
            if form in ("SELECT", "ASK"):
                return _rows(self._send(sparql.with_prefixes(text), form, JSON)[0])
            return _triples(*self._send(sparql.with_prefixes(text), form, TURTLE))
        except _Refused as error:
            raise _syntax_error(text) or self._failure("the endpoint refuses the query", error) from error
        except (SyntaxError, ValueError) as error:
            raise self._failure("the answer is cut off or malformed", error) from error

    def quads(self) -> frozenset[ox.Quad]:
        """Return every quad in a named graph.

        Raises `StoreError` where the endpoint gives fewer than it says it has, as one with a limit on rows does.
        """
        counted = self.query("SELECT (COUNT(*) AS ?n) WHERE { GRAPH ?g { ?s ?p ?o } }")
        rows = self.query("SELECT ?s ?p ?o ?g WHERE { GRAPH ?g { ?s ?p ?o } }")
        assert isinstance(counted, ox.QuerySolutions)
        assert isinstance(rows, ox.QuerySolutions)
        quads = frozenset(ox.Quad(row["s"], row["p"], row["o"], row["g"]) for row in rows)
        [count] = [int(row["n"].value) for row in counted]
        if len(quads) != count:
            raise StoreError(
                f"the endpoint gave {len(quads):,} of its {count:,} quads",
                where=self.place,
                mend="raise its limit on rows, or try again if someone was writing to it",
            )
        return quads

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
        from SPARQLWrapper import INSERT, JSON

        try:
            self._send(text, INSERT, JSON)
        except _Refused as error:
            raise self._failure("the endpoint refuses the update", error) from error

    def _send(self, text: str, form: str, reply_format: str) -> tuple[bytes, str]:
        """Return the body of the reply and its media type; `form` is the client's name for the kind of request.

        Raises `_Refused` for a request that the endpoint calls bad, `StoreError` for every other failure.
        """
        from http.client import HTTPException
        from urllib.error import URLError

        from SPARQLWrapper import POST, POSTDIRECTLY, SPARQLWrapper
        from SPARQLWrapper.SPARQLExceptions import QueryBadFormed, SPARQLWrapperException

        beside = f"{self.place.removesuffix('/query')}/update" if self.place.endswith("/query") else None
        wrapper = SPARQLWrapper(self.place, updateEndpoint=beside, returnFormat=reply_format)
        wrapper.setMethod(POST)
        wrapper.setRequestMethod(POSTDIRECTLY)
        wrapper.setOnlyConneg(True)
        wrapper.setTimeout(self.timeout)
        # Not setQuery, which guesses the form from the text: a wrong guess would go to the wrong address.
        wrapper.queryString, wrapper.queryType = text, form
        try:
            with wrapper.query().response as reply:
                body = bytes(reply.read())
        except (SPARQLWrapperException, HTTPException, URLError, OSError, ValueError) as error:
            _close(error)
            if isinstance(error, QueryBadFormed):
                raise _Refused(_reason(error)) from error
            raise self._failure("the endpoint did not answer", error) from error
        if reply.geturl().partition("?")[0] not in (self.place.partition("?")[0], beside):
            # A redirected POST arrives as a GET without its body.
            raise self._failure("the endpoint is elsewhere", ValueError(reply.geturl()))
        return body, reply.headers.get_content_type()

    def _failure(self, what: str, error: Exception) -> StoreError:
        mend = "check the URL, and that the server runs; then try again"
        return StoreError(f"{what}: {_reason(error)}", where=self.place, mend=mend)


class _Refused(Exception):
    """The endpoint calls the request bad (400)."""


def _close(error: BaseException | None) -> None:
    """Close the reply that an error carries, or the error before it: the client leaves both open."""
    while error is not None:
        if close := getattr(error, "close", None):
            close()
        error = error.__context__


def _reason(error: Exception, limit: int = 300) -> str:
    return " ".join(str(getattr(error, "reason", "") or error or type(error).__name__).split())[:limit]


def batched(triples: Iterable[ox.Triple], size: int = 200) -> Iterator[tuple[ox.Triple, ...]]:
    """Yield `triples` in groups of `size`, so that no query grows without bound."""
    rest = iter(triples)
    while batch := tuple(islice(rest, size)):
        yield batch


def _syntax_error(text: str) -> QuerySyntaxError | None:
    """Return what is wrong with the syntax of a query that an endpoint refuses, where our own engine sees it too."""
    try:
        ox.Store().query(text, prefixes=terms.PREFIXES)
    except SyntaxError as error:
        return sparql.syntax_error(text, error)
    return None


def _rows(reply: bytes) -> Results:
    """Return rows of SPARQL results in JSON; read once to the end first, so that a cut-off answer is seen here."""
    first = ox.parse_query_results(reply, format=ox.QueryResultsFormat.JSON)
    if isinstance(first, ox.QuerySolutions):
        for _ in first:
            pass
        return ox.parse_query_results(reply, format=ox.QueryResultsFormat.JSON)
    return first


def _triples(reply: bytes, media_type: str) -> ox.QueryTriples:
    """Return a graph; its media type is looked at, since an empty page of another kind is also an empty graph."""
    if media_type not in _TURTLE:
        raise ValueError(f"{media_type} instead of Turtle")
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

    def replace(self, quads: frozenset[ox.Quad]) -> str:
        """Put a new dataset in the place of whatever is there, and return its hash."""
        self.store.update(f"DROP ALL ;\nINSERT DATA {{ {data_block(facts(quads) | quads)} }}")
        return dataset_hash(quads)

    def change(self, before: frozenset[ox.Quad], after: frozenset[ox.Quad]) -> str:
        """Turn the dataset `before` into `after`, and return the hash of that."""
        self.store.update(update_between(before, after))
        return dataset_hash(after)
