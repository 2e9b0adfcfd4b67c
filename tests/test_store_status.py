"""How a store is told to be: whole, broken off, being written, damaged or missing, each in its own words."""

from __future__ import annotations

import json
import random
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support import EXAMPLE_FILES, Runner, bytes_of
from test_store import holding

from benchmarks import peers
from kg import gate
from kg.dataset import Dataset, dataset_hash
from kg.derive import DERIVED
from kg.errors import StoreDamaged, StoreLocked, StoreMissing
from kg.store import EmbeddedStore, RemoteStore, open_store, status, writing
from kg.store.embedded import EmbeddedWriter
from kg.store.folder import point_to
from kg.store.remote import STATE
from kg.web.desk import Desk
from kg.web.message import Request
from kg.web.problem import problem


def generation_of(folder: Path) -> Path:
    [found] = folder.glob("generation-*")
    return found


def broken_off(folder: Path) -> Path:
    """Leave a store as a change or a build does that was killed before its swap."""
    shutil.copytree(generation_of(folder), folder / "generation-17")
    (folder / "current.new").write_text("{")
    (folder / "holder.json").write_text('{"pid": 1, "since": "once"}')
    return folder


# --- status -----------------------------------------------------------------------------------------


def test_a_store_tells_what_it_holds(kg: Runner, store_folder: Path, shipped: Dataset) -> None:
    before = bytes_of(store_folder)

    ran = kg("status", "--store", store_folder)

    lines = dict(line.strip().split(None, 1) for line in ran.out.splitlines()[1:])
    assert ran.out.splitlines()[0] == str(store_folder)
    assert lines["kind"] == "folder"
    assert lines["dataset"] == dataset_hash(shipped.quads)
    assert lines["holds"] == f"1 document, 98 claims, {len(shipped.quads):,} quads"
    assert lines["writing"] == "nobody"
    assert lines["left"] == "over  nothing"
    assert bytes_of(store_folder) == before


def test_a_program_is_told_the_same(kg: Runner, store_folder: Path, shipped: Dataset) -> None:
    told = json.loads(kg("status", "--verify", "--format", "json", "--store", store_folder).out)

    assert told["dataset"] == told["computed"] == dataset_hash(shipped.quads)
    assert (told["documents"], told["claims"], told["quads"]) == (1, 98, len(shipped.quads))
    assert (told["brokenOff"], told["writing"], told["leftOver"]) == (False, None, [])
    assert told["bytes"] == sum(path.stat().st_size for path in store_folder.rglob("*") if path.is_file())


def test_a_change_that_was_broken_off_is_told_and_the_next_one_mends_it(kg: Runner, bare_store: Path) -> None:
    noted = EmbeddedStore.open(bare_store).noted
    broken_off(bare_store)

    ran = kg("status", "--store", bare_store)
    verified = kg("status", "--verify", "--store", bare_store)

    assert ran.code == verified.code == 0
    assert "generation-17, current.new (cleared by the next change when nobody reads it)" in ran.out
    assert noted in verified.out

    with writing(str(bare_store)):
        pass

    mended = status(EmbeddedStore.open(bare_store))
    assert (mended.noted, mended.broken_off, mended.leftovers) == (noted, False, ())
    assert sorted(path.name for path in bare_store.iterdir() if path.name != "lock") == [
        "current",
        generation_of(bare_store).name,
    ]


def test_whoever_writes_is_named_and_what_is_being_made_is_not_left_over(bare_store: Path) -> None:
    with holding(bare_store) as writer:
        (bare_store / "generation-17").mkdir()

        how = status(EmbeddedStore.open(bare_store))

        assert how.holder.startswith(f"process {writer.pid} (since ")
        assert (how.broken_off, how.leftovers) == (False, ())
        writer.communicate("go on\n")


def test_a_hash_that_is_not_the_datasets_is_an_error_with_its_mend(kg: Runner, bare_store: Path) -> None:
    point_to(bare_store, generation_of(bare_store).name, "0" * 64)

    plain = kg("status", "--store", bare_store)
    verified = kg("status", "--verify", "--store", bare_store)
    added = kg("add", *EXAMPLE_FILES, "--store", bare_store, "--quiet")

    assert plain.code == 0
    for ran in (verified, added):
        assert (ran.code, ran.out) == (1, "")
        assert f"and {'0' * 64} was noted" in ran.err
        assert "kg restore FILE" in ran.err


def test_a_facts_view_that_is_not_the_datasets_is_an_error_with_its_mend(bare_store: Path) -> None:
    import pyoxigraph as ox

    ox.Store(str(generation_of(bare_store))).update("INSERT DATA { <urn:a> <urn:b> <urn:c> }")

    with pytest.raises(StoreDamaged, match="the facts view is not what belongs to the dataset"):
        status(EmbeddedStore.open(bare_store), verify=True)


def test_derived_facts_that_do_not_follow_are_an_error_with_its_mend(bare_store: Path) -> None:
    import pyoxigraph as ox

    stated = f"INSERT DATA {{ GRAPH {DERIVED} {{ <urn:a> <urn:b> <urn:c> }} }}"
    ox.Store(str(generation_of(bare_store))).update(stated)

    with pytest.raises(StoreDamaged, match="the derived facts are not what belongs to the dataset"):
        status(EmbeddedStore.open(bare_store), verify=True)


def test_an_endpoint_tells_what_it_holds_and_what_was_broken_off(kg: Runner, bare_store: Path, tmp_path: Path) -> None:
    quads = EmbeddedStore.open(bare_store).quads()
    with peers.oxigraph(tmp_path) as place:
        missing = kg("status", "--store", place)
        with writing(place) as writer:
            writer.replace(quads)
        whole = json.loads(kg("status", "--verify", "--format", "json", "--store", place).out)
        RemoteStore(place).update(f"DELETE WHERE {{ GRAPH {STATE} {{ ?s ?p ?o }} }}")
        RemoteStore(place).update("INSERT DATA { <urn:a> <urn:b> <urn:c> }")
        broken = kg("status", "--store", place)
        with writing(place) as writer:
            writer.change(quads, quads)
        mended = status(open_store(place), verify=True)

    assert (missing.code, missing.out) == (1, "")
    assert "there is no dataset at this endpoint" in missing.err
    assert whole["dataset"] == whole["computed"] == dataset_hash(quads)
    assert (whole["kind"], whole["bytes"], whole["quads"]) == ("endpoint", None, len(quads))
    assert "a change was broken off; verify it" in broken.out
    assert mended.noted == mended.computed == dataset_hash(quads)


# --- damaged, locked, missing -----------------------------------------------------------------------

DAMAGES: dict[str, Callable[[Path], object]] = {
    "gone": lambda path: path.unlink(),
    "empty": lambda path: path.write_bytes(b""),
    "cut": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "garbled": lambda path: path.write_bytes(_garbled(path.read_bytes())),
    "flipped": lambda path: path.write_bytes(_flipped(path.read_bytes())),
}


def _garbled(data: bytes) -> bytes:
    """Return a file whose middle is noise; where its ends are too, the engine may ask for all memory there is."""
    quarter = len(data) // 4
    noise = random.Random(42).randbytes(len(data) - 2 * quarter)
    return data[:quarter] + noise + data[len(data) - quarter :]


def _flipped(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes(byte ^ 0xFF for byte in data[middle : middle + 1]) + data[middle + 1 :]


@pytest.fixture
def little_memory() -> Iterator[None]:
    """Have the process end where it takes 4 GB more: joins of the engine that meet a damaged block never end."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    [pages, *_] = Path("/proc/self/statm").read_text().split()
    resource.setrlimit(resource.RLIMIT_AS, (int(pages) * resource.getpagesize() + 4 * 2**30, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_file_that_is_damaged_is_told_with_the_mend_or_does_no_harm(
    damage: str, kg: Runner, own_store: Path, tmp_path: Path
) -> None:
    gate.add(str(own_store), EXAMPLE_FILES)
    right = kg("ask", "agreements", "--store", own_store).out
    names = [path.relative_to(own_store) for path in [own_store / "current", *generation_of(own_store).iterdir()]]
    told = 0
    for name in names:
        folder = tmp_path / "damaged"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(own_store, folder)
        DAMAGES[damage](folder / name)

        verified = kg("status", "--verify", "--store", folder)
        asked = kg("ask", "agreements", "--store", folder)
        added = kg("add", *EXAMPLE_FILES, "--store", folder, "--quiet") if verified.code else verified

        for ran in (verified, asked, added):
            assert "Traceback" not in ran.err
            assert ran.code == 0 or "kg restore FILE" in ran.err
        assert asked.code or asked.out == right
        assert verified.code == 0 or added.code == 1
        told += verified.code
    assert told > len(names) // 3


@pytest.mark.parametrize("loss", ["generation", "pointer", "half a pointer", "everything but the pointer"])
def test_a_store_that_lost_a_part_is_told_from_a_missing_one_and_restored(
    loss: str, kg: Runner, bare_store: Path, tmp_path: Path
) -> None:
    kept, noted = tmp_path / "kept.nq.gz", EmbeddedStore.open(bare_store).noted
    kg("backup", "-o", kept, "--store", bare_store)
    current, generation = bare_store / "current", generation_of(bare_store)
    if loss == "pointer":
        current.unlink()
    elif loss == "half a pointer":
        current.write_text(current.read_text()[:40])
    elif loss == "generation":
        shutil.rmtree(generation)
    else:
        for path in generation.iterdir():
            path.unlink()

    for command in (["ask", "agreements"], ["status"], ["remove", "x"], ["export", "--format", "trig"], ["serve"]):
        ran = kg(*command, "--store", bare_store)
        assert (ran.code, ran.out) == (1, "")
        assert "kg restore FILE" in ran.err
        assert "there is no store here" not in ran.err
    restored = kg("restore", kept, "--store", bare_store, "--quiet")

    assert restored.code == 0, restored.err
    assert status(EmbeddedStore.open(bare_store), verify=True).noted == noted


def test_a_pointer_that_is_damaged_takes_no_database_with_it(bare_store: Path) -> None:
    (bare_store / "current").write_text("{")

    with writing(str(bare_store)):
        pass

    assert generation_of(bare_store).is_dir()


def test_a_service_says_that_its_store_is_damaged(bare_store: Path) -> None:
    desk = Desk(str(bare_store))
    assert desk.answer(Request(path="/health")).status == 200
    (bare_store / "current").write_text("{")

    with pytest.raises(StoreDamaged) as caught:
        desk.answer(Request(path="/health"))

    response = problem(caught.value, Request(path="/health"))
    assert response.status == 503
    assert b"kg restore FILE" in bytes(response.body if isinstance(response.body, bytes) else b"")


def test_damage_that_shows_while_rows_are_read_is_told_as_such() -> None:
    response = problem(RuntimeError("Corruption: block checksum mismatch"), Request())

    assert response.status == 503
    assert b"kg restore FILE" in bytes(response.body if isinstance(response.body, bytes) else b"")


def test_a_store_that_another_program_writes_to_is_locked_and_not_damaged(bare_store: Path) -> None:
    hold = "import sys, pyoxigraph; kept = pyoxigraph.Store(sys.argv[1]); print(flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", hold, str(generation_of(bare_store))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with writing(str(bare_store)) as writer:
            quads = writer.quads()
            with pytest.raises(StoreLocked, match="another program writes to the database"):
                writer.change(quads, frozenset())
        other.communicate()

    assert EmbeddedStore.open(bare_store).quads() == quads


def test_no_store_is_missing_and_not_damaged(kg: Runner, tmp_path: Path) -> None:
    ran = kg("status", "--store", tmp_path / "none")

    assert (ran.code, ran.out) == (1, "")
    assert "there is no store here" in ran.err
    assert "kg build" in ran.err
    with pytest.raises(StoreMissing):
        open_store(str(tmp_path / "none"))


def test_a_database_that_went_away_is_not_made_anew_by_a_change(bare_store: Path) -> None:
    quads = EmbeddedStore.open(bare_store).quads()
    generation = generation_of(bare_store)
    shutil.rmtree(generation)

    with pytest.raises(StoreDamaged, match="a file of it is gone"):
        EmbeddedWriter(bare_store).change(quads, frozenset())

    assert not generation.exists()
