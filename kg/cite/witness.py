"""Rows and the triples they rest on: the second pass over a query that has been answered."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox

from kg import entity
from kg.cite.paths import walk
from kg.cite.rewrite import FRESH, Edge, Uncitable, WitnessQuery, parsed, select_text, witness_query

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kg.store import Store

__all__ = ["Evidence", "evidence_of"]

Row = tuple[Any, ...]
Solution = dict[str, Any]
_FEW = 200
"""Up to so many rows of a query with LIMIT are handed to the engine, so that it need not look at all the others."""


@dataclass
class Evidence:
    """What one row rests on: triples, each with the graph it was matched in (None for the facts view), and absences."""

    triples: set[tuple[ox.Triple, str | None]] = field(default_factory=set)
    absences: set[str] = field(default_factory=set)

    def take(self, other: Evidence) -> None:
        """Add what another row, or another part of this one, rests on."""
        self.triples |= other.triples
        self.absences |= other.absences


def evidence_of(store: Store, text: str, columns: Sequence[str], rows: Sequence[Row]) -> list[Evidence]:
    """Return, for each row that the SELECT query `text` gave under `columns`, what it rests on: all and only that.

    A row with several derivations rests on all of them. Raises `Uncitable` where that cannot be worked out completely
    for every row.
    """
    return _Pass(store).select(parsed(text), tuple(columns), list(rows), None, {})


class _Pass:
    def __init__(self, store: Store) -> None:
        self.store = store
        self.found: dict[str, list[Solution]] = {}

    def solutions(self, text: str) -> list[Solution]:
        if text not in self.found:
            rows = self.store.query(text)
            assert isinstance(rows, ox.QuerySolutions)
            names = [variable.value for variable in rows.variables]
            self.found[text] = [dict(zip(names, row, strict=True)) for row in rows]
        return self.found[text]

    # --- a SELECT query or sub-query

    def select(
        self,
        node: Any,
        columns: tuple[str, ...],
        rows: list[Row],
        graph: Any,
        bound: Mapping[Any, Any],
        *,
        inner: bool = False,
    ) -> list[Evidence]:
        """Return the evidence of rows; those of an `inner` query may have got values that it left unbound outside."""
        if not rows:
            return []
        if _is_aggregated(node):
            return self.groups(node, columns, rows, graph, bound, inner=inner)
        keys = [(str(each.evar), each.expr) for each in _projected(node) if each.evar]
        query = witness_query(node.where, keys, graph=graph, bound=bound)
        if node.limitoffset and len(set(rows)) <= _FEW:
            query.text = f"SELECT * WHERE {{ {_values(columns, rows)} {query.text.removeprefix('SELECT * WHERE ')} }}"
        grouped: dict[Row, list[Solution]] = defaultdict(list)
        wanted = set(rows)
        for solution in self.solutions(query.text):
            for row in _rows_given_by(tuple(solution.get(column) for column in columns), wanted, inner=inner):
                grouped[row].append(solution)
        return self.merged(rows, grouped, query, bound)

    def groups(
        self,
        node: Any,
        columns: tuple[str, ...],
        rows: list[Row],
        graph: Any,
        bound: Mapping[Any, Any],
        *,
        inner: bool,
    ) -> list[Evidence]:
        """Cite the rows of a query with GROUP BY or aggregates: every member of every group that gave the row."""
        names, expressions = _group_keys(node)
        projection = _whole_projection(node, columns, names)
        text = select_text(node, bound, projection=projection)
        if graph is not None:
            raise Uncitable("GRAPH around a grouped sub-query", "the graph cannot be carried into the groups")
        wanted = set(rows)
        of_row: dict[Row, set[Row]] = defaultdict(set)
        for solution in self.solutions(text):
            for row in _rows_given_by(tuple(solution.get(column) for column in columns), wanted, inner=inner):
                of_row[row].add(tuple(solution.get(name) for name in names))
        query = witness_query(node.where, expressions, bound=bound)
        members: dict[Row, list[Solution]] = defaultdict(list)
        for solution in self.solutions(query.text):
            members[tuple(solution.get(name) for name in names)].append(solution)
        grouped = {row: [each for key in found for each in members[key]] for row, found in of_row.items()}
        empty = Evidence(absences={query.text.removeprefix("SELECT * WHERE ")})
        return self.merged(rows, grouped, query, bound, empty)

    def merged(
        self,
        rows: list[Row],
        grouped: Mapping[Row, list[Solution]],
        query: WitnessQuery,
        bound: Mapping[Any, Any],
        empty: Evidence | None = None,
    ) -> list[Evidence]:
        """Return the evidence of each row, merged over its solutions; `empty` is that of a group without members."""
        inner = self.sub_selects(query, (each for found in grouped.values() for each in found), bound)
        of_row: dict[Row, Evidence] = {}
        for row, found in grouped.items():
            whole = Evidence()
            for solution in found:
                whole.take(self.solution(solution, query, bound, inner))
            of_row[row] = whole if found or empty is None else empty
        lost = [row for row in rows if row not in of_row]
        if lost:
            raise Uncitable("a row", f"its derivation was not found again ({', '.join(map(str, lost[0]))})")
        return [of_row[row] for row in rows]

    # --- one solution

    def solution(
        self, solution: Solution, query: WitnessQuery, bound: Mapping[Any, Any], inner: Mapping[Any, Evidence]
    ) -> Evidence:
        """Return what one solution of a witness query rests on."""
        evidence = Evidence()
        empty_paths: list[tuple[Any, ox.NamedNode | None]] = []
        for edge in query.edges:
            if _marked(solution, edge.marks):
                graph = _resolved(edge.graph, solution, bound)
                chain = self.edge(edge, solution, graph)
                evidence.triples |= {(triple, graph and graph.value) for triple in chain}
                if not chain and _is_variable(edge.subject) and _is_variable(edge.object):
                    empty_paths.append((_resolved(edge.subject, solution, {}), graph))
        for node, graph in empty_paths:
            evidence.triples |= self.mention(node, graph, evidence)
        for number, sub in enumerate(query.sub_selects):
            if _marked(solution, sub.marks):
                evidence.take(inner[(number, *_sub_row(sub, solution, bound))])
        for text, marks in query.absences:
            if _marked(solution, marks):
                evidence.absences.add(text)
        for exists in query.exists:
            if not exists.negated and _marked(solution, exists.marks):
                evidence.take(self.exists(exists, solution, bound))
        return evidence

    def edge(self, edge: Edge, solution: Solution, graph: ox.NamedNode | None) -> list[ox.Triple]:
        subject, object_ = _resolved(edge.subject, solution, {}), _resolved(edge.object, solution, {})
        if not edge.is_path:
            return [ox.Triple(subject, _resolved(edge.predicate, solution, {}), object_)]
        return walk(self.store, edge.predicate, subject, object_, graph)

    def mention(self, node: Any, graph: ox.NamedNode | None, evidence: Evidence) -> set[tuple[ox.Triple, str | None]]:
        """Return a triple that names `node`, unless the evidence has one: an empty path matches only what is there."""
        name = graph and graph.value
        if any(node in (triple.subject, triple.object) for triple, where in evidence.triples if where == name):
            return set()
        pattern = f"{{ ?s ?p {node} }}"
        pattern += f" UNION {{ {node} ?p ?o }}" if isinstance(node, ox.NamedNode) else ""
        inner = pattern if graph is None else f"GRAPH {graph} {{ {pattern} }}"
        rows = entity.select(self.store, f"SELECT ?s ?p ?o WHERE {{ {inner} }} ORDER BY ?p ?o ?s LIMIT 1")
        return {(ox.Triple(row["s"] or node, row["p"], row["o"] or node), name) for row in rows}

    def exists(self, exists: Any, solution: Solution, bound: Mapping[Any, Any]) -> Evidence:
        """Return what a matched EXISTS rests on; nothing where the filter held for another reason."""
        inside = {**bound, **_as_rdflib(solution)}
        graph = exists.graph if exists.graph is None else inside.get(exists.graph, exists.graph)
        query = witness_query(exists.pattern, graph=graph, bound=inside)
        found = self.solutions(query.text)
        inner = self.sub_selects(query, found, inside)
        evidence = Evidence()
        for each in found:
            evidence.take(self.solution(each, query, inside, inner))
        return evidence

    def sub_selects(
        self, query: WitnessQuery, solutions: Iterable[Solution], bound: Mapping[Any, Any]
    ) -> dict[Any, Evidence]:
        """Return the evidence of every sub-query row that the solutions hold, by number of sub-query, graph and row."""
        if not query.sub_selects:
            return {}
        wanted: dict[tuple[int, str | None], dict[Row, None]] = defaultdict(dict)
        for solution in solutions:
            for number, sub in enumerate(query.sub_selects):
                if _marked(solution, sub.marks):
                    graph, row = _sub_row(sub, solution, bound)
                    wanted[(number, graph)][row] = None
        found: dict[Any, Evidence] = {}
        for (number, graph), rows in wanted.items():
            sub = query.sub_selects[number]
            columns = _sub_columns(sub.query)
            for row, evidence in zip(
                rows, self.select(sub.query, columns, list(rows), _iri(graph), bound, inner=True), strict=True
            ):
                found[(number, graph, row)] = evidence
        return found


# --- helpers --------------------------------------------------------------------------------------


def _projected(node: Any) -> list[Any]:
    return node.projection if isinstance(node.projection, list) else []


def _is_aggregated(node: Any) -> bool:
    return bool(node.groupby or node.having or _mentions(node.projection, "Aggregate_"))


def _mentions(node: Any, start: str) -> bool:
    if isinstance(node, list):
        return any(_mentions(each, start) for each in node)
    if getattr(node, "name", None) is None:
        return False
    return bool(node.name.startswith(start)) or any(_mentions(value, start) for value in node.values())


def _group_keys(node: Any) -> tuple[list[str], list[tuple[str, Any]]]:
    """Return the names of the group's keys, and those that are computed with their expressions.

    An expression without a name gets one in the tree, so that the groups can be told apart by it.
    """
    from rdflib import Variable
    from rdflib.plugins.sparql.parserutils import CompValue

    for part in (node.projection, node.having):
        if _mentions(part, "Builtin_EXISTS") or _mentions(part, "Builtin_NOTEXISTS"):
            raise Uncitable("EXISTS beside an aggregate", "what it rests on belongs to no member of the group")
    names: list[str] = []
    computed: list[tuple[str, Any]] = []
    conditions = node.groupby.condition if node.groupby else []
    for i, condition in enumerate(conditions):
        if isinstance(condition, Variable):
            names.append(str(condition))
            continue
        if condition.name != "GroupAs":
            condition = conditions[i] = CompValue("GroupAs", expr=condition)
        if not condition.var:
            condition["var"] = Variable(f"kgkey{i}")
        names.append(str(condition.var))
        computed.append((str(condition.var), condition.expr))
    return names, computed


def _whole_projection(node: Any, columns: Sequence[str], names: Iterable[str]) -> str:
    from kg.cite.rewrite import projection_text

    return " ".join([projection_text(node), *(f"?{name}" for name in names if name not in columns)])


def _sub_columns(node: Any) -> tuple[str, ...]:
    if not isinstance(node.projection, list):
        raise Uncitable("SELECT * in a sub-query", "name its variables")
    return tuple(str(each.evar or each.var) for each in node.projection)


def _sub_row(sub: Any, solution: Solution, bound: Mapping[Any, Any]) -> tuple[str | None, Row]:
    graph = _resolved(sub.graph, solution, bound)
    return graph and graph.value, tuple(solution.get(column) for column in _sub_columns(sub.query))


def _iri(text: str | None) -> Any:
    from rdflib import URIRef

    return URIRef(text) if text is not None else None


def _is_variable(term: Any) -> bool:
    from rdflib import Variable

    return isinstance(term, Variable)


def _marked(solution: Solution, marks: Iterable[str]) -> bool:
    return all(solution.get(mark) is not None for mark in marks)


def _rows_given_by(row: Row, wanted: set[Row], *, inner: bool) -> list[Row]:
    """Return the wanted rows that a solution gives: its own, or, inside, those that only add what it leaves unbound."""
    if not inner or None not in row:
        return [row] if row in wanted else []
    return [other for other in wanted if all(a is None or a == b for a, b in zip(row, other, strict=True))]


def _resolved(term: Any, solution: Solution, bound: Mapping[Any, Any]) -> Any:
    """Return a term of a pattern as the engine's term under a solution."""
    from rdflib import Literal, URIRef, Variable

    term = bound.get(term, term)
    if term is None:
        return None
    if isinstance(term, Variable):
        value = solution.get(str(term))
        if value is None:
            raise Uncitable(f"the variable ?{term}", "it has no value in a solution that should have one")
        return value
    if isinstance(term, URIRef):
        return ox.NamedNode(str(term))
    assert isinstance(term, Literal)
    if term.language:
        return ox.Literal(str(term), language=term.language)
    return ox.Literal(str(term), datatype=ox.NamedNode(str(term.datatype))) if term.datatype else ox.Literal(str(term))


def _as_rdflib(solution: Solution) -> dict[Any, Any]:
    from rdflib import Literal, URIRef, Variable

    found: dict[Any, Any] = {}
    for variable, value in solution.items():
        if variable.startswith(FRESH):
            continue
        if isinstance(value, ox.NamedNode):
            found[Variable(variable)] = URIRef(value.value)
        elif isinstance(value, ox.Literal):
            typed = None if value.language else URIRef(value.datatype.value)
            found[Variable(variable)] = Literal(value.value, lang=value.language, datatype=typed, normalize=False)
    return found


def _values(columns: Sequence[str], rows: Iterable[Row]) -> str:
    lines = [" ".join("UNDEF" if cell is None else str(cell) for cell in row) for row in dict.fromkeys(rows)]
    return f"VALUES ({' '.join(f'?{column}' for column in columns)}) {{ {' '.join(f'({line})' for line in lines)} }}"
