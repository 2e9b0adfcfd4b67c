"""Everything said about one thing, as a page in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.padding import Padding
from rich.text import Text

from kg import terms
from kg.corroboration import LONE
from kg.render.answers import print_notes
from kg.render.tables import console, grid

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rich.console import RenderableType

    from kg.cite import Notes
    from kg.connect import Connection
    from kg.corroboration import Voices
    from kg.describe import Description, Event, Role

__all__ = ["dates", "print_connections", "print_description"]


def print_description(page: Description) -> None:
    """Print everything said about one thing as a page."""
    out = console()
    out.print(page.label, style="bold")
    kinds = ", ".join(page.kinds) or "a thing that nothing types"
    out.print(f"{terms.compact(page.iri)} · {kinds}", style="dim")
    if page.aliases:
        out.print(f"also: {', '.join(page.aliases)}")
    _section("What it is", grid((name, ", ".join(values)) for name, values in page.facts))
    _section("Where it takes part", grid((f"as {role.label}", _things(role)) for role in page.roles))
    _section("Identifiers", grid(page.identifiers))
    _section("Its life", _time_line(page.iri, page.events))
    _section("How many say so", _voices(page.iri, page.events))
    _section("Who says what", _claims(page))
    _section("What is open", _lines(asked.text for asked in page.open_questions))
    _section(
        "What conflicts",
        _lines(
            f"{each.label}: {' ↔ '.join(_short_claim(claim.iri) for claim in each.sides)}" for each in page.conflicts
        ),
    )
    out.print(f"\n{_count(page)}", style="dim")


def _count(page: Description) -> str:
    if page.shown.is_whole:
        return f"{page.shown} claim{'s' if page.shown.total != 1 else ''}"
    more = f"; more: kg show {terms.compact(page.iri)} --page {page.shown.number + 1}" if page.shown.has_next else ""
    return f"claims, page {page.shown.number}: {page.shown}{more}"


def _things(role: Role) -> str:
    names = [name for _, name in role.things.items]
    return "\n".join(names if role.things.is_whole else [*names, f"({role.things})"])


def print_connections(found: Sequence[Connection], names: Mapping[str, str], cited: Notes) -> None:
    """Print chains of facts as numbered lines of sentences, each with the numbers of its notes, then the notes."""

    def name(iri: str) -> str:
        return names.get(iri) or terms.compact(iri)

    out, numbers = console(), iter(cited.of_row)
    for position, connection in enumerate(found, 1):
        out.print(f"{position}. {' → '.join(name(node) for node in connection.nodes)}", style="bold")
        for step in connection.steps:
            marks = "".join(f"[{number}]" for number in next(numbers)) or "[reference data]"
            out.print(
                Padding(f"{name(step.subject)} — {name(step.property)}: {name(step.object)} {marks}", (0, 0, 0, 3))
            )
    print_notes(cited)
    if cited.references:
        out.print(f"Reference data: {', '.join(map(terms.compact, cited.references))}", style="dim")


def _section(title: str, body: RenderableType | None) -> None:
    if body is not None:
        out = console()
        out.print(f"\n{title}", style="bold cyan")
        out.print(body)


def _lines(texts: Iterable[str]) -> RenderableType | None:
    return grid(("•", text) for text in texts)


def _time_line(iri: str, events: Iterable[Event]) -> RenderableType | None:
    """Return events by date, with their lane; those of other instruments by name, since the kind alone tells little."""
    return grid(
        (
            dates(event.earliest, event.latest),
            event.lane,
            f"{_name(iri, event)}: "
            + ", ".join((" / ".join(event.occurrences) or "stated", *(f"by {who}" for who in event.performers)))
            + _hedge(event.modalities),
        )
        for event in events
    )


def dates(earliest: str, latest: str) -> str:
    """Return closed bounds as a person would write them.

    >>> dates("2025-01-20", "2025-02-10")
    '2025-01-20 … 2025-02-10'
    """
    if not earliest and not latest:
        return "undated"
    if earliest == latest:
        return earliest
    return f"{earliest or '?'} … {latest or '?'}"


def _hedge(modalities: Iterable[str]) -> str:
    unsure = [modality for modality in modalities if modality != "factual"]
    return f" ({', '.join(unsure)})" if unsure else ""


def _voices(iri: str, events: Iterable[Event]) -> RenderableType | None:
    """Return how many independent voices stand behind what became of each event; lone voices are only counted."""
    said: dict[Voices, list[str]] = {}
    for event in events:
        for outcome, voices in event.voices:
            name = _name(iri, event)
            said.setdefault(voices, []).append(name if outcome == event.kind else f"{name}: {outcome}")
    lone = said.pop(LONE, [])
    rows = [(str(voices), "\n".join(said[voices])) for voices in sorted(said, reverse=True)]
    return grid([*rows, *([(str(LONE), f"{'the other' if rows else 'all'} {len(lone)}")] if lone else [])])


def _name(iri: str, event: Event) -> str:
    """Return the kind of an event, or its name where the event is another instrument's."""
    return event.kind if iri in event.instruments else event.label


def _claims(page: Description) -> RenderableType | None:
    speakers: dict[str, list[tuple[str, str]]] = {}
    for claim in page.claims:
        for speaker in claim.stated_by:
            put = ", ".join(
                page.name(value)
                for value in (*claim.modality, *claim.basis)
                if not value.endswith(("factual", "explicit"))
            )
            where = ", ".join(iri.partition("#")[2] for iri in claim.passages)
            speakers.setdefault(page.name(speaker), []).append(
                (_short_claim(claim.iri), f"{claim.statement} [{where}]{f' ({put})' if put else ''}")
            )
    if not speakers:
        return None
    parts: list[RenderableType] = []
    for speaker, rows in sorted(speakers.items()):
        parts.append(Text(speaker, style="italic"))
        lines = grid(rows)
        if lines is not None:
            parts.append(Padding(lines, (0, 0, 0, 2)))
    return Group(*parts)


def _short_claim(iri: str) -> str:
    return iri.rpartition("-")[2]
