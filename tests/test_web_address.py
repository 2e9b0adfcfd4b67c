"""The service at a path below its host, behind a proxy that takes the path off, and behind one that leaves it."""

from __future__ import annotations

import html
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from test_web import PAGE, TWO_AGREEMENTS, Service

from kg.web import desk
from kg.web.address import TAKEN
from kg.web.assets import has_editor

PATH = "/open/kg"


@contextmanager
def proxy(address: str, *, takes_off: bool) -> Iterator[str]:
    """A proxy that passes what is below `PATH` to a service, with the path or without; it knows nothing else."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if not self.path.startswith(f"{PATH}/"):
                self.send_error(404)
                return
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            path = self.path.removeprefix(PATH) if takes_off else self.path
            headers = {key: value for key, value in self.headers.items() if key.lower() != "host"}
            answer = client.request(self.command, path, headers=headers, content=body)
            self.send_response(answer.status_code)
            for key, value in answer.headers.items():
                if key not in ("content-length", "content-encoding", "transfer-encoding"):
                    self.send_header(key, value)
            self.send_header("content-length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_POST = do_GET  # noqa: N815

        def log_message(self, format: str, *arguments: object) -> None:
            """Keep quiet."""

    client = httpx.Client(base_url=address, timeout=30)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}{PATH}/"
    server.shutdown()
    thread.join()
    server.server_close()
    client.close()


@pytest.fixture(scope="module")
def service(store_folder: Path) -> Iterator[Service]:
    running = Service(store_folder, "--base", f"https://example.org{PATH}/")
    yield running
    running.stop()


@pytest.fixture(params=[True, False], ids=["taken off", "left"])
def base(service: Service, request: pytest.FixtureRequest) -> Iterator[str]:
    with proxy(service.base, takes_off=request.param) as address:
        yield address


def links_of(text: str, address: str) -> set[str]:
    """Return where the links, files and forms of a page on this host lead."""
    found = {html.unescape(link) for link in re.findall(r'(?:href|src|action)="([^"]*)"', text)}
    whole = {urljoin(address, link).partition("#")[0] for link in found}
    return {link for link in whole if urlsplit(link).netloc == urlsplit(address).netloc}


def test_every_link_from_the_first_page_on_answers(base: str) -> None:
    waiting, seen, failed = [base], {base}, {}
    with httpx.Client(headers=PAGE, timeout=30) as client:
        while waiting and len(seen) < 300:
            address = waiting.pop(0)
            answer = client.get(address)
            asks = "choose" in answer.text or answer.status_code == 422
            if answer.status_code != 200 and not asks:
                failed[address] = answer.status_code
            if answer.headers["content-type"].startswith("text/html"):
                new = sorted(links_of(answer.text, address) - seen)
                seen |= set(new)
                waiting += new

    assert failed == {}
    assert len(seen) > 200
    assert {link for link in seen if not link.startswith(base)} == set()


def test_the_next_part_of_an_answer_is_found(base: str) -> None:
    first = httpx.get(f"{base}ask/agreements", params={"format": "json", "limit": "3"})

    following = httpx.get(urljoin(str(first.url), first.links["next"]["url"]))

    assert following.status_code == 200
    assert first.json()["results"]["bindings"][0] not in following.json()["results"]["bindings"]


def test_programs_are_told_the_right_address(base: str) -> None:
    api = httpx.get(f"{base}openapi.json").json()
    void = httpx.get(f"{base}.well-known/void", headers={"accept": "application/n-triples"}).text

    assert [each["url"] for each in api["servers"]] == [PATH, f"https://example.org{PATH}/"]
    assert httpx.get(urljoin(base, f"{PATH}/health")).json()["status"] == "ok"
    assert f"<https://example.org{PATH}/sparql>" in void
    assert httpx.post(f"{base}sparql", data={"query": TWO_AGREEMENTS}).status_code == 200


def test_what_goes_wrong_leads_back_there_too(base: str) -> None:
    missing, refused = httpx.get(f"{base}id/nothing", headers=PAGE), httpx.post(f"{base}conflicts", headers=PAGE)

    assert (missing.status_code, refused.status_code) == (404, 405)
    for page in (missing, refused):
        assert {link for link in links_of(page.text, base) if not link.startswith(base)} == set()


def test_the_page_of_the_editor_knows_its_path(service: Service) -> None:
    page = service.client.get("/sparql", headers=PAGE).text

    assert f'data-root="{PATH}"' in page
    assert not has_editor() or f'src="{PATH}/static/editor/editor.js"' in page


def test_no_path_is_mistaken_for_an_address_of_the_service() -> None:
    cases = set(re.findall(r'case "([^"]+)",', Path(desk.__file__).read_text(encoding="utf-8")))

    assert len(cases) > 10
    assert cases | set(desk._RESOURCES) == TAKEN
