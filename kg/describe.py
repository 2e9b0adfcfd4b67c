"""Everything said about one thing: what it is, its life, who says what, what is open and what conflicts."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg import entity, terms
from kg.board import Dispute, OpenQuestion, Page, disputes, matches, page_of, questions_in, read_claims
from kg.claim import Claim, claim_key
from kg.conflict import conflicts_of
from kg.connect import joining_properties
from kg.corroboration import Voices, is_said, unnamed_among, voices
from kg.sparql import serialised

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kg.store import Store

__all__ = ["Description", "Event", "Role", "describe", "role_page"]

CLAIMS, THINGS, MOST = 50, 20, 500
"""Claims on a page, things listed in each role, and claims or things up to which all are counted and put in order."""

Fact = tuple[str, ox.NamedNode | ox.Literal]

# Nodes that belong to a thing: what is said of them is said of it.
_BELONGING = "pact:eventOf|pact:provisionOf|pact:statusOf|pact:assessmentOf|pact:concerns"
_OUTCOMES = {"pact:occurrence", "pact:status"}
_NAMES = {
    terms.RDF + "type",
    terms.SKOS + "prefLabel",
    terms.SKOS + "altLabel",
    terms.SKOS + "notation",
    terms.SKOS + "exactMatch",
}


@dataclass(frozen=True)
class Event:
    """One event or stated status on the time line, put together from every claim about it."""

    iri: str
    label: str
    lane: str
    kind: str
    instruments: tuple[str, ...]
    occurrences: tuple[str, ...]
    earliest: str
    latest: str
    performers: tuple[str, ...]
    modalities: tuple[str, ...]
    claims: tuple[str, ...]
    voices: tuple[tuple[str, Voices], ...] = ()
    """How many independent voices say that it occurred, or did not, or that the status holds."""


@dataclass(frozen=True)
class Role:
    """What leads to a thing by one property, in the facts view: the first few, by name, and how many there are."""

    property: str
    label: str
    things: Page[tuple[str, str]]


@dataclass(frozen=True)
class Description:
    """What the store holds on one thing, with one page of the claims that speak of it.

    Values are labels, ready to be read; `claims` keep their IRIs. Events, open questions and conflicts are those that
    the claims on the page tell of.
    """

    iri: str
    label: str
    aliases: tuple[str, ...]
    kinds: tuple[str, ...]
    facts: tuple[tuple[str, tuple[str, ...]], ...]
    links: tuple[tuple[str, str], ...]
    """Properties of the thing in the facts view that lead to other things, and these, as IRIs."""
    roles: tuple[Role, ...]
    identifiers: tuple[tuple[str, str], ...]
    events: tuple[Event, ...]
    shown: Page[str]
    claims: tuple[Claim, ...]
    open_questions: tuple[OpenQuestion, ...]
    conflicts: tuple[Dispute, ...]
    labels: dict[str, str] = field(repr=False)

    def name(self, iri: str) -> str:
        """Return the label of an IRI in this description, or its short name."""
        return self.labels.get(iri) or terms.compact(iri)


def describe(store: Store, text: str, page: int = 1, size: int = CLAIMS) -> Description:
    """Return what is said about the thing that `text` gives (IRI, name or label), with one page of its claims.

    What this takes does not grow with the number of claims about it. Raises `UnknownEntity` and `AmbiguousEntity`.
    """
    iri = entity.find(store, text)
    node = serialised(ox.NamedNode(iri))
    shown = _claims_about(store, node, page, size)
    claims = read_claims(store, shown.items)
    facts, roles = _facts(store, node), _roles(store, node)
    events = _event_claims(store, iri, claims)
    kinds = entity.types(store, iri)
    disputed = disputes(store, conflicts_of(store, shown.items))
    told = [*claims, *events, *(claim for each in disputed for claim in each.sides)]
    names = _labels(
        store, {iri, *kinds, *(each for property_, found in roles for each in (property_, *found.items))}, told, facts
    )
    return Description(
        iri=iri,
        label=names.get(iri) or terms.compact(iri),
        aliases=tuple(sorted(o.value for p, o in facts if p == terms.SKOS + "altLabel")),
        kinds=tuple(names.get(type_, terms.compact(type_)) for type_ in kinds),
        facts=_readable(facts, names),
        links=tuple((p, o.value) for p, o in facts if isinstance(o, ox.NamedNode) and p.startswith(terms.PACT)),
        roles=tuple(_role(property_, found, names) for property_, found in roles),
        identifiers=_identifiers(store, node),
        events=_events(store, iri, events, names),
        shown=shown,
        claims=tuple(claims),
        open_questions=questions_in(claims),
        conflicts=disputed,
        labels=names,
    )


def role_page(store: Store, text: str, property_: str, page: int = 1, size: int = 200) -> tuple[str, Role]:
    """Return the IRI of a thing and one page of what leads to it by a property (an IRI), with labels.

    Raises `UnknownEntity` and `AmbiguousEntity`; a property by which nothing leads there gives an empty page.
    """
    iri = entity.find(store, text)
    found = _leading(store, serialised(ox.NamedNode(iri)), property_, page, size)
    names = entity.labels(store, {iri, property_, *found.items})
    return iri, _role(property_, found, names)


def _claims_about(store: Store, node: str, number: int, size: int) -> Page[str]:
    """Return a page of the accepted claims that name the thing or what belongs to it, or that it makes."""
    return page_of(
        store,
        f"""{{ GRAPH ?x {{ {node} ?p1 ?o1 }} }} UNION {{ GRAPH ?x {{ ?s2 ?p2 {node} }} }}
          UNION {{ ?x pact:statedBy|pact:conditionalOn {node} }}
          UNION {{ {{ GRAPH ?any {{ ?about {_BELONGING} {node} }} }}
            {{ GRAPH ?x {{ ?about ?p3 ?o3 }} }} UNION {{ GRAPH ?x {{ ?s4 ?p4 ?about }} }}
            UNION {{ ?x pact:statedBy|pact:conditionalOn ?about }} }}
          FILTER EXISTS {{ ?x pact:reviewStatus pv:accepted }} FILTER EXISTS {{ ?x a pact:Claim }}""",
        number,
        size,
        MOST,
    )


def _event_claims(store: Store, iri: str, claims: Sequence[Claim]) -> list[Claim]:
    """Return every accepted claim about the events of the thing, also those that only give an event its dates."""
    said = _said(claims)
    nodes = " ".join(serialised(ox.NamedNode(node)) for node, values in said.items() if _belongs(iri, values))
    if not nodes:
        return []
    about = (
        f"VALUES ?event {{ {nodes} }} GRAPH ?x {{ ?event ?p ?o }} FILTER EXISTS {{ ?x pact:reviewStatus pv:accepted }}"
    )
    found, known = matches(store, about), {claim.iri: claim for claim in claims}
    read = read_claims(store, [each for each in found if each not in known])
    return sorted((*(known[each] for each in found if each in known), *read), key=lambda claim: claim_key(claim.iri))


def _facts(store: Store, node: str) -> list[Fact]:
    rows = entity.select(store, f"SELECT ?p ?o WHERE {{ {node} ?p ?o }} ORDER BY ?p ?o")
    return [(row["p"].value, row["o"]) for row in rows if isinstance(row["o"], ox.NamedNode | ox.Literal)]


def _roles(store: Store, node: str) -> list[tuple[str, Page[str]]]:
    """Return the properties that lead to the thing in the facts view, each with the first few things that have it."""
    rows = entity.select(store, f"SELECT ?p WHERE {{ VALUES ?p {{ {_roled()} }} FILTER EXISTS {{ ?s ?p {node} }} }}")
    pages = [(row["p"].value, _leading(store, node, row["p"].value, 1, THINGS, THINGS)) for row in rows]
    return [(property_, found) for property_, found in sorted(pages) if found.items]


@cache
def _roled() -> str:
    """Return the properties that join things, but for those that lead from the time line."""
    return " ".join(p for p in joining_properties() if not p.endswith(("#eventOf>", "#statusOf>")))


def _leading(store: Store, node: str, property_: str, number: int, size: int, most: int = MOST) -> Page[str]:
    pattern = f"?x {serialised(ox.NamedNode(property_))} {node}"
    found = page_of(store, f"{pattern} FILTER NOT EXISTS {{ ?x a pact:UnnamedSource }}", number, size, most)
    if found.total is None:  # To count is quick; only to read and sort them all is not.
        [row] = entity.select(store, f"SELECT (COUNT(*) AS ?n) WHERE {{ {pattern} }}")
        return replace(found, total=int(row["n"].value))
    return found


def _role(property_: str, found: Page[str], names: Mapping[str, str]) -> Role:
    things = tuple((iri, names.get(iri) or terms.compact(iri)) for iri in found.items)
    label = names.get(property_) or terms.compact(property_)
    return Role(property_, label, Page(things, found.number, found.has_next, found.total, found.at_least))


def _labels(store: Store, things: set[str], claims: Iterable[Claim], facts: Iterable[Fact]) -> dict[str, str]:
    wanted = set(things)
    for predicate, value in facts:
        wanted |= {predicate, value.value} if isinstance(value, ox.NamedNode) else {predicate}
    for claim in claims:
        wanted |= {*claim.stated_by, *claim.modality, *claim.certainty, *claim.basis, *claim.documents}
        for triple in claim.content:
            wanted |= {term.value for term in triple if isinstance(term, ox.NamedNode)}
    return entity.labels(store, wanted)


def _readable(facts: Iterable[Fact], names: dict[str, str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    grouped: dict[str, list[str]] = {}
    for predicate, value in facts:
        if predicate not in _NAMES:
            grouped.setdefault(names.get(predicate) or terms.compact(predicate), []).append(
                names.get(value.value) or terms.compact(value.value)
            )
    return tuple((name, tuple(sorted(values))) for name, values in sorted(grouped.items()))


def _identifiers(store: Store, node: str) -> tuple[tuple[str, str], ...]:
    rows = entity.select(
        store,
        f"""SELECT ?scheme ?identifier WHERE {{
          {{ {node} skos:notation ?code . BIND(STR(?code) AS ?identifier) BIND(DATATYPE(?code) AS ?type)
            ?type rdfs:label ?scheme }}
          UNION
          {{ {node} skos:exactMatch ?iri . BIND(STR(?iri) AS ?identifier)
            ?known pact:iriPrefix ?start ; skos:prefLabel ?scheme FILTER(STRSTARTS(?identifier, STR(?start))) }}
        }} ORDER BY ?scheme ?identifier""",
    )
    return tuple((row["scheme"].value, row["identifier"].value) for row in rows)


def _events(store: Store, iri: str, claims: Sequence[Claim], names: dict[str, str]) -> tuple[Event, ...]:
    """Put together the events and stated statuses that the claims speak of, in the order of their dates."""
    said, heard = _said(claims), _voices(store, claims)
    kinds = {
        kind for values in said.values() for key in ("pact:eventType", "pact:status") for kind in values.get(key, ())
    }
    nodes = " ".join(serialised(ox.NamedNode(kind)) for kind in sorted(kinds))
    rows = entity.select(store, f"SELECT ?kind ?axis WHERE {{ VALUES ?kind {{ {nodes} }} ?kind pact:axis ?axis }}")
    lanes = {row["kind"].value: row["axis"].value for row in rows}
    found = [
        replace(_event(node, values, lanes, names), voices=_named(heard.get(node, {}), names))
        for node, values in said.items()
        if _belongs(iri, values)
    ]
    return _in_order(found, {node: values.get("pact:precedes", set()) for node, values in said.items()})


def _in_order(events: Iterable[Event], precedes: Mapping[str, set[str]]) -> tuple[Event, ...]:
    """Return events in the order of their dates, but none ahead of one that a claim puts before it."""
    rest = sorted(events, key=lambda event: (event.earliest or "9", event.latest or "9", event.iri))
    placed: list[Event] = []
    while rest:
        ready = (each for each in rest if not any(each.iri in precedes[other.iri] for other in rest if other != each))
        placed.append(next(ready, rest[0]))
        rest.remove(placed[-1])
    return tuple(placed)


def _said(claims: Iterable[Claim]) -> dict[str, dict[str, set[str]]]:
    """Return, for each node that the claims speak of, the values of its properties and the claims behind them."""
    said: dict[str, dict[str, set[str]]] = {}
    for claim in claims:
        for triple in claim.content:
            if isinstance(triple.subject, ox.NamedNode) and isinstance(triple.object, ox.NamedNode | ox.Literal):
                values = said.setdefault(triple.subject.value, {})
                values.setdefault(terms.compact(triple.predicate.value), set()).add(triple.object.value)
                values.setdefault("claims", set()).add(claim.iri)
                values.setdefault("modalities", set()).update(claim.modality)
    return said


def _voices(store: Store, claims: Sequence[Claim]) -> dict[str, dict[str, Voices]]:
    """Return, for each event or stated status, the voices behind each thing that is said to have become of it."""
    told: dict[str, dict[str, list[Claim]]] = {}
    for claim in filter(is_said, claims):
        for triple in claim.content:
            if isinstance(triple.subject, ox.NamedNode) and terms.compact(triple.predicate.value) in _OUTCOMES:
                values = told.setdefault(triple.subject.value, {})
                values.setdefault(str(getattr(triple.object, "value", "")), []).append(claim)
    unnamed = unnamed_among(store, {speaker for claim in claims for speaker in claim.stated_by})
    return {node: {value: voices(by, unnamed) for value, by in values.items()} for node, values in told.items()}


def _named(heard: Mapping[str, Voices], names: Mapping[str, str]) -> tuple[tuple[str, Voices], ...]:
    return tuple(sorted((names.get(value) or terms.compact(value), found) for value, found in heard.items()))


def _belongs(iri: str, values: dict[str, set[str]]) -> bool:
    links = ("pact:eventOf", "pact:statusOf", "pact:performedBy", "pact:counterpart", "pact:destination")
    return any(iri in values.get(link, ()) for link in links)


def _event(node: str, values: dict[str, set[str]], lanes: dict[str, str], names: dict[str, str]) -> Event:
    def named(key: str) -> tuple[str, ...]:
        return tuple(sorted(names.get(value) or terms.compact(value) for value in values.get(key, ())))

    kind = min(values.get("pact:eventType") or values.get("pact:status") or {""})
    lane = min(values.get("pact:axis") or {lanes.get(kind, "")})
    return Event(
        iri=node,
        label=names.get(node) or terms.compact(node),
        lane=lane.removeprefix(terms.PV),
        kind=names.get(kind) or terms.compact(kind),
        instruments=tuple(sorted(values.get("pact:eventOf", set()) | values.get("pact:statusOf", set()))),
        occurrences=named("pact:occurrence"),
        earliest=min(values.get("pact:earliestDate", {""})),
        latest=max(values.get("pact:latestDate", {""})),
        performers=named("pact:performedBy"),
        modalities=named("modalities"),
        claims=tuple(sorted(values["claims"])),
    )
