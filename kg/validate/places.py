"""Places: the graph, the claim, the file and the line of a finding, which neither SHACL nor SPARQL tells."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg import terms
from kg.claim import claim_key

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kg.validate.report import Finding, Term

__all__ = ["Places", "line_of"]

_TYPE = ox.NamedNode(terms.RDF + "type")
_PREFIX = re.compile(r"^[ \t]*@?prefix\s+([\w.-]*):\s*<([^>]*)>", re.MULTILINE | re.IGNORECASE)


class Places:
    """A dataset in a store and the files of its graphs, ready to say where findings lie."""

    def __init__(self, store: ox.Store, sources: Mapping[str, Path]) -> None:
        self._store = store
        self._sources = sources
        self._texts: dict[Path, str] = {}

    def located(self, finding: Finding) -> Finding:
        """Return `finding` with its place; one that lies in the graph of a claim concerns that claim."""
        graph = self._graph(finding)
        claims = [iri for iri in (finding.claim, finding.focus.value, graph) if iri and iri.startswith(terms.CLAIM)]
        file = self._sources.get(graph or "")
        line = line_of(self._text(file), [graph or "", finding.focus.value]) if file else None
        return replace(finding, graph=graph, claim=claims[0] if claims else None, file=file, line=line)

    def _text(self, file: Path) -> str:
        if file not in self._texts:
            self._texts[file] = file.read_text("utf8", "replace")
        return self._texts[file]

    def _graph(self, finding: Finding) -> str | None:
        """Return the graph with the triple, else one with the property, the type or anything of the thing."""
        focus = finding.focus
        if finding.claim and finding.claim != focus.value and self._is_graph(finding.claim):
            return finding.claim
        path = ox.NamedNode(finding.path) if finding.path else None
        for predicate, value in ((path, finding.value), (path, None), (_TYPE, None), (None, None)):
            graphs = self._graphs_with(focus, predicate, value)
            if graphs:
                return min(graphs, key=claim_key)
        return focus.value if self._is_graph(focus.value) else None

    def _graphs_with(self, subject: Term, predicate: ox.NamedNode | None, value: Term | None) -> list[str]:
        if isinstance(subject, ox.Literal):
            return []
        quads = self._store.quads_for_pattern(subject, predicate, value, None)
        return [quad.graph_name.value for quad in quads if isinstance(quad.graph_name, ox.NamedNode)]

    def _is_graph(self, name: str) -> bool:
        return "://" in name and self._store.contains_named_graph(ox.NamedNode(name))


def line_of(text: str, iris: list[str]) -> int | None:
    """Return the line of Turtle or TriG that begins with the last of `iris`, sought behind that of the one before.

    Where one is not found the line of the one before stands for it; None where none is found. Lines count from 1.

    >>> line_of("@prefix id: <http://x/> .\\n\\nid:a a id:B .", ["http://x/a"])
    3
    """
    prefixes = _PREFIX.findall(text)
    start = None
    for iri in iris:
        names = [f"<{iri}>"] + [f"{name}:{iri[len(space) :]}" for name, space in prefixes if iri.startswith(space)]
        begins = rf"^[ \t]*(?:GRAPH\s+)?(?:{'|'.join(map(re.escape, names))})(?=[\s{{])"
        match = re.compile(begins, re.MULTILINE).search(text, start or 0)
        start = match.start() if match else start
    return None if start is None else text.count("\n", 0, start) + 1
