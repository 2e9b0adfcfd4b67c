"""The edges of a shortest witness of a property path, found by walking the path and the graph together.

A path is compiled to a non-deterministic automaton (Thompson 1968) and the pairs of node and state are searched
breadth first, so the first arrival is by a shortest chain of edges.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox

from kg import entity
from kg.sparql.parse import Uncitable, name_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kg.store import Store

__all__ = ["walk"]

Node = Any
LIMIT = 100_000
"""Pairs of node and state after which a search gives up rather than cite in part."""


class _Automaton:
    """States are numbers, 0 is the start; a step is a predicate, or a set of excluded ones, in one direction."""

    def __init__(self, path: Any) -> None:
        self.empty: dict[int, list[int]] = {}
        self.steps: dict[int, list[tuple[tuple[str, ...], bool, bool, int]]] = {}
        self.states = 1
        self.accept = self._compile(path, 0, inverse=False)

    def _state(self) -> int:
        self.states += 1
        return self.states - 1

    def _compile(self, path: Any, start: int, *, inverse: bool) -> int:
        """Add `path` from the state `start` and return the state where it ends."""
        name = name_of(path)
        if name is None or name == "PathNegatedPropertySet":
            return self._step(path, start, inverse=inverse)
        if name == "PathEltOrInverse":
            return self._compile(path.part, start, inverse=not inverse)
        if name == "PathSequence":
            state = start
            for part in reversed(path.part) if inverse else path.part:
                state = self._compile(part, state, inverse=inverse)
            return state
        if name == "PathAlternative":
            end = self._state()
            for part in path.part:
                self.empty.setdefault(self._compile(part, start, inverse=inverse), []).append(end)
            return end
        return self._repeated(path, start, inverse=inverse)

    def _repeated(self, path: Any, start: int, *, inverse: bool) -> int:
        if not path.mod:
            return self._compile(path.part, start, inverse=inverse)
        # States of its own on both sides, so that a loop cannot leak into what comes before or after.
        first, end = self._state(), self._state()
        self.empty.setdefault(start, []).append(first)
        last = self._compile(path.part, first, inverse=inverse)
        self.empty.setdefault(last, []).append(end)
        if path.mod in ("*", "?"):
            self.empty.setdefault(first, []).append(end)
        if path.mod in ("*", "+"):
            self.empty.setdefault(last, []).append(first)
        return end

    def _step(self, path: Any, start: int, *, inverse: bool) -> int:
        end = self._state()
        excluded = name_of(path) is not None
        predicates = tuple(str(part.n3()) for part in (path.part if excluded else [path]))
        self.steps.setdefault(start, []).append((predicates, excluded, inverse, end))
        return end


def walk(store: Store, path: Any, start: Node, end: Node, graph: ox.NamedNode | None) -> list[ox.Triple]:
    """Return the triples of a shortest chain from `start` to `end` along `path`; empty where the path may be empty.

    `graph` is the named graph to walk in, or None for the facts view.
    Raises `Uncitable` where there is no chain, or none within `LIMIT` pairs of node and state.
    """
    automaton = _Automaton(path)
    origin = (start, 0)
    came: dict[tuple[Node, int], tuple[tuple[Node, int], ox.Triple | None] | None] = {origin: None}
    queue = deque([origin])
    while queue:
        node, state = queue.popleft()
        if node == end and state == automaton.accept:
            return _chain(came, (node, state))
        moves: Iterator[tuple[Node, int, ox.Triple | None]] = (
            (node, other, None) for other in automaton.empty.get(state, ())
        )
        for target, reached, triple in (*moves, *_moves(store, automaton, node, state, graph)):
            if (target, reached) not in came:
                came[(target, reached)] = ((node, state), triple)
                # An empty move costs no edge, so what it reaches is looked at first.
                (queue.appendleft if triple is None else queue.append)((target, reached))
        if len(came) > LIMIT:
            raise Uncitable("a property path", f"its witness lies beyond {LIMIT:,} steps", sign="")
    raise Uncitable("a property path", "no chain of edges was found for a row", sign="")


def _chain(came: dict[Any, Any], place: tuple[Node, int]) -> list[ox.Triple]:
    found: list[ox.Triple] = []
    step = came[place]
    while step is not None:
        place, triple = step
        if triple is not None:
            found.append(triple)
        step = came[place]
    return found[::-1]


def _moves(
    store: Store, automaton: _Automaton, node: Node, state: int, graph: ox.NamedNode | None
) -> Iterator[tuple[Node, int, ox.Triple]]:
    for predicates, excluded, inverse, reached in automaton.steps.get(state, ()):
        if isinstance(node, ox.Literal) and not inverse:
            continue
        pattern = f"?next ?p {node}" if inverse else f"{node} ?p ?next"
        inner = pattern if graph is None else f"GRAPH {graph} {{ {pattern} }}"
        chosen = f"FILTER(?p NOT IN ({', '.join(predicates)}))" if excluded else ""
        bound = "" if excluded else f"VALUES ?p {{ {' '.join(predicates)} }}"
        for row in entity.select(store, f"SELECT ?p ?next WHERE {{ {bound} {inner} {chosen} }} ORDER BY ?p ?next"):
            triple = ox.Triple(row["next"], row["p"], node) if inverse else ox.Triple(node, row["p"], row["next"])
            yield row["next"], reached, triple
