"""The front: takes HTTP, holds the limits, and passes requests to workers that it can stop."""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import sys
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from kg.web.lookup import Lookups
from kg.web.message import FRAME, Request, Settings, frame, methods
from kg.web.problem import problem_response

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping

    from kg.web.message import Writing

    Scope = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
    Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

__all__ = ["SECURITY", "Broken", "Front", "Limits", "TimeUp", "TooSlow", "Worker"]

LOG = logging.getLogger("kg.access")
_BUFFER = 2**20
"""Bytes that may wait between a worker and the front; with less, both stop and start many times in a large answer."""

_PREFLIGHT = {"access-control-allow-headers": "accept, authorization, content-type", "access-control-max-age": "86400"}
_CHALLENGE = {"www-authenticate": 'Bearer realm="kg", error="invalid_token"'}
SECURITY = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
}
_OPEN = {"access-control-allow-origin": "*", "access-control-expose-headers": "etag, link"}
_ALWAYS = [(name.encode(), value.encode()) for name, value in (SECURITY | _OPEN).items()]
_POLICY = _ALWAYS.pop(list(SECURITY).index("content-security-policy"))


@dataclass(frozen=True)
class Limits:
    """What one request may cost, one that may change the store too, and how many may wait; seconds, bytes, counts."""

    seconds: float = 20.0
    body: int = 1_000_000
    change_seconds: float = 600.0
    change_body: int = 100_000_000
    workers: int = 2
    waiting: int = 32


class TimeUp(Exception):
    """A request took longer than it may."""


class TooSlow(Exception):
    """A request did not arrive in the time that it may take."""


class Broken(Exception):
    """A worker ended, or broke off a response, in the middle."""


class Worker:
    """One worker process, and the frames that go to it and come from it."""

    def __init__(self, command: list[str]) -> None:
        self.command = command
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start the process, unless it runs."""
        if self.process is None or self.process.returncode is not None:
            pipe = asyncio.subprocess.PIPE
            self.process = await asyncio.create_subprocess_exec(*self.command, stdin=pipe, stdout=pipe, limit=_BUFFER)

    async def stop(self) -> None:
        """Kill the process, whatever it is doing, and wait until it is gone."""
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()

    async def ask(self, request: Request) -> AsyncIterator[tuple[bytes, bytes]]:
        """Send a request and yield the frames of the response, up to its end. Raises `Broken`."""
        await self.start()
        assert self.process is not None
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            self.process.stdin.write(frame(b"Q", request.head()) + frame(b"B", request.body))
            await self.process.stdin.drain()
            while True:
                kind, length = FRAME.unpack(await self.process.stdout.readexactly(FRAME.size))
                payload = await self.process.stdout.readexactly(length)
                if kind == b"X":
                    raise Broken
                yield kind, payload
                if kind in b"EW":
                    return
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise Broken from error


class Front:
    """The ASGI application: every request is answered within its limits, or with a status that says which it passed.

    It answers lookups itself, for their cost is bounded; all else goes to workers, which it can stop.
    """

    def __init__(self, settings: Settings, limits: Limits, token: str | None = None) -> None:
        self.limits = limits
        self.token = token
        command = [sys.executable, "-m", "kg.web.worker", json.dumps(asdict(settings))]
        self.workers = [Worker(command) for _ in range(limits.workers)]
        self.idle: asyncio.Queue[Worker] = asyncio.Queue()
        self.waiting = 0
        self.lookups = Lookups(settings.place)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection scope."""
        if scope["type"] == "lifespan":
            await self.lifespan(receive, send)
        elif scope["type"] == "http":
            await self.http(scope, receive, send)

    async def lifespan(self, receive: Receive, send: Send) -> None:
        """Start the workers before the first request, and end them after the last."""
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                for worker in self.workers:
                    await worker.start()
                    self.idle.put_nowait(worker)
                await send({"type": "lifespan.startup.complete"})
            else:
                for worker in self.workers:
                    await worker.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def http(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request and write one line to the access log."""
        started = time.perf_counter()
        headers = _headers(scope)
        answer = _Answer(send, headers, head_only=scope["method"] == "HEAD")
        try:
            await self.respond(scope, headers, receive, answer)
        except TimeUp:
            await answer.problem(
                504,
                f"this took longer than {self.limits.seconds:g} seconds",
                "ask for less, with LIMIT or a narrower pattern",
            )
        except TooSlow:
            what = f"the request did not arrive in {self.limits.seconds:g} seconds"
            await answer.problem(408, what, "send less, or over a faster line", {"connection": "close"})
        except Broken:
            await answer.problem(502, "the answer broke off", "ask again")
        finally:
            took = round((time.perf_counter() - started) * 1000, 1)
            line = {"method": scope["method"], "path": scope["path"], "status": answer.status}
            LOG.info(json.dumps({**line, "ms": took, "bytes": answer.size}))

    async def respond(self, scope: Scope, headers: dict[str, str], receive: Receive, answer: _Answer) -> None:
        """Check the request, answer it or find a worker, and pass its response on."""
        method, path = scope["method"], scope["path"]
        taken = methods(path)
        if method == "OPTIONS" or method not in ("HEAD", *taken):
            allowed = ", ".join((*taken, "HEAD", "OPTIONS"))
            if method == "OPTIONS":
                await answer.begin(204, {"allow": allowed, "access-control-allow-methods": allowed, **_PREFLIGHT})
                await answer.end()
            else:
                await answer.problem(405, f"{path} does not take {method}", f"use {allowed}", {"allow": allowed})
            return
        writing = self.writing(headers.get("authorization", ""))
        if writing is None:
            await answer.problem(401, "the token is not the right one", "ask who runs this service", _CHALLENGE)
            return
        limit = self.limits.change_body if writing == "granted" else self.limits.body
        body = b"" if method in ("GET", "HEAD") else await self.body(receive, limit)
        if body is None:
            await answer.problem(413, f"the request is larger than {limit:,} bytes", "send less")
            return
        request = _request(scope, headers, body, writing)
        if found := self.lookups.answer(request):
            response, data = found
            await answer.begin(response.status, {"content-type": response.media_type, **response.headers})
            await answer.end(data)
            return
        if self.idle.empty() and self.waiting >= self.limits.waiting:
            await answer.problem(503, "too many are asking at once", "try again in a few seconds", {"retry-after": "5"})
            return
        await self.pass_on(request, answer)

    def writing(self, authorization: str) -> Writing | None:
        """Return whether a request may change the store; None for one with a token that is not the right one.

        Tokens are compared in a time that does not depend on where they differ.
        """
        if self.token is None:
            return "off"
        if not authorization:
            return "unproven"
        scheme, _, given = authorization.partition(" ")
        right = hmac.compare_digest(given.strip().encode("utf-8", "replace"), self.token.encode("utf-8"))
        return "granted" if right and scheme.lower() == "bearer" else None

    async def body(self, receive: Receive, limit: int) -> bytes | None:
        """Return the body of a request, or None for one of more than `limit` bytes.

        Raises `TooSlow` for one that does not come in time.
        """
        chunks = bytearray()
        try:
            async with asyncio.timeout(self.limits.seconds):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise Broken
                    chunks += message.get("body", b"")
                    if len(chunks) > limit:
                        return None
                    if not message.get("more_body"):
                        return bytes(chunks)
        except TimeoutError as error:
            raise TooSlow from error

    async def worker(self) -> Worker:
        """Return a worker that has nothing to do, once there is one. Raises `TimeUp`."""
        if not self.idle.empty():
            return self.idle.get_nowait()
        self.waiting += 1
        try:
            async with asyncio.timeout(self.limits.seconds):
                return await self.idle.get()
        except TimeoutError as error:
            raise TimeUp from error
        finally:
            self.waiting -= 1

    async def pass_on(self, request: Request, answer: _Answer) -> None:
        """Have a worker answer; one whose time is up, or whose client has gone, is killed and started anew."""
        worker = await self.worker()
        finished = False
        seconds = self.limits.change_seconds if request.writing == "granted" else self.limits.seconds
        try:
            async with asyncio.timeout(seconds):
                async for kind, payload in worker.ask(request):
                    if kind == b"H":
                        head = json.loads(payload)
                        await answer.begin(head["status"], head["headers"])
                    elif kind == b"D":
                        await answer.write(payload)
                    elif kind == b"W":
                        line, _, body = payload.partition(b"\n")
                        head = json.loads(line)
                        await answer.begin(head["status"], head["headers"])
                        await answer.end(body)
                    else:
                        await answer.end()
            finished = True
        except TimeoutError as error:
            raise TimeUp from error
        finally:
            if not finished:
                await worker.stop()
            self.idle.put_nowait(worker)


class _Answer:
    """A response on its way out; once it has begun, an error can only break it off."""

    def __init__(self, send: Send, asked: dict[str, str], *, head_only: bool) -> None:
        self.send, self.head_only = send, head_only
        self.accept = asked.get("accept", "*/*")
        self.packed = "gzip" in asked.get("accept-encoding", "")
        self.status = 0
        self.size = 0

    async def begin(self, status: int, headers: dict[str, str]) -> None:
        self.status = status
        listed = [*_ALWAYS]
        if "content-security-policy" not in headers:
            listed.append(_POLICY)
        if not self.packed:  # what packs says it itself
            vary = headers.get("vary")
            headers = {**headers, "vary": f"{vary}, accept-encoding" if vary else "accept-encoding"}
        listed += [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers.items()]
        await self.send({"type": "http.response.start", "status": status, "headers": listed})

    async def write(self, data: bytes) -> None:
        self.size += len(data)
        if not self.head_only:
            await self.send({"type": "http.response.body", "body": data, "more_body": True})

    async def end(self, data: bytes = b"") -> None:
        self.size += len(data)
        await self.send({"type": "http.response.body", "body": b"" if self.head_only else data})

    async def problem(self, status: int, what: str, mend: str, headers: dict[str, str] | None = None) -> None:
        """Send an error as a page or as problem details; a response that has begun is broken off instead."""
        if self.status:
            raise ConnectionAbortedError(what)
        response = problem_response(status, what, mend, self.accept)
        assert isinstance(response.body, bytes)
        await self.begin(status, {"content-type": response.media_type, **(headers or {})})
        await self.end(response.body)


def _headers(scope: Scope) -> dict[str, str]:
    """Return the headers of a request by their names in small letters; values of several that are alike are joined."""
    found: dict[str, str] = {}
    for key, value in scope["headers"]:
        name, said = key.decode("latin-1"), value.decode("latin-1")
        found[name] = f"{found[name]}, {said}" if name in found else said
    return found


def _request(scope: Scope, headers: dict[str, str], body: bytes, writing: Writing) -> Request:
    return Request(
        method="GET" if scope["method"] == "HEAD" else scope["method"],
        path=scope["path"],
        query=tuple(
            parse_qsl(scope["query_string"].decode("utf-8", "replace"), keep_blank_values=True, errors="replace")
        ),
        accept=headers.get("accept", "*/*"),
        content_type=headers.get("content-type", ""),
        if_none_match=headers.get("if-none-match", ""),
        writing=writing,
        body=body,
    )
