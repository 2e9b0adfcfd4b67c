"""SPARQL texts: what kind of query one is, whether it only reads, and where its syntax breaks."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import pyoxigraph as ox

from kg import terms
from kg.errors import QuerySyntaxError, ReadOnly

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

__all__ = [
    "Form",
    "form_of",
    "in_default_graph",
    "is_distinct",
    "is_lookup",
    "keywords",
    "refuse_fetching",
    "serialised",
    "syntax_error",
    "with_prefixes",
    "without_terms",
    "without_undefined",
]

Form = Literal["SELECT", "ASK", "CONSTRUCT", "DESCRIBE"]

_FORMS: dict[str, Form] = {"SELECT": "SELECT", "ASK": "ASK", "CONSTRUCT": "CONSTRUCT", "DESCRIBE": "DESCRIBE"}
_UPDATES = {"INSERT", "DELETE", "LOAD", "CLEAR", "DROP", "CREATE", "ADD", "MOVE", "COPY", "WITH"}
# IRIREF, the strings, comments, VAR, LANGTAG, prefixed names of https://www.w3.org/TR/sparql11-query/#rTerminals, in
# that order: everything in which a keyword is no keyword. Then whatever else has letters; then brackets and operators.
_TOKEN = re.compile(
    r"""<[^<>"{}|^`\\\x00-\x20]*+>
      | \"\"\"(?:[^"\\]|\\.|"(?!""))*+\"\"\" | '''(?:[^'\\]|\\.|'(?!''))*+'''
      | "(?:[^"\\\n\r]|\\.)*+" | '(?:[^'\\\n\r]|\\.)*+'
      | \#[^\n\r]*+
      | [?$]\w++ | @[A-Za-z]++(?:-[A-Za-z0-9]++)*+ | \^\^
      | (?P<prefix>[\w.-]*+):(?:[\w.:-]|%[0-9A-Fa-f]{2}|\\.)*+
      | (?P<words>[\w.-]++)
      | (?P<mark>[][(){}|&+*/!^])
      | [^][(){}|&+*/!^<"'\#?$:@\w.-]++""",
    re.VERBOSE | re.DOTALL,
)
_UNDEFINED = re.compile(
    rf"(?P<undefined>\bVALUES\s+[?$]\w+\s*\{{\s*UNDEF\s*\}})|{_TOKEN.pattern}", re.VERBOSE | re.DOTALL | re.IGNORECASE
)
_IRI = r"""<[^<>"{}|^`\\\x00-\x20]*+>"""
_IN_FULL = rf"""(?:{_IRI}|(?!\"\"\")"(?:[^"\\\n\r]|\\.)*+"(?:@[A-Za-z]++(?:-[A-Za-z0-9]++)*+|\^\^{_IRI}|(?!\^\^|@)))"""
_TERMS = re.compile(
    rf"(?P<head>\bVALUES\s+[?$]\w+\s*\{{\s*+)(?P<listed>{_IN_FULL}(?:\s++{_IN_FULL})*+)(?=\s*+\}})"
    rf"|(?P<term>{_IN_FULL})|{_TOKEN.pattern}",
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
_MAX_DEPTH, _MAX_WEIGHT = 200, 5_000
"""Levels of brackets, and keywords with operators, that the engine surely takes: at some ten times that it crashes."""

_SHORT = 1_000
"""Characters of a query that can be told at a glance to be a lookup."""

_DIGITS = 2
"""Digits of a LIMIT that counts as small."""

# One triple pattern, in a graph or not, and nothing that would hold rows back: no FILTER, DISTINCT, ORDER BY, OFFSET.
_TERM = r"""(?:<[^<>"{}|^`\\\x00-\x20]*+>|[?$]\w++|(?!SERVICE)[A-Za-z]\w*+:[\w-]++|"[^"\\\n\r]*+"(?:@[A-Za-z-]++)?)"""
_LOOKUP = re.compile(
    rf"""\s*+(?:SELECT\s*+(?:\*|(?:[?$]\w++\s*+)++)|ASK)\s*+(?:WHERE)?\s*+\{{\s*+
    (?P<pattern>(?P<graph>GRAPH\s*+{_TERM}\s*+\{{)?\s*+(?P<subject>{_TERM})\s*+(?:a\s|{_TERM})\s*+(?P<object>{_TERM}))
    \s*+\.?\s*+(?(graph)\}})\s*+\}}\s*+(?:LIMIT\s++(?P<limit>\d++)\s*+)?""",
    re.VERBOSE | re.IGNORECASE,
)
_VARIABLE = re.compile(r"[?$](\w+)")

_LETTERS = re.compile(r"[A-Za-z]+")
_ESCAPE = re.compile(r"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})")
_PREFIX = re.compile(r"\bPREFIX\s+([^\s:]*):", re.IGNORECASE)
_DECLARED = re.compile(r"\bPREFIX\s+([^\s:]*):\s*<([^>]*)>", re.IGNORECASE)
_LAST_NAME = re.compile(r"([\w.-]*):[^\s:]*$")
_PLACE = re.compile(r"error at (\d+):(\d+): (.*)", re.DOTALL)


@lru_cache(maxsize=512)
def form_of(text: str, services: tuple[str, ...] = ()) -> Form:
    """Return the form of a query.

    Raises `ReadOnly` for an update and for `SERVICE`, which would call another server, unless that is one of
    `services`; `QuerySyntaxError` where the text is no query at all, or too large. The rest of the syntax is left to
    the engine.
    """
    if is_lookup(text):
        return "ASK" if text.lstrip()[:3].upper() == "ASK" else "SELECT"
    _refuse_calls(text, services)
    _refuse_huge(text)
    for word in _words(text):
        if word in _FORMS:
            return _FORMS[word]
        if word in _UPDATES:
            raise ReadOnly(
                f"this is an update ({word}), and queries only read",
                mend="use kg add and kg remove, which validate what they change",
            )
        if word not in ("PREFIX", "BASE"):
            break
    raise _no_query(text)


def is_distinct(text: str) -> bool:
    """Tell whether a query gives each row once, however the engine goes about it: SELECT DISTINCT without LIMIT.

    >>> is_distinct("SELECT DISTINCT ?s { ?s ?p ?o }"), is_distinct("SELECT ?s { SELECT DISTINCT ?s { ?s ?p ?o } }")
    (True, False)
    """
    words = [word for word, _ in keywords(text, "SELECT", "DISTINCT", "LIMIT", "OFFSET")]
    return words[:2] == ["SELECT", "DISTINCT"] and not {"LIMIT", "OFFSET"} & set(words)


def is_lookup(text: str) -> bool:
    """Tell whether a query is one triple pattern whose every match is a row, and asks for few.

    The engine has an index for every pattern, so that each row of such a query costs the same, however large the
    store: whoever stops reading stops the work. Few means with a subject or an object, or a small LIMIT. False for
    everything that is not surely so.

    >>> is_lookup("SELECT ?p ?o { id:us ?p ?o }"), is_lookup("SELECT * { ?s ?p ?o }")
    (True, False)
    """
    found = _LOOKUP.fullmatch(text) if len(text) <= _SHORT and text.isascii() else None
    if found is None:
        return False
    open_ended = found["subject"][0] in "?$" and found["object"][0] in "?$"
    if open_ended and not (found["limit"] and len(found["limit"]) <= _DIGITS):
        return False
    variables = _VARIABLE.findall(re.sub(r'<[^>]*>|"[^"]*"', "", found["pattern"]))
    return len(variables) == len(set(variables))


def refuse_fetching(text: str) -> None:
    """Raise `ReadOnly` for an update that would fetch from elsewhere, and `QuerySyntaxError` for one too large."""
    _refuse_calls(text, ())
    if any("LOAD" in word for word in _words(text) + _words(_unescaped(text))):
        raise ReadOnly("the update fetches from elsewhere (LOAD)", mend="fetch the file yourself, then: kg add FILE")
    _refuse_huge(text)


def _refuse_calls(text: str, services: Collection[str]) -> None:
    """Raise `ReadOnly` for a call of a server that is not one of `services`, each written in full."""
    if not _is_unicode(text):
        raise QuerySyntaxError("the query is not Unicode text", mend="write it in UTF-8")
    if "\\" not in text and "SERVICE" not in text.upper():
        return
    for form in (text, _unescaped(text)):
        calls = sum("SERVICE" in word for word in _words(form))
        allowed = sum(called in services for called in _called(form)) if services else 0
        if calls > allowed:
            raise ReadOnly(
                "the query calls another server (SERVICE)",
                mend="ask that server itself, or export the data and join them there; no prefix may hold the word "
                "either" + (f"; allowed, as <IRI> in full: {', '.join(sorted(services))}" if services else ""),
            )


def _called(text: str) -> Iterator[str]:
    """Yield, for each keyword SERVICE, the IRI that it calls, or an empty text where that is not written in full."""
    tokens = [token for token in _TOKEN.finditer(text) if token[0].strip() and token[0][0] != "#"]
    for number, token in enumerate(tokens):
        if token["words"] and token["words"].upper() == "SERVICE":
            rest = [each[0] for each in tokens[number + 1 : number + 3] if each[0].upper() != "SILENT"]
            yield rest[0][1:-1] if rest and rest[0].startswith("<") else ""


def _refuse_huge(text: str) -> None:
    """Raise `QuerySyntaxError` for a query on which the engine would overflow its stack, and end this process."""
    if len(text) <= _MAX_DEPTH:
        return
    depth = deepest = weight = 0
    for token in _TOKEN.finditer(text):
        mark = token["mark"] or ""
        depth += (mark in ("(", "[", "{")) - (mark in (")", "]", "}"))
        deepest = max(deepest, depth)
        weight += mark not in ("", "(", ")", "[", "]", "}") or bool(_LETTERS.search(token["words"] or ""))
    if deepest > _MAX_DEPTH or weight > _MAX_WEIGHT:
        raise QuerySyntaxError(
            f"the query is too large: {deepest:,} levels of brackets, {weight:,} keywords and operators",
            mend=f"keep to {_MAX_DEPTH:,} levels, and {_MAX_WEIGHT:,} keywords and operators; lists belong into VALUES",
        )


def _no_query(text: str) -> QuerySyntaxError:
    """Return the error for a text that has no form, with the place where the engine stops reading it."""
    try:
        ox.Store().query(text, prefixes=terms.PREFIXES)
    except SyntaxError as error:
        found = syntax_error(text, error)
    else:
        found = QuerySyntaxError("this is not a SPARQL query")
    found.mend = "begin with SELECT, ASK, CONSTRUCT or DESCRIBE; the prefixes " + (
        ", ".join(f"{prefix}:" for prefix in ("id", "pact", "pv", "claim", "doc")) + " and the usual ones are built in"
    )
    if not text.strip():
        found = QuerySyntaxError("the query is empty", mend=found.mend)
    return found


def _is_unicode(text: str) -> bool:
    """Tell whether `text` has no half of a surrogate pair, which is what an argument in another encoding becomes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


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


def keywords(text: str, *wanted: str) -> list[tuple[str, int]]:
    """Return which of the keywords `wanted` stand outside of all brackets of a text, in order, and where.

    >>> keywords("DELETE { ?s ?p ?o } WHERE { ?s ?p ?o . { ?s ?o ?WHERE } }", "DELETE", "WHERE")
    [('DELETE', 0), ('WHERE', 20)]
    """
    found, depth = [], 0
    for token in _TOKEN.finditer(text):
        mark, word = token["mark"] or "", (token["words"] or "").upper()
        depth += (mark in ("(", "[", "{")) - (mark in (")", "]", "}"))
        if depth == 0 and word in wanted:
            found.append((word, token.start()))
    return found


def with_prefixes(text: str) -> str:
    """Return `text` with those built-in prefixes declared in front that it uses and does not declare itself."""
    code = _code(text)
    declared = set(_PREFIX.findall(code))
    wanted = (item for item in terms.PREFIXES.items() if item[0] not in declared and f"{item[0]}:" in code)
    return "".join(f"PREFIX {prefix}: <{iri}>\n" for prefix, iri in wanted) + text


def without_undefined(text: str) -> str:
    """Return a query without the `VALUES ?x { UNDEF }` of parameters that have no value.

    Each is one row without a binding, which joins with everything and adds nothing (SPARQL 1.1, section 18.5); some
    engines take its variable for bound.

    >>> without_undefined("SELECT ?x { VALUES ?x { UNDEF } ?x a ?type }")
    'SELECT ?x {  ?x a ?type }'
    """
    pieces, end = [], 0
    for found in _UNDEFINED.finditer(text):
        if found["undefined"]:
            pieces.append(text[end : found.start()])
            end = found.end()
    return "".join(pieces) + text[end:]


def in_default_graph(text: str, graph: str) -> str:
    """Return a query in which `GRAPH` with this IRI is gone, so that its patterns are matched in the default graph.

    >>> in_default_graph("SELECT ?x { GRAPH graph:derived { ?x a ?y } }", terms.GRAPH + "derived")
    'SELECT ?x {  { ?x a ?y } }'
    """
    declared = dict(_DECLARED.findall(text))
    pieces, end, start = [], 0, -1
    for token in _TOKEN.finditer(text):
        if not token[0].strip() or token[0][0] == "#":
            continue
        name = token[0]
        if start >= 0 and (name == f"<{graph}>" or _resolved(name, declared) == graph):
            pieces.append(text[end:start])
            end = token.end()
        start = token.start() if token["words"] and token["words"].upper() == "GRAPH" else -1
    return "".join(pieces) + text[end:]


def _resolved(name: str, declared: dict[str, str]) -> str:
    prefix, _, local = name.partition(":")
    return declared.get(prefix, terms.PREFIXES.get(prefix, "")) + local


def without_terms(text: str, kept: Collection[str] = ()) -> tuple[str, dict[str, str]]:
    """Return a query with IRIs of ours for the terms in its pattern, and the terms that these stand for.

    So queries that differ in terms only, such as the parameters of a question, are one text. Terms count that are
    written in full, but for those to be `kept`; those that a `VALUES ?x { … }` lists are taken as one. A query with a
    BASE stays as it is, since what is written there is not what is meant.

    >>> without_terms("SELECT ?x { VALUES ?x { <a:a> <a:b> } ?x <a:p> 1 }")[1]
    {'<https://w3id.org/pactgraph/term/0>': '<a:a> <a:b>', '<https://w3id.org/pactgraph/term/1>': '<a:p>'}
    """
    pieces, end, inside = [], 0, False
    places: dict[str, str] = {}
    for found in _TERMS.finditer(text):
        inside = inside or found["mark"] == "{"
        if not inside:  # the prefixes
            if (found["words"] or "").upper() == "BASE":
                return text, {}
            continue
        written = found["listed"] or found["term"]
        # What stands behind an equals sign may be the SEPARATOR of an aggregate, which is no term.
        if written and written not in kept and text[: found.start()].rstrip()[-1:] != "=":
            place = places.setdefault(written, f"<{terms.BASE}term/{len(places)}>")
            pieces += [text[end : found.end("head") if found["listed"] else found.start()], place]
            end = found.end()
    return "".join(pieces) + text[end:], {place: written for written, place in places.items()}


def _code(text: str) -> str:
    """Return `text` without its strings and comments."""
    return "".join(token[0] if token[0][0] not in "#\"'" else " " for token in _TOKEN.finditer(text))


def syntax_error(text: str, error: SyntaxError) -> QuerySyntaxError:
    """Return the engine's syntax error as ours: line, column, the line itself with a mark under the place."""
    match = _PLACE.search(str(error))
    if match is None:
        return QuerySyntaxError(f"the query does not parse: {error}")
    expected = match[3].removeprefix("expected ").removeprefix("one of ").split(", ")
    lines = text.split("\n")
    offset = sum(len(line) + 1 for line in lines[: int(match[1]) - 1]) + int(match[2]) - 1
    reason = "the query does not parse here"
    if "Prefix not found" in expected and (name := _LAST_NAME.search(text[:offset])):
        offset = name.start()
        reason = f"the prefix {name[1]}: is not declared; built in are {', '.join(terms.PREFIXES)}"
    elif said := [item for item in expected if " " in item and item[0].isalpha()]:
        reason = f"the query does not parse here: {said[0]}"
    else:
        offset -= _overshoot(expected)
    line = text.count("\n", 0, offset)
    column = offset - (text.rfind("\n", 0, offset) + 1)
    return QuerySyntaxError(f"{reason}{_marked(lines[line], column)}", where=f"line {line + 1}, column {column + 1}")


def _overshoot(expected: list[str]) -> int:
    """Return how far behind the place the engine reports it: it reads as many characters as a keyword has first.

    A character that it expected, such as `"{"`, stands for itself.
    """
    keywords = [len(item) for item in expected if item.isalpha() and item.isupper()]
    exact = any(item.startswith(('"', "[")) and item != "[_]" for item in expected)
    return 0 if exact or not keywords else min(keywords)


def _marked(line: str, column: int, reach: int = 60) -> str:
    """Return the part of a line around a column, with a mark under it on a line of its own."""
    start = max(0, column - reach)
    before = "".join(char if char == "\t" else " " for char in line[start:column])
    return f"\n    {line[start : column + reach]}\n    {before}^"


def serialised(term: ox.NamedNode | ox.Literal) -> str:
    """Return a term in SPARQL syntax, escaped by the engine, so that no value can be read as anything but a value."""
    return str(term)
