"""The service as other people's clients see it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from rdflib import Graph, URIRef
from rdflib.plugins.stores.sparqlstore import SPARQLStore, SPARQLUpdateStore
from SPARQLWrapper import CSV, JSON, POST, POSTDIRECTLY, TURTLE, XML, SPARQLWrapper
from test_web import TWO_AGREEMENTS, Service

from kg import terms
from kg.store import RemoteStore

TOKEN = "a-token-for-tests-only"
AGREEMENT = f"<{terms.PACT}Agreement>"


@pytest.fixture(scope="module")
def service(store_folder: Path) -> Iterator[Service]:
    running = Service(store_folder)
    yield running
    running.stop()


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_sparqlwrapper_reads_rows_and_graphs(service: Service) -> None:
    def asked(text: str, form: str, *how: str) -> Any:
        client = SPARQLWrapper(f"{service.base}/sparql")
        client.setQuery(text)
        client.setReturnFormat(form)
        if how:
            client.setMethod(how[0])
            client.setRequestMethod(how[1])
        result = client.query()
        with closing(result.response):
            return result.convert()

    as_json = asked(TWO_AGREEMENTS, JSON)["results"]["bindings"]
    as_xml = asked(TWO_AGREEMENTS, XML).getElementsByTagName("result")
    as_csv = asked(TWO_AGREEMENTS, CSV).decode().split()
    assert len(as_json) == len(as_xml) == len(as_csv) - 1 == 2

    turtle = asked(f"CONSTRUCT {{ ?a a {AGREEMENT} }} WHERE {{ ?a a {AGREEMENT} }}", TURTLE, POST, POSTDIRECTLY)
    assert len(Graph().parse(data=turtle, format="turtle")) == 5


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_rdflib_reads_through_its_sparql_store(service: Service) -> None:
    graph = Graph(SPARQLStore(f"{service.base}/sparql"))

    found = set(graph.subjects(URIRef(terms.RDF + "type"), URIRef(terms.PACT + "Agreement")))

    assert URIRef(terms.ID + "us-ca-stca") in found
    assert len(found) == len(list(graph.query(f"SELECT ?a {{ ?a a {AGREEMENT} }}"))) == 5


def test_rdflib_writes_through_its_update_store(own_store: Path, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN)
    running = Service(own_store, "--writable", "--token-file", str(tmp_path / "token"))
    address = f"{running.base}/sparql"
    store = SPARQLUpdateStore(address, address, headers={"Authorization": f"Bearer {TOKEN}"})
    name, label = f"{terms.GRAPH}reference/states", terms.SKOS + "altLabel"

    try:
        store.update(f'INSERT DATA {{ GRAPH <{name}> {{ <{terms.ID}sv> <{label}> "El Pulgarcito"@es }} }}')
        answer = running.client.get("/sparql", params={"query": f'ASK {{ id:sv <{label}> "El Pulgarcito"@es }}'})
    finally:
        running.stop()

    assert answer.json()["boolean"]


def test_our_own_store_reads_through_it(service: Service) -> None:
    from kg.answer import ask
    from kg.store import open_store

    remote = open_store(f"{service.base}/sparql")
    assert isinstance(remote, RemoteStore)

    answer = ask(remote, "took-effect", cited=True)

    assert answer.rows
    assert all(citation.claims for citation in answer.citations or ())


def test_the_service_keeps_to_its_own_description(service: Service) -> None:
    command = [Path(sys.executable).parent / "schemathesis", "run", f"{service.base}/openapi.json", "--no-color"]
    # A name that nothing bears is refused although it is a text, and an empty field of a form counts as not given.
    unfit = "positive_data_acceptance,negative_data_rejection"
    options = ["--checks=all", f"--exclude-checks={unfit}", "--max-examples=10", "--seed=1"]
    options += ["--phases=examples,fuzzing", "--generation-database=none", "--request-timeout=20"]

    done = subprocess.run(
        [*map(str, command), *options, "--suppress-health-check=all"],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )

    assert done.returncode == 0, done.stdout[-5000:]
