"""Which of the forms on offer a client prefers (RFC 9110, section 12.5.1)."""

from __future__ import annotations

from functools import lru_cache

import mimeparse

__all__ = ["HTML", "best"]

HTML = "text/html"


@lru_cache(maxsize=512)
def best(accept: str, offers: tuple[str, ...]) -> str | None:
    """Return the media type of `offers` that `accept` prefers; the first of them where it does not care; None if none.

    A header that cannot be read counts as one that does not care.
    """
    try:
        # The library prefers, of equals, the last.
        return mimeparse.best_match(list(reversed(offers)), accept or "*/*") or None
    except (mimeparse.MimeTypeParseException, ValueError):
        return offers[0]
