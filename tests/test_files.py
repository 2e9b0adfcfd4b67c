"""Files on the disk: a new one is made, an old one is not written over, names are synced as well as bytes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kg.files import sync_tree, write_files, write_synced


def test_a_synced_file_is_made_and_never_written_over(tmp_path: Path) -> None:
    write_synced(tmp_path / "new", b"one")

    with pytest.raises(FileExistsError):
        write_synced(tmp_path / "new", b"two")

    assert (tmp_path / "new").read_bytes() == b"one"


def test_bytes_and_names_are_on_the_disk_before_writing_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[Path] = []
    fsync = os.fsync

    def noted(file: int) -> None:
        synced.append(Path(f"/proc/self/fd/{file}").readlink())
        fsync(file)

    monkeypatch.setattr(os, "fsync", noted)

    write_files({tmp_path / "a": b"1"})

    [part, folder] = synced
    assert part.parent == folder == tmp_path
    assert part.suffix == ".part"


def test_every_file_of_a_folder_is_synced_and_no_byte_changes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1")
    (tmp_path / "below").mkdir()

    sync_tree(tmp_path)

    assert (tmp_path / "a").read_bytes() == b"1"
