"""Focus nodes that a change can concern: worked out from the shapes, by going their paths backwards from the change.

What a shape says of a node depends on the triples that its paths, constraints and targets read. Where none of them
was added or removed, the results at the node are what they were. A read triple lies behind a part of a path; where
that part itself went through a removed triple, the first such triple is itself read, behind a part that is still
there. So it is enough to go backwards in the data after the change.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg import terms
from kg.validate.paths import Step, steps_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from kg.validate.data import Data
    from kg.validate.report import Term
    from kg.validate.shapes import Shape, Shapes

__all__ = ["MEANINGS", "concerns_everything", "touched"]

_TYPE = terms.RDF + "type"
_COMPARED = {"equals", "disjoint", "lessThan", "lessThanOrEquals"}
_OF_TERMS = (terms.PACT, terms.PV, terms.GRAPH + "ontology/")

MEANINGS = frozenset(
    terms.expand(name)
    for name in (
        *("rdfs:subClassOf", "rdfs:domain", "owl:disjointWith", "owl:deprecated", "pact:isDerived"),
        *("pact:singleValued", "pact:excludes", "pact:allowedAfter", "pact:resultsIn"),
    )
)
"""The properties that say what a term means, wherever that is said; checks read them of terms that no path leads to."""


def concerns_everything(shapes: Shapes, changed: Collection[ox.Quad]) -> bool:
    """Return whether a change can concern any node: one of the ontology, of a class, or with a blank node.

    So it is for every change where a shape cannot be taken apart, or is written in SPARQL.
    """
    written = {"sparql", "custom"}
    if shapes.beyond_translation or any(each.name in written for s in shapes.reached for each in s.constraints):
        return True
    return any(
        quad.predicate.value in MEANINGS
        or isinstance(quad.subject, ox.BlankNode)
        or isinstance(quad.object, ox.BlankNode | ox.Triple)
        or any(str(node).startswith(f"<{base}") for node in (quad.subject, quad.graph_name) for base in _OF_TERMS)
        for quad in changed
    )


def touched(shapes: Shapes, data: Data, changed: Collection[ox.Quad]) -> dict[Term, set[Term]]:
    """Return, for the node of each shape that has focus nodes, those whose results a change can have changed.

    `data` are those after the change; `changed` are the quads added and removed.
    """
    back = _Backwards(data, changed)
    found: dict[Term, set[Term]] = {}
    for shape in _with_foci(shapes):
        near = {node for step in _steps(shapes, shape.node) for node in back.from_step(step)}
        found[shape.node] = _focus_nodes(shapes, data, shape, near)
    return found


class _Backwards:
    """The way from changed triples back to the nodes from which a path leads to them."""

    def __init__(self, data: Data, changed: Collection[ox.Quad]) -> None:
        self._data = data
        self._near: dict[tuple[str | None, bool], set[Term]] = {}
        for quad in changed:
            for predicate in (quad.predicate.value, None):
                self._near.setdefault((predicate, True), set()).add(quad.subject)  # type: ignore[arg-type]
                self._near.setdefault((predicate, False), set()).add(quad.object)  # type: ignore[arg-type]
        self.from_step = cache(self._from_step)

    def _from_step(self, step: Step) -> frozenset[Term]:
        near = self._near.get((step.predicate, step.forward), set())
        if step.before is not None and near:
            return frozenset(self._data.relation(step.before.inverse, near).values)
        return frozenset(near)


def _with_foci(shapes: Shapes) -> Iterator[Shape]:
    """Yield the shapes that are given focus nodes: those with targets, and the property shapes under them."""
    ahead = [shape.node for shape in shapes.roots]
    passed: set[Term] = set()
    while ahead:
        node = ahead.pop()
        if node not in passed:
            passed.add(node)
            yield shapes[node]
            ahead += shapes[node].properties


@cache
def _steps(shapes: Shapes, node: Term) -> frozenset[Step]:
    """Return the triples that decide what a shape finds at a focus node, and whether it is one."""
    return _read_by(shapes, node, whole=False) | _entering(shapes, node)


@cache
def _read_by(shapes: Shapes, node: Term, *, whole: bool) -> frozenset[Step]:
    """Return the triples that the constraints of a shape read, those of its property shapes only for the `whole`."""
    shape = shapes[node]
    found = set(steps_of(shape.path)) if shape.path else set()
    for constraint in shape.constraints:
        if constraint.name == "class":
            found.add(Step(None, _TYPE).after(shape.path))
        elif constraint.name in _COMPARED:
            found.add(Step(None, constraint.terms[0].value))
        elif constraint.name == "closed":
            found.add(Step(None, None))
        elif constraint.name != "property" or whole:
            for each in (*constraint.shapes, *constraint.more.get("siblings", ())):
                found.update(step.after(shape.path) for step in _read_by(shapes, each, whole=True))
    return frozenset(found)


@cache
def _entering(shapes: Shapes, node: Term) -> frozenset[Step]:
    """Return the triples that decide whether a node is a focus node of a shape."""
    found: set[Step] = set()
    for kind, term in shapes[node].targets:
        if kind == "targetClass":
            found.add(Step(None, _TYPE))
        elif kind != "targetNode":
            found.add(Step(None, term.value, forward=kind == "targetSubjectsOf"))
    for owner in _owners(shapes, node):
        if owner.path is None:
            found |= _entering(shapes, owner.node)
        else:
            back = owner.path.inverse
            found |= {*steps_of(back), *(step.after(back) for step in _entering(shapes, owner.node))}
    return frozenset(found)


@cache
def _owners(shapes: Shapes, node: Term) -> list[Shape]:
    return [shape for shape in _with_foci(shapes) if node in shape.properties]


def _focus_nodes(shapes: Shapes, data: Data, shape: Shape, nodes: set[Term]) -> set[Term]:
    """Return those of `nodes` that are focus nodes of a shape, by its targets or under another shape."""
    found: set[Term] = set()
    if not nodes:
        return found
    for kind, term in shape.targets:
        if kind == "targetNode":
            found |= nodes & {term}
        elif kind == "targetClass":
            found |= data.instances_among(nodes, term)
        else:
            found |= {node for node in nodes if data.has(node, term.value, forward=kind == "targetSubjectsOf")}
    for owner in _owners(shapes, shape.node):
        if owner.deactivated:
            continue
        if owner.path is None:
            found |= _focus_nodes(shapes, data, owner, nodes - found)
        else:
            led = data.relation(owner.path.inverse, nodes - found)
            owning = _focus_nodes(shapes, data, owner, led.values)
            found |= {node for node, before in led.pairs if before in owning}
    return found
