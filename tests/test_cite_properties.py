"""The five promises of citations, held over random small datasets and random queries."""

from __future__ import annotations

import os
from itertools import combinations
from typing import Any

import pyoxigraph as ox
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kg import sparql, terms
from kg.cite import RowCitation, cite
from kg.claim import Claim, quads_from
from kg.dataset import facts
from kg.store import EmbeddedStore

EXAMPLES = 2000 if os.environ.get("CI") else 200
NODES = [f"id:n{i}" for i in range(4)]
PREDICATES = ["id:p", "id:q", "id:r"]
VARIABLES = ["?a", "?b", "?c"]
DOCUMENT = terms.DOC + "d"

Row = tuple[Any, ...]
Triple3 = tuple[str, str, str]


# --- random datasets: claims of one or two triples, some of them not facts, and a little reference data ----------------


triples = st.tuples(st.sampled_from(NODES), st.sampled_from(PREDICATES), st.sampled_from(NODES))
claim_contents = st.lists(
    st.tuples(st.lists(triples, min_size=1, max_size=2, unique=True), st.sampled_from(["factual"] * 4 + ["alleged"])),
    min_size=1,
    max_size=6,
)
reference_triples = st.lists(triples, max_size=2, unique=True)


def _triple(parts: Triple3) -> ox.Triple:
    return ox.Triple(*(ox.NamedNode(terms.expand(part)) for part in parts))


def _claim(number: int, content: list[Triple3], modality: str) -> Claim:
    return Claim(
        iri=f"{terms.CLAIM}d-c{number}",
        statements=(f"statement {number}",),
        documents=(DOCUMENT,),
        modality=(terms.PV + modality,),
        polarity=(terms.PV + "affirmed",),
        review_status=(terms.PV + "accepted",),
        content=frozenset(_triple(parts) for parts in content),
    )


class World:
    """A dataset that can be asked with any subset of its claims."""

    def __init__(self, contents: list[tuple[list[Triple3], str]], reference: list[Triple3]) -> None:
        self.claims = {claim.iri: claim for n, (c, m) in enumerate(contents, 1) for claim in [_claim(n, c, m)]}
        graph = ox.NamedNode(terms.GRAPH + "reference/r")
        # What reference data say as well needs no claim; so the two do not overlap here.
        claimed = {triple for claim in self.claims.values() for triple in claim.content}
        found = [triple for parts in reference if (triple := _triple(parts)) not in claimed]
        self.reference = {ox.Quad(t.subject, t.predicate, t.object, graph) for t in found}

    def store(self, iris: Any = None, reference: Any = None) -> EmbeddedStore:
        chosen = self.claims.values() if iris is None else [self.claims[iri] for iri in iris]
        quads = set(self.reference if reference is None else reference) | {
            quad for claim in chosen for quad in quads_from(claim)
        }
        engine = ox.Store()
        engine.extend(quads | facts(quads))
        return EmbeddedStore("memory", engine)

    def rows(self, text: str, iris: Any = None, reference: Any = None) -> list[Row]:
        found = self.store(iris, reference).query(text)
        assert isinstance(found, ox.QuerySolutions)
        return [tuple(row) for row in found]


worlds = st.builds(World, claim_contents, reference_triples)


# --- random queries ---------------------------------------------------------------------------------------------------


ends = st.sampled_from(VARIABLES * 3 + NODES)
paths = st.sampled_from(
    [
        *PREDICATES * 3,
        "id:p/id:q",
        "^id:p",
        "id:p|id:q",
        "id:p/^id:r",
        "(id:p|^id:q)/id:r",
        "id:p+",
        "(id:p/id:q)+",
        "^id:r/id:p?",
    ]
)
edges = st.tuples(ends, paths, ends).map(lambda parts: f"{parts[0]} {parts[1]} {parts[2]} .")
blocks = st.lists(edges, min_size=1, max_size=2).map(" ".join)
in_graph = st.tuples(st.sampled_from(["?g", "?h"]), blocks).map(lambda parts: f"GRAPH {parts[0]} {{ {parts[1]} }}")
optional = blocks.map(lambda block: f"OPTIONAL {{ {block} }}")
union = st.tuples(blocks, blocks).map(lambda pair: f"{{ {pair[0]} }} UNION {{ {pair[1]} }}")
filters = st.tuples(st.sampled_from(VARIABLES), st.sampled_from(["=", "!="]), st.sampled_from(NODES)).map(
    lambda parts: f"FILTER({parts[0]} {parts[1]} {parts[2]})"
)
exists = blocks.map(lambda block: f"FILTER EXISTS {{ {block} }}")
guarded = st.tuples(st.sampled_from(VARIABLES), blocks).map(lambda p: f"FILTER(!BOUND({p[0]}) || EXISTS {{ {p[1]} }})")
chosen = blocks.map(lambda block: f'BIND(IF(BOUND(?a), IF(EXISTS {{ {block} }}, "yes", "no"), "none") AS ?told)')
absent = st.tuples(st.sampled_from(["FILTER NOT EXISTS", "MINUS"]), blocks).map(lambda p: f"{p[0]} {{ {p[1]} }}")
values = st.tuples(st.sampled_from(VARIABLES), st.lists(st.sampled_from(NODES), min_size=1, max_size=2)).map(
    lambda parts: f"VALUES {parts[0]} {{ {' '.join(parts[1])} }}"
)
sub_select = st.tuples(st.sampled_from(VARIABLES), blocks).map(
    lambda p: f"{{ SELECT DISTINCT {p[0]} WHERE {{ {p[1]} }} }}"
)
counted = blocks.map(lambda block: f"{{ SELECT ?a (COUNT(*) AS ?n) WHERE {{ {block} }} GROUP BY ?a }}")
extras = st.one_of(in_graph, optional, optional, union, filters, exists, guarded, values, sub_select, counted)
positive_patterns = st.tuples(blocks, st.lists(extras, max_size=2)).map(lambda p: f"{p[0]} {' '.join(p[1])}")
patterns = st.tuples(positive_patterns, st.lists(st.one_of(absent, chosen), max_size=1)).map(
    lambda p: f"{p[0]} {' '.join(p[1])}"
)
heads = st.sampled_from(
    ["SELECT * WHERE {{ {} }}", "SELECT DISTINCT ?a WHERE {{ {} }}", "SELECT ?a ?b WHERE {{ {} }} ORDER BY ?a ?b",
     "SELECT ?a (STR(?b) AS ?s) WHERE {{ {} }}"]
)  # fmt: skip
grouped_heads = st.sampled_from(
    ["SELECT ?a (COUNT(*) AS ?n) WHERE {{ {} }} GROUP BY ?a", "SELECT (COUNT(DISTINCT ?b) AS ?n) WHERE {{ {} }}",
     "SELECT ?a (MIN(STR(?b)) AS ?m) WHERE {{ {} }} GROUP BY ?a HAVING (COUNT(?b) > 1)",
     "SELECT (COUNT(?b) AS ?n) WHERE {{ {} }} GROUP BY ?a"]
)  # fmt: skip


def queries(heads_: Any, patterns_: Any) -> Any:
    return st.tuples(heads_, patterns_).map(lambda parts: sparql.with_prefixes(parts[0].format(parts[1])))


def cited(world: World, text: str) -> tuple[list[Row], list[RowCitation]]:
    store = world.store()
    found = store.query(text)
    assert isinstance(found, ox.QuerySolutions)
    columns = [variable.value for variable in found.variables]
    rows = [tuple(row) for row in found]
    return rows, cite(store, text, columns, rows)


many = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


# --- the promises -------------------------------------------------------------------------------------------------------


@many
@given(worlds, queries(st.one_of(heads, grouped_heads), positive_patterns), st.randoms())
def test_a_citation_is_complete_sufficient_and_holds_only_what_is_needed(world: World, text: str, random: Any) -> None:
    before = world.rows(text)

    rows, citations = cited(world, text)

    assert rows == before
    for row, citation in zip(rows, citations, strict=True):
        iris = [claim.iri for claim in citation.claims]
        others = sorted(set(world.claims) - set(iris))
        some = set(random.sample(others, random.randint(0, len(others))))
        assert row in world.rows(text, iris), "the cited claims and the reference data alone do not give the row"
        assert row in world.rows(text, {*iris, *some}), "the row goes although only claims that are not cited went"
        # Where every variable is in view and nothing gives a row twice, a row has one derivation, all of it needed.
        if "SELECT *" in text and not any(word in text for word in ("UNION", "|", "EXISTS", "DISTINCT", "COUNT")):
            for iri in iris:
                assert is_needed(world, text, row, iri, iris), f"{iri} is cited, and no derivation needs it"


def is_needed(world: World, text: str, row: Row, iri: str, iris: list[str]) -> bool:
    """Tell whether some of the other cited claims and of the reference data give the row with `iri`, not without it."""
    return any(
        row in world.rows(text, {*chosen, iri}, reference) and row not in world.rows(text, chosen, reference)
        for chosen in subsets([other for other in iris if other != iri])
        for reference in subsets(sorted(world.reference, key=str))
    )


def subsets(things: list[Any]) -> list[set[Any]]:
    return [set(chosen) for size in range(len(things) + 1) for chosen in combinations(things, size)]


@settings(many, max_examples=EXAMPLES // 4)
@given(worlds, queries(st.one_of(heads, grouped_heads), patterns))
def test_rows_that_rest_on_absence_are_cited_too_and_say_so(world: World, text: str) -> None:
    before = world.rows(text)

    rows, citations = cited(world, text)

    assert rows == before
    if "NOT EXISTS" in text or "MINUS" in text:
        assert all(citation.absences for citation in citations)
