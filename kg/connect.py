"""How two things are related: the shortest chains of facts between them, each step cited."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg import entity, terms
from kg.cite import Evidence, RowCitation, cite_evidence
from kg.sparql import serialised

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg.store import Store

__all__ = ["Connection", "Step", "connect"]

HUB = 2_000
"""Edges from which on a thing is a hub: it ends a chain, but no chain is looked for through it."""


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
Layer = dict[str, list[Chain]]
"""Nodes, each with every shortest chain that leads to it from one end."""


def connect(store: Store, start: str, end: str, *, hops: int = 6, most: int = 5) -> list[Connection]:
    """Return up to `most` of the shortest chains of at most `hops` facts between two IRIs, the most telling first.

    The search goes breadth first from both ends at once, over the facts view, through our own properties between
    things (not types, labels or claim records). Of chains of one length, those through things with few edges come
    first: they tell more than those through what everything is connected with. Empty where there is no chain.
    """
    if start == end:
        return []
    search = _Search(store)
    sides: list[Layer] = [{start: [()]}, {end: [()]}]
    layers: list[Layer] = [dict(sides[0]), dict(sides[1])]
    for _ in range(hops):
        side = 0 if search.cost(layers[0]) <= search.cost(layers[1]) else 1
        fresh = search.layer(layers[side], known=sides[side], ends={start, end})
        if not fresh:
            return []
        layers[side] = fresh
        sides[side].update(fresh)
        meeting = [node for node in fresh if node in sides[1 - side]]
        if meeting:
            chains: set[Chain] = {
                (*there, *reversed(back)) if side == 0 else (*back, *reversed(there))
                for node in meeting
                for there in sides[side][node]
                for back in sides[1 - side][node]
            }
            return _cited(store, search.best(start, chains, most))
    return []


class _Search:
    """Edges of the facts view, fetched a layer at a time, with the number of edges of every node seen."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.edges: dict[str, list[Edge]] = {}
        self.degree: dict[str, int] = {}

    def cost(self, nodes: Iterable[str]) -> int:
        """Return how many edges a layer has, counted without fetching them."""
        wanted = [node for node in nodes if node not in self.degree]
        if wanted:
            listed = " ".join(serialised(ox.NamedNode(node)) for node in wanted)
            rows = entity.select(
                self.store,
                f"SELECT ?n (COUNT(*) AS ?count) WHERE {{ VALUES ?n {{ {listed} }} {_EITHER_WAY} }} GROUP BY ?n",
            )
            self.degree.update(dict.fromkeys(wanted, 0))
            self.degree.update({row["n"].value: int(row["count"].value) for row in rows})
        return sum(self.degree[node] for node in nodes)

    def layer(self, nodes: Layer, known: Layer, ends: set[str]) -> Layer:
        """Return the nodes one edge further on, each with every shortest chain that leads to it."""
        self.cost(nodes)
        open_ = [node for node in nodes if self.degree[node] <= HUB or node in ends]
        found: Layer = {}
        for node, edge in self._edges_of(open_):
            other = edge[2] if edge[0] == node else edge[0]
            if other not in known:
                found.setdefault(other, []).extend((*chain, edge) for chain in nodes[node])
        return found

    def _edges_of(self, nodes: list[str]) -> Iterable[tuple[str, Edge]]:
        if not nodes:
            return
        listed = " ".join(serialised(ox.NamedNode(node)) for node in nodes)
        rows = entity.select(
            self.store, f"SELECT ?n ?s ?p ?o WHERE {{ VALUES ?n {{ {listed} }} {_EITHER_WAY} }} ORDER BY ?n ?s ?p ?o"
        )
        for row in rows:
            node = row["n"].value
            s, o = row["s"].value if row["s"] else node, row["o"].value if row["o"] else node
            yield node, (s, row["p"].value, o)

    def best(self, start: str, chains: set[Chain], most: int) -> list[tuple[tuple[str, ...], Chain]]:
        """Return the most telling chains, with their nodes in order."""
        walked = [(_nodes(start, chain), chain) for chain in chains]
        self.cost({node for nodes, _ in walked for node in nodes})

        def weight(item: tuple[tuple[str, ...], Chain]) -> tuple[float, Chain]:
            nodes, chain = item
            return sum(math.log2(1 + self.degree[node]) for node in nodes[1:-1]), chain

        return sorted(walked, key=weight)[:most]


_THINGS = 'FILTER(STRSTARTS(STR(?p), STR(pact:)) && ISIRI({0}) && STRSTARTS(STR({0}), "' + terms.ID + '"))'
_EITHER_WAY = f"""{{ ?n ?p ?o {_THINGS.format("?o")} }} UNION {{ ?s ?p ?n {_THINGS.format("?s")} }}"""


def _nodes(start: str, chain: Chain) -> tuple[str, ...]:
    nodes = [start]
    for s, _, o in chain:
        nodes.append(o if nodes[-1] == s else s)
    return tuple(nodes)


def _cited(store: Store, found: list[tuple[tuple[str, ...], Chain]]) -> list[Connection]:
    edges = [edge for _, chain in found for edge in chain]
    triples = [ox.Triple(*(ox.NamedNode(part) for part in edge)) for edge in edges]
    citations = dict(zip(edges, cite_evidence(store, [Evidence({(triple, None)}) for triple in triples]), strict=True))
    return [Connection(nodes, tuple(Step(*edge, citations[edge]) for edge in chain)) for nodes, chain in found]
