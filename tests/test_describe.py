"""Everything said about one thing: any thing can be shown, and nothing about it is flattened or lost."""

from __future__ import annotations

import pyoxigraph as ox
import pytest
from support import PREFIXES, Runner

from kg import terms
from kg.claim import claims_from
from kg.dataset import Dataset
from kg.describe import describe, role_page
from kg.errors import UnknownEntity
from kg.store import EmbeddedStore


def test_anything_that_the_store_knows_can_be_described(shipped_store: EmbeddedStore, shipped: Dataset) -> None:
    things = {
        node.value for quad in shipped.quads for node in (quad.subject, quad.object) if isinstance(node, ox.NamedNode)
    }
    ours = sorted(iri for iri in things if iri.startswith((terms.ID, terms.CLAIM, terms.DOC, terms.PV, terms.PACT)))

    for iri in ours[:: max(1, len(ours) // 60)]:
        page = describe(shipped_store, iri)
        assert page.iri == iri
        assert page.label


def test_an_agreement_shows_its_life_in_order_with_what_did_not_happen(shipped_store: EmbeddedStore) -> None:
    page = describe(shipped_store, "id:us-sv-aca-1")

    kinds = [event.kind for event in page.events]
    assert page.kinds == ("agreement",)
    assert kinds[0] == "negotiation"
    assert {"suspension", "termination"} <= set(kinds)
    assert ("did not occur",) in [event.occurrences for event in page.events]
    assert [event.earliest for event in page.events] == sorted(event.earliest or "9" for event in page.events)


def test_two_ends_of_one_agreement_are_both_there_and_a_conflict(shipped_store: EmbeddedStore) -> None:
    page = describe(shipped_store, "id:us-sv-aca-1")

    [dispute] = page.conflicts
    assert dispute.label
    assert all(claim.statement and claim.passages for claim in dispute.sides)
    assert len(dispute.sides) == 2


def test_a_proposed_agreement_says_how_each_claim_is_put(shipped_store: EmbeddedStore) -> None:
    page = describe(shipped_store, "id:us-sv-stca-2")

    modalities = {terms.compact(value) for claim in page.claims for value in claim.modality}
    assert {"pv:factual", "pv:conditional"} <= modalities
    assert page.open_questions


def test_a_state_has_its_identifiers_with_the_names_of_their_schemes(shipped_store: EmbeddedStore) -> None:
    page = describe(shipped_store, "El Salvador")

    assert ("ISO 3166-1 alpha-2", "SV") in page.identifiers
    assert ("Wikidata", "http://www.wikidata.org/entity/Q792") in page.identifiers
    assert "Republic of El Salvador" in page.aliases


def test_the_claims_of_a_page_are_those_that_speak_of_the_thing(shipped_store: EmbeddedStore, shipped: Dataset) -> None:
    node = ox.NamedNode(terms.ID + "ms-13")
    expected = [
        claim.iri
        for claim in claims_from(shipped.quads)
        if any(node in (triple.subject, triple.object) for triple in claim.content) or node.value in claim.stated_by
    ]

    page = describe(shipped_store, node.value)

    assert expected
    assert [claim.iri for claim in page.claims] == expected


def test_claims_come_a_page_at_a_time_and_none_is_lost(shipped_store: EmbeddedStore) -> None:
    whole = describe(shipped_store, "id:us", size=1_000)
    first, second = (describe(shipped_store, "id:us", page, 10) for page in (1, 2))

    assert [*first.claims, *second.claims] == list(whole.claims[:20])
    assert str(first.shown) == f"10 of {len(whole.claims)} shown"
    assert first.shown.has_next
    assert whole.shown.is_whole


def test_a_role_is_listed_in_pages(shipped_store: EmbeddedStore) -> None:
    _, whole = role_page(shipped_store, "id:us", terms.PACT + "party")
    _, second = role_page(shipped_store, "id:us", terms.PACT + "party", 2, 2)

    assert whole.things.is_whole
    assert second.things.items == whole.things.items[2:4]
    assert second.things.total == len(whole.things.items)


def test_what_is_only_said_is_no_fact_on_a_page(shipped_store: EmbeddedStore) -> None:
    page = describe(shipped_store, "id:prov-tda-flights-plan-transfer")

    assert page.claims
    assert page.facts == ()


def test_a_text_that_looks_like_an_iri_is_a_text() -> None:
    notes = '"see https://example.org/{id}|x", "http://[x"'
    trig = f'{PREFIXES} graph:reference\\/a {{ id:a skos:prefLabel "A"@en ; skos:note {notes} }}'
    quads = set(ox.parse(trig, format=ox.RdfFormat.TRIG))
    store = EmbeddedStore.of(quads)

    page = describe(store, "id:a")

    assert page.facts == (("skos:note", ("http://[x", "see https://example.org/{id}|x")),)


def test_nothing_is_shown_of_what_is_not_there(shipped_store: EmbeddedStore) -> None:
    with pytest.raises(UnknownEntity, match="nothing here is called id:nobody"):
        describe(shipped_store, "id:nobody")


@pytest.mark.parametrize(
    "thing",
    [
        "id:sv",
        "id:us-sv-stca-2",
        "id:ev-trump-bukele-call",
        "id:white-house",
        "pv:suspension",
        "pact:Agreement",
        "claim:el-salvador-asylum-deal-c01",
        "doc:el-salvador-asylum-deal",
    ],
)
def test_a_page_of_any_kind_is_printed_in_the_width_of_a_terminal(
    thing: str, store_folder: object, kg: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    ran = kg("show", thing, "--store", str(store_folder))

    assert (ran.code, ran.err) == (0, "")
    assert thing in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80
