"""The reference: pySHACL and rdflib, their only door, for shapes that refer to themselves and for the tests."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from logging import ERROR, getLogger
from typing import TYPE_CHECKING
from warnings import catch_warnings, simplefilter

import pyoxigraph as ox

from kg import project, terms
from kg.errors import KgError
from kg.validate.report import Finding, Term

if TYPE_CHECKING:
    from collections.abc import Iterator

    import rdflib
    from rdflib.term import Node

__all__ = ["as_rdflib", "results_as_findings"]

_ONTOLOGY = terms.GRAPH + "ontology/"
_SH = terms.PREFIXES["sh"]
_STRING = terms.XSD + "string"


def results_as_findings(store: ox.Store) -> Iterator[Finding]:
    """Yield what pySHACL finds in the union of the graphs of `store`, without places; some may come twice.

    It is given a copy in rdflib, because on an Oxigraph-backed graph it reports falsely. Raises `KgError` for a triple
    term, which rdflib cannot hold.
    """
    import pyshacl
    import rdflib

    words, rules = _shapes()
    with _quiet():
        _, report, _ = pyshacl.validate(as_rdflib(store, rules), shacl_graph=rules, inplace=True)
    sh = rdflib.Namespace(_SH)
    by_component = sorted(report.subject_objects(sh.sourceConstraintComponent), key=lambda pair: str(pair[1]))
    for result, component in by_component:
        if (None, sh.result, result) not in report:  # it is a detail of another
            continue
        shape, path, value = (report.value(result, sh[name]) for name in ("sourceShape", "resultPath", "value"))
        yield Finding(
            severity=str(words.value(shape, sh.severity)).removeprefix(_SH).lower(),
            rule=terms.compact(str(shape)),
            message=str(words.value(shape, sh.message)),
            mend=str(words.value(shape, rdflib.URIRef(terms.SHAPE + "mend"))),
            focus=_as_oxigraph(report.value(result, sh.focusNode)),
            path=str(path) if isinstance(path, rdflib.URIRef) else None,
            value=_as_oxigraph(value) if value is not None else None,
            component=str(component),
        )


@cache
def _shapes() -> tuple[rdflib.Graph, rdflib.Graph]:
    """Return the words of the shapes, and the rules without them: pySHACL would read the words at every focus node."""
    import rdflib

    words, rules = rdflib.Graph(), rdflib.Graph(store="SimpleMemory")  # a store without contexts answers faster
    for path in project.shapes_files():
        rules.parse(path)
    for name in ("sh:name", "sh:message", "sh:severity", "shape:mend"):
        words += rules.triples((None, rdflib.URIRef(terms.expand(name)), None))
    rules -= words
    _give_targets_to_property_shapes(rules)
    return words, rules


def _give_targets_to_property_shapes(rules: rdflib.Graph) -> None:
    """Move each property shape from under its node shape to the targets of that, which says the same.

    pySHACL takes the targets of a shape all at once, but a property shape under a node shape once for each of them,
    and needs nearly twice the time.
    """
    import rdflib
    from rdflib.collection import Collection

    sh = rdflib.Namespace(_SH)
    for kind in (sh.targetClass, sh.targetSubjectsOf):
        for owner, target in list(rules.subject_objects(kind)):
            for shape in rules.objects(owner, sh.property):
                rules.add((shape, kind, target))
    for owner, ignored in list(rules.subject_objects(sh.ignoredProperties)):
        properties = list(rules.objects(owner, sh.property))
        Collection(rules, ignored, [path for shape in properties for path in rules.objects(shape, sh.path)])
    for owner in set(rules.subjects(sh.targetClass)) | set(rules.subjects(sh.targetSubjectsOf)):
        rules.remove((owner, sh.property, None))


def as_rdflib(store: ox.Store, shapes: rdflib.Graph) -> rdflib.Dataset:
    """Return what `shapes` can see of `store`: all data, and of the ontology the triples whose property they name."""
    import rdflib

    seen = {str(term) for term in shapes.objects()} | {terms.RDF + "type", terms.RDFS + "subClassOf"}
    dataset = rdflib.Dataset(default_union=True)
    for name in store.named_graphs():
        graph = dataset.graph(rdflib.URIRef(name.value))
        ours = not name.value.startswith(_ONTOLOGY)
        for quad in store.quads_for_pattern(None, None, None, name):
            if ours or quad.predicate.value in seen:
                graph.add((_as_rdflib(quad.subject), _as_rdflib(quad.predicate), _as_rdflib(quad.object)))
    return dataset


def _as_rdflib(term: Term | ox.Triple) -> Node:
    import rdflib

    if isinstance(term, ox.NamedNode):
        return rdflib.URIRef(term.value)
    if isinstance(term, ox.BlankNode):
        return rdflib.BNode(term.value)
    if isinstance(term, ox.Triple):
        raise KgError(f"a triple term cannot be validated: {term}", mend="say it in a claim")
    # To rdflib "x" and "x"^^xsd:string are two literals, and pySHACL would tell them apart.
    datatype = None if term.language or term.datatype.value == _STRING else rdflib.URIRef(term.datatype.value)
    return rdflib.Literal(term.value, lang=term.language, datatype=datatype, normalize=False)


def _as_oxigraph(term: Node | None) -> Term:
    import rdflib

    if isinstance(term, rdflib.BNode):
        return ox.BlankNode(str(term))
    if not isinstance(term, rdflib.Literal):
        return ox.NamedNode(str(term))
    if term.language:
        return ox.Literal(str(term), language=term.language)
    return ox.Literal(str(term), datatype=ox.NamedNode(str(term.datatype or _STRING)))


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep rdflib from logging a traceback for a date that is no date, and from warning of itself at every triple."""
    logger = getLogger("rdflib.term")
    before = logger.level
    logger.setLevel(ERROR)
    try:
        with catch_warnings():
            simplefilter("ignore", DeprecationWarning)
            yield
    finally:
        logger.setLevel(before)
