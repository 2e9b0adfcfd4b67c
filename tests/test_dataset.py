"""The dataset: files in their graphs, a view that holds facts only, and a hash that anybody can work out."""

from __future__ import annotations

from hashlib import sha256
from itertools import product
from pathlib import Path

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import EXAMPLE, EXAMPLE_FILES, PREFIXES

from kg import terms
from kg.claim import claims_from
from kg.dataset import (
    Dataset,
    canonical_lines,
    dataset_hash,
    facts,
    graph_of,
    graphs_of,
    parse,
    part_name,
    part_notes,
    read_files,
    read_project,
)
from kg.errors import DataError, KgError, ParseFailure


def quads_of(trig: str) -> set[ox.Quad]:
    return set(ox.parse(PREFIXES + trig, format=ox.RdfFormat.TRIG))


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(PREFIXES + text, encoding="utf-8")
    return path


# --- hash -------------------------------------------------------------------------------------------


def by_rdfc10(quads: set[ox.Quad] | frozenset[ox.Quad]) -> str:
    """The hash worked out by the engine's own RDFC-1.0."""
    dataset = ox.Dataset(quads)
    dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    lines = sorted((ox.serialize([quad], format=ox.RdfFormat.N_QUADS) or b"") for quad in dataset)
    return sha256(b"".join(lines)).hexdigest()


names = st.sampled_from([ox.NamedNode(terms.ID + name) for name in "abc"])
literals = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12).map(ox.Literal),
    st.text("\x00\x01\x08\t\n\x0b\x0c\r\x1f\"\\'\x7f\x85\u2028é🜁", max_size=6).map(ox.Literal),
    st.sampled_from(
        [ox.Literal("a", language="en"), ox.Literal("a", language="en-GB"), ox.Literal(1), ox.Literal(True)]
    ),
)
quads = st.builds(ox.Quad, names, names, names | literals, st.one_of(names, st.just(ox.DefaultGraph())))


@given(st.frozensets(quads, max_size=8))
def test_the_hash_of_a_part_is_that_of_rdfc_1_0(found: frozenset[ox.Quad]) -> None:
    for name, note in part_notes(found).items():
        part = frozenset(quad for quad in found if part_name(graph_of(quad)) == name)
        assert note.hash == by_rdfc10(part)
        assert note.quads == len(part)


def test_the_hash_is_that_of_the_list_of_parts(shipped: Dataset) -> None:
    lines = []
    for name in sorted({part_name(graph) for graph in graphs_of(shipped.quads)}):
        part = frozenset(quad for quad in shipped.quads if part_name(graph_of(quad)) == name)
        lines.append(f"{by_rdfc10(part)}  {name}\n")

    assert dataset_hash(shipped.quads) == sha256("".join(lines).encode()).hexdigest()
    claims = f"{terms.GRAPH}claims/el-salvador-asylum-deal"
    assert part_notes(shipped.quads)[claims].claims == len(claims_from(shipped.quads))
    assert part_name(f"{terms.CLAIM}el-salvador-asylum-deal-c07") == claims


def test_canonical_lines_escape_as_the_specification_says() -> None:
    text = 'tab\t line\n return\r quote" back\\ bell\x07 delete\x7f next\x85 é 🜁'
    quad = ox.Quad(ox.NamedNode("http://e.org/s"), ox.NamedNode("http://e.org/p"), ox.Literal(text))

    [line] = canonical_lines([quad])

    expected = 'tab\\t line\\n return\\r quote\\" back\\\\ bell\\u0007 delete\\u007F next\x85 é 🜁'
    assert line.decode() == f'<http://e.org/s> <http://e.org/p> "{expected}" .'


def test_the_hash_depends_on_the_content_and_not_on_the_order(shipped: Dataset) -> None:
    in_order = sorted(shipped.quads, key=str)

    assert dataset_hash(in_order) == dataset_hash(reversed(in_order)) == dataset_hash([*in_order, in_order[0]])
    assert dataset_hash(in_order[1:]) != dataset_hash(in_order)


def test_the_hash_of_nothing_is_the_hash_of_no_bytes() -> None:
    assert dataset_hash([]) == sha256().hexdigest()


def test_the_shipped_data_hold_no_blank_node_and_nothing_outside_a_graph(shipped: Dataset) -> None:
    nodes = [node for quad in shipped.quads for node in (quad.subject, quad.object, quad.graph_name)]

    assert [node for node in nodes if isinstance(node, ox.BlankNode | ox.DefaultGraph)] == []


def test_reading_twice_gives_the_same_dataset(shipped: Dataset) -> None:
    again = read_project()

    assert again.quads == shipped.quads
    assert again.sources == shipped.sources


def test_every_graph_has_the_file_that_it_came_from(shipped: Dataset) -> None:
    assert set(shipped.sources) == graphs_of(shipped.quads)
    assert all(path.is_file() for path in shipped.sources.values())


# --- facts view -------------------------------------------------------------------------------------

CONTENT = ox.Triple(ox.NamedNode(terms.ID + "a"), ox.NamedNode(terms.PACT + "party"), ox.NamedNode(terms.ID + "us"))


def with_claim(modality: str, polarity: str, status: str) -> set[ox.Quad]:
    return quads_of(
        f"""graph:claims/a {{ claim:a-c01 a pact:Claim ; pact:statement "A."@en ; pact:modality pv:{modality} ;
              pact:polarity pv:{polarity} ; pact:reviewStatus pv:{status} }}
            claim:a-c01 {{ id:a pact:party id:us }}""".replace("graph:claims/a", f"<{terms.GRAPH}claims/a>")
    )


WAYS = list(
    product(
        ["factual", "expected", "conditional", "possible", "alleged", "question"],
        ["affirmed", "denied"],
        ["accepted", "draft", "rejected", "superseded"],
    )
)


@pytest.mark.parametrize(("modality", "polarity", "status"), WAYS)
def test_a_hypothetical_never_reaches_a_plain_answer(modality: str, polarity: str, status: str) -> None:
    found = with_claim(modality, polarity, status)
    store = Dataset(frozenset(found | facts(found))).store()

    plainly = store.query("ASK { ?a ?party ?b FILTER(STRENDS(STR(?party), 'party')) }")
    in_its_claim = store.query("ASK { GRAPH ?claim { ?a ?party ?b FILTER(STRENDS(STR(?party), 'party')) } }")
    record = store.query("ASK { ?claim ?statement 'A.'@en }")

    assert bool(plainly) == ((modality, polarity, status) == ("factual", "affirmed", "accepted"))
    assert in_its_claim
    assert record


def test_a_claim_graph_without_a_record_is_no_fact() -> None:
    found = quads_of("claim:a-c01 { id:a pact:party id:us }")

    assert facts(found) == set()


def test_a_graph_that_is_none_of_ours_is_no_fact() -> None:
    found = quads_of("<https://example.org/g> { id:a pact:party id:us } _:g { id:b pact:party id:us }")

    assert facts(found) == set()


def test_the_facts_view_of_the_shipped_data_is_metadata_and_factual_content_and_nothing_else(shipped: Dataset) -> None:
    view = {quad.triple for quad in facts(shipped.quads)}
    factual = {claim.iri for claim in claims_from(shipped.quads) if claim.is_fact}

    expected = {
        quad.triple for quad in shipped.quads if graph_of(quad).startswith(terms.GRAPH) or graph_of(quad) in factual
    }

    assert view == expected
    assert CONTENT not in view


def test_what_is_only_alleged_or_conditional_in_the_shipped_data_is_in_no_plain_answer(shipped: Dataset) -> None:
    view = {quad.triple for quad in facts(shipped.quads)}
    claims = claims_from(shipped.quads)
    factual = {triple for claim in claims if claim.is_fact for triple in claim.content}

    said_only = {triple for claim in claims if not claim.is_fact for triple in claim.content} - factual

    assert said_only
    assert said_only & view == set()


# --- placement of loose triples ---------------------------------------------------------------------


def test_loose_triples_go_to_the_document_and_to_its_claims() -> None:
    found = read_files(EXAMPLE_FILES)

    graphs = {graph.removeprefix(terms.GRAPH).removeprefix(terms.CLAIM) for graph in graphs_of(found.quads)}

    assert graphs == {f"document/{EXAMPLE}", f"claims/{EXAMPLE}", *(f"{EXAMPLE}-c0{n}" for n in (1, 2, 3))}
    document = {quad.subject.value for quad in found.quads if "/graph/document/" in graph_of(quad)}  # type: ignore[union-attr]
    assert all(iri.partition("#")[0] == terms.DOC + EXAMPLE for iri in document)


def test_a_document_and_its_claims_in_one_file_are_parted_the_same_way(tmp_path: Path) -> None:
    together = tmp_path / "both.trig"
    together.write_text("\n".join(path.read_text(encoding="utf-8") for path in EXAMPLE_FILES), encoding="utf-8")

    assert read_files([together]).quads == read_files(EXAMPLE_FILES).quads


def test_quads_that_have_a_graph_stay_in_it(shipped: Dataset, tmp_path: Path) -> None:
    path = tmp_path / "all.nq"
    path.write_bytes(b"\n".join(canonical_lines(shipped.quads)) + b"\n")

    assert read_files([path]).quads == shipped.quads


def test_a_file_about_two_documents_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "two.ttl", "doc:a a pact:SourceDocument . doc:b a pact:SourceDocument .")

    with pytest.raises(DataError, match=r"two.ttl: speaks of 2 documents: doc:a, doc:b") as caught:
        read_files([path])

    assert "one file a document" in (caught.value.mend or "")


def test_a_file_about_no_document_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "none.ttl", "id:a a pact:State .")

    with pytest.raises(DataError, match=r"none.ttl: holds no document and no claim"):
        read_files([path])


def test_a_document_outside_the_namespace_of_documents_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "other.ttl", "<https://example.org/a> a pact:SourceDocument .")

    with pytest.raises(DataError, match=r"the document is not a doc: IRI: https://example\.org/a"):
        read_files([path])


# --- parsing ----------------------------------------------------------------------------------------


def test_a_file_that_does_not_parse_gives_line_and_column(tmp_path: Path) -> None:
    path = tmp_path / "broken.ttl"
    path.write_text("@prefix id: <https://e.org/> .\nid:a id:b .\n", encoding="utf-8")

    with pytest.raises(ParseFailure, match=r"broken\.ttl:2:11: is not Turtle"):
        list(parse(path))


@pytest.mark.parametrize("ending", ["ttl", "trig", "nq", "nt", "jsonld", "rdf", "TTL"])
def test_an_empty_file_is_refused_in_every_format(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"empty.{ending}"
    path.touch()

    with pytest.raises(DataError, match=rf"empty\.{ending}"):
        list(parse(path))


@pytest.mark.parametrize("name", ["claims.html", "claims", "claims.csv"])
def test_an_ending_that_names_no_format_is_refused_with_those_that_do(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text("x", encoding="utf-8")

    with pytest.raises(DataError, match="names no RDF format") as caught:
        list(parse(path))

    assert "Turtle (.ttl)" in (caught.value.mend or "")


def test_a_file_that_is_not_there_is_an_error_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(KgError, match=r"gone\.ttl: cannot be read: No such file"):
        list(parse(tmp_path / "gone.ttl"))


@pytest.mark.parametrize("ending", ["ttl", "trig", "nq", "nt", "jsonld", "rdf"])
@pytest.mark.parametrize("content", [b"\x00" * 64, b"\xff\xfe\x00", b"<html><body>no</body></html>", b"PK\x03\x04rest"])
def test_bytes_that_are_no_rdf_are_a_parse_failure_in_every_format(ending: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / f"noise.{ending}"
    path.write_bytes(content)

    with pytest.raises(DataError, match=rf"noise\.{ending}"):
        list(parse(path))
