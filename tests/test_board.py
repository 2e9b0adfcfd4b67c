"""The boards: every conflict with both its sides, every open question with who says so, a page at a time."""

from __future__ import annotations

from kg.answer import Answer
from kg.board import conflict_board, question_board
from kg.store import EmbeddedStore


def test_the_board_shows_the_conflicts_of_the_saved_question(
    shipped_store: EmbeddedStore, answers: dict[str, Answer]
) -> None:
    board = conflict_board(shipped_store)

    expected = {row[answers["conflicts"].columns.index("conflict")].value for row in answers["conflicts"].rows}  # type: ignore[union-attr]
    assert {each.conflict.iri for each in board.items} == expected
    assert all(len(each.sides) > 1 and each.sides[0].statement for each in board.items)
    assert board.is_whole


def test_the_board_shows_the_open_questions_of_the_saved_question(
    shipped_store: EmbeddedStore, answers: dict[str, Answer]
) -> None:
    board = question_board(shipped_store)

    expected = {row[0].value for row in answers["open-questions"].rows}  # type: ignore[union-attr]
    assert {each.iri for each in board.items} == expected
    assert all(each.claims and each.claims[0].stated_by for each in board.items)


def test_pages_of_a_board_make_up_the_whole(shipped_store: EmbeddedStore) -> None:
    whole = question_board(shipped_store)
    first, second = (question_board(shipped_store, number, 1) for number in (1, 2))

    assert {each.iri for each in (*first.items, *second.items)} == {each.iri for each in whole.items}
    assert not {each.iri for each in first.items} & {each.iri for each in second.items}
    assert first.has_next
