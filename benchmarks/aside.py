"""Work done in a process of its own, which is stopped where a step takes too long."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

from benchmarks.measure import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.connection import Connection

__all__ = ["Found", "TooLate", "beside", "gathered", "gathered_each"]


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


@dataclass
class Found:
    """Times and numbers that work in a process of its own told by name, and `why` it ended early, if it did."""

    spans: dict[str, list[Span]] = field(default_factory=lambda: defaultdict(list))
    numbers: dict[str, float] = field(default_factory=dict)
    why: str = ""
    whys: dict[str, str] = field(default_factory=dict)
    """The same for each of several things that were asked after one by one."""

    def of(self, thing: str) -> Found:
        """Return what was told of one of several things, under names that begin with its own and a space."""
        start = f"{thing} "
        spans = {name.removeprefix(start): told for name, told in self.spans.items() if name.startswith(start)}
        numbers = {name.removeprefix(start): told for name, told in self.numbers.items() if name.startswith(start)}
        return Found(defaultdict(list, spans), numbers, self.whys.get(thing, ""))

    def count(self, name: str) -> int:
        """Return a number, 0 where it was never told."""
        return int(self.numbers.get(name, 0))

    def walls(self, name: str) -> list[float]:
        """Return the times by the clock on the wall, in seconds."""
        return [span.wall for span in self.spans[name]]


def gathered(work: Callable[..., Iterator[tuple[str, float | Span]]], *given: Any, limit: float) -> Found:
    """Return what `work` told before its end, or before a step of it took longer than `limit` seconds."""
    found = Found()
    try:
        for name, value in beside(work, *given, limit=limit):
            if isinstance(value, Span):
                found.spans[name].append(value)
            else:
                found.numbers[name] = value
    except TooLate:
        found.why = f"a step took over {limit:g} s"
    except RuntimeError as error:
        found.why = str(error).splitlines()[0][:100]
    return found


def gathered_each(
    work: Callable[..., Iterator[tuple[str, float | Span]]], things: Sequence[str], *given: Any, limit: float
) -> Found:
    """Return what `work` told of things that it is given as a list, ending each with the number `<thing> done`.

    After one of which a step took too long, a new process goes on with the next.
    """
    found, left = Found(), list(things)
    while left:
        more = gathered(work, left, *given, limit=limit)
        found.spans.update(more.spans)
        found.numbers.update(more.numbers)
        done = sum(f"{thing} done" in more.numbers for thing in left)
        if done < len(left):
            found.whys[left[done]] = more.why
        left = left[done + 1 :]
    return found
