"""Things: found by IRI, name or label, listed by class and by controlled list."""

from __future__ import annotations

import pyoxigraph as ox
import pytest
from support import PREFIXES

from kg import entity, terms
from kg.errors import AmbiguousEntity, UnknownEntity, UsageError
from kg.store import EmbeddedStore


def store_of(trig: str) -> EmbeddedStore:
    engine = ox.Store()
    engine.bulk_extend(ox.parse(PREFIXES + trig, format=ox.RdfFormat.TRIG))
    return EmbeddedStore("memory", engine)


@pytest.fixture(scope="module")
def twins() -> EmbeddedStore:
    """Two things of one label, one more with an alias, one that only a claim types."""
    return store_of(
        """
        pact:Plan rdfs:subClassOf pact:Policy . pact:Policy rdfs:label "policy"@en .
        id:one a pact:Policy ; skos:prefLabel "Twin"@en .
        id:two a pact:Plan ; skos:prefLabel "twin"@en ; skos:altLabel "Second–twin"@en .
        id:three skos:prefLabel "Drei"@de .
        claim:a-c01 { id:three a pact:Plan }
        """
    )


@pytest.mark.parametrize(
    "text",
    [
        "id:sv",
        "<https://w3id.org/pactgraph/id/sv>",
        terms.ID + "sv",
        "El Salvador",
        "el salvador",
        "EL  SALVADOR ",
        "Republic of El Salvador",
    ],
)
def test_a_thing_is_found_by_iri_by_name_and_by_any_of_its_labels(text: str, shipped_store: EmbeddedStore) -> None:
    assert entity.find(shipped_store, text) == terms.ID + "sv"


def test_a_dash_is_a_hyphen_in_a_label(twins: EmbeddedStore) -> None:
    assert entity.find(twins, "second-twin") == entity.find(twins, "Second–Twin") == terms.ID + "two"


def test_a_label_that_fits_two_things_is_refused_with_both(twins: EmbeddedStore) -> None:
    with pytest.raises(AmbiguousEntity, match="“TWIN” fits 2 things:") as caught:
        entity.find(twins, "TWIN")

    assert caught.value.candidates == [("id:one", "Twin"), ("id:two", "twin")]


def test_candidates_decide_between_two_things_of_one_label(twins: EmbeddedStore) -> None:
    plans = entity.members(twins, terms.PACT + "Plan")

    assert entity.find(twins, "twin", plans) == terms.ID + "two"


def test_an_unknown_label_offers_the_nearest(shipped_store: EmbeddedStore) -> None:
    with pytest.raises(UnknownEntity, match="nothing here is called “El Slavador”") as caught:
        entity.find(shipped_store, "El Slavador")

    assert "El Salvador" in (caught.value.mend or "")


@pytest.mark.parametrize("text", ["id:nobody", "https://example.org/nobody", "pact:NoSuchClass"])
def test_an_unknown_name_is_no_thing(text: str, shipped_store: EmbeddedStore) -> None:
    with pytest.raises(UnknownEntity, match=f"nothing here is called {text}"):
        entity.find(shipped_store, text)


@pytest.mark.parametrize("text", ["", " ", '"> } DROP ALL #', "'", "\\", "a\nb", "\x00", "\udcff", "x" * 10_000])
def test_hostile_text_is_a_label_that_nothing_has(text: str, shipped_store: EmbeddedStore) -> None:
    with pytest.raises(UnknownEntity, match="nothing here is called"):
        entity.find(shipped_store, text)


@pytest.mark.parametrize(
    "text", ["id:sv> } DROP ALL #", "<id:sv", "id:%zz", "http://[x", "id:a b", "https://x.org/\udcff", "see http://x"]
)
def test_hostile_text_that_begins_as_a_name_is_no_name(text: str, shipped_store: EmbeddedStore) -> None:
    with pytest.raises(UsageError, match="IRI"):
        entity.find(shipped_store, text)


def test_a_label_is_the_english_one_and_the_first_of_several() -> None:
    store = store_of('id:a skos:prefLabel "eins"@de, "two"@en, "one"@en . id:b skos:prefLabel "zwei"@de .')

    assert entity.labels(store, [terms.ID + "a", terms.ID + "b", terms.ID + "c"]) == {terms.ID + "a": "one"}
    assert entity.labels(store, []) == {}


def test_members_of_a_class_are_those_of_the_classes_below_it_too(twins: EmbeddedStore) -> None:
    assert entity.members(twins, terms.PACT + "Plan") == [(terms.ID + "three", ""), (terms.ID + "two", "twin")]
    assert [iri for iri, _ in entity.members(twins, terms.PACT + "Policy")] == [
        terms.ID + name for name in ("one", "three", "two")
    ]


def test_a_type_that_only_a_claim_says_counts(twins: EmbeddedStore) -> None:
    assert entity.types(twins, terms.ID + "three") == [terms.PACT + "Plan"]
    assert entity.is_a(twins, terms.ID + "three", terms.PACT + "Policy")
    assert not entity.is_a(twins, terms.ID + "one", terms.PACT + "Plan")


def test_anything_is_a_member_of_everything(shipped_store: EmbeddedStore) -> None:
    everything = {iri for iri, _ in entity.members(shipped_store, entity.ANYTHING)}

    assert {terms.ID + "sv", terms.PV + "suspension", terms.ID + "us-sv-aca-1"} <= everything


def test_members_come_by_label(shipped_store: EmbeddedStore) -> None:
    labels = [label for _, label in entity.members(shipped_store, terms.PACT + "State")]

    assert "El Salvador" in labels
    assert labels == sorted(labels)


def test_the_concepts_of_a_list_come_with_their_labels(shipped_store: EmbeddedStore) -> None:
    found = dict(entity.concepts(shipped_store, terms.PV + "modality"))

    assert found[terms.PV + "alleged"] == "alleged"
    assert entity.concepts(shipped_store, terms.PV + "no-such-list") == []


def test_the_nearest_names_come_likeliest_first_and_only_if_they_are_near() -> None:
    names = ["agreements", "agreements-between", "conflicts"]

    assert entity.nearest("agrements", names)[0] == "agreements"
    assert entity.nearest("AGREEMENTS BETWEEN", names)[0] == "agreements-between"
    assert entity.nearest("zzz", names) == []
