"""The way in: build, add and remove, each validated first and then done in one step or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg import terms
from kg.claim import claims_from
from kg.dataset import Dataset, facts, graph_of, part_of, read_files, read_project, slug_of
from kg.document import documents_from
from kg.errors import DataError, NotConforming, UnknownEntity
from kg.sparql import refuse_fetching, syntax_error
from kg.store import open_store, writing
from kg.validate import Report, validate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

__all__ = ["Outcome", "add", "build", "checked", "merged", "put_graph", "remove", "replace", "update"]


@dataclass(frozen=True)
class Outcome:
    """What a change left behind: the dataset's hash and counts, and the report that let it in."""

    dataset_hash: str
    quads: int
    documents: int
    claims: int
    report: Report
    slugs: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()


def checked(dataset: Dataset, progress: Callable[[str], None] | None = None) -> Report:
    """Validate `dataset` and return the report, which may hold warnings.

    Raises `NotConforming` where it holds a violation.
    """
    report = validate(dataset.store(), dataset.sources, progress)
    if not report.conforms:
        raise NotConforming(report)
    return report


def build(place: str, files: Sequence[Path] = (), progress: Callable[[str], None] | None = None) -> Outcome:
    """Make the store at `place` anew from the project's data, or from `files` that `kg export` wrote.

    Raises what reading, validating and writing raise; the old store stays until the new one is whole.
    """
    return replace(place, read_files(files) if files else read_project(), progress)


def replace(place: str, dataset: Dataset, progress: Callable[[str], None] | None = None) -> Outcome:
    """Put `dataset` in the place of whatever is at `place`, once it is validated.

    Raises what validating and writing raise; the old store stays until the new one is whole.
    """
    report = checked(dataset, progress)
    with writing(place) as writer:
        written = writer.replace(dataset.quads)
    return _outcome(dataset.quads, written, report)


def add(place: str, files: Sequence[Path], progress: Callable[[str], None] | None = None) -> Outcome:
    """Put the documents and claims of `files` in the store at `place`; a document that is there is replaced whole.

    Raises what reading, validating and writing raise; then the store is as it was.
    """
    added = read_files(files)
    return _changed(place, lambda before: merged(before, added), progress, _slugs(added.quads))


def merged(base: Dataset, added: Dataset) -> Dataset:
    """Return `base` with `added` in the place of what it had of the same documents.

    A description replaces the description, claims replace all claims of their document; the one does not touch the
    other, so that either file can be given alone.
    """
    parts = {part_of(quad) for quad in added.quads}
    kept = frozenset(quad for quad in base.quads if part_of(quad) not in parts)
    return Dataset(kept | added.quads, base.sources | added.sources)


def remove(place: str, document: str, progress: Callable[[str], None] | None = None) -> Outcome:
    """Take a document, its passages and its claims out of the store at `place`.

    `document` is a slug, a `doc:` name or an IRI. Raises `UnknownEntity` where it is not there, and what validating
    and writing raise; then the store is as it was.
    """
    iri = terms.expand(document) if ":" in document else terms.DOC + document
    slug = iri.removeprefix(terms.DOC)

    def without(before: Dataset) -> Dataset:
        kept = frozenset(quad for quad in before.quads if slug_of(quad) != slug)
        if not slug or kept == before.quads:  # no slug: ontology and reference data
            names = ", ".join(found.slug for found in documents_from(before.quads)) or "none"
            raise UnknownEntity(
                f"there is no document “{document}” in this store", where=place, mend=f"documents here: {names}"
            )
        return Dataset(kept)

    return _changed(place, without, progress)


def update(place: str, text: str, progress: Callable[[str], None] | None = None) -> Outcome:
    """Run a SPARQL 1.1 Update on the store at `place`.

    Its patterns read the facts view and the named graphs, as queries do; what it writes goes into named graphs. Raises
    `QuerySyntaxError`, `ReadOnly` for what would fetch from elsewhere, `DataError` for a change of the facts view, and
    what validating and writing raise; then the store is as it was.
    """
    refuse_fetching(text)

    def updated(before: Dataset) -> Dataset:
        engine = before.store()
        view = facts(before.quads)
        engine.bulk_extend(view)
        try:
            engine.update(text, prefixes=terms.PREFIXES)
        except SyntaxError as error:
            raise syntax_error(text, error) from error
        except RuntimeError as error:  # such as CREATE of a graph that is there
            raise DataError(f"the update cannot be done: {error}", mend="nothing was changed") from error
        after = frozenset(engine)
        named = frozenset(quad for quad in after if graph_of(quad))
        if after - named != view:
            raise DataError(
                "the update changes the facts view, which is worked out from the claims",
                mend="name the graph to write to: GRAPH <…> { … }; nothing was changed",
            )
        return Dataset(named)

    return _changed(place, updated, progress)


def put_graph(place: str, graph: str, triples: Iterable[ox.Triple], *, keep: bool) -> Outcome:
    """Put triples in a named graph of the store at `place`, beside those that are there or, not to `keep`, for them.

    Without any, the graph goes. Raises what validating and writing raise; then the store is as it was.
    """
    name = ox.NamedNode(graph)
    added = frozenset(ox.Quad(t.subject, t.predicate, t.object, name) for t in triples)
    return _changed(
        place,
        lambda before: Dataset(added | frozenset(q for q in before.quads if keep or q.graph_name != name)),
    )


def _changed(
    place: str,
    edit: Callable[[Dataset], Dataset],
    progress: Callable[[str], None] | None = None,
    touched: Iterable[str] = (),
) -> Outcome:
    """Have `edit` make another dataset of the one at `place`, and keep that if it conforms.

    `touched` are slugs of documents that count as changed even if they come out as they were.
    """
    open_store(place)
    with writing(place) as writer:
        before = writer.quads()
        after = edit(Dataset(before))
        gone, come = _slugs(before - after.quads), _slugs(after.quads - before)
        report = checked(after, progress)
        written = writer.change(before, after.quads)
    return _outcome(after.quads, written, report, tuple(sorted({*touched, *gone, *come})), tuple(sorted(gone)))


def _slugs(quads: frozenset[ox.Quad]) -> set[str]:
    return {slug for quad in quads if (slug := slug_of(quad))}


def _outcome(
    quads: frozenset[ox.Quad], written: str, report: Report, slugs: tuple[str, ...] = (), replaced: tuple[str, ...] = ()
) -> Outcome:
    return Outcome(
        dataset_hash=written,
        quads=len(quads),
        documents=len(documents_from(quads)),
        claims=len(claims_from(quads)),
        report=report,
        slugs=slugs,
        replaced=replaced,
    )
