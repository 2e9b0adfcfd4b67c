"""A query turned into its witness query: the same pattern, with every variable in view and a mark in every branch.

The rows of a SELECT query hide what made them true: variables that are not projected, blank nodes, the branch of a
UNION, whether an OPTIONAL matched. The witness query shows all of that. It is written anew from the parse tree, and it
never takes the place of the query itself, whose rows are what they are.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kg.cite.conditions import ASKING, Bound, Condition, Exists, Plain, condition_of
from kg.cite.parse import Uncitable, mentions, name_of, variables
from kg.cite.write import Term, Writer, path_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

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
    `absences` what MINUS takes out.
    """

    text: str = ""
    edges: list[Edge] = field(default_factory=list)
    conditions: list[tuple[Condition, bool | None, Marks]] = field(default_factory=list)
    sub_selects: list[SubSelect] = field(default_factory=list)
    optionals: list[Optional] = field(default_factory=list)
    graphs: list[tuple[Term, Marks]] = field(default_factory=list)
    absences: list[tuple[str, Marks]] = field(default_factory=list)


def witness_query(
    where: Any,
    keys: Iterable[tuple[str, Any]] = (),
    *,
    graph: Term | None = None,
    bound: Mapping[Any, Term] | None = None,
) -> WitnessQuery:
    """Return the witness query of a group graph pattern.

    `keys` are names and expressions to compute from each solution; `graph` is the GRAPH that the pattern stands in;
    `bound` are variables to write as the terms they stand for.
    """
    writer = _WitnessWriter(bound, graph)
    group = writer.computed(writer.group(where), keys)
    writer.query.text = f"SELECT * WHERE {{ {group if graph is None else f'GRAPH {writer.term(graph)} {group}'} }}"
    return writer.query


class _WitnessWriter(Writer):
    """Writes a pattern and notes, on the way, every part that a solution may rest on."""

    def __init__(self, bound: Mapping[Any, Term] | None, graph: Term | None) -> None:
        super().__init__(bound)
        self.query = WitnessQuery()
        self.graph = graph
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
        """Return what an edge should hold: the bound term, or the variable that stands for a blank node.

        A pattern reads a blank node as a variable, so it can be written as one.
        """
        from rdflib import BNode, Variable

        term = self.bound.get(term, term)
        return Variable(f"{FRESH}{term}") if isinstance(term, BNode) else term

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
        with self.inside(mark):
            inner, late = self.body(node)
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
        self.query.absences.append((f"MINUS {Writer(self.bound).group(node.graph)}", self.marks))
        return super().minus(node)

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
        self.late += self.condition(node.expr, known=True)
        return super().filter(node)

    def bind(self, node: Any) -> str:
        return " ".join([*self.condition(node.expr), super().bind(node)])

    def computed(self, group: str, keys: Iterable[tuple[str, Any]]) -> str:
        """Return a group with values computed from it, which are not in scope inside of it."""
        binds: list[str] = []
        for name, key in keys:
            binds += [*self.condition(key), f"BIND({self.expression(key)} AS ?{name})"]
        return f"{{ {group} {' '.join(binds)} }}" if binds else group

    def condition(self, node: Any, *, known: bool | None = None) -> list[str]:
        """Note what the value of an expression rests on; return the assignments that tell how its parts came out."""
        if not mentions(node, *ASKING):
            return []
        binds: list[str] = []

        def told(expression: str) -> str:
            name = self.name()
            binds.append(f"BIND({expression} AS ?{name})")
            return name

        def truth(part: Any) -> str:
            return told(f"COALESCE(IF({self.expression(part)}, 1, 0), -1)")

        def ask(part: Any, known: bool | None) -> Condition:
            if part.name == "Builtin_BOUND":
                return Plain(None) if part.arg in self.bound else Bound(str(part.arg), told(f"?{part.arg}"))
            if mentions(part.graph, "LimitOffsetClauses"):
                raise Uncitable("LIMIT inside EXISTS", "engines differ in the rows it leaves")
            negated = part.name == "Builtin_NOTEXISTS"
            # What a variable is here need not be what it is in the end: it may get a value later, or be another.
            asked = set() if known is negated else variables(part.graph) - self.bound.keys()
            values = {variable: told(f"?{variable}") for variable in sorted(asked)}
            return Exists(part.graph, negated, self.graph, self.bound, values, Writer(self.bound).group(part.graph))

        self.query.conditions.append((condition_of(node, known, ask, truth), known, self.marks))
        return binds


def _marked(mark: str) -> str:
    return f"BIND(1 AS ?{mark})"
