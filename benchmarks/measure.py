"""Times and memory as rows of one table, with what they were measured on."""

from __future__ import annotations

import os
import platform
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

__all__ = ["Measured", "Span", "in_turn", "machine", "resident", "table", "timed", "verdict"]

FORMS = {"s": ".2f", "ms": ",.1f", "MB": ".0f", "B": ",.0f", "ratio": ".2f", "1/s": ",.0f"}


@dataclass(frozen=True)
class Measured:
    """One thing measured several times, beside the goal that its median should not pass; None where there is none.

    Where `more` is better, the goal is what the median should reach. `cpu` is the median of what a processor spent on
    it, in the same unit; `failed` is true where it did not come to its end; `grows` is the name under which it is told
    by size, the same for each size, empty where it is not.
    """

    group: str
    name: str
    unit: str
    values: tuple[float, ...]
    goal: float | None = None
    note: str = ""
    cpu: float | None = None
    failed: bool = False
    more: bool = False
    grows: str = ""

    @classmethod
    def of(
        cls,
        group: str,
        name: str,
        spans: Sequence[Span],
        goal: float | None = None,
        note: str = "",
        *,
        unit: str = "s",
        grows: str = "",
    ) -> Measured:
        """Return times as a row in `unit`, s or ms, the goal given in seconds; without any it failed."""
        of_unit = 1000 if unit == "ms" else 1
        cpu = statistics.median(span.cpu for span in spans) * of_unit if spans else None
        walls = tuple(span.wall * of_unit for span in spans)
        goal = None if goal is None else goal * of_unit
        return cls(group, name, unit, walls, goal, note, cpu, failed=not spans, grows=grows)

    @classmethod
    def ratio(
        cls,
        group: str,
        name: str,
        over: Iterable[float],
        under: Iterable[float],
        goal: float | None = None,
        note: str = "",
        *,
        more: bool = False,
    ) -> Measured:
        """Return the ratios of two things that were measured in turn, round by round."""
        values = tuple(one / other for one, other in zip(over, under, strict=False) if other)
        return cls(group, name, "ratio", values, goal if values else None, note, more=more)

    @property
    def median(self) -> float | None:
        """The median, None where nothing was measured in time."""
        return statistics.median(self.values) if self.values else None

    @property
    def met(self) -> bool | None:
        """True where the goal is met, None where there is none; what failed met none."""
        if self.goal is None and not self.failed:
            return None
        if self.median is None or self.goal is None:
            return False
        return self.median >= self.goal if self.more else self.median <= self.goal

    @property
    def ends(self) -> tuple[float | None, float | None, float | None]:
        """The least, the median and the largest."""
        return min(self.values, default=None), self.median, max(self.values, default=None)

    def line(self) -> str:
        """Return the row for people."""
        cells = " ".join(f"{self.told(value):>9}" for value in (*self.ends, self.cpu, self.goal))
        return f"  {self.name:<42} {self.unit:>5} {cells}  {verdict(self):<6} {self.note}".rstrip()

    def told(self, value: float | None) -> str:
        """Return a value in the form of the row's unit."""
        if value is None:
            return "–"
        return format(value, ",.0f" if self.unit == "ratio" and value >= 100 else FORMS[self.unit])


def verdict(row: Measured) -> str:
    """Return in a word whether the goal is met, empty where there is none."""
    return {True: "ok", False: "MISSED", None: ""}[row.met]


def table(rows: Sequence[Measured]) -> str:
    """Return rows as a table for people, in their groups."""
    heads = " ".join(f"{head:>9}" for head in ("min", "median", "max", "processor", "goal"))
    lines = [f"  {'':<42} {'unit':>5} {heads}"]
    for group in dict.fromkeys(row.group for row in rows):
        lines += ["", group, *(row.line() for row in rows if row.group == group)]
    return "\n".join(lines)


@dataclass(frozen=True)
class Span:
    """How long a piece of work took by the clock on the wall, and how long a processor was at it, in seconds."""

    wall: float
    cpu: float


def timed(work: Callable[[], Any]) -> Span:
    """Do a piece of work and return its times; other programs on the machine lengthen the first, hardly the second."""
    wall, cpu = time.perf_counter(), _processor()
    work()
    return Span(time.perf_counter() - wall, _processor() - cpu)


def in_turn(steps: Mapping[str, Callable[[], Span]], runs: int, seconds: float = float("inf")) -> dict[str, list[Span]]:
    """Do all steps in turn, so many times or until `seconds` are over, and return the times of each.

    So whatever else the machine does lies on all of them, and the ratio of two is taken round by round. Every second
    round goes backwards, since what comes later finds more in caches.
    """
    found: dict[str, list[Span]] = {name: [] for name in steps}
    until = time.monotonic() + seconds
    for i in range(runs):
        if i and time.monotonic() > until:
            break
        for name, step in list(steps.items())[:: -1 if i % 2 else 1]:
            found[name].append(step())
    return found


def _processor() -> float:
    of_children = os.times()
    return time.process_time() + of_children.children_user + of_children.children_system


def resident(*, peak: bool = False, reset: bool = False) -> float:
    """Return the resident memory of this process in MB, or its peak since the last reset (Linux)."""
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    name = "VmHWM" if peak else "VmRSS"
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name)]
    return int(line.split()[1]) / 1024


def machine() -> dict[str, Any]:
    """Return what the figures were measured on, and how busy it was; of the system no more than its kernel."""
    return {
        "kernel": f"{platform.system()} {'.'.join(platform.release().split('.')[:2])}",
        "processors": os.cpu_count(),
        "python": platform.python_version(),
        "pyoxigraph": getattr(ox, "__version__", "unknown"),
        "load": round(os.getloadavg()[0], 2),
        "when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
