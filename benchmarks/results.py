"""What was measured last of each part and size, in `results.json`, and that for people in `RESULTS.md`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from benchmarks.growth import fitted
from benchmarks.measure import Measured, table, verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from benchmarks.growth import Growth

__all__ = ["Curve", "Run", "curves", "read", "record", "written"]

PICTURE = "growth.svg"
_INTRODUCTION = """\
# What was measured

Written by `make bench` (`python -m benchmarks`); a run replaces the parts and sizes that it measured. Peers are asked
in turn within one run and ratios are taken round by round, so that what else the machine did lies on both sides. A goal
that was missed says so. Sizes are generated claims, in data of the same shape and seed; a claim comes with some 23
quads, and 43 with its part of the facts view.
"""


@dataclass(frozen=True)
class Run:
    """A part, measured once with so many claims, of so many quads; 0 where it has no generated data."""

    part: str
    claims: int
    quads: int
    machine: dict[str, Any]
    rows: tuple[Measured, ...]

    @property
    def title(self) -> str:
        """Return the part with its size."""
        return f"{self.part}, {self.claims:,} claims" if self.claims else self.part


@dataclass(frozen=True)
class Curve:
    """A quantity by size: medians by the number of claims, and the law by which it grows with the number of quads."""

    part: str
    name: str
    unit: str
    points: tuple[tuple[int, int, float | None], ...]
    """Claims, quads and the median, None where it did not come to its end."""

    @property
    def growth(self) -> Growth | None:
        """Return the law, None for fewer than two sizes."""
        return fitted((quads, value) for _, quads, value in self.points if value is not None)


def read(path: Path) -> list[Run]:
    """Return the runs that a file holds, none where there is no file."""
    if not path.exists():
        return []
    return [
        Run(**told | {"rows": tuple(Measured(**row | {"values": tuple(row["values"])}) for row in told["rows"])})
        for told in json.loads(path.read_text(encoding="utf-8"))
    ]


def record(folder: Path, runs: Iterable[Run], order: Sequence[str]) -> list[Run]:
    """Put runs in the place of what `folder` holds of the same parts and sizes, and return all, in this order."""
    path = folder / "results.json"
    known = {(run.part, run.claims): run for run in read(path)} | {(run.part, run.claims): run for run in runs}
    kept = sorted(
        (run for run in known.values() if run.part in order), key=lambda run: (order.index(run.part), run.claims)
    )
    path.write_text(json.dumps([_short(asdict(run)) for run in kept], indent=1) + "\n", encoding="utf-8")
    return kept


def _short(value: Any) -> Any:
    """Return a value for JSON with four digits that count in each number, more than any figure here is worth."""
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, dict):
        return {name: _short(part) for name, part in value.items()}
    return [_short(part) for part in value] if isinstance(value, list | tuple) else value


def curves(runs: Iterable[Run]) -> list[Curve]:
    """Return what was measured at more than one size."""
    found: dict[tuple[str, str, str], list[tuple[int, int, float | None]]] = {}
    for run in runs:
        for row in run.rows:
            if row.grows:
                found.setdefault((run.part, row.grows, row.unit), []).append((run.claims, run.quads, row.median))
    return [Curve(*key, tuple(sorted(points))) for key, points in found.items() if len(points) > 1]


def written(runs: Sequence[Run], *, pictured: bool) -> str:
    """Return `RESULTS.md`: the ratios, the growth with its picture where there is one, then each part in full."""
    parts = [_INTRODUCTION, _ratios(runs)]
    if grown := curves(runs):
        parts.append(_growth(grown, pictured=pictured))
    for run in runs:
        when = (
            f"{run.machine['when']}, {run.machine['seconds']:.0f} s; load average {run.machine['load']} at the start."
        )
        parts.append(f"## {run.title}\n\n{when}\n\n```\n{table(run.rows)}\n```\n")
    return "\n".join(parts)


def _machine(machine: dict[str, Any]) -> str:
    return (
        f"{machine['kernel']}, {machine['processors']} processors, Python {machine['python']}, "
        f"pyoxigraph {machine['pyoxigraph']}"
    )


def _ratios(runs: Sequence[Run]) -> str:
    head = ("part", "claims", "ratio", "median", "spread", "goal", "")
    on = dict.fromkeys(_machine(run.machine) for run in runs)
    lines = ["## Ratios\n", f"Measured on {' and '.join(on)}.\n", _row(head), "|---|--:|---|--:|--:|--:|---|"]
    for run in runs:
        for row in run.rows:
            if row.unit != "ratio" or not row.values:
                continue
            low, median, high = (row.told(value) for value in row.ends)
            goal = "" if row.goal is None else f"{'≥' if row.more else '≤'} {row.goal:g}"
            size = f"{run.claims:,}" if run.claims else ""
            what = f"{row.group}: {row.name}"
            lines.append(_row((run.part, size, what, median, f"{low} to {high}", goal, verdict(row))))
    return "\n".join(lines) + "\n"


def _growth(grown: Sequence[Curve], *, pictured: bool) -> str:
    sizes = sorted({claims for curve in grown for claims, _, _ in curve.points})
    lines = ["## Growth\n"]
    if pictured:
        lines.append(f"![Times and memory by the number of quads, both on logarithmic scales]({PICTURE})\n")
    lines.append(
        "Medians by the number of claims, and the exponent of the power law fitted to them over the number of\n"
        "quads (1 is linear; in brackets the exponents between neighbouring sizes). A dash did not end in time.\n"
    )
    lines.append(_row(("part", "", "unit", *(f"{size:,}" for size in sizes), "exponent")))
    lines.append("|---|---|---|" + "--:|" * (len(sizes) + 1))
    for curve in grown:
        at = {claims: value for claims, _, value in curve.points}
        cells = ("" if size not in at else "–" if at[size] is None else f"{at[size]:.3g}" for size in sizes)
        lines.append(_row((curve.part, curve.name, curve.unit, *cells, str(curve.growth or "–"))))
    return "\n".join(lines) + "\n"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
