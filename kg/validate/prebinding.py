"""SHACL-SPARQL: constraints and components written as SPARQL, with values bound beforehand.

Source: https://www.w3.org/TR/shacl/, sections 5 and 6, and appendix A on pre-binding.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg import terms
from kg.errors import DataError
from kg.validate.paths import Path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kg.validate.data import Data, Relation
    from kg.validate.report import Term
    from kg.validate.shapes import Constraint, Shape, Shapes

__all__ = ["custom_hits", "sparql_hits"]

_Found = tuple["Term", "Term | None", "Path | None"]

# Strings, IRIs and comments are passed over as they are; the rest is looked at word by word.
_TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"""|\'\'\'(?:\\.|[^\\])*?\'\'\'|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|<[^\s<>"{}|^`\\]*>|#[^\n]*'
    r"|(?P<bound>\bbound\s*\(\s*[?$](?P<asked>\w+)\s*\))|(?P<mark>[?$])(?P<name>\w+)|(?P<word>[A-Za-z]+)|(?P<brace>[{}])|.",
    re.DOTALL | re.IGNORECASE,
)
_REFUSED = {"MINUS", "VALUES", "SERVICE"}


def sparql_hits(shapes: Shapes, data: Data, shape: Shape, constraint: Constraint, foci: set[Term]) -> Iterator[_Found]:
    """Yield what sh:sparql finds at `foci` (5.3.2)."""
    node = constraint.terms[0]
    if ox.Literal(True) in shapes.graph.values(node, terms.SH + "deactivated"):
        return
    text = _text(shapes, node, "select")
    for focus in foci:
        for row in _rows(data, text, _prefixes(shapes, node), {"this": focus, "currentShape": shape.node}, shape.path):
            yield focus, row.get("value", focus if shape.path is None else None), _path_of(row)


def custom_hits(
    shapes: Shapes, data: Data, shape: Shape, constraint: Constraint, relation: Relation
) -> Iterator[_Found]:
    """Yield what a component that the shapes graph declares finds in `relation` (6.3)."""
    [validator] = constraint.more["validator"]
    prefixes = _prefixes(shapes, validator)
    given = {re.split(r"[/#]", name)[-1]: values[0] for name, values in constraint.more.items() if name != "validator"}
    given["currentShape"] = shape.node
    if shapes.graph.value(validator, terms.SH + "select") is not None:
        text = _text(shapes, validator, "select")
        for focus in {pair[0] for pair in relation.pairs}:
            for row in _rows(data, text, prefixes, given | {"this": focus}, shape.path):
                yield focus, row.get("value", focus if shape.path is None else None), _path_of(row)
        return
    text = _text(shapes, validator, "ask")
    for focus, value in relation.pairs:
        if not _answer(data, text, prefixes, given | {"this": focus, "value": value}, shape.path):
            yield focus, value, None


def _text(shapes: Shapes, node: Term, name: str) -> str:
    text = shapes.graph.value(node, terms.SH + name)
    if text is None:
        raise DataError(f"{node} has no sh:{name}", mend=f"write the query into sh:{name}")
    return text.value


def _prefixes(shapes: Shapes, node: Term) -> dict[str, str]:
    """Return the prefixes that `node` declares by sh:prefixes (5.2.1)."""
    found: dict[str, str] = {}
    ahead, passed = list(shapes.graph.values(node, terms.SH + "prefixes")), set()
    while ahead:
        owner = ahead.pop()
        if owner in passed:
            continue
        passed.add(owner)
        ahead += shapes.graph.values(owner, terms.PREFIXES["owl"] + "imports")
        for each in shapes.graph.values(owner, terms.SH + "declare"):
            prefix, space = (shapes.graph.value(each, terms.SH + name) for name in ("prefix", "namespace"))
            if prefix is not None and space is not None:
                found[prefix.value] = space.value
    return found


def _rows(
    data: Data, text: str, prefixes: Mapping[str, str], bound: Mapping[str, Term], path: Path | None
) -> Iterator[dict[str, Term]]:
    solutions = _answer(data, text, prefixes, bound, path)
    assert isinstance(solutions, ox.QuerySolutions)
    names = [variable.value for variable in solutions.variables]
    for row in solutions:
        yield {name: row[name] for name in names if row[name] is not None}


def _answer(
    data: Data, text: str, prefixes: Mapping[str, str], bound: Mapping[str, Term], path: Path | None
) -> ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples:
    """Answer a query with values bound beforehand.

    A blank node cannot be written into a query: it is given to the engine, which binds it outside of inner groups.
    """
    written = {name: term for name, term in bound.items() if not isinstance(term, ox.BlankNode)}
    query = _prebound(text, written, path)
    rest = {ox.Variable(name): term for name, term in bound.items() if name == "this" and name not in written}
    try:
        return data.store.query(
            query,
            prefixes=dict(prefixes),
            use_default_graph_as_union=True,
            substitutions=rest or None,  # type: ignore[arg-type]
        )
    except SyntaxError as error:
        raise DataError(f"a query in the shapes is not SPARQL: {error}", mend="correct it") from error


def _prebound(text: str, bound: Mapping[str, Term], path: Path | None) -> str:
    """Return a query with the values of variables written in their places.

    Raises `DataError` for what the standard forbids there (appendix A): MINUS, VALUES, SERVICE, a nested SELECT that
    does not project the variables, and a variable that is given a second value.

    >>> _prebound("SELECT $this { FILTER(bound($this)) $this ?p ?o }", {"this": ox.NamedNode("http://x/a")}, None)
    'SELECT $this { FILTER((true)) <http://x/a> ?p ?o }'
    """
    written: list[str] = []
    heads, depth, last = [False], 0, ""  # for each open group whether a head of SELECT stands in it
    projected: set[str] = set()
    for token in _TOKEN.finditer(text):
        word, name = (token["word"] or "").upper(), token["name"] or ""
        piece = token[0]
        if word in _REFUSED:
            raise DataError(f"a query in the shapes uses {word}, which SHACL does not allow", mend="take it out")
        if word == "SELECT":
            heads[-1], projected = True, set()
        elif token["brace"] == "{":
            if heads[-1] and depth and "this" in bound and not {"this"} <= projected:
                raise DataError("a nested SELECT in the shapes does not project $this", mend="project it")
            heads.append(False)
            depth += 1
        elif token["brace"] == "}":
            heads.pop()
            heads[-1] = False
            depth -= 1
        elif token["bound"]:
            piece = "(true)" if token["asked"] in bound else piece
        elif name and last == "AS" and name in bound:
            raise DataError(f"a query in the shapes gives ${name} a value of its own", mend="name another variable")
        elif name == "shapesGraph":
            raise DataError("a query in the shapes asks for $shapesGraph, which is not offered", mend="name the terms")
        elif name and heads[-1]:
            projected.add(name)
        elif name == "PATH" and path is not None:
            piece = str(path)
        elif name in bound:
            piece = str(bound[name])
        if not piece.isspace():
            last = word
        written.append(piece)
    return "".join(written)


def _path_of(row: Mapping[str, Term]) -> Path | None:
    path = row.get("path")
    return Path("predicate", iri=path.value) if isinstance(path, ox.NamedNode) else None
