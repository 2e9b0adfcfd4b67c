"""A parse tree written back as SPARQL (SPARQL 1.1 grammar, https://www.w3.org/TR/sparql11-query/#sparqlGrammar)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyoxigraph as ox

from kg.sparql.parse import Uncitable, as_list, name_of, unwrapped, variables

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Term", "Writer", "path_text", "select_text"]

Term = Any
"""A term or variable: rdflib's, or the engine's where the form of a literal counts."""

_VOLATILE = {"RAND", "NOW", "UUID", "STRUUID", "BNODE"}


class Writer:
    """Writes patterns and expressions as they are, but for variables that are bound: these as the terms they stand for
    (the substitution of EXISTS, SPARQL 1.1 §18.2).
    """

    def __init__(self, bound: Mapping[Any, Term] | None = None) -> None:
        self.bound = dict(bound or {})

    def inner(self, bound: Mapping[Any, Term]) -> Writer:
        """Return what writes the patterns of EXISTS and MINUS, and sub-queries, where `bound` are bound."""
        return Writer(bound)

    def everything(self, node: Any) -> str:  # noqa: ARG002  # a writer that adds variables has to tell them apart
        """Return what a query with `SELECT *` projects."""
        return "*"

    def term(self, term: Term) -> str:
        """Return a term in SPARQL syntax."""
        term = self.bound.get(term, term)
        return str(term) if isinstance(term, ox.NamedNode | ox.Literal) else str(term.n3())

    # --- patterns

    def group(self, node: Any) -> str:
        """Return a group graph pattern, with its braces."""
        if node.name == "SubSelect":
            return f"{{ {self.sub_select(node)} }}"
        return f"{{ {' '.join(self.part(part) for part in node.part or ())} }}"

    def part(self, node: Any) -> str:
        """Return one part of a group."""
        match node.name:
            case "TriplesBlock":
                return self.triples(node.triples)
            case "Filter":
                return self.filter(node)
            case "Bind":
                return self.bind(node)
            case "InlineData" | "ValuesClause":
                return self.values(node)
            case "OptionalGraphPattern":
                return self.optional(node.graph)
            case "GroupOrUnionGraphPattern":
                if len(node.graph) == 1:
                    return self.group(node.graph[0])
                return " UNION ".join(self.branch(each) for each in node.graph)
            case "GraphGraphPattern":
                return self.in_graph(node)
            case "MinusGraphPattern":
                return self.minus(node)
            case "ServiceGraphPattern":
                raise Uncitable("SERVICE", "what another server says has no claims here")
        raise Uncitable(str(node.name), "this construct is not covered")

    def triples(self, blocks: Any) -> str:
        """Return the triples of a block."""
        return " ".join(self.triple(*flat[i : i + 3]) for flat in blocks for i in range(0, len(flat), 3))

    def triple(self, subject: Term, path: Any, object_: Term) -> str:
        """Return one triple pattern."""
        predicate = self.term(path) if name_of(path) is None else path_text(path)
        return f"{self.term(subject)} {predicate} {self.term(object_)} ."

    def filter(self, node: Any) -> str:
        """Return a filter."""
        return f"FILTER({self.expression(node.expr)})"

    def bind(self, node: Any) -> str:
        """Return an assignment."""
        if node.var in self.bound:
            raise Uncitable(
                f"BIND(… AS ?{node.var}) inside EXISTS", "the variable has a value outside already", sign="BIND"
            )
        return f"BIND({self.expression(node.expr)} AS ?{node.var})"

    def optional(self, node: Any) -> str:
        """Return an optional group."""
        return f"OPTIONAL {self.group(node)}"

    def branch(self, node: Any) -> str:
        """Return one of the groups of a union."""
        return self.group(node)

    def in_graph(self, node: Any) -> str:
        """Return a group that is matched in another graph."""
        return f"GRAPH {self.term(node.term)} {self.group(node.graph)}"

    def minus(self, node: Any) -> str:
        """Return a group that is taken out.

        MINUS compares variables, so those that are bound stay variables on both of its sides.
        """
        shared = sorted(self.bound.keys() & variables(node.graph))
        held = "".join(f"VALUES ?{variable} {{ {self.term(variable)} }} " for variable in shared)
        inside = self.inner({variable: term for variable, term in self.bound.items() if variable not in shared})
        return f"{held}MINUS {inside.group(node.graph)}"

    def sub_select(self, node: Any) -> str:
        """Return a sub-query; of the variables that are bound, it sees those that it projects."""
        seen = [each.var for each in as_list(node.projection) if name_of(each) and each.var in self.bound]
        held = "".join(f" VALUES ?{variable} {{ {self.term(variable)} }}" for variable in seen)
        text = select_text(node, writer=self.inner({}))
        return f"{{ {text} }}{held}" if held else text

    def values(self, node: Any) -> str:
        """Return inline data; a variable that is bound is held to its term."""
        names = [f"?{variable}" for variable in as_list(node.var)]
        rows = [as_list(row) for row in node.value]
        cells = [" ".join("UNDEF" if str(cell) == "UNDEF" else self.term(cell) for cell in row) for row in rows]
        held = [
            f"FILTER(!BOUND(?{variable}) || SAMETERM(?{variable}, {self.term(variable)}))"
            for variable in as_list(node.var)
            if variable in self.bound
        ]
        if len(names) == 1:
            return " ".join([f"VALUES {names[0]} {{ {' '.join(cells)} }}", *held])
        return " ".join([f"VALUES ({' '.join(names)}) {{ {' '.join(f'({row})' for row in cells)} }}", *held])

    # --- expressions

    def expression(self, node: Any) -> str:
        """Return an expression."""
        node = unwrapped(node)
        name = name_of(node)
        if name is None:
            return node if type(node) is str else self.term(node)
        if name in ("ConditionalOrExpression", "ConditionalAndExpression"):
            sign = " || " if name == "ConditionalOrExpression" else " && "
            return f"({sign.join(self.expression(part) for part in [node.expr, *node.other])})"
        if name == "RelationalExpression":
            return self._relation(node)
        if name in ("AdditiveExpression", "MultiplicativeExpression"):
            rest = " ".join(f"{op} {self.expression(part)}" for op, part in zip(node.op, node.other, strict=True))
            return f"({self.expression(node.expr)} {rest})"
        if name in ("UnaryNot", "UnaryMinus", "UnaryPlus"):
            sign = {"UnaryNot": "!", "UnaryMinus": "-", "UnaryPlus": "+"}[name]
            return f"({sign} {self.expression(node.expr)})"
        if name in ("Builtin_EXISTS", "Builtin_NOTEXISTS"):
            keyword = "EXISTS" if name == "Builtin_EXISTS" else "NOT EXISTS"
            return f"{keyword} {self.inner(self.bound).group(node.graph)}"
        if name.startswith("Aggregate_"):
            return self._aggregate(node)
        return self._call(node, name)

    def _relation(self, node: Any) -> str:
        if node.op in ("IN", "NOT IN"):
            options = node.other if isinstance(node.other, list) else []
            return f"({self.expression(node.expr)} {node.op} ({', '.join(map(self.expression, options))}))"
        return f"({self.expression(node.expr)} {node.op} {self.expression(node.other)})"

    def _aggregate(self, node: Any) -> str:
        name = node.name.removeprefix("Aggregate_").upper().replace("GROUPCONCAT", "GROUP_CONCAT")
        inner = "*" if type(node.vars) is str else self.expression(node.vars)
        separator = f"; SEPARATOR={node.separator.n3()}" if node.separator is not None else ""
        return f"{name}({'DISTINCT ' if node.distinct else ''}{inner}{separator})"

    def _call(self, node: Any, name: str) -> str:
        if name == "Builtin_BOUND" and node.arg in self.bound:
            return "true"
        function = node.iri.n3() if name == "Function" else name.removeprefix("Builtin_")
        if function in _VOLATILE:
            raise Uncitable(f"{function}()", "its value is another on every run")
        values = [value for key in node if key not in ("iri", "distinct") for value in as_list(node[key])]
        return f"{function}({', '.join(map(self.expression, values))})"


def path_text(path: Any) -> str:
    """Return a property path in SPARQL syntax."""
    name = name_of(path)
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
        if any(name_of(part) for part in path.part):
            raise Uncitable("!(^…)", "the second parser loses the predicate of an excluded inverse step", sign=r"!")
        return f"!({'|'.join(path_text(part) for part in path.part)})"
    raise Uncitable(str(name), "this path is not covered", sign="")


def select_text(node: Any, projection: str | None = None, writer: Writer | None = None) -> str:
    """Return a SELECT query or sub-query; with more to project, `projection`, it is without order and limits.

    Its patterns and expressions are as `writer` writes them.
    """
    writer = writer or Writer()
    distinct = "" if projection else node.modifier or ""
    text = [f"SELECT {distinct} {_projection(writer, node)} {projection or ''} WHERE {writer.group(node.where)}"]
    if node.groupby:
        text.append("GROUP BY " + " ".join(_condition(writer, each) for each in node.groupby.condition))
    if node.having:
        text.append("HAVING " + " ".join(f"({writer.expression(each)})" for each in node.having.condition))
    if projection is None and node.orderby:
        order = (f"{each.order or 'ASC'}({writer.expression(each.expr)})" for each in node.orderby.condition)
        text.append("ORDER BY " + " ".join(order))
    if projection is None and node.limitoffset:
        text += [f"{key.upper()} {value}" for key, value in node.limitoffset.items()]
    if node.valuesClause:
        text.append(writer.values(node.valuesClause))
    return " ".join(text)


def _projection(writer: Writer, node: Any) -> str:
    if not isinstance(node.projection, list):
        return writer.everything(node)
    return " ".join(
        f"({writer.expression(each.expr)} AS ?{each.evar})" if each.evar else f"?{each.var}" for each in node.projection
    )


def _condition(writer: Writer, node: Any) -> str:
    if name_of(node) == "GroupAs":
        return f"({writer.expression(node.expr)}{f' AS ?{node.var}' if node.var else ''})"
    return writer.expression(node)
