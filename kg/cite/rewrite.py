"""A query turned into its witness query: the same pattern, with every variable in view and a mark in every branch.

The rows of a SELECT query hide what made them true: variables that are not projected, blank nodes, the branch of a
UNION, whether an OPTIONAL matched. The witness query shows all of that. It is written anew from the parse tree that
rdflib gives (SPARQL 1.1 grammar, https://www.w3.org/TR/sparql11-query/#sparqlGrammar), and it never takes the place
of the query itself, whose rows are what they are.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kg.errors import KgError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "FRESH",
    "Edge",
    "Exists",
    "SubSelect",
    "Uncitable",
    "WitnessQuery",
    "parsed",
    "projection_text",
    "select_text",
    "witness_query",
]

Term = Any
"""A term or variable as rdflib's parser gives it."""

FRESH = "kg__"
"""How the variables begin that a witness query adds; they say nothing outside the one query they were made for."""

_VOLATILE = {"RAND", "NOW", "UUID", "STRUUID", "BNODE"}


class Uncitable(KgError):
    """A query holds a construct whose rows cannot be cited completely."""

    http_status = 422

    def __init__(self, construct: str, reason: str) -> None:
        super().__init__(
            f"this query cannot be cited completely: {construct}: {reason}",
            mend="ask without --cite, or write the query without that construct",
        )


@dataclass(frozen=True)
class Edge:
    """A triple pattern, or a path that has to be walked, with the graph it is matched in and the marks it needs."""

    subject: Term
    predicate: Term
    object: Term
    graph: Term | None
    marks: frozenset[str]

    @property
    def is_path(self) -> bool:
        """True where the predicate is a path that repeats, may be empty, or excludes predicates."""
        return hasattr(self.predicate, "name")


@dataclass(frozen=True)
class Exists:
    """A pattern that a FILTER asks to match, or (`negated`) not to match."""

    pattern: Any
    negated: bool
    graph: Term | None
    marks: frozenset[str]


@dataclass(frozen=True)
class SubSelect:
    """A sub-query, whose own rows are cited in turn."""

    query: Any
    graph: Term | None
    marks: frozenset[str]


@dataclass
class WitnessQuery:
    """The text of a witness query, and what each of its solutions rests on."""

    text: str
    edges: list[Edge] = field(default_factory=list)
    exists: list[Exists] = field(default_factory=list)
    sub_selects: list[SubSelect] = field(default_factory=list)
    absences: list[tuple[str, frozenset[str]]] = field(default_factory=list)


def parsed(text: str) -> Any:
    """Return the parse tree of a SELECT query, with prefixed names as IRIs.

    Raises `Uncitable` for other forms of query, for FROM, and for what rdflib cannot parse.
    """
    from rdflib.plugins.sparql.algebra import translatePName, translatePrologue, traverse
    from rdflib.plugins.sparql.parser import parseQuery

    try:
        prologue, query = parseQuery(text)
        names = functools.partial(translatePName, prologue=translatePrologue(prologue, None, None))
        query = traverse(query, visitPost=names)
    except Exception as error:  # rdflib's parser raises pyparsing's and its own errors, with no base in common
        raise Uncitable("the query", f"it is not SPARQL 1.1 to the second parser ({_first_line(error)})") from error
    if query.name != "SelectQuery":
        raise Uncitable(query.name.removesuffix("Query").upper(), "only the rows of SELECT are cited")
    if query.datasetClause:
        raise Uncitable("FROM", "the graphs to read are chosen by the store's views")
    if query.valuesClause:
        # A trailing VALUES is joined with the pattern, as if it stood inside.
        query.where.part.append(query.valuesClause)
        query.valuesClause = None
    return query


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def witness_query(
    where: Any,
    keys: Iterable[tuple[str, Any]] = (),
    *,
    graph: Term | None = None,
    bound: Mapping[Any, Term] | None = None,
) -> WitnessQuery:
    """Return the witness query of a group graph pattern.

    `keys` are names and expressions to compute from each solution; `graph` is the GRAPH that the pattern stands in;
    `bound` are variables to write as the terms they stand for (the substitution of EXISTS, SPARQL 1.1 §18.2).
    """
    writer = _Writer(bound or {})
    group = writer.group(where, graph, frozenset(), list(keys))
    body = f"GRAPH {writer.term(graph)} {group}" if graph is not None else group
    writer.query.text = f"SELECT * WHERE {{ {body} }}"
    return writer.query


class _Writer:
    """Writes a pattern back as SPARQL and notes, on the way, every part that a solution may rest on."""

    def __init__(self, bound: Mapping[Any, Term], *, plain: bool = False) -> None:
        self.bound = dict(bound)
        self.plain = plain  # leave paths as they are written, where the rows and not the witnesses are wanted
        self.query = WitnessQuery("")
        self.blank: dict[Any, str] = {}
        self.fresh = 0

    def name(self) -> str:
        self.fresh += 1
        return f"{FRESH}{self.fresh}"

    def term(self, term: Term) -> str:
        """Return a term in SPARQL syntax; a blank node, which a pattern reads as a variable, as one."""
        from rdflib import BNode, Variable

        term = self.bound.get(term, term)
        if isinstance(term, BNode):
            if term not in self.blank:
                self.blank[term] = self.name()
            return f"?{self.blank[term]}"
        if isinstance(term, Variable):
            return f"?{term}"
        return str(term.n3())

    def known(self, term: Term) -> Term:
        """Return what an edge should hold: the bound term, or the variable that stands for a blank node."""
        from rdflib import BNode, Variable

        term = self.bound.get(term, term)
        if isinstance(term, BNode):
            self.term(term)
            return Variable(self.blank[term])
        return term

    # --- patterns

    def group(
        self, node: Any, graph: Term | None, marks: frozenset[str], keys: list[tuple[str, Any]] | None = None
    ) -> str:
        if node.name == "SubSelect":
            return f"{{ {self.sub_select(node, graph, marks)} }}"
        inner = f"{{ {' '.join(self.part(part, graph, marks) for part in node.part or ())} }}"
        if not keys:
            return inner
        # In a group of their own: an alias of the projection is not in scope inside the pattern.
        computed = [f"BIND({self.expression(expr, graph, marks)} AS ?{name})" for name, expr in keys]
        return f"{{ {inner} {' '.join(computed)} }}"

    def branch(self, node: Any, graph: Term | None, marks: frozenset[str]) -> str:
        """Write a group that may or may not take part in a solution, with a mark that tells."""
        if self.plain:
            return self.group(node, graph, marks)
        mark = self.name()
        inner = self.group(node, graph, marks | {mark})
        return (
            f"{{ {inner} BIND(1 AS ?{mark}) }}" if node.name == "SubSelect" else f"{inner[:-1]} BIND(1 AS ?{mark}) }}"
        )

    def part(self, node: Any, graph: Term | None, marks: frozenset[str]) -> str:
        match node.name:
            case "TriplesBlock":
                return self.triples(node.triples, graph, marks)
            case "Filter":
                return f"FILTER({self.expression(node.expr, graph, marks)})"
            case "Bind":
                return f"BIND({self.expression(node.expr, graph, marks)} AS ?{node.var})"
            case "InlineData":
                return self.inline_data(node)
            case "OptionalGraphPattern":
                return f"OPTIONAL {self.branch(node.graph, graph, marks)}"
            case "GroupOrUnionGraphPattern":
                if len(node.graph) == 1:
                    return self.group(node.graph[0], graph, marks)
                return " UNION ".join(self.branch(each, graph, marks) for each in node.graph)
            case "GraphGraphPattern":
                return f"GRAPH {self.term(node.term)} {self.group(node.graph, node.term, marks)}"
            case "MinusGraphPattern":
                text = _Writer(self.bound, plain=True).group(node.graph, graph, frozenset())
                self.query.absences.append((f"MINUS {text}", marks))
                return f"MINUS {text}"
            case "SubSelect":
                return f"{{ {self.sub_select(node, graph, marks)} }}"
            case "ServiceGraphPattern":
                raise Uncitable("SERVICE", "what another server says has no claims here")
        raise Uncitable(str(node.name), "this construct is not covered")

    def sub_select(self, node: Any, graph: Term | None, marks: frozenset[str]) -> str:
        self.query.sub_selects.append(SubSelect(node, graph, marks))
        return select_text(node, self.bound)

    def triples(self, blocks: Any, graph: Term | None, marks: frozenset[str]) -> str:
        written = []
        for flat in blocks:
            for i in range(0, len(flat), 3):
                written.append(self.path(flat[i], flat[i + 1], flat[i + 2], graph, marks))
        return " ".join(written)

    def path(self, subject: Term, path: Any, object_: Term, graph: Term | None, marks: frozenset[str]) -> str:
        """Write one triple pattern; sequences, alternatives and inverses as the joins and unions they stand for.

        Their equivalence is SPARQL 1.1 §18.4; a repeated or empty step, and a negated set, stay paths.
        """
        from rdflib import Variable

        name = getattr(path, "name", None)
        if self.plain:
            return f"{self.term(subject)} {self.term(path) if name is None else path_text(path)} {self.term(object_)} ."
        if name in ("PathAlternative", "PathSequence") and len(path.part) == 1:
            return self.path(subject, path.part[0], object_, graph, marks)
        if name == "PathAlternative":
            branches = []
            for part in path.part:
                mark = self.name()
                branches.append(f"{{ {self.path(subject, part, object_, graph, marks | {mark})} BIND(1 AS ?{mark}) }}")
            return " UNION ".join(branches)
        if name == "PathSequence":
            nodes = [subject, *(Variable(self.name()) for _ in path.part[1:]), object_]
            return " ".join(self.path(nodes[i], part, nodes[i + 1], graph, marks) for i, part in enumerate(path.part))
        if name == "PathEltOrInverse":
            return self.path(object_, path.part, subject, graph, marks)
        if name == "PathElt" and not path.mod:
            return self.path(subject, path.part, object_, graph, marks)
        edge = Edge(self.known(subject), path if name else self.known(path), self.known(object_), graph, marks)
        self.query.edges.append(edge)
        return f"{self.term(subject)} {self.term(path) if name is None else path_text(path)} {self.term(object_)} ."

    def inline_data(self, node: Any) -> str:
        names = [f"?{var}" for var in _as_list(node.var)]
        rows = [_as_list(row) for row in node.value]
        cells = [" ".join("UNDEF" if str(cell) == "UNDEF" else self.term(cell) for cell in row) for row in rows]
        # A variable that stands for a term by now is still a variable here, so it is held to that term.
        held = [f"FILTER(SAMETERM(?{var}, {self.term(var)}))" for var in _as_list(node.var) if var in self.bound]
        return " ".join([f"VALUES ({' '.join(names)}) {{ {' '.join(f'({row})' for row in cells)} }}", *held])

    # --- expressions

    def expression(self, node: Any, graph: Term | None, marks: frozenset[str], *, negated: bool = False) -> str:
        write = functools.partial(self.expression, graph=graph, marks=marks)
        name = getattr(node, "name", None)
        if name is None:
            return node if type(node) is str else self.term(node)
        if name in ("ConditionalOrExpression", "ConditionalAndExpression"):
            sign = " || " if name == "ConditionalOrExpression" else " && "
            return _joined([write(part, negated=negated) for part in [node.expr, *(node.other or ())]], sign)
        if name == "RelationalExpression":
            return self._relation(node, write, negated)
        if name in ("AdditiveExpression", "MultiplicativeExpression"):
            if not node.op:
                return write(node.expr, negated=negated)
            rest = " ".join(f"{op} {write(part)}" for op, part in zip(node.op, node.other, strict=True))
            return f"({write(node.expr)} {rest})"
        if name in ("UnaryNot", "UnaryMinus", "UnaryPlus"):
            sign = {"UnaryNot": "!", "UnaryMinus": "-", "UnaryPlus": "+"}[name]
            return f"({sign} {write(node.expr, negated=not negated if name == 'UnaryNot' else negated)})"
        if name in ("Builtin_EXISTS", "Builtin_NOTEXISTS"):
            return self._exists(node, graph, marks, negated)
        if name.startswith("Aggregate_"):
            return self._aggregate(node, write)
        return self._call(node, name, write)

    def _relation(self, node: Any, write: Any, negated: bool) -> str:
        if not node.op:
            return str(write(node.expr, negated=negated))
        if node.op in ("IN", "NOT IN"):
            options = node.other if isinstance(node.other, list) else []
            return f"({write(node.expr)} {node.op} ({', '.join(write(part) for part in options)}))"
        return f"({write(node.expr)} {node.op} {write(node.other)})"

    def _exists(self, node: Any, graph: Term | None, marks: frozenset[str], negated: bool) -> str:
        absent = (node.name == "Builtin_NOTEXISTS") != negated
        self.query.exists.append(Exists(node.graph, absent, graph, marks))
        keyword = "EXISTS" if node.name == "Builtin_EXISTS" else "NOT EXISTS"
        text = _Writer(self.bound, plain=True).group(node.graph, graph, frozenset())
        if absent:
            self.query.absences.append((text, marks))
        return f"{keyword} {text}"

    def _aggregate(self, node: Any, write: Any) -> str:
        distinct = "DISTINCT " if node.distinct else ""
        inner = "*" if type(node.vars) is str else write(node.vars)
        separator = f"; SEPARATOR={node.separator.n3()}" if node.separator is not None else ""
        return f"{node.name.removeprefix('Aggregate_').upper()}({distinct}{inner}{separator})"

    def _call(self, node: Any, name: str, write: Any) -> str:
        if name == "Builtin_BOUND" and node.arg in self.bound:
            return "true"
        function = node.iri.n3() if name == "Function" else name.removeprefix("Builtin_")
        if function in _VOLATILE:
            raise Uncitable(f"{function}()", "its value is another on every run")
        keys = [key for key in node if key not in ("iri", "distinct")]
        values = [value for key in keys for value in (node[key] if isinstance(node[key], list) else [node[key]])]
        return f"{function}({', '.join(write(value) for value in values)})"


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [value]


def _joined(parts: list[str], sign: str) -> str:
    return parts[0] if len(parts) == 1 else f"({sign.join(parts)})"


def path_text(path: Any) -> str:
    """Return a path in SPARQL syntax."""
    name = getattr(path, "name", None)
    if name is None:
        return str(path.n3())
    if name in ("PathAlternative", "PathSequence"):
        parts = [path_text(part) for part in path.part]
        return parts[0] if len(parts) == 1 else f"({('|' if name == 'PathAlternative' else '/').join(parts)})"
    if name == "PathElt":
        return f"({path_text(path.part)}){path.mod or ''}" if path.mod else path_text(path.part)
    if name == "PathEltOrInverse":
        return f"^{path_text(path.part)}"
    if name == "PathNegatedPropertySet":
        return f"!({'|'.join(path_text(part) for part in path.part)})"
    if name == "InversePath":
        return f"^{path_text(path.part)}"
    raise Uncitable(str(name), "this path is not covered")


def select_text(node: Any, bound: Mapping[Any, Term] | None = None, *, projection: str | None = None) -> str:
    """Return a SELECT query or sub-query as text; `projection` takes the place of its own, without its modifiers."""
    writer = _Writer(bound or {}, plain=True)
    none = frozenset[str]()
    text = [f"SELECT {projection}" if projection else f"SELECT {node.modifier or ''} {projection_text(node, writer)}"]
    text.append(f"WHERE {writer.group(node.where, None, none)}")
    if node.groupby:
        text.append("GROUP BY " + " ".join(_condition(writer, each) for each in node.groupby.condition))
    if node.having:
        text.append("HAVING " + " ".join(f"({writer.expression(each, None, none)})" for each in node.having.condition))
    if not projection and node.orderby:
        text.append("ORDER BY " + " ".join(_order(writer, each) for each in node.orderby.condition))
    if not projection and node.limitoffset:
        for keyword in ("limit", "offset"):
            if node.limitoffset[keyword] is not None:
                text.append(f"{keyword.upper()} {node.limitoffset[keyword]}")
    if node.valuesClause:
        text.append(writer.inline_data(node.valuesClause))
    return " ".join(text)


def projection_text(node: Any, writer: _Writer | None = None) -> str:
    """Return what a SELECT query or sub-query projects, as text."""
    writer = writer or _Writer({}, plain=True)
    if not isinstance(node.projection, list):
        return "*"
    return " ".join(
        f"({writer.expression(each.expr, None, frozenset())} AS ?{each.evar})" if each.evar else f"?{each.var}"
        for each in node.projection
    )


def _condition(writer: _Writer, node: Any) -> str:
    if getattr(node, "name", None) == "GroupAs":
        alias = f" AS ?{node.var}" if node.var else ""
        return f"({writer.expression(node.expr, None, frozenset())}{alias})"
    return writer.expression(node, None, frozenset())


def _order(writer: _Writer, node: Any) -> str:
    return f"{node.order or 'ASC'}({writer.expression(node.expr, None, frozenset())})"
