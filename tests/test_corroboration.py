"""Corroboration: voices are counted by independent speaker and publisher, not by document."""

from __future__ import annotations

from pathlib import Path

import pyoxigraph as ox
import pytest
from support import Runner
from worlds import claim, store_of

from kg import gate, terms
from kg.claim import Claim, quads_from
from kg.corroboration import LONE, Voices, is_said, unnamed_among, voices
from kg.dataset import Dataset
from kg.describe import describe
from kg.export import write

ENDED = "id:ev a pact:LifecycleEvent ; pact:eventOf id:x ; pact:eventType pv:termination ; pact:occurrence pv:occurred."
NEVER = ENDED.replace("pv:occurred", "pv:did-not-occur")


def said(number: int, speaker: str, publisher: str, content: str = ENDED, **record: str) -> Claim:
    """A claim of a document of its own."""
    given = {"stated_by": speaker, "reported_by": publisher, "basis": "explicit"} | record
    return claim("c01", content, f"doc{number}", **given)


def heard(*claims: Claim) -> dict[str, Voices]:
    """The voices behind what became of the event, as the page of its agreement has them."""
    store = store_of(
        claims, "id:x a pact:Agreement . id:anon-1 a pact:UnnamedSource . id:anon-2 a pact:UnnamedSource ."
    )
    [event] = describe(store, "id:x").events
    return {name.removeprefix("pv:"): found for name, found in event.voices}


COUNTED = {
    "one speaker of one publisher": ([("minister", "gazette")], Voices(1, 1)),
    "one speaker again, in another document": ([("minister", "gazette")] * 3, Voices(1, 1)),
    "two speakers of one publisher": ([("minister", "gazette"), ("envoy", "gazette")], Voices(2, 1)),
    "one speaker of two publishers": ([("minister", "gazette"), ("minister", "herald")], Voices(1, 2)),
    "two publishers that speak for themselves": ([("gazette", "gazette"), ("herald", "herald")], Voices(2, 2)),
    "unnamed speakers of one publisher": ([("anon-1", "gazette"), ("anon-2", "gazette")], Voices(1, 1)),
    "unnamed speakers of two publishers": ([("anon-1", "gazette"), ("anon-2", "herald")], Voices(2, 2)),
    "a named and an unnamed speaker": ([("minister", "gazette"), ("anon-1", "gazette")], Voices(2, 1)),
}


@pytest.mark.parametrize("name", COUNTED)
def test_voices_are_counted_by_speaker_and_publisher(name: str) -> None:
    pairs, expected = COUNTED[name]

    assert heard(*(said(number, *pair) for number, pair in enumerate(pairs))) == {"occurred": expected}


def test_those_who_say_otherwise_are_counted_apart() -> None:
    found = heard(said(1, "minister", "gazette"), said(2, "envoy", "gazette"), said(3, "envoy", "herald", NEVER))

    assert found == {"occurred": Voices(2, 1), "did-not-occur": Voices(1, 1)}


NO_VOICE = {
    "an expectation": {"modality": "expected"},
    "a condition": {"modality": "conditional"},
    "a possibility": {"modality": "possible"},
    "background": {"basis": "background"},
    "a denial": {"polarity": "denied"},
}


@pytest.mark.parametrize("name", NO_VOICE)
def test_what_is_no_assertion_is_no_voice(name: str) -> None:
    other = said(2, "envoy", "herald", **NO_VOICE[name])

    assert not is_said(other)
    assert heard(said(1, "minister", "gazette"), other) == {"occurred": LONE}


def test_an_allegation_and_an_inference_are_voices() -> None:
    found = heard(said(1, "minister", "gazette", modality="alleged"), said(2, "envoy", "herald", basis="inferred"))

    assert found == {"occurred": Voices(2, 2)}


def test_a_claim_that_only_dates_an_event_does_not_say_that_it_occurred() -> None:
    dated = 'id:ev a pact:LifecycleEvent ; pact:latestDate "2021-01-01"^^xsd:date .'

    assert heard(said(1, "minister", "gazette"), said(2, "envoy", "herald", dated)) == {"occurred": LONE}


def test_a_claim_that_is_not_accepted_is_no_voice() -> None:
    rejected = said(2, "envoy", "herald", review_status="rejected")

    assert heard(said(1, "minister", "gazette"), rejected) == {"occurred": LONE}


def test_unnamed_speakers_are_known_by_their_class() -> None:
    store = store_of([], "id:anon a pact:UnnamedSource . id:minister a pact:Person .")

    assert unnamed_among(store, {terms.ID + "anon", terms.ID + "minister"}) == {terms.ID + "anon"}
    assert unnamed_among(store, ()) == set()


def test_voices_are_written_in_words() -> None:
    assert [str(voices([], ())), str(LONE), str(Voices(2, 3))] == [
        "0 speakers, 0 publishers",
        "1 speaker, 1 publisher",
        "2 speakers, 3 publishers",
    ]


# --- on the page --------------------------------------------------------------------------------------


def test_the_shipped_events_all_have_a_lone_voice(store_folder: Path, kg: Runner) -> None:
    ran = kg("show", "id:us-sv-aca-1", "--store", store_folder)

    assert "How many say so\n1 speaker, 1 publisher  all 6\n" in ran.out


def test_the_page_names_what_more_than_one_voice_says(
    shipped: Dataset, own_store: Path, tmp_path: Path, kg: Runner
) -> None:
    again = Claim(
        iri=terms.CLAIM + "el-salvador-asylum-deal-c900",
        statements=("A second voice says that the earlier agreement was terminated.",),
        documents=(terms.DOC + "el-salvador-asylum-deal",),
        passages=(terms.DOC + "el-salvador-asylum-deal#p3s1",),
        stated_by=(terms.ID + "white-house",),
        reported_by=(terms.ID + "cbs-news",),
        modality=(terms.PV + "factual",),
        certainty=(terms.PV + "certain",),
        polarity=(terms.PV + "affirmed",),
        basis=(terms.PV + "explicit",),
        review_status=(terms.PV + "accepted",),
        content=frozenset(
            ox.Triple(*(ox.NamedNode(terms.expand(part)) for part in triple))
            for triple in (
                ("id:ev-us-sv-aca-1-termination", "rdf:type", "pact:LifecycleEvent"),
                ("id:ev-us-sv-aca-1-termination", "pact:occurrence", "pv:occurred"),
            )
        ),
    )
    write(shipped.quads | frozenset(quads_from(again)), "nquads", tmp_path / "more.nq")
    gate.build(str(own_store), [tmp_path / "more.nq"])

    ran = kg("show", "id:us-sv-aca-1", "--store", own_store)

    section = ran.out.partition("How many say so\n")[2].partition("\n\n")[0]
    assert [" ".join(line.split()) for line in section.splitlines()] == [
        "2 speakers, 1 publisher termination: occurred",
        "1 speaker, 1 publisher the other 5",
    ]
