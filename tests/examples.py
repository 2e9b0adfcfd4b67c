"""Examples: small datasets that keep a rule or break it, each stating only its difference from one valid base.

The first lines of an example say what it is:

    # expect: shape:Claim-evidence                  it breaks this rule; `# good: …` where it keeps it
    # also: passage-misnamed-violation              a rule that cannot but break as well
    # without: claim:base-c02 pact:evidence         the base without these values, or with a third name without that one

Triples outside of a graph belong to `graph:claims/base`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pyoxigraph as ox

from kg import project, terms
from kg.validate.checks import read_check, rows_as_findings
from kg.validate.shacl import results_as_findings

FOLDER = Path(__file__).parent
BASE = FOLDER / "shapes" / "base.trig"

_LINE = re.compile(r"^# (expect|good|also|without): (.+)$", re.MULTILINE)
_RECORD = ox.NamedNode(terms.GRAPH + "claims/base")
_ONTOLOGY = terms.GRAPH + "ontology/"


@dataclass(frozen=True)
class Example:
    """One example file and what its first lines say."""

    path: Path
    rule: str
    is_good: bool
    also: frozenset[str]
    without: tuple[str, ...]

    @property
    def expected(self) -> set[str]:
        return set() if self.is_good else {self.rule, *self.also}


def examples(folder: str) -> list[Example]:
    """Return the examples in `shapes` or `checks`, by name."""
    return [_read(path) for path in sorted((FOLDER / folder).rglob("*.trig")) if path != BASE]


def _read(path: Path) -> Example:
    said: dict[str, list[str]] = {"expect": [], "good": [], "also": [], "without": []}
    for key, text in _LINE.findall(path.read_text("utf8")):
        said[key].append(text.strip())
    [rule] = said["expect"] + said["good"]
    return Example(path, rule, bool(said["good"]), frozenset(said["also"]), tuple(said["without"]))


def rules_broken_by(example: Example) -> set[str]:
    """Return the names of the rules that the base with the difference of `example` breaks."""
    return rules_broken(quads_with(example))


def quads_with(example: Example) -> set[ox.Quad]:
    """Return the base with the difference of `example`."""
    kept = {quad for quad in quads_of(BASE) if not any(_is_taken_out(quad, line) for line in example.without)}
    return kept | quads_of(example.path)


def store_for_checks(quads: set[ox.Quad]) -> ox.Store:
    """Return `quads` and the ontology in a store in memory."""
    store = ox.Store()
    store.bulk_extend(quads | _ontology())
    return store


def rules_broken(quads: set[ox.Quad]) -> set[str]:
    """Return the names of the rules that `quads` break, together with the ontology.

    Unless `quads` add concepts, shapes see only the lists of its concepts: to validate all of them takes longest.
    """
    adds_to_it = any(_name(quad.subject).startswith((terms.PV, terms.PACT)) for quad in quads)
    for_checks, for_shapes = store_for_checks(quads), ox.Store()
    for_shapes.bulk_extend(quads | (_ontology() if adds_to_it else _lists()))
    found = list(results_as_findings(for_shapes))
    for path in project.check_files():
        found += rows_as_findings(for_checks, read_check(path))
    return {finding.rule for finding in found}


@cache
def quads_of(path: Path) -> frozenset[ox.Quad]:
    """Return the quads of an example or of the base, those outside of a graph in the claims graph of the base."""
    return frozenset(
        ox.Quad(quad.subject, quad.predicate, quad.object, _RECORD) if quad.graph_name == ox.DefaultGraph() else quad
        for quad in ox.parse(path=str(path))
    )


def _is_taken_out(quad: ox.Quad, line: str) -> bool:
    given = [ox.NamedNode(terms.RDF + "type" if name == "a" else terms.expand(name)) for name in line.split()]
    return all(a == b for a, b in zip(given, (quad.subject, quad.predicate, quad.object), strict=False))


@cache
def _ontology() -> frozenset[ox.Quad]:
    return frozenset(
        ox.Quad(quad.subject, quad.predicate, quad.object, ox.NamedNode(_ONTOLOGY + path.stem))
        for path in project.ontology_files()
        for quad in ox.parse(path=str(path))
        if _name(quad.predicate) not in _NOTES
    )


_NOTES = {terms.SKOS + "example", terms.SKOS + "scopeNote", terms.SKOS + "closeMatch", terms.RDFS + "isDefinedBy"}


@cache
def _lists() -> frozenset[ox.Quad]:
    """Return the ontology without what makes its concepts the matter of a shape."""
    kept = {terms.SKOS + "inScheme", terms.RDFS + "subClassOf"}
    return frozenset(quad for quad in _ontology() if _name(quad.predicate) in kept)


def _name(node: object) -> str:
    return node.value if isinstance(node, ox.NamedNode) else ""
