"""The saved questions with citations: every row leads to the claims and passages that a reader of the text names."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest
from support import FIRST, Runner
from test_answers import FILES, as_text, read

from kg import terms
from kg.answer import Answer, ask
from kg.cite import RowCitation
from kg.dataset import Dataset, graph_of
from kg.derive import stored
from kg.query import question, values_of
from kg.store import EmbeddedStore

CASES = [(path.stem, read(path).question, read(path).given) for path in FILES]
GIVEN = {case: (name, given) for case, name, given in CASES}
MOST = 10 if not os.environ.get("CI") else 1_000
"""Up to so many sets of claims are taken from an answer, each to be left alone with it."""

Given = dict[str, str]


each_case = pytest.mark.parametrize("case", [case[0] for case in CASES])


@pytest.fixture(scope="module")
def answers(shipped_store: EmbeddedStore) -> dict[str, Answer]:
    """Each case answered with citations."""
    return {stem: ask(shipped_store, name, given, cited=True) for stem, name, given in CASES}


# --- the rows and what they rest on -----------------------------------------------------------------


@each_case
def test_rows_and_status_are_the_same_with_and_without_citations(
    case: str, answers: dict[str, Answer], shipped_store: EmbeddedStore
) -> None:
    name, given = GIVEN[case]

    plain = ask(shipped_store, name, given)

    assert replace(answers[case], citations=None, notes=None) == plain
    assert answers[case].status == plain.status


@each_case
def test_every_row_rests_on_a_claim_or_on_reference_data(case: str, answers: dict[str, Answer]) -> None:
    answer = answers[case]

    assert len(citations_of(answer)) == len(answer.rows)
    assert all(citation.claims or citation.references for citation in citations_of(answer))
    assert all(claim.passages and claim.statement for citation in citations_of(answer) for claim in citation.claims)


@each_case
def test_a_row_stays_when_all_claims_that_it_does_not_rest_on_are_gone(
    case: str, answers: dict[str, Answer], shipped_store: EmbeddedStore, shipped: Dataset
) -> None:
    asked, answer = question(GIVEN[case][0]), answers[case]
    text = asked.bound(values_of(shipped_store, asked, GIVEN[case][1]))
    rows: dict[frozenset[str], set[Any]] = {}
    for row, citation in zip(answer.rows, citations_of(answer), strict=True):
        shown = tuple(cell for cell, name in zip(row, answer.columns, strict=True) if name not in answer.labels)
        rows.setdefault(frozenset(claim.iri for claim in citation.claims), set()).add(shown)

    for claims, expected in list(rows.items())[:MOST]:
        left = EmbeddedStore("memory", with_claims(shipped, claims))
        assert expected <= set(rows_of(left, text, list(asked.columns)))


def rows_of(store: EmbeddedStore, text: str, columns: list[str]) -> list[Any]:
    found = store.query(text)
    assert isinstance(found, ox.QuerySolutions)
    names = [variable.value for variable in found.variables]
    return [tuple(row[names.index(column)] for column in columns) for row in found]


def with_claims(shipped: Dataset, claims: frozenset[str]) -> ox.Store:
    """Return the shipped data with these claims only: their records and contents, and all that is no claim."""

    def is_of_another_claim(quad: ox.Quad) -> bool:
        graph, subject = graph_of(quad), quad.subject.value if isinstance(quad.subject, ox.NamedNode) else ""
        about = graph if graph.startswith(terms.CLAIM) else subject
        return about.startswith(terms.CLAIM) and about not in claims

    quads = {quad for quad in shipped.quads if not is_of_another_claim(quad)}
    return stored(quads)


# --- what a person says who reads the text ----------------------------------------------------------

# Question, parameters, cells of the row, and the passages that say it: those that must be cited, and those that may be,
# since they say of what kind the things are, between whom they stand and when they were.
READ = [
    ("ended-by", {}, ("id:us-sv-aca-1", "pv:termination", "id:biden"), "p3s1", "p15s3"),
    ("ended-by", {}, ("id:us-gt-aca", "pv:suspension"), "p15s4", "p15s3"),
    ("negotiated-by", {}, ("id:us-sv-stca-2", "id:trump-2", "pv:negotiation"), "p1s1", "p1s2 p2s1"),
    ("negotiated-by", {}, ("id:us-hn-aca", "id:trump-1", "pv:conclusion"), "p15s3", "p3s1"),
    ("took-effect", {}, ("id:us-gt-aca", "true"), "p15s4", "p15s3"),
    ("took-effect", {}, ("id:us-ca-stca", "true"), "p15s1 p15s2", ""),
    ("revivals", {}, ("id:us-sv-stca-2", "id:us-sv-aca-1", "pv:conditional"), "p3s1", ""),
    ("meetings", {}, ("id:ev-trump-bukele-call", "pv:phone-call", "id:nayib-bukele"), "p8s1", ""),
    ("meetings", {}, ("id:ev-rubio-visit-sv", "pv:visit", "id:marco-rubio"), "p9s1", ""),
    ("designations", {}, ("id:tren-de-aragua", "id:tda-designation"), "p5s2", "p5s1"),
    ("open-questions", {}, ("id:oq-gang-handling", "id:sv"), "p6s1", ""),
    ("open-questions", {}, ("id:oq-asylum-interaction", "id:quick-expulsion"), "p14s1", ""),
    ("no-comment", {}, ("id:us-dhs",), "p10s1", ""),
    ("legal-limits", {}, ("id:civilian-enforcement-ban", "id:military-mobilisation"), "p12s2", "p11s1"),
    ("assessments", {}, ("id:sv-anti-gang-policies", "pv:due-process-violation"), "p7s2", ""),
    ("assessments", {}, ("id:us-sv-stca-2", "pv:significant-step"), "p4s1", ""),
    ("transfer-routes", {}, ("id:us-ca-stca", "id:us", "id:ca"), "p15s2", ""),
    ("transfer-routes", {}, ("id:tda-flights-plan", "id:suspected-tda-members"), "p5s1", ""),
    ("provisions", {"instrument": "id:remain-in-mexico"}, ("pv:obligation", "id:asylum-seekers"), "p14s2", ""),
    ("policies-by", {"actor": "id:bukele-government"}, ("id:sv-mass-incarceration",), "p6s2", ""),
    ("interactions", {}, ("id:us-sv-stca-2", "pact:complements"), "p13s1", ""),
    ("actors-in", {"instrument": "id:tda-designation"}, ("id:donald-trump", "pact:performedBy"), "p5s2", ""),
    ("agreements", {"state": "id:ca"}, ("id:us-ca-stca", "pv:status-in-effect-unspecified"), "p15s1", "p15s2"),
    ("who-said", {"speaker": "id:white-house"}, ("id:white-house", "pv:factual"), "p8s1", ""),
    ("unnamed-only", {}, ("id:el-salvador-asylum-deal-two-sources", "pv:conditional"), "p1s1 p1s2", ""),
]


@pytest.mark.parametrize(("name", "given", "cells", "must", "may"), READ, ids=lambda value: str(value)[:40])
def test_a_row_leads_to_the_passages_that_a_reader_would_name(
    name: str, given: Given, cells: tuple[str, ...], must: str, may: str, shipped_store: EmbeddedStore
) -> None:
    answer = ask(shipped_store, name, given, cited=True)

    found = [
        {address for claim in citation.claims for address in addresses(claim.passages)}
        for row, citation in zip(answer.rows, answer.citations or (), strict=True)
        if set(cells) <= {as_text(cell) for cell in row}
    ]
    assert found
    for passages in found:
        assert set(must.split()) <= passages <= {*must.split(), *may.split()}


def addresses(passages: tuple[str, ...]) -> list[str]:
    return [iri.partition("#")[2] for iri in passages]


def test_a_status_that_is_only_possible_cites_the_claim_that_leaves_it_open(shipped_store: EmbeddedStore) -> None:
    answer = ask(shipped_store, "status-on", {"date": "2025-06-01"}, cited=True)

    behind = {
        tuple(as_text(cell) for cell in row)[4::2]: citation
        for row, citation in zip(answer.rows, answer.citations or (), strict=True)
        if as_text(row[0]) == "id:us-sv-aca-1"
    }
    suspended, terminated = (f"{terms.CLAIM}{FIRST}-{number}" for number in ("c94", "c14"))
    for status in ("pv:status-suspended", "pv:status-terminated"):
        citation = behind[(status, "possible")]
        assert {suspended, terminated} <= {claim.iri for claim in citation.claims}
    assert behind[("pv:status-not-implemented", "certain")].absences


def test_a_code_rests_on_reference_data_alone(shipped_store: EmbeddedStore) -> None:
    answer = ask(shipped_store, "identifiers", {"entity": "id:sv"}, cited=True)

    assert {citation.claims for citation in answer.citations or ()} == {()}
    assert {graph for citation in answer.citations or () for graph in citation.references} >= {
        terms.GRAPH + "reference/states"
    }


# --- the forms --------------------------------------------------------------------------------------


def citations_of(answer: Answer) -> tuple[RowCitation, ...]:
    assert answer.citations is not None
    return answer.citations


def test_json_has_the_citations_of_the_contract_in_every_binding(
    shipped_store: EmbeddedStore, store_folder: Path, kg: Runner
) -> None:
    expected = citations_of(ask(shipped_store, "ended-by", cited=True))

    ran = kg("ask", "ended-by", "--cite", "--format", "json", "--store", store_folder)

    found = json.loads(ran.out)
    assert (found["status"], found["disputed"]) == (
        "disputed",
        [f"{terms.CLAIM}{FIRST}-c14", f"{terms.CLAIM}{FIRST}-c94"],
    )
    assert len(found["results"]["bindings"]) == len(expected)
    for binding, citation in zip(found["results"]["bindings"], expected, strict=True):
        assert [entry["claim"] for entry in binding["citations"]] == [claim.iri for claim in citation.claims]
        for entry, claim in zip(binding["citations"], citation.claims, strict=True):
            assert entry == {
                "claim": claim.iri,
                "statement": claim.statement,
                "document": terms.DOC + FIRST,
                "passages": list(claim.passages),
                "statedBy": list(claim.stated_by),
                "modality": terms.PV + "factual",
                "certainty": terms.PV + "certain",
            }
            assert all(passage.startswith(entry["document"] + "#p") for passage in entry["passages"])


def test_json_without_citations_is_the_same_but_for_them(store_folder: Path, kg: Runner) -> None:
    cited = json.loads(kg("ask", "took-effect", "--cite", "--format", "json", "--store", store_folder).out)
    plain = json.loads(kg("ask", "took-effect", "--format", "json", "--store", store_folder).out)

    for binding in cited["results"]["bindings"]:
        del binding["citations"]
    assert {key: cited[key] for key in plain} == plain


def test_json_says_which_rows_rest_on_absence_and_on_reference_data(store_folder: Path, kg: Runner) -> None:
    found = json.loads(kg("ask", "agreements", "--cite", "--format", "json", "--store", store_folder).out)

    rows = len(found["results"]["bindings"])
    assert len(found["restsOnAbsence"]) == len(found["references"]) == rows
    assert all(found["restsOnAbsence"])
    assert {graph for graphs in found["references"] for graph in graphs} == {terms.GRAPH + "ontology/concepts"}


@pytest.mark.parametrize(("form", "separator"), [("csv", ","), ("tsv", "\t")])
def test_a_table_has_columns_of_citations_behind_those_of_the_answer(
    form: str, separator: str, shipped_store: EmbeddedStore, store_folder: Path, texts: Path, kg: Runner
) -> None:
    answer = ask(shipped_store, "ended-by", cited=True)

    cited = kg("ask", "ended-by", "--cite", "--texts", texts, "--format", form, "--store", store_folder)
    plain = kg("ask", "ended-by", "--format", form, "--store", store_folder)

    [heading, *rows] = csv.reader(io.StringIO(cited.out, newline=""), delimiter=separator)
    assert heading[len(answer.columns) :] == [
        *("citations", "citedStatements", "citedSpeakers", "citedCertainty", "citedPassages", "citedQuotes"),
        *("citedReferences", "restsOnAbsence"),
    ]
    without = [row[: len(answer.columns)] for row in (heading, *rows)]
    assert without == list(csv.reader(io.StringIO(plain.out, newline=""), delimiter=separator))
    for row, citation in zip(rows, citations_of(answer), strict=True):
        cells = dict(zip(heading, row, strict=True))
        assert cells["citations"].split(" | ") == [claim.iri for claim in citation.claims]
        assert cells["citedStatements"].split(" | ") == [claim.statement for claim in citation.claims]
        assert cells["citedSpeakers"].split(" | ") == ["CBS News"] * len(citation.claims)
        assert [part.split() for part in cells["citedPassages"].split(" | ")] == [
            list(claim.passages) for claim in citation.claims
        ]
        assert len(cells["citedQuotes"].split(" | ")) == len(citation.claims)


def test_markdown_has_a_footnote_for_every_mark_and_a_mark_for_every_footnote(store_folder: Path, kg: Runner) -> None:
    ran = kg("ask", "agreements", "--cite", "--format", "md", "--store", store_folder)

    table, _, rest = ran.out.partition("\n\n")
    used = set(re.findall(r"\[\^(\w+)\]", table))
    defined = re.findall(r"^\[\^(\w+)\]: \S", rest, re.MULTILINE)
    assert used == set(defined)
    assert len(defined) == len(set(defined))
    assert {"1", "ref", "abs"} <= used
    assert all("[^" in line for line in table.splitlines()[2:])


def test_a_table_numbers_its_notes_and_names_speaker_certainty_document_and_passage(
    store_folder: Path, kg: Runner
) -> None:
    ran = kg("ask", "legal-limits", "--cite", "--store", store_folder)

    text = " ".join(ran.out.split())
    assert (
        "1 CBS News (factual, probable, inferred) in News report on a proposed asylum agreement with El Salvador, "
        f"p11s1, p12s2 [claim:{FIRST}-c71]: The federal ban on police work by the military restricts" in text
    )
    assert ran.out.splitlines()[-1].startswith("found: 1 row")


def test_what_looks_like_a_formula_is_none_in_a_spreadsheet(store_folder: Path, kg: Runner) -> None:
    ran = kg("sparql", "--cite", "--format", "csv", "--store", store_folder, "--query", "SELECT ('=1+1' AS ?x) {}")

    assert list(csv.reader(io.StringIO(ran.out)))[1][0] == "'=1+1"


# --- quotes -----------------------------------------------------------------------------------------

FORMS = ("table", "md", "csv")


@pytest.mark.parametrize("form", FORMS)
def test_the_words_of_a_passage_are_quoted_where_the_text_is_at_hand(
    form: str, store_folder: Path, texts: Path, kg: Runner
) -> None:
    text = (texts / f"{FIRST}.txt").read_text(encoding="utf-8")
    words = text.split("\n")[9].strip()  # p10s1 is the whole of its paragraph

    with_text = kg("ask", "no-comment", "--cite", "--texts", texts, "--format", form, "--store", store_folder)
    without = kg("ask", "no-comment", "--cite", "--format", form, "--store", store_folder)

    assert plainly(words) in plainly(with_text.out)
    assert "not quoted" not in with_text.out
    assert plainly(words) not in plainly(without.out)


@pytest.mark.parametrize("form", FORMS)
def test_a_text_of_which_one_character_differs_is_not_quoted_and_the_note_says_why(
    form: str, store_folder: Path, texts: Path, tmp_path: Path, kg: Runner
) -> None:
    changed = Path(shutil.copy(texts / f"{FIRST}.txt", tmp_path))
    words = changed.read_text(encoding="utf-8").split("\n")[9].strip()
    changed.write_bytes(changed.read_bytes().replace(b"Washington", b"Washingtom", 1))

    ran = kg("ask", "no-comment", "--cite", "--texts", tmp_path, "--format", form, "--store", store_folder)

    assert ran.code == 0
    assert plainly(words) not in plainly(ran.out)
    assert "the text at hand differs from the one described" in " ".join(ran.out.split())


@pytest.mark.parametrize("form", FORMS)
def test_a_text_that_is_not_in_the_folder_is_not_quoted_and_the_note_says_why(
    form: str, store_folder: Path, tmp_path: Path, kg: Runner
) -> None:
    ran = kg("ask", "no-comment", "--cite", "--texts", tmp_path, "--format", form, "--store", store_folder)

    assert ran.code == 0
    assert "text not held" in ran.out


def plainly(text: str) -> str:
    """Return a text without quotation marks and line breaks, which the forms write in their own ways."""
    return " ".join(text.replace('"', "").replace("|", " ").split())


# --- failures ---------------------------------------------------------------------------------------


def test_an_endpoint_that_is_not_there_is_a_failure_and_no_empty_answer(kg: Runner) -> None:
    ran = kg("ask", "agreements", "--cite", "--store", "http://127.0.0.1:9/query")

    assert (ran.code, ran.out) == (1, "")
    assert "the endpoint did not answer" in ran.err
