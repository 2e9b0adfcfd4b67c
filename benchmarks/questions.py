"""How long every saved question takes with its examples: bare on the engine, asked, and asked with citations."""

from __future__ import annotations

import statistics
import time
from functools import partial
from typing import TYPE_CHECKING

from benchmarks.aside import gathered_each
from benchmarks.load import opened
from benchmarks.measure import Measured, Span, timed
from kg import entity
from kg.answer import run
from kg.query import all_questions, question, values_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from benchmarks.aside import Found
    from benchmarks.stores import Setting
    from kg.query import Question

__all__ = ["examples", "judged", "rows"]

FACTOR, SECONDS_A_ROW, FIXED = 3, 0.001, 0.2
"""Citing costs at most so many times the uncited query and so many seconds a row beside; few rows may take so many."""

LONG, BUDGET = 10.0, 10.0
"""Seconds from which on a step is not repeated, and after which no round begins."""

WARM, NOTABLE = 1.0, 0.05
"""Seconds up to which the first time only warms up, and from which on a lesser step is told."""


def rows(setting: Setting) -> Iterator[Measured]:
    """Yield the times of each question, and the median over all of them; what did not end in time counts as longest."""
    group = "saved questions"
    medians: dict[str, list[float]] = {"asked": [], "asked with citations": []}
    every = all_questions()
    told = gathered_each(_asked, [each.name for each in every], setting.store, setting.runs, limit=setting.limit)
    for asked in every:
        found = told.of(asked.name)
        note = f"{found.count('rows'):,} rows" if "rows" in found.numbers else found.why
        bare = Measured.of(group, f"{asked.name}: engine", found.spans["bare"], note=note, unit="ms")
        name = f"{asked.name}: asked"
        plain = Measured.of(group, name, found.spans["uncited"], unit="ms", grows=name)
        cited = judged(group, f"{asked.name}: asked with citations", found, "bare")
        yield from (bare, plain, cited)
        if any(span.wall > NOTABLE for span in found.spans["resolved"]):
            yield Measured.of(group, f"{asked.name}: names to IRIs", found.spans["resolved"], unit="ms")
        for row, kind in ((plain, "asked"), (cited, "asked with citations")):
            medians[kind].append(float("inf") if row.median is None else row.median)
    for name, values in medians.items():
        middle = statistics.median(values)
        ended = tuple(value for value in (middle,) if value < float("inf"))
        yield Measured("saved questions, median over all", name, "ms", ended, failed=not ended, grows=f"median, {name}")


def judged(group: str, name: str, found: Found, without: str) -> Measured:
    """Return the times with citations beside what they may be, given those `without`, by their name."""
    goal = None
    if found.spans[without]:
        goal = max(FIXED, FACTOR * statistics.median(found.walls(without)) + SECONDS_A_ROW * found.count("rows"))
    return Measured.of(group, name, found.spans["cited"], goal, found.why, unit="ms", grows=name)


def _asked(names: list[str], folder: Path, runs: int) -> Iterator[tuple[str, float | Span]]:
    store = opened(folder)
    for name in names:
        asked = question(name)
        given = examples(asked)
        yield f"{name} resolved", timed(partial(values_of, store, asked, given))
        text = asked.bound(values_of(store, asked, given))
        yield f"{name} rows", len(entity.select(store, text))
        steps: dict[str, Callable[[], object]] = {
            "bare": partial(entity.select, store, text),
            "uncited": partial(run, store, text),
            "cited": partial(run, store, text, cited=True),
        }
        for step, took in _repeated(steps, runs):
            yield f"{name} {step}", took
        yield f"{name} done", 1


def _repeated(steps: dict[str, Callable[[], object]], runs: int) -> Iterator[tuple[str, Span]]:
    """Yield the times of steps in turn; what takes long is done once, and the first time of others only warms up."""
    until = time.monotonic() + BUDGET
    for i in range(runs + 1):
        if i > 1 and time.monotonic() > until:
            return
        for step in list(steps):
            took = timed(steps[step])
            if i or took.wall > WARM:
                yield step, took
            if took.wall > LONG:
                del steps[step]


def examples(asked: Question) -> dict[str, str]:
    """Return the example parameters, without the one that asks for another time than now."""
    return {each.name: each.example for each in asked.parameters if each.name not in ("validAt", "status", "type")}
