"""The ontology: every term is declared and explained, nothing contradicts itself, every question is answerable."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pyoxigraph
import pytest
import yaml
from owlrl import DeductiveClosure, OWLRL_Semantics
from owlrl.Namespaces import ERRNS
from rdflib import OWL, RDF, RDFS, SKOS, XSD, BNode, Dataset, Graph, Literal, Namespace, URIRef
from rdflib.term import Node

from kg import project, terms

PACT = Namespace(terms.PACT)
PV = Namespace(terms.PV)
ID = Namespace(terms.ID)
ONTOLOGY = URIRef(terms.PACT.rstrip("#"))
ONTOLOGY_FOLDER = project.root() / "ontology"
KINDS = (OWL.Class, OWL.ObjectProperty, OWL.DatatypeProperty, OWL.AnnotationProperty, RDFS.Datatype)
CLASSES_THAT_NO_QUESTION_NEEDS = {"Office"}  # names what a person is known as; no answer has it as a row
QUESTIONS_THAT_MUST_EXIST = {
    *("agreements", "agreements-between", "agreement-timeline", "status-on", "took-effect", "ended-by"),
    *("negotiated-by", "revivals", "transfer-routes", "provisions", "policies-by", "interactions", "actors-in"),
    *("meetings", "designations", "who-said", "claims-about", "open-questions", "conflicts", "no-comment"),
    *("legal-limits", "assessments", "unnamed-only", "coverage", "identifiers"),
}


@cache
def ontology() -> Graph:
    graph = Graph()
    for file in project.ontology_files():
        graph.parse(file)
    return graph


def flattened() -> Graph:
    """Every triple of the ontology and of the data, whichever graph holds it."""
    graph = Graph()
    graph += ontology()
    for file in [*project.reference_files(), *project.document_files()]:
        graph.parse(file)
    for file in project.claims_files():
        triples = (quad.triple for quad in pyoxigraph.parse(path=file))
        graph.parse(data=pyoxigraph.serialize(triples, format=pyoxigraph.RdfFormat.N_TRIPLES), format="nt")
    return graph


def inconsistencies(graph: Graph) -> list[str]:
    """What OWL 2 RL finds contradictory: owlrl raises nothing and adds a triple with the message instead."""
    closed = Graph()
    closed += graph
    DeductiveClosure(OWLRL_Semantics).expand(closed)
    return sorted(str(message) for message in closed.objects(None, ERRNS.error))


def ours() -> set[URIRef]:
    """Every class, property and datatype of the `pact:` namespace."""
    return {
        term
        for kind in KINDS
        for term in ontology().subjects(RDF.type, kind)
        if isinstance(term, URIRef) and term.startswith(terms.PACT)
    }


def concepts() -> set[Node]:
    return set(ontology().subjects(RDF.type, SKOS.Concept))


def schemes() -> set[Node]:
    return set(ontology().subjects(RDF.type, SKOS.ConceptScheme))


def declared() -> set[Node]:
    """Everything that data may use of our two vocabularies."""
    return ours() | concepts() | schemes()


def terms_used(graph: Graph) -> set[URIRef]:
    """Every IRI of our two vocabularies in a graph, datatypes of literals included."""
    nodes = [node for triple in graph for node in triple]
    iris = {node for node in nodes if isinstance(node, URIRef)}
    iris |= {node.datatype for node in nodes if isinstance(node, Literal) and node.datatype}
    return {iri for iri in iris if str(iri).startswith((terms.PACT, terms.PV))}


def context() -> dict[str, object]:
    loaded: dict[str, object] = json.loads(project.context_file().read_text(encoding="utf-8"))["@context"]
    return loaded


class Question:
    """One entry of `questions.md`."""

    def __init__(self, entry: str) -> None:
        heading, *lines = entry.strip().splitlines()
        match = re.fullmatch(r"## (CQ-\d\d) (\S.*\?)", heading)
        assert match, heading
        self.number, self.text = match[1], match[2]
        fields = dict(line.removeprefix("- ").split(": ", maxsplit=1) for line in lines)
        assert list(fields) == ["query", "example", "terms"], self.number
        self.query, self.example = fields["query"], fields["example"]
        self.terms = fields["terms"].split(", ")


@cache
def questions() -> tuple[Question, ...]:
    text = (ONTOLOGY_FOLDER / "questions.md").read_text(encoding="utf-8")
    return tuple(Question(entry) for entry in re.split(r"(?m)^(?=## )", text)[1:])


@cache
def header(file: Path) -> dict[str, object]:
    """The part of a saved question's header that is ours."""
    lines = [line[2:].removeprefix(" ") for line in file.read_text(encoding="utf-8").splitlines() if line[:2] == "#+"]
    ours_only: dict[str, object] = yaml.safe_load("\n".join(lines))["kg"]
    return ours_only


def test_every_term_has_one_label_one_definition_and_says_where_it_is_defined() -> None:
    incomplete = [
        f"{terms.compact(term)} {terms.compact(predicate)}"
        for term in ours()
        for predicate in (RDFS.label, SKOS.definition, RDFS.isDefinedBy)
        if len(list(ontology().objects(term, predicate))) != 1
    ]

    assert incomplete == []


def test_every_term_has_an_example() -> None:
    without = [terms.compact(term) for term in ours() if (term, SKOS.example, None) not in ontology()]

    assert without == []


def test_every_human_text_is_marked_as_english() -> None:
    predicates = (RDFS.label, SKOS.prefLabel, SKOS.definition, SKOS.scopeNote, SKOS.example)
    unmarked = [
        terms.compact(str(subject))
        for predicate in predicates
        for subject, text in ontology().subject_objects(predicate)
        if not (isinstance(text, Literal) and text.language == "en")
    ]

    assert unmarked == []


def test_a_definition_does_not_open_with_the_term_that_it_defines() -> None:
    circular = [
        terms.compact(term)
        for term in ours()
        for label in ontology().objects(term, RDFS.label)
        for definition in ontology().objects(term, SKOS.definition)
        if re.match(rf"(an? |the )?{re.escape(str(label))}\b", str(definition), re.IGNORECASE)
    ]

    assert circular == []


def test_no_two_terms_share_a_label() -> None:
    labels = Counter(str(label).lower() for term in ours() for label in ontology().objects(term, RDFS.label))

    assert [label for label, count in labels.items() if count > 1] == []


def test_no_two_concepts_of_a_scheme_share_a_label() -> None:
    labels = Counter(
        (scheme, str(label))
        for concept in concepts()
        for scheme in ontology().objects(concept, SKOS.inScheme)
        for label in ontology().objects(concept, SKOS.prefLabel)
    )

    assert [label for label, count in labels.items() if count > 1] == []


def test_every_term_used_in_the_ontology_is_declared() -> None:
    assert terms_used(ontology()) - declared() == set()


def test_every_term_used_in_the_data_is_declared() -> None:
    assert terms_used(flattened()) - declared() == set()


def test_every_term_named_in_shapes_checks_and_questions_is_declared() -> None:
    known = {terms.compact(str(term)) for term in declared()}
    named = {
        (str(file.relative_to(ONTOLOGY_FOLDER)), name)
        for file in ONTOLOGY_FOLDER.rglob("*.*")
        for name in re.findall(r"\b(?:pact|pv):[A-Za-z][A-Za-z0-9-]*", file.read_text(encoding="utf-8"))
    }

    assert {(file, name) for file, name in named if name not in known} == set()


def test_there_are_no_blank_nodes() -> None:
    assert [triple for triple in ontology() if any(isinstance(node, BNode) for node in triple)] == []


def test_every_concept_has_one_english_name_one_definition_and_a_scheme() -> None:
    incomplete = [
        concept
        for concept in concepts()
        if len(list(ontology().objects(concept, SKOS.prefLabel))) != 1
        or len(list(ontology().objects(concept, SKOS.definition))) != 1
        or not set(ontology().objects(concept, SKOS.inScheme)) & schemes()
    ]

    assert incomplete == []


def test_every_scheme_is_explained_and_has_concepts() -> None:
    assert schemes()
    assert [s for s in schemes() if len(list(ontology().objects(s, SKOS.definition))) != 1] == []
    assert [s for s in schemes() if (None, SKOS.inScheme, s) not in ontology()] == []
    assert schemes() & concepts() == set()


@pytest.mark.parametrize("predicate", [PACT.resultsIn, PACT.statusWhileOngoing, PACT.statusIfNot, PACT.allowedAfter])
def test_the_life_cycle_table_leads_only_to_statuses_on_the_axis_of_the_event_type(predicate: URIRef) -> None:
    rows = list(ontology().subject_objects(predicate))

    assert rows
    for event_type, status in rows:
        assert (event_type, SKOS.inScheme, PV["event-type"]) in ontology(), event_type
        assert (status, SKOS.inScheme, PV.status) in ontology(), status
        assert ontology().value(event_type, PACT.axis) == ontology().value(status, PACT.axis), (event_type, status)


def test_every_status_lies_on_one_axis() -> None:
    statuses = set(ontology().subjects(SKOS.inScheme, PV.status))
    axes = set(ontology().subjects(SKOS.inScheme, PV.axis))

    assert axes == {PV.legal, PV.operational}
    assert all(len(set(ontology().objects(status, PACT.axis)) & axes) == 1 for status in statuses)


def test_every_status_can_be_reached() -> None:
    statuses = set(ontology().subjects(SKOS.inScheme, PV.status))
    leads = (PACT.resultsIn, PACT.statusWhileOngoing, PACT.statusIfNot)
    reached = {status for predicate in leads for status in ontology().objects(None, predicate)}

    assert statuses - reached == {PV["status-none"]}


def test_single_valued_marks_properties_only() -> None:
    marked = set(ontology().subjects(PACT.singleValued, Literal(True)))
    properties = set(ontology().subjects(RDF.type, OWL.ObjectProperty)) | set(
        ontology().subjects(RDF.type, OWL.DatatypeProperty)
    )

    assert PACT.occurrence in marked
    assert marked <= properties
    assert (None, RDF.type, OWL.FunctionalProperty) not in ontology()


def test_ontology_and_data_are_consistent_under_owl_rl() -> None:
    assert inconsistencies(flattened()) == []


def test_a_node_that_is_both_a_state_and_an_agreement_is_found_inconsistent() -> None:
    graph = flattened()
    graph.add((ID.muddle, RDF.type, PACT.State))
    graph.add((ID.muddle, RDF.type, PACT.Agreement))

    [*found] = inconsistencies(graph)

    assert any("muddle" in message and "isjoint" in message for message in found)


def test_a_type_that_follows_from_a_domain_is_checked_as_well() -> None:
    graph = flattened()
    graph.add((ID.muddle, RDF.type, PACT.Person))
    graph.add((ID.muddle, PACT.eventOf, ID["some-agreement"]))

    found = inconsistencies(graph)

    assert any("muddle" in message for message in found)


def test_the_header_names_every_part_and_every_part_belongs_to_it() -> None:
    parts = {file.stem for file in project.ontology_files()} - {"pactgraph"}
    imported = {str(part).removeprefix(f"{ONTOLOGY}/") for part in ontology().objects(ONTOLOGY, OWL.imports)}
    opened = {str(part).removeprefix(f"{ONTOLOGY}/") for part in ontology().subjects(RDF.type, OWL.Ontology)}

    assert imported == parts
    assert opened - {str(ONTOLOGY)} == parts


def test_one_version_stands_in_every_header() -> None:
    versions = set(ontology().objects(None, OWL.versionInfo))

    [version] = versions
    assert ontology().value(ONTOLOGY, OWL.versionIRI) == ONTOLOGY + f"/{version}"


def test_the_context_names_every_class_and_property_and_nothing_else_of_ours() -> None:
    values = [(value["@id"] if isinstance(value, dict) else value) for value in context().values()]
    named = {str(value).removeprefix("pact:") for value in values if str(value).startswith("pact:")}
    datatypes = {term for term in ours() if (term, RDF.type, RDFS.Datatype) in ontology()}

    assert named == {str(term).removeprefix(terms.PACT) for term in ours() - datatypes}


def test_the_context_names_each_term_by_its_own_name() -> None:
    iris = {name: str(value["@id"] if isinstance(value, dict) else value) for name, value in context().items()}

    assert [name for name, iri in iris.items() if iri.startswith("pact:") and iri != f"pact:{name}"] == []


def test_the_context_knows_every_prefix_of_the_program() -> None:
    assert {prefix: context().get(prefix) for prefix in terms.PREFIXES} == terms.PREFIXES


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # rdflib's own writer uses what rdflib deprecates
def test_a_dataset_survives_json_ld_with_the_context() -> None:
    dataset = Dataset()
    for file in project.ontology_files():
        dataset.graph(URIRef(terms.GRAPH + "ontology/" + file.stem)).parse(file)
    content = dataset.graph(URIRef(terms.CLAIM + "example-c01"))
    for predicate, value in [
        (PACT.statement, Literal("own words", lang="en")),
        (PACT.statement, Literal("eigene Worte", lang="de")),
        (PACT.statement, Literal("no language")),
        (PACT.earliestDate, Literal("2021-01-20", datatype=XSD.date)),
        (PACT.earliestDate, Literal("2021", datatype=XSD.gYear)),
        (PACT.charCount, Literal(4304)),
        (PACT.charCount, Literal("4304")),
        (PACT.eventType, PV.termination),
        (SKOS.notation, Literal("US", datatype=PACT["iso3166-1-alpha-2"])),
    ]:
        content.add((ID.thing, predicate, value))

    text = dataset.serialize(format="json-ld", context=context())
    again = Dataset()
    again.parse(data=text, format="json-ld")

    assert set(again.quads()) == set(dataset.quads())


def test_the_questions_are_numbered_without_gaps() -> None:
    assert [question.number for question in questions()] == [f"CQ-{n:02d}" for n in range(1, len(questions()) + 1)]
    assert len(questions()) >= 32


def test_the_questions_use_every_saved_question_and_no_other() -> None:
    named = {question.query for question in questions()}

    assert named == {file.stem for file in project.question_files()}
    assert named >= QUESTIONS_THAT_MUST_EXIST


def test_every_saved_question_names_the_competency_questions_that_name_it() -> None:
    by_query: dict[str, list[str]] = {}
    for question in questions():
        by_query.setdefault(question.query, []).append(question.number)

    assert {file.stem: header(file)["answers"] for file in project.question_files()} == by_query


def example_options(question: Question) -> Iterator[str]:
    command = question.example.removeprefix(f"kg ask {question.query}")
    assert command != question.example, question.number
    return (match[1] for match in re.finditer(r"(?<= )--([a-z-]+)", command))


def test_every_example_gives_the_parameters_that_its_saved_question_has() -> None:
    for question in questions():
        parameters = header(project.root() / "queries" / f"{question.query}.rq").get("parameters") or {}
        assert isinstance(parameters, dict)

        given = set(example_options(question)) - {"cite", "format", "valid-at", "known-at"}

        assert given <= set(parameters), question.number
        assert given >= {name for name, about in parameters.items() if not about.get("optional")}, question.number


def test_every_term_that_a_question_needs_is_declared() -> None:
    needed = {term for question in questions() for term in question.terms}

    assert needed - {f"pact:{str(term).removeprefix(terms.PACT)}" for term in ours()} == set()


def test_every_class_is_needed_by_a_question() -> None:
    needed = {term.removeprefix("pact:") for question in questions() for term in question.terms}
    classes = {str(t).removeprefix(terms.PACT) for t in ours() if (t, RDF.type, OWL.Class) in ontology()}

    assert classes - needed == CLASSES_THAT_NO_QUESTION_NEEDS
