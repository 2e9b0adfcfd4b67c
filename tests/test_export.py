"""Exports: they read back as they were, are the same on every run, and are whole or not there."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pyoxigraph as ox
import pytest
import rdflib
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kg import project, terms
from kg.dataset import dataset_hash, facts, graph_of, read_files, read_project
from kg.errors import KgError, UsageError
from kg.export import FORMATS, export, export_tables, safe_cell, write

PARSERS = {"trig": ox.RdfFormat.TRIG, "nquads": ox.RdfFormat.N_QUADS, "jsonld": ox.RdfFormat.JSON_LD}
PREFIXES = "".join(f"PREFIX {name}: <{iri}>\n" for name, iri in terms.PREFIXES.items())
EXAMPLE = """
PREFIX p: <https://w3id.org/pactgraph/document/a-b#>
<https://w3id.org/pactgraph/graph/ontology/x> {
  pact:LifecycleEvent rdfs:label "life-cycle event"@en ; rdfs:subClassOf pact:Event .
  pact:Treaty rdfs:subClassOf pact:Agreement .
  pact:revives rdfs:label "revives"@en .
  pv:conditional a skos:Concept ; skos:prefLabel "conditional"@en .
  pv:scheme-wikidata a pact:IdentifierScheme ; skos:prefLabel "Wikidata"@en ;
    pact:iriPrefix "http://www.wikidata.org/entity/" .
}
<https://w3id.org/pactgraph/graph/reference/x> {
  id:sv a pact:State ; skos:prefLabel "El Salvador"@en, "El Salvador"@es ; skos:altLabel "=cmd()"@en ;
    skos:notation "SV"^^pact:iso3166-1-alpha-2 ; skos:exactMatch <http://www.wikidata.org/entity/Q792> .
  id:us a pact:State ; skos:prefLabel "United States"@en .
}
<https://w3id.org/pactgraph/graph/document/a-b> {
  doc:a-b a pact:SourceDocument ; skos:prefLabel "A report"@en ; pact:charCount 90 ;
    pact:latestDate "2025-02-10"^^xsd:date .
  p:p2s1 a pact:Passage ; dcterms:isPartOf doc:a-b ; pact:paragraph 2 ; pact:sentence 1 ; oa:hasSelector p:c .
  p:p10s1 a pact:Passage ; dcterms:isPartOf doc:a-b ; pact:paragraph 10 ; pact:sentence 1 .
  p:c a oa:TextPositionSelector ; oa:start 0 ; oa:end 12 .
}
<https://w3id.org/pactgraph/graph/claims/a-b> {
  id:pact-1 skos:prefLabel "an earlier pact"@en .
  id:pact-2 skos:prefLabel "a pact, “new”"@en ; skos:altLabel "the new pact"@en .
  id:ev skos:prefLabel "an end"@en .
  claim:a-b-c1 a pact:Claim ; pact:statement "The pact ended."@en ; pact:evidence p:p10s1, p:p2s1 ;
    pact:fromDocument doc:a-b ; pact:statedBy id:sv ;
    pact:modality pv:factual ; pact:polarity pv:affirmed ; pact:reviewStatus pv:accepted .
  claim:a-b-c9 a pact:Claim ; pact:statement "It would come back."@en ; pact:evidence p:p2s1 ;
    pact:fromDocument doc:a-b ;
    pact:modality pv:conditional ; pact:polarity pv:affirmed ; pact:reviewStatus pv:accepted .
  claim:a-b-c10 a pact:Claim ; pact:statement "It ended in May."@en ; pact:evidence p:p2s1 ;
    pact:fromDocument doc:a-b ;
    pact:modality pv:factual ; pact:polarity pv:affirmed ; pact:reviewStatus pv:accepted .
}
claim:a-b-c1 {
  id:pact-1 a pact:Agreement ; pact:party id:us, id:sv .
  id:ev a pact:LifecycleEvent ; pact:eventOf id:pact-1 ; pact:performedBy id:sv .
}
claim:a-b-c9 { id:pact-2 a pact:Treaty ; pact:revives id:pact-1 . id:pact-1 a pact:Agreement . }
claim:a-b-c10 { id:ev pact:earliestDate "2021-05-01"^^xsd:date ; pact:latestDate "2021-05-31"^^xsd:date . }
"""

Quads = frozenset[ox.Quad]


@pytest.fixture(scope="module")
def example() -> Quads:
    return frozenset(ox.parse(PREFIXES + EXAMPLE, format=ox.RdfFormat.TRIG))


@pytest.fixture(scope="module")
def shipped() -> Quads:
    return read_project().quads


def table(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8"), newline="")))


def tables_of(quads: Quads, folder: Path) -> dict[str, list[dict[str, str]]]:
    return {path.stem: table(path.read_bytes()) for path in export_tables(quads, folder)}


# Random datasets in the project's layout

LEGAL = st.sampled_from("abzÅé漢😀09-._~!$&'()*,;=:@/?%41")
LOCAL = st.text(LEGAL, max_size=8).map(lambda text: text.replace("%", "%2F").replace("/", "/x"))
IRIS = st.one_of(
    st.builds(
        "{}{}".format, st.sampled_from([terms.ID, terms.PV, terms.DOC, terms.BASE, terms.RDF, terms.SKOS]), LOCAL
    ),
    st.builds("http://example.org/{}".format, LOCAL),
    st.sampled_from(
        [
            terms.DOC + "a-b#p3s1",
            terms.DOC + "a-b#char=1,2",
            "urn:x:y",
            "mailto:a@b.org",
            "http://[::1]/a?b#c",
            "http://e.org/a/../b",
        ]
    ),
    st.sampled_from([terms.ID, terms.ID + "sv", "https://id", "schema://x", terms.PACT + "Agreement"]),
).map(ox.NamedNode)
PREDICATES = st.one_of(
    st.sampled_from(sorted(name for name in terms.PREFIXES if name not in ("rdf", "sh")))
    .flatmap(
        lambda prefix: st.builds((terms.PREFIXES[prefix] + "{}").format, st.sampled_from(["p", "end", "a-b", "é"]))
    )
    .map(ox.NamedNode),
    st.sampled_from(["type", "party", "statement", "charCount", "earliestDate", "singleValued", "contentHash"]).map(
        lambda name: ox.NamedNode(terms.PACT + name)
    ),
    st.sampled_from([terms.SKOS + "prefLabel", terms.SKOS + "notation", terms.RDF + "type"]).map(ox.NamedNode),
)
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\n\r\t\"'\\<&>{}"), max_size=12)
DATATYPES = [*(terms.XSD + name for name in ("integer", "decimal", "boolean", "date", "gYear")), terms.PACT + "un-m49"]
LEXICAL = ["4304", "007", "-0", "+5", "9007199254740993", "1.50", "true", "1", "2021-01-20", "not a number", ""]
LITERALS = st.one_of(
    st.builds(ox.Literal, TEXTS),
    st.builds(
        lambda text, language: ox.Literal(text, language=language), TEXTS, st.sampled_from(["en", "es", "zh-hant"])
    ),
    st.builds(
        lambda text, datatype: ox.Literal(text, datatype=ox.NamedNode(datatype)),
        st.sampled_from(LEXICAL),
        st.sampled_from(DATATYPES),
    ),
)
CLAIMS = st.builds((terms.CLAIM + "{}-c{}").format, st.sampled_from(["a-b", "a-10"]), st.integers(1, 12)).map(
    ox.NamedNode
)
CLASSES = [ox.NamedNode(terms.PACT + name) for name in ("Agreement", "Claim")]
GRAPHS = CLAIMS | st.sampled_from(["reference/x", "document/a-b", "claims/a-b", "ontology/x", "other"]).map(
    lambda name: ox.NamedNode(terms.GRAPH + name)
)


@st.composite
def records(draw: st.DrawFn) -> list[ox.Quad]:
    claim, graph = draw(CLAIMS), ox.NamedNode(terms.GRAPH + "claims/a-b")
    said = {
        "modality": ["factual", "alleged", "conditional"],
        "polarity": ["affirmed", "affirmed", "denied"],
        "reviewStatus": ["accepted", "accepted", "draft"],
    }
    return [
        ox.Quad(claim, ox.NamedNode(terms.RDF + "type"), ox.NamedNode(terms.PACT + "Claim"), graph),
        *(
            ox.Quad(
                claim, ox.NamedNode(terms.PACT + name), ox.NamedNode(terms.PV + draw(st.sampled_from(values))), graph
            )
            for name, values in said.items()
        ),
    ]


DATASETS = st.builds(
    lambda quads, claims: frozenset(quads).union(*claims),
    st.lists(st.builds(ox.Quad, IRIS | CLAIMS, PREDICATES, IRIS | LITERALS, GRAPHS), max_size=12),
    st.lists(records(), max_size=3),
)
# A class without an XML name, such as http://example.org/123, is what RDF/XML refuses: it has a test of its own.
XML_DATASETS = DATASETS.map(
    lambda quads: frozenset(q for q in quads if q.predicate.value != terms.RDF + "type" or q.object in CLASSES)
)
thorough = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@thorough
@given(DATASETS)
@pytest.mark.parametrize("format_", list(PARSERS))
def test_a_dataset_reads_back_as_it_was(format_: str, quads: Quads) -> None:
    data = export(quads, format_)

    assert dataset_hash(ox.parse(data, format=PARSERS[format_])) == dataset_hash(quads)


@thorough
@given(XML_DATASETS)
@pytest.mark.parametrize(("format_", "parser"), [("turtle", ox.RdfFormat.TURTLE), ("rdfxml", ox.RdfFormat.RDF_XML)])
def test_a_graph_format_reads_back_as_the_facts_view(format_: str, parser: ox.RdfFormat, quads: Quads) -> None:
    data = export(quads, format_)

    assert set(ox.parse(data, format=parser)) == facts(quads)


@thorough
@given(XML_DATASETS)
def test_rdf_xml_is_well_formed_for_any_reader(quads: Quads) -> None:
    data = export(quads, "rdfxml")

    properties = [element for thing in ElementTree.fromstring(data) for element in thing]
    texts = [element.text or "" for element in properties if f"{{{terms.RDF}}}resource" not in element.attrib]
    assert sorted(texts) == sorted(quad.object.value for quad in facts(quads) if isinstance(quad.object, ox.Literal))


@thorough
@given(DATASETS)
def test_every_cell_of_every_table_is_safe_and_every_line_is_as_long_as_its_heading(quads: Quads) -> None:
    lines = list(csv.reader(io.StringIO(export(quads, "csv").decode("utf-8"), newline="")))

    assert {len(line) for line in lines} == {len(lines[0])}
    assert [cell for line in lines for cell in line if safe_cell(cell) != cell] == []


# The shipped data
# rdflib's own readers and writers of datasets use what rdflib deprecates.


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("format_", ["trig", "nquads", "jsonld"])
def test_rdflib_reads_the_shipped_data_back_as_they_were(format_: str, shipped: Quads) -> None:
    names = {"trig": "trig", "nquads": "nquads", "jsonld": "json-ld"}

    again = rdflib.Dataset()
    again.parse(data=export(shipped, format_), format=names[format_])

    assert dataset_hash(ox.parse(again.serialize(format="nquads"), format=ox.RdfFormat.N_QUADS)) == dataset_hash(
        shipped
    )


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@settings(thorough, max_examples=30)
@given(DATASETS)
def test_rdflib_reads_any_json_ld_back_as_it_was(quads: Quads) -> None:
    again = rdflib.Dataset()
    rdflib.NORMALIZE_LITERALS = False  # rdflib would write 007 as 7
    try:
        again.parse(data=export(quads, "jsonld"), format="json-ld")
    finally:
        rdflib.NORMALIZE_LITERALS = True

    assert set(ox.parse(again.serialize(format="nquads"), format=ox.RdfFormat.N_QUADS)) == quads


@pytest.mark.parametrize(("format_", "name"), [("turtle", "turtle"), ("rdfxml", "xml")])
def test_rdflib_reads_the_facts_view_back_as_it_was(format_: str, name: str, shipped: Quads) -> None:
    again = rdflib.Graph().parse(data=export(shipped, format_), format=name)

    assert set(ox.parse(again.serialize(format="nt"), format=ox.RdfFormat.N_TRIPLES)) == facts(shipped)


def test_the_bytes_do_not_depend_on_the_run() -> None:
    program = (
        "import sys, hashlib, pathlib, tempfile\n"
        "from kg.dataset import read_project\n"
        "from kg.export import FORMATS, export, export_tables\n"
        "quads = read_project().quads\n"
        "for name in FORMATS: print(name, hashlib.sha256(export(quads, name)).hexdigest())\n"
        "with tempfile.TemporaryDirectory() as folder:\n"
        "    for path in export_tables(quads, pathlib.Path(folder)):\n"
        "        print(path.name, hashlib.sha256(path.read_bytes()).hexdigest())\n"
    )

    runs = [
        subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"PYTHONHASHSEED": seed},
            cwd=Path(__file__).parent.parent,
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("0", "1", "random")
    ]

    assert runs[0].count("\n") > 20
    assert len(set(runs)) == 1


def test_every_property_of_a_kind_of_thing_has_a_column(shipped: Quads, tmp_path: Path) -> None:
    columns = {name for path in export_tables(shipped, tmp_path) for name in header(path)}
    interactions = {row["kind"] for row in table((tmp_path / "interactions.csv").read_bytes())}
    used = {quad.predicate.value for quad in shipped if not graph_of(quad).startswith(terms.GRAPH + "ontology/")}

    ours = {iri.removeprefix(terms.PACT) for iri in used - interactions if iri.startswith(terms.PACT)}
    assert ours - columns - {"statement"} == set()


def header(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").partition("\n")[0].strip().split(",")


# How the files read


def test_turtle_and_trig_put_claims_in_the_order_of_the_document(example: Quads) -> None:
    turtle, trig = export(example, "turtle").decode(), export(example, "trig").decode()

    assert turtle.index("claim:a-b-c1 ") < turtle.index("claim:a-b-c9 ") < turtle.index("claim:a-b-c10 ")
    assert trig.index("\nclaim:a-b-c1 {") < trig.index("\nclaim:a-b-c9 {") < trig.index("\nclaim:a-b-c10 {")
    assert turtle.index("a-b:p2s1 a") < turtle.index("a-b:p10s1 a")


def test_turtle_names_the_type_and_the_label_of_a_thing_first(example: Quads) -> None:
    text = export(example, "turtle").decode()

    assert '\n\nid:us a pact:State ;\n    skos:prefLabel "United States"@en .\n' in text


def test_turtle_declares_the_prefixes_that_it_uses_and_no_other(example: Quads) -> None:
    lines = export(example, "turtle").decode().splitlines()

    declared = [line.split()[1] for line in lines if line.startswith("@prefix ")]
    assert declared == sorted(declared)
    assert "pact:" in declared
    assert "a-b:" in declared
    assert "foaf:" not in declared


def test_a_hypothetical_is_in_no_facts_view(example: Quads) -> None:
    assert b"pact:revives id:pact-1" in export(example, "trig")
    assert b"pact:revives id:pact-1" not in export(example, "turtle")
    assert b"pact:revives rdf:resource" not in export(example, "rdfxml")


def test_an_empty_dataset_is_a_readable_file_in_every_format() -> None:
    for format_, parser in [*PARSERS.items(), ("turtle", ox.RdfFormat.TURTLE), ("rdfxml", ox.RdfFormat.RDF_XML)]:
        assert list(ox.parse(export(frozenset(), format_), format=parser)) == []
    assert table(export(frozenset(), "csv")) == []


def test_rdf_xml_refuses_what_xml_has_no_form_for() -> None:
    about, graph = ox.NamedNode(terms.ID + "sv"), ox.NamedNode(terms.GRAPH + "reference/x")
    bell = ox.Quad(about, ox.NamedNode(terms.SKOS + "note"), ox.Literal("a\x07b"), graph)
    nameless = ox.Quad(about, ox.NamedNode("http://example.org/123"), ox.Literal("x"), graph)

    for quad in (bell, nameless):
        with pytest.raises(KgError, match=r"RDF/XML has no form for this[\s\S]*export as turtle"):
            export(frozenset([quad]), "rdfxml")
        assert set(ox.parse(export(frozenset([quad]), "trig"), format=ox.RdfFormat.TRIG)) == {quad}


def test_an_unknown_format_is_refused_with_the_known_ones(example: Quads) -> None:
    with pytest.raises(UsageError, match=r"no export format “n3”[\s\S]*turtle, trig, nquads, jsonld, rdfxml, csv"):
        export(example, "n3")


# JSON-LD


def node(quads: Quads, graph: str, name: str) -> dict[str, Any]:
    document = json.loads(export(quads, "jsonld"))
    [found] = [n for g in document["@graph"] if g["@id"] == graph for n in g["@graph"] if n["@id"] == name]
    return dict(found)


def test_json_ld_is_compact_in_types_names_and_values(example: Quads) -> None:
    assert node(example, "graph:claims/a-b", "claim:a-b-c1") == {
        "@id": "claim:a-b-c1",
        "@type": "Claim",
        "evidence": ["doc:a-b#p2s1", "doc:a-b#p10s1"],
        "fromDocument": "doc:a-b",
        "modality": "pv:factual",
        "polarity": "pv:affirmed",
        "reviewStatus": "pv:accepted",
        "statedBy": ["id:sv"],
        "statement": "The pact ended.",
    }
    assert node(example, "claim:a-b-c10", "id:ev") == {
        "@id": "id:ev",
        "earliestDate": "2021-05-01",
        "latestDate": "2021-05-31",
    }
    assert node(example, "graph:document/a-b", "doc:a-b")["charCount"] == 90


def test_json_ld_keeps_a_value_that_does_not_fit_its_term() -> None:
    about, graph = ox.NamedNode(terms.ID + "x"), ox.NamedNode(terms.CLAIM + "a-b-c1")
    values: dict[str, ox.Literal | ox.NamedNode] = {
        "earliestDate": ox.Literal("2021", datatype=ox.NamedNode(terms.XSD + "gYear")),
        "statement": ox.Literal("eigene Worte", language="de"),
        "charCount": ox.Literal("007", datatype=ox.NamedNode(terms.XSD + "integer")),
        "party": ox.Literal("a name"),
        "contentHash": ox.NamedNode(terms.ID + "y"),
    }
    quads = frozenset(ox.Quad(about, ox.NamedNode(terms.PACT + key), value, graph) for key, value in values.items())

    assert node(quads, "claim:a-b-c1", "id:x") == {
        "@id": "id:x",
        "charCount": "007",
        "contentHash": {"@id": "id:y"},
        "earliestDate": {"@type": "xsd:gYear", "@value": "2021"},
        "party": [{"@value": "a name"}],
        "statement": {"@language": "de", "@value": "eigene Worte"},
    }


def test_json_ld_refuses_an_iri_that_reads_as_a_prefixed_name() -> None:
    quad = ox.Quad(
        ox.NamedNode("id:x"), ox.NamedNode(terms.PACT + "party"), ox.NamedNode("urn:x"), ox.NamedNode(terms.GRAPH + "a")
    )

    with pytest.raises(KgError, match=r"JSON-LD cannot hold <id:x>[\s\S]*export as trig or nquads"):
        export(frozenset([quad]), "jsonld")


def test_json_ld_stands_alone(example: Quads) -> None:
    document = json.loads(export(example, "jsonld"))

    assert document["@context"] == json.loads(project.context_file().read_text(encoding="utf-8"))["@context"]


def test_each_term_of_the_context_coerces_to_the_range_of_its_property(shipped: Quads) -> None:
    context = json.loads(project.context_file().read_text(encoding="utf-8"))["@context"]
    said = {
        (quad.subject.value, terms.compact(quad.predicate.value), quad.object.value)
        for quad in shipped
        if isinstance(quad.subject, ox.NamedNode) and not isinstance(quad.object, ox.Triple)
    }
    ranges = {subject: terms.compact(value) for subject, name, value in said if name == "rdfs:range"}
    single = {subject for subject, name, value in said if name == "pact:singleValued"}
    coercions = {"rdf:PlainLiteral": {"@language": "en"}, "xsd:integer": {"@type": "xsd:integer"}, "xsd:string": {}}

    for subject, name, value in said:
        if not subject.startswith(terms.PACT) or name != "rdf:type":
            continue
        term = context.get(subject.removeprefix(terms.PACT))
        if value.endswith("#ObjectProperty"):
            container = {} if subject in single else {"@container": "@set"}
            assert term == {"@id": terms.compact(subject), "@type": "@id"} | container
        elif value.endswith("#DatatypeProperty"):
            expected = coercions[ranges[subject]] if subject in ranges else {"@type": "xsd:date"}
            assert term == ({"@id": terms.compact(subject)} | expected if expected else terms.compact(subject))


# Tables


def test_an_event_has_one_line_for_all_the_facts_about_it(example: Quads, tmp_path: Path) -> None:
    [row] = tables_of(example, tmp_path)["events"]

    assert (row["eventLabel"], row["typeLabel"], row["eventOfLabel"]) == (
        "an end",
        "life-cycle event",
        "an earlier pact",
    )
    assert (row["earliestDate"], row["latestDate"], row["view"]) == ("2021-05-01", "2021-05-31", "facts")
    assert row["claims"] == f"{terms.CLAIM}a-b-c1 | {terms.CLAIM}a-b-c10"
    assert row["passages"] == f"{terms.DOC}a-b#p2s1 | {terms.DOC}a-b#p10s1"


def test_what_is_only_said_is_marked_with_its_claim_and_modality(example: Quads, tmp_path: Path) -> None:
    tables = tables_of(example, tmp_path)

    [earlier, later] = tables["agreements"]
    assert (earlier["view"], earlier["partyLabel"]) == ("facts", "El Salvador | United States")
    assert (later["agreement"], later["view"], later["claims"]) == (
        terms.ID + "pact-2",
        "claims",
        terms.CLAIM + "a-b-c9",
    )
    assert later["altLabel"] == "the new pact"
    assert (later["modality"], later["modalityLabel"]) == (terms.PV + "conditional", "conditional")
    [interaction] = tables["interactions"]
    assert (interaction["kindLabel"], interaction["otherLabel"], interaction["view"]) == (
        "revives",
        "an earlier pact",
        "claims",
    )


def test_the_single_table_holds_every_triple_of_every_claim(example: Quads) -> None:
    rows = table(export(example, "csv"))

    assert len(rows) == len([quad for quad in example if graph_of(quad).startswith(terms.CLAIM)])
    assert list(dict.fromkeys(row["claim"].rpartition("-")[2] for row in rows)) == ["c1", "c9", "c10"]
    [dated] = [row for row in rows if row["property"] == terms.PACT + "earliestDate"]
    assert (dated["subjectLabel"], dated["value"], dated["statement"]) == ("an end", "2021-05-01", "It ended in May.")


def test_passages_stand_in_reading_order_with_their_positions(example: Quads, tmp_path: Path) -> None:
    rows = tables_of(example, tmp_path)["passages"]

    assert [(row["paragraph"], row["start"], row["end"]) for row in rows] == [("2", "0", "12"), ("10", "", "")]
    assert {row["documentLabel"] for row in rows} == {"A report"}


def test_identifiers_name_their_scheme(example: Quads, tmp_path: Path) -> None:
    rows = tables_of(example, tmp_path)["identifiers"]

    assert [(row["thingLabel"], row["schemeLabel"], row["identifier"]) for row in rows] == [
        ("El Salvador", "pact:iso3166-1-alpha-2", "SV"),
        ("El Salvador", "Wikidata", "http://www.wikidata.org/entity/Q792"),
    ]


def test_no_cell_is_a_formula(example: Quads, tmp_path: Path) -> None:
    [salvador, _] = tables_of(example, tmp_path)["actors"]

    assert salvador["altLabel"] == "'=cmd()"


@pytest.mark.parametrize("text", ["=1+1", "+SUM(A1)", "-2+3", "@x", "\tx", "\r=x", "\n=x", "-", "+1 555 0100"])
def test_what_starts_a_formula_gets_an_apostrophe(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-1", "+2.5", "-.5e3", "", "a=1", "2021-01-20", "'tis"])
def test_numbers_and_plain_texts_stay_as_they_are(text: str) -> None:
    assert safe_cell(text) == text


def test_a_table_is_as_rfc_4180_has_it(example: Quads, tmp_path: Path) -> None:
    export_tables(example, tmp_path)

    data = (tmp_path / "agreements.csv").read_bytes()
    assert data.count(b"\r\n") == data.count(b"\n") == 3
    assert '"a pact, “new”"'.encode() in data


# Writing


@pytest.mark.parametrize("format_", FORMATS)
def test_a_file_holds_the_bytes_of_the_export(format_: str, example: Quads, tmp_path: Path) -> None:
    target = tmp_path / "out.csv"

    write(example, format_, target)

    assert target.read_bytes() == export(example, format_)
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("name", ["pact.trig", "pact.nq", "pact.jsonld"])
def test_a_store_can_be_built_from_an_export(name: str, shipped: Quads, tmp_path: Path) -> None:
    formats = {".trig": "trig", ".nq": "nquads", ".jsonld": "jsonld"}

    write(shipped, formats[Path(name).suffix], tmp_path / name)

    assert dataset_hash(read_files([tmp_path / name]).quads) == dataset_hash(shipped)


def test_without_a_file_the_export_goes_to_standard_output(
    example: Quads, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    write(example, "csv")

    assert capsysbinary.readouterr().out == export(example, "csv")


def test_csv_goes_to_a_folder_of_tables_unless_a_csv_file_is_named(example: Quads, tmp_path: Path) -> None:
    write(example, "csv", tmp_path / "new" / "tables")
    write(example, "csv", tmp_path / "all.csv")

    assert (tmp_path / "new" / "tables" / "agreements.csv").is_file()
    assert (tmp_path / "all.csv").read_bytes() == export(example, "csv")


def test_a_disk_that_fills_up_leaves_the_old_file(
    example: Quads, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "pact.ttl"
    target.write_text("old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)

    with pytest.raises(KgError, match=r"pact\.ttl: cannot be written: No space left[\s\S]*free some space.*unchanged"):
        write(example, "turtle", target)
    with pytest.raises(KgError, match="No space left"):
        export_tables(example, tmp_path)

    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("pact.ttl", "old")]


def test_a_program_killed_while_it_writes_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "pact.ttl"
    target.write_text("old")
    program = (
        "import os, pathlib, sys\n"
        "from kg.export import write\n"
        "os.fsync = lambda descriptor: os.kill(os.getpid(), 9)\n"
        "write(frozenset(), 'turtle', pathlib.Path(sys.argv[1]))\n"
    )

    done = subprocess.run([sys.executable, "-c", program, str(target)], cwd=Path(__file__).parent.parent, check=False)

    assert done.returncode == -9
    assert target.read_text() == "old"


def test_a_folder_that_cannot_be_written_is_an_error_with_a_way_out(example: Quads, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")
    (tmp_path / "folder").mkdir()

    with pytest.raises(KgError, match=r"file/out\.ttl: cannot be written: Not a directory[\s\S]*name another place"):
        write(example, "turtle", tmp_path / "file" / "out.ttl")
    with pytest.raises(KgError, match=r"cannot be written: No such file[\s\S]*make the folder first"):
        write(example, "turtle", tmp_path / "missing" / "out.ttl")
    with pytest.raises(KgError, match=r"folder: cannot be written: Is a directory[\s\S]*name a file in that folder"):
        write(example, "turtle", tmp_path / "folder")
    with pytest.raises(
        KgError, match=r"cannot be written: File exists[\s\S]*name a folder, or a file that ends in \.csv"
    ):
        write(example, "csv", tmp_path / "file")

    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "folder"]


def test_a_full_device_is_an_error_and_a_device_is_never_replaced(example: Quads) -> None:
    with pytest.raises(KgError, match="No space left on device"):
        write(example, "turtle", Path("/dev/full"))
    write(example, "turtle", Path("/dev/null"))

    assert Path("/dev/null").is_char_device()


def test_a_link_stays_a_link_and_a_file_keeps_its_permissions(example: Quads, tmp_path: Path) -> None:
    target, link = tmp_path / "pact.ttl", tmp_path / "latest.ttl"
    target.write_text("old")
    target.chmod(0o600)
    link.symlink_to(target)

    write(example, "turtle", link)

    assert link.is_symlink()
    assert target.read_bytes() == export(example, "turtle")
    assert target.stat().st_mode & 0o777 == 0o600
