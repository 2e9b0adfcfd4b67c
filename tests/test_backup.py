"""Backups: one file, the same bytes each time, given back whole or refused with the reason, the store untouched."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pyoxigraph as ox
import pytest
from support import EXAMPLE, EXAMPLE_FILES, Runner, bytes_of

from benchmarks import peers
from kg import __version__, backup, gate
from kg.dataset import Dataset, dataset_hash, read_files
from kg.errors import DataError, KgError, NotConforming, StoreDamaged
from kg.store import EmbeddedStore, RemoteStore, writing
from kg.store.folder import point_to


@pytest.fixture
def kept(bare_store: Path, tmp_path: Path) -> Path:
    """A backup of the store without any document."""
    backup.write(str(bare_store), tmp_path / "kept.nq.gz")
    return tmp_path / "kept.nq.gz"


def packed(path: Path, *lines: str) -> Path:
    path.write_bytes(gzip.compress("".join(f"{line}\n" for line in lines).encode()))
    return path


# --- out and back -----------------------------------------------------------------------------------


def test_a_backup_gives_the_dataset_back(bare_store: Path, kept: Path) -> None:
    before = EmbeddedStore.open(bare_store).noted
    gate.add(str(bare_store), EXAMPLE_FILES)

    outcome = backup.restore(str(bare_store), kept)

    assert outcome.dataset_hash == before == EmbeddedStore.open(bare_store).noted
    assert dataset_hash(EmbeddedStore.open(bare_store).quads()) == before


def test_the_same_dataset_gives_the_same_bytes(bare_store: Path, kept: Path, tmp_path: Path) -> None:
    gate.add(str(bare_store), EXAMPLE_FILES)
    gate.remove(str(bare_store), EXAMPLE)

    backup.write(str(bare_store), tmp_path / "again.nq.gz")

    assert (tmp_path / "again.nq.gz").read_bytes() == kept.read_bytes()
    assert kept.read_bytes()[:10] == b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"  # no name, no time, no system


def test_a_backup_says_what_it_holds_and_is_n_quads(bare_store: Path, kept: Path) -> None:
    data = gzip.decompress(kept.read_bytes())
    store = EmbeddedStore.open(bare_store)

    assert data.decode().splitlines()[:5] == [
        "# pactgraph backup",
        "# format: 1",
        f"# version: {__version__}",
        f"# dataset: {store.noted}",
        f"# quads: {len(store.quads())}",
    ]
    assert set(ox.parse(data, format=ox.RdfFormat.N_QUADS)) == store.quads()


def test_a_store_is_made_where_there_is_none(kept: Path, tmp_path: Path) -> None:
    outcome = backup.restore(str(tmp_path / "new"), kept)

    assert EmbeddedStore.open(tmp_path / "new").noted == outcome.dataset_hash == backup.read(kept).dataset_hash


def test_an_endpoint_is_backed_up_and_restored(bare_store: Path, kept: Path, tmp_path: Path) -> None:
    with peers.oxigraph(tmp_path) as place:
        backup.restore(place, kept)
        backup.write(place, tmp_path / "there.nq.gz")

        assert RemoteStore(place).noted == EmbeddedStore.open(bare_store).noted
    assert (tmp_path / "there.nq.gz").read_bytes() == kept.read_bytes()


def test_the_commands_say_what_they_did(kg: Runner, bare_store: Path, tmp_path: Path) -> None:
    out = kg("backup", "-o", tmp_path / "b.nq.gz", "--store", bare_store)
    back = kg("restore", tmp_path / "b.nq.gz", "--store", tmp_path / "copy", "--quiet")

    hashed = EmbeddedStore.open(bare_store).noted
    assert (out.code, back.code, out.err, back.err) == (0, 0, "", "")
    assert out.out.endswith(f"dataset {hashed}\n")
    assert back.out.startswith(f"restored ({tmp_path / 'copy'}): 0 documents")
    assert back.out.endswith(f"dataset {hashed}\n")


# --- what is refused --------------------------------------------------------------------------------

DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut short by a byte": lambda data: data[:-1],
    "cut in the middle": lambda data: data[: len(data) // 2],
    "its head only": lambda data: data[:10],
    "a byte changed": lambda data: data[:999] + bytes([data[999] ^ 1]) + data[1000:],
    "its check sum changed": lambda data: data[:-8] + bytes(4) + data[-4:],
    "something behind it": lambda data: data + b"x",
    "empty": lambda _: b"",
    "zeros at its end": lambda data: data[:-500] + bytes(500),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_backup_is_refused_and_nothing_changes(damage: str, bare_store: Path, kept: Path) -> None:
    kept.write_bytes(DAMAGES[damage](kept.read_bytes()))
    before = bytes_of(bare_store)

    with pytest.raises(DataError, match=r"is damaged|is cut short|is no backup") as caught:
        backup.restore(str(bare_store), kept)

    assert caught.value.where == str(kept)
    assert caught.value.mend
    assert bytes_of(bare_store) == before


HEAD = ("# pactgraph backup", "# format: 1", "# version: 0.1.0")
LINE = "<urn:a> <urn:b> <urn:c> <urn:g> ."
HASH = "8a2ee3b2d4a2d34e05a6cb2eb7ed9e7c90bfcdb34a9e3ba84d0a4dbb31a1a1a1"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ((LINE,), "is no backup of Pactgraph"),
        ((*HEAD, "# quads: 1", LINE), "is no backup of Pactgraph"),
        ((*HEAD, f"# dataset: {HASH}", "# quads: 1", LINE), "is damaged: it holds the dataset"),
        (("# pactgraph backup", "# format: 2", "# version: 9.9", f"# dataset: {HASH}", "# quads: 1"), "of form 2"),
    ],
)
def test_a_file_that_says_something_else_is_refused(lines: tuple[str, ...], said: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=said):
        backup.read(packed(tmp_path / "x.nq.gz", *lines))


@pytest.mark.parametrize(
    ("lines", "counted"),
    [([LINE], 2), (["<urn:a> <urn:b> <urn:c> ."], 1), ([LINE, LINE], 1), (["no quad"], 1), ([LINE, "# note"], 1)],
)
def test_a_body_that_its_own_hash_fits_but_that_is_no_dataset_is_refused(
    lines: list[str], counted: int, tmp_path: Path
) -> None:
    from hashlib import sha256

    hashed = sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()
    file = packed(tmp_path / "x.nq.gz", *HEAD, f"# dataset: {hashed}", f"# quads: {counted}", *lines)

    with pytest.raises(DataError, match="is damaged"):
        backup.read(file)


@pytest.mark.parametrize("name", ["example-transit-pact.ttl", "example-transit-pact.trig"])
def test_an_export_is_no_backup_and_the_error_says_where_it_goes(name: str, tmp_path: Path) -> None:
    file = next(path for path in EXAMPLE_FILES if path.name == name)

    with pytest.raises(DataError, match="is no backup") as caught:
        backup.read(file)

    assert "kg build" in str(caught.value.mend)


def test_a_file_that_is_not_there_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(KgError, match="cannot be read: No such file"):
        backup.read(tmp_path / "none")


def test_a_backup_that_no_longer_conforms_is_refused_with_the_findings(
    bare_store: Path, shipped: Dataset, tmp_path: Path
) -> None:
    claims = read_files([EXAMPLE_FILES[1]]).quads  # claims without their document
    with writing(str(tmp_path / "odd")) as writer:
        writer.replace(EmbeddedStore.open(bare_store).quads() | claims)
    backup.write(str(tmp_path / "odd"), tmp_path / "odd.nq.gz")
    before = bytes_of(bare_store)

    with pytest.raises(NotConforming):
        backup.restore(str(bare_store), tmp_path / "odd.nq.gz")

    assert bytes_of(bare_store) == before


def test_a_store_that_holds_another_dataset_than_was_noted_is_not_backed_up(
    bare_store: Path, kept: Path, tmp_path: Path
) -> None:
    [generation] = bare_store.glob("generation-*")
    point_to(bare_store, generation.name, "0" * 64)
    before = kept.read_bytes()

    with pytest.raises(StoreDamaged, match="was noted when it was written"):
        backup.write(str(bare_store), kept)

    assert kept.read_bytes() == before


def test_a_backup_that_cannot_be_written_leaves_the_old_one(bare_store: Path, tmp_path: Path) -> None:
    with pytest.raises(KgError, match="cannot be written"):
        backup.write(str(bare_store), tmp_path / "no" / "folder.nq.gz")
