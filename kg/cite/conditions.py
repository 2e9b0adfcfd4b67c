"""What the truth of an expression rests on, where the expression asks whether something matched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kg.cite.evidence import Evidence
from kg.sparql.parse import EXISTS, Uncitable, children, mentions, name_of, unwrapped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = [
    "ASKING",
    "Bound",
    "Condition",
    "Exists",
    "If",
    "Not",
    "Parts",
    "Plain",
    "Several",
    "View",
    "condition_of",
    "conjuncts",
    "is_guard",
    "is_guarded",
    "rests_on",
    "truth_of",
]

ASKING = (*EXISTS, "Builtin_BOUND")
"""How the parser names what asks whether something matched."""


@dataclass(frozen=True, eq=False)
class Exists:
    """A pattern that must match, or (`negated`) must not, for this to be true; `text` is the pattern as written.

    Of its variables, `bound` have got a term, and `values` are those whose value in a solution another variable tells.
    """

    pattern: Any
    negated: bool
    graph: Any
    bound: Mapping[Any, Any]
    values: Mapping[Any, str]
    text: str

    @property
    def is_guarded(self) -> bool:
        """True where more data can make the pattern match less, since it holds an absence itself."""
        return is_guarded(self.pattern)


@dataclass(frozen=True, eq=False)
class Bound:
    """A variable that must have a value; `value` is the variable that tells it."""

    variable: str
    value: str


@dataclass(frozen=True, eq=False)
class Plain:
    """An expression that asks nothing of the kind; `truth` names a variable that tells how it came out, if need be."""

    truth: str | None


@dataclass(frozen=True, eq=False)
class Not:
    """The opposite of its part."""

    part: Condition


@dataclass(frozen=True, eq=False)
class Several:
    """True where `every` part is, or else where some part is."""

    parts: tuple[Condition, ...]
    every: bool


@dataclass(frozen=True, eq=False)
class If:
    """One of two parts, as a test chooses."""

    test: Condition
    then: Condition
    other: Condition


@dataclass(frozen=True, eq=False)
class Parts:
    """Any other expression: its value rests on how each of its parts came out."""

    parts: tuple[Condition, ...]
    truth: str | None


Condition = Exists | Bound | Plain | Not | Several | If | Parts


@dataclass(frozen=True)
class View:
    """One solution, and what of it a condition may rest on.

    `match` returns what the matches of an EXISTS rest on (None where there are none); `ruled_out` what keeps others
    from being matches; `missing` the optional patterns whose failing left a variable without a value; and `held` what
    gave it one, where that is not told by the solution anyway.
    """

    values: Mapping[str, Any]
    match: Callable[[Exists], Evidence | None]
    ruled_out: Callable[[Exists], Evidence]
    missing: Callable[[str], set[str]]
    held: Callable[[str], Evidence]


def condition_of(
    node: Any,
    known: bool | None,
    ask: Callable[[Any, bool | None], Condition],
    truth: Callable[[Any], str],
    *,
    asked: bool = False,
) -> Condition:
    """Return an expression as a condition. `known` is how it came out, where every solution tells it.

    `ask` makes a condition of what is in `ASKING`; `truth` returns the name of a variable that will tell how an
    expression came out (1 for true, 0 for false, -1 for an error), which is `asked` of parts on which others depend.
    """
    node = unwrapped(node)
    name = name_of(node)

    def made(part: Any, told: bool | None = None, *, asked: bool = False) -> Condition:
        return condition_of(part, told, ask, truth, asked=asked)

    if not mentions(node, *ASKING):
        return Plain(truth(node) if asked else None)
    if name in ASKING:
        return ask(node, known)
    if name == "UnaryNot":
        return Not(made(node.expr, None if known is None else not known, asked=asked))
    if name in ("ConditionalAndExpression", "ConditionalOrExpression"):
        every = name == "ConditionalAndExpression"
        told = known if known is every else None
        return Several(tuple(made(part, told, asked=told is None) for part in [node.expr, *node.other]), every)
    if name == "Builtin_IF":
        chosen = (made(part, known, asked=asked) for part in (node.arg2, node.arg3))
        return If(made(node.arg1, asked=True), *chosen)
    asking = [child for child in children(node) if mentions(child, *ASKING)]
    return Parts(tuple(made(child) for child in asking), truth(node) if asked else None)


def rests_on(condition: Condition, known: bool | None, view: View) -> Evidence:
    """Return what it rests on that a condition came out as it did in a solution."""
    match condition:
        case Exists():
            return _exists(condition, known, view)
        case Bound(variable, value):
            if view.values.get(value) is None:
                return Evidence(absences=view.missing(variable))
            return view.held(variable)
        case Not(part):
            return rests_on(part, None if known is None else not known, view)
        case Several():
            return _several(condition, known, view)
        case If(test, then, other):
            chosen = truth_of(test, view)
            reasons = [rests_on(test, chosen, view)]
            reasons += [] if chosen is None else [rests_on(then if chosen else other, known, view)]
            return _merged(reasons)
        case Parts(parts):
            return _merged(rests_on(part, None, view) for part in parts)
    return Evidence()


def _exists(condition: Exists, known: bool | None, view: View) -> Evidence:
    found = None if known is condition.negated else view.match(condition)
    if found is None and known is not None and known is not condition.negated:
        raise Uncitable("EXISTS", "what it matched was not found again")
    if found is not None:
        return found
    return _merged([Evidence(absences={condition.text}), view.ruled_out(condition)])


def _several(condition: Several, known: bool | None, view: View) -> Evidence:
    every = condition.every
    told = {part: every if known is every else truth_of(part, view) for part in condition.parts}
    if all(truth is every for truth in told.values()):
        return _merged(rests_on(part, every, view) for part in told)
    # One part that came out otherwise is enough. Where several did, each is a reason of its own, but none is needed
    # beside one that rests on nothing.
    reasons = [rests_on(part, truth, view) for part, truth in told.items() if truth is (not every)]
    return Evidence() if Evidence() in reasons else _merged(reasons)


def truth_of(condition: Condition, view: View) -> bool | None:
    """Tell how a condition came out in a solution; None for an error."""
    match condition:
        case Exists(negated=negated):
            return (view.match(condition) is not None) != negated
        case Bound(value=value):
            return view.values.get(value) is not None
        case Not(part):
            inner = truth_of(part, view)
            return None if inner is None else not inner
        case Several(parts, every):
            truths = [truth_of(part, view) for part in parts]
            return (not every) if (not every) in truths else None if None in truths else every
        case If(test, then, other):
            chosen = truth_of(test, view)
            return None if chosen is None else truth_of(then if chosen else other, view)
        case Plain(name) | Parts(_, name):
            told = view.values.get(name or "")
            return None if told is None else {"1": True, "0": False}.get(told.value)


def is_guarded(pattern: Any) -> bool:
    """Tell whether a pattern holds an absence outside of its optional parts and sub-queries."""
    match name_of(pattern):
        case "MinusGraphPattern":
            return True
        case "Filter":
            return is_guard(pattern.expr)
        case "GroupGraphPatternSub":
            return any(is_guarded(part) for part in pattern.part or ())
        case "GroupOrUnionGraphPattern":
            return any(is_guarded(group) for group in pattern.graph)
        case "GraphGraphPattern":
            return is_guarded(pattern.graph)
    return False


def is_guard(node: Any, *, wanted: bool = True) -> bool:
    """Tell whether more data can make an expression be otherwise than `wanted`, which it is now."""
    node = unwrapped(node)
    name = name_of(node)
    if not mentions(node, *ASKING):
        return False
    if name == "UnaryNot":
        return is_guard(node.expr, wanted=not wanted)
    if name in ("ConditionalAndExpression", "ConditionalOrExpression"):
        return any(is_guard(part, wanted=wanted) for part in [node.expr, *node.other])
    if name in EXISTS:
        return (name == "Builtin_EXISTS") is not wanted or is_guarded(node.graph)
    return name != "Builtin_BOUND" or not wanted


def conjuncts(node: Any) -> list[Any]:
    """Return the expressions of which an expression says that all are true."""
    node = unwrapped(node)
    if name_of(node) == "ConditionalAndExpression":
        return [part for each in [node.expr, *node.other] for part in conjuncts(each)]
    return [node]


def _merged(found: Iterable[Evidence]) -> Evidence:
    whole = Evidence()
    for each in found:
        whole.take(each)
    return whole
