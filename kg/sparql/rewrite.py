"""A query in a form with the same rows that the embedded engine answers sooner.

The engine optimises joins, but not those inside EXISTS: there it takes, for each row outside, every match of one
pattern with every match of the other. So the pattern P of an EXISTS or NOT EXISTS of two or more triple patterns, one
of which has no variable of the outside, gets one of two forms.

**MINUS**: `FILTER NOT EXISTS { P }` of the WHERE group becomes `MINUS { P }` behind all other parts. A filter applies
to its whole group wherever it stands (SPARQL 1.1, section 5.2.2; section 18.2.2.6), MINUS to what stands before it,
so both see the solutions L of the rest of the group. Of each μ in L, the filter keeps it if substitute(P, μ) has no
solution (section 18.6), MINUS if no μ' of P is compatible with μ and shares a variable with it (section 18.5). Let S
be the variables in scope in the rest of the group that stand anywhere in P. Each variable of S must surely have a
value on both sides, and S must not be empty. Then every μ' shares a variable with every μ, and is compatible with it
just if both agree on S. And those μ' that agree with μ on S are the solutions of substitute(P, μ): this is so for
triple patterns (paths that may be empty are left out: from a given term they lead to it even where the graph has it
not) and for inline data, and it stays so for joins, unions, GRAPH, and filters whose variables of S surely have a
value in the very group that the filter stands in. P holds nothing else: substitution does not go through OPTIONAL,
MINUS, BIND, sub-queries and EXISTS in this way. Each μ is kept or not as it is, so it comes as often as before. The
other filters see the same μ.

MINUS looks for all solutions of P once. That is much for a query of few rows, so it is taken only where the query
goes through a class or property as a whole: no subject or object is given, and no LIMIT. Where the choice of rows or
values hangs on their order (LIMIT, SAMPLE, GROUP_CONCAT), it could change with the plan. (So it can with LATERAL, if
a filter stands in a group of its own; which rows these are is the engine's choice in any form.)

**LATERAL**: P stays where it is, and its triple patterns are matched one after the other, each for the matches of
those before, from the variables of the outside on. Whether a join has solutions does not depend on the order of its
operands (section 18.5), and for a triple pattern T, in a graph or not, Join(A, T) is the union of { μ } joined with T
over all μ in A, which is what LATERAL means (SEP-0006 of the SPARQL community group). This holds anywhere: P may see
the outside in its filters, stand in OPTIONAL or in another EXISTS. It costs a lookup for each match of the patterns
before: few where a row leads to few things, and more than the scan it saves where a row leads to most of the store, as
from a concept to all that have it.

A query stays as it is written where an EXISTS of it names a variable that has a value only where its filter does not
see it, such as outside of the brackets around both: by section 18.6 it has none there, but the engine lets its value be
seen in some plans and not in others.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from kg.sparql.groups import NOTHING, Element, Group, Pattern
from kg.sparql.read import Unread, query_group

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Note", "Rewriting", "rewritten"]

_ASKS = re.compile(r"\bEXISTS\b", re.IGNORECASE)
_ORDERED = {"LIMIT", "OFFSET", "SAMPLE", "GROUP_CONCAT", "REDUCED"}
_VOLATILE = {"RAND", "UUID", "STRUUID", "BNODE"}
_NARROWING = re.compile(r"(?<![!<>])=|\bIN\b", re.IGNORECASE)
_MOST = 30
"""Triple patterns of one EXISTS: each is a level that the engine descends."""

_LONGEST = 20_000
"""Characters of a query that is looked at: to read it takes ten milliseconds, and at worst a fifth of a second."""

_VALUES = re.compile(r"\bVALUES\b", re.IGNORECASE)
_JOINED = ("triples", "groups", "graph", "values", "filter")


@dataclass(frozen=True)
class Note:
    """What was done about one EXISTS of a query: the line it stands in, the form it got, if any, and why.

    `form` is `MINUS`, `LATERAL`, or empty where it stays as it is.
    """

    line: int
    asked: str
    form: str
    reason: str

    def __str__(self) -> str:
        done = f"as {self.form}" if self.form else "as written"
        return f"line {self.line}: {self.asked} {done}: {self.reason}"


@dataclass(frozen=True)
class Rewriting:
    """A query as the engine shall get it, and a note on each EXISTS and NOT EXISTS of its WHERE group.

    Where the query as a whole stays as it is written, `kept` says why.
    """

    text: str
    notes: tuple[Note, ...] = ()
    kept: str = ""


class _Kept(Exception):  # no error: a pattern stays in the form it has
    """A pattern does not get a form; the message says why."""


@lru_cache(maxsize=256)
def rewritten(text: str) -> Rewriting:
    """Return the query in the form with the same rows that the embedded engine answers sooner; see this module.

    Never raises: what is no query, or is not understood, comes back as it is.

    >>> rewritten("SELECT ?a { ?a a pact:Agreement FILTER NOT EXISTS { ?e pact:eventOf ?a ; a pact:Event } }").text
    'SELECT ?a { ?a a pact:Agreement MINUS { ?e pact:eventOf ?a ; a pact:Event } }'
    """
    if not _ASKS.search(text):
        return Rewriting(text)
    if len(text) > _LONGEST:
        return Rewriting(text, kept=f"it is longer than {_LONGEST:,} characters")
    try:
        where, words = query_group(text)
    except Unread as reason:
        return Rewriting(text, kept=str(reason))
    except RecursionError:
        return Rewriting(text, kept="its brackets stand too deep")
    return _Rewriter(text, where, words).rewriting()


class _Rewriter:
    def __init__(self, text: str, where: Group, words: frozenset[str]) -> None:
        self.text, self.where, self.words = text, where, words
        self.edits: dict[tuple[int, int], str] = {}
        self.notes: list[Note] = []
        self.moved: list[tuple[Element, str]] = []

    def rewriting(self) -> Rewriting:
        asked = [group for group in self.where.within() if group.role == "exists"]
        if hidden := NOTHING.union(*(group.mentioned() & _hidden(group) for group in asked)):
            return Rewriting(self.text, kept=f"?{min(hidden)} in EXISTS may have a value that is not seen from there")
        for group in reversed(asked):  # those that stand in others come first
            self.notes.append(self.decide(group))
        self.move()
        return Rewriting(self.edited(0, len(self.text)), tuple(sorted(self.notes, key=lambda note: note.line)))

    def edited(self, start: int, end: int) -> str:
        """Return a part of the text with the edits in it."""
        pieces, place = [], start
        for (first, last), text in sorted(self.edits.items()):
            if place <= first and last <= end:
                pieces += [self.text[place:first], text]
                place = last
        return "".join([*pieces, self.text[place:end]])

    def decide(self, group: Group) -> Note:
        """Give the pattern of an EXISTS its form; return what was done."""
        line = self.text.count("\n", 0, group.keyword) + 1
        asked = "NOT EXISTS" if group.negated else "EXISTS"
        try:
            outside = _outside(group)
            _see_that_it_pays(group, outside)
            try:
                self.take_out(group)
                return Note(line, asked, "MINUS", "all of its matches are found once, and compared by hash")
            except _Kept as reason:
                no_minus = f"not MINUS: {reason}"
            try:
                self.edits[group.start, group.end] = self.in_turn(group, outside)
                return Note(line, asked, "LATERAL", f"its patterns are looked up in turn; {no_minus}")
            except _Kept as reason:
                return Note(line, asked, "", f"not LATERAL: {reason}; {no_minus}")
        except _Kept as reason:
            return Note(line, asked, "", str(reason))

    # --- MINUS

    def take_out(self, group: Group) -> None:
        """Write a NOT EXISTS as MINUS. Raises `_Kept` where that may change the rows, or may not pay."""
        element = next((each for each in self.where.elements if each.absent is group), None)
        if element is None:
            raise _Kept("only a FILTER NOT EXISTS of the WHERE group itself can be")
        self.see_that_it_is_the_same(group, _union(each for each in self.where.elements if each is not element))
        if found := self.words & _ORDERED:
            raise _Kept(f"{min(found)} takes rows in their order")
        if found := self.words & _VOLATILE:
            raise _Kept(f"{min(found)} has another value each time")
        if "ASK" in self.words or self.is_narrow():
            raise _Kept("the query may need few rows, by what is given in it")
        minus = f"MINUS {self.text[group.start : group.end]}"
        following = self.where.elements[self.where.elements.index(element) + 1 :]
        if all(each.kind == "filter" for each in following):
            self.edits[element.start, element.end] = minus
        else:
            self.moved.append((element, minus))

    def is_narrow(self) -> bool:
        """Tell whether the query may have few rows, however large the store."""
        plain = [each for each in self.where.elements if each.kind == "filter" and not each.groups]
        narrowed = any(_NARROWING.search(self.text, each.start, each.end) for each in plain)
        return narrowed or _is_selective(self.where) or bool(_VALUES.search(self.text, self.where.end))

    def see_that_it_is_the_same(self, group: Group, rest: Group) -> None:
        """Raise `_Kept` unless MINUS surely keeps the same rows; the argument is at the top of this module."""
        for each in group.within():
            for element in each.elements:
                if element.kind not in _JOINED or (element.kind == "filter" and element.groups):
                    name = {"select": "a sub-query", "filter": "EXISTS"}.get(element.kind, element.kind.upper())
                    raise _Kept(f"{name} stands in it")
                if element.may_be_empty:
                    raise _Kept("a path in it may be empty")
        shared = group.mentioned() & rest.scope()
        if not shared:
            raise _Kept("it shares no variable with the rest")
        for sure, side in ((rest.sure(), "outside"), (group.sure(), "inside")):
            if unsure := shared - sure:
                raise _Kept(f"?{min(unsure)} need not have a value {side}")
        for each in group.within():
            if unsure := (_asked_in_filters(each) & shared) - each.sure():
                raise _Kept(f"?{min(unsure)} need not have a value where a filter in it asks for it")

    def move(self) -> None:
        """Take the filters that are to stand as MINUS at the end of the WHERE group from their places."""
        taken = [element for element, _ in self.moved]
        before: Element | None = None
        for element, after in zip(self.where.elements, [*self.where.elements[1:], None], strict=True):
            if element not in taken:
                before = element
                continue
            # Triples before and behind it need a dot between them; a dot behind it has nothing more to end.
            needs_dot = before is not None and before.kind == "triples" and not before.has_dot
            self.edits[element.start, element.after] = "." if needs_dot and after and after.kind == "triples" else ""
        if self.moved:
            texts = [text for _, text in reversed(self.moved)]
            self.edits[self.where.end - 1, self.where.end - 1] = f"{' '.join(texts)} "

    # --- LATERAL

    def in_turn(self, group: Group, outside: frozenset[str]) -> str:
        """Return a pattern with its triple patterns to be matched one after the other.

        Raises `_Kept` where more than triple patterns and filters are in it.
        """
        for element in group.elements:
            blocks = element.groups[0].elements if element.kind == "graph" else [element]
            if element.kind != "filter" and (not blocks or any(block.kind != "triples" for block in blocks)):
                raise _Kept("more than triple patterns and filters stand in it")
            if not all(block.is_split for block in blocks):
                raise _Kept("blank nodes or lists stand in it")
            if any(block.may_be_empty for block in blocks):
                raise _Kept("a path in it may be empty")
        texts = [_in_graph(*atom) for atom in _in_order(_atoms_in(group), outside)]
        filters = [self.edited(each.start, each.end) for each in group.elements if each.kind == "filter"]
        return f"{{ {' '.join([texts[0], *(f'LATERAL {{ {text} }}' for text in texts[1:]), *filters])} }}"


def _union(elements: Iterable[Element]) -> Group:
    """Return a group of these parts."""
    return Group(0, "rest", None, elements=list(elements))


def _scope_of(elements: Iterable[Element]) -> frozenset[str]:
    return _union(elements).scope()


def _asked_in_filters(group: Group) -> frozenset[str]:
    return NOTHING.union(*(each.variables for each in group.elements if each.kind == "filter"))


def _outside(group: Group) -> frozenset[str]:
    """Return the variables that may have a value around an EXISTS."""
    around, outer = NOTHING, group.outer
    while outer is not None:
        around |= outer.scope()
        outer = outer.outer
    return around


def _hidden(group: Group) -> frozenset[str]:
    """Return the variables that have a value in the query which the filter of an EXISTS need not see.

    A filter sees its own group, that of OPTIONAL also what stands before it, and that of EXISTS what that sees. The
    engine lets it see more where it joins row by row, and which joins those are may change with the form of a pattern.
    """
    seen, hidden, sees = list[Element](), group.late, True
    while (outer := group.outer) is not None:
        number = next(i for i, each in enumerate(outer.elements) if any(inner is group for inner in each.groups))
        holder, before, after = outer.elements[number], outer.elements[:number], outer.elements[number + 1 :]
        sees = sees and group.role in ("exists", "optional")
        if sees and group.role == "exists" and holder.kind == "filter":
            seen += [*before, *after]
        elif sees:
            seen += before
            hidden |= _scope_of(after)
        else:
            hidden |= holder.variables | _scope_of([*before, *after])
        group = outer
        hidden |= group.late
    return hidden - _union(seen).sure()


def _atoms_in(group: Group, term: str = "") -> Iterator[tuple[str, Pattern]]:
    """Yield the triple patterns that are joined in a pattern, each with the graph that it is matched in, if any."""
    for element in group.elements:
        if element.kind == "triples":
            yield from ((term, atom) for atom in element.patterns)
        elif element.kind == "graph":
            yield from _atoms_in(element.groups[0], element.term)


def _names(atom: tuple[str, Pattern]) -> frozenset[str]:
    """Return the variables of a triple pattern and of its graph."""
    term, pattern = atom
    return pattern.variables | {term[1:]} if term[:1] in ("?", "$") else pattern.variables


def _see_that_it_pays(group: Group, outside: frozenset[str]) -> None:
    """Raise `_Kept` where the engine takes no longer with a pattern as it is."""
    atoms = [_names(atom) for atom in _atoms_in(group)]
    if len(atoms) < 2:
        raise _Kept("it is not two triple patterns or more")
    if len(atoms) > _MOST:
        raise _Kept(f"it is more than {_MOST} triple patterns")
    if all(names & outside for names in atoms):
        raise _Kept("each of its triple patterns has a variable of the outside to start from")
    if not any(names & outside for names in atoms):
        raise _Kept("none of its triple patterns has a variable of the outside")


def _is_selective(group: Group) -> bool:
    """Tell whether something is given in a group that may leave few rows of it."""
    for element in group.elements:
        match element.kind:
            case "values" | "select":
                return True
            case "graph" if element.term[0] not in "?$" or _is_selective(element.groups[0]):
                return True
            case "triples" if not element.is_split or any(each.given for each in element.patterns):
                return True
            case "groups" if all(_is_selective(each) for each in element.groups):
                return True
    return False


def _in_order(atoms: Iterable[tuple[str, Pattern]], outside: frozenset[str]) -> list[tuple[str, Pattern]]:
    """Return triple patterns in the order in which most is known of each."""
    left, known, ordered = list(atoms), outside, []
    while left:
        best = max(left, key=lambda atom: (len(_names(atom) & known), atom[1].given))
        left.remove(best)
        ordered.append(best)
        known |= _names(best)
    return ordered


def _in_graph(term: str, pattern: Pattern) -> str:
    return f"GRAPH {term} {{ {pattern.text} }}" if term else f"{pattern.text} ."
