"""Answers as of a day: what can have begun by then, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import run_here

from kg import terms
from kg.answer import ask
from kg.claim import Claim, quads_from
from kg.dataset import facts, read_project
from kg.store import EmbeddedStore

# An event as (type, occurrence, first day, last day); days count from 2020-01-01, None is unknown.
Event = tuple[str, str, int | None, int | None]
START = date(2020, 1, 1)
ONTOLOGY = frozenset(q for q in read_project().quads if str(q.graph_name).startswith(f"<{terms.GRAPH}ontology/"))


def day(number: int) -> str:
    return (START + timedelta(days=number)).isoformat()


def life(events: Iterable[Event]) -> EmbeddedStore:
    """Return a store with one agreement that has these events, each said by a claim of its own."""
    node = ox.NamedNode
    agreement = node(terms.ID + "x")
    contents = [{ox.Triple(agreement, node(terms.RDF + "type"), node(terms.PACT + "Agreement"))}]
    for number, (kind, occurrence, first, last) in enumerate(events):
        event = node(f"{terms.ID}ev-{number}")
        said = {
            ox.Triple(event, node(terms.PACT + "eventOf"), agreement),
            ox.Triple(event, node(terms.PACT + "eventType"), node(terms.PV + kind)),
            ox.Triple(event, node(terms.PACT + "occurrence"), node(terms.PV + occurrence)),
        }
        for name, number_ in (("earliestDate", first), ("latestDate", last)):
            if number_ is not None:
                literal = ox.Literal(day(number_), datatype=node(terms.XSD + "date"))
                said.add(ox.Triple(event, node(terms.PACT + name), literal))
        contents.append(said)
    quads = set(ONTOLOGY)
    for number, content in enumerate(contents):
        quads |= set(
            quads_from(
                Claim(
                    iri=f"{terms.CLAIM}d-c{number}",
                    documents=(terms.DOC + "d",),
                    modality=(terms.PV + "factual",),
                    polarity=(terms.PV + "affirmed",),
                    review_status=(terms.PV + "accepted",),
                    content=frozenset(content),
                )
            )
        )
    engine = ox.Store()
    engine.extend(quads | facts(quads))
    return EmbeddedStore("memory", engine)


def status(store: EmbeddedStore, name: str, **given: str) -> set[tuple[str, str, str]]:
    answer = ask(store, name, given)
    at = [answer.columns.index(column) for column in ("axis", "status", "sureness")]
    return {
        (row[at[0]].value.rpartition("/")[2], row[at[1]].value.rpartition("status-")[2], row[at[2]].value)  # type: ignore[union-attr]
        for row in answer.rows
    }


SIGNED: Event = ("signature", "occurred", 0, 10)
IN_FORCE: Event = ("entry-into-force", "occurred", 20, 30)
ENDED: Event = ("termination", "occurred", 50, 60)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (-1, set()),
        (5, {("legal", "signed", "possible")}),
        (15, {("legal", "signed", "certain")}),
        (25, {("legal", "signed", "possible"), ("legal", "in-force", "possible")}),
        (40, {("legal", "in-force", "certain")}),
        (55, {("legal", "in-force", "possible"), ("legal", "terminated", "possible")}),
        (60, {("legal", "terminated", "certain")}),
    ],
)
def test_a_life_of_three_events_is_followed_day_by_day(number: int, expected: set[tuple[str, str, str]]) -> None:
    store = life([SIGNED, IN_FORCE, ENDED])

    assert status(store, "status-on", date=day(number)) == expected
    assert status(store, "agreements", validAt=day(number)) == expected


def test_two_ends_that_nothing_orders_both_stay_possible() -> None:
    store = life([SIGNED, ("suspension", "occurred", 20, 40), ("termination", "occurred", 20, 40)])

    found = status(store, "status-on", date=day(100))

    assert found == {("legal", "suspended", "possible"), ("legal", "terminated", "possible")}


def test_what_did_not_occur_is_sure_from_its_first_day_on() -> None:
    store = life([SIGNED, ("implementation-start", "did-not-occur", 0, 90)])

    found = status(store, "status-on", date=day(20))

    assert found == {("legal", "signed", "certain"), ("operational", "not-implemented", "certain")}


def test_an_event_without_dates_is_possible_on_any_day() -> None:
    store = life([("signature", "occurred", None, None)])

    assert status(store, "status-on", date=day(-999)) == {("legal", "signed", "possible")}


def test_a_planned_event_gives_no_status() -> None:
    store = life([SIGNED, ("entry-into-force", "planned", 20, 30)])

    assert status(store, "status-on", date=day(100)) == {("legal", "signed", "certain")}


def test_the_time_line_leaves_out_what_surely_came_later() -> None:
    store = life([SIGNED, IN_FORCE, ENDED])

    answer = ask(store, "agreement-timeline", {"agreement": "id:x", "validAt": day(25)})

    at = answer.columns.index("sureness")
    assert [row[at].value for row in answer.rows] == ["certain", "possible"]  # type: ignore[union-attr]


kinds = st.sampled_from(["signature", "entry-into-force", "suspension", "termination", "implementation-start"])
bounds = st.tuples(st.integers(0, 40), st.integers(0, 15)).map(lambda pair: (pair[0], pair[0] + pair[1]))
events = st.tuples(kinds, st.sampled_from(["occurred", "ongoing", "did-not-occur"]), bounds).map(
    lambda parts: (parts[0], parts[1], *parts[2])
)


@settings(max_examples=25, deadline=None)
@given(st.lists(events, min_size=1, max_size=4), st.integers(-2, 60))
def test_both_questions_give_the_same_status_on_any_day_of_any_life(lived: list[Event], number: int) -> None:
    store = life(lived)

    assert status(store, "agreements", validAt=day(number)) == status(store, "status-on", date=day(number))


@settings(max_examples=25, deadline=None)
@given(st.lists(events, min_size=1, max_size=4), st.integers(0, 60))
def test_a_status_is_certain_only_where_it_is_alone_on_its_axis(lived: list[Event], number: int) -> None:
    found = status(life(lived), "status-on", date=day(number))

    for axis, _, sureness in found:
        others = [row for row in found if row[0] == axis]
        assert sureness == "possible" or len(others) == 1


def test_a_question_without_a_life_cycle_refuses_a_day(store_folder: object) -> None:
    ran = run_here("ask", "who-said", "--valid-at", "2021-01-01", "--store", str(store_folder))

    assert ran.code == 2
    assert "no life cycle" in ran.err
