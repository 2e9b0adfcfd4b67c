"""What a row rests on, before it is put in the words of claims."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyoxigraph as ox

__all__ = ["Evidence"]


@dataclass
class Evidence:
    """Triples, each with the graph it was matched in (None for the facts view); graphs that need only be there; and
    patterns that nothing must match.
    """

    triples: set[tuple[ox.Triple, str | None]] = field(default_factory=set)
    graphs: set[str] = field(default_factory=set)
    absences: set[str] = field(default_factory=set)

    def take(self, other: Evidence) -> None:
        """Add what another row, or another part of this one, rests on."""
        self.triples |= other.triples
        self.graphs |= other.graphs
        self.absences |= other.absences
