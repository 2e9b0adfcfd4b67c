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
from killing import Ended, Killer, kill_later, killer
from support import EXAMPLE, EXAMPLE_FILES

from kg import backup, export
from kg.dataset import Dataset, canonical_lines, dataset_hash, facts, read_files, slug_of
from kg.errors import StoreDamaged, StoreMissing
from kg.store import EmbeddedStore, status, writing

SECONDS = float(os.environ.get("KG_KILL_SECONDS", "20"))
CHANGES = ("build", "add", "remove", "restore")
WRITES = ("export", "backup")


@dataclass
class World:
    """A store with one of three datasets, and files that hold them, on which work is done and killed.

    `none` has no document, `one` the example under another title, and `other` the example as it is.
    """

    folder: Path
    datasets: dict[str, frozenset[ox.Quad]]
    seen: Counter[tuple[str, str]] = field(default_factory=Counter)

    @classmethod
    def made(cls, folder: Path, none: frozenset[ox.Quad]) -> World:
        """Make a store of each dataset, and the files that hold it."""
        description, claims = EXAMPLE_FILES
        renamed = folder / description.name
        renamed.write_text(
            description.read_text("utf-8").replace("Example of a transit pact", "Another title"), "utf-8"
        )
        one, other = read_files([renamed, claims]).quads, read_files(EXAMPLE_FILES).quads
        assert one - other
        world = cls(folder, {"none": none, "one": none | one, "other": none | other})
        for name, quads in world.datasets.items():
            kept = folder / f"{name}.kept"
            with writing(str(kept)) as writer:
                writer.replace(quads)
            (folder / f"{name}.nq").write_bytes(b"\n".join(canonical_lines(quads)) + b"\n")
            backup.write(str(kept), folder / f"{name}.backup")
            export.write(quads, "trig", folder / f"{name}.export")
        return world

    @property
    def place(self) -> Path:
        return self.folder / "store"

    def start(self, name: str) -> None:
        """Put the store of one of the datasets in place, and beside it the files of another."""
        shutil.rmtree(self.place, ignore_errors=True)
        shutil.copytree(self.folder / f"{name}.kept", self.place)
        for kind in WRITES:
            shutil.copyfile(self.folder / f"{others(name)[0]}.{kind}", self.folder / f"target.{kind}")

    def arguments(self, work: str, to: str) -> list[str | Path]:
        """Return what a piece of work takes that is to leave the dataset `to`."""
        description, claims = EXAMPLE_FILES
        arguments: dict[str, list[str | Path]] = {
            "build": [self.folder / f"{to}.nq"],
            "add": [self.folder / description.name if to == "one" else description, claims],
            "remove": [EXAMPLE],
            "restore": [self.folder / f"{to}.backup"],
            "export": [self.folder / "target.export"],
            "backup": [self.folder / "target.backup"],
        }
        return arguments[work]

    def again_and_again(self, seconds: float, kill: Callable[[str, list[str | Path]], bool]) -> None:
        """Do this and that with the store and have each killed, for so many seconds; nothing is put right between."""
        self.start("other")
        found, end = "other", time.monotonic() + seconds
        while time.monotonic() < end:
            after = random.choice(others(found))
            work = random.choice(["build", "restore", "remove" if after == "none" else "add", *WRITES])
            after = found if work in WRITES else after
            killed = kill(work, [self.place, *self.arguments(work, after)])
            found = self.check(work, found, after, killed=killed)

    def check(self, work: str, before: str, after: str, *, killed: bool) -> str:
        """Hold that all is well after a kill, and that the next change finds nothing amiss; return what is there."""
        store = EmbeddedStore.open(self.place)
        quads = store.quads()
        [found] = [name for name in {before, after} if self.datasets[name] == quads]
        assert killed or found == after
        assert {quad for quad in store.engine if quad.graph_name == ox.DefaultGraph()} == facts(quads)
        assert store.noted in ("", dataset_hash(quads))
        for kind in WRITES:
            held = (self.folder / f"target.{kind}").read_bytes()
            assert held in [(self.folder / f"{name}.{kind}").read_bytes() for name in self.datasets]

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


def others(name: str) -> list[str]:
    """Return the names of the other two datasets."""
    return [each for each in ("none", "one", "other") if each != name]


WAYS = {"remove": ("other", "none"), "export": ("one", "one"), "backup": ("one", "one")}


def way(work: str) -> tuple[str, str]:
    """Return the datasets before and after a piece of work."""
    return WAYS.get(work, ("one", "other"))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, shipped: Dataset) -> World:
    """A world with reference data only beside the example: fast to write."""
    return World.made(
        tmp_path_factory.mktemp("small"),
        frozenset(quad for quad in shipped.quads if "/reference/" in str(quad.graph_name)),
    )


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory, shipped: Dataset) -> World:
    """A world with all but the shipped documents: what conforms and is fast to validate."""
    return World.made(tmp_path_factory.mktemp("bare"), frozenset(q for q in shipped.quads if not slug_of(q)))


@pytest.fixture(scope="module")
def doomed() -> Iterator[Killer]:
    with killer() as process:
        yield process


@pytest.mark.parametrize("work", [*CHANGES, *WRITES])
def test_work_that_is_killed_at_its_steps_is_done_whole_or_not_at_all(work: str, small: World, doomed: Killer) -> None:
    before, after = way(work)
    small.start(before)
    whole = doomed.run(work, small.place, *small.arguments(work, after))
    small.check(work, before, after, killed=False)

    for at in (*steps(whole.steps), whole.steps):
        small.start(before)
        ended = doomed.run(work, small.place, *small.arguments(work, after), at=at)
        small.check(work, before, after, killed=ended.killed)

    assert small.seen[work, "before"] > 0
    assert small.seen[work, "after"] > 0


def test_a_first_build_that_is_killed_at_its_steps_leaves_no_store_or_a_whole_one(small: World, doomed: Killer) -> None:
    def build(at: int = 0) -> Ended:
        shutil.rmtree(small.place, ignore_errors=True)
        return doomed.run("build", small.place, small.folder / "one.nq", at=at)

    absent = whole = 0
    last = build().steps
    for at in (*steps(last), last):
        build(at)
        try:
            found = EmbeddedStore.open(small.place)
        except (StoreMissing, StoreDamaged):
            absent += 1
        else:
            assert found.quads() == small.datasets["one"]
            assert found.noted == dataset_hash(small.datasets["one"])
            whole += 1

    assert absent > whole > 0


def steps(last: int) -> range:
    """Return the steps at which work is killed: all of them, or in a short run some of many, others each time."""
    few = "KG_KILL_SECONDS" not in os.environ and last > 20
    return range(random.randint(1, 3), last + 1, 3) if few else range(1, last + 1)


def test_work_that_is_killed_at_any_time_is_done_whole_or_not_at_all(
    small: World, doomed: Killer, capsys: pytest.CaptureFixture[str]
) -> None:
    usual = {}
    for work in (*CHANGES, *WRITES):
        small.start(way(work)[0])
        usual[work] = doomed.run(work, small.place, *small.arguments(work, way(work)[1]))

    def some_time(work: str, given: list[str | Path]) -> bool:
        return doomed.run(work, *given, delay=random.uniform(0.001, usual[work].seconds * 1.1)).killed

    def after_a_step(work: str, given: list[str | Path]) -> bool:
        at, later = random.randint(1, usual[work].steps), 10 ** random.uniform(-5, -2)
        return doomed.run(work, *given, at=at, later=later).killed

    small.again_and_again(SECONDS * 0.6, lambda *work: random.choice([some_time, after_a_step])(*work))

    told("work in children", small, capsys)


def test_commands_that_are_killed_at_any_time_are_done_whole_or_not_at_all(
    bare: World, capsys: pytest.CaptureFixture[str]
) -> None:
    longest = dict.fromkeys((*CHANGES, *WRITES), 2.0)

    def some_time(work: str, given: list[str | Path]) -> bool:
        options = {"export": ["--format", "trig", "-o"], "backup": ["-o"]}.get(work, ["--quiet"])
        command = [sys.executable, "-m", "kg", work, "--store", *given[:1], *options, *given[1:]]
        began = time.monotonic()
        # Most of the time goes into validation; the store changes at the end.
        killed = kill_later(list(map(str, command)), longest[work] * random.uniform(random.choice([0.1, 0.8]), 1.1))
        longest[work] = longest[work] * 1.05 if killed else time.monotonic() - began
        return killed

    bare.again_and_again(SECONDS * 0.4, some_time)

    told("commands", bare, capsys)


def told(what: str, world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """Say how often what was killed, and what was there then, where long runs were asked for."""
    if "KG_KILL_SECONDS" in os.environ:
        with capsys.disabled():
            kills = sum(number for (_, state), number in world.seen.items() if "not" not in state)
            print(
                f"\n{what}: {kills} kills; " + "; ".join(f"{' '.join(k)}: {n}" for k, n in sorted(world.seen.items()))
            )
