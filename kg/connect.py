"""How two things are related: the shortest chains of facts between them, each step cited."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from heapq import nsmallest
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg import entity, project, terms
from kg.cite import Evidence, RowCitation, cite_evidence
from kg.dataset import parse
from kg.sparql import serialised

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg.store import Store

__all__ = ["Connection", "Step", "connect", "joining_properties"]

HUB = 2_000
"""Edges from which on a thing is a hub: no search goes on through it, so a chain has one at most, where two meet."""


@dataclass(frozen=True)
class Step:
    """One fact of a chain, written as it stands: subject, property, object, with what it rests on."""

    subject: str
    property: str
    object: str
    citation: RowCitation


@dataclass(frozen=True)
class Connection:
    """A chain of facts from one thing to the other; the steps may point either way."""

    nodes: tuple[str, ...]
    steps: tuple[Step, ...]


Edge = tuple[str, str, str]
Chain = tuple[Edge, ...]
Layer = dict[str, list[tuple[float, Chain]]]
"""Nodes, each with the most telling of the shortest chains that lead to it from one end, and their weights."""


def connect(store: Store, start: str, end: str, *, hops: int = 6, most: int = 5) -> list[Connection]:
    """Return up to `most` of the shortest chains of at most `hops` facts between two IRIs, the most telling first.

    The search goes breadth first from both ends at once, over the facts view, through our own properties between
    things (not types, labels or claim records). Of chains of one length, those through things with few edges come
    first: they tell more than those through what everything is connected with. Empty where there is no chain.
    """
    if start == end:
        return []
    search = _Search(store, (start, end), most)
    sides: tuple[Layer, Layer] = ({start: [(0.0, ())]}, {end: [(0.0, ())]})
    layers = [dict(sides[0]), dict(sides[1])]
    for _ in range(hops):
        side = search.smaller(layers)
        layers[side] = search.layer(layers[side], known=sides[side])
        sides[side].update(layers[side])
        if meeting := [node for node in layers[side] if node in sides[1 - side]]:
            return _cited(store, start, search.best(meeting, sides))
        if not any(layers) or not (layers[side] or search.hubs):
            return []
    return []


class _Search:
    """Edges of the facts view, fetched a layer at a time, with the number of edges of every node seen."""

    def __init__(self, store: Store, ends: tuple[str, str], most: int) -> None:
        self.store = store
        self.ends = ends
        self.most = most
        self.degree: dict[str, int] = {}
        self.hubs: set[str] = set()
        self.either_way = _either_way()

    def smaller(self, layers: list[Layer]) -> int:
        """Return which of two layers has fewer edges, counted no further than it takes to tell; the first if equal."""
        one, other = layers
        if not (one and other):
            return 0 if one else 1
        if len(one) <= len(other):
            return 0 if (most := self.cost(one)) <= self.cost(other, most) else 1
        return 0 if self.cost(one, most := self.cost(other)) <= most else 1

    def cost(self, nodes: Iterable[str], most: float = math.inf) -> int:
        """Return how many edges a layer has, counted without fetching them; or some number over `most`."""
        total = 0
        for batch in _batches(list(nodes)):
            self._count(batch)
            total += sum(self.degree[node] for node in batch)
            if total > most:
                break
        return total

    def _count(self, nodes: list[str]) -> None:
        wanted = [node for node in nodes if node not in self.degree]
        if wanted:
            listed = " ".join(serialised(ox.NamedNode(node)) for node in wanted)
            rows = entity.select(
                self.store,
                f"SELECT ?n (COUNT(*) AS ?count) WHERE {{ VALUES ?n {{ {listed} }} {self.either_way} }} GROUP BY ?n",
            )
            self.degree.update(dict.fromkeys(wanted, 0))
            self.degree.update({row["n"].value: int(row["count"].value) for row in rows})

    def layer(self, nodes: Layer, known: Layer) -> Layer:
        """Return the nodes one edge further on, each with the most telling chains that lead to it."""
        self.cost(nodes)
        hubs = {node for node in nodes if self.degree[node] > HUB and node not in self.ends}
        self.hubs |= hubs
        found: Layer = {}
        for node, edge in self._edges_of([node for node in nodes if node not in hubs]):
            other = edge[2] if edge[0] == node else edge[0]
            if other not in known:
                chains = ((weight + self.weight(node), (*chain, edge)) for weight, chain in nodes[node])
                found.setdefault(other, []).extend(chains)
        return {node: nsmallest(self.most, chains, key=_rank) for node, chains in found.items()}

    def weight(self, node: str) -> float:
        """Return how little a node tells that a chain goes through."""
        return 0.0 if node in self.ends else math.log2(1 + self.degree[node])

    def best(self, meeting: list[str], sides: tuple[Layer, Layer]) -> list[Chain]:
        """Return the most telling chains, from the first end to the other."""
        self.cost(meeting)
        whole = {
            (one + self.weight(node) + other, (*there, *reversed(back)))
            for node in meeting
            for one, there in sides[0][node]
            for other, back in sides[1][node]
        }
        return [chain for _, chain in nsmallest(self.most, whole, key=_rank)]

    def _edges_of(self, nodes: list[str]) -> Iterable[tuple[str, Edge]]:
        if not nodes:
            return
        listed = " ".join(serialised(ox.NamedNode(node)) for node in nodes)
        rows = entity.select(self.store, f"SELECT ?n ?s ?p ?o WHERE {{ VALUES ?n {{ {listed} }} {self.either_way} }}")
        found = []
        for row in rows:
            node = row["n"].value
            s, o = row["s"].value if row["s"] else node, row["o"].value if row["o"] else node
            if s.startswith(terms.ID) and o.startswith(terms.ID):
                found.append((node, (s, row["p"].value, o)))
        yield from sorted(found)


def _batches(nodes: list[str], size: int = 500) -> Iterable[list[str]]:
    return (nodes[i : i + size] for i in range(0, len(nodes), size))


def _rank(weighed: tuple[float, Chain]) -> tuple[float, Chain]:
    """Return a sort key of a chain; sums of the same weights in another order are the same."""
    weight, chain = weighed
    return round(weight, 6), chain


@cache
def joining_properties() -> tuple[str, ...]:
    """Return those of our properties that join things, in SPARQL syntax, sorted.

    Properties of claim records, and those that lead to concepts, join no things.
    """
    ontology = ox.Store()
    ontology.extend(quad for path in project.ontology_files() for quad in parse(path))
    rows = ontology.query(
        """SELECT ?p WHERE { ?p a owl:ObjectProperty FILTER(STRSTARTS(STR(?p), STR(pact:)))
            MINUS { ?p rdfs:range skos:Concept } MINUS { ?p rdfs:domain pact:Claim } } ORDER BY ?p""",
        prefixes=terms.PREFIXES,
    )
    assert isinstance(rows, ox.QuerySolutions)
    return tuple(serialised(row["p"]) for row in rows)


@cache
def _either_way() -> str:
    """Return the pattern of an edge at `?n`, in either direction, by those of our properties that join things.

    Naming the properties lets the engine look up the edges that lead to a thing; to filter them by their names it would
    have to read each, and there may be very many. Those that leave a thing are few, so they are read and filtered.
    """
    named = joining_properties()
    leaving = f"?n ?p ?o FILTER(?p IN ({', '.join(named)}))"
    return f"{{ {leaving} }} UNION {{ VALUES ?p {{ {' '.join(named)} }} ?s ?p ?n }}"


def _nodes(start: str, chain: Chain) -> tuple[str, ...]:
    nodes = [start]
    for s, _, o in chain:
        nodes.append(o if nodes[-1] == s else s)
    return tuple(nodes)


def _cited(store: Store, start: str, chains: list[Chain]) -> list[Connection]:
    edges = [edge for chain in chains for edge in chain]
    triples = [ox.Triple(*(ox.NamedNode(part) for part in edge)) for edge in edges]
    citations = dict(zip(edges, cite_evidence(store, [Evidence({(triple, None)}) for triple in triples]), strict=True))
    return [Connection(_nodes(start, chain), tuple(Step(*edge, citations[edge]) for edge in chain)) for chain in chains]
