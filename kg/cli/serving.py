"""The commands that give pages: over HTTP, or as static files."""

from __future__ import annotations

from pathlib import Path

import click

from kg.cli.options import progress, quiet_option, store_option, texts_option
from kg.errors import UsageError

__all__ = ["serve", "site"]


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="Port to listen on.")
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 64), help="Processes that answer.")
@click.option("--seconds", default=20.0, show_default=True, type=click.FloatRange(0.1), help="Most time for a request.")
@texts_option
@store_option
def serve(host: str, port: int, workers: int, seconds: float, texts: Path | None, store: str) -> None:
    """Serve pages, questions and SPARQL.

    The service only reads. /sparql speaks the SPARQL 1.1 Protocol, /ask/NAME answers saved questions as pages, JSON,
    CSV, TSV or Markdown, and every thing, claim and document has its page. A request that takes too long is stopped.

    \b
    Example:
      kg serve
      kg serve --host 0.0.0.0 --port 8080 --workers 4 --texts texts/
    """
    from kg.store import open_store
    from kg.web import Limits, run

    if store.startswith(("http://", "https://")):
        raise UsageError("kg serve serves a store in a folder", where="--store", mend="that endpoint serves itself")
    open_store(store)
    click.echo(f"serving {store} at http://{host}:{port}/ (stop with Ctrl-C)", err=True)
    folder = str(texts) if texts else None
    run(store, host=host, port=port, texts=folder, limits=Limits(seconds=seconds, workers=workers))


@click.command()
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder to write."
)
@texts_option
@store_option
@quiet_option
def site(output: Path, texts: Path | None, store: str, quiet: bool) -> None:
    """Write the pages as static files.

    The same pages as kg serve gives, with relative links, and Turtle and JSON-LD beside every thing, claim and
    document. Forms need a server and are left out.

    \b
    Example:
      kg site -o public/
    """
    from kg.store import open_store
    from kg.web.desk import Desk
    from kg.web.site import write_site

    open_store(store)
    written = write_site(Desk(store, texts), output, progress(quiet))
    click.echo(f"wrote {len(written.files):,} pages to {output}")
    for address in sorted(written.broken):
        click.echo(f"leads to nothing: {address}", err=True)
