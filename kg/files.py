"""Files that are whole or not there: written beside their place, synced, then renamed."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from kg.errors import KgError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["sync_file", "sync_folder", "sync_tree", "write_files", "write_stdout", "write_synced"]


def write_files(contents: Mapping[Path, bytes], folder: Path | None = None) -> None:
    """Write each file; none bears its name before all of them are whole on the disk.

    `folder` is made first if need be. A symbolic link stays and its target is replaced; a device or a pipe is written
    to as it is. Raises `KgError` where that fails; what was there before is then unchanged.
    """
    parts: dict[Path, Path] = {}
    at = folder or next(iter(contents))
    try:
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
        for at, data in contents.items():
            target = at.resolve()
            if target.exists() and not target.is_file() and not target.is_dir():
                target.write_bytes(data)
                continue
            part = target.with_name(f".pactgraph-{secrets.token_hex(8)}.part")
            parts[part] = target
            write_synced(part, data)
            if target.exists():
                shutil.copymode(target, part)
        for part, at in parts.items():
            part.replace(at)
        for changed in {target.parent for target in parts.values()}:
            sync_folder(changed)
    except OSError as error:
        raise KgError(f"cannot be written: {error.strerror}", where=str(at), mend=_mend(error)) from error
    finally:
        for part in parts:
            with suppress(OSError):
                part.unlink()


def write_synced(path: Path, data: bytes) -> None:
    """Make a file, which must not be there yet, and return once its bytes are on the disk."""
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync_file(path: Path) -> None:
    """Return once the bytes of a file are on the disk, whoever wrote them."""
    with path.open("r+b") as file:  # Windows syncs only what it may write to
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Return once the names in a folder are on the disk: until then a power cut can undo a renaming."""
    if os.name == "nt":  # a folder cannot be opened there
        return
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # a file system without it does its own
            raise
    finally:
        os.close(opened)


def sync_tree(folder: Path) -> None:
    """Return once every file right in a folder, and its names, are on the disk."""
    for path in sorted(folder.iterdir()):
        if path.is_file():
            sync_file(path)
    sync_folder(folder)


def _mend(error: OSError) -> str:
    first = {
        errno.ENOSPC: "free some space, or name another place",
        errno.EDQUOT: "free some space, or name another place",
        errno.EEXIST: "name a folder, or a file that ends in .csv",
        errno.EISDIR: "name a file in that folder",
        errno.ENOENT: "make the folder first",
    }.get(error.errno or 0, "name another place")
    return f"{first}; what was there before is unchanged"


def write_stdout(data: bytes) -> None:
    """Write to standard output. A reader who has gone raises `BrokenPipeError`, everything else `KgError`."""
    sys.stdout.flush()
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise KgError(
            f"cannot be written: {error.strerror}", where="standard output", mend="name a file with -o"
        ) from error
