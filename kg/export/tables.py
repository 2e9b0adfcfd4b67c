"""A dataset as CSV tables for a spreadsheet: one for each kind of thing, with a label beside every IRI."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg import terms
from kg.export.index import Index, Values, index_of, values_of
from kg.export.order import in_order, natural

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kg.claim import Claim

__all__ = ["safe_cell", "tables", "to_csv"]

Row = list[str]
Table = tuple[Row, "Iterable[Row]"]

SEPARATOR = " | "
"""Between several values of one cell."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_DCTERMS, _TYPE = terms.PREFIXES["dcterms"], terms.RDF + "type"
_ALT_LABEL = terms.SKOS + "altLabel"
_NOTATION, _EXACT_MATCH = terms.SKOS + "notation", terms.SKOS + "exactMatch"
# The properties of columns that are not named after a term of ours: one, or a path of two.
_BORROWED = {
    "altLabel": (_ALT_LABEL,),
    "broader": (terms.SKOS + "broader",),
    "definition": (terms.SKOS + "definition",),
    "document": (_DCTERMS + "isPartOf",),
    "end": (terms.OA + "hasSelector", terms.OA + "end"),
    "inScheme": (terms.SKOS + "inScheme",),
    "language": (_DCTERMS + "language",),
    "publisher": (_DCTERMS + "publisher",),
    "start": (terms.OA + "hasSelector", terms.OA + "start"),
    "title": (_DCTERMS + "title",),
    "type": (_TYPE,),
}
# The columns that have no label beside them: texts, numbers and dates, and passages, which have no label.
_TEXT_COLUMNS = (
    "altLabel charCount conditionText contentHash definition earliestDate end evidence hedgeCue language latestDate"
    " noClaimReason paragraph paragraphCount questionText sentence sourceCount start termEnd termStart timeText title"
)
_TEXTS = frozenset(_TEXT_COLUMNS.split())
_PUT = ("modality", "polarity", "review_status")
_PUT_COLUMNS = ("modality", "polarity", "reviewStatus")


@dataclass(frozen=True)
class _Kind:
    """A table: its name, the column of the thing itself, the classes of the things, the columns of their properties.

    What is said of `claimed` things stands in claims too, so that their lines say in which and how it is put.
    `label` is the column of the thing's label, where it is not the thing's column with `Label`.
    """

    table: str
    column: str
    classes: str
    columns: str
    claimed: bool = True
    label: str = ""


_KINDS = (
    _Kind(
        "documents",
        "document",
        "SourceDocument",
        "title publisher earliestDate latestDate dateStatus timeText language charCount paragraphCount contentHash",
        claimed=False,
    ),
    _Kind(
        "passages",
        "passage",
        "Passage",
        "document paragraph sentence start end contentHash noClaimReason",
        claimed=False,
    ),
    _Kind(
        "claims",
        "claim",
        "Claim",
        "fromDocument evidence statedBy reportedBy modality certainty polarity basis reviewStatus hedgeCue"
        " conditionText conditionalOn supersedes corroborates disputes",
        claimed=False,
        label="statement",
    ),
    _Kind("conflicts", "conflict", "Conflict", "conflictKind resolution involves", claimed=False),
    _Kind("concepts", "concept", terms.SKOS + "Concept", "inScheme broader definition", claimed=False),
    _Kind(
        "actors",
        "actor",
        "Agent State Administration GovernmentBody InternationalOrganization NonStateGroup MediaOrganization Person"
        " UnnamedSource",
        "type altLabel holdsOffice formerlyHeld administrationOf headedBy termStart termEnd bodyOf homeState inRegion"
        " citedIn sourceCount",
    ),
    _Kind("person-categories", "category", "PersonCategory", "altLabel membersOf"),
    _Kind("offices", "office", "Office", "altLabel officeOf"),
    _Kind("places", "place", "Place Border Region", "type altLabel borderOf"),
    _Kind("agreements", "agreement", "Agreement", "altLabel instrumentType party"),
    _Kind("policies", "policy", "Policy", "altLabel instrumentType issuedBy carriedOutBy targets atBorder"),
    _Kind(
        "provisions",
        "provision",
        "Provision",
        "provisionOf deonticMode action bearer affects fromState toState inState atBorder",
    ),
    _Kind(
        "events",
        "event",
        "Event LifecycleEvent DiplomaticEvent",
        "type eventOf eventType occurrence earliestDate latestDate timeText performedBy counterpart destination topic"
        " atBorder partOfEvent precedes",
    ),
    _Kind("status-periods", "period", "StatusPeriod", "statusOf axis status earliestDate latestDate timeText"),
    _Kind("assessments", "assessment", "Assessment", "assessmentOf assessedAs assessor groundedIn inRespectOf"),
    _Kind("open-questions", "question", "OpenQuestion", "questionText concerns questionStatus answeredBy"),
)
_INTERACTIONS = frozenset(
    terms.PACT + name
    for name in ("basedOn", "complements", "implements", "interactsWith", "limits", "replaces", "revives")
)


def to_csv(quads: Iterable[ox.Quad]) -> bytes:
    """Return the content of every claim as one table, a line for each triple, facts and hypotheticals marked."""
    return _csv(_content(index_of(quads)))


def tables(quads: Iterable[ox.Quad]) -> dict[str, bytes]:
    """Return the CSV tables by name: one for each kind of thing, then `content`, `interactions` and `identifiers`.

    A thing has one line for all that the facts view says of it, and one line more for each claim outside that view;
    the columns `view`, `modality` and `claims` tell them apart.
    """
    index = index_of(quads)
    made = {kind.table: _csv(_things(kind, index)) for kind in _KINDS}
    made["content"] = _csv(_content(index))
    made["interactions"] = _csv(_content(index, _INTERACTIONS, ("instrument", "kind", "other")))
    made["identifiers"] = _csv(_identifiers(index))
    return made


def safe_cell(text: str) -> str:
    """Return `text` so that no spreadsheet runs it: an apostrophe stands before what would start a formula.

    >>> safe_cell("=1+1"), safe_cell("-1.5")
    ("'=1+1", '-1.5')
    """
    return f"'{text}" if text.startswith(_FORMULA) and not _NUMBER.fullmatch(text) else text


def _csv(table: Table) -> bytes:
    """Return a table as RFC 4180 has it: UTF-8, lines ended by CR LF, quotes where needed."""
    header, rows = table
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([safe_cell(cell) for cell in row] for row in rows)
    return out.getvalue().encode()


def _things(kind: _Kind, index: Index) -> Table:
    columns = kind.columns.split()
    header = [
        kind.column,
        kind.label or f"{kind.column}Label",
        *(name for column in columns for name in _column(column)),
    ]
    if kind.claimed:
        header += ["view", *(name for column in _PUT_COLUMNS for name in _headed(column)), "claims", "passages"]
    return header, _lines(kind, columns, index)


def _lines(kind: _Kind, columns: Sequence[str], index: Index) -> Iterator[Row]:
    """Yield a line for the facts about each thing, then for each other claim that says something of it.

    Its names are the same in every line and no reason for one: a thing of which no fact is known has no line of facts.
    """
    for thing in index.things(name if ":" in name else terms.PACT + name for name in kind.classes.split()):
        facts, about = index.facts.get(thing, {}), index.claims_about.get(thing, ())
        names = {_ALT_LABEL: facts.get(_ALT_LABEL, [])}
        said = [("facts", facts, [claim for claim in about if claim.is_fact])]
        if kind.claimed:
            said += [("claims", values_of(claim, thing), [claim]) for claim in about if not claim.is_fact]
        listed = False
        for view, values, claims in said:
            cells = {column: _cells(column, {**values, **names}, index) for column in columns}
            says = any(any(pair) for column, pair in cells.items() if column not in ("type", "altLabel"))
            if says or (_TYPE in values and not listed):
                listed = True
                standing = _standing(view, claims, index) if kind.claimed else []
                yield [thing, index.label(thing), *(cell for pair in cells.values() for cell in pair), *standing]


def _standing(view: str, claims: Sequence[Claim], index: Index) -> Row:
    """Return which view holds a line, how it is put, and the claims and passages that say it."""
    put = [cell for name in _PUT for cell in _linked((v for claim in claims for v in getattr(claim, name)), index)]
    passages = {passage for claim in claims for passage in claim.passages}
    return [view, *put, _joined(claim.iri for claim in claims), _joined(sorted(passages, key=natural))]


def _headed(name: str) -> Row:
    return [name, f"{name}Label"]


def _column(name: str) -> Row:
    return [name] if name in _TEXTS else _headed(name)


def _cells(column: str, values: Values, index: Index) -> Row:
    first, *rest = _BORROWED.get(column, (terms.PACT + column,))
    found = values.get(first, [])
    for step in rest:
        found = [value for node in found for value in index.facts.get(node.value, {}).get(step, [])]
    texts = [term.value for term in found]
    return [_joined(texts)] if column in _TEXTS else _linked(texts, index)


def _linked(iris: Iterable[str], index: Index) -> Row:
    """Return two cells: the IRIs, and their labels in the same order."""
    ordered = sorted(set(iris), key=natural)
    return [_joined(ordered), SEPARATOR.join(index.label(iri) for iri in ordered)]


def _joined(values: Iterable[str]) -> str:
    return SEPARATOR.join(dict.fromkeys(values))


def _content(
    index: Index, properties: frozenset[str] | None = None, names: Sequence[str] = ("subject", "property", "value")
) -> Table:
    """Return the triples of every claim's content, or those of some properties, with how the claim is put."""
    header = ["claim", "statement", *(cell for name in names for cell in _headed(name)), "view"]
    header += [cell for name in (*_PUT_COLUMNS, "certainty", "statedBy", "fromDocument") for cell in _headed(name)]
    return [*header, "passages"], _content_lines(index, properties)


def _content_lines(index: Index, properties: frozenset[str] | None) -> Iterator[Row]:
    for claim in index.claims:
        record = [
            "facts" if claim.is_fact else "claims",
            *(
                cell
                for name in (*_PUT, "certainty", "stated_by", "documents")
                for cell in _linked(getattr(claim, name), index)
            ),
            _joined(claim.passages),
        ]
        for quad in in_order(ox.Quad(*triple) for triple in claim.content):
            if properties is None or quad.predicate.value in properties:
                triple = (quad.subject, quad.predicate, quad.object)
                yield [claim.iri, claim.statement, *(cell for term in triple for cell in _term(term, index)), *record]


def _term(term: object, index: Index) -> Row:
    """Return a node as IRI and label; a literal as its text, in both columns, so that either can be read alone."""
    if isinstance(term, ox.NamedNode):
        return [term.value, index.label(term.value)]
    text = term.value if isinstance(term, ox.Literal) else str(term)
    return [text, text]


def _identifiers(index: Index) -> Table:
    return [*_headed("thing"), *_headed("scheme"), "identifier"], _identifier_lines(index)


def _identifier_lines(index: Index) -> Iterator[Row]:
    """Yield the codes of things (`skos:notation`, its datatype the scheme) and their IRIs in other datasets."""
    registries = {
        prefix.value: scheme
        for scheme in index.things([terms.PACT + "IdentifierScheme"])
        for prefix in index.facts.get(scheme, {}).get(terms.PACT + "iriPrefix", [])
    }
    for thing in sorted(index.facts, key=natural):
        values = index.facts[thing]
        for value in (*values.get(_NOTATION, []), *values.get(_EXACT_MATCH, [])):
            if isinstance(value, ox.Literal):
                scheme = value.datatype.value
            else:
                scheme = next((registries[prefix] for prefix in registries if value.value.startswith(prefix)), "")
            yield [thing, index.label(thing), scheme, index.label(scheme) if scheme else "", value.value]
