"""The part of a dataset that the checks read at the nodes that a change can concern.

A check says in its header, under `reads`, which ways it goes from its ?focus: each a path whose steps are a property
`p`, its inverse `^p`, any property `*`, `in` (the graphs that describe the node) or `^in` (what the graph describes).
What the focus itself has, in whatever graph, and the ontology are read by every check. `any p` are the triples of a
property that no path leads to: a change of one of them concerns every node.
"""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg import project, terms
from kg.validate.checks import read_check, rows_as_findings
from kg.validate.touched import MEANINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from kg.validate.checks import Check
    from kg.validate.report import Finding, Term

__all__ = ["rows_after"]

_ONTOLOGY = terms.GRAPH + "ontology/"
_HEADER = ox.NamedNode(terms.PREFIXES["owl"] + "Ontology")
_TYPE = ox.NamedNode(terms.RDF + "type")
_ANY = "any "
_LARGE = 20_000

Nodes = set["Term"]


def rows_after(store: ox.Store, changed: Collection[ox.Quad]) -> Iterator[Finding]:
    """Yield what the checks find at the nodes that a change can concern, without places.

    `store` holds the data after the change, `changed` are the quads added and removed, none of them of the ontology.
    Each check runs in full on an excerpt, so its query needs no second form, and its rows at other nodes do not count.
    """
    starts = cache(partial(_starts, changed))
    foci_over, quads_along = cache(partial(_foci_over, store, starts)), cache(partial(_quads_along, store))
    ontology = list(_ontology(store))
    shared: dict[tuple[str, frozenset[Term]], list[ox.Quad]] = {}
    reading: list[tuple[Check, frozenset[Term]]] = []
    for check in map(read_check, project.check_files()):
        if _is_unlinked(check, changed):
            yield from rows_as_findings(store, check)
            continue
        foci = frozenset(node for path in _paths(check) for node in foci_over(path))
        quads = {(path, foci): quads_along(path, foci) for path in _paths(check)}
        if sum(map(len, quads.values())) > _LARGE:  # what only one check reads would slow down all others
            yield from rows_as_findings(_excerpt([ontology, *quads.values()]), check, foci)
        else:
            shared |= quads
            reading.append((check, foci))
    excerpt = _excerpt([ontology, *shared.values()])
    for check, foci in reading:
        yield from rows_as_findings(excerpt, check, foci)


def _excerpt(quads: Iterable[list[ox.Quad]]) -> ox.Store:
    excerpt = ox.Store()
    excerpt.bulk_extend(quad for some in quads for quad in some)
    return excerpt


def _is_unlinked(check: Check, changed: Collection[ox.Quad]) -> bool:
    named = [_property(path.removeprefix(_ANY)) for path in check.reads if path.startswith(_ANY)]
    return any(quad.predicate in named for quad in changed)


def _paths(check: Check) -> tuple[str, ...]:
    return ("*", *check.reads)


def _starts(changed: Collection[ox.Quad], step: str) -> frozenset[Term]:
    return frozenset(_start(step, quad) for quad in changed if _is_on(step, quad))


def _foci_over(store: ox.Store, starts: Callable[[str], frozenset[Term]], path: str) -> frozenset[Term]:
    """Return the nodes from which a way leads over a changed quad.

    Going backwards in the data after the change is enough: see `kg.validate.touched`.
    """
    if path.startswith(_ANY):
        return frozenset()
    steps = path.split("/")
    found: Nodes = set()
    for place, step in enumerate(steps):
        near: Collection[Term] = starts(step)
        for before in reversed(steps[:place]):
            near = {_start(before, quad) for node in near for quad in _quads_to(store, before, node)}
        found.update(near)
    return frozenset(found)


def _quads_along(store: ox.Store, path: str, foci: frozenset[Term]) -> list[ox.Quad]:
    """Return the quads over which a way leads from `foci`."""
    if path.startswith(_ANY):
        return list(store.quads_for_pattern(None, _property(path.removeprefix(_ANY)), None, None))
    found: list[ox.Quad] = []
    nodes: Collection[Term] = foci
    for step in path.split("/"):
        quads = [quad for node in nodes for quad in _quads_from(store, step, node)]
        found += quads
        nodes = {_end(step, quad) for quad in quads}
    return found


def _ontology(store: ox.Store) -> Iterator[ox.Quad]:
    """Yield the ontology, and what is said elsewhere of the meaning of terms."""
    names = {ox.NamedNode(_ONTOLOGY + path.stem) for path in project.ontology_files()}
    for quad in store.quads_for_pattern(None, _TYPE, _HEADER, None):
        if isinstance(quad.graph_name, ox.NamedNode) and quad.graph_name.value.startswith(_ONTOLOGY):
            names.add(quad.graph_name)
    for name in names:
        yield from store.quads_for_pattern(None, None, None, name)
    for predicate in MEANINGS:
        yield from store.quads_for_pattern(None, ox.NamedNode(predicate), None, None)


# --- single steps: a quad leads from its start to its end ------------------------------------------------


@cache
def _property(step: str) -> ox.NamedNode:
    return ox.NamedNode(terms.expand(step.removeprefix("^")))


def _is_on(step: str, quad: ox.Quad) -> bool:
    return step in ("*", "in", "^in") or quad.predicate == _property(step)


def _start(step: str, quad: ox.Quad) -> Term:
    node = quad.graph_name if step == "^in" else quad.object if step.startswith("^") else quad.subject
    assert not isinstance(node, ox.Triple | ox.DefaultGraph)
    return node


def _end(step: str, quad: ox.Quad) -> Term:
    ends = {"in": quad.graph_name, "^in": quad.subject}
    node = ends[step] if step in ends else quad.subject if step.startswith("^") else quad.object
    assert not isinstance(node, ox.Triple | ox.DefaultGraph)
    return node


def _quads_from(store: ox.Store, step: str, node: Term) -> Iterable[ox.Quad]:
    """Return the quads that lead away from `node`."""
    named = node if isinstance(node, ox.NamedNode) else None
    if step.startswith("^") and step != "^in":
        return store.quads_for_pattern(None, _property(step), node, None)
    if named is None:
        return ()
    if step == "^in":
        return store.quads_for_pattern(None, None, None, named)
    if step == "in":
        quads = store.quads_for_pattern(named, None, None, None)
        return (quad for quad in quads if isinstance(quad.graph_name, ox.NamedNode))
    return store.quads_for_pattern(named, None if step == "*" else _property(step), None, None)


def _quads_to(store: ox.Store, step: str, node: Term) -> Iterable[ox.Quad]:
    """Return the quads that lead to `node`."""
    named = node if isinstance(node, ox.NamedNode) else None
    if step == "*" or (not step.startswith("^") and step != "in"):
        return store.quads_for_pattern(None, None if step == "*" else _property(step), node, None)
    if named is None:
        return ()
    if step == "in":
        return store.quads_for_pattern(None, None, None, named)
    return store.quads_for_pattern(named, None if step == "^in" else _property(step), None, None)
