"""Options that several commands share, what they open, and what they say of a change."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from kg import project

if TYPE_CHECKING:
    from collections.abc import Callable

    from kg.gate import Outcome
    from kg.store import Store

__all__ = [
    "FILE",
    "Day",
    "cite_options",
    "format_option",
    "known_option",
    "opened",
    "progress",
    "quiet_option",
    "report",
    "store_option",
    "texts_option",
]

F = TypeVar("F", bound="Callable[..., Any]")
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


def store_option(command: F) -> F:
    """Add `--store`: a folder or a URL."""
    return click.option(
        "--store",
        metavar="DIR|URL",
        default=project.default_store,
        show_default=".kg, or KG_STORE",
        help="A folder made by kg build, or a SPARQL endpoint.",
    )(command)


def quiet_option(command: F) -> F:
    """Add `--quiet`."""
    return click.option("--quiet", is_flag=True, help="No progress on stderr.")(command)


def format_option(*forms: str) -> Callable[[F], F]:
    """Add `--format` with these forms, the first of which is the default."""
    return click.option(
        "--format", "form", type=click.Choice(forms), default=forms[0], show_default=True, help="Form of the output."
    )


def texts_option(command: F) -> F:
    """Add `--texts`: a folder of texts to quote from."""
    return click.option(
        "--texts",
        type=click.Path(path_type=Path, exists=True, file_okay=False),
        default=project.texts_folder,
        help="Folder of texts to quote from when citing; otherwise KG_TEXTS.",
    )(command)


def cite_options(command: F) -> F:
    """Add `--cite` and `--texts`."""
    command = texts_option(command)
    return click.option("--cite", "cited", is_flag=True, help="Name, for each row, the claims it rests on.")(command)


class Day(click.ParamType[date]):
    """A date as YYYY-MM-DD."""

    name = "DATE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Return the date, or fail with a sentence."""
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"“{value}” is no date; write it as YYYY-MM-DD, such as 2025-06-01", param, ctx)


def known_option(command: F) -> F:
    """Add `--known-at`."""
    return click.option(
        "--known-at",
        type=Day(),
        help="Only what documents say that were surely issued by this day (YYYY-MM-DD).",
    )(command)


def opened(place: str, known_at: date | None) -> Store:
    """Open the store at `place` for reading, as it was known on a day if one is given."""
    from kg.store import open_store

    if known_at is None:
        return open_store(place)
    from kg import known

    return known.known_at(open_store(place), known_at)


def progress(quiet: bool) -> Callable[[str], None] | None:
    """Return what tells a step of long work on stderr; None where it shall be quiet."""
    return None if quiet else lambda text: click.echo(text, err=True)


def report(done: str, outcome: Outcome, store: str) -> None:
    """Say what was done, and what the store holds now."""
    warnings = sum(finding.severity == "warning" for finding in outcome.report.findings)
    click.echo(
        f"{done} ({store}): {_count(outcome.documents, 'document')}, {_count(outcome.claims, 'claim')}, "
        f"{outcome.quads:,} quads; {_count(warnings, 'warning')}"
    )
    click.echo(f"dataset {outcome.dataset_hash}")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
