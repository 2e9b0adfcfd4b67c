"""Which queries get another form, which do not and why; that the rows are the same is in test_sparql_rewrite_rows."""

from __future__ import annotations

import io

import pyoxigraph as ox
import pytest
from worlds import facts_of

from kg import project, terms
from kg.answer import run
from kg.errors import QuerySyntaxError
from kg.sparql.rewrite import rewritten
from kg.store import evaluate
from kg.web.message import Request
from kg.web.protocol import operation, respond

AGREEMENT = "?a a pact:Agreement"
ENDED = "?e pact:eventOf ?a ; pact:eventType pv:termination"
ABSENT = f"FILTER NOT EXISTS {{ {ENDED} }}"
IN_TURN = "FILTER NOT EXISTS { ?e pact:eventOf ?a . LATERAL { ?e pact:eventType pv:termination . } }"
QUERY = f"SELECT ?a {{ {AGREEMENT} {ABSENT} }}"


# --- MINUS ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "new"),
    [
        (f"{AGREEMENT} {ABSENT}", f"{AGREEMENT} MINUS {{ {ENDED} }}"),
        (f"{AGREEMENT} . FILTER ( not exists {{ {ENDED} }} ) .", f"{AGREEMENT} . MINUS {{ {ENDED} }} ."),
        # A filter sees the whole group, MINUS what stands before it; filters may follow.
        (f"{ABSENT} {AGREEMENT}", f" {AGREEMENT} MINUS {{ {ENDED} }} "),
        (f"{AGREEMENT} {ABSENT} FILTER(?a != 1)", f"{AGREEMENT} MINUS {{ {ENDED} }} FILTER(?a != 1)"),
        (
            f"{AGREEMENT} {ABSENT} OPTIONAL {{ ?a skos:prefLabel ?t }}",
            f"{AGREEMENT}  OPTIONAL {{ ?a skos:prefLabel ?t }} MINUS {{ {ENDED} }} ",
        ),
        # The triples before and behind it stay apart, with one dot.
        (f"{AGREEMENT} {ABSENT} ?a ?p ?o", f"{AGREEMENT} . ?a ?p ?o MINUS {{ {ENDED} }} "),
        (f"{AGREEMENT} {ABSENT} . ?a ?p ?o", f"{AGREEMENT} . ?a ?p ?o MINUS {{ {ENDED} }} "),
        (f"{AGREEMENT} . {ABSENT} . ?a ?p ?o", f"{AGREEMENT} .  ?a ?p ?o MINUS {{ {ENDED} }} "),
        (
            f"{AGREEMENT} {ABSENT} FILTER NOT EXISTS {{ ?f pact:eventOf ?a ; a pact:Event }} ?a ?p ?o",
            f"{AGREEMENT}  . ?a ?p ?o MINUS {{ {ENDED} }} MINUS {{ ?f pact:eventOf ?a ; a pact:Event }} ",
        ),
        # What is surely bound on both sides: by both branches, in a graph, by values, behind an OPTIONAL.
        (
            f"{{ ?a a pact:Agreement }} UNION {{ ?a a pact:Policy }} {ABSENT}",
            f"{{ ?a a pact:Agreement }} UNION {{ ?a a pact:Policy }} MINUS {{ {ENDED} }}",
        ),
        (f"GRAPH ?g {{ {AGREEMENT} }} {ABSENT}", f"GRAPH ?g {{ {AGREEMENT} }} MINUS {{ {ENDED} }}"),
        (
            f"{AGREEMENT} FILTER NOT EXISTS {{ VALUES ?k {{ pv:termination }} ?e pact:eventOf ?a ; ?p ?k . ?e a ?c }}",
            f"{AGREEMENT} MINUS {{ VALUES ?k {{ pv:termination }} ?e pact:eventOf ?a ; ?p ?k . ?e a ?c }}",
        ),
        (
            f"{AGREEMENT} FILTER NOT EXISTS {{ ?e pact:eventOf ?a . ?e ?p ?d FILTER(?d > 2 && ?e != ?a) }}",
            f"{AGREEMENT} MINUS {{ ?e pact:eventOf ?a . ?e ?p ?d FILTER(?d > 2 && ?e != ?a) }}",
        ),
    ],
)
def test_not_exists_becomes_minus_at_the_end_of_the_group(where: str, new: str) -> None:
    found = rewritten(f"SELECT ?a {{ {where} }}").text

    assert found.split() == f"SELECT ?a {{ {new} }}".split()


def test_the_text_stays_to_the_letter_around_what_moves() -> None:
    head = "PREFIX : <https://example.org/#{> # NOT EXISTS {\nSELECT DISTINCT ?a WHERE {\n  ?a :kind ?k . # {\n"
    pattern = (
        "{ # why }\n    ?e :of ?a ; :in-part.of\\/x -1.5e3 , \"}\\\"\"@en, '''a 'quote'''^^:text .\n    ?e :next true }"
    )
    tail = "\n  ?a :of ?b ;; :kind ?c ; # }\n"

    new = rewritten(f"{head}  FILTER NOT EXISTS {pattern}{tail}}} ORDER BY ?a").text

    assert new == f"{head}  {tail}MINUS {pattern} }} ORDER BY ?a"


@pytest.mark.parametrize(
    ("where", "reason"),
    [
        # Scope and values: what is not surely there on both sides.
        (f"?x ?p ?o OPTIONAL {{ ?x pact:about ?a }} {ABSENT}", "?a need not have a value outside"),
        (f"?x ?p ?o OPTIONAL {{ {AGREEMENT} }} {ABSENT}", "?a need not have a value outside"),
        (f"{{ ?a ?p ?o }} UNION {{ ?b ?p ?o }} {ABSENT}", "?a need not have a value outside"),
        (f"?b ?p ?o BIND(IRI(?o) AS ?a) {ABSENT}", "?a need not have a value outside"),
        (f"?b ?p ?o VALUES ?a {{ UNDEF id:us }} {ABSENT}", "?a need not have a value outside"),
        (f"GRAPH ?a {{ VALUES ?o {{ 1 }} }} ?b ?p ?o {ABSENT}", "?a need not have a value outside"),
        (f"?b ?p ?o {{ SELECT (COUNT(*) AS ?a) {{ ?b ?p ?o }} }} {ABSENT}", "?a need not have a value outside"),
        (
            f"{AGREEMENT} FILTER NOT EXISTS {{ {{ ?e pact:eventOf ?a }} UNION {{ ?e pact:of ?b }} ?e ?p ?a . ?e a ?c "
            "OPTIONAL { ?e ?q ?a } }",
            "OPTIONAL stands in it",
        ),
        # What a filter inside sees of the outside, MINUS does not.
        (
            f"{AGREEMENT} ; pact:since ?s FILTER NOT EXISTS {{ {ENDED} ; pact:on ?d FILTER(?d < ?s) }}",
            "?s need not have a value inside",
        ),
        (
            f"{AGREEMENT} FILTER NOT EXISTS {{ {ENDED} {{ ?e pact:on ?d FILTER(?a != ?d) }} }}",
            "?a need not have a value where a filter in it asks for it",
        ),
        # What substitution does not go through.
        (f"{AGREEMENT} FILTER NOT EXISTS {{ {ENDED} MINUS {{ ?e a ?a }} }}", "MINUS stands in it"),
        (f"{AGREEMENT} FILTER NOT EXISTS {{ {ENDED} BIND(?a AS ?z) }}", "BIND stands in it"),
        (f"{AGREEMENT} FILTER NOT EXISTS {{ {ENDED} {{ SELECT ?e {{ ?e a ?c }} }} }}", "a sub-query stands in it"),
        (f"{AGREEMENT} FILTER NOT EXISTS {{ {ENDED} FILTER EXISTS {{ ?e a ?c }} }}", "EXISTS stands in it"),
        (f"{AGREEMENT} FILTER NOT EXISTS {{ {ENDED} . ?a pact:precedes* ?c }}", "a path in it may be empty"),
        # The place: MINUS belongs to the group, and is evaluated anew for each row elsewhere.
        (f"{AGREEMENT} FILTER EXISTS {{ {ENDED} }}", "only a FILTER NOT EXISTS of the WHERE group itself can be"),
        (f"{AGREEMENT} FILTER(?a != 1 || NOT EXISTS {{ {ENDED} }})", "only a FILTER NOT EXISTS"),
        (f"{AGREEMENT} FILTER(!(NOT EXISTS {{ {ENDED} }}))", "only a FILTER NOT EXISTS"),
        (f"?x ?p ?o OPTIONAL {{ {AGREEMENT} {ABSENT} }}", "only a FILTER NOT EXISTS of the WHERE group itself can be"),
        (f"{{ {AGREEMENT} {ABSENT} }} UNION {{ ?a a pact:Policy }}", "only a FILTER NOT EXISTS of the WHERE group"),
        (f"GRAPH ?g {{ {AGREEMENT} {ABSENT} }}", "only a FILTER NOT EXISTS of the WHERE group itself can be"),
        # Where few rows may be wanted, all matches of the pattern would be too many.
        (f"{AGREEMENT} ; pact:party id:us {ABSENT}", "may need few rows"),
        (f"{AGREEMENT} VALUES ?a {{ id:x }} {ABSENT}", "may need few rows"),
        (f"{AGREEMENT} {ABSENT} FILTER(?a = id:x)", "may need few rows"),
        (f"{AGREEMENT} {ABSENT} FILTER(?a IN (id:x))", "may need few rows"),
        (f"GRAPH graph:x {{ {AGREEMENT} }} {ABSENT}", "may need few rows"),
    ],
)
def test_minus_is_not_taken_where_rows_may_change_or_be_few(where: str, reason: str) -> None:
    new = rewritten(f"SELECT * {{ {where} }}")

    assert "MINUS" not in new.text.replace("MINUS { ?e a ?a }", "")
    assert any(reason in str(note) for note in new.notes), new.notes


@pytest.mark.parametrize(
    "text",
    [
        f"{QUERY} LIMIT 10",
        f"ASK {{ {AGREEMENT} {ABSENT} }}",
        f"{QUERY} VALUES ?b {{ id:x }}",
        f"SELECT (SAMPLE(?a) AS ?one) {{ {AGREEMENT} {ABSENT} }}",
        f"SELECT ?a {{ {AGREEMENT} BIND(RAND() AS ?r) {ABSENT} }}",
    ],
)
def test_minus_is_not_taken_where_the_order_or_number_of_rows_counts(text: str) -> None:
    new = rewritten(text)

    assert new.text == text.replace(ABSENT, IN_TURN)


def test_construct_and_describe_are_read_too() -> None:
    for head in ("CONSTRUCT { ?a pact:is pact:Open }", "DESCRIBE ?a", f"CONSTRUCT {{ }} FROM <{terms.ID}>"):
        text = f"{head} WHERE {{ {AGREEMENT} {ABSENT} }}"

        assert rewritten(text).text == text.replace("FILTER NOT EXISTS", "MINUS")


# --- LATERAL ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "new"),
    [
        # From what is known outside, whatever is written first; then what is given.
        ("?e a ?c . ?e pact:eventOf ?a", "?e pact:eventOf ?a . LATERAL { ?e a ?c . }"),
        (
            "?e ?p ?o . ?e pact:of ?a . ?e pact:eventType pv:x",
            "?e pact:of ?a . LATERAL { ?e pact:eventType pv:x . } LATERAL { ?e ?p ?o . }",
        ),
        ("?a ^pact:of ?e, ?f . ?e !a ?f", "?a ^pact:of ?e . LATERAL { ?a ^pact:of ?f . } LATERAL { ?e !a ?f . }"),
        ("?e pact:of ?a . GRAPH ?g { ?e ?p ?o }", "?e pact:of ?a . LATERAL { GRAPH ?g { ?e ?p ?o } }"),
        (
            "?e pact:of ?a FILTER(?s > ?o) ?e pact:on ?o",
            "?e pact:of ?a . LATERAL { ?e pact:on ?o . } FILTER(?s > ?o)",
        ),
        (
            "?e pact:of ?a ; a ?c FILTER NOT EXISTS { ?x a pact:Event . ?x pact:next ?e }",
            "?e pact:of ?a . LATERAL { ?e a ?c . } "
            "FILTER NOT EXISTS { ?x pact:next ?e . LATERAL { ?x a pact:Event . } }",
        ),
    ],
)
@pytest.mark.parametrize("asked", ["EXISTS", "NOT EXISTS"])
def test_patterns_are_looked_up_in_turn(pattern: str, new: str, asked: str) -> None:
    text = "SELECT ?a {{ ?a pact:party id:us ; pact:since ?s OPTIONAL {{ ?a ?r ?q FILTER({} {{ {} }}) }} }}"

    assert rewritten(text.format(asked, pattern)).text == text.format(asked, new)


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("?e pact:eventOf ?a", "not two triple patterns or more"),
        ("?a skos:prefLabel ?l ; pact:party ?s", "each of its triple patterns has a variable of the outside"),
        ("?e a ?c . ?e pact:on ?d", "none of its triple patterns has a variable of the outside"),
        ("[] pact:eventOf ?a . ?e a ?c", "blank nodes or lists stand in it"),
        ("_:e pact:eventOf ?a . _:e a ?c", "blank nodes or lists stand in it"),
        ("?e pact:eventOf ?a ; pact:next* ?f . ?f a ?c", "a path in it may be empty"),
        ("?e pact:eventOf ?a . ?e a ?c OPTIONAL { ?e ?p ?o }", "more than triple patterns and filters"),
        ("?e pact:eventOf ?a . ?e a ?c GRAPH ?g { }", "more than triple patterns and filters"),
        ("?e pact:eventOf ?a . ?e a ?c . " + "?e a ?c . " * 30, "more than 30 triple patterns"),
    ],
)
def test_a_pattern_stays_where_turns_do_not_help_or_cannot_be_told(pattern: str, reason: str) -> None:
    text = f"SELECT ?a {{ ?a pact:party id:us FILTER NOT EXISTS {{ {pattern} }} }}"
    new = rewritten(text)

    [note] = new.notes
    assert (new.text, note.form) == (text, "")
    assert reason in note.reason


@pytest.mark.parametrize(
    "where",
    [
        f"?a ?p ?o {{ ?b a ?c {ABSENT} }}",
        f"?a ?p ?o GRAPH ?g {{ ?b a ?c {ABSENT} }}",
        f"?x ?p ?o OPTIONAL {{ ?b a ?c {ABSENT} }} ?a ?p ?o",
        f"?a ?p ?o {{ SELECT ?b {{ ?b a ?c {ABSENT} }} }}",
        f"?b ?p ?o BIND(EXISTS {{ {ENDED} }} AS ?x) ?a ?p ?o",
        "GRAPH ?e { ?a a ?c FILTER NOT EXISTS { ?e pact:eventOf ?a ; a ?d } }",
    ],
)
def test_a_variable_with_a_value_elsewhere_only_keeps_the_query_as_written(where: str) -> None:
    """The engine lets such a filter see the value where it happens to join row by row."""
    text = f"SELECT * {{ {where} }}"
    new = rewritten(text)

    assert new.text == text
    assert "may have a value that is not seen from there" in new.kept


# --- what is left alone -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SELECT * { ?a ?b 'EXISTS' }",
        "EXISTS",
        "SELECT ?a { FILTER NOT EXISTS {",
        "SELECT ?a { ?a FILTER NOT EXISTS { ?a ?b ?c . ?c ?d ?e } }",
        f"SELECT ?a {{ SERVICE id:x {{ ?a ?b ?c }} {ABSENT} }}",
        f"SELECT ?a {{ ?a ?b ?c LATERAL {{ ?c ?d ?e }} {ABSENT} }}",
        f"SELECT ?a {{ ?a ?b << ?c ?d ?e >> {ABSENT} }}",
        f"SELECT ?a {{ ?a ?b ?c {{| ?d ?e |}} {ABSENT} }}",
        f"SELECT ?a {{ ?a \\u0061 ?c {ABSENT} }}",
        "SELECT ?a { ?a ?b ?c " + "{ " * 2000 + ABSENT + " }" * 2001,
        f"SELECT ?a {{ ?a ?b ?c {{ SELECT (EXISTS {{ {ENDED} }} AS ?x) {{ ?c ?d ?e }} }} }}",
        f"INSERT {{ ?a a ?b }} WHERE {{ ?a a ?b {ABSENT} }}",
        f"SELECT ?a {{ {AGREEMENT} {ABSENT} }} # {'long ' * 4000}",
    ],
)
def test_what_is_not_surely_understood_stays_as_it_is(text: str) -> None:
    new = rewritten(text)

    assert new.text == text
    assert new.notes == ()


def test_every_saved_question_and_check_is_read() -> None:
    files = [*project.question_files(), *(project.root() / "ontology" / "checks").glob("*.rq")]

    unread = {path.name: new.kept for path in files if (new := rewritten(path.read_text(encoding="utf-8"))).kept}

    assert len(files) > 50
    assert [name for name, reason in unread.items() if "not seen from there" not in reason] == []


# --- the doors --------------------------------------------------------------------------------------------------------


CLAIMS = {
    "c1": "id:one a pact:Agreement . id:two a pact:Agreement .",
    "c2": "id:end pact:eventOf id:one ; pact:eventType pv:termination .",
    "c3": "id:start pact:eventOf id:two ; pact:eventType pv:signature .",
}


def test_a_query_is_cited_as_it_was_written() -> None:
    found = run(facts_of(CLAIMS), QUERY, cited=True)

    assert rewritten(QUERY).text != QUERY
    assert (found.rows, found.query) == (((ox.NamedNode(terms.ID + "two"),),), QUERY)
    [citation] = found.citations or ()
    assert citation.contents == {terms.CLAIM + "d-c1"}


@pytest.mark.parametrize("rewrite", [True, False])
def test_a_mistake_is_told_where_it_stands_in_the_query_as_written(rewrite: bool) -> None:
    text = f"SELECT ?a {{\n  {AGREEMENT}\n  {ABSENT}\n  ?a pact:party ?b .\n}} ORDER BOY ?a"

    with pytest.raises(QuerySyntaxError) as caught:
        evaluate(ox.Store(), text, rewrite=rewrite)

    assert rewritten(text).text != text
    assert str(caught.value.where).startswith("line 5, column ")


@pytest.mark.parametrize(("parameters", "looks"), [((), 1), ((("rewrite", "no"),), 0)])
def test_a_request_can_have_its_query_run_as_written(parameters: tuple[tuple[str, str], ...], looks: int) -> None:
    rewritten.cache_clear()

    asked = operation(Request(query=(("query", QUERY), *parameters)))
    response = respond(facts_of(CLAIMS).engine, asked, "text/csv")

    body = io.BytesIO()
    assert callable(response.body)
    response.body(body)
    assert body.getvalue().split() == [b"a", f"{terms.ID}two".encode()]
    assert rewritten.cache_info().misses == looks
