"""The life of a thing as a drawing: one lane an axis, one bar an event, as wide as its dates are unsure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kg.describe import Event

__all__ = ["Bar", "Tick", "TimeLine", "time_line"]

WIDTH, LEFT, ROW = 720, 110, 44
LANES = ("legal", "operational", "")


@dataclass(frozen=True)
class Bar:
    """An event as a rectangle, with its words; `style` names how it is drawn."""

    x: float
    y: int
    width: float
    style: str
    label: str
    title: str
    iri: str
    label_x: float
    anchor: str


@dataclass(frozen=True)
class Tick:
    """A year on the axis."""

    x: float
    year: int


@dataclass(frozen=True)
class TimeLine:
    """A drawing: bars, lane names with their height, ticks, and its size in pixels."""

    bars: tuple[Bar, ...]
    lanes: tuple[tuple[str, int], ...]
    ticks: tuple[Tick, ...]
    width: int
    height: int


def time_line(events: Sequence[Event]) -> TimeLine | None:
    """Return the drawing of the dated events; None where fewer than two are dated."""
    dated = [
        event
        for event in events
        if event.earliest and event.latest and _is_day(event.earliest) and _is_day(event.latest)
    ]
    if len(dated) < 2:
        return None
    first = min(date.fromisoformat(event.earliest) for event in dated) - timedelta(days=60)
    last = max(date.fromisoformat(event.latest) for event in dated) + timedelta(days=60)
    scale = (WIDTH - LEFT - 10) / max(1, (last - first).days)

    def place(day: str) -> float:
        return round(LEFT + (date.fromisoformat(day) - first).days * scale, 1)

    bars: list[Bar] = []
    lanes: list[tuple[str, int]] = []
    y = 8
    for lane in LANES:
        found = [event for event in dated if event.lane == lane]
        if found:
            lanes.append((lane or "other", y + 14))
        for event in found:
            bars.append(_bar(event, place(event.earliest), place(event.latest), y))
            y += ROW
    years = range(first.year + 1, last.year + 1)
    step = max(1, len(years) // 9)
    ticks = tuple(Tick(place(f"{year}-01-01"), year) for year in years if year % step == 0)
    return TimeLine(tuple(bars), tuple(lanes), ticks, WIDTH, y + 22)


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _bar(event: Event, start: float, end: float, y: int) -> Bar:
    width = max(4.0, end - start)
    occurrence = " / ".join(event.occurrences) or "stated"
    style = "unsure" if any(modality != "factual" for modality in event.modalities) else "sure"
    kind = {"did not occur": "not", "planned": "planned", "ongoing": "ongoing"}.get(occurrence, "done")
    right = start > WIDTH * 0.62
    by = f", by {', '.join(event.performers)}" if event.performers else ""
    return Bar(
        x=start,
        y=y,
        width=width,
        style=f"{kind} {style}",
        label=f"{event.kind} · {occurrence}",
        title=f"{event.label}: {occurrence}{by}, between {event.earliest} and {event.latest}",
        iri=event.iri,
        label_x=start + width if right else start,
        anchor="end" if right else "start",
    )
