"""Permalinks: the same inputs give the same hashes anywhere, and any change of them shows."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pyoxigraph as ox
import pytest
from support import Runner

from kg import project, terms
from kg.answer import ask
from kg.known import known_at
from kg.permalink import FORMS, Permalink, permalink, permalink_text
from kg.query import question
from kg.store import EmbeddedStore, Store

DAY = date(2026, 11, 24)


def link_of(store: Store, name: str, **given: str) -> Permalink:
    return permalink(store, question(name), given, ask(store, name, given))


def test_a_permalink_names_the_question_its_parameters_and_four_hashes(shipped_store: EmbeddedStore) -> None:
    link = link_of(shipped_store, "ended-by", agreement="US–Guatemala asylum agreement")

    assert link.url == terms.ASK + "ended-by?agreement=id%3Aus-gt-aca"
    assert link.parameters == {"agreement": "id:us-gt-aca"}
    assert all(re.fullmatch(r"[0-9a-f]{64}", h) for h in (link.question_hash, link.dataset_hash, link.result_hash))


def test_a_label_and_a_name_of_one_thing_give_one_permalink(shipped_store: EmbeddedStore) -> None:
    by_label = link_of(shipped_store, "agreements", state="El Salvador")
    by_name = link_of(shipped_store, "agreements", state="id:sv")

    assert by_label == by_name


def test_another_parameter_gives_another_result_and_address(shipped_store: EmbeddedStore) -> None:
    one = link_of(shipped_store, "agreements", state="id:sv")
    other = link_of(shipped_store, "agreements", state="id:gt")

    assert one.url != other.url
    assert one.result_hash != other.result_hash
    assert one.question_hash == other.question_hash


def test_another_text_of_the_question_gives_another_hash(shipped_store: EmbeddedStore) -> None:
    asked = question("took-effect")
    answer = ask(shipped_store, "took-effect")

    changed = permalink(shipped_store, replace(asked, text=asked.text + "# a remark"), {}, answer)

    assert changed.question_hash != permalink(shipped_store, asked, {}, answer).question_hash


def test_another_dataset_gives_another_hash(shipped_store: EmbeddedStore) -> None:
    engine = ox.Store()
    engine.extend(shipped_store.engine)
    name = ox.Literal("a new name", language="en")
    graph = ox.NamedNode(terms.GRAPH + "reference/states")
    engine.add(ox.Quad(ox.NamedNode(terms.ID + "sv"), ox.NamedNode(terms.SKOS + "altLabel"), name, graph))

    before, after = link_of(shipped_store, "took-effect"), link_of(EmbeddedStore("memory", engine), "took-effect")

    assert before.dataset_hash != after.dataset_hash
    assert before.result_hash == after.result_hash


def test_the_hashes_do_not_depend_on_the_process(store_folder: Path) -> None:
    def printed(seed: str) -> str:
        command = [sys.executable, "-m", "kg", "ask", "agreements", "--permalink", "json", "--store", str(store_folder)]
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout

    assert printed("1") == printed("2")


@pytest.mark.parametrize("form", FORMS)
def test_every_form_holds_the_address_and_the_hashes(shipped_store: EmbeddedStore, form: str) -> None:
    link = link_of(shipped_store, "took-effect")

    text = permalink_text(link, form, DAY)

    assert all(part in text for part in (link.url, link.question_hash, link.dataset_hash, link.result_hash))


def test_the_bibtex_entry_is_balanced_and_has_the_day_of_access(shipped_store: EmbeddedStore) -> None:
    text = permalink_text(link_of(shipped_store, "took-effect"), "bibtex", DAY)

    assert text.startswith("@misc{pactgraph-took-effect-")
    assert text.count("{") == text.count("}")
    assert "urldate      = {2026-11-24}" in text


def test_the_csl_item_is_a_dataset_with_dates(shipped_store: EmbeddedStore) -> None:
    [item] = json.loads(permalink_text(link_of(shipped_store, "took-effect"), "csl", DAY))

    assert item["type"] == "dataset"
    assert item["accessed"] == {"date-parts": [[2026, 11, 24]]}


# --- every question ----------------------------------------------------------------------------------

NAMES = [path.stem for path in project.question_files()]
FIELD = re.compile(r"^  (?P<name>\w+) += (?P<value>\{.*\}|\\url\{.*\}),?$", re.MULTILINE)


@pytest.fixture(scope="module")
def links(shipped_store: EmbeddedStore) -> dict[str, Permalink]:
    """The permalink of every question, with example parameters where it needs some."""
    needed = {
        name: {each.name: each.example for each in question(name).parameters if not each.optional} for name in NAMES
    }
    return {name: link_of(shipped_store, name, **given) for name, given in needed.items()}


@pytest.mark.parametrize("name", NAMES)
def test_the_bibtex_entry_of_every_question_can_be_read(name: str, links: dict[str, Permalink]) -> None:
    link = links[name]

    text = permalink_text(link, "bibtex", DAY)

    head = re.match(r"@misc\{(?P<key>[\w-]+),\n", text)
    assert head
    fields = {found["name"]: found["value"] for found in FIELD.finditer(text)}
    assert set(fields) == {"title", "author", "year", "howpublished", "urldate", "note"}
    assert fields["howpublished"] == f"\\url{{{link.url}}}"
    assert link.summary in fields["title"]
    # Outside of an address these would need an escape.
    assert re.search(r"[%&#_$~^\\]", fields["title"] + fields["note"] + fields["author"]) is None


@pytest.mark.parametrize("name", NAMES)
def test_the_csl_item_of_every_question_has_what_a_reference_manager_wants(
    name: str, links: dict[str, Permalink]
) -> None:
    link = links[name]

    [item] = json.loads(permalink_text(link, "csl", DAY))

    assert {"id", "type", "title", "author", "issued", "accessed", "URL"} <= set(item)
    assert item["URL"] == link.url
    assert item["issued"]["date-parts"] == [[2026, 11, 24]]


@pytest.mark.parametrize("name", NAMES)
def test_the_address_of_every_question_gives_back_its_parameters(name: str, links: dict[str, Permalink]) -> None:
    link = links[name]

    asked = urlsplit(link.url)

    assert asked.path.rpartition("/")[2] == name
    given = dict(parse_qsl(asked.query))
    names = {parameter.option: parameter.name for parameter in question(name).parameters}
    assert {names[option]: value for option, value in given.items()} == link.parameters


def test_an_address_taken_apart_gives_the_same_permalink(shipped_store: EmbeddedStore) -> None:
    link = link_of(shipped_store, "agreements-between", state="El Salvador", other="United States")

    again = link_of(shipped_store, "agreements-between", **dict(parse_qsl(urlsplit(link.url).query)))

    assert again == link


# --- what changes it, and what does not --------------------------------------------------------------


def test_a_day_is_part_of_the_address_as_it_is_typed(shipped_store: EmbeddedStore) -> None:
    link = link_of(shipped_store, "agreements", validAt="2021-06-01", state="id:sv")

    assert link.url.endswith("agreements?state=id%3Asv&valid-at=2021-06-01")


def test_citations_do_not_change_the_result(shipped_store: EmbeddedStore) -> None:
    asked = question("ended-by")

    cited = permalink(shipped_store, asked, {}, ask(shipped_store, "ended-by", cited=True))

    assert cited == link_of(shipped_store, "ended-by")


def test_what_was_known_on_a_day_is_another_dataset(shipped_store: EmbeddedStore) -> None:
    before = link_of(known_at(shipped_store, date(2025, 1, 1)), "agreement-timeline", agreement="id:us-sv-aca-1")
    after = link_of(shipped_store, "agreement-timeline", agreement="id:us-sv-aca-1")

    assert (before.rows, before.status) == (0, "not recorded")
    assert before.url == after.url
    assert before.dataset_hash != after.dataset_hash
    assert before.result_hash != after.result_hash


def test_rows_in_another_order_are_another_result(shipped_store: EmbeddedStore) -> None:
    answer = ask(shipped_store, "took-effect")

    turned = permalink(shipped_store, question("took-effect"), {}, replace(answer, rows=answer.rows[::-1]))

    assert turned.result_hash != link_of(shipped_store, "took-effect").result_hash


def test_an_empty_cell_is_not_an_empty_text(shipped_store: EmbeddedStore) -> None:
    asked, answer = question("took-effect"), ask(shipped_store, "took-effect")

    empty = permalink(shipped_store, asked, {}, replace(answer, rows=((None,),), columns=("x",)))
    text = permalink(shipped_store, asked, {}, replace(answer, rows=((ox.Literal(""),),), columns=("x",)))

    assert empty.result_hash != text.result_hash


# --- as a command --------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
def test_the_command_prints_the_permalink_in_place_of_the_answer(
    form: str, store_folder: Path, shipped_store: EmbeddedStore, kg: Runner
) -> None:
    ran = kg("ask", "agreements", "--state", "El Salvador", "--permalink", form, "--store", store_folder)

    assert (ran.code, ran.err) == (0, "")
    assert ran.out == permalink_text(link_of(shipped_store, "agreements", state="id:sv"), form, date.today())


def test_the_dataset_hash_is_the_one_that_building_reports(tmp_path: Path, kg: Runner) -> None:
    built = kg("build", "--quiet", "--store", tmp_path / "store")

    linked = kg("ask", "took-effect", "--permalink", "json", "--store", tmp_path / "store")

    assert f"dataset {json.loads(linked.out)['dataset_hash']}" in built.out
