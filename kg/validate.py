"""The gate: SHACL shapes on every thing, checks on the whole graph, and findings that say where, what and how to mend."""

from __future__ import annotations

import re
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from logging import ERROR, getLogger
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pyoxigraph as ox
import yaml

from kg import project, terms
from kg.claim import claim_key
from kg.errors import KgError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import rdflib
    from rdflib.graph import _ContextType
    from rdflib.term import Node

__all__ = ["Check", "Finding", "Report", "read_check", "validate"]

Term: TypeAlias = ox.NamedNode | ox.BlankNode | ox.Literal

_TYPE = ox.NamedNode(terms.RDF + "type")
_ONTOLOGY = terms.GRAPH + "ontology/"
_INDENT = " " * 13
_PREFIX = re.compile(r"^\s*@?prefix\s+([\w.-]*):\s*<([^>]*)>", re.MULTILINE | re.IGNORECASE)
_SEVERITIES = ("violation", "warning", "info")
_SH = terms.PREFIXES["sh"]


@dataclass(frozen=True)
class Finding:
    """One place where a rule does not hold: `focus` is the thing, `rule` a `shape:` name or the name of a check.

    `path` is an IRI; `graph` and `claim` are IRIs too, None where the finding lies in no single graph or claim. `line`
    counts from 1.
    """

    severity: str
    rule: str
    message: str
    mend: str
    focus: Term
    path: str | None = None
    value: Term | None = None
    graph: str | None = None
    claim: str | None = None
    file: Path | None = None
    line: int | None = None

    @property
    def place(self) -> str:
        """The file as people write it: relative to the working folder or to the project, "" where there is none."""
        return _shown(self.file) if self.file else ""

    def as_dict(self) -> dict[str, str | int | None]:
        """Return the finding with prefixed names, for JSON."""
        return {
            "severity": self.severity,
            "rule": self.rule,
            "message": self.message,
            "mend": self.mend,
            "focus": _plain(self.focus),
            "path": terms.compact(self.path) if self.path else None,
            "value": _plain(self.value) if self.value is not None else None,
            "graph": terms.compact(self.graph) if self.graph else None,
            "claim": terms.compact(self.claim) if self.claim else None,
            "file": self.place or None,
            "line": self.line,
        }

    def _sort_key(self) -> tuple[object, ...]:
        worst_first = _SEVERITIES.index(self.severity)
        return self.place, claim_key(self.claim or ""), str(self.focus), worst_first, self.rule, str(self.value)


@dataclass(frozen=True)
class Report:
    """What validation found in a dataset of so many documents and claims; findings by file, then claim."""

    findings: tuple[Finding, ...] = ()
    documents: int = 0
    claims: int = 0

    @property
    def conforms(self) -> bool:
        """True where no finding is a violation."""
        return all(finding.severity != "violation" for finding in self.findings)

    def text(self) -> str:
        """Return the findings for people, grouped by file, and a closing line with the counts."""
        lines: list[str] = []
        for place, found in groupby(self.findings, key=lambda finding: finding.place):
            lines.append(place or "(no file)")
            lines += (line for finding in found for line in _lines(finding))
        return "\n".join([*lines, self._closing()])

    def _closing(self) -> str:
        counts = Counter(finding.severity for finding in self.findings)
        hints = f", {_count(counts['info'], 'hint')}" if counts["info"] else ""
        return (
            f"{_count(self.documents, 'document')}, {_count(self.claims, 'claim')}: "
            f"{_count(counts['violation'], 'violation')}, {_count(counts['warning'], 'warning')}{hints}"
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the report for JSON."""
        return {
            "conforms": self.conforms,
            "documents": self.documents,
            "claims": self.claims,
            "findings": [finding.as_dict() for finding in self.findings],
        }

    def turtle(self) -> str:
        """Return the report as a `sh:ValidationReport` (https://www.w3.org/TR/shacl/#validation-report), same bytes each time.

        A check is not a shape: it stands as source under its own name in the namespace of shapes.
        """
        prefixes = "".join(f"@prefix {name}: <{terms.PREFIXES[name]}> .\n" for name in ("sh", "shape"))
        head = f"{prefixes}\n[] a sh:ValidationReport ;\n    sh:conforms {str(self.conforms).lower()}"
        return " ;\n    sh:result ".join([head, *map(_result, self.findings)]) + " .\n"


def validate(
    store: ox.Store,
    sources: Mapping[str, Path] | None = None,
    progress: Callable[[str], None] | None = None,
) -> Report:
    """Hold the dataset in `store`, its named graphs only, against all shapes and checks.

    `sources` maps the IRI of a graph to its file, so that findings can name file and line. `progress` is told each
    step in a few words. Raises `KgError` where a shape or check itself is broken.
    """
    tell = progress or (lambda step: None)
    tell("shapes")
    found = set(_by_shapes(store))
    tell("checks")
    for path in project.check_files():
        found.update(_by_check(store, read_check(path)))
    places = _Places(store, sources or {})
    return Report(
        tuple(sorted((places.locate(finding) for finding in found), key=Finding._sort_key)),
        documents=_instances(store, "SourceDocument"),
        claims=_instances(store, "Claim"),
    )


def _instances(store: ox.Store, name: str) -> int:
    return len({quad.subject for quad in store.quads_for_pattern(None, _TYPE, ox.NamedNode(terms.PACT + name), None)})


# Shapes


def _by_shapes(store: ox.Store) -> Iterator[Finding]:
    """Yield what pySHACL finds; it is given an rdflib dataset, because on an Oxigraph-backed one it reports falsely."""
    import pyshacl
    import rdflib

    shapes = _shapes()
    with _quiet("rdflib.term"):  # it logs a traceback for every date that is no date, which the shapes report
        _, report, text = pyshacl.validate(_as_rdflib(store, shapes), shacl_graph=shapes, inplace=True)
    if not isinstance(report, rdflib.Graph):
        raise KgError(f"the shapes cannot be used: {text}")
    sh = rdflib.Namespace(_SH)
    for result in report.subjects(rdflib.RDF.type, sh.ValidationResult):
        if (None, sh.result, result) not in report:  # a detail of another result
            continue
        shape, path, value = (report.value(result, sh[name]) for name in ("sourceShape", "resultPath", "value"))
        yield Finding(
            severity=str(report.value(result, sh.resultSeverity)).removeprefix(_SH).lower(),
            rule=terms.compact(str(shape)),
            message=str(report.value(result, sh.resultMessage)),
            mend=str(shapes.value(shape, rdflib.URIRef(terms.SHAPE + "mend")) or ""),
            focus=_as_oxigraph(report.value(result, sh.focusNode)),
            path=str(path) if isinstance(path, rdflib.URIRef) else None,
            value=_as_oxigraph(value) if value is not None else None,
        )


@cache
def _shapes() -> rdflib.Graph:
    import rdflib

    shapes = rdflib.Graph()
    for path in project.shapes_files():
        shapes.parse(path)
    return shapes


def _as_rdflib(store: ox.Store, shapes: rdflib.Graph) -> rdflib.Dataset:
    """Return what the shapes can see of `store`: of the ontology, only triples whose property a shape names."""
    import rdflib

    named = {str(term) for term in shapes.all_nodes()} | {terms.RDF + "type", terms.RDFS + "subClassOf"}
    dataset = rdflib.Dataset(default_union=True)
    graphs: dict[str, _ContextType] = {}
    for quad in store:
        name = quad.graph_name.value if isinstance(quad.graph_name, ox.NamedNode) else ""
        if name.startswith(_ONTOLOGY) and quad.predicate.value not in named:
            continue
        if name not in graphs:
            graphs[name] = dataset.graph(rdflib.URIRef(name))
        graphs[name].add((_rdflib(quad.subject), _rdflib(quad.predicate), _rdflib(quad.object)))
    return dataset


def _rdflib(term: ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple) -> Node:
    import rdflib

    if isinstance(term, ox.NamedNode):
        return rdflib.URIRef(term.value)
    if isinstance(term, ox.BlankNode):
        return rdflib.BNode(term.value)
    if isinstance(term, ox.Triple):
        raise KgError(f"a triple term cannot be validated: {term}", mend="say it in a claim")
    # rdflib holds "x" and "x"^^xsd:string for two literals, and pySHACL compares them as such.
    datatype = (
        None if term.language or term.datatype.value == terms.XSD + "string" else rdflib.URIRef(term.datatype.value)
    )
    return rdflib.Literal(term.value, lang=term.language, datatype=datatype, normalize=False)


def _as_oxigraph(term: Node | None) -> Term:
    import rdflib

    if isinstance(term, rdflib.Literal):
        datatype = ox.NamedNode(str(term.datatype)) if term.datatype else None
        return (
            ox.Literal(str(term), language=term.language) if term.language else ox.Literal(str(term), datatype=datatype)
        )
    return ox.BlankNode(str(term)) if isinstance(term, rdflib.BNode) else ox.NamedNode(str(term))


@contextmanager
def _quiet(name: str) -> Iterator[None]:
    logger = getLogger(name)
    before = logger.level
    logger.setLevel(ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


# Checks


@dataclass(frozen=True)
class Check:
    """A rule on the whole graph: a query whose every row is a finding, with the words for it."""

    name: str
    query: str
    summary: str
    severity: str
    message: str
    mend: str


@cache
def read_check(path: Path) -> Check:
    """Read a check: SPARQL with a header of `#+` lines in YAML. Its rows bind ?focus, and ?claim where one is concerned.

    Raises `KgError` where the header lacks a key or has another severity than violation, warning or info.
    """
    query = path.read_text("utf8")
    try:
        header = yaml.safe_load("\n".join(line[2:] for line in query.splitlines() if line.startswith("#+")))
        said = {key: str(header["kg"][key]) for key in ("severity", "message", "mend")}
        if said["severity"] not in _SEVERITIES:
            raise ValueError(f"severity {said['severity']!r}")
        return Check(path.stem, query, str(header["summary"]), **said)
    except (yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        mend = "its `#+` lines give summary, and under kg: severity, message and mend"
        raise KgError(f"the header of the check cannot be read: {error}", where=_shown(path), mend=mend) from error


def _by_check(store: ox.Store, check: Check) -> Iterator[Finding]:
    try:
        rows = store.query(check.query, prefixes=terms.PREFIXES, use_default_graph_as_union=True)
    except SyntaxError as error:
        raise KgError(f"the check is not SPARQL: {error}", where=check.name) from error
    assert isinstance(rows, ox.QuerySolutions)
    names = [variable.value for variable in rows.variables]
    for row in rows:
        bound = {name: row[name] for name in names if row[name] is not None}
        claim = bound.get("claim")
        yield Finding(
            severity=check.severity,
            rule=check.name,
            message=_filled(check.message, bound),
            mend=_filled(check.mend, bound),
            focus=bound["focus"],
            claim=claim.value if isinstance(claim, ox.NamedNode) else None,
        )


def _filled(template: str, bound: Mapping[str, Term]) -> str:
    """Return `template` with each `{?name}` replaced by the value of that name, "…" where it has none."""
    return re.sub(r"\{\?(\w+)\}", lambda match: _plain(bound[match[1]]) if match[1] in bound else "…", template)


# Places


class _Places:
    """Finds the graph, the file and the line of a finding, since neither SHACL nor SPARQL tells them."""

    def __init__(self, store: ox.Store, sources: Mapping[str, Path]) -> None:
        self._store = store
        self._sources = sources
        self._texts: dict[Path, str] = {}

    def locate(self, finding: Finding) -> Finding:
        """Return `finding` with its place; one that lies in the graph of a claim concerns that claim."""
        graph = self._graph(finding)
        about = [iri for iri in (finding.claim, finding.focus.value, graph) if iri and iri.startswith(terms.CLAIM)]
        file = self._sources.get(graph or "")
        line = self._line(file, [graph or "", finding.focus.value]) if file else None
        return replace(finding, graph=graph, claim=about[0] if about else None, file=file, line=line)

    def _graph(self, finding: Finding) -> str | None:
        focus = finding.focus
        named = [ox.NamedNode(iri) for iri in (finding.claim, focus.value) if iri and iri.startswith(terms.CLAIM)]
        if named and named[0] != focus and self._store.contains_named_graph(named[0]):
            return named[0].value
        path = ox.NamedNode(finding.path) if finding.path else None
        for predicate, value in ((path, finding.value), (path, None), (_TYPE, None), (None, None)):
            quads = (
                self._store.quads_for_pattern(focus, predicate, value, None)
                if not isinstance(focus, ox.Literal)
                else ()
            )
            graphs = {quad.graph_name.value for quad in quads if isinstance(quad.graph_name, ox.NamedNode)}
            if graphs:
                return min(graphs, key=claim_key)
        return focus.value if isinstance(focus, ox.NamedNode) and self._store.contains_named_graph(focus) else None

    def _line(self, file: Path, iris: list[str]) -> int | None:
        """Return the line that begins with the name of the last of `iris`, looked for behind the line of the one before."""
        if file not in self._texts:
            self._texts[file] = file.read_text("utf8", "replace")
        text, start = self._texts[file], -1
        prefixes = _PREFIX.findall(text)
        for iri in iris:
            names = [f"<{iri}>"] + [f"{name}:{iri[len(space) :]}" for name, space in prefixes if iri.startswith(space)]
            begins = rf"^[ \t]*(?:GRAPH\s+)?(?:{'|'.join(map(re.escape, names))})(?=[\s{{])"
            match = re.compile(begins, re.MULTILINE).search(text, max(start, 0))
            start = match.start() if match else start
        return None if start < 0 else text.count("\n", 0, start) + 1


# Words


def _lines(finding: Finding) -> Iterator[str]:
    name = terms.compact(finding.claim) if finding.claim else _plain(finding.focus)
    focus = "" if name == _plain(finding.focus) else f"  {_plain(finding.focus)}"
    yield f"  {finding.severity:<9}  {name}{focus}" + (f"  (line {finding.line})" if finding.line else "")
    yield f"{_INDENT}{finding.message}   ({finding.rule})"
    if finding.value is not None:
        yield f"{_INDENT}found: {terms.compact(finding.path) + ' ' if finding.path else ''}{_plain(finding.value)}"
    yield f"{_INDENT}{finding.mend}"


def _result(finding: Finding) -> str:
    properties = {
        "focusNode": str(finding.focus),
        "resultPath": f"<{finding.path}>" if finding.path else "",
        "value": str(finding.value or ""),
        "resultSeverity": f"sh:{finding.severity.capitalize()}",
        "sourceShape": f"<{terms.SHAPE}{finding.rule.removeprefix('shape:')}>",
        "resultMessage": str(ox.Literal(f"{finding.message} {finding.mend}".strip(), language="en")),
    }
    body = " ;\n".join(f"        sh:{name} {text}" for name, text in properties.items() if text)
    return f"[ a sh:ValidationResult ;\n{body} ]"


def _plain(term: Term) -> str:
    return terms.compact(term.value) if isinstance(term, ox.NamedNode) else term.value


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _shown(file: Path) -> str:
    for folder in (Path.cwd(), project.root()):
        if file.is_relative_to(folder):
            return file.relative_to(folder).as_posix()
    return str(file)
