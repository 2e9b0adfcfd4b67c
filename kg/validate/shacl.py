"""Validation by SHACL: what the shapes find in a dataset, at all their focus nodes or at some."""

from __future__ import annotations

from functools import cache
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

import pyoxigraph as ox

from kg import project, terms
from kg.validate import reference
from kg.validate.constraints import Evaluation, closed_hits_of, not_allowed
from kg.validate.data import FEW, Data
from kg.validate.paths import Path
from kg.validate.report import Finding
from kg.validate.shapes import Shapes
from kg.validate.touched import touched

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from kg.validate.constraints import Hit
    from kg.validate.report import Term
    from kg.validate.shapes import Constraint, Shape

__all__ = ["Result", "findings_after", "results", "results_as_findings", "results_at", "shapes", "targets"]


class Result(NamedTuple):
    """A validation result (3.6.2); `component` and `severity` are IRIs."""

    focus: Term
    path: Path | None
    value: Term | None
    component: str
    shape: Term
    severity: str


@cache
def shapes() -> Shapes:
    """Return the shapes of the project."""
    return Shapes(quad for path in project.shapes_files() for quad in ox.parse(path=str(path)))


def results_as_findings(store: ox.Store) -> Iterator[Finding]:
    """Yield what the shapes of the project find in the union of the graphs of `store`, without places.

    Raises `KgError` for a triple term.
    """
    if shapes().beyond_translation:
        yield from reference.results_as_findings(store)
        return
    data = Data(store)
    data.refuse_triple_terms()
    yield from (_finding(shapes(), result) for result in results(shapes(), data))


def findings_after(store: ox.Store, changed: Collection[ox.Quad]) -> Iterator[Finding]:
    """Yield what the shapes of the project find in `store` at the nodes that a change can concern, without places.

    `store` holds the data after the change, `changed` are the quads added and removed. What is found elsewhere is what
    was found before.
    """
    data = Data(store)
    foci = touched(shapes(), data, changed)
    yield from (_finding(shapes(), result) for result in results_at(shapes(), data, foci))


def results(shapes: Shapes, data: Data) -> Iterator[Result]:
    """Yield the results of validating `data`; a result that two ways lead to comes once or twice."""
    run = Evaluation(shapes, data)
    foci = {shape.node: targets(shape, data) for shape in shapes.roots}
    for shape in _owners_first(shapes):
        _pass_on(run, shape, foci)
    yield from results_at(shapes, data, foci)


def results_at(shapes: Shapes, data: Data, foci: dict[Term, set[Term]]) -> Iterator[Result]:
    """Yield the results of each shape at the focus nodes given for its node."""
    run = Evaluation(shapes, data)
    # What reads the pairs of the same property comes together, so that they are fetched once.
    tasks = [task for node, some in foci.items() for task in _tasks(run, shapes[node], some)]
    for _, task in sorted(tasks, key=itemgetter(0)):
        yield from task


def _tasks(run: Evaluation, shape: Shape, foci: set[Term]) -> Iterator[tuple[str, Iterator[Result]]]:
    """Yield the parts of validating `foci` against `shape`, each with the path that it reads.

    For many nodes a closed shape is looked at property by property (4.8.1).
    """
    apart = len(foci) > FEW
    yield str(shape.path), _as_results(shape, run.hits(shape, foci, apart=apart))
    for constraint in shape.constraints if apart and not shape.deactivated else ():
        if constraint.name == "closed":
            for predicate in not_allowed(run.data, constraint):
                hits = ((constraint, hit) for hit in closed_hits_of(run.data, predicate, foci))
                yield f"<{predicate}>", _as_results(shape, hits)


def targets(shape: Shape, data: Data) -> set[Term]:
    """Return the focus nodes of `shape` by its targets (2.1.3)."""
    found: set[Term] = set()
    for kind, term in shape.targets:
        if kind == "targetNode":
            found.add(term)
        elif kind == "targetClass":
            found |= data.instances(term)
        elif kind == "targetSubjectsOf":
            found |= data.subjects_of(term)
        else:
            found |= data.objects_of(term)
    return found


def _owners_first(shapes: Shapes) -> list[Shape]:
    """Return the roots and the property shapes under them, each behind all shapes that it stands under."""
    ordered: dict[Term, Shape] = {}

    def visit(node: Term) -> None:
        if node not in ordered:
            for each in shapes[node].properties:
                visit(each)
            ordered[node] = shapes[node]

    for root in shapes.roots:
        visit(root.node)
    return list(ordered.values())[::-1]


def _pass_on(run: Evaluation, shape: Shape, foci: dict[Term, set[Term]]) -> None:
    """Give the value nodes of `shape` to its property shapes as focus nodes (4.7.2)."""
    if shape.deactivated or not shape.properties or not foci.get(shape.node):
        return
    values = foci[shape.node] if shape.path is None else run.data.relation(shape.path, foci[shape.node]).values
    for each in shape.properties:
        foci.setdefault(each, set()).update(values)


def _as_results(shape: Shape, hits: Iterable[tuple[Constraint, Hit]]) -> Iterator[Result]:
    for constraint, hit in hits:
        path = hit.path or shape.path
        yield Result(hit.focus, path, hit.value, constraint.component, shape.node, shape.severity)


def _finding(shapes: Shapes, result: Result) -> Finding:
    message = shapes.graph.value(result.shape, terms.SH + "message")
    mend = shapes.graph.value(result.shape, terms.SHAPE + "mend")
    return Finding(
        severity=result.severity.removeprefix(terms.SH).lower(),
        rule=terms.compact(result.shape.value),
        message=message.value if message else "",
        mend=mend.value if mend else "",
        focus=result.focus,
        path=result.path.iri if result.path and result.path.kind == "predicate" else None,
        value=result.value,
        component=result.component,
    )
