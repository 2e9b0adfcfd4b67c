"""Changes over HTTP, for whoever has the token: SPARQL 1.1 Update and Graph Store Protocol, through the gate."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import IO, TYPE_CHECKING, cast

import pyoxigraph as ox

from kg import gate, terms
from kg.errors import KgError, ReadOnly, UsageError
from kg.web.message import Response
from kg.web.negotiate import best
from kg.web.problem import NotAcceptable, NotFound
from kg.web.protocol import GRAPH_FORMS, UnsupportedMedia, with_charset

if TYPE_CHECKING:
    from kg.gate import Outcome
    from kg.store import EmbeddedStore
    from kg.web.message import Request, Sink

__all__ = ["Unauthorized", "graph_store", "update"]

_SYNTAXES = ("text/turtle", "application/n-triples", "application/ld+json", "application/rdf+xml")
"""In which one graph can be sent and had."""


class Unauthorized(KgError):
    """The request needs a token, and came with none."""

    http_status = 401
    http_headers = MappingProxyType({"www-authenticate": 'Bearer realm="kg"'})


def update(place: str, request: Request, text: str) -> Response:
    """Run an update and tell what the dataset is then; it is validated first, and changes everything or nothing.

    Raises `ReadOnly`, `Unauthorized`, and what `gate.update` raises.
    """
    _refuse_unless_granted(request)
    return _told(gate.update(place, text))


def graph_store(store: EmbeddedStore, request: Request) -> Response:
    """Answer a request to a graph of the store, named in the query string, as
    https://www.w3.org/TR/sparql11-http-rdf-update/ has it: GET gives it, PUT replaces it, POST adds to it, DELETE drops
    it. The default graph is the facts view, which is worked out and cannot be written.

    Raises `NotFound`, `NotAcceptable`, `ReadOnly`, `Unauthorized`, `UsageError`, and what the gate raises.
    """
    if request.method != "GET":
        _refuse_unless_granted(request)
    graph = _graph(request)
    if request.method == "GET":
        return _given(store, graph, request)
    if graph is None:
        raise ReadOnly(
            "the default graph is the facts view, which is worked out from the claims",
            mend="write to the graph of a claim, a document or a reference file",
        )
    known = _is_there(store, graph)
    if request.method == "DELETE" and not known:
        raise NotFound(f"there is no graph {terms.compact(graph.value)}", mend="ask for the graphs with /sparql")
    triples = [] if request.method == "DELETE" else _sent(request, graph)
    outcome = gate.put_graph(store.place, graph.value, triples, keep=request.method == "POST")
    return _told(outcome, status=200 if known else 201)


def _refuse_unless_granted(request: Request) -> None:
    if request.writing == "off":
        raise ReadOnly("this service only reads", mend="kg add and kg remove change a store, and kg serve --writable")
    if request.writing == "unproven":
        raise Unauthorized("a change needs the token", mend="send it in the header Authorization: Bearer …")


def _graph(request: Request) -> ox.NamedNode | None:
    """Return the graph that a request is about; None for the default graph."""
    names = request.every("graph")
    if (len(names) == 1) == any(key == "default" for key, _ in request.query):
        raise UsageError("the request names no graph, or several", mend="ask for /data?graph=IRI or /data?default")
    if not names:
        return None
    try:
        return ox.NamedNode(names[0])
    except ValueError as error:
        raise UsageError("a graph is not named by an IRI", mend="give graph as an IRI in full") from error


def _is_there(store: EmbeddedStore, graph: ox.NamedNode) -> bool:
    """Tell whether a graph holds a triple; the engine itself remembers those that have become empty."""
    return next(iter(store.engine.quads_for_pattern(None, None, None, graph)), None) is not None


def _given(store: EmbeddedStore, graph: ox.NamedNode | None, request: Request) -> Response:
    if graph is not None and not _is_there(store, graph):
        raise NotFound(f"there is no graph {terms.compact(graph.value)}", mend="ask for the graphs with /sparql")
    media_type = best(request.accept, _SYNTAXES)
    if media_type is None:
        raise NotAcceptable(
            f"a graph cannot be had as {request.accept}", mend=f"it can be had as {', '.join(_SYNTAXES)}"
        )

    def write(sink: Sink) -> None:
        quads = store.engine.quads_for_pattern(None, None, None, graph or ox.DefaultGraph())
        triples = (quad.triple for quad in quads)
        ox.serialize(triples, cast("IO[bytes]", sink), format=GRAPH_FORMS[media_type], prefixes=terms.PREFIXES)

    return Response(media_type=with_charset(media_type), body=write, headers={"vary": "accept"})


def _sent(request: Request, graph: ox.NamedNode) -> list[ox.Triple]:
    media_type = request.content_type.partition(";")[0].strip().lower()
    if media_type not in _SYNTAXES:
        raise UnsupportedMedia(
            f"a graph is not sent as {media_type or 'nothing'}", mend=f"send one of {', '.join(_SYNTAXES)}"
        )
    try:
        quads = list(ox.parse(request.body, format=GRAPH_FORMS[media_type], base_iri=graph.value))
    except SyntaxError as error:
        raise UsageError(f"the body is not {media_type}: {error}", mend="mend the line; nothing was changed") from error
    if any(quad.graph_name != ox.DefaultGraph() for quad in quads):
        raise UsageError("the body holds graphs of its own", mend="send the triples of one graph")
    return [quad.triple for quad in quads]


def _told(outcome: Outcome, status: int = 200) -> Response:
    told = {
        "dataset": outcome.dataset_hash,
        "quads": outcome.quads,
        "documents": outcome.documents,
        "claims": outcome.claims,
        "warnings": [finding.message for finding in outcome.report.findings],
    }
    return Response(status, "application/json", json.dumps(told, ensure_ascii=False).encode("utf-8"))
