"""The way in: build, add and remove, each validated first and then done in one step or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kg import terms
from kg.claim import claims_from
from kg.dataset import Dataset, dataset_hash, part_of, read_files, read_project, slug_of
from kg.document import documents_from
from kg.errors import NotConforming, UnknownEntity
from kg.store import open_store, writing
from kg.validate import Report, validate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import pyoxigraph as ox

__all__ = ["Outcome", "add", "build", "checked", "merged", "remove"]


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
    dataset = read_files(files) if files else read_project()
    report = checked(dataset, progress)
    with writing(place) as writer:
        writer.replace(dataset.quads)
    return _outcome(dataset.quads, report)


def add(place: str, files: Sequence[Path], progress: Callable[[str], None] | None = None) -> Outcome:
    """Put the documents and claims of `files` in the store at `place`; a document that is there is replaced whole.

    Raises what reading, validating and writing raise; then the store is as it was.
    """
    added = read_files(files)
    slugs = _slugs(added.quads)
    open_store(place)
    with writing(place) as writer:
        before = writer.quads()
        after = merged(Dataset(before), added)
        replaced = tuple(sorted({slug for quad in before - after.quads if (slug := slug_of(quad))}))
        report = checked(after, progress)
        writer.change(before, after.quads)
    return _outcome(after.quads, report, tuple(sorted(slugs)), replaced)


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
        before = writer.quads()
        after = frozenset(quad for quad in before if slug_of(quad) != slug)
        if not slug or after == before:  # no slug: ontology and reference data
            names = ", ".join(found.slug for found in documents_from(before)) or "none"
            raise UnknownEntity(
                f"there is no document “{document}” in this store", where=place, mend=f"documents here: {names}"
            )
        report = checked(Dataset(after), progress)
        writer.change(before, after)
    return _outcome(after, report, (slug,))


def _slugs(quads: frozenset[ox.Quad]) -> set[str]:
    return {slug for quad in quads if (slug := slug_of(quad))}


def _outcome(
    quads: frozenset[ox.Quad], report: Report, slugs: tuple[str, ...] = (), replaced: tuple[str, ...] = ()
) -> Outcome:
    return Outcome(
        dataset_hash=dataset_hash(quads),
        quads=len(quads),
        documents=len(documents_from(quads)),
        claims=len(claims_from(quads)),
        report=report,
        slugs=slugs,
        replaced=replaced,
    )
