"""The constraint components of SHACL Core: which value nodes and which focus nodes break a constraint.

Each is decided on sets: values that many nodes share are looked at once.
Source: https://www.w3.org/TR/shacl/, section 4.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import pyoxigraph as ox

from kg import terms
from kg.validate.literals import in_language, is_of_kind, is_well_formed
from kg.validate.paths import Path
from kg.validate.prebinding import custom_hits, sparql_hits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kg.validate.data import Data, Relation
    from kg.validate.report import Term
    from kg.validate.shapes import Constraint, Shape, Shapes

__all__ = ["Evaluation", "Hit", "Look", "closed_hits", "closed_hits_of", "not_allowed"]


class Hit(NamedTuple):
    """A focus node that breaks a constraint, with the value node and the path where the component tells them."""

    focus: Term
    value: Term | None = None
    path: Path | None = None


class Look(NamedTuple):
    """What a component looks at: a constraint, the focus nodes, and their value nodes."""

    run: Evaluation
    constraint: Constraint
    foci: set[Term]
    relation: Relation

    @property
    def values(self) -> set[Term]:
        """The value nodes, whosesoever."""
        return self.relation.values


class Evaluation:
    """Shapes held against data."""

    def __init__(self, shapes: Shapes, data: Data) -> None:
        self.shapes = shapes
        self.data = data

    def hits(self, shape: Shape, foci: set[Term], *, apart: bool = False) -> Iterator[tuple[Constraint, Hit]]:
        """Yield what breaks a constraint of `shape` at one of `foci`, without its property shapes (3.4).

        sh:closed is left out where the caller looks at it `apart`.
        """
        if shape.deactivated or not foci:
            return
        relation = self.data.relation(shape.path, foci)
        found: Iterable[Hit]
        for constraint in shape.constraints:
            if constraint.name in _ON_VALUES:
                bad = _ON_VALUES[constraint.name](Look(self, constraint, foci, relation))
                found = (Hit(focus, value) for focus, value in relation.pairs if value in bad) if bad else ()
            elif constraint.name == "closed":
                found = () if apart else closed_hits(self.data, constraint, foci)
            elif constraint.name in _ON_FOCI:
                found = _ON_FOCI[constraint.name](Look(self, constraint, foci, relation))
            elif constraint.name == "sparql":
                found = (Hit(*each) for each in sparql_hits(self.shapes, self.data, shape, constraint, foci))
            elif constraint.name == "custom":
                found = (Hit(*each) for each in custom_hits(self.shapes, self.data, shape, constraint, relation))
            else:
                continue
            yield from ((constraint, hit) for hit in found)

    def failing(self, node: Term, foci: set[Term]) -> set[Term]:
        """Return those of `foci` that do not conform to a shape, its property shapes included (3.4.1)."""
        shape = self.shapes[node]
        found = {hit.focus for _, hit in self.hits(shape, foci)}
        if shape.properties and not shape.deactivated:
            relation = self.data.relation(shape.path, foci)
            bad = {value for each in shape.properties for value in self.failing(each, relation.values)}
            found |= {focus for focus, value in relation.pairs if value in bad}
        return found


# --- components that look at one value node after the other: which values are bad -----------------------


def _class(look: Look) -> set[Term]:
    """4.1.1 sh:class."""
    return look.values - look.run.data.instances_among(look.values, look.constraint.terms[0])


def _datatype(look: Look) -> set[Term]:
    """4.1.2 sh:datatype, with literals that are no value of their datatype."""
    wanted = look.constraint.terms[0]
    return {
        value
        for value in look.values
        if not isinstance(value, ox.Literal)
        or value.datatype != wanted
        or not is_well_formed(value.value, wanted.value)
    }


def _node_kind(look: Look) -> set[Term]:
    """4.1.3 sh:nodeKind."""
    kind = look.constraint.terms[0].value.removeprefix(terms.SH)
    return {value for value in look.values if not is_of_kind(value, kind)}


def _compares(operator: str) -> Callable[[Look], set[Term]]:
    def bad(look: Look) -> set[Term]:
        """4.3 value ranges, by the operators of SPARQL: what cannot be compared is out of range."""
        limit = look.constraint.terms[0]
        pairs = ((value, limit) for value in look.values if isinstance(value, ox.Literal))
        return look.values - {pair[0] for pair in look.run.data.holding(f"?a {operator} ?b", pairs)}

    return bad


def _length(look: Look) -> set[Term]:
    """4.4.1 sh:minLength, 4.4.2 sh:maxLength: a blank node has none."""
    limit, at_least = look.constraint.number, look.constraint.name == "minLength"
    return {
        value
        for value in look.values
        if isinstance(value, ox.BlankNode) or (len(value.value) < limit if at_least else len(value.value) > limit)
    }


def _pattern(look: Look) -> set[Term]:
    """4.4.3 sh:pattern, by REGEX of the engine, since regular expressions of Python mean something else."""
    flags = "".join(flag.value for flag in look.constraint.more["flags"])
    condition = f"REGEX(?a, {ox.Literal(look.constraint.terms[0].value)}, {ox.Literal(flags)})"
    texts: dict[Term, Term] = {
        value: ox.Literal(value.value) for value in look.values if not isinstance(value, ox.BlankNode)
    }
    held = look.run.data.holding(condition, ((text,) for text in set(texts.values())))
    return {value for value in look.values if value not in texts or (texts[value],) not in held}


def _language_in(look: Look) -> set[Term]:
    """4.4.4 sh:languageIn."""
    ranges = tuple(term.value for term in look.constraint.terms)
    return {value for value in look.values if not in_language(value, ranges)}


def _in(look: Look) -> set[Term]:
    """4.8.3 sh:in."""
    return look.values.difference(look.constraint.terms)


def _not(look: Look) -> set[Term]:
    """4.6.1 sh:not."""
    return look.values - look.run.failing(look.constraint.shapes[0], look.values)


def _any_fails(look: Look) -> set[Term]:
    """4.6.2 sh:and, 4.7.1 sh:node."""
    return {value for shape in look.constraint.shapes for value in look.run.failing(shape, look.values)}


def _or(look: Look) -> set[Term]:
    """4.6.3 sh:or."""
    left = look.values
    for shape in look.constraint.shapes:
        left = look.run.failing(shape, left)
    return left


def _xone(look: Look) -> set[Term]:
    """4.6.4 sh:xone: exactly one member of the list, which may name a shape twice."""
    conforming = Counter(
        value for shape in look.constraint.shapes for value in look.values - look.run.failing(shape, look.values)
    )
    return {value for value in look.values if conforming[value] != 1}


_ON_VALUES: dict[str, Callable[[Look], set[Term]]] = {
    "class": _class,
    "datatype": _datatype,
    "nodeKind": _node_kind,
    "minExclusive": _compares(">"),
    "minInclusive": _compares(">="),
    "maxExclusive": _compares("<"),
    "maxInclusive": _compares("<="),
    "minLength": _length,
    "maxLength": _length,
    "pattern": _pattern,
    "languageIn": _language_in,
    "in": _in,
    "not": _not,
    "and": _any_fails,
    "node": _any_fails,
    "or": _or,
    "xone": _xone,
}

# --- components that look at the values of a focus node together ----------------------------------------


def _min_count(look: Look) -> Iterator[Hit]:
    """4.2.1 sh:minCount."""
    if look.constraint.number == 1:
        yield from map(Hit, look.foci - look.relation.subjects)
    elif look.constraint.number > 1:
        counts = look.relation.counts()
        yield from (Hit(focus) for focus in look.foci if counts[focus] < look.constraint.number)


def _max_count(look: Look) -> Iterator[Hit]:
    """4.2.2 sh:maxCount."""
    if look.constraint.number == 0 or not look.relation.is_single:
        counts = look.relation.counts()
        yield from (Hit(focus) for focus, count in counts.items() if count > look.constraint.number)


def _unique_lang(look: Look) -> Iterator[Hit]:
    """4.4.5 sh:uniqueLang."""
    if look.relation.is_single:
        return
    for focus, values in look.relation.by_subject.items():
        languages = [v.language.lower() for v in values if isinstance(v, ox.Literal) and v.language]
        yield from (Hit(focus) for count in Counter(languages).values() if count > 1)


def _has_value(look: Look) -> Iterator[Hit]:
    """4.8.2 sh:hasValue."""
    having = {focus for focus, value in look.relation.pairs if value == look.constraint.terms[0]}
    yield from map(Hit, look.foci - having)


def _other(look: Look) -> dict[Term, set[Term]]:
    path = Path("predicate", iri=look.constraint.terms[0].value)
    return look.run.data.relation(path, look.foci).by_subject


def _equals(look: Look) -> Iterator[Hit]:
    """4.5.1 sh:equals."""
    other = _other(look)
    for focus in look.foci:
        different = look.relation.by_subject.get(focus, set()) ^ other.get(focus, set())
        yield from (Hit(focus, value) for value in different)


def _disjoint(look: Look) -> Iterator[Hit]:
    """4.5.2 sh:disjoint."""
    other = _other(look)
    yield from (Hit(focus, value) for focus, value in look.relation.pairs if value in other.get(focus, set()))


def _less_than(look: Look) -> Iterator[Hit]:
    """4.5.3 sh:lessThan, 4.5.4 sh:lessThanOrEquals: what cannot be compared is not less."""
    other = _other(look)
    wanted = {(value, more) for focus, value in look.relation.pairs for more in other.get(focus, ())}
    literals = (pair for pair in wanted if all(isinstance(term, ox.Literal) for term in pair))
    held = look.run.data.holding("?a < ?b" if look.constraint.name == "lessThan" else "?a <= ?b", literals)
    if wanted - held:
        for focus, value in look.relation.pairs:
            yield from (Hit(focus, value) for more in other.get(focus, ()) if (value, more) not in held)


def _qualified(look: Look) -> Iterator[Hit]:
    """4.7.3 sh:qualifiedValueShape: values that conform to it, and to none of its siblings, are counted."""
    good = look.relation.values - look.run.failing(look.constraint.shapes[0], look.relation.values)
    for sibling in look.constraint.more["siblings"]:
        good &= look.run.failing(sibling, good)
    counts = look.relation.counts(good)
    least = look.constraint.name == "qualifiedMinCount"
    for focus in look.foci:
        if counts[focus] < look.constraint.number if least else counts[focus] > look.constraint.number:
            yield Hit(focus)


def closed_hits(data: Data, constraint: Constraint, foci: set[Term]) -> Iterator[Hit]:
    """4.8.1 sh:closed."""
    allowed = _allowed(constraint)
    for focus in foci:
        for predicate, value in data.described(focus):
            if predicate not in allowed:
                yield Hit(focus, value, Path("predicate", iri=predicate))


def closed_hits_of(data: Data, predicate: str, foci: set[Term]) -> Iterator[Hit]:
    """Yield the uses at `foci` of a property that is not allowed there."""
    relation = data.whole(predicate)
    if not relation.subjects.isdisjoint(foci):
        path = Path("predicate", iri=predicate)
        yield from (Hit(focus, value, path) for focus, value in relation.pairs if focus in foci)


def not_allowed(data: Data, constraint: Constraint) -> set[str]:
    """Return the properties of the data that a closed shape does not allow."""
    return data.predicates - _allowed(constraint)


def _allowed(constraint: Constraint) -> set[str]:
    return {term.value for term in constraint.terms if isinstance(term, ox.NamedNode)}


_ON_FOCI: dict[str, Callable[[Look], Iterator[Hit]]] = {
    "minCount": _min_count,
    "maxCount": _max_count,
    "uniqueLang": _unique_lang,
    "hasValue": _has_value,
    "equals": _equals,
    "disjoint": _disjoint,
    "lessThan": _less_than,
    "lessThanOrEquals": _less_than,
    "qualifiedMinCount": _qualified,
    "qualifiedMaxCount": _qualified,
}
