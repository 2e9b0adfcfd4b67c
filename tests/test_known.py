"""What was known on a day: the documents that surely existed then, and nothing of the others."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pyoxigraph as ox
import pytest
from support import EXAMPLE_FILES, Runner

from kg import gate
from kg.answer import ask
from kg.dataset import Dataset, facts, read_files
from kg.known import known_at
from kg.store import EmbeddedStore


@pytest.fixture(scope="module")
def both(shipped: Dataset) -> EmbeddedStore:
    """The shipped document, issued by 2025-02-10 at the latest, and the example, issued on 2021-07-01."""
    quads = shipped.quads | read_files(EXAMPLE_FILES).quads
    return EmbeddedStore("memory", Dataset(quads | facts(quads)).store())


def background(shipped: Dataset) -> frozenset[ox.Quad]:
    return frozenset(quad for quad in shipped.quads if not gate.slug_of(quad))


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
