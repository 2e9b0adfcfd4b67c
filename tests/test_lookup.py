"""Lookups: told from other queries, answered as workers answer them, and left to workers where they grow."""

from __future__ import annotations

from pathlib import Path

import pytest

from kg.sparql import is_lookup
from kg.web.desk import Desk
from kg.web.lookup import Lookups
from kg.web.message import Request

JSON = "application/sparql-results+json"

LOOKUPS = [
    "SELECT ?p ?o WHERE { id:us ?p ?o }",
    "SELECT * { ?s ?p ?o } LIMIT 5",
    "select ?s { ?s a pact:Agreement . } limit 3",
    "SELECT ?g { GRAPH ?g { id:us a pact:State } }",
    "ASK { id:us a pact:State }",
    'SELECT ?s { ?s rdfs:label "El Salvador"@en }',
    "SELECT ?o { <https://w3id.org/pactgraph/id/us> <http://www.w3.org/2000/01/rdf-schema#label> ?o }",
]
OTHERS = [
    "SELECT DISTINCT ?p { id:us ?p ?o }",
    "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }",
    "SELECT * { ?s ?p ?s }",
    "SELECT * { ?s ?p ?o }",
    "SELECT * { ?s rdfs:label ?o }",
    "SELECT * { ?s ?p ?o } LIMIT 1000",
    "SELECT * { GRAPH ?g { ?g ?p ?o } }",
    "SELECT * { ?s ?p ?o } ORDER BY ?s",
    "SELECT * { ?s ?p ?o } OFFSET 5",
    "SELECT * { ?s ?p ?o FILTER(?o = 1) }",
    "SELECT * { ?s ?p ?o . ?o ?q ?r }",
    "SELECT * { ?s pact:party+ ?o }",
    "SELECT * { ?s ^pact:party ?o }",
    "SELECT * { ?s pact:party|pact:signatory ?o }",
    "SELECT * FROM <urn:g> { ?s ?p ?o }",
    "SELECT * { SERVICE <http://localhost/> { ?s ?p ?o } }",
    "SELECT * { SERVICEx:a ?p ?o }",
    "SELECT * { id:us ?p ?o } # ?p ?p",
    "SELECT * { { id:us ?p ?o }",
    "SELECT * { GRAPH ?g { ?s ?p ?o }",
    "DESCRIBE id:us",
    "CLEAR ALL",
    "",
]


@pytest.mark.parametrize("text", LOOKUPS)
def test_a_query_of_one_pattern_is_a_lookup(text: str) -> None:
    assert is_lookup(text)


@pytest.mark.parametrize("text", OTHERS)
def test_whatever_else_is_none(text: str) -> None:
    assert not is_lookup(text)


def test_no_text_makes_telling_slow() -> None:
    assert not is_lookup("SELECT " + "?a " * 300 + "{" * 50)
    assert not is_lookup("SELECT ?p { " + '"' * 900)


@pytest.mark.parametrize("text", [text for text in LOOKUPS if "LIMIT" not in text.upper()])
@pytest.mark.parametrize("accept", ["*/*", "text/csv", "application/sparql-results+xml"])
def test_the_front_answers_a_lookup_as_a_worker_does(store_folder: Path, text: str, accept: str) -> None:
    request = Request(path="/sparql", query=(("query", text),), accept=accept)
    answered = Lookups(str(store_folder)).answer(request)
    assert answered is not None
    by_front, body = answered
    by_worker = Desk(str(store_folder)).answer(request)

    assert (by_front.status, by_front.media_type, by_front.headers) == (
        by_worker.status,
        by_worker.media_type,
        by_worker.headers,
    )
    assert body == _body(by_worker)
    assert body == _body(Desk(str(store_folder)).answer(_unlike_a_lookup(request, text)))


def test_what_grows_too_large_or_cannot_be_answered_is_left_to_a_worker(store_folder: Path) -> None:
    lookups = Lookups(str(store_folder))

    def answered(text: str, accept: str = JSON, path: str = "/sparql") -> bool:
        return lookups.answer(Request(path=path, query=(("query", text),), accept=accept)) is not None

    assert not answered("SELECT ?s ?g { GRAPH ?g { ?s a pact:Claim } }")
    assert answered("SELECT ?s ?g { GRAPH ?g { ?s a pact:Claim } } LIMIT 50")
    assert not answered("SELECT ?o { nowhere:x ?p ?o }")
    assert not answered("SELECT * { id:us ?p ?o }", accept="image/png")
    assert not answered("SELECT * { id:us ?p ?o }", accept="text/html,*/*")
    assert not answered("SELECT * { id:us ?p ?o }", path="/ask/agreements")
    assert lookups.answer(Request(path="/sparql", query=(("query", "ASK { ?s ?p ?o }"), ("format", "json")))) is None


def _unlike_a_lookup(request: Request, text: str) -> Request:
    return Request(path=request.path, query=(("query", text.rstrip()[:-1] + "FILTER(true) }"),), accept=request.accept)


def _body(response: object) -> bytes:
    held = bytearray()

    class Sink:
        def write(self, data: bytes, /) -> int:
            held.extend(data)
            return len(data)

        def flush(self) -> None: ...

    response.body(Sink())  # type: ignore[attr-defined]
    return bytes(held)
