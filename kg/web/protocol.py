"""The SPARQL 1.1 Protocol (https://www.w3.org/TR/sparql11-protocol/): what a request asks for, and answers."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import IO, TYPE_CHECKING, cast
from urllib.parse import parse_qsl

import pyoxigraph as ox

from kg import sparql, terms
from kg.errors import UsageError
from kg.query import all_questions
from kg.store import evaluate
from kg.web.message import Response
from kg.web.negotiate import HTML, best
from kg.web.problem import NotAcceptable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from kg.store import Results
    from kg.web.message import Request, Sink

__all__ = [
    "GRAPH_FORMS",
    "ROW_FORMS",
    "Operation",
    "UnsupportedMedia",
    "operation",
    "respond",
    "service_description",
    "with_charset",
]

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
_FORMATS = "http://www.w3.org/ns/formats/"
_FORMAT_NAMES = ["SPARQL_Results_JSON", "SPARQL_Results_XML", "SPARQL_Results_CSV", "SPARQL_Results_TSV"]
_FORMAT_NAMES += ["Turtle", "N-Triples", "JSON-LD", "RDF_XML", "TriG", "N-Quads"]
_SHORT = {"json": "application/sparql-results+json", "xml": "application/sparql-results+xml", "csv": "text/csv"}
_SHORT |= {"tsv": "text/tab-separated-values", "turtle": "text/turtle", "jsonld": "application/ld+json"}


@dataclass(frozen=True)
class Operation:
    """What a request to `/sparql` asks for: a query or an update, none of which asks for the service's description."""

    parameters: tuple[tuple[str, str], ...] = ()
    query: str | None = None
    update: str | None = None


def operation(request: Request) -> Operation:
    """Return the operation of a request, wherever the ways of the protocol put it.

    Graphs that the parameters of an update name stand in its text, as USING. Raises `UsageError` for a malformed
    request and `UnsupportedMedia`.
    """
    content_type = request.content_type.partition(";")[0].strip().lower()
    parameters = list(request.query)
    if request.method == "POST":
        match content_type:
            case "application/sparql-query" | "application/sparql-update":
                parameters.append((content_type.rpartition("-")[2], _decoded(request.body)))
            case "application/x-www-form-urlencoded":
                parameters = parse_qsl(_decoded(request.body), keep_blank_values=True)
            case _:
                raise UnsupportedMedia(
                    f"a query is not sent as {content_type or 'nothing'}",
                    mend="send application/sparql-query, application/sparql-update or a form",
                )
    texts = [(key, value) for key, value in parameters if key in ("query", "update")]
    if len(texts) > 1:
        raise UsageError("the request holds several queries or updates", mend="send one")
    if not texts and request.method == "POST":
        raise UsageError("the request holds no query", mend="send it as the parameter query")
    kept = tuple((key, value) for key, value in parameters if (key, value) not in texts)
    match texts:
        case [("update", _)] if request.method != "POST":
            raise UsageError("an update came with GET", mend="send it with POST")
        case [("update", text)]:
            return Operation(kept, update=_with_using(text, kept))
        case [("query", text)]:
            return Operation(kept, query=text)
    return Operation(kept)


def _with_using(text: str, parameters: Iterable[tuple[str, str]]) -> str:
    """Return an update with the graphs of `using-graph-uri` and `using-named-graph-uri` written out before each WHERE.

    The protocol (section 2.2.3) forbids them beside USING, USING NAMED and WITH in the text.
    """
    words = {"using-graph-uri": "USING", "using-named-graph-uri": "USING NAMED"}
    clauses = [f"{words[key]} {_node(value)}" for key, value in parameters if key in words]
    if not clauses:
        return text
    places = sparql.keywords(text, "USING", "WITH", "WHERE", "DELETE")
    if any(word in ("USING", "WITH") for word, _ in places):
        raise UsageError("the update names its graphs twice", mend="name them in the text or in the address")
    if any(one == "DELETE" and "{" not in text[start:end] for (one, start), (_, end) in pairwise(places)):
        raise UsageError("DELETE WHERE takes no graphs from the address", mend="write DELETE { … } WHERE { … }")
    for _, place in reversed([found for found in places if found[0] == "WHERE"]):
        text = f"{text[:place]}{' '.join(clauses)} {text[place:]}"
    return text


def respond(engine: ox.Store, asked: Operation, accept: str, services: tuple[str, ...] = ()) -> Response:
    """Answer a query, which may call the servers in `services`.

    It is run in the form with the same rows that is answered sooner, unless the request has `rewrite=no`: so whoever
    doubts a form can compare. Raises `ReadOnly` for an update, `QuerySyntaxError`, and `NotAcceptable`.
    """
    text = asked.query or ""
    form = sparql.form_of(text, services)
    offers = ROW_FORMS if form in ("SELECT", "ASK") else GRAPH_FORMS
    media_type = _wanted(accept, asked.parameters, tuple(offers))
    default = [_node(iri) for key, iri in asked.parameters if key == "default-graph-uri"]
    named = [_node(iri) for key, iri in asked.parameters if key == "named-graph-uri"]
    found = evaluate(
        engine,
        text,
        default_graph=[*default] or None,
        named_graphs=[*named] or None,
        services=services,
        rewrite=("rewrite", "no") not in asked.parameters,
    )
    return Response(media_type=with_charset(media_type), body=_writer(found, media_type), headers={"vary": "accept"})


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


def _wanted(accept: str, parameters: Iterable[tuple[str, str]], offers: tuple[str, ...]) -> str:
    short = next((value for key, value in parameters if key == "format"), "")
    media_type = _SHORT.get(short, short) if short else best(accept, offers)
    if media_type not in offers and not short and best(accept, (HTML,)) == HTML:
        # A browser asks for pages; the plainest form of the result is shown as text.
        return offers[0]
    if media_type not in offers:
        raise NotAcceptable(
            f"the result cannot be had as {short or accept}", mend=f"it can be had as {', '.join(offers)}"
        )
    return media_type


def with_charset(media_type: str) -> str:
    """Return a media type with its charset, where it is text."""
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


def service_description(base: str, *, writable: bool = False) -> list[ox.Triple]:
    """Return the description of the service at `base` (https://www.w3.org/TR/sparql11-service-description/).

    The saved questions stand in it as executable SELECT queries (https://www.w3.org/TR/shacl-af/, section 5.2).
    """
    sd, sh, formats = "http://www.w3.org/ns/sparql-service-description#", terms.PREFIXES["sh"], _FORMATS
    endpoint = f"{base}sparql"
    triples: list[ox.Triple] = []

    def add(subject: str, predicate: str, value: str | ox.Literal) -> None:
        term = ox.NamedNode(value) if isinstance(value, str) else value
        triples.append(ox.Triple(ox.NamedNode(subject), ox.NamedNode(predicate), term))

    add(endpoint, terms.RDF + "type", sd + "Service")
    add(endpoint, sd + "endpoint", endpoint)
    add(endpoint, sd + "supportedLanguage", sd + "SPARQL11Query")
    if writable:
        add(endpoint, sd + "supportedLanguage", sd + "SPARQL11Update")
    for name in _FORMAT_NAMES:
        add(endpoint, sd + "resultFormat", formats + name)
    for question in all_questions():
        node = f"{base}ask/{question.name}"
        add(node, terms.RDF + "type", sh + "SPARQLExecutable")
        add(node, terms.RDF + "type", sh + "SPARQLSelectExecutable")
        add(node, terms.PREFIXES["rdfs"] + "label", ox.Literal(question.name))
        add(node, terms.PREFIXES["rdfs"] + "comment", ox.Literal(question.summary, language="en"))
        add(node, sh + "select", ox.Literal(question.text))
        add(node, terms.PREFIXES["schema"] + "target", endpoint)
    return triples
