"""SPARQL texts: their form told rightly, other servers and updates refused, errors shown at their place."""

from __future__ import annotations

import time

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg import sparql, terms
from kg.errors import KgError, QuerySyntaxError, ReadOnly
from kg.store import evaluate

ELSEWHERE = "<http://localhost:9/sparql>"


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("SELECT * { ?s ?p ?o }", "SELECT"),
        ("select ?s { ?s ?p ?o }", "SELECT"),
        ("SELECT?s{?s?p?o}", "SELECT"),
        ("ASK { ?s ?p ?o }", "ASK"),
        ("ASK{}", "ASK"),
        ("CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }", "CONSTRUCT"),
        ("DESCRIBE id:sv", "DESCRIBE"),
        ("PREFIX ex: <http://example.org/> SELECT * { ?s ex:insert ?o }", "SELECT"),
        (
            "PREFIX ask: <http://example.org/ask#>\nBASE <http://example.org/>\nCONSTRUCT { ?s ask:b ?o } { ?s ?p ?o }",
            "CONSTRUCT",
        ),
        ("# ASK this: INSERT\nSELECT * { ?s ?p ?o }", "SELECT"),
        ("# a comment ended by a carriage return\rASK { ?s ?p ?o }", "ASK"),
        ("SELECT ?service { ?service ?insert $drop }", "SELECT"),
        ('SELECT * { ?s ?p "SERVICE <x> { DROP ALL }" }', "SELECT"),
        ("SELECT * { ?s ?p '''SERVICE ' \" { }''' }", "SELECT"),
        ('SELECT * { ?s ?p """a "quoted" SERVICE""" }', "SELECT"),
        ('SELECT * { ?s ?p "an escaped \\" SERVICE" }', "SELECT"),
        ("SELECT * { ?s <http://example.org/SERVICE#INSERT> ?o }", "SELECT"),
        ("SELECT * { ?s ex:service ?o ; ex:a.service ?p ; ex:b:SERVICE ?q }", "SELECT"),
        ('SELECT * { ?s ?p "x"@service-en }', "SELECT"),
        ("SELECT * { { SELECT ?s { ?s ?p ?o } LIMIT 1 } ?s ?p ?o }", "SELECT"),
        ("SELECT * { ?s ?p ?o } # SERVICE", "SELECT"),
        ("SELECT * { FILTER(?a<?b&&?c>?d) ?s ?p ?o }", "SELECT"),
    ],
)
def test_the_form_is_the_first_keyword_that_is_one(text: str, form: str) -> None:
    assert sparql.form_of(text) == form


@pytest.mark.parametrize(
    "text",
    [
        f"SELECT * {{ SERVICE {ELSEWHERE} {{ ?s ?p ?o }} }}",
        f"SELECT * {{ service silent {ELSEWHERE} {{ ?s ?p ?o }} }}",
        f"SELECT * {{ SERVICE{ELSEWHERE}{{ ?s ?p ?o }} }}",
        f"SELECT * {{ SERVICESILENT{ELSEWHERE}{{ ?s ?p ?o }} }}",
        "SELECT * { SERVICE?g { ?s ?p ?o } }",
        "PREFIX ex: <http://localhost:9/> SELECT * { SERVICEex:sparql { ?s ?p ?o } }",
        "PREFIX : <http://localhost:9/> SELECT * { SERVICE:sparql { ?s ?p ?o } }",
        "PREFIX ex: <http://localhost:9/> PREFIX SERVICEex: <http://e/> SELECT * { SERVICEex:sparql { ?s ?p ?o } }",
        f"SELECT * {{ ?s ?p true SERVICE {ELSEWHERE} {{ ?s ?p ?o }} }}",
        f"SELECT * {{ ?s ?p trueSERVICE{ELSEWHERE}{{ ?s ?p ?o }} }}",
        f"SELECT * {{ ?s ?p 1SERVICE{ELSEWHERE}{{ ?s ?p ?o }} }}",
        f"SELECT * {{ ?s ?p ?o.SERVICE {ELSEWHERE} {{ ?s ?p ?o }} }}",
        f"SELECT * {{ # a comment\rSERVICE {ELSEWHERE} {{ ?s ?p ?o }} }}",
        f'SELECT * {{ ?s ?p "#" SERVICE {ELSEWHERE} {{ ?s ?p ?o }} }}',
        f"SELECT * {{ \\u0053ERVICE {ELSEWHERE} {{ ?s ?p ?o }} }}",
        f'SELECT * {{ ?s ?p "\\u0022 . SERVICE {ELSEWHERE} {{ ?s ?p ?o }} #" }}',
        f"SELECT * {{ OPTIONAL {{ {{ SELECT * {{ SERVICE {ELSEWHERE} {{ ?s ?p ?o }} }} }} }} }}",
        f"ASK {{ FILTER EXISTS {{ SERVICE {ELSEWHERE} {{ ?s ?p ?o }} }} }}",
    ],
)
def test_no_query_calls_another_server(text: str) -> None:
    with pytest.raises(ReadOnly, match="calls another server"):
        sparql.form_of(text)


@given(st.text("SELECT*{}?sp o.:<>\"'#\r\n\\EeRrVvIiCcé/|@^1", max_size=40))
def test_no_query_that_the_engine_reads_reaches_another_server(noise: str) -> None:
    text = f"SELECT * {{ {noise} SERVICE {ELSEWHERE} {{ ?s ?p ?o }} }}"

    try:
        sparql.form_of(text)
    except ReadOnly:
        return
    found = _evaluated(text)

    assert found is None or ("HTTP" not in found and "onnect" not in found)


def _evaluated(text: str) -> str | None:
    """Return the engine's complaint about a query, or None where it answers."""
    engine = ox.Store()
    try:
        list(engine.query(text))  # type: ignore[arg-type]
    except (SyntaxError, OSError, TypeError) as error:
        return str(error)
    return None


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("INSERT DATA { id:a id:b id:c }", "INSERT"),
        ("delete where { ?s ?p ?o }", "DELETE"),
        ("DROP ALL", "DROP"),
        ("PREFIX ex: <http://example.org/> # why\nCLEAR DEFAULT", "CLEAR"),
        ("LOAD <http://example.org/>", "LOAD"),
        ("WITH <http://example.org/> DELETE { ?s ?p ?o } WHERE { ?s ?p ?o }", "WITH"),
    ],
)
def test_an_update_is_named_and_refused(text: str, word: str) -> None:
    with pytest.raises(ReadOnly, match=rf"this is an update \({word}\)") as caught:
        sparql.form_of(text)

    assert "kg add" in (caught.value.mend or "")


@pytest.mark.parametrize("text", ["", "  \n ", "\t"])
def test_an_empty_query_is_called_empty(text: str) -> None:
    with pytest.raises(QuerySyntaxError, match="the query is empty"):
        sparql.form_of(text)


@pytest.mark.parametrize(
    ("text", "place", "line"),
    [
        ("SELEC * { ?s ?p ?o }", "line 1, column 1", "SELEC"),
        ("# why\nfoo bar", "line 2, column 1", "foo"),
        ("SELECT ?a {\n  ?a a pact:Agreement\n  ?a pact:party id:us }", "line 3, column 3", "?a pact:party"),
        ("SELECT *\n{ ?é ?ö ?ü . ?x } }", "line 2, column 14", "?x } }"),
        ("SELECT * { ?s ?p ?o } ; DROP ALL", "line 1, column 23", "; DROP ALL"),
        ("SELECT * {\n\t?s nope:x ?o }", "line 2, column 5", "nope:x"),
        ("SELECT ?x { FILTER(?x = ) }", "line 1, column 25", ") }"),
        ("SELECT ?x { ?x ?y 'open }", "line 1, column 26", ""),
        ("SELECT ?x { ?x ?y ?z } LIMIT x", "line 1, column 30", "x"),
    ],
)
def test_a_syntax_error_shows_line_column_and_the_place_itself(text: str, place: str, line: str) -> None:
    with pytest.raises(QuerySyntaxError) as caught:
        evaluate(ox.Store(), text)

    _, shown, mark = str(caught.value).splitlines()[:3]
    assert caught.value.where == place
    assert shown[mark.index("^") :].startswith(line)


def test_an_undeclared_prefix_is_named_with_those_that_are_built_in() -> None:
    with pytest.raises(QuerySyntaxError, match="the prefix nope: is not declared; built in are claim, "):
        evaluate(ox.Store(), "SELECT * { ?s nope:x ?o }")


def test_what_the_engine_has_words_for_is_said_in_them() -> None:
    with pytest.raises(QuerySyntaxError, match="Duplicated variable name in SELECT"):
        evaluate(ox.Store(), "SELECT (1 AS ?x) (2 AS ?x) {}")


def test_a_long_line_is_shown_around_the_place_only() -> None:
    text = "SELECT * { " + "?s ?p ?o . " * 2000 + "?x } }"

    with pytest.raises(QuerySyntaxError) as caught:
        evaluate(ox.Store(), text)

    assert max(map(len, str(caught.value).splitlines())) < 130


def test_a_query_that_is_not_unicode_is_an_error_and_no_crash() -> None:
    with pytest.raises(QuerySyntaxError, match="not Unicode"):
        evaluate(ox.Store(), "SELECT * { ?s ?p '\udcff' }")


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * { " + "{" * 5000 + "}" * 5000 + " }",
        "SELECT * { FILTER(" + "(" * 5000 + "1" + ")" * 5000 + ") }",
        "SELECT * { FILTER(" + "!" * 20_000 + "true) }",
        "SELECT * { " + "OPTIONAL { ?s ?p ?o } " * 5000 + "}",
        "SELECT * { ?s id:p" + "|id:p" * 20_000 + " ?o }",
        "SELECT * { FILTER(1" + " + 1" * 20_000 + ") }",
    ],
)
def test_a_query_on_which_the_engine_would_crash_is_refused(text: str) -> None:
    with pytest.raises(QuerySyntaxError, match="the query is too large"):
        evaluate(ox.Store(), text)


def test_a_long_list_of_values_is_no_large_query() -> None:
    rows = " ".join(f'(id:n{i} "text {i}"@en "{i}"^^xsd:integer)' for i in range(5000))

    found = evaluate(ox.Store(), f"SELECT * {{ VALUES (?a ?b ?c) {{ {rows} }} }}")

    assert isinstance(found, ox.QuerySolutions)
    assert len(list(found)) == 5000


@pytest.mark.parametrize("char", ["\0", "a", ".", "'", "<", ":", "é", "=", "\\"])
def test_megabytes_of_anything_are_refused_in_little_time(char: str) -> None:
    started = time.process_time()

    with pytest.raises(KgError):
        sparql.form_of(char * 2_000_000)

    assert time.process_time() - started < 5


def test_only_prefixes_that_a_query_does_not_declare_are_put_in_front() -> None:
    declared = "PREFIX id: <http://e.org/>\n# PREFIX pact: <http://e.org/>\n"
    text = declared + 'ASK { id:a pact:b pv:c, "PREFIX pv: <http://e.org/>" }'
    found = sparql.with_prefixes(text)

    assert found.endswith(text)
    front = found.removesuffix(text)
    assert "PREFIX id:" not in front
    assert f"PREFIX pact: <{terms.PACT}>" in front
    assert f"PREFIX pv: <{terms.PV}>" in front
    assert evaluate(ox.Store(), found) is not None


@given(st.text(max_size=30))
def test_a_serialised_text_is_one_value_and_reads_back_as_itself(text: str) -> None:
    literal = ox.Literal(text)

    [row] = ox.Store().query(f"SELECT ?x {{ VALUES ?x {{ {sparql.serialised(literal)} }} }}")  # type: ignore[misc]

    assert row["x"] == literal
