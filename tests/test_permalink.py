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

import pyoxigraph as ox
import pytest

from kg import terms
from kg.answer import ask
from kg.permalink import FORMS, Permalink, permalink, permalink_text
from kg.query import question
from kg.store import EmbeddedStore

DAY = date(2026, 11, 24)


def link_of(store: EmbeddedStore, name: str, **given: str) -> Permalink:
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
