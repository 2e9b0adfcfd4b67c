"""Evidence as citations: the claims behind triples, with speaker, certainty and passages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg import entity, terms
from kg.cite.witness import evidence_of
from kg.claim import Claim, claim_key, claims_from
from kg.sparql.parse import Uncitable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from typing import Any

    from kg.cite.evidence import Evidence
    from kg.store import Store

__all__ = ["RowCitation", "cite", "cite_evidence", "claims_of"]

_RECORDS = terms.GRAPH + "claims/"


@dataclass(frozen=True)
class RowCitation:
    """What one row rests on, completely.

    `claims` are the claims that make it true, in the curators' order; `references` the graphs of reference data,
    documents and records that it also needs; `absences` the patterns of which the row needs that nothing matches.
    `contents` are those of the claims (IRIs) of which it needs what they say, and not only that someone said it.
    """

    claims: tuple[Claim, ...]
    references: tuple[str, ...]
    absences: tuple[str, ...]
    contents: frozenset[str] = frozenset()


def cite(store: Store, text: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> list[RowCitation]:
    """Return the citation of each row that the SELECT query `text` gave under `columns`.

    The query itself is not run again and not altered. Raises `Uncitable` where one row cannot be cited completely:
    then none is.
    """
    return cite_evidence(store, evidence_of(store, text, columns, rows))


def cite_evidence(store: Store, evidence: Sequence[Evidence]) -> list[RowCitation]:
    """Return evidence as citations: the claims and reference data that hold its triples, all of them.

    Raises `Uncitable` where a triple of the facts view is held by neither.
    """
    held = store.holders({triple for each in evidence for triple, _ in each.triples})
    wanted = set(filter(_is_claim, (graph for graphs in held.values() for graph in graphs)))
    wanted |= {subject for triple in held if (subject := _recorded(triple))}
    wanted |= set(filter(_is_claim, (graph for each in evidence for graph in each.graphs)))
    claims = {claim.iri: claim for claim in claims_of(store, wanted)}
    known = {graph: claim for graph, claim in claims.items() if claim.is_fact}
    return [_citation(each, held, known, claims) for each in evidence]


def _is_claim(iri: str) -> bool:
    return iri.startswith(terms.CLAIM)


def _recorded(triple: ox.Triple) -> str:
    """Return the claim whose record a triple would belong to; an empty text where its subject is no claim."""
    subject = triple.subject
    return subject.value if isinstance(subject, ox.NamedNode) and _is_claim(subject.value) else ""


def _citation(
    evidence: Evidence, held: dict[ox.Triple, list[str]], facts: dict[str, Claim], claims: dict[str, Claim]
) -> RowCitation:
    contents: set[str] = set(filter(_is_claim, evidence.graphs))
    recorded: set[str] = set()
    references: set[str] = evidence.graphs - contents
    for triple, matched_in in evidence.triples:
        graphs = held[triple] if matched_in is None else [matched_in]
        behind = [graph for graph in graphs if graph in facts or graph.startswith(terms.GRAPH) or graph == matched_in]
        if not behind:
            raise Uncitable("a triple", f"no claim and no reference data hold {triple}", sign="")
        for graph in behind:
            if _is_claim(graph):
                contents.add(graph)
            elif graph.startswith(_RECORDS) and (claim := _recorded(triple)):
                recorded.add(claim)
            else:
                references.add(graph)
    cited = contents | recorded
    if unrecorded := sorted(cited - claims.keys()):
        raise Uncitable("a claim", f"{terms.compact(unrecorded[0])} has no record", sign="")
    return RowCitation(
        claims=tuple(claims[iri] for iri in sorted(cited, key=claim_key)),
        references=tuple(sorted(references)),
        absences=tuple(sorted(evidence.absences)),
        contents=frozenset(contents),
    )


def claims_of(store: Store, iris: Collection[str]) -> list[Claim]:
    """Return the records of claims, without their content, in the curators' order."""
    found: list[ox.Quad] = []
    for batch in _batches(sorted(iris)):
        nodes = " ".join(str(ox.NamedNode(iri)) for iri in batch)
        rows = entity.select(store, f"SELECT ?s ?p ?o WHERE {{ VALUES ?s {{ {nodes} }} ?s ?p ?o }}")
        found += [ox.Quad(row["s"], row["p"], row["o"]) for row in rows]
    return claims_from(found)


def _batches(iris: list[str], size: int = 500) -> Iterable[list[str]]:
    return (iris[i : i + size] for i in range(0, len(iris), size))
