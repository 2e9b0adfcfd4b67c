"""The commands that put data in: build, add, remove, validate."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from kg.cli.options import FILE, format_option, progress, quiet_option, report, store_option

__all__ = ["add", "build", "remove", "validate"]


@click.command()
@click.argument("files", nargs=-1, type=FILE)
@store_option
@quiet_option
def build(files: tuple[Path, ...], store: str, quiet: bool) -> None:
    """Build the store.

    From the project's own ontology and data, or from FILES that kg export wrote. The new store is made beside the
    old one and takes its place in one step, once it is validated.

    \b
    Example:
      kg build
      kg build --store /tmp/copy build/pactgraph.trig
    """
    from kg import gate

    report("built", gate.build(store, files, progress(quiet)), store)


@click.command()
@click.argument("files", nargs=-1, required=True, type=FILE)
@store_option
@quiet_option
def add(files: tuple[Path, ...], store: str, quiet: bool) -> None:
    """Add a document and its claims.

    They are validated and go in in one transaction, or not at all. FILES are Turtle or TriG (also N-Quads, JSON-
    LD): the document's description, its claims, or both. What the store held of the same document before is
    replaced.

    \b
    Example:
      kg add data/documents/my-story.ttl data/claims/my-story.trig
    """
    from kg import gate

    outcome = gate.add(store, files, progress(quiet))
    verb = "replaced" if outcome.replaced else "added"
    report(f"{verb} {', '.join(outcome.slugs) or 'data'}", outcome, store)


@click.command()
@click.argument("document")
@store_option
@quiet_option
def remove(document: str, store: str, quiet: bool) -> None:
    """Remove a document and its claims.

    DOCUMENT is a slug or an IRI. What is left is validated, and the change is one transaction.

    \b
    Example:
      kg remove my-story
    """
    from kg import gate

    outcome = gate.remove(store, document, progress(quiet))
    report(f"removed {outcome.slugs[0]}", outcome, store)


@click.command()
@click.argument("files", nargs=-1, type=FILE)
@format_option("text", "json", "turtle")
@quiet_option
def validate(files: tuple[Path, ...], form: str, quiet: bool) -> None:
    """Check data before it goes in.

    It is checked against the SHACL shapes and the rules on the whole graph. Without FILES, the project's own data;
    with FILES, these together with the project's data, of whose documents they take the place. Exit code 3 where
    something must be mended.

    \b
    Example:
      kg validate
      kg validate my-story.ttl my-story.trig --format json
    """
    import json

    from kg import gate
    from kg.dataset import read_files, read_project
    from kg.validate import validate as check

    dataset = read_project()
    if files:
        dataset = gate.merged(dataset, read_files(files))
    found = check(dataset.store(), dataset.sources, progress(quiet))
    match form:
        case "json":
            click.echo(json.dumps(found.as_dict(), ensure_ascii=False, indent=2))
        case "turtle":
            click.echo(found.turtle(), nl=False)
        case _:
            click.echo(found.text())
    if not found.conforms:
        sys.exit(3)
