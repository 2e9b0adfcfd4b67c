"""Random changes of a small dataset: quads dropped, added, and given another value."""

from __future__ import annotations

import pyoxigraph as ox
from hypothesis import strategies as st

from kg import terms

__all__ = ["changes", "named"]

SUBJECTS = [
    *("claim:base-c01", "claim:base-c04", "id:pact-1", "id:ev-pact-1-suspension", "id:paper", "doc:base", "id:new"),
    *("id:xa-second", "id:ev-new", "claim:base-c09"),
]
PROPERTIES = [
    *("rdf:type", "rdf:type", "skos:prefLabel", "skos:inScheme", "pact:evidence", "pact:modality", "pact:party"),
    *("pact:earliestDate", "pact:latestDate", "pact:termStart", "pact:termEnd", "pact:charCount", "oa:start", "oa:end"),
    *("dcterms:language", "pact:statement", "pact:unheardOf", "pact:eventType", "dcterms:title", "pact:contentHash"),
    *("pact:eventOf", "pact:eventOf", "pact:occurrence", "pact:performedBy", "pact:precedes", "pact:fromDocument"),
    *("skos:exactMatch", "pact:involves", "pact:iriPrefix", "pact:polarity", "pact:reviewStatus"),
]
VALUES = [
    *("pact:Claim", "pact:State", "pact:Agreement", "pact:Person", "oa:TextPositionSelector", "pact:Passage"),
    *("id:pact-1", "id:paper", "pv:factual", "pv:suspension", "pv:legal", "pv:modality", "claim:base-c01"),
    *("id:ev-pact-1-suspension", "id:xa-second", "pv:occurred", "pv:did-not-occur", "pv:conclusion", "pact:Event"),
    *("doc:base", "pact:LifecycleEvent", "pv:affirmed", "pv:accepted"),
]
GRAPHS = ["graph:claims/base", "claim:base-c01", "claim:base-c03", "claim:base-c09", "graph:document/base"]
LITERALS = [
    ox.Literal("text"),
    ox.Literal("text", language="en"),
    ox.Literal("anders", language="de-AT"),
    ox.Literal(7),
    ox.Literal(-1),
    ox.Literal(True),
    *(ox.Literal(day, datatype=ox.NamedNode(terms.XSD + "date")) for day in ("2006-05-01", "2019-12-31", "2006-13-31")),
]


def named(name: str) -> ox.NamedNode:
    """Return the term of a prefixed name."""
    return ox.NamedNode(terms.expand(name))


@st.composite
def changes(draw: st.DrawFn, base: frozenset[ox.Quad]) -> frozenset[ox.Quad]:
    """Return `base` with some quads dropped, added, and replaced by others with another value."""
    ordered = sorted(base, key=str)
    quads = set(base)
    for quad in draw(st.lists(st.sampled_from(ordered), max_size=4)):
        quads.discard(quad)
    values = st.sampled_from([*map(named, VALUES), *LITERALS])
    for quad in draw(st.lists(st.sampled_from(ordered), max_size=3)):
        quads.discard(quad)
        quads.add(ox.Quad(quad.subject, quad.predicate, draw(values), quad.graph_name))  # type: ignore[arg-type]
    for _ in range(draw(st.integers(0, 4))):
        subject, predicate, graph = (draw(st.sampled_from(names)) for names in (SUBJECTS, PROPERTIES, GRAPHS))
        quads.add(ox.Quad(named(subject), named(predicate), draw(values), named(graph)))  # type: ignore[arg-type]
    return frozenset(quads)
