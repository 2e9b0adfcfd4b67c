"""Everything said about one thing: what it is, its life, who says what, what is open and what conflicts."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg import entity, terms
from kg.claim import Claim, claims_from
from kg.conflict import conflicts_of
from kg.corroboration import Voices, is_said, unnamed_among, voices
from kg.sparql import serialised

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kg.store import Store

__all__ = ["Description", "Event", "describe"]

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
class Description:
    """All that the store holds on one thing. Values are labels, ready to be read; `claims` keep their IRIs."""

    iri: str
    label: str
    aliases: tuple[str, ...]
    kinds: tuple[str, ...]
    facts: tuple[tuple[str, tuple[str, ...]], ...]
    roles: tuple[tuple[str, tuple[str, ...]], ...]
    identifiers: tuple[tuple[str, str], ...]
    events: tuple[Event, ...]
    claims: tuple[Claim, ...]
    open_questions: tuple[tuple[str, str], ...]
    conflicts: tuple[tuple[str, tuple[str, ...]], ...]
    labels: dict[str, str] = field(repr=False)

    def name(self, iri: str) -> str:
        """Return the label of an IRI in this description, or its short name."""
        return self.labels.get(iri) or terms.compact(iri)


def describe(store: Store, text: str) -> Description:
    """Return everything said about the thing that `text` gives (IRI, name or label).

    Raises `UnknownEntity` and `AmbiguousEntity`.
    """
    iri = entity.find(store, text)
    node = serialised(ox.NamedNode(iri))
    claims = _claims_about(store, node)
    facts, roles = _facts(store, node), _roles(store, node)
    events = _event_claims(store, iri, claims)
    names = _labels(store, iri, [*claims, *events], [*facts, *roles])
    label = names.get(iri) or terms.compact(iri)
    return Description(
        iri=iri,
        label=label,
        aliases=tuple(sorted(o.value for p, o in facts if p == terms.SKOS + "altLabel")),
        kinds=tuple(names.get(type_, terms.compact(type_)) for type_ in entity.types(store, iri)),
        facts=_readable(facts, names),
        roles=_readable(roles, names),
        identifiers=_identifiers(store, node),
        events=_events(store, iri, events, names),
        claims=tuple(claims),
        open_questions=_open_questions(claims),
        conflicts=_conflicts(store, claims),
        labels=names,
    )


def _claims_about(store: Store, node: str) -> list[Claim]:
    """Return the accepted claims that name the thing or what belongs to it, and those that it makes or conditions."""
    return _whole_claims(
        store,
        f"""SELECT DISTINCT ?claim WHERE {{
          {{ SELECT DISTINCT ?about WHERE {{
              {{ VALUES ?about {{ {node} }} }} UNION {{ GRAPH ?any {{ ?about {_BELONGING} {node} }} }} }} }}
          {{ GRAPH ?claim {{ ?about ?p1 ?o1 }} }} UNION {{ GRAPH ?claim {{ ?s2 ?p2 ?about }} }}
            UNION {{ ?claim pact:statedBy|pact:conditionalOn ?about }}
          ?claim a pact:Claim ; pact:reviewStatus pv:accepted .
        }}""",
    )


def _event_claims(store: Store, iri: str, claims: Iterable[Claim]) -> list[Claim]:
    """Return every accepted claim about the events of the thing, also those that only give an event its dates."""
    said = _said(claims)
    nodes = " ".join(serialised(ox.NamedNode(node)) for node, values in said.items() if _belongs(iri, values))
    if not nodes:
        return []
    return _whole_claims(
        store,
        f"""SELECT DISTINCT ?claim WHERE {{ VALUES ?event {{ {nodes} }} GRAPH ?claim {{ ?event ?p ?o }}
            ?claim a pact:Claim ; pact:reviewStatus pv:accepted }}""",
    )


def _whole_claims(store: Store, text: str) -> list[Claim]:
    """Return the claims that a query names in its column `claim`, with records and contents."""
    claims = " ".join(serialised(row["claim"]) for row in entity.select(store, text))
    if not claims:
        return []
    content = entity.select(store, f"SELECT ?g ?s ?p ?o WHERE {{ VALUES ?g {{ {claims} }} GRAPH ?g {{ ?s ?p ?o }} }}")
    records = entity.select(store, f"SELECT ?s ?p ?o WHERE {{ VALUES ?s {{ {claims} }} ?s ?p ?o }}")
    quads = [ox.Quad(row["s"], row["p"], row["o"], row["g"]) for row in content]
    quads += [ox.Quad(row["s"], row["p"], row["o"]) for row in records]
    return claims_from(quads)


def _facts(store: Store, node: str) -> list[Fact]:
    rows = entity.select(store, f"SELECT ?p ?o WHERE {{ {node} ?p ?o }} ORDER BY ?p ?o")
    return [(row["p"].value, row["o"]) for row in rows if isinstance(row["o"], ox.NamedNode | ox.Literal)]


def _roles(store: Store, node: str) -> list[Fact]:
    """Return the properties that lead to the thing in the facts view, with what has them; its time line is left out."""
    rows = entity.select(
        store,
        f"""SELECT ?p ?s WHERE {{ ?s ?p {node} FILTER(STRSTARTS(STR(?p), STR(pact:)))
            FILTER(?p NOT IN (pact:eventOf, pact:statusOf))
            MINUS {{ ?s a pact:Claim }} MINUS {{ ?s a pact:UnnamedSource }} }} ORDER BY ?p ?s""",
    )
    return [(row["p"].value, row["s"]) for row in rows if isinstance(row["s"], ox.NamedNode)]


def _labels(store: Store, iri: str, claims: Iterable[Claim], facts: Iterable[Fact]) -> dict[str, str]:
    wanted = {iri}
    for predicate, value in facts:
        wanted |= {predicate, value.value} if isinstance(value, ox.NamedNode) else {predicate}
    for claim in claims:
        wanted |= {*claim.stated_by, *claim.modality, *claim.certainty, *claim.basis, *claim.documents}
        for triple in claim.content:
            wanted |= {term.value for term in triple if isinstance(term, ox.NamedNode)}
    return entity.labels(store, wanted | set(entity.types(store, iri)))


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
    lanes = {
        row["kind"].value: row["axis"].value
        for row in entity.select(store, "SELECT ?kind ?axis WHERE { ?kind pact:axis ?axis }")
    }
    said, heard = _said(claims), _voices(store, claims)
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


def _open_questions(claims: Iterable[Claim]) -> tuple[tuple[str, str], ...]:
    text = ox.NamedNode(terms.PACT + "questionText")
    return tuple(
        (triple.subject.value, triple.object.value)
        for claim in claims
        for triple in claim.content
        if triple.predicate == text
        and isinstance(triple.subject, ox.NamedNode)
        and isinstance(triple.object, ox.Literal)
    )


def _conflicts(store: Store, claims: Iterable[Claim]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the conflicts, recorded and detected, in which one of the claims takes part, with all their claims."""
    found = conflicts_of(store, [claim.iri for claim in claims])
    names = entity.labels(store, {each.iri for each in found} | {each.kind for each in found} - {""})
    return tuple(
        (names.get(each.iri) or names.get(each.kind) or terms.compact(each.iri), each.claims) for each in found
    )
