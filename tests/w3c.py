"""The W3C test suite of SHACL: its cases, each with data, shapes and the results that it expects."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pyoxigraph as ox

from kg import project, terms
from kg.validate.data import Data
from kg.validate.graph import Graph
from kg.validate.paths import read_path
from kg.validate.report import Term
from kg.validate.shacl import Result
from kg.validate.shapes import Shapes

FOLDER = project.root().parent / "shared" / "w3c-shacl"

_MF = "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#"
_SHT = "http://www.w3.org/ns/shacl-test#"
_FAILURE = ox.NamedNode(_SHT + "Failure")

# A result as the tests compare it: focus, path, value, component, shape, severity; a blank shape counts as any other.
Told = tuple[str, str, str, str, str, str]


@dataclass(frozen=True)
class Case:
    """One case, by the file of its entry; `graph` is that file."""

    path: Path
    graph: Graph
    node: Term

    @property
    def name(self) -> str:
        return self.path.relative_to(FOLDER).with_suffix("").as_posix()

    @property
    def is_failure(self) -> bool:
        """Whether the shapes are to be refused."""
        return self.graph.value(self.node, _MF + "result") == _FAILURE

    def file(self, kind: str) -> Path:
        """Return the file with the `data` or the `shapes`."""
        action = self.graph.value(self.node, _MF + "action")
        assert action is not None
        given = self.graph.value(action, f"{_SHT}{kind}Graph")
        assert given is not None
        return Path(given.value.removeprefix("file://"))

    def data(self) -> Data:
        store = ox.Store()
        name = ox.NamedNode(terms.GRAPH + "data")
        store.extend(ox.Quad(q.subject, q.predicate, q.object, name) for q in quads_of(self.file("data")))
        return Data(store)

    def shapes(self) -> Shapes:
        return Shapes(quads_of(self.file("shapes")))

    @property
    def expected(self) -> set[Told]:
        report = self.graph.value(self.node, _MF + "result")
        assert report is not None
        return told_by(self.graph, report)


def told_by(graph: Graph, report: Term) -> set[Told]:
    """Return the results that a report in `graph` holds."""
    found = set()
    for result in graph.values(report, terms.SH + "result"):
        given = {
            name: graph.value(result, terms.SH + name)
            for name in ("focusNode", "value", "sourceConstraintComponent", "sourceShape", "resultSeverity")
        }
        path = graph.value(result, terms.SH + "resultPath")
        shape = given["sourceShape"]
        found.add(
            (
                str(given["focusNode"]),
                str(read_path(graph, path)) if path is not None else "",
                str(given["value"] or ""),
                str(given["sourceConstraintComponent"]),
                "" if isinstance(shape, ox.BlankNode) else str(shape),
                str(given["resultSeverity"]),
            )
        )
    return found


def told(result: Result) -> Told:
    """Return a result of ours as the tests compare it."""
    return (
        str(result.focus),
        str(result.path or ""),
        str(result.value if result.value is not None else ""),
        f"<{result.component}>",
        "" if isinstance(result.shape, ox.BlankNode) else str(result.shape),
        f"<{result.severity}>",
    )


@cache
def quads_of(path: Path) -> tuple[ox.Quad, ...]:
    """Return the triples of a file; a blank node keeps its name, also in what is read of the file later."""
    return tuple(ox.parse(path=str(path), base_iri=path.as_uri()))


def cases() -> list[Case]:
    """Return all cases, in the order of the manifests; none where the suite is not here."""
    return list(_cases(FOLDER / "manifest.ttl")) if FOLDER.is_dir() else []


def _cases(path: Path) -> list[Case]:
    graph = Graph(quads_of(path))
    found = [
        Case(path, graph, node)
        for owner in graph.subjects(_MF + "entries")
        for entries in graph.values(owner, _MF + "entries")
        for node in graph.members(entries)
    ]
    for owner in graph.subjects(_MF + "include"):
        for included in graph.values(owner, _MF + "include"):
            found += _cases(Path(included.value.removeprefix("file://")))
    return found
