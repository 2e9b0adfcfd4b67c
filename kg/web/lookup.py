"""Lookups: requests whose cost is bounded by what they give out, so that the front can answer them on the spot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg import sparql
from kg.errors import KgError
from kg.store import LatestStore
from kg.web import protocol

if TYPE_CHECKING:
    from kg.web.message import Request, Response

__all__ = ["Lookups"]

_BYTES = 16 * 1024
"""Bytes of a result after which a request counts as work; it takes less than a millisecond to get there."""


class Lookups:
    """Answers SPARQL lookups from the store at `place`, and leaves all else to those that can be stopped."""

    def __init__(self, place: str) -> None:
        self._latest = LatestStore(place)

    def answer(self, request: Request) -> tuple[Response, bytes] | None:
        """Return a response and its body; None where a request is no lookup, grows too large, or cannot be answered."""
        if request.method != "GET" or request.path != "/sparql" or len(request.query) != 1 or "html" in request.accept:
            return None
        (name, text), *_ = request.query
        if name != "query" or not sparql.is_lookup(text):
            return None
        body = _Brief()
        try:
            response = protocol.respond(self._latest.store().engine, protocol.Operation(query=text), request.accept)
            assert callable(response.body)
            response.body(body)
        except (KgError, _TooLong):
            return None
        return response, bytes(body.held)


class _TooLong(Exception):
    """There is more to write than a lookup may give out."""


class _Brief:
    """Takes a body, and stops whoever writes it once that is too long."""

    def __init__(self) -> None:
        self.held = bytearray()

    def write(self, data: bytes, /) -> int:
        self.held += data
        if len(self.held) > _BYTES:
            raise _TooLong
        return len(data)

    def flush(self) -> None:
        """Nothing is kept back."""
