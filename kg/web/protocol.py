"""The SPARQL 1.1 Protocol (https://www.w3.org/TR/sparql11-protocol/), for reading."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, cast
from urllib.parse import parse_qsl

import pyoxigraph as ox

from kg import sparql, terms
from kg.errors import ReadOnly, UsageError
from kg.store import evaluate
from kg.web.message import Response
from kg.web.negotiate import HTML, best
from kg.web.problem import NotAcceptable

if TYPE_CHECKING:
    from collections.abc import Callable

    from kg.store import Results
    from kg.web.message import Request, Sink

__all__ = ["GRAPH_FORMS", "ROW_FORMS", "UnsupportedMedia", "respond", "service_description"]

ROW_FORMS = {
    "application/sparql-results+json": ox.QueryResultsFormat.JSON,
    "application/sparql-results+xml": ox.QueryResultsFormat.XML,
    "text/csv": ox.QueryResultsFormat.CSV,
    "text/tab-separated-values": ox.QueryResultsFormat.TSV,
    "application/json": ox.QueryResultsFormat.JSON,
    "application/xml": ox.QueryResultsFormat.XML,
}
GRAPH_FORMS = {
    "text/turtle": ox.RdfFormat.TURTLE,
    "application/n-triples": ox.RdfFormat.N_TRIPLES,
    "application/ld+json": ox.RdfFormat.JSON_LD,
    "application/rdf+xml": ox.RdfFormat.RDF_XML,
    "application/trig": ox.RdfFormat.TRIG,
    "application/n-quads": ox.RdfFormat.N_QUADS,
}
_SHORT = {"json": "application/sparql-results+json", "xml": "application/sparql-results+xml", "csv": "text/csv"}
_SHORT |= {"tsv": "text/tab-separated-values", "turtle": "text/turtle", "jsonld": "application/ld+json"}
_FORM = "application/x-www-form-urlencoded"


def respond(engine: ox.Store, request: Request) -> Response | None:
    """Answer a request to `/sparql`; None where it holds no query, which asks for the service's description.

    Raises `UsageError` for a malformed request, `ReadOnly` for an update, `QuerySyntaxError`, and `NotAcceptable`.
    """
    parameters, text = _parts(request)
    if text is None:
        return None
    form = sparql.form_of(text)
    offers = ROW_FORMS if form in ("SELECT", "ASK") else GRAPH_FORMS
    media_type = _wanted(request, parameters, tuple(offers))
    default = [_node(iri) for key, iri in parameters if key == "default-graph-uri"]
    named = [_node(iri) for key, iri in parameters if key == "named-graph-uri"]
    found = evaluate(engine, text, default_graph=[*default] or None, named_graphs=[*named] or None)
    return Response(media_type=_with_charset(media_type), body=_writer(found, media_type), headers={"vary": "accept"})


def _parts(request: Request) -> tuple[list[tuple[str, str]], str | None]:
    """Return the parameters of a request and its query, wherever the three ways of the protocol put it."""
    content_type = request.content_type.partition(";")[0].strip().lower()
    parameters = list(request.query)
    if request.method == "POST":
        if content_type == "application/sparql-query":
            return parameters, _decoded(request.body)
        if content_type == "application/sparql-update":
            raise ReadOnly("this endpoint only reads", mend="kg add and kg remove change a store")
        if content_type != _FORM:
            raise UnsupportedMedia(
                f"a query is not sent as {content_type or 'nothing'}", mend=f"send application/sparql-query or {_FORM}"
            )
        parameters = parse_qsl(_decoded(request.body), keep_blank_values=True)
    if any(key == "update" for key, _ in parameters):
        raise ReadOnly("this endpoint only reads", mend="kg add and kg remove change a store")
    queries = [value for key, value in parameters if key == "query"]
    if len(queries) > 1:
        raise UsageError("the request holds several queries", mend="send one")
    if not queries and request.method == "POST":
        raise UsageError("the request holds no query", mend="send it as the parameter query")
    return parameters, queries[0] if queries else None


class UnsupportedMedia(UsageError):
    """The body of a request has a form that is not understood."""

    http_status = 415


def _decoded(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError("the body is not UTF-8", mend="send it as UTF-8") from error


def _node(iri: str) -> ox.NamedNode:
    try:
        return ox.NamedNode(iri)
    except ValueError as error:
        raise UsageError(
            "a graph is not named by an IRI", mend="give default-graph-uri and named-graph-uri as IRIs"
        ) from error


def _wanted(request: Request, parameters: list[tuple[str, str]], offers: tuple[str, ...]) -> str:
    short = next((value for key, value in parameters if key == "format"), "")
    media_type = _SHORT.get(short, short) if short else best(request.accept, offers)
    if media_type not in offers and not short and best(request.accept, (HTML,)) == HTML:
        # A browser asks for pages; the plainest form of the result is shown as text.
        return offers[0]
    if media_type not in offers:
        raise NotAcceptable(
            f"the result cannot be had as {short or request.accept}", mend=f"it can be had as {', '.join(offers)}"
        )
    return media_type


def _with_charset(media_type: str) -> str:
    return f"{media_type}; charset=utf-8" if media_type.startswith("text/") else media_type


def _writer(found: Results, media_type: str) -> Callable[[Sink], None]:
    """Return what writes a result piece by piece, as the engine serialises it."""

    def write(sink: Sink) -> None:
        out = cast("IO[bytes]", sink)
        if isinstance(found, ox.QueryTriples):
            ox.serialize(found, out, format=GRAPH_FORMS[media_type], prefixes=terms.PREFIXES)
        else:
            found.serialize(out, format=ROW_FORMS[media_type])

    return write


def service_description(endpoint: str) -> list[ox.Triple]:
    """Return the description of the service (https://www.w3.org/TR/sparql11-service-description/)."""
    sd, rdf = "http://www.w3.org/ns/sparql-service-description#", terms.RDF
    formats = "http://www.w3.org/ns/formats/"
    service = ox.NamedNode(endpoint)

    def add(predicate: str, value: str) -> ox.Triple:
        return ox.Triple(service, ox.NamedNode(predicate), ox.NamedNode(value))

    names = ["SPARQL_Results_JSON", "SPARQL_Results_XML", "SPARQL_Results_CSV", "SPARQL_Results_TSV"]
    names += ["Turtle", "N-Triples", "JSON-LD", "RDF_XML", "TriG", "N-Quads"]
    return [
        add(rdf + "type", sd + "Service"),
        add(sd + "endpoint", endpoint),
        add(sd + "supportedLanguage", sd + "SPARQL11Query"),
        *(add(sd + "resultFormat", formats + name) for name in names),
    ]
