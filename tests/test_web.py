"""The service over real sockets: protocol, answers, pages, limits, and input that means harm."""

from __future__ import annotations

import html
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from support import Runner

from kg.web import assets
from kg.web.desk import Desk
from kg.web.message import Request, frame, read_frame
from kg.web.worker import serve

ROOT = Path(__file__).resolve().parent.parent
TWO_AGREEMENTS = "SELECT ?a { ?a a pact:Agreement ; pact:party id:us, id:sv }"
ENDLESS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
PAGE = {"accept": "text/html"}


class Service:
    """A running `kg serve`, its base address and its process."""

    def __init__(self, store: Path, *options: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.base, self.place = f"http://127.0.0.1:{port}", store
        command = [sys.executable, "-m", "kg", "serve", "--store", str(store), "--port", str(port), *options]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        # Into a file: a pipe that nobody reads fills up, and then the service stands still.
        self.log = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115
        self.process = subprocess.Popen(command, stderr=self.log, env=environment)
        self.client = httpx.Client(base_url=self.base, timeout=30)
        for _ in range(200):
            if self.process.poll() is not None:
                self.client.close()
                raise RuntimeError(f"the service exited: {self.logged()}")
            try:
                if self.client.get("/health").status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.1)
        raise RuntimeError("the service did not start")

    def stop(self) -> str:
        self.client.close()
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=20)
        return self.logged()

    def logged(self) -> str:
        with self.log as log:
            log.seek(0)
            return log.read()


@pytest.fixture(scope="module")
def service(store_folder: Path) -> Iterator[Service]:
    running = Service(store_folder, "--seconds", "3")
    yield running
    running.stop()


def rows(response: httpx.Response) -> list[dict[str, dict[str, str]]]:
    assert response.status_code == 200, response.text
    found: list[dict[str, dict[str, str]]] = response.json()["results"]["bindings"]
    return found


def test_a_port_that_is_taken_is_told_in_a_sentence(store_folder: Path, kg: Runner) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ran = kg("serve", "--store", store_folder, "--port", str(taken.getsockname()[1]))

    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("kg: --port: cannot listen at 127.0.0.1:")
    assert "give another --port" in ran.err


# --- SPARQL 1.1 Protocol ----------------------------------------------------------------------------------------------


def test_a_query_can_be_sent_in_all_three_ways_of_the_protocol(service: Service) -> None:
    by_get = service.client.get("/sparql", params={"query": TWO_AGREEMENTS})
    by_form = service.client.post("/sparql", data={"query": TWO_AGREEMENTS})
    direct = service.client.post(
        "/sparql", content=TWO_AGREEMENTS, headers={"content-type": "application/sparql-query"}
    )

    assert rows(by_get) == rows(by_form) == rows(direct)
    assert len(rows(by_get)) == 2


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("*/*", "application/sparql-results+json"),
        ("application/sparql-results+xml", "application/sparql-results+xml"),
        ("text/csv;q=0.4, text/tab-separated-values;q=0.9", "text/tab-separated-values"),
        ("application/*;q=0.2, text/csv", "text/csv"),
    ],
)
def test_rows_come_in_the_form_that_the_client_prefers(service: Service, accept: str, media_type: str) -> None:
    response = service.client.get("/sparql", params={"query": TWO_AGREEMENTS}, headers={"accept": accept})

    assert response.headers["content-type"].partition(";")[0] == media_type
    assert "accept" in response.headers["vary"].lower()


@pytest.mark.parametrize(
    "media_type",
    ["text/turtle", "application/n-triples", "application/ld+json", "application/rdf+xml", "application/trig"],
)
def test_graphs_come_in_every_syntax(service: Service, media_type: str) -> None:
    query = "CONSTRUCT { ?a pact:party ?b } WHERE { ?a pact:party ?b }"

    response = service.client.get("/sparql", params={"query": query}, headers={"accept": media_type})

    assert response.status_code == 200
    assert response.headers["content-type"].partition(";")[0] == media_type
    assert "us-sv-aca-1" in response.text


def test_a_client_can_choose_the_graphs_it_asks(service: Service) -> None:
    claim = "https://w3id.org/pactgraph/claim/el-salvador-asylum-deal-c11"

    in_the_claim = service.client.get(
        "/sparql", params={"query": "SELECT * { ?a pact:revives ?b }", "default-graph-uri": claim}
    )
    in_the_facts = service.client.get("/sparql", params={"query": "SELECT * { ?a pact:revives ?b }"})

    assert len(rows(in_the_claim)) == 1
    assert rows(in_the_facts) == []


def test_without_a_query_the_service_describes_itself(service: Service) -> None:
    response = service.client.get("/sparql", headers={"accept": "text/turtle"})

    assert "sparql-service-description" in response.text


@pytest.mark.parametrize(
    ("request_", "status", "words"),
    [
        ({"params": {"query": "SELECT ?a { ?a "}}, 400, "does not parse"),
        ({"params": {"query": "DROP ALL"}}, 403, "update"),
        ({"params": {"query": "SELECT * { SERVICE <http://127.0.0.1:1/> { ?s ?p ?o } }"}}, 403, "SERVICE"),
        ({"params": [("query", "ASK {}"), ("query", "ASK {}")]}, 400, "several"),
        ({"params": {"update": "DROP ALL"}}, 400, "GET"),
        ({"params": {"query": "ASK {}", "default-graph-uri": "no iri"}}, 400, "IRI"),
        ({"params": {"query": "ASK {}"}, "headers": {"accept": "image/png"}}, 406, "cannot be had"),
    ],
)
def test_a_bad_request_gets_a_sentence_and_its_own_status(
    service: Service, request_: dict[str, object], status: int, words: str
) -> None:
    response = service.client.get("/sparql", **request_)  # type: ignore[arg-type]

    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert words in response.json()["title"]


def test_an_update_by_post_is_refused(service: Service) -> None:
    headers = {"content-type": "application/sparql-update"}

    response = service.client.post("/sparql", content="DROP ALL", headers=headers)

    assert response.status_code == 403


def test_head_and_options_are_answered_without_a_body(service: Service) -> None:
    head = service.client.head("/sparql", params={"query": TWO_AGREEMENTS})
    options = service.client.options("/sparql")

    assert (head.status_code, head.content) == (200, b"")
    assert options.status_code == 204
    assert head.headers["access-control-allow-origin"] == "*"


# --- questions --------------------------------------------------------------------------------------------------------


def test_a_question_answers_in_json_with_citations(service: Service) -> None:
    response = service.client.get(
        "/ask/agreements-between", params={"state": "United States", "other": "id:sv", "format": "json", "cite": "1"}
    )

    found = rows(response)
    assert {row["agreement"]["value"].rpartition("/")[2] for row in found} == {"us-sv-aca-1", "us-sv-stca-2"}
    assert all(row["citations"] for row in found)


def test_a_question_answers_as_a_spreadsheet(service: Service) -> None:
    response = service.client.get("/ask/took-effect", params={"format": "csv"})

    assert response.headers["content-type"].startswith("text/csv")
    assert response.text.startswith("agreement,agreementLabel,tookEffect")


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/ask/agreemnts?format=json", 404, "agreements"),
        ("/ask/agreements?state=Atlantis&format=json", 422, "Atlantis"),
        ("/ask/status-on?format=json", 422, "--date"),
        ("/ask/agreements?status=nonsense&format=json", 422, "nonsense"),
        ("/ask/took-effect?known-at=yesterday&format=json", 422, "no date"),
    ],
)
def test_a_bad_parameter_gets_a_sentence(service: Service, path: str, status: int, words: str) -> None:
    response = service.client.get(path)

    assert response.status_code == status
    assert words in response.text


def test_an_answer_that_did_not_change_is_not_sent_again(service: Service) -> None:
    first = service.client.get("/ask/took-effect", params={"format": "json"})

    again = service.client.get(
        "/ask/took-effect", params={"format": "json"}, headers={"if-none-match": first.headers["etag"]}
    )

    assert (again.status_code, again.content) == (304, b"")


def test_an_answer_comes_in_parts_that_make_up_the_whole(service: Service) -> None:
    whole = rows(service.client.get("/ask/claims-about?entity=id:sv&format=json"))
    assert len(whole) > 7

    address: str | None = "/ask/claims-about?entity=id:sv&format=json&limit=7"
    parts = []
    while address:
        response = service.client.get(address)
        parts.append(rows(response))
        address = response.links.get("next", {}).get("url")

    assert [len(part) for part in parts[:-1]] == [7] * (len(parts) - 1)
    assert [row for part in parts for row in part] == whole


def test_a_page_shows_part_of_an_answer_and_leads_to_the_next(service: Service) -> None:
    first = service.client.get("/ask/claims-about?entity=id:sv&limit=7", headers=PAGE).text
    [following] = re.findall(r'rel="next" href="([^"]+)"', first)
    second = service.client.get(html.unescape(following), headers=PAGE).text

    assert "rows 1 to 7 of" in first
    assert "rows 8 to 12 of 12" in second
    assert "limit" not in "".join(re.findall(r'class="downloads">.*?</p>', first))


@pytest.mark.parametrize(
    "wrong",
    ["limit=0", "limit=-1", "limit=x", "limit=2&after=1-0000000000000000", f"limit=2&after={'9' * 5000}-0"],
    ids=["none", "negative", "no number", "no such row", "a number without end"],
)
def test_a_part_that_cannot_be_told_is_refused(service: Service, wrong: str) -> None:
    response = service.client.get(f"/ask/agreements?format=json&{wrong}")

    assert response.status_code == 422


def test_a_page_of_a_question_knows_only_what_was_known_on_the_day(service: Service) -> None:
    before = service.client.get("/ask/agreements?known-at=2020-01-01", headers=PAGE).text
    after = service.client.get("/ask/agreements?known-at=2026-01-01", headers=PAGE).text

    assert "<strong>not recorded</strong>" in before
    assert "US–Canada safe third country agreement" in after


def test_a_day_for_a_question_that_takes_none_is_refused_and_not_passed_over(service: Service) -> None:
    response = service.client.get("/ask/conflicts?format=json&valid-at=2021-01-01")

    assert response.status_code == 422
    assert "valid-at" in response.json()["title"]


def test_the_description_of_the_questions_names_each_with_its_parameters(service: Service) -> None:
    found = service.client.get("/openapi.json").json()

    asked = found["paths"]["/ask/agreements-between"]["get"]
    assert found["openapi"] == "3.1.0"
    assert [p["name"] for p in asked["parameters"] if p.get("required")] == ["state", "other"]
    assert len([path for path in found["paths"] if path.startswith("/ask/")]) == 25


def test_the_dataset_describes_itself(service: Service) -> None:
    response = service.client.get("/.well-known/void", headers={"accept": "text/turtle"})

    assert "void#Dataset" in response.text or "a void:Dataset" in response.text
    assert "propertyPartition" in response.text


# --- pages ------------------------------------------------------------------------------------------------------------


def test_three_clicks_lead_from_the_first_page_to_a_cited_passage(service: Service) -> None:
    home = service.client.get("/", headers=PAGE).text
    question = service.client.get("/ask/ended-by", headers=PAGE).text
    claim = service.client.get("/claim/el-salvador-asylum-deal-c14", headers=PAGE).text
    document = service.client.get("/document/el-salvador-asylum-deal", headers=PAGE).text

    assert 'action="/ask/ended-by"' in home
    assert 'href="/claim/el-salvador-asylum-deal-c14"' in question
    assert 'href="/document/el-salvador-asylum-deal#p3s1"' in claim
    assert 'id="p3s1"' in document


def test_a_thing_has_a_page_and_triples_at_one_address(service: Service) -> None:
    page = service.client.get("/id/us-sv-aca-1", headers=PAGE)
    triples = service.client.get("/id/us-sv-aca-1", headers={"accept": "text/turtle"})

    assert "<svg" in page.text
    assert "pact:party" in triples.text


def test_every_link_on_the_pages_of_a_question_leads_somewhere(service: Service) -> None:
    page = service.client.get("/ask/agreements", headers=PAGE).text
    links = {html.unescape(part.partition('"')[0]) for part in page.split('href="')[1:]}

    answered = {link: service.client.get(link, headers=PAGE).status_code for link in links if link.startswith("/")}

    assert {link: status for link, status in answered.items() if status != 200} == {}


def test_pages_allow_no_script_and_no_frame(service: Service) -> None:
    response = service.client.get("/", headers=PAGE)

    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert response.headers["x-content-type-options"] == "nosniff"


def test_a_file_comes_with_its_type_and_is_not_sent_twice(service: Service) -> None:
    first = service.client.get("/static/icon.svg")
    again = service.client.get("/static/icon.svg", headers={"if-none-match": first.headers["etag"]})

    assert first.headers["content-type"] == "image/svg+xml; charset=utf-8"
    assert "max-age" in first.headers["cache-control"]
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("name", ["../desk.py", "..%2fdesk.py", "%2e%2e/assets.py", "/etc/passwd", "editor", "."])
def test_only_listed_files_are_served(service: Service, name: str) -> None:
    assert service.client.get(f"/static/{name}").status_code == 404


def test_a_query_in_the_address_is_shown_to_a_browser_and_run_for_a_program(service: Service) -> None:
    page = service.client.get("/sparql", params={"query": TWO_AGREEMENTS}, headers=PAGE)
    run = service.client.get("/sparql", params={"query": TWO_AGREEMENTS, "format": "csv"}, headers=PAGE)

    assert TWO_AGREEMENTS in html.unescape(page.text)
    assert page.headers["content-type"].startswith("text/html")
    assert run.text.startswith("a\r\n")
    assert "us-sv-aca-1" in run.text


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder of files in which the editor was built."""
    (tmp_path / "editor").mkdir()
    (tmp_path / "editor" / "editor.js").write_text("// the editor")
    monkeypatch.setattr(assets, "FOLDER", tmp_path)
    return tmp_path


def test_a_script_is_allowed_on_the_page_with_the_editor_only(store_folder: Path, built: Path) -> None:
    desk = Desk(str(store_folder))

    page = desk.answer(Request(path="/sparql", accept="text/html"))
    home = desk.answer(Request(path="/", accept="text/html"))

    assert "script-src 'self'; connect-src 'self'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    assert b"/static/editor/editor.js" in bytes(page.body)  # type: ignore[arg-type]
    assert "content-security-policy" not in home.headers
    assert b"<script" not in bytes(home.body)  # type: ignore[arg-type]


def test_without_the_editor_the_page_has_the_form_and_says_so(store_folder: Path, built: Path) -> None:
    (built / "editor" / "editor.js").unlink()

    page = Desk(str(store_folder)).answer(Request(path="/sparql", accept="text/html"))

    assert isinstance(page.body, bytes)
    assert b"<textarea" in page.body
    assert b"was not built here" in page.body
    assert b"<script" not in page.body
    assert page.headers.get("content-security-policy") is None


@pytest.mark.parametrize(
    "path",
    [
        "/search?q=<script>alert(1)</script>",
        "/ask/claims-about?entity=<script>alert(1)</script>",
        "/id/%3Cscript%3Ealert(1)%3C%2Fscript%3E",
        "/static/../desk.py",
        "/static/..%2f..%2fdesk.py",
        "/document/..%2f..%2f..%2fetc%2fpasswd",
        "/id/%00",
        "/id/%ff%fe",
        "/ask/agreements?state=%22%3E%20%7D%20DROP%20ALL%20%23",
        "/ask/agreements?state=javascript:alert(1)",
        "/ask/agreements?state=a%0d%0aset-cookie:x=y",
    ],
)
def test_hostile_input_is_shown_as_text_or_refused(service: Service, path: str) -> None:
    response = service.client.get(path, headers=PAGE)

    assert response.status_code in (200, 400, 404, 422)
    assert "<script>" not in response.text
    assert "root:" not in response.text
    assert "set-cookie" not in response.headers
    assert "Traceback" not in response.text


# --- limits -----------------------------------------------------------------------------------------------------------


def cpu_seconds(of: int) -> float:
    """Return the CPU time of a process and its children, from /proc."""
    total = 0.0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(stat.parent.name) == of or int(fields[1]) == of:
            total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def test_a_query_that_takes_too_long_is_really_stopped(service: Service) -> None:
    started = time.monotonic()

    response = service.client.get("/sparql", params={"query": ENDLESS})

    assert response.status_code == 504
    assert time.monotonic() - started < 8
    assert "longer than 3 seconds" in response.json()["title"]
    service.client.get("/health")
    before = cpu_seconds(service.process.pid)
    time.sleep(1.5)
    assert cpu_seconds(service.process.pid) - before < 0.5, "the work goes on after its time was up"


def test_the_service_goes_on_after_queries_were_stopped(service: Service) -> None:
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(service.client.get, "/sparql", params={"query": ENDLESS}) for _ in range(4)]

    assert {each.result().status_code for each in asked} <= {503, 504}
    assert len(rows(service.client.get("/sparql", params={"query": TWO_AGREEMENTS}))) == 2


def test_a_body_that_is_too_large_is_refused(service: Service) -> None:
    headers = {"content-type": "application/sparql-query"}

    response = service.client.post("/sparql", content=b"#" * 1_100_000, headers=headers)

    assert response.status_code == 413


def test_a_body_that_is_no_text_is_refused(service: Service) -> None:
    headers = {"content-type": "application/sparql-query"}

    response = service.client.post("/sparql", content=b"\xff\xfe\x00", headers=headers)

    assert response.status_code == 400


def test_a_deeply_nested_query_is_refused_and_harms_nothing(service: Service) -> None:
    nested = "SELECT * " + "{" * 10_000 + "}" * 10_000

    response = service.client.post("/sparql", data={"query": nested})

    assert response.status_code == 400
    assert service.client.get("/health").status_code == 200


def test_a_result_that_is_too_large_ends_in_an_error_and_not_in_a_cut_answer(store_folder: Path) -> None:
    request = Request(path="/sparql", query=(("query", "SELECT * { ?a ?b ?c }"),))
    frames = io.BytesIO(frame(b"Q", request.head()) + frame(b"B"))
    out = io.BytesIO()

    serve(Desk(str(store_folder)), frames, out, limit=100_000)

    out.seek(0)
    kinds = [found[0] for found in iter(lambda: read_frame(out), None)]
    assert kinds[0] == b"H"
    assert kinds[-1] == b"X"


def test_the_access_log_is_one_line_of_json_a_request_without_what_was_asked(store_folder: Path) -> None:
    running = Service(store_folder)
    running.client.get("/search", params={"q": "something private"})

    log = running.stop()

    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    assert {"method", "path", "status", "ms", "bytes"} <= lines[-1].keys()
    assert "private" not in log
