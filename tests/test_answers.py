"""Competency questions as tests: a question, the query that answers it, and the rows that a person read in the text."""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pyoxigraph as ox
import pytest

from kg import project, terms
from kg.answer import Answer, ask
from kg.query import question
from kg.store import EmbeddedStore

FOLDER = Path(__file__).parent / "answers"
FILES = sorted(FOLDER.glob("*.csv"))
QUESTIONS = project.root() / "ontology" / "questions.md"

Row = tuple[str, ...]


@dataclass(frozen=True)
class Expected:
    """What a file says: which question with which parameters, how to compare, and the rows of its columns."""

    question: str
    given: dict[str, str]
    compare: str
    columns: Row
    rows: tuple[Row, ...]


def read(path: Path) -> Expected:
    name, _, given = path.stem.partition("@")
    first, *lines = path.read_text(encoding="utf-8").splitlines()
    columns, *rows = csv.reader(lines)
    return Expected(
        question=name,
        given={key: value for pair in given.split(",") if pair for key, _, value in [pair.partition("=")]},
        compare=first.removeprefix("# compare: "),
        columns=tuple(columns),
        rows=tuple(tuple(row) for row in rows),
    )


def rows_of(answer: Answer, columns: Row) -> list[Row]:
    places = [answer.columns.index(column) for column in columns]
    return [tuple(as_text(row[place]) for place in places) for row in answer.rows]


def as_text(cell: object) -> str:
    if isinstance(cell, ox.NamedNode):
        return terms.compact(cell.value)
    return cell.value if isinstance(cell, ox.Literal) else "" if cell is None else str(cell)


def difference(expected: Expected, found: list[Row]) -> tuple[list[Row], list[Row]]:
    """Return the rows that only the file has, and those that only the answer has."""
    match expected.compare:
        case "rows":
            missing, more = Counter(expected.rows), Counter(found)
            return sorted((missing - more).elements()), sorted((more - missing).elements())
        case "distinct":
            return sorted(set(expected.rows) - set(found)), sorted(set(found) - set(expected.rows))
        case "contains":
            return sorted(set(expected.rows) - set(found)), []
    raise ValueError(expected.compare)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_answer_has_the_rows_that_a_person_read_in_the_text(path: Path, shipped_store: EmbeddedStore) -> None:
    expected = read(path)

    answer = ask(shipped_store, expected.question, expected.given)

    missing, more = difference(expected, rows_of(answer, expected.columns))
    assert (missing, more) == ([], [])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_of_answers_compares_columns_that_its_question_has(path: Path) -> None:
    expected = read(path)

    asked = question(expected.question)

    assert set(expected.columns) <= set(asked.columns)
    assert set(expected.given) <= {parameter.name for parameter in asked.parameters}
    assert {len(row) for row in expected.rows} <= {len(expected.columns)}


# --- questions.md -----------------------------------------------------------------------------------

CQ = re.compile(r"^## (?P<number>CQ-\d\d) .*\n(?:- (?!query).*\n)*- query: (?P<query>\S+)$", re.MULTILINE)
COMPETENCY = [(found["number"], found["query"]) for found in CQ.finditer(QUESTIONS.read_text(encoding="utf-8"))]


def test_there_are_thirty_competency_questions_or_more_each_with_a_query() -> None:
    headings = re.findall(r"^## (CQ-\d\d) ", QUESTIONS.read_text(encoding="utf-8"), re.MULTILINE)

    assert len(headings) >= 30
    assert [number for number, _ in COMPETENCY] == headings


@pytest.mark.parametrize(("number", "name"), COMPETENCY)
def test_a_competency_question_names_a_query_that_names_it_and_has_expected_rows(number: str, name: str) -> None:
    asked = question(name)

    assert number in asked.answers
    assert [path for path in FILES if read(path).question == name] != []


@pytest.mark.parametrize("name", [path.stem for path in project.question_files()])
def test_every_question_has_expected_rows(name: str) -> None:
    assert [path for path in FILES if read(path).question == name] != []
