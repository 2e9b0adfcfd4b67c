"""Documents: read from their description, and held word for word against a text at hand."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyoxigraph as ox
import pytest
from support import DOCUMENTS, EXAMPLE, EXAMPLE_FILES, FIRST, PREFIXES

from kg import terms
from kg.dataset import Dataset, read_files
from kg.document import Passage, SourceDocument, address_key, check_text, documents_from, read_text
from kg.errors import KgError, TextMismatch


@pytest.fixture(scope="module")
def example() -> SourceDocument:
    [found] = documents_from(read_files(EXAMPLE_FILES[:1]).quads)
    return found


def described(turtle: str) -> list[SourceDocument]:
    return documents_from(ox.parse(PREFIXES + turtle, format=ox.RdfFormat.TURTLE))


def test_a_description_reads_as_a_document_with_its_passages_in_reading_order(example: SourceDocument) -> None:
    assert (example.slug, example.title, example.paragraph_count) == (EXAMPLE, "Example of a transit pact", 2)
    assert [passage.address for passage in example.passages] == ["p1s1", "p1s2", "p2s1", "p2s2"]
    assert [passage.paragraph for passage in example.passages] == [1, 1, 2, 2]
    assert [bool(passage.no_claim_reason) for passage in example.passages] == [False, False, False, True]


def test_a_day_of_issue_that_is_stated_is_both_bounds() -> None:
    [stated] = described("doc:a a pact:SourceDocument ; dcterms:issued '2021-07-01'^^xsd:date .")
    [bounded] = described("doc:a a pact:SourceDocument ; pact:earliestDate '2021-07-01'^^xsd:date .")

    assert (stated.earliest, stated.latest) == ("2021-07-01", "2021-07-01")
    assert (bounded.earliest, bounded.latest) == ("2021-07-01", "")


def test_passages_are_read_as_a_person_counts() -> None:
    iris = [f"{terms.DOC}a#{address}" for address in ("p10s1", "p2s10", "p2s2", "p1s1")]

    in_order = sorted(iris, key=address_key)

    assert [iri.partition("#")[2] for iri in in_order] == ["p1s1", "p2s2", "p2s10", "p10s1"]


def test_what_a_description_lacks_reads_as_empty_and_not_as_a_crash() -> None:
    [document] = described(
        "doc:a a pact:SourceDocument ; pact:charCount 'many' . doc:a#x a pact:Passage .".replace("#", "\\#")
    )

    assert (document.title, document.content_hash, document.char_count, document.passages) == ("", "", 0, ())


def test_a_passage_whose_address_has_another_form_has_no_paragraph() -> None:
    passage = Passage(terms.DOC + "a#heading", 0, 1, "")

    assert (passage.address, passage.paragraph) == ("heading", 0)


def test_the_very_text_holds_with_every_passage(example: SourceDocument) -> None:
    check = check_text(example, DOCUMENTS)

    assert check.holds
    assert check.changed == ()


def test_a_text_with_one_other_character_names_the_passage_with_that_character(
    example: SourceDocument, tmp_path: Path
) -> None:
    text = (DOCUMENTS / f"{EXAMPLE}.txt").read_text(encoding="utf-8")
    place = example.passages[1].start + 3
    (tmp_path / f"{EXAMPLE}.txt").write_text(text[:place] + "#" + text[place + 1 :], encoding="utf-8")

    check = check_text(example, tmp_path)

    assert not check.holds
    assert [passage.address for passage in check.changed] == ["p1s2"]


def test_a_change_between_passages_is_seen_by_the_hash_of_the_whole(example: SourceDocument, tmp_path: Path) -> None:
    text = (DOCUMENTS / f"{EXAMPLE}.txt").read_text(encoding="utf-8")
    (tmp_path / f"{EXAMPLE}.txt").write_text(text + "\n", encoding="utf-8")

    check = check_text(example, tmp_path)

    assert not check.holds
    assert check.changed == ()


def test_line_ends_are_part_of_a_text(example: SourceDocument, tmp_path: Path) -> None:
    text = (DOCUMENTS / f"{EXAMPLE}.txt").read_bytes()
    (tmp_path / f"{EXAMPLE}.txt").write_bytes(text.replace(b"\n", b"\r\n"))

    check = check_text(example, tmp_path)

    assert not check.holds


def test_a_text_that_is_not_held_does_not_hold(example: SourceDocument, tmp_path: Path) -> None:
    check = check_text(example, tmp_path)

    assert check.file is None
    assert not check.holds


def test_a_text_in_another_encoding_is_told_by_its_first_odd_byte(example: SourceDocument, tmp_path: Path) -> None:
    (tmp_path / f"{EXAMPLE}.txt").write_bytes("naïve".encode("latin-1"))

    with pytest.raises(TextMismatch, match="not UTF-8 at byte 2"):
        check_text(example, tmp_path)


def test_a_file_that_cannot_be_read_says_which_and_why(tmp_path: Path) -> None:
    with pytest.raises(KgError, match=r"nothing.txt: cannot be read: No such file"):
        read_text(tmp_path / "nothing.txt")


def test_positions_count_code_points_and_no_bytes(example: SourceDocument) -> None:
    text = read_text(DOCUMENTS / f"{EXAMPLE}.txt")
    last = example.passages[-1]

    assert len(text.encode()) > len(text) == example.char_count
    assert text[last.start : last.end].endswith("dashes and all.")


def test_the_first_document_has_fifteen_paragraphs_and_is_the_text_that_is_held(shipped: Dataset, texts: Path) -> None:
    [document] = [found for found in documents_from(shipped.quads) if found.slug == FIRST]

    check = check_text(document, texts)

    assert document.paragraph_count == 15
    assert sorted({passage.paragraph for passage in document.passages}) == list(range(1, 16))
    assert check.holds


def test_the_passages_of_the_first_document_leave_out_nothing_but_white_space(shipped: Dataset, texts: Path) -> None:
    [document] = [found for found in documents_from(shipped.quads) if found.slug == FIRST]
    text = read_text(texts / f"{FIRST}.txt")

    covered = {i for passage in document.passages for i in range(passage.start, passage.end)}

    assert "".join(char for i, char in enumerate(text) if i not in covered).strip() == ""
    assert document.char_count == len(text)


def test_one_changed_character_anywhere_in_the_first_document_is_found(
    shipped: Dataset, texts: Path, tmp_path: Path
) -> None:
    [document] = [found for found in documents_from(shipped.quads) if found.slug == FIRST]
    text = read_text(texts / f"{FIRST}.txt")
    shutil.copy(texts / f"{FIRST}.txt", tmp_path)

    for passage in document.passages:
        changed = text[: passage.end - 1] + "~" + text[passage.end :]
        (tmp_path / f"{FIRST}.txt").write_bytes(changed.encode())
        check = check_text(document, tmp_path)
        assert check.changed == (passage,)
