"""The commands that give data out or look at documents: export, documents, verify."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from kg import project
from kg.cli.options import format_option, store_option
from kg.errors import KgError, UnknownEntity, UsageError

__all__ = ["documents", "export", "verify"]


@click.command()
@click.option(
    "--format",
    "form",
    required=True,
    type=click.Choice(["turtle", "trig", "nquads", "jsonld", "rdfxml", "csv"]),
    help="Turtle and RDF/XML hold the facts view; TriG, N-Quads and JSON-LD the whole dataset; CSV is tables.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="File to write; for csv also a folder of tables. Otherwise standard output.",
)
@store_option
def export(form: str, output: Path | None, store: str) -> None:
    """Write the store's content.

    The same content always gives the same bytes.

    \b
    Example:
      kg export --format trig -o pactgraph.trig
      kg export --format csv -o tables/
    """
    from kg.export import write
    from kg.store import open_store

    write(open_store(store).quads(), form, output)


@click.command()
@click.argument("document", required=False)
@format_option("table", "json")
@store_option
def documents(document: str | None, form: str, store: str) -> None:
    """Show how claims cover documents.

    For one DOCUMENT also each of its passages, with its claims or the reason why it bears none.

    \b
    Example:
      kg documents
      kg documents el-salvador-asylum-deal
    """
    from kg import render, terms
    from kg.claim import coverage
    from kg.store import open_store

    found = coverage(open_store(store).quads())
    if document is not None:
        iri = terms.expand(document) if ":" in document else terms.DOC + document
        names = ", ".join(each.document.slug for each in found) or "none"
        found = [each for each in found if each.document.iri == iri]
        if not found:
            raise UnknownEntity(f"there is no document “{document}” in this store", mend=f"documents here: {names}")
    if form == "json":
        click.echo(render.coverage_json(found), nl=False)
        return
    render.print_coverage(found)
    if document is not None:
        render.print_passages(found[0])


@click.command()
@click.option(
    "--texts",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=project.texts_folder,
    help="Folder with the texts, one <slug>.txt a document; otherwise KG_TEXTS.",
)
@store_option
def verify(texts: Path | None, store: str) -> None:
    """Check the texts you hold.

    They are compared with the documents of the store, passage by passage.

    Exit code 3 where a text differs, 1 where no text is held at all.

    \b
    Example:
      kg verify --texts texts/
    """
    from kg import render
    from kg.document import check_text, documents_from
    from kg.store import open_store

    if texts is None:
        raise UsageError("no folder of texts", where="kg verify", mend="give --texts DIR, or set KG_TEXTS")
    checks = [check_text(document, texts) for document in documents_from(open_store(store).quads())]
    render.print_checks(checks)
    held = [check for check in checks if check.file is not None]
    if not held:
        raise KgError("no text of any document was found", where=str(texts), mend="name each text <slug>.txt")
    if not all(check.holds for check in held):
        sys.exit(3)
