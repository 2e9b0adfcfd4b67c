"""What is in conflict and what is open in the whole store, a page at a time, with what each claim says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

import pyoxigraph as ox

from kg import entity, terms
from kg.claim import Claim, claim_key, claims_from
from kg.conflict import Conflict, conflicts_about, conflicts_of
from kg.sparql import serialised

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from kg.store import Store

__all__ = [
    "Dispute",
    "OpenQuestion",
    "Page",
    "conflict_board",
    "disputes",
    "matches",
    "page_of",
    "question_board",
    "questions_in",
    "read_claims",
]

Item = TypeVar("Item")
SLICE = 500
"""Claims that one page of the board of conflicts goes through in search of conflicts that nobody recorded."""


@dataclass(frozen=True)
class Page(Generic[Item]):
    """Some of many: the items of one page, its number from 1, and whether others follow.

    `total` is how many there are in all, or None where that is only known to be more than `at_least`.
    """

    items: tuple[Item, ...]
    number: int
    has_next: bool
    total: int | None
    at_least: int = 0

    def __str__(self) -> str:
        of = f"{self.total:,}" if self.total is not None else f"more than {self.at_least:,}"
        return of if self.is_whole else f"{len(self.items):,} of {of} shown"

    @property
    def is_whole(self) -> bool:
        """True where the page holds all there is."""
        return self.total == len(self.items)


@dataclass(frozen=True)
class Dispute:
    """A conflict with its kind and resolution in words, and both its sides in full."""

    conflict: Conflict
    label: str
    resolution: str
    sides: tuple[Claim, ...]


@dataclass(frozen=True)
class OpenQuestion:
    """A question that sources leave open, the things that it concerns, and the claims that say so."""

    iri: str
    text: str
    concerns: tuple[str, ...]
    claims: tuple[Claim, ...]


def read_claims(store: Store, iris: Collection[str]) -> list[Claim]:
    """Return claims with their records and contents, in the curators' order; unknown IRIs are left out."""
    nodes = _listed(iris)
    if not nodes:
        return []
    content = entity.select(store, f"SELECT ?g ?s ?p ?o WHERE {{ VALUES ?g {{ {nodes} }} GRAPH ?g {{ ?s ?p ?o }} }}")
    records = entity.select(store, f"SELECT ?s ?p ?o WHERE {{ VALUES ?s {{ {nodes} }} ?s ?p ?o }}")
    quads = [ox.Quad(s, p, o, g) for g, s, p, o in content]
    quads += [ox.Quad(s, p, o) for s, p, o in records]
    return claims_from(quads)


def disputes(store: Store, conflicts: Iterable[Conflict]) -> tuple[Dispute, ...]:
    """Return conflicts with both sides in full; what is not settled comes first."""
    listed = sorted(conflicts, key=lambda each: (each.is_settled, not each.recorded, each.iri))
    claims = {claim.iri: claim for claim in read_claims(store, {iri for each in listed for iri in each.claims})}
    wanted = {iri for each in listed for iri in (each.iri, each.kind, each.resolution) if iri}
    names = entity.labels(store, wanted)
    return tuple(
        Dispute(
            each,
            names.get(each.iri) or names.get(each.kind) or terms.compact(each.iri),
            names.get(each.resolution, ""),
            tuple(claims[iri] for iri in sorted(each.claims, key=claim_key) if iri in claims),
        )
        for each in listed
    )


def conflict_board(store: Store, number: int = 1, size: int = 50) -> Page[Dispute]:
    """Return a page of the recorded conflicts, and of those that the rules detect in as many claims as a page can hold.

    To detect takes time, so each page goes through the next `SLICE` claims: a small store has one page with everything,
    and what a large one holds has been seen after the last. `total` counts the recorded ones only where that is all.
    """
    recorded = page_of(store, "?x a pact:Conflict", number, size)
    among = page_of(store, "?x a pact:Claim", number, SLICE)
    found = conflicts_about(store, (), recorded.items)
    slice_ = set(among.items)
    # A detected conflict belongs to the page of its first claim, so that it is shown once.
    found += [each for each in conflicts_of(store, among.items) if not each.recorded and min(each.claims) in slice_]
    items = disputes(store, found)
    more = recorded.has_next or among.has_next
    return Page(items, number, more, None if more or number > 1 else len(items), at_least=len(items))


def question_board(store: Store, number: int = 1, size: int = 100) -> Page[OpenQuestion]:
    """Return a page of the questions that an accepted claim leaves open and none calls answered or moot."""
    chosen = page_of(
        store,
        """GRAPH ?claim { ?x a pact:OpenQuestion ; pact:questionText ?text }
        FILTER EXISTS { ?claim pact:reviewStatus pv:accepted } FILTER EXISTS { ?claim pact:polarity pv:affirmed }
        FILTER NOT EXISTS { GRAPH ?settlement { ?x pact:questionStatus ?settled }
            FILTER(?settled != pv:open && EXISTS { ?settlement pact:reviewStatus pv:accepted }) }""",
        number,
        size,
        most=1_000,
    )
    rows = entity.select(
        store,
        f"""SELECT DISTINCT ?claim WHERE {{ VALUES ?x {{ {_listed(chosen.items)} }} GRAPH ?claim {{ ?x ?p ?o }}
            FILTER EXISTS {{ ?claim pact:reviewStatus pv:accepted }} }}""",
    )
    claims = read_claims(store, [row["claim"].value for row in rows])
    found = [each for each in questions_in(claims) if each.iri in set(chosen.items)]
    return Page(tuple(found), number, chosen.has_next, chosen.total, chosen.at_least)


def questions_in(claims: Iterable[Claim]) -> tuple[OpenQuestion, ...]:
    """Return the questions that the contents of `claims` put, each with those of the claims that name it."""
    said: dict[str, dict[str, dict[str, None]]] = {}
    behind: dict[str, dict[str, Claim]] = {}
    for claim in claims:
        for triple in claim.content:
            if isinstance(triple.subject, ox.NamedNode) and isinstance(triple.object, ox.NamedNode | ox.Literal):
                values = said.setdefault(triple.subject.value, {})
                values.setdefault(terms.compact(triple.predicate.value), {})[triple.object.value] = None
                behind.setdefault(triple.subject.value, {})[claim.iri] = claim
    return tuple(
        OpenQuestion(iri, min(values["pact:questionText"]), tuple(sorted(values.get("pact:concerns", ()))), tuple(by))
        for iri, values in said.items()
        if "pact:questionText" in values
        for by in [behind[iri].values()]
    )


def page_of(store: Store, pattern: str, number: int, size: int, most: int = 5_000) -> Page[str]:
    """Return a page of the IRIs that `?x` stands for in a pattern.

    They are in order where there are at most `most`; else as the store keeps them, since to sort them takes too long.
    """
    start = (number - 1) * size
    found = matches(store, pattern, f"LIMIT {most + 1}")
    if len(found) <= most:
        listed = sorted(found, key=claim_key)
        return Page(tuple(listed[start : start + size]), number, start + size < len(listed), len(listed))
    page = found[start : start + size + 1]
    if start + size >= most:
        page = matches(store, pattern, f"OFFSET {start} LIMIT {size + 1}")
    return Page(tuple(page[:size]), number, len(page) > size, None, at_least=most)


def matches(store: Store, pattern: str, cut: str = "") -> list[str]:
    """Return the IRIs that `?x` stands for in a pattern, each once; `cut` is a LIMIT, with an OFFSET."""
    rows = entity.select(store, f"SELECT DISTINCT ?x WHERE {{ {pattern} }} {cut}")
    return [row["x"].value for row in rows if isinstance(row["x"], ox.NamedNode)]


def _listed(iris: Iterable[str]) -> str:
    return " ".join(serialised(ox.NamedNode(iri)) for iri in sorted(set(iris)))
