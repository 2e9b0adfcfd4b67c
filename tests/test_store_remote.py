"""The store behind a URL: the same answers as on disk, and no failure that reads as an empty answer."""

from __future__ import annotations

import base64
import json
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pyoxigraph as ox
import pytest
from support import EXAMPLE, EXAMPLE_FILES, Runner

from benchmarks import peers
from kg import gate, project, terms
from kg.answer import ask
from kg.dataset import Dataset, dataset_hash, facts, read_files
from kg.errors import DataError, NotConforming, QuerySyntaxError, ReadOnly, StoreError, UnknownEntity
from kg.query import question
from kg.store import EmbeddedStore, RemoteStore, open_store, status, writing
from kg.store.remote import RemoteWriter

QUESTIONS = [path.stem for path in project.question_files()]


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits before another attempt here."""
    monkeypatch.setattr("kg.store.endpoint.PAUSES", (0.0, 0.0))


@contextmanager
def engine(name: str, folder: Path) -> Iterator[str]:
    """Run a real SPARQL server on a free port of this machine, and give its address for queries."""
    folder.mkdir(exist_ok=True)
    try:
        with peers.virtuoso(folder) if name == "virtuoso" else peers.oxigraph(folder) as place:
            yield place
    except peers.Missing as error:
        pytest.skip(f"{name} is not installed: {error}")


ENGINES = ("oxigraph", "virtuoso")


@pytest.fixture(scope="module", params=ENGINES)
def shipped_remote(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RemoteStore]:
    """A server with the shipped data, built by `gate.build`; tests only read it."""
    with engine(request.param, tmp_path_factory.mktemp("server")) as place:
        gate.build(place)
        yield RemoteStore(place)


@pytest.fixture(scope="module", params=ENGINES)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server for tests that change what it holds."""
    with engine(request.param, tmp_path_factory.mktemp("server")) as place:
        yield place


@pytest.fixture
def own_remote(server: str, shipped: Dataset) -> RemoteStore:
    """A server with the shipped data, which the test may change."""
    with writing(server) as writer:
        writer.replace(shipped.quads)
    return RemoteStore(server)


def default_graph(store: RemoteStore) -> set[ox.Triple]:
    found = store.query("CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }")
    assert isinstance(found, ox.QueryTriples)
    return set(found)


# --- a real server ----------------------------------------------------------------------------------


def test_a_url_is_an_endpoint(shipped_remote: RemoteStore) -> None:
    assert open_store(shipped_remote.place) == shipped_remote


def test_a_build_puts_the_dataset_and_its_facts_view_on_the_server(
    shipped_remote: RemoteStore, shipped: Dataset
) -> None:
    assert shipped_remote.quads() == shipped.quads
    assert default_graph(shipped_remote) == {quad.triple for quad in facts(shipped.quads)}


REFUSED_BY_VIRTUOSO = ("agreements", "type")
"""Virtuoso 7.2.5 makes SQL of this question with this parameter that it cannot compile, and says so."""


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_question_is_answered_as_on_disk(
    name: str, shipped_remote: RemoteStore, shipped_store: EmbeddedStore
) -> None:
    parameters = question(name).parameters
    needed = {each.name: each.example for each in parameters if not each.optional}
    ways = [needed, *({**needed, each.name: each.example} for each in parameters if each.optional)]

    for given in ways:
        if shipped_remote.view and name == REFUSED_BY_VIRTUOSO[0] and REFUSED_BY_VIRTUOSO[1] in given:
            with pytest.raises(StoreError, match="SQ156"):
                ask(shipped_remote, name, given)
            continue
        here, there = ask(shipped_store, name, given), ask(shipped_remote, name, given)
        assert there.columns == here.columns
        assert there.rows == here.rows


def test_rows_with_nothing_in_them_come_as_such(shipped_remote: RemoteStore) -> None:
    found = shipped_remote.query("SELECT ?a ?b { OPTIONAL { ?a a pact:NoSuchClass } }")

    assert isinstance(found, ox.QuerySolutions)
    assert [tuple(row) for row in found] == [(None, None)]


def test_yes_and_no_come_as_such(shipped_remote: RemoteStore) -> None:
    assert shipped_remote.query("ASK { id:sv a pact:State }")
    assert not shipped_remote.query("ASK { id:sv a pact:Policy }")


def test_the_holders_of_triples_are_the_same_as_on_disk(
    shipped_remote: RemoteStore, shipped_store: EmbeddedStore, shipped: Dataset
) -> None:
    triples = {quad.triple for quad in shipped.quads if "claim/" in str(quad.graph_name)}

    assert shipped_remote.holders(triples) == shipped_store.holders(triples)


@pytest.mark.parametrize("text", ['"> } DROP ALL #', "a\\b\n\t\r", "\x07\x7f", "é🜁\u2028", "'''\"\"\""])
def test_any_text_goes_there_and_comes_back(text: str, tmp_path: Path) -> None:
    node = ox.NamedNode(terms.GRAPH + "x")
    quads = frozenset(
        [ox.Quad(node, node, ox.Literal(text), node), ox.Quad(node, node, ox.Literal(text, language="en"), node)]
    )

    with engine("oxigraph", tmp_path / "server") as place, writing(place) as writer:
        writer.replace(quads)
        assert writer.quads() == quads


def test_a_document_is_added_replaced_and_removed(own_remote: RemoteStore, shipped: Dataset) -> None:
    added = gate.add(own_remote.place, EXAMPLE_FILES)
    after_adding = own_remote.quads()
    gate.add(own_remote.place, EXAMPLE_FILES[1:])
    removed = gate.remove(own_remote.place, EXAMPLE)

    assert after_adding == shipped.quads | read_files(EXAMPLE_FILES).quads
    assert added.dataset_hash == dataset_hash(after_adding)
    assert removed.dataset_hash == dataset_hash(shipped.quads)
    assert own_remote.quads() == shipped.quads
    assert default_graph(own_remote) == {quad.triple for quad in facts(shipped.quads)}


def test_what_does_not_conform_changes_nothing_there(own_remote: RemoteStore, shipped: Dataset, tmp_path: Path) -> None:
    text = EXAMPLE_FILES[1].read_text(encoding="utf-8").replace("passage:p1s1 ;", "passage:p9s9 ;")
    (tmp_path / "bad.trig").write_text(text, encoding="utf-8")

    with pytest.raises(NotConforming, match="p9s9"):
        gate.add(own_remote.place, [EXAMPLE_FILES[0], tmp_path / "bad.trig"])
    with pytest.raises(UnknownEntity, match="there is no document"):
        gate.remove(own_remote.place, "nothing")

    assert own_remote.quads() == shipped.quads


def test_a_syntax_error_has_its_place_in_the_query_that_was_given(shipped_remote: RemoteStore) -> None:
    with pytest.raises(QuerySyntaxError, match="line 2, column 3"):
        shipped_remote.query("SELECT ?a { ?a a pact:State\n  ?b }")


def test_an_update_and_a_call_elsewhere_are_not_sent(shipped_remote: RemoteStore, shipped: Dataset) -> None:
    with pytest.raises(ReadOnly, match="update"):
        shipped_remote.query("DROP ALL")
    with pytest.raises(ReadOnly, match="SERVICE"):
        shipped_remote.query("SELECT * { SERVICE <http://localhost:9/> { ?s ?p ?o } }")

    assert len(shipped_remote.quads()) == len(shipped.quads)


def test_an_update_that_the_server_refuses_is_an_error(shipped_remote: RemoteStore) -> None:
    with pytest.raises(StoreError, match="the endpoint refuses the update"):
        shipped_remote.update("INSERT NONSENSE")


def test_the_command_line_takes_a_url(shipped_remote: RemoteStore, store_folder: Path, kg: Runner) -> None:
    query = "SELECT ?a { ?a a pact:Agreement ; pact:party id:us, id:sv } ORDER BY ?a"

    there = kg("sparql", "--query", query, "--format", "csv", "--store", shipped_remote.place)
    here = kg("sparql", "--query", query, "--format", "csv", "--store", store_folder)

    assert there == here
    assert (there.code, there.out.count("\n")) == (0, 3)


# --- servers that fail ------------------------------------------------------------------------------

GOOD_ROWS = b'{"head":{"vars":["s"]},"results":{"bindings":[{"s":{"type":"uri","value":"http://example.org/a"}}]}}'
RESULTS = "application/sparql-results+json"


@dataclass
class Reply:
    """What a bad server says to every request."""

    status: int = 200
    body: bytes = b""
    media_type: str = RESULTS
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0
    cut: int = 0
    hangs_up: bool = False


RECEIVED: dict[str, list[Message]] = defaultdict(list)
"""The headers of the requests that came to each of these servers."""


@contextmanager
def server_that_says(*replies: Reply) -> Iterator[str]:
    """Run a server that gives these replies one after another, and the last of them from then on."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.do_GET()

        def do_GET(self) -> None:
            received = RECEIVED[f"http://127.0.0.1:{server.server_port}/query"]
            received.append(self.headers)
            reply = replies[min(len(received), len(replies)) - 1]
            done.wait(reply.delay)
            if reply.hangs_up:
                self.close_connection = True
                return
            self.send_response(reply.status)
            self.send_header("Content-Type", reply.media_type)
            self.send_header("Content-Length", str(len(reply.body)))
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body[: len(reply.body) - reply.cut])

        def log_message(self, format: str, *args: object) -> None:
            pass

    done = threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/query"
    finally:
        done.set()
        server.shutdown()
        server.server_close()
        thread.join()


# --- credentials, attempts, and graphs of others ----------------------------------------------------


def simple(place: str) -> RemoteStore:
    """Return a store of which is known that its default graph is the facts view, so that it need not ask."""
    store = RemoteStore(place)
    vars(store)["view"] = None
    return store


def test_credentials_are_sent_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    with server_that_says(Reply(body=GOOD_ROWS)) as place:
        host = place.removeprefix("http://")
        simple(f"http://reader:s%40cret@{host}").query(QUERIES[0])
        monkeypatch.setenv("KG_STORE_USER", "reader")
        monkeypatch.setenv("KG_STORE_PASSWORD", "s@cret")
        simple(place).query(QUERIES[0])
        monkeypatch.delenv("KG_STORE_USER")
        monkeypatch.setenv("KG_STORE_TOKEN", "t0ken")
        simple(place).query(QUERIES[0])
        sent = [headers["Authorization"] for headers in RECEIVED[place]]

    basic = "Basic " + base64.b64encode(b"reader:s@cret").decode()
    assert sent == [basic, basic, "Bearer t0ken"]
    with server_that_says(Reply(status=401)) as place:
        store = RemoteStore(place.replace("http://", "http://reader:s%40cret@"))
        assert store.place == place
        with pytest.raises(StoreError, match="wants a user and a password, and the ones given are wrong") as caught:
            store.query(QUERIES[0])
    assert "cret" not in f"{caught.value} {store!r}"


def test_updates_go_where_they_are_told_to(monkeypatch: pytest.MonkeyPatch) -> None:
    with server_that_says(Reply()) as elsewhere, server_that_says(Reply(body=GOOD_ROWS)) as place:
        monkeypatch.setenv("KG_STORE_UPDATE", elsewhere)
        RemoteStore(place).update("CLEAR SILENT GRAPH <urn:a>")

        assert (len(RECEIVED[elsewhere]), len(RECEIVED[place])) == (1, 0)


def test_an_endpoint_that_asks_for_a_digest_gets_one(monkeypatch: pytest.MonkeyPatch) -> None:
    challenge = {"WWW-Authenticate": 'Digest realm="SPARQL", nonce="n1", qop="auth"'}
    with server_that_says(
        Reply(status=401, headers=challenge), Reply(status=401, headers=challenge), Reply(body=GOOD_ROWS)
    ) as place:
        found = simple(place.replace("http://", "http://dba:dba@")).query(QUERIES[0])
        assert isinstance(found, ox.QuerySolutions)
        assert len(list(found)) == 1
        assert RECEIVED[place][-1]["Authorization"].startswith('Digest username="dba"')


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_query_to_a_busy_server_is_sent_again(status: int) -> None:
    with server_that_says(Reply(status=status), Reply(hangs_up=True), Reply(body=GOOD_ROWS)) as place:
        found = simple(place).query(QUERIES[0])
        assert isinstance(found, ox.QuerySolutions)
        assert len(list(found)) == 1
        assert len(RECEIVED[place]) == 3


@pytest.mark.parametrize(
    ("reply", "attempts"), [(Reply(status=503), 2), (Reply(status=504), 1), (Reply(hangs_up=True), 1)]
)
def test_an_update_is_sent_again_only_where_it_was_not_begun(reply: Reply, attempts: int) -> None:
    with server_that_says(reply, Reply()) as place:
        if attempts == 2:
            RemoteStore(place).update("CLEAR SILENT GRAPH <urn:a>")
        else:
            with pytest.raises(StoreError):
                RemoteStore(place).update("CLEAR SILENT GRAPH <urn:a>")
        assert len(RECEIVED[place]) == attempts


def test_the_graphs_of_others_stay(own_remote: RemoteStore, shipped: Dataset) -> None:
    theirs = "GRAPH <http://example.org/theirs> { <http://example.org/a> a <http://example.org/B> }"
    own_remote.update(f"INSERT DATA {{ {theirs} }}")

    gate.build(own_remote.place)

    assert own_remote.quads() == shipped.quads
    assert own_remote.query(f"ASK {{ {theirs} }}")
    own_remote.update(f"DELETE DATA {{ {theirs} }}")


def test_a_graph_that_cannot_be_told_from_those_of_others_is_refused(own_remote: RemoteStore, shipped: Dataset) -> None:
    node = ox.NamedNode("http://example.org/x")
    with writing(own_remote.place) as writer, pytest.raises(DataError, match=r"http://example\.org/x"):
        writer.change(shipped.quads, shipped.quads | {ox.Quad(node, node, node, node)})

    assert own_remote.quads() == shipped.quads


def test_the_hash_is_noted_last_and_taken_away_first(own_remote: RemoteStore, shipped: Dataset) -> None:
    assert own_remote.noted == dataset_hash(shipped.quads)
    sent: list[str] = []
    store = RemoteStore(own_remote.place)
    object.__setattr__(store, "update", sent.append)
    RemoteWriter(store).change(shipped.quads, frozenset())

    [text] = sent
    steps = text.split(" ;\n")
    assert steps[0].startswith("DELETE WHERE { GRAPH <https://w3id.org/pactgraph/graph/state>")
    assert steps[-1].startswith("INSERT DATA { GRAPH <https://w3id.org/pactgraph/graph/state>")


def test_a_large_change_goes_in_parts_and_is_noted_when_all_are_there(
    own_remote: RemoteStore, shipped: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kg.store.remote._QUADS_AT_ONCE", 500)

    gate.add(own_remote.place, EXAMPLE_FILES)
    with writing(own_remote.place) as writer:
        writer.replace(shipped.quads)

    assert own_remote.quads() == shipped.quads
    assert own_remote.noted == dataset_hash(shipped.quads)


def test_a_large_change_that_is_broken_off_leaves_the_dataset_as_it_was_and_a_stage(
    own_remote: RemoteStore, shipped: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    if own_remote.view:
        pytest.skip("Virtuoso does not run an update of several operations whole, so it has no stage")
    monkeypatch.setattr("kg.store.remote._QUADS_AT_ONCE", 500)
    added = shipped.quads | read_files(EXAMPLE_FILES).quads
    before = own_remote.quads(), default_graph(own_remote), own_remote.noted
    sent: list[str] = []
    update = RemoteStore.update

    def broken_off(store: RemoteStore, text: str) -> None:
        sent.append(text)
        if "STRAFTER" in text:
            raise StoreError("the machine died")
        update(store, text)

    for dataset in (frozenset[ox.Quad](), added):
        # Small changes go in one update, so the one to the example is made large here.
        monkeypatch.setattr("kg.store.remote._QUADS_AT_ONCE", 500 if not dataset else 1)
        monkeypatch.setattr(RemoteStore, "update", broken_off)
        with pytest.raises(StoreError, match="the machine died"):
            RemoteWriter(own_remote).change(shipped.quads, dataset)
        monkeypatch.setattr(RemoteStore, "update", update)

        assert (own_remote.quads(), default_graph(own_remote), own_remote.noted) == before
        assert own_remote.staged() > 0
        assert f"{own_remote.staged():,} quads of a change that was broken off" in status(own_remote).leftovers[0]

    RemoteWriter(own_remote).change(shipped.quads, added)

    assert len(sent) > 4
    assert own_remote.staged() == 0
    assert own_remote.quads() == added
    assert default_graph(own_remote) == {quad.triple for quad in facts(added)}
    assert own_remote.noted == dataset_hash(added)
    assert status(own_remote, verify=True).leftovers == ()


# --- what a server that fails is told as -----------------------------------------------------------

HTML = b"<!DOCTYPE html><html><body>Internal error</body></html>"
FAILURES = {
    "rows cut off in the middle": Reply(body=GOOD_ROWS[:70]),
    "rows cut off before the end": Reply(body=GOOD_ROWS[:-2]),
    "fewer bytes than announced": Reply(body=GOOD_ROWS, cut=20),
    "nothing at all": Reply(body=b""),
    "an error as JSON": Reply(body=b'{"error": "timed out"}', media_type="application/json"),
    "rows without rows": Reply(body=b'{"head":{"vars":["s"]}}'),
    "a page instead of an answer": Reply(body=HTML, media_type="text/html"),
    "an empty page": Reply(body=b"", media_type="text/html"),
    "an error page": Reply(status=500, body=HTML, media_type="text/html"),
    "an error without words": Reply(status=500),
    "no such address": Reply(status=404, body=b"not found", media_type="text/plain"),
    "no leave": Reply(status=401, body=b"who are you?", media_type="text/plain"),
    "forbidden": Reply(status=403),
    "too much": Reply(status=429),
    "down": Reply(status=503, body=b"later", media_type="text/plain"),
    "a bad request": Reply(status=400, body=b"no", media_type="text/plain"),
    "a connection that ends": Reply(hangs_up=True),
    "no answer in time": Reply(body=GOOD_ROWS, delay=30),
}
QUERIES = ["SELECT * { ?s ?p ?o }", "ASK { ?s ?p ?o }", "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }", "DESCRIBE id:sv"]


@pytest.mark.parametrize("failure", FAILURES)
def test_a_failure_never_reads_as_an_empty_answer(failure: str) -> None:
    with server_that_says(FAILURES[failure]) as place:
        store = RemoteStore(place, timeout=1)

        for text in QUERIES[:1] if FAILURES[failure].delay else QUERIES:
            with pytest.raises(StoreError, match=r"the endpoint|the answer is cut off or malformed") as caught:
                store.query(text)
            assert caught.value.where == place
            assert caught.value.exit_code == 1
        with pytest.raises(StoreError):
            store.quads()


GIVES_NO_UPDATE = [name for name, reply in FAILURES.items() if reply.status != 200 or reply.hangs_up or reply.delay]


@pytest.mark.parametrize("failure", GIVES_NO_UPDATE)
def test_an_update_that_failed_never_reads_as_done(failure: str) -> None:
    with server_that_says(FAILURES[failure]) as place:
        store = RemoteStore(place, timeout=1)

        with pytest.raises(StoreError, match="the endpoint"):
            store.update("INSERT DATA { <http://e.org/a> <http://e.org/a> <http://e.org/a> }")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_server_that_sends_us_elsewhere_is_named_and_nothing_is_sent_there(status: int) -> None:
    with server_that_says(Reply(body=GOOD_ROWS)) as elsewhere:
        moved = Reply(status=status, headers={"Location": elsewhere.replace("/query", "/moved")})
        with server_that_says(moved) as place:
            store = RemoteStore(place)

            with pytest.raises(StoreError, match=r"the endpoint"):
                store.query(QUERIES[0])
            with pytest.raises(StoreError, match=r"the endpoint"):
                store.update("DROP ALL")


def test_an_endpoint_that_gives_fewer_quads_than_it_counts_is_not_believed() -> None:
    node = {"type": "uri", "value": "http://example.org/a"}
    row = {"n": {"type": "literal", "value": "7"}, "s": node, "p": node, "o": node, "g": node}
    body = json.dumps({"head": {"vars": list(row)}, "results": {"bindings": [row]}}).encode()

    with server_that_says(Reply(body=body)) as place, pytest.raises(StoreError, match="gave 1 of its 7 quads"):
        RemoteStore(place).quads()


@pytest.mark.parametrize(
    "place",
    [
        "http://127.0.0.1:9/query",
        "http://nobody.invalid/query",
        "http://[bad/query",
        "http://a..b/query",
        "https://",
        "http://127.0.0.1:99999/",
    ],
)
def test_an_address_where_nobody_answers_is_an_error_with_its_name(place: str, kg: Runner) -> None:
    ran = kg("sparql", "--query", QUERIES[0], "--store", place)

    assert ran.code == 1
    assert ran.out == ""
    assert ran.err.startswith(f"kg: {place}: the endpoint did not answer: ")
    assert "Traceback" not in ran.err


def test_adding_to_a_server_that_fails_half_way_is_an_error(kg: Runner) -> None:
    with server_that_says(Reply(status=503)) as place:
        ran = kg("add", *EXAMPLE_FILES, "--store", place)

    assert ran.code == 1
    assert "the endpoint did not answer" in ran.err
