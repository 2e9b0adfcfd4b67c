"""The desk of a worker: one request in, one response out, from a store that is opened anew when it was built anew."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox

from kg import terms
from kg.dataset import dataset_hash
from kg.errors import UsageError
from kg.store import LatestStore, evaluate
from kg.web import address, assets, openapi, pages, protocol, things, void, writing
from kg.web.message import Response
from kg.web.negotiate import HTML, best
from kg.web.problem import NotAcceptable, NotFound
from kg.web.shelf import Shelf

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from kg.store import EmbeddedStore, Store
    from kg.web.message import Request

__all__ = ["Desk", "UnprocessableDate"]

_ANSWER_FORMS = {
    HTML: "page",
    "application/sparql-results+json": "json",
    "application/json": "json",
    "text/csv": "csv",
    "text/tab-separated-values": "tsv",
    "text/markdown": "md",
}
_SHORT = {
    "html": HTML,
    "json": "application/json",
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "md": "text/markdown",
}
_RESOURCES = ("id", "claim", "document", "concept", "graph")
_ONTOLOGY = terms.PACT.removesuffix("#")
_OPTIONS = ("format", "cite", "known-at", "limit", "after")


@dataclass
class Desk:
    """Answers requests from the store at `place`, quoting from the folder `texts` where there is one.

    `base` is the address at which it is served, `services` are the servers that a query may call.
    """

    place: str
    texts: Path | None = None
    base: str = terms.BASE
    services: tuple[str, ...] = ()
    _shelf: Shelf = field(default_factory=Shelf, repr=False)
    _opened: EmbeddedStore | None = field(default=None, repr=False)
    _hashed: tuple[EmbeddedStore | None, str] = field(default=(None, ""), repr=False)

    def __post_init__(self) -> None:
        self._latest = LatestStore(self.place)

    def store(self) -> EmbeddedStore:
        """Return the store as it is now; what is kept of it is given away where it has changed."""
        store = self._latest.store()
        if store is not self._opened:
            self._opened = store
            self._shelf.clear()
        return store

    def dataset_hash(self) -> str:
        """Return the hash of the dataset, worked out once for each state of the store."""
        store = self.store()
        if self._hashed[0] is not store:
            self._hashed = store, store.noted or dataset_hash(store.quads())
        return self._hashed[1]

    def answer(self, request: Request) -> Response:
        """Return the response to a request. Raises `KgError` with the status and the words for what is wrong."""
        address.stand_at(self.base)
        first, _, rest = request.path.removeprefix("/").partition("/")
        match first, rest:
            case "", "":
                return self.kept(request, lambda: ("home.html", pages.home(self.store())))
            case "sparql", "":
                return self.sparql(request)
            case "data", "":
                return writing.graph_store(self.store(), request)
            case "ask", name if name:
                return self.ask(request, name)
            case "questions", "":
                return self.questions(request)
            case "search", "":
                return self.page("search.html", pages.search(self.store(), request.first("q")))
            case "conflicts", "":
                return self.kept(
                    request, lambda: ("conflicts.html", things.conflicts_page(self.store(), _number(request)))
                )
            case "open-questions", "":
                return self.kept(
                    request, lambda: ("open-questions.html", things.questions_page(self.store(), _number(request)))
                )
            case "static", name if name:
                return assets.served(name, request.if_none_match)
            case "openapi.json", "":
                return _json(openapi.description(self.base, writable=request.writing != "off"))
            case ".well-known", "void":
                return _triples(void.description(self.store(), self.base), request)
            case "health", "":
                return _json({"status": "ok", "dataset": self.dataset_hash()})
            case kind, rest if kind in _RESOURCES and rest:
                return self.resource(request, f"{terms.BASE}{kind}/{rest}")
            case "ontology", "":
                return self.resource(request, _ONTOLOGY)
        raise NotFound(f"there is nothing at {request.path}", mend="start at /")

    def page(self, template: str, fields: Mapping[str, Any]) -> Response:
        """Return a page; it may be kept by browsers as long as the dataset stays the same."""
        return Response(body=pages.render(template, **fields))

    def kept(self, request: Request, make: Callable[[], tuple[str, Mapping[str, Any]]]) -> Response:
        """Return a page that depends on nothing but the store and its own address; it is set once for each state."""
        self.store()  # Where it was built anew, the pages of before are given away.
        key = (request.path, _number(request), request.first("as"))

        def body() -> bytes:
            template, fields = make()
            return pages.render(template, **fields)

        return Response(body=self._shelf.kept(key, body))

    def sparql(self, request: Request) -> Response:
        """Answer a query, run an update, or describe the service; a browser gets the page to write a query on."""
        if self._wants_editor(request):
            fields = pages.editor(request.first("query"), built=assets.has_editor())
            policy = {"content-security-policy": assets.EDITOR_POLICY} if assets.has_editor() else {}
            return Response(body=pages.render("sparql.html", **fields), headers={"vary": "accept", **policy})
        asked = protocol.operation(request)
        if asked.update is not None:
            return writing.update(self.place, request, asked.update)
        if asked.query is not None:
            return protocol.respond(self.store().engine, asked, request.accept, self.services)
        return _triples(protocol.service_description(self.base, writable=request.writing != "off"), request)

    def _wants_editor(self, request: Request) -> bool:
        """Tell whether a page is asked for: a query in its address is shown there, and run only when told to."""
        forms = ("text/turtle", *protocol.GRAPH_FORMS, *protocol.ROW_FORMS, HTML)
        plain = all(key == "query" for key, _ in request.query) and len(request.every("query")) < 2
        return request.method == "GET" and plain and best(request.accept, forms) == HTML

    def questions(self, request: Request) -> Response:
        """List the saved questions."""
        from kg.query import all_questions
        from kg.render import questions_json

        if best(request.accept, (HTML, "application/json")) == "application/json":
            return Response(media_type="application/json", body=questions_json(all_questions()).encode("utf-8"))
        return self.page("home.html", pages.home(self.store()))

    def ask(self, request: Request, name: str) -> Response:
        """Answer a saved question: a page with its form, or JSON, CSV, TSV or Markdown."""
        from kg.query import question

        asked = question(name)
        known = {parameter.option: parameter.name for parameter in asked.parameters}
        given = {
            known.get(key, key): value
            for key, value in request.query
            if value and (key in known or key not in _OPTIONS)
        }
        form = self._form(request)
        cited = request.first("cite") not in ("", "0", "false")
        tag = f'"{self.dataset_hash()[:32]}"'
        if request.if_none_match == tag:
            return Response(304, headers={"etag": tag})
        headers = {"etag": tag, "vary": "accept", "cache-control": "no-cache"}
        if form == "page":
            body = pages.render(
                "question.html", **pages.question_page(self._view(request), asked, given, request, self.texts)
            )
            return Response(body=body, headers=headers)
        from kg.answer import ask
        from kg.render import answer_text

        answer = ask(self._view(request), name, given, cited=cited, texts=self.texts, part=pages.part_of(request))
        if answer.next:
            headers["link"] = f'<{pages.next_part(request, answer)}>; rel="next"'
        media_type = next(media for media, short in _ANSWER_FORMS.items() if short == form)
        if form == "csv":
            headers["content-disposition"] = f'attachment; filename="{name}.csv"'
        charset = "; charset=utf-8" if media_type.startswith("text/") else ""
        return Response(
            media_type=media_type + charset, body=answer_text(answer, form).encode("utf-8"), headers=headers
        )

    def _form(self, request: Request) -> str:
        short = request.first("format")
        media_type = _SHORT.get(short, short) if short else best(request.accept, tuple(_ANSWER_FORMS))
        if media_type not in _ANSWER_FORMS:
            raise NotAcceptable(
                f"an answer cannot be had as {short or request.accept}", mend=f"give format={'|'.join(_SHORT)}"
            )
        return _ANSWER_FORMS[media_type]

    def _view(self, request: Request) -> Store:
        day = request.first("known-at")
        if not day:
            return self.store()
        from datetime import date

        from kg.known import known_at

        try:
            return known_at(self.store(), date.fromisoformat(day))
        except ValueError as error:
            raise UnprocessableDate(f"“{day}” is no date", mend="write it as YYYY-MM-DD") from error

    def resource(self, request: Request, iri: str) -> Response:
        """Answer for an IRI of ours: a page, or the triples of the facts view and of claims about it."""
        store = self.store()
        forms = (HTML, *protocol.GRAPH_FORMS)
        media_type = best(request.accept, forms)
        if media_type is None:
            raise NotAcceptable(f"this cannot be had as {request.accept}", mend=f"it can be had as {', '.join(forms)}")
        if media_type == HTML:

            def make() -> tuple[str, Mapping[str, Any]]:
                return pages.resource_page(store, iri, self.texts, _number(request), request.first("as"))

            # The pages of claims and documents show words, which lie in files of their own.
            return self.kept(request, make) if iri.startswith((terms.ID, terms.PV)) else self.page(*make())
        node = ox.NamedNode(iri)
        if iri == _ONTOLOGY:  # The IRIs of its terms lead here, so they are told too.
            about = f"{{ VALUES ?s {{ {node} }} }} UNION {{ ?s rdfs:isDefinedBy {node} }} ?s ?p ?o"
            triples = evaluate(store.engine, f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ {about} }}")
        else:
            about = f"{{ {node} ?p ?o }} UNION {{ ?s ?q {node} }}"
            triples = evaluate(store.engine, f"CONSTRUCT {{ {node} ?p ?o . ?s ?q {node} }} WHERE {{ {about} }}")
        assert isinstance(triples, ox.QueryTriples)
        found = list(triples)
        if not found:
            raise NotFound(f"nothing here is called {terms.compact(iri)}", mend="start at /")
        return _triples(found, request)


class UnprocessableDate(UsageError):
    """A date in the address is none."""

    http_status = 422


def _number(request: Request) -> int:
    return things.page_number(request.first("page"))


def _json(value: Any) -> Response:
    return Response(media_type="application/json", body=json.dumps(value).encode("utf-8"))


def _triples(triples: list[Any], request: Request) -> Response:
    media_type = best(request.accept, tuple(protocol.GRAPH_FORMS)) or "text/turtle"
    body = ox.serialize(triples, format=protocol.GRAPH_FORMS[media_type], prefixes=terms.PREFIXES) or b""
    charset = "; charset=utf-8" if media_type.startswith("text/") else ""
    return Response(media_type=media_type + charset, body=body, headers={"vary": "accept"})
