"""What people read: answers, pages and documents as text."""

from __future__ import annotations

from kg.render.answers import FORMATS, answer_text, print_answer, questions_json, results_bytes
from kg.render.documents import coverage_json, print_checks, print_coverage, print_passages
from kg.render.pages import print_connections, print_description
from kg.render.status import status_json, status_text
from kg.render.tables import print_table

__all__ = [
    "FORMATS",
    "answer_text",
    "coverage_json",
    "print_answer",
    "print_checks",
    "print_connections",
    "print_coverage",
    "print_description",
    "print_passages",
    "print_table",
    "questions_json",
    "results_bytes",
    "status_json",
    "status_text",
]
