"""The map of a state's transfer routes: who lets people be taken from which state to which, over outlines of states."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from math import cos, hypot, radians
from pathlib import Path
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg import entity, terms
from kg.sparql import serialised

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from kg.store import Store

__all__ = ["Map", "Route", "RouteMap", "route_map"]

WIDTH, HEIGHT, MARGIN = 720, 420, 48
MOST = 300
"""Provisions read in each direction; a state with more has them all on the page of the question."""

Ring = list[tuple[float, float]]


@dataclass(frozen=True)
class Route:
    """People of one state may be taken to another: by which instruments, and whether one of them is put as fact."""

    start: str
    end: str
    instruments: tuple[str, ...]
    sure: bool


@dataclass(frozen=True)
class Map:
    """A drawing: outlines with their style, arrows with their route, names with their places, and its size."""

    shapes: tuple[tuple[str, str], ...]
    arrows: tuple[tuple[str, Route], ...]
    places: tuple[tuple[float, float, str, str, str], ...]
    width: int
    height: int


@dataclass(frozen=True)
class RouteMap:
    """The routes of a state, the drawing of those whose states have an outline, and names of what they speak of."""

    routes: tuple[Route, ...]
    map: Map | None
    names: dict[str, str]
    is_whole: bool


def route_map(store: Store, iri: str, shown: int = 24) -> RouteMap | None:
    """Return the routes from and to a state, as the question transfer-routes tells them; None where there are none.

    Drawn are the `shown` routes with the most instruments.
    """
    rows = [*_rows(store, iri, "fromState", "toState"), *_rows(store, iri, "toState", "fromState")]
    found: dict[tuple[str, str], dict[str, bool]] = {}
    for start, end, instrument, sure in rows:
        by = found.setdefault((start, end), {})
        by[instrument] = by.get(instrument, False) or sure
    if not found:
        return None
    routes = [Route(*ends, tuple(sorted(by)), any(by.values())) for ends, by in found.items()]
    routes.sort(key=lambda route: (-len(route.instruments), route.start, route.end))
    drawn = routes[:shown]
    states = {state for route in drawn for state in (route.start, route.end)}
    names = entity.labels(store, states | {each for route in drawn for each in route.instruments[:6]})
    drawing = _map(iri, drawn, _codes(store, states), names)
    return RouteMap(tuple(drawn), drawing, names, len(rows) < MOST and routes == drawn)


def _rows(store: Store, iri: str, here: str, there: str) -> Iterable[tuple[str, str, str, bool]]:
    node = serialised(ox.NamedNode(iri))
    rows = entity.select(
        store,
        f"""SELECT ?other ?instrument ?factual WHERE {{
          GRAPH ?claim {{ ?provision pact:{here} {node} ; pact:{there} ?other ; pact:provisionOf ?instrument }}
          FILTER EXISTS {{ ?claim pact:reviewStatus pv:accepted }} FILTER EXISTS {{ ?claim pact:polarity pv:affirmed }}
          BIND(EXISTS {{ ?claim pact:modality pv:factual }} AS ?factual) }} LIMIT {MOST}""",
    )
    for row in rows:
        other, instrument, sure = row["other"].value, row["instrument"].value, row["factual"].value == "true"
        yield (iri, other, instrument, sure) if here == "fromState" else (other, iri, instrument, sure)


def _codes(store: Store, states: Collection[str]) -> dict[str, str]:
    nodes = " ".join(serialised(ox.NamedNode(state)) for state in sorted(states))
    rows = entity.select(
        store,
        f"""SELECT ?s ?code WHERE {{ VALUES ?s {{ {nodes} }} ?s skos:notation ?code
            FILTER(DATATYPE(?code) = pact:un-m49) }}""",
    )
    return {row["s"].value: row["code"].value for row in rows}


@cache
def _outlines() -> list[tuple[str, list[Ring]]]:
    """Return the rings of each state by its M49 code, in degrees (see docs/atlas.py for where they come from)."""
    held = json.loads((Path(__file__).parent / "atlas.json").read_text(encoding="utf-8"))
    steps = held["steps"]
    return [
        (code, [_unrolled([(x / steps, y / steps) for x, y in zip(r[::2], r[1::2], strict=True)]) for r in rings])
        for code, rings in held["shapes"]
    ]


def _unrolled(points: Iterable[tuple[float, float]]) -> Ring:
    """Return a ring that goes on beyond 180 degrees where it would else jump to the other end of the map."""
    ring: Ring = []
    for x, y in points:
        ring.append((x - 360 * round((x - ring[-1][0]) / 360) if ring else x, y))
    return ring


def _map(iri: str, routes: list[Route], codes: dict[str, str], names: dict[str, str]) -> Map | None:
    outlines = dict(_outlines())
    # The largest part of a state stands for it, so that far islands do not stretch the map.
    main = {s: max(outlines[code], key=_area) for s, code in codes.items() if code in outlines}
    if len(main) < 2:
        return None
    points = [point for ring in main.values() for point in ring]
    west, east = min(x for x, _ in points), max(x for x, _ in points)
    south, north = min(y for _, y in points), max(y for _, y in points)
    squeeze = cos(radians((south + north) / 2))
    scale = min((WIDTH - 2 * MARGIN) / ((east - west) * squeeze), (HEIGHT - 2 * MARGIN) / (north - south))
    middle = ((west + east) / 2, (south + north) / 2)

    def place(point: tuple[float, float]) -> tuple[float, float]:
        x = WIDTH / 2 + (point[0] - middle[0]) * squeeze * scale
        return round(x, 1), round(HEIGHT / 2 - (point[1] - middle[1]) * scale, 1)

    of_code = {code: state for state, code in codes.items()}
    shapes = []
    for code, rings in _outlines():
        drawn = [ring for ring in ([place(point) for point in ring] for ring in rings) if _is_seen(ring)]
        style = "here" if of_code.get(code) == iri else "there" if code in of_code else "land"
        if drawn:
            shapes.append(("".join(_path(ring) for ring in drawn), style))
    shapes.sort(key=lambda shape: ("land", "there", "here").index(shape[1]))
    at = {state: place(_centre(ring)) for state, ring in main.items()}
    arrows = [(_arrow(at[r.start], at[r.end]), r) for r in routes if r.start in at and r.end in at]
    return Map(tuple(shapes), tuple(arrows), tuple(_places(at, names)), WIDTH, HEIGHT)


def _places(at: dict[str, tuple[float, float]], names: dict[str, str]) -> Iterable[tuple[float, float, str, str, str]]:
    """Return where each name stands: beside its state, on the side with more room, clear of the names before it."""
    taken: list[float] = []
    for state, (x, y) in sorted(at.items(), key=lambda item: item[1][1]):
        height = y + 4
        while any(abs(height - other) < 24 for other in taken):
            height += 4
        taken.append(height)
        anchor, offset = ("start", 9) if x < WIDTH * 0.7 else ("end", -9)
        yield x + offset, height, anchor, names.get(state) or terms.compact(state), state


def _area(ring: Ring) -> float:
    pairs = pairwise(ring)
    return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairs)) / 2


def _centre(ring: Ring) -> tuple[float, float]:
    """Return the centre of gravity of a ring."""
    parts = [((x1 * y2 - x2 * y1), x1 + x2, y1 + y2) for (x1, y1), (x2, y2) in pairwise(ring)]
    total = sum(part[0] for part in parts)
    if not total:
        return ring[0]
    return sum(w * x for w, x, _ in parts) / (3 * total), sum(w * y for w, _, y in parts) / (3 * total)


def _is_seen(ring: Ring) -> bool:
    xs, ys = [x for x, _ in ring], [y for _, y in ring]
    return max(xs) > 0 and min(xs) < WIDTH and max(ys) > 0 and min(ys) < HEIGHT


def _path(ring: Ring) -> str:
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in ring) + "Z"


def _arrow(start: tuple[float, float], end: tuple[float, float]) -> str:
    """Return a curve that bows to its left, so that there and back are two lines."""
    (x1, y1), (x2, y2) = start, end
    dx, dy = x2 - x1, y2 - y1
    length = hypot(dx, dy) or 1.0
    x3, y3 = (x1 + x2) / 2 + dy * 0.2, (y1 + y2) / 2 - dx * 0.2
    short = min(8.0, length / 4) / length
    return f"M{x1:g} {y1:g}Q{x3:.1f} {y3:.1f} {x2 - dx * short:.1f} {y2 - dy * short:.1f}"
