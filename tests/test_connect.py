"""Connections: the shortest chains there are, each step a fact, each fact cited."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from itertools import pairwise

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import Runner
from worlds import facts_of

from kg import terms
from kg.claim import Claim, quads_from
from kg.connect import Connection, connect
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
    return EmbeddedStore.of(quads)


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
    store = EmbeddedStore.of(quads)

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


# --- which chains ------------------------------------------------------------------------------------

A, B, C, D, E, F, G = NODES


def nodes_of(found: list[Connection]) -> list[str]:
    return ["".join(node.removeprefix(terms.ID) for node in each.nodes) for each in found]


@settings(max_examples=60)
@given(graphs, st.sampled_from(NODES), st.sampled_from(NODES))
def test_the_chains_are_the_same_from_either_end(edges: list[Edge], start: str, end: str) -> None:
    store = store_of(edges)

    there, back = connect(store, start, end, most=99), connect(store, end, start, most=99)

    assert sorted(nodes_of(there)) == sorted(chain[::-1] for chain in nodes_of(back))


@settings(max_examples=60)
@given(graphs, st.sampled_from(NODES), st.sampled_from(NODES), st.integers(1, 5))
def test_fewer_chains_are_the_most_telling_of_all(edges: list[Edge], start: str, end: str, most: int) -> None:
    store = store_of(edges)
    beside = {node: sum((one == node) + (other == node) for one, other in edges) for node in NODES}

    def weight(chain: Connection) -> float:
        return round(sum(math.log2(1 + beside[node]) for node in chain.nodes[1:-1]), 6)

    everything, some = connect(store, start, end, most=999), connect(store, start, end, most=most)

    assert [weight(chain) for chain in everything] == sorted(weight(chain) for chain in everything)
    assert [weight(chain) for chain in some] == [weight(chain) for chain in everything][:most]


def test_of_two_ways_the_one_through_the_less_connected_thing_comes_first() -> None:
    hub = [(B, f"{terms.ID}x{number}") for number in range(50)]
    store = store_of([(A, B), (B, D), (A, C), (C, D), *hub])

    assert nodes_of(connect(store, A, D)) == ["acd", "abd"]


def test_many_ways_through_many_layers_are_not_all_written_down() -> None:
    layers = [[f"{terms.ID}l{layer}-{number}" for number in range(12)] for layer in range(5)]
    between = [(one, other) for near, far in pairwise(layers) for one in near for other in far]
    ends = [(A, node) for node in layers[0]] + [(node, B) for node in layers[-1]]

    found = connect(store_of(ends + between), A, B, most=3)

    assert [len(each.steps) for each in found] == [6, 6, 6]


def test_a_chain_may_go_through_one_hub_and_not_through_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kg.connect.HUB", 5)
    crowd = [(hub, f"{hub}{number}") for hub in (B, C) for number in range(10)]

    one = store_of([(A, B), (B, D), *crowd])
    two = store_of([(A, B), (B, C), (C, D), *crowd])

    assert nodes_of(connect(one, A, D)) == ["abd"]
    assert connect(two, A, D) == []


def test_a_hub_at_one_end_does_not_stop_the_search_from_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kg.connect.HUB", 5)
    crowd = [(B, f"{B}{number}") for number in range(10)]

    store = store_of([(A, B), (B, C), (C, D), (D, E), (E, F), *crowd])

    assert nodes_of(connect(store, A, F)) == ["abcdef"]
    assert nodes_of(connect(store, F, A)) == ["fedcba"]


def test_a_thing_that_is_a_hub_itself_is_connected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kg.connect.HUB", 5)
    crowd = [(hub, f"{hub}{number}") for hub in (A, C) for number in range(10)]

    store = store_of([(A, B), (B, C), *crowd])

    assert nodes_of(connect(store, A, C)) == ["abc"]


# --- through what -------------------------------------------------------------------------------------


def test_types_labels_concepts_and_records_connect_nothing() -> None:
    store = facts_of(
        {
            "c1": 'id:a a pact:Agreement ; skos:prefLabel "x"@en ; pact:instrumentType pv:plan ; skos:related id:b .',
            "c2": 'id:b a pact:Agreement ; skos:prefLabel "x"@en ; pact:instrumentType pv:plan .',
        }
    )

    assert connect(store, A, B) == []
    assert connect(store, terms.CLAIM + "d-c1", terms.CLAIM + "d-c2") == []


def test_a_step_that_reference_data_tell_is_cited_as_such_and_one_that_both_tell_as_both() -> None:
    store = facts_of(
        {"c1": "id:b pact:involves id:c .", "c2": "id:c pact:involves id:d ."},
        "id:a pact:involves id:b . id:c pact:involves id:d .",
    )

    [chain] = connect(store, A, D)

    cited = [
        ([claim.iri.rpartition("-")[2] for claim in step.citation.claims], len(step.citation.references))
        for step in chain.steps
    ]
    assert cited == [([], 1), (["c1"], 0), (["c2"], 1)]


def test_two_facts_between_two_things_are_two_chains() -> None:
    store = facts_of({"c1": "id:a pact:involves id:b .", "c2": "id:b pact:precedes id:a ."})

    found = connect(store, A, B)

    steps = {tuple(map(terms.compact, (each.subject, each.property, each.object))) for c in found for each in c.steps}
    assert steps == {("id:a", "pact:involves", "id:b"), ("id:b", "pact:precedes", "id:a")}


# --- as a command -------------------------------------------------------------------------------------


@pytest.mark.parametrize("pair", [("id:sv", "El Salvador"), ("id:ca", "id:ms-13")])
def test_what_is_not_connected_is_not_recorded_and_no_error(
    pair: tuple[str, str], store_folder: object, kg: Runner
) -> None:
    ran = kg("connect", *pair, "--hops", "2", "--store", str(store_folder))

    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("not recorded: no chain of at most 2 facts leads from")


def test_every_step_is_a_sentence_with_its_notes(store_folder: object, kg: Runner) -> None:
    ran = kg("connect", "Joe Biden", "id:us-gt-aca", "--store", str(store_folder))

    steps = [line for line in ran.out.splitlines() if " — " in line]
    assert steps
    assert all(line.rstrip().endswith("]") for line in steps)
    numbers = set(re.findall(r"\[(\d+)\]", "".join(steps)))
    assert numbers == set(re.findall(r"^ +(\d+)  \S", ran.out, re.MULTILINE))
    assert "[reference data]" in ran.out
    assert "Reference data: graph:reference/administrations" in ran.out


@pytest.mark.parametrize("hops", ["0", "13", "x"])
def test_a_number_of_hops_that_makes_no_sense_is_refused(hops: str, store_folder: object, kg: Runner) -> None:
    ran = kg("connect", "id:us", "id:sv", "--hops", hops, "--store", str(store_folder))

    assert (ran.code, ran.out) == (2, "")
