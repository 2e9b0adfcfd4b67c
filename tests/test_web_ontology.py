"""The page of the ontology: every term in its place, nothing that the policy forbids, and the page without it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyoxigraph as ox
import pytest

from kg import project, terms
from kg.web import assets
from kg.web.desk import Desk
from kg.web.message import Request
from kg.web.site import write_site

SCRIPT = Path(__file__).parent.parent / "docs" / "ontology_page.py"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder of files in which the page of the ontology was built, in the place of the package's own."""
    folder = tmp_path_factory.mktemp("static")
    subprocess.run([sys.executable, SCRIPT, folder / "ontology.html"], check=True, capture_output=True, timeout=120)
    (folder / "style.css").write_text("")
    (folder / "icon.svg").write_text("<svg/>")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assets, "FOLDER", folder)
        yield folder


def page(store_folder: Path, accept: str = "text/html") -> str:
    body = Desk(str(store_folder)).answer(Request(path="/ontology", accept=accept)).body
    assert isinstance(body, bytes)
    return body.decode()


def test_every_term_has_its_place_under_its_own_name(store_folder: Path, built: Path) -> None:
    quads = [quad for path in project.ontology_files() for quad in ox.parse(path=str(path))]
    declared = {quad.subject.value for quad in quads if isinstance(quad.subject, ox.NamedNode)}
    names = {iri.removeprefix(terms.PACT) for iri in declared if iri.startswith(terms.PACT)}

    shown = page(store_folder)

    ids = re.findall(r' id="([^"]*)"', shown)
    assert len(names) > 100
    assert names <= set(ids)
    assert len(ids) == len(set(ids))


def test_every_link_inside_the_page_lands(store_folder: Path, built: Path) -> None:
    shown = page(store_folder)

    links = set(re.findall(r'href="#([^"]*)"', shown))
    assert links - set(re.findall(r' id="([^"]*)"', shown)) == set()


def test_the_page_looks_like_the_others_and_needs_nothing_that_the_policy_forbids(
    store_folder: Path, built: Path
) -> None:
    shown = page(store_folder)

    assert 'class="brand"' in shown
    assert shown.count("<h1") == 1
    assert re.findall(r"<script|<style|<iframe| style=| on[a-z]+=|javascript:", shown) == []


def test_a_program_gets_the_terms_as_triples(store_folder: Path) -> None:
    triples = list(ox.parse(page(store_folder, "text/turtle").encode(), format=ox.RdfFormat.TURTLE))

    about = {triple.subject.value for triple in triples if isinstance(triple.subject, ox.NamedNode)}
    assert {terms.PACT.removesuffix("#"), terms.PACT + "Agreement", terms.PACT + "party"} <= about


def test_the_static_site_has_the_page_and_its_triples(store_folder: Path, built: Path, tmp_path: Path) -> None:
    write_site(Desk(str(store_folder)), tmp_path)

    assert 'id="performedBy"' in (tmp_path / "ontology.html").read_text(encoding="utf-8")
    assert "pact:performedBy" in (tmp_path / "ontology.ttl").read_text(encoding="utf-8")


def test_without_it_the_page_says_what_the_store_says_and_that_it_was_not_built(
    store_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assets, "FOLDER", tmp_path)

    shown = page(store_folder)

    assert "was not built here" in shown
    assert "Pactgraph ontology" in shown
