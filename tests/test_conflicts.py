"""Conflicts: recorded and detected, rule by rule, and what they make of the status of an answer."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pyoxigraph as ox
import pytest
from support import FIRST, Runner
from worlds import claim, store_of, turtle

from kg import entity, terms
from kg.answer import ask, run
from kg.claim import Claim
from kg.conflict import Conflict, conflicts_about, conflicts_of, named_by
from kg.dataset import read_project
from kg.store import EmbeddedStore, Store

ONTOLOGY = [quad for quad in read_project().quads if str(quad.graph_name).startswith(f"<{terms.GRAPH}ontology/")]
RECORDS = ox.NamedNode(terms.GRAPH + "claims/d")
ENDED = "id:ev a pact:LifecycleEvent ; pact:eventOf id:x ; pact:eventType pv:termination ; pact:occurrence pv:occurred."
DENIED = "id:ev a pact:LifecycleEvent ; pact:occurrence pv:did-not-occur ."


def event(name: str, kind: str, occurrence: str, more: str = "") -> str:
    return (
        f"id:{name} a pact:LifecycleEvent ; pact:eventOf id:x ; pact:eventType pv:{kind} ; "
        f"pact:occurrence pv:{occurrence} {more} ."
    )


def dates(name: str, first: str | None = None, last: str | None = None) -> str:
    parts = [f'pact:earliestDate "{first}"^^xsd:date'] if first else []
    parts += [f'pact:latestDate "{last}"^^xsd:date'] if last else []
    return f"id:{name} a pact:LifecycleEvent ; {' ; '.join(parts)} ."


def world(*claims: Claim | str, records: str = "") -> EmbeddedStore:
    """A store of the ontology and of claims c1, c2 …; `records` is Turtle beside their records."""
    made = [each if isinstance(each, Claim) else claim(f"c{number}", each) for number, each in enumerate(claims, 1)]
    more = [ox.Quad(quad.subject, quad.predicate, quad.object, RECORDS) for quad in turtle(records)] if records else []
    return store_of(made, more=[*ONTOLOGY, *more])


def found(store: EmbeddedStore) -> list[tuple[str, bool, set[str]]]:
    """The conflicts that the question answers: kind, whether recorded, and numbers of claims."""
    answer = ask(store, "conflicts")
    grouped: dict[str, tuple[str, bool, set[str]]] = {}
    for row in answer.rows:
        cells = {name: "" if cell is None else cell.value for name, cell in zip(answer.columns, row, strict=True)}  # type: ignore[union-attr]
        kind, recorded = cells["kind"].removeprefix(terms.PV), cells["recorded"] == "true"
        grouped.setdefault(cells["conflict"], (kind, recorded, set()))[2].add(cells["claim"].rpartition("-")[2])
    return list(grouped.values())


# --- the rules --------------------------------------------------------------------------------------

OCCURRENCE, DATE, KIND, VALUE = ("occurrence-mismatch", "date-mismatch", "event-type-mismatch", "value-mismatch")
EXCLUDED = (event("ev1", "abandonment", "occurred"), event("ev2", "conclusion", "occurred"))
POSITIVE = {
    "one event that occurred and did not": (OCCURRENCE, ENDED, DENIED),
    "one event that goes on and did not occur": (
        OCCURRENCE,
        event("ev", "negotiation", "ongoing"),
        event("ev", "negotiation", "did-not-occur"),
    ),
    "one event of which only the type is told elsewhere": (
        OCCURRENCE,
        ENDED,
        "id:ev pact:occurrence pv:did-not-occur .",
    ),
    "one kind of event of one agreement": (
        OCCURRENCE,
        event("ev1", "termination", "occurred"),
        event("ev2", "termination", "did-not-occur"),
    ),
    "one kind of event at times that overlap": (
        OCCURRENCE,
        event("ev1", "termination", "occurred", '; pact:latestDate "2021-01-01"^^xsd:date'),
        event("ev2", "termination", "did-not-occur", '; pact:earliestDate "2020-01-01"^^xsd:date'),
    ),
    "an event that was over before it began": (DATE, dates("ev", last="2020-01-01"), dates("ev", first="2020-01-02")),
    "two kinds of event that exclude each other": (KIND, *EXCLUDED),
}
NEGATIVE = {
    "the same said twice": (ENDED, ENDED),
    "an event that occurred and one that is planned": (ENDED, event("ev2", "termination", "planned")),
    "one kind of event of two agreements": (
        event("ev1", "termination", "occurred"),
        event("ev2", "termination", "did-not-occur").replace("id:x", "id:y"),
    ),
    "two kinds of event that can both occur": (
        event("ev1", "suspension", "occurred"),
        event("ev2", "termination", "occurred"),
    ),
    "kinds that exclude each other, of which one did not occur": (
        EXCLUDED[0],
        event("ev2", "conclusion", "did-not-occur"),
    ),
    "kinds that exclude each other, of two agreements": (EXCLUDED[0], EXCLUDED[1].replace("id:x", "id:y")),
    "bounds of a time that meet": (dates("ev", last="2020-01-01"), dates("ev", first="2020-01-01")),
    "bounds of a time that lie in each other": (
        dates("ev", "2019-01-01", "2021-01-01"),
        dates("ev", "2020-01-01", "2020-02-01"),
    ),
    "what had not happened by then happened later": (
        event("ev1", "implementation-start", "occurred", '; pact:earliestDate "2022-01-01"^^xsd:date'),
        event("ev2", "implementation-start", "did-not-occur", '; pact:latestDate "2021-12-31"^^xsd:date'),
    ),
    "what happened once did not happen again": (
        event("ev1", "suspension", "occurred", '; pact:latestDate "2020-12-31"^^xsd:date'),
        event("ev2", "suspension", "did-not-occur", '; pact:earliestDate "2021-01-01"^^xsd:date'),
    ),
    "what a claim puts in order": (
        event("ev1", "implementation-start", "occurred"),
        event("ev2", "implementation-start", "did-not-occur", "; pact:precedes id:ev1"),
    ),
}


@pytest.mark.parametrize("name", POSITIVE)
def test_claims_that_cannot_both_hold_are_in_conflict(name: str) -> None:
    kind, *claims = POSITIVE[name]

    assert found(world(*claims)) == [(kind, False, {"c1", "c2"})]


@pytest.mark.parametrize("name", NEGATIVE)
def test_claims_that_can_both_hold_are_not(name: str) -> None:
    assert found(world(*NEGATIVE[name])) == []


MODALITIES = {"factual": True, "alleged": True, "expected": False, "conditional": False, "possible": False}


@pytest.mark.parametrize("modality", [*MODALITIES, "question"])
@pytest.mark.parametrize("name", POSITIVE)
def test_only_what_is_put_as_a_fact_or_alleged_contradicts(name: str, modality: str) -> None:
    _, one, other = POSITIVE[name]
    contradicts = MODALITIES.get(modality, False)

    assert bool(found(world(one, claim("c2", other, modality=modality)))) is contradicts
    assert bool(found(world(claim("c1", one, modality=modality), other))) is contradicts


@pytest.mark.parametrize("review", ["draft", "rejected", "superseded"])
@pytest.mark.parametrize("name", POSITIVE)
def test_a_claim_that_is_not_accepted_contradicts_nothing(name: str, review: str) -> None:
    _, one, other = POSITIVE[name]

    assert found(world(one, claim("c2", other, review_status=review))) == []


def test_a_denial_contradicts_what_it_denies() -> None:
    assert found(world(ENDED, claim("c2", ENDED, polarity="denied"))) == [(VALUE, False, {"c1", "c2"})]


def test_a_denial_that_shares_only_a_type_with_another_claim_contradicts_nothing() -> None:
    denial = claim("c2", "id:x a pact:Agreement ; pact:party id:mx .", polarity="denied")

    assert found(world("id:x a pact:Agreement ; pact:party id:us .", denial)) == []


def test_two_denials_agree() -> None:
    one, other = (claim(number, ENDED, polarity="denied") for number in ("c1", "c2"))

    assert found(world(one, other)) == []


def test_to_deny_that_it_occurred_and_to_say_that_it_did_not_is_the_same() -> None:
    assert found(world(claim("c1", ENDED, polarity="denied"), DENIED)) == []


def test_each_pair_of_claims_is_a_conflict_of_its_own_named_after_them() -> None:
    store = world(ENDED, ENDED, DENIED)

    conflicts = conflicts_about(store, {terms.ID + "x"})

    assert {each.iri: each.claims for each in conflicts} == {
        f"{terms.ID}conflict-d-c{n}-d-c3": (f"{terms.CLAIM}d-c{n}", f"{terms.CLAIM}d-c3") for n in (1, 2)
    }


# --- recorded ---------------------------------------------------------------------------------------


def recorded(resolution: str = "unresolved") -> str:
    return (
        "id:conflict-1 a pact:Conflict ; pact:involves claim:d-c1, claim:d-c2 ; "
        f"pact:conflictKind pv:occurrence-mismatch ; pact:resolution pv:{resolution} ."
    )


def test_a_conflict_that_a_curator_recorded_is_not_detected_again() -> None:
    assert found(world(ENDED, DENIED, records=recorded())) == [(OCCURRENCE, True, {"c1", "c2"})]


def test_a_conflict_can_be_recorded_that_no_rule_detects() -> None:
    store = world(*NEGATIVE["two kinds of event that can both occur"], records=recorded())

    assert found(store) == [(OCCURRENCE, True, {"c1", "c2"})]


RESOLUTIONS = {
    "unresolved": "disputed",
    "compatible-sequence": "found",
    "source-preferred": "found",
    "error-in-extraction": "found",
}


@pytest.mark.parametrize("resolution", RESOLUTIONS)
def test_an_answer_is_disputed_until_the_conflict_is_settled(resolution: str) -> None:
    store = world(ENDED, DENIED, "id:x a pact:Agreement .", records=recorded(resolution))

    answer = ask(store, "ended-by")

    assert answer.status == RESOLUTIONS[resolution]


def test_a_claim_in_two_conflicts_is_disputed_until_both_are_settled() -> None:
    other = "id:conflict-2 a pact:Conflict ; pact:involves claim:d-c1, claim:d-c4 ; pact:resolution pv:unresolved ."
    records = f"{recorded('source-preferred')} {other}"
    store = world(ENDED, DENIED, "id:x a pact:Agreement .", "id:y a pact:Agreement .", records=records)

    assert ask(store, "ended-by").disputed == (terms.CLAIM + "d-c1",)


# --- looked up by thing and by claim ------------------------------------------------------------------


def test_conflicts_are_looked_up_for_a_thing_with_its_events() -> None:
    store = world(*EXCLUDED, event("ev3", "abandonment", "occurred").replace("id:x", "id:y"))

    about = conflicts_about(store, {terms.ID + "x"})

    assert [(each.kind, each.recorded, each.resolution) for each in about] == [(terms.PV + KIND, False, "")]
    assert conflicts_about(store, {terms.ID + "y"}) == []
    assert conflicts_about(store, ()) == []


@pytest.mark.parametrize("name", POSITIVE)
def test_what_is_found_for_a_claim_is_what_is_found_for_all(name: str) -> None:
    _, one, other = POSITIVE[name]
    store = world(one, other, "id:z a pact:Agreement .")

    by_claim = [conflicts_of(store, {f"{terms.CLAIM}d-c{number}"}) for number in (1, 2, 3)]

    assert by_claim[0] == by_claim[1] != []
    assert by_claim[2] == []
    assert [{iri.rpartition("-")[2] for iri in each.claims} for each in by_claim[0]] == [
        claims for _, _, claims in found(store)
    ]


def test_a_claim_names_the_things_and_properties_of_its_content() -> None:
    store = world("id:x a pact:Agreement ; pact:party id:us .")

    named = named_by(store, {terms.CLAIM + "d-c1"})

    assert named == {terms.ID + "x", terms.PACT + "Agreement", terms.PACT + "party", terms.ID + "us"}


def test_the_shipped_conflict_is_found_for_each_of_its_claims(shipped_store: EmbeddedStore) -> None:
    claims = tuple(f"{terms.CLAIM}{FIRST}-{number}" for number in ("c14", "c94"))

    expected = Conflict(f"{terms.ID}conflict-us-sv-aca-1-end", terms.PV + KIND, terms.PV + "unresolved", True, claims)
    assert conflicts_of(shipped_store, claims[:1]) == conflicts_of(shipped_store, claims[1:]) == [expected]


def test_no_list_in_a_query_is_empty_since_the_engine_would_go_through_the_store(
    shipped_store: EmbeddedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    select = entity.select

    def noted(store: Store, text: str) -> list[ox.QuerySolution]:
        asked.append(text)
        return select(store, text)

    monkeypatch.setattr(entity, "select", noted)

    conflicts_of(shipped_store, [f"{terms.CLAIM}{FIRST}-c01"])
    conflicts_about(shipped_store, (), [])

    assert any("pact:involves" in text for text in asked)
    assert [text for text in asked if re.search(r"VALUES \?\w+ \{\s*\}", text)] == []


# --- what it makes of an answer -----------------------------------------------------------------------

STATUS = {
    "an agreement by name": "SELECT ?e { ?e pact:eventOf id:us-sv-aca-1 ; pact:eventType pv:termination }",
    "an event among others": "SELECT ?e { ?e pact:eventType ?type }",
    "who is behind it": "SELECT ?who { ?e pact:eventType pv:termination ; pact:performedBy ?who }",
    "a party, through the event": (
        "SELECT ?p { ?e pact:eventOf ?a ; pact:eventType pv:termination . ?a pact:party ?p }"
    ),
    "a count": "SELECT (COUNT(*) AS ?n) { ?e pact:eventType pv:termination }",
    "a label": "SELECT ?l { ?e pact:eventType pv:suspension . ?e skos:prefLabel ?l }",
    "what is said": "SELECT ?s { GRAPH ?c { ?e pact:eventType pv:termination } ?c pact:statement ?s }",
}
QUIET = {
    "another event of the agreement": ("SELECT ?e { ?e pact:eventOf id:us-sv-aca-1 ; pact:eventType pv:negotiation }"),
    "that somebody said it": f"SELECT ?s {{ <{terms.CLAIM}{FIRST}-c14> pact:statement ?s }}",
    "another agreement": "SELECT ?e { ?e pact:eventOf id:us-gt-aca ; pact:eventType pv:suspension }",
    "reference data": "SELECT ?l { id:biden skos:prefLabel ?l }",
    "no row": "SELECT ?e { ?e pact:eventOf id:us-sv-aca-1 ; pact:eventType pv:ratification }",
}


@pytest.mark.parametrize("name", [*STATUS, *QUIET])
def test_rows_that_rest_on_claims_in_conflict_are_disputed_with_and_without_citations(
    name: str, shipped_store: EmbeddedStore
) -> None:
    text = (STATUS | QUIET)[name]

    plain, cited = run(shipped_store, text), run(shipped_store, text, cited=True)

    assert plain.disputed == cited.disputed
    assert plain.status == cited.status
    if name in STATUS:
        assert plain.status == "disputed"
        assert set(plain.disputed) <= {f"{terms.CLAIM}{FIRST}-c14", f"{terms.CLAIM}{FIRST}-c94"}
    else:
        assert plain.status == ("not recorded" if name == "no row" else "found")


def test_the_conflicts_themselves_are_found_and_not_disputed(shipped_store: EmbeddedStore) -> None:
    assert ask(shipped_store, "conflicts").status == "found"
    assert ask(shipped_store, "conflicts", cited=True).status == "found"


def test_a_dispute_shows_in_the_last_line_of_a_table_and_of_markdown(store_folder: Path, kg: Runner) -> None:
    for form in ("table", "md"):
        ran = kg("ask", "ended-by", "--format", form, "--store", store_folder)

        last = " ".join(ran.out.rstrip().rpartition("disputed:")[2].split())
        assert ran.code == 0
        assert last == (
            f"4 rows, of which some rest on claims in conflict (claim:{FIRST}-c14, claim:{FIRST}-c94); "
            "see: kg ask conflicts"
        )


def test_a_dispute_is_a_field_in_json_and_changes_nothing_in_csv(store_folder: Path, kg: Runner) -> None:
    in_json = json.loads(kg("ask", "ended-by", "--format", "json", "--store", store_folder).out)
    in_csv = kg("ask", "ended-by", "--format", "csv", "--store", store_folder)

    assert in_json["status"] == "disputed"
    assert in_json["disputed"] == [f"{terms.CLAIM}{FIRST}-c14", f"{terms.CLAIM}{FIRST}-c94"]
    assert (in_csv.code, in_csv.err) == (0, "")
    assert len(in_csv.out.splitlines()) == 5
    assert "disputed" not in in_csv.out


@pytest.mark.parametrize("form", ["table", "md", "json"])
def test_an_answer_without_rows_says_that_nothing_is_recorded(form: str, store_folder: Path, kg: Runner) -> None:
    ran = kg("ask", "agreements", "--state", "id:ve", "--format", form, "--store", store_folder)

    assert (ran.code, ran.err) == (0, "")
    assert "not recorded" in ran.out
