"""Citations to be read: numbered notes with speaker, certainty, passage, and the quote where the text is at hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg import entity, terms
from kg.document import check_text, documents_from, read_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kg.cite.citation import RowCitation
    from kg.claim import Claim
    from kg.document import SourceDocument
    from kg.store import Store

__all__ = ["Note", "Notes", "notes"]


@dataclass(frozen=True)
class Note:
    """One claim as a note: labels in place of IRIs, and the words of its passages where the text is at hand.

    `quotes` are empty where it is not; `why_no_quote` then says why, if a text was looked for.
    """

    number: int
    claim: Claim
    speakers: str
    modality: str
    certainty: str
    basis: str
    document: str
    addresses: tuple[str, ...]
    quotes: tuple[str, ...] = ()
    why_no_quote: str = ""


@dataclass(frozen=True)
class Notes:
    """The notes of a whole answer, each claim once, and for each row the numbers of its notes."""

    notes: tuple[Note, ...]
    of_row: tuple[tuple[int, ...], ...]
    references: tuple[str, ...]
    absences: tuple[str, ...]


def notes(store: Store, citations: Sequence[RowCitation], texts: Path | None = None) -> Notes:
    """Return the notes for the citations of an answer's rows, numbered in the order in which the rows need them.

    With `texts`, the folder of texts, passages are quoted; a text that is not the one described is never quoted.
    """
    claims = {claim.iri: claim for citation in citations for claim in citation.claims}
    numbers = {iri: number for number, iri in enumerate(claims, 1)}
    wanted = {iri for claim in claims.values() for iri in _iris(claim)}
    names = entity.labels(store, wanted)
    documents = _documents(store, {iri for claim in claims.values() for iri in claim.documents}) if texts else {}
    texts_of = {iri: _text(document, texts) for iri, document in documents.items()} if texts else {}
    return Notes(
        notes=tuple(_note(numbers[iri], claim, names, documents, texts_of) for iri, claim in claims.items()),
        of_row=tuple(tuple(sorted(numbers[claim.iri] for claim in citation.claims)) for citation in citations),
        references=tuple(sorted({graph for citation in citations for graph in citation.references})),
        absences=tuple(sorted({text for citation in citations for text in citation.absences})),
    )


def _iris(claim: Claim) -> tuple[str, ...]:
    return (*claim.stated_by, *claim.modality, *claim.certainty, *claim.basis, *claim.documents)


def _documents(store: Store, iris: set[str]) -> dict[str, SourceDocument]:
    """Return the documents with these IRIs, with their passages."""
    if not iris:
        return {}
    nodes = " ".join(str(ox.NamedNode(iri)) for iri in sorted(iris))
    rows = entity.select(
        store,
        f"""SELECT ?s ?p ?o WHERE {{
          {{ VALUES ?s {{ {nodes} }} ?s ?p ?o }}
          UNION {{ VALUES ?document {{ {nodes} }} ?s dcterms:isPartOf ?document ; ?p ?o }}
          UNION {{ VALUES ?document {{ {nodes} }} ?s ^oa:hasSelector/dcterms:isPartOf ?document ; ?p ?o }}
        }}""",
    )
    return {document.iri: document for document in documents_from(ox.Quad(r["s"], r["p"], r["o"]) for r in rows)}


def _text(document: SourceDocument, folder: Path) -> tuple[str, str]:
    """Return the text of a document and an empty reason, or no text and the reason why."""
    check = check_text(document, folder)
    if check.file is None:
        return "", "text not held"
    if not check.holds:
        return "", "the text at hand differs from the one described"
    return read_text(check.file), ""


def _note(
    number: int,
    claim: Claim,
    names: dict[str, str],
    documents: dict[str, SourceDocument],
    texts: dict[str, tuple[str, str]],
) -> Note:
    def named(iris: Sequence[str]) -> str:
        return ", ".join(names.get(iri) or terms.compact(iri) for iri in iris)

    quotes, reason = [], ""
    for iri in claim.documents:
        text, reason = texts.get(iri, ("", ""))
        passages = {passage.iri: passage for passage in documents[iri].passages} if text else {}
        quotes += [text[passages[p].start : passages[p].end] for p in claim.passages if p in passages]
    return Note(
        number=number,
        claim=claim,
        speakers=named(claim.stated_by),
        modality=named(claim.modality),
        certainty=named(claim.certainty),
        basis=named(claim.basis),
        document=named(claim.documents),
        addresses=tuple(iri.partition("#")[2] or terms.compact(iri) for iri in claim.passages),
        quotes=tuple(quotes),
        why_no_quote=reason,
    )
