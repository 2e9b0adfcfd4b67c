"""The way in: a document and its claims in, replaced or out, whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pyoxigraph as ox
import pytest
from support import EXAMPLE, EXAMPLE_FILES, FIRST, bytes_of

from kg import gate, terms
from kg.claim import claims_from
from kg.dataset import Dataset, canonical_lines, dataset_hash, facts, graph_of, read_files, slug_of
from kg.document import documents_from
from kg.errors import DataError, KgError, NotConforming, ParseFailure, StoreMissing, UnknownEntity
from kg.store import EmbeddedStore


def held(folder: Path) -> frozenset[ox.Quad]:
    return EmbeddedStore.open(folder).quads()


def changed(folder: Path, old: str, new: str, which: int = 1) -> Path:
    """Write the example's claims (or with 0 its description) with another text in it."""
    text = EXAMPLE_FILES[which].read_text(encoding="utf-8")
    assert old in text
    path = folder / EXAMPLE_FILES[which].name
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


def without_provision(folder: Path) -> Path:
    """Write the example's claims without the one on the provision, and without the name of the provision."""
    before, _, rest = EXAMPLE_FILES[1].read_text(encoding="utf-8").partition(f"claim:{EXAMPLE}-c02 a")
    name = next(line for line in before.splitlines(keepends=True) if line.startswith("id:prov-"))
    path = folder / EXAMPLE_FILES[1].name
    path.write_text(before.replace(name, "") + rest.partition("\n}\n")[2], encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def background(shipped: Dataset) -> frozenset[ox.Quad]:
    """The ontology and the reference data."""
    return frozenset(quad for quad in shipped.quads if not slug_of(quad))


# --- add --------------------------------------------------------------------------------------------


def test_a_document_comes_in_with_its_claims(own_store: Path, shipped: Dataset) -> None:
    outcome = gate.add(str(own_store), EXAMPLE_FILES)

    expected = shipped.quads | read_files(EXAMPLE_FILES).quads
    assert held(own_store) == expected
    assert outcome.dataset_hash == dataset_hash(expected)
    assert (outcome.slugs, outcome.replaced) == ((EXAMPLE,), ())
    assert outcome.documents == len(documents_from(shipped.quads)) + 1
    assert outcome.claims == len(claims_from(shipped.quads)) + 3
    assert outcome.report.conforms


def test_what_comes_in_joins_the_facts_view_as_far_as_it_is_fact(bare_store: Path) -> None:
    gate.add(str(bare_store), EXAMPLE_FILES)

    store = EmbeddedStore.open(bare_store)
    assert store.query("ASK { id:ev-uy-py-transit-signature pact:occurrence pv:occurred }")
    assert not store.query("ASK { id:ev-uy-py-transit-termination pact:occurrence ?any }")
    assert store.query("ASK { GRAPH ?claim { id:ev-uy-py-transit-termination pact:occurrence pv:occurred } }")
    assert not store.query("ASK { id:prov-uy-py-transit-send pact:toState ?any }")


def test_adding_the_same_again_changes_nothing(bare_store: Path) -> None:
    first = gate.add(str(bare_store), EXAMPLE_FILES)
    second = gate.add(str(bare_store), EXAMPLE_FILES)

    assert second.dataset_hash == first.dataset_hash
    assert second.replaced == ()


def test_claims_given_alone_replace_all_claims_of_their_document_and_leave_its_description(
    bare_store: Path, background: frozenset[ox.Quad], tmp_path: Path
) -> None:
    gate.add(str(bare_store), EXAMPLE_FILES)
    fewer = without_provision(tmp_path)
    with fewer.open("a", encoding="utf-8") as file:
        file.write(f"\nclaim:{EXAMPLE}-c01 pact:evidence passage:p1s2 .\n")

    outcome = gate.add(str(bare_store), [fewer])

    assert outcome.replaced == (EXAMPLE,)
    assert held(bare_store) == background | read_files([EXAMPLE_FILES[0], fewer]).quads
    assert [c.iri[-3:] for c in claims_from(held(bare_store)) if EXAMPLE in c.iri] == ["c01", "c03"]


def test_a_description_given_alone_replaces_the_description_and_leaves_the_claims(
    bare_store: Path, background: frozenset[ox.Quad], tmp_path: Path
) -> None:
    gate.add(str(bare_store), EXAMPLE_FILES)
    renamed = changed(tmp_path, "Example of a transit pact", "Another title", which=0)

    outcome = gate.add(str(bare_store), [renamed])

    assert outcome.replaced == (EXAMPLE,)
    assert held(bare_store) == background | read_files([renamed, EXAMPLE_FILES[1]]).quads


def test_the_shipped_document_is_replaced_by_its_own_files_without_a_trace(own_store: Path, shipped: Dataset) -> None:
    gate.add(str(own_store), [shipped.sources[terms.GRAPH + f"claims/{FIRST}"]])

    assert held(own_store) == shipped.quads


# --- remove -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [EXAMPLE, f"doc:{EXAMPLE}", terms.DOC + EXAMPLE, f"<{terms.DOC}{EXAMPLE}>"])
def test_a_document_goes_with_its_passages_and_its_claims(
    name: str, bare_store: Path, background: frozenset[ox.Quad]
) -> None:
    gate.add(str(bare_store), EXAMPLE_FILES)

    outcome = gate.remove(str(bare_store), name)

    assert held(bare_store) == background
    assert outcome.slugs == (EXAMPLE,)
    assert outcome.dataset_hash == dataset_hash(background)


def test_every_document_can_go(own_store: Path, shipped: Dataset) -> None:
    for document in documents_from(shipped.quads):
        gate.remove(str(own_store), document.slug)

    left = held(own_store)
    assert left == {
        quad for quad in shipped.quads if "/graph/ontology/" in graph_of(quad) or "/graph/reference/" in graph_of(quad)
    }
    assert {quad for quad in EmbeddedStore.open(own_store).engine if quad.graph_name == ox.DefaultGraph()} == facts(
        left
    )


@pytest.mark.parametrize(
    "name", ["nothing", "doc:nothing", "", "doc:", "id:us", f"doc:{FIRST}#p1s1", FIRST[:-1], "../x"]
)
def test_a_document_that_is_not_there_is_not_removed_and_those_that_are_are_named(name: str, own_store: Path) -> None:
    before = bytes_of(own_store)

    with pytest.raises(UnknownEntity, match=r"there is no document") as caught:
        gate.remove(str(own_store), name)

    assert FIRST in (caught.value.mend or "")
    assert bytes_of(own_store) == before


# --- what does not conform --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("passage:p1s1", "passage:p9s9", "p9s9"),
        ("pact:statedBy     id:example-league", "pact:statedBy     id:nobody", "nobody"),
    ],
)
def test_what_does_not_conform_changes_no_byte(old: str, new: str, said: str, bare_store: Path, tmp_path: Path) -> None:
    text = EXAMPLE_FILES[1].read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "bad.trig").write_text(text.replace(old, new), encoding="utf-8")
    before = bytes_of(bare_store)

    with pytest.raises(NotConforming, match=said) as caught:
        gate.add(str(bare_store), [EXAMPLE_FILES[0], tmp_path / "bad.trig"])

    assert bytes_of(bare_store) == before
    assert "bad.trig" in str(caught.value)
    assert "nothing was changed" in str(caught.value)


def test_claims_of_a_document_that_is_not_there_change_no_byte(bare_store: Path) -> None:
    before = bytes_of(bare_store)

    with pytest.raises(NotConforming, match=EXAMPLE):
        gate.add(str(bare_store), EXAMPLE_FILES[1:])

    assert bytes_of(bare_store) == before


def test_a_description_whose_passages_nothing_covers_changes_no_byte(bare_store: Path) -> None:
    before = bytes_of(bare_store)

    with pytest.raises(NotConforming, match="p1s1"):
        gate.add(str(bare_store), EXAMPLE_FILES[:1])

    assert bytes_of(bare_store) == before


@pytest.mark.parametrize(
    "intruder",
    [
        f"claim:{FIRST}-c01 {{ id:uy-py-transit a pact:Agreement ; pact:party id:uy, id:py }}",
        f"<{terms.GRAPH}claims/{FIRST}> {{ claim:{FIRST}-c01 pact:reviewStatus pv:rejected }}",
        f"<{terms.GRAPH}document/{FIRST}> {{ doc:{FIRST} pact:paragraphCount 1 }}",
        f"<{terms.GRAPH}reference/states> {{ id:sv a pact:Policy }}",
        f"<{terms.GRAPH}ontology/actors> {{ pact:State a <http://www.w3.org/2002/07/owl#Class> }}",
        "<https://example.org/graph> { id:uy-py-transit a pact:Agreement }",
        "_:graph { id:uy-py-transit a pact:Agreement }",
        f"claim:{FIRST}-c01 pact:reviewStatus pv:rejected .",
        f"claim:{FIRST}-c02 pact:modality pv:factual .",
        f"passage:p1s1 pact:evidence claim:{FIRST}-c01 .",
        "id:us-sv-aca-1 pact:party id:mx .",
        "id:us-sv-aca-1 a pact:Agreement .",
        'id:sv skos:prefLabel "Elsewhere"@en .',
        "id:marco-rubio a pact:State .",
        "pv:alleged skos:inScheme pv:status .",
        "pact:State a <http://www.w3.org/2002/07/owl#ObjectProperty> .",
        f"doc:{FIRST} pact:paragraphCount 3 .",
        f"claim:{EXAMPLE}-c01 {{ claim:{FIRST}-c02 pact:modality pv:factual }}",
        f"claim:{EXAMPLE}-c01 {{ id:sv a pact:Policy }}",
        f"claim:{EXAMPLE}-c01 {{ id:us-sv-aca-1 a pact:Agreement ; pact:party <<( id:us pact:party id:sv )>> }}",
    ],
)
def test_a_file_that_reaches_into_what_is_not_its_own_changes_no_byte(
    intruder: str, own_store: Path, bare_store: Path, tmp_path: Path
) -> None:
    place = own_store if FIRST in intruder or "us-sv-aca-1" in intruder else bare_store
    path = tmp_path / "intruder.trig"
    path.write_text(EXAMPLE_FILES[1].read_text(encoding="utf-8") + "\n" + intruder + "\n", encoding="utf-8")
    before = bytes_of(place)

    with pytest.raises(DataError):
        gate.add(str(place), [EXAMPLE_FILES[0], path])

    assert bytes_of(place) == before


def test_removing_what_others_need_changes_no_byte(bare_store: Path, tmp_path: Path) -> None:
    gate.add(str(bare_store), EXAMPLE_FILES)
    before = bytes_of(bare_store)
    second = tmp_path / "second"
    second.mkdir()
    for path in EXAMPLE_FILES:
        text = path.read_text(encoding="utf-8").replace(EXAMPLE, "second-example")
        names = [
            line for line in text.splitlines(keepends=True) if line.startswith("id:") and "second-example" not in line
        ]
        for line in names:
            text = text.replace(line, "")
        (second / path.name).write_text(text.replace("-signature", "-signature-2"), encoding="utf-8")
    text = (second / EXAMPLE_FILES[1].name).read_text(encoding="utf-8")
    label = (
        'id:ev-uy-py-transit-signature-2 skos:prefLabel "second signature (example)"@en .\n\nclaim:second-example-c01 a'
    )
    (second / EXAMPLE_FILES[1].name).write_text(text.replace("claim:second-example-c01 a", label), encoding="utf-8")
    gate.add(str(bare_store), sorted(second.iterdir()))
    before = bytes_of(bare_store)

    with pytest.raises(NotConforming):
        gate.remove(str(bare_store), EXAMPLE)

    assert bytes_of(bare_store) == before


@pytest.mark.parametrize(
    ("content", "error"), [("", DataError), ("id:a id:b", ParseFailure), ("\x00" * 100, ParseFailure)]
)
def test_a_file_that_cannot_be_used_changes_no_byte(
    content: str, error: type[KgError], own_store: Path, tmp_path: Path
) -> None:
    (tmp_path / "bad.trig").write_text(content, encoding="utf-8")
    before = bytes_of(own_store)

    with pytest.raises(error, match=r"bad\.trig"):
        gate.add(str(own_store), [EXAMPLE_FILES[0], tmp_path / "bad.trig"])

    assert bytes_of(own_store) == before


def test_nothing_is_added_to_a_store_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StoreMissing, match="there is no store here"):
        gate.add(str(tmp_path / "none"), EXAMPLE_FILES)
    with pytest.raises(StoreMissing, match="there is no store here"):
        gate.remove(str(tmp_path / "none"), EXAMPLE)

    assert not (tmp_path / "none").exists()


# --- build ------------------------------------------------------------------------------------------


def test_a_build_from_what_was_written_out_gives_the_same_dataset(bare_store: Path, tmp_path: Path) -> None:
    before = gate.add(str(bare_store), EXAMPLE_FILES)
    path = tmp_path / "all.nq"
    path.write_bytes(b"\n".join(canonical_lines(held(bare_store))) + b"\n")

    outcome = gate.build(str(tmp_path / "copy"), [path])

    assert outcome.dataset_hash == before.dataset_hash
    assert held(tmp_path / "copy") == held(bare_store)


def test_a_build_that_does_not_conform_leaves_the_store_there_was(own_store: Path) -> None:
    before = bytes_of(own_store)

    with pytest.raises(NotConforming):
        gate.build(str(own_store), EXAMPLE_FILES)

    assert bytes_of(own_store) == before


def test_a_build_that_does_not_conform_makes_no_store(tmp_path: Path) -> None:
    with pytest.raises(NotConforming):
        gate.build(str(tmp_path / "new"), EXAMPLE_FILES)

    assert not (tmp_path / "new").exists()


def test_progress_is_told_in_steps(tmp_path: Path) -> None:
    told: list[str] = []

    gate.build(str(tmp_path / "new"), progress=told.append)

    assert told
    assert all(told)
