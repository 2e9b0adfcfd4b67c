"""The saved questions: every header whole, every parameter checked, every value nothing but a value."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyoxigraph as ox
import pytest

from kg import entity, project, terms
from kg.errors import AmbiguousEntity, BadParameter, KgError, UnknownQuestion
from kg.query import Parameter, all_questions, choices, question, values_of
from kg.store import EmbeddedStore

NAMES = [path.stem for path in project.question_files()]

# The contract: the questions that must exist, with their parameters (? is optional) and their first columns.
CONTRACT = """
agreements            state? type? status?   agreement type status
agreements-between    state other            agreement type status
agreement-timeline    agreement              event eventType occurrence earliest latest performedBy
status-on             date                   agreement axis status sureness
took-effect           -                      agreement tookEffect
ended-by              agreement?             agreement eventType performedBy
negotiated-by         agreement?             agreement administration
revivals              agreement?             agreement revived
transfer-routes       from? to?              instrument from to affects mode modality
provisions            instrument             provision mode action bearer affects modality
policies-by           actor?                 policy issuedBy status
interactions          instrument?            instrument other kind
actors-in             instrument             actor role
meetings              actor?                 event eventType occurrence actor counterpart
designations          group?                 group policy occurrence
who-said              speaker?               speaker claim modality statement
claims-about          entity                 claim statement speaker modality
open-questions        -                      question text concerns
conflicts             -                      conflict claim kind
no-comment            -                      actor document
legal-limits          policy?                law limited
assessments           about?                 assessor about assessment
unnamed-only          -                      claim speaker
coverage              document?              document passages withClaims withoutClaim uncovered
identifiers           entity?                entity scheme identifier
"""
TIMES = ("validAt", "knownAt")  # which any question may take besides, as options of the contract
PROMISED = {
    name: (parameters.replace("-", "").split(), columns.split())
    for line in CONTRACT.strip().splitlines()
    for name, parameters, columns in [(line[:22].strip(), line[22:45], line[45:])]
}


@pytest.mark.parametrize("name", PROMISED)
def test_a_question_of_the_contract_has_its_parameters_and_its_first_columns(name: str) -> None:
    parameters, columns = PROMISED[name]

    found = question(name)

    assert [f"{each.name}{'?' * each.optional}" for each in found.parameters if each.name not in TIMES] == parameters
    assert list(found.columns)[: len(columns)] == columns


@pytest.mark.parametrize("name", NAMES)
def test_a_header_says_all_that_people_and_programs_need(name: str) -> None:
    found = question(name)

    assert found.summary.endswith("?")
    assert found.description
    assert found.tags
    assert found.answers
    assert found.view in ("facts", "claims")
    assert set(found.columns.values()) <= {"iri", "text", "date", "boolean", "integer", "any"}
    assert all(each.summary.endswith(".") and each.example for each in found.parameters)


@pytest.mark.parametrize("name", NAMES)
def test_columns_are_projected_in_the_order_that_the_header_gives(name: str, shipped_store: EmbeddedStore) -> None:
    found = question(name)

    rows = shipped_store.query(found.text)

    assert isinstance(rows, ox.QuerySolutions)
    projected = [variable.value for variable in rows.variables]
    assert [column for column in projected if column in found.columns] == list(found.columns)
    assert set(projected) <= {*found.columns, *(each.name for each in found.parameters)}


@pytest.mark.parametrize("name", NAMES)
def test_rows_have_an_order(name: str) -> None:
    assert "ORDER BY" in question(name).text


@pytest.mark.parametrize("name", NAMES)
def test_a_parameter_has_a_class_or_a_list_that_the_store_knows_and_an_example_that_fits(
    name: str, shipped_store: EmbeddedStore
) -> None:
    found = question(name)

    values = values_of(shipped_store, found, {each.name: each.example for each in found.parameters})

    assert set(values) == {each.name for each in found.parameters}


def test_names_are_those_of_the_files_and_come_in_order() -> None:
    assert [found.name for found in all_questions()] == sorted(NAMES)


# --- questions that are not there or not right ------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "near"), [("agrements", "agreements"), ("status", "status-on"), ("POLICIES-BY", "policies-by")]
)
def test_an_unknown_question_offers_the_nearest(given: str, near: str) -> None:
    with pytest.raises(UnknownQuestion, match=f"there is no question “{given}”") as caught:
        question(given)

    assert near in (caught.value.mend or "")


@pytest.mark.parametrize("given", ["", "zzz", "../queries/agreements", "agreements.rq", '"> } DROP ALL #'])
def test_a_question_that_is_like_none_says_where_they_are_listed(given: str) -> None:
    with pytest.raises(UnknownQuestion, match="there is no question") as caught:
        question(given)

    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * { ?s ?p ?o }",
        "#+ summary: [\nSELECT * { ?s ?p ?o }",
        "#+ summary: What?\n#+ kg:\n#+   answers: [CQ-01]\nSELECT * { ?s ?p ?o }",
        "#+ just text\nSELECT * { ?s ?p ?o }",
        "#+ summary: What?\n#+ kg:\n#+   answers: [CQ-01]\n#+   view: facts\n#+   columns: {s: iri}\n"
        "#+   parameters:\n#+     a: {class: pact:State, example: x, summary: X.}\nSELECT ?s { ?s ?p ?o }",
    ],
)
def test_a_file_whose_header_is_not_right_is_named(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ontology").mkdir()
    (tmp_path / "ontology" / "pactgraph.ttl").touch()
    (tmp_path / "queries").mkdir()
    (tmp_path / "queries" / "broken.rq").write_text(text, encoding="utf-8")
    monkeypatch.setattr(project, "_PACKAGE", tmp_path / "kg")

    with pytest.raises(KgError, match=r"broken\.rq"):
        question("broken")


# --- parameters -------------------------------------------------------------------------------------

HOSTILE = [
    '"> } DROP ALL #',
    "'} UNION {?a ?b ?c} #",
    "UNDEF }",
    "?x",
    "id:sv } VALUES ?x { id:us",
    "\\u0022",
    "<",
    "}\n#",
    "\x00",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_value_is_a_value_that_matches_nothing(name: str, shipped_store: EmbeddedStore) -> None:
    found = question(name)
    given = {each.name: each.example for each in found.parameters}

    for parameter in found.parameters:
        for value in HOSTILE:
            with pytest.raises(BadParameter) as caught:
                values_of(shipped_store, found, {**given, parameter.name: value})
            assert caught.value.where == f"--{parameter.option}"


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_text_bound_as_a_term_stays_a_text(value: str, shipped_store: EmbeddedStore) -> None:
    found = replace(question("agreements"), text="SELECT ?x { VALUES ?x { UNDEF } }")

    rows = shipped_store.query(found.bound({"x": ox.Literal(value)}))

    assert isinstance(rows, ox.QuerySolutions)
    assert [row["x"] for row in rows] == [ox.Literal(value)]


def test_a_value_that_looks_like_another_parameter_does_not_become_one(shipped_store: EmbeddedStore) -> None:
    text = "SELECT ?x ?y { VALUES ?x { UNDEF } VALUES ?y { UNDEF } }"
    found = replace(question("agreements"), text=text)
    trap = ox.Literal("VALUES ?y { UNDEF }")

    rows = shipped_store.query(found.bound({"x": trap, "y": ox.Literal("safe")}))

    assert isinstance(rows, ox.QuerySolutions)
    assert [tuple(row) for row in rows] == [(trap, ox.Literal("safe"))]


@pytest.mark.parametrize("text", ["id:sv", "El Salvador", "el salvador", terms.ID + "sv"])
def test_a_thing_can_be_given_in_every_way(text: str, shipped_store: EmbeddedStore) -> None:
    values = values_of(shipped_store, question("agreements"), {"state": text})

    assert values == {"state": ox.NamedNode(terms.ID + "sv")}


def test_a_concept_can_be_given_by_name_and_by_label(shipped_store: EmbeddedStore) -> None:
    by_name = values_of(shipped_store, question("agreements"), {"status": "pv:status-suspended"})
    by_label = values_of(shipped_store, question("agreements"), {"status": "suspended"})

    assert by_name == by_label == {"status": ox.NamedNode(terms.PV + "status-suspended")}


def test_a_date_is_bound_as_a_date(shipped_store: EmbeddedStore) -> None:
    values = values_of(shipped_store, question("status-on"), {"date": "2025-06-01"})

    assert values == {"date": ox.Literal("2025-06-01", datatype=ox.NamedNode(terms.XSD + "date"))}


@pytest.mark.parametrize("text", ["", "yesterday", "2025-02-30", "2025-13-01", "2025", "01/06/2025", "٢٠٢٥-٠٦-٠١"])
def test_a_date_that_is_no_date_is_refused_with_the_form_of_one(text: str, shipped_store: EmbeddedStore) -> None:
    with pytest.raises(BadParameter, match="is no date") as caught:
        values_of(shipped_store, question("status-on"), {"date": text})

    assert "YYYY-MM-DD" in (caught.value.mend or "")


def test_a_thing_of_the_wrong_class_is_told_from_one_that_does_not_exist(shipped_store: EmbeddedStore) -> None:
    with pytest.raises(BadParameter, match="“Marco Rubio” is pact:Person, not a pact:State") as wrong:
        values_of(shipped_store, question("agreements"), {"state": "Marco Rubio"})
    with pytest.raises(BadParameter, match="nothing here is called “Atlantis”"):
        values_of(shipped_store, question("agreements"), {"state": "Atlantis"})

    assert "El Salvador" in (wrong.value.mend or "")


def test_a_concept_of_another_list_is_refused(shipped_store: EmbeddedStore) -> None:
    with pytest.raises(BadParameter, match="“pv:alleged” is skos:Concept, not a concept of pv:status"):
        values_of(shipped_store, question("agreements"), {"status": "pv:alleged"})


def test_a_missing_parameter_is_named_with_the_values_there_are(shipped_store: EmbeddedStore) -> None:
    with pytest.raises(BadParameter, match="agreements-between needs --state and --other") as caught:
        values_of(shipped_store, question("agreements-between"), {})

    assert "id:sv  El Salvador" in (caught.value.mend or "")


def test_a_missing_date_is_described(shipped_store: EmbeddedStore) -> None:
    with pytest.raises(BadParameter, match="status-on needs --date") as caught:
        values_of(shipped_store, question("status-on"), {})

    assert "YYYY-MM-DD" in (caught.value.mend or "")


def test_an_unknown_parameter_is_named_with_those_there_are(shipped_store: EmbeddedStore) -> None:
    with pytest.raises(BadParameter, match="no parameter --country") as caught:
        values_of(shipped_store, question("agreements"), {"country": "id:sv"})
    with pytest.raises(BadParameter, match="no parameter --state") as none:
        values_of(shipped_store, question("conflicts"), {"state": "id:sv"})

    assert (caught.value.mend or "").startswith("it takes --state, --type, --status")
    assert none.value.mend == "it takes no parameters"


def test_a_label_of_two_things_is_refused_for_the_parameter_it_was_given_to() -> None:
    type_, label = ox.NamedNode(terms.RDF + "type"), ox.NamedNode(terms.SKOS + "prefLabel")
    engine = ox.Store()
    for node in (ox.NamedNode(terms.ID + "cd"), ox.NamedNode(terms.ID + "cg")):
        engine.add(ox.Quad(node, type_, ox.NamedNode(terms.PACT + "State")))
        engine.add(ox.Quad(node, label, ox.Literal("Congo", language="en")))

    with pytest.raises(AmbiguousEntity, match="--state: “congo” fits 2 things:\n    id:cd  Congo\n    id:cg  Congo"):
        values_of(EmbeddedStore("memory", engine), question("agreements"), {"state": "congo"})


def test_many_choices_are_cut_with_their_number(shipped_store: EmbeddedStore) -> None:
    parameter = Parameter("entity", "class", entity.ANYTHING, optional=False, example="id:sv", summary="Any thing.")

    text = choices(shipped_store, parameter, limit=3)

    assert text.startswith("Any thing. Give anything here:")
    assert len(text.splitlines()) == 5
    assert "more" in text
