"""Derived facts: what the rules give, that they follow every change, and that nobody can state them."""

from __future__ import annotations

import re
from pathlib import Path

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import EXAMPLE_FILES, example_of, run_here
from test_valid_at import Event, any_events, life, orders

from kg import gate, project, terms
from kg.answer import ask, run
from kg.cite import Uncitable, cite
from kg.dataset import Dataset, facts, parse
from kg.derive import DERIVED, derived, derived_change, rules, stored
from kg.errors import DataError
from kg.query import question
from kg.store import EmbeddedStore
from kg.validate import validate

PACT, PV = terms.PACT, terms.PV


def told(store: ox.Store, subject: str, predicate: str) -> set[str]:
    """Return the short names of what a derived fact of the store relates a thing to."""
    found = store.quads_for_pattern(ox.NamedNode(terms.ID + subject), ox.NamedNode(PACT + predicate), None, DERIVED)
    return {re.split("[/#]", quad.object.value)[-1] for quad in found if isinstance(quad.object, ox.NamedNode)}


# --- what the story says: the earlier agreement was negotiated and concluded under the first Trump administration,
# never implemented, and suspended and ended under Biden; nothing tells whether it was suspended before it was ended.


@pytest.mark.parametrize(
    ("event", "statuses", "axes", "followers"),
    [
        ("negotiation", {"status-under-negotiation"}, {"legal"}, {"conclusion", "suspension", "termination"}),
        ("conclusion", {"status-concluded"}, {"legal"}, {"suspension", "termination"}),
        ("implementation", {"status-not-implemented"}, {"operational"}, set()),
        ("suspension", {"status-suspended"}, {"legal"}, set()),
        ("termination", {"status-terminated"}, {"legal"}, set()),
    ],
)
def test_the_rules_give_what_reading_the_story_gives(
    shipped_store: EmbeddedStore, event: str, statuses: set[str], axes: set[str], followers: set[str]
) -> None:
    cause = f"ev-us-sv-aca-1-{event}"

    assert told(shipped_store.engine, cause, "bearsOn") == {"us-sv-aca-1"}
    assert told(shipped_store.engine, cause, "givesStatus") == statuses
    assert told(shipped_store.engine, cause, "givesStatusOn") == axes
    assert told(shipped_store.engine, cause, "followedBy") == {f"ev-us-sv-aca-1-{each}" for each in followers}


def test_a_rule_only_adds_so_that_what_it_gives_can_be_cited() -> None:
    for rule in rules().values():
        code = "\n".join(line for line in rule.text.splitlines() if not line.lstrip().startswith("#"))
        assert not re.search(r"NOT\s+EXISTS|NOT\s+IN|MINUS|OPTIONAL|COALESCE|BOUND|SELECT.*SELECT|\bIF\b", code, re.S)


def test_every_rule_derives_a_property_that_is_marked_so(shipped_store: EmbeddedStore) -> None:
    marked = shipped_store.query("SELECT ?p { ?p pact:isDerived true }")

    assert isinstance(marked, ox.QuerySolutions)
    assert {row["p"].value for row in marked} == set(rules())


# --- changes ----------------------------------------------------------------------------------------


def followed(before: Dataset, after: Dataset) -> tuple[set[ox.Quad], set[ox.Quad]]:
    """Return the derived facts of a store after a change, as it followed the change and as worked out anew."""
    old, new = stored(before.quads), stored(after.quads)
    gone, come = derived_change(old, new, facts(before.quads) ^ facts(after.quads))
    kept = set(old.quads_for_pattern(None, None, None, DERIVED))
    assert gone <= kept
    assert not come & kept
    return (kept - gone) | come, derived(new)


def renamed(quads: frozenset[ox.Quad], name: str) -> frozenset[ox.Quad]:
    """Return a life of another agreement with other events, told by other claims."""
    text = ox.serialize(quads, format=ox.RdfFormat.N_QUADS) or b""
    for found, put in (("/id/x>", f"/id/{name}>"), ("/id/ev-", f"/id/{name}-ev-"), ("/d-c", f"/{name}-c")):
        text = text.replace(found.encode(), put.encode())
    return frozenset(ox.parse(text, format=ox.RdfFormat.N_QUADS))


lives = st.tuples(st.lists(any_events, min_size=0, max_size=4), orders)
CHANGED_TYPE = ox.Quad(
    *(ox.NamedNode(PV + "signature"), ox.NamedNode(PACT + "resultsIn"), ox.NamedNode(PV + "status-suspended")),
    ox.NamedNode(terms.GRAPH + "ontology/concepts"),
)


@settings(max_examples=60, deadline=None)
@given(lives, lives, lives, st.booleans())
def test_following_a_change_gives_what_working_out_anew_gives(
    one: tuple[list[Event], set[tuple[int, int]]],
    other: tuple[list[Event], set[tuple[int, int]]],
    beside: tuple[list[Event], set[tuple[int, int]]],
    types: bool,
) -> None:
    stays = renamed(life(*beside).quads(), "y")
    before = Dataset(life(*one).quads() | stays)
    after = Dataset(life(*other).quads() | stays | ({CHANGED_TYPE} if types else set()))

    for start, end in ((before, after), (after, before), (Dataset(stays), after), (after, Dataset(stays))):
        kept, anew = followed(start, end)
        assert kept == anew


def test_only_the_instruments_of_a_change_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[object] = []

    def looking(engine: ox.Store, instruments: set[ox.NamedNode] | None = None) -> set[ox.Quad]:
        looked.append(instruments)
        return derived(engine, instruments)

    monkeypatch.setattr("kg.derive.derived", looking)
    before = Dataset(life([("signature", "occurred", 1, 1)]).quads() | renamed(life([]).quads(), "y"))
    after = Dataset(life([("signature", "occurred", 1, 1), ("termination", "occurred", 9, 9)]).quads() | before.quads)

    followed(before, after)

    assert [each for each in looked if each is not None] == [{ox.NamedNode(terms.ID + "x")}]


def test_a_store_that_is_changed_has_the_derived_facts_of_one_that_is_built(own_store: Path) -> None:
    def there() -> tuple[set[ox.Quad], set[ox.Quad]]:
        store = EmbeddedStore.open(own_store)
        anew = stored(store.quads())
        return (
            set(store.engine.quads_for_pattern(None, None, None, DERIVED)),
            set(anew.quads_for_pattern(None, None, None, DERIVED)),
        )

    built = there()
    gate.add(str(own_store), EXAMPLE_FILES)
    added = there()
    gate.remove(str(own_store), "el-salvador-asylum-deal")
    removed = there()

    assert built[0] == built[1] != set()
    assert added[0] == added[1]
    assert removed[0] == removed[1]
    assert not built[0] & removed[0]


# --- nobody states them -----------------------------------------------------------------------------


def test_derived_facts_are_not_validated_as_if_somebody_had_said_them(shipped: Dataset) -> None:
    for path in (None, *sorted((Path(__file__).parent / "checks").glob("*axis.bad-*.trig"))):
        quads = shipped.quads | (frozenset(parse(path)) if path else frozenset())
        alone, beside = validate(Dataset(quads).store()), validate(stored(quads))
        assert set(alone.findings) == set(beside.findings)


@pytest.mark.parametrize("graph", ["derived", "facts", "state"])
def test_a_graph_that_stores_keep_is_taken_from_no_file_and_no_request(
    graph: str, own_store: Path, tmp_path: Path
) -> None:
    name = terms.GRAPH + graph
    file = tmp_path / "x.nq"
    file.write_text(f"<{terms.ID}a> <{PACT}bearsOn> <{terms.ID}b> <{name}> .\n")

    ran = run_here("add", file, "--store", own_store)
    with pytest.raises(DataError, match="kept by the store"):
        gate.put_graph(str(own_store), name, [], keep=False)

    assert (ran.code, ran.out) == (3, "")
    assert f"holds the graph graph:{graph}, which stores keep for themselves" in ran.err


def test_an_update_changes_no_derived_fact(own_store: Path) -> None:
    with pytest.raises(DataError, match="derived facts, which are worked out from the claims"):
        gate.update(str(own_store), "INSERT DATA { GRAPH graph:derived { id:a pact:bearsOn id:b } }")


# --- citations --------------------------------------------------------------------------------------


def test_a_derived_fact_is_cited_by_the_claims_that_it_follows_from(shipped_store: EmbeddedStore) -> None:
    text = """SELECT ?status { GRAPH graph:derived { id:ev-us-sv-aca-1-termination pact:givesStatus ?status } }"""

    answer = run(shipped_store, text, cited=True)

    [citation] = answer.citations or ()
    said = {str(triple) for claim in citation.claims for triple in _content(shipped_store, claim.iri)}
    assert any("occurrence" in each and "occurred" in each for each in said)
    assert any("eventType" in each for each in said)
    assert any("eventOf" in each for each in said)
    assert citation.references == (terms.GRAPH + "ontology/concepts",)
    assert citation.absences == ()


def _content(store: EmbeddedStore, claim: str) -> list[ox.Triple]:
    return [quad.triple for quad in store.engine.quads_for_pattern(None, None, None, ox.NamedNode(claim))]


def test_what_no_rule_derives_cannot_be_cited(shipped: Dataset) -> None:
    engine = stored(shipped.quads)
    a, b, c = (ox.NamedNode(terms.ID + name) for name in "abc")
    engine.add(ox.Quad(a, b, c, DERIVED))
    store = EmbeddedStore("memory", engine)
    text = "SELECT ?x { GRAPH graph:derived { id:a id:b ?x } }"

    with pytest.raises(Uncitable, match="no rule derives"):
        cite(store, text, ["x"], [(ox.NamedNode(terms.ID + "c"),)])


@pytest.mark.parametrize(
    "name", [path.stem for path in project.question_files() if "graph:derived" in path.read_text()]
)
def test_a_question_on_derived_facts_is_cited_whole(name: str, shipped_store: EmbeddedStore) -> None:
    answer = ask(shipped_store, name, example_of(question(name)), cited=True)

    assert answer.rows
    assert all(citation.claims for row, citation in zip(answer.rows, answer.citations or (), strict=True) if row[-1])
