"""Claims: the same as quads and as values, facts told from what is only said, passages covered or explained."""

from __future__ import annotations

from dataclasses import replace

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import EXAMPLE, EXAMPLE_FILES

from kg import terms
from kg.claim import Claim, claim_key, claims_from, coverage, quads_from
from kg.dataset import Dataset, read_files

FACT = Claim(
    iri=terms.CLAIM + "a-c01",
    documents=(terms.DOC + "a",),
    modality=(terms.PV + "factual",),
    polarity=(terms.PV + "affirmed",),
    review_status=(terms.PV + "accepted",),
)

# --- round trip -------------------------------------------------------------------------------------

names = st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True)
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)


def iris_in(namespace: str, size: int = 2) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(names.map(lambda name: namespace + name), max_size=size, unique=True).map(
        lambda found: tuple(sorted(found))
    )


def sorted_texts(size: int = 2) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(texts, max_size=size, unique=True).map(lambda found: tuple(sorted(found)))


nodes = names.map(lambda name: ox.NamedNode(terms.ID + name))
literals = st.one_of(
    texts.map(ox.Literal),
    texts.map(lambda text: ox.Literal(text, language="en")),
    st.dates().map(lambda day: ox.Literal(day.isoformat(), datatype=ox.NamedNode(terms.XSD + "date"))),
    st.integers().map(ox.Literal),
)
triples = st.builds(ox.Triple, nodes, names.map(lambda name: ox.NamedNode(terms.PACT + name)), nodes | literals)
claims = st.builds(
    Claim,
    iri=st.integers(1, 400).map(lambda number: f"{terms.CLAIM}a-c{number:02}"),
    statements=sorted_texts(),
    documents=iris_in(terms.DOC),
    passages=st.lists(st.tuples(st.integers(1, 30), st.integers(1, 30)), max_size=4, unique=True).map(
        lambda found: tuple(f"{terms.DOC}a#p{p}s{s}" for p, s in sorted(found))
    ),
    stated_by=iris_in(terms.ID),
    reported_by=iris_in(terms.ID),
    modality=iris_in(terms.PV),
    certainty=iris_in(terms.PV),
    polarity=iris_in(terms.PV),
    basis=iris_in(terms.PV),
    review_status=iris_in(terms.PV),
    hedge_cues=sorted_texts(),
    conditions=sorted_texts(),
    conditional_on=iris_in(terms.ID),
    content=st.frozensets(triples, max_size=4),
)


@settings(max_examples=40)
@given(st.lists(claims, max_size=4, unique_by=lambda claim: claim.iri))
def test_claims_as_quads_and_back_are_the_same_claims(given_claims: list[Claim]) -> None:
    quads = [quad for claim in given_claims for quad in quads_from(claim)]

    found = claims_from(quads)

    assert found == sorted(given_claims, key=lambda claim: claim_key(claim.iri))


@settings(max_examples=40)
@given(st.lists(claims, max_size=3, unique_by=lambda claim: claim.iri))
def test_claims_survive_being_written_as_n_quads(given_claims: list[Claim]) -> None:
    quads = [quad for claim in given_claims for quad in quads_from(claim)]

    written = ox.serialize(quads, format=ox.RdfFormat.N_QUADS) or b""
    found = claims_from(ox.parse(written, format=ox.RdfFormat.N_QUADS))

    assert found == claims_from(quads)


def test_the_shipped_claims_lose_nothing_as_values(shipped: Dataset) -> None:
    held = claims_from(shipped.quads)

    again = claims_from([quad for claim in held for quad in quads_from(claim)])

    assert again == held
    assert all(claim.content for claim in held)


# --- order ------------------------------------------------------------------------------------------


def test_claims_come_in_the_order_in_which_a_person_counts() -> None:
    iris = [terms.CLAIM + name for name in ("a-c10", "a-c9", "b-c1", "a-c100")]

    assert [iri.removeprefix(terms.CLAIM) for iri in sorted(iris, key=claim_key)] == ["a-c9", "a-c10", "a-c100", "b-c1"]


def test_a_claim_without_a_number_has_a_place_in_the_order_too() -> None:
    assert claim_key(terms.CLAIM + "a-last") == (terms.CLAIM + "a-last", 0)


# --- facts ------------------------------------------------------------------------------------------


def test_an_accepted_affirmed_factual_claim_is_a_fact() -> None:
    assert FACT.is_fact


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("modality", ["alleged", "conditional", "expected", "possible", "question"]),
        ("polarity", ["denied"]),
        ("review_status", ["draft", "rejected", "superseded", "disputed"]),
    ],
)
def test_a_claim_that_is_otherwise_put_is_no_fact(field: str, values: list[str]) -> None:
    for value in values:
        assert not replace(FACT, **{field: (terms.PV + value,)}).is_fact  # type: ignore[arg-type]


@pytest.mark.parametrize("field", ["modality", "polarity", "review_status"])
def test_a_claim_that_does_not_say_how_it_is_put_or_says_it_twice_is_no_fact(field: str) -> None:
    silent = replace(FACT, **{field: ()})  # type: ignore[arg-type]
    twice = replace(FACT, **{field: (*getattr(FACT, field), terms.PV + "other")})  # type: ignore[arg-type]

    assert not silent.is_fact
    assert not twice.is_fact


def test_what_a_claim_graph_says_of_a_claim_is_content_and_no_record() -> None:
    node, graph = ox.NamedNode(FACT.iri), ox.NamedNode(terms.CLAIM + "a-c02")
    status = ox.NamedNode(terms.PACT + "reviewStatus")
    draft = replace(FACT, review_status=(terms.PV + "draft",))
    quads = [*quads_from(draft), ox.Quad(node, status, ox.NamedNode(terms.PV + "accepted"), graph)]

    [claim] = claims_from(quads)

    assert claim.review_status == (terms.PV + "draft",)


# --- coverage ---------------------------------------------------------------------------------------


def test_each_passage_is_covered_or_explained_or_neither() -> None:
    quads = {quad for quad in read_files(EXAMPLE_FILES).quads if "c03" not in str(quad.subject)}

    [found] = coverage(quads)

    assert [passage.address for passage in found.covered] == ["p1s1", "p1s2"]
    assert [passage.address for passage in found.explained] == ["p2s2"]
    assert [passage.address for passage in found.uncovered] == ["p2s1"]
    assert found.claim_count == 2


@pytest.mark.parametrize("status", ["rejected", "superseded"])
def test_a_claim_that_no_longer_counts_covers_nothing(status: str) -> None:
    predicate = ox.NamedNode(terms.PACT + "reviewStatus")
    quads = set(read_files(EXAMPLE_FILES).quads)
    [held] = [quad for quad in quads if quad.subject.value.endswith("c01") and quad.predicate == predicate]  # type: ignore[union-attr]
    quads -= {held}
    quads.add(ox.Quad(held.subject, predicate, ox.NamedNode(terms.PV + status), held.graph_name))

    [found] = coverage(quads)

    assert [passage.address for passage in found.uncovered] == ["p1s1"]


def test_every_passage_of_the_shipped_documents_is_covered_or_explained(shipped: Dataset) -> None:
    found = coverage(shipped.quads)

    assert EXAMPLE not in [each.document.slug for each in found]
    assert [each.uncovered for each in found] == [()] * len(found)
