"""The classes of question over HTTP, `kg serve` and Virtuoso in turn, and whether their rows are the same."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from benchmarks import peers
from benchmarks.classes import CLASSES, things
from benchmarks.measure import Measured, Span, in_turn
from benchmarks.stores import served
from kg import terms
from kg.sparql import with_prefixes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from benchmarks.classes import Kind
    from benchmarks.stores import Setting

__all__ = ["rows"]

FACTS = terms.GRAPH + "facts"
"""The graph of the facts view where the default graph is the union of all, as in `kg.store.remote`."""

_BUDGET = 60.0
"""Seconds for one class, after which no round begins."""

_MANY = 5_000_000
"""Quads from which on Virtuoso is given 2 GB of pages instead of 800 MB."""


class _Failed(Exception):
    """A server did not answer a query, or not in time."""


class _Server:
    """A SPARQL endpoint that is asked over one connection, as long as it holds."""

    def __init__(self, address: str, limit: float, parameters: Sequence[tuple[str, str]] = ()) -> None:
        split = urlsplit(address)
        self.connection = HTTPConnection(split.netloc, timeout=limit)
        self.path, self.parameters = split.path, parameters

    def answer(self, text: str) -> bytes:
        """Return the rows of a query in JSON. Raises `_Failed`."""
        address = f"{self.path}?{urlencode([('query', text), *self.parameters])}"
        try:
            self.connection.request("GET", address, headers={"Accept": "application/sparql-results+json"})
            reply = self.connection.getresponse()
            body = reply.read()
        except (OSError, HTTPException) as error:
            self.connection.close()
            raise _Failed(f"{type(error).__name__}") from error
        # Virtuoso marks with a state what it gave up in the middle.
        if reply.status != 200 or reply.getheader("X-SQL-State"):
            raise _Failed(f"status {reply.status}: {body[:80].decode('utf-8', 'replace')}")
        return body


def rows(setting: Setting) -> Iterator[Measured]:
    """Yield the times of each class on both sides, and the ratios with their goals."""
    with ExitStack() as stack:
        try:
            theirs = stack.enter_context(_virtuoso(setting))
        except peers.Missing as error:
            yield Measured("classes", f"Virtuoso is missing: {error}", "s", ())
            return
        ours = peers.ours(served(setting.store, setting.folder / "ours"), "--seconds", f"{setting.limit:g}")
        servers = {
            "kg serve": _Server(stack.enter_context(ours), setting.limit + 10),
            "Virtuoso": _Server(theirs, setting.limit + 10, [("default-graph-uri", FACTS)]),
        }
        known = things(setting.store)
        for kind in CLASSES:
            yield from _compared(kind, _texts(kind, known), servers, setting.runs)


def _virtuoso(setting: Setting) -> peers.Address:
    """Run Virtuoso on the data, which it loads once into a folder that stays beside the stores."""
    folder = setting.stores.folder / f"virtuoso-{setting.claims}"

    def write(path: Path) -> None:
        setting.stores.write(setting.claims, path, view=True)

    buffers = 250_000 if setting.quads > _MANY else 100_000
    return peers.virtuoso(folder, write=write, graph=FACTS, buffers=buffers, seconds=setting.limit)


def _texts(kind: Kind, known: dict[str, list[str]]) -> list[str]:
    """Return the queries of a class, one for each thing of the first kind that it is about."""
    given = zip(*(known[each] for each in kind.over), strict=True) if kind.over else [()]
    texts = []
    for each in given:
        text = kind.text
        for i, thing in enumerate(each):
            text = text.replace(f"{{{i}}}", thing if thing.startswith("<") else f"<{thing}>")
        texts.append(with_prefixes(text))
    return texts


def _compared(kind: Kind, texts: list[str], servers: dict[str, _Server], runs: int) -> Iterator[Measured]:
    why: dict[str, str] = {}
    answers: dict[str, list[bytes]] = {}
    for name, server in servers.items():  # which also warms up
        try:
            answers[name] = [server.answer(text) for text in texts]
        except _Failed as error:
            why[name] = str(error)
    asked = {name: server for name, server in servers.items() if name in answers}
    steps = {name: lambda server=server: _span(server, texts) for name, server in asked.items()}
    try:
        found = in_turn(steps, runs, _BUDGET)
    except _Failed as error:
        yield Measured(kind.name, "failed", "s", (), note=str(error), failed=True)
        return
    for name in servers:
        spans, words = found.get(name, []), why.get(name, "")
        yield Measured.of(kind.name, name, spans, note=words, unit="ms", grows=f"{kind.name}: {name}")
    if len(found) < len(servers):
        return
    ours, theirs = ([span.wall for span in found[name]] for name in servers)
    note = _difference(kind, *(answers[name] for name in servers))
    yield Measured.ratio(kind.name, "kg serve : Virtuoso", ours, theirs, kind.goal, note)


def _span(server: _Server, texts: list[str]) -> Span:
    """Return the time of one query, as a mean over all; what the servers' processors do is not seen here."""
    start = time.perf_counter()
    for text in texts:
        server.answer(text)
    each = (time.perf_counter() - start) / len(texts)
    return Span(each, each)


def _difference(kind: Kind, ours: list[bytes], theirs: list[bytes]) -> str:
    """Return how many rows there are, and where the two differ."""
    pairs = [(_rows(one), _rows(other)) for one, other in zip(ours, theirs, strict=True)]
    count, others = (sum(len(pair[i]) for pair in pairs) for i in (0, 1))
    note = f"{count:,} rows" + (f" of {len(pairs)} queries" if len(pairs) > 1 else "")
    if count != others:
        return f"{note}, Virtuoso {others:,}"
    differ = sum(one != other for one, other in pairs)
    return f"{note}, {differ} answers differ" if differ and not kind.partial else note


def _rows(answer: bytes) -> list[str]:
    """Return the rows of an answer in an order of their own, with the values that servers write alike."""
    found = json.loads(answer)["results"]["bindings"]
    return sorted(json.dumps({name: cell["value"] for name, cell in row.items()}, sort_keys=True) for row in found)
