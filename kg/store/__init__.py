"""The store: one interface to a folder on disk (Oxigraph) or to any SPARQL 1.1 endpoint."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from kg.store.base import Results, Stage, Store, Writer, Written, verified
from kg.store.embedded import EmbeddedStore, EmbeddedWriter, LatestStore, damage, evaluate
from kg.store.folder import locked
from kg.store.remote import RemoteStore, RemoteWriter
from kg.store.status import Status, status

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "EmbeddedStore",
    "LatestStore",
    "RemoteStore",
    "Results",
    "Stage",
    "Status",
    "Store",
    "Writer",
    "Written",
    "damage",
    "evaluate",
    "open_store",
    "status",
    "verified",
    "writing",
]


def open_store(place: str) -> Store:
    """Open a store for reading: a URL is a SPARQL endpoint, anything else a folder made by `kg build`.

    Raises `StoreMissing`, `StoreDamaged`, `StoreVersionMismatch` and `StoreError`.
    """
    return RemoteStore(place) if _is_url(place) else EmbeddedStore.open(Path(place))


@contextmanager
def writing(place: str) -> Iterator[Writer]:
    """Give the one writer of the store at `place`, holding its lock until the block ends.

    A second writer waits up to ten seconds and is then told who holds the lock (`StoreLocked`). What a writer that was
    killed left behind in a folder is mended first.
    """
    if _is_url(place):
        yield RemoteWriter(RemoteStore(place))
        return
    with locked(Path(place)):
        writer = EmbeddedWriter(Path(place))
        writer.recover()
        yield writer


def _is_url(place: str) -> bool:
    return place.startswith(("http://", "https://"))
