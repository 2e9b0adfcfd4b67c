"""Answers as a table for people, and as JSON, CSV, TSV or Markdown for what comes after."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox

from kg import terms
from kg.errors import UsageError
from kg.export import safe_cell
from kg.render.tables import console, grid, print_table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg.answer import Answer, Cell
    from kg.cite import Note, Notes
    from kg.claim import Claim
    from kg.query import Question
    from kg.store import Results

__all__ = [
    "FORMATS",
    "answer_text",
    "plain",
    "print_answer",
    "print_notes",
    "questions_json",
    "results_bytes",
]

_CLAIM_NAME = re.compile(r"claim:(.+)-(c\d+)")
"""A claim's short name, which a table shows with its number first."""

_CITED = (
    *("citations", "citedStatements", "citedSpeakers", "citedCertainty", "citedPassages", "citedQuotes"),
    *("citedReferences", "restsOnAbsence"),
)

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
    raise UsageError(f"an answer with citations has no form {form}", mend="use --format table, json, csv, tsv or md")


def _results_json(answer: Answer) -> dict[str, Any]:
    """Return the answer in the form of https://www.w3.org/TR/sparql11-results-json/."""
    bindings: list[dict[str, Any]] = [
        {column: _json_term(cell) for column, cell in zip(answer.columns, row, strict=True) if cell is not None}
        for row in answer.rows
    ]
    for binding, citation in zip(bindings, answer.citations or (), strict=False):
        binding["citations"] = [_json_claim(claim) for claim in citation.claims]
    # Strict readers take no member after the bindings.
    about = {"status": answer.status, "disputed": list(answer.disputed), **_json_rest(answer)}
    return {**about, "head": {"vars": list(answer.columns)}, "results": {"bindings": bindings}}


def _json_claim(claim: Claim) -> dict[str, Any]:
    return {
        "claim": claim.iri,
        "statement": claim.statement,
        "document": "".join(claim.documents),
        "passages": list(claim.passages),
        "statedBy": list(claim.stated_by),
        "modality": "".join(claim.modality),
        "certainty": "".join(claim.certainty),
    }


def _json_rest(answer: Answer) -> dict[str, Any]:
    """Return what rows rest on beside claims, a list a row: graphs of reference data, and what nothing matches."""
    if answer.citations is None:
        return {}
    return {
        "references": [list(citation.references) for citation in answer.citations],
        "restsOnAbsence": [list(citation.absences) for citation in answer.citations],
    }


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


def _separated(answer: Answer, separator: str) -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator="\r\n" if separator == "," else "\n")
    cited = _CITED if answer.citations is not None else ()
    writer.writerow([*answer.columns, *cited])
    for i, row in enumerate(answer.rows):
        writer.writerow([*(safe_cell(_one_kind_of_break(plain(cell))) for cell in row), *_cited_cells(answer, i)])
    return out.getvalue()


def _one_kind_of_break(text: str) -> str:
    """Return `text` with its line breaks as line feeds, the only ones that every reader expects inside a cell."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _cited_cells(answer: Answer, row: int) -> list[str]:
    """Return the cells of the citation columns of a row; several values in a cell are parted by ` | `."""
    if answer.notes is None or answer.citations is None:
        return []
    citation = answer.citations[row]
    noted = {note.claim.iri: note for note in (answer.notes.notes[number - 1] for number in answer.notes.of_row[row])}
    notes = [noted[claim.iri] for claim in citation.claims]
    columns = (
        [note.claim.iri for note in notes],
        [note.claim.statement for note in notes],
        [note.speakers for note in notes],
        [f"{note.modality}, {note.certainty}" for note in notes],
        [" ".join(note.claim.passages) for note in notes],
        [" ".join(note.quotes) or note.why_no_quote for note in notes],
        citation.references,
        citation.absences,
    )
    return [safe_cell(" | ".join(values)) for values in columns]


def _markdown(answer: Answer) -> str:
    columns, rows = _for_people(answer)
    if columns:
        for row, marks in zip(rows, _marks(answer), strict=False):
            row[0] += "".join(f"[^{mark}]" for mark in marks)
    lines = [
        _md_row(columns),
        _md_row(["---"] * len(columns)),
        *(_md_row(row) for row in rows),
        "",
        _closing(answer),
        *([""] if answer.notes else []),
    ]
    for note in answer.notes.notes if answer.notes else ():
        lines.append(f"[^{note.number}]: {' '.join([_note_head(note), note.claim.statement, *_quoted(note)])}")
    lines += [f"[^{mark}]: {text}" for mark, text in _footers(answer)]
    return "\n".join(lines) + "\n"


def _marks(answer: Answer) -> list[list[str]]:
    """Return the marks of each row: the numbers of its notes, and whether it rests on reference data or absence."""
    if answer.notes is None or answer.citations is None:
        return []
    return [
        [*map(str, numbers), *(["ref"] if citation.references else []), *(["abs"] if citation.absences else [])]
        for numbers, citation in zip(answer.notes.of_row, answer.citations, strict=True)
    ]


def _footers(answer: Answer) -> list[tuple[str, str]]:
    """Return what the marks stand for that are no numbers.

    A saved question says in words what it looks for in vain; else the pattern itself is shown.
    """
    if answer.notes is None:
        return []
    said = answer.question.absence if answer.question else ""
    absences = answer.notes.absences
    patterns = [f"nothing matches {_shortened(pattern)}" for pattern in absences]
    found = []
    if answer.notes.references:
        found.append(("ref", f"Reference data: {', '.join(map(terms.compact, answer.notes.references))}"))
    if absences:
        found.append(("abs", f"Rests on absence: {said or '; '.join(patterns)}"))
    return found


def _quoted(note: Note) -> list[str]:
    """Return the words of a note's passages, or the reason why they are not quoted."""
    if note.why_no_quote:
        return [f"({note.why_no_quote}, so not quoted)"]
    return [f"“{' '.join(quote.split())}”" for quote in note.quotes]


def _note_head(note: Note) -> str:
    """Return who says it, how, and where: the part of a note before the statement."""
    hedges = [note.modality, note.certainty, *([note.basis] if note.basis != "explicit" else [])]
    place = f"{note.document}, {', '.join(note.addresses)}"
    return f"{note.speakers} ({', '.join(hedges)}) in {place} [{terms.compact(note.claim.iri)}]:"


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
    text = terms.compact(cell.value) if isinstance(cell, ox.NamedNode) else plain(cell)
    return _CLAIM_NAME.sub(r"\2 (\1)", text)


def _closing(answer: Answer) -> str:
    """Return the last line of a table: how many rows, or that nothing is recorded."""
    count = len(answer.rows)
    if not count:
        return "not recorded: no accepted claim in this store answers that"
    counted = f"{count} row{'s' if count != 1 else ''}"
    if answer.disputed:
        names = ", ".join(terms.compact(iri) for iri in answer.disputed)
        return f"disputed: {counted}, of which some rest on claims in conflict ({names}); see: kg ask conflicts"
    return f"{answer.status}: {counted}"


def print_answer(answer: Answer) -> None:
    """Print an answer as a table with its closing line."""
    headings, rows = _for_people(answer)
    if answer.notes is not None:
        headings.append("notes")
        for row, marks in zip(rows, _marks(answer), strict=True):
            row.append(" ".join(marks))
    if rows:
        print_table(headings, rows)
    if answer.notes is not None:
        print_notes(answer.notes)
        for mark, text in _footers(answer):
            console().print(grid([(mark, text)]), style="dim")
    console().print(_closing(answer), style="dim")


def print_notes(notes: Notes) -> None:
    """Print the numbered notes of an answer."""
    for note in notes.notes:
        lines = [_note_head(note), note.claim.statement, *_quoted(note)]
        console().print(grid([(f"{note.number:>3}", "\n".join(lines))]))


def _shortened(pattern: str, limit: int = 300) -> str:
    """Return a pattern with prefixed names in place of IRIs in angle brackets."""
    text = re.sub(r"<([^<>]*)>", lambda match: terms.compact(match[1]), pattern)
    return text if len(text) <= limit else text[: limit - 1] + "…"


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
