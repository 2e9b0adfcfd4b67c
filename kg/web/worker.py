"""A worker: a process of its own that answers one request after another, and can be killed without harm.

The engine offers no way to stop a query. A process can be stopped, so queries run in processes, and the front ends the
one whose time is up.
"""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from kg.web.desk import Desk
from kg.web.message import Request, Response, Settings, frame, read_frame
from kg.web.problem import TooLarge, problem

if TYPE_CHECKING:
    from kg.web.message import Sink

__all__ = ["main", "serve"]

CHUNK = 64 * 1024
"""Bytes kept back before the head is sent, so that what fails early still has a status of its own."""


class _Body:
    """Writes a body as frames; the head goes out with the first of them."""

    def __init__(self, out: BinaryIO, response: Response, limit: int) -> None:
        self.out, self.response, self.limit = out, response, limit
        self.held = bytearray()
        self.size = 0
        self.begun = False

    def write(self, data: bytes, /) -> int:
        self.size += len(data)
        if self.size > self.limit:
            raise TooLarge(self.limit)
        self.held += data
        if len(self.held) >= CHUNK:
            self.flush()
        return len(data)

    def flush(self) -> None:
        if not self.begun:
            self.begun = True
            self.out.write(frame(b"H", _head(self.response)))
        if self.held:
            self.out.write(frame(b"D", bytes(self.held)))
            self.held.clear()
        self.out.flush()

    def end(self) -> None:
        if self.begun:
            self.flush()
            self.out.write(frame(b"E"))
        else:
            self.out.write(frame(b"W", _head(self.response) + b"\n" + self.held))


def _head(response: Response) -> bytes:
    headers = {"content-type": response.media_type, **response.headers}
    return json.dumps({"status": response.status, "headers": headers}).encode("utf-8")


def serve(desk: Desk, requests: BinaryIO, out: BinaryIO, limit: int) -> None:
    """Answer requests from a stream of frames until it ends; a body over `limit` bytes ends in an error."""
    while (head := read_frame(requests)) is not None:
        body = read_frame(requests)
        request = Request.from_frames(head[1], body[1] if body else b"")
        sink = None
        try:
            response = desk.answer(request)
            sink = _Body(out, response, limit)
            _write(response, sink)
            sink.end()
        except Exception as error:  # whatever goes wrong, the front gets an answer and the worker goes on
            if sink is not None and sink.begun:
                out.write(frame(b"X"))
            else:
                _send(problem(error, request), out)
        out.flush()


def _write(response: Response, sink: Sink) -> None:
    if isinstance(response.body, bytes):
        sink.write(response.body)
    else:
        response.body(sink)


def _send(response: Response, out: BinaryIO) -> None:
    assert isinstance(response.body, bytes)
    out.write(frame(b"W", _head(response) + b"\n" + response.body))


def _widen(pipe: int) -> None:
    """Let a pipe hold a whole chunk, where the system can (Linux)."""
    try:
        import fcntl

        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 2 * CHUNK)
    except (ImportError, AttributeError, OSError):
        pass  # it works with less, only slower


def main() -> None:
    """Serve frames on standard input and output; the argument is a `Settings` in JSON."""
    _widen(sys.stdout.fileno())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process of a terminal; the front ends this one
    settings = Settings(**json.loads(sys.argv[1]))
    out = sys.stdout.buffer
    sys.stdout = sys.stderr  # nothing that prints may tear a frame
    texts = Path(settings.texts) if settings.texts else None
    desk = Desk(settings.place, texts, settings.base, tuple(settings.services))
    serve(desk, sys.stdin.buffer, out, settings.result)


if __name__ == "__main__":
    main()
