"""Property paths of SHACL: read from a shapes graph, written as SPARQL, and taken apart into single steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg import terms
from kg.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kg.validate.graph import Graph
    from kg.validate.report import Term

__all__ = ["Path", "Step", "joined", "read_path", "steps_of"]

_MARKS = {"zeroOrMorePath": "*", "oneOrMorePath": "+", "zeroOrOnePath": "?"}


@dataclass(frozen=True)
class Path:
    """A path: `kind` is `predicate`, `^`, `/`, `|`, `*`, `+` or `?`, the last six over `parts`.

    Source: https://www.w3.org/TR/shacl/#property-paths (2.3.1).
    """

    kind: str
    parts: tuple[Path, ...] = ()
    iri: str = ""

    def __str__(self) -> str:
        """Return the path in SPARQL."""
        if self.kind == "predicate":
            return f"<{self.iri}>"
        if self.kind == "^":
            return f"^{self.parts[0]}"
        if self.kind in "/|":
            return f"({self.kind.join(map(str, self.parts))})"
        return f"({self.parts[0]}){self.kind}"

    @property
    def inverse(self) -> Path:
        """The path that leads back."""
        if self.kind == "^":
            return self.parts[0]
        if self.kind == "predicate":
            return Path("^", (self,))
        turned = tuple(part.inverse for part in self.parts)
        return Path(self.kind, turned[::-1] if self.kind == "/" else turned)


@dataclass(frozen=True)
class Step:
    """One triple on the way of a path: reached by `before` (None: at the start), its predicate, and its direction.

    A step without predicate reads every triple of the node.
    """

    before: Path | None
    predicate: str | None
    forward: bool = True

    def after(self, before: Path | None) -> Step:
        """Return the step as it is behind another path."""
        return Step(joined(before, self.before), self.predicate, self.forward)


def joined(first: Path | None, second: Path | None) -> Path | None:
    """Return the path that goes first along one, then along the other; None stays where it is."""
    if first is None or second is None:
        return first or second
    return Path("/", (first, second))


def steps_of(path: Path) -> Iterator[Step]:
    """Yield every triple that a path may use, so that a change of other triples cannot change where it leads."""
    if path.kind == "predicate":
        yield Step(None, path.iri)
    elif path.kind == "^":
        yield from _steps_back(path.parts[0])
    elif path.kind == "/":
        before: Path | None = None
        for part in path.parts:
            yield from (step.after(before) for step in steps_of(part))
            before = joined(before, part)
    elif path.kind == "|":
        for part in path.parts:
            yield from steps_of(part)
    else:
        again = None if path.kind == "?" else Path("*", path.parts)
        yield from (step.after(again) for step in steps_of(path.parts[0]))


def _steps_back(path: Path) -> Iterator[Step]:
    if path.kind == "predicate":
        yield Step(None, path.iri, forward=False)
    else:
        yield from steps_of(path.inverse)


def read_path(graph: Graph, node: Term) -> Path:
    """Return the path that `node` stands for in a shapes graph.

    Raises `DataError` where it is none; a node that is also a list counts as the list.
    """
    return _read(graph, node, frozenset())


def _read(graph: Graph, node: Term, above: frozenset[Term]) -> Path:
    if isinstance(node, ox.NamedNode):
        return Path("predicate", iri=node.value)
    if isinstance(node, ox.Literal) or node in above:
        raise DataError(f"{node} is not a property path", mend="write it as SHACL 2.3.1 says")
    inner = above | {node}
    if graph.value(node, terms.RDF + "first") is not None:
        return Path("/", tuple(_read(graph, each, inner) for each in graph.members(node)))
    alternatives = graph.value(node, terms.SH + "alternativePath")
    if alternatives is not None:
        return Path("|", tuple(_read(graph, each, inner) for each in graph.members(alternatives)))
    inverse = graph.value(node, terms.SH + "inversePath")
    if inverse is not None:
        return Path("^", (_read(graph, inverse, inner),))
    for name, mark in _MARKS.items():
        part = graph.value(node, terms.SH + name)
        if part is not None:
            return Path(mark, (_read(graph, part, inner),))
    raise DataError(f"{node} is not a property path", mend="write it as SHACL 2.3.1 says")
