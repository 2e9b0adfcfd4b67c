"""The dataset's description of itself: VoID (https://www.w3.org/TR/void/) with its classes and properties."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg import entity, terms

if TYPE_CHECKING:
    from kg.store import Store

__all__ = ["description"]

VOID = "http://rdfs.org/ns/void#"
DCTERMS = terms.PREFIXES["dcterms"]


def description(store: Store, base: str = terms.BASE) -> list[ox.Triple]:
    """Return the description of the facts view: its size, its classes and properties with theirs, where to ask.

    It is served at `base`.
    """
    dataset = ox.NamedNode(terms.BASE + "dataset")
    triples = [
        ox.Triple(dataset, _node(terms.RDF + "type"), _node(VOID + "Dataset")),
        ox.Triple(dataset, _node(DCTERMS + "title"), ox.Literal("Pactgraph", language="en")),
        ox.Triple(dataset, _node(DCTERMS + "license"), _node("https://creativecommons.org/licenses/by/4.0/")),
        ox.Triple(dataset, _node(VOID + "sparqlEndpoint"), _node(base + "sparql")),
        ox.Triple(dataset, _node(VOID + "uriSpace"), ox.Literal(terms.ID)),
        ox.Triple(dataset, _node(VOID + "vocabulary"), _node(terms.PACT)),
    ]
    [total] = entity.select(store, "SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }")
    triples.append(ox.Triple(dataset, _node(VOID + "triples"), total["n"]))
    classes = entity.select(store, "SELECT ?x (COUNT(?s) AS ?n) WHERE { ?s a ?x } GROUP BY ?x ORDER BY ?x")
    properties = entity.select(store, "SELECT ?x (COUNT(*) AS ?n) WHERE { ?s ?x ?o } GROUP BY ?x ORDER BY ?x")
    for kind, name, count, rows in (
        ("classPartition", "class", "entities", classes),
        ("propertyPartition", "property", "triples", properties),
    ):
        for number, row in enumerate(rows, 1):
            part = ox.NamedNode(f"{terms.BASE}dataset#{kind}-{number}")
            triples += [
                ox.Triple(dataset, _node(VOID + kind), part),
                ox.Triple(part, _node(VOID + name), row["x"]),
                ox.Triple(part, _node(VOID + count), row["n"]),
            ]
    return triples


def _node(iri: str) -> ox.NamedNode:
    return ox.NamedNode(iri)
