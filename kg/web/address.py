"""Where the service stands on its host: the path that comes before every address on its pages.

A process serves at one place, so this is told once, and every link, form and file of a page is written through it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from kg import terms

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    Scope = MutableMapping[str, Any]
    Application = Callable[[Scope, Any, Any], Awaitable[None]]

__all__ = ["TAKEN", "Below", "root", "stand_at"]

TAKEN = {
    *("ask", "claim", "concept", "conflicts", "data", "document", "graph", "health", "id", "ontology"),
    *("open-questions", "openapi.json", "questions", "search", "sparql", "static", ".well-known"),
}
"""What the service's own addresses begin with: at such a path one could not be told from the other."""

_PLACES = {"root": ""}


def stand_at(base: str) -> str:
    """Note where the service stands, by its address, and return the path; the address of the terms is no place.

    >>> stand_at("https://example.org/kg/"), stand_at("https://example.org"), stand_at(terms.BASE)
    ('/kg', '', '')
    """
    _PLACES["root"] = "" if base == terms.BASE else urlsplit(base).path.rstrip("/")
    return _PLACES["root"]


def root() -> str:
    """Return the path below which the service stands, without a slash at its end; empty at the root of its host."""
    return _PLACES["root"]


class Below:
    """An ASGI application at a path: requests come with the path or without, as proxies leave it or take it off."""

    def __init__(self, app: Application, path: str) -> None:
        self.app, self.path = app, path

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """Pass a request on, without the path."""
        if scope["type"] == "http" and f"{scope['path']}/".startswith(f"{self.path}/"):
            scope = {**scope, "path": scope["path"][len(self.path) :] or "/"}
        await self.app(scope, receive, send)
