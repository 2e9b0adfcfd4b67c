"""What went wrong, as a page for people and as problem details (RFC 9457) for programs; never a trace."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from kg.errors import KgError
from kg.store import damage
from kg.web.message import Response
from kg.web.negotiate import HTML, best

if TYPE_CHECKING:
    from kg.web.message import Request

__all__ = ["NotAcceptable", "NotFound", "TooLarge", "problem", "problem_response"]

PROBLEM = "application/problem+json"


class NotFound(KgError):
    """There is nothing at this address."""

    http_status = 404


class NotAcceptable(KgError):
    """None of the forms that the client accepts can be had."""

    http_status = 406


class TooLarge(KgError):
    """A result is larger than the server gives out."""

    http_status = 413

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"the result is larger than {limit // 1_000_000:,} MB",
            mend="ask for less, with LIMIT or a narrower pattern",
        )


def problem(error: Exception, request: Request) -> Response:
    """Return the response that tells of an error: its own status and words if it is ours, else 500 and no more."""
    error = damage(error) or error
    if isinstance(error, KgError):
        found = problem_response(error.http_status, error.what, error.mend or "", request.accept)
        return replace(found, headers=dict(error.http_headers))
    logging.getLogger("kg.web").error("%s %s", request.method, request.path, exc_info=error)
    return problem_response(500, "something went wrong here", "it has been noted; try another question", request.accept)


def problem_response(status: int, what: str, mend: str, accept: str) -> Response:
    """Return a response with a status and two sentences, in the form that the client prefers."""
    if best(accept, (PROBLEM, "application/json", HTML)) == HTML:
        from kg.web.pages import render

        return Response(
            status, body=render("problem.html", title="That did not work", status=status, what=what, mend=mend)
        )
    detail = {"type": "about:blank", "title": what, "status": status, "detail": mend}
    return Response(status, PROBLEM, json.dumps(detail, ensure_ascii=False).encode("utf-8"))
