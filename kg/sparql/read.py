"""Reads the group graph patterns of a SPARQL text from its tokens.

A parser would take a hundred times as long and would not tell where things stand. Whatever is not understood is said to
be so (`Unread`); the engine checks the syntax.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kg.sparql.groups import NOTHING, Element, Group, Pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Unread", "query_group"]

# The terminals of https://www.w3.org/TR/sparql11-query/#rTerminals; a name never ends in a dot.
# A word takes what comes with it behind dots, so that nothing is looked at twice; it is then none that is read here.
_LOCAL = r"(?:[\w:-]|%[0-9A-Fa-f]{2}|\\[_~.!$&'()*+,;=/?\#@%-])"
_TOKEN = re.compile(
    rf"""(?P<skip>\s++|\#[^\n\r]*+)
      | (?P<iri><[^<>"{{}}|^`\\\x00-\x20]*+>)
      | (?P<string>\"\"\"(?:[^"\\]|\\.|"(?!""))*+\"\"\" | '''(?:[^'\\]|\\.|'(?!''))*+'''
          | "(?:[^"\\\n\r]|\\.)*+" | '(?:[^'\\\n\r]|\\.)*+')
      | (?P<var>[?$]\w++)
      | (?P<tag>@[A-Za-z]++(?:-[A-Za-z0-9]++)*+)
      | (?P<blank>_:\w(?:\.*+[\w-]++)*+)
      | (?P<name>(?:[^\W\d_](?:\.*+[\w-]++)*+)?:(?:{_LOCAL}(?:\.*+{_LOCAL})*+)?)
      | (?P<number>[+-]?(?:\d++\.\d*+[eE][+-]?\d++|\.?\d++[eE][+-]?\d++|\d*+\.\d++|\d++))
      | (?P<word>[A-Za-z]\w*+(?:\.++[\w-]++)*+)
      | (?P<mark>\^\^|&&|\|\||[][(){{}}|&+*/!^.;,=<>?-])""",
    re.VERBOSE | re.DOTALL,
)
_STARTS = {"OPTIONAL", "MINUS", "GRAPH", "FILTER", "BIND", "VALUES", "SERVICE", "LATERAL"}
_CLOSING = {"(": ")", "[": "]", "{": "}"}


class Unread(Exception):  # no error: the text is then taken as it is
    """A text holds something that is not read here; its message says what."""


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    start: int
    end: int

    @property
    def word(self) -> str:
        return self.text.upper() if self.kind == "word" else ""


def query_group(text: str) -> tuple[Group, frozenset[str]]:
    """Return the WHERE group of a query, and every keyword of the text.

    Raises `Unread` where the text holds what is not read here: SERVICE, LATERAL, codepoint escapes, RDF 1.2.
    """
    return _Reader(text).query()


class _Reader:
    def __init__(self, text: str) -> None:
        self.text, self.place = text, 0
        self.tokens = list(_tokens(text))

    # --- tokens

    @property
    def now(self) -> _Token:
        return self.tokens[self.place]

    def take(self, *wanted: str) -> _Token:
        """Return the next token, which must be one of `wanted` if any are given, and go on behind it."""
        token = self.now
        if token.kind == "end" or (wanted and (token.word or token.text) not in wanted):
            raise Unread(f"“{token.text}” is not read here" if token.text else "the text breaks off")
        self.place += 1
        return token

    def bracketed(self, outer: Group | None, element: Element) -> None:
        """Go on behind an expression in brackets, and note its variables, and the patterns that it asks for."""
        closing = _CLOSING[self.take("(", "[").text]
        while self.now.text != closing:
            self.operand(outer, element)
        self.take(closing)

    def operand(self, outer: Group | None, element: Element) -> None:
        """Go on behind a part of an expression."""
        token = self.now
        if token.text in ("(", "["):
            self.bracketed(outer, element)
        elif token.word == "EXISTS":
            before = self.tokens[self.place - 1]
            self.take()
            group = self.group("exists", outer)
            group.negated = before.word == "NOT"
            group.keyword = before.start if group.negated else token.start
            element.groups.append(group)
        elif token.text in ("{", "}", ")", "]"):
            raise Unread(f"“{token.text}” in an expression is not read here")
        else:
            self.take()
            if token.kind == "var":
                element.variables |= {token.text[1:]}

    # --- the query

    def query(self) -> tuple[Group, frozenset[str]]:
        while self.now.text != "{":
            if self.now.text == "(":
                self.bracketed(None, Element("bind", self.now.start))
                continue
            if self.take().word == "CONSTRUCT" and self.now.text == "{":
                self.braces()
        group = self.group("where", None)
        group.late = self.late(self.place)
        return group, frozenset(token.word for token in self.tokens)

    def late(self, first: int) -> frozenset[str]:
        """Return the variables of VALUES among the tokens from one to here, or from here to the end."""
        tail = self.tokens[first : self.place] or self.tokens[first:]
        start = next((i for i, token in enumerate(tail) if token.word == "VALUES"), len(tail))
        return frozenset(token.text[1:] for token in tail[start:] if token.kind == "var")

    def braces(self) -> None:
        """Go on behind a template, or data, in braces."""
        self.take("{")
        while self.take().text != "}":
            pass

    def group(self, role: str, outer: Group | None) -> Group:
        group = Group(self.take("{").start, role, outer)
        if self.now.word == "SELECT":
            group.elements.append(self.select(group))
        else:
            while self.now.text != "}":
                group.elements.append(self.element(group))
        group.end = self.take("}").end
        return group

    def element(self, group: Group) -> Element:
        token = self.now
        if token.text == "{":
            element = self.groups(group)
        elif token.word in _STARTS:
            element = getattr(self, f"_{token.word.lower()}", self._other)(group)
        else:
            return self.triples()
        element.end = self.tokens[self.place - 1].end
        if self.now.text == ".":
            self.take()
        element.after = self.tokens[self.place - 1].end
        return element

    def _other(self, _: Group) -> Element:
        raise Unread(f"{self.now.word} is not read here")

    def groups(self, outer: Group) -> Element:
        element = Element("groups", self.now.start)
        element.groups.append(self.group("group", outer))
        while self.now.word == "UNION":
            self.take()
            element.groups.append(self.group("group", outer))
        return element

    def _optional(self, outer: Group) -> Element:
        element = Element("optional", self.take().start)
        element.groups.append(self.group("optional", outer))
        return element

    def _minus(self, outer: Group) -> Element:
        element = Element("minus", self.take().start)
        element.groups.append(self.group("minus", outer))
        return element

    def _graph(self, outer: Group) -> Element:
        start, term = self.take().start, self.take()
        names = frozenset({term.text[1:]}) if term.kind == "var" else NOTHING
        element = Element("graph", start, variables=names, sure=names, term=term.text)
        element.groups.append(self.group("graph", outer))
        return element

    def _filter(self, outer: Group) -> Element:
        element = Element("filter", self.take().start)
        first = self.place
        if self.now.word == "NOT":
            self.take()
        if self.now.word == "EXISTS":
            self.operand(outer, element)
        else:
            while self.now.text != "(":  # a function by name, or the expression itself
                self.take()
            self.bracketed(outer, element)
        if element.groups and self._is_all(first, element.groups[0]):
            element.absent = element.groups[0]
        return element

    def _is_all(self, first: int, group: Group) -> bool:
        """Tell whether nothing but brackets and `NOT EXISTS` stands around a pattern between a token and here."""
        rest = [token for token in self.tokens[first : self.place] if not group.start <= token.start < group.end]
        return all(token.text in ("(", ")") or token.word in ("NOT", "EXISTS") for token in rest) and (
            sum(token.word == "NOT" for token in rest) == 1
        )

    def _bind(self, outer: Group) -> Element:
        element = Element("bind", self.take().start)
        self.bracketed(outer, element)
        name = self.tokens[self.place - 2]
        # What it gives a value is in scope; whether it has one depends on the expression.
        element.sure = frozenset({name.text[1:]})
        return element

    def _values(self, _: Group) -> Element:
        start, first = self.take().start, self.place
        while self.now.text != "{":
            self.take()
        names = frozenset(token.text[1:] for token in self.tokens[first : self.place] if token.kind == "var")
        first = self.place
        while self.take().text != "}":
            pass
        undefined = any(token.word == "UNDEF" for token in self.tokens[first : self.place])
        return Element("values", start, variables=names, sure=NOTHING if undefined else names)

    def select(self, outer: Group) -> Element:
        element = Element("select", self.take("SELECT").start)
        plain, computed, first = set(), set(), self.place
        while self.now.text != "{":
            if self.now.text == "(":
                self.bracketed(outer, element)
                computed.add(self.tokens[self.place - 2].text[1:])
            elif (token := self.take()).kind == "var":
                plain.add(token.text[1:])
        is_all = any(token.text == "*" for token in self.tokens[first : first + 2])
        where = self.group("select", outer)
        element.groups.append(where)
        first = self.place
        while self.now.text != "}":  # groups, order, limits, values
            self.operand(outer, element) if self.now.text != "{" else self.braces()
        if len(element.groups) > 1:
            raise Unread("EXISTS outside of the WHERE of a sub-query is not read here")
        where.late = self.late(first) if self.place > first else NOTHING
        element.variables = where.scope() | where.late if is_all else frozenset(plain | computed)
        element.sure = where.sure() if is_all else where.sure() & plain
        element.end = self.tokens[self.place - 1].end
        return element

    # --- triples

    def triples(self) -> Element:
        element, first = Element("triples", self.now.start), self.place
        while True:
            self.same_subject(element)
            element.has_dot = self.now.text == "."
            if element.has_dot:
                self.take()
            if not element.has_dot or self.is_over():
                break
        tokens = self.tokens[first : self.place]
        element.end = element.after = tokens[-1].end
        element.variables = element.sure = frozenset(token.text[1:] for token in tokens if token.kind == "var")
        element.may_be_empty = any(token.text in ("*", "?") for token in tokens)
        element.is_split = not any(token.kind == "blank" or token.text == "[" for token in tokens) and element.is_split
        return element

    def is_over(self) -> bool:
        """Tell whether no more triples come with this subject."""
        return self.now.text in (".", "{", "}") or self.now.word in _STARTS

    def same_subject(self, element: Element) -> None:
        is_plain, subject = self.now.text != "[", self.node(element)
        if not is_plain and self.is_over():
            return
        while True:
            verb = self.verb()
            while True:
                self.note(element, subject, verb, self.node(element))
                if self.now.text != ",":
                    break
                self.take()
            while self.now.text == ";":
                self.take()
            if self.tokens[self.place - 1].text != ";" or self.is_over():
                return

    def note(self, element: Element, subject: tuple[int, int], verb: tuple[int, int], object_: tuple[int, int]) -> None:
        tokens = [self.tokens[i] for first, end in (subject, verb, object_) for i in range(first, end)]
        names = frozenset(token.text[1:] for token in tokens if token.kind == "var")
        is_class = self.tokens[verb[0]].text in ("a", "rdf:type")
        given = [self.tokens[first].kind not in ("var", "mark") for first, _ in (subject, object_)]
        text = " ".join(self.text[self.tokens[i].start : self.tokens[j - 1].end] for i, j in (subject, verb, object_))
        element.patterns.append(Pattern(text, names, given[0] + (given[1] and not is_class)))

    def node(self, element: Element) -> tuple[int, int]:
        """Go on behind a subject or object; return its tokens, from and to."""
        first = self.place
        if self.now.text in ("[", "("):
            self.list_of_nodes()
            element.is_split = False
            return first, self.place
        token = self.take()
        if token.kind not in ("var", "iri", "name", "blank", "string", "number") and token.text not in (
            "true",
            "false",
        ):
            raise Unread(f"“{token.text}” among triples is not read here")
        if token.kind == "string" and self.now.kind == "tag":
            self.take()
        elif token.kind == "string" and self.now.text == "^^":
            self.place += 2
        return first, self.place

    def list_of_nodes(self) -> None:
        closing = _CLOSING[self.take().text]
        while self.now.text != closing:
            if self.now.text in ("[", "("):
                self.list_of_nodes()
            elif self.take().text in ("{", "}"):
                raise Unread("braces among triples are not read here")
        self.take(closing)

    def verb(self) -> tuple[int, int]:
        """Go on behind a predicate: a variable or a path; return its tokens, from and to."""
        first = self.place
        if self.now.kind == "var":
            self.take()
            return first, self.place
        while True:
            while self.now.text in ("^", "!"):
                self.take()
            if self.now.text == "(":
                self.list_of_nodes()
            elif self.now.kind in ("iri", "name") or self.now.text == "a":
                self.take()
            else:
                raise Unread(f"“{self.now.text}” as a predicate is not read here")
            if self.now.text in ("*", "+", "?"):
                self.take()
            if self.now.text not in ("/", "|"):
                return first, self.place
            self.take()


def _tokens(text: str) -> Iterator[_Token]:
    """Yield the tokens of a text, and one that says it ends."""
    if re.search(r"\\[uU]", text):
        raise Unread("codepoint escapes are not read here")
    place = 0
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None:
            raise Unread(f"“{text[place]}” is not read here")
        place = found.end()
        if found.lastgroup != "skip":
            yield _Token(str(found.lastgroup), found[0], found.start(), place)
    yield _Token("end", "", place, place)
