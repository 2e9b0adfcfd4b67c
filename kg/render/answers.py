"""Answers as a table for people, and as JSON, CSV, TSV or Markdown for what comes after."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox

from kg import terms
from kg.errors import UsageError
from kg.render.tables import console, print_table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg.answer import Answer, Cell
    from kg.query import Question
    from kg.store import Results

__all__ = ["FORMATS", "answer_text", "plain", "print_answer", "questions_json", "results_bytes", "safe_cell"]

FORMATS = ("table", "json", "csv", "tsv", "md")
"""The forms of an answer, on every command that gives one."""

_ROW_FORMATS = {
    "json": ox.QueryResultsFormat.JSON,
    "xml": ox.QueryResultsFormat.XML,
    "csv": ox.QueryResultsFormat.CSV,
    "tsv": ox.QueryResultsFormat.TSV,
}
_GRAPH_FORMATS = {
    "turtle": ox.RdfFormat.TURTLE,
    "ntriples": ox.RdfFormat.N_TRIPLES,
    "rdfxml": ox.RdfFormat.RDF_XML,
    "jsonld": ox.RdfFormat.JSON_LD,
}


def results_bytes(found: Results, form: str) -> bytes:
    """Return the results of any query as the engine serialises them; `table` is the plainest form there is.

    Raises `UsageError` where rows are wanted as a graph, or a graph as rows.
    """
    if isinstance(found, ox.QueryTriples):
        if form not in (*_GRAPH_FORMATS, "table"):
            raise UsageError(f"this query gives a graph, not {form}", mend=f"use --format {', '.join(_GRAPH_FORMATS)}")
        return ox.serialize(found, format=_GRAPH_FORMATS.get(form, ox.RdfFormat.TURTLE), prefixes=terms.PREFIXES) or b""
    if isinstance(found, ox.QueryBoolean) and form in ("table", "md"):
        return b"yes\n" if found else b"no\n"
    if form not in _ROW_FORMATS:
        raise UsageError(f"this query gives rows, not {form}", mend="use --format table, json, csv, tsv, md or xml")
    return found.serialize(format=_ROW_FORMATS[form]) or b""


def answer_text(answer: Answer, form: str) -> str:
    """Return an answer as `json` (SPARQL 1.1 Query Results JSON), `csv`, `tsv` or `md`."""
    match form:
        case "json":
            return json.dumps(_results_json(answer), ensure_ascii=False, indent=2) + "\n"
        case "csv":
            return _separated(answer, ",")
        case "tsv":
            return _separated(answer, "\t")
        case "md":
            return _markdown(answer)
    raise ValueError(form)


def _results_json(answer: Answer) -> dict[str, Any]:
    """Return the answer in the form of https://www.w3.org/TR/sparql11-results-json/."""
    bindings = [
        {column: _json_term(cell) for column, cell in zip(answer.columns, row, strict=True) if cell is not None}
        for row in answer.rows
    ]
    # Strict readers take no member after the bindings.
    return {"status": answer.status, "head": {"vars": list(answer.columns)}, "results": {"bindings": bindings}}


def _json_term(cell: Cell) -> dict[str, Any]:
    if isinstance(cell, ox.NamedNode):
        return {"type": "uri", "value": cell.value}
    if isinstance(cell, ox.BlankNode):
        return {"type": "bnode", "value": cell.value}
    if isinstance(cell, ox.Literal):
        term = {"type": "literal", "value": cell.value}
        if cell.language:
            term["xml:lang"] = cell.language
        elif cell.datatype.value != terms.XSD + "string":
            term["datatype"] = cell.datatype.value
        return term
    assert isinstance(cell, ox.Triple)
    parts = {"subject": cell.subject, "predicate": cell.predicate, "object": cell.object}
    return {"type": "triple", "value": {name: _json_term(part) for name, part in parts.items()}}


def plain(cell: Cell) -> str:
    """Return a term as plain text: an IRI in full, a literal's own characters, nothing for an empty cell."""
    if cell is None:
        return ""
    return cell.value if isinstance(cell, ox.NamedNode | ox.Literal) else str(cell)


def safe_cell(text: str) -> str:
    """Return `text` so that no spreadsheet reads it as a formula: such a cell gets an apostrophe in front.

    Source: OWASP, CSV Injection.

    >>> safe_cell("=1+1")
    "'=1+1"
    """
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _separated(answer: Answer, separator: str) -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator="\r\n" if separator == "," else "\n")
    writer.writerow(answer.columns)
    for row in answer.rows:
        writer.writerow([_spreadsheet(cell) for cell in row])
    return out.getvalue()


def _spreadsheet(cell: Cell) -> str:
    number = isinstance(cell, ox.Literal) and cell.datatype.value in (terms.XSD + "integer", terms.XSD + "decimal")
    return plain(cell) if number else safe_cell(plain(cell))


def _markdown(answer: Answer) -> str:
    columns, rows = _for_people(answer)
    lines = [_md_row(columns), _md_row(["---"] * len(columns)), *(_md_row(row) for row in rows)]
    return "\n".join(lines) + f"\n\n{closing(answer)}\n"


def _md_row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _for_people(answer: Answer) -> tuple[list[str], list[list[str]]]:
    """Return headings and rows to read: the label instead of the IRI wherever there is one."""
    shown = [i for i, column in enumerate(answer.columns) if f"{column}Label" not in answer.labels]
    headings = [
        answer.columns[i].removesuffix("Label") if answer.columns[i] in answer.labels else answer.columns[i]
        for i in shown
    ]
    return headings, [[_readable(row[i]) for i in shown] for row in answer.rows]


def _readable(cell: Cell) -> str:
    return terms.compact(cell.value) if isinstance(cell, ox.NamedNode) else plain(cell)


def closing(answer: Answer) -> str:
    """Return the last line of a table: how many rows, or that nothing is recorded."""
    count = len(answer.rows)
    if not count:
        return "not recorded: no accepted claim in this store answers that"
    return f"{answer.status}: {count} row{'s' if count != 1 else ''}"


def print_answer(answer: Answer) -> None:
    """Print an answer as a table with its closing line."""
    headings, rows = _for_people(answer)
    if rows:
        print_table(headings, rows)
    console().print(closing(answer), style="dim")


def questions_json(questions: Iterable[Question]) -> str:
    """Return the saved questions as a JSON list of `{name, summary, parameters}`."""
    listing = [
        {
            "name": question.name,
            "summary": question.summary,
            "parameters": [
                {
                    "name": parameter.name,
                    "takes": parameter.takes,
                    "optional": parameter.optional,
                    "example": parameter.example,
                    "summary": parameter.summary,
                }
                for parameter in question.parameters
            ],
        }
        for question in questions
    ]
    return json.dumps(listing, ensure_ascii=False, indent=2) + "\n"
