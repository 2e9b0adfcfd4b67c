"""The pages: what each shows, worked out from the store, and the templates that set it."""

from __future__ import annotations

from functools import cache, lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox

from kg import entity, terms
from kg.claim import coverage
from kg.document import check_text, read_text
from kg.errors import BadParameter
from kg.query import all_questions
from kg.render.pages import dates
from kg.sparql import serialised
from kg.web.address import root
from kg.web.assets import ontology_terms
from kg.web.problem import NotFound
from kg.web.things import thing_page

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from jinja2 import Environment

    from kg.answer import Answer, Part
    from kg.document import SourceDocument
    from kg.query import Parameter, Question
    from kg.store import EmbeddedStore, Store
    from kg.web.message import Request

__all__ = [
    "editor",
    "home",
    "link",
    "next_part",
    "part_of",
    "question_page",
    "render",
    "resource_page",
    "search",
]


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("kg.web"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals.update(link=link, root=root, short=terms.compact, dates=dates)
    return environment


def render(template: str, **fields: Any) -> bytes:
    """Return a page as HTML in UTF-8; every value is escaped."""
    return _environment().get_template(template).render(**fields).encode("utf-8")


def link(iri: str) -> str:
    """Return where a thing is found: its own page for what is ours, its own address for http, nowhere for the rest."""
    if iri.startswith(terms.PACT):
        return f"{root()}/ontology#{iri.removeprefix(terms.PACT)}"
    if iri.startswith(terms.BASE):
        return f"{root()}/{iri.removeprefix(terms.BASE)}"
    return iri if iri.startswith(("http://", "https://")) else ""


# --- home, search, editor ---------------------------------------------------------------------------------------------


def home(store: EmbeddedStore) -> dict[str, Any]:
    """Return what the first page shows: the questions as forms, and how much there is to ask of."""
    groups: dict[str, list[Question]] = {}
    for question in all_questions():
        groups.setdefault(question.tags[0] if question.tags else "other", []).append(question)
    targets = {
        p.target: p for questions in groups.values() for q in questions for p in q.parameters if p.kind != "date"
    }
    return {
        "title": "Pactgraph",
        "groups": groups,
        "choices": {target: _choices(store, parameter) for target, parameter in targets.items()},
        "counts": _counts(store),
    }


@lru_cache(maxsize=2)
def _counts(store: EmbeddedStore) -> dict[str, int]:
    """Return how much an opened store holds; it never changes, so this is counted once."""
    classes = {"documents": "SourceDocument", "claims": "Claim", "agreements": "Agreement"}
    found = {}
    for name, class_ in classes.items():
        [row] = entity.select(store, f"SELECT (COUNT(*) AS ?n) WHERE {{ ?x a pact:{class_} }}")
        found[name] = int(row["n"].value)
    return found


def _choices(store: Store, parameter: Parameter, most: int = 500) -> list[tuple[str, str]]:
    """Return the values to pick from, by name and label; nothing where there are too many to pick from."""
    if parameter.kind == "scheme":
        found = entity.concepts(store, parameter.target)
    elif parameter.target == entity.ANYTHING:
        found = []
    else:
        found = entity.members(store, parameter.target, most)
    return [(terms.compact(iri), label or terms.compact(iri)) for iri, label in found[:most]]


def search(store: EmbeddedStore, text: str, most: int = 50) -> dict[str, Any]:
    """Return the things whose label or alias holds `text`, in any letter case, the shortest label first."""
    rows = []
    if text.strip():
        wanted = ox.Literal(text.strip().casefold())
        rows = entity.select(
            store,
            f"""SELECT DISTINCT ?thing ?label WHERE {{
              ?thing skos:prefLabel|skos:altLabel ?found . FILTER(CONTAINS(LCASE(STR(?found)), {wanted}))
              ?thing skos:prefLabel ?label .
            }} ORDER BY STRLEN(?label) ?label ?thing LIMIT {most}""",
        )
    found = [(row["thing"].value, row["label"].value) for row in rows]
    return {"title": f"Search: {text}" if text else "Search", "text": text, "found": found}


def editor(query: str, *, built: bool) -> dict[str, Any]:
    """Return what the page with the query form shows: a query, or an example; `built` tells whether the editor is."""
    return {
        "title": "SPARQL",
        "query": query or "SELECT ?a { ?a a pact:Agreement ; pact:party id:us, id:sv }",
        "questions": all_questions(),
        "prefixes": terms.PREFIXES,
        "base": terms.BASE,
        "built": built,
    }


# --- a question -------------------------------------------------------------------------------------------------------


def question_page(
    store: Store, asked: Question, given: Mapping[str, str], request: Request, texts: Path | None
) -> dict[str, Any]:
    """Return what the page of a question shows: its form, and its cited answer once nothing required is missing."""
    from urllib.parse import urlencode

    missing = [p for p in asked.parameters if not p.optional and p.name not in given]
    answer = None
    if not missing:
        from kg.answer import Part, ask

        answer = ask(store, asked.name, given, cited=True, texts=texts, part=part_of(request) or Part(ROWS))
    query = [(key, value) for key, value in request.query if key not in ("format", "cite", "limit", "after") and value]
    return {
        "title": asked.summary,
        "asked": asked,
        "given": given,
        "choices": {p.name: _choices(store, p) for p in asked.parameters if p.kind != "date"},
        "missing": missing,
        "answer": answer,
        "following": next_part(request, answer) if answer else "",
        "cells": _cells(answer) if answer else ([], []),
        "sparql": answer.query if answer else asked.text,
        "day": request.first("known-at"),
        "download": lambda form: f"{root()}/ask/{asked.name}?{urlencode([*query, ('format', form), ('cite', '1')])}",
    }


ROWS = 200
"""Rows of an answer that stand on one page."""


def part_of(request: Request) -> Part | None:
    """Return the part of an answer that `limit` and `after` ask for. Raises `BadParameter` for a limit that is none."""
    from kg.answer import Part

    limit, after = request.first("limit"), request.first("after")
    if not (limit or after):
        return None
    most = int(limit) if limit.isascii() and limit.isdecimal() and len(limit) < 10 else 0 if limit else ROWS
    if most < 1:
        raise BadParameter(f"limit takes a number of rows, and “{limit}” is none", mend="give 1 or more")
    return Part(most, after)


def next_part(request: Request, answer: Answer) -> str:
    """Return the address of the part that follows `answer`, which a request asked for; empty where it is the last."""
    from urllib.parse import urlencode

    query = [(key, value) for key, value in request.query if key != "after"]
    return f"{root()}{request.path}?{urlencode([*query, ('after', answer.next)])}" if answer.next else ""


def _cells(answer: Any) -> tuple[list[str], list[list[dict[str, str]]]]:
    """Return headings and rows for a page: text, and where it leads."""
    from kg.render.answers import plain

    shown = [i for i, column in enumerate(answer.columns) if column not in answer.labels]
    used = [i for i in shown if any(row[i] is not None for row in answer.rows)]
    rows = []
    for row in answer.rows:
        cells = []
        for i in used:
            cell = row[i]
            labelled = f"{answer.columns[i]}Label" in answer.labels
            text = plain(row[i + 1]) if labelled else plain(cell)
            cells.append({"text": text, "href": link(cell.value) if isinstance(cell, ox.NamedNode) else ""})
        rows.append(cells)
    return [_words(answer.columns[i]) for i in used], rows


def _words(name: str) -> str:
    return "".join(f" {char.lower()}" if char.isupper() else char for char in name)


# --- a thing, a claim, a document -------------------------------------------------------------------------------------


def resource_page(
    store: EmbeddedStore, iri: str, texts: Path | None, number: int = 1, role: str = ""
) -> tuple[str, dict[str, Any]]:
    """Return the template and the fields of the page of an IRI, or one of its claims or role. Raises `NotFound`."""
    if iri == terms.PACT.removesuffix("#"):
        return _ontology_page(store, iri, number)
    if iri.startswith(terms.CLAIM):
        return "claim.html", _claim_page(store, iri, texts)
    if iri.startswith(terms.DOC):
        return "document.html", _document_page(store, iri, texts)
    return thing_page(store, iri, number, role)


def _ontology_page(store: EmbeddedStore, iri: str, number: int) -> tuple[str, dict[str, Any]]:
    """Return the page with all terms; where it was not built, what the store says of the ontology."""
    if laid_out := ontology_terms():
        from markupsafe import Markup

        return "ontology.html", {"title": "Ontology", "terms": Markup(laid_out)}
    template, fields = thing_page(store, iri, number)
    return template, fields | {"notice": "The page with all terms was not built here (make docs)."}


def _claim_page(store: EmbeddedStore, iri: str, texts: Path | None) -> dict[str, Any]:
    from kg.cite import RowCitation, claims_of, notes

    found = claims_of(store, [iri])
    if not found:
        raise NotFound(f"there is no claim {terms.compact(iri)}", mend="start at /")
    noted = notes(store, [RowCitation(tuple(found), (), ())], texts)
    rows = entity.select(
        store, f"SELECT ?s ?p ?o WHERE {{ GRAPH {ox.NamedNode(iri)} {{ ?s ?p ?o }} }} ORDER BY ?s ?p ?o"
    )
    named = {term.value for row in rows for term in row if isinstance(term, ox.NamedNode)}
    names = entity.labels(store, named | set(found[0].stated_by)) | {terms.RDF + "type": "is a"}
    content = [(thing, list(about)) for thing, about in groupby(rows, key=lambda row: row["s"])]
    return {"title": found[0].statement, "claim": found[0], "note": noted.notes[0], "content": content, "names": names}


def _document_page(store: EmbeddedStore, iri: str, texts: Path | None) -> dict[str, Any]:
    node = serialised(ox.NamedNode(iri))
    rows = entity.select(
        store,
        f"""SELECT ?s ?p ?o WHERE {{
          {{ SELECT DISTINCT ?s WHERE {{ {{ VALUES ?s {{ {node} }} }} UNION {{ ?s dcterms:isPartOf {node} }}
            UNION {{ ?passage dcterms:isPartOf {node} . ?passage oa:hasSelector ?s }}
            UNION {{ ?s pact:fromDocument {node} }} }} }} ?s ?p ?o }}""",
    )
    quads = [ox.Quad(row["s"], row["p"], row["o"]) for row in rows]
    found = next((each for each in coverage(quads) if each.document.iri == iri), None)
    if found is None:
        raise NotFound(f"there is no document {terms.compact(iri)}", mend="start at /")
    words = _words_of(found.document, texts)
    from kg.cite import claims_of

    claims = {claim.iri: claim for claim in claims_of(store, {c for each in found.claims.values() for c in each})}
    return {"title": found.document.title, "found": found, "words": words, "claims": claims}


def _words_of(document: SourceDocument, texts: Path | None) -> dict[str, str]:
    """Return the words of each passage, where the operator holds the very text; else nothing."""
    if texts is None or not (check := check_text(document, texts)).holds or check.file is None:
        return {}
    text = read_text(check.file)
    return {passage.iri: text[passage.start : passage.end] for passage in document.passages}
