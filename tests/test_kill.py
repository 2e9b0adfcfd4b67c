"""Killed at any moment: the dataset is the one before or the one after, what is noted is true, files are whole.

`KG_KILL_SECONDS` says for how long the random kills go on; the CI gives 300.
"""

from __future__ import annotations

import os
import random
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyoxigraph as ox
import pytest
from killing import Killer, kill_later, killer
from support import EXAMPLE, EXAMPLE_FILES

from kg import backup, export
from kg.dataset import Dataset, canonical_lines, dataset_hash, facts, read_files
from kg.errors import StoreDamaged, StoreMissing
from kg.store import EmbeddedStore, status, writing

SECONDS = float(os.environ.get("KG_KILL_SECONDS", "15"))
CHANGES = ("build", "add", "remove", "restore")
WRITES = ("export", "backup")


@dataclass
class World:
    """A store with one of two datasets, and files that hold them, on which work is done and killed."""

    folder: Path
    one: frozenset[ox.Quad]
    other: frozenset[ox.Quad]
    seen: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def place(self) -> Path:
        return self.folder / "store"

    def prepare(self) -> None:
        """Make a store of each dataset, and the files that hold it."""
        for name, quads in (("one", self.one), ("other", self.other)):
            kept = self.folder / f"{name}.kept"
            with writing(str(kept)) as writer:
                writer.replace(quads)
            (self.folder / f"{name}.nq").write_bytes(b"\n".join(canonical_lines(quads)) + b"\n")
            backup.write(str(kept), self.folder / f"{name}.backup")
            export.write(quads, "trig", self.folder / f"{name}.export")

    def start(self, name: str) -> None:
        """Put the store of one of the datasets in place, and beside it the files of the other."""
        shutil.rmtree(self.place, ignore_errors=True)
        shutil.copytree(self.folder / f"{name}.kept", self.place)
        for kind in WRITES:
            before = "other" if name == "one" else "one"
            shutil.copyfile(self.folder / f"{before}.{kind}", self.folder / f"target.{kind}")

    def arguments(self, work: str, to: str) -> list[str | Path]:
        """Return what a piece of work takes that is to leave the dataset `to`."""
        return {
            "build": [self.folder / f"{to}.nq"],
            "add": list(EXAMPLE_FILES),
            "remove": [EXAMPLE],
            "restore": [self.folder / f"{to}.backup"],
            "export": [self.folder / "target.export"],
            "backup": [self.folder / "target.backup"],
        }[work]

    def check(self, work: str, before: str, after: str, *, killed: bool) -> str:
        """Hold that all is well after a kill, and that the next change finds nothing amiss; return what is there."""
        store = EmbeddedStore.open(self.place)
        quads = store.quads()
        assert quads in (self.one, self.other)
        found = "one" if quads == self.one else "other"
        assert found in (before, after) if killed else found == after
        assert {quad for quad in store.engine if quad.graph_name == ox.DefaultGraph()} == facts(quads)
        assert store.noted in ("", dataset_hash(quads))
        for kind in WRITES:
            held = (self.folder / f"target.{kind}").read_bytes()
            assert held in [(self.folder / f"{name}.{kind}").read_bytes() for name in ("one", "other")]

        how = status(store)
        assert how.holder == ""
        assert how.broken_off == (store.noted == "")
        with writing(str(self.place)) as writer:
            assert writer.quads() == quads
        mended = status(EmbeddedStore.open(self.place), verify=True)
        assert (mended.noted, mended.leftovers) == (dataset_hash(quads), ())

        state = "after" if found == after != before else "before"
        if work in WRITES:
            fresh = (self.folder / f"target.{work}").read_bytes() == (self.folder / f"{found}.{work}").read_bytes()
            state = "after" if fresh else "before"
        self.seen[work, state + ("" if killed else ", not killed")] += 1
        return found


def way(work: str) -> tuple[str, str]:
    """Return the datasets before and after a piece of work."""
    return {
        "build": ("one", "other"),
        "add": ("one", "other"),
        "restore": ("one", "other"),
        "remove": ("other", "one"),
    }.get(work, ("one", "one"))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, shipped: Dataset) -> World:
    made = World(tmp_path_factory.mktemp("kill"), shipped.quads, shipped.quads | read_files(EXAMPLE_FILES).quads)
    made.prepare()
    return made


@pytest.fixture(scope="module")
def doomed() -> Iterator[Killer]:
    with killer() as process:
        yield process


@pytest.mark.parametrize("work", [*CHANGES, *WRITES])
def test_work_that_is_killed_at_any_of_its_steps_is_done_whole_or_not_at_all(
    work: str, world: World, doomed: Killer
) -> None:
    before, after = way(work)
    world.seen.clear()
    world.start(before)
    whole = doomed.run(work, world.place, *world.arguments(work, after))
    assert not whole.killed
    world.check(work, before, after, killed=False)

    for at in range(1, whole.steps + 1):
        world.start(before)
        assert doomed.run(work, world.place, *world.arguments(work, after), at=at).killed
        world.check(work, before, after, killed=True)

    assert {state for _, state in world.seen} == {"before", "after", "after, not killed"}


def test_a_first_build_that_is_killed_at_any_of_its_steps_leaves_no_store_or_a_whole_one(
    world: World, doomed: Killer
) -> None:
    absent = 0
    steps = None
    at = 0
    while steps is None or at < steps:
        shutil.rmtree(world.place, ignore_errors=True)
        ended = doomed.run("build", world.place, world.folder / "one.nq", at=at)
        steps = steps or ended.steps
        try:
            found = EmbeddedStore.open(world.place)
        except (StoreMissing, StoreDamaged) as error:
            assert error.mend is not None
            assert "kg build" in error.mend
            absent += 1
        else:
            assert found.quads() == world.one
            assert found.noted == dataset_hash(world.one)
        at += 1

    assert 0 < absent < steps


def test_work_that_is_killed_at_any_time_is_done_whole_or_not_at_all(
    world: World, doomed: Killer, capsys: pytest.CaptureFixture[str]
) -> None:
    world.seen.clear()
    chance = random.Random()
    usual = {}
    for work in (*CHANGES, *WRITES):
        world.start(way(work)[0])
        usual[work] = doomed.run(work, world.place, *world.arguments(work, way(work)[1]))
    ways: list[Callable[[str, list[str | Path]], bool]] = [
        lambda work, given: doomed.run(work, *given, delay=chance.uniform(0.001, usual[work].seconds * 1.1)).killed,
        lambda work, given: (
            doomed.run(work, *given, at=chance.randint(1, usual[work].steps), later=10 ** chance.uniform(-5, -2)).killed
        ),
    ]

    found, end = "other", time.monotonic() + SECONDS
    world.start(found)
    while time.monotonic() < end:
        to = "one" if found == "other" else "other"
        work = chance.choice(["build", "restore", "add" if to == "other" else "remove", *WRITES])
        after = found if work in WRITES else to
        killed = chance.choice(ways)(work, [world.place, *world.arguments(work, after)])
        found = world.check(work, found, after, killed=killed)

    told(world, capsys)
    assert {work for work, _ in world.seen} == {*CHANGES, *WRITES}


def test_commands_that_are_killed_at_any_time_are_done_whole_or_not_at_all(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.seen.clear()
    chance = random.Random()
    longest = dict.fromkeys((*CHANGES, *WRITES), 2.0)

    found, end = "other", time.monotonic() + SECONDS
    world.start(found)
    while time.monotonic() < end:
        to = "one" if found == "other" else "other"
        work = chance.choice(["build", "restore", "add" if to == "other" else "remove", *WRITES])
        after = found if work in WRITES else to
        options = {"export": ["--format", "trig", "-o"], "backup": ["-o"]}.get(work, ["--quiet"])
        command = [sys.executable, "-m", "kg", work, "--store", world.place, *options, *world.arguments(work, after)]
        began = time.monotonic()
        killed = kill_later(list(map(str, command)), chance.uniform(0.1, longest[work] * 1.05))
        if not killed:
            longest[work] = time.monotonic() - began
        found = world.check(work, found, after, killed=killed)

    told(world, capsys)


def told(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """Say how often what was killed, and what was there then, where that was asked for."""
    if "KG_KILL_SECONDS" in os.environ:
        with capsys.disabled():
            kills = sum(number for (_, state), number in world.seen.items() if "not" not in state)
            print(f"\n{kills} kills; " + ", ".join(f"{' '.join(key)}: {n}" for key, n in sorted(world.seen.items())))
