"""An answer as something to cite: question, version, parameters, dataset and result, each told by a hash."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pyoxigraph as ox

from kg import terms
from kg.dataset import dataset_hash
from kg.query import values_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kg.answer import Answer
    from kg.query import Question
    from kg.store import Store

__all__ = ["FORMS", "Permalink", "permalink", "permalink_text"]

FORMS = ("text", "json", "bibtex", "csl")
"""The forms of a permalink."""


@dataclass(frozen=True)
class Permalink:
    """What has to be the same for an answer to be the same, and the hash of the answer; hashes are SHA-256."""

    url: str
    question: str
    summary: str
    question_hash: str
    parameters: dict[str, str]
    dataset_hash: str
    result_hash: str
    rows: int
    status: str


def permalink(store: Store, asked: Question, given: Mapping[str, str], answer: Answer) -> Permalink:
    """Return the permalink of `answer`, which `asked` gave on `store`; the same inputs give the same hashes anywhere.

    The result's hash is over its columns and rows as N-Triples terms, in the question's own order.
    """
    values = values_of(store, asked, given)
    parameters = {name: _written(term) for name, term in sorted(values.items())}
    options = {parameter.name: parameter.option for parameter in asked.parameters}
    query = urlencode([(options[name], value) for name, value in parameters.items()])
    rows = [[None if cell is None else str(cell) for cell in row] for row in answer.rows]
    return Permalink(
        url=f"{terms.ASK}{asked.name}{'?' + query if query else ''}",
        question=asked.name,
        summary=asked.summary,
        question_hash=_hash(asked.text),
        parameters=parameters,
        dataset_hash=store.noted or dataset_hash(store.quads()),
        result_hash=_hash(json.dumps([list(answer.columns), rows], ensure_ascii=False)),
        rows=len(rows),
        status=answer.status,
    )


def _written(term: ox.NamedNode | ox.Literal) -> str:
    return terms.compact(term.value) if isinstance(term, ox.NamedNode) else term.value


def _hash(text: str) -> str:
    return sha256(text.encode("utf-8")).hexdigest()


def permalink_text(link: Permalink, form: str, today: date) -> str:
    """Return a permalink as plain `text`, `json`, `bibtex`, or `csl` (CSL-JSON); `today` is the day of access."""
    match form:
        case "json":
            return json.dumps(asdict(link), ensure_ascii=False, indent=2) + "\n"
        case "bibtex":
            return _bibtex(link, today)
        case "csl":
            return json.dumps([_csl(link, today)], ensure_ascii=False, indent=2) + "\n"
    values = {
        "link": link.url,
        "question": f"{link.question} ({link.summary})",
        "question hash": link.question_hash,
        "parameters": ", ".join(f"{name} = {value}" for name, value in link.parameters.items()) or "none",
        "dataset hash": link.dataset_hash,
        "result hash": f"{link.result_hash} ({link.rows} rows, {link.status})",
    }
    return "".join(f"{name:<14} {value}\n" for name, value in values.items())


def _note(link: Permalink) -> str:
    return f"dataset {link.dataset_hash}; question {link.question_hash}; result {link.result_hash}"


def _bibtex(link: Permalink, today: date) -> str:
    fields = {
        "title": f"{{Pactgraph: {link.summary}}}",
        "author": "{{Pactgraph contributors}}",
        "year": f"{{{today.year}}}",
        "howpublished": f"\\url{{{link.url}}}",
        "urldate": f"{{{today.isoformat()}}}",
        "note": f"{{{_note(link)}}}",
    }
    lines = ",\n".join(f"  {name:<12} = {value}" for name, value in fields.items())
    return f"@misc{{pactgraph-{link.question}-{link.result_hash[:8]},\n{lines}\n}}\n"


def _csl(link: Permalink, today: date) -> dict[str, object]:
    """Return the item in CSL-JSON (https://citeproc-js.readthedocs.io/en/latest/csl-json/markup.html)."""
    return {
        "id": f"pactgraph-{link.question}-{link.result_hash[:8]}",
        "type": "dataset",
        "title": f"Pactgraph: {link.summary}",
        "author": [{"literal": "Pactgraph contributors"}],
        "issued": {"date-parts": [[today.year, today.month, today.day]]},
        "accessed": {"date-parts": [[today.year, today.month, today.day]]},
        "URL": link.url,
        "note": _note(link),
    }
