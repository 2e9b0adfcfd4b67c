"""Literals: which characters are a value of their datatype, as XML Schema says."""

from __future__ import annotations

import pyoxigraph as ox
import pytest

from kg import terms
from kg.validate.literals import in_language, is_of_kind, is_well_formed


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *(("date", "2024-02-29"), ("date", "-0044-03-15"), ("date", "2006-12-31Z"), ("date", "12024-01-01+14:00")),
        *(("dateTime", "2006-12-31T24:00:00"), ("dateTime", "2006-12-31T10:00:00.5-05:00"), ("time", "23:59:59Z")),
        *(("integer", "+007"), ("byte", "-128"), ("unsignedByte", "255"), ("decimal", ".5"), ("double", "-INF")),
        *(("duration", "P1Y2M3DT4H5M6.7S"), ("duration", "-P1D"), ("dayTimeDuration", "PT0.5S")),
        *(("gMonthDay", "--02-29"), ("hexBinary", "0aFF"), ("base64Binary", "aGk="), ("language", "de-AT")),
        *(("boolean", "1"), ("string", ""), ("anyURI", "::")),
    ],
)
def test_a_lexical_form_is_well_formed(name: str, text: str) -> None:
    assert is_well_formed(text, terms.XSD + name)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *(("date", "2023-02-29"), ("date", "1900-02-29"), ("date", "2006-13-31"), ("date", "2010-W01-1")),
        *(("date", "06-12-31"), ("dateTime", "2006-12-31"), ("dateTime", "2006-12-31T24:00:01"), ("time", "25:00:00")),
        *(("integer", "1.0"), ("byte", "128"), ("positiveInteger", "0"), ("decimal", "1e3"), ("double", "inf")),
        *(("duration", "P"), ("duration", "P1YT"), ("dayTimeDuration", "P1Y"), ("gMonthDay", "--02-30")),
        *(("hexBinary", "0af"), ("base64Binary", "aGk"), ("language", "en_US"), ("boolean", "yes"), ("integer", "٣")),
    ],
)
def test_other_characters_are_not(name: str, text: str) -> None:
    assert not is_well_formed(text, terms.XSD + name)


def test_a_datatype_of_our_own_takes_any_characters() -> None:
    assert is_well_formed("sv", terms.PACT + "iso3166-1-alpha-2")


def test_a_language_range_fits_whole_parts_of_a_tag() -> None:
    assert in_language(ox.Literal("x", language="en-AU"), ("de", "EN"))
    assert in_language(ox.Literal("x", language="fr"), ("*",))
    assert not in_language(ox.Literal("x", language="eng"), ("en",))
    assert not in_language(ox.Literal("x"), ("*",))


def test_each_kind_of_node_is_of_three_kinds_of_shacl() -> None:
    assert is_of_kind(ox.NamedNode(terms.ID + "a"), "IRIOrLiteral")
    assert is_of_kind(ox.BlankNode(), "BlankNodeOrLiteral")
    assert not is_of_kind(ox.Literal("a"), "BlankNodeOrIRI")
