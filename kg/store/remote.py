"""The store behind a URL: any SPARQL 1.1 endpoint, with what engines do differently made even here.

Pactgraph has three places at an endpoint: the named graphs whose names begin with its base, which are the dataset, the
facts view, and the derived facts in `graph:derived`. The view is the default graph, unless the endpoint shows the union
of all graphs there, as Virtuoso does; then it is a graph of its own, `graph:facts`, which every query names as its
default graph.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

import pyoxigraph as ox

from kg import sparql, terms
from kg.dataset import facts, graph_of, part_name, part_notes
from kg.derive import DERIVED, stored
from kg.errors import DataError, QuerySyntaxError
from kg.store.base import Results, Stage, Written, data_block
from kg.store.endpoint import Endpoint, Refused

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

_T = TypeVar("_T")

__all__ = ["RemoteStore", "RemoteWriter", "batched"]

FACTS, STATE = ox.NamedNode(terms.GRAPH + "facts"), ox.NamedNode(terms.GRAPH + "state")
"""The facts view where it cannot be the default graph, and what is noted of the dataset; neither is part of it."""

_NOTED = ox.NamedNode(terms.PREFIXES["schema"] + "sha256")
_QUADS_AT_ONCE = 20_000
"""Quads that one update carries; engines compile the text of an update as a whole."""

_TURTLE = {"text/turtle", "application/turtle", "application/x-turtle", "application/n-triples"}
STAGE = terms.GRAPH + "stage/"
"""How the graphs begin that hold what a large change takes away and adds, until one update makes the change."""

_STAGED = f'GRAPH ?x {{ ?s ?p ?o }} FILTER(STRSTARTS(STR(?x), "{STAGE}"))'
_OURS = (
    f'STRSTARTS(STR(?g), "{terms.BASE}") && !STRSTARTS(STR(?g), "{STAGE}") && ?g NOT IN ({FACTS}, {STATE}, {DERIVED})'
)
_DATASET = f"WHERE {{ GRAPH ?g {{ ?s ?p ?o }} FILTER({_OURS}) }}"
_TRUTH, _BOOLEAN = {"1": "true", "0": "false"}, f"{terms.XSD}boolean".encode()


@dataclass(frozen=True)
class RemoteStore:
    """The dataset at a SPARQL 1.1 endpoint."""

    place: str
    timeout: int = 60
    endpoint: Endpoint = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "endpoint", Endpoint.of(self.place, self.timeout))
        object.__setattr__(self, "place", self.endpoint.address)

    @cached_property
    def view(self) -> ox.NamedNode | None:
        """The graph that holds the facts view; None where that is the default graph."""
        return FACTS if self.asked(f"ASK {{ GRAPH {FACTS} {{ ?s ?p ?o }} }}") else None

    @property
    def noted(self) -> str:
        """The hash of the dataset as it was noted when it was written; empty where a change was broken off."""
        rows = self._rows(f"SELECT ?h WHERE {{ GRAPH {STATE} {{ {STATE} {_NOTED} ?h }} }}")
        return next((str(row["h"].value) for row in rows), "")

    def query(self, text: str, *, rewrite: bool = False) -> Results:  # noqa: ARG002  # endpoints optimise themselves
        """Answer a query that only reads."""
        if self.view is None:
            return self._query(text, [])
        # Beside a default graph that is chosen, Virtuoso finds no graph that is named outright. So the derived facts
        # are put into the default graph of a query that asks for them; no fact has one of their predicates.
        chosen = [("default-graph-uri", self.view.value)]
        here = sparql.in_default_graph(text, DERIVED.value)
        return self._query(here, chosen if here == text else [*chosen, ("default-graph-uri", DERIVED.value)])

    def _query(self, text: str, parameters: list[tuple[str, str]]) -> Results:
        from SPARQLWrapper import JSON, TURTLE

        form = sparql.form_of(text)
        reply_format = JSON if form in ("SELECT", "ASK") else TURTLE
        try:
            sent = sparql.with_prefixes(sparql.without_undefined(text))
            reply = self.endpoint.send(sent, form, reply_format, parameters)
            if reply_format == JSON:
                found = _rows(reply.body, distinct=sparql.is_distinct(text))
                # Virtuoso answers some ASK queries with rows, none for no.
                return (
                    _yes_or_no(any(True for _ in found))
                    if form == "ASK" and isinstance(found, ox.QuerySolutions)
                    else found
                )
            return _triples(reply.body, reply.media_type)
        except Refused as error:
            raise _syntax_error(text) or self.endpoint.failure(f"the endpoint refuses the query: {error}") from error
        except (SyntaxError, ValueError) as error:
            raise self.endpoint.failure(f"the answer is cut off or malformed: {str(error)[:300]}") from error

    def _rows(self, text: str) -> ox.QuerySolutions:
        """Answer a SELECT query about the dataset itself, in which the view has no part."""
        found = self._query(text, [])
        assert isinstance(found, ox.QuerySolutions)
        return found

    def asked(self, text: str, default: ox.NamedNode | None = None) -> bool:
        """Answer an ASK query about the dataset itself, with a default graph that is chosen."""
        return bool(self._query(text, [("default-graph-uri", default.value)] if default else []))

    def count(self) -> int:
        """Return how many quads the dataset has."""
        [counted] = [int(row["n"].value) for row in self._rows(f"SELECT (COUNT(*) AS ?n) {_DATASET}")]
        return counted

    def staged(self) -> int:
        """Return how many quads of a change that was broken off are left there; they are no part of the dataset."""
        [counted] = [int(row["n"].value) for row in self._rows(f"SELECT (COUNT(*) AS ?n) WHERE {{ {_STAGED} }}")]
        return counted

    def quads(self) -> frozenset[ox.Quad]:
        """Return the dataset.

        Raises `StoreError` where the endpoint gives fewer than it says it has, as one with a limit on rows does.
        """
        counted = self.count()
        rows = self._rows(f"SELECT ?s ?p ?o ?g {_DATASET}")
        quads = frozenset(ox.Quad(row["s"], row["p"], row["o"], row["g"]) for row in rows)
        if len(quads) != counted:
            raise self.endpoint.failure(
                f"the endpoint gave {len(quads):,} of its {counted:,} quads",
                "raise its limit on rows, or try again if someone was writing to it",
            )
        return quads

    def graphs(self) -> list[str]:
        """Return the names of the graphs of the dataset."""
        rows = self._rows(f"SELECT DISTINCT ?g WHERE {{ GRAPH ?g {{ ?s ?p ?o }} FILTER({_OURS}) }}")
        return [row["g"].value for row in rows]

    def viewed(self, view: ox.NamedNode | None) -> frozenset[ox.Quad]:
        """Return what is kept there in a graph beside the dataset; None is the default graph."""
        pattern = f"GRAPH {view} {{ ?s ?p ?o }}" if view else "?s ?p ?o"
        rows = self._rows(f"SELECT ?s ?p ?o WHERE {{ {pattern} }}")
        return frozenset(ox.Quad(row["s"], row["p"], row["o"], view) for row in rows)

    def holders(self, triples: Collection[ox.Triple]) -> dict[ox.Triple, list[str]]:
        """Return the named graphs that hold each triple, asked for in batches."""
        found: dict[ox.Triple, list[str]] = {triple: [] for triple in triples}
        for batch in batched(dict.fromkeys((t.subject, t.predicate) for t in found)):
            # By subject and property, the object compared here: Virtuoso does not find long literals in VALUES.
            lines = " ".join(f"({subject} {predicate})" for subject, predicate in batch)
            rows = self._rows(
                f"SELECT ?s ?p ?o ?g WHERE {{ VALUES (?s ?p) {{ {lines} }} GRAPH ?g {{ ?s ?p ?o }} "
                f"FILTER({_OURS}) }} ORDER BY ?g"
            )
            for row in rows:
                if (triple := ox.Triple(row["s"], row["p"], row["o"])) in found:
                    found[triple].append(row["g"].value)
        return found

    def update(self, text: str) -> None:
        """Run one update."""
        from SPARQLWrapper import INSERT, JSON

        try:
            self.endpoint.send(text, INSERT, JSON)
        except Refused as error:
            raise self.endpoint.failure(f"the endpoint refuses the update: {error}") from error


def batched(things: Iterable[_T], size: int = 200) -> Iterator[tuple[_T, ...]]:
    """Yield `things` in groups of `size`, so that no query grows without bound."""
    rest = iter(things)
    while batch := tuple(islice(rest, size)):
        yield batch


def _syntax_error(text: str) -> QuerySyntaxError | None:
    """Return what is wrong with the syntax of a query that an endpoint refuses, where our own engine sees it too."""
    try:
        ox.Store().query(text, prefixes=terms.PREFIXES)
    except SyntaxError as error:
        return sparql.syntax_error(text, error)
    return None


def _rows(reply: bytes, *, distinct: bool) -> Results:
    """Return rows of SPARQL results in JSON; read once to the end first, so that a cut-off answer is seen here."""
    if distinct or _BOOLEAN in reply:
        reply = _mended(reply, distinct=distinct)
    first = ox.parse_query_results(reply, format=ox.QueryResultsFormat.JSON)
    if isinstance(first, ox.QuerySolutions):
        for _ in first:
            pass
        return ox.parse_query_results(reply, format=ox.QueryResultsFormat.JSON)
    return first


def _mended(reply: bytes, *, distinct: bool) -> bytes:
    """Return results as the standard has them; of true Virtuoso makes 1, and some rows that are distinct come twice."""
    told = json.loads(reply)
    if "results" not in told:
        return reply
    rows = told["results"]["bindings"]
    for row in rows:
        for term in row.values():
            if term.get("datatype") == terms.XSD + "boolean":
                term["value"] = _TRUTH.get(term["value"], term["value"])
    if distinct:
        told["results"]["bindings"] = list({json.dumps(row, sort_keys=True): row for row in rows}.values())
    return json.dumps(told).encode("utf-8")


def _triples(reply: bytes, media_type: str) -> ox.QueryTriples:
    """Return a graph; its media type is looked at, since an empty page of another kind is also an empty graph."""
    if media_type not in _TURTLE:
        raise ValueError(f"{media_type} instead of Turtle")
    store = ox.Store()
    store.load(reply, format=ox.RdfFormat.TURTLE)
    result = store.query("CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }")
    assert isinstance(result, ox.QueryTriples)
    return result


class RemoteWriter:
    """A writer to an endpoint.

    Each change is made by one update, which the endpoint runs whole or not at all; what it takes away and adds is put
    there before, where it is too large for one text. Where an endpoint does not run updates whole, the hash of the
    dataset is taken away first and noted last, so that a change that was broken off can be told.
    """

    def __init__(self, store: RemoteStore) -> None:
        self.store = store

    def quads(self) -> frozenset[ox.Quad]:
        """Return the dataset as it is now."""
        return self.store.quads()

    def names(self) -> set[str]:
        """Return the names of the parts of the dataset."""
        rows = self.store.graphs()
        return {part_name(name) for name in rows}

    def parts(self, names: Collection[str]) -> frozenset[ox.Quad]:
        """Return the quads of those parts of the dataset that are there."""
        return frozenset(quad for quad in self._whole if part_name(graph_of(quad)) in names)

    @cached_property
    def _whole(self) -> frozenset[ox.Quad]:
        """The dataset as this writer finds it: validating a change needs it here."""
        return self.store.quads()

    def replace(self, quads: frozenset[ox.Quad]) -> Written:
        """Put a new dataset in the place of whatever is there.

        The graphs of others at the endpoint stay; where the default graph is not the union of all, it is ours.
        """
        view = self._view()
        old = self.store.quads() | self.store.viewed(view) | self.store.viewed(DERIVED)
        return self._write(old, quads, view)

    @contextmanager
    def staged(self, before: frozenset[ox.Quad], after: frozenset[ox.Quad]) -> Iterator[Stage]:
        """Give the store in which the parts `before` are `after`, in memory; it is written there if committed."""
        whole = (self._whole - before) | after
        engine = ox.Store()
        engine.bulk_extend(whole | facts(whole))
        stage = Stage(engine, Written.of(part_notes(whole)))
        yield stage
        if stage.wanted:
            self.change(self._whole, whole)

    def change(self, before: frozenset[ox.Quad], after: frozenset[ox.Quad]) -> Written:
        """Turn the dataset `before` into `after`.

        After a change that was broken off, the facts view may belong to no dataset; so it is looked at, not worked out.
        """
        if not self.store.noted:
            return self.replace(after)
        view = self._view()
        return self._write(before | _beside(before, view), after, view)

    def _write(self, old: frozenset[ox.Quad], after: frozenset[ox.Quad], view: ox.NamedNode | None) -> Written:
        """Turn the quads that are there into a dataset and its view.

        Raises `DataError` for a graph that is not ours.
        """
        if foreign := {name for quad in after if not (name := graph_of(quad)).startswith(terms.BASE)}:
            raise DataError(
                f"the graph {min(foreign)} cannot be told from those of others at this endpoint",
                mend=f"give graphs names that begin with {terms.BASE}; nothing was changed",
            )
        new, written = after | _beside(after, view), Written.of(part_notes(after))
        for step in self._steps(old - new, new - old, written, view):
            self.store.update(step)
        return written

    def _steps(
        self, gone: frozenset[ox.Quad], come: frozenset[ox.Quad], written: Written, view: ox.NamedNode | None
    ) -> Iterator[str]:
        """Yield the updates that make a change: one, if that is not too large; else several, and the last makes it.

        A large change is first put in graphs of its own, so that one that is broken off leaves the dataset as it is.
        Where there is no dataset yet, or a broken one, there is nothing to keep; and Virtuoso, which does not do
        several operations as a whole, makes it in parts. Then the hash is noted last.
        """
        forget = f"DELETE WHERE {{ GRAPH {STATE} {{ {STATE} {_NOTED} ?hash }} }}"
        note = f'INSERT DATA {{ GRAPH {STATE} {{ {STATE} {_NOTED} "{written.dataset_hash}" }} }}'
        if self.store.staged():
            yield _UNSTAGED
        if view is None and self.store.noted and len(gone) + len(come) > _QUADS_AT_ONCE:
            yield from _operations("INSERT", _in_stage("gone", gone) | _in_stage("come", come))
            yield " ;\n".join([*_moved("DELETE", "gone"), *_moved("INSERT", "come"), forget, note, _UNSTAGED])
            return
        # Virtuoso deletes no literal with a language, unless it is alone in its operation.
        steps = [
            forget,
            *_operations("DELETE", gone, 1 if view else _QUADS_AT_ONCE),
            *_operations("INSERT", come),
            note,
        ]
        yield from [" ;\n".join(steps)] if len(gone) + len(come) <= _QUADS_AT_ONCE else steps

    def _view(self) -> ox.NamedNode | None:
        """Return the graph that is to hold the facts view; None for the default graph.

        Raises `StoreError` where the endpoint shows the union of all graphs as the default graph and allows no other.
        """
        if not self.store.noted:
            self.store.update(f'INSERT DATA {{ GRAPH {STATE} {{ {STATE} {_NOTED} "" }} }}')
        seen = f"{STATE} {_NOTED} ?h"
        if not self.store.asked(f"ASK {{ {seen} }}"):
            return None
        if not self.store.asked(f"ASK {{ GRAPH ?g {{ {seen} }} }}", default=STATE):
            raise self.store.endpoint.failure(
                "the endpoint shows all graphs as the default graph, and none by name beside another default graph",
                "set it up so that its default graph is the unnamed one",
            )
        return FACTS


def _beside(quads: frozenset[ox.Quad], view: ox.NamedNode | None) -> frozenset[ox.Quad]:
    """Return what a store holds beside a dataset: the facts view, in its graph, and the derived facts."""
    engine = stored(quads)
    seen = engine.quads_for_pattern(None, None, None, ox.DefaultGraph())
    in_view = (ox.Quad(quad.subject, quad.predicate, quad.object, view) for quad in seen) if view else seen
    return frozenset(in_view) | frozenset(engine.quads_for_pattern(None, None, None, DERIVED))


_UNSTAGED = f"DELETE {{ GRAPH ?x {{ ?s ?p ?o }} }} WHERE {{ {_STAGED} }}"


def _in_stage(name: str, quads: frozenset[ox.Quad]) -> frozenset[ox.Quad]:
    """Return quads in graphs of the stage, whose names end with those that they are for."""
    return frozenset(
        ox.Quad(quad.subject, quad.predicate, quad.object, ox.NamedNode(f"{STAGE}{name}/{graph_of(quad)}"))
        for quad in quads
    )


def _moved(verb: str, name: str) -> Iterator[str]:
    """Yield the operations that delete or insert what the stage holds, in the graphs that it is for."""
    start = f"{STAGE}{name}/"  # and then the name of the graph, an https address; none for the default graph
    yield f"{verb} {{ ?s ?p ?o }} WHERE {{ GRAPH <{start}> {{ ?s ?p ?o }} }}"
    yield (
        f"{verb} {{ GRAPH ?g {{ ?s ?p ?o }} }} WHERE {{ GRAPH ?x {{ ?s ?p ?o }} "
        f'FILTER(STRSTARTS(STR(?x), "{start}h")) BIND(IRI(STRAFTER(STR(?x), "{start}")) AS ?g) }}'
    )


def _operations(verb: str, quads: frozenset[ox.Quad], size: int = _QUADS_AT_ONCE) -> Iterator[str]:
    """Yield the operations that insert or delete quads, so many at a time."""
    rest = iter(sorted(quads, key=str))
    while batch := list(islice(rest, size)):
        yield f"{verb} DATA {{ {data_block(batch)} }}"


def _yes_or_no(answer: bool) -> ox.QueryBoolean:
    found = ox.Store().query(f"ASK {{ FILTER({str(answer).lower()}) }}")
    assert isinstance(found, ox.QueryBoolean)
    return found
