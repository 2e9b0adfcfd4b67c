"""Two routes: our own validation and pySHACL, the reference, find the same in our data, whole or broken."""

from __future__ import annotations

from functools import cache

import pyoxigraph as ox
import pytest
from examples import BASE, Example, examples, quads_of, quads_with, store_for_checks
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from mutations import changes, named

from kg import terms
from kg.dataset import Dataset
from kg.errors import KgError
from kg.validate import Finding, reference, shacl
from kg.validate.literals import is_well_formed
from kg.validate.shapes import Shapes


def both(store: ox.Store) -> tuple[set[Finding], set[Finding]]:
    """Return the findings of our route and of the reference."""
    return set(shacl.results_as_findings(store)), set(reference.results_as_findings(store))


EXAMPLES = [each for each in examples("shapes") if each.path.stem != "SourceDocument-latestDate.bad-hour"]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.path.stem)
def test_both_routes_find_the_same_in_an_example(example: Example) -> None:
    store = store_for_checks(quads_with(example))

    ours, theirs = both(store)

    assert ours == theirs


def test_both_routes_find_nothing_in_the_shipped_data(shipped: Dataset) -> None:
    assert both(shipped.store()) == (set(), set())


def test_both_routes_name_the_same_components(shipped: Dataset) -> None:
    kept = frozenset(quad for quad in shipped.quads if hash(quad.subject.value) % 3 and hash(quad.object) % 11)  # type: ignore[union-attr]
    store = Dataset(kept).store()

    ours = {(each.rule, each.focus, each.component) for each in shacl.results_as_findings(store)}
    theirs = {(each.rule, each.focus, each.component) for each in reference.results_as_findings(store)}

    assert len(ours) > 100
    assert ours == theirs


@cache
def base() -> frozenset[ox.Quad]:
    return quads_of(BASE)


def is_compared_wrongly_by_rdflib(quads: frozenset[ox.Quad]) -> bool:
    """Whether an order is asked of values of two datatypes, or of what is no date: rdflib gives one, or breaks off."""
    ordered = {named(name) for name in ("pact:earliestDate", "pact:latestDate", "pact:termStart", "pact:termEnd")}
    ordered |= {named(name) for name in ("oa:start", "oa:end", "pact:charCount")}
    for quad in quads:
        if quad.predicate in ordered:
            days = not quad.predicate.value.rpartition("#")[2].startswith(("start", "end", "char"))
            wanted = terms.XSD + ("date" if days else "integer")
            if not isinstance(quad.object, ox.Literal) or quad.object.datatype.value != wanted:
                return True
            if not is_well_formed(quad.object.value, wanted):
                return True
    return False


@given(st.data())
@settings(max_examples=60)
def test_both_routes_find_the_same_after_any_change(data: st.DataObject) -> None:
    quads = data.draw(changes(base()))
    assume(not is_compared_wrongly_by_rdflib(quads))

    ours, theirs = both(store_for_checks(set(quads)))

    assert ours - theirs == set()
    assert theirs - ours == set()


def test_a_date_and_a_time_are_not_compared_though_rdflib_does() -> None:
    [example] = [each for each in examples("shapes") if each.path.stem == "SourceDocument-latestDate.bad-hour"]

    ours, theirs = both(store_for_checks(quads_with(example)))

    assert theirs < ours
    [only] = ours - theirs
    assert only.rule == "shape:SourceDocument-earliestDate"
    assert only.component == terms.SH + "LessThanOrEqualsConstraintComponent"


def test_a_day_that_is_none_is_before_no_other() -> None:
    day = ox.Literal("2006-13-31", datatype=named("xsd:date"))
    wrong = ox.Quad(named("doc:base"), named("pact:earliestDate"), day, named("graph:document/base"))
    store = store_for_checks({*base(), wrong})

    found = {each.component.rpartition("#")[2] for each in shacl.results_as_findings(store) if each.value == day}

    assert {"DatatypeConstraintComponent", "LessThanOrEqualsConstraintComponent"} <= found


def test_a_triple_term_is_refused_by_both_routes() -> None:
    store, node = ox.Store(), named("id:a")
    store.add(ox.Quad(node, node, ox.Triple(node, node, node), named("claim:base-c01")))

    for route in (shacl, reference):
        with pytest.raises(KgError, match="triple term"):
            list(route.results_as_findings(store))


def test_a_triple_in_two_graphs_is_one_value() -> None:
    again = {ox.Quad(q.subject, q.predicate, q.object, named("graph:claims/again")) for q in base()}
    many = {
        ox.Quad(named(f"claim:base-c{number}"), named("pact:modality"), named("pv:factual"), named(f"graph:{graph}"))
        for number in range(100, 900)
        for graph in ("one", "two")
    } | {
        ox.Quad(named(f"claim:base-c{number}"), named("rdf:type"), named("pact:Claim"), named("graph:one"))
        for number in range(100, 900)
    }
    ours, theirs = both(store_for_checks({*base(), *again, *many}))

    assert "shape:Claim-modality" not in {each.rule for each in ours}
    assert ours == theirs


RECURSIVE = """
@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix x: <http://x/> .
x:Friend a sh:NodeShape ; sh:targetClass x:P ; sh:property [ sh:path x:knows ; sh:node x:Friend ] .
"""


def test_a_shape_that_refers_to_itself_is_told_apart_before_it_runs() -> None:
    recursive = Shapes(ox.parse(input=RECURSIVE, format=ox.RdfFormat.TURTLE))

    assert recursive.beyond_translation == "<http://x/Friend> refers to itself"
    assert shacl.shapes().beyond_translation == ""
