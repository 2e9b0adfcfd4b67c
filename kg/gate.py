"""The way in: build, add and remove, each validated first and then done in one step or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg import terms
from kg.dataset import KEPT, Dataset, graph_of, graphs_of, part_name, part_of, read_files, read_project, slug_of
from kg.derive import DERIVED, stored
from kg.errors import DataError, NotConforming, UnknownEntity
from kg.sparql import refuse_fetching, syntax_error
from kg.store import open_store, writing
from kg.validate import Report, validate, validate_change

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence
    from pathlib import Path

    from kg.store import Written

__all__ = ["Outcome", "add", "build", "checked", "merged", "put_graph", "remove", "replace", "update"]


@dataclass(frozen=True)
class Outcome:
    """What a change left behind: the dataset's hash and counts, and the report that let it in.

    After `build` the report is on the whole dataset. After any other change it is on what the change can concern: a
    warning that stands elsewhere, and stood there before, is not told again.
    """

    dataset_hash: str
    quads: int
    documents: int
    claims: int
    report: Report
    slugs: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()


def checked(dataset: Dataset, progress: Callable[[str], None] | None = None) -> Report:
    """Validate `dataset` and return the report, which may hold warnings.

    Raises `NotConforming` where there is a violation.
    """
    return _conforming(validate(dataset.store(), dataset.sources, progress))


def _conforming(report: Report) -> Report:
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
    return _outcome(written, report)


def add(place: str, files: Sequence[Path], progress: Callable[[str], None] | None = None) -> Outcome:
    """Put the documents and claims of `files` in the store at `place`; a document that is there is replaced whole.

    Raises what reading, validating and writing raise; then the store is as it was.
    """
    added = read_files(files)
    names = {part_name(graph) for graph in graphs_of(added.quads)}
    return _changed(place, lambda before: merged(before, added), progress, names, _slugs(added.quads))


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
    open_store(place)
    with writing(place) as writer:
        there = writer.names()
    names = {f"{terms.GRAPH}{kind}/{slug}" for kind in ("document", "claims")} & there
    if not names:
        prefix = f"{terms.GRAPH}document/"
        slugs = sorted(name.removeprefix(prefix) for name in there if name.startswith(prefix))
        raise UnknownEntity(
            f"there is no document “{document}” in this store",
            where=place,
            mend=f"documents here: {', '.join(slugs) or 'none'}",
        )
    return _changed(place, lambda _: Dataset(frozenset()), progress, names)


def update(place: str, text: str, progress: Callable[[str], None] | None = None) -> Outcome:
    """Run a SPARQL 1.1 Update on the store at `place`.

    Its patterns read the facts view and the named graphs, as queries do; what it writes goes into named graphs. Raises
    `QuerySyntaxError`, `ReadOnly` for what would fetch from elsewhere, `DataError` for a change of the facts view, and
    what validating and writing raise; then the store is as it was.
    """
    refuse_fetching(text)

    def updated(before: Dataset) -> Dataset:
        engine = stored(before.quads)
        view = frozenset(engine) - before.quads
        try:
            engine.update(text, prefixes=terms.PREFIXES)
        except SyntaxError as error:
            raise syntax_error(text, error) from error
        except RuntimeError as error:  # such as CREATE of a graph that is there
            raise DataError(f"the update cannot be done: {error}", mend="nothing was changed") from error
        after = frozenset(engine)
        named = frozenset(quad for quad in after if graph_of(quad) and quad.graph_name != DERIVED)
        if after - named != view:
            raise DataError(
                "the update changes the facts view, or derived facts, which are worked out from the claims",
                mend="name the graph to write to: GRAPH <…> { … }; nothing was changed",
            )
        return Dataset(named)

    return _changed(place, updated, progress)


def put_graph(place: str, graph: str, triples: Iterable[ox.Triple], *, keep: bool) -> Outcome:
    """Put triples in a named graph of the store at `place`, beside those that are there or, not to `keep`, for them.

    Without any, the graph goes. Raises `DataError` for a graph that the store keeps for itself, and what validating
    and writing raise; then the store is as it was.
    """
    if graph in KEPT:
        raise DataError(
            f"the graph {terms.compact(graph)} is kept by the store, which works it out from the claims",
            mend="write to a graph of another name; nothing was changed",
        )
    name = ox.NamedNode(graph)
    added = frozenset(ox.Quad(t.subject, t.predicate, t.object, name) for t in triples)
    return _changed(
        place,
        lambda before: Dataset(added | frozenset(q for q in before.quads if keep or q.graph_name != name)),
        names={part_name(graph)},
    )


def _changed(
    place: str,
    edit: Callable[[Dataset], Dataset],
    progress: Callable[[str], None] | None = None,
    names: Collection[str] | None = None,
    touched: Iterable[str] = (),
) -> Outcome:
    """Have `edit` make another dataset of the one at `place`, and keep that if it conforms.

    `names` are the parts (`kg.dataset.part_name`) that the change is about: `edit` is given these, or all, and may
    change no other. What is there is taken to conform, since this is the way in; `build` validates everything, for
    rules that are new. `touched` are slugs of documents that count as changed even if they come out as they were.
    """
    open_store(place)
    with writing(place) as writer:
        before = writer.quads() if names is None else writer.parts(names)
        after = edit(Dataset(before))
        with writer.staged(before, after.quads) as stage:
            counted = stage.written.documents, stage.written.claims
            changed = before ^ after.quads
            report = _conforming(validate_change(stage.engine, changed, after.sources, progress, counted))
            stage.commit()
    gone, come = _slugs(before - after.quads), _slugs(after.quads - before)
    return _outcome(stage.written, report, tuple(sorted({*touched, *gone, *come})), tuple(sorted(gone)))


def _slugs(quads: frozenset[ox.Quad]) -> set[str]:
    return {slug for quad in quads if (slug := slug_of(quad))}


def _outcome(written: Written, report: Report, slugs: tuple[str, ...] = (), replaced: tuple[str, ...] = ()) -> Outcome:
    return Outcome(written.dataset_hash, written.quads, written.documents, written.claims, report, slugs, replaced)
