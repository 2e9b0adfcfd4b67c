"""What was known on a day: the documents that surely existed then, and nothing of the others."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import EXAMPLE_FILES, Runner
from worlds import claim, turtle

from kg import project, terms
from kg.answer import ask
from kg.claim import quads_from
from kg.dataset import Dataset, read_files, slug_of
from kg.errors import BadParameter
from kg.known import known_at
from kg.query import Question, question, values_of
from kg.store import EmbeddedStore, Store


@pytest.fixture(scope="module")
def both(shipped: Dataset) -> EmbeddedStore:
    """The shipped document, issued by 2025-02-10 at the latest, and the example, issued on 2021-07-01."""
    quads = shipped.quads | read_files(EXAMPLE_FILES).quads
    return EmbeddedStore.of(quads)


def background(shipped: Dataset) -> frozenset[ox.Quad]:
    return frozenset(quad for quad in shipped.quads if not slug_of(quad))


@pytest.mark.parametrize(
    ("day", "example", "first"),
    [
        ("2021-06-30", False, False),
        ("2021-07-01", True, False),
        ("2025-02-09", True, False),
        ("2025-02-10", True, True),
    ],
)
def test_a_document_is_known_from_the_last_day_on_which_it_can_have_been_issued(
    day: str, example: bool, first: bool, both: EmbeddedStore, shipped: Dataset
) -> None:
    known = known_at(both, date.fromisoformat(day))

    expected = background(shipped)
    expected |= read_files(EXAMPLE_FILES).quads if example else frozenset()
    expected |= shipped.quads if first else frozenset()
    assert known.quads() == expected


def test_a_later_document_makes_no_fact_of_an_earlier_day(both: EmbeddedStore) -> None:
    before, after = known_at(both, date(2021, 1, 1)), known_at(both, date(2022, 1, 1))

    signed = "ASK { id:ev-uy-py-transit-signature pact:occurrence pv:occurred }"
    assert not before.query(signed)
    assert after.query(signed)
    assert ask(before, "agreements").status == "not recorded"


def test_the_store_itself_stays_as_it_is(both: EmbeddedStore) -> None:
    before = both.quads()

    known_at(both, date(1900, 1, 1))

    assert both.quads() == before


def test_a_question_is_answered_as_of_a_day(store_folder: Path, kg: Runner) -> None:
    early = kg("ask", "conflicts", "--known-at", "2025-02-09", "--store", store_folder)
    late = kg("ask", "conflicts", "--known-at", "2025-02-10", "--store", store_folder)
    wrong = kg("ask", "conflicts", "--known-at", "2025-02-30", "--store", store_folder)

    assert (early.code, late.code, wrong.code) == (0, 0, 2)
    assert early.out.startswith("not recorded")
    assert "2 rows" in late.out
    assert "“2025-02-30” is no date" in wrong.err


def test_before_the_first_document_nothing_is_recorded_and_that_is_no_error(store_folder: Path, kg: Runner) -> None:
    for name in (path.stem for path in project.question_files()):
        needed = [f"--{p.option}={p.example}" for p in question(name).parameters if not p.optional]

        ran = kg("ask", name, *needed, "--cite", "--known-at", "1999-12-31", "--store", store_folder)

        assert (ran.code, ran.err) == (0, "")
        if name != "identifiers":  # codes are reference data, which no document tells
            assert ran.out.splitlines()[-1].startswith("not recorded")


def test_a_thing_that_became_known_later_can_be_asked_about_and_one_that_never_was_cannot(
    both: EmbeddedStore,
) -> None:
    early = known_at(both, date(2020, 1, 1))

    answer = ask(early, "agreement-timeline", {"agreement": "id:uy-py-transit"})

    assert (answer.rows, answer.status) == ((), "not recorded")
    with pytest.raises(BadParameter, match="nothing here is called id:nothing"):
        ask(early, "agreement-timeline", {"agreement": "id:nothing"})


# --- as if the later documents were not there --------------------------------------------------------

DATED = {"d2019": "2019-05-01", "d2020": "2020-01-31", "d2022": "2022-02-02", "d2024": "2024-12-31"}
DAYS = ["2019-04-30", "2019-05-01", "2021-06-30", "2021-07-01", "2025-02-09", "2030-01-01"]


def small_document(slug: str, dates: str) -> frozenset[ox.Quad]:
    """A document that says that an agreement of its own was signed, and that another one was not."""
    said = claim(
        "c01",
        f"""id:{slug}-pact a pact:Agreement ; pact:party id:us, id:mx .
        id:ev-{slug} a pact:LifecycleEvent ; pact:eventOf id:{slug}-pact ; pact:eventType pv:signature ;
          pact:occurrence pv:occurred .""",
        slug,
        stated_by="cbs-news",
    )
    denied = claim("c02", f"id:ev-{slug} a pact:LifecycleEvent ; pact:occurrence pv:did-not-occur .", slug)
    described = turtle(f"doc:{slug} a pact:SourceDocument ; dcterms:title '{slug}' {dates} .")
    graph = ox.NamedNode(f"{terms.GRAPH}document/{slug}")
    quads = {ox.Quad(quad.subject, quad.predicate, quad.object, graph) for quad in described}
    return frozenset({*quads, *quads_from(said), *quads_from(denied)})


@pytest.fixture(scope="module")
def parts(shipped: Dataset) -> dict[str, tuple[str | None, frozenset[ox.Quad]]]:
    """Documents, each with the day from which on it is known; two that give no such day among them."""
    found: dict[str, tuple[str | None, frozenset[ox.Quad]]] = {
        slug: (day, small_document(slug, f"; dcterms:issued '{day}'^^xsd:date")) for slug, day in DATED.items()
    }
    found["undated"] = (None, small_document("undated", ""))
    found["since"] = (None, small_document("since", "; pact:earliestDate '2019-01-01'^^xsd:date"))
    found["example"] = ("2021-07-01", read_files(EXAMPLE_FILES).quads)
    found["shipped"] = ("2025-02-10", frozenset(quad for quad in shipped.quads if slug_of(quad)))
    return found


@pytest.fixture(scope="module")
def several(shipped: Dataset, parts: dict[str, tuple[str | None, frozenset[ox.Quad]]]) -> EmbeddedStore:
    quads = background(shipped).union(*(quads for _, quads in parts.values()))
    return EmbeddedStore.of(quads)


@pytest.mark.parametrize("day", DAYS)
def test_every_question_has_the_answer_of_a_store_of_only_the_documents_known(
    day: str,
    several: EmbeddedStore,
    shipped: Dataset,
    parts: dict[str, tuple[str | None, frozenset[ox.Quad]]],
) -> None:
    quads = background(shipped).union(*(quads for since, quads in parts.values() if since and since <= day))
    only = EmbeddedStore.of(quads)

    known = known_at(several, date.fromisoformat(day))

    assert known.quads() == quads
    for path in project.question_files():
        asked = question(path.stem)
        texts = [asked.bound({}), *(asked.bound(values) for values in examples_of(asked, several))]
        for text in texts:
            assert rows_of(known, text) == rows_of(only, text)


def rows_of(store: Store, text: str) -> list[tuple[Any, ...]]:
    found = store.query(text)
    assert isinstance(found, ox.QuerySolutions)
    return [tuple(row) for row in found]


def examples_of(asked: Question, store: EmbeddedStore) -> list[dict[str, ox.NamedNode | ox.Literal]]:
    """The question's example parameters, and those about a thing of a later document."""
    given = {parameter.name: parameter.example for parameter in asked.parameters if not parameter.optional}
    found = [values_of(store, asked, given)] if given else []
    if any(parameter.name == "agreement" for parameter in asked.parameters):
        found.append(values_of(store, asked, given | {"agreement": "id:d2022-pact"}))
    if any(parameter.name == "validAt" for parameter in asked.parameters):
        found.append(values_of(store, asked, given | {"validAt": "2022-06-01"}))
    return found


days = st.dates(date(2018, 1, 1), date(2026, 1, 1))


@settings(max_examples=10)
@given(one=days, other=days)
def test_a_later_day_never_knows_fewer_documents(one: date, other: date, several: EmbeddedStore) -> None:
    early, late = (known_at(several, day).quads() for day in sorted((one, other)))

    assert early <= late
    assert {slug for quad in late if (slug := slug_of(quad))}.isdisjoint({"undated", "since"})


def test_what_a_later_document_contradicts_is_not_disputed_before(both: EmbeddedStore, shipped: Dataset) -> None:
    denial = small_document("denial", "; dcterms:issued '2023-01-01'^^xsd:date")
    content = "id:ev-uy-py-transit-signature pact:occurrence pv:did-not-occur ."
    denial |= frozenset(quads_from(claim("c03", content, "denial", stated_by="cbs-news")))
    quads = both.quads() | denial
    store = EmbeddedStore.of(quads)

    before = ask(known_at(store, date(2022, 12, 31)), "agreement-timeline", {"agreement": "id:uy-py-transit"})
    after = ask(known_at(store, date(2023, 1, 1)), "agreement-timeline", {"agreement": "id:uy-py-transit"})

    assert before.status == "found"
    assert after.status == "disputed"
    assert set(after.disputed) == {terms.CLAIM + "example-transit-pact-c01", terms.CLAIM + "denial-c03"}
