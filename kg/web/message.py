"""What the front and the workers say to each other: requests, responses and the frames that carry them."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO, Literal, Protocol

from kg import terms

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FRAME", "Request", "Response", "Settings", "Sink", "Writing", "frame", "methods", "read_frame"]

FRAME = struct.Struct(">cI")
"""A frame is its kind (one byte), the length of its payload (four bytes, big-endian), and the payload.

`Q` request head (JSON), `B` request body; `H` response head (JSON), `D` data, `E` end, `X` broken off after the head;
`W` a whole response that is short: its head, a line feed, its body.
"""


Writing = Literal["off", "unproven", "granted"]
"""Whether a request may change the store: the server only reads, no token came with it, or the right one did."""


_METHODS = {"sparql": ("GET", "POST"), "data": ("GET", "PUT", "POST", "DELETE")}


def methods(path: str) -> tuple[str, ...]:
    """Return the methods that an address takes, beside HEAD and OPTIONS.

    >>> methods("/data"), methods("/ask/agreements")
    (('GET', 'PUT', 'POST', 'DELETE'), ('GET',))
    """
    return _METHODS.get(path.removeprefix("/"), ("GET",))


class Sink(Protocol):
    """Where a body is written, piece by piece."""

    def write(self, data: bytes, /) -> int:
        """Take some bytes of the body; raises where the body grows too large."""


@dataclass(frozen=True)
class Request:
    """An HTTP request as far as the pages need it; the query string is taken apart, in its order."""

    method: str = "GET"
    path: str = "/"
    query: tuple[tuple[str, str], ...] = ()
    accept: str = "*/*"
    content_type: str = ""
    if_none_match: str = ""
    writing: Writing = "off"
    body: bytes = b""

    def first(self, name: str, default: str = "") -> str:
        """Return the first value of a parameter."""
        return next((value for key, value in self.query if key == name), default)

    def every(self, name: str) -> list[str]:
        """Return all values of a parameter."""
        return [value for key, value in self.query if key == name]

    def head(self) -> bytes:
        """Return everything but the body as JSON."""
        return json.dumps({name: value for name, value in vars(self).items() if name != "body"}).encode("utf-8")

    @classmethod
    def from_frames(cls, head: bytes, body: bytes) -> Request:
        """Return the request that two frames hold."""
        fields = json.loads(head)
        fields["query"] = tuple((str(key), str(value)) for key, value in fields["query"])
        return cls(**fields, body=body)


@dataclass(frozen=True)
class Response:
    """An HTTP response; the body is bytes, or a function that writes it piece by piece."""

    status: int = 200
    media_type: str = "text/html; charset=utf-8"
    body: bytes | Callable[[Sink], None] = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Settings:
    """What a worker serves: the store, the texts to quote from, its address, the servers it may call, its limit."""

    place: str
    texts: str | None = None
    base: str = terms.BASE
    services: tuple[str, ...] = ()
    result: int = 100_000_000


def frame(kind: bytes, payload: bytes = b"") -> bytes:
    """Return a frame as bytes."""
    return FRAME.pack(kind, len(payload)) + payload


def read_frame(stream: BinaryIO) -> tuple[bytes, bytes] | None:
    """Return the kind and payload of the next frame, or None where the stream has ended."""
    head = stream.read(FRAME.size)
    if len(head) < FRAME.size:
        return None
    kind, length = FRAME.unpack(head)
    return kind, stream.read(length)
