"""SPARQL texts: what kind of query one is, whether it only reads, and where its syntax breaks."""

from __future__ import annotations

import re
from typing import Literal

import pyoxigraph as ox

from kg import terms
from kg.errors import QuerySyntaxError, ReadOnly

__all__ = ["Form", "form_of", "serialised", "syntax_error", "with_prefixes"]

Form = Literal["SELECT", "ASK", "CONSTRUCT", "DESCRIBE"]

_FORMS: dict[str, Form] = {"SELECT": "SELECT", "ASK": "ASK", "CONSTRUCT": "CONSTRUCT", "DESCRIBE": "DESCRIBE"}
_UPDATES = {"INSERT", "DELETE", "LOAD", "CLEAR", "DROP", "CREATE", "ADD", "MOVE", "COPY", "WITH"}
# IRIREF, the strings, comments, VAR, prefixed names of https://www.w3.org/TR/sparql11-query/#rTerminals, in that order:
# everything in which a keyword is no keyword; then whatever else has letters.
_TOKEN = re.compile(
    r"""<[^<>"{}|^`\\\x00-\x20]*+>
      | \"\"\"(?:[^"\\]|\\.|"(?!""))*+\"\"\" | '''(?:[^'\\]|\\.|'(?!''))*+'''
      | "(?:[^"\\\n\r]|\\.)*+" | '(?:[^'\\\n\r]|\\.)*+'
      | \#[^\n\r]*+
      | [?$]\w++
      | (?P<prefix>[\w.-]*+):(?:[\w.:-]|%[0-9A-Fa-f]{2}|\\.)*+
      | (?P<words>[\w.-]++)""",
    re.VERBOSE | re.DOTALL,
)
_LETTERS = re.compile(r"[A-Za-z]+")
_ESCAPE = re.compile(r"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})")
_PREFIX = re.compile(r"\bPREFIX\s+([^\s:]*):", re.IGNORECASE)
_PLACE = re.compile(r"error at (\d+):(\d+): (.*)", re.DOTALL)


def form_of(text: str) -> Form:
    """Return the form of a query.

    Raises `ReadOnly` for an update and for `SERVICE`, which would call another server; `QuerySyntaxError` where the
    text is no query at all. The rest of the syntax is left to the engine.
    """
    words = _words(text)
    if any("SERVICE" in word for word in words + _words(_unescaped(text))):
        raise ReadOnly(
            "the query calls another server (SERVICE)",
            mend="ask that server itself, or export the data and join them there; a prefix must not hold that word either",
        )
    for word in words:
        if word in _FORMS:
            return _FORMS[word]
        if word in _UPDATES:
            raise ReadOnly(
                f"this is an update ({word}), and queries only read",
                mend="use kg add and kg remove, which validate what they change",
            )
        if word not in ("PREFIX", "BASE"):
            break
    raise QuerySyntaxError(
        "this is not a SPARQL query" if text.strip() else "the query is empty",
        mend="begin with SELECT, ASK, CONSTRUCT or DESCRIBE; the prefixes "
        + ", ".join(f"{prefix}:" for prefix in ("id", "pact", "pv", "claim", "doc"))
        + " and the usual ones are built in",
    )


def _words(text: str) -> list[str]:
    """Return what may be keywords, in capitals, and prefixes that hold SERVICE.

    The engine reads `SERVICEex:name` as the keyword and a name, even where the prefix `SERVICEex` is declared.
    """
    words: list[str] = []
    for token in _TOKEN.finditer(text):
        if token["words"]:
            words += _LETTERS.findall(token["words"].upper())
        elif token["prefix"] and "SERVICE" in token["prefix"].upper():
            words.append("SERVICE")
    return words


def _unescaped(text: str) -> str:
    """Return `text` as engines see it that resolve codepoint escapes first, as SPARQL 1.1, section 19.2, has it."""
    return _ESCAPE.sub(lambda match: chr(min(int(match[1] or match[2], 16), 0x10FFFF)), text)


def with_prefixes(text: str) -> str:
    """Return `text` with those built-in prefixes declared in front that it does not declare itself."""
    declared = set(_PREFIX.findall(text))
    return "".join(f"PREFIX {p}: <{iri}>\n" for p, iri in terms.PREFIXES.items() if p not in declared) + text


def syntax_error(text: str, error: SyntaxError) -> QuerySyntaxError:
    """Return the engine's syntax error as ours: line, column, the line itself with a mark under the place."""
    match = _PLACE.search(str(error))
    if match is None:
        return QuerySyntaxError(f"the query does not parse: {error}")
    line, column, expected = int(match[1]), int(match[2]), match[3]
    lines = text.splitlines() or [""]
    shown = lines[min(line, len(lines)) - 1]
    if "Prefix not found" in expected:
        reason = f"a prefix is not declared; built in are {', '.join(terms.PREFIXES)}"
    else:
        reason = "the query does not parse here"
    return QuerySyntaxError(f"{reason}\n    {shown}\n    {' ' * (column - 1)}^", where=f"line {line}, column {column}")


def serialised(term: ox.NamedNode | ox.Literal) -> str:
    """Return a term in SPARQL syntax, escaped by the engine, so that no value can be read as anything but a value."""
    return str(term)
