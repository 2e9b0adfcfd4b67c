"""The service: SPARQL, saved questions and pages over HTTP, from workers that can be stopped."""

from __future__ import annotations

from kg.web.front import Front, Limits

__all__ = ["Front", "Limits", "run"]


def run(place: str, *, host: str, port: int, texts: str | None = None, limits: Limits | None = None) -> None:
    """Serve the store in the folder `place` until stopped; an interrupt lets requests under way finish first."""
    import logging

    import uvicorn
    from starlette.middleware.gzip import GZipMiddleware

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    app = GZipMiddleware(Front(place, limits or Limits(), texts), minimum_size=1000)
    uvicorn.run(
        app,
        host=host,
        port=port,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=10,
        server_header=False,
    )
