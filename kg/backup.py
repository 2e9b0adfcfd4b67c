"""Backups: the dataset in one file, which says itself what it must hold."""

from __future__ import annotations

import gzip
import io
import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg import __version__, gate
from kg.dataset import Dataset, canonical_lines, dataset_hash, graph_of
from kg.errors import DataError, KgError
from kg.files import write_files
from kg.store import open_store, verified

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kg.gate import Outcome

__all__ = ["Backup", "read", "restore", "write"]

FORMAT = 1
"""Number of the form of a backup; raised whenever its head or its body change their form."""

_HEAD = re.compile(
    rb"# pactgraph backup\n# format: (\d+)\n# version: ([^\n]*)\n# dataset: ([0-9a-f]{64})\n# quads: (\d+)\n"
)


@dataclass(frozen=True)
class Backup:
    """A dataset, its hash, and the version of Pactgraph that put both in a file."""

    quads: frozenset[ox.Quad]
    dataset_hash: str
    version: str = __version__


def write(place: str, target: Path) -> Backup:
    """Put the dataset of the store at `place` in the file `target`, and return it.

    The file is N-Quads, sorted and compressed, after a head in comments; the same dataset gives the same bytes. It
    bears its name once it is whole and on the disk. Raises `StoreDamaged` where the dataset is not the noted one, and
    what reading and writing raise; what was at `target` before is then unchanged.
    """
    quads, written = verified(open_store(place))
    lines = canonical_lines(quads)
    head = (
        f"# pactgraph backup\n# format: {FORMAT}\n# version: {__version__}\n# dataset: {written}\n# quads: {len(lines)}"
    )
    write_files({target: _compressed(b"".join(line + b"\n" for line in [head.encode(), *lines]))})
    return Backup(quads, written)


def _compressed(data: bytes) -> bytes:
    """Return `data` as gzip without a name and a time; what `gzip.compress` gives differs among versions of Python."""
    held = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=held, mtime=0) as file:
        file.write(data)
    return held.getvalue()


def read(path: Path) -> Backup:
    """Return what a backup holds, once every byte of it is checked.

    Raises `DataError` for a file that is damaged, cut short or no backup, `KgError` where it cannot be read.
    """
    try:
        data = gzip.decompress(path.read_bytes())
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise _not_whole(path, error) from error
    except OSError as error:
        raise KgError(f"cannot be read: {error.strerror}", where=str(path)) from error
    head = _HEAD.match(data)
    if head is None:
        raise _foreign(path)
    form, version, noted, counted = (field.decode("utf-8", "replace") for field in head.groups())
    if int(form) != FORMAT:
        raise DataError(
            f"is a backup of form {form} (made by version {version}); this version reads {FORMAT}",
            where=str(path),
            mend="restore it with the version that made it",
        )
    try:
        quads = frozenset(ox.parse(data[head.end() :], format=ox.RdfFormat.N_QUADS))
    except SyntaxError as error:
        raise DataError(f"is damaged: {error}", where=str(path), mend=_OTHER) from error
    found = dataset_hash(quads)
    if len(quads) != int(counted) or found != noted or not all(map(graph_of, quads)):
        raise DataError(
            f"is damaged: it holds the dataset {found}, and its head says {noted}", where=str(path), mend=_OTHER
        )
    return Backup(quads, noted, version)


_OTHER = "restore another backup; nothing was changed"


def _foreign(path: Path) -> DataError:
    return DataError(
        "is no backup of Pactgraph", where=str(path), mend="give a file that kg backup wrote; exports go to kg build"
    )


def _not_whole(path: Path, error: Exception) -> DataError:
    """Return the error for a file that does not unpack: a foreign one, or one that is damaged or cut short."""
    if not path.read_bytes().startswith(b"\x1f\x8b"):
        return _foreign(path)
    if isinstance(error, EOFError):
        return DataError("is cut short: its end is missing", where=str(path), mend=_OTHER)
    return DataError(f"is damaged: {error}", where=str(path), mend=_OTHER)


def restore(place: str, path: Path, progress: Callable[[str], None] | None = None) -> Outcome:
    """Put the dataset of the backup at `path` in the place of whatever is at `place`.

    The backup is checked and validated first; the new store is made beside the old one, and takes its place in one
    step. Raises what `read` raises, and what validating and writing raise; then the store is as it was.
    """
    held = read(path)
    return gate.replace(place, Dataset(held.quads), progress)
