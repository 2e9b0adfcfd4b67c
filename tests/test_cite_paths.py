"""Property paths: the edges that are cited are those of a shortest chain, and they are enough."""

from __future__ import annotations

import os
from typing import Any

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import citing, facts_of

from kg import terms
from kg.cite import Uncitable, paths
from kg.sparql.parse import parsed
from kg.store import EmbeddedStore

EXAMPLES = 1000 if os.environ.get("CI") else 150
NODES = ["id:a", "id:b", "id:c", "id:d", "id:e"]
Triple3 = tuple[str, str, str]
Lengths = dict[tuple[str, str], int]


# --- chains of which a person can say what they are -------------------------------------------------

ROAD = {
    "c1": "id:a id:to id:b .",
    "c2": "id:b id:to id:c .",
    "c3": "id:c id:to id:d .",
    "c4": "id:a id:fly id:d .",
    "c5": "id:d id:to id:a .",
    "c6": "id:e id:to id:d .",
}
CHAINS = {
    "one or more steps": ("id:a id:to+ id:c", "c1 c2"),
    "no step": ("id:a id:to* id:a", "c1"),
    "a way round": ("id:a id:to+ id:a", "c1 c2 c3 c5"),
    "the shorter of two ways": ("id:a (id:to|id:fly)+ id:d", "c4"),
    "against the arrow": ("id:c ^id:to/^id:to id:a", "c1 c2"),
    "against the arrow, again and again": ("id:d (^id:to)+ id:b", "c2 c3"),
    "to and fro": ("id:e (id:to|^id:to)* id:c", "c3 c6"),
    "a sequence again and again": ("id:a (id:to/id:to)+ id:c", "c1 c2"),
    "a step that may be left out": ("id:a id:fly/id:to? id:a", "c4 c5"),
    "a step that is left out": ("id:a id:fly/id:nowhere? id:d", "c4"),
    "an alternative inside a sequence": ("id:a id:fly/(^id:to|id:to) id:e", "c4 c6"),
    "all but some properties": ("id:a !(id:to|id:walk) id:d", "c4"),
    "all but some properties, again and again": ("id:b (!id:fly)+ id:d", "c2 c3"),
    "a loop inside a loop": ("id:a ((id:to*)/id:fly)+ id:d", "c4"),
}


@pytest.mark.parametrize("name", CHAINS)
def test_a_path_rests_on_the_edges_of_a_shortest_chain(name: str) -> None:
    pattern, claims = CHAINS[name]

    [found] = citing(facts_of(ROAD), f"SELECT DISTINCT (1 AS ?one) {{ {pattern} }}")

    if name == "no step":
        # Any claim that names the thing will do.
        assert found.claims in ("c1", "c4", "c5")
    else:
        assert found.claims == claims


def test_a_path_in_a_graph_is_walked_in_that_graph() -> None:
    store = facts_of({"c1": "id:a id:to id:b . id:b id:to id:c .", "c2": "id:a id:to id:c ."})

    found = citing(store, "SELECT ?g { GRAPH ?g { id:a id:to+ id:c } } ORDER BY ?g")

    assert [each.claims for each in found] == ["c1", "c2"]


def test_of_chains_of_one_length_the_same_one_is_cited_every_time() -> None:
    store = facts_of({f"c{n}": f"id:a id:to id:m{n} . id:m{n} id:to id:z ." for n in range(1, 9)})

    claims = {citing(store, "SELECT ?x { ?x id:to+ id:z FILTER(?x = id:a) }")[0].claims for _ in range(3)}

    assert claims == {"c1"}


def test_a_chain_that_is_too_long_to_look_for_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "LIMIT", 20)
    store = facts_of({f"c{n}": f"id:n{n} id:to id:n{n + 1} ." for n in range(30)})

    with pytest.raises(Uncitable, match="a property path: its witness lies beyond 20 steps"):
        citing(store, "SELECT ?x { id:n0 id:to+ ?x FILTER(?x = id:n29) }")


# --- against the lengths worked out another way -----------------------------------------------------

atoms = st.sampled_from(["id:p", "id:q"])
expressions = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda pair: ("/", *pair)),
        st.tuples(inner, inner).map(lambda pair: ("|", *pair)),
        inner.map(lambda one: ("^", one)),
        st.tuples(st.sampled_from("?*+"), inner),
    ),
    max_leaves=4,
)
graphs = st.lists(
    st.tuples(st.sampled_from(NODES), st.sampled_from(["id:p", "id:q", "id:r"]), st.sampled_from(NODES)),
    min_size=1,
    max_size=8,
    unique=True,
)


def text_of(path: Any) -> str:
    match path:
        case (("/" | "|") as sign, one, other):
            return f"({text_of(one)}{sign}{text_of(other)})"
        case ("^", one):
            return f"^({text_of(one)})"
        case (sign, one):
            return f"({text_of(one)}){sign}"
    return str(path)


def lengths(path: Any, edges: list[Triple3]) -> Lengths:
    """Return, for each two nodes that a path joins, how many edges the shortest of its chains has."""
    match path:
        case ("/", one, other):
            return joined(lengths(one, edges), lengths(other, edges))
        case ("|", one, other):
            return shorter(lengths(one, edges), lengths(other, edges))
        case ("^", one):
            return {(end, start): length for (start, end), length in lengths(one, edges).items()}
        case ("+", one):
            return repeated(lengths(one, edges))
        case ("*", one):
            return shorter(nothing(edges), repeated(lengths(one, edges)))
        case ("?", one):
            return shorter(nothing(edges), lengths(one, edges))
    return {(start, end): 1 for start, name, end in edges if name == path}


def nothing(edges: list[Triple3]) -> Lengths:
    return {(node, node): 0 for start, _, end in edges for node in (start, end)}


def joined(one: Lengths, other: Lengths) -> Lengths:
    found: Lengths = {}
    for (start, middle), first in one.items():
        for (again, end), second in other.items():
            if middle == again:
                found = shorter(found, {(start, end): first + second})
    return found


def shorter(one: Lengths, other: Lengths) -> Lengths:
    return {pair: min(one.get(pair, 99), other.get(pair, 99)) for pair in {*one, *other}}


def repeated(step: Lengths) -> Lengths:
    found: Lengths = step
    before: Lengths = {}
    while found != before:
        before, found = found, shorter(found, joined(found, step))
    return found


def graph_of(edges: list[Triple3]) -> EmbeddedStore:
    return facts_of({f"c{number}": f"{' '.join(edge)} ." for number, edge in enumerate(edges, 1)})


@settings(max_examples=EXAMPLES)
@given(expressions, graphs)
def test_the_chain_of_any_path_is_as_short_as_can_be_and_its_edges_are_enough(path: Any, edges: list[Triple3]) -> None:
    store, text = graph_of(edges), text_of(path)
    tree = parsed(f"SELECT * {{ ?x {text} ?y }}").where.part[0].triples[0][1]
    expected = lengths(path, edges)

    for (start, end), length in expected.items():
        chain = paths.walk(store, tree, node(start), node(end), None)

        assert len(chain) == length
        used = [edge for edge in edges if triple(edge) in chain]
        assert {triple(edge) for edge in used} == set(chain)
        if used:
            assert graph_of(used).query(f"ASK {{ {start} {text} {end} }}")


@settings(max_examples=EXAMPLES)
@given(expressions, graphs)
def test_the_nodes_that_a_path_joins_are_found_by_either_way_of_working_them_out(
    path: Any, edges: list[Triple3]
) -> None:
    store = graph_of(edges)

    found = store.query(f"SELECT DISTINCT ?x ?y {{ ?x {text_of(path)} ?y }}")

    assert isinstance(found, ox.QuerySolutions)
    pairs = {tuple(terms.compact(cell.value) for cell in row) for row in found if isinstance(row[0], ox.NamedNode)}
    ours = {(start, end) for start, end in pairs if {start, end} <= set(NODES)}
    assert ours == set(lengths(path, edges))


def node(name: str) -> ox.NamedNode:
    return ox.NamedNode(terms.expand(name))


def triple(edge: Triple3) -> ox.Triple:
    start, name, end = map(node, edge)
    return ox.Triple(start, name, end)
