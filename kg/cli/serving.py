"""The commands that give pages: over HTTP, or as static files."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import urlsplit

import click

from kg.cli.options import progress, quiet_option, store_option, texts_option
from kg.errors import UsageError

__all__ = ["serve", "site"]

_PLACE = re.compile(r"(/[\w.~-]+)*/?", re.ASCII)
_SHORTEST = 16
"""Characters that a token has at least."""


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="Port to listen on.")
@click.option("--workers", default=4, show_default=True, type=click.IntRange(1, 64), help="Processes that answer.")
@click.option("--seconds", default=20.0, show_default=True, type=click.FloatRange(0.1), help="Most time for a request.")
@click.option("--base", metavar="URL", help="Address of the service, such as https://example.org/kg/.")
@click.option("--allow-service", "services", multiple=True, metavar="URL", help="A server that queries may call.")
@click.option("--writable", is_flag=True, help="Let whoever sends the token change the store.")
@click.option(
    "--token-file", type=click.Path(path_type=Path, dir_okay=False), help="File with the token, instead of KG_TOKEN."
)
@texts_option
@store_option
def serve(
    host: str,
    port: int,
    workers: int,
    seconds: float,
    base: str | None,
    services: tuple[str, ...],
    writable: bool,
    token_file: Path | None,
    texts: Path | None,
    store: str,
) -> None:
    """Serve pages, questions and SPARQL.

    /sparql speaks the SPARQL 1.1 Protocol, /ask/NAME answers saved questions as pages, JSON, CSV, TSV or Markdown, and
    every thing, claim and document has its page. A request that takes too long is stopped.

    --base tells where others see the service, such as behind a proxy; with a path, every link and form has it.

    The service only reads, unless started with --writable and a token. Then SPARQL updates at /sparql and the Graph
    Store Protocol at /data change the store, for requests that bring the token in the header Authorization: Bearer …
    Every change is validated first and is done whole or not at all.

    \b
    Example:
      kg serve
      kg serve --host 0.0.0.0 --port 8080 --workers 4 --texts texts/
      kg serve --base https://example.org/kg/
      KG_TOKEN=… kg serve --writable
    """
    from kg import terms
    from kg.store import open_store
    from kg.web import Limits, Settings, listening, run

    if store.startswith(("http://", "https://")):
        raise UsageError("kg serve serves a store in a folder", where="--store", mend="that endpoint serves itself")
    if base is not None and not _is_address(base):
        raise UsageError(
            f"“{base}” is not the address of a service", where="--base", mend="such as https://example.org/kg/"
        )
    token = _token(token_file) if writable else None
    open_store(store)
    listener = listening(host, port)
    click.echo(f"serving {store} at http://{host}:{listener.getsockname()[1]}/ (stop with Ctrl-C)", err=True)
    settings = Settings(store, str(texts) if texts else None, base.rstrip("/") + "/" if base else terms.BASE, services)
    run(settings, listener, limits=Limits(seconds=seconds, workers=workers), token=token)


def _is_address(base: str) -> bool:
    """Tell whether a service can stand at `base`: a host, and maybe a path that is none of the service's own."""
    from kg.web.address import TAKEN

    try:
        parts = urlsplit(base)
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        return False
    return _PLACE.fullmatch(parts.path) is not None and parts.path.strip("/").partition("/")[0] not in TAKEN


def _token(file: Path | None) -> str:
    """Return the token from a file, or from the environment. Raises `UsageError` where there is none worth the name."""
    where = str(file) if file else "KG_TOKEN"
    try:
        token = (file.read_text(encoding="utf-8") if file else os.environ.get("KG_TOKEN", "")).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot be read: {getattr(error, 'strerror', None) or error}", where=where) from error
    if len(token) < _SHORTEST:
        raise UsageError(
            f"holds no token of {_SHORTEST} characters or more",
            where=where,
            mend='make one: python -c "import secrets; print(secrets.token_urlsafe())"',
        )
    return token


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
