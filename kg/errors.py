"""Every error this program raises on purpose, with its exit code, HTTP status and headers."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kg.validate import Report

__all__ = [
    "AmbiguousEntity",
    "BadParameter",
    "DataError",
    "KgError",
    "NotConforming",
    "ParseFailure",
    "QuerySyntaxError",
    "ReadOnly",
    "StoreDamaged",
    "StoreError",
    "StoreLocked",
    "StoreMissing",
    "StoreVersionMismatch",
    "TextMismatch",
    "UnknownEntity",
    "UnknownQuestion",
    "UsageError",
]


class KgError(Exception):
    """Something went wrong: `where` it was, `what` it is, and how to `mend` it."""

    exit_code = 1
    http_status = 500
    http_headers: Mapping[str, str] = MappingProxyType({})

    def __init__(self, what: str, *, where: str | None = None, mend: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.mend = mend

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        mend = f"\n  {self.mend}" if self.mend else ""
        return f"{place}{self.what}{mend}"


class UsageError(KgError):
    """The call is wrong; nothing was done."""

    exit_code = 2
    http_status = 400


class UnknownQuestion(UsageError):
    """No saved question has this name."""

    http_status = 404


class BadParameter(UsageError):
    """A parameter is missing, unknown, or has a value that does not fit."""

    http_status = 422


class UnknownEntity(UsageError):
    """No thing in the store has this IRI, name or label."""

    http_status = 404


class AmbiguousEntity(UsageError):
    """A label fits several things."""

    http_status = 422

    def __init__(self, label: str, candidates: Sequence[tuple[str, str]], *, where: str | None = None) -> None:
        listing = "".join(f"\n    {name}  {text}" for name, text in candidates)
        super().__init__(
            f"“{label}” fits {len(candidates)} things:{listing}", where=where, mend="give one of these names"
        )
        self.candidates = list(candidates)


class QuerySyntaxError(UsageError):
    """A text is not a SPARQL query."""


class ReadOnly(UsageError):
    """An update, or a call to another server, was given where only reading is allowed."""

    http_status = 403


class DataError(KgError):
    """The data given do not conform; the store is as it was."""

    exit_code = 3
    http_status = 422


class ParseFailure(DataError):
    """A file does not parse."""


class TextMismatch(DataError):
    """A text is not the one that a document describes."""


class NotConforming(DataError):
    """SHACL shapes or checks found violations; `report` lists them."""

    def __init__(self, report: Report) -> None:
        super().__init__(report.text(), mend="nothing was changed; mend the lines above and try again")
        self.report = report


class StoreError(KgError):
    """The store cannot be read or written."""

    http_status = 503


class StoreMissing(StoreError):
    """There is no store at this place."""


class StoreLocked(StoreError):
    """Another process is writing to the store."""


class StoreDamaged(StoreError):
    """The store's files are not as they were written."""

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        mend: str = "run: kg restore FILE with your last backup; without one: kg build",
    ) -> None:
        super().__init__(what, where=where, mend=mend)


class StoreVersionMismatch(StoreError):
    """The store was made by a version that lays it out differently."""
