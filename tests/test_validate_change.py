"""A change: what is validated of it is what the change can concern, and that is enough."""

from __future__ import annotations

from functools import cache

import pyoxigraph as ox
import pytest
import w3c
from examples import BASE, Example, examples, quads_of, quads_with, store_for_checks
from hypothesis import given, settings
from hypothesis import strategies as st
from mutations import changes, named

from kg import terms
from kg.dataset import Dataset, slug_of
from kg.validate import Finding, Report, shacl, validate, validate_change
from kg.validate.data import Data
from kg.validate.shapes import Shapes
from kg.validate.touched import concerns_everything, touched

Quads = frozenset[ox.Quad]


def of(report: Report, severity: str) -> set[Finding]:
    return {finding for finding in report.findings if finding.severity == severity}


def compared(before: Quads, after: Quads) -> tuple[Report, Report, Report]:
    """Return the reports on `before`, on `after`, and on the change between them."""
    store = store_for_checks(set(after))
    return validate(store_for_checks(set(before))), validate(store), validate_change(store, before ^ after)


def assert_enough(before: Quads, after: Quads) -> None:
    """Assert that the report on a change has all that is new, and nothing that is not so."""
    old, full, ours = compared(before, after)

    assert set(ours.findings) <= set(full.findings)
    assert set(full.findings) - set(old.findings) <= set(ours.findings)
    if old.conforms:
        assert of(ours, "violation") == of(full, "violation")
    assert (ours.documents, ours.claims) == (full.documents, full.claims)


@pytest.mark.parametrize("example", [*examples("shapes"), *examples("checks")], ids=lambda each: each.path.stem)
def test_the_change_from_the_base_to_an_example_breaks_the_same_rules(example: Example) -> None:
    assert_enough(quads_of(BASE), frozenset(quads_with(example)))


@pytest.mark.parametrize(
    "example", [each for each in examples("checks") if not each.is_good], ids=lambda each: each.path.stem
)
def test_the_way_back_from_an_example_to_the_base_is_clean(example: Example) -> None:
    assert_enough(frozenset(quads_with(example)), quads_of(BASE))


@cache
def base() -> Quads:
    return quads_of(BASE)


@given(st.data())
@settings(max_examples=80)
def test_after_any_change_the_findings_are_those_of_a_whole_validation(data: st.DataObject) -> None:
    assert_enough(base(), data.draw(changes(base())))


@given(st.data())
@settings(max_examples=40)
def test_a_second_change_is_judged_from_where_the_first_led(data: st.DataObject) -> None:
    first = data.draw(changes(base()))

    assert_enough(first, data.draw(changes(first)))


CASES: list[w3c.Case | None] = [case for case in w3c.cases() if case.name.startswith("core/")]


@pytest.mark.parametrize("case", CASES or [None], ids=lambda case: case.name if case else "absent")
def test_paths_and_constraints_of_every_kind_are_followed_back(case: w3c.Case | None) -> None:
    if case is None:
        pytest.skip(f"the W3C test suite is not here ({w3c.FOLDER} does not exist)")
    shapes, whole = case.shapes(), frozenset(case.data().store)
    found = told(shapes, whole)

    for quad in sorted(whole, key=str)[:: len(whole) // 12 + 1]:
        if concerns_everything(shapes, [quad]):
            continue
        less = whole - {quad}
        without = told(shapes, less)
        assert without - found <= told(shapes, less, quad) <= without
        assert found - without <= told(shapes, whole, quad) <= found


def told(shapes: Shapes, quads: Quads, changed: ox.Quad | None = None) -> set[w3c.Told]:
    """Return the results in `quads`, all of them, or where the change of one quad can concern something."""
    data = Data(Dataset(quads).store())
    if changed is None:
        return set(map(w3c.told, shacl.results(shapes, data)))
    return set(map(w3c.told, shacl.results_at(shapes, data, touched(shapes, data, [changed]))))


def test_the_focus_nodes_of_a_change_are_those_from_which_a_path_leads_there(shipped: Dataset) -> None:
    kind = ox.NamedNode(terms.RDF + "type")
    gone = next(q for q in shipped.quads if q.predicate == kind and q.object == ox.NamedNode(terms.PACT + "Passage"))
    data = Data(Dataset(shipped.quads - {gone}).store())

    foci = touched(shacl.shapes(), data, [gone])

    evidence = foci[ox.NamedNode(terms.SHAPE + "Claim-evidence")]
    assert evidence == {
        quad.subject
        for quad in shipped.quads
        if quad.object == gone.subject and quad.predicate == ox.NamedNode(terms.PACT + "evidence")
    }
    assert foci[ox.NamedNode(terms.SHAPE + "State-code")] == set()


@pytest.mark.parametrize(
    ("subject", "graph", "everything"),
    [("pv:legal", "graph:claims/a", True), ("id:a", "graph:ontology/pactgraph", True), ("id:a", "claim:a-c01", False)],
)
def test_a_change_of_what_terms_mean_concerns_everything(subject: str, graph: str, everything: bool) -> None:
    nodes = [ox.NamedNode(terms.expand(name)) for name in (subject, "pact:axis", "pv:legal", graph)]

    assert concerns_everything(shacl.shapes(), [ox.Quad(*nodes)]) is everything


def test_what_terms_mean_is_read_wherever_it_is_said() -> None:
    node, other = ox.NamedNode(terms.ID + "thing"), ox.NamedNode(terms.BASE + "other#Kind")
    said = [
        (other, "rdfs:subClassOf", "pact:Agreement", "graph:reference/more"),
        (node, "rdf:type", None, "claim:base-c03"),
        (node, "pact:party", "id:xa", "claim:base-c03"),
    ]
    quads = {
        ox.Quad(one, named(what), named(value) if value else other, named(graph)) for one, what, value, graph in said
    }
    meaning = frozenset(quad for quad in quads if quad.subject == other)

    assert_enough(base() | meaning, base() | quads)


def test_a_document_put_in_and_taken_out_of_the_shipped_data_is_judged_as_a_whole(shipped: Dataset) -> None:
    without = frozenset(quad for quad in shipped.quads if not slug_of(quad))
    changed = shipped.quads - without

    assert validate_change(shipped.store(), changed) == validate(shipped.store())
    assert validate_change(Dataset(without).store(), changed) == validate(Dataset(without).store())
