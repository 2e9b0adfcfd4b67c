"""The files that pages load, by name, and what is built for them: the SPARQL editor and the ontology's terms."""

from __future__ import annotations

import hashlib
from pathlib import Path

from kg.web.front import SECURITY
from kg.web.message import Response
from kg.web.problem import NotFound

__all__ = ["EDITOR_POLICY", "FOLDER", "has_editor", "ontology_terms", "served"]

FOLDER = Path(__file__).parent / "static"
EDITOR_POLICY = f"{SECURITY['content-security-policy']}; script-src 'self'; connect-src 'self'"
"""What the page with the editor may do beyond other pages: run our own script, and ask our own server.

The editor sets its styles through objects (CSSOM), in a shadow tree, so no inline style has to be allowed.
"""

_MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".txt": "text/plain"}


def has_editor() -> bool:
    """Tell whether the editor was built (`make editor`)."""
    return (FOLDER / "editor" / "editor.js").is_file()


def ontology_terms() -> str:
    """Return the terms of the ontology as HTML, where they were laid out (`make docs`); else an empty text."""
    try:
        return (FOLDER / "ontology.html").read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def served(name: str, if_none_match: str = "") -> Response:
    """Return a file, or 304 where the client holds it. Raises `NotFound` for a name that the folder does not list."""
    listed = {path.relative_to(FOLDER).as_posix(): path for path in FOLDER.rglob("*") if path.suffix in _MEDIA_TYPES}
    if name not in listed:
        raise NotFound("there is no such file", mend="start at /")
    body = listed[name].read_bytes()
    headers = {"cache-control": "max-age=3600", "etag": f'"{hashlib.sha256(body).hexdigest()[:32]}"'}
    if if_none_match == headers["etag"]:
        return Response(304, headers=headers)
    media_type = f"{_MEDIA_TYPES[listed[name].suffix]}; charset=utf-8"
    return Response(media_type=media_type, body=body, headers=headers)
