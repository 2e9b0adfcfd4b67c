"""What shapes read of a dataset: the instances of classes, and the values that a path leads to."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from itertools import compress, islice
from typing import TYPE_CHECKING, TypeVar

import pyoxigraph as ox

from kg import terms
from kg.errors import KgError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from kg.validate.paths import Path
    from kg.validate.report import Term

__all__ = ["FEW", "Data", "Relation"]

FEW = 500
"""Up to so many nodes are looked up one by one; for more, all that a property has is read in one go."""

_BATCH = 400
"""The longest list in a query: from about 1,000 on the engine no longer starts with it."""

_Row = TypeVar("_Row")

_TYPE = ox.NamedNode(terms.RDF + "type")
_SUBCLASS = ox.NamedNode(terms.RDFS + "subClassOf")


class Relation:
    """Pairs of a focus node and one of its values, each pair once, as two lists of the same length.

    Not as one list of pairs, since the collector of Python would walk through every pair again and again.
    """

    def __init__(self, foci: list[Term], values: list[Term]) -> None:
        self._foci = foci
        self._values = values

    @classmethod
    def of(cls, pairs: Iterable[tuple[Term, Term]]) -> Relation:
        """Return the relation of some pairs."""
        kept = list(dict.fromkeys(pairs))
        return cls([pair[0] for pair in kept], [pair[1] for pair in kept])

    @property
    def pairs(self) -> Iterator[tuple[Term, Term]]:
        """The pairs."""
        return zip(self._foci, self._values, strict=True)

    @cached_property
    def subjects(self) -> set[Term]:
        """The nodes that have a value."""
        return set(self._foci)

    @cached_property
    def values(self) -> set[Term]:
        """The values, whosesoever."""
        return set(self._values)

    @cached_property
    def by_subject(self) -> dict[Term, set[Term]]:
        """The values of each node that has some."""
        found: dict[Term, set[Term]] = {}
        for focus, value in self.pairs:
            found.setdefault(focus, set()).add(value)
        return found

    def counts(self, good: set[Term] | None = None) -> Counter[Term]:
        """Return how many values each node has, or how many of the `good` ones."""
        return Counter(self._foci if good is None else (focus for focus, value in self.pairs if value in good))

    @property
    def is_single(self) -> bool:
        """True where no node has two values."""
        return len(self.subjects) == len(self._foci)

    def among(self, foci: Collection[Term]) -> Relation:
        """Return the part of the relation whose nodes are among `foci`."""
        kept = foci if isinstance(foci, set) else set(foci)
        if self.subjects <= kept:
            return self
        chosen = [focus in kept for focus in self._foci]
        return Relation(list(compress(self._foci, chosen)), list(compress(self._values, chosen)))


class Data:
    """The union of the graphs of a store, which does not change meanwhile."""

    def __init__(self, store: ox.Store) -> None:
        self.store = store
        # Not caches of functools: these would hold the data, and with them the store open, after their last use.
        self._instances: dict[Term, set[Term]] = {}
        self._below: dict[Term, frozenset[Term]] = {}
        self._kinds: dict[Term, frozenset[Term]] = {}
        self._wholes: dict[str, Relation] = {}

    def query(self, text: str, bound: dict[str, Term] | None = None) -> ox.QuerySolutions:
        """Answer a SELECT query on the union of all graphs."""
        given = {ox.Variable(name): term for name, term in (bound or {}).items()}
        rows = self.store.query(text, use_default_graph_as_union=True, substitutions=given or None)  # type: ignore[arg-type]
        assert isinstance(rows, ox.QuerySolutions)
        return rows

    @cached_property
    def _subclasses(self) -> dict[Term, list[Term]]:
        found: dict[Term, list[Term]] = {}
        for quad in self.store.quads_for_pattern(None, _SUBCLASS, None, None):
            found.setdefault(quad.object, []).append(quad.subject)  # type: ignore[arg-type]
        return found

    def classes_below(self, kind: Term) -> frozenset[Term]:
        """Return `kind` and its subclasses."""
        if kind in self._below:
            return self._below[kind]
        found, ahead = {kind}, [kind]
        while ahead:
            new = [each for each in self._subclasses.get(ahead.pop(), []) if each not in found]
            found.update(new)
            ahead += new
        self._below[kind] = frozenset(found)
        return self._below[kind]

    def instances(self, kind: Term) -> set[Term]:
        """Return the SHACL instances of a class (1.1)."""
        if kind not in self._instances:
            quads = (self.store.quads_for_pattern(None, _TYPE, each, None) for each in self.classes_below(kind))
            self._instances[kind] = {quad.subject for some in quads for quad in some}  # type: ignore[misc]
        return self._instances[kind]

    def instances_among(self, nodes: set[Term], kind: Term) -> set[Term]:
        """Return those of `nodes` that are SHACL instances of a class."""
        if kind in self._instances or len(nodes) > FEW:
            return nodes & self.instances(kind)
        kinds = self.classes_below(kind)
        return {node for node in nodes if not kinds.isdisjoint(self._kinds_of(node))}

    def _kinds_of(self, node: Term) -> frozenset[Term]:
        if isinstance(node, ox.Literal):
            return frozenset()
        if node not in self._kinds:
            quads = self.store.quads_for_pattern(node, _TYPE, None, None)
            self._kinds[node] = frozenset(quad.object for quad in quads)  # type: ignore[misc]
        return self._kinds[node]

    def subjects_of(self, predicate: Term) -> set[Term]:
        """Return the nodes that have a value of a property."""
        quads = self.store.quads_for_pattern(None, predicate, None, None)  # type: ignore[arg-type]
        return {quad.subject for quad in quads}  # type: ignore[misc]

    def objects_of(self, predicate: Term) -> set[Term]:
        """Return the values that a property has."""
        quads = self.store.quads_for_pattern(None, predicate, None, None)  # type: ignore[arg-type]
        return {quad.object for quad in quads}  # type: ignore[misc]

    def has(self, node: Term, predicate: str, *, forward: bool) -> bool:
        """Return whether `node` has a value of a property or, not `forward`, is one."""
        named = ox.NamedNode(predicate)
        if not forward:
            return next(self.store.quads_for_pattern(None, named, node, None), None) is not None
        if isinstance(node, ox.Literal):
            return False
        return next(self.store.quads_for_pattern(node, named, None, None), None) is not None

    @cached_property
    def _used(self) -> list[tuple[str, bool]]:
        """The properties that are used, each with whether a value of it is a triple; some come twice."""
        text = "SELECT DISTINCT ?p ?nested { ?s ?p ?o BIND(isTRIPLE(?o) AS ?nested) }"
        return [(row["p"].value, row["nested"].value == "true") for row in self.query(text)]

    @property
    def predicates(self) -> set[str]:
        """The properties that are used."""
        return {predicate for predicate, _ in self._used}

    def refuse_triple_terms(self) -> None:
        """Raise `KgError` where a triple is the value of a property."""
        for predicate, nested in self._used:
            if nested:
                [found, *_] = self.query(f"SELECT ?o {{ ?s <{predicate}> ?o FILTER(isTRIPLE(?o)) }} LIMIT 1")
                raise KgError(f"a triple term cannot be validated: {found['o']}", mend="say it in a claim")

    def described(self, node: Term) -> set[tuple[str, Term]]:
        """Return the properties and values of a node."""
        if isinstance(node, ox.Literal):
            return set()
        return {(q.predicate.value, q.object) for q in self.store.quads_for_pattern(node, None, None, None)}  # type: ignore[misc]

    def relation(self, path: Path | None, foci: Collection[Term]) -> Relation:
        """Return the value nodes of `foci`: where `path` leads, or, without a path, the nodes themselves (3.4)."""
        if path is None:
            return Relation(list(foci), list(foci))
        if path.kind != "predicate":
            return Relation.of(self._reached(path, foci))
        if len(foci) > FEW:
            return self.whole(path.iri).among(foci)
        predicate = ox.NamedNode(path.iri)
        found = (
            (node, quad.object)
            for node in foci
            if not isinstance(node, ox.Literal)
            for quad in self.store.quads_for_pattern(node, predicate, None, None)
        )
        return Relation.of(found)  # type: ignore[arg-type]

    def whole(self, predicate: str) -> Relation:
        """Return all nodes that have a value of a property, with the values; the last two asked for are kept."""
        if predicate not in self._wholes:
            while len(self._wholes) > 1:
                del self._wholes[next(iter(self._wholes))]
            self._wholes[predicate] = self._whole(predicate)
        return self._wholes[predicate]

    def _whole(self, predicate: str) -> Relation:
        foci: list[Term] = []
        values: list[Term] = []
        for quad in self.store.quads_for_pattern(None, ox.NamedNode(predicate), None, None):
            foci.append(quad.subject)  # type: ignore[arg-type]
            values.append(quad.object)  # type: ignore[arg-type]
        found = Relation(foci, values)
        # A triple comes once for each graph that holds it; where no node comes twice, none does.
        return found if found.is_single else Relation.of(found.pairs)

    def _reached(self, path: Path, foci: Iterable[Term]) -> list[tuple[Term, Term]]:
        blank = [node for node in foci if isinstance(node, ox.BlankNode)]
        found: list[tuple[Term, Term]] = [
            (node, row["value"])
            for node in blank
            for row in self.query(f"SELECT DISTINCT ?this ?value {{ ?this {path} ?value }}", {"this": node})
        ]
        named = (node for node in foci if not isinstance(node, ox.BlankNode))
        for batch in _batches(named):
            listed = " ".join(map(str, batch))
            text = f"SELECT DISTINCT ?this ?value {{ VALUES ?this {{ {listed} }} ?this {path} ?value }}"
            found += [(row["this"], row["value"]) for row in self.query(text)]
        return found

    def holding(self, condition: str, rows: Iterable[tuple[Term, ...]]) -> set[tuple[Term, ...]]:
        """Return those of `rows` for which a SPARQL expression on ?a, ?b, … holds; an error does not hold."""
        found: set[tuple[Term, ...]] = set()
        for batch in _batches(rows):
            names = " ".join(f"?{name}" for name, _ in zip("abc", batch[0], strict=False))
            listed = " ".join(f"({number} {' '.join(map(str, row))})" for number, row in enumerate(batch))
            text = f"SELECT ?n {{ VALUES (?n {names}) {{ {listed} }} FILTER(COALESCE({condition}, false)) }}"
            found.update(batch[int(row[0].value)] for row in self.query(text))
        return found


def _batches(rows: Iterable[_Row]) -> Iterator[tuple[_Row, ...]]:
    rest = iter(rows)
    while batch := tuple(islice(rest, _BATCH)):
        yield batch
