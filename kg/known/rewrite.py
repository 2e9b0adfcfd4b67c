"""Queries written anew so that they see only what was known on a day, which the functions of `kg.known.day` tell.

A triple of the facts view was known if a graph that counts towards the view and was known holds it; so each pattern
stands with a filter of its own. In a named graph everything was known or nothing, so there the graph is asked about.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox

from kg.derive import DERIVED
from kg.errors import KgError
from kg.known.day import DERIVABLE, FACT, GRAPH, THING
from kg.sparql import form_of, without_terms
from kg.sparql.parse import EXISTS, Uncitable, as_list, name_of, parsed, unwrapped
from kg.sparql.write import Term, Writer, select_text
from kg.store import evaluate
from kg.terms import BASE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["UNSEEN", "Rewritten", "rewritten"]

_OURS = "known__"
"""How the variables begin that are added to a query."""

UNSEEN = f"{_OURS}none"
"""The variable that a query projects which has none to project; its rows are empty."""

_NOTHING = ox.Store()
_PLACE = re.compile(rf"<{re.escape(BASE)}term/\d+>")


@dataclass(frozen=True)
class Rewritten:
    """A query that sees only what was known, if every fact with one of the predicates `walked` (IRIs) was."""

    text: str
    walked: frozenset[str]


def rewritten(text: str) -> Rewritten | None:
    """Return a query written anew; None where it cannot be, and has to be asked of a store of what was known.

    Raises what the query itself would: `QuerySyntaxError` and `ReadOnly`.
    """
    if not isinstance(evaluate(_NOTHING, text), ox.QuerySolutions):
        return None
    template, terms = without_terms(text, (str(DERIVED),))
    found = _rewritten(template)
    if found is None:
        return None
    whole = _PLACE.sub(lambda place: terms[place[0]], found.text)
    return Rewritten(whole, frozenset(terms.get(f"<{iri}>", f"<{iri}>")[1:-1] for iri in found.walked))


@lru_cache(maxsize=512)
def _rewritten(text: str) -> Rewritten | None:
    writer = _KnownWriter()
    try:
        found = select_text(parsed(text), writer=writer)
        form_of(found)
    except KgError:
        return None
    return Rewritten(found, frozenset(writer.walked))


class _KnownWriter(Writer):
    """Writes patterns as they are, and at the end of each a filter on all the triples in it.

    At the end, since no test costs as much as one lookup, and a test is made of each row only that is left there. The
    engine would move it to the front, and for an OPTIONAL test all that is in the store; so it is told of a variable
    that never has a value, for which it waits.
    """

    def __init__(self) -> None:
        super().__init__()
        self.walked: set[str] = set()
        self.graph: Term | None = None
        self.tests: list[str | tuple[str, str, str]] = []
        self.names = 0

    def name(self) -> str:
        self.names += 1
        return f"{_OURS}{self.names}"

    def inner(self, bound: Mapping[Any, Term]) -> Writer:  # noqa: ARG002  # nothing is ever bound here
        """Return the writer itself."""
        return self

    def term(self, term: Term) -> str:
        """Return a term; a blank node, which a pattern reads as a variable, is written as one."""
        from rdflib import BNode

        return f"?{_OURS}{term}" if isinstance(term, BNode) else super().term(term)

    def everything(self, node: Any) -> str:
        """Return the variables that a query with `SELECT *` has, without ours, or one without values for none."""
        values = Writer().values(node.valuesClause) if node.valuesClause else ""
        found = evaluate(_NOTHING, f"SELECT * WHERE {{ {Writer().group(node.where)} {values} }}")
        assert isinstance(found, ox.QuerySolutions)
        return " ".join(map(str, found.variables)) or f"?{UNSEEN}"

    # --- patterns

    def group(self, node: Any) -> str:
        """Return a group whose matches are tested at its end."""
        if node.name == "SubSelect":
            return super().group(node)
        text, tests = self._group(node)
        return f"{text} FILTER(COALESCE({FACT}(?{_OURS}0), {_all(tests)})) }}" if tests else f"{text} }}"

    def expression(self, node: Any) -> str:
        """Return an expression; it has no more variables than before, by which the engine tells when to look at it."""
        if name_of(unwrapped(node)) not in EXISTS:
            return super().expression(node)
        node = unwrapped(node)
        text, tests = self._group(node.graph)
        keyword = "EXISTS" if node.name == EXISTS[0] else "NOT EXISTS"
        return f"{keyword} {text}{f' FILTER({_all(tests)})' if tests else ''} }}"

    def _group(self, node: Any) -> tuple[str, list[str | tuple[str, str, str]]]:
        """Return a group without the bracket that closes it, and the tests of what it matches."""
        if self.graph is not None and not _is_matched(node):
            raise Uncitable("GRAPH", "without triples, engines differ in what it matches")
        outer, self.tests = self.tests, []
        text = super().group(node)
        tests, self.tests = self.tests, outer
        return text[:-1].rstrip(), tests

    def branch(self, node: Any) -> str:
        """Return one of the groups of a union: what it matched is tested where the group around the union ends."""
        text, tests = self._group(node)
        if not tests:
            return f"{text} }}"
        mark = self.name()
        self.tests.append(f"(!BOUND(?{mark}) || {_all(tests)})")
        return f"{text} BIND(1 AS ?{mark}) }}"

    def nested(self, node: Any) -> str:
        """Return a group in a group, tested where that ends.

        It has no mark, since it is always matched: with an assignment in it, the engine would no longer look up what
        it joins.
        """
        text, tests = self._group(node)
        self.tests += tests
        return f"{text} }}"

    def part(self, node: Any) -> str:
        """Return one part of a group."""
        if node.name == "GroupOrUnionGraphPattern":
            write = self.nested if len(node.graph) == 1 else self.branch
            return " UNION ".join(write(each) for each in node.graph)
        return super().part(node)

    def in_graph(self, node: Any) -> str:
        """Return a group that is matched in another graph."""
        outer, self.graph = self.graph, node.term
        text = f"GRAPH {self.term(node.term)} {self.nested(node.graph)}"
        self.graph = outer
        return text

    def sub_select(self, node: Any) -> str:
        """Return a sub-query; in a graph that is a variable, it would not see that variable."""
        from rdflib import Variable

        if isinstance(self.graph, Variable):
            raise Uncitable("SELECT in GRAPH", "it is matched in any graph")
        return super().sub_select(node)

    def triple(self, subject: Term, path: Any, object_: Term) -> str:
        """Return one triple pattern with its filter; sequences and inverses as the joins they stand for (§18.4)."""
        from rdflib import Variable
        from rdflib.plugins.sparql.parserutils import CompValue

        if str(self.graph) == DERIVED.value:
            steps = _steps(path)
            if steps is None:
                raise Uncitable("a path of derived facts", "its steps are not seen")
            start, end = self.term(subject), self.term(object_)
            asked = [(end, self.term(step), start) if back else (start, self.term(step), end) for step, back in steps]
            told = " || ".join(f"{DERIVABLE}({', '.join(each)})" for each in asked)
            self.tests.append(f"({told})")
            return super().triple(subject, path, object_)
        if self.graph is not None:
            test = f"{GRAPH}({self.term(self.graph)})"
            self.tests += [] if test in self.tests else [test]
            return super().triple(subject, path, object_)
        match name_of(path):
            case "PathAlternative" | "PathSequence" if len(path.part) == 1:
                return self.triple(subject, path.part[0], object_)
            case "PathSequence":
                self.names += 1
                middle = Variable(f"{_OURS}{self.names}")
                rest = CompValue("PathSequence", part=path.part[1:])
                return f"{self.triple(subject, path.part[0], middle)} {self.triple(middle, rest, object_)}"
            case "PathEltOrInverse":
                return self.triple(object_, path.part, subject)
            case "PathElt" if not path.mod:
                return self.triple(subject, path.part, object_)
        self.tests += self._tests(subject, path, object_)
        return super().triple(subject, path, object_)

    def _tests(self, subject: Term, path: Any, object_: Term) -> list[str | tuple[str, str, str]]:
        """Return the tests of what a path or predicate leads from and to.

        A choice of single steps was known if one of them was. Of any other path the steps are not seen; so all facts
        with its predicates have to have been known, and where it may be empty, the thing that it stays at.
        """
        start, end = self.term(subject), self.term(object_)
        steps = _steps(path)
        if steps is not None:
            facts = [(end, self.term(step), start) if back else (start, self.term(step), end) for step, back in steps]
            return [facts[0]] if len(facts) == 1 else [f"({' || '.join(_all([fact]) for fact in facts)})"]
        self.walked |= set(_predicates(path))
        return [f"(!SAMETERM({start}, {end}) || {THING}({start}))"] if _may_be_empty(path) else []

    # --- expressions

    def _aggregate(self, node: Any) -> str:
        if type(node.vars) is str and node.distinct:
            raise Uncitable("COUNT(DISTINCT *)", "it counts the variables that are added here")
        return super()._aggregate(node)


def _all(tests: Iterable[str | tuple[str, str, str]]) -> str:
    """Return tests as one: those of single facts are one call."""
    terms = [term for test in tests if isinstance(test, tuple) for term in test]
    facts = [f"{FACT}({', '.join(terms)})"] if terms else []
    return " && ".join([*facts, *(test for test in tests if isinstance(test, str))])


def _is_matched(node: Any) -> bool:
    """Tell whether every match of a group is one of some triples in it."""
    match node.name:
        case "TriplesBlock" | "SubSelect":
            return True
        case "GroupGraphPatternSub":
            return any(_is_matched(part) for part in node.part or ())
        case "GroupOrUnionGraphPattern":
            return all(_is_matched(group) for group in node.graph)
        case "GraphGraphPattern":
            return _is_matched(node.graph)
    return False


# --- paths


def _steps(path: Any, *, back: bool = False) -> list[tuple[Term, bool]] | None:
    """Return the predicates of a path that is one step or a choice of such, each with whether it is walked back."""
    name = name_of(path)
    if name is None:
        return [(path, back)]
    if name == "PathAlternative" or (name == "PathSequence" and len(path.part) == 1):
        found = [_steps(part, back=back) for part in path.part]
        return None if None in found else [step for steps in found for step in steps or ()]
    if name == "PathEltOrInverse" or (name == "PathElt" and not path.mod):
        return _steps(path.part, back=back != (name == "PathEltOrInverse"))
    return None


def _predicates(path: Any) -> Iterator[str]:
    """Yield the predicates (IRIs) of the steps of a path."""
    if name_of(path) is None:
        yield str(path)
    elif name_of(path) == "PathNegatedPropertySet":
        raise Uncitable("!(…)", "its steps can be of any predicate")
    else:
        for part in as_list(path.part):
            yield from _predicates(part)


def _may_be_empty(path: Any) -> bool:
    """Tell whether a path leads from every thing to itself."""
    match name_of(path):
        case "PathAlternative":
            return any(_may_be_empty(part) for part in path.part)
        case "PathSequence":
            return all(_may_be_empty(part) for part in path.part)
        case "PathElt":
            return path.mod in ("*", "?") or _may_be_empty(path.part)
        case "PathEltOrInverse":
            return _may_be_empty(path.part)
    return False
