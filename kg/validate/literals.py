"""Literals: whether their characters are a value of their datatype, which kind of node they are, their language."""

from __future__ import annotations

import re
from calendar import monthrange
from functools import lru_cache
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg import terms

if TYPE_CHECKING:
    from kg.validate.report import Term

__all__ = ["in_language", "is_of_kind", "is_well_formed"]

_KINDS: dict[type, tuple[str, ...]] = {
    ox.NamedNode: ("IRI", "BlankNodeOrIRI", "IRIOrLiteral"),
    ox.BlankNode: ("BlankNode", "BlankNodeOrIRI", "BlankNodeOrLiteral"),
    ox.Literal: ("Literal", "BlankNodeOrLiteral", "IRIOrLiteral"),
}
_ZONE = r"(?:Z|[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00))?"
_YEAR = r"(?P<year>-?(?:[1-9]\d{3,}|0\d{3}))"
_MONTH, _DAY = r"(?P<month>0[1-9]|1[0-2])", r"(?P<day>0[1-9]|[12]\d|3[01])"
_CLOCK = r"(?:(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?|24:00:00(?:\.0+)?)"
_DAYS_TIME = r"(?=\d|T\d)(?:\d+D)?(?:T(?=\d)(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?"
_FORMS = {
    "boolean": r"true|false|1|0",
    "integer": r"[+-]?\d+",
    "decimal": r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)",
    "double": r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|[+-]?INF|NaN",
    "float": r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|[+-]?INF|NaN",
    "date": f"{_YEAR}-{_MONTH}-{_DAY}{_ZONE}",
    "dateTime": f"{_YEAR}-{_MONTH}-{_DAY}T{_CLOCK}{_ZONE}",
    "dateTimeStamp": f"{_YEAR}-{_MONTH}-{_DAY}T{_CLOCK}{_ZONE[:-1]}",
    "time": f"{_CLOCK}{_ZONE}",
    "gYear": f"{_YEAR}{_ZONE}",
    "gYearMonth": f"{_YEAR}-{_MONTH}{_ZONE}",
    "gMonth": f"--{_MONTH}{_ZONE}",
    "gMonthDay": f"--{_MONTH}-{_DAY}{_ZONE}",
    "gDay": f"---{_DAY}{_ZONE}",
    "duration": rf"-?P(?=.)(?:\d+Y)?(?:\d+M)?(?:{_DAYS_TIME})?",
    "yearMonthDuration": r"-?P(?=\d)(?:\d+Y)?(?:\d+M)?",
    "dayTimeDuration": f"-?P{_DAYS_TIME}",
    "hexBinary": r"(?:[0-9a-fA-F]{2})*",
    "base64Binary": r"(?:(?:[A-Za-z0-9+/] ?){4})*"
    r"(?:(?:[A-Za-z0-9+/] ?){2}= ?=|(?:[A-Za-z0-9+/] ?){3}=)?",
    "language": r"[a-zA-Z]{1,8}(?:-[a-zA-Z0-9]{1,8})*",
}
_RANGES: dict[str, tuple[int | None, int | None]] = {
    "long": (-(2**63), 2**63 - 1),
    "int": (-(2**31), 2**31 - 1),
    "short": (-(2**15), 2**15 - 1),
    "byte": (-(2**7), 2**7 - 1),
    "nonNegativeInteger": (0, None),
    "positiveInteger": (1, None),
    "nonPositiveInteger": (None, 0),
    "negativeInteger": (None, -1),
    "unsignedLong": (0, 2**64 - 1),
    "unsignedInt": (0, 2**32 - 1),
    "unsignedShort": (0, 2**16 - 1),
    "unsignedByte": (0, 2**8 - 1),
}
_COMPILED = {name: re.compile(form, re.ASCII) for name, form in _FORMS.items()}


@lru_cache(maxsize=65_536)
def is_well_formed(text: str, datatype: str) -> bool:
    """Return whether `text` is a lexical form of `datatype`, an IRI; true for datatypes outside of XML Schema.

    Source: https://www.w3.org/TR/xmlschema11-2/.

    >>> is_well_formed("2006-02-29", "http://www.w3.org/2001/XMLSchema#date")
    False
    """
    if not datatype.startswith(terms.XSD):
        return True
    name = datatype.removeprefix(terms.XSD)
    form = _COMPILED.get("integer" if name in _RANGES else name)
    if form is None:
        return True
    match = form.fullmatch(text)
    if match is None:
        return False
    if name in _RANGES:
        low, high = _RANGES[name]
        return (low is None or low <= int(text)) and (high is None or int(text) <= high)
    found = match.groupdict()
    if found.get("day") and found.get("month"):  # a day without a year may be that of a leap year
        year = int(found.get("year") or 4) % 400 + 400
        return int(found["day"]) <= monthrange(year, int(found["month"]))[1]
    return True


def is_of_kind(term: Term, kind: str) -> bool:
    """Return whether `term` is of a node kind of SHACL, such as "BlankNodeOrIRI"."""
    return kind in _KINDS[type(term)]


def in_language(term: Term, ranges: tuple[str, ...]) -> bool:
    """Return whether `term` has a language that one of `ranges` matches by basic filtering (RFC 4647, 3.3.1).

    >>> in_language(ox.Literal("G'day", language="en-AU"), ("en",))
    True
    """
    language = (term.language or "").lower() if isinstance(term, ox.Literal) else ""
    wanted = [each.lower() for each in ranges]
    return bool(language) and any(each == "*" or f"{language}-".startswith(f"{each}-") for each in wanted)
