"""The checks: each is a query that answers nothing, until an example breaks its rule."""

from __future__ import annotations

import re
from pathlib import Path

import pyoxigraph as ox
import pytest
from examples import Example, examples, quads_with, rules_broken_by, store_for_checks

from kg import project, terms
from kg.dataset import Dataset
from kg.errors import KgError
from kg.validate.checks import read_check, rows_as_findings

CHECKS = project.check_files()


@pytest.mark.parametrize("example", examples("checks"), ids=lambda example: example.path.stem)
def test_an_example_breaks_the_rule_it_names_and_no_other(example: Example) -> None:
    broken = rules_broken_by(example)

    assert broken == example.expected


@pytest.mark.parametrize(
    "example", [each for each in examples("checks") if not each.is_good], ids=lambda each: each.path.stem
)
def test_every_value_that_the_words_of_a_check_name_is_bound(example: Example) -> None:
    [check] = [read_check(path) for path in CHECKS if path.stem == example.rule]
    store = store_for_checks(quads_with(example))

    rows = store.query(check.query, prefixes=terms.PREFIXES, use_default_graph_as_union=True)

    assert isinstance(rows, ox.QuerySolutions)
    named = re.findall(r"\{\?(\w+)\}", check.message + check.mend)
    assert [name for row in rows for name in named if row[name] is None] == []


@pytest.mark.parametrize("kind", ["good", "bad"])
def test_every_check_has_an_example_of_each_kind(kind: str) -> None:
    shown = {example.rule for example in examples("checks") if example.is_good == (kind == "good")}

    assert shown == {path.stem for path in CHECKS}


@pytest.mark.parametrize("path", CHECKS, ids=lambda path: path.stem)
def test_a_check_says_its_rule_its_message_and_how_to_mend_it(path: Path) -> None:
    check = read_check(path)

    assert re.fullmatch(r"[A-Z][^.]*\.", check.summary), "one sentence"
    assert check.message.endswith((".", "?"))
    assert check.mend
    assert check.severity in ("violation", "warning")


@pytest.mark.parametrize("path", CHECKS, ids=lambda path: path.stem)
def test_a_check_projects_focus_and_claim_first_then_what_its_words_name(path: Path) -> None:
    check = read_check(path)

    rows = ox.Store().query(check.query, prefixes=terms.PREFIXES)

    assert isinstance(rows, ox.QuerySolutions)
    projected = [variable.value for variable in rows.variables]
    named = set(re.findall(r"\{\?(\w+)\}", check.message + check.mend))
    assert projected[:2] == ["focus", "claim"]
    assert named <= set(projected)
    assert set(projected[2:]) <= named


@pytest.mark.parametrize("path", CHECKS, ids=lambda path: path.stem)
def test_the_ways_that_a_check_reads_are_in_its_query(path: Path) -> None:
    check = read_check(path)
    query = re.sub("^#.*$", "", check.query, flags=re.MULTILINE).replace(" a ", " rdf:type ")

    steps = {step.removeprefix("any ").removeprefix("^") for way in check.reads for step in way.split("/")}

    assert {step for step in steps - {"in", "*"} if step not in query} == set()
    assert ("in" in steps) <= ("GRAPH" in query)


@pytest.mark.parametrize("path", CHECKS, ids=lambda path: path.stem)
def test_a_check_uses_declared_terms_only(path: Path, shipped: Dataset) -> None:
    declared = {quad.subject.value for quad in shipped.quads if isinstance(quad.subject, ox.NamedNode)}

    used = {terms.expand(name) for name in re.findall(r"(?<![\w:])(?:pact|pv):[\w-]+", read_check(path).query)}

    assert used - declared == set()


def test_the_words_of_a_finding_name_its_values(tmp_path: Path) -> None:
    path = tmp_path / "self-reference-violation.rq"
    path.write_text(
        "#+ summary: Nothing refers to itself.\n"
        '#+ kg: {severity: warning, message: "{?focus} has the {?property} {?none}.", mend: "take out: {?property}"}\n'
        "SELECT ?focus ?claim ?property ?none WHERE { ?focus ?property ?focus }",
        "utf8",
    )
    store = ox.Store()
    node = ox.NamedNode(terms.ID + "a")
    store.add(ox.Quad(node, ox.NamedNode(terms.PACT + "party"), node, ox.NamedNode(terms.CLAIM + "a-c01")))

    [finding] = rows_as_findings(store, read_check(path))

    assert (finding.severity, finding.rule) == ("warning", "self-reference-violation")
    assert finding.message == "id:a has the pact:party …."
    assert finding.mend == "take out: pact:party"
    assert finding.focus == node


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("", "header"),
        ("#+ summary: [", "header"),
        ("#+ summary: A rule.\n#+ kg: {severity: fatal, message: m, mend: n}", "severity is none of violation"),
        ("#+ summary: A rule.\n#+ kg: {severity: warning, mend: n}", "message"),
    ],
)
def test_a_check_with_a_broken_header_is_an_error_that_names_its_file(tmp_path: Path, header: str, reason: str) -> None:
    path = tmp_path / "odd-violation.rq"
    path.write_text(f"{header}\nSELECT ?focus ?claim WHERE {{ ?focus ?claim ?x }}", "utf8")

    with pytest.raises(KgError, match=reason) as caught:
        read_check(path)
    assert caught.value.where == "odd-violation.rq"


def test_a_check_that_is_not_sparql_is_an_error_that_names_its_file(tmp_path: Path) -> None:
    path = tmp_path / "odd-violation.rq"
    path.write_text("#+ summary: A rule.\n#+ kg: {severity: warning, message: m, mend: n}\nSELECT nothing", "utf8")

    with pytest.raises(KgError, match="not SPARQL") as caught:
        list(rows_as_findings(ox.Store(), read_check(path)))
    assert caught.value.where == "odd-violation.rq"
