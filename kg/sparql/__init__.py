"""SPARQL as text and as a tree: what a query is and may do, and queries taken apart and written anew."""

from __future__ import annotations

from kg.sparql.text import (
    Form,
    form_of,
    in_default_graph,
    is_distinct,
    is_lookup,
    keywords,
    refuse_fetching,
    serialised,
    syntax_error,
    with_prefixes,
    without_terms,
    without_undefined,
)

__all__ = [
    "Form",
    "form_of",
    "in_default_graph",
    "is_distinct",
    "is_lookup",
    "keywords",
    "refuse_fetching",
    "serialised",
    "syntax_error",
    "with_prefixes",
    "without_terms",
    "without_undefined",
]
