"""What people and programs read: tables that fit, JSON that is W3C's, tables that no spreadsheet runs."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pyoxigraph as ox
import pytest
from support import Runner

from kg import project, render, terms
from kg.answer import Answer
from kg.errors import UsageError

NAMES = [path.stem for path in project.question_files()]
ANSWER = Answer(
    columns=("thing", "thingLabel", "text", "day", "number"),
    rows=(
        (
            ox.NamedNode(terms.ID + "sv"),
            ox.Literal("El Salvador", language="en"),
            ox.Literal('=cmd|"/c calc"!A1, "two"\nlines'),
            ox.Literal("2025-06-01", datatype=ox.NamedNode(terms.XSD + "date")),
            ox.Literal(-7),
        ),
        (None, None, ox.Literal("pipe | and \\"), None, None),
    ),
    labels=frozenset(["thingLabel"]),
)
EMPTY = Answer(("thing", "text"), ())


# --- tables -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("columns", ["60", "80"])
@pytest.mark.parametrize("name", NAMES)
def test_every_answer_fits_the_terminal(
    name: str,
    columns: str,
    answers: dict[str, Answer],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("COLUMNS", columns)

    render.print_answer(answers[name])

    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= int(columns)
    assert "\x1b" not in shown


@pytest.mark.parametrize("command", [["documents"], ["documents", "el-salvador-asylum-deal"], ["questions"]])
def test_every_other_table_fits_the_terminal(
    command: list[str], store_folder: Path, kg: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("KG_STORE", str(store_folder))

    ran = kg(*command)

    assert ran.code == 0
    assert max(map(len, ran.out.splitlines())) <= 80


@pytest.mark.parametrize("columns", ["0", "", "-5", "wide", "1"])
def test_a_width_that_is_none_does_not_stop_an_answer(
    columns: str, store_folder: Path, kg: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)

    ran = kg("ask", "conflicts", "--store", store_folder)

    assert (ran.code, ran.err) == (0, "")


@pytest.mark.parametrize("name", ["agreements", "conflicts"])
def test_no_word_of_an_answer_is_lost_in_a_narrow_table(
    name: str, answers: dict[str, Answer], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    answer = answers[name]

    render.print_answer(answer)

    shown = "".join(capsys.readouterr().out.split())
    words = {word for row in answer.rows for cell in row if isinstance(cell, ox.Literal) for word in cell.value.split()}
    assert [word for word in words if len(word) < 8 and word not in shown] == []


def test_a_table_ends_with_how_many_rows_there_are_or_that_nothing_is_recorded(store_folder: Path, kg: Runner) -> None:
    found = kg("ask", "agreements", "--state", "Guatemala", "--store", store_folder)
    disputed = kg("ask", "agreements", "--state", "El Salvador", "--store", store_folder)
    nothing = kg("ask", "agreements-between", "--state", "Mexico", "--other", "Canada", "--store", store_folder)

    assert found.out.splitlines()[-1].startswith("found: ")
    assert "disputed: " in disputed.out
    assert nothing.out.splitlines()[-1].startswith("not recorded")


# --- JSON -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_json_is_what_w3c_says_and_reads_back_as_the_same_rows(name: str, answers: dict[str, Answer]) -> None:
    answer = answers[name]

    text = render.answer_text(answer, "json")

    read = ox.parse_query_results(text, format=ox.QueryResultsFormat.JSON)
    assert isinstance(read, ox.QuerySolutions)
    assert tuple(variable.value for variable in read.variables) == answer.columns
    assert tuple(tuple(row) for row in read) == answer.rows


def test_every_kind_of_term_has_its_json() -> None:
    node = ox.NamedNode("http://example.org/a")
    row = (
        node,
        ox.BlankNode("b"),
        ox.Literal("x"),
        ox.Literal("x", language="en"),
        ox.Literal(1),
        ox.Triple(node, node, node),
        None,
    )
    answer = Answer(tuple("abcdefg"), (row,))

    [binding] = json.loads(render.answer_text(answer, "json"))["results"]["bindings"]

    uri = {"type": "uri", "value": "http://example.org/a"}
    assert binding == {
        "a": uri,
        "b": {"type": "bnode", "value": "b"},
        "c": {"type": "literal", "value": "x"},
        "d": {"type": "literal", "value": "x", "xml:lang": "en"},
        "e": {"type": "literal", "value": "1", "datatype": terms.XSD + "integer"},
        "f": {"type": "triple", "value": {"subject": uri, "predicate": uri, "object": uri}},
    }


def test_json_says_whether_something_was_found() -> None:
    found = json.loads(render.answer_text(ANSWER, "json"))
    nothing = json.loads(render.answer_text(EMPTY, "json"))

    assert (found["status"], nothing["status"]) == ("found", "not recorded")
    assert nothing["head"]["vars"] == ["thing", "text"]


# --- CSV, TSV, Markdown -----------------------------------------------------------------------------


@pytest.mark.parametrize(("form", "separator"), [("csv", ","), ("tsv", "\t")])
def test_a_table_for_spreadsheets_reads_back_with_every_cell(form: str, separator: str) -> None:
    text = render.answer_text(ANSWER, form)

    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))

    assert rows == [
        list(ANSWER.columns),
        [terms.ID + "sv", "El Salvador", '\'=cmd|"/c calc"!A1, "two"\nlines', "2025-06-01", "-7"],
        ["", "", "pipe | and \\", "", ""],
    ]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
@pytest.mark.parametrize("form", ["csv", "tsv"])
def test_no_cell_is_read_as_a_formula(start: str, form: str) -> None:
    answer = Answer(("a",), ((ox.Literal(f"{start}HYPERLINK(1)"),),))

    text = render.answer_text(answer, form)

    [_, [cell]] = csv.reader(io.StringIO(text, newline=""), delimiter="," if form == "csv" else "\t")
    assert cell == f"'{start}HYPERLINK(1)".replace("\r", "\n")


def test_a_number_stays_a_number() -> None:
    answer = Answer(("a", "b", "c"), ((ox.Literal(-1), ox.Literal(-1.5), ox.Literal("-1")),))

    assert render.answer_text(answer, "csv").splitlines()[1] == "-1,-1.5,-1"


def test_a_text_that_calls_itself_a_number_is_none() -> None:
    answer = Answer(("a",), ((ox.Literal("=1+1", datatype=ox.NamedNode(terms.XSD + "integer")),),))

    assert render.answer_text(answer, "csv").splitlines()[1] == "'=1+1"


def test_markdown_is_one_line_a_row_and_no_cell_breaks_it() -> None:
    heading, rule, *rows, blank, closing = render.answer_text(ANSWER, "md").splitlines()

    assert heading.count("|") == rule.count("|")
    assert [row.replace("\\|", "").count("|") for row in rows] == [heading.count("|")] * 2
    assert (blank, closing) == ("", "found: 2 rows")


def test_a_form_that_an_answer_has_not_is_refused_with_those_that_it_has() -> None:
    with pytest.raises(UsageError, match="no form xml") as caught:
        render.answer_text(ANSWER, "xml")

    assert "table, json, csv, tsv or md" in (caught.value.mend or "")


# --- results of any query ---------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["json", "csv", "tsv", "xml"])
def test_rows_of_any_query_come_in_every_form_of_rows(form: str, store_folder: Path, kg: Runner) -> None:
    ran = kg(
        "sparql", "--query", "SELECT ?s { ?s a pact:State } ORDER BY ?s", "--format", form, "--store", store_folder
    )

    assert ran.code == 0
    assert "id/sv" in ran.out


@pytest.mark.parametrize(
    ("form", "format_"),
    [
        ("table", ox.RdfFormat.TURTLE),
        ("turtle", ox.RdfFormat.TURTLE),
        ("ntriples", ox.RdfFormat.N_TRIPLES),
        ("jsonld", ox.RdfFormat.JSON_LD),
        ("rdfxml", ox.RdfFormat.RDF_XML),
    ],
)
def test_a_graph_comes_in_every_form_of_a_graph(
    form: str, format_: ox.RdfFormat, store_folder: Path, kg: Runner
) -> None:
    query = "CONSTRUCT { ?s a pact:State } WHERE { ?s a pact:State }"

    ran = kg("sparql", "--query", query, "--format", form, "--store", store_folder)

    found = {quad.subject for quad in ox.parse(ran.out, format=format_)}
    assert ox.NamedNode(terms.ID + "sv") in found


@pytest.mark.parametrize(
    ("form", "said"), [("table", "yes\n"), ("md", "yes\n"), ("json", '{"head":{},"boolean":true}'), ("csv", "true")]
)
def test_yes_and_no_come_in_every_form_that_has_them(form: str, said: str, store_folder: Path, kg: Runner) -> None:
    ran = kg("sparql", "--query", "ASK { id:sv a pact:State }", "--format", form, "--store", store_folder)

    assert (ran.code, ran.out) == (0, said)


@pytest.mark.parametrize(
    ("query", "form", "said"),
    [
        ("SELECT ?s { ?s a pact:State }", "turtle", "this query gives rows, not turtle"),
        ("ASK { id:sv a pact:State }", "jsonld", "this query gives rows, not jsonld"),
        ("CONSTRUCT { ?s a pact:State } WHERE { ?s a pact:State }", "csv", "this query gives a graph, not csv"),
    ],
)
def test_a_form_that_does_not_fit_is_refused_with_those_that_do(
    query: str, form: str, said: str, store_folder: Path, kg: Runner
) -> None:
    ran = kg("sparql", "--query", query, "--format", form, "--store", store_folder)

    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert "use --format" in ran.err
