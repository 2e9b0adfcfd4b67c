"""All benchmarks in one run: a table on stdout, the same in `build/bench.json`, and each part in `RESULTS.md`.

python -m benchmarks                         the everyday commands, and 100,000 claims
python -m benchmarks --quick                 the same on 10,000 claims with fewer repeats
python -m benchmarks --claims 1000000        one million
python -m benchmarks --keep DIR              make the generated store in DIR, or take it from there
python -m benchmarks service                 one part only: commands, store, change or service
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import change, cite, serve
from benchmarks.generate import generated
from benchmarks.load import load
from benchmarks.measure import Measured, machine, resident, table, timed
from benchmarks.results import record
from benchmarks.speed import commands
from kg import project

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CLAIMS, FEW_CLAIMS = 100_000, 10_000
RUNS, FEW_RUNS = 7, 3
PARTS = ("commands", "store", "change", "service")


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"parts to run, of {', '.join(PARTS)}; all unless told"
    )
    parser.add_argument("--claims", type=int, help=f"how many claims to generate; {CLAIMS:,} unless told")
    parser.add_argument("--quick", action="store_true", help="fewer claims and fewer repeats")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="folder of generated stores to make or to use again")
    parser.add_argument("--limit", type=float, default=60.0, help="seconds after which a step is given up")
    given = parser.parse_args()
    if unknown := set(given.parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    claims = given.claims or (FEW_CLAIMS if given.quick else CLAIMS)
    runs = FEW_RUNS if given.quick else RUNS
    before = machine()
    parts: dict[str, list[Measured]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        wanted = given.parts or PARTS
        for part, row in _all(wanted, claims, runs, given.limit, given.keep or Path(temporary)):
            print(row.group, "|", row.line().strip(), file=sys.stderr, flush=True)
            parts.setdefault(part, []).append(row)
    rows = [row for measured in parts.values() for row in measured]
    print(f"\n{claims:,} generated claims; {before['processors']} processors, load average {before['load average']}\n")
    print(table(rows))
    missed = [row for row in rows if row.met is False]
    print(f"\n{len(missed)} of {sum(row.met is not None for row in rows)} goals missed")
    target = project.root() / "build" / "bench.json"
    target.parent.mkdir(exist_ok=True)
    told = {"machine": before, "claims": claims, "measured": [row.as_dict() for row in rows]}
    target.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    results = project.root() / "benchmarks" / "RESULTS.md"
    record(results, parts, claims, before)
    print(f"written to {target} and {results}")


def _all(wanted: Sequence[str], claims: int, runs: int, limit: float, folder: Path) -> Iterator[tuple[str, Measured]]:
    """Yield the rows of each part that is wanted, with its name; the store is made where one needs it."""
    if "commands" in wanted:
        yield from (("commands", row) for row in commands(runs))
    if not {"store", "change", "service"} & set(wanted):
        return
    place = folder / f"claims-{claims}"
    if not place.exists():
        yield from (("store", row) for row in _made(claims, place))
    if "store" in wanted:
        for rows in (cite.rows(place, runs, limit), cite.connections(place, runs, limit), cite.memory(place, limit)):
            yield from (("store", row) for row in rows)
        yield from (("store", row) for row in cite.questions(place, runs, limit))
    for part, measure in (("change", change.rows), ("service", serve.rows)):
        if part in wanted:
            with tempfile.TemporaryDirectory(
                dir=folder
            ) as copies:  # on the disk of the store, so that links can be made
                yield from ((part, row) for row in measure(place, Path(copies), FEW_RUNS))


def _made(claims: int, place: Path) -> Iterator[Measured]:
    place.parent.mkdir(parents=True, exist_ok=True)
    partly = place.with_name(f"{place.name}.part")
    took = timed(partial(load, generated(claims), partly))
    partly.rename(place)
    size = sum(path.stat().st_size for path in place.rglob("*")) / 2**20
    yield Measured(
        "the store", "generate, facts view, bulk load, pack", "s", (took.wall,), note=f"{size:,.0f} MB on disk"
    )
    yield Measured("the store", "peak memory so far", "MB", (resident(peak=True),))


if __name__ == "__main__":
    main()
