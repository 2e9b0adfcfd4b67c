"""Rows and the triples they rest on: the second pass over a query that has been answered."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox

from kg import entity
from kg.cite.conditions import View, rests_on, truth_of
from kg.cite.evidence import Evidence
from kg.cite.paths import walk
from kg.cite.rewrite import witness_query
from kg.cite.selects import columns_of, computed, group_keys, is_aggregated, joined_with_values, narrowed
from kg.derive import DERIVED, rules
from kg.sparql.parse import Uncitable, parsed, place
from kg.sparql.write import Writer, select_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kg.cite.conditions import Exists
    from kg.cite.rewrite import Edge, SubSelect, WitnessQuery
    from kg.store import Store

__all__ = ["evidence_of"]

Row = tuple[Any, ...]
Solution = dict[str, Any]


def evidence_of(store: Store, text: str, columns: Sequence[str], rows: Sequence[Row]) -> list[Evidence]:
    """Return, for each row that the SELECT query `text` gave under `columns`, what it rests on: all and only that.

    A row with several derivations rests on all of them. Raises `Uncitable`, with the place in the text, where that
    cannot be worked out completely for every row.
    """
    try:
        query = parsed(text)
        _refuse(query)
        return _Pass(store).select(query, tuple(columns), list(rows), None)
    except Uncitable as error:
        error.where = place(text, error.sign)
        raise


class _Pass:
    def __init__(self, store: Store) -> None:
        self.store = store
        self.found: dict[str, list[Solution]] = {}
        self.walked: dict[Any, list[ox.Triple]] = {}
        self.derived: dict[ox.Triple, Evidence] = {}

    def solutions(self, text: str) -> list[Solution]:
        if text not in self.found:
            rows = self.store.query(text)
            assert isinstance(rows, ox.QuerySolutions)
            names = [variable.value for variable in rows.variables]
            self.found[text] = [dict(zip(names, row, strict=True)) for row in rows]
        return self.found[text]

    # --- a SELECT query or sub-query

    def select(
        self, node: Any, columns: tuple[str, ...], rows: list[Row], graph: Any, *, inner: bool = False
    ) -> list[Evidence]:
        """Return the evidence of rows; those of an `inner` query may have got values that it left unbound outside."""
        if not rows:
            return []
        if is_aggregated(node):
            return self.groups(node, columns, rows, graph, inner=inner)
        query = witness_query(joined_with_values(node), computed(node), graph=graph)
        texts = narrowed(query.text, columns, rows) if node.limitoffset else [query.text]
        grouped: dict[Row, list[Solution]] = defaultdict(list)
        wanted = set(rows)
        for text in texts:
            for solution in self.solutions(text):
                for row in _rows_given_by(_row(columns, solution), wanted, inner=inner):
                    grouped[row].append(solution)
        return self.merged(rows, grouped, query)

    def groups(
        self, node: Any, columns: tuple[str, ...], rows: list[Row], graph: Any, *, inner: bool
    ) -> list[Evidence]:
        """Cite the rows of a query with GROUP BY or aggregates: every member of every group that gave the row."""
        names, expressions = group_keys(node)
        text = select_text(node, " ".join(f"?{name}" for name in names if name not in columns))
        of_row: dict[Row, set[Row]] = defaultdict(set)
        if set(names) <= set(columns) and not inner:
            # The row names its group. To ask again could give another order to GROUP_CONCAT.
            for row in rows:
                of_row[row].add(_row(names, dict(zip(columns, row, strict=True))))
        else:
            wanted = set(rows)
            whole = text if graph is None else f"SELECT * WHERE {{ GRAPH {Writer().term(graph)} {{ {{ {text} }} }} }}"
            for solution in self.solutions(whole):
                for row in _rows_given_by(_row(columns, solution), wanted, inner=inner):
                    of_row[row].add(_row(names, solution))
        query = witness_query(node.where, expressions, graph=graph)
        members: dict[Row, list[Solution]] = defaultdict(list)
        for solution in self.solutions(query.text):
            members[_row(names, solution)].append(solution)
        grouped = {row: [each for key in found for each in members[key]] for row, found in of_row.items()}
        return self.merged(rows, grouped, query, Evidence(absences={Writer().group(node.where)}))

    def merged(
        self,
        rows: list[Row],
        grouped: Mapping[Row, list[Solution]],
        query: WitnessQuery,
        empty: Evidence | None = None,
    ) -> list[Evidence]:
        """Return the evidence of each row, merged over its solutions; `empty` is that of a group without members."""
        inner = self.sub_selects(query, (each for found in grouped.values() for each in found))
        of_row: dict[Row, Evidence] = {}
        for row, found in grouped.items():
            whole = Evidence()
            for solution in found:
                whole.take(self.solution(solution, query, inner))
            of_row[row] = whole if found or empty is None else empty
        lost = [row for row in rows if row not in of_row]
        if lost:
            raise Uncitable("a row", f"its derivation was not found again ({', '.join(map(str, lost[0]))})", sign="")
        return [of_row[row] for row in rows]

    # --- one solution

    def solution(self, solution: Solution, query: WitnessQuery, inner: Mapping[Any, Evidence]) -> Evidence:
        """Return what one solution of a witness query rests on."""
        evidence = Evidence()
        empty_paths: list[tuple[Any, ox.NamedNode | None]] = []
        for edge in query.edges:
            if _marked(solution, edge.marks):
                chain = self.edge(edge, solution)
                evidence.take(self.resting_on(chain))
                if not chain:
                    empty_paths.append((_resolved(edge.subject, solution), self.graph(edge, solution)))
        for node, graph in empty_paths:
            evidence.take(self.resting_on(self.mention(node, graph, evidence)))
        for number, sub in enumerate(query.sub_selects):
            if _marked(solution, sub.marks):
                evidence.take(inner[(number, *_sub_row(sub, solution))])
        for condition, known, marks in query.conditions:
            if _marked(solution, marks):
                evidence.take(rests_on(condition, known, self.view(solution, query)))
        matched_in = {graph for _, graph in evidence.triples}
        for term, marks in query.graphs:
            name = solution.get(str(term)) if isinstance(term, str) else term
            if name is not None and name.value not in {DERIVED.value, *matched_in} and _marked(solution, marks):
                evidence.graphs.add(name.value)
        return evidence

    def resting_on(self, triples: Iterable[tuple[ox.Triple, str | None]]) -> Evidence:
        """Return triples as evidence; for one that is derived, that of its derivation."""
        evidence = Evidence()
        for triple, name in triples:
            evidence.take(self.derivation(triple) if name == DERIVED.value else Evidence({(triple, name)}))
        return evidence

    def derivation(self, triple: ox.Triple) -> Evidence:
        """Return what a derived fact rests on: the facts from which it follows by its rule, in every way it does."""
        from rdflib import Variable

        if triple not in self.derived:
            rule = rules().get(triple.predicate.value)
            if rule is None:
                raise Uncitable("graph:derived", f"no rule derives {triple}", sign="")
            tree = parsed(rule.of(None))
            subject, object_ = (Variable(name) for name in columns_of(tree))
            query = witness_query(tree.where, bound={subject: triple.subject, object_: triple.object})
            evidence = Evidence()
            found = self.solutions(query.text)
            for each in found:
                evidence.take(self.solution(each, query, {}))
            if not found:
                raise Uncitable("a derived fact", f"it does not follow from the facts: {triple}", sign="")
            self.derived[triple] = evidence
        return self.derived[triple]

    def edge(self, edge: Edge, solution: Solution) -> list[tuple[ox.Triple, str | None]]:
        """Return the triples of an edge in a solution, each with the graph it is matched in."""
        subject, object_ = _resolved(edge.subject, solution), _resolved(edge.object, solution)
        graph = self.graph(edge, solution)
        name = graph and graph.value
        if not edge.is_path:
            return [(ox.Triple(subject, _resolved(edge.predicate, solution), object_), name)]
        key = id(edge.predicate), subject, object_, graph
        if key not in self.walked:
            self.walked[key] = walk(self.store, edge.predicate, subject, object_, graph)
        return [(triple, name) for triple in self.walked[key]]

    def graph(self, edge: Edge, solution: Solution) -> ox.NamedNode | None:
        return None if edge.graph is None else _resolved(edge.graph, solution)

    def mention(self, node: Any, graph: ox.NamedNode | None, evidence: Evidence) -> set[tuple[ox.Triple, str | None]]:
        """Return a triple that names `node`, unless the evidence has one: an empty path matches only what is there.

        (SPARQL 1.1 lets it match a term of the query that is nowhere; the engine does not. Then there is no triple.)
        """
        name = graph and graph.value
        if any(node in (triple.subject, triple.object) for triple, where in evidence.triples if where == name):
            return set()
        pattern = f"{{ ?s ?p {node} }}"
        pattern += f" UNION {{ {node} ?p ?o }}" if isinstance(node, ox.NamedNode) else ""
        inner = pattern if graph is None else f"GRAPH {graph} {{ {pattern} }}"
        rows = entity.select(self.store, f"SELECT ?s ?p ?o WHERE {{ {inner} }} ORDER BY ?p ?o ?s LIMIT 1")
        return {(ox.Triple(row["s"] or node, row["p"], row["o"] or node), name) for row in rows}

    def view(self, solution: Solution, query: WitnessQuery, *, relaxed: bool = False) -> View:
        """Return what the conditions of a query need to know of a solution."""

        def missing(variable: str) -> set[str]:
            return {
                optional.text
                for optional in query.optionals
                if variable in optional.variables
                and _marked(solution, optional.marks)
                and not _marked(solution, [optional.mark])
            }

        def held(variable: str) -> Evidence:
            marks = {optional.mark for optional in query.optionals if variable in optional.variables}
            edges = [edge for edge in query.edges if relaxed and edge.marks & marks and _marked(solution, edge.marks)]
            return self.resting_on(triple for edge in edges for triple in self.edge(edge, solution))

        return View(
            values=solution,
            match=lambda exists: self.match(exists, solution),
            ruled_out=lambda exists: self.ruled_out(exists, solution),
            missing=missing,
            held=held,
        )

    def inside(self, exists: Exists, solution: Solution, *, relaxed: bool = False) -> WitnessQuery:
        """Return the witness query of the pattern of an EXISTS as it stands in a solution."""
        values = {variable: solution.get(name) for variable, name in exists.values.items()}
        known = {variable: term for variable, term in values.items() if isinstance(term, ox.NamedNode | ox.Literal)}
        graph = exists.graph if exists.graph is None else solution.get(str(exists.graph), exists.graph)
        return witness_query(exists.pattern, graph=graph, bound={**exists.bound, **known}, relaxed=relaxed)

    def match(self, exists: Exists, solution: Solution) -> Evidence | None:
        """Return what the matches of the pattern of an EXISTS rest on; None where it has none in this solution."""
        query = self.inside(exists, solution)
        found = self.solutions(query.text)
        inner = self.sub_selects(query, found)
        evidence = Evidence()
        for each in found:
            evidence.take(self.solution(each, query, inner))
        return evidence if found else None

    def ruled_out(self, exists: Exists, solution: Solution) -> Evidence:
        """Return what keeps a pattern from matching by an absence inside of it: the things that are there after all."""
        evidence = Evidence()
        if not exists.is_guarded:
            return evidence
        query = self.inside(exists, solution, relaxed=True)
        for each in self.solutions(query.text):
            view = self.view(each, query, relaxed=True)
            told = [(guard, truth_of(guard, view)) for guard, marks in query.guards if _marked(each, marks)]
            reasons = [rests_on(guard, truth, view) for guard, truth in told if truth is not True]
            # One reason is enough. Where there are several, none is needed beside one that rests on nothing.
            for reason in reasons if Evidence() not in reasons else ():
                evidence.take(reason)
        return evidence

    def sub_selects(self, query: WitnessQuery, solutions: Iterable[Solution]) -> dict[Any, Evidence]:
        """Return the evidence of every sub-query row that the solutions hold, by number of sub-query, graph and row."""
        if not query.sub_selects:
            return {}
        wanted: dict[tuple[int, Any], dict[Row, None]] = defaultdict(dict)
        for solution in solutions:
            for number, sub in enumerate(query.sub_selects):
                if _marked(solution, sub.marks):
                    graph, row = _sub_row(sub, solution)
                    wanted[(number, graph)][row] = None
        found: dict[Any, Evidence] = {}
        for (number, graph), rows in wanted.items():
            cited = self.sub_select(query.sub_selects[number], graph, list(rows))
            found.update({(number, graph, row): evidence for row, evidence in zip(rows, cited, strict=True)})
        return found

    def sub_select(self, sub: SubSelect, graph: Any, rows: list[Row]) -> list[Evidence]:
        """Return the evidence of rows of a sub-query in a graph.

        The engine does not hold a sub-query to the value of `?g` in the GRAPH ?g around it, so where the rows are not
        of that graph, they are of any.
        """
        columns = columns_of(sub.query)
        try:
            return self.select(sub.query, columns, rows, graph, inner=True)
        except Uncitable:
            if graph == sub.graph or not isinstance(sub.graph, str):
                raise
            return self.select(sub.query, columns, rows, sub.graph, inner=True)


# --- queries --------------------------------------------------------------------------------------


def _refuse(node: Any) -> None:
    """Raise `Uncitable` for what is refused in a query whatever its rows, so that this does not hang on the data."""
    if is_aggregated(node):
        select_text(node)
        query = witness_query(node.where, group_keys(node)[1])
    else:
        query = witness_query(joined_with_values(node), computed(node))
    for sub in query.sub_selects:
        columns_of(sub.query)
        _refuse(sub.query)


def _sub_row(sub: SubSelect, solution: Solution) -> tuple[Any, Row]:
    """Return the graph that a sub-query stands in, a variable where the engine left it unbound, and its row."""
    graph = sub.graph
    if isinstance(graph, str):
        graph = solution.get(str(graph)) or graph
    return graph, _row(columns_of(sub.query), solution)


# --- solutions ------------------------------------------------------------------------------------


def _row(columns: Iterable[str], solution: Mapping[str, Any]) -> Row:
    return tuple(solution.get(column) for column in columns)


def _rows_given_by(row: Row, wanted: set[Row], *, inner: bool) -> list[Row]:
    """Return the wanted rows that a solution gives: its own, or, inside, those that only add what it leaves unbound."""
    if not inner or None not in row:
        return [row] if row in wanted else []
    return [other for other in wanted if all(a is None or a == b for a, b in zip(row, other, strict=True))]


def _marked(solution: Solution, marks: Iterable[str]) -> bool:
    return all(solution.get(mark) is not None for mark in marks)


def _resolved(term: Any, solution: Solution) -> Any:
    """Return what a term of a pattern stands for in a solution: a variable, which is a text, for its value."""
    if not isinstance(term, str):
        return term
    value = solution.get(str(term))
    if value is None:
        raise Uncitable(f"the variable ?{term}", "it has no value in a solution that should have one", sign="")
    return value
