"""What was known on a day, over random small datasets and random queries: asked of the store itself, and of a copy."""

from __future__ import annotations

import os
from collections import Counter
from datetime import date
from typing import Any

import pyoxigraph as ox
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_cite_properties import (
    Triple3,
    absent,
    asked,
    filters,
    grouped_heads,
    heads,
    joined,
    patterns_of,
    queries,
    told,
    triples,
    values,
)
from test_valid_at import Event, any_events, day, life, orders

from kg import known, terms
from kg.answer import ask
from kg.claim import Claim, quads_from
from kg.dataset import facts
from kg.store import EmbeddedStore, Store

EXAMPLES = 1000 if os.environ.get("CI") else 300
DAYS = ["2020-01-01", "2020-06-01", "2021-01-01", "2022-01-01"]
SLUGS = ["d", "e", "f"]
TITLE = ox.NamedNode(terms.expand("dcterms:title"))
DATES = [ox.NamedNode(terms.expand(name)) for name in ("dcterms:issued", "pact:latestDate")]


# --- random datasets: documents with and without dates, their claims, a little reference data ---------------------


dates_of_document = st.lists(st.tuples(st.sampled_from(DATES), st.sampled_from(DAYS)), max_size=2, unique=True)
contents = st.tuples(
    st.sampled_from(SLUGS),
    st.lists(triples, min_size=1, max_size=6, unique=True),
    st.sampled_from(["factual"] * 4 + ["alleged"]),
)


def iri(name: str) -> ox.NamedNode:
    return ox.NamedNode(terms.expand(name))


def quads_of_document(slug: str, dates: list[tuple[ox.NamedNode, str]]) -> set[ox.Quad]:
    graph, document = iri(f"graph:document/{slug}"), iri(f"doc:{slug}")
    found = {ox.Quad(document, predicate, ox.Literal(day, datatype=iri("xsd:date")), graph) for predicate, day in dates}
    found.add(ox.Quad(document, TITLE, ox.Literal(slug), graph))
    return found | {ox.Quad(document, iri("rdf:type"), iri("pact:SourceDocument"), graph)}


def quads_of_claim(number: int, slug: str, content: list[Triple3], modality: str) -> set[ox.Quad]:
    return set(
        quads_from(
            Claim(
                iri=f"{terms.CLAIM}{slug}-c{number}",
                documents=(terms.DOC + slug,),
                modality=(terms.PV + modality,),
                polarity=(terms.PV + "affirmed",),
                review_status=(terms.PV + "accepted",),
                content=frozenset(ox.Triple(*map(iri, parts)) for parts in content),
            )
        )
    )


def dataset(dates: list[Any], claims: list[Any], reference: list[Triple3]) -> EmbeddedStore:
    quads = {quad for slug, found in zip(SLUGS, dates, strict=True) for quad in quads_of_document(slug, found)}
    quads |= {quad for number, each in enumerate(claims, 1) for quad in quads_of_claim(number, *each)}
    quads |= {ox.Quad(iri(s), iri(p), iri(o), iri("graph:reference/r")) for s, p, o in reference}
    engine = ox.Store()  # nothing here is derived
    engine.extend(quads | facts(quads))
    return EmbeddedStore("memory", engine)


datasets = st.builds(
    dataset,
    st.lists(dates_of_document, min_size=len(SLUGS), max_size=len(SLUGS)),
    st.lists(contents, min_size=3, max_size=9),
    st.lists(triples, max_size=2, unique=True),
)
days = st.sampled_from([*DAYS, "2019-12-31", "2025-01-01"]).map(date.fromisoformat)
patterns = patterns_of(st.one_of(joined, asked, filters, values), st.one_of(absent, told))
asking = queries(st.one_of(heads, heads, grouped_heads), patterns)


# --- the promises -------------------------------------------------------------------------------------------------


def both_ways(store: EmbeddedStore, day: date) -> tuple[Any, Any]:
    """Return the store as it was known on a day, asked itself, and as a copy of what was known."""
    ways = [known._KnownStore(store, day.isoformat(), copied=copied) for copied in (False, True)]
    return ways[0], ways[1]


def rows(store: Store, text: str) -> tuple[list[str], Counter[tuple[Any, ...]]]:
    found = store.query(text)
    assert isinstance(found, ox.QuerySolutions)
    return [variable.value for variable in found.variables], Counter(tuple(row) for row in found)


many = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)


@many
@given(datasets, days, asking)
def test_a_query_has_the_rows_that_a_copy_of_what_was_known_has(store: EmbeddedStore, day: date, text: str) -> None:
    asked_itself, copied = both_ways(store, day)

    assert rows(asked_itself, text) == rows(copied, text)


def test_rows_without_columns_are_as_many() -> None:
    store = dataset([[(DATES[0], "2020-01-01")], [], []], [("d", [("id:n0", "id:p", "id:n1")], "factual")], [])
    ways = both_ways(store, date(2020, 1, 1))

    for text, many_ in (("SELECT * { id:n0 id:p id:n1 }", 1), ("SELECT * { id:n0 id:p id:n0 }", 0)):
        assert rows(ways[0], text) == rows(ways[1], text) == ([], Counter({(): many_} if many_ else {}))
    assert "copy" not in vars(ways[0])


def test_names_that_a_base_completes_are_those_of_the_query() -> None:
    store = dataset([[(DATES[0], "2020-01-01")], [], []], [("d", [("id:n0", "id:p", "id:n1")], "factual")], [])
    ways = both_ways(store, date(2020, 1, 1))
    text = f"BASE <{terms.ID}> SELECT ?o {{ <n0> <p> ?o }}"

    assert rows(ways[0], text) == rows(ways[1], text) == (["o"], Counter([(iri("id:n1"),)]))


# --- derived facts: of the events of one agreement, some are told by another document than the others ----------------


def told_by_two(events: list[Event], order: set[tuple[int, int]], one: str, other: str) -> EmbeddedStore:
    """Return a life of which every second claim is of a document of another day."""
    quads = set(quads_of_document("d", [(DATES[1], one)])) | set(quads_of_document("e", [(DATES[1], other)]))
    for quad in life(events, {pair for pair in order if max(pair) < len(events)}).quads():
        claim = next((str(each) for each in (quad.subject, quad.graph_name) if f"{terms.CLAIM}d-c" in str(each)), "")
        line = f"{quad} .".encode()
        if claim and int(claim[1:-1].rpartition("-c")[2]) % 2:
            for here, there in ((b"/d-c", b"/e-c"), (b"/claims/d>", b"/claims/e>"), (b"/document/d>", b"/document/e>")):
                line = line.replace(here, there)
        quads |= set(ox.parse(line, format=ox.RdfFormat.N_QUADS))
    return EmbeddedStore.of(quads)


ON_DERIVED = ["agreements", "agreements-between", "status-on"]


@settings(many, max_examples=EXAMPLES // 10)
@given(st.lists(any_events, min_size=1, max_size=4), orders, st.sampled_from(DAYS), st.integers(-2, 60))
def test_a_question_on_derived_facts_has_the_rows_of_a_copy(
    events: list[Event], order: set[tuple[int, int]], known_on: str, at: int
) -> None:
    ways = both_ways(told_by_two(events, order, "2020-01-01", "2021-01-01"), date.fromisoformat(known_on))

    for name in ON_DERIVED:
        given_ = {"state": "id:xa", "other": "id:xb"} if name == "agreements-between" else {}
        given_ |= {"date": day(at)} if name == "status-on" else {"validAt": day(at)} if at % 2 else {}
        there, copied = (ask(each, name, given_).rows for each in ways)
        assert there == copied
    assert "copy" not in vars(ways[0])


def test_a_query_over_all_graphs_sees_the_derived_facts_that_were_known() -> None:
    ways = both_ways(
        told_by_two([("signature", "occurred", 1, 1)], set(), "2020-01-01", "2021-01-01"), date(2020, 6, 1)
    )
    text = "SELECT ?g ?s ?p ?o { GRAPH ?g { ?s ?p ?o } }"

    assert rows(ways[0], text) == rows(ways[1], text)
