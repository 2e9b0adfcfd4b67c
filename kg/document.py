"""Documents and their passages: what a text is, where its sentences lie, and whether a text at hand is that text."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg import terms
from kg.errors import KgError, TextMismatch

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

__all__ = ["Check", "Passage", "SourceDocument", "address_key", "check_text", "documents_from", "read_text"]

_ADDRESS = re.compile(r"p(\d+)s(\d+)")


@dataclass(frozen=True, slots=True)
class Passage:
    """One sentence of a document: its address, its position in code points (half open) and the hash of its words."""

    iri: str
    start: int
    end: int
    content_hash: str
    no_claim_reason: str | None = None

    @property
    def address(self) -> str:
        """The part of the IRI after `#`, such as `p3s1`."""
        return self.iri.rpartition("#")[2]

    @property
    def paragraph(self) -> int:
        """The number of the paragraph, from 1; 0 where the address has another form."""
        match = _ADDRESS.fullmatch(self.address)
        return int(match[1]) if match else 0


@dataclass(frozen=True, slots=True)
class SourceDocument:
    """A fixed text, told by its hash and length; its words stay with whoever has them.

    `earliest` and `latest` bound the day of issue, as dates; both are that day where the text states it.
    """

    iri: str
    title: str
    content_hash: str
    char_count: int
    paragraph_count: int
    earliest: str = ""
    latest: str = ""
    passages: tuple[Passage, ...] = field(default=(), repr=False)

    @property
    def slug(self) -> str:
        """The last part of the IRI, which also names the document's files."""
        return self.iri.removeprefix(terms.DOC)


@dataclass(frozen=True, slots=True)
class Check:
    """How a text compares with the document that describes it."""

    document: SourceDocument
    file: Path | None
    found_hash: str | None
    changed: tuple[Passage, ...] = ()

    @property
    def holds(self) -> bool:
        """True where the text was found and is, word for word, the one described."""
        return self.found_hash == self.document.content_hash and not self.changed


def address_key(iri: str) -> tuple[str, int, int, str]:
    """Return a sort key that puts passages in reading order: `p2s1` before `p10s1`."""
    base, _, address = iri.partition("#")
    match = _ADDRESS.fullmatch(address)
    return (base, int(match[1]), int(match[2]), "") if match else (base, 0, 0, address)


def documents_from(quads: Iterable[ox.Quad]) -> list[SourceDocument]:
    """Return the documents that `quads` describe, by IRI, with their passages in reading order.

    What a description lacks reads as an empty text or 0; the shapes, not this function, say what must be there.
    """
    described: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for quad in quads:
        if isinstance(quad.subject, ox.NamedNode) and isinstance(quad.object, ox.NamedNode | ox.Literal):
            described[quad.subject.value][terms.compact(quad.predicate.value)].append(quad.object.value)
    passages: dict[str, list[Passage]] = defaultdict(list)
    for iri, values in described.items():
        if terms.PACT + "Passage" in values["rdf:type"]:
            for document in values["dcterms:isPartOf"]:
                passages[document].append(_passage(iri, values, described))
    return [
        SourceDocument(
            iri=iri,
            title=_first(values, "dcterms:title"),
            content_hash=_first(values, "pact:contentHash"),
            char_count=_number(values, "pact:charCount"),
            paragraph_count=_number(values, "pact:paragraphCount"),
            earliest=_first(values, "pact:earliestDate") or _first(values, "dcterms:issued"),
            latest=_first(values, "pact:latestDate") or _first(values, "dcterms:issued"),
            passages=tuple(sorted(passages[iri], key=lambda passage: address_key(passage.iri))),
        )
        for iri, values in sorted(described.items())
        if terms.PACT + "SourceDocument" in values["rdf:type"]
    ]


def _passage(iri: str, values: Mapping[str, list[str]], described: Mapping[str, Mapping[str, list[str]]]) -> Passage:
    selector = described[_first(values, "oa:hasSelector")]
    return Passage(
        iri=iri,
        start=_number(selector, "oa:start"),
        end=_number(selector, "oa:end"),
        content_hash=_first(values, "pact:contentHash"),
        no_claim_reason=_first(values, "pact:noClaimReason") or None,
    )


def _first(values: Mapping[str, list[str]], name: str) -> str:
    return min(values.get(name, [""]), default="")


def _number(values: Mapping[str, list[str]], name: str) -> int:
    text = _first(values, name)
    return int(text) if text.isdecimal() else 0


def read_text(path: Path) -> str:
    """Return the text of a file as it stands, line ends untouched.

    Raises `KgError` where it cannot be read, `TextMismatch` where it is not UTF-8.
    """
    try:
        return path.read_bytes().decode("utf-8")
    except OSError as error:
        raise KgError(f"cannot be read: {error.strerror}", where=str(path)) from error
    except UnicodeDecodeError as error:
        raise TextMismatch(f"is not UTF-8 at byte {error.start}", where=str(path), mend="save it as UTF-8") from error


def check_text(document: SourceDocument, folder: Path) -> Check:
    """Compare `document` with the file `<slug>.txt` in `folder`: the whole by its hash, then each passage by its own.

    A text that is not there gives a check without a file, which does not hold.
    """
    path = folder / f"{document.slug}.txt"
    if not path.is_file():
        return Check(document, None, None)
    text = read_text(path)
    changed = tuple(p for p in document.passages if _hash(text[p.start : p.end]) != p.content_hash)
    return Check(document, path, _hash(text), changed)


def _hash(text: str) -> str:
    return sha256(text.encode("utf-8")).hexdigest()
