"""A store made of N-Quads by the engine's bulk loader, with the facts view worked out on the way.

`kg.dataset.facts` says what the facts view is, and takes a set of all quads in memory; this says the same of a stream
in which the record of a claim comes before its content, and holds the records of one document at a time.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg import terms
from kg.derive import derived
from kg.store import EmbeddedStore

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from _typeshed import WriteableBuffer

__all__ = ["graph_of", "load", "opened", "with_facts"]

BUFFER = 2**20
_CLAIM = terms.CLAIM.encode()
_PROJECT_GRAPH = terms.GRAPH.encode()
_RECORDS = _PROJECT_GRAPH + b"claims/"
_FACTUAL = tuple(
    f" <{terms.PACT}{name}> <{terms.PV}{value}>".encode()
    for name, value in (("reviewStatus", "accepted"), ("polarity", "affirmed"), ("modality", "factual"))
)


def load(lines: Iterable[bytes], folder: Path) -> None:
    """Fill a new store in `folder` with N-Quads, their facts view and what is derived from it, and pack it."""
    engine = ox.Store(str(folder))
    engine.bulk_load(io.BufferedReader(_Stream(with_facts(lines)), BUFFER), format=ox.RdfFormat.N_QUADS)
    engine.bulk_extend(derived(engine))
    engine.optimize()


def opened(folder: Path) -> EmbeddedStore:
    """Return the store in `folder`, read-only."""
    return EmbeddedStore(str(folder), ox.Store.read_only(str(folder)))


def with_facts(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines, and once more without its graph each that belongs to the facts view.

    Raises `ValueError` where a claim's content comes before its record.
    """
    document = b""
    marks: dict[bytes, int] = {}
    for line in lines:
        yield line
        graph = graph_of(line)
        if graph.startswith(_CLAIM):
            if graph not in marks:
                raise ValueError(f"the content of {graph.decode()} comes before its record")
            if marks[graph] < len(_FACTUAL):
                continue
        elif graph.startswith(_RECORDS):
            if graph != document:
                document = graph
                marks.clear()
            subject = line[1 : line.index(b">")]
            if subject.startswith(_CLAIM):
                marks[subject] = marks.get(subject, 0) + any(mark in line for mark in _FACTUAL)
        yield line[: -len(graph) - 6] + b" .\n"


def graph_of(line: bytes) -> bytes:
    """Return the IRI of the graph that a line of N-Quads names.

    >>> graph_of(b"<http://x/s> <http://x/p> <http://x/o> <http://x/g> .\\n")
    b'http://x/g'
    """
    return line[line.rindex(b" <") + 2 : -4]


class _Stream(io.RawIOBase):
    """An iterator of lines as the file that the engine wants to read from."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self.lines = lines
        self.left = bytearray()

    def readable(self) -> bool:
        """Tell the reader on top that it may read."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill `buffer` and return how many bytes it took, 0 at the end."""
        view = memoryview(buffer)
        for line in self.lines:
            self.left += line
            if len(self.left) >= len(view):
                break
        taken = min(len(self.left), len(view))
        view[:taken] = self.left[:taken]
        del self.left[:taken]
        return taken
