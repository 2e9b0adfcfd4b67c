"""The store on disk: Oxigraph in a folder, one generation at a time, one writer at a time."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox

from kg import __version__, sparql, terms
from kg.dataset import PartNote, facts, graphs_of, hash_of_parts, part_name, part_notes
from kg.errors import StoreError, StoreLocked, StoreMissing, StoreVersionMismatch
from kg.store.base import Results, Stage, Written, quads_of_parts
from kg.store.stage import apply, copy_of_links

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

__all__ = ["EmbeddedStore", "EmbeddedWriter", "LatestStore", "evaluate", "locked", "named_quads"]

FORMAT = 2
"""Number of the on-disk layout; raised whenever graphs or files are laid out differently."""

LOCK_PATIENCE = 10.0
"""Seconds that a second writer waits for the first."""

_FAILURES = (OSError, RuntimeError)
"""What the engine raises where files cannot be read or written, and where it finds them damaged."""


@dataclass(frozen=True)
class EmbeddedStore:
    """An Oxigraph store in a folder, as it was at the moment of opening; a writer beside it does not disturb."""

    place: str
    engine: ox.Store
    noted: str = ""
    """The hash of the dataset as it was noted when it was written."""

    @classmethod
    def open(cls, folder: Path) -> EmbeddedStore:
        """Open the current generation of the store in `folder`, read-only: no byte of it changes."""
        pointer = _pointer(folder)
        if pointer is None:
            raise StoreMissing("there is no store here", where=str(folder), mend="run: kg build")
        generation = folder / pointer["generation"]
        try:
            return cls(str(folder), ox.Store.read_only(str(generation)), str(pointer.get("dataset") or ""))
        except _FAILURES as error:
            if _pointer(folder) != pointer:  # a build swapped generations between the two steps
                return cls.open(folder)
            raise StoreError(
                f"the store does not open: {error}", where=str(generation), mend="run: kg build"
            ) from error

    def query(self, text: str) -> Results:
        """Answer a query that only reads."""
        return evaluate(self.engine, text)

    def quads(self) -> frozenset[ox.Quad]:
        """Return every quad in a named graph."""
        return named_quads(self.engine)

    def holders(self, triples: Collection[ox.Triple]) -> dict[ox.Triple, list[str]]:
        """Return the named graphs that hold each triple."""
        return {triple: sorted(self._graphs(triple)) for triple in triples}

    def _graphs(self, triple: ox.Triple) -> Iterator[str]:
        for quad in self.engine.quads_for_pattern(triple.subject, triple.predicate, triple.object):
            if isinstance(quad.graph_name, ox.NamedNode):
                yield quad.graph_name.value


class LatestStore:
    """The store in a folder as it is now: opened once, and again only where it was built or changed since."""

    def __init__(self, place: str) -> None:
        self.folder = Path(place)
        self._pointer = str(self.folder / "current")
        self._seen = (0, 0)
        self._opened: EmbeddedStore | None = None

    def store(self) -> EmbeddedStore:
        """Return the store as it is now. Raises `StoreMissing`, and what opening raises."""
        try:
            found = os.stat(self._pointer)  # noqa: PTH116  # a path object costs as much again as the call
        except OSError as error:
            raise StoreMissing("there is no store here", where=str(self.folder), mend="run: kg build") from error
        seen = (found.st_ino, found.st_mtime_ns)  # every build and every change writes this file anew
        if self._opened is None or seen != self._seen:
            self._opened, self._seen = EmbeddedStore.open(self.folder), seen
        return self._opened


def evaluate(
    engine: ox.Store,
    text: str,
    *,
    default_graph: list[ox.NamedNode | ox.BlankNode | ox.DefaultGraph] | None = None,
    named_graphs: list[ox.NamedNode | ox.BlankNode] | None = None,
    services: tuple[str, ...] = (),
) -> Results:
    """Answer a query on an engine of this process, with our prefixes and our errors.

    `default_graph` and `named_graphs` take the place of the facts view and of all named graphs, as the SPARQL 1.1
    Protocol lets a client choose; `services` are the servers that the query may call.
    """
    sparql.form_of(text, services)
    try:
        return engine.query(text, prefixes=_prefixes(text), default_graph=default_graph, named_graphs=named_graphs)
    except SyntaxError as error:
        raise sparql.syntax_error(text, error) from error
    except _FAILURES as error:
        raise StoreError(f"the store cannot be read: {error}") from error


def _prefixes(text: str) -> dict[str, str]:
    """Return the prefixes that a query may use; each that is handed over costs the engine a microsecond."""
    if "\\" in text:  # an escape can stand for the colon
        return terms.PREFIXES
    return {prefix: iri for prefix, iri in terms.PREFIXES.items() if f"{prefix}:" in text}


def named_quads(engine: ox.Store) -> frozenset[ox.Quad]:
    """Return every quad of `engine` that lies in a named graph."""
    default = ox.DefaultGraph()
    return frozenset(quad for quad in engine if quad.graph_name != default)


def _pointer(folder: Path) -> dict[str, Any] | None:
    """Return what the file `current` says of the store in `folder`, or None where there is none."""
    path = folder / "current"
    try:
        pointer = json.loads(path.read_text(encoding="utf-8"))
        found = pointer["format"]
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"cannot be read: {error.strerror}", where=str(path)) from error
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError("is not the pointer of a store", where=str(path), mend="run: kg build") from error
    if found != FORMAT:
        raise StoreVersionMismatch(
            f"the store has layout {found} (made by version {pointer.get('version', 'unknown')}); "
            f"this version reads {FORMAT}",
            where=str(folder),
            mend="run: kg build",
        )
    if not isinstance(pointer.get("generation"), str):
        raise StoreError("names no generation of the store", where=str(path), mend="run: kg build")
    return dict(pointer)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the write lock of the store in `folder`, which is made if need be, until the block ends.

    Raises `StoreLocked`, naming the holder, after `LOCK_PATIENCE` seconds.
    """
    from filelock import FileLock, Timeout

    lock, holder = FileLock(folder / "lock"), folder / "holder.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            print(f"waiting for {_holder(holder)} to finish writing to {folder} …", file=sys.stderr)
            lock.acquire(timeout=LOCK_PATIENCE)
    except Timeout as error:
        raise StoreLocked(
            f"{_holder(holder)} is writing to this store",
            where=str(folder),
            mend="wait until it is done, then try again",
        ) from error
    except OSError as error:
        raise _unwritable(folder, error) from error
    try:
        _name_holder(holder)
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _name_holder(path: Path) -> None:
    who = {"pid": os.getpid(), "since": datetime.now(UTC).isoformat(timespec="seconds")}
    try:
        path.write_text(json.dumps(who))
    except OSError as error:
        raise _unwritable(path.parent, error) from error


def _holder(path: Path) -> str:
    try:
        who = json.loads(path.read_text(encoding="utf-8"))
        return f"process {who['pid']} (since {who['since']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"


def _unwritable(folder: Path, error: Exception) -> StoreError:
    return StoreError(
        f"cannot be written: {getattr(error, 'strerror', None) or error}",
        where=str(folder),
        mend="free some space, or name another folder with --store",
    )


class EmbeddedWriter:
    """The one writer of the store in a folder.

    Every change is made in a generation beside the one that is there, and naming the new one in `current` is the step
    in which the store changes. So a change is there whole or not at all, whenever the machine stops.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def quads(self) -> frozenset[ox.Quad]:
        """Return the dataset as it is now; empty where there is no store yet."""
        if _pointer(self.folder) is None:
            return frozenset()
        return EmbeddedStore.open(self.folder).quads()

    def names(self) -> set[str]:
        """Return the names of the parts of the dataset."""
        return set(self._notes())

    def parts(self, names: Collection[str]) -> frozenset[ox.Quad]:
        """Return the quads of those parts of the dataset, by name (`kg.dataset.part_name`), that are there."""
        if _pointer(self.folder) is None:
            return frozenset()
        return frozenset(quads_of_parts(EmbeddedStore.open(self.folder).engine, names))

    def replace(self, quads: frozenset[ox.Quad]) -> Written:
        """Put a new dataset in the place of whatever is there."""
        with self._generation() as fresh:
            engine = ox.Store(str(fresh))
            engine.bulk_extend(facts(quads) | quads)
            engine.optimize()
            del engine
            return self._point_to(fresh, part_notes(quads))

    @contextmanager
    def staged(self, before: frozenset[ox.Quad], after: frozenset[ox.Quad]) -> Iterator[Stage]:
        """Give the store in which the parts `before` are `after`; it takes the place of the old one if committed."""
        pointer = _pointer(self.folder)
        with self._generation() as fresh:
            if pointer is not None:
                copy_of_links(self.folder / pointer["generation"], fresh)
            engine = ox.Store(str(fresh))
            apply(engine, before, after)
            gone = {part_name(graph) for graph in graphs_of(before)}
            notes = {name: note for name, note in self._notes().items() if name not in gone} | part_notes(after)
            stage = Stage(engine, Written.of(notes))
            yield stage
            # Closed, so that every byte of it is in its files.
            del engine, stage.engine
            if stage.wanted:
                self._point_to(fresh, notes)

    def change(self, before: frozenset[ox.Quad], after: frozenset[ox.Quad]) -> Written:
        """Turn the dataset `before`, or some parts of it, into `after`."""
        with self.staged(before, after) as stage:
            stage.commit()
        return stage.written

    @contextmanager
    def _generation(self) -> Iterator[Path]:
        """Give the folder of a new generation, which is gone again unless it becomes the current one."""
        fresh = self.folder / f"generation-{time.time_ns()}"
        try:
            yield fresh
        except _FAILURES as error:
            raise _unwritable(self.folder, error) from error
        finally:
            pointer = _pointer(self.folder) or {}
            for old in self.folder.glob("generation-[0-9]*"):
                if old.name.partition(".")[0] == pointer.get("generation"):
                    continue
                if old.is_dir():
                    shutil.rmtree(old, ignore_errors=True)
                else:
                    old.unlink(missing_ok=True)

    def _notes(self) -> dict[str, PartNote]:
        """Return what is noted of the parts; worked out where that file is missing or damaged."""
        pointer = _pointer(self.folder)
        if pointer is None:
            return {}
        try:
            noted = json.loads((self.folder / f"{pointer['generation']}.json").read_text(encoding="utf-8"))
            notes = {name: PartNote(*note) for name, note in noted.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return part_notes(self.quads())
        return notes if hash_of_parts(notes) == pointer.get("dataset") else part_notes(self.quads())

    def _point_to(self, fresh: Path, notes: dict[str, PartNote]) -> Written:
        """Name the current generation and the hash of its dataset; what is noted of the parts lies beside it."""
        beside, pointer = fresh.with_name(f"{fresh.name}.json"), self.folder / "current.new"
        written = Written.of(notes)
        beside.write_text(json.dumps({name: astuple(note) for name, note in notes.items()}) + "\n", encoding="utf-8")
        noted = {"format": FORMAT, "version": __version__, "generation": fresh.name, "dataset": written.dataset_hash}
        pointer.write_text(json.dumps(noted) + "\n", encoding="utf-8")
        pointer.replace(self.folder / "current")
        return written
