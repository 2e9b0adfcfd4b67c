"""An endpoint: one request of the SPARQL 1.1 Protocol and its reply, through SPARQLWrapper."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import TYPE_CHECKING
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit, urlunsplit

from kg.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from SPARQLWrapper import SPARQLWrapper

__all__ = ["Endpoint", "Refused", "Reply"]

PAUSES = (0.2, 0.8, 2.0)
"""Seconds to wait before each new attempt."""

_BUSY = {429, 502, 503, 504}
_BEFORE_ALL = {429, 503}
"""Statuses with which a server says that it has done nothing yet."""


class Refused(Exception):
    """The endpoint calls the request bad (400)."""


@dataclass(frozen=True)
class Reply:
    """What an endpoint answered."""

    body: bytes
    media_type: str


@dataclass(frozen=True)
class Endpoint:
    """The address of a SPARQL endpoint, and who asks there.

    User and password are those of the address or of KG_STORE_USER and KG_STORE_PASSWORD, a bearer token that of
    KG_STORE_TOKEN; none of them stands in a message.
    """

    address: str
    timeout: int = 60
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    update_address: str = ""

    @classmethod
    def of(cls, place: str, timeout: int = 60) -> Endpoint:
        """Return the endpoint at a URL, with the credentials that it holds or that the environment has."""
        try:
            parts = urlsplit(place)
            user, password = unquote(parts.username or ""), unquote(parts.password or "")
        except ValueError:  # no address at all; the first request says so
            return cls(place, timeout)
        if user:
            place = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
        else:
            user, password = (os.environ.get(f"KG_STORE_{name}", "") for name in ("USER", "PASSWORD"))
        token, updates = (os.environ.get(f"KG_STORE_{name}", "") for name in ("TOKEN", "UPDATE"))
        return cls(place, timeout, user, password, token, updates)

    @property
    def beside(self) -> str:
        """Where updates go: to KG_STORE_UPDATE, or to `/update` beside `/query`, else to the same address."""
        if self.update_address:
            return self.update_address
        return f"{self.address.removesuffix('/query')}/update" if self.address.endswith("/query") else self.address

    def send(self, text: str, form: str, reply_format: str, parameters: Sequence[tuple[str, str]] = ()) -> Reply:
        """Send a query or update and return the reply; `form` is the client's name for the kind of request.

        A query is tried again where the endpoint is busy or cannot be reached, an update only where it surely was not
        begun. Raises `Refused` for a request that the endpoint calls bad, `StoreError` for every other failure.
        """
        from SPARQLWrapper.SPARQLExceptions import QueryBadFormed, SPARQLWrapperException

        digest = False
        pauses = iter(PAUSES)
        while True:
            wrapper = self._wrapper(text, form, reply_format, parameters, digest=digest)
            try:
                with wrapper.query().response as reply:
                    body = bytes(reply.read())
                    arrived = reply.geturl().partition("?")[0]
                    media_type = reply.headers.get_content_type()
                break
            except (SPARQLWrapperException, HTTPException, URLError, OSError, ValueError) as error:
                _close(error)
                if isinstance(error, QueryBadFormed):
                    raise Refused(_reason(error)) from error
                if not digest and self.user and _wants_digest(error):
                    digest = True
                    continue
                pause = next(pauses, None)
                if pause is None or not _worth_another(error, changes=form == "INSERT"):
                    raise self.failure(*self._words(error)) from error
                time.sleep(pause)
        if arrived not in (self.address.partition("?")[0], self.beside.partition("?")[0]):
            # A redirected POST arrives as a GET without its body.
            raise self.failure(f"the endpoint is elsewhere: {arrived}", "give that address")
        return Reply(body, media_type)

    def failure(self, what: str, mend: str = "check the URL, and that the server runs; then try again") -> StoreError:
        """Return the error for something that went wrong at this address."""
        return StoreError(what, where=self.address, mend=mend)

    def _wrapper(
        self, text: str, form: str, reply_format: str, parameters: Sequence[tuple[str, str]], *, digest: bool
    ) -> SPARQLWrapper:
        from SPARQLWrapper import BASIC, DIGEST, INSERT, POST, POSTDIRECTLY, URLENCODED, SPARQLWrapper

        wrapper = SPARQLWrapper(self.address, updateEndpoint=self.beside, returnFormat=reply_format)
        wrapper.setMethod(POST)
        # Virtuoso 7 does not answer a query that is a body of its own, and takes no update as a form.
        wrapper.setRequestMethod(POSTDIRECTLY if form == INSERT else URLENCODED)
        wrapper.setOnlyConneg(True)
        wrapper.setTimeout(self.timeout)
        if self.user:
            wrapper.setCredentials(self.user, self.password)
            wrapper.setHTTPAuth(DIGEST if digest else BASIC)
        elif self.token:
            wrapper.addCustomHttpHeader("Authorization", f"Bearer {self.token}")
        for name, value in parameters:
            wrapper.addParameter(name, value)
        # Not setQuery, which guesses the form from the text: a wrong guess would go to the wrong address.
        wrapper.queryString, wrapper.queryType = text, form
        return wrapper

    def _words(self, error: Exception) -> tuple[str, str]:
        """Return what an error means, and the mend."""
        status = _status(error)
        if status == 401:
            given = "the ones given are wrong" if self.user or self.token else "none is given"
            return (
                f"the endpoint did not answer: it wants a user and a password, and {given}",
                "set KG_STORE_USER and KG_STORE_PASSWORD, or KG_STORE_TOKEN",
            )
        if status in (403, 405):
            return (
                f"the endpoint did not answer: it does not allow this ({status})",
                "ask who runs it; for changes it may have another address",
            )
        if isinstance(error, TimeoutError) or isinstance(getattr(error, "reason", None), TimeoutError):
            return (
                f"the endpoint did not answer in {self.timeout} seconds",
                "ask for less, or try again when it has less to do",
            )
        return (
            f"the endpoint did not answer: {_reason(error)}",
            "check the URL, and that the server runs; then try again",
        )


def _worth_another(error: Exception, *, changes: bool) -> bool:
    """Tell whether the same request may fare better, and whether it is safe to send it once more."""
    if _status(error) in (_BEFORE_ALL if changes else _BUSY):
        return True
    reason = getattr(error, "reason", error)
    if isinstance(reason, ConnectionRefusedError):
        return True
    return not changes and isinstance(reason, ConnectionResetError)


def _status(error: BaseException | None) -> int | None:
    """Return the HTTP status behind an error; the client wraps some of them."""
    while error is not None:
        if isinstance(error, HTTPError):
            return error.code
        error = error.__context__
    return None


def _wants_digest(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, HTTPError):
            return error.code == 401 and "digest" in str(error.headers.get("WWW-Authenticate", "")).lower()
        error = error.__context__
    return False


def _close(error: BaseException | None) -> None:
    """Close the reply that an error carries, or the error before it: the client leaves both open."""
    while error is not None:
        if close := getattr(error, "close", None):
            close()
        error = error.__context__


def _reason(error: Exception, limit: int = 300) -> str:
    return " ".join(str(getattr(error, "reason", "") or error or type(error).__name__).split())[:limit]
