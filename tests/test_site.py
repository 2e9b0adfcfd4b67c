"""The static site: every link leads to a file, nothing needs a server, and the triples lie beside the pages."""

from __future__ import annotations

import html
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pyoxigraph as ox
import pytest

from kg.web.assets import ontology_terms
from kg.web.desk import Desk
from kg.web.site import Site, write_site


@pytest.fixture(scope="module")
def built(store_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Site]:
    folder = tmp_path_factory.mktemp("site")
    return folder, write_site(Desk(str(store_folder)), folder)


def links_of(page: Path) -> list[str]:
    return [html.unescape(link) for link in re.findall(r'(?:href|src)="([^"]*)"', page.read_text(encoding="utf-8"))]


def test_every_link_leads_to_a_file_or_to_another_site(built: tuple[Path, Site]) -> None:
    folder, site = built
    broken = []

    for page in folder.rglob("*.html"):
        for link in links_of(page):
            parts = urlsplit(link)
            if parts.scheme:
                continue
            target = page if not parts.path else (page.parent / unquote(parts.path)).resolve()
            if not target.is_file():
                broken.append(f"{page.relative_to(folder)}: {link}")

    assert site.broken == set()
    assert broken == []


def test_every_fragment_is_there(built: tuple[Path, Site]) -> None:
    folder, _ = built
    missing, laid_out = [], ontology_terms()

    for page in [folder / "index.html", *(folder / "claim").glob("*-c1?.html"), *(folder / "ask").glob("*.html")]:
        for link in links_of(page):
            parts = urlsplit(link)
            if parts.fragment and not parts.scheme and (laid_out or not parts.path.endswith("ontology.html")):
                target = page if not parts.path else (page.parent / unquote(parts.path)).resolve()
                if f'id="{parts.fragment}"' not in target.read_text(encoding="utf-8"):
                    missing.append(f"{page.name}: {link}")

    assert missing == []


def test_no_page_holds_a_form_or_an_absolute_path(built: tuple[Path, Site]) -> None:
    folder, _ = built

    pages = [page.read_text(encoding="utf-8") for page in folder.rglob("*.html")]

    assert not any("<form" in page or 'href="/' in page for page in pages)


def test_the_triples_of_a_thing_lie_beside_its_page(built: tuple[Path, Site]) -> None:
    folder, _ = built

    triples = list(ox.parse(path=str(folder / "id" / "us-sv-aca-1.ttl")))

    assert any(triple.predicate.value.endswith("#party") for triple in triples)
    assert (folder / "id" / "us-sv-aca-1.jsonld").is_file()


def test_a_claim_is_reached_from_the_first_page_in_three_steps(built: tuple[Path, Site]) -> None:
    folder, _ = built

    assert "ask/ended-by.html" in links_of(folder / "index.html")
    assert "../claim/el-salvador-asylum-deal-c14.html" in links_of(folder / "ask" / "ended-by.html")
    assert "../document/el-salvador-asylum-deal.html#p3s1" in links_of(
        folder / "claim" / "el-salvador-asylum-deal-c14.html"
    )
