"""The neighbourhood of a thing as a drawing: itself in the middle, between what leads to it and what it leads to."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg import terms

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kg.describe import Description

__all__ = ["Graph", "Neighbour", "graph"]

WIDTH, ROW, BOX, HALF = 720, 46, 228, 10
"""Sizes in pixels, and the most neighbours on a side."""

Link = tuple[str, str, bool]
"""A property, the thing at its other end, and whether it is put as fact."""


@dataclass(frozen=True)
class Neighbour:
    """A thing that one fact joins with the one shown; `style` is `sure`, or `unsure` where it is only said."""

    iri: str
    label: str
    relation: str
    incoming: bool
    style: str
    x: int
    y: int
    path: str
    short: str


@dataclass(frozen=True)
class Graph:
    """A drawing: neighbours, the lines of the middle's name, its size, and how many relations are left out."""

    neighbours: tuple[Neighbour, ...]
    lines: tuple[str, ...]
    left_out: int
    width: int
    height: int
    middle: int
    box: int


def graph(page: Description) -> Graph | None:
    """Return the drawing of a thing's neighbourhood; None where nothing is joined with it.

    Each kind of relation is shown once before any is shown twice, so that none is crowded out. Events and statuses are
    left to the time line. Counted as left out are the relations of the facts view that are not drawn.
    """
    known = {(role.property, iri, True) for role in page.roles for iri, _ in role.things.items}
    facts = {(property_, iri, True) for property_, iri in page.links if iri.startswith(terms.ID)}
    left = _turns(sorted(known | (_said(page, incoming=True) - {(p, i, False) for p, i, _ in known})))
    right = _turns(sorted(facts | (_said(page, incoming=False) - {(p, i, False) for p, i, _ in facts})))
    if not left and not right:
        return None
    total = sum(role.things.total or role.things.at_least for role in page.roles) + len(facts)
    total += sum(1 for _, _, sure in (*left, *right) if not sure)
    room = max(HALF, 2 * HALF - len(right)), max(HALF, 2 * HALF - len(left))
    leading = [(link, True) for link in left[: min(room[0], 12)]]
    led_to = [(link, False) for link in right[: min(room[1], 12)]]
    # What leads here stands on the left, unless that leaves a side nearly bare; the arrows tell in any case.
    while abs(len(leading) - len(led_to)) > 4:
        longer, shorter = sorted((leading, led_to), key=len, reverse=True)
        shorter.append(longer.pop())
    height = max(len(leading), len(led_to), 2) * ROW + 12
    neighbours = [*_side(page, leading, height, on_left=True), *_side(page, led_to, height, on_left=False)]
    return Graph(
        tuple(neighbours), _wrapped(page.label), max(0, total - len(neighbours)), WIDTH, height, height // 2, BOX
    )


def _said(page: Description, *, incoming: bool) -> set[Link]:
    """Return the links that the claims on the page make without putting them as fact."""
    found = set()
    for claim in page.claims:
        for triple in claim.content if not claim.is_fact else ():
            if not isinstance(triple.subject, ox.NamedNode) or not isinstance(triple.object, ox.NamedNode):
                continue
            here, there = triple.subject.value, triple.object.value
            if incoming:
                here, there = there, here
            named = triple.predicate.value.startswith(terms.PACT) and there.startswith(terms.ID)
            if here == page.iri and named and not triple.predicate.value.endswith(("#eventOf", "#statusOf")):
                found.add((triple.predicate.value, there, False))
    return found


def _turns(links: Sequence[Link]) -> list[Link]:
    """Return links so that each property has its turn before any has a second one; a thing comes once."""
    kinds: dict[str, list[Link]] = {}
    for link in links:
        kinds.setdefault(link[0], []).append(link)
    turns = [link for turn in zip_longest(*kinds.values()) for link in turn if link is not None]
    return list({link[1]: link for link in reversed(turns)}.values())[::-1]


def _side(page: Description, links: Sequence[tuple[Link, bool]], height: int, *, on_left: bool) -> Iterable[Neighbour]:
    top = (height - len(links) * ROW) // 2
    for i, ((property_, iri, sure), incoming) in enumerate(links):
        y = top + i * ROW + 4
        x = 2 if on_left else WIDTH - BOX - 2
        edge, inner = (BOX + 2, WIDTH // 2 - 72) if on_left else (WIDTH - BOX - 2, WIDTH // 2 + 72)
        bend = (edge + inner) // 2
        ends = [(edge, y + 19), (inner, height // 2)]
        (x1, y1), (x2, y2) = ends if incoming else ends[::-1]
        label = page.name(iri)
        yield Neighbour(
            iri=iri,
            label=label,
            relation=page.name(property_),
            incoming=incoming,
            style="sure" if sure else "unsure",
            x=x,
            y=y,
            path=f"M{x1} {y1}C{bend} {y1} {bend} {y2} {x2} {y2}",
            short=_cut(label, 31),
        )


def _wrapped(label: str, width: int = 16, most: int = 3) -> tuple[str, ...]:
    from textwrap import wrap

    return tuple(wrap(label, width, max_lines=most, placeholder=" …"))


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
