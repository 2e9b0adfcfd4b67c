"""Citations, construct by construct: small worlds in which a person can say what each row rests on."""

from __future__ import annotations

import pyoxigraph as ox
import pytest
from support import Runner
from worlds import Cited, citing, claim, facts_of, rows_and_citations, store_of

from kg import terms
from kg.cite import Evidence, Uncitable, cite, cite_evidence
from kg.store import EmbeddedStore

FACTS = {
    "c1": "id:ann id:knows id:bob .",
    "c2": "id:bob id:knows id:cal .",
    "c3": "id:cal id:knows id:dan .",
    "c4": "id:ann id:likes id:cal .",
    "c5": "id:ann id:age 30 .",
    "c6": "id:bob id:age 40 .",
    "c7": "id:ann id:knows id:bob .",
    "c8": 'id:eve id:name "Eve"@en, "Ève"@fr ; id:code "07"^^id:code ; id:mark "x  y"^^xsd:token .',
    "c9": "id:bob id:likes id:ann .",
}
ALLEGED = {"c10": "id:dan id:knows id:ann .", "c11": "id:ann id:knows id:bob ."}
REFERENCE = "id:ann id:livesIn id:town . id:eve id:livesIn id:town . id:town id:partOf id:land ."


@pytest.fixture(scope="module")
def people() -> EmbeddedStore:
    claims = [claim(number, content) for number, content in FACTS.items()]
    claims += [claim(number, content, modality="alleged") for number, content in ALLEGED.items()]
    return store_of(claims, REFERENCE)


def row(*cells: str | None, claims: str = "", refs: str = "", absence: bool = False) -> Cited:
    return Cited(cells, claims, refs, absence)


Cases = dict[str, tuple[str, list[Cited]]]

PATTERNS: Cases = {
    "a triple rests on every claim that holds it, and on none that only alleges it": (
        "SELECT ?y { id:ann id:knows ?y }",
        [row("bob", claims="c1 c7")],
    ),
    "a join rests on the claims of all its parts": (
        "SELECT ?x ?z { ?x id:knows ?y . ?y id:knows ?z }",
        [row("ann", "cal", claims="c1 c2 c7"), row("bob", "dan", claims="c2 c3")],
    ),
    "a filter adds no claim": ("SELECT ?x { ?x id:age ?n FILTER(?n > 35) }", [row("bob", claims="c6")]),
    "a computed value rests on what it is computed from": (
        "SELECT ?m { id:ann id:age ?n BIND(?n + 1 AS ?m) }",
        [row("31", claims="c5")],
    ),
    "a computed column rests on what it is computed from": (
        "SELECT (?n * 2 AS ?m) (?m + 1 AS ?k) { id:ann id:age ?n }",
        [row("60", "61", claims="c5")],
    ),
    "values rest on nothing, what they are joined with does": (
        "SELECT ?x ?y { VALUES ?x { id:ann id:cal id:eve } ?x id:knows ?y }",
        [row("ann", "bob", claims="c1 c7"), row("cal", "dan", claims="c3")],
    ),
    "values behind the query are joined with it": (
        "SELECT ?x ?y { ?x id:knows ?y } VALUES (?x ?y) { (id:cal UNDEF) (UNDEF id:bob) }",
        [row("ann", "bob", claims="c1 c7"), row("cal", "dan", claims="c3")],
    ),
    "an optional part is cited where it matched, and only there": (
        "SELECT ?x ?l { ?x id:age ?n OPTIONAL { ?x id:likes ?l FILTER(?l = id:cal) } }",
        [row("ann", "cal", claims="c4 c5"), row("bob", None, claims="c6")],
    ),
    "an optional part inside an optional part too": (
        "SELECT ?x ?z { ?x id:age ?n OPTIONAL { ?x id:likes ?y OPTIONAL { ?y id:knows ?z FILTER(?z = id:dan) } } }",
        [row("ann", "dan", claims="c3 c4 c5"), row("bob", None, claims="c6 c9")],
    ),
    "of a union the branch that matched is cited": (
        "SELECT ?y { { ?x id:likes ?y } UNION { ?x id:knows ?y } FILTER(?x = id:bob) }",
        [row("ann", claims="c9"), row("cal", claims="c2")],
    ),
    "of a union both branches are cited where both give the row": (
        "SELECT DISTINCT ?x { { ?x id:knows id:bob } UNION { ?x id:likes id:cal } }",
        [row("ann", claims="c1 c4 c7")],
    ),
    "a row that comes twice rests on both derivations both times": (
        "SELECT ?x { VALUES ?p { id:knows id:likes } ?x ?p ?y FILTER(?x = id:bob) }",
        [row("bob", claims="c2 c9"), row("bob", claims="c2 c9")],
    ),
    "distinct rows rest on every derivation": (
        "SELECT DISTINCT ?x { ?x id:knows|id:likes ?y }",
        [row("ann", claims="c1 c4 c7"), row("bob", claims="c2 c9"), row("cal", claims="c3")],
    ),
    "an unnamed node is a thing like others": (
        "SELECT ?x { ?x id:knows [ id:knows [] ] }",
        [row("ann", claims="c1 c2 c7"), row("bob", claims="c2 c3")],
    ),
    "an unnamed node in a filter is not one outside": (
        "SELECT ?x { { ?x id:age ?n } UNION { ?x id:likes [] } FILTER EXISTS { ?x id:knows [] } FILTER(?x = id:ann) }",
        [row("ann", claims="c1 c4 c5 c7"), row("ann", claims="c1 c4 c5 c7")],
    ),
    "a variable in the place of the property is no problem": (
        "SELECT ?p { id:bob ?p id:ann }",
        [row("likes", claims="c9")],
    ),
    "only the rows of a page are cited": (
        "SELECT ?x { ?x id:age ?n } ORDER BY DESC(?n) LIMIT 1",
        [row("bob", claims="c6")],
    ),
    "what stands before a page is not cited": (
        "SELECT ?x { ?x id:age ?n } ORDER BY DESC(?n) LIMIT 1 OFFSET 1",
        [row("ann", claims="c5")],
    ),
    "a query of nothing rests on nothing": ("SELECT (1 AS ?one) {}", [row("1")]),
    "prefixes and base are as the query declares them": (
        f"BASE <{terms.ID}> PREFIX i: <> SELECT ?y {{ <cal> i:knows ?y }}",
        [row("dan", claims="c3")],
    ),
}
TERMS: Cases = {
    "a text in a language": ('SELECT ?x { ?x id:name "Eve"@EN }', [row("eve", claims="c8")]),
    "a text in another language": ('SELECT ?x { ?x id:name "Eve"@fr }', []),
    "a literal keeps the form in which it is written": (
        'SELECT ?x { ?x id:code "07"^^id:code ; id:mark "x  y"^^xsd:token }',
        [row("eve", claims="c8")],
    ),
    "a number with leading zeros": ('SELECT ?x { ?x id:age "030"^^xsd:integer }', [row("ann", claims="c5")]),
    "a number as such": ("SELECT ?x { ?x id:age 30 }", [row("ann", claims="c5")]),
    "a literal among values": (
        'SELECT ?x ?v { VALUES ?v { "Ève"@fr "07"^^id:code } ?x ?p ?v }',
        [row("eve", "Ève", claims="c8"), row("eve", "07", claims="c8")],
    ),
}
PLACES: Cases = {
    "reference data are cited as such": ("SELECT ?x { ?x id:partOf id:land }", [row("town", refs="r")]),
    "a join of both rests on both": (
        "SELECT ?x { ?x id:livesIn ?where ; id:age ?n }",
        [row("ann", claims="c5", refs="r")],
    ),
    "the record of a claim is cited as the claim": (
        "SELECT ?c { ?c pact:modality pv:alleged } ORDER BY ?c",
        [row("claim:d-c10", claims="c10"), row("claim:d-c11", claims="c11")],
    ),
    "what is asked of a claim graph is cited as that claim": (
        "SELECT ?x ?g { GRAPH ?g { ?x id:knows id:ann } }",
        [row("dan", "claim:d-c10", claims="c10")],
    ),
    "each claim graph is a row of its own claim": (
        "SELECT ?g { GRAPH ?g { id:ann id:knows id:bob } } ORDER BY ?g",
        [
            row("claim:d-c1", claims="c1"),
            row("claim:d-c11", claims="c11"),
            row("claim:d-c7", claims="c7"),
        ],
    ),
    "a graph by its name": (
        "SELECT ?x { GRAPH claim:d-c3 { ?x id:knows ?y } }",
        [row("cal", claims="c3")],
    ),
    "what is said and how it is put, joined": (
        "SELECT ?x { GRAPH ?g { ?x id:knows ?y } ?g pact:modality pv:alleged } ORDER BY ?x",
        [row("ann", claims="c11"), row("dan", claims="c10")],
    ),
    "a graph that need only be there is cited": (
        "SELECT ?g { GRAPH ?g {} FILTER(?g IN (claim:d-c2, graph:reference\\/r)) } ORDER BY ?g",
        [row("claim:d-c2", claims="c2"), row("graph:reference/r", refs="r")],
    ),
    "an optional part in a graph": (
        "SELECT ?g ?l { GRAPH ?g { ?x id:age ?n } OPTIONAL { GRAPH ?h { ?x id:likes ?l FILTER(?l = id:cal) } } }",
        [row("claim:d-c5", "cal", claims="c4 c5"), row("claim:d-c6", None, claims="c6")],
    ),
}
ABSENCES: Cases = {
    "what MINUS leaves rests on absence": (
        "SELECT ?x { ?x id:age ?n MINUS { ?x id:likes id:cal } }",
        [row("bob", claims="c6", absence=True)],
    ),
    "what NOT EXISTS leaves rests on absence": (
        "SELECT ?x { ?x id:age ?n FILTER NOT EXISTS { ?x id:likes id:cal } }",
        [row("bob", claims="c6", absence=True)],
    ),
    "a denied EXISTS is a NOT EXISTS": (
        "SELECT ?x { ?x id:age ?n FILTER(!EXISTS { ?x id:likes id:cal }) }",
        [row("bob", claims="c6", absence=True)],
    ),
    "a denied NOT EXISTS is an EXISTS": (
        "SELECT ?x { ?x id:age ?n FILTER(!(NOT EXISTS { ?x id:likes id:cal })) }",
        [row("ann", claims="c4 c5")],
    ),
    "an optional part that must not match is an absence too": (
        "SELECT ?x { ?x id:age ?n OPTIONAL { ?x id:likes ?l FILTER(?l = id:cal) } FILTER(!BOUND(?l)) }",
        [row("bob", claims="c6", absence=True)],
    ),
    "of a union only the branch with the absence rests on it": (
        "SELECT ?x { { ?x id:age 40 FILTER NOT EXISTS { ?x id:knows id:ann } } UNION { ?x id:age 30 } } ORDER BY ?x",
        [row("ann", claims="c5"), row("bob", claims="c6", absence=True)],
    ),
    "an absence rests on what keeps it empty": (
        "SELECT ?x { ?x id:age 30 FILTER NOT EXISTS { ?x id:likes ?y FILTER NOT EXISTS { ?y id:knows ?z } } }",
        [row("ann", claims="c3 c5", absence=True)],
    ),
    "an absence that nothing needs to keep empty rests on nothing more": (
        "SELECT ?x { ?x id:age 30 FILTER NOT EXISTS { ?x id:hates ?y FILTER NOT EXISTS { ?y id:knows ?z } } }",
        [row("ann", claims="c5", absence=True)],
    ),
    "MINUS rests on what keeps it from taking out": (
        "SELECT ?x { ?x id:age 30 MINUS { ?x id:likes ?y MINUS { ?y id:knows ?z } } }",
        [row("ann", claims="c3 c5", absence=True)],
    ),
    "an optional part that keeps an absence empty": (
        "SELECT ?x { ?x id:age 30 FILTER NOT EXISTS { ?x id:likes ?y OPTIONAL { ?y id:knows ?z } FILTER(!BOUND(?z)) }}",
        [row("ann", claims="c3 c5", absence=True)],
    ),
    "two absences at once": (
        "SELECT ?x { ?x id:age ?n FILTER(NOT EXISTS { ?x id:knows id:ann } && NOT EXISTS { ?x id:likes id:cal }) }",
        [row("bob", claims="c6", absence=True)],
    ),
}
CONDITIONS: Cases = {
    "EXISTS rests on all that it matches": (
        "SELECT ?x { ?x id:age ?n FILTER EXISTS { ?x id:knows|id:likes ?y } }",
        [row("ann", claims="c1 c4 c5 c7"), row("bob", claims="c2 c6 c9")],
    ),
    "EXISTS with a join, an optional part and a path": (
        "SELECT ?x { ?x id:age 30 FILTER EXISTS { ?x id:knows/id:knows ?z OPTIONAL { ?z id:knows ?w } } }",
        [row("ann", claims="c1 c2 c3 c5 c7")],
    ),
    "an IF rests on the EXISTS that chose": (
        'SELECT ?x ?t { ?x id:age ?n BIND(IF(EXISTS { ?x id:likes id:cal }, "yes", "no") AS ?t) }',
        [row("ann", "yes", claims="c4 c5"), row("bob", "no", claims="c6", absence=True)],
    ),
    "an IF rests on the match that a NOT EXISTS found": (
        'SELECT ?x ?t { ?x id:age ?n BIND(IF(NOT EXISTS { ?x id:likes id:cal }, "no", "yes") AS ?t) }',
        [row("ann", "yes", claims="c4 c5"), row("bob", "no", claims="c6", absence=True)],
    ),
    "the branch of an IF that was not taken does not count": (
        "SELECT ?x ?t { ?x id:age ?n BIND(IF(?n > 35, EXISTS { ?x id:likes ?y }, EXISTS { ?x id:hates ?y }) AS ?t) }",
        [row("ann", "false", claims="c5", absence=True), row("bob", "true", claims="c6 c9")],
    ),
    "a disjunction that holds without EXISTS needs none": (
        "SELECT ?x { ?x id:age ?n FILTER(?n = 30 || EXISTS { ?x id:likes ?y }) }",
        [row("ann", claims="c5"), row("bob", claims="c6 c9")],
    ),
    "a disjunction of two EXISTS rests on those that match": (
        "SELECT ?x { ?x id:age ?n FILTER(EXISTS { ?x id:likes id:ann } || EXISTS { ?x id:likes id:cal }) }",
        [row("ann", claims="c4 c5"), row("bob", claims="c6 c9")],
    ),
    "a disjunction that holds without an absence has none": (
        "SELECT ?x { ?x id:age ?n FILTER(?n = 30 || NOT EXISTS { ?x id:likes id:cal }) }",
        [row("ann", claims="c5"), row("bob", claims="c6", absence=True)],
    ),
    "a false conjunction rests on the part that failed": (
        "SELECT ?x ?t { ?x id:age ?n BIND(EXISTS { ?x id:likes ?y } && NOT EXISTS { ?x id:likes id:cal } AS ?t) }",
        [row("ann", "false", claims="c4 c5"), row("bob", "true", claims="c6 c9", absence=True)],
    ),
    "EXISTS compared with a value": (
        "SELECT ?x { ?x id:age ?n FILTER(EXISTS { ?x id:likes id:cal } = false) }",
        [row("bob", claims="c6", absence=True)],
    ),
    "EXISTS as a column": (
        "SELECT ?x (EXISTS { ?x id:likes id:cal } AS ?t) { ?x id:age ?n }",
        [row("ann", "true", claims="c4 c5"), row("bob", "false", claims="c6", absence=True)],
    ),
    "EXISTS in the filter of an optional part": (
        "SELECT ?x ?y { ?x id:age ?n OPTIONAL { ?x id:knows ?y FILTER(?n = 40 || EXISTS { ?x id:hates ?z }) } }",
        [row("ann", None, claims="c5"), row("bob", "cal", claims="c2 c6")],
    ),
    "EXISTS inside EXISTS": (
        "SELECT ?x { ?x id:age ?n FILTER EXISTS { ?x id:knows ?y FILTER EXISTS { ?y id:likes ?x } } }",
        [row("ann", claims="c1 c5 c7 c9")],
    ),
    "EXISTS sees the variables of its own group only": (
        "SELECT ?x ?y { { ?x id:age 30 FILTER EXISTS { ?x id:likes ?y } } ?x id:knows ?y }",
        [row("ann", "bob", claims="c1 c4 c5 c7")],
    ),
    "a sub-query in EXISTS sees only what it projects": (
        "SELECT ?x { ?x id:age 40 FILTER EXISTS { SELECT ?z { ?x id:likes ?z FILTER(?z = id:cal) } } }",
        [row("bob", claims="c4 c6")],
    ),
    "values in EXISTS hold a variable to what it is outside": (
        "SELECT ?x { ?x id:age ?n FILTER EXISTS { VALUES ?x { UNDEF id:eve } ?x id:likes id:cal } }",
        [row("ann", claims="c4 c5")],
    ),
    "MINUS in EXISTS": (
        "SELECT ?x { ?x id:age ?n FILTER EXISTS { ?y id:knows id:dan MINUS { ?x id:likes id:cal } } }",
        [row("bob", claims="c3 c6", absence=True)],
    ),
}
GROUPS: Cases = {
    "a count rests on everything that is counted": (
        "SELECT ?x (COUNT(?y) AS ?n) { ?x id:knows|id:likes ?y } GROUP BY ?x ORDER BY ?x",
        [row("ann", "2", claims="c1 c4 c7"), row("bob", "2", claims="c2 c9"), row("cal", "1", claims="c3")],
    ),
    "the least of several rests on all of them": (
        "SELECT (MIN(?n) AS ?least) { ?x id:age ?n }",
        [row("30", claims="c5 c6")],
    ),
    "texts put together rest on all of them": (
        'SELECT (GROUP_CONCAT(STR(?n); SEPARATOR=", ") AS ?all) { id:ann id:age ?n }',
        [row("30", claims="c5")],
    ),
    "only the groups that are left are cited": (
        "SELECT ?x { ?x id:knows|id:likes ?y } GROUP BY ?x HAVING (COUNT(*) > 1 && MAX(?y) = id:cal) ORDER BY ?x",
        [row("ann", claims="c1 c4 c7"), row("bob", claims="c2 c9")],
    ),
    "two groups that give one row are both cited": (
        "SELECT DISTINCT (COUNT(*) AS ?n) { ?x id:age ?m } GROUP BY ?x",
        [row("1", claims="c5 c6")],
    ),
    "a computed key": (
        "SELECT ?old (COUNT(*) AS ?n) { ?x id:age ?m } GROUP BY (?m > 35 AS ?old) ORDER BY ?old",
        [row("false", "1", claims="c5"), row("true", "1", claims="c6")],
    ),
    "a computed key without a name": (
        "SELECT (COUNT(*) AS ?n) { ?x id:age ?m } GROUP BY (?m > 0)",
        [row("2", claims="c5 c6")],
    ),
    "values behind a grouped query choose among the groups": (
        "SELECT ?x (COUNT(*) AS ?n) { ?x id:age ?m } GROUP BY ?x VALUES ?x { id:bob }",
        [row("bob", "1", claims="c6")],
    ),
    "a count of nothing rests on absence": (
        "SELECT (COUNT(*) AS ?n) { ?x id:hates ?y }",
        [row("0", absence=True)],
    ),
    "an optional part of a group": (
        "SELECT (COUNT(?l) AS ?n) { ?x id:age ?m OPTIONAL { ?x id:likes ?l FILTER(?l = id:cal) } }",
        [row("1", claims="c4 c5 c6")],
    ),
    "distinct values are counted once and cited always": (
        "SELECT (COUNT(DISTINCT ?x) AS ?n) (SUM(DISTINCT ?one) AS ?s) { ?x id:knows id:bob BIND(1 AS ?one) }",
        [row("1", "1", claims="c1 c7")],
    ),
    "a sample rests on the whole group": (
        "SELECT (SAMPLE(?x) AS ?some) { ?x id:age 30 }",
        [row("ann", claims="c5")],
    ),
}
SUB_QUERIES: Cases = {
    "a row of a sub-query is cited in turn": (
        "SELECT ?x ?y { { SELECT DISTINCT ?x { ?x id:likes ?z } } ?x id:knows ?y } ORDER BY ?x",
        [row("ann", "bob", claims="c1 c4 c7"), row("bob", "cal", claims="c2 c9")],
    ),
    "a sub-query with a limit": (
        "SELECT ?x ?y { { SELECT ?x { ?x id:age ?n } ORDER BY DESC(?n) LIMIT 1 } ?x id:knows ?y }",
        [row("bob", "cal", claims="c2 c6")],
    ),
    "a sub-query with an offset": (
        "SELECT ?x { { SELECT ?x { ?x id:age ?n } ORDER BY DESC(?n) OFFSET 1 } }",
        [row("ann", claims="c5")],
    ),
    "a sub-query that groups": (
        "SELECT ?x ?n { { SELECT ?x (COUNT(*) AS ?n) { ?x id:knows|id:likes ?y } GROUP BY ?x } FILTER(?n = 1) }",
        [row("cal", "1", claims="c3")],
    ),
    "a sub-query that groups by what it does not show": (
        "SELECT ?n ?x { { SELECT (COUNT(*) AS ?n) { ?x id:age ?m } GROUP BY ?x } ?x id:age 30 }",
        [row("1", "ann", claims="c5 c6"), row("1", "ann", claims="c5 c6")],
    ),
    "a sub-query as the whole pattern": (
        "SELECT (STR(?n) AS ?s) { SELECT ?n { ?x id:age ?n } } ORDER BY ?s",
        [row("30", claims="c5"), row("40", claims="c6")],
    ),
    "a sub-query as the whole pattern, and values": (
        "SELECT ?n { SELECT ?n { ?x id:age ?n } } VALUES ?n { 40 }",
        [row("40", claims="c6")],
    ),
    "a sub-query with values of its own": (
        "SELECT ?x { { SELECT ?x { ?x id:age ?n } VALUES ?n { 40 } } }",
        [row("bob", claims="c6")],
    ),
    "a sub-query in a sub-query": (
        "SELECT ?x { { SELECT ?x { { SELECT ?x ?n { ?x id:age ?n } } FILTER(?n > 35) } } }",
        [row("bob", claims="c6")],
    ),
    "a sub-query that leaves a variable open": (
        "SELECT ?x ?l { ?x id:likes ?l { SELECT ?x ?l { ?x id:age ?n OPTIONAL { ?x id:hates ?l } } } } ORDER BY ?x",
        [row("ann", "cal", claims="c4 c5"), row("bob", "ann", claims="c6 c9")],
    ),
    "an optional sub-query": (
        "SELECT ?x ?l { ?x id:age ?n OPTIONAL { SELECT ?x ?l { ?x id:likes ?l FILTER(?l = id:cal) } } }",
        [row("ann", "cal", claims="c4 c5"), row("bob", None, claims="c6")],
    ),
    "a sub-query in a graph": (
        "SELECT ?x { GRAPH claim:d-c10 { SELECT ?x { ?x id:knows ?y } LIMIT 1 } }",
        [row("dan", claims="c10")],
    ),
    "a grouped sub-query in a graph": (
        "SELECT ?n { GRAPH claim:d-c10 { SELECT (COUNT(?x) AS ?n) { ?x id:knows ?y } } }",
        [row("1", claims="c10")],
    ),
    "a sub-query in any graph": (
        "SELECT ?x { GRAPH ?g { SELECT DISTINCT ?x { ?x id:knows id:ann } } }",
        [row("dan", claims="c10")],
    ),
}
CASES = PATTERNS | TERMS | PLACES | ABSENCES | CONDITIONS | GROUPS | SUB_QUERIES


@pytest.mark.parametrize("name", CASES)
def test_a_row_rests_on_what_a_person_says_it_does(name: str, people: EmbeddedStore) -> None:
    text, expected = CASES[name]

    found = citing(people, text)

    if "ORDER BY" not in text:
        found, expected = sorted(found, key=repr), sorted(expected, key=repr)
    assert found == expected


@pytest.mark.parametrize(
    "expression",
    [
        *("?n + 1 - 2 * 3 / 4", "1 -1", "-?n + +2", "2-1-1", "(1 + 2) * 3", "?n > 1 && !(?n < 2) || ?n = 3", "!true"),
        *("?n IN (30, 40)", "?n NOT IN (1)", "1 IN ()", "?n >= 1", "?n != 2", "ABS(?n)", "CEIL(1.5)", "FLOOR(1.5)"),
        *(
            "ROUND(2.5)",
            'CONCAT("a", "b\\n\\"c\\t", STR(?n))',
            'SUBSTR("abc", 2)',
            'SUBSTR("abc", 2, 1)',
            "STRLEN('é')",
        ),
        *('REPLACE("abab", "B", "x", "i")', 'REPLACE("a", "a", "\\\\$")', 'REGEX("abc", "^A", "i")', 'UCASE("é")'),
        *('LCASE("É")', 'ENCODE_FOR_URI("a b")', 'CONTAINS("abc", "b")', 'STRSTARTS("abc", "a")', 'STRENDS("a", "a")'),
        *('STRBEFORE("abc", "b")', 'STRAFTER("abc", "b")', "YEAR('2020-01-02T03:04:05Z'^^xsd:dateTime)", "STR(id:ann)"),
        *("MONTH(?d)", "DAY(?d)", "HOURS(?d)", "MINUTES(?d)", "SECONDS(?d)", "TZ(?d)", "TIMEZONE(?d)", 'MD5("a")'),
        *('SHA1("a")', 'SHA256("a")', 'SHA384("a")', 'SHA512("a")', "COALESCE(?none, ?n)", "IF(?n > 35, 1, 2)"),
        *('STRLANG("a", "en")', 'STRDT("1", xsd:integer)', "SAMETERM(?n, 30)", "ISIRI(?x)", "ISURI(?x)", "ISBLANK(?x)"),
        *("ISLITERAL(?n)", "ISNUMERIC(?n)", "LANG('a'@en)", "LANGMATCHES(LANG('a'@en-GB), 'EN')", "DATATYPE(?n)"),
        *(
            "BOUND(?n)",
            "IRI('http://e.org/a')",
            "URI('http://e.org/a')",
            'xsd:integer("7")',
            "xsd:string(?n)",
            "'''a'b'''",
        ),
        *("1e3", "1.50", "007", "true", '"a"@en-GB', '"# no comment"', '"SERVICE"', "<http://e.org/#a>"),
    ],
)
def test_an_expression_means_the_same_when_it_is_written_anew(expression: str, people: EmbeddedStore) -> None:
    text = (
        'SELECT ?v { ?x id:age ?n BIND("2020-01-02T03:04:05Z"^^xsd:dateTime AS ?d) '
        f"BIND({expression} AS ?v) }} # a comment }}"
    )

    found = citing(people, text)

    assert len(found) == 2
    assert {each.claims for each in found} <= {"c5", "c6", "c5 c6"}


def test_a_record_names_how_many_claims_there_are_in_the_curators_order() -> None:
    store = facts_of({f"c{number}": f"id:x{number} id:p id:y ." for number in (10, 9, 100, 1)})

    [found] = citing(store, "SELECT (COUNT(*) AS ?n) { ?x id:p ?y }")

    assert found.claims == "c1 c9 c10 c100"


def test_an_absence_says_what_was_looked_for(people: EmbeddedStore) -> None:
    _, [minus] = rows_and_citations(people, "SELECT ?x { ?x id:age 40 MINUS { ?x id:likes id:cal } }")
    _, [exists] = rows_and_citations(people, "SELECT ?x { ?x id:age 40 FILTER NOT EXISTS { ?x id:hates [] } }")
    _, [optional] = rows_and_citations(
        people, "SELECT ?x { ?x id:age 40 OPTIONAL { ?x id:hates ?y } FILTER(!BOUND(?y)) }"
    )

    assert minus.absences == (f"{{ ?x <{terms.ID}likes> <{terms.ID}cal> . }}",)
    assert exists.absences == (f"{{ ?x <{terms.ID}hates> _:b1 . }}",)
    assert optional.absences == (f"{{ ?x <{terms.ID}hates> ?y . }}",)


def test_an_empty_path_rests_on_a_claim_that_names_the_thing(people: EmbeddedStore) -> None:
    found = citing(people, "SELECT ?y { id:cal id:knows? ?y }")

    rows = {each.row: each.claims for each in found}
    assert rows[("dan",)] == "c3"
    assert rows[("cal",)] in ("c2", "c3", "c4")


def test_what_a_row_says_is_told_apart_from_who_said_it(people: EmbeddedStore) -> None:
    _, [content] = rows_and_citations(people, "SELECT ?x { ?x id:age 30 }")
    _, [record] = rows_and_citations(people, f"SELECT ?m {{ <{terms.CLAIM}d-c5> pact:modality ?m }}")

    assert [each.iri for each in content.claims] == [each.iri for each in record.claims] == [terms.CLAIM + "d-c5"]
    assert (set(content.contents), set(record.contents)) == ({terms.CLAIM + "d-c5"}, set())


def test_many_rows_are_cited_in_the_order_of_the_rows() -> None:
    store = facts_of({f"c{number}": f"id:x{number} id:p {number} ." for number in range(1, 301)})

    found = citing(store, "SELECT ?x { ?x id:p ?n } ORDER BY DESC(?n)")

    assert [(each.row[0], each.claims) for each in found] == [(f"x{n}", f"c{n}") for n in range(300, 0, -1)]


def test_a_row_that_the_query_does_not_give_is_not_cited(people: EmbeddedStore) -> None:
    stranger = (ox.NamedNode(terms.ID + "zoe"),)

    with pytest.raises(Uncitable, match=r"a row: its derivation was not found again \(<.*zoe>\)"):
        cite(people, "SELECT ?x { ?x id:age ?n }", ["x"], [stranger])


def test_a_triple_that_nobody_holds_is_not_cited(people: EmbeddedStore) -> None:
    triple = ox.Triple(*(ox.NamedNode(terms.ID + name) for name in ("ann", "hates", "bob")))

    with pytest.raises(Uncitable, match="a triple: no claim and no reference data hold"):
        cite_evidence(people, [Evidence({(triple, None)})])


def test_a_claim_without_a_record_is_not_cited() -> None:
    a, p, b = (ox.NamedNode(terms.ID + name) for name in "apb")
    store = store_of([], more=[ox.Quad(a, p, b, ox.NamedNode(terms.CLAIM + "d-c1"))])

    with pytest.raises(Uncitable, match="a claim: claim:d-c1 has no record"):
        citing(store, "SELECT ?x { GRAPH ?g { ?x id:p ?y } }")


# --- what is refused ----------------------------------------------------------------------------------

REFUSED = {
    "SERVICE": ("SELECT ?x {\n  ?x id:age ?n\n  SERVICE id:there { ?x id:knows ?y }\n}", "line 3, column 3"),
    "FROM": ("SELECT ?x\nFROM graph:reference\\/r { ?x id:livesIn ?y }", "line 2, column 1"),
    "CONSTRUCT": ("CONSTRUCT { ?x id:p ?y } WHERE { ?x id:knows ?y }", "line 1, column 1"),
    "ASK": ("ASK { ?x id:knows ?y }", "line 1, column 1"),
    "DESCRIBE": ("DESCRIBE id:ann", "line 1, column 1"),
    "RAND()": ("SELECT ?x (RAND() AS ?r) { ?x id:age ?n }", "line 1, column 12"),
    "NOW()": ("SELECT ?x { ?x id:age ?n BIND(NOW() AS ?now) }", "line 1, column 31"),
    "UUID()": ("SELECT ?x { ?x id:age ?n FILTER(ISIRI(UUID())) }", "line 1, column 39"),
    "STRUUID()": ("SELECT ?x { ?x id:age ?n FILTER EXISTS { BIND(STRUUID() AS ?s) } }", "line 1, column 47"),
    "BNODE()": ("SELECT (BNODE() AS ?b) { ?x id:age ?n }", "line 1, column 9"),
    "!(^…)": ("SELECT ?x { ?x !(^id:knows) ?y }", "line 1, column 16"),
    "SELECT * in a sub-query": ("SELECT ?x { { SELECT * { ?x id:age ?n } } }", "line 1, column 15"),
    "EXISTS beside an aggregate": (
        "SELECT (COUNT(*) AS ?n) (EXISTS { id:ann id:age ?m } AS ?e) { ?x id:age ?n2 }",
        "line 1, column 26",
    ),
    "LIMIT inside EXISTS": (
        "SELECT ?x { ?x id:age ?n FILTER EXISTS { SELECT ?x { ?x id:knows ?y } LIMIT 1 } }",
        "line 1, column 71",
    ),
    "BIND(… AS ?n) inside EXISTS": (
        "SELECT ?x { ?x id:age ?n FILTER EXISTS { ?x id:knows ?y BIND(1 AS ?n) } }",
        "line 1, column 57",
    ),
}


@pytest.mark.parametrize("construct", REFUSED)
def test_what_cannot_be_cited_completely_is_refused_by_name_and_place(construct: str, people: EmbeddedStore) -> None:
    text, place = REFUSED[construct]

    with pytest.raises(Uncitable, match="cannot be cited completely") as refused:
        cite(people, text, ["x"], [(ox.NamedNode(terms.ID + "ann"),)])

    assert str(refused.value).startswith(f"{place}: this query cannot be cited completely: {construct}: ")
    assert refused.value.exit_code == 1


def test_a_construct_in_a_text_or_a_comment_is_not_its_place(people: EmbeddedStore) -> None:
    text = "SELECT ?x { # RAND()\n ?x id:name \"RAND()\", '''RAND()\n''' ; id:RAND ?y FILTER(RAND() > 0) }"

    with pytest.raises(Uncitable, match=r"^line 3, column 25: .*: RAND\(\): "):
        cite(people, text, ["x"], [(ox.NamedNode(terms.ID + "ann"),)])


@pytest.mark.parametrize("construct", [name for name in REFUSED if not name.startswith("BIND")])
@pytest.mark.parametrize("form", ["table", "json", "csv", "md"])
def test_a_refused_query_prints_nothing_but_the_reason(
    construct: str, form: str, store_folder: object, kg: Runner
) -> None:
    text, _ = REFUSED[construct]

    ran = kg("sparql", "--cite", "--query", text, "--format", form, "--store", str(store_folder))

    assert ran.out == ""
    assert construct.partition("(")[0] in ran.err
    # That SERVICE is refused is so with and without citations; it is then the call that is wrong.
    assert ran.code == (2 if construct == "SERVICE" else 1)


def test_a_query_that_is_refused_with_citations_is_answered_without(store_folder: object, kg: Runner) -> None:
    ran = kg("sparql", "--query", "SELECT (RAND() < 2 AS ?x) {}", "--store", str(store_folder))

    assert (ran.code, ran.err) == (0, "")
    assert "found: 1 row" in ran.out
