"""Hand-made worlds: a few claims and a little reference data, small enough to tell by hand what a row rests on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pyoxigraph as ox
from support import PREFIXES

from kg import terms
from kg.cite import RowCitation, cite
from kg.claim import Claim, quads_from
from kg.store import EmbeddedStore

REFERENCE = ox.NamedNode(terms.GRAPH + "reference/r")


def claim(number: str, content: str, document: str = "d", **record: str) -> Claim:
    """Return the claim `c<number>` of a document, whose content is Turtle; a fact unless `record` says otherwise.

    `record` has local names: `modality="alleged"`, `stated_by="someone"`.
    """
    given = {"modality": "factual", "polarity": "affirmed", "review_status": "accepted"} | record
    places = {"stated_by": terms.ID, "reported_by": terms.ID}
    return Claim(
        iri=f"{terms.CLAIM}{document}-{number}",
        statements=(f"Statement {number}.",),
        documents=(terms.DOC + document,),
        content=frozenset(quad.triple for quad in turtle(content)),
        **{name: tuple(places.get(name, terms.PV) + each for each in value.split()) for name, value in given.items()},
    )


def turtle(text: str) -> Iterable[ox.Quad]:
    return ox.parse(PREFIXES + text, format=ox.RdfFormat.TURTLE)


def store_of(
    claims: Iterable[Claim], reference: str = "", more: Iterable[ox.Quad] = (), without: Iterable[str] = ()
) -> EmbeddedStore:
    """Return a store of claims and of reference data in Turtle, with its facts view; `without` are claims left out."""
    left_out = set(without)
    quads = {quad for each in claims if each.iri not in left_out for quad in quads_from(each)} | set(more)
    quads |= {ox.Quad(quad.subject, quad.predicate, quad.object, REFERENCE) for quad in turtle(reference)}
    return EmbeddedStore.of(quads)


def facts_of(contents: Mapping[str, str], reference: str = "") -> EmbeddedStore:
    """Return a store of factual claims, by number."""
    return store_of([claim(number, content) for number, content in contents.items()], reference)


@dataclass(frozen=True)
class Cited:
    """A row in short, and in short what it rests on: numbers of claims, names of graphs of reference data."""

    row: tuple[str | None, ...]
    claims: str
    references: str = ""
    is_absence: bool = False


def citing(store: EmbeddedStore, text: str) -> list[Cited]:
    """Return the rows of a query with what they rest on, in short."""
    rows, citations = rows_and_citations(store, text)
    return [
        Cited(
            row=tuple(short(cell) for cell in row),
            claims=" ".join(each.iri.rpartition("-")[2] for each in citation.claims),
            references=" ".join(iri.rpartition("/")[2] for iri in citation.references),
            is_absence=bool(citation.absences),
        )
        for row, citation in zip(rows, citations, strict=True)
    ]


def rows_and_citations(store: EmbeddedStore, text: str) -> tuple[list[tuple[Any, ...]], list[RowCitation]]:
    found = store.query(text)
    assert isinstance(found, ox.QuerySolutions)
    columns = [variable.value for variable in found.variables]
    rows = [tuple(row) for row in found]
    return rows, cite(store, text, columns, rows)


def short(cell: Any) -> str | None:
    """Return a term as `name` (things of ours), a short name with prefix, or the characters of a literal."""
    if cell is None:
        return None
    if isinstance(cell, ox.NamedNode):
        return terms.compact(cell.value).removeprefix("id:")
    return str(cell.value)
