"""A query turned into its witness query: the same pattern, with every variable in view and a mark in every branch.

The rows of a SELECT query hide what made them true: variables that are not projected, blank nodes, the branch of a
UNION, whether an OPTIONAL matched. The witness query shows all of that. It is written anew from the parse tree, and it
never takes the place of the query itself, whose rows are what they are.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox

from kg.cite.conditions import ASKING, Bound, Condition, Exists, Plain, condition_of, conjuncts, is_guard, is_guarded
from kg.sparql.parse import Uncitable, mentions, name_of, variables
from kg.sparql.write import Term, Writer, path_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

__all__ = ["FRESH", "Edge", "Optional", "SubSelect", "WitnessQuery", "witness_query"]

FRESH = "kg__"
"""How the variables begin that a witness query adds; they say nothing outside the one query they were made for."""

Marks = frozenset[str]
"""Variables that have a value in those solutions only in which a part of the query took part."""


@dataclass(frozen=True)
class Edge:
    """A triple pattern, or a path that has to be walked, with the graph it is matched in and the marks it needs."""

    subject: Term
    predicate: Term
    object: Term
    graph: Term | None
    marks: Marks

    @property
    def is_path(self) -> bool:
        """True where the predicate is a path that repeats or may be empty."""
        return name_of(self.predicate) is not None


@dataclass(frozen=True)
class SubSelect:
    """A sub-query, whose own rows are cited in turn."""

    query: Any
    graph: Term | None
    marks: Marks


@dataclass(frozen=True)
class Optional:
    """An optional group: its text, the variables in it, the mark that it matched, and the marks it stands under."""

    text: str
    variables: frozenset[str]
    mark: str
    marks: Marks


@dataclass
class WitnessQuery:
    """The text of a witness query, and what each of its solutions rests on.

    `conditions` stand with what is known of how they came out, `graphs` are those that a pattern is matched in, and
    `guards` are conditions that a relaxed query leaves out.
    """

    text: str = ""
    edges: list[Edge] = field(default_factory=list)
    conditions: list[tuple[Condition, bool | None, Marks]] = field(default_factory=list)
    sub_selects: list[SubSelect] = field(default_factory=list)
    optionals: list[Optional] = field(default_factory=list)
    graphs: list[tuple[Term, Marks]] = field(default_factory=list)
    guards: list[tuple[Condition, Marks]] = field(default_factory=list)


def witness_query(
    where: Any,
    keys: Iterable[tuple[str, Any]] = (),
    *,
    graph: Term | None = None,
    bound: Mapping[Any, Term] | None = None,
    relaxed: bool = False,
) -> WitnessQuery:
    """Return the witness query of a group graph pattern; a `relaxed` one also gives what absences rule out.

    `keys` are names and expressions to compute from each solution; `graph` is the GRAPH that the pattern stands in;
    `bound` are variables to write as the terms they stand for.
    """
    writer = _WitnessWriter(bound, graph, relaxed=relaxed)
    group = writer.computed(writer.group(where), keys)
    writer.query.text = f"SELECT * WHERE {{ {group if graph is None else f'GRAPH {writer.term(graph)} {group}'} }}"
    return writer.query


class _WitnessWriter(Writer):
    """Writes a pattern and notes, on the way, every part that a solution may rest on."""

    def __init__(self, bound: Mapping[Any, Term] | None, graph: Term | None, *, relaxed: bool) -> None:
        super().__init__(bound)
        self.query = WitnessQuery()
        self.graph = graph
        self.relaxed = relaxed
        self.marks: Marks = frozenset()
        self.late: list[str] = []
        self.names = 0

    def name(self) -> str:
        self.names += 1
        return f"{FRESH}{self.names}"

    @contextmanager
    def inside(self, *marks: str, graph: Term | None = None) -> Iterator[None]:
        """Write, within the block, what takes part in solutions with these marks only, or is matched in `graph`."""
        before = self.marks, self.graph
        self.marks, self.graph = self.marks | set(marks), self.graph if graph is None else graph
        yield
        self.marks, self.graph = before

    def known(self, term: Term) -> Term:
        """Return what an edge should hold: a variable, or a term as the engine has it.

        A pattern reads a blank node as a variable, so it can be written as one.
        """
        from rdflib import BNode, Literal, URIRef, Variable

        term = self.bound.get(term, term)
        match term:
            case BNode():
                return Variable(f"{FRESH}{term}")
            case URIRef():
                return ox.NamedNode(str(term))
            case Literal():
                # Only numbers and booleans, which the parser writes in one form, are rdflib's.
                return ox.Literal(str(term), datatype=ox.NamedNode(str(term.datatype)))
        return term

    def term(self, term: Term) -> str:
        return super().term(self.known(term))

    # --- patterns

    def body(self, node: Any) -> tuple[str, str]:
        """Return a group's parts, and what may stand only after all of them: how its filters came out."""
        if node.name == "SubSelect":
            return super().group(node), ""
        outer, self.late = self.late, []
        inner = super().group(node)
        late, self.late = " ".join(self.late), outer
        return inner[1:-1].strip(), late

    def group(self, node: Any) -> str:
        return f"{{ {' '.join(self.body(node))} }}"

    def optional(self, node: Any) -> str:
        mark = self.name()
        names = frozenset(str(variable) for variable in variables(node))
        self.query.optionals.append(Optional(Writer(self.bound).group(node), names, mark, self.marks))
        relaxed, self.relaxed = self.relaxed, False
        with self.inside(mark):
            inner, late = self.body(node)
        self.relaxed = relaxed
        # The filters of an optional group see the variables around it, so what tells of them stands outside too.
        return f"OPTIONAL {{ {inner} {_marked(mark)} }} {late}"

    def branch(self, node: Any) -> str:
        mark = self.name()
        with self.inside(mark):
            return f"{{ {' '.join(self.body(node))} {_marked(mark)} }}"

    def in_graph(self, node: Any) -> str:
        graph = self.known(node.term)
        self.query.graphs.append((graph, self.marks))
        with self.inside(graph=graph):
            return super().in_graph(node)

    def minus(self, node: Any) -> str:
        binds: list[str] = []
        told = self._telling(binds) if self.relaxed or is_guarded(node.graph) else None
        taken_out = self._exists(node.graph, told, negated=True)
        if self.relaxed:
            self.query.guards.append((taken_out, self.marks))
        else:
            self.query.conditions.append((taken_out, True, self.marks))
        return " ".join([*binds, *([] if self.relaxed else [super().minus(node)])])

    def sub_select(self, node: Any) -> str:
        self.query.sub_selects.append(SubSelect(node, self.graph, self.marks))
        return super().sub_select(node)

    def triple(self, subject: Term, path: Any, object_: Term) -> str:
        """Write one triple pattern; sequences, alternatives and inverses as the joins and unions they stand for.

        Their equivalence is SPARQL 1.1 §18.4, as is that of a negated set to a filter on a variable; a step that
        repeats or may be empty stays a path.
        """
        from rdflib import Variable

        match name_of(path):
            case "PathAlternative" | "PathSequence" if len(path.part) == 1:
                return self.triple(subject, path.part[0], object_)
            case "PathAlternative":
                return " UNION ".join(self._alternative(subject, part, object_) for part in path.part)
            case "PathSequence":
                nodes = [subject, *(Variable(self.name()) for _ in path.part[1:]), object_]
                return " ".join(self.triple(nodes[i], part, nodes[i + 1]) for i, part in enumerate(path.part))
            case "PathEltOrInverse":
                return self.triple(object_, path.part, subject)
            case "PathElt" if not path.mod:
                return self.triple(subject, path.part, object_)
            case "PathNegatedPropertySet":
                predicate = Variable(self.name())
                excluded = path_text(path).removeprefix("!").replace("|", ", ")
                return f"{self.triple(subject, predicate, object_)} FILTER(?{predicate} NOT IN {excluded})"
        predicate = path if name_of(path) else self.known(path)
        self.query.edges.append(Edge(self.known(subject), predicate, self.known(object_), self.graph, self.marks))
        return super().triple(subject, path, object_)

    def _alternative(self, subject: Term, path: Any, object_: Term) -> str:
        mark = self.name()
        with self.inside(mark):
            return f"{{ {self.triple(subject, path, object_)} {_marked(mark)} }}"

    # --- expressions

    def filter(self, node: Any) -> str:
        parts = [self._part_of_filter(part) for part in conjuncts(node.expr)]
        return " ".join(f"FILTER({text})" for text in parts if text)

    def _part_of_filter(self, node: Any) -> str:
        """Write one of the expressions that a filter wants to be true; nothing for one that is left out."""
        left_out = self.relaxed and is_guard(node)
        if mentions(node, *ASKING):
            condition, binds = self.condition(node, known=None if left_out else True, asked=left_out)
            self.late += binds
            if left_out:
                self.query.guards.append((condition, self.marks))
            else:
                self.query.conditions.append((condition, True, self.marks))
        return "" if left_out else self.expression(node)

    def bind(self, node: Any) -> str:
        return " ".join([*self._value(node.expr), super().bind(node)])

    def computed(self, group: str, keys: Iterable[tuple[str, Any]]) -> str:
        """Return a group with values computed from it, which are not in scope inside of it."""
        binds: list[str] = []
        for name, key in keys:
            binds += [*self._value(key), f"BIND({self.expression(key)} AS ?{name})"]
        return f"{{ {group} {' '.join(binds)} }}" if binds else group

    def _value(self, node: Any) -> list[str]:
        """Note what the value of an expression rests on; return the assignments that tell how its parts came out."""
        if not mentions(node, *ASKING):
            return []
        condition, binds = self.condition(node)
        self.query.conditions.append((condition, None, self.marks))
        return binds

    def condition(self, node: Any, *, known: bool | None = None, asked: bool = False) -> tuple[Condition, list[str]]:
        """Return an expression as a condition, and the assignments that tell how its parts came out."""
        binds: list[str] = []
        told = self._telling(binds)

        def truth(part: Any) -> str:
            return told(f"COALESCE(IF({self.expression(part)}, 1, 0), -1)")

        def ask(part: Any, known: bool | None) -> Condition:
            if part.name == "Builtin_BOUND":
                return Plain(None) if part.arg in self.bound else Bound(str(part.arg), told(f"?{part.arg}"))
            if mentions(part.graph, "LimitOffsetClauses"):
                raise Uncitable("LIMIT inside EXISTS", "engines differ in the rows it leaves")
            negated = part.name == "Builtin_NOTEXISTS"
            is_absent = known is negated and not is_guarded(part.graph)
            return self._exists(part.graph, None if is_absent else told, negated=negated)

        return condition_of(node, known, ask, truth, asked=asked), binds

    def _telling(self, binds: list[str]) -> Callable[[str], str]:
        """Return a function that adds an assignment to `binds` and returns the variable that it gives a value."""

        def told(expression: str) -> str:
            name = self.name()
            binds.append(f"BIND({expression} AS ?{name})")
            return name

        return told

    def _exists(self, pattern: Any, told: Callable[[str], str] | None, *, negated: bool) -> Exists:
        """Return the condition that a pattern matches; without `told` it is known to match nothing.

        What a variable is here need not be what it is in the end: it may get a value later, or be another one. So its
        value is told here.
        """
        asked = sorted(variables(pattern) - self.bound.keys()) if told else []
        values = {variable: told(f"?{variable}") for variable in asked} if told else {}
        return Exists(pattern, negated, self.graph, self.bound, values, Writer(self.bound).group(pattern))


def _marked(mark: str) -> str:
    return f"BIND(1 AS ?{mark})"
