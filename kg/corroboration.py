"""How many independent voices say the same: counted by speaker and by publisher, never by document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg import entity, terms
from kg.sparql import serialised

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from kg.claim import Claim
    from kg.store import Store

__all__ = ["LONE", "Voices", "is_said", "unnamed_among", "voices"]


@dataclass(frozen=True, order=True)
class Voices:
    """How many speakers and how many publishers stand behind claims that say the same."""

    speakers: int
    publishers: int

    def __str__(self) -> str:
        return f"{_counted(self.speakers, 'speaker')}, {_counted(self.publishers, 'publisher')}"


LONE = Voices(1, 1)
"""What nobody corroborates."""


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def voices(claims: Iterable[Claim], unnamed: Collection[str]) -> Voices:
    """Return the voices behind claims that say the same.

    Ten documents of one publisher that quote one speaker are one voice. So are all the unnamed speakers (IRIs in
    `unnamed`) of one publisher, since nobody can tell them apart.

    >>> from kg.claim import Claim
    >>> report = Claim("c1", stated_by=("minister",), reported_by=("gazette",))
    >>> again = Claim("c2", stated_by=("minister",), reported_by=("herald",))
    >>> print(voices([report, again], unnamed=()))
    1 speaker, 2 publishers
    """
    listed = list(claims)
    speakers = {
        ("unnamed speakers of", *sorted(claim.reported_by)) if speaker in unnamed else (speaker,)
        for claim in listed
        for speaker in claim.stated_by
    }
    return Voices(len(speakers), len({publisher for claim in listed for publisher in claim.reported_by}))


def is_said(claim: Claim) -> bool:
    """Tell whether a claim counts as a voice: a document says it, or infers it, as a fact or as alleged.

    What is only expected or conditional is no voice for it, nor is what a curator adds from background knowledge.
    """
    return (
        claim.polarity == (terms.PV + "affirmed",)
        and set(claim.modality) <= {terms.PV + "factual", terms.PV + "alleged"}
        and terms.PV + "background" not in claim.basis
    )


def unnamed_among(store: Store, speakers: Collection[str]) -> set[str]:
    """Return those of `speakers` (IRIs) whom their document does not name."""
    nodes = " ".join(serialised(ox.NamedNode(speaker)) for speaker in sorted(speakers))
    rows = entity.select(store, f"SELECT ?who WHERE {{ VALUES ?who {{ {nodes} }} ?who a pact:UnnamedSource }}")
    return {row["who"].value for row in rows}
