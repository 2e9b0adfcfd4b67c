"""Claims as quads, and quads as claims: the only place where the two shapes meet."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg import terms
from kg.document import Passage, SourceDocument, address_key, documents_from

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["FACT", "Claim", "Coverage", "claim_key", "claims_from", "coverage", "factual", "quads_from"]

_TYPE = ox.NamedNode(terms.RDF + "type")
_CLAIM = ox.NamedNode(terms.PACT + "Claim")

_IRI_FIELDS = {
    "documents": "fromDocument",
    "passages": "evidence",
    "stated_by": "statedBy",
    "reported_by": "reportedBy",
    "modality": "modality",
    "certainty": "certainty",
    "polarity": "polarity",
    "basis": "basis",
    "review_status": "reviewStatus",
    "conditional_on": "conditionalOn",
}
FACT = tuple(
    (ox.NamedNode(terms.PACT + name), ox.NamedNode(terms.PV + value))
    for name, value in (("reviewStatus", "accepted"), ("polarity", "affirmed"), ("modality", "factual"))
)
"""The marks of a claim whose content joins the facts view; it has no others with these properties."""

_FACT = {(mark.value, value.value) for mark, value in FACT}
_MARKS = {mark for mark, _ in FACT}
_TEXT_FIELDS = {"statements": "statement", "hedge_cues": "hedgeCue", "conditions": "conditionText"}


@dataclass(frozen=True, slots=True)
class Claim:
    """One atomic statement that a document makes or reports: its record, and its content.

    Fields that a well-formed record has once are tuples too, since a record may be malformed until it is validated.
    IRIs are plain strings; texts are English.
    """

    iri: str
    statements: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    passages: tuple[str, ...] = ()
    stated_by: tuple[str, ...] = ()
    reported_by: tuple[str, ...] = ()
    modality: tuple[str, ...] = ()
    certainty: tuple[str, ...] = ()
    polarity: tuple[str, ...] = ()
    basis: tuple[str, ...] = ()
    review_status: tuple[str, ...] = ()
    hedge_cues: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    conditional_on: tuple[str, ...] = ()
    content: frozenset[ox.Triple] = field(default=frozenset(), repr=False)

    @property
    def statement(self) -> str:
        """What the claim says, in one sentence of our own words."""
        return self.statements[0] if self.statements else ""

    @property
    def is_fact(self) -> bool:
        """True where the claim is accepted, affirmed and factual, so that its content joins the facts view."""
        marks = {"reviewStatus": self.review_status, "polarity": self.polarity, "modality": self.modality}
        return {(terms.PACT + name, value) for name, values in marks.items() for value in values} == _FACT


def claims_from(quads: Iterable[ox.Quad]) -> list[Claim]:
    """Return the claims recorded in `quads`, in the order of their IRIs read as a person would (`c9` before `c10`).

    A record is whatever is said of a `pact:Claim` outside claim graphs; the content is the graph of the claim's name.
    """
    recorded: set[str] = set()
    values: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    content: dict[str, set[ox.Triple]] = defaultdict(set)
    for quad in quads:
        graph = quad.graph_name.value if isinstance(quad.graph_name, ox.NamedNode) else ""
        if graph.startswith(terms.CLAIM):
            content[graph].add(quad.triple)
        elif isinstance(quad.subject, ox.NamedNode):
            if quad.predicate == _TYPE and quad.object == _CLAIM:
                recorded.add(quad.subject.value)
            elif isinstance(quad.object, ox.NamedNode | ox.Literal):
                values[quad.subject.value][quad.predicate.value.removeprefix(terms.PACT)].append(quad.object.value)
    return [
        Claim(
            iri,
            **{
                name: tuple(sorted(values[iri][term], key=address_key if name == "passages" else None))
                for name, term in (_IRI_FIELDS | _TEXT_FIELDS).items()
            },
            content=frozenset(content[iri]),
        )
        for iri in sorted(recorded, key=claim_key)
    ]


def factual(quads: Iterable[ox.Quad]) -> set[str]:
    """Return the IRIs of the claims of `claims_from` that are facts, without reading the rest of their records."""
    recorded: set[str] = set()
    marks: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for quad in quads:
        predicate, subject, graph = quad.predicate, quad.subject, quad.graph_name
        is_type = predicate == _TYPE and quad.object == _CLAIM
        if not (is_type or predicate in _MARKS) or not isinstance(subject, ox.NamedNode):
            continue
        if isinstance(graph, ox.NamedNode) and graph.value.startswith(terms.CLAIM):
            continue
        if is_type:
            recorded.add(subject.value)
        elif isinstance(quad.object, ox.NamedNode | ox.Literal):
            marks[subject.value].add((predicate.value, quad.object.value))
    return {iri for iri in recorded if marks[iri] == _FACT}


def claim_key(iri: str) -> tuple[str, int]:
    """Return a sort key that puts the claims of a document in the curator's order."""
    head = iri.rstrip("0123456789")
    return head, int(iri[len(head) :] or 0)


@dataclass(frozen=True, slots=True)
class Coverage:
    """How far claims cover a document: the claims of each passage, rejected and superseded ones left out."""

    document: SourceDocument
    claims: dict[str, tuple[str, ...]]

    @property
    def covered(self) -> tuple[Passage, ...]:
        """The passages that bear at least one claim."""
        return tuple(passage for passage in self.document.passages if passage.iri in self.claims)

    @property
    def explained(self) -> tuple[Passage, ...]:
        """The passages that bear no claim and say why."""
        bare = [passage for passage in self.document.passages if passage.iri not in self.claims]
        return tuple(passage for passage in bare if passage.no_claim_reason)

    @property
    def uncovered(self) -> tuple[Passage, ...]:
        """The passages that bear no claim and do not say why."""
        return tuple(p for p in self.document.passages if p not in self.covered and p not in self.explained)

    @property
    def claim_count(self) -> int:
        """How many claims the document bears."""
        return len({iri for iris in self.claims.values() for iri in iris})


def coverage(quads: Iterable[ox.Quad]) -> list[Coverage]:
    """Return the coverage of every document that `quads` describe."""
    listed = list(quads)
    claims: dict[str, list[str]] = defaultdict(list)
    for claim in claims_from(listed):
        if not set(claim.review_status) & {terms.PV + "rejected", terms.PV + "superseded"}:
            for passage in claim.passages:
                claims[passage].append(claim.iri)
    return [
        Coverage(document, {p.iri: tuple(claims[p.iri]) for p in document.passages if p.iri in claims})
        for document in documents_from(listed)
    ]


def quads_from(claim: Claim) -> Iterator[ox.Quad]:
    """Yield the quads of `claim`: its record in its document's claims graph, its content in the graph of its name."""
    node = ox.NamedNode(claim.iri)
    slug = claim.documents[0].removeprefix(terms.DOC) if claim.documents else ""
    record = ox.NamedNode(f"{terms.GRAPH}claims/{slug}")
    yield ox.Quad(node, _TYPE, _CLAIM, record)
    for name, term in _IRI_FIELDS.items():
        for iri in getattr(claim, name):
            yield ox.Quad(node, ox.NamedNode(terms.PACT + term), ox.NamedNode(iri), record)
    for name, term in _TEXT_FIELDS.items():
        for text in getattr(claim, name):
            yield ox.Quad(node, ox.NamedNode(terms.PACT + term), ox.Literal(text, language="en"), record)
    for triple in claim.content:
        yield ox.Quad(triple.subject, triple.predicate, triple.object, node)
