"""The pages as static files: every page that the first one leads to, with relative links, and its triples beside it."""

from __future__ import annotations

import html
import os.path
import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

from kg.errors import KgError, StoreError
from kg.web.message import Request

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kg.web.desk import Desk

__all__ = ["Site", "file_of", "write_site"]

_LINK = re.compile(r'(href|src)="(/[^"]*)"')
_QUERY = re.compile(r'<a\b[^>]*href="\?[^"]*"[^>]*>(.*?)</a>')
"""A link to another page of the same thing: there can be thousands, so the first is written and the rest is served."""
_FORM = re.compile(r"<form\b.*?</form>", re.DOTALL)
_TRIPLES = {".ttl": "text/turtle", ".jsonld": "application/ld+json"}


@dataclass
class Site:
    """What was written: files by address, and links that lead to nothing."""

    files: dict[str, str] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)


def write_site(desk: Desk, folder: Path, progress: Callable[[str], None] | None = None) -> Site:
    """Write the site to `folder` and return what was written.

    Forms need a server, so they are left out; questions without required parameters are there with their answers.
    Raises `StoreError` where the folder cannot be written.
    """
    site = Site()
    waiting = ["/", "/static/style.css"]
    while waiting:
        address = waiting.pop()
        if address in site.files or address in site.broken:
            continue
        body = _body(desk, address, "text/html")
        if body is None:
            site.broken.add(address)
            continue
        site.files[address] = file_of(address)
        if address.startswith("/static/"):
            _write(folder / site.files[address], body)
            continue
        page = _QUERY.sub(r"\1 (on the service: kg serve)", _FORM.sub("", body.decode("utf-8")))
        waiting += sorted({found for _, link in _LINK.findall(page) if (found := _address(link)) is not None})
        _write(folder / site.files[address], _relative(page, site.files[address]).encode("utf-8"))
        for ending, media_type in _TRIPLES.items() if _is_resource(address) else ():
            triples = _body(desk, address, media_type)
            if triples is not None:
                _write(folder / (site.files[address].removesuffix(".html") + ending), triples)
        if progress is not None and len(site.files) % 100 == 0:
            progress(f"{len(site.files)} pages written, {len(waiting)} to go")
    return site


def _body(desk: Desk, address: str, accept: str) -> bytes | None:
    try:
        response = desk.answer(Request(path=unquote(address), accept=accept))
    except KgError:
        return None
    return response.body if isinstance(response.body, bytes) and response.status == 200 else None


def _is_resource(address: str) -> bool:
    return address == "/ontology" or address.startswith(("/id/", "/claim/", "/document/", "/concept/"))


def _address(link: str) -> str | None:
    """Return the address of a page that a link leads to, without query and fragment; None where it is no page."""
    parts = urlsplit(html.unescape(link))
    if parts.query or parts.path in ("/sparql", "/search"):
        return None
    return parts.path


def file_of(address: str) -> str:
    """Return the file of a page, as a path below the site's folder.

    >>> file_of("/"), file_of("/id/sv"), file_of("/static/style.css")
    ('index.html', 'id/sv.html', 'static/style.css')
    """
    if address == "/":
        return "index.html"
    name = unquote(address.removeprefix("/"))
    return name if name.startswith("static/") else f"{name}.html"


def _relative(page: str, file: str) -> str:
    """Return a page with its links made relative to its own file; links that need a server lead to the first page."""

    def relative(match: re.Match[str]) -> str:
        parts = urlsplit(html.unescape(match[2]))
        target = file_of(parts.path if _address(match[2]) is not None else "/")
        fragment = f"#{parts.fragment}" if parts.fragment else ""
        path = os.path.relpath(target, str(PurePosixPath(file).parent))
        return f'{match[1]}="{html.escape(quote(path) + fragment)}"'

    return _LINK.sub(relative, page)


def _write(path: Path, body: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    except OSError as error:
        what = f"cannot be written: {error.strerror}"
        raise StoreError(what, where=str(path), mend="free some space, or name another folder with -o") from error
