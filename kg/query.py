"""The saved questions: one SPARQL file each, with a header that says what it asks and takes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import pyoxigraph as ox
import yaml

from kg import entity, project, terms
from kg.errors import AmbiguousEntity, BadParameter, KgError, UnknownEntity, UnknownQuestion, UsageError
from kg.known import whole
from kg.sparql import serialised

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kg.store import Store

__all__ = ["Parameter", "Question", "all_questions", "choices", "question", "values_of"]

Kind = Literal["class", "scheme", "date"]

_UNBOUND = re.compile(r"VALUES \?(\w+) \{ UNDEF \}")


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a question takes: a thing of a class, a concept of a controlled list, or a date."""

    name: str
    kind: Kind
    target: str
    optional: bool
    example: str
    summary: str

    @property
    def option(self) -> str:
        """How the parameter is written on the command line and in addresses: `validAt` as `valid-at`."""
        return "".join(f"-{char.lower()}" if char.isupper() else char for char in self.name)

    @property
    def takes(self) -> str:
        """What a value must be, in words."""
        match self.kind:
            case "date":
                return "a date (YYYY-MM-DD)"
            case "scheme":
                return f"a concept of {terms.compact(self.target)}"
            case _:
                return "anything here" if self.target == entity.ANYTHING else f"a {terms.compact(self.target)}"


@dataclass(frozen=True)
class Question:
    """A saved question: its name, what it asks, its parameters, its columns and its SPARQL."""

    name: str
    summary: str
    description: str
    tags: tuple[str, ...]
    answers: tuple[str, ...]
    view: str
    columns: dict[str, str]
    parameters: tuple[Parameter, ...]
    absence: str
    text: str = field(repr=False)

    def bound(self, values: Mapping[str, ox.NamedNode | ox.Literal]) -> str:
        """Return the SPARQL with parameters bound: each value, as a term, stands in its own VALUES clause.

        Terms are serialised by the engine, so a value can be nothing but a value. (Oxigraph's own substitutions do
        not reach variables inside EXISTS, and remote engines have none.)
        """

        def filled(place: re.Match[str]) -> str:
            term = values.get(place[1])
            return place[0] if term is None else f"VALUES ?{place[1]} {{ {serialised(term)} }}"

        return _UNBOUND.sub(filled, self.text)


def question(name: str) -> Question:
    """Return the saved question of this name.

    Raises `UnknownQuestion` with the nearest names.
    """
    files = {path.stem: path for path in project.question_files()}
    if name in files:
        return _read(files[name])
    near = entity.nearest(name, list(files))
    mend = f"nearest: {', '.join(near)}" if near else "see: kg questions"
    raise UnknownQuestion(f"there is no question “{name}”", mend=mend)


def all_questions() -> list[Question]:
    """Return the saved questions by name."""
    return [_read(path) for path in project.question_files()]


@cache
def _read(path: Path) -> Question:
    text = path.read_text(encoding="utf-8")
    header = "\n".join(line[3:] for line in text.splitlines() if line.startswith("#+ "))
    try:
        fields: dict[str, Any] = yaml.safe_load(header)
        ours: dict[str, Any] = fields["kg"]
        return Question(
            name=path.stem,
            summary=fields["summary"],
            description=" ".join(str(fields.get("description", "")).split()),
            tags=tuple(fields.get("tags", ())),
            answers=tuple(ours["answers"]),
            view=ours["view"],
            columns={name: str(kind) for name, kind in ours["columns"].items()},
            parameters=tuple(_parameter(path, text, *item) for item in (ours.get("parameters") or {}).items()),
            absence=" ".join(str(ours.get("absence", "")).split()),
            text=text,
        )
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise KgError(f"the header of the question is not right: {error}", where=str(path)) from error


def _parameter(path: Path, text: str, name: str, fields: Mapping[str, Any]) -> Parameter:
    if f"VALUES ?{name} {{ UNDEF }}" not in text:
        raise KgError(f"the parameter {name} needs a line: VALUES ?{name} {{ UNDEF }}", where=str(path))
    kind: Kind = "class" if "class" in fields else "scheme" if "scheme" in fields else "date"
    return Parameter(
        name=name,
        kind=kind,
        target=terms.expand(fields[kind]) if kind != "date" else "",
        optional=bool(fields.get("optional", False)),
        example=str(fields["example"]),
        summary=" ".join(str(fields["summary"]).split()),
    )


def values_of(store: Store, asked: Question, given: Mapping[str, str]) -> dict[str, ox.NamedNode | ox.Literal]:
    """Return the parameters of a question as terms, each checked to be of the right kind.

    `given` maps names to what a person typed; where `store` is what was known on a day, names of today will do.
    Raises `BadParameter` for an unknown, missing or ill-fitting one, and `AmbiguousEntity` for a label that fits
    several things.
    """
    store = whole(store)
    known = {parameter.name: parameter for parameter in asked.parameters}
    for name in given:
        if name not in known:
            takes = ", ".join(f"--{other.option}" for other in known.values()) or "no parameters"
            raise BadParameter(f"the question {asked.name} has no parameter --{name}", mend=f"it takes {takes}")
    missing = [parameter for parameter in asked.parameters if not parameter.optional and parameter.name not in given]
    if missing:
        raise BadParameter(
            f"the question {asked.name} needs {' and '.join(f'--{parameter.option}' for parameter in missing)}",
            mend="".join(f"\n  --{parameter.option}: {choices(store, parameter)}" for parameter in missing).strip(),
        )
    return {name: _value(store, known[name], text) for name, text in given.items()}


def _candidates(store: Store, parameter: Parameter) -> list[tuple[str, str]]:
    if parameter.kind == "scheme":
        return entity.concepts(store, parameter.target)
    return entity.members(store, parameter.target)


def choices(store: Store, parameter: Parameter, limit: int = 30) -> str:
    """Return, in words, what a parameter takes and which values the store has for it."""
    if parameter.kind == "date":
        return f"{parameter.summary} Give {parameter.takes}, such as {parameter.example}."
    found = _candidates(store, parameter)
    lines = [f"\n    {terms.compact(iri)}  {label}" for iri, label in found[:limit]]
    more = f"\n    … and {len(found) - limit} more" if len(found) > limit else ""
    return f"{parameter.summary} Give {parameter.takes}:{''.join(lines)}{more}"


def _value(store: Store, parameter: Parameter, text: str) -> ox.NamedNode | ox.Literal:
    where = f"--{parameter.option}"
    if parameter.kind == "date":
        try:
            return ox.Literal(date.fromisoformat(text).isoformat(), datatype=ox.NamedNode(terms.XSD + "date"))
        except ValueError as error:
            raise BadParameter(
                f"“{text}” is no date", where=where, mend="write it as YYYY-MM-DD, such as 2025-06-01"
            ) from error
    candidates = _candidates(store, parameter)
    try:
        return ox.NamedNode(entity.find(store, text, candidates))
    except AmbiguousEntity as error:
        error.where = where
        raise
    except UnknownEntity as error:
        raise _misfit(store, parameter, text, candidates, error) from error
    except UsageError as error:
        raise BadParameter(error.what, where=where, mend=error.mend) from error


def _misfit(
    store: Store, parameter: Parameter, text: str, candidates: list[tuple[str, str]], error: UnknownEntity
) -> BadParameter:
    """Return the error that tells a thing of the wrong class from a thing that does not exist."""
    where = f"--{parameter.option}"
    try:
        other = entity.find(store, text)
    except (UnknownEntity, AmbiguousEntity):
        return BadParameter(error.what, where=where, mend=error.mend or choices(store, parameter))
    classes = ", ".join(terms.compact(iri) for iri in entity.types(store, other)) or "nothing that is typed"
    names = ", ".join(label or terms.compact(iri) for iri, label in candidates[:12]) or "none in this store"
    return BadParameter(f"“{text}” is {classes}, not {parameter.takes}", where=where, mend=f"values here: {names}")
