"""Citations: for each row of an answer, the claims that make it true and the passages that bear them."""

from __future__ import annotations

from kg.cite.citation import RowCitation, cite, cite_evidence, claims_of
from kg.cite.evidence import Evidence
from kg.cite.notes import Note, Notes, notes
from kg.cite.witness import evidence_of
from kg.sparql.parse import Uncitable

__all__ = [
    "Evidence",
    "Note",
    "Notes",
    "RowCitation",
    "Uncitable",
    "cite",
    "cite_evidence",
    "claims_of",
    "evidence_of",
    "notes",
]
