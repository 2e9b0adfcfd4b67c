"""The generator of domain-shaped data, as N-Quads in the project's own graphs: the same bytes for the same seed.

    python -m benchmarks.generate --claims 100000 -o claims.nq

The project's ontology, reference data, document and claims come first, so that every saved question finds what its
examples name; generated documents follow one by one, and only one is held at a time. In each, the records of claims
come before their contents, which is what lets a reader work out the facts view as it goes (`benchmarks.load`).
"""

from __future__ import annotations

import argparse
import sys
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from benchmarks.load import graph_of
from benchmarks.stories import PUBLISHER, SOURCE, Draft, new_agreement, retold, small_matter
from benchmarks.world import LAST_DAY, Triple, World, day, en, number
from kg import terms
from kg.dataset import canonical_lines, read_project

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["generated", "write"]

CLAIMS_A_DOCUMENT = 100
CLAIMS_A_PASSAGE = 2.5
SEED = 42
LONGEST_STORY = 21


def write(path: Path, claims: int, seed: int = SEED) -> int:
    """Write the dataset with so many generated claims to `path`, and return the number of lines."""
    count = 0
    with path.open("wb") as file:
        for line in generated(claims, seed):
            file.write(line)
            count += 1
    return count


def generated(claims: int, seed: int = SEED) -> Iterator[bytes]:
    """Yield the lines of the dataset: the project's own, the synthetic reference data, then document after document."""
    lines = canonical_lines(read_project().quads)
    # What is recorded of a claim goes before what it says.
    claim = terms.CLAIM.encode()
    yield from sorted((line + b"\n" for line in lines), key=lambda line: graph_of(line).startswith(claim))
    world = World(claims, seed)
    yield from _lines("graph:reference/synthetic", world.reference())
    agreements = 0
    for i, first in enumerate(range(0, claims, CLAIMS_A_DOCUMENT)):
        document = _Document(world, i, min(CLAIMS_A_DOCUMENT, claims - first), agreements)
        yield from document.lines()
        agreements = document.agreements


class _Document:
    """One document with exactly so many claims; `agreements` is how many are known once it is told."""

    def __init__(self, world: World, i: int, claims: int, agreements: int) -> None:
        self.world = world
        self.rng = Random(f"{world.seed}:document:{i}")
        self.slug = f"report-{i}"
        self.iri = f"doc:{self.slug}"
        self.publisher = self.rng.choice(world.media)
        self.source = f"id:{self.slug}-source"
        self.agreements = agreements
        self.drafts = self._told(claims)
        self.passages = [f"{self.iri}#{address}" for address in _addresses(self.rng, len(self.drafts))]

    def _told(self, claims: int) -> list[Draft]:
        """Return the claims: stories while there is room for another, earlier ones retold, then what stands alone."""
        known = self.agreements
        drafts: list[Draft] = []
        while len(drafts) < claims * 0.7 and claims - len(drafts) >= LONGEST_STORY:
            drafts += new_agreement(self.world, self.agreements, self.rng)
            self.agreements += 1
        told = {draft.statement for draft in drafts}
        while len(drafts) < claims:
            again = known and self.rng.random() < 0.6
            if again:
                draft = retold(self.world, self.rng.randrange(known), self.rng)
            else:
                about = self.rng.randrange(self.agreements) if self.agreements else 0
                draft = small_matter(self.world, about, f"{self.slug}-{len(drafts)}", self.rng)
            if draft.statement not in told:
                told.add(draft.statement)
                drafts.append(draft)
        return drafts

    def lines(self) -> Iterator[bytes]:
        yield from _lines(f"graph:document/{self.slug}", self.description())
        yield from _lines(f"graph:claims/{self.slug}", self.records())
        for i, draft in enumerate(self.drafts, 1):
            yield from _lines(f"claim:{self.slug}-c{i:02}", draft.content)

    def description(self) -> Iterator[Triple]:
        latest = max(draft.latest for draft in self.drafts)
        issued = min(LAST_DAY, max(latest, LAST_DAY - 6000) + self.rng.randint(1, 400))
        starts = [0]
        for _ in self.passages:
            starts.append(starts[-1] + self.rng.randint(80, 250))
        yield self.iri, "a", "pact:SourceDocument"
        yield self.iri, "skos:prefLabel", en(f"report number {self.slug}")
        yield self.iri, "dcterms:title", en(f"report number {self.slug}")
        yield self.iri, "dcterms:publisher", self.publisher
        yield self.iri, "dcterms:language", '"en"'
        yield self.iri, "dcterms:format", '"text/plain"'
        yield self.iri, "pact:contentHash", f'"{_hash(self.iri)}"'
        yield self.iri, "pact:charCount", number(starts[-1])
        yield self.iri, "pact:paragraphCount", number(_paragraph(self.passages[-1]))
        yield self.iri, "pact:dateStatus", "pv:date-stated"
        yield self.iri, "dcterms:issued", day(issued)
        yield self.iri, "pact:earliestDate", day(issued)
        yield self.iri, "pact:latestDate", day(issued)
        for iri, start, end in zip(self.passages, starts, starts[1:], strict=False):
            position = f"{self.iri}#char={start},{end - 1}"
            yield iri, "a", "pact:Passage"
            yield iri, "dcterms:isPartOf", self.iri
            yield iri, "pact:paragraph", number(_paragraph(iri))
            yield iri, "pact:sentence", number(int(iri.rpartition("s")[2]))
            yield iri, "pact:contentHash", f'"{_hash(iri)}"'
            yield iri, "oa:hasSelector", position
            yield position, "a", "oa:TextPositionSelector"
            yield position, "oa:start", number(start)
            yield position, "oa:end", number(end - 1)

    def records(self) -> Iterator[Triple]:
        names = {id(draft): f"claim:{self.slug}-c{i:02}" for i, draft in enumerate(self.drafts, 1)}
        for i, draft in enumerate(self.drafts):
            yield from self.record(names[id(draft)], draft, i)
            if draft.conflict:
                iri = f"id:conflict-{names[id(draft)].partition(':')[2]}"
                yield iri, "a", "pact:Conflict"
                yield iri, "skos:prefLabel", en(f"conflict on: {draft.statement}")
                yield iri, "pact:involves", names[id(draft)]
                yield iri, "pact:involves", names[id(draft.conflict)]
                yield iri, "pact:conflictKind", "pv:value-mismatch"
                yield iri, "pact:resolution", "pv:unresolved"
            for iri, label in draft.names:
                yield iri, "skos:prefLabel", en(label)
        if any(draft.speaker == SOURCE for draft in self.drafts):
            yield self.source, "a", "pact:UnnamedSource"
            yield self.source, "skos:prefLabel", en(f"people cited in {self.slug}")
            yield self.source, "pact:citedIn", self.iri
            yield self.source, "pact:sourceCount", number(2)

    def record(self, iri: str, draft: Draft, i: int) -> Iterator[Triple]:
        at = i * len(self.passages) // len(self.drafts)
        yield iri, "a", "pact:Claim"
        yield iri, "pact:statement", en(draft.statement)
        yield iri, "pact:fromDocument", self.iri
        yield iri, "pact:evidence", self.passages[at]
        if at and self.rng.random() < 0.2:
            yield iri, "pact:evidence", self.passages[at - 1]
        yield iri, "pact:statedBy", {PUBLISHER: self.publisher, SOURCE: self.source}.get(draft.speaker, draft.speaker)
        yield iri, "pact:reportedBy", self.publisher
        yield iri, "pact:modality", draft.modality
        yield iri, "pact:certainty", draft.certainty
        yield iri, "pact:polarity", draft.polarity
        yield iri, "pact:basis", draft.basis
        yield iri, "pact:reviewStatus", draft.review
        if draft.hedge:
            yield iri, "pact:hedgeCue", en(draft.hedge)
        if draft.condition:
            yield iri, "pact:conditionText", en(draft.condition)
        if draft.on:
            yield iri, "pact:conditionalOn", draft.on


def _addresses(rng: Random, claims: int) -> list[str]:
    """Return the addresses of the sentences of a document, in paragraphs of one to four."""
    left, paragraph, found = max(1, round(claims / CLAIMS_A_PASSAGE)), 1, []
    while left:
        size = min(left, rng.randint(1, 4))
        found += [f"p{paragraph}s{sentence}" for sentence in range(1, size + 1)]
        left, paragraph = left - size, paragraph + 1
    return found


def _paragraph(passage: str) -> int:
    return int(passage.rpartition("#p")[2].partition("s")[0])


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _lines(graph: str, triples: Iterable[Triple]) -> Iterator[bytes]:
    """Yield triples as lines of N-Quads in a graph, the triples and the graph given by prefixed names."""
    name = _node(graph)
    for subject, predicate, object_ in triples:
        written = object_ if object_[0] in '"<' else _node(object_)
        yield f"{_node(subject)} {_node(predicate)} {written} {name} .\n".encode()


def _node(name: str) -> str:
    if name == "a":
        return f"<{terms.RDF}type>"
    prefix, _, local = name.partition(":")
    return f"<{terms.PREFIXES[prefix]}{local}>"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.generate", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--claims", type=int, default=10_000, help="how many claims to generate")
    parser.add_argument("--seed", type=int, default=SEED, help="another seed gives other data of the same shape")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="where to write the N-Quads")
    given = parser.parse_args()
    lines = write(given.output, given.claims, given.seed)
    print(f"{lines:,} quads to {given.output}", file=sys.stderr)


if __name__ == "__main__":
    main()
