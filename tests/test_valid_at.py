"""Answers as of a day: what can have begun by then, and how sure that is."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import run_here

from kg import project, terms
from kg.answer import ask
from kg.claim import Claim, quads_from
from kg.dataset import read_project
from kg.query import question
from kg.store import EmbeddedStore

# An event as (type, occurrence, first day, last day); days count from 2020-01-01, None is unknown.
Event = tuple[str, str, int | None, int | None]
START = date(2020, 1, 1)
EXAMPLES = 500 if os.environ.get("CI") else 40
ONTOLOGY = frozenset(q for q in read_project().quads if str(q.graph_name).startswith(f"<{terms.GRAPH}ontology/"))


def day(number: int) -> str:
    return (START + timedelta(days=number)).isoformat()


def life(events: Iterable[Event], order: Iterable[tuple[int, int]] = ()) -> EmbeddedStore:
    """Return a store with one agreement that has these events, each said by a claim of its own.

    Of each pair in `order`, a claim says that the first event comes before the second.
    """
    node = ox.NamedNode
    agreement = node(terms.ID + "x")
    contents = [{ox.Triple(agreement, node(terms.RDF + "type"), node(terms.PACT + "Agreement"))}]
    contents[0] |= {ox.Triple(agreement, node(terms.PACT + "party"), node(terms.ID + party)) for party in ("xa", "xb")}
    states = {ox.Triple(node(terms.ID + x), node(terms.RDF + "type"), node(terms.PACT + "State")) for x in ("xa", "xb")}
    contents.append(states)
    for one, other in order:
        first_, second = node(f"{terms.ID}ev-{one}"), node(f"{terms.ID}ev-{other}")
        contents.append({ox.Triple(first_, node(terms.PACT + "precedes"), second)})
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
    return EmbeddedStore.of(quads)


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


# --- the rules worked out another way ---------------------------------------------------------------


@dataclass(frozen=True)
class Cause:
    """What gives an agreement a status: an event or a stated period, with its bounds as days."""

    number: int
    axis: str
    status: str
    first: int | None
    last: int | None
    is_absence: bool = False


def expected_status(causes: list[Cause], order: set[tuple[int, int]], at: int) -> set[tuple[str, str, str]]:
    """Return the statuses on a day. `order` holds pairs of causes of which the first is said to come first."""

    def follows(next_: Cause, cause: Cause) -> bool:
        if next_ == cause or next_.axis != cause.axis or (next_.number, cause.number) in order:
            return False
        if next_.last is None or next_.last > at:
            return False
        if (cause.number, next_.number) in order:
            return True
        if cause.last is None or next_.first is None or cause.last > next_.first:
            return False
        return cause.last < next_.first or (cause.first is not None and cause.first < next_.last)

    begun = [cause for cause in causes if cause.first is None or cause.first <= at]
    left = [cause for cause in begun if not any(follows(next_, cause) for next_ in causes)]
    found = set()
    for cause in left:
        same = [each for each in causes if (each.axis, each.status) == (cause.axis, cause.status)]
        starts = [each.first if each.is_absence else each.last for each in same]
        is_sure = any(start is not None and start <= at for start in starts)
        is_alone = all(other.status == cause.status for other in left if other.axis == cause.axis)
        found.add((cause.axis, cause.status, "certain" if is_sure and is_alone else "possible"))
    return found


TELLS = {"occurred": "resultsIn", "ongoing": "statusWhileOngoing", "did-not-occur": "statusIfNot"}


def causes_of(store: EmbeddedStore, lived: list[Event]) -> list[Cause]:
    """Return the causes among events; what kind of event gives which status is what the ontology says."""
    found = []
    for number, (kind, occurrence, first, last) in enumerate(lived):
        if occurrence in TELLS:
            rows = store.query(
                f"SELECT ?status ?axis {{ pv:{kind} pact:{TELLS[occurrence]} ?status . ?status pact:axis ?axis }}"
            )
            assert isinstance(rows, ox.QuerySolutions)
            for row in rows:
                status_, axis = (cell.value.removeprefix(terms.PV).removeprefix("status-") for cell in row)
                found.append(Cause(number, axis, status_, first, last, occurrence == "did-not-occur"))
    return found


maybe = st.one_of(st.none(), st.integers(0, 40))
any_bounds = st.one_of(bounds, st.tuples(maybe, st.none()), st.tuples(st.none(), maybe))
any_kinds = st.sampled_from(
    [
        *("negotiation", "conclusion", "signature", "entry-into-force", "suspension", "termination"),
        *("implementation-start", "implementation-pause"),
    ]
)
any_occurrences = st.sampled_from(["occurred", "occurred", "ongoing", "did-not-occur", "planned"])
any_events = st.tuples(any_kinds, any_occurrences, any_bounds).map(lambda parts: (parts[0], parts[1], *parts[2]))
orders = st.sets(st.tuples(st.integers(0, 3), st.integers(0, 3)).filter(lambda pair: pair[0] != pair[1]), max_size=2)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(any_events, min_size=1, max_size=4), orders, st.integers(-2, 60))
def test_the_status_on_a_day_is_what_its_rules_say(lived: list[Event], order: set[tuple[int, int]], at: int) -> None:
    order = {(one, other) for one, other in order if max(one, other) < len(lived)}
    store = life(lived, order)

    found = status(store, "status-on", date=day(at))

    assert found == expected_status(causes_of(store, lived), order, at)
    assert found == status(store, "agreements", validAt=day(at))
    assert found == status(store, "agreements-between", state="id:xa", other="id:xb", validAt=day(at))


def test_a_claim_that_one_event_comes_first_settles_what_dates_leave_open() -> None:
    lived: list[Event] = [("suspension", "occurred", 20, 40), ("termination", "occurred", 20, 40)]

    open_ = status(life(lived), "status-on", date=day(100))
    settled = status(life(lived, {(0, 1)}), "status-on", date=day(100))

    assert open_ == {("legal", "suspended", "possible"), ("legal", "terminated", "possible")}
    assert settled == {("legal", "terminated", "certain")}


# --- questions about events -------------------------------------------------------------------------


def rows_with(store: EmbeddedStore, name: str, *columns: str, **given: str) -> set[tuple[str, ...]]:
    answer = ask(store, name, given)
    places = [answer.columns.index(column) for column in columns]
    return {
        tuple("" if row[at] is None else str(row[at].value).removeprefix(terms.PV) for at in places)  # type: ignore[union-attr]
        for row in answer.rows
    }


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (49, set()),
        (50, {("termination", "possible")}),
        (59, {("termination", "possible")}),
        (60, {("termination", "certain")}),
    ],
)
def test_an_end_is_possible_from_its_first_day_and_certain_from_its_last(
    at: int, expected: set[tuple[str, ...]]
) -> None:
    store = life([SIGNED, ENDED])

    assert rows_with(store, "ended-by", "eventType", "sureness", validAt=day(at)) == expected


@pytest.mark.parametrize(("at", "expected"), [(19, set()), (20, {("true", "possible")}), (30, {("true", "certain")})])
def test_an_agreement_took_effect_from_the_day_of_its_entry_into_force(at: int, expected: set[tuple[str, ...]]) -> None:
    store = life([SIGNED, IN_FORCE])

    assert rows_with(store, "took-effect", "tookEffect", "sureness", validAt=day(at)) == expected


def test_without_a_day_nothing_is_left_out_and_no_sureness_told() -> None:
    store = life([SIGNED, IN_FORCE, ENDED])

    timeline = rows_with(store, "agreement-timeline", "eventType", "sureness", agreement="id:x")

    assert timeline == {("signature", ""), ("entry-into-force", ""), ("termination", "")}
    assert rows_with(store, "ended-by", "eventType", "sureness") == {("termination", "")}


@pytest.mark.parametrize("name", ["agreement-timeline", "ended-by", "meetings", "negotiated-by"])
def test_a_later_day_leaves_out_no_event_that_an_earlier_one_had(name: str, shipped_store: EmbeddedStore) -> None:
    needed = {"agreement": "id:us-sv-aca-1"} if name == "agreement-timeline" else {}
    days = ["1990-01-01", "2017-01-20", "2019-06-01", "2021-06-01", "2025-01-25", "2025-02-10", "2030-01-01"]

    shown = [rows_with(shipped_store, name, *question(name).columns, validAt=each, **needed) for each in days]

    places = [i for i, column in enumerate(question(name).columns) if column != "sureness"]
    events = [{tuple(row[at] for at in places) for row in rows} for rows in shown]
    assert all(before <= after for before, after in pairwise(events))
    everything = rows_with(shipped_store, name, *question(name).columns, **needed)
    assert events[-1] == {tuple(row[at] for at in places) for row in everything}


NAMES = [path.stem for path in project.question_files()]
WITH_DAY = {name for name in NAMES if any(each.name == "validAt" for each in question(name).parameters)}


def test_every_question_about_a_life_cycle_takes_a_day() -> None:
    assert {
        *("agreements", "agreements-between", "agreement-timeline", "took-effect", "ended-by", "negotiated-by"),
        *("policies-by", "meetings"),
    } <= WITH_DAY


@pytest.mark.parametrize("name", sorted(set(NAMES) - WITH_DAY))
def test_a_question_without_a_life_cycle_refuses_a_day(name: str, store_folder: object) -> None:
    needed = [f"--{p.option}={p.example}" for p in question(name).parameters if not p.optional]

    ran = run_here("ask", name, *needed, "--valid-at", "2021-01-01", "--store", str(store_folder))

    assert (ran.code, ran.out) == (2, "")
    assert f"the question {name} asks of no life cycle" in ran.err


def test_a_day_that_is_none_is_refused(store_folder: object) -> None:
    ran = run_here("ask", "agreements", "--valid-at", "2021-02-30", "--store", str(store_folder))

    assert (ran.code, ran.out) == (2, "")
    assert "“2021-02-30” is no date" in ran.err
