"""The shapes: each says its rule and how to mend it, fires where an example breaks it, and nowhere else."""

from __future__ import annotations

import re
from functools import cache

import pytest
from examples import BASE, Example, examples, quads_of, rules_broken, rules_broken_by
from rdflib import OWL, RDF, SH, SKOS, Graph, Literal, Namespace, URIRef
from rdflib.term import Node

from kg import project, terms

PACT = Namespace(terms.PACT)
SHAPE = Namespace(terms.SHAPE)
CONTENT = [
    *("Agreement", "Assessment", "DiplomaticEvent", "Event", "Instrument", "LifecycleEvent"),
    *("OpenQuestion", "Policy", "Provision", "StatusPeriod"),
]


@cache
def shapes() -> Graph:
    graph = Graph()
    for file in project.shapes_files():
        graph.parse(file)
    return graph


@cache
def ontology() -> Graph:
    graph = Graph()
    for file in project.ontology_files():
        graph.parse(file)
    return graph


def rules() -> list[Node]:
    """Return the shapes that can fire under their own name: property shapes, and closed node shapes."""
    named = {*shapes().subjects(RDF.type, SH.PropertyShape), *shapes().subjects(SH.closed, Literal(True))}
    return sorted(named, key=str)


def name(node: Node) -> str:
    return terms.compact(str(node))


@pytest.mark.parametrize("example", examples("shapes"), ids=lambda example: example.path.stem)
def test_an_example_breaks_the_rule_it_names_and_no_other(example: Example) -> None:
    broken = rules_broken_by(example)

    assert broken == example.expected


def test_the_base_of_all_examples_breaks_no_rule() -> None:
    assert rules_broken(set(quads_of(BASE))) == set()


@pytest.mark.parametrize("kind", ["good", "bad"])
def test_every_shape_has_an_example_of_each_kind(kind: str) -> None:
    shown = {example.rule for example in examples("shapes") if example.is_good == (kind == "good")}

    assert shown == {name(rule) for rule in rules()}


@pytest.mark.parametrize("rule", rules(), ids=name)
def test_a_shape_says_its_rule_in_one_sentence_and_how_to_mend_it(rule: Node) -> None:
    [message] = shapes().objects(rule, SH.message)
    [mend] = shapes().objects(rule, SHAPE.mend)
    [severity] = shapes().objects(rule, SH.severity)

    assert isinstance(message, Literal)
    assert message.language == "en"
    assert re.fullmatch(r"[A-Z][^.]*\.", message), "one sentence"
    assert re.match(r"(add|write|take out)\b", str(mend))
    assert severity in (SH.Violation, SH.Warning, SH.Info)


@pytest.mark.parametrize("rule", sorted(shapes().subjects(RDF.type, SH.PropertyShape), key=str), ids=name)
def test_a_property_shape_has_a_name_and_belongs_to_a_node_shape_of_its_name(rule: Node) -> None:
    assert len(list(shapes().objects(rule, SH.name))) == 1
    owners = {name(owner).removeprefix("shape:") for owner in shapes().subjects(SH.property, rule)}
    first = name(rule).removeprefix("shape:").partition("-")[0]
    assert owners == {first} or (first == "Thing" and len(owners) > 1)


def test_a_comment_above_each_shape_that_can_fire_gives_the_reason() -> None:
    without = [
        match["name"]
        for file in project.shapes_files()
        for match in re.finditer(r"(?P<above>.*)\n(?P<name>shape:\S+) a sh:(?P<kind>\w+)", file.read_text("utf8"))
        if SHAPE[match["name"].removeprefix("shape:")] in rules() and not match["above"].startswith("# ")
    ]

    assert without == []


def test_every_class_has_a_node_shape_of_its_name() -> None:
    classes = {node for node in ontology().subjects(RDF.type, OWL.Class) if str(node).startswith(terms.PACT)}
    targets = set(shapes().subject_objects(SH.targetClass))

    missing = {name(node) for node in classes if (SHAPE[str(node).removeprefix(terms.PACT)], node) not in targets}

    assert missing == set()


def test_every_property_has_a_shape() -> None:
    properties = {
        *ontology().subjects(RDF.type, OWL.ObjectProperty),
        *ontology().subjects(RDF.type, OWL.DatatypeProperty),
    }
    paths = set(shapes().objects(None, SH.path))
    # What a rule derives is checked by being derived, and may be stated nowhere.
    derived = set(ontology().subjects(URIRef(terms.PACT + "isDerived"), None))

    assert {name(node) for node in properties - paths - derived if str(node).startswith(terms.PACT)} == set()


def test_shapes_use_declared_terms_only() -> None:
    used = {node for node in shapes().all_nodes() if str(node).startswith((terms.PACT, terms.PV))}
    used |= {node for node in shapes().predicates() if str(node).startswith((terms.PACT, terms.PV))}

    assert {name(node) for node in used if (node, RDF.type, None) not in ontology()} == set()


def test_a_property_that_takes_a_concept_takes_it_from_a_list_that_exists() -> None:
    lists = {node for node in shapes().subjects(SH.hasValue) if (node, SH.path, SKOS.inScheme) in shapes()}

    named = {shapes().value(node, SH.hasValue) for node in lists}

    assert len(named) > 10
    assert named <= set(ontology().subjects(RDF.type, SKOS.ConceptScheme))


def test_shapes_are_shacl_core() -> None:
    beyond = {SH.sparql, SH.js, SH.rule, SH.target, SH.expression}

    assert beyond & set(shapes().predicates()) == set()


@pytest.mark.parametrize("content", CONTENT)
def test_what_documents_may_say_differently_has_no_maximum_in_the_union_of_all_graphs(content: str) -> None:
    limited = {
        name(rule)
        for rule in shapes().objects(SHAPE[content], SH.property)
        if (rule, SH.maxCount, None) in shapes() and rule != URIRef(SHAPE["Thing-name"])
    }

    assert limited == set()
