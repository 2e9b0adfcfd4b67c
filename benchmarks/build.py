"""What building a store costs beside the loaders of Oxigraph and of rdflib, step by step, with its peak memory."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from threading import Timer
from typing import TYPE_CHECKING

import pyoxigraph as ox

from benchmarks import peers
from benchmarks.aside import gathered
from benchmarks.measure import Measured, Span, in_turn, timed
from kg.dataset import facts, part_notes, read_files
from kg.store import writing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from benchmarks.stores import Setting

__all__ = ["rows"]

MOST_OVER_THE_LOADER = 1.3
LEAST_OVER_RDFLIB = 4.0
LARGEST_IN_MEMORY = 3_000_000
"""Quads of a dataset that `kg build` holds in the memory of a usual machine."""

LARGEST_FOR_RDFLIB = 1_000_000
_PATIENCE = 1800.0
"""Seconds for a step here, where the limit of other parts would be too short for whole loads."""

_BUDGET = 120.0
"""Seconds after which no further round begins."""


def rows(setting: Setting) -> Iterator[Measured]:
    """Yield times of a build and of its peers on the same quads, then where its time goes, then the whole process."""
    folder, stores, claims = setting.folder, setting.stores, setting.claims
    if setting.quads > LARGEST_IN_MEMORY:
        yield Measured("build", f"left out: {setting.quads:,} quads do not fit in memory", "s", ())
        return
    dataset = stores.write(claims, folder / "dataset.nq", view=False)
    whole = stores.write(claims, folder / "whole.nq", view=True)
    with whole.open("rb") as lines:
        stored = sum(1 for _ in lines)
    yield from _beside_peers(setting, dataset, whole, stored)
    yield from _steps(folder, dataset)
    yield from _process(folder, dataset, whole, stored)


def _beside_peers(setting: Setting, dataset: Path, whole: Path, stored: int) -> Iterator[Measured]:
    group = f"build of {stored:,} quads, facts view included, without validation"
    folder = setting.folder
    ours, bulk, loader = "kg", "pyoxigraph bulk_load of the same", "oxigraph load of the same"
    peer = "rdflib, parsing the same"
    steps = {
        ours: lambda: _told(_built, dataset, folder / "ours"),
        loader: lambda: _loaded(whole, folder / "loaded")[0],
        bulk: lambda: _told(_bulk_loaded, whole, folder / "bulk"),
    }
    if stored <= LARGEST_FOR_RDFLIB:
        steps[peer] = lambda: _told(_parsed, whole)
    found = in_turn(steps, setting.runs, _BUDGET)
    for name, spans in found.items():
        yield Measured.of(group, name, spans, grows=name if name in (ours, loader) else "")
    walls = {name: [span.wall for span in spans] for name, spans in found.items()}
    yield Measured.ratio(group, "kg : oxigraph load", walls[ours], walls[loader], MOST_OVER_THE_LOADER)
    yield Measured.ratio(group, "kg : pyoxigraph bulk_load", walls[ours], walls[bulk])
    if peer in walls:
        yield Measured.ratio(group, "rdflib : kg", walls[peer], walls[ours], LEAST_OVER_RDFLIB, more=True)
    else:
        yield Measured(group, "rdflib: left out, too many quads for it", "s", ())


def _told(work: object, *given: Path) -> Span:
    """Return the time that `work` tells of itself in a process of its own, which takes its memory with it."""
    found = gathered(work, *given, limit=_PATIENCE)  # type: ignore[arg-type]
    if found.why:
        raise RuntimeError(found.why)
    spans = [span for told in found.spans.values() for span in told]
    return Span(sum(span.wall for span in spans), sum(span.cpu for span in spans))


def _built(file: Path, place: Path) -> Iterator[tuple[str, Span]]:
    shutil.rmtree(place, ignore_errors=True)

    def build() -> None:
        dataset = read_files([file])
        with writing(str(place)) as writer:
            writer.replace(dataset.quads)

    yield "build", timed(build)


def _bulk_loaded(file: Path, place: Path) -> Iterator[tuple[str, Span]]:
    shutil.rmtree(place, ignore_errors=True)

    def build() -> None:
        engine = ox.Store(str(place))
        engine.bulk_load(path=str(file), format=ox.RdfFormat.N_QUADS)
        engine.optimize()

    yield "load", timed(build)


def _parsed(file: Path) -> Iterator[tuple[str, Span]]:
    import rdflib

    yield "parse", timed(lambda: rdflib.Dataset().parse(str(file), format="nquads"))


def _loaded(file: Path, place: Path) -> tuple[Span, float]:
    """Load a file with the command of Oxigraph; returns the times and the peak memory in MB."""
    shutil.rmtree(place, ignore_errors=True)
    return _run([peers.program("oxigraph"), "load", "--location", str(place), "--file", str(file)])


def _run(command: Sequence[str]) -> tuple[Span, float]:
    """Run a command; returns the times and the peak memory in MB. Raises `RuntimeError` where it fails."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with _stopped(process):
        _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command[0]} ended with {process.returncode}")
    return Span(wall, used.ru_utime + used.ru_stime), used.ru_maxrss / 1024


@contextmanager
def _stopped(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Stop a process that takes longer than it may."""
    timer = Timer(_PATIENCE, process.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


# --- where the time goes


def _steps(folder: Path, dataset: Path) -> Iterator[Measured]:
    group = "where the time of a build goes"
    found = gathered(_step_by_step, dataset, folder / "steps", limit=_PATIENCE)
    for name, spans in found.spans.items():
        yield Measured.of(group, name, spans)
    if found.why:
        yield Measured(group, "ended early", "s", (), note=found.why, failed=True)


def _step_by_step(file: Path, place: Path) -> Iterator[tuple[str, Span]]:
    """Yield the times of what `kg.gate.build` and `EmbeddedWriter.replace` do one after the other."""
    quads: frozenset[ox.Quad] = frozenset()
    view: set[ox.Quad] = set()

    def read() -> None:
        nonlocal quads
        quads = read_files([file]).quads

    def viewed() -> None:
        nonlocal view
        view = facts(quads)

    yield "read the file", timed(read)
    yield "hash the parts", timed(lambda: part_notes(quads))
    yield "work out the facts view", timed(viewed)
    engine = ox.Store(str(place))
    yield "write (bulk_extend)", timed(lambda: engine.bulk_extend(view | quads))
    yield "pack (optimize)", timed(engine.optimize)


# --- the whole process


def _process(folder: Path, dataset: Path, whole: Path, stored: int) -> Iterator[Measured]:
    group = "kg build, the whole process with validation"
    command = [sys.executable, "-m", "kg", "build", "--quiet", "--store", str(folder / "process"), str(dataset)]
    span, peak = _run(command)
    yield Measured.of(group, "kg build", [span], grows="kg build, with validation")
    yield Measured(group, "kg build: peak memory", "MB", (peak,), grows="kg build: peak memory")
    yield Measured(group, "kg build: peak memory for each stored quad", "B", (peak * 2**20 / stored,))
    _, peak = _loaded(whole, folder / "loaded")
    yield Measured(group, "oxigraph load: peak memory", "MB", (peak,), grows="oxigraph load: peak memory")
