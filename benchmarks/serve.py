"""Requests a second that `kg serve` answers with all of its limits on, beside other servers on the same data."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pyoxigraph as ox

from benchmarks import peers
from benchmarks.measure import Measured
from benchmarks.stores import served
from kg import terms

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.stores import Setting

__all__ = ["rows"]

CONNECTIONS, FEW_CONNECTIONS = (1, 8, 32), (1, 8)
SECONDS, FEW_SECONDS, MOST_RUNS = 2, 1, 3
POINT = "SELECT ?p ?o WHERE {{ <{iri}> ?p ?o }}"
TWO_HOPS = "SELECT ?o ?l WHERE {{ <{iri}> ?p ?o . ?o <http://www.w3.org/2000/01/rdf-schema#label> ?l }}"
MANY = "SELECT ?s ?p ?o WHERE {{ ?s ?p ?o }} LIMIT 10000"
NATIVE, VIRTUOSO, RDFLIB = "oxigraph serve", "Virtuoso", "rdflib-endpoint"
GOALS: dict[tuple[str, str], dict[int, float]] = {
    ("point lookup", NATIVE): {1: 0.4, 8: 0.4, 32: 0.4},
    ("point lookup", VIRTUOSO): {1: 3, 8: 3, 32: 3},
    ("point lookup", RDFLIB): {1: 4, 8: 4, 32: 4},
    ("10,000 rows", NATIVE): {1: 0.9, 8: 0.9},
    ("10,000 rows", VIRTUOSO): {1: 2.5, 8: 5},
    ("10,000 rows", RDFLIB): {1: 8},
}
"""The least ratios of our requests a second to another's, by the number of connections."""

_SCRIPT = Path(__file__).with_name("queries.lua")
_LARGEST_FOR_RDFLIB = 500_000
"""Quads that rdflib reads in a minute or so."""


def rows(setting: Setting) -> Iterator[Measured]:
    """Yield requests a second of each server, and the ratios of ours to theirs.

    All servers are up at once and are asked in turn, for some seconds each, by wrk on the same machine.
    """
    if shutil.which("wrk") is None:
        yield Measured("service", "needs wrk: apt-get install wrk", "1/s", ())
        return
    engine, folder, runs = ox.Store.read_only(str(setting.store)), setting.folder, min(setting.runs, MOST_RUNS)
    seconds = FEW_SECONDS if setting.quick else SECONDS
    # In the default graph for all, since that is where Virtuoso and rdflib-endpoint have everything.
    queries = _queries(engine, folder)
    data = folder / "data.nt"
    engine.dump(str(data), ox.RdfFormat.N_TRIPLES, from_graph=ox.DefaultGraph())
    flat = folder / "flat"
    loaded = ox.Store(str(flat))
    loaded.bulk_load(path=str(data), format=ox.RdfFormat.N_TRIPLES)
    loaded.optimize()
    count = len(loaded)
    del loaded, engine
    with ExitStack() as stack:
        servers = {"kg serve": stack.enter_context(peers.ours(served(flat, folder / "ours")))}
        servers[NATIVE] = stack.enter_context(peers.oxigraph(flat, read_only=True))
        try:
            loads = folder / "virtuoso" / data.name
            loads.parent.mkdir()
            shutil.copy(data, loads)
            servers[VIRTUOSO] = stack.enter_context(peers.virtuoso(loads.parent, load=loads))
        except peers.Missing as error:
            yield Measured("service", f"{VIRTUOSO} is missing: {error}", "1/s", ())
        try:
            if count > _LARGEST_FOR_RDFLIB:
                raise peers.Missing(f"{count:,} triples are too many for it")
            servers[RDFLIB] = stack.enter_context(peers.rdflib_endpoint(data))
        except peers.Missing as error:
            yield Measured("service", f"{RDFLIB} is missing: {error}", "1/s", ())
        for kind, file in queries.items():
            for connections in FEW_CONNECTIONS if setting.quick else CONNECTIONS:
                yield from _compared(kind, file, connections, servers, runs, seconds)


def _compared(
    kind: str, file: Path, connections: int, servers: dict[str, str], runs: int, seconds: int
) -> Iterator[Measured]:
    group = f"service, {kind}, {connections} connections"
    found: dict[str, list[float]] = {name: [] for name in servers}
    for _ in range(runs):
        for name, address in servers.items():
            print(f"{group}: {name}", file=sys.stderr, flush=True)
            found[name].append(_rate(address, file, connections, seconds))
    for name, rates in found.items():
        yield Measured(group, name, "1/s", tuple(rates), more=True)
    for name in list(servers)[1:]:
        goal = GOALS.get((kind, name), {}).get(connections)
        note = "" if any(found[name]) else "the other answered nothing in time"
        yield Measured.ratio(group, f"kg serve : {name}", found["kg serve"], found[name], goal, note, more=True)


def _rate(address: str, file: Path, connections: int, seconds: int) -> float:
    """Return requests a second that were answered with 200. Raises `RuntimeError` where any was not."""
    command = [
        "wrk",
        "-t1",
        f"-c{connections}",
        f"-d{seconds}s",
        "--timeout",
        "30s",
        "-s",
        str(_SCRIPT),
        address,
        "--",
        str(file),
    ]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in told:
        raise RuntimeError(f"{address} did not answer all requests: {told}")
    found = re.search(r"Requests/sec:\s+([\d.]+)", told)
    return float(found[1]) if found else 0.0


def _queries(engine: ox.Store, folder: Path) -> dict[str, Path]:
    """Write the queries of each kind to a file, a line each, and return the files."""
    found = engine.query(
        "SELECT DISTINCT ?s { ?s rdfs:label ?label FILTER(isIRI(?s)) } LIMIT 2000",
        prefixes={"rdfs": terms.PREFIXES["rdfs"]},
    )
    assert isinstance(found, ox.QuerySolutions)
    things = [row["s"].value for row in found]
    files = {}
    for kind, template in (("point lookup", POINT), ("two hops", TWO_HOPS), ("10,000 rows", MANY)):
        files[kind] = folder / f"{kind.replace(' ', '-')}.txt"
        lines = dict.fromkeys(template.format(iri=iri) for iri in things)
        files[kind].write_text("\n".join(lines) + "\n", encoding="utf-8")
    return files
