"""Classes of question: a query of each, over HTTP, asked of `kg serve` and of Virtuoso on the same data."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from benchmarks.load import opened
from kg import entity

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["CLASSES", "Kind", "things"]

_SAMPLED = 20
_SEED = 42


@dataclass(frozen=True)
class Kind:
    """A class of question; `text` has `{0}` and `{1}` in the places of things, of which `over` names the kinds.

    `goal` is the most that ours may take, in times of Virtuoso. Without an order, a part of all rows is any part.
    """

    name: str
    text: str
    over: tuple[str, ...] = ()
    goal: float | None = None
    partial: bool = False


CLASSES = (
    Kind("point lookup", "SELECT ?p ?o { {0} ?p ?o }", ("agreement",)),
    Kind(
        "two hops",
        "SELECT ?event ?actor ?label { ?event pact:eventOf {0} ; pact:performedBy ?actor . "
        "?actor skos:prefLabel ?label }",
        ("agreement",),
    ),
    Kind(
        "filtered join: two states, dates",
        "SELECT ?agreement ?event ?from { ?agreement pact:party {0} , {1} . ?event pact:eventOf ?agreement ; "
        'pact:earliestDate ?from FILTER(?from >= "2005-01-01"^^xsd:date && ?from < "2020-01-01"^^xsd:date) }',
        ("state", "other state"),
        1.0,
    ),
    Kind(
        "filtered join: events in a year",
        "SELECT ?event ?agreement ?type { ?event pact:earliestDate ?from ; pact:eventOf ?agreement . "
        "?agreement pact:instrumentType ?type ; pact:party {0} "
        'FILTER(?from >= "2012-01-01"^^xsd:date && ?from < "2013-01-01"^^xsd:date) }',
        ("state",),
        1.0,
    ),
    Kind(
        "aggregate: claims of each speaker",
        "SELECT ?speaker (COUNT(?claim) AS ?n) { ?claim pact:statedBy ?speaker } GROUP BY ?speaker",
        goal=1.5,
    ),
    Kind(
        "aggregate: agreements of each state",
        "SELECT ?state (COUNT(?agreement) AS ?n) { ?agreement a pact:Agreement ; pact:party ?state } GROUP BY ?state",
        goal=1.5,
    ),
    Kind(
        "anti-join: OPTIONAL, MINUS of two patterns",
        "SELECT ?agreement ?type { ?agreement a pact:Agreement OPTIONAL { ?agreement pact:instrumentType ?type } "
        "MINUS { ?event pact:eventOf ?agreement . ?event pact:eventType pv:signature } }",
        goal=1.0,
    ),
    Kind(
        "anti-join: OPTIONAL, NOT EXISTS of two patterns",
        "SELECT ?agreement ?type { ?agreement a pact:Agreement OPTIONAL { ?agreement pact:instrumentType ?type } "
        "FILTER NOT EXISTS { ?event pact:eventOf ?agreement . ?event pact:eventType pv:signature } }",
        goal=1.0,
    ),
    Kind("path: revives+", "SELECT ?old { {0} pact:revives+ ?old }", ("reviving agreement",)),
    Kind(
        "provenance: GRAPH ?claim",
        "SELECT ?claim ?speaker ?document { GRAPH ?claim { {0} pact:party ?party } "
        "?claim pact:statedBy ?speaker ; pact:fromDocument ?document }",
        ("agreement",),
    ),
    Kind(
        "CONTAINS over labels",
        "SELECT ?thing ?label { ?thing skos:prefLabel ?label "
        'FILTER(CONTAINS(STR(?label), "abandonment of the safe")) }',
    ),
    Kind(
        "10,000 rows",
        "SELECT ?event ?agreement ?type { ?event pact:eventOf ?agreement ; pact:eventType ?type } LIMIT 10000",
        partial=True,
    ),
)

_SOUGHT = {
    "agreement": "SELECT ?x { ?x a pact:Agreement } ORDER BY ?x",
    "reviving agreement": "SELECT DISTINCT ?x { ?x pact:revives ?y } ORDER BY ?x",
    "state": "SELECT ?x { ?x a pact:State } ORDER BY ?x",
}
_OTHER = {"state": "id:us"}


def things(folder: Path) -> dict[str, list[str]]:
    """Return things of each kind in a store, the same in every run; the other state is one that deals with all."""
    store = opened(folder)
    found = {}
    for kind, text in _SOUGHT.items():
        all_ = [str(row["x"]) for row in entity.select(store, text)]
        found[kind] = Random(_SEED).sample(all_, min(_SAMPLED, len(all_)))
    found["other state"] = [entity.find(store, _OTHER["state"])] * len(found["state"])
    return found
