"""What every store offers, whatever engine is behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import pyoxigraph as ox

from kg.dataset import dataset_hash, hash_of_parts, part_name
from kg.errors import StoreDamaged

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from kg.dataset import PartNote

__all__ = ["Results", "Stage", "Store", "Writer", "Written", "data_block", "quads_of_parts", "verified"]

Results = ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples


class Store(Protocol):
    """What questions, exports and pages need of a store."""

    @property
    def place(self) -> str:
        """Folder or URL, for messages."""

    @property
    def noted(self) -> str:
        """The hash of the dataset as it was noted when it was written; empty where a change was broken off."""

    def query(self, text: str, *, rewrite: bool = False) -> Results:
        """Answer a query that only reads; the built-in prefixes need no declaration.

        With `rewrite`, which is for queries that others wrote, it may be run in another form with the same rows
        (`kg.sparql.rewrite`) where that is sooner. Raises `QuerySyntaxError`, `ReadOnly` and `StoreError`.
        """

    def quads(self) -> frozenset[ox.Quad]:
        """Return the dataset: every quad in a named graph."""

    def holders(self, triples: Collection[ox.Triple]) -> dict[ox.Triple, list[str]]:
        """Return, for each triple, the IRIs of the named graphs that hold it, sorted."""


@dataclass(frozen=True)
class Written:
    """What a store holds after a change: the hash of the dataset, and counts."""

    dataset_hash: str
    quads: int
    documents: int
    claims: int

    @classmethod
    def of(cls, notes: Mapping[str, PartNote]) -> Written:
        """Return it for a dataset of which this is noted."""
        counts = (sum(getattr(note, name) for note in notes.values()) for name in ("quads", "documents", "claims"))
        return cls(hash_of_parts(notes), *counts)


@dataclass
class Stage:
    """A store as a change would make it, facts view included, that nobody else sees before it is committed."""

    engine: ox.Store
    written: Written
    wanted: bool = False

    def commit(self) -> None:
        """Have the change made when the block ends."""
        self.wanted = True


class Writer(Protocol):
    """What a command that changes a store needs of it, while it alone writes."""

    def quads(self) -> frozenset[ox.Quad]:
        """Return the dataset as it is now; empty where there is no store yet."""

    def names(self) -> set[str]:
        """Return the names of the parts of the dataset (`kg.dataset.part_name`)."""

    def parts(self, names: Collection[str]) -> frozenset[ox.Quad]:
        """Return the quads of those parts of the dataset that are there."""

    def replace(self, quads: frozenset[ox.Quad]) -> Written:
        """Put a new dataset, with its facts view, in the place of whatever is there, in one step."""

    def staged(self, before: frozenset[ox.Quad], after: frozenset[ox.Quad]) -> AbstractContextManager[Stage]:
        """Give the store in which the parts `before`, which are there, are `after`, facts view included.

        It takes the place of the old one when the block ends, if it was committed.
        """

    def change(self, before: frozenset[ox.Quad], after: frozenset[ox.Quad]) -> Written:
        """Turn the dataset `before`, which is there, into `after`, facts view included, in one step."""


def quads_of_parts(engine: ox.Store, names: Collection[str]) -> Iterator[ox.Quad]:
    """Yield the quads of some parts of a dataset in a store of the engine; claims lie in graphs of their own."""
    for name in names:
        graph = ox.NamedNode(name)
        claims = set()
        for quad in engine.quads_for_pattern(None, None, None, graph):
            claims.add(quad.subject)
            yield quad
        for claim in claims:
            if isinstance(claim, ox.NamedNode) and part_name(claim.value) == name and claim != graph:
                yield from engine.quads_for_pattern(None, None, None, claim)


def verified(store: Store) -> tuple[frozenset[ox.Quad], str]:
    """Return the dataset of a store and its hash.

    Raises `StoreDamaged` where that is not the hash that was noted when it was written.
    """
    noted, quads = store.noted, store.quads()
    found = dataset_hash(quads)
    if noted and found != noted:
        raise StoreDamaged(
            f"the store holds the dataset {found}, and {noted} was noted when it was written",
            where=store.place,
            mend="run: kg restore FILE with your last backup; where what is there is right: kg export --format trig, "
            "then kg build from that file",
        )
    return quads, found


def data_block(quads: Iterable[ox.Quad]) -> str:
    """Return quads in the syntax of `INSERT DATA`; the engine's own serialiser does the escaping."""
    lines = []
    for quad in quads:
        triple = f"{quad.subject} {quad.predicate} {quad.object} ."
        default = quad.graph_name == ox.DefaultGraph()
        lines.append(triple if default else f"GRAPH {quad.graph_name} {{ {triple} }}")
    return "\n".join(sorted(lines))
