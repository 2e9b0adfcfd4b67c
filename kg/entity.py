"""Things by IRI, name or label: found, labelled and listed."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg import terms
from kg.errors import AmbiguousEntity, UnknownEntity
from kg.sparql import serialised

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg.store import Store

__all__ = ["ANYTHING", "concepts", "find", "is_a", "labels", "members", "nearest", "select", "types"]

ANYTHING = terms.PREFIXES["owl"] + "Thing"
"""The class of everything: a parameter of this class takes any thing that the store knows."""

# A type may be said in a claim graph only, when all that is claimed of a thing is conditional.
_TYPED = "{ ?thing a ?type } UNION { GRAPH ?graph { ?thing a ?type } }"


def find(store: Store, text: str, candidates: Iterable[tuple[str, str]] | None = None) -> str:
    """Return the IRI of the thing that `text` gives: an IRI, a name such as `id:sv`, or a label in any letter case.

    With `candidates` (IRI and label, as `members` and `concepts` give) only these count.
    Raises `UnknownEntity` with the nearest labels, `AmbiguousEntity` with all that fit.
    """
    allowed = None if candidates is None else dict(candidates)
    if _is_name(text):
        iri = terms.expand(text)
        if iri in allowed if allowed is not None else _exists(store, iri):
            return iri
        raise UnknownEntity(
            f"nothing here is called {text}", mend=_listing(allowed) or "find names with: kg sparql, kg questions"
        )
    wanted = _folded(text)
    known = [(iri, label) for iri, label in _all_labels(store) if allowed is None or iri in allowed]
    fits = sorted({iri for iri, label in known if _folded(label) == wanted})
    if len(fits) == 1:
        return fits[0]
    if fits:
        shown = labels(store, fits)
        raise AmbiguousEntity(text, [(terms.compact(iri), shown.get(iri, "")) for iri in fits])
    near = nearest(text, sorted({label for _, label in known}))
    raise UnknownEntity(
        f"nothing here is called “{text}”",
        mend=f"nearest: {', '.join(near)}" if near else _listing(allowed) or "give a label, an id: name or an IRI",
    )


def _is_name(text: str) -> bool:
    return text.startswith("<") or "://" in text or text.partition(":")[0] in terms.PREFIXES


def _exists(store: Store, iri: str) -> bool:
    node = serialised(ox.NamedNode(iri))
    return bool(store.query(f"ASK {{ {{ {node} ?p ?o }} UNION {{ GRAPH ?g {{ {node} ?p2 ?o2 }} }} }}"))


def _folded(text: str) -> str:
    return " ".join(text.replace("–", "-").casefold().split())


def _listing(allowed: dict[str, str] | None, limit: int = 40) -> str:
    if not allowed:
        return ""
    lines = [f"\n    {terms.compact(iri)}  {label}" for iri, label in list(allowed.items())[:limit]]
    return f"values here:{''.join(lines)}"


def nearest(text: str, names: list[str]) -> list[str]:
    """Return up to three of `names` that look like `text`, the likeliest first."""
    folded = {_folded(name): name for name in reversed(names)}
    return [folded[key] for key in difflib.get_close_matches(_folded(text), list(folded), n=3, cutoff=0.6)]


def select(store: Store, text: str) -> list[ox.QuerySolution]:
    """Return the rows of a SELECT query as a list."""
    rows = store.query(text)
    assert isinstance(rows, ox.QuerySolutions)
    return list(rows)


def _all_labels(store: Store) -> list[tuple[str, str]]:
    rows = select(
        store, "SELECT ?thing ?label WHERE { ?thing skos:prefLabel|skos:altLabel|skos:notation|rdfs:label ?label }"
    )
    return [(str(row["thing"].value), str(row["label"].value)) for row in rows]


def labels(store: Store, iris: Iterable[str]) -> dict[str, str]:
    """Return the English label of each IRI that has one (the first in order where there are several)."""
    nodes = " ".join(serialised(ox.NamedNode(iri)) for iri in sorted(set(iris)))
    if not nodes:
        return {}
    rows = select(
        store, f"SELECT ?thing ?text WHERE {{ VALUES ?thing {{ {nodes} }} ?thing skos:prefLabel|rdfs:label ?text }}"
    )
    found: dict[str, str] = {}
    for thing, text in rows:
        if (
            isinstance(text, ox.Literal)
            and text.language in (None, "en")
            and text.value < found.get(thing.value, "\U0010ffff")
        ):
            found[thing.value] = text.value
    return found


def types(store: Store, iri: str) -> list[str]:
    """Return the classes that any graph gives the thing, sorted."""
    node = serialised(ox.NamedNode(iri))
    rows = select(store, f"SELECT DISTINCT ?type WHERE {{ VALUES ?thing {{ {node} }} {_TYPED} }} ORDER BY ?type")
    return [row["type"].value for row in rows]


def is_a(store: Store, iri: str, class_: str) -> bool:
    """Tell whether any graph gives the thing this class or one below it."""
    return any(found == iri for found, _ in members(store, class_))


def members(store: Store, class_: str, most: int | None = None) -> list[tuple[str, str]]:
    """Return the things of a class or one below it, with their labels, by label; none if there are over `most`."""
    node = serialised(ox.NamedNode(class_))
    among = "" if class_ == ANYTHING else f"?type rdfs:subClassOf* {node} ."
    cut = "" if most is None else f"LIMIT {most + 1}"
    rows = select(store, f"SELECT DISTINCT ?thing WHERE {{ {_TYPED} {among} }} {cut}")
    found = [row["thing"].value for row in rows if isinstance(row["thing"], ox.NamedNode)]
    return [] if most is not None and len(rows) > most else _labelled(store, found)


def concepts(store: Store, scheme: str) -> list[tuple[str, str]]:
    """Return the concepts of a controlled list, with their labels, by label."""
    rows = select(store, f"SELECT DISTINCT ?thing WHERE {{ ?thing skos:inScheme {serialised(ox.NamedNode(scheme))} }}")
    return _labelled(store, [row["thing"].value for row in rows])


def _labelled(store: Store, iris: list[str]) -> list[tuple[str, str]]:
    known = labels(store, iris)
    return sorted(((iri, known.get(iri, "")) for iri in iris), key=lambda pair: (pair[1] or pair[0], pair[0]))
