"""The page of a thing: what it is, its neighbourhood, its routes, its life, who says what, and what is open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from kg import board, terms
from kg.web.atlas import route_map
from kg.web.graph import graph
from kg.web.problem import NotFound
from kg.web.timeline import time_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg.claim import Claim
    from kg.describe import Description
    from kg.store import Store

__all__ = ["by_certainty", "conflicts_page", "page_number", "questions_page", "thing_page"]

_PHRASES = {
    "party": "between",
    "issued by": "issued by",
    "body of": "of",
    "administration of": "of",
    "office of": "of",
    "provision of": "in the",
    "event of": "in the life of the",
}
"""How a property reads after the kind of a thing."""


def page_number(text: str) -> int:
    """Return the number of a page that an address gives; 1 where it gives none or nonsense."""
    return int(text) if text.isdecimal() and len(text) <= 6 and int(text) else 1


def thing_page(store: Store, iri: str, number: int, role: str = "") -> tuple[str, dict[str, Any]]:
    """Return the template and the fields of the page of a thing, or of one of its roles. Raises `NotFound`."""
    from kg.describe import describe, role_page
    from kg.errors import UnknownEntity, UsageError

    try:
        if role:
            _, found = role_page(store, f"<{iri}>", terms.expand(role), number)
            from kg.entity import labels

            label = labels(store, [iri]).get(iri) or terms.compact(iri)
            return "role.html", {"title": f"{label} as {found.label}", "iri": iri, "label": label, "role": found}
        page = describe(store, f"<{iri}>", number)
    except (UnknownEntity, UsageError) as error:
        raise NotFound(
            f"nothing here is called {terms.compact(iri)}", mend="search for it on the first page"
        ) from error
    return "thing.html", {
        "title": page.label,
        "notice": "",
        "page": page,
        "sentence": _sentence(page),
        "groups": by_certainty(page.claims),
        "line": time_line(page.events),
        "graph": graph(page),
        "routes": route_map(store, iri) if "state" in page.kinds else None,
        "leads": {(page.name(property_), page.name(value)): value for property_, value in page.links},
        "role_link": lambda found: f"?as={quote(terms.compact(found.property))}",
    }


def _sentence(page: Description) -> str:
    """Return what the thing is, in one sentence made of its facts."""
    facts = dict(page.facts)
    defined = facts.get("definition") or facts.get("skos:definition")
    if defined:
        return defined[0]
    kinds = facts.get("instrument type") or page.kinds
    if not kinds:
        return f"Nothing here says what {page.label} is."
    parts = [f"{phrase} {_and(facts[name])}" for name, phrase in _PHRASES.items() if name in facts]
    kind = _and(kinds)
    article = "an" if kind[0].lower() in "aeio" else "a"
    return f"{page.label} is {article} {' '.join([kind, *parts])}."


def _and(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def by_certainty(claims: Iterable[Claim]) -> dict[str, dict[tuple[str, ...], list[Claim]]]:
    """Return claims by speaker, and inside by certainty, as IRIs, in their order."""
    speakers: dict[str, dict[tuple[str, ...], list[Claim]]] = {}
    for claim in claims:
        for speaker in claim.stated_by:
            speakers.setdefault(speaker, {}).setdefault(claim.certainty, []).append(claim)
    return {speaker: dict(sorted(groups.items())) for speaker, groups in sorted(speakers.items())}


def conflicts_page(store: Store, number: int) -> dict[str, Any]:
    """Return what the board of conflicts shows."""
    found = board.conflict_board(store, number)
    names = _names(store, (claim for each in found.items for claim in each.sides), ())
    return {"title": "Conflicts", "board": found, "names": names}


def questions_page(store: Store, number: int) -> dict[str, Any]:
    """Return what the board of open questions shows: each once, with those that concern the same things."""
    found = board.question_board(store, number)
    groups: dict[tuple[str, ...], list[board.OpenQuestion]] = {}
    for each in found.items:
        groups.setdefault(each.concerns, []).append(each)
    concerned = [iri for things in groups for iri in things]
    names = _names(store, (claim for each in found.items for claim in each.claims), concerned)
    return {"title": "Open questions", "board": found, "groups": groups, "names": names}


def _names(store: Store, claims: Iterable[Claim], others: Iterable[str]) -> dict[str, str]:
    from kg.entity import labels

    wanted = {iri for c in claims for iri in (*c.stated_by, *c.modality, *c.certainty, *c.basis)}
    return labels(store, wanted | set(others))
