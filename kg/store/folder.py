"""The folder of a store: its pointer, its write lock, and what a writer that was killed left there."""

from __future__ import annotations

import json
import os
import shutil
import sys
import zlib
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kg import __version__
from kg.errors import StoreDamaged, StoreError, StoreLocked, StoreVersionMismatch
from kg.files import sync_folder, write_synced

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = [
    "FORMAT",
    "READ_AT_OPENING",
    "Hold",
    "Pointer",
    "check_tables",
    "clear",
    "generations",
    "holder",
    "leftovers",
    "locked",
    "point_to",
    "read_pointer",
    "unwritable",
]

FORMAT = 3
"""Number of the on-disk layout; raised whenever graphs or files are laid out differently."""

READ_AT_OPENING = 64_000_000
"""Bytes of tables that are read and checked whenever a store is opened; it takes some 50 ms for so many."""

LOCK_PATIENCE = 10.0
"""Seconds that a second writer waits for the first."""


@dataclass(frozen=True)
class Pointer:
    """What the file `current` says: the generation that is the store now, and what is noted of it."""

    generation: str
    dataset: str = ""
    """The hash of the dataset; empty while a change is under way, and after one that was broken off."""
    version: str = __version__
    tables: dict[str, list[int]] = field(default_factory=dict)
    """Size, time of change (ns) and checksum (CRC-32) of each of the engine's tables, which it writes only once."""


def read_pointer(folder: Path) -> Pointer | None:
    """Return what the file `current` says of the store in `folder`, or None where there is none.

    Raises `StoreVersionMismatch`, `StoreDamaged`, and `StoreError` where the file cannot be read.
    """
    path = folder / "current"
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        found = said["format"]
        tables = {str(name): [int(number) for number in noted] for name, noted in said.get("tables", {}).items()}
        if any(len(noted) != 3 for noted in tables.values()):
            raise ValueError("a table without its three numbers")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"cannot be read: {error.strerror}", where=str(path)) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreDamaged("is not the pointer of a store", where=str(path)) from error
    if found != FORMAT:
        raise StoreVersionMismatch(
            f"the store has layout {found} (made by version {said.get('version', 'unknown')}); "
            f"this version reads {FORMAT}",
            where=str(folder),
            mend="run: kg build",
        )
    if not isinstance(said.get("generation"), str):
        raise StoreDamaged("names no generation of the store", where=str(path))
    return Pointer(said["generation"], str(said.get("dataset") or ""), str(said.get("version") or "unknown"), tables)


def point_to(folder: Path, generation: str, dataset: str = "", tables: Mapping[str, list[int]] | None = None) -> None:
    """Name the current generation, the hash of its dataset where that is known, and the checksums of its tables.

    Of `tables` that were noted before and have not been written since, the checksum is not taken anew: a bit that was
    lost meanwhile must not pass for the truth. Renaming over the old pointer is the one step in which a store that is
    built anew changes. Once this returns, the new pointer is on the disk.
    """
    fresh = folder / "current.new"
    noted = {
        "format": FORMAT,
        "version": __version__,
        "generation": generation,
        "dataset": dataset,
        "tables": _summed(folder / generation, tables or {}) if dataset else dict(tables or {}),
    }
    fresh.unlink(missing_ok=True)
    write_synced(fresh, (json.dumps(noted) + "\n").encode())
    fresh.replace(folder / "current")
    sync_folder(folder)


def _summed(generation: Path, known: Mapping[str, list[int]]) -> dict[str, list[int]]:
    found = {}
    for path in sorted(generation.glob("*.sst")):
        stat = path.stat()
        written, old = [stat.st_size, stat.st_mtime_ns], known.get(path.name, [])
        found[path.name] = old if old[:2] == written else [*written, zlib.crc32(path.read_bytes())]
    return found


def check_tables(folder: Path, pointer: Pointer, limit: int | None = None) -> None:
    """Raise `StoreDamaged` where a table is gone, or not as it was written.

    Where the tables have more than `limit` bytes, only their sizes are looked at. The engine itself may find that a
    file is gone, or a bit of it, only when it reads there, and then some of its joins never end.
    """
    if not pointer.dataset:
        return
    whole = limit is None or sum(size for size, *_ in pointer.tables.values()) <= limit
    for name, (size, _, checksum) in pointer.tables.items():
        path = folder / pointer.generation / name
        if not path.is_file():
            raise StoreDamaged("the store does not open: a file of it is gone", where=str(path))
        if path.stat().st_size != size or (whole and zlib.crc32(path.read_bytes()) != checksum):
            raise StoreDamaged("the store does not open: a file of it is damaged", where=str(path))


def generations(folder: Path) -> list[Path]:
    """Return the databases in the folder of a store: the current one, and those that nobody needs any more."""
    return sorted(folder.glob("generation-[0-9]*"))


def leftovers(folder: Path, current: str) -> list[Path]:
    """Return what is in the folder of a store and of no use to it, as long as nobody writes there."""
    fresh = folder / "current.new"
    return [path for path in generations(folder) if path.name != current] + ([fresh] if fresh.exists() else [])


class Hold:
    """Keeps a generation from being cleared as long as this object lives, in whatever process."""

    def __init__(self, generation: Path) -> None:
        self._descriptor = -1
        try:
            import fcntl

            self._descriptor = os.open(generation, os.O_RDONLY)
            fcntl.flock(self._descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except (ImportError, OSError):  # no such locks here, or it is just being cleared, which opening it will tell
            self.release()

    def release(self) -> None:
        """Let it be cleared."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    __del__ = release


def _is_held(generation: Path) -> bool:
    """Tell whether somebody reads a generation."""
    try:
        import fcntl

        descriptor = os.open(generation, os.O_RDONLY)
    except (ImportError, OSError):
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


def clear(folder: Path, current: str) -> None:
    """Remove what is of no use; what somebody still reads, or what cannot be removed, stays for the next time.

    The engine opens some of its files only when a query comes to them, so a query under way needs all of them.
    """
    for path in leftovers(folder, current):
        if path.is_dir():
            if not _is_held(path):
                shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the write lock of the store in `folder`, which is made if need be, until the block ends.

    Raises `StoreLocked`, naming the holder, after `LOCK_PATIENCE` seconds.
    """
    from filelock import FileLock, Timeout

    lock, note = FileLock(folder / "lock"), folder / "holder.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            print(f"waiting for {_named(note)} to finish writing to {folder} …", file=sys.stderr)
            lock.acquire(timeout=LOCK_PATIENCE)
    except Timeout as error:
        raise StoreLocked(
            f"{_named(note)} is writing to this store",
            where=str(folder),
            mend="wait until it is done, then try again",
        ) from error
    except OSError as error:
        raise unwritable(folder, error) from error
    try:
        _name_holder(note)
        yield
    finally:
        note.unlink(missing_ok=True)
        lock.release()


def holder(folder: Path) -> str:
    """Return who holds the write lock of the store in `folder`; an empty text where nobody does.

    A writer leaves a note, also when it is killed; so the lock is tried, for a moment, where there is one.
    """
    from filelock import FileLock, Timeout

    note = folder / "holder.json"
    if not note.exists():
        return ""
    lock = FileLock(folder / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return _named(note)
    except OSError:  # nobody writes where nobody can
        return ""
    lock.release()
    return ""


def _name_holder(path: Path) -> None:
    who = {"pid": os.getpid(), "since": datetime.now(UTC).isoformat(timespec="seconds")}
    try:
        path.write_text(json.dumps(who))
    except OSError as error:
        raise unwritable(path.parent, error) from error


def _named(note: Path) -> str:
    try:
        who = json.loads(note.read_text(encoding="utf-8"))
        return f"process {who['pid']} (since {who['since']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"


def unwritable(folder: Path, error: Exception) -> StoreError:
    """Return the error for a folder that takes no files."""
    return StoreError(
        f"cannot be written: {getattr(error, 'strerror', None) or error}",
        where=str(folder),
        mend="free some space, or name another folder with --store",
    )
