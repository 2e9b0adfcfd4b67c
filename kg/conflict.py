"""Claims that cannot all hold: conflicts that a curator recorded, and those that rules detect."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg import entity, terms
from kg.query import question
from kg.sparql import serialised

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from kg.store import Store

__all__ = ["QUESTION", "Conflict", "conflicts_about", "conflicts_of", "named_by", "subjects_of"]

QUESTION = "conflicts"
"""The saved question that holds the rules."""

_BATCH = 400
"""Things looked at in one query: with more, the engine goes through the store instead of through the things."""

_NOTHING = serialised(ox.NamedNode(terms.ID))
"""An IRI that nothing bears: to an empty list the engine would join all there is in the store."""

_SETTLED = {terms.PV + name for name in ("compatible-sequence", "source-preferred", "error-in-extraction")}


@dataclass(frozen=True)
class Conflict:
    """Claims that cannot all hold. One that is detected is named after its claims and has no resolution."""

    iri: str
    kind: str
    resolution: str
    recorded: bool
    claims: tuple[str, ...]

    @property
    def is_settled(self) -> bool:
        """True where a curator has found that the claims do not contradict each other, or which one to follow."""
        return self.resolution in _SETTLED


def conflicts_about(store: Store, things: Collection[str], recorded: Collection[str] | None = None) -> list[Conflict]:
    """Return all recorded conflicts, and those that the rules detect about some of `things` (IRIs).

    With `recorded` (IRIs), only these of the recorded ones. The rules look at the things and at their events only, so
    what this takes does not grow with the store.
    """
    listed = f"VALUES ?i {{ {_listed(things) or _NOTHING} }}"
    rows = entity.select(store, f"SELECT DISTINCT ?e ?i WHERE {{ {listed} GRAPH ?g {{ ?e pact:eventOf ?i }} }}")
    return _detected(store, {*things, *(row["e"].value for row in rows)}, {row["i"].value for row in rows}, recorded)


def _detected(
    store: Store, of_events: Collection[str], of_instruments: Collection[str], recorded: Collection[str] | None
) -> list[Conflict]:
    """Return the conflicts that the rules detect among claims on some events or on events of some instruments."""
    events, instruments = sorted(of_events), sorted(of_instruments)
    known = None if recorded is None else sorted(recorded)
    found: dict[str, Conflict] = {}
    for start in range(0, max(len(events), len(instruments), 1), _BATCH):
        part = slice(start, start + _BATCH)
        about = {"event": events[part], "instrument": instruments[part]}
        if known is not None or start:
            about["known"] = [] if start else known or []
        for conflict in _found(store, about):
            before = found.get(conflict.iri)
            claims = {*conflict.claims, *(before.claims if before else ())}
            found[conflict.iri] = replace(conflict, claims=tuple(sorted(claims)))
    return list(found.values())


def _found(store: Store, about: Mapping[str, Collection[str]]) -> list[Conflict]:
    """Return what the question finds with some of its variables held to IRIs."""
    text = question(QUESTION).text
    for name, iris in about.items():
        text = text.replace(f"VALUES ?{name} {{ UNDEF }}", f"VALUES ?{name} {{ {_listed(iris) or _NOTHING} }}")
    found: dict[str, Conflict] = {}
    for row in entity.select(store, text):
        iri, kind, resolution = (row[name].value if row[name] else "" for name in ("conflict", "kind", "resolution"))
        claims = found[iri].claims if iri in found else ()
        is_recorded = row["recorded"].value == "true"
        found[iri] = Conflict(iri, kind, resolution, is_recorded, tuple(sorted({*claims, row["claim"].value})))
    return list(found.values())


def conflicts_of(store: Store, claims: Collection[str]) -> list[Conflict]:
    """Return the conflicts, recorded and detected, in which some of `claims` (IRIs) take part."""
    if not claims:
        return []
    rows = entity.select(
        store,
        f"SELECT DISTINCT ?conflict WHERE {{ VALUES ?claim {{ {_listed(claims)} }} ?conflict pact:involves ?claim }}",
    )
    # Both claims of a conflict say something of the same event, or of events of the same instrument.
    listed = f"VALUES ?g {{ {_listed(claims)} }}"
    said = entity.select(store, f"SELECT DISTINCT ?s WHERE {{ {listed} GRAPH ?g {{ ?s ?p ?o }} }}")
    told = entity.select(store, f"SELECT DISTINCT ?i WHERE {{ {listed} GRAPH ?g {{ ?s pact:eventOf ?i }} }}")
    events = {row["s"].value for row in said if isinstance(row["s"], ox.NamedNode)}
    instruments = {row["i"].value for row in told}
    found = _detected(store, events, instruments, [row["conflict"].value for row in rows])
    return [each for each in found if set(each.claims) & set(claims)]


def named_by(store: Store, claims: Collection[str]) -> set[str]:
    """Return every IRI that the contents of `claims` name, but for the property that gives things their classes."""
    rows = entity.select(
        store,
        f"""SELECT DISTINCT ?s ?p ?o WHERE {{ VALUES ?g {{ {_listed(claims)} }} GRAPH ?g {{ ?s ?p ?o }} }}""",
    )
    named = {term.value for row in rows for term in row if isinstance(term, ox.NamedNode)}
    return named - {terms.RDF + "type"}


def subjects_of(store: Store, claims: Collection[str]) -> set[str]:
    """Return the IRIs of the things that `claims` are about: their subjects, and the instruments of these."""
    rows = entity.select(
        store,
        f"""SELECT DISTINCT ?s ?i WHERE {{ VALUES ?g {{ {_listed(claims)} }} GRAPH ?g {{ ?s ?p ?o }}
            OPTIONAL {{ GRAPH ?g {{ ?s pact:eventOf|pact:statusOf|pact:provisionOf ?i }} }} }}""",
    )
    return {term.value for row in rows for term in row if isinstance(term, ox.NamedNode)}


def _listed(iris: Collection[str]) -> str:
    return " ".join(serialised(ox.NamedNode(iri)) for iri in sorted(iris))
