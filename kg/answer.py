"""Answers: a question asked of a store, its rows as terms, a label beside every IRI."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg import entity, terms
from kg.errors import UsageError
from kg.query import Question, question, values_of
from kg.sparql import with_prefixes

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from kg.cite import Notes, RowCitation
    from kg.store import Store

__all__ = ["Answer", "Cell", "ask", "contested_claims", "run"]

CONFLICTS = "conflicts"
"""The saved question whose rows are the claims in conflict."""

Cell = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple | None


@dataclass(frozen=True)
class Answer:
    """Rows under columns. `labels` names the columns that hold the label of the column before them.

    `citations`, one a row, and `notes`, the same to be read, are there where they were asked for.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    labels: frozenset[str] = frozenset()
    question: Question | None = None
    citations: tuple[RowCitation, ...] | None = None
    notes: Notes | None = None
    disputed: tuple[str, ...] = ()

    @property
    def status(self) -> str:
        """`found`, `disputed` where rows rest on claims in conflict, or `not recorded` where no claim answers.

        `disputed` holds the claims in question. A failure is an exception, never one of these.
        """
        if not self.rows:
            return "not recorded"
        return "disputed" if self.disputed else "found"


def ask(
    store: Store,
    name: str,
    given: Mapping[str, str] | None = None,
    *,
    cited: bool = False,
    texts: Path | None = None,
) -> Answer:
    """Answer the saved question `name`, with parameters as a person types them.

    Rows come in the question's own order. Columns are those that its header names, each column of IRIs followed by
    `<column>Label`. With `cited`, each row has its citation; the rows are the same.
    Raises `UnknownQuestion`, `BadParameter`, `AmbiguousEntity`, `StoreError` and, with `cited`, `Uncitable`.
    """
    asked = question(name)
    values = values_of(store, asked, given or {})
    whole = run(store, asked.bound(values), cited=cited, texts=texts)
    if name == CONFLICTS:
        # The rows are the conflicts themselves; that they are disputed is what they say.
        whole = replace(whole, disputed=())
    iris = {column for column, kind in asked.columns.items() if kind == "iri"}
    return replace(_labelled(store, _only(whole, asked.columns), iris), question=asked)


def run(store: Store, text: str, *, cited: bool = False, texts: Path | None = None) -> Answer:
    """Return the rows of any SELECT query, without labels; with `cited`, each row with its citation.

    `texts` is the folder of texts to quote from. Raises `UsageError` for another form of query, and as `ask` does.
    """
    rows = store.query(text)
    if not isinstance(rows, ox.QuerySolutions):
        raise UsageError("this query gives no rows", mend="only the rows of SELECT are put in tables and cited")
    answer = Answer(tuple(variable.value for variable in rows.variables), tuple(tuple(row) for row in rows))
    contested = contested_claims(store)
    if not cited and not _may_rest_on(store, answer, contested):
        return answer
    from kg.cite import Uncitable, cite, notes

    try:
        citations = tuple(cite(store, with_prefixes(text), answer.columns, answer.rows))
    except Uncitable:
        if cited:
            raise
        # Without citations it cannot be told; the rows then stand as found.
        return answer
    behind = {claim.iri for citation in citations for claim in citation.claims}
    answer = replace(answer, disputed=tuple(sorted(behind & contested)))
    return replace(answer, citations=citations, notes=notes(store, citations, texts)) if cited else answer


def contested_claims(store: Store) -> set[str]:
    """Return the claims that take part in a conflict, recorded or detected, that is not settled."""
    settled = {terms.PV + name for name in ("compatible-sequence", "source-preferred", "error-in-extraction")}
    rows = entity.select(store, question(CONFLICTS).text)
    return {row["claim"].value for row in rows if row["resolution"] is None or row["resolution"].value not in settled}


def _may_rest_on(store: Store, answer: Answer, claims: set[str]) -> bool:
    """Tell whether rows name anything that one of these claims names; if not, none of them can be behind the rows."""
    cells = {cell.value for row in answer.rows for cell in row if isinstance(cell, ox.NamedNode)}
    if not claims or not cells:
        return False
    nodes = " ".join(str(ox.NamedNode(iri)) for iri in sorted(claims))
    rows = entity.select(store, f"SELECT ?s ?o WHERE {{ VALUES ?g {{ {nodes} }} GRAPH ?g {{ ?s ?p ?o }} }}")
    named = {term.value for row in rows for term in (row["s"], row["o"]) if isinstance(term, ox.NamedNode)}
    return bool(cells & (named | claims))


def _only(answer: Answer, columns: Collection[str]) -> Answer:
    """Return the answer with only these of its columns."""
    kept = [i for i, column in enumerate(answer.columns) if column in columns]
    rows = tuple(tuple(row[i] for i in kept) for row in answer.rows)
    return replace(answer, columns=tuple(answer.columns[i] for i in kept), rows=rows)


def _labelled(store: Store, plain: Answer, iris: set[str]) -> Answer:
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
    return replace(plain, columns=tuple(columns), rows=rows, labels=frozenset(f"{column}Label" for column in iris))


def _with_label(column: str, iris: set[str]) -> tuple[str, ...]:
    return (column, f"{column}Label") if column in iris else (column,)


def _label(value: Cell, known: Mapping[str, str]) -> ox.Literal | None:
    """Return the label of an IRI, or its short name where it has none, such as a claim; a code is its own label."""
    if not isinstance(value, ox.NamedNode):
        return value if isinstance(value, ox.Literal) else None
    if value.value in known:
        return ox.Literal(known[value.value], language="en")
    return ox.Literal(terms.compact(value.value))
