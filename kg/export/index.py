"""What the facts view and each claim say of a thing, and what everything is called: the ground of the tables."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg import terms
from kg.claim import Claim, claims_from
from kg.dataset import facts
from kg.export.order import natural

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["Index", "Values", "index_of", "values_of"]

Values = dict[str, list[ox.NamedNode | ox.Literal]]
"""What is said of one thing: the objects of each predicate, in order."""

_TYPE, _SUBCLASS = terms.RDF + "type", terms.RDFS + "subClassOf"
_LABELS = (terms.SKOS + "prefLabel", terms.RDFS + "label")


@dataclass(frozen=True)
class Index:
    """A dataset by thing: what the facts view says of it, and the claims whose content has it as subject."""

    claims: tuple[Claim, ...]
    facts: Mapping[str, Values]
    claims_about: Mapping[str, Sequence[Claim]]
    labels: Mapping[str, str]
    members: Mapping[str, set[str]]
    subclasses: Mapping[str, set[str]]

    def label(self, iri: str) -> str:
        """Return the label of a thing, the statement of a claim, or the short name of what has neither."""
        return self.labels.get(iri) or terms.compact(iri)

    def things(self, classes: Iterable[str]) -> list[str]:
        """Return what any graph types as one of `classes` or a class below, in the order of their names."""
        found: set[str] = set()
        todo, seen = list(classes), set(classes)
        while todo:
            class_ = todo.pop()
            found |= self.members.get(class_, set())
            below = self.subclasses.get(class_, set()) - seen
            todo += below
            seen |= below
        return sorted(found, key=natural)


def index_of(quads: Iterable[ox.Quad]) -> Index:
    """Return `quads` by thing."""
    quads = list(quads)
    claims = tuple(claims_from(quads))
    claims_about: dict[str, list[Claim]] = defaultdict(list)
    for claim in claims:
        for subject in {triple.subject.value for triple in claim.content if isinstance(triple.subject, ox.NamedNode)}:
            claims_about[subject].append(claim)
    links = [
        (quad.predicate.value, quad.object.value, quad.subject.value)
        for quad in quads
        if isinstance(quad.subject, ox.NamedNode) and isinstance(quad.object, ox.NamedNode)
    ]
    return Index(
        claims=claims,
        facts=_by_subject(quad.triple for quad in facts(quads)),
        claims_about=claims_about,
        labels=_labels(quads) | {claim.iri: claim.statement for claim in claims},
        members=_grouped((class_, thing) for predicate, class_, thing in links if predicate == _TYPE),
        subclasses=_grouped((class_, below) for predicate, class_, below in links if predicate == _SUBCLASS),
    )


def values_of(claim: Claim, thing: str) -> Values:
    """Return what the content of `claim` says of `thing`."""
    return _by_subject(claim.content).get(thing, {})


def _by_subject(triples: Iterable[ox.Triple]) -> dict[str, Values]:
    found: dict[str, Values] = defaultdict(lambda: defaultdict(list))
    for triple in sorted(set(triples), key=lambda triple: natural(str(triple.object))):
        if isinstance(triple.subject, ox.NamedNode) and isinstance(triple.object, ox.NamedNode | ox.Literal):
            found[triple.subject.value][triple.predicate.value].append(triple.object)
    return found


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for key, value in pairs:
        found[key].add(value)
    return found


def _labels(quads: Iterable[ox.Quad]) -> dict[str, str]:
    """Return one label a thing: preferred before other labels, English before none before other languages."""
    best: dict[str, tuple[int, int, str]] = {}
    for quad in quads:
        name, text = quad.predicate.value, quad.object
        if name in _LABELS and isinstance(text, ox.Literal) and isinstance(quad.subject, ox.NamedNode):
            found = (_LABELS.index(name), {"en": 0, None: 1}.get(text.language, 2), text.value)
            best[quad.subject.value] = min(best.get(quad.subject.value, found), found)
    return {thing: text for thing, (_, _, text) in best.items()}
