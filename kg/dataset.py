"""The dataset: every file of the project or of a user, read into named graphs, with its facts view and its hash."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg import project, terms
from kg.claim import factual
from kg.errors import DataError, KgError, ParseFailure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = [
    "KEPT",
    "Dataset",
    "PartNote",
    "canonical_lines",
    "dataset_hash",
    "facts",
    "graph_of",
    "graphs_of",
    "hash_of_parts",
    "parse",
    "part_name",
    "part_notes",
    "part_of",
    "read_files",
    "read_project",
    "slug_in",
    "slug_of",
]

KEPT = frozenset(terms.GRAPH + name for name in ("facts", "derived", "state"))
"""Graphs that a store keeps beside the dataset: the facts view where it has a name, derived facts, and its state."""

_TYPE = ox.NamedNode(terms.RDF + "type")
_DOCUMENT = ox.NamedNode(terms.PACT + "SourceDocument")
_CLAIM = ox.NamedNode(terms.PACT + "Claim")
_POINTS_TO_DOCUMENT = {ox.NamedNode(terms.PACT + name) for name in ("fromDocument", "citedIn")}
_FORMATS = "Turtle (.ttl), TriG (.trig), N-Quads (.nq), N-Triples (.nt), JSON-LD (.jsonld) or RDF/XML (.rdf)"


@dataclass(frozen=True)
class Dataset:
    """Quads in named graphs, and the file that each graph came from; the default graph holds nothing."""

    quads: frozenset[ox.Quad]
    sources: dict[str, Path] = field(default_factory=dict)

    def __or__(self, other: Dataset) -> Dataset:
        return Dataset(self.quads | other.quads, self.sources | other.sources)

    def store(self) -> ox.Store:
        """Return the quads in a store in memory."""
        store = ox.Store()
        store.bulk_extend(self.quads)
        return store


def read_project() -> Dataset:
    """Read the ontology and the data that come with the project: one named graph a file, and one a claim.

    Raises `ParseFailure` with file, line and column.
    """
    quads: set[ox.Quad] = set()
    sources: dict[str, Path] = {}
    for kind, files in (
        ("ontology", project.ontology_files()),
        ("reference", project.reference_files()),
        ("document", project.document_files()),
        ("claims", project.claims_files()),
    ):
        for path in files:
            own = ox.NamedNode(f"{terms.GRAPH}{kind}/{path.stem}")
            placed = {_in_graph(quad, own) for quad in parse(path)}
            quads |= placed
            sources.update(dict.fromkeys(graphs_of(placed), path))
    return Dataset(frozenset(quads), sources)


def read_files(paths: Sequence[Path]) -> Dataset:
    """Read files that a user gives: documents with their claims, or a dataset that `kg export` wrote.

    Quads in a named graph stay there. Triples of the default graph describe one document: those about it and its
    passages go to `graph:document/<slug>`, the rest to `graph:claims/<slug>`; then the file has graphs of that document
    only. Raises `ParseFailure`, and `DataError` where a file is empty or no single document can be told.
    """
    parsed = {path: list(parse(path)) for path in paths}
    quads: set[ox.Quad] = set()
    sources: dict[str, Path] = {}
    for path, found in parsed.items():
        loose = [quad for quad in found if quad.graph_name == ox.DefaultGraph()]
        document = _document_of(loose, path) if loose else ""
        if foreign := sorted(graph for graph in graphs_of(found) if loose and not _is_of(graph, document)):
            raise DataError(
                f"holds the graph {terms.compact(foreign[0])}, which is not of {terms.compact(document)}",
                where=str(path),
                mend="write one file a document; a whole dataset has no triple outside of a graph",
            )
        placed = {_placed(quad, document) for quad in found}
        quads |= placed
        sources.update(dict.fromkeys(graphs_of(placed), path))
    return Dataset(frozenset(quads), sources)


def _document_of(quads: list[ox.Quad], path: Path) -> str:
    nodes: list[object] = [quad.subject for quad in quads if quad.predicate == _TYPE and quad.object == _DOCUMENT]
    nodes += [quad.object for quad in quads if quad.predicate in _POINTS_TO_DOCUMENT]
    named = {node.value for node in nodes if isinstance(node, ox.NamedNode)}
    ours = sorted(iri for iri in named if iri.startswith(terms.DOC))
    if len(ours) == 1:
        return ours[0]
    if not named:
        raise DataError(
            "holds no document and no claim",
            where=str(path),
            mend="a document is a pact:SourceDocument; a claim is a pact:Claim with pact:fromDocument",
        )
    if not ours:
        raise DataError(
            f"the document is not a doc: IRI: {min(named)}", where=str(path), mend=f"begin it with {terms.DOC}"
        )
    raise DataError(
        f"speaks of {len(ours)} documents: {', '.join(terms.compact(iri) for iri in ours)}",
        where=str(path),
        mend="write one file a document",
    )


def _is_of(graph: str, document: str) -> bool:
    slug = document.removeprefix(terms.DOC)
    if graph.startswith(terms.CLAIM):
        return graph.removeprefix(terms.CLAIM).rpartition("-c")[0] == slug
    return graph in (f"{terms.GRAPH}document/{slug}", f"{terms.GRAPH}claims/{slug}")


def _placed(quad: ox.Quad, document: str) -> ox.Quad:
    slug = document.removeprefix(terms.DOC)
    subject = quad.subject.value if isinstance(quad.subject, ox.NamedNode) else ""
    kind = "document" if subject == document or subject.startswith(document + "#") else "claims"
    return _in_graph(quad, ox.NamedNode(f"{terms.GRAPH}{kind}/{slug}"))


def _in_graph(quad: ox.Quad, graph: ox.NamedNode) -> ox.Quad:
    if quad.graph_name != ox.DefaultGraph():
        return quad
    return ox.Quad(quad.subject, quad.predicate, quad.object, graph)


def parse(path: Path) -> Iterator[ox.Quad]:
    """Yield the quads of an RDF file, its format told by its ending.

    Raises `ParseFailure` with line and column, `DataError` for an empty file, an unknown ending, and what a dataset
    has no place for; `KgError` where the file cannot be read.
    """
    format_ = ox.RdfFormat.from_extension(path.suffix.removeprefix("."))
    if format_ is None:
        raise DataError(f"the ending “{path.suffix}” names no RDF format", where=str(path), mend=f"give {_FORMATS}")
    empty = True
    try:
        _refuse_binary(path, format_)
        for quad in ox.parse(path=str(path), format=format_):
            empty = False
            _refuse_unnamed(quad, path)
            yield quad
    except SyntaxError as error:
        place = f"{path}:{error.lineno}:{error.offset}" if error.lineno else str(path)
        raise ParseFailure(
            f"is not {format_.name}: {_short(error.msg)}", where=place, mend="mend the line; nothing was changed"
        ) from error
    except MemoryError as error:  # the parser's own limit on one word of the file, 16 MB
        raise ParseFailure(f"is not {format_.name}: a word in it never ends", where=str(path)) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise KgError(f"cannot be read: {reason}", where=str(path)) from error
    if empty:
        raise DataError("holds no triple", where=str(path), mend="give a file with a document or claims")


def _refuse_binary(path: Path, format_: ox.RdfFormat) -> None:
    """Raise `ParseFailure` where a file begins as no text does, which some parsers see only at its end."""
    with path.open("rb") as file:
        if b"\0" in file.read(4096):
            raise ParseFailure(f"is not {format_.name}: it holds bytes that are no text", where=f"{path}:1")


def _refuse_unnamed(quad: ox.Quad, path: Path) -> None:
    if graph_of(quad) in KEPT:
        raise DataError(
            f"holds the graph {terms.compact(graph_of(quad))}, which stores keep for themselves",
            where=str(path),
            mend="leave it out: it is worked out from the claims",
        )
    if isinstance(quad.graph_name, ox.BlankNode):
        raise DataError("holds a graph whose name is a blank node", where=str(path), mend="name it as its claim")
    if isinstance(quad.object, ox.Triple):
        raise DataError(f"holds a triple inside of a triple: {quad.object}", where=str(path), mend="say it in a claim")


def _short(message: str, limit: int = 160) -> str:
    text = message.rpartition(": ")[2] if message.startswith("Parser error at") else message
    return text if len(text) <= limit else text[: limit - 1] + "…"


def graph_of(quad: ox.Quad) -> str:
    """Return the IRI of the graph a quad lies in, or an empty text for the default graph and for blank graph names."""
    return quad.graph_name.value if isinstance(quad.graph_name, ox.NamedNode) else ""


def graphs_of(quads: Iterable[ox.Quad]) -> set[str]:
    """Return the IRIs of the named graphs among `quads`."""
    return {graph_of(quad) for quad in quads} - {""}


def part_of(quad: ox.Quad) -> tuple[str, str]:
    """Return what a quad's graph belongs to: the description or the claims of a document, or the graph itself."""
    return _part_of(graph_of(quad))


def _part_of(graph: str) -> tuple[str, str]:
    for kind in ("document", "claims"):
        if graph.startswith(f"{terms.GRAPH}{kind}/"):
            return kind, graph.removeprefix(f"{terms.GRAPH}{kind}/")
    if graph.startswith(terms.CLAIM):
        return "claims", graph.removeprefix(terms.CLAIM).rpartition("-c")[0]
    return graph, ""


def part_name(graph: str) -> str:
    """Return the name of the part that a graph belongs to: the record of a document or of its claims, or itself.

    >>> part_name(terms.CLAIM + "some-story-c07") == part_name(terms.GRAPH + "claims/some-story")
    True
    """
    kind, slug = _part_of(graph)
    return f"{terms.GRAPH}{kind}/{slug}" if slug else graph


def slug_of(quad: ox.Quad) -> str:
    """Return the slug of the document that a quad belongs to; an empty text for ontology and reference data."""
    return slug_in(graph_of(quad))


def slug_in(graph: str) -> str:
    """Return the slug of the document that a graph belongs to, as `slug_of` does for a quad.

    >>> slug_in(terms.CLAIM + "some-story-c07")
    'some-story'
    """
    return _part_of(graph)[1]


def facts(quads: Iterable[ox.Quad]) -> set[ox.Quad]:
    """Return the facts view, as quads of the default graph.

    It holds the ontology, the reference data, documents, claim records, and the content of those claims only that are
    accepted, affirmed and factual.
    """
    named = quads if isinstance(quads, frozenset) else list(quads)
    claims = factual(named)
    viewed = cache(lambda graph: graph.startswith(terms.GRAPH) or graph in claims)
    return {ox.Quad(quad.subject, quad.predicate, quad.object) for quad in named if viewed(graph_of(quad))}


def canonical_lines(quads: Iterable[ox.Quad]) -> list[bytes]:
    """Return `quads` as sorted lines of canonical N-Quads, without line ends.

    For quads without blank nodes, which is all that the checks let in, these are the lines of RDFC-1.0
    (https://www.w3.org/TR/rdf-canon/), so no labels have to be worked out.
    """
    text = ox.serialize(quads, format=ox.RdfFormat.N_QUADS) or b""
    return sorted(set(text.split(b"\n")) - {b""})


@dataclass(frozen=True)
class PartNote:
    """What is noted of a part of a dataset: the SHA-256 of its canonical N-Quads (RDFC-1.0), and counts."""

    hash: str
    quads: int
    documents: int
    claims: int


def part_notes(quads: Iterable[ox.Quad]) -> dict[str, PartNote]:
    """Return what is to be noted of each part of a dataset, by its name (`part_name`)."""
    parts: dict[str, list[ox.Quad]] = {}
    names: dict[str, str] = {}
    for quad in quads:
        graph = graph_of(quad)
        if graph not in names:
            names[graph] = part_name(graph)
        parts.setdefault(names[graph], []).append(quad)
    return {name: _note(part) for name, part in parts.items()}


def _note(part: list[ox.Quad]) -> PartNote:
    digest = sha256()
    lines = canonical_lines(part)
    for line in lines:
        digest.update(line + b"\n")
    instances = Counter(
        quad.object for quad in part if quad.predicate == _TYPE and graph_of(quad).startswith(terms.GRAPH)
    )
    return PartNote(digest.hexdigest(), len(lines), instances[_DOCUMENT], instances[_CLAIM])


def dataset_hash(quads: Iterable[ox.Quad]) -> str:
    """Return the hash of a dataset: the SHA-256, in hexadecimal, of the list of its parts and their hashes.

    A part is all that is said of one document, all claims of one document, or any other graph. A line of the list is
    the SHA-256 of the part's canonical N-Quads (RDFC-1.0), two spaces and the name of the part, as `sha256sum` prints
    it, and the lines are sorted by name. So a change of one document costs as much as that document.
    """
    return hash_of_parts(part_notes(quads))


def hash_of_parts(notes: Mapping[str, PartNote]) -> str:
    """Return the hash of the dataset that has these parts; see `dataset_hash`."""
    return sha256("".join(f"{notes[name].hash}  {name}\n" for name in sorted(notes)).encode("utf-8")).hexdigest()
