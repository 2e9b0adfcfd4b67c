"""Where the project's own files lie: beside the package in a checkout, inside it once installed."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = [
    "check_files",
    "claims_files",
    "context_file",
    "default_store",
    "document_files",
    "ontology_files",
    "question_files",
    "reference_files",
    "root",
    "rule_files",
    "shapes_files",
    "texts_folder",
]

_PACKAGE = Path(__file__).resolve().parent


def root() -> Path:
    """Return the folder that holds `ontology/`, `data/` and `queries/`."""
    checkout = _PACKAGE.parent
    return checkout if (checkout / "ontology" / "pactgraph.ttl").is_file() else _PACKAGE / "_project"


def _files(folder: str, pattern: str) -> list[Path]:
    return sorted((root() / folder).glob(pattern), key=lambda path: path.stem)


def ontology_files() -> list[Path]:
    """Return the ontology's parts."""
    return _files("ontology", "*.ttl")


def context_file() -> Path:
    """Return the JSON-LD context of every export."""
    return root() / "ontology" / "context.jsonld"


def shapes_files() -> list[Path]:
    """Return the SHACL shapes."""
    return _files("ontology/shapes", "*.ttl")


def check_files() -> list[Path]:
    """Return the rules on the whole graph, each a query that must answer nothing."""
    return _files("ontology/checks", "*-violation.rq")


def rule_files() -> list[Path]:
    """Return the rules of derived facts."""
    return _files("ontology/rules", "*.rq")


def reference_files() -> list[Path]:
    """Return the reference data."""
    return _files("data/reference", "*.ttl")


def document_files() -> list[Path]:
    """Return the descriptions of documents."""
    return _files("data/documents", "*.ttl")


def claims_files() -> list[Path]:
    """Return the claims, one file a document."""
    return _files("data/claims", "*.trig")


def question_files() -> list[Path]:
    """Return the saved questions."""
    return _files("queries", "*.rq")


def default_store() -> str:
    """Return the store used where none is named: `KG_STORE`, or `.kg` in the working folder."""
    return os.environ.get("KG_STORE") or ".kg"


def texts_folder() -> Path | None:
    """Return the folder with the texts of documents, from `KG_TEXTS`, or None."""
    folder = os.environ.get("KG_TEXTS")
    return Path(folder) if folder else None
