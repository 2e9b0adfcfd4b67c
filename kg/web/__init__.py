"""The service: SPARQL, saved questions and pages over HTTP, from workers that can be stopped."""

from __future__ import annotations

from kg.web.address import Below, stand_at
from kg.web.front import Front, Limits
from kg.web.message import Settings

__all__ = ["Front", "Limits", "Settings", "run"]


def run(settings: Settings, *, host: str, port: int, limits: Limits, token: str | None = None) -> None:
    """Serve a store until stopped; an interrupt lets requests under way finish first.

    Whoever sends `token` may change the store; without one nobody may.
    """
    import logging

    import uvicorn
    from starlette.middleware.gzip import GZipMiddleware

    path = stand_at(settings.base)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    app = GZipMiddleware(Below(Front(settings, limits, token), path), minimum_size=1000)
    uvicorn.run(
        app,
        host=host,
        port=port,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=10,
        server_header=False,
        proxy_headers=False,
    )
