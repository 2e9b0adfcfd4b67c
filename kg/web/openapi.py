"""The saved questions as an OpenAPI 3.1 description, made from their headers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kg import __version__
from kg.query import all_questions
from kg.web.address import root

if TYPE_CHECKING:
    from kg.query import Parameter, Question

__all__ = ["description"]

_FORMS = {
    "application/sparql-results+json": {"type": "object", "required": ["head", "results"]},
    "text/csv": {"type": "string"},
    "text/tab-separated-values": {"type": "string"},
    "text/markdown": {"type": "string"},
    "text/html": {"type": "string"},
}


def description(base: str, *, writable: bool = False) -> dict[str, Any]:
    """Return the description of questions, endpoint and health at `base` (https://spec.openapis.org/oas/v3.1.0).

    What changes the store is in it where the service is writable.
    """
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Pactgraph",
            "version": __version__,
            "description": "Saved questions on agreements, policies and actors; every row can cite its claims.",
            "license": {"name": "MIT (code), CC BY 4.0 (data)", "identifier": "MIT AND CC-BY-4.0"},
        },
        "servers": [{"url": root() or "/"}, {"url": base}],
        "paths": {
            **{f"/ask/{question.name}": {"get": _question(question)} for question in all_questions()},
            "/questions": {"get": _simple("The saved questions.", ("application/json", "text/html"))},
            "/health": {"get": _simple("Whether the service answers, and its dataset.", ("application/json",))},
            "/sparql": _sparql(),
            "/data": _graph_store(writable=writable),
        },
        "components": {
            "schemas": {"Problem": _problem()},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _question(question: Question) -> dict[str, Any]:
    return {
        "operationId": question.name,
        "summary": question.summary,
        "description": question.description,
        "tags": list(question.tags),
        "parameters": [
            *(_parameter(parameter) for parameter in question.parameters),
            _option("format", "The form; otherwise by Accept.", {"enum": ["html", "json", "csv", "tsv", "md"]}),
            _option("cite", "1 to name, for each row, the claims it rests on.", {"enum": ["0", "1"]}),
            _option(
                "limit",
                "Rows of a part; Link: rel=next leads to the part after it.",
                {"pattern": "^[0-9]+$"},
            ),
            _option("after", "Where a part begins, as Link: rel=next has it.", {}),
            _option("known-at", "Only what documents say that were surely issued by this day.", {"format": "date"}),
        ],
        "responses": {
            "200": {"description": "The answer.", "content": {key: {"schema": form} for key, form in _FORMS.items()}},
            "304": {"description": "The answer has not changed (If-None-Match)."},
            **_problems("404", "406", "422", "503", "504"),
        },
    }


def _parameter(parameter: Parameter) -> dict[str, Any]:
    schema = {"format": "date"} if parameter.kind == "date" else {}
    written = _option(parameter.option, f"{parameter.summary} Takes {parameter.takes}.", schema)
    return {**written, "required": not parameter.optional, "example": parameter.example}


def _option(name: str, text: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": text, "schema": {"type": "string", **schema}}


def _simple(text: str, media: tuple[str, ...]) -> dict[str, Any]:
    return {"summary": text, "responses": {"200": {"description": text, "content": {each: {} for each in media}}}}


def _sparql() -> dict[str, Any]:
    forms = ("application/sparql-results+json", "application/sparql-results+xml", "text/csv", "text/turtle")
    told: dict[str, Any] = {"externalDocs": {"url": "https://www.w3.org/TR/sparql11-protocol/"}}
    text = {"schema": {"type": "string"}}
    fields = {"query": {"type": "string"}, "update": {"type": "string"}}
    return {
        "get": {
            "summary": "A query, by the SPARQL 1.1 Protocol; without one, the service described.",
            "parameters": [
                _option("query", "A query that reads; the usual prefixes are built in.", {}),
                _option("rewrite", "Whether it may run in a form with the same rows that is sooner.", {"enum": ["no"]}),
            ],
            "responses": {
                "200": {"description": "The result.", "content": {each: {} for each in (*forms, "text/html")}},
                **_problems("400", "403", "406", "413", "503", "504"),
            },
            **told,
        },
        "post": {
            "summary": "A query; or an update, where the service is writable, with the token.",
            "requestBody": {
                "required": True,
                "content": {
                    "application/sparql-query": text,
                    "application/sparql-update": text,
                    "application/x-www-form-urlencoded": {"schema": {"type": "object", "properties": fields}},
                },
            },
            "responses": {
                "200": {"description": "The result.", "content": {each: {} for each in (*forms, "application/json")}},
                **_problems("400", "401", "403", "406", "413", "415", "422", "503", "504"),
            },
            "security": [{}, {"token": []}],
            **told,
        },
    }


def _graph_store(*, writable: bool) -> dict[str, Any]:
    syntaxes = ("text/turtle", "application/n-triples", "application/ld+json", "application/rdf+xml")
    told: dict[str, Any] = {"externalDocs": {"url": "https://www.w3.org/TR/sparql11-http-rdf-update/"}}
    names = [_option("graph", "The graph, by its IRI.", {}), _option("default", "The facts view, to read.", {})]
    body: dict[str, Any] = {"required": True, "content": {each: {"schema": {"type": "string"}} for each in syntaxes}}
    changed: dict[str, Any] = {
        **{status: {"description": "Done.", "content": {"application/json": {}}} for status in ("200", "201")},
        **_problems("400", "401", "403", "404", "413", "415", "422", "503", "504"),
    }
    change: dict[str, Any] = {"parameters": names, "responses": changed, "security": [{"token": []}], **told}
    reading = {
        "get": {
            "summary": "One graph, by the Graph Store Protocol.",
            "parameters": names,
            "responses": {
                "200": {"description": "Its triples.", "content": {each: {} for each in syntaxes}},
                **_problems("400", "404", "406", "413", "503", "504"),
            },
            **told,
        }
    }
    if not writable:
        return reading
    return reading | {
        "put": {"summary": "Put triples in the place of a graph.", "requestBody": body, **change},
        "post": {"summary": "Add triples to a graph.", "requestBody": body, **change},
        "delete": {"summary": "Drop a graph.", **change},
    }


def _problems(*statuses: str) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": "What is wrong, in a sentence.", "content": content} for status in statuses}


def _problem() -> dict[str, Any]:
    fields = {"type": "string", "title": "string", "status": "integer", "detail": "string"}
    return {
        "type": "object",
        "description": "Problem details (RFC 9457).",
        "required": ["title", "status"],
        "properties": {name: {"type": kind} for name, kind in fields.items()},
    }
