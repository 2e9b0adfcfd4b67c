"""A change in the making: the store as it will be, in a folder beside the store as it is.

The engine never writes to a table file again once it is there, so a copy of a store is made of links, in milliseconds
and whatever its size; what the change adds goes into files of its own.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg import terms
from kg.claim import FACT
from kg.dataset import facts, graph_of
from kg.errors import StoreLocked

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["apply", "copy_of_links", "follow"]

_FOR_GOOD = {".sst", ".blob"}
"""Endings of the engine's files (RocksDB) that are written once."""

_OF_ONE_PROCESS = {"LOCK", "LOG"}
_MANY = 50_000


def copy_of_links(old: Path, new: Path) -> None:
    """Make a store of the engine in the new folder `new` that holds what the one in `old` holds, on the same disk.

    Nobody may write to `old` meanwhile: raises `StoreLocked` where some other program does, and `OSError`.
    """
    if _is_locked(old / "LOCK"):
        raise StoreLocked("another program writes to the database of this store", where=str(old), mend="end it first")
    new.mkdir()
    for path in old.iterdir():
        if path.name.split(".")[0] in _OF_ONE_PROCESS:
            continue
        if path.suffix not in _FOR_GOOD:
            shutil.copy2(path, new / path.name)
            continue
        try:
            os.link(path, new / path.name)
        except OSError:  # not every file system has links
            shutil.copy2(path, new / path.name)


def _is_locked(path: Path) -> bool:
    """Tell whether another process holds the engine's own lock on a database."""
    try:
        import fcntl

        with path.open("rb+") as file:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except (ImportError, OSError):  # no such lock here, or nobody can write here at all
        return False
    return False


def apply(engine: ox.Store, before: frozenset[ox.Quad], after: frozenset[ox.Quad]) -> set[ox.Quad]:
    """Turn the parts of a dataset that are `before` into `after`, and make the facts view follow.

    Returns the facts that went or came. Both hold whole parts (`kg.dataset.part_of`). A fact stays in the view as long
    as any graph there gives it.
    """
    for quad in before - after:
        engine.remove(quad)
    _extend(engine, after - before)
    viewed, to_view = facts(before), facts(after)
    gone = {quad for quad in viewed - to_view if not _is_given(engine, quad)}
    for quad in gone:
        engine.remove(quad)
    come = to_view - viewed
    _extend(engine, come)
    return gone | come


def follow(engine: ox.Store, gone: Iterable[ox.Quad], come: Iterable[ox.Quad]) -> None:
    """Take derived facts away and add others."""
    for quad in gone:
        engine.remove(quad)
    _extend(engine, come)


def _extend(engine: ox.Store, quads: Iterable[ox.Quad]) -> None:
    new = list(quads)
    if len(new) > _MANY:
        engine.bulk_extend(new)
    else:
        engine.extend(new)


def _is_given(engine: ox.Store, fact: ox.Quad) -> bool:
    """Tell whether a named graph that belongs to the facts view holds a triple; see `kg.dataset.facts`."""
    for quad in engine.quads_for_pattern(fact.subject, fact.predicate, fact.object, None):
        graph = graph_of(quad)
        if graph.startswith(terms.GRAPH) or (
            graph.startswith(terms.CLAIM) and _is_factual(engine, ox.NamedNode(graph))
        ):
            return True
    return False


def _is_factual(engine: ox.Store, claim: ox.NamedNode) -> bool:
    """Tell what `kg.claim.Claim.is_fact` tells, of a claim in a store."""
    for predicate, wanted in FACT:
        found = {quad.object for quad in engine.quads_for_pattern(claim, predicate, None, None) if _is_record(quad)}
        if found != {wanted}:
            return False
    return True


def _is_record(quad: ox.Quad) -> bool:
    graph = graph_of(quad)
    return bool(graph) and not graph.startswith(terms.CLAIM)
