"""The rows of a query and of its rewriting, held equal over random small datasets and random queries."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator

import pyoxigraph as ox
import pytest
import rdflib
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pyparsing import ParseException

from kg.sparql import rewrite
from kg.sparql.rewrite import rewritten

EXAMPLES = 2000 if os.environ.get("CI") else 800
BASE = "https://example.org/"
PREFIX = f"PREFIX : <{BASE}>\n"
NODES = [":n1", ":n2", "1", '"n1"']
GRAPHS = ["", "", ":g1", ":g2"]
PREDICATES = [":p", ":q"]

Quad = tuple[str, tuple[str, str, str]]
OUTER, INNER = ["?a", "?b", "?c"], ["?x", "?y"]


# --- random datasets: a default graph and three named ones, with a blank node and literals ----------------------------


triples = st.tuples(
    st.sampled_from([*NODES[:2], "_:b"]),
    st.sampled_from(PREDICATES),
    st.sampled_from([*NODES[:2], *NODES, "_:b", ":g1"]),
)


def trig_of(quads: list[Quad]) -> str:
    lines = (f"{graph} {{ {' '.join(triple)} . }}\n" for graph, triple in quads)
    return "".join([PREFIX.replace("PREFIX", "@prefix").replace(">\n", "> .\n"), *lines])


def store_of(quads: list[Quad]) -> ox.Store:
    store = ox.Store()
    store.load(trig_of(quads), format=ox.RdfFormat.TRIG)
    return store


stores = st.lists(st.tuples(st.sampled_from(GRAPHS), triples), min_size=8, max_size=24, unique=True)


# --- random queries ---------------------------------------------------------------------------------------------------


def terms_of(names: list[str], *, given: int = 1) -> st.SearchStrategy[str]:
    return st.sampled_from([*names * 4, *NODES[:given]])


paths = st.sampled_from([*PREDICATES * 5, "^:p", ":p/:q", ":p+", "(:p|:q)", ":p*", ":q?", "!:p"])


def blocks(names: list[str], least: int = 1) -> st.SearchStrategy[str]:
    """Blocks of triples, with the shorter forms of writing them."""
    subject, object_ = terms_of(names, given=0), terms_of(names)
    triple = st.builds("{} {} {}".format, subject, paths, object_)
    same_subject = st.builds("{} {} {} ; {} {}, {}".format, subject, paths, object_, paths, object_, object_)
    blank = st.builds("[ {} {} ] {} {}".format, paths, object_, paths, object_)
    return st.lists(st.one_of(*[triple] * 8, same_subject, blank), min_size=least, max_size=2).map(" . ".join)


def expressions(names: list[str]) -> st.SearchStrategy[str]:
    name = st.sampled_from(names)
    return st.one_of(
        st.builds("{} {} {}".format, name, st.sampled_from(["=", "!=", "<"]), st.one_of(name, st.sampled_from(NODES))),
        st.builds("{}BOUND({})".format, st.sampled_from(["", "!"]), name),
        st.builds("ISIRI({}) || {} = 1".format, name, name),
    )


def values(names: list[str]) -> st.SearchStrategy[str]:
    cell = st.sampled_from([*NODES, "UNDEF"])
    rows = st.lists(st.builds("({} {})".format, cell, cell), min_size=1, max_size=3).map(" ".join)
    one = st.builds("VALUES {} {{ {} {} }}".format, st.sampled_from(names), cell, cell)
    return st.one_of(
        one, st.builds("VALUES ({} {}) {{ {} }}".format, *map(st.sampled_from, (names[:1], names[1:])), rows)
    )


def parts(names: list[str], groups: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """What may stand in a group beside triples."""
    graph = st.sampled_from([":g1", "?g", "?g", names[0]])
    return st.one_of(
        st.builds("OPTIONAL {}".format, groups),
        st.builds("{} UNION {}".format, groups, groups),
        st.builds("GRAPH {} {}".format, graph, groups),
        st.builds("MINUS {}".format, groups),
        st.builds("BIND({} AS ?z)".format, st.sampled_from([*names, "1", "STR(?a)"])),
        st.builds("{{ SELECT {} WHERE {} }}".format, st.sampled_from(["*", "?a", "DISTINCT ?a ?x", "?b"]), groups),
        st.builds("FILTER({})".format, expressions(names)),
        values(names),
        groups,
    )


def group(pieces: list[str]) -> str:
    return f"{{ {' '.join(pieces)} }}"


def patterns(outside: list[str]) -> st.SearchStrategy[str]:
    """Patterns to be asked for: mostly two triples, one of which shares no variable with the outside."""
    shared = st.sampled_from(outside)
    plain = st.builds(
        "{{ {} {} {} . {} {} {} {} }}".format,
        *(shared, paths, st.just("?x"), st.just("?x"), paths, terms_of(["?y"])),
        st.one_of(
            *[st.just("")] * 4,
            st.builds("FILTER({})".format, expressions([*INNER, *outside])),
            st.builds(". ?y :p {}".format, shared),
            st.builds("GRAPH ?g {{ ?x ?h {} }}".format, shared),
            values([*INNER, *outside]),
        ),
    )
    mixed = [*INNER, *outside]
    small = blocks(mixed).map("{{ {} }}".format)
    any_kind = st.tuples(blocks(mixed, 2), parts(mixed, small)).flatmap(st.permutations).map(group)
    in_graph = st.builds("{{ GRAPH {} {} }}".format, st.sampled_from([":g1", "?g"]), small)
    joined = st.builds("{{ GRAPH {} {} {} }}".format, st.sampled_from([":g1", "?g"]), small, blocks(mixed))
    return st.one_of(plain, plain, plain, any_kind, in_graph, joined)


def asking(outside: list[str]) -> st.SearchStrategy[str]:
    """Filters that ask for a pattern; one in some stands in the filter of another."""
    simple = st.builds("FILTER NOT EXISTS {}".format, patterns(outside))
    nested = st.builds(
        "FILTER NOT EXISTS {{ {} :p ?x . ?x :q ?y FILTER NOT EXISTS {} }}".format,
        *(st.sampled_from(outside), patterns([*outside, "?y"])),
    )
    form = st.sampled_from(["FILTER({}EXISTS {})", "FILTER(?a != 1 && {}EXISTS {})", "BIND({}EXISTS {} AS ?w)"])
    other = st.builds(
        lambda form, sign, each: form.format(sign, each), form, st.sampled_from(["", "NOT "]), patterns(outside)
    )
    return st.one_of(simple, simple, simple, simple, nested, other)


BLOCKS, ASKING = blocks(OUTER), asking(OUTER)
PARTS = parts(OUTER, st.one_of(BLOCKS.map("{{ {} }}".format), st.builds("{{ {} {} }}".format, BLOCKS, ASKING)))


@st.composite
def queries(draw: st.DrawFn) -> str:
    """Queries, most of which ask for a pattern at the top, at any place of the group."""
    dot = st.sampled_from(["", " ."])
    pieces = [draw(BLOCKS) + draw(dot)]
    pieces += draw(st.lists(PARTS, max_size=1))
    for each in draw(st.lists(ASKING, min_size=1, max_size=2)):
        pieces.insert(draw(st.integers(0, len(pieces))), each + draw(st.sampled_from(["", "", " ."])))
    if draw(st.integers(0, 3)) == 0:
        pieces.append(draw(BLOCKS))
    head = draw(st.sampled_from(["*", "*", "DISTINCT ?a", "?a ?b", "(COUNT(*) AS ?n)", "?a ?x"]))
    tail = draw(st.sampled_from(["", "", "ORDER BY ?a", "VALUES ?a { :n1 :n2 }"])) if "(" not in head else ""
    where = draw(st.sampled_from([*[""] * 6, ":g1", "?g"]))
    body = f"{{ GRAPH {where} {group(pieces)} }}" if where else group(pieces)
    return f"{PREFIX}SELECT {head} WHERE {body} {tail}"


def rows_of(store: ox.Store, text: str) -> Counter[tuple[str, ...]] | None:
    """Return the rows of a query; None where it is no query, as when a variable of BIND is there already."""
    try:
        found = store.query(text)
    except SyntaxError:
        return None
    assert isinstance(found, ox.QuerySolutions)
    return Counter(tuple(map(str, row)) for row in found)


def check(cases: st.SearchStrategy[tuple[list[Quad], str]], examples: int = EXAMPLES) -> Counter[str]:
    """Hold the rows of random queries equal to those of their rewritings; return how often each form was seen."""
    seen: Counter[str] = Counter()

    @settings(max_examples=examples, suppress_health_check=list(HealthCheck))
    @given(cases)
    def equal(case: tuple[list[Quad], str]) -> None:
        quads, text = case
        store = store_of(quads)
        rows = rows_of(store, text)
        assume(rows is not None)
        new = rewritten(text)
        seen.update(["all", *{note.form or "kept" for note in new.notes}])
        seen.update(["rewritten", *(["with rows"] if rows else [])] if new.text != text else [])

        assert "not read" not in new.kept
        assert rows_of(store, new.text) == rows, f"{text}\n{new.text}"

    equal()
    return seen


def test_the_rows_are_the_same_and_as_often() -> None:
    seen = check(st.tuples(stores, queries()))

    assert seen["rewritten"] > seen["all"] / 3
    assert seen["with rows"] > seen["rewritten"] / 5
    assert seen["LATERAL"] > EXAMPLES / 4


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have MINUS taken wherever it is the same, so that what it does to rows is seen more often than where it pays."""
    monkeypatch.setattr(rewrite, "_see_that_it_pays", lambda *_: None)
    monkeypatch.setattr(rewrite._Rewriter, "is_narrow", lambda _: False)
    rewritten.cache_clear()
    yield
    rewritten.cache_clear()


@pytest.mark.usefixtures("always")
def test_the_rows_are_the_same_where_it_is_not_asked_whether_minus_pays() -> None:
    seen = check(st.tuples(stores, queries()))

    assert seen["MINUS"] > EXAMPLES / 6


plain_queries = st.builds(
    f"{PREFIX}SELECT {{}} WHERE {{{{ {{}} {{}} {{}} }}}}".format,
    *(st.sampled_from(["?a ?b ?c", "DISTINCT ?a", "?a ?b"]), BLOCKS),
    *(st.builds("FILTER NOT EXISTS {}".format, patterns(OUTER)), st.one_of(st.just(""), BLOCKS, PARTS)),
)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # its own calls of what it has replaced
@pytest.mark.usefixtures("always")
def test_a_second_engine_finds_the_same_rows_with_minus() -> None:
    """rdflib evaluates bottom-up, as the specification has it, and has no LATERAL."""
    seen: Counter[str] = Counter()

    @settings(max_examples=EXAMPLES // 4, suppress_health_check=list(HealthCheck))
    @given(stores, plain_queries)
    def equal(quads: list[Quad], text: str) -> None:
        new = rewritten(text).text
        assume("MINUS" in new)
        store = rdflib.Dataset(default_union=False)
        store.parse(data=trig_of(quads), format="trig")

        try:
            # As sets: how often it gives a row of a path is not the same on every run.
            rows = [set(map(str, store.query(each))) for each in (text, new)]
        except ParseException:  # it does not take all of SPARQL
            assume(False)

        assert rows[0] == rows[1], f"{text}\n{new}"
        seen.update(["all", *(["with rows"] if rows[0] else [])])

    equal()
    assert seen["with rows"] > seen["all"] / 4
