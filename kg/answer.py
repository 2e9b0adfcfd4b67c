"""Answers: a question asked of a store, its rows as terms, a label beside every IRI."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg import entity, terms
from kg.query import Question, question, values_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kg.store import Store

__all__ = ["Answer", "Cell", "ask", "from_rows"]

Cell = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple | None


@dataclass(frozen=True)
class Answer:
    """Rows under columns. `labels` names the columns that hold the label of the column before them."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    labels: frozenset[str] = frozenset()
    question: Question | None = None

    @property
    def status(self) -> str:
        """`found`, or `not recorded` where no claim in the store answers; a failure is an exception, never this."""
        return "found" if self.rows else "not recorded"


def ask(store: Store, name: str, given: Mapping[str, str] | None = None) -> Answer:
    """Answer the saved question `name`, with parameters as a person types them.

    Rows come in the question's own order. Columns are its columns, each column of IRIs followed by `<column>Label`;
    a parameter that was not given has no column.
    Raises `UnknownQuestion`, `BadParameter`, `AmbiguousEntity` and `StoreError`.
    """
    asked = question(name)
    values = values_of(store, asked, given or {})
    rows = store.query(asked.bound(values))
    assert isinstance(rows, ox.QuerySolutions)
    unused = {p.name for p in asked.parameters} - values.keys() - asked.columns.keys()
    iris = {column for column, kind in asked.columns.items() if kind == "iri"} | {
        p.name for p in asked.parameters if p.kind != "date"
    }
    return _labelled(store, from_rows(rows, without=unused), iris, asked)


def from_rows(rows: ox.QuerySolutions, without: set[str] | frozenset[str] = frozenset()) -> Answer:
    """Return the rows of any SELECT query as an answer without labels, leaving out the columns `without`."""
    columns = [variable.value for variable in rows.variables if variable.value not in without]
    return Answer(tuple(columns), tuple(tuple(row[column] for column in columns) for row in rows))


def _labelled(store: Store, plain: Answer, iris: set[str], asked: Question) -> Answer:
    found = {cell.value for row in plain.rows for cell in row if isinstance(cell, ox.NamedNode)}
    known = entity.labels(store, found)
    columns = [name for column in plain.columns for name in _with_label(column, iris)]
    rows = tuple(
        tuple(
            cell
            for column, value in zip(plain.columns, row, strict=True)
            for cell in ((value, _label(value, known)) if column in iris else (value,))
        )
        for row in plain.rows
    )
    return Answer(tuple(columns), rows, frozenset(f"{column}Label" for column in iris), asked)


def _with_label(column: str, iris: set[str]) -> tuple[str, ...]:
    return (column, f"{column}Label") if column in iris else (column,)


def _label(value: Cell, known: Mapping[str, str]) -> ox.Literal | None:
    """Return the label of an IRI, or its short name where it has none, such as a claim or a passage."""
    if not isinstance(value, ox.NamedNode):
        return None
    if value.value in known:
        return ox.Literal(known[value.value], language="en")
    return ox.Literal(terms.compact(value.value))
