"""The service: SPARQL, saved questions and pages over HTTP, from workers that can be stopped."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from socket import AF_INET, AF_INET6, SO_REUSEADDR, SOL_SOCKET, socket
from typing import TYPE_CHECKING

from kg.errors import UsageError
from kg.web.address import Below, stand_at
from kg.web.front import Front, Limits
from kg.web.message import Settings

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["Front", "Limits", "Settings", "listening", "run"]


def listening(host: str, port: int) -> socket:
    """Return a socket that listens there; port 0 stands for any that is free.

    Raises `UsageError` where that cannot be.
    """
    listener = socket(AF_INET6 if ":" in host else AF_INET)
    try:
        listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise UsageError(
            f"cannot listen at {host}:{port}: {error.strerror or error}",
            where="--port",
            mend="give another --port, or stop what listens there",
        ) from error
    listener.set_inheritable(True)
    return listener


def run(settings: Settings, listener: socket, *, limits: Limits, token: str | None = None) -> None:
    """Serve a store on a socket until stopped; an interrupt lets requests under way finish first.

    There is a front to every two workers, each a process of its own on the same socket. Whoever sends `token` may
    change the store; without one nobody may.
    """
    import uvicorn
    from uvicorn.supervisors import Multiprocess

    fronts = max(1, limits.workers // 2)
    share = replace(limits, workers=-(-limits.workers // fronts))
    config = uvicorn.Config(
        partial(_application, settings, share, token),
        factory=True,
        workers=fronts,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=10,
        server_header=False,
        proxy_headers=False,
    )
    Multiprocess(config, sockets=[listener]).run()


def _application(settings: Settings, limits: Limits, token: str | None) -> ASGIApp:
    """Return the application of one front, in its own process."""
    import logging

    from starlette.middleware.gzip import GZipMiddleware

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    # A line of the access log needs none of these, and finding them out takes longer than writing it
    # (https://docs.python.org/3/howto/logging.html#optimization).
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    front = Below(Front(settings, limits, token), stand_at(settings.base))
    packing = GZipMiddleware(front, minimum_size=1000)

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        packed = any(name == b"accept-encoding" and b"gzip" in value for name, value in scope.get("headers", ()))
        await (packing if packed else front)(scope, receive, send)

    return application
