"""The store on disk: swapped in one step, one writer at a time, readers undisturbed, whole or not there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pyoxigraph as ox
import pytest
from support import EXAMPLE_FILES, bytes_of

import kg.store.folder
from kg import __version__, gate, terms
from kg.dataset import Dataset, dataset_hash, facts, graph_of, graphs_of, part_name, part_notes, read_files
from kg.errors import StoreDamaged, StoreError, StoreLocked, StoreMissing, StoreVersionMismatch
from kg.store import EmbeddedStore, open_store, writing
from kg.store.base import Written, data_block
from kg.store.embedded import EmbeddedWriter
from kg.store.folder import FORMAT


def put(folder: Path, quads: frozenset[ox.Quad]) -> Path:
    with writing(str(folder)) as writer:
        writer.replace(quads)
    return folder


def everything(folder: Path) -> tuple[frozenset[ox.Quad], set[ox.Quad]]:
    """The named graphs of a store, and its facts view."""
    store = EmbeddedStore.open(folder)
    return store.quads(), {quad for quad in store.engine if quad.graph_name == ox.DefaultGraph()}


@pytest.fixture(scope="module")
def small() -> frozenset[ox.Quad]:
    return read_files(EXAMPLE_FILES).quads


@pytest.fixture
def small_store(small: frozenset[ox.Quad], tmp_path: Path) -> Path:
    return put(tmp_path / "small", small)


# --- build ------------------------------------------------------------------------------------------


def test_a_new_store_takes_the_place_of_the_old_one_and_leaves_nothing_of_it(
    small_store: Path, small: frozenset[ox.Quad]
) -> None:
    [before] = small_store.glob("generation-*[0-9]")
    fewer = frozenset(list(small)[:5])

    put(small_store, fewer)

    [after] = small_store.glob("generation-*[0-9]")
    assert after != before
    pointer = json.loads((small_store / "current").read_text())
    assert pointer.pop("tables").keys() == {path.name for path in after.glob("*.sst")}
    assert pointer == {
        "format": FORMAT,
        "version": __version__,
        "generation": after.name,
        "dataset": dataset_hash(fewer),
    }
    assert EmbeddedStore.open(small_store).quads() == fewer


def test_a_store_holds_the_dataset_in_named_graphs_and_its_facts_in_the_default_graph(
    store_folder: Path, shipped: Dataset
) -> None:
    named, default = everything(store_folder)

    assert named == shipped.quads
    assert default == facts(shipped.quads)


def test_building_twice_gives_the_same_content_and_the_same_hash(tmp_path: Path, shipped: Dataset) -> None:
    first = gate.build(str(tmp_path / "a"))
    second = gate.build(str(tmp_path / "b"))
    third = gate.build(str(tmp_path / "a"))

    assert first.dataset_hash == second.dataset_hash == third.dataset_hash == dataset_hash(shipped.quads)
    assert everything(tmp_path / "a") == everything(tmp_path / "b")


def test_what_a_killed_build_left_behind_is_cleared_by_the_next_and_nothing_else_is(
    small_store: Path, small: frozenset[ox.Quad]
) -> None:
    (small_store / "generation-17").mkdir()
    (small_store / "generation-of-mine").mkdir()

    put(small_store, small)

    left = {path.name for path in small_store.glob("generation-*")}
    assert "generation-17" not in left
    assert "generation-of-mine" in left


def test_what_somebody_reads_stays_until_nobody_does(small_store: Path, small: frozenset[ox.Quad]) -> None:
    def generations() -> set[str]:
        return {path.name for path in small_store.glob("generation-[0-9]*")}

    [read] = generations()
    store = EmbeddedStore.open(small_store)
    put(small_store, frozenset())
    put(small_store, small)
    while_read = generations()
    rows = store.query("SELECT * { GRAPH ?g { ?s ?p ?o } FILTER(?g != graph:derived) }")
    assert isinstance(rows, ox.QuerySolutions)
    told = len(list(rows))
    del store, rows
    put(small_store, small)

    assert read in while_read
    assert len(while_read) == 2
    assert told == len(small)
    assert len(generations()) == 1


def test_another_process_that_reads_keeps_its_files_too(small_store: Path, small: frozenset[ox.Quad]) -> None:
    [read] = [path.name for path in small_store.glob("generation-[0-9]*")]
    script = "import sys; from pathlib import Path; from kg.store import EmbeddedStore\n"
    script += "store = EmbeddedStore.open(Path(sys.argv[1])); print('open', flush=True); sys.stdin.read()"

    with subprocess.Popen(
        [sys.executable, "-c", script, str(small_store)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as reader:
        assert reader.stdout
        assert reader.stdout.readline() == b"open\n"
        put(small_store, small)
        while_read = (small_store / read).exists()
        reader.communicate()
    put(small_store, small)

    assert while_read
    assert not (small_store / read).exists()


def test_reading_changes_no_byte(own_store: Path) -> None:
    before = bytes_of(own_store)

    store = EmbeddedStore.open(own_store)
    store.query("SELECT * { GRAPH ?g { ?s ?p ?o } }")
    store.quads()
    del store

    assert bytes_of(own_store) == before


# --- changes ----------------------------------------------------------------------------------------


def test_a_change_leaves_the_dataset_asked_for_and_its_facts_view(small_store: Path, small: frozenset[ox.Quad]) -> None:
    after = frozenset(quad for quad in small if "c01" not in str(quad.graph_name))

    with writing(str(small_store)) as writer:
        writer.change(writer.quads(), after)

    assert everything(small_store) == (after, facts(after))


def test_changes_back_and_forth_leave_the_store_as_it_was(small_store: Path, small: frozenset[ox.Quad]) -> None:
    before = everything(small_store)

    with writing(str(small_store)) as writer:
        writer.change(small, frozenset())
        assert writer.quads() == frozenset()
        writer.change(frozenset(), small)

    assert everything(small_store) == before


def test_a_change_to_no_store_makes_one(tmp_path: Path, small: frozenset[ox.Quad]) -> None:
    with writing(str(tmp_path / "new")) as writer:
        assert writer.quads() == frozenset()
        writer.change(frozenset(), small)

    assert EmbeddedStore.open(tmp_path / "new").quads() == small


def test_a_change_of_one_document_reads_no_other(own_store: Path, shipped: Dataset, small: frozenset[ox.Quad]) -> None:
    names = {part_name(graph) for graph in graphs_of(small)}
    with writing(str(own_store)) as writer:
        assert writer.parts(names) == frozenset()
        written = writer.change(frozenset(), small)
        assert writer.parts(names) == small
        assert writer.names() == set(part_notes(shipped.quads | small))

    assert everything(own_store) == (shipped.quads | small, facts(shipped.quads | small))
    assert written == Written.of(part_notes(shipped.quads | small))
    assert written.dataset_hash == dataset_hash(shipped.quads | small) == EmbeddedStore.open(own_store).noted


def test_a_fact_stays_as_long_as_a_claim_gives_it(own_store: Path, shipped: Dataset) -> None:
    """The same fact in a second document comes and goes without the first document's fact."""
    claims = [quad for quad in shipped.quads if graph_of(quad).startswith(terms.CLAIM)]
    fact = next(quad for quad in claims if ox.Quad(quad.subject, quad.predicate, quad.object) in facts(shipped.quads))
    claim = ox.NamedNode(terms.CLAIM + "other-c1")
    record = ox.NamedNode(terms.GRAPH + "claims/other")
    marks = {"type": "Claim", "reviewStatus": "accepted", "polarity": "affirmed", "modality": "factual"}
    second = {
        ox.Quad(
            claim,
            ox.NamedNode(terms.RDF + "type" if name == "type" else terms.PACT + name),
            ox.NamedNode((terms.PACT if name == "type" else terms.PV) + value),
            record,
        )
        for name, value in marks.items()
    } | {ox.Quad(fact.subject, fact.predicate, fact.object, claim)}
    viewed = everything(own_store)[1]

    with writing(str(own_store)) as writer:
        writer.change(frozenset(), frozenset(second))
        writer.change(frozenset(second), frozenset())

    assert everything(own_store) == (shipped.quads, viewed)


def test_a_stage_that_is_not_committed_changes_nothing(small_store: Path, small: frozenset[ox.Quad]) -> None:
    before = bytes_of(small_store)

    with writing(str(small_store)) as writer, writer.staged(small, frozenset()) as stage:
        assert len(stage.engine) == 0

    assert bytes_of(small_store) == before


def test_who_reads_keeps_the_store_as_it_was_when_they_opened_it(small_store: Path, small: frozenset[ox.Quad]) -> None:
    reader = EmbeddedStore.open(small_store)

    with writing(str(small_store)) as writer:
        writer.change(small, frozenset())

    assert reader.quads() == small
    assert EmbeddedStore.open(small_store).quads() == frozenset()


def test_notes_that_are_lost_or_wrong_are_worked_out_anew(small_store: Path, small: frozenset[ox.Quad]) -> None:
    for text in ("", "{}", "[1]", '{"a": [1]}', '{"a": ["b", 1, 1, 1]}'):
        [notes] = small_store.glob("generation-*/parts.json")
        notes.write_text(text)
        with writing(str(small_store)) as writer:
            assert writer.names() == set(part_notes(small))
            assert writer.change(frozenset(), frozenset()).dataset_hash == dataset_hash(small)


@pytest.mark.parametrize("text", ['"> } DROP ALL #', "\\", "a\nb\r\tc", "\x00\x07\x7f", "é🜁\u2028"])
def test_a_block_of_data_holds_any_text_as_itself(text: str) -> None:
    quad = ox.Quad(
        ox.NamedNode("http://e.org/a"), ox.NamedNode("http://e.org/b"), ox.Literal(text), ox.NamedNode("http://e.org/g")
    )
    engine = ox.Store()

    engine.update(f"INSERT DATA {{ {data_block([quad])} }}")

    assert list(engine) == [quad]


# --- readers beside a writer ------------------------------------------------------------------------


def test_a_reader_keeps_what_it_opened_while_the_store_is_built_anew(
    small_store: Path, small: frozenset[ox.Quad]
) -> None:
    reader = EmbeddedStore.open(small_store)

    put(small_store, frozenset(list(small)[:3]))
    put(small_store, frozenset())

    assert reader.quads() == small
    assert EmbeddedStore.open(small_store).quads() == frozenset()


def test_a_reader_keeps_what_it_opened_while_the_store_is_changed(small_store: Path, small: frozenset[ox.Quad]) -> None:
    reader = EmbeddedStore.open(small_store)

    with writing(str(small_store)) as writer:
        writer.change(small, frozenset(list(small)[:3]))

    assert reader.quads() == small
    assert len(EmbeddedStore.open(small_store).quads()) == 3


def test_a_store_opens_at_every_moment_of_being_built_anew(small_store: Path, small: frozenset[ox.Quad]) -> None:
    stop = threading.Event()

    def build_again_and_again() -> None:
        while not stop.is_set():
            put(small_store, small)

    builder = threading.Thread(target=build_again_and_again)
    builder.start()
    try:
        found = [EmbeddedStore.open(small_store).quads() == small for _ in range(60)]
    finally:
        stop.set()
        builder.join()

    assert all(found)


# --- two writers ------------------------------------------------------------------------------------

HOLDER = """
import sys, time
from kg.store import writing
with writing(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.readline()
"""


def holding(folder: Path) -> subprocess.Popen[str]:
    """Start a process that holds the lock of a store until it is told to go on."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_writer_is_told_who_holds_the_lock(
    small_store: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(kg.store.folder, "LOCK_PATIENCE", 0.1)
    with holding(small_store) as first:
        before = bytes_of(small_store)

        with pytest.raises(StoreLocked, match=rf"process {first.pid} \(since .*\) is writing to this store"):  # noqa: SIM117
            with writing(str(small_store)):
                pass

        assert bytes_of(small_store) == before
        first.communicate("go on\n")
    assert f"waiting for process {first.pid}" in capsys.readouterr().err


def test_a_second_writer_waits_until_the_first_is_done(small_store: Path, small: frozenset[ox.Quad]) -> None:
    with holding(small_store) as first:
        timer = threading.Timer(0.3, first.communicate, ["go on\n"])
        timer.start()

        put(small_store, small)

        timer.join()
    assert first.returncode == 0


def test_the_lock_of_a_killed_writer_is_free(small_store: Path, small: frozenset[ox.Quad]) -> None:
    with holding(small_store) as first:
        first.kill()
        first.communicate()
    assert (small_store / "holder.json").exists()

    put(small_store, small)

    assert not (small_store / "holder.json").exists()


@pytest.mark.parametrize("content", ["", "[]", "{}", "null", "\x00"])
def test_a_holder_that_cannot_be_read_is_another_process(
    content: str, small_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kg.store.folder, "LOCK_PATIENCE", 0.05)
    with holding(small_store) as first:
        (small_store / "holder.json").write_text(content)

        with pytest.raises(StoreLocked, match="another process is writing"):  # noqa: SIM117
            with writing(str(small_store)):
                pass

        first.communicate("go on\n")


# --- killed -----------------------------------------------------------------------------------------

BUSY = """
import sys
from pathlib import Path
from kg.dataset import read_files, read_project
from kg.store import writing
place, how, *files = sys.argv[1:]
one = read_project().quads
other = one | read_files([Path(file) for file in files]).quads
print("ready", flush=True)
while True:
    with writing(place) as writer:
        if how == "build":
            writer.replace(other)
            writer.replace(one)
        else:
            writer.change(one, other)
            writer.change(other, one)
"""


@pytest.mark.parametrize("how", ["build", "change"])
def test_a_store_whose_writer_is_killed_is_the_one_before_or_the_one_after(
    how: str, own_store: Path, shipped: Dataset, small: frozenset[ox.Quad]
) -> None:
    one, other = shipped.quads, shipped.quads | small
    allowed = [(one, facts(one)), (other, facts(other))]

    for delay in (0.05, 0.11, 0.17, 0.23):
        command = [sys.executable, "-c", BUSY, str(own_store), how, *map(str, EXAMPLE_FILES)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as busy:
            assert busy.stdout is not None
            busy.stdout.readline()
            time.sleep(delay)
            busy.kill()
        found = everything(own_store)
        assert found in allowed
        with writing(str(own_store)) as writer:
            writer.change(found[0], one)
        assert everything(own_store) == allowed[0]


# --- stores that are not there, not ours, or not whole ----------------------------------------------


def test_no_store_is_told_from_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(StoreMissing, match="there is no store here") as caught:
        open_store(str(tmp_path / "nothing"))

    assert caught.value.mend == "run: kg build"
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize("pointer", [{"format": 99, "version": "9.9"}, {"format": "x", "generation": "generation-1"}])
def test_a_store_of_another_layout_is_not_read(pointer: dict[str, object], small_store: Path) -> None:
    (small_store / "current").write_text(json.dumps(pointer))

    with pytest.raises(StoreVersionMismatch, match=rf"the store has layout .*; this version reads {FORMAT}"):
        open_store(str(small_store))


@pytest.mark.parametrize(
    "pointer",
    ["", "no json", "[1]", "null", "{}", '"x"', f'{{"format": {FORMAT}}}', "\xff", '{"format": 1, "tables": 3}'],
)
def test_a_pointer_that_is_none_is_an_error_that_says_so(pointer: str, small_store: Path) -> None:
    (small_store / "current").write_bytes(pointer.encode("latin-1"))

    with pytest.raises(StoreError, match=r"is not the pointer of a store|names no generation"):
        open_store(str(small_store))


def test_a_store_whose_files_are_gone_does_not_open_and_is_not_made_anew(small_store: Path) -> None:
    [generation] = small_store.glob("generation-*[0-9]")
    shutil.rmtree(generation)

    with pytest.raises(StoreError, match="the store does not open"):
        open_store(str(small_store))

    assert not generation.exists()


def test_a_damaged_store_does_not_open(small_store: Path) -> None:
    [generation] = small_store.glob("generation-*[0-9]")
    (generation / "CURRENT").write_text("nonsense")

    with pytest.raises(StoreError, match="the store does not open"):
        open_store(str(small_store))


@pytest.mark.parametrize("place", ["file/store", "/proc/kg-store"])
def test_a_place_that_takes_no_files_is_an_error_with_its_reason(
    place: str, tmp_path: Path, small: frozenset[ox.Quad]
) -> None:
    (tmp_path / "file").write_text("not a folder")

    with pytest.raises(StoreError, match=r"cannot be written: (Not a directory|No such file or directory)"):
        put(tmp_path / place, small)


def test_a_place_that_is_a_file_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")

    with pytest.raises(StoreError, match="Not a directory"):
        open_store(str(tmp_path / "file"))


# A limit on the size of a file acts as a full disk does: the write fails in the middle.
FULL = """
import resource, sys
from pathlib import Path
from kg.dataset import read_files, read_project
from kg.errors import StoreError
from kg.store import writing
place, how, limit, *files = sys.argv[1:]
one = read_project().quads
other = one | read_files([Path(file) for file in files]).quads
with writing(place) as writer:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
    try:
        writer.replace(other) if how == "build" else writer.change(one, other)
    except StoreError as error:
        print(error)
    else:
        print("done")
"""


@pytest.mark.parametrize("limit", [0, 200, 4_000, 60_000])
@pytest.mark.parametrize("how", ["build", "change"])
def test_a_disk_that_fills_up_leaves_the_store_as_it_was(
    how: str, limit: int, own_store: Path, shipped: Dataset
) -> None:
    before = bytes_of(own_store)
    command = [sys.executable, "-c", FULL, str(own_store), how, str(limit), *map(str, EXAMPLE_FILES)]

    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    assert (done.returncode, done.stderr) == (0, "")
    if done.stdout == "done\n":
        assert limit > 4_000
        return
    assert "cannot be written" in done.stdout
    assert "free some space" in done.stdout
    assert everything(own_store) == (shipped.quads, facts(shipped.quads))
    if how == "build":
        assert bytes_of(own_store) == before


def test_a_writer_of_no_store_has_no_quads(tmp_path: Path) -> None:
    assert EmbeddedWriter(tmp_path).quads() == frozenset()


def test_the_hash_of_the_dataset_is_noted_with_each_change_and_never_a_wrong_one(
    small_store: Path, small: frozenset[ox.Quad], monkeypatch: pytest.MonkeyPatch
) -> None:
    fewer = frozenset(list(small)[:3])
    with writing(str(small_store)) as writer:
        assert writer.change(small, fewer).dataset_hash == dataset_hash(fewer)
    assert EmbeddedStore.open(small_store).noted == dataset_hash(fewer)

    def broken(*_: object) -> None:
        raise OSError("no space")

    monkeypatch.setattr("kg.store.embedded.apply", broken)
    with writing(str(small_store)) as writer, pytest.raises(StoreError, match="no space"):
        writer.change(fewer, small)

    left = EmbeddedStore.open(small_store)
    assert left.quads() == fewer
    assert left.noted == dataset_hash(fewer)


def test_a_swap_that_is_done_and_cannot_be_synced_keeps_its_database(
    small_store: Path, small: frozenset[ox.Quad], monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(folder: Path) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("kg.store.folder.sync_folder", failing)
    fewer = frozenset(list(small)[:3])

    with writing(str(small_store)) as writer, pytest.raises(StoreError, match="cannot be written: Input/output error"):
        writer.replace(fewer)

    monkeypatch.undo()
    assert EmbeddedStore.open(small_store).quads() == fewer


def test_a_change_is_in_tables_that_the_engine_misses_and_not_in_its_log(
    small_store: Path, small: frozenset[ox.Quad]
) -> None:
    with writing(str(small_store)) as writer:
        writer.change(small, frozenset(list(small)[:3]))

    [generation] = small_store.glob("generation-*[0-9]")
    assert [path.stat().st_size for path in generation.glob("*.log")] == [0]


def test_a_bit_that_was_lost_does_not_pass_for_the_truth_after_a_change(
    small_store: Path, small: frozenset[ox.Quad]
) -> None:
    [generation] = small_store.glob("generation-*[0-9]")
    table = max(generation.glob("*.sst"), key=lambda path: path.stat().st_size)
    times, data = (table.stat().st_atime_ns, table.stat().st_mtime_ns), bytearray(table.read_bytes())
    data[len(data) // 2] ^= 1
    table.write_bytes(data)
    os.utime(table, ns=times)

    with writing(str(small_store)) as writer, pytest.raises(StoreDamaged, match="a file of it is damaged"):
        writer.quads()
    with writing(str(small_store)) as writer, pytest.raises(StoreDamaged, match="a file of it is damaged"):
        writer.change(small, small)

    with pytest.raises(StoreDamaged, match="a file of it is damaged"):
        open_store(str(small_store))
