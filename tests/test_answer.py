"""Answers: rows in the question's order, a label beside every IRI, and nothing recorded told from a failure."""

from __future__ import annotations

import pyoxigraph as ox
import pytest

from kg import project, terms
from kg.answer import Answer, Part, ask, run
from kg.errors import BadParameter, StoreError, UnknownQuestion, UsageError
from kg.query import question
from kg.store import EmbeddedStore, RemoteStore

NAMES = [path.stem for path in project.question_files()]


@pytest.mark.parametrize("name", NAMES)
def test_an_answer_has_the_columns_of_its_header_each_iri_followed_by_its_label(
    name: str, answers: dict[str, Answer]
) -> None:
    asked = question(name)

    answer = answers[name]

    assert [column for column in answer.columns if column not in answer.labels] == list(asked.columns)
    for column, kind in asked.columns.items():
        if kind == "iri":
            assert answer.columns[answer.columns.index(column) + 1] == f"{column}Label"
        else:
            assert f"{column}Label" not in answer.columns


@pytest.mark.parametrize("name", NAMES)
def test_a_cell_is_of_the_kind_that_the_header_says_and_has_a_label_if_it_is_a_thing(
    name: str, answers: dict[str, Answer]
) -> None:
    asked = question(name)
    datatypes = {"date": "date", "boolean": "boolean", "integer": "integer"}

    answer = answers[name]

    for row in answer.rows:
        cells = dict(zip(answer.columns, row, strict=True))
        for column, kind in asked.columns.items():
            cell = cells[column]
            if cell is None:
                continue
            assert kind == "any" or isinstance(cell, ox.NamedNode if kind == "iri" else ox.Literal), (column, cell)
            if kind == "iri":
                label = cells[f"{column}Label"]
                assert isinstance(label, ox.Literal)
                assert label.value
            elif isinstance(cell, ox.Literal) and kind in datatypes:
                assert cell.datatype.value == terms.XSD + datatypes[kind]


def test_a_parameter_narrows_the_rows_and_adds_no_column(shipped_store: EmbeddedStore) -> None:
    everything = ask(shipped_store, "agreements")

    narrowed = ask(shipped_store, "agreements", {"state": "El Salvador"})

    assert narrowed.columns == everything.columns
    assert set(narrowed.rows) < set(everything.rows)


def test_the_two_agreements_between_two_states_are_found_from_either_side(shipped_store: EmbeddedStore) -> None:
    one = ask(shipped_store, "agreements-between", {"state": "El Salvador", "other": "United States"})
    other = ask(shipped_store, "agreements-between", {"state": "id:us", "other": "id:sv"})

    agreements = {terms.compact(row[0].value) for row in one.rows if isinstance(row[0], ox.NamedNode)}
    assert agreements == {"id:us-sv-aca-1", "id:us-sv-stca-2"}
    assert one.rows == other.rows


def test_nothing_recorded_is_an_answer_that_says_so(shipped_store: EmbeddedStore) -> None:
    answer = ask(shipped_store, "agreements-between", {"state": "Mexico", "other": "Canada"})

    assert (answer.rows, answer.status) == ((), "not recorded")


def test_a_failure_is_no_answer() -> None:
    with pytest.raises(StoreError, match="the endpoint did not answer"):
        ask(RemoteStore("http://127.0.0.1:9/query"), "conflicts")


def test_what_is_asked_wrongly_is_no_answer(shipped_store: EmbeddedStore) -> None:
    with pytest.raises(UnknownQuestion, match="there is no question"):
        ask(shipped_store, "no-such-question")
    with pytest.raises(BadParameter, match="needs --date"):
        ask(shipped_store, "status-on")


def test_rows_of_any_query_are_an_answer_without_labels(shipped_store: EmbeddedStore) -> None:
    answer = run(shipped_store, "SELECT ?a ?b { VALUES (?a ?b) { (id:sv 'x') (UNDEF 2) } }")

    assert answer.columns == ("a", "b")
    assert set(answer.rows) == {(ox.NamedNode(terms.ID + "sv"), ox.Literal("x")), (None, ox.Literal(2))}
    assert answer.labels == frozenset()


@pytest.mark.parametrize("text", ["ASK { id:sv a pact:State }", "DESCRIBE id:sv"])
def test_a_query_without_rows_is_no_answer(text: str, shipped_store: EmbeddedStore) -> None:
    with pytest.raises(UsageError, match="this query gives no rows"):
        run(shipped_store, text)


def test_a_part_goes_on_after_its_row_where_rows_before_it_came(shipped_store: EmbeddedStore) -> None:
    whole = ask(shipped_store, "agreements")
    first = ask(shipped_store, "agreements", part=Part(3))
    place, _, digest = first.next.partition("-")

    for mark in (first.next, f"{int(place) + 1}-{digest}", f"99-{digest}"):
        rest = ask(shipped_store, "agreements", part=Part(100, mark))
        assert first.rows + rest.rows == whole.rows
        assert (rest.first, rest.total, rest.next) == (3, len(whole.rows), "")
    with pytest.raises(BadParameter, match="changed"):
        ask(shipped_store, "agreements", part=Part(3, "0-ffff"))
