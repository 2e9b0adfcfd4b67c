"""Connections: the shortest chains there are, each step a fact, each fact cited."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import Runner

from kg import terms
from kg.claim import Claim, quads_from
from kg.connect import connect
from kg.dataset import Dataset, facts
from kg.store import EmbeddedStore

NODES = [terms.ID + name for name in "abcdefg"]
Edge = tuple[str, str]


def store_of(edges: list[Edge]) -> EmbeddedStore:
    """A store in which each edge is a claim of its own."""
    claims = [
        Claim(
            iri=f"{terms.CLAIM}d-c{number:02}",
            statements=(f"Statement {number}.",),
            documents=(terms.DOC + "d",),
            modality=(terms.PV + "factual",),
            polarity=(terms.PV + "affirmed",),
            review_status=(terms.PV + "accepted",),
            content=frozenset([ox.Triple(*map(ox.NamedNode, (start, terms.PACT + "involves", end)))]),
        )
        for number, (start, end) in enumerate(edges, 1)
    ]
    quads = {quad for claim in claims for quad in quads_from(claim)}
    return EmbeddedStore("memory", Dataset(frozenset(quads | facts(quads))).store())


def distance(edges: list[Edge], start: str, end: str) -> int | None:
    """The number of edges between two nodes, by plain breadth first search; None where there is no way."""
    beside: dict[str, set[str]] = defaultdict(set)
    for one, other in edges:
        beside[one].add(other)
        beside[other].add(one)
    seen, layer, steps = {start}, {start}, 0
    while layer:
        if end in layer:
            return steps
        layer = {node for each in layer for node in beside[each]} - seen
        seen |= layer
        steps += 1
    return None


graphs = st.lists(st.tuples(st.sampled_from(NODES), st.sampled_from(NODES)), max_size=12, unique=True)


@settings(max_examples=60)
@given(graphs, st.sampled_from(NODES), st.sampled_from(NODES))
def test_a_chain_is_a_shortest_one_of_facts_each_with_its_claim(edges: list[Edge], start: str, end: str) -> None:
    found = connect(store_of(edges), start, end)

    expected = distance(edges, start, end)
    if not expected or expected > 6:
        assert found == []
        return
    assert found
    for chain in found:
        assert (chain.nodes[0], chain.nodes[-1]) == (start, end)
        assert len(chain.steps) == expected
        for (one, other), step in zip(pairwise(chain.nodes), chain.steps, strict=True):
            assert {step.subject, step.object} == {one, other}
            assert (step.subject, step.object) in edges
            [claim] = step.citation.claims
            assert edges[int(claim.iri[-2:]) - 1] == (step.subject, step.object)


def test_chains_are_no_longer_than_asked_for() -> None:
    store = store_of(list(pairwise(NODES)))

    assert connect(store, NODES[0], NODES[3], hops=2) == []
    assert [len(chain.steps) for chain in connect(store, NODES[0], NODES[3], hops=3)] == [3]


def test_no_more_chains_than_asked_for_come_back() -> None:
    store = store_of([edge for middle in NODES[1:-1] for edge in ((NODES[0], middle), (middle, NODES[-1]))])

    assert len(connect(store, NODES[0], NODES[-1], most=2)) == 2
    assert len(connect(store, NODES[0], NODES[-1], most=9)) == 5


def test_what_is_only_alleged_connects_nothing() -> None:
    claim = Claim(
        iri=terms.CLAIM + "d-c01",
        documents=(terms.DOC + "d",),
        modality=(terms.PV + "alleged",),
        polarity=(terms.PV + "affirmed",),
        review_status=(terms.PV + "accepted",),
        content=frozenset([ox.Triple(*map(ox.NamedNode, (NODES[0], terms.PACT + "involves", NODES[1])))]),
    )
    quads = set(quads_from(claim))
    store = EmbeddedStore("memory", Dataset(frozenset(quads | facts(quads))).store())

    assert connect(store, NODES[0], NODES[1]) == []


@pytest.mark.parametrize(
    ("start", "end"), [("Joe Biden", "id:us-gt-aca"), ("El Salvador", "MS-13"), ("id:ca", "id:sv")]
)
def test_things_of_the_shipped_data_are_connected_by_facts_with_claims(
    start: str, end: str, store_folder: object, kg: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    ran = kg("connect", start, end, "--store", str(store_folder))

    assert (ran.code, ran.err) == (0, "")
    assert max(map(len, ran.out.splitlines())) <= 80


def test_a_thing_that_is_not_there_is_an_error(store_folder: object, kg: Runner) -> None:
    ran = kg("connect", "El Salvador", "Atlantis", "--store", str(store_folder))

    assert (ran.code, ran.out) == (2, "")
    assert "nothing here is called “Atlantis”" in ran.err
