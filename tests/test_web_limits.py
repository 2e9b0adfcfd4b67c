"""The limits of the service: slow and many requests, large answers, a stop in the middle, and words in headers."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from test_web import ENDLESS, Service

LOOKUP = "SELECT ?p ?o { id:us ?p ?o }"
LARGE = "SELECT * { ?a ?b ?c . ?d ?e ?f } LIMIT 150000"


@pytest.fixture
def narrow(store_folder: Path) -> Iterator[Service]:
    """A service with a single worker."""
    running = Service(store_folder, "--workers", "1", "--seconds", "4")
    yield running
    if running.process.poll() is None:
        running.stop()


def ask(service: Service, query: str) -> httpx.Response:
    return httpx.get(f"{service.base}/sparql", params={"query": query}, timeout=60)


def test_too_many_are_told_to_come_again_and_lookups_go_on(narrow: Service) -> None:
    with ThreadPoolExecutor(45) as crowd:
        asked = [crowd.submit(ask, narrow, ENDLESS) for _ in range(45)]
        time.sleep(1.5)
        looked_up = ask(narrow, LOOKUP)
        answers = [each.result() for each in asked]

    turned_away = [answer for answer in answers if answer.status_code == 503]
    assert looked_up.status_code == 200
    assert looked_up.json()["results"]["bindings"]
    assert len(turned_away) == 12
    assert {answer.headers["retry-after"] for answer in turned_away} == {"5"}
    assert {answer.status_code for answer in answers} == {503, 504}


def test_a_body_that_does_not_come_is_not_waited_for(narrow: Service) -> None:
    port = int(narrow.base.rpartition(":")[2])
    head = "POST /sparql HTTP/1.1\r\nHost: x\r\nContent-Type: application/sparql-query\r\nContent-Length: 50\r\n\r\nASK"
    with socket.create_connection(("127.0.0.1", port), timeout=15) as slow:
        slow.sendall(head.encode())
        began = time.monotonic()
        told = slow.recv(4_000)

    assert told.startswith(b"HTTP/1.1 408 ")
    assert 3 < time.monotonic() - began < 10
    assert ask(narrow, LOOKUP).status_code == 200


def test_a_request_under_way_is_answered_before_the_service_stops(narrow: Service) -> None:
    answers: list[httpx.Response] = []
    asking = threading.Thread(target=lambda: answers.append(ask(narrow, ENDLESS)))
    asking.start()
    time.sleep(1)

    narrow.stop()
    asking.join()

    assert [answer.status_code for answer in answers] == [504]
    assert narrow.process.returncode == 0


def test_a_large_answer_passes_through_and_is_kept_nowhere(narrow: Service) -> None:
    ask(narrow, "SELECT * { ?a ?b ?c . ?d ?e ?f } LIMIT 2000")
    before = memory(narrow)

    size = 0
    with httpx.stream(
        "GET", f"{narrow.base}/sparql", params={"query": LARGE}, headers={"accept-encoding": "identity"}, timeout=60
    ) as response:
        assert response.status_code == 200
        for part in response.iter_raw():
            size += len(part)

    assert size > 30_000_000
    assert memory(narrow) - before < 20_000


def memory(service: Service) -> int:
    """Return the most memory that the processes of a service have had so far, together, in KB."""
    parents = {service.process.pid}
    total = 0
    for _ in range(4):  # the service, its fronts, their workers
        for status in Path("/proc").glob("[0-9]*/status"):
            try:
                told = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
            except (OSError, ValueError):
                continue
            if int(told["PPid"]) in parents and int(told["Pid"]) not in parents:
                parents.add(int(told["Pid"]))
                total += int(told.get("VmHWM", "0 kB").split()[0])
    return total


@pytest.mark.parametrize(
    "path",
    [
        "/ask/agreements?format=csv%0d%0aset-cookie:%20a=b",
        "/ask/agreements%0d%0aset-cookie:%20a=b?format=csv",
        "/ask/agreements?format=json&limit=1&state=a%0d%0aset-cookie:%20a=b",
        "/id/us%0d%0aset-cookie:%20a=b",
    ],
)
def test_no_words_of_a_request_become_a_header(narrow: Service, path: str) -> None:
    response = httpx.get(narrow.base + path, timeout=30)

    assert 400 <= response.status_code < 500
    assert "set-cookie" not in response.headers
