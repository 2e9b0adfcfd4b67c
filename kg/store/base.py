"""What every store offers, whatever engine is behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pyoxigraph as ox

from kg.dataset import dataset_hash, facts
from kg.errors import StoreDamaged

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

__all__ = ["Results", "Store", "Writer", "data_block", "update_between", "verified"]

Results = ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples


class Store(Protocol):
    """What questions, exports and pages need of a store."""

    @property
    def place(self) -> str:
        """Folder or URL, for messages."""

    @property
    def noted(self) -> str:
        """The hash of the dataset as it was noted when it was written; empty where a change was broken off."""

    def query(self, text: str) -> Results:
        """Answer a query that only reads; the built-in prefixes need no declaration.

        Raises `QuerySyntaxError`, `ReadOnly` and `StoreError`.
        """

    def quads(self) -> frozenset[ox.Quad]:
        """Return the dataset: every quad in a named graph."""

    def holders(self, triples: Collection[ox.Triple]) -> dict[ox.Triple, list[str]]:
        """Return, for each triple, the IRIs of the named graphs that hold it, sorted."""


class Writer(Protocol):
    """What a command that changes a store needs of it, while it alone writes."""

    def quads(self) -> frozenset[ox.Quad]:
        """Return the dataset as it is now; empty where there is no store yet."""

    def replace(self, quads: frozenset[ox.Quad]) -> str:
        """Put a new dataset, with its facts view, in the place of whatever is there, in one step; return its hash."""

    def change(self, before: frozenset[ox.Quad], after: frozenset[ox.Quad]) -> str:
        """Turn the dataset `before`, which is there, into `after`, facts view included, in one transaction.

        Returns the hash of the dataset `after`.
        """


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


def update_between(before: frozenset[ox.Quad], after: frozenset[ox.Quad]) -> str:
    """Return one SPARQL update, which every engine runs in one transaction, that turns `before` into `after`."""
    old, new = before | facts(before), after | facts(after)
    return f"DELETE DATA {{ {data_block(old - new)} }} ;\nINSERT DATA {{ {data_block(new - old)} }}"


def data_block(quads: Iterable[ox.Quad]) -> str:
    """Return quads in the syntax of `INSERT DATA`; the engine's own serialiser does the escaping."""
    lines = []
    for quad in quads:
        triple = f"{quad.subject} {quad.predicate} {quad.object} ."
        default = quad.graph_name == ox.DefaultGraph()
        lines.append(triple if default else f"GRAPH {quad.graph_name} {{ {triple} }}")
    return "\n".join(sorted(lines))
