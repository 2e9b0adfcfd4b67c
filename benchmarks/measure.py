"""Times and memory as rows of one table, and work done beside in a process that can be stopped."""

from __future__ import annotations

import os
import platform
import statistics
import time
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.connection import Connection

__all__ = ["Measured", "Span", "TooLate", "beside", "machine", "resident", "table", "timed"]

FORMS = {"s": ".2f", "ms": ".1f", "MB": ".0f", "ratio": ".2f", "1/s": ",.0f"}


@dataclass(frozen=True)
class Measured:
    """One thing measured several times, beside the goal that its median should not pass; None where there is none.

    Where `more` is better, the goal is what the median should reach.

    `cpu` is the median of what a processor spent on it, in the same unit; `failed` is true where it did not come to
    its end.
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

    @classmethod
    def of(cls, group: str, name: str, spans: Sequence[Span], goal: float | None = None, note: str = "") -> Measured:
        """Return times as a row in seconds; without any it failed."""
        cpu = statistics.median(span.cpu for span in spans) if spans else None
        return cls(group, name, "s", tuple(span.wall for span in spans), goal, note, cpu, failed=not spans)

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

    def as_dict(self) -> dict[str, Any]:
        """Return the row for JSON."""
        ends = {"min": min(self.values, default=None), "median": self.median, "max": max(self.values, default=None)}
        told = {"group": self.group, "name": self.name, "unit": self.unit, "note": self.note, "runs": len(self.values)}
        return told | ends | {"cpu": self.cpu, "goal": self.goal, "met": self.met}

    def line(self) -> str:
        """Return the row for people."""
        form = FORMS[self.unit]
        ends = (min(self.values, default=None), self.median, max(self.values, default=None), self.cpu, self.goal)
        cells = " ".join(f"{'–' if value is None else format(value, form):>9}" for value in ends)
        verdict = {True: "ok", False: "MISSED", None: ""}[self.met]
        return f"  {self.name:<42} {self.unit:>5} {cells}  {verdict:<6} {self.note}".rstrip()


def table(rows: list[Measured]) -> str:
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


def _processor() -> float:
    of_children = os.times()
    return time.process_time() + of_children.children_user + of_children.children_system


class TooLate(Exception):
    """A step did not end within its limit."""


def beside(work: Callable[..., Iterator[Any]], *given: Any, limit: float) -> Iterator[Any]:
    """Yield what `work`, a function of a module, yields in a process of its own.

    The engine has no time limit, so the process is what is stopped: raises `TooLate` where a step takes longer than
    `limit` seconds, `RuntimeError` with the reason where it fails.
    """
    here, there = get_context("spawn").Pipe(duplex=False)
    process = get_context("spawn").Process(target=_send, args=(there, work, given), daemon=True)
    process.start()
    there.close()
    try:
        while True:
            if not here.poll(limit):
                raise TooLate
            kind, value = here.recv()
            if kind == "end":
                return
            if kind == "error":
                raise RuntimeError(value)
            yield value
    except EOFError as error:
        raise RuntimeError("the process ended before its work did") from error
    finally:
        process.kill()
        process.join()


def _send(there: Connection, work: Callable[..., Iterator[Any]], given: tuple[Any, ...]) -> None:
    try:
        for value in work(*given):
            there.send(("value", value))
        there.send(("end", None))
    except Exception as error:
        there.send(("error", f"{type(error).__name__}: {error}"))


def resident(*, peak: bool = False, reset: bool = False) -> float:
    """Return the resident memory of this process in MB, or its peak since the last reset (Linux)."""
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    name = "VmHWM" if peak else "VmRSS"
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name)]
    return int(line.split()[1]) / 1024


def machine() -> dict[str, Any]:
    """Return what the figures were measured on, and how busy it was."""
    return {
        "system": platform.platform(),
        "processors": os.cpu_count(),
        "python": platform.python_version(),
        "pyoxigraph": getattr(ox, "__version__", "unknown"),
        "load average": [round(value, 2) for value in os.getloadavg()],
        "when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
