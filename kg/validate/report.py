"""Findings, and the report that tells them as text, as JSON or as a SHACL validation report."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pyoxigraph as ox

from kg import project, terms
from kg.claim import claim_key

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["SEVERITIES", "Finding", "Report", "Term", "plain"]

Term: TypeAlias = ox.NamedNode | ox.BlankNode | ox.Literal

SEVERITIES = ("violation", "warning", "info")
"""From must to could."""

_INDENT = " " * 13


@dataclass(frozen=True)
class Finding:
    """One place where a rule does not hold: `focus` is the thing, `rule` a `shape:` name or the name of a check.

    `path`, `graph` and `claim` are IRIs, None where the finding lies on no single property, graph or claim. `line`
    counts from 1. `component` is the SHACL constraint component, which is that of SPARQL for a check.
    """

    severity: str
    rule: str
    message: str
    mend: str
    focus: Term
    path: str | None = None
    value: Term | None = None
    graph: str | None = None
    claim: str | None = None
    file: Path | None = None
    line: int | None = None
    component: str = field(default=terms.PREFIXES["sh"] + "SPARQLConstraintComponent", compare=False)

    @property
    def place(self) -> str:
        """The file as people write it, from the working folder or the project's; "" where there is none."""
        for folder in (Path.cwd(), project.root()):
            if self.file and self.file.is_relative_to(folder):
                return self.file.relative_to(folder).as_posix()
        return str(self.file or "")

    def as_dict(self) -> dict[str, str | int | None]:
        """Return the finding with prefixed names, for JSON."""
        return {
            "severity": self.severity,
            "rule": self.rule,
            "message": self.message,
            "mend": self.mend,
            "focus": plain(self.focus),
            "path": terms.compact(self.path) if self.path else None,
            "value": plain(self.value) if self.value is not None else None,
            "graph": terms.compact(self.graph) if self.graph else None,
            "claim": terms.compact(self.claim) if self.claim else None,
            "file": self.place or None,
            "line": self.line,
        }

    def sort_key(self) -> tuple[object, ...]:
        """Return the key for the order of a report: by file, claim and thing, the worst first."""
        weight = SEVERITIES.index(self.severity)
        texts = (self.rule, self.path or "", str(self.value), self.message)
        return self.place, claim_key(self.claim or ""), str(self.focus), weight, *texts


@dataclass(frozen=True)
class Report:
    """What validation found in a dataset of so many documents and claims, in the order of `Finding.sort_key`."""

    findings: tuple[Finding, ...] = ()
    documents: int = 0
    claims: int = 0

    @property
    def conforms(self) -> bool:
        """True where no finding is a violation."""
        return all(finding.severity != "violation" for finding in self.findings)

    def text(self) -> str:
        """Return the findings for people, grouped by file, and a closing line with the counts."""
        lines: list[str] = []
        for place, found in groupby(self.findings, key=lambda finding: finding.place):
            lines.append(place or "in no file")
            lines += (line for finding in found for line in _lines(finding))
        counts = Counter(finding.severity for finding in self.findings)
        hints = f", {_count(counts['info'], 'hint')}" if counts["info"] else ""
        lines.append(
            f"{_count(self.documents, 'document')}, {_count(self.claims, 'claim')}: "
            f"{_count(counts['violation'], 'violation')}, {_count(counts['warning'], 'warning')}{hints}"
        )
        return "\n".join(lines)

    def as_dict(self) -> dict[str, Any]:
        """Return the report for JSON."""
        return {
            "conforms": self.conforms,
            "documents": self.documents,
            "claims": self.claims,
            "findings": [finding.as_dict() for finding in self.findings],
        }

    def turtle(self) -> str:
        """Return the report as a `sh:ValidationReport` in Turtle, the same text for the same findings.

        Source: https://www.w3.org/TR/shacl/#validation-report. A check stands as source under its own name in the
        namespace of the shapes.
        """
        prefix = f"@prefix sh: <{terms.PREFIXES['sh']}> .\n\n"
        head = f"[] a sh:ValidationReport ;\n    sh:conforms {str(self.conforms).lower()}"
        return prefix + " ;\n    sh:result ".join([head, *map(_result, self.findings)]) + " .\n"


def plain(term: Term) -> str:
    """Return `term` for people: a prefixed name, or the characters of a literal."""
    return terms.compact(term.value) if isinstance(term, ox.NamedNode) else term.value


def _lines(finding: Finding) -> Iterator[str]:
    focus, claim = plain(finding.focus), terms.compact(finding.claim or "")
    name = f"{claim}  {focus}" if claim and claim != focus else focus
    yield f"  {finding.severity:<9}  {name}" + (f"   (line {finding.line})" if finding.line else "")
    yield f"{_INDENT}{finding.message}   ({finding.rule})"
    if finding.value is not None:
        yield f"{_INDENT}found: {terms.compact(finding.path or '')} {plain(finding.value)}".replace(":  ", ": ")
    yield f"{_INDENT}{finding.mend}"


def _result(finding: Finding) -> str:
    source = terms.SHAPE + finding.rule.removeprefix("shape:")
    properties = {
        "focusNode": str(finding.focus),
        "resultPath": f"<{finding.path}>" if finding.path else "",
        "value": str(finding.value) if finding.value is not None else "",
        "resultSeverity": f"sh:{finding.severity.capitalize()}",
        "sourceShape": f"<{source}>",
        "sourceConstraintComponent": f"<{finding.component}>",
        "resultMessage": str(ox.Literal(f"{finding.message} {finding.mend}", language="en")),
    }
    body = " ;\n".join(f"        sh:{name} {text}" for name, text in properties.items() if text)
    return f"[\n        a sh:ValidationResult ;\n{body}\n    ]"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
