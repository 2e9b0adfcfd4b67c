"""Exports: the dataset as Turtle, TriG, N-Quads, JSON-LD, RDF/XML or CSV, the same bytes on every run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.errors import UsageError
from kg.export.jsonld import to_jsonld
from kg.export.rdf import to_nquads, to_rdfxml, to_trig, to_turtle
from kg.export.tables import safe_cell, tables, to_csv
from kg.files import write_files, write_stdout

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pyoxigraph as ox

__all__ = ["FORMATS", "export", "export_tables", "safe_cell", "write"]

_EXPORTERS: dict[str, Callable[[frozenset[ox.Quad]], bytes]] = {
    "turtle": to_turtle,
    "trig": to_trig,
    "nquads": to_nquads,
    "jsonld": to_jsonld,
    "rdfxml": to_rdfxml,
    "csv": to_csv,
}
FORMATS = tuple(_EXPORTERS)


def export(quads: frozenset[ox.Quad], format_: str) -> bytes:
    """Return the dataset in one of `FORMATS`.

    TriG, N-Quads and JSON-LD hold all of it, graph by graph; Turtle and RDF/XML the facts view; CSV the content of
    every claim, facts or not, one line a triple.
    Raises `UsageError` for an unknown format, `KgError` for data that the format cannot hold.
    """
    if format_ not in _EXPORTERS:
        raise UsageError(f"there is no export format “{format_}”", mend=f"formats: {', '.join(FORMATS)}")
    return _EXPORTERS[format_](quads)


def export_tables(quads: frozenset[ox.Quad], folder: Path) -> list[Path]:
    """Write a CSV table for each kind of thing into `folder`, which is made if need be, and return the files.

    Raises `KgError` where that fails; the tables that were there before are then unchanged.
    """
    files = {folder / f"{name}.csv": data for name, data in tables(quads).items()}
    write_files(files, folder=folder)
    return list(files)


def write(quads: frozenset[ox.Quad], format_: str, target: Path | None = None) -> None:
    """Write the dataset in one of `FORMATS` to the file `target`, or to standard output where there is none.

    CSV goes to a file only where its name ends in `.csv`; any other name is a folder for a table of each kind of thing.
    Raises what `export` raises, and `KgError` where the file cannot be written; the old file is then unchanged.
    """
    if format_ == "csv" and target is not None and target.suffix.lower() != ".csv":
        export_tables(quads, target)
        return
    data = export(quads, format_)
    if target is None:
        write_stdout(data)
    else:
        write_files({target: data})
