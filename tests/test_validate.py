"""The gate: the shipped data pass, and whatever does not pass is told with file, line, claim and mend."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pyoxigraph as ox
import pyshacl
import pytest
from examples import BASE
from rdflib import RDF, SH, XSD, Dataset, Graph, Literal, URIRef

from kg import terms
from kg.dataset import Dataset as OurDataset
from kg.dataset import read_files
from kg.errors import KgError
from kg.validate import Finding, Report, validate
from kg.validate.places import line_of
from kg.validate.reference import as_rdflib

SUSPENSION = terms.ID + "ev-pact-1-suspension"
NO_DATE = ('pact:latestDate   "2006-12-31"^^xsd:date', 'pact:latestDate   "2006-13-31"^^xsd:date')
NO_CONDITION = (
    'pact:conditionText "If the pact comes about."@en ;\n        pact:conditionalOn id:pact-1',
    'skos:editorialNote "The condition is not told."@en',
)
MERE_OPINION = (
    "pact:evidence     passage:p2s1 ;\n        pact:statedBy     id:paper ;\n        pact:reportedBy   id:paper ;\n"
    "        pact:modality     pv:expected",
    "pact:statedBy     id:paper ;\n        pact:reportedBy   id:paper ;\n        pact:modality     pv:expected",
)

Broken = Callable[..., OurDataset]


@pytest.fixture
def broken(shipped: OurDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Broken:
    """Return the base of the examples as a file with some of its text replaced, together with the ontology."""
    monkeypatch.chdir(tmp_path)

    def write(*changes: tuple[str, str]) -> OurDataset:
        text = BASE.read_text("utf8")
        for old, new in changes:
            assert text.count(old) == 1
            text = text.replace(old, new)
        file = tmp_path / "base.trig"
        file.write_text(text, "utf8")
        ontology = {quad for quad in shipped.quads if str(quad.graph_name).startswith(f"<{terms.GRAPH}ontology/")}
        return OurDataset(frozenset(ontology)) | read_files([file])

    return write


def line_with(text: str, after: str = "") -> int:
    """Return the number of the line of `base.trig` that begins with `text`, behind the one with `after`."""
    lines = Path("base.trig").read_text("utf8").splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(after))
    return next(number for number, line in enumerate(lines, 1) if number > start and line.strip().startswith(text))


def test_the_shipped_data_conform_without_a_warning(shipped: OurDataset) -> None:
    report = validate(shipped.store(), shipped.sources)

    assert report.text() == f"1 document, {report.claims} claims: 0 violations, 0 warnings"
    assert report.conforms


def test_a_finding_on_a_record_names_its_file_line_and_claim(broken: Broken) -> None:
    dataset = broken(MERE_OPINION)

    [finding] = validate(dataset.store(), dataset.sources).findings

    assert (finding.rule, finding.severity) == ("shape:Claim-evidence", "violation")
    assert finding.focus == ox.NamedNode(terms.CLAIM + "base-c05")
    assert finding.path == terms.PACT + "evidence"
    assert finding.claim == terms.CLAIM + "base-c05"
    assert finding.graph == terms.GRAPH + "claims/base"
    assert finding.place == "base.trig"
    assert finding.line == line_with("claim:base-c05 a pact:Claim")


def test_a_finding_in_a_claim_names_the_claim_and_the_line_of_the_thing_within_it(broken: Broken) -> None:
    dataset = broken(NO_DATE)

    [finding] = validate(dataset.store(), dataset.sources).findings

    assert finding.rule == "shape:Event-latestDate"
    assert finding.focus == ox.NamedNode(SUSPENSION)
    assert finding.value == ox.Literal("2006-13-31", datatype=ox.NamedNode(terms.XSD + "date"))
    assert finding.claim == finding.graph == terms.CLAIM + "base-c03"
    assert finding.line == line_with("id:ev-pact-1-suspension a ", after="claim:base-c03 {")


def test_a_finding_of_a_check_names_its_claim_and_line_too(broken: Broken) -> None:
    dataset = broken(NO_CONDITION)

    [finding] = validate(dataset.store(), dataset.sources).findings

    assert (finding.rule, finding.severity) == ("conditional-without-condition-violation", "warning")
    assert finding.claim == terms.CLAIM + "base-c02"
    assert finding.line == line_with("claim:base-c02 a pact:Claim")


def test_a_finding_lies_in_the_graph_that_holds_the_triple(broken: Broken) -> None:
    suspension = 'pact:earliestDate "2006-01-01"^^xsd:date ;\n        pact:latestDate   "2006-12-31"^^xsd:date .'
    dataset = broken((suspension, suspension + " id:ev-visit a pact:DiplomaticEvent ; pact:destination id:paper ."))

    [finding] = validate(dataset.store(), dataset.sources).findings

    assert finding.rule == "shape:Event-destination"
    assert finding.claim == terms.CLAIM + "base-c03"


def test_a_finding_of_a_check_in_a_claim_names_the_line_of_the_thing_within_it(broken: Broken) -> None:
    once = "pact:occurrence   pv:occurred ;\n        pact:performedBy  id:xa-second"
    dataset = broken((once, once.replace("pv:occurred", "pv:occurred, pv:planned")))

    [finding] = validate(dataset.store(), dataset.sources).findings

    assert finding.rule == "several-values-in-one-claim-violation"
    assert finding.claim == finding.graph == terms.CLAIM + "base-c03"
    assert finding.line == line_with("id:ev-pact-1-suspension a ", after="claim:base-c03 {")


def test_a_finding_on_a_graph_names_its_line(broken: Broken) -> None:
    dataset = broken(
        ("\nclaim:base-c06 {", "\nclaim:base-c60 {\n    id:pact-1 a pact:Agreement .\n}\nclaim:base-c06 {")
    )

    [finding] = validate(dataset.store(), dataset.sources).findings

    assert finding.rule == "graph-without-claim-violation"
    assert finding.claim == finding.graph == terms.CLAIM + "base-c60"
    assert finding.line == line_with("claim:base-c60 {")


def test_the_text_of_a_report_says_where_what_and_what_to_do_next(broken: Broken) -> None:
    dataset = broken(MERE_OPINION, NO_DATE, NO_CONDITION)

    text = validate(dataset.store(), dataset.sources).text()

    assert text.splitlines() == [
        "base.trig",
        f"  warning    claim:base-c02   (line {line_with('claim:base-c02 a ')})",
        "             The claim is conditional, but names no condition.   (conditional-without-condition-violation)",
        '             add: pact:conditionText "if …"@en or pact:conditionalOn id:<instrument>',
        f"  violation  claim:base-c03  id:ev-pact-1-suspension"
        f"   (line {line_with('id:ev-pact-1-suspension a ', after='claim:base-c03 {')})",
        "             The latest date of an event is a real day.   (shape:Event-latestDate)",
        "             found: pact:latestDate 2006-13-31",
        '             write: pact:latestDate "2025-02-10"^^xsd:date',
        f"  violation  claim:base-c05   (line {line_with('claim:base-c05 a ')})",
        "             A claim points to at least one passage of its document.   (shape:Claim-evidence)",
        "             add: pact:evidence passage:p<n>s<n>",
        "2 documents, 7 claims: 2 violations, 1 warning",
    ]


def test_a_warning_leaves_the_data_conforming(broken: Broken) -> None:
    dataset = broken(NO_CONDITION)

    report = validate(dataset.store())

    assert report.conforms
    assert len(report.findings) == 1


def test_without_files_a_finding_still_names_graph_and_claim(broken: Broken) -> None:
    dataset = broken(NO_DATE)

    report = validate(dataset.store())

    [finding] = report.findings
    assert (finding.file, finding.line) == (None, None)
    assert finding.claim == terms.CLAIM + "base-c03"
    assert report.text().startswith("in no file\n")


def test_an_empty_dataset_conforms() -> None:
    assert validate(ox.Store()).text() == "0 documents, 0 claims: 0 violations, 0 warnings"


def test_a_report_is_json_with_prefixed_names(broken: Broken) -> None:
    dataset = broken(NO_DATE)

    report = json.loads(json.dumps(validate(dataset.store(), dataset.sources).as_dict()))

    [finding] = report.pop("findings")
    assert report == {"conforms": False, "documents": 2, "claims": 7}
    assert finding == {
        "severity": "violation",
        "rule": "shape:Event-latestDate",
        "message": "The latest date of an event is a real day.",
        "mend": 'write: pact:latestDate "2025-02-10"^^xsd:date',
        "focus": "id:ev-pact-1-suspension",
        "path": "pact:latestDate",
        "value": "2006-13-31",
        "graph": "claim:base-c03",
        "claim": "claim:base-c03",
        "file": "base.trig",
        "line": line_with("id:ev-pact-1-suspension a ", after="claim:base-c03 {"),
    }


def test_a_report_in_turtle_is_a_shacl_validation_report(broken: Broken) -> None:
    dataset = broken(NO_DATE, NO_CONDITION)

    report = Graph().parse(data=validate(dataset.store(), dataset.sources).turtle(), format="turtle")

    [root] = report.subjects(RDF.type, SH.ValidationReport)
    assert (root, SH.conforms, Literal(False)) in report
    results = {str(report.value(result, SH.sourceShape)): result for result in report.objects(root, SH.result)}
    assert set(results) == {
        terms.SHAPE + "Event-latestDate",
        terms.SHAPE + "conditional-without-condition-violation",
    }
    date = results[terms.SHAPE + "Event-latestDate"]
    assert report.value(date, SH.focusNode) == URIRef(SUSPENSION)
    assert report.value(date, SH.resultPath) == URIRef(terms.PACT + "latestDate")
    assert report.value(date, SH.resultSeverity) == SH.Violation
    assert report.value(date, SH.sourceConstraintComponent) == SH.DatatypeConstraintComponent
    condition = results[terms.SHAPE + "conditional-without-condition-violation"]
    assert report.value(condition, SH.resultSeverity) == SH.Warning
    assert report.value(condition, SH.sourceConstraintComponent) == SH.SPARQLConstraintComponent


def test_a_report_has_the_same_text_each_time(broken: Broken) -> None:
    dataset = broken(MERE_OPINION, NO_DATE, NO_CONDITION)

    reports = [validate(dataset.store(), dataset.sources) for _ in range(2)]

    assert reports[0] == reports[1]
    assert reports[0].turtle() == reports[1].turtle()


def test_a_hostile_value_stays_a_value_in_turtle() -> None:
    value = ox.Literal('" ] . <http://x/> a <http://x/Y> . [ "\n')
    finding = Finding("info", "shape:Thing-name", 'Say "yes".', "add: …", ox.NamedNode(terms.ID + "a"), value=value)

    report = Graph().parse(data=Report((finding,)).turtle(), format="turtle")

    assert list(report.objects(None, SH.value)) == [Literal('" ] . <http://x/> a <http://x/Y> . [ "\n')]


def test_hints_are_counted_where_there_are_some() -> None:
    finding = Finding("info", "shape:Thing-name", "A hint.", "add: …", ox.NamedNode(terms.ID + "a"))

    assert (
        Report((finding,), documents=1, claims=1)
        .text()
        .endswith("1 document, 1 claim: 0 violations, 0 warnings, 1 hint")
    )


def test_findings_come_in_the_order_of_claims_as_a_person_counts() -> None:
    node = ox.NamedNode(terms.ID + "a")
    findings = [
        Finding("warning", "r", "m", "n", node, claim=f"{terms.CLAIM}base-c{number}") for number in (10, 9, 100)
    ]

    ordered = sorted(findings, key=Finding.sort_key)

    assert [str(finding.claim).rpartition("-c")[2] for finding in ordered] == ["9", "10", "100"]


def test_progress_is_told(broken: Broken) -> None:
    told: list[str] = []

    validate(broken().store(), progress=told.append)

    assert told == ["shapes", "checks"]


def test_a_date_that_is_no_date_is_told_by_the_report_only(broken: Broken, caplog: pytest.LogCaptureFixture) -> None:
    validate(broken(NO_DATE).store())

    assert caplog.records == []


def test_a_triple_term_is_refused_with_a_way_out() -> None:
    store, node = ox.Store(), ox.NamedNode(terms.ID + "a")
    store.add(ox.Quad(node, node, ox.Triple(node, node, node), ox.NamedNode(terms.CLAIM + "base-c01")))

    with pytest.raises(KgError, match="triple term") as caught:
        validate(store)
    assert caught.value.mend == "say it in a claim"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("@prefix id: <http://x/> .\nid:a-b id:p id:c .\nid:a id:p id:b .", 3),
        ("PREFIX : <http://x/>\n:a\n    :p :b .", 2),
        ("\n<http://x/a> <http://x/p> 1 .", 2),
        ("@prefix id: <http://x/> .\nid:b id:p\n    id:a, id:c .", 0),
    ],
)
def test_a_line_is_found_by_the_name_of_its_subject(text: str, line: int) -> None:
    assert (line_of(text, ["http://x/a"]) or 0) == line


def test_a_line_is_sought_within_the_graph() -> None:
    text = "@prefix id: <http://x/> .\nid:g a id:Claim .\nid:a a id:B .\nGRAPH id:g {\n  id:a a id:C .\n}"

    assert line_of(text, ["http://x/g", "http://x/a"]) == 3
    assert line_of(text, ["http://x/h", "http://x/a"]) == 3
    assert line_of(text, ["http://x/g", "http://x/z"]) == 2


# What pySHACL and rdflib do, which the gate relies on.

CLASS_SHAPE = """
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix x: <http://x/> .
x:Shape a sh:NodeShape ; sh:targetSubjectsOf x:p ; sh:property [ sh:path x:p ; sh:class x:C ] .
"""


@pytest.mark.filterwarnings("ignore:Dataset:DeprecationWarning")
def test_pyshacl_validates_a_dataset_as_the_union_of_its_graphs() -> None:
    dataset = Dataset(default_union=True)
    dataset.graph(URIRef("http://x/one")).add((URIRef("http://x/a"), URIRef("http://x/p"), URIRef("http://x/b")))
    before, _, _ = pyshacl.validate(dataset, shacl_graph=Graph().parse(data=CLASS_SHAPE))

    dataset.graph(URIRef("http://x/two")).add((URIRef("http://x/b"), RDF.type, URIRef("http://x/C")))
    after, _, _ = pyshacl.validate(dataset, shacl_graph=Graph().parse(data=CLASS_SHAPE))

    assert (before, after) == (False, True)


@pytest.mark.filterwarnings("ignore:Dataset:DeprecationWarning")
def test_to_rdflib_a_plain_string_and_one_with_its_datatype_are_two_so_none_is_handed_over() -> None:
    store = ox.Store()
    name = ox.NamedNode(terms.ID + "a")
    text = ox.Literal("x", datatype=ox.NamedNode(terms.XSD + "string"))
    store.add(ox.Quad(name, name, text, ox.NamedNode(terms.CLAIM + "base-c01")))

    [(_, _, given)] = as_rdflib(store, Graph()).triples((None, None, None))

    assert Literal("x") != Literal("x", datatype=XSD.string)
    assert given == Literal("x")


def test_rdflib_takes_a_week_for_a_date_so_the_shapes_check_the_form_as_well() -> None:
    assert not Literal("2010-W01-1", datatype=XSD.date, normalize=False).ill_typed
