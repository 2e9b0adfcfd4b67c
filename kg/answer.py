"""Answers: a question asked of a store, its rows as terms, a label beside every IRI."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import chain
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg import conflict, entity, terms
from kg.cite import Uncitable, cite, notes
from kg.errors import BadParameter, UsageError
from kg.query import Question, question, values_of
from kg.sparql import form_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from kg.cite import Notes, RowCitation
    from kg.store import Store

__all__ = ["Answer", "Cell", "Part", "ask", "run"]

_FEW = 100
"""Rows up to which all are cited to tell what they rest on, if the query is about something in conflict."""

_THING = re.compile(rf"\bid:([\w-]+)|<{re.escape(terms.ID)}([\w-]+)>")

Cell = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple | None
Row = tuple[Cell, ...]


@dataclass(frozen=True)
class Part:
    """At most `most` rows of an answer, from the one after the row that `after` marks: the `Answer.next` before."""

    most: int
    after: str = ""

    def of(self, rows: Sequence[Row]) -> tuple[int, int]:
        """Return where the part begins and ends in `rows`. Raises `BadParameter` where no row bears the mark.

        A row is known by what it holds, so a part goes on in the right place where rows before it came or went.
        """
        start = 0
        if self.after:
            number, _, digest = self.after.partition("-")
            place = int(number) if number.isascii() and number.isdecimal() and len(number) < 10 else 0
            likely = [place] if place < len(rows) else []
            found = next((i for i in chain(likely, range(len(rows))) if _digest(rows[i]) == digest), None)
            if found is None:
                raise BadParameter("the answer has changed, and its next part cannot be told", mend="begin anew")
            start = found + 1
        return start, min(start + self.most, len(rows))


def _digest(row: Row) -> str:
    return sha256("\t".join(str(cell) for cell in row).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Answer:
    """Rows under columns. `labels` names the columns that hold the label of the column before them.

    `citations`, one a row, and `notes`, the same to be read, are there where they were asked for. Where a part was
    asked for, `first` is the place of its first row among all `total` rows, and `next` marks the part that follows.
    `query` is the SPARQL that was run, with the parameters bound.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    labels: frozenset[str] = frozenset()
    question: Question | None = None
    citations: tuple[RowCitation, ...] | None = None
    notes: Notes | None = None
    disputed: tuple[str, ...] = ()
    first: int = 0
    total: int = 0
    next: str = ""
    query: str = ""

    @property
    def status(self) -> str:
        """`found`, `disputed` where rows rest on claims in conflict, or `not recorded` where no claim answers.

        `disputed` holds the claims in question. A failure is an exception, never one of these.
        """
        if not (self.rows or self.total):
            return "not recorded"
        return "disputed" if self.disputed else "found"


def ask(
    store: Store,
    name: str,
    given: Mapping[str, str] | None = None,
    *,
    cited: bool = False,
    texts: Path | None = None,
    part: Part | None = None,
) -> Answer:
    """Answer the saved question `name`, with parameters as a person types them.

    Rows come in the question's own order. Columns are those that its header names, each column of IRIs followed by
    `<column>Label`. With `cited`, each row has its citation; the rows are the same. With `part`, only those of it.
    Raises `UnknownQuestion`, `BadParameter`, `AmbiguousEntity`, `StoreError` and, with `cited`, `Uncitable`.
    """
    asked = question(name)
    values = values_of(store, asked, given or {})
    whole = run(store, asked.bound(values), cited=cited, texts=texts, part=part, rewrite=False)
    if name == conflict.QUESTION:
        # The rows are the conflicts themselves; that they are disputed is what they say.
        whole = replace(whole, disputed=())
    iris = {column for column, kind in asked.columns.items() if kind == "iri"}
    return replace(_labelled(store, _only(whole, asked.columns), iris), question=asked)


def run(
    store: Store,
    text: str,
    *,
    cited: bool = False,
    texts: Path | None = None,
    part: Part | None = None,
    rewrite: bool = True,
) -> Answer:
    """Return the rows of any SELECT query, without labels; with `cited`, each row with its citation.

    `texts` is the folder of texts to quote from. Without `rewrite` the query is run as it is written, and not in the
    form with the same rows that the store answers sooner; it is cited as written either way. Raises `UsageError` for
    another form of query, `Uncitable` for what cannot be cited if it is to be, and as `ask` does.
    """
    if (form := form_of(text)) != "SELECT":
        if cited:
            raise Uncitable(form, "only the rows of SELECT are cited")
        raise UsageError("this query gives no rows", mend="only the rows of SELECT are put in tables and cited")
    found = store.query(text, rewrite=rewrite)
    assert isinstance(found, ox.QuerySolutions)
    columns, rows = tuple(variable.value for variable in found.variables), tuple(tuple(row) for row in found)
    first, end = part.of(rows) if part else (0, len(rows))
    following = f"{end - 1}-{_digest(rows[end - 1])}" if end < len(rows) else ""
    answer = Answer(columns, rows[first:end], first=first, total=len(rows), next=following, query=text)
    if not cited:
        return replace(answer, disputed=_disputed(store, _doubtful(store, text, answer)))
    citations = tuple(cite(store, text, answer.columns, answer.rows))
    return replace(
        answer, citations=citations, notes=notes(store, citations, texts), disputed=_disputed(store, citations)
    )


def _disputed(store: Store, citations: Iterable[RowCitation]) -> tuple[str, ...]:
    """Return the claims that rows rest on and that take part in a conflict, recorded or detected, that is open."""
    behind = {iri for citation in citations for iri in citation.contents}
    if not behind:
        return ()
    found = {claim for each in conflict.conflicts_of(store, behind) if not each.is_settled for claim in each.claims}
    return tuple(sorted(behind & found))


def _doubtful(store: Store, text: str, answer: Answer) -> Sequence[RowCitation]:
    """Return the citations of rows that may rest on claims in conflict; to cite all rows would take too long.

    A conflict is looked for about what the rows and the query name. Of many rows, those count that name what it is
    about; of few, all, if the query has a word in common with its claims. Where a query cannot be cited, it cannot be
    told what its rows rest on, and they stand as found.
    """
    if not answer.rows:
        return ()
    cells = {cell.value for row in answer.rows for cell in row if isinstance(cell, ox.NamedNode)}
    things = {iri for iri in cells if iri.startswith(terms.ID)}
    things |= {terms.ID + (short or long) for short, long in _THING.findall(text)}
    found = conflict.conflicts_about(store, things)
    claims = {claim for each in found if not each.is_settled for claim in each.claims}
    if not claims:
        return ()
    if len(answer.rows) <= _FEW:
        words = set(re.findall(r"[\w-]+", text)) | {iri.rpartition("/")[2] for iri in cells}
        named = {re.split("[/#]", iri)[-1] for iri in conflict.named_by(store, claims)}
        rows = answer.rows if words & named else ()
    else:
        about = conflict.subjects_of(store, claims) | claims
        rows = tuple(row for row in answer.rows if any(getattr(cell, "value", None) in about for cell in row))
    try:
        return cite(store, text, answer.columns, rows)
    except Uncitable:
        return ()


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
