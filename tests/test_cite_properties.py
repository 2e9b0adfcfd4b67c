"""The five promises of citations, held over random small datasets and random queries."""

from __future__ import annotations

import os
import re
from collections import Counter
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


# --- random datasets: claims of one or two triples, some of them not facts, and a little reference data -------------


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

    def store(self, iris: Any = None, without: ox.Triple | None = None) -> EmbeddedStore:
        chosen = self.claims.values() if iris is None else [self.claims[iri] for iri in iris]
        quads = self.reference | {quad for claim in chosen for quad in quads_from(claim) if quad.triple != without}
        engine = ox.Store()  # nothing here is derived
        engine.extend(quads | facts(quads))
        return EmbeddedStore("memory", engine)

    def rows(self, text: str, iris: Any = None, without: ox.Triple | None = None) -> list[Row]:
        found = self.store(iris, without).query(text)
        assert isinstance(found, ox.QuerySolutions)
        return [tuple(row) for row in found]


worlds = st.builds(World, claim_contents, reference_triples)


# --- random queries ---------------------------------------------------------------------------------------------------


subjects = st.sampled_from([*VARIABLES * 3, *NODES, "[]"])
objects = st.sampled_from([*VARIABLES * 4, *NODES, "[]"])
paths = st.sampled_from(
    [
        *PREDICATES * 4,
        *("id:p/id:q", "^id:p", "id:p|id:q", "id:p/^id:r", "(id:p|^id:q)/id:r", "id:p+", "(id:p/id:q)+", "^id:r/id:p?"),
        *("!id:p", "!(id:p|id:q)", "id:p*", "(id:p|^id:q)*", "(!id:r)+", "?v"),
    ]
)
edges = st.tuples(subjects, paths, objects).map(lambda parts: f"{parts[0]} {parts[1]} {parts[2]} .")
blocks = st.lists(edges, min_size=1, max_size=2).map(" ".join)


def forms(*texts: str) -> Any:
    """Return texts in each of which every `{}` is filled with a block."""
    return st.sampled_from(texts).flatmap(
        lambda text: st.tuples(*[blocks] * text.count("{}")).map(lambda filled: text.format(*filled))
    )


filters = st.tuples(st.sampled_from(VARIABLES), st.sampled_from(["=", "!="]), st.sampled_from(NODES)).map(
    lambda parts: f"FILTER({parts[0]} {parts[1]} {parts[2]})"
)
values = st.tuples(st.sampled_from(VARIABLES), st.lists(st.sampled_from(NODES), min_size=1, max_size=2)).map(
    lambda parts: f"VALUES {parts[0]} {{ {' '.join(parts[1])} }}"
)
joined = forms(
    "GRAPH ?g {{ {} }}",
    "GRAPH ?h {{ {} }}",
    "OPTIONAL {{ {} }}",
    "OPTIONAL {{ {} }}",
    "OPTIONAL {{ {} OPTIONAL {{ {} }} }}",
    "OPTIONAL {{ SELECT ?a ?b {{ {} }} }}",
    "{{ {} }} UNION {{ {} }}",
    "{{ SELECT DISTINCT ?a WHERE {{ {} }} }}",
    "{{ SELECT DISTINCT ?a {{ {} }} ORDER BY ?a LIMIT 1 }}",
    "{{ SELECT ?a ?c {{ {} }} ORDER BY ?a ?c LIMIT 2 }}",
    "{{ SELECT ?a {{ {} }} VALUES ?a {{ id:n0 id:n1 }} }}",
    "{{ SELECT ?a (COUNT(*) AS ?n) {{ {} }} GROUP BY ?a }}",
    "{{ SELECT ?a (COUNT(DISTINCT ?b) AS ?n) {{ {} }} GROUP BY ?a HAVING (COUNT(*) > 1) }}",
    "GRAPH ?g {{ SELECT ?a {{ {} }} }}",
    "GRAPH ?g {{ SELECT ?a (COUNT(*) AS ?n) {{ {} }} GROUP BY ?a }}",
)
asked = forms(
    "FILTER EXISTS {{ {} }}",
    "FILTER(!BOUND(?c) || EXISTS {{ {} }})",
    "FILTER EXISTS {{ SELECT ?a {{ {} }} }}",
    "FILTER EXISTS {{ SELECT ?b (COUNT(*) AS ?n) {{ {} }} GROUP BY ?b }}",
    "FILTER EXISTS {{ {} OPTIONAL {{ {} }} FILTER(BOUND(?c) || ?a != ?b) }}",
    "FILTER EXISTS {{ {} MINUS {{ {} }} }}",
    "FILTER EXISTS {{ {} FILTER NOT EXISTS {{ {} }} }}",
    "FILTER EXISTS {{ {} FILTER(EXISTS {{ {} }} || ?b = id:n1) }}",
    "FILTER EXISTS {{ {{ {} }} UNION {{ {} }} }}",
    "FILTER EXISTS {{ VALUES ?a {{ UNDEF id:n0 }} {} }}",
    "FILTER EXISTS {{ GRAPH ?g {{ {} }} }}",
)
absent = forms(
    "FILTER NOT EXISTS {{ {} }}",
    "MINUS {{ {} }}",
    "FILTER NOT EXISTS {{ {} FILTER NOT EXISTS {{ {} }} }}",
    "FILTER NOT EXISTS {{ {} FILTER(?b = id:n0 || NOT EXISTS {{ {} }}) }}",
    "FILTER NOT EXISTS {{ {} OPTIONAL {{ {} }} FILTER(?a != id:n0 && !BOUND(?c)) }}",
    "FILTER NOT EXISTS {{ {} FILTER EXISTS {{ {} MINUS {{ {} }} }} }}",
    "FILTER NOT EXISTS {{ {{ {} FILTER NOT EXISTS {{ {} }} }} UNION {{ {} }} }}",
    "MINUS {{ {} FILTER NOT EXISTS {{ {} }} }}",
    "MINUS {{ {} MINUS {{ {} }} }}",
)
told = forms(
    'BIND(IF(BOUND(?a), IF(EXISTS {{ {} }}, "yes", "no"), "none") AS ?told)',
    'BIND(IF(NOT EXISTS {{ {} }} && ?a != id:n0, "yes", "no") AS ?told)',
    'BIND(IF(EXISTS {{ {} }} || EXISTS {{ {} }}, "yes", "no") AS ?told)',
    'BIND(IF(BOUND(?c), IF(EXISTS {{ {} }} && NOT EXISTS {{ {} }}, "yes", "no"), "none") AS ?told)',
    "BIND(EXISTS {{ {} }} AS ?told)",
    'BIND(IF(EXISTS {{ {} FILTER NOT EXISTS {{ {} }} }}, "yes", "no") AS ?told)',
    "BIND(COALESCE(?c, EXISTS {{ {} }}) AS ?told)",
    "FILTER(EXISTS {{ {} }} || NOT EXISTS {{ {} }})",
    "FILTER(!(EXISTS {{ {} }} && ?a = id:n1))",
    "FILTER((EXISTS {{ {} }}) = (NOT EXISTS {{ {} }}))",
    "OPTIONAL {{ {} FILTER(?a = id:n0 || EXISTS {{ {} }}) }}",
    "OPTIONAL {{ {} FILTER(IF(?a = id:n0, EXISTS {{ {} }}, NOT EXISTS {{ {} }})) }}",
    "OPTIONAL {{ {} MINUS {{ {} }} }}",
    "OPTIONAL {{ {} }} FILTER(!BOUND(?c))",
    "OPTIONAL {{ {} }} FILTER(!BOUND(?c) || ?c = ?a)",
    "{{ {} FILTER NOT EXISTS {{ {} }} }} UNION {{ {} }}",
)


def patterns_of(some: Any, last: Any = None) -> Any:
    """Return patterns of a block, up to two of `some`, and up to one of `last`."""
    rest = st.just([]) if last is None else st.lists(last, max_size=1)
    return st.tuples(blocks, st.lists(some, max_size=2), rest).map(lambda p: " ".join([p[0], *p[1], *p[2]]))


positive_patterns = patterns_of(st.one_of(joined, joined, asked, filters, values))
patterns = patterns_of(st.one_of(joined, asked, filters, values), st.one_of(absent, told))
heads = st.sampled_from(
    ["SELECT * WHERE {{ {} }}", "SELECT DISTINCT ?a WHERE {{ {} }}", "SELECT ?a ?b WHERE {{ {} }} ORDER BY ?a ?b",
     "SELECT ?a (STR(?b) AS ?s) WHERE {{ {} }}", "SELECT ?a ?c WHERE {{ {} }} VALUES ?c {{ UNDEF id:n0 }}",
     "SELECT ?a (EXISTS {{ ?a id:p ?z }} AS ?e) WHERE {{ {} }}",
     "SELECT DISTINCT ?a WHERE {{ {} }} ORDER BY ?a LIMIT 2"]
)  # fmt: skip
grouped_heads = st.sampled_from(
    ["SELECT ?a (COUNT(*) AS ?n) WHERE {{ {} }} GROUP BY ?a", "SELECT (COUNT(DISTINCT ?b) AS ?n) WHERE {{ {} }}",
     "SELECT ?a (MIN(STR(?b)) AS ?m) WHERE {{ {} }} GROUP BY ?a HAVING (COUNT(?b) > 1)",
     "SELECT (COUNT(?b) AS ?n) WHERE {{ {} }} GROUP BY ?a", "SELECT (STR(?a) AS ?s) WHERE {{ {} }} GROUP BY ?a ?b",
     "SELECT ?k (COUNT(*) AS ?n) WHERE {{ {} }} GROUP BY (STR(?a) AS ?k) VALUES ?k {{ UNDEF }}"]
)  # fmt: skip


def queries(heads_: Any, patterns_: Any) -> Any:
    return st.tuples(heads_, patterns_).map(lambda parts: sparql.with_prefixes(parts[0].format(parts[1])))


def cited(world: World, text: str) -> tuple[list[Row], list[RowCitation]]:
    """Return the rows of a query and their citations, one each, once the rows have stayed the same.

    Without ORDER BY the engine may give them in another order every time.
    """
    store = world.store()
    columns, rows = asked_of(store, text)
    before = list(rows)
    citations = cite(store, text, columns, rows)
    again = asked_of(store, text)
    assert rows == before
    assert (again[0], Counter(again[1])) == (columns, Counter(rows))
    assert len(citations) == len(rows)
    return rows, citations


def asked_of(store: EmbeddedStore, text: str) -> tuple[list[str], list[Row]]:
    found = store.query(text)
    assert isinstance(found, ox.QuerySolutions)
    return [variable.value for variable in found.variables], [tuple(row) for row in found]


many = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)


# --- the promises ---------------------------------------------------------------------------------------------------


def assert_enough(world: World, text: str, row: Row, iris: list[str], random: Any) -> None:
    """Assert that the cited claims alone give the row, and that any others can go."""
    others = sorted(set(world.claims) - set(iris))
    some = set(random.sample(others, random.randint(0, len(others))))
    assert row in world.rows(text, iris), "the cited claims and the reference data alone do not give the row"
    assert row in world.rows(text, {*iris, *some}), "the row goes although only claims that are not cited went"


@many
@given(worlds, queries(st.one_of(heads, grouped_heads), positive_patterns), st.randoms())
def test_a_citation_is_complete_sufficient_and_holds_only_what_is_needed(world: World, text: str, random: Any) -> None:
    rows, citations = cited(world, text)

    for row, citation in zip(rows, citations, strict=True):
        iris = [claim.iri for claim in citation.claims]
        assert_enough(world, text, row, iris, random)
        # Where every variable is in view and nothing gives a row twice, a row has one derivation, all of it needed.
        if "SELECT *" in text and not MERGED.search(text.partition("WHERE")[2]):
            for iri in iris:
                assert is_needed(world, text, row, iri), f"{iri} is cited, and no derivation needs it"


MERGED = re.compile(r"UNION|EXISTS|SELECT|GRAPH|[|+*!]|\[\]|\?[ /.]")
"""What, in a pattern, can give one row in several ways, of which one may rest on more than another."""


def is_needed(world: World, text: str, row: Row, iri: str) -> bool:
    """Tell whether a claim says something without which, whoever says it, the row is gone.

    Where two claims say the same, the row rests on both, and would do with either.
    """
    return any(row not in world.rows(text, without=triple) for triple in world.claims[iri].content)


@many
@given(worlds, queries(heads, patterns), st.randoms())
def test_a_row_that_rests_on_conditions_and_absence_stays_with_its_claims_alone(
    world: World, text: str, random: Any
) -> None:
    rows, citations = cited(world, text)

    for row, citation in zip(rows, citations, strict=True):
        assert_enough(world, text, row, [claim.iri for claim in citation.claims], random)


@settings(many, max_examples=EXAMPLES // 4)
@given(worlds, queries(st.one_of(heads, grouped_heads), patterns_of(st.one_of(joined, filters), absent)))
def test_rows_that_rest_on_absence_say_so(world: World, text: str) -> None:
    rows, citations = cited(world, text)

    assert len(rows) == len(citations)
    if "FILTER NOT EXISTS" in text or "MINUS" in text:
        assert all(citation.absences for citation in citations)
