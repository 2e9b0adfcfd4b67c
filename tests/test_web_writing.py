"""Changes over HTTP: who may make them, what the gate says to them, and that they are whole or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pyoxigraph as ox
import pytest
from support import EXAMPLE, EXAMPLE_FILES
from test_web import Service

from kg import gate, terms
from kg.dataset import dataset_hash, read_files
from kg.errors import DataError, QuerySyntaxError, ReadOnly
from kg.store import EmbeddedStore
from kg.web.message import Request
from kg.web.protocol import operation

TOKEN = "a-token-for-tests-only"
BEARER = {"authorization": f"Bearer {TOKEN}"}
UPDATE = {"content-type": "application/sparql-update"}
LABEL = f"<{terms.GRAPH}reference/states>"
NEW_LABEL = f'INSERT DATA {{ GRAPH {LABEL} {{ id:sv skos:altLabel "El Pulgarcito"@es }} }}'
ASK_LABEL = 'ASK { id:sv skos:altLabel "El Pulgarcito"@es }'


@pytest.fixture
def writable(own_store: Path, tmp_path: Path) -> Iterator[Service]:
    token = tmp_path / "token"
    token.write_text(TOKEN + "\n")
    running = Service(own_store, "--writable", "--token-file", str(token))
    yield running
    assert TOKEN not in running.stop()


def hash_of(service: Service) -> str:
    return str(service.client.get("/health").json()["dataset"])


def holds(service: Service, ask: str) -> bool:
    return bool(service.client.get("/sparql", params={"query": ask}).json()["boolean"])


def post(service: Service, text: str, headers: dict[str, str] = BEARER) -> httpx.Response:
    return service.client.post("/sparql", content=text, headers={**UPDATE, **headers})


# --- who --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"authorization": "Bearer wrong"}, 401),
        ({"authorization": TOKEN}, 401),
        ({"authorization": f"Basic {TOKEN}"}, 401),
        ({"authorization": f"bearer {TOKEN}"}, 200),
    ],
)
def test_only_whoever_brings_the_token_changes_the_store(
    writable: Service, headers: dict[str, str], status: int
) -> None:
    response = post(writable, NEW_LABEL, headers)

    assert response.status_code == status, response.text
    assert ("www-authenticate" in response.headers) == (status == 401)
    assert holds(writable, ASK_LABEL) == (status == 200)


def test_a_token_in_the_address_counts_for_nothing(writable: Service) -> None:
    response = writable.client.post(f"/sparql?access_token={TOKEN}&token={TOKEN}", content=NEW_LABEL, headers=UPDATE)

    assert response.status_code == 401


def test_reading_needs_no_token(writable: Service) -> None:
    assert writable.client.get("/ask/agreements", params={"format": "csv"}).status_code == 200


# --- SPARQL Update ----------------------------------------------------------------------------------------------------


def test_an_update_joins_the_facts_view_and_tells_the_new_dataset(writable: Service) -> None:
    before = hash_of(writable)

    response = post(writable, NEW_LABEL)

    assert response.status_code == 200
    assert holds(writable, ASK_LABEL)
    assert response.json()["dataset"] == hash_of(writable) != before
    assert post(writable, NEW_LABEL.replace("INSERT", "DELETE")).json()["dataset"] == before


def test_an_update_can_come_as_a_form_and_name_its_graphs_in_the_address(writable: Service) -> None:
    text = f"DELETE {{ GRAPH {LABEL} {{ id:sv a pact:State }} }} WHERE {{ id:nobody a pact:State }}"
    form = {"update": text, "using-graph-uri": f"{terms.GRAPH}reference/states"}

    response = writable.client.post("/sparql", data=form, headers=BEARER)

    assert response.status_code == 200
    assert holds(writable, "ASK { id:sv a pact:State }")


def test_what_the_gate_refuses_changes_nothing_and_is_told(writable: Service) -> None:
    before = hash_of(writable)

    response = post(writable, f"INSERT DATA {{ GRAPH {LABEL} {{ id:sv pact:iso3166Alpha2 'no code' }} }}")

    assert response.status_code == 422
    assert "iso3166Alpha2" in response.json()["title"]
    assert hash_of(writable) == before


@pytest.mark.parametrize(
    ("text", "status", "words"),
    [
        ("INSERT DATA { id:sv a pact:Agreement }", 422, "facts view"),
        ("DROP DEFAULT", 422, "facts view"),
        ("LOAD <http://127.0.0.1:1/x>", 403, "LOAD"),
        ("INSERT { GRAPH <urn:x> { ?s ?p ?o } } WHERE { SERVICE <http://127.0.0.1:1/> { ?s ?p ?o } }", 403, "SERVICE"),
        ("CREATE GRAPH <https://w3id.org/pactgraph/graph/reference/states>", 422, "cannot be done"),
        ("INSERT DATA { GRAPH <urn:x> { id:sv ", 400, "parse"),
    ],
)
def test_a_bad_update_gets_a_sentence_and_changes_nothing(
    writable: Service, text: str, status: int, words: str
) -> None:
    before = hash_of(writable)

    response = post(writable, text)

    assert response.status_code == status, response.text
    assert words in response.json()["title"]
    assert hash_of(writable) == before


# --- Graph Store Protocol ---------------------------------------------------------------------------------------------


def test_a_graph_is_given_replaced_and_put_back(writable: Service) -> None:
    before, where = hash_of(writable), {"graph": f"{terms.GRAPH}reference/states"}
    turtle = writable.client.get("/data", params=where, headers={"accept": "text/turtle"}).text
    more = "@prefix skos: <http://www.w3.org/2004/02/skos/core#> .\n" + (
        f'<{terms.ID}sv> skos:altLabel "El Pulgarcito"@es .'
    )
    headers = {**BEARER, "content-type": "text/turtle"}

    added = writable.client.post("/data", params=where, content=more, headers=headers)
    assert (added.status_code, holds(writable, ASK_LABEL)) == (200, True)

    put = writable.client.put("/data", params=where, content=turtle, headers=headers)
    assert (put.status_code, hash_of(writable)) == (200, before)


def test_a_new_graph_is_created_and_dropped(writable: Service) -> None:
    before, where = hash_of(writable), {"graph": f"{terms.GRAPH}reference/more"}
    triple = f'<{terms.ID}sv> <http://www.w3.org/2004/02/skos/core#altLabel> "El Pulgarcito"@es .'
    headers = {**BEARER, "content-type": "application/n-triples"}

    assert writable.client.put("/data", params=where, content=triple, headers=headers).status_code == 201
    assert writable.client.head("/data", params=where).status_code == 200
    assert writable.client.delete("/data", params=where, headers=BEARER).status_code == 200
    assert writable.client.get("/data", params=where).status_code == 404
    assert writable.client.delete("/data", params=where, headers=BEARER).status_code == 404
    assert hash_of(writable) == before


@pytest.mark.parametrize(
    ("method", "address", "body", "media_type", "status"),
    [
        ("GET", "/data", "", "", 400),
        ("GET", "/data?default&graph=urn:x", "", "", 400),
        ("GET", "/data?graph=no%20iri", "", "", 400),
        ("GET", "/data?graph=urn:nothing", "", "", 404),
        ("PUT", "/data?default", "", "text/turtle", 403),
        ("PUT", "/data?graph=urn:x", "<urn:a> <urn:b>", "text/turtle", 400),
        ("PUT", "/data?graph=urn:x", "x", "image/png", 415),
        ("PUT", "/data?graph=urn:x", '{"@graph": [], "@id": 7}', "application/ld+json", 400),
        ("PATCH", "/data?graph=urn:x", "", "text/turtle", 405),
        ("DELETE", "/sparql", "", "", 405),
    ],
)
def test_a_bad_request_to_a_graph_gets_its_own_status(
    writable: Service, method: str, address: str, body: str, media_type: str, status: int
) -> None:
    headers = {**BEARER, **({"content-type": media_type} if media_type else {})}

    response = writable.client.request(method, address, content=body, headers=headers)

    assert response.status_code == status, response.text
    assert (status == 405) == ("allow" in response.headers)


def test_the_default_graph_is_the_facts_view(writable: Service) -> None:
    response = writable.client.get("/data?default", headers={"accept": "application/n-triples"})

    triples = {quad.triple for quad in ox.parse(response.content, format=ox.RdfFormat.N_TRIPLES)}
    assert any(triple.object == ox.NamedNode(terms.PACT + "Agreement") for triple in triples)


# --- the parts --------------------------------------------------------------------------------------------------------


def test_a_document_can_come_in_by_an_update(own_store: Path) -> None:
    before = EmbeddedStore.open(own_store).quads()
    added = read_files(EXAMPLE_FILES).quads
    data = "\n".join(f"GRAPH {q.graph_name} {{ {q.subject} {q.predicate} {q.object} }}" for q in added)

    outcome = gate.update(str(own_store), f"INSERT DATA {{ {data} }}")

    assert outcome.dataset_hash == dataset_hash(before | added)
    assert outcome.slugs == (EXAMPLE,)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("SELECT * { ?s ?p ?o }", QuerySyntaxError),
        ("lo\\u0061d <http://127.0.0.1:1/>", ReadOnly),
        ("CLEAR DEFAULT", DataError),
    ],
)
def test_the_gate_refuses_what_is_no_update(own_store: Path, text: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        gate.update(str(own_store), text)


def test_graphs_in_the_address_of_an_update_stand_before_each_where() -> None:
    text = "DELETE { ?a ?b ?c } WHERE { ?a ?b ?c { ?where ?b ?c } } ; INSERT { ?a ?b 'WHERE' } WHERE { }"
    query = (("using-graph-uri", "urn:g"), ("using-named-graph-uri", "urn:n"))

    found = operation(Request(method="POST", query=query, content_type="application/sparql-update", body=text.encode()))

    using = "USING <urn:g> USING NAMED <urn:n> WHERE"
    assert found.update == text.replace("} WHERE {", f"}} {using} {{")


@pytest.mark.parametrize("text", ["WITH <urn:x> DELETE { ?a ?b ?c } WHERE {}", "DELETE WHERE { ?a ?b ?c }"])
def test_graphs_are_not_named_twice(text: str) -> None:
    request = Request(
        method="POST",
        query=(("using-graph-uri", "urn:g"),),
        content_type="application/sparql-update",
        body=text.encode(),
    )

    with pytest.raises(Exception, match=r"graphs"):
        operation(request)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--writable"], "KG_TOKEN: holds no token"),
        (["--writable", "--token-file", "/nowhere/token"], "/nowhere/token: cannot be read"),
        (["--base", "ftp://x"], "--base"),
        (["--base", "https://x.example/?a=b"], "--base"),
        (["--base", "https://x.example/id/"], "--base"),
    ],
)
def test_the_service_does_not_start_on_a_bad_option(store_folder: Path, options: list[str], words: str) -> None:
    with pytest.raises(RuntimeError, match="exited") as failure:
        Service(store_folder, *options)

    assert words in str(failure.value)


def test_descriptions_name_the_address_given(store_folder: Path) -> None:
    running = Service(store_folder, "--base", "https://kg.example.org")
    description = running.client.get("/sparql", headers={"accept": "application/n-triples"}).text
    void = running.client.get("/.well-known/void", headers={"accept": "application/n-triples"}).text
    running.stop()

    assert "<https://kg.example.org/sparql>" in description
    assert "<https://kg.example.org/sparql>" in void
    assert "SPARQLSelectExecutable" in description
    assert "SPARQL11Update" not in description


def test_a_query_calls_only_servers_that_are_allowed(store_folder: Path) -> None:
    other = Service(store_folder)
    one = Service(store_folder, "--allow-service", f"{other.base}/sparql")
    there = "SELECT ?a { SERVICE <%s/sparql> { ?a a <" + terms.PACT + "Agreement> } }"

    allowed = one.client.get("/sparql", params={"query": there % other.base})
    refused = one.client.get("/sparql", params={"query": there % one.base})
    one.stop()
    other.stop()

    assert allowed.status_code == 200
    assert len(allowed.json()["results"]["bindings"]) > 3
    assert refused.status_code == 403
