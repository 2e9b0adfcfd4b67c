"""Citations from an endpoint: the same as from disk, and no answer at all where any of its replies fails."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import parse_qs

import pyoxigraph as ox
import pytest
from support import Runner

from kg import terms
from kg.answer import ask, run
from kg.connect import connect
from kg.errors import StoreError
from kg.store import EmbeddedStore, RemoteStore

Failure = Literal["error", "hang up", "cut off", "nonsense", "too late"]
FAILURES: tuple[Failure, ...] = ("error", "hang up", "cut off", "nonsense", "too late")


@dataclass
class Endpoint:
    """A server of this process that answers from a store, until the reply that is to fail."""

    place: str
    store: EmbeddedStore
    failing: int | None = None
    failure: Failure = "error"
    asked: int = 0


class Quiet(ThreadingHTTPServer):
    """A server that waits for its replies at the end, and does not mind that nobody does for one that is too late."""

    daemon_threads = False

    def handle_error(self, *_: object) -> None:
        pass


@contextmanager
def endpoint(store: EmbeddedStore) -> Iterator[Endpoint]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = self.rfile.read(int(self.headers["Content-Length"])).decode()
            [text] = parse_qs(form)["query"]
            state.asked += 1
            if state.failing is not None and state.asked >= state.failing:
                self.fail(text)
            else:
                self.reply(reply_to(state.store, text))

        def reply(self, body: bytes, length: int | None = None) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/sparql-results+json")
            self.send_header("Content-Length", str(len(body) if length is None else length))
            self.end_headers()
            self.wfile.write(body)

        def fail(self, text: str) -> None:
            match state.failure:
                case "error":
                    self.send_error(503)
                case "hang up":
                    self.close_connection = True
                case "cut off":
                    body = reply_to(state.store, text)
                    self.reply(body[: len(body) // 2], len(body))
                    self.close_connection = True
                case "nonsense":
                    self.reply(b"<html>the service is being worked on</html>")
                case "too late":
                    time.sleep(1.5)
                    self.reply(reply_to(state.store, text))

        def log_message(self, *_: object) -> None:
            pass

    with Quiet(("127.0.0.1", 0), Handler) as server:
        state = Endpoint(f"http://127.0.0.1:{server.server_port}/query", store)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield state
        finally:
            server.shutdown()
            thread.join()


def reply_to(store: EmbeddedStore, text: str) -> bytes:
    found = store.query(text)
    assert isinstance(found, ox.QuerySolutions | ox.QueryBoolean)
    return found.serialize(format=ox.QueryResultsFormat.JSON) or b""


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits before a second attempt here."""
    monkeypatch.setattr("kg.store.endpoint.PAUSES", (0.0,))


@pytest.fixture
def served(shipped_store: EmbeddedStore) -> Iterator[Endpoint]:
    with endpoint(shipped_store) as found:
        yield found


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("ended-by", {}),
        ("agreements", {"state": "id:sv"}),
        ("transfer-routes", {}),
        ("coverage", {}),
        ("conflicts", {}),
    ],
)
def test_an_endpoint_gives_the_same_rows_citations_and_notes(
    name: str, given: dict[str, str], served: Endpoint, shipped_store: EmbeddedStore
) -> None:
    here = ask(shipped_store, name, given, cited=True)

    there = ask(RemoteStore(served.place), name, given, cited=True)

    assert there == here


def test_an_endpoint_gives_the_same_chains(served: Endpoint, shipped_store: EmbeddedStore) -> None:
    ends = (terms.ID + "joe-biden", terms.ID + "us-gt-aca")

    assert connect(RemoteStore(served.place), *ends) == connect(shipped_store, *ends)


# Conditions, a sub-query, a path and a group: each makes replies of its own.
TEXT = """SELECT ?agreement (COUNT(?event) AS ?n) {
  ?agreement a/rdfs:subClassOf* pact:Instrument . ?event pact:eventOf ?agreement
  { SELECT ?agreement { ?agreement pact:party id:sv } }
  FILTER EXISTS { ?event pact:performedBy ?who }
} GROUP BY ?agreement ORDER BY ?agreement"""


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("cited", [True, False])
def test_whichever_reply_fails_there_is_no_answer(failure: Failure, cited: bool, served: Endpoint) -> None:
    store = RemoteStore(served.place, timeout=1 if failure == "too late" else 60)
    whole = run(store, TEXT, cited=cited)
    replies = served.asked
    assert whole.rows
    # To wait for each reply takes long, so only the first and the last come too late.
    tried = range(1, replies + 1) if failure != "too late" else {1, replies}

    for number in tried:
        served.asked, served.failing, served.failure = 0, number, failure
        store = RemoteStore(served.place, timeout=1 if failure == "too late" else 60)
        with pytest.raises(StoreError, match=r"the endpoint did not answer|the answer is cut off or malformed"):
            run(store, TEXT, cited=cited)


@pytest.mark.parametrize("form", ["table", "json", "csv", "tsv", "md"])
def test_a_failure_in_the_second_pass_prints_nothing_and_ends_with_1(form: str, served: Endpoint, kg: Runner) -> None:
    whole = kg("ask", "ended-by", "--cite", "--format", form, "--store", served.place)
    assert (whole.code, whole.err) == (0, "")
    replies = served.asked

    for number in (1, 2, replies - 1, replies):
        served.asked, served.failing = 0, number
        ran = kg("ask", "ended-by", "--cite", "--format", form, "--store", served.place)

        assert (ran.code, ran.out) == (1, "")
        assert "the endpoint did not answer" in ran.err


def test_an_empty_answer_is_one_only_if_the_endpoint_says_so(served: Endpoint, kg: Runner) -> None:
    ran = kg("ask", "agreements", "--state", "id:ve", "--cite", "--format", "json", "--store", served.place)

    assert ran.code == 0
    assert json.loads(ran.out)["status"] == "not recorded"
