"""Other SPARQL servers, started for a measurement or a test on a free port of this machine, and stopped after it."""

from __future__ import annotations

import importlib.util
import shutil
import socket
import subprocess
import sys
import time
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["Address", "Missing", "free_port", "ours", "oxigraph", "program", "rdflib_endpoint", "running", "virtuoso"]

Address = AbstractContextManager[str]
"""A server that runs as long as the block, which is given the address for queries."""

_VIRTUOSO = """\
[Database]
DatabaseFile = {folder}/virtuoso.db
ErrorLogFile = {folder}/virtuoso.log
LockFile = {folder}/virtuoso.lck
TransactionFile = {folder}/virtuoso.trx
xa_persistent_file = {folder}/virtuoso.pxa
FileExtend = 200
[TempDatabase]
DatabaseFile = {folder}/temporary.db
TransactionFile = {folder}/temporary.trx
[Parameters]
ServerPort = 127.0.0.1:{sql}
ServerThreads = 40
NumberOfBuffers = {buffers}
MaxDirtyBuffers = {dirty}
DirsAllowed = {folder}
[HTTPServer]
ServerPort = 127.0.0.1:{http}
ServerThreads = 40
[SPARQL]
ResultSetMaxRows = 10000000
MaxQueryExecutionTime = {seconds:.0f}
"""


class Missing(Exception):
    """A server is not installed here; the words say how to get it."""


def free_port() -> int:
    """Return a port of this machine on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(command: Sequence[str], address: str, patience: float = 120) -> Iterator[int]:
    """Run a server until the block ends, which begins once `address` answers; gives its process id.

    Raises `RuntimeError` where the server ends, or does not answer in `patience` seconds.
    """
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            until = time.monotonic() + patience
            while not _answers(address):
                if server.poll() is not None or time.monotonic() > until:
                    raise RuntimeError(f"{command[0]} did not start")
                time.sleep(0.05)
            yield server.pid
        finally:
            server.terminate()
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()


def _answers(address: str) -> bool:
    try:
        urlopen(address, timeout=5).close()
    except HTTPError:
        return True
    except (URLError, OSError):
        return False
    return True


@contextmanager
def oxigraph(folder: Path, *, read_only: bool = False) -> Iterator[str]:
    """Run the native server of Oxigraph on a store; gives the address for queries. Raises `Missing`."""
    port = free_port()
    command = [program("oxigraph"), "serve-read-only" if read_only else "serve", "--location", str(folder)]
    with running([*command, "--bind", f"127.0.0.1:{port}"], f"http://127.0.0.1:{port}/"):
        yield f"http://127.0.0.1:{port}/query"


@contextmanager
def ours(folder: Path, *options: str) -> Iterator[str]:
    """Run `kg serve` on a store; gives the address for queries."""
    port = free_port()
    command = [sys.executable, "-m", "kg", "serve", "--store", str(folder), "--port", str(port), *options]
    with running(command, f"http://127.0.0.1:{port}/health"):
        yield f"http://127.0.0.1:{port}/sparql"


@contextmanager
def rdflib_endpoint(file: Path) -> Iterator[str]:
    """Run rdflib-endpoint on a file that it reads into memory; gives the address for queries. Raises `Missing`."""
    if importlib.util.find_spec("rdflib_endpoint") is None:
        raise Missing("pip install -e '.[bench]'")
    port = free_port()
    command = [program("rdflib-endpoint"), "serve", str(file), "--host", "127.0.0.1", "--port", str(port)]
    with running(command, f"http://127.0.0.1:{port}/", patience=900):
        yield f"http://127.0.0.1:{port}/"


@contextmanager
def virtuoso(
    folder: Path,
    *,
    load: Path | None = None,
    write: Callable[[Path], object] | None = None,
    graph: str = "urn:default",
    buffers: int = 100_000,
    seconds: float = 600,
) -> Iterator[str]:
    """Run Virtuoso 7 in a folder, open to updates; gives the address for queries and updates.

    `load` is a file in `folder` to load first, with `graph` for what is in none. Where there is none but `write`, that
    writes it as N-Quads, once: what was loaded stays in the folder for the next time. `buffers` are its pages of 8 KB
    in memory, and `seconds` its limit for a query. Raises `Missing`.
    """
    server, shell = shutil.which("virtuoso-t"), shutil.which("isql-vt")
    if server is None or shell is None:
        raise Missing("apt-get install virtuoso-opensource-7")
    loaded = folder / "loaded"
    if write and not loaded.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        load = folder / "data.nq"
        write(load)
    sql, http = free_port(), free_port()
    settings = folder / "virtuoso.ini"
    given = {"folder": folder, "sql": sql, "http": http, "buffers": buffers, "dirty": buffers * 3 // 4}
    settings.write_text(_VIRTUOSO.format(**given, seconds=seconds), encoding="utf-8")
    command = [server, "+foreground", "+configfile", str(settings)]
    with running(command, f"http://127.0.0.1:{http}/sparql"):
        statements = ['grant SPARQL_UPDATE to "SPARQL";']
        if load is not None:
            statements += [
                f"ld_dir('{load.parent}', '{load.name}', '{graph}');",
                "rdf_loader_run();",
                "checkpoint;",
            ]
        for statement in statements:
            subprocess.run(
                [shell, f"127.0.0.1:{sql}", "dba", "dba", f"exec={statement}"], check=True, capture_output=True
            )
        if write and load is not None:
            load.unlink()
            loaded.touch()
        yield f"http://127.0.0.1:{http}/sparql"


def program(name: str) -> str:
    """Return a program that was installed with this Python, or else from elsewhere. Raises `Missing`."""
    found = shutil.which(name, path=Path(sys.executable).parent) or shutil.which(name)
    if found is None:
        raise Missing(f"pip install {name}")
    return found
