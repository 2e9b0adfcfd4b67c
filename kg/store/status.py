"""How a store is: what it holds, whether a change was broken off, who writes, and what is left over."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg.derive import DERIVED, stored
from kg.errors import StoreDamaged, StoreMissing
from kg.store.base import verified
from kg.store.embedded import EmbeddedStore
from kg.store.folder import FORMAT, check_tables, holder, leftovers, read_pointer
from kg.store.remote import RemoteStore

if TYPE_CHECKING:
    from kg.store.base import Store

__all__ = ["Status", "status"]


@dataclass(frozen=True)
class Status:
    """How a store is. What only a folder has is None at an endpoint."""

    place: str
    kind: str
    """`folder` or `endpoint`."""
    noted: str
    """The hash of the dataset as it was noted when it was written."""
    quads: int
    documents: int
    claims: int
    format: int | None = None
    version: str | None = None
    bytes: int | None = None
    holder: str = ""
    """Who writes to it now."""
    leftovers: tuple[str, ...] = ()
    """Files, or quads in a stage, of no use, which the next change clears."""
    computed: str = ""
    """The hash as it was worked out anew, where that was asked for."""

    @property
    def broken_off(self) -> bool:
        """Whether the last change ended before its hash was noted, and nobody is at it."""
        return not self.noted and not self.holder


def status(store: Store, *, verify: bool = False) -> Status:
    """Return how `store` is; to `verify`, the dataset is read whole, and its hash and facts view worked out anew.

    Raises `StoreDamaged` where these are not what was written, `StoreMissing` where an endpoint has no dataset, and
    what reading raises.
    """
    if verify and isinstance(store, EmbeddedStore) and (pointer := read_pointer(Path(store.place))):
        check_tables(Path(store.place), pointer)
    noted = store.noted
    computed = _verified(store) if verify else ""
    if isinstance(store, RemoteStore):
        staged = store.staged()
        left = (f"{staged:,} quads of a change that was broken off",) if staged else ()
        counted = store.count(), *_counts(store)
        found = Status(store.place, "endpoint", noted, *counted, computed=computed, leftovers=left)
        if not found.quads and not noted:
            raise StoreMissing("there is no dataset at this endpoint", where=store.place, mend="run: kg build")
        return found
    folder = Path(store.place)
    pointer, writer = read_pointer(folder), holder(folder)
    if pointer is None:  # it was there when the store was opened
        raise StoreMissing("there is no store here any more", where=store.place, mend="run: kg build")
    return Status(
        store.place,
        "folder",
        noted,
        _count(store, f"SELECT (COUNT(*) AS ?n) WHERE {{ GRAPH ?g {{ ?s ?p ?o }} FILTER(?g != {DERIVED}) }}"),
        *_counts(store),
        format=FORMAT,
        version=pointer.version,
        bytes=sum(map(_size, folder.rglob("*"))),
        holder=writer,
        leftovers=() if writer else tuple(path.name for path in leftovers(folder, pointer.generation)),
        computed=computed,
    )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else 0
    except OSError:  # a writer has taken it away
        return 0


def _counts(store: Store) -> tuple[int, int]:
    """Return the numbers of documents and of claims."""
    return (
        _count(store, "SELECT (COUNT(DISTINCT ?x) AS ?n) WHERE { ?x a pact:SourceDocument }"),
        _count(store, "SELECT (COUNT(DISTINCT ?x) AS ?n) WHERE { ?x a pact:Claim }"),
    )


def _count(store: Store, query: str) -> int:
    found = store.query(query)
    assert isinstance(found, ox.QuerySolutions)
    [row] = found
    return int(row["n"].value)


def _verified(store: Store) -> str:
    """Return the hash of a dataset that is whole, with the facts view and the derived facts that belong to it."""
    quads, computed = verified(store)
    if isinstance(store, RemoteStore):
        seen = {None: store.viewed(store.view), DERIVED: store.viewed(DERIVED)}
    elif isinstance(store, EmbeddedStore):
        seen = {
            graph: frozenset(store.engine.quads_for_pattern(None, None, None, graph or ox.DefaultGraph()))
            for graph in (None, DERIVED)
        }
    else:
        return computed
    engine = stored(quads)
    for graph, name in ((None, "facts view is"), (DERIVED, "derived facts are")):
        belong = engine.quads_for_pattern(None, None, None, graph or ox.DefaultGraph())
        if {quad.triple for quad in seen[graph]} != {quad.triple for quad in belong}:
            raise StoreDamaged(
                f"the {name} not what belongs to the dataset",
                where=store.place,
                mend="run: kg export --format trig, then kg build from that file, which works all of it out anew",
            )
    return computed
