"""Checks: rules on the whole graph, each a query that must answer nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import pyoxigraph as ox
import yaml

from kg import terms
from kg.errors import KgError
from kg.validate.report import SEVERITIES, Finding, Term, plain

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping
    from pathlib import Path

__all__ = ["Check", "read_check", "rows_as_findings"]


@dataclass(frozen=True)
class Check:
    """A query whose every row is a finding, and the words for it; its name is the name of its file, the error.

    `reads` are the ways that it goes from its ?focus to other nodes, as `kg.validate.excerpt` explains.
    """

    name: str
    query: str
    summary: str
    severity: str
    message: str
    mend: str
    reads: tuple[str, ...] = ()


@cache
def read_check(path: Path) -> Check:
    """Read a check: SPARQL under a header of `#+` lines in YAML.

    The query projects ?focus first, then ?claim, bound where one claim is concerned, then what the message names as
    `{?name}`. Raises `KgError` where the header lacks a key or has no known severity.
    """
    query = path.read_text("utf8")
    try:
        header = yaml.safe_load("\n".join(line[2:] for line in query.splitlines() if line.startswith("#+")))
        said = {key: str(header["kg"][key]) for key in ("severity", "message", "mend")}
        if said["severity"] not in SEVERITIES:
            raise ValueError(f"the severity is none of {', '.join(SEVERITIES)}")
        reads = tuple(map(str, header["kg"].get("reads", ())))
        return Check(path.stem, query, str(header["summary"]), **said, reads=reads)
    except (yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        mend = "its `#+` lines give summary, and under kg: severity, message and mend"
        raise KgError(f"the header cannot be read: {error}", where=path.name, mend=mend) from error


def rows_as_findings(store: ox.Store, check: Check, foci: Container[Term] | None = None) -> Iterator[Finding]:
    """Yield a finding for every row of `check` on the union of the graphs of `store`, without its place.

    Where `foci` are given, rows with another ?focus do not count.

    Raises `KgError` where the query is not SPARQL.
    """
    try:
        rows = store.query(check.query, prefixes=terms.PREFIXES, use_default_graph_as_union=True)
    except SyntaxError as error:
        raise KgError(f"the check is not SPARQL: {error}", where=f"{check.name}.rq") from error
    assert isinstance(rows, ox.QuerySolutions)
    names = [variable.value for variable in rows.variables]
    for row in rows:
        if foci is not None and row["focus"] not in foci:
            continue
        bound = {name: row[name] for name in names if row[name] is not None}
        claim = bound.get("claim")
        yield Finding(
            severity=check.severity,
            rule=check.name,
            message=_filled(check.message, bound),
            mend=_filled(check.mend, bound),
            focus=bound["focus"],
            claim=claim.value if isinstance(claim, ox.NamedNode) else None,
        )


def _filled(template: str, bound: Mapping[str, Term]) -> str:
    """Return `template` with each `{?name}` replaced by its value, "…" where it has none."""
    return re.sub(r"\{\?(\w+)\}", lambda match: plain(bound[match[1]]) if match[1] in bound else "…", template)
