"""Derived facts: what follows from facts by the rules of the ontology, kept ready in a graph of its own.

They stand in `graph:derived`, are no part of the dataset, and are worked out again wherever the facts change. The rules
only add (none asks for an absence), so each derived fact can be cited by the facts that it follows from.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import pyoxigraph as ox
import yaml

from kg import project, terms
from kg.dataset import facts
from kg.errors import KgError
from kg.sparql import serialised, without_undefined

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

__all__ = ["DERIVED", "Rule", "derived", "derived_change", "rules", "stored"]

DERIVED = ox.NamedNode(terms.GRAPH + "derived")
"""The graph of the derived facts."""

_INSTRUMENT = "VALUES ?instrument { UNDEF }"
_OF_INSTRUMENT = [ox.NamedNode(terms.PACT + name) for name in ("eventOf", "statusOf")]
_BEARS_ON = ox.NamedNode(terms.PACT + "bearsOn")
_DEFAULT = ox.DefaultGraph()
_NAME = re.compile(r"\bpact:(\w+)")


@dataclass(frozen=True)
class Rule:
    """A rule: the SELECT query that gives subject and object of every fact with `predicate` that follows."""

    name: str
    summary: str
    predicate: ox.NamedNode
    text: str

    def of(self, instruments: Iterable[ox.NamedNode] | None) -> str:
        """Return the query for all instruments, or for some."""
        if instruments is None:
            return without_undefined(self.text)
        listed = " ".join(serialised(each) for each in instruments)
        return self.text.replace(_INSTRUMENT, f"VALUES ?instrument {{ {listed} }}")


@cache
def rules() -> dict[str, Rule]:
    """Return the rules of the ontology by the IRI of the predicate that each derives."""
    return {rule.predicate.value: rule for rule in map(_read, project.rule_files())}


def _read(path: Path) -> Rule:
    text = path.read_text(encoding="utf-8")
    header = "\n".join(line[3:] for line in text.splitlines() if line.startswith("#+ "))
    try:
        fields = yaml.safe_load(header)
        predicate = ox.NamedNode(terms.expand(fields["kg"]["derives"]))
        summary = " ".join(str(fields["summary"]).split())
    except (yaml.YAMLError, KeyError, TypeError) as error:
        raise KgError(f"the header of the rule is not right: {error}", where=str(path)) from error
    if _INSTRUMENT not in text:
        raise KgError(f"the rule needs a line: {_INSTRUMENT}", where=str(path))
    return Rule(path.stem, summary, predicate, text)


def derived(engine: ox.Store, instruments: Collection[ox.NamedNode] | None = None) -> set[ox.Quad]:
    """Return the derived facts of a store that has its facts view: all, or those about some instruments."""
    if instruments is not None and not instruments:
        return set()
    return {
        ox.Quad(row[0], rule.predicate, row[1], DERIVED)
        for rule in rules().values()
        for row in _rows(engine, rule.of(instruments))
    }


def _rows(engine: ox.Store, text: str) -> Iterator[ox.QuerySolution]:
    found = engine.query(text, prefixes=terms.PREFIXES)
    assert isinstance(found, ox.QuerySolutions)
    return found


def stored(quads: Iterable[ox.Quad]) -> ox.Store:
    """Return a store in memory that holds a dataset with its facts view and its derived facts."""
    held = frozenset(quads)
    engine = ox.Store()
    engine.bulk_extend(held | facts(held))
    engine.bulk_extend(derived(engine))
    return engine


def derived_change(
    old: ox.Store | None, new: ox.Store, changed: Iterable[ox.Quad]
) -> tuple[set[ox.Quad], set[ox.Quad]]:
    """Return the derived facts that go and those that come with a change of the facts view.

    `changed` are the facts that went or came, `old` is the store before the change, and `new` the one after it, its
    derived facts not looked at. The cost follows the instruments that the change is about; where it changes what types
    of events result in, everything is derived anew.
    """
    stores = [new] if old is None else [old, new]
    instruments = _concerned(stores, changed)
    after = derived(new, instruments)
    before = set() if old is None else _held(old, instruments)
    return before - after, after - before


def _concerned(stores: Collection[ox.Store], changed: Iterable[ox.Quad]) -> set[ox.NamedNode] | None:
    """Return the instruments whose derived facts may change; None for all."""
    vocabulary = {terms.PACT + name for rule in rules().values() for name in _NAME.findall(rule.text)}
    found: set[ox.NamedNode] = set()
    for quad in changed:
        if quad.predicate.value not in vocabulary:
            continue
        instruments = {each for store in stores for each in _instruments(store, quad.subject)}
        if not instruments and quad.predicate.value in _of_types():
            return None
        found |= instruments
    # What bears on one of them may bear on others, from which the same facts can follow.
    beside = found
    while beside:
        causes = {cause for store in stores for each in beside for cause in _causes(store, each)}
        beside = {each for store in stores for cause in causes for each in _instruments(store, cause)} - found
        found |= beside
    return found


@cache
def _of_types() -> frozenset[str]:
    """Return the predicates that tell what a type of event does to a status."""
    names = ("resultsIn", "statusWhileOngoing", "statusIfNot", "axis")
    return frozenset(terms.PACT + name for name in names)


def _instruments(store: ox.Store, cause: ox.NamedNode | ox.BlankNode | ox.Triple) -> Iterator[ox.NamedNode]:
    for predicate in _OF_INSTRUMENT:
        for quad in store.quads_for_pattern(cause, predicate, None, _DEFAULT):
            if isinstance(quad.object, ox.NamedNode):
                yield quad.object


def _causes(store: ox.Store, instrument: ox.NamedNode) -> Iterator[ox.NamedNode | ox.BlankNode | ox.Triple]:
    for predicate in _OF_INSTRUMENT:
        for quad in store.quads_for_pattern(None, predicate, instrument, _DEFAULT):
            yield quad.subject


def _held(store: ox.Store, instruments: Collection[ox.NamedNode] | None) -> set[ox.Quad]:
    """Return the derived facts that a store holds: all, or those about some instruments."""
    if instruments is None:
        return set(store.quads_for_pattern(None, None, None, DERIVED))
    causes = {quad.subject for each in instruments for quad in store.quads_for_pattern(None, _BEARS_ON, each, DERIVED)}
    return {quad for cause in causes for quad in store.quads_for_pattern(cause, None, None, DERIVED)}
