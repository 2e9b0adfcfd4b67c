"""Documents in a terminal: how far claims cover them, and whether the texts at hand are theirs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from kg import terms
from kg.render.pages import dates
from kg.render.tables import console, print_table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg.claim import Coverage
    from kg.document import Check

__all__ = ["coverage_json", "print_checks", "print_coverage", "print_passages"]


def print_coverage(found: Iterable[Coverage]) -> None:
    """Print, for each document, what it is, when it was issued, and how many of its passages bear claims."""
    out = console()
    for each in found:
        document = each.document
        out.print(document.slug, style="bold")
        out.print(f"  {document.title}")
        out.print(f"  issued {dates(document.earliest, document.latest)}")
        counts = f"{len(each.covered)} with claims, {len(each.explained)} explained, {len(each.uncovered)} uncovered"
        out.print(f"  {document.paragraph_count} paragraphs, {len(document.passages)} passages: {counts}")
        out.print(f"  {each.claim_count} claims")


def print_passages(each: Coverage) -> None:
    """Print one row a passage: its address, its position, and its claims or the reason why it bears none."""
    print_table(
        ("passage", "position", "claims"),
        [
            (
                passage.address,
                f"{passage.start}–{passage.end}",
                ", ".join(iri.rpartition("-")[2] for iri in each.claims.get(passage.iri, ()))
                or passage.no_claim_reason
                or "not covered",
            )
            for passage in each.document.passages
        ],
    )


def coverage_json(found: Iterable[Coverage]) -> str:
    """Return the coverage of documents as JSON, with the claims of every passage."""
    listing = [
        {
            "document": each.document.iri,
            "title": each.document.title,
            "earliestDate": each.document.earliest or None,
            "latestDate": each.document.latest or None,
            "paragraphs": each.document.paragraph_count,
            "passages": len(each.document.passages),
            "withClaims": len(each.covered),
            "withoutClaim": len(each.explained),
            "uncovered": len(each.uncovered),
            "claims": each.claim_count,
            "claimsOfPassage": {
                terms.compact(passage.iri): [terms.compact(iri) for iri in each.claims.get(passage.iri, ())]
                for passage in each.document.passages
            },
        }
        for each in found
    ]
    return json.dumps(listing, ensure_ascii=False, indent=2) + "\n"


def print_checks(checks: Iterable[Check]) -> None:
    """Print, for each document, whether its text was found and is the one described; changed passages by address."""
    out = console()
    for check in checks:
        slug, count = check.document.slug, len(check.document.passages)
        if check.file is None:
            out.print(f"{slug}: text not held (looked for {slug}.txt)")
        elif check.holds:
            out.print(f"{slug}: the text and all {count} passages are as described")
        else:
            expected = check.document.content_hash
            out.print(f"{slug}: the text differs from the one described ({check.found_hash} instead of {expected})")
            changed = ", ".join(passage.address for passage in check.changed)
            out.print(f"  passages that changed: {changed or 'none; the change lies between passages'}")
