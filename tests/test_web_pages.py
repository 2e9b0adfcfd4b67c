"""The pages of things and the boards: drawings, groups, and pages of what is too much for one."""

from __future__ import annotations

from pathlib import Path

import pytest

from kg import gate
from kg.describe import describe
from kg.store import EmbeddedStore
from kg.web.atlas import _unrolled, route_map
from kg.web.desk import Desk
from kg.web.graph import graph
from kg.web.message import Request
from kg.web.things import page_number


@pytest.fixture(scope="module")
def desk(store_folder: Path) -> Desk:
    return Desk(str(store_folder))


def page(desk: Desk, path: str, **query: str) -> str:
    body = desk.answer(Request(path=path, query=tuple(query.items()), accept="text/html")).body
    assert isinstance(body, bytes)
    return body.decode()


def test_a_state_has_a_sentence_a_graph_and_a_map(desk: Desk) -> None:
    shown = page(desk, "/id/sv")

    assert "El Salvador is a state." in shown
    assert 'class="graph"' in shown
    assert 'class="map"' in shown
    assert " style=" not in shown


def test_a_graph_shows_each_kind_of_relation_and_no_more_than_can_be_read(shipped_store: EmbeddedStore) -> None:
    described = describe(shipped_store, "id:us")

    drawn = graph(described)

    assert drawn is not None
    assert len(drawn.neighbours) <= 20
    assert len({each.relation for each in drawn.neighbours}) >= min(5, len(described.roles))
    assert drawn.left_out > 0


def test_a_map_draws_the_routes_of_a_state(shipped_store: EmbeddedStore) -> None:
    state = describe(shipped_store, "El Salvador").iri

    found = route_map(shipped_store, state)

    assert found is not None
    assert found.map is not None
    assert all(state in (route.start, route.end) for route in found.routes)
    assert {route for _, route in found.map.arrows} <= set(found.routes)


def test_the_boards_show_both_sides_and_who_says_so(desk: Desk) -> None:
    assert page(desk, "/conflicts").count('class="side"') > 1
    assert 'class="by"' in page(desk, "/open-questions")


def test_what_is_much_comes_in_pages(desk: Desk) -> None:
    first, second = page(desk, "/id/cbs-news"), page(desk, "/id/cbs-news", page="2")

    assert 'rel="next"' in first
    assert 'rel="prev"' in second
    assert "as party" in page(desk, "/id/us", **{"as": "pact:party"})


@pytest.mark.parametrize("text", ["", "0", "-1", "x", "9" * 40, "²"])
def test_a_page_number_that_is_none_is_the_first(text: str) -> None:
    assert page_number(text) == 1


def test_a_state_on_both_sides_of_180_degrees_is_drawn_in_one_piece() -> None:
    assert _unrolled([(170.0, 60.0), (-175.0, 61.0), (-178.0, 65.0), (175.0, 66.0)]) == [
        (170.0, 60.0),
        (185.0, 61.0),
        (182.0, 65.0),
        (175.0, 66.0),
    ]


def test_a_page_is_kept_until_the_store_changes(own_store: Path) -> None:
    desk = Desk(str(own_store))
    first = desk.answer(Request(path="/id/sv", accept="text/html")).body
    again = desk.answer(Request(path="/id/sv", accept="text/html")).body

    gate.update(str(own_store), 'INSERT DATA { GRAPH graph:reference\\/states { id:sv skos:altLabel "Cuscatlán"@es } }')
    changed = page(desk, "/id/sv")

    assert first is again
    assert isinstance(first, bytes)
    assert "Cuscatlán" not in first.decode()
    assert "Cuscatlán" in changed


def test_pages_are_kept_apart_by_number_and_role(desk: Desk) -> None:
    shown = [page(desk, "/id/us"), page(desk, "/id/us", page="2"), page(desk, "/id/us", **{"as": "pact:party"})]

    assert len(set(shown)) == 3
