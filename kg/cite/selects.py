"""What the tree of a SELECT query says of its rows: columns, groups, and what stands behind the pattern."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kg.sparql.parse import EXISTS, Uncitable, mentions, name_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["columns_of", "computed", "group_keys", "is_aggregated", "joined_with_values", "narrowed"]

_BATCH = 1_000
"""So many rows of a query with LIMIT are handed to the engine at once, so that it need not look at all the others."""


def is_aggregated(node: Any) -> bool:
    """Tell whether a query groups its rows."""
    return bool(node.groupby or node.having or mentions(node.projection, "Aggregate_"))


def computed(node: Any) -> list[tuple[str, Any]]:
    """Return the columns that a query computes, with their expressions."""
    projected = node.projection if isinstance(node.projection, list) else []
    return [(str(each.evar), each.expr) for each in projected if each.evar]


def joined_with_values(node: Any) -> Any:
    """Return the pattern of a query, joined with the inline data that follow the query."""
    from rdflib.plugins.sparql.parserutils import CompValue

    if not node.valuesClause:
        return node.where
    group = CompValue("GroupOrUnionGraphPattern", graph=[node.where])
    return CompValue("GroupGraphPatternSub", part=[group, node.valuesClause])


def group_keys(node: Any) -> tuple[list[str], list[tuple[str, Any]]]:
    """Return the names of the group's keys, and those that are computed with their expressions."""
    if mentions([node.projection, node.having], *EXISTS):
        raise Uncitable("EXISTS beside an aggregate", "what it rests on belongs to no member of the group")
    keys = node.groupby.condition if node.groupby else []
    names = [str(key.var if name_of(key) else key) for key in keys]
    return names, [(str(key.var), key.expr) for key in keys if name_of(key)]


def columns_of(node: Any) -> tuple[str, ...]:
    """Return the columns of a sub-query."""
    if not isinstance(node.projection, list):
        raise Uncitable("SELECT * in a sub-query", "name its variables", sign=r"SELECT\s+(DISTINCT\s+)?\*")
    return tuple(str(each.evar or each.var) for each in node.projection)


def narrowed(text: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> Iterator[str]:
    """Yield a witness query narrowed down to the rows, some at a time."""
    distinct = list(dict.fromkeys(rows))
    for i in range(0, len(distinct), _BATCH):
        values = _values(columns, distinct[i : i + _BATCH])
        yield f"SELECT * WHERE {{ {values} {text.removeprefix('SELECT * WHERE ')} }}"


def _values(columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> str:
    lines = [" ".join("UNDEF" if cell is None else str(cell) for cell in row) for row in dict.fromkeys(rows)]
    return f"VALUES ({' '.join(f'?{column}' for column in columns)}) {{ {' '.join(f'({line})' for line in lines)} }}"
