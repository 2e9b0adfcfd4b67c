"""Group graph patterns as they stand in a text: their parts, and the variables that these surely bind."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["NOTHING", "Element", "Group", "Pattern"]

NOTHING: frozenset[str] = frozenset()

Kind = Literal["triples", "filter", "bind", "values", "optional", "minus", "graph", "groups", "select"]


@dataclass(frozen=True)
class Pattern:
    """A triple pattern: its text and variables, and how many of its subject and object are given in the text.

    The class behind `a` does not count as given, since most classes have many members.
    """

    text: str
    variables: frozenset[str]
    given: int


@dataclass
class Element:
    """A part of a group, from `start` to `end` in the text.

    `variables` are those that stand in it outside of its `groups`: in triples, in an expression, after VALUES or GRAPH,
    and those that a sub-query projects. `sure` are those of them that have a value in each of its solutions.
    """

    kind: Kind
    start: int
    end: int = 0
    variables: frozenset[str] = NOTHING
    sure: frozenset[str] = NOTHING
    groups: list[Group] = field(default_factory=list)
    patterns: list[Pattern] = field(default_factory=list)
    term: str = ""
    """What stands after GRAPH."""
    is_split: bool = True
    """Whether `patterns` says all of a block of triples: it has no blank nodes and no lists."""
    may_be_empty: bool = False
    """Whether a path is among the triples that holds between a thing and itself: `*` or `?`."""
    has_dot: bool = False
    after: int = 0
    """Where the text goes on: behind the dot that may follow."""
    absent: Group | None = None
    """The pattern of a filter that is NOT EXISTS and nothing else."""


@dataclass
class Group:
    """A group graph pattern with its braces, from `start` to `end` in the text.

    `role` is what it is to the element that it stands in, and `outer` the group which that is a part of.
    """

    start: int
    role: str
    outer: Group | None
    end: int = 0
    elements: list[Element] = field(default_factory=list)
    negated: bool = False
    """Whether it is asked to be absent, with NOT EXISTS, where it is asked for in an expression."""
    late: frozenset[str] = NOTHING
    """The variables of a VALUES that follows a WHERE group."""
    keyword: int = 0
    """Where EXISTS stands, or NOT before it."""

    def sure(self) -> frozenset[str]:
        """Return variables that have a value in each solution of the group (a lower bound)."""
        return NOTHING.union(*(_sure(each) for each in self.elements))

    def scope(self) -> frozenset[str]:
        """Return the variables in scope after the group (SPARQL 1.1, section 18.2.1): all that may have a value."""
        return NOTHING.union(*(_scope(each) for each in self.elements))

    def mentioned(self) -> frozenset[str]:
        """Return every variable that stands anywhere in the group."""
        return NOTHING.union(
            *(each.variables.union(*(group.mentioned() for group in each.groups)) for each in self.elements)
        )

    def within(self) -> Iterator[Group]:
        """Yield the group and all that stand in it."""
        yield self
        yield from chain.from_iterable(group.within() for each in self.elements for group in each.groups)


def _sure(element: Element) -> frozenset[str]:
    match element.kind:
        case "groups":
            first, *others = (group.sure() for group in element.groups)
            return first.intersection(*others)
        case "graph":
            [group] = element.groups
            # Without triples of its own, engines differ in what a variable graph is.
            is_matched = any(each.kind == "triples" for each in group.elements)
            return group.sure() | (element.sure if is_matched else NOTHING)
        case "select":
            return element.sure
        case "optional" | "minus" | "filter" | "bind":
            return NOTHING
    return element.sure


def _scope(element: Element) -> frozenset[str]:
    match element.kind:
        case "filter" | "minus":
            return NOTHING
        case "bind":
            return element.sure
        case "select":
            return element.variables
    return element.variables.union(*(group.scope() for group in element.groups))
