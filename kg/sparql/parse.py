"""A SPARQL text as a parse tree, or the construct for which its rows cannot be cited."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox

from kg import terms
from kg.errors import KgError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "EXISTS",
    "KEY",
    "Uncitable",
    "as_list",
    "children",
    "mentions",
    "name_of",
    "parsed",
    "place",
    "unwrapped",
    "variables",
]

EXISTS = ("Builtin_EXISTS", "Builtin_NOTEXISTS")
"""How the parser names the two forms."""

KEY = "kg__key"
"""How the variables begin that are given to expressions to group by."""

_NOT_CODE = re.compile(
    r'"""(?:[^\\]|\\.)*?"""' + r"|'''(?:[^\\]|\\.)*?'''" + r'|"(?:[^"\\\n]|\\.)*"' + r"|'(?:[^'\\\n]|\\.)*'"
    r'|<[^<>"{}|^`\\\s]*>|\#[^\n]*',
    re.DOTALL,
)
_WRAPPERS = {
    *("ConditionalOrExpression", "ConditionalAndExpression"),
    *("RelationalExpression", "AdditiveExpression", "MultiplicativeExpression"),
}


class Uncitable(KgError):
    """A query holds a construct whose rows cannot be cited completely."""

    http_status = 422

    def __init__(self, construct: str, reason: str, *, sign: str | None = None) -> None:
        super().__init__(
            f"this query cannot be cited completely: {construct}: {reason}",
            mend="ask without --cite, or write the query without that construct",
        )
        self.sign = rf"(?<![\w?$:]){re.escape(re.split(r'[ (]', construct)[0])}\b" if sign is None else sign


def place(text: str, sign: str) -> str | None:
    """Return where the last match of the pattern `sign` stands in the code of a query; None where it does not.

    >>> place('SELECT ?a { ?a ?b "SERVICE" . SERVICE ?s { ?a ?b ?c } }', "SERVICE")
    'line 1, column 31'
    """
    code = _NOT_CODE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
    found = list(re.finditer(sign, code, re.IGNORECASE)) if sign else []
    if not found:
        return None
    start = found[-1].start()
    return f"line {code.count(chr(10), 0, start) + 1}, column {start - code.rfind(chr(10), 0, start)}"


@functools.lru_cache(maxsize=128)
def parsed(text: str) -> Any:
    """Return rdflib's parse tree of a SELECT query: names as IRIs, literals as written, blank nodes numbered.

    The parser is slow, so trees are kept; nobody changes them. An expression to group by has a name in them.

    Raises `Uncitable` for other forms of query, for FROM, and for what rdflib cannot parse.
    """
    from rdflib.plugins.sparql.algebra import translatePrologue, traverse
    from rdflib.plugins.sparql.parser import parseQuery

    try:
        declared, query = parseQuery(text)
        prologue = translatePrologue(declared, None, terms.PREFIXES)
        query = traverse(query, visitPost=_leaf(prologue))
    except Exception as error:  # rdflib's parser raises pyparsing's and its own errors, with no base in common
        raise Uncitable(
            "the query", f"it is not SPARQL 1.1 to the second parser ({_first_line(error)})", sign=""
        ) from error
    if query.name != "SelectQuery":
        raise Uncitable(query.name.removesuffix("Query").upper(), "only the rows of SELECT are cited")
    if query.datasetClause:
        raise Uncitable("FROM", "the graphs to read are chosen by the store's views")
    return query


def _leaf(prologue: Any) -> Callable[[Any], Any]:
    """Return the function that puts a term in the place of a name, a literal or a blank node as it is written.

    And an expression with a name in the place of one without, where groups are told apart by it.

    Literals become the engine's, since rdflib's would take another lexical form ("01" would become "1"). Blank nodes
    are numbered, so that the same query gives the same texts.
    """
    from rdflib import BNode, URIRef, Variable
    from rdflib.plugins.sparql.parserutils import CompValue

    numbers: dict[Any, int] = {}

    def leaf(node: Any) -> Any:
        if name_of(node) == "literal":
            datatype = ox.NamedNode(str(node.datatype)) if node.datatype else None
            return ox.Literal(str(node.string), language=node.lang and str(node.lang).lower(), datatype=datatype)
        if name_of(node) == "pname":
            # The escapes of a local name (such as `\/`) are left in by rdflib; an IRI has no backslash of its own.
            return URIRef(str(prologue.absolutize(node)).replace("\\", ""))
        if isinstance(node, URIRef):
            return prologue.absolutize(node)
        if isinstance(node, BNode):
            return BNode(f"b{numbers.setdefault(node, len(numbers) + 1)}")
        if name_of(node) == "GroupClause":
            named = [
                key
                if isinstance(key, Variable) or key.var
                else CompValue(
                    "GroupAs", expr=key.expr if key.name == "GroupAs" else key, var=Variable(f"{KEY}{number}")
                )
                for number, key in enumerate(node.condition)
            ]
            return CompValue("GroupClause", condition=named)
        return None

    return leaf


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


# --- looking at a tree ------------------------------------------------------------------------------


def name_of(node: Any) -> str | None:
    """Return the name of a node of the tree, and None for a term or text."""
    name = getattr(node, "name", None)
    return name if isinstance(name, str) else None


def as_list(value: Any) -> list[Any]:
    """Return a list as it is, and anything else as a list of one."""
    return list(value) if isinstance(value, list) else [value]


def children(node: Any) -> Iterator[Any]:
    """Yield what a node holds: nodes, terms and texts."""
    for value in node.values():
        yield from as_list(value)


def mentions(node: Any, *names: str) -> bool:
    """Tell whether a node, a list of nodes or anything below has a name that begins with one of `names`."""
    if isinstance(node, list):
        return any(mentions(each, *names) for each in node)
    name = name_of(node)
    return name is not None and (name.startswith(names) or any(mentions(value, *names) for value in node.values()))


def unwrapped(node: Any) -> Any:
    """Return an expression without the levels of the grammar at which it has but one operand."""
    while name_of(node) in _WRAPPERS and not (node.op or node.other):
        node = node.expr
    return node


def variables(node: Any) -> set[Any]:
    """Return the variables that stand anywhere in a pattern or expression."""
    from rdflib import Variable

    if isinstance(node, Variable):
        return {node}
    below = children(node) if name_of(node) else node if isinstance(node, list) else ()
    return {variable for each in below for variable in variables(each)}
