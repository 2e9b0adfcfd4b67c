"""The store on disk: Oxigraph in a folder, one generation at a time, one writer at a time."""

from __future__ import annotations

import json
import os
import shutil
import time
from contextlib import contextmanager
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg import sparql, terms
from kg.dataset import PartNote, facts, graphs_of, hash_of_parts, part_name, part_notes
from kg.derive import DERIVED, derived, derived_change, stored
from kg.errors import StoreDamaged, StoreError, StoreLocked, StoreMissing
from kg.files import sync_folder, sync_tree
from kg.store.base import Results, Stage, Written, quads_of_parts, verified
from kg.store.folder import READ_AT_OPENING, Hold, check_tables, clear, generations, point_to, read_pointer, unwritable
from kg.store.stage import apply, copy_of_links, follow

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

__all__ = ["EmbeddedStore", "EmbeddedWriter", "LatestStore", "damage", "evaluate", "named_quads"]

_OPENINGS = 10
"""Times that a store is opened until nobody has changed it meanwhile; a change takes longer than an opening."""

_NOTES = "parts.json"
"""The file, among those of the engine, with what is noted of the parts of the dataset."""

_FAILURES = (OSError, RuntimeError)
"""What the engine raises where files cannot be read or written, and where it finds them damaged."""


@dataclass(frozen=True)
class EmbeddedStore:
    """An Oxigraph store in a folder, as it was at the moment of opening; a writer beside it does not disturb."""

    place: str
    engine: ox.Store
    noted: str = ""
    """The hash of the dataset as it was noted when it was written."""
    hold: Hold | None = field(default=None, repr=False, compare=False)
    """What keeps the files there, also once a writer has put others in their place."""

    @classmethod
    def of(cls, quads: Iterable[ox.Quad]) -> EmbeddedStore:
        """Return a store in memory of a dataset, with its facts view and its derived facts."""
        return cls("memory", stored(quads))

    @classmethod
    def open(cls, folder: Path) -> EmbeddedStore:
        """Open the current generation of the store in `folder`, read-only: no byte of it changes.

        What is opened and what is noted are of the same moment. Raises `StoreMissing`, `StoreDamaged`,
        `StoreVersionMismatch` and `StoreError`.
        """
        pointer = read_pointer(folder)
        for _ in range(_OPENINGS):
            if pointer is None:
                raise _missing(folder)
            failure: Exception | None = None
            engine = None
            hold = Hold(folder / pointer.generation)
            try:
                check_tables(folder, pointer, READ_AT_OPENING)
                engine = ox.Store.read_only(str(folder / pointer.generation))
            except (*_FAILURES, StoreDamaged) as error:
                failure = error
            before, pointer = pointer, read_pointer(folder)
            if pointer != before:  # someone built it anew, or changed it, between the two steps
                continue
            if isinstance(failure, StoreDamaged):
                raise failure
            if engine is None or failure:
                raise _unopened(folder / before.generation, failure) from failure
            return cls(str(folder), engine, before.dataset, hold)
        raise StoreError("the store changes all the while", where=str(folder), mend="try again when less is written")

    def query(self, text: str, *, rewrite: bool = False) -> Results:
        """Answer a query that only reads."""
        return evaluate(self.engine, text, rewrite=rewrite)

    def quads(self) -> frozenset[ox.Quad]:
        """Return the dataset."""
        try:
            return named_quads(self.engine)
        except _FAILURES as error:
            raise damage(error, self.place) or StoreError(f"the store cannot be read: {error}") from error

    def holders(self, triples: Collection[ox.Triple]) -> dict[ox.Triple, list[str]]:
        """Return the named graphs that hold each triple."""
        return {triple: sorted(self._graphs(triple)) for triple in triples}

    def _graphs(self, triple: ox.Triple) -> Iterator[str]:
        for quad in self.engine.quads_for_pattern(triple.subject, triple.predicate, triple.object):
            if isinstance(quad.graph_name, ox.NamedNode) and quad.graph_name != DERIVED:
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
        except OSError:
            return EmbeddedStore.open(self.folder)  # which says what is wrong with it
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
    functions: Mapping[ox.NamedNode, Callable[..., ox.Literal | None]] | None = None,
    rewrite: bool = False,
) -> Results:
    """Answer a query on an engine of this process, with our prefixes and our errors.

    `default_graph` and `named_graphs` take the place of the facts view and of all named graphs, as the SPARQL 1.1
    Protocol lets a client choose; `services` are the servers that the query may call, and `functions` those of its
    functions that are none of SPARQL's. With `rewrite`, the query is run in the form that the engine answers sooner
    (`kg.sparql.rewrite`).
    """
    sparql.form_of(text, services)
    run = _sooner(text) if rewrite and "EXISTS" in text.upper() else text
    try:
        return engine.query(
            run,
            prefixes=_prefixes(text),
            default_graph=default_graph,
            named_graphs=named_graphs,
            custom_functions=dict(functions or {}),
        )
    except SyntaxError as error:
        if run != text:  # what is wrong is told as it stands in the query's own words
            return evaluate(engine, text, default_graph=default_graph, named_graphs=named_graphs, services=services)
        raise sparql.syntax_error(text, error) from error
    except _FAILURES as error:
        raise damage(error) or StoreError(f"the store cannot be read: {error}") from error


def _sooner(text: str) -> str:
    from kg.sparql.rewrite import rewritten  # which most queries do without

    return rewritten(text).text


def damage(error: BaseException, where: str | None = None) -> StoreDamaged | None:
    """Return what an error of the engine says of damaged files; None where it says something else.

    The engine checks a block of a file when it reads it, so rows can break off in the middle of an answer.
    """
    text = str(error)
    if isinstance(error, RuntimeError) and text.startswith("Corruption"):
        return StoreDamaged(f"files of the store are damaged: {text}", where=where)
    return None


def _missing(folder: Path) -> StoreError:
    """Return the error for a folder without a pointer."""
    if generations(folder):
        return StoreDamaged("the store was never finished, or its file “current” is gone", where=str(folder))
    return StoreMissing("there is no store here", where=str(folder), mend="run: kg build")


def _unopened(generation: Path, error: Exception | None) -> StoreError:
    """Return the error for a database that does not open, told apart by what the engine says."""
    what, where = f"the store does not open: {error}", str(generation)
    if "lock file" in what or "LOCK:" in what:
        return StoreLocked("another program writes to the database of this store", where=where, mend="end it first")
    if not generation.exists():
        return StoreDamaged("the store does not open: its files are gone", where=where)
    if isinstance(error, FileNotFoundError) or "Corruption" in what:
        return StoreDamaged(what, where=where)
    return StoreError(what, where=where, mend="see that its files can be read, and try again")


def _prefixes(text: str) -> dict[str, str]:
    """Return the prefixes that a query may use; each that is handed over costs the engine a microsecond."""
    if "\\" in text:  # an escape can stand for the colon
        return terms.PREFIXES
    return {prefix: iri for prefix, iri in terms.PREFIXES.items() if f"{prefix}:" in text}


def named_quads(engine: ox.Store) -> frozenset[ox.Quad]:
    """Return every quad of `engine` that lies in a named graph of the dataset."""
    others = {ox.DefaultGraph(), DERIVED}
    return frozenset(quad for quad in engine if quad.graph_name not in others)


def _write(folder: Path, work: Callable[[ox.Store], None]) -> None:
    """Do some work on a database, after which all of it lies in tables.

    Opened once more, the engine moves what was written from its log, which can lose its end without anyone being told,
    to tables, of which it tells when one is missing or cut short.
    """
    work(ox.Store(str(folder)))
    ox.Store(str(folder))


def _change(old: ox.Store | None, engine: ox.Store, before: frozenset[ox.Quad], after: frozenset[ox.Quad]) -> None:
    """Turn parts of a dataset into others, and make the facts view and the derived facts follow."""
    changed = apply(engine, before, after)
    follow(engine, *derived_change(old, engine, changed))


class EmbeddedWriter:
    """The one writer of the store in a folder.

    Every change is made in a generation beside the one that is there, and naming the new one in `current` is the step
    in which the store changes. So a change is there whole or not at all, whenever the machine stops.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def recover(self) -> None:
        """Clear what a writer that was killed left behind.

        A store that is damaged, or of another layout, is left for `replace`.
        """
        try:
            if pointer := read_pointer(self.folder):
                clear(self.folder, pointer.generation)
        except StoreError:
            return
        except OSError as error:
            raise unwritable(self.folder, error) from error

    def quads(self) -> frozenset[ox.Quad]:
        """Return the dataset as it is now; empty where there is no store yet.

        Raises `StoreDamaged` where it is not the one that was noted, so that no change builds on a loss.
        """
        if read_pointer(self.folder) is None:
            return frozenset()
        return verified(EmbeddedStore.open(self.folder))[0]

    def names(self) -> set[str]:
        """Return the names of the parts of the dataset."""
        return set(self._notes())

    def parts(self, names: Collection[str]) -> frozenset[ox.Quad]:
        """Return the quads of those parts of the dataset, by name (`kg.dataset.part_name`), that are there.

        Raises `StoreDamaged` where they are not what was noted of them.
        """
        if read_pointer(self.folder) is None:
            return frozenset()
        store = EmbeddedStore.open(self.folder)
        try:
            found = frozenset(quads_of_parts(store.engine, names))
        except _FAILURES as error:
            raise damage(error, store.place) or StoreError(f"the store cannot be read: {error}") from error
        noted = self._notes()
        if part_notes(found) != {name: noted[name] for name in names if name in noted}:
            raise StoreDamaged("what the store holds is not what was noted when it was written", where=store.place)
        return found

    def replace(self, quads: frozenset[ox.Quad]) -> Written:
        """Put a new dataset in the place of whatever is there."""
        notes = part_notes(quads)
        with self._generation() as fresh:
            engine = ox.Store(str(fresh))
            engine.bulk_extend(quads)
            engine.bulk_extend(facts(quads))
            engine.bulk_extend(derived(engine))
            engine.optimize()
            del engine
            self._point_to(fresh, notes)
        return Written.of(notes)

    @contextmanager
    def staged(self, before: frozenset[ox.Quad], after: frozenset[ox.Quad]) -> Iterator[Stage]:
        """Give the store in which the parts `before` are `after`; it takes the place of the old one if committed."""
        pointer, noted = read_pointer(self.folder), self._notes()
        with self._generation() as fresh:
            old = None
            if pointer is not None:
                old = EmbeddedStore.open(self.folder).engine  # which says what is wrong where it is damaged
                copy_of_links(self.folder / pointer.generation, fresh)
            _write(fresh, lambda engine: _change(old, engine, before, after))
            gone = {part_name(graph) for graph in graphs_of(before)}
            notes = {name: note for name, note in noted.items() if name not in gone} | part_notes(after)
            stage = Stage(ox.Store.read_only(str(fresh)), Written.of(notes))
            yield stage
            if stage.wanted:
                self._point_to(fresh, notes, pointer.tables if pointer else None)

    def change(self, before: frozenset[ox.Quad], after: frozenset[ox.Quad]) -> Written:
        """Turn the dataset `before`, or some parts of it, into `after`."""
        with self.staged(before, after) as stage:
            stage.commit()
        return stage.written

    @contextmanager
    def _generation(self) -> Iterator[Path]:
        """Give the folder of a new generation; of the old and the new one, that stays which is the current one."""
        fresh = self.folder / f"generation-{time.time_ns()}"
        try:
            yield fresh
        except _FAILURES as error:
            raise damage(error, str(self.folder)) or unwritable(self.folder, error) from error
        finally:
            if not self._is_current(fresh):
                shutil.rmtree(fresh, ignore_errors=True)
        self.recover()

    def _is_current(self, generation: Path) -> bool:
        try:
            pointer = read_pointer(self.folder)
        except StoreError:
            return False
        return pointer is not None and pointer.generation == generation.name

    def _notes(self) -> dict[str, PartNote]:
        """Return what is noted of the parts; worked out where that file is missing or damaged."""
        pointer = read_pointer(self.folder)
        if pointer is None:
            return {}
        try:
            noted = json.loads((self.folder / pointer.generation / _NOTES).read_text(encoding="utf-8"))
            notes = {name: PartNote(*note) for name, note in noted.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return part_notes(self.quads())
        return notes if hash_of_parts(notes) == pointer.dataset else part_notes(self.quads())

    def _point_to(self, fresh: Path, notes: dict[str, PartNote], tables: Mapping[str, list[int]] | None = None) -> None:
        """Name the current generation and the hash of its dataset; what is noted of the parts lies in it."""
        told = json.dumps({name: astuple(note) for name, note in notes.items()})
        (fresh / _NOTES).unlink(missing_ok=True)
        (fresh / _NOTES).write_text(told, encoding="utf-8")
        sync_tree(fresh)
        sync_folder(self.folder)
        point_to(self.folder, fresh.name, hash_of_parts(notes), tables)
