"""Shapes as values: what a shapes graph says of targets, paths and constraints, read when asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg import terms
from kg.errors import DataError
from kg.validate.graph import Graph
from kg.validate.paths import Path, read_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kg.validate.report import Term

__all__ = ["Constraint", "Shape", "Shapes"]

_TRUE = ox.Literal(True)
_TARGETS = ("targetNode", "targetClass", "targetSubjectsOf", "targetObjectsOf")
_SIMPLE = (
    *("class", "datatype", "nodeKind", "minCount", "maxCount"),
    *("minExclusive", "minInclusive", "maxExclusive", "maxInclusive", "minLength", "maxLength"),
    *("equals", "disjoint", "lessThan", "lessThanOrEquals", "hasValue", "sparql"),
)
_LISTS = ("in", "languageIn")
_ON_VALUES_OF_A_PATH = {"minCount", "maxCount", "lessThan", "lessThanOrEquals", "uniqueLang"}


@dataclass(frozen=True)
class Constraint:
    """One parameter of a shape with its value, and what belongs to it.

    `terms` are the value, or the members where it is a list; `shapes` are the nodes of the shapes it refers to. `more`
    holds the values of further parameters. `component` is the IRI of the constraint component.
    """

    name: str
    component: str
    terms: tuple[Term, ...] = ()
    shapes: tuple[Term, ...] = ()
    more: dict[str, tuple[Term, ...]] = field(default_factory=dict, hash=False)

    @property
    def number(self) -> int:
        """The value as a whole number."""
        return int(self.terms[0].value)


@dataclass(frozen=True)
class Shape:
    """A node shape, or, with a path, a property shape; `severity` is an IRI."""

    node: Term
    path: Path | None
    targets: tuple[tuple[str, Term], ...]
    severity: str
    deactivated: bool
    constraints: tuple[Constraint, ...]

    @property
    def properties(self) -> list[Term]:
        """The nodes of the property shapes under this shape, by sh:property."""
        return [each.shapes[0] for each in self.constraints if each.name == "property"]


class Shapes:
    """The shapes of a shapes graph."""

    def __init__(self, quads: Iterable[ox.Quad]) -> None:
        self.graph = Graph(quads)
        self._read: dict[Term, Shape] = {}

    def __getitem__(self, node: Term) -> Shape:
        """Return the shape that `node` is. Raises `DataError` where it is not well formed."""
        if node not in self._read:
            self._read[node] = self._shape(node)
        return self._read[node]

    @cached_property
    def roots(self) -> list[Shape]:
        """The shapes that have a target (2.1.3)."""
        named = [node for name in _TARGETS for node in self.graph.subjects(terms.SH + name)]
        typed = [node for node in self.graph.subjects(terms.RDF + "type") if self._is_class_and_shape(node)]
        return [self[node] for node in dict.fromkeys([*named, *typed])]

    @cached_property
    def reached(self) -> list[Shape]:
        """The roots and every shape that they refer to."""
        found: dict[Term, Shape] = {}
        ahead = [shape.node for shape in self.roots]
        while ahead:
            node = ahead.pop()
            if node not in found:
                found[node] = self[node]
                ahead += self.referred(self[node])
        return list(found.values())

    @staticmethod
    def referred(shape: Shape) -> list[Term]:
        """Return the nodes of the shapes that `shape` refers to."""
        more = [node for each in shape.constraints for node in each.more.get("siblings", ())]
        return [node for each in shape.constraints for node in each.shapes] + more

    @cached_property
    def beyond_translation(self) -> str:
        """Why these shapes cannot be taken apart into queries and sets; an empty text where they can.

        The standard leaves open what a shape means that refers to itself (3.4.3).
        """
        for shape in self.reached:
            ahead, passed = self.referred(shape), set()
            while ahead:
                node = ahead.pop()
                if node == shape.node:
                    return f"{shape.node} refers to itself"
                if node not in passed:
                    passed.add(node)
                    ahead += self.referred(self[node])
        return ""

    def _is_class_and_shape(self, node: Term) -> bool:
        kinds = {kind.value for kind in self.graph.kinds(node)}
        shapes = {terms.SH + "NodeShape", terms.SH + "PropertyShape"}
        return terms.RDFS + "Class" in kinds and bool(kinds & shapes)

    def _shape(self, node: Term) -> Shape:
        values = self.graph.values
        path = self.graph.value(node, terms.SH + "path")
        targets = [(name, term) for name in _TARGETS for term in values(node, terms.SH + name)]
        if self._is_class_and_shape(node):
            targets.append(("targetClass", node))
        severity = self.graph.value(node, terms.SH + "severity")
        return Shape(
            node,
            None if path is None else read_path(self.graph, path),
            tuple(targets),
            severity.value if severity else terms.SH + "Violation",
            _TRUE in values(node, terms.SH + "deactivated"),
            tuple(self._constraints(node, has_path=path is not None)),
        )

    def _constraints(self, node: Term, *, has_path: bool) -> Iterator[Constraint]:
        """Yield the constraints that a shape declares (section 4 and, for SPARQL, 5 and 6)."""
        for predicate in self.graph.predicates(node):
            name = predicate.removeprefix(terms.SH)
            component = f"{terms.SH}{name[:1].upper()}{name[1:]}ConstraintComponent"
            if name == predicate or (name in _ON_VALUES_OF_A_PATH and not has_path):
                continue
            for value in self.graph.values(node, predicate):
                if name in _SIMPLE:
                    component = component.replace("Sparql", "SPARQL")
                    yield Constraint(name, component, (value,))
                elif name in _LISTS:
                    yield Constraint(name, component, tuple(self.graph.members(value)))
                elif name in ("and", "or", "xone"):
                    yield Constraint(name, component, shapes=tuple(self.graph.members(value)))
                elif name in ("not", "node"):
                    yield Constraint(name, component, shapes=(value,))
                elif name == "property":
                    if self.graph.value(value, terms.SH + "path") is None:
                        raise DataError(f"{value} is no property shape: it has no sh:path")
                    yield Constraint(name, component, shapes=(value,))
                elif name == "pattern":
                    flags = tuple(self.graph.values(node, terms.SH + "flags"))
                    yield Constraint(name, component, (value,), more={"flags": flags})
                elif name == "uniqueLang" and value == _TRUE:
                    yield Constraint(name, component)
                elif name == "closed" and value == _TRUE:
                    yield self._closed(node, component)
                elif name == "qualifiedValueShape" and has_path:
                    yield from self._qualified(node, value)
        yield from self._custom(node, has_path=has_path)

    def _closed(self, node: Term, component: str) -> Constraint:
        """Return the constraint of sh:closed, its terms the properties that are allowed (4.8.1)."""
        properties = self.graph.values(node, terms.SH + "property")
        paths = [path for each in properties for path in self.graph.values(each, terms.SH + "path")]
        ignored = self.graph.value(node, terms.SH + "ignoredProperties")
        return Constraint("closed", component, (*paths, *(self.graph.members(ignored) if ignored is not None else ())))

    def _qualified(self, node: Term, value: Term) -> Iterator[Constraint]:
        """Yield the constraints on how many values conform to a shape, with its siblings (4.7.3)."""
        siblings: tuple[Term, ...] = ()
        if _TRUE in self.graph.values(node, terms.SH + "qualifiedValueShapesDisjoint"):
            parents = [p for p in self.graph.subjects(terms.SH + "property") if node in self._properties(p)]
            beside = [each for parent in parents for each in self._properties(parent)]
            found = [each for near in beside for each in self.graph.values(near, terms.SH + "qualifiedValueShape")]
            siblings = tuple(each for each in dict.fromkeys(found) if each != value)
        for name in ("qualifiedMinCount", "qualifiedMaxCount"):
            component = f"{terms.SH}Q{name[1:]}ConstraintComponent"
            for number in self.graph.values(node, terms.SH + name):
                yield Constraint(name, component, (number,), (value,), {"siblings": siblings})

    def _properties(self, node: Term) -> list[Term]:
        return self.graph.values(node, terms.SH + "property")

    def _custom(self, node: Term, *, has_path: bool) -> Iterator[Constraint]:
        """Yield the constraints of components that the shapes graph itself declares (6.2)."""
        graph = self.graph
        for component in graph.subjects(terms.SH + "parameter"):
            if not any(kind.value == terms.SH + "ConstraintComponent" for kind in graph.kinds(component)):
                continue
            given: dict[str, tuple[Term, ...]] = {}
            complete = True
            for parameter in graph.values(component, terms.SH + "parameter"):
                path = graph.value(parameter, terms.SH + "path")
                assert path is not None
                values = tuple(graph.values(node, path.value))
                if values:
                    given[path.value] = values
                elif _TRUE not in graph.values(parameter, terms.SH + "optional"):
                    complete = False
            names = ("propertyValidator" if has_path else "nodeValidator", "validator")
            validators = [each for name in names for each in graph.values(component, terms.SH + name)]
            if complete and given and validators:
                yield Constraint("custom", component.value, more={**given, "validator": (validators[0],)})
