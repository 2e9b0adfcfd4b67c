"""Benchmarks: what is worked out of measurements, and that both sides of a comparison are given the same data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyoxigraph as ox
import pytest

from benchmarks import peers
from benchmarks.classes import CLASSES, Kind
from benchmarks.growth import fitted
from benchmarks.load import load, opened
from benchmarks.measure import Measured, Span, in_turn, verdict
from benchmarks.plot import draw
from benchmarks.results import Curve, Run, curves, read, record, written
from benchmarks.stores import Stores
from kg import terms

if TYPE_CHECKING:
    from pathlib import Path

MACHINE = {"when": "2026-01-01T00:00:00Z", "kernel": "Linux 6.1", "processors": 2, "python": "3.11", "load": 0.1}
MACHINE |= {"pyoxigraph": "0.5", "seconds": 3.0}


def _run(claims: int, *rows: Measured, part: str = "build") -> Run:
    return Run(part, claims, claims * 23, MACHINE, rows)


def test_a_power_law_is_found_in_what_follows_one() -> None:
    found = fitted([(10, 200), (100, 20_000), (1_000, 2_000_000)])

    assert found is not None
    assert found.exponent == pytest.approx(2)
    assert found.factor == pytest.approx(2)
    assert found.at(50) == pytest.approx(5_000)


def test_the_spread_of_an_exponent_is_that_between_neighbouring_sizes() -> None:
    found = fitted([(1_000, 100), (10, 1), (100, 1)])  # level, then steep: the sizes need no order

    assert found is not None
    assert found.low == pytest.approx(0)
    assert found.high == pytest.approx(2)
    assert found.exponent == pytest.approx(1)
    assert str(found) == "1.00 (0.00 to 2.00)"


@pytest.mark.parametrize("points", [[], [(10, 1)], [(10, 1), (10, 2)], [(10, 0), (100, 1)]])
def test_there_is_no_growth_without_two_sizes(points: list[tuple[float, float]]) -> None:
    assert fitted(points) is None


def test_a_ratio_is_taken_round_by_round() -> None:
    row = Measured.ratio("group", "ours : theirs", [2, 30, 4], [1, 10, 4], goal=2.0)

    assert list(row.values) == [2, 3, 1]  # the median of which is 2, where that of the times would give 1
    assert verdict(row) == "ok"


def test_a_goal_that_is_missed_says_so_whichever_way_is_better() -> None:
    assert verdict(Measured("", "", "ratio", (1.4,), goal=1.3)) == "MISSED"
    assert verdict(Measured("", "", "ratio", (1.4,), goal=1.3, more=True)) == "ok"
    assert verdict(Measured.of("", "never ended", [])) == "MISSED"
    assert verdict(Measured.ratio("", "a peer that answered nothing", [1.0], [0.0], goal=2.0)) == ""


def test_times_in_milliseconds_have_their_goal_in_them_too() -> None:
    row = Measured.of("", "", [Span(0.5, 0.25)], goal=1.0, unit="ms")

    assert (row.values, row.cpu, row.goal) == ((500.0,), 250.0, 1000.0)


def test_peers_take_turns_and_every_second_round_goes_backwards() -> None:
    order = []

    def step(name: str) -> Span:
        order.append(name)
        return Span(1, 1)

    found = in_turn({"a": lambda: step("a"), "b": lambda: step("b")}, runs=3)

    assert "".join(order) == "abbaab"
    assert {name: len(spans) for name, spans in found.items()} == {"a": 3, "b": 3}


def test_a_run_takes_the_place_of_the_same_part_and_size_only(tmp_path: Path) -> None:
    record(
        tmp_path,
        [_run(10, Measured("", "old", "s", (1.0,))), _run(100), _run(0, part="commands")],
        ["build", "commands"],
    )

    record(tmp_path, [_run(10, Measured("", "new", "s", (2.0,), goal=3.0, more=True))], ["build", "commands"])

    kept = read(tmp_path / "results.json")
    assert [(run.part, run.claims) for run in kept] == [("build", 10), ("build", 100), ("commands", 0)]
    assert kept[0].rows == (Measured("", "new", "s", (2.0,), goal=3.0, more=True),)


def test_the_table_of_ratios_tells_spread_goal_and_what_was_missed() -> None:
    ratio = Measured("build of 9 quads", "kg : oxigraph load", "ratio", (1.0, 3.0, 2.0), goal=1.3)

    text = written([_run(1_000, ratio, Measured("", "not a ratio", "s", (5.0,)))], pictured=False)

    assert "| build | 1,000 | build of 9 quads: kg : oxigraph load | 2.00 | 1.00 to 3.00 | ≤ 1.3 | MISSED |" in text
    assert "| build | 1,000 | : not a ratio" not in text
    assert "Linux 6.1, 2 processors, Python 3.11, pyoxigraph 0.5" in text


def test_what_grows_is_told_by_size_with_its_exponent() -> None:
    runs = [_run(size, Measured("", "kg", "s", (value,), grows="kg")) for size, value in ((10, 1.0), (1_000, 100.0))]
    late = _run(100, Measured("", "kg", "s", (), grows="kg", failed=True))

    [curve] = curves([*runs, late])
    text = written([*runs, late], pictured=True)

    assert curve.points == ((10, 230, 1.0), (100, 2_300, None), (1_000, 23_000, 100.0))
    assert "| build | kg | s | 1 | – | 100 | 1.00 |" in text
    assert "](growth.svg)" in text


def test_the_picture_is_the_same_for_the_same_figures(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the bench extra is not installed")
    curve = Curve("build", "kg", "s", ((10, 230, 1.0), (100, 2_300, 9.0)))

    drawn = [draw(tmp_path / name, [curve]) for name in ("one.svg", "other.svg")]

    assert drawn == [True, True]
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "other.svg").read_bytes()
    assert not draw(tmp_path / "none.svg", [Curve("build", "never drawn", "s", ())])


def test_both_sides_of_a_comparison_are_given_the_same_quads(tmp_path: Path) -> None:
    stores = Stores(tmp_path)
    triple = f"<{terms.ID}sv> <http://x/p> <http://x/o>".encode()
    record = triple + f" <{terms.GRAPH}reference/a> .".encode()
    load([record + b"\n"], stores.raw(1))

    alone = stores.write(1, tmp_path / "alone.nq", view=False)
    with_view = stores.write(1, tmp_path / "with-view.nq", view=True)

    assert alone.read_bytes().splitlines() == [record]
    assert sorted(with_view.read_bytes().splitlines()) == sorted([record, triple + b" ."])
    assert stores.quads(1) == 1


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.name)
def test_every_class_of_question_is_a_query(kind: Kind, tmp_path: Path) -> None:
    load([], tmp_path / "empty")
    text = kind.text
    for i, _ in enumerate(kind.over):
        text = text.replace(f"{{{i}}}", "id:sv")

    found = opened(tmp_path / "empty").query(text)

    assert isinstance(found, ox.QuerySolutions)
    assert list(found) == []


def test_a_program_that_is_not_installed_is_named() -> None:
    with pytest.raises(peers.Missing, match="pip install no-such-program"):
        peers.program("no-such-program")
