"""All benchmarks in one run: a table on stdout, and each part and size in `results.json` and `RESULTS.md`.

python -m benchmarks                                  everything, up to 100,000 claims
python -m benchmarks --quick                          the same up to 3,000 claims, with fewer repeats
python -m benchmarks questions change --claims 1000000
                                                      two parts at one size
python -m benchmarks --keep DIR                       make the generated stores in DIR, or take them from there
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from benchmarks import answers, build, change, cite, commands, connect, exporting, questions, serve, validation, versus
from benchmarks.measure import Measured, machine, table
from benchmarks.plot import draw
from benchmarks.results import PICTURE, Run, curves, record, written
from benchmarks.stores import Setting, Stores
from kg import project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

SIZES, FEW_SIZES = (1_000, 10_000, 100_000), (1_000, 3_000)
RUNS, FEW_RUNS = 5, 2
PEERS, FEW_PEERS = 4_400, 1_000
"""Claims where peers take part that are slow: 100,000 quads, and less."""

SERVED, FEW_SERVED = 10_000, 1_000
SECONDS, FEW_SECONDS = 20.0, 5.0
LARGE = 50_000
"""Claims from which on everything is repeated as often as in a quick run."""


@dataclass(frozen=True)
class _Part:
    """A part of the run: whether it is measured at each size, at the largest, or at one that its peers can take."""

    rows: Callable[[Setting], Iterator[Measured]]
    at: Literal["all", "largest", "peers", "served", "none"]


PARTS = {
    "commands": _Part(commands.rows, "none"),
    "build": _Part(build.rows, "all"),
    "answers": _Part(answers.rows, "peers"),
    "questions": _Part(questions.rows, "all"),
    "citations": _Part(cite.rows, "all"),
    "connections": _Part(connect.rows, "all"),
    "classes": _Part(versus.rows, "largest"),
    "reports": _Part(validation.beside_pyshacl, "peers"),
    "validation": _Part(validation.rows, "all"),
    "change": _Part(change.rows, "all"),
    "turtle": _Part(exporting.beside_rdflib, "peers"),
    "export": _Part(exporting.rows, "all"),
    "service": _Part(serve.rows, "served"),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all unless told")
    parser.add_argument(
        "--claims", type=int, nargs="+", metavar="N", help="sizes to generate, for parts that have a size"
    )
    parser.add_argument("--quick", action="store_true", help="smaller sizes and fewer repeats")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="folder of generated stores to make or to use again")
    parser.add_argument("--limit", type=float, help="seconds after which a step is given up")
    given = parser.parse_args()
    if unknown := set(given.parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        wanted = [name for name in PARTS if name in given.parts or not given.parts]
        limit = given.limit or (FEW_SECONDS if given.quick else SECONDS)
        runs = []
        for run in _all(wanted, given.claims or (), Stores(folder), limit, quick=given.quick):
            runs.append(run)
            _keep(run)  # at once, so that a run that is stopped has not run for nothing
    _tell(runs)


def _all(wanted: Sequence[str], claims: Sequence[int], stores: Stores, limit: float, *, quick: bool) -> Iterator[Run]:
    """Yield each part that is wanted at each of its sizes; stores are made where one needs them."""
    for name in wanted:
        for size in _sizes(PARTS[name], claims, quick=quick):
            repeated = FEW_RUNS if quick or size >= LARGE else RUNS
            rows: list[Measured] = []
            before, start = machine(), time.monotonic()
            made = stores.made(size) if size else iter(())
            # On the disk of the stores, so that links can be made.
            with tempfile.TemporaryDirectory(dir=stores.folder) as scratch:
                setting = Setting(stores, size, repeated, limit, Path(scratch), quick)
                for row in chain(made, PARTS[name].rows(setting)):
                    print(f"{name} {size:,} | {row.group} | {row.line().strip()}", file=sys.stderr, flush=True)
                    rows.append(row)
            took = time.monotonic() - start
            print(f"{name} {size:,} took {took:.0f} s", file=sys.stderr, flush=True)
            yield Run(name, size, stores.quads(size) if size else 0, before | {"seconds": took}, tuple(rows))


def _sizes(part: _Part, claims: Sequence[int], *, quick: bool) -> Sequence[int]:
    """Return the sizes at which a part is measured; those that were asked for hold for all parts that have a size."""
    if part.at == "none":
        return (0,)
    sizes = claims or (FEW_SIZES if quick else SIZES)
    if part.at == "all":
        return sorted(sizes)
    if claims or part.at == "largest":
        return (max(sizes),)
    if part.at == "peers":
        return (FEW_PEERS if quick else PEERS,)
    return (FEW_SERVED if quick else SERVED,)


def _tell(runs: Sequence[Run]) -> None:
    """Print what was measured."""
    for run in runs:
        print(f"\n{run.title}\n{table(run.rows)}")
    judged = [row for run in runs for row in run.rows if row.met is not None]
    print(f"\n{sum(row.met is False for row in judged)} of {len(judged)} goals missed")


def _keep(run: Run) -> None:
    """Write what was measured in the place of what was measured before of the same part and size."""
    folder = project.root() / "benchmarks"
    kept = record(folder, [run], list(PARTS))
    picture = folder / PICTURE
    try:
        draw(picture, curves(kept))
    except ImportError:
        print("the picture is left as it is: pip install -e '.[bench]'", file=sys.stderr)
    (folder / "RESULTS.md").write_text(written(kept, pictured=picture.exists()), encoding="utf-8")


if __name__ == "__main__":
    main()
