"""The service as Comunica sees it: a client that reads the endpoint's own description and sends parts of a query."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest
from support import needed
from test_web import Service

from kg import sparql
from kg.query import question
from kg.store import EmbeddedStore

CLIENT = Path(__file__).parent / "comunica"
AGREEMENTS = "SELECT ?a ?label { ?a a pact:Agreement ; skos:prefLabel ?label }"
SELECTS = {
    "two patterns": AGREEMENTS,
    "optional": f"SELECT * {{ {{ {AGREEMENTS} }} OPTIONAL {{ ?a pact:instrumentType ?type }} }}",
    "claims in their graphs": "SELECT ?claim ?e { GRAPH ?claim { ?e pact:occurrence pv:occurred } }",
    "numbers and dates": "SELECT ?p ?n ?d { ?p pact:paragraph ?n . ?doc a pact:SourceDocument ; pact:latestDate ?d }",
    "counted": "SELECT ?type (COUNT(*) AS ?n) { ?a a pact:LifecycleEvent ; pact:eventType ?type } GROUP BY ?type",
    "a saved question": question("ended-by").text,
}
ASKS = {
    "ASK { id:sv a pact:State }": True,
    "ASK { id:sv a pact:Agreement }": False,
}
GRAPH = "CONSTRUCT { ?a pact:party ?s } WHERE { ?a a pact:Agreement ; pact:party ?s FILTER(?s != id:us) }"


@pytest.fixture(scope="module")
def answers(store_folder: Path) -> dict[str, Any]:
    """What Comunica makes of every query here, asked of a running service in one process."""
    needed(shutil.which("npm") is not None, "Comunica needs npm (Node 20 or newer)")
    if not (CLIENT / "node_modules" / "@comunica").is_dir():
        install = ["npm", "ci", "--silent", "--no-audit", "--no-fund"]
        installed = subprocess.run(install, cwd=CLIENT, capture_output=True, timeout=300, check=False)
        needed(installed.returncode == 0, f"Comunica does not install: {installed.stderr.decode()[-300:]}")
    asked = [*SELECTS.values(), *ASKS, GRAPH]
    running = Service(store_folder)
    try:
        done = subprocess.run(
            ["node", "ask.js", f"{running.base}/sparql"],
            input=json.dumps([sparql.with_prefixes(text) for text in asked]).encode(),
            cwd=CLIENT,
            capture_output=True,
            timeout=120,
            check=False,
        )
    finally:
        running.stop()
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    return dict(zip(asked, json.loads(done.stdout), strict=True))


def as_rows(found: Any) -> list[tuple[tuple[str, str], ...]]:
    """Return rows as a bag: each with what is bound in it."""
    assert isinstance(found, ox.QuerySolutions)
    names = [variable.value for variable in found.variables]
    return sorted(
        tuple(sorted((name, str(term)) for name, term in zip(names, row, strict=True) if term is not None))
        for row in found
    )


@pytest.mark.parametrize("name", SELECTS)
def test_comunica_reads_the_same_rows(name: str, answers: dict[str, Any], shipped_store: EmbeddedStore) -> None:
    expected = as_rows(shipped_store.query(SELECTS[name]))

    assert expected
    assert sorted(tuple(sorted(row.items())) for row in answers[SELECTS[name]]) == expected


@pytest.mark.parametrize("text", ASKS)
def test_comunica_reads_the_same_truth(text: str, answers: dict[str, Any], shipped_store: EmbeddedStore) -> None:
    assert answers[text] is ASKS[text] is bool(shipped_store.query(text))


def test_comunica_reads_the_same_triples(answers: dict[str, Any], shipped_store: EmbeddedStore) -> None:
    triples = shipped_store.query(GRAPH)
    assert isinstance(triples, ox.QueryTriples)

    expected = sorted([str(each.subject), str(each.predicate), str(each.object)] for each in triples)

    assert expected
    assert sorted(answers[GRAPH]) == expected
