"""A dataset as JSON-LD 1.1, compacted with the project's context, which stands in the file itself."""

from __future__ import annotations

import json
import re
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox

from kg import project, terms
from kg.errors import KgError
from kg.export.order import in_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["context", "prefixes", "to_jsonld"]

# Whole numbers that every JSON reader keeps, also one that holds numbers as doubles.
_SAFE_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,14}")
_INTEGER, _BOOLEAN, _STRING = terms.XSD + "integer", terms.XSD + "boolean", terms.XSD + "string"


def context() -> dict[str, Any]:
    """Return the project's JSON-LD context: prefixes, and terms that are an IRI or an object with `@id`."""
    found: dict[str, Any] = json.loads(project.context_file().read_text(encoding="utf-8"))["@context"]
    return found


def prefixes(context: dict[str, Any]) -> dict[str, str]:
    """Return the prefixes among the entries of a context."""
    return {name: iri for name, iri in context.items() if isinstance(iri, str) and iri.endswith(("/", "#"))}


def to_jsonld(quads: Iterable[ox.Quad]) -> bytes:
    """Return `quads` as one JSON-LD document: an object for each graph, in it one for each subject.

    Written here rather than by a library because rdflib rewrites literals (`007` becomes `7`) and orders by hash, and
    Oxigraph writes the expanded form only. What comes out is standard: any JSON-LD 1.1 processor reads it back.
    Raises `KgError` for what JSON-LD cannot hold.
    """
    names = _Names(context())
    graphs = [
        {"@id": names.node(graph), "@graph": list(_nodes(group, names))}
        if not isinstance(graph, ox.DefaultGraph)
        else {"@graph": list(_nodes(group, names))}
        for graph, group in groupby(in_order(quads), key=lambda quad: quad.graph_name)
    ]
    document = {"@context": names.context, "@graph": graphs}
    return (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode()


def _nodes(quads: Iterable[ox.Quad], names: _Names) -> Iterator[dict[str, Any]]:
    for subject, about in groupby(quads, key=lambda quad: quad.subject):
        node: dict[str, Any] = {}
        for predicate, group in groupby(about, key=lambda quad: quad.predicate):
            for key, value, is_set in (names.entry(predicate, quad.object) for quad in group):
                if is_set:
                    node.setdefault(key, []).append(value)
                elif key not in node:
                    node[key] = value
                else:
                    node[key] = [*(node[key] if isinstance(node[key], list) else [node[key]]), value]
        yield {"@id": names.node(subject), **dict(sorted(node.items()))}


class _Names:
    """The compact forms that the context gives to IRIs and values.

    Of a term definition it knows `@id`, `@type`, `@language` and `@container: @set`.
    """

    def __init__(self, context: dict[str, Any]) -> None:
        self.context = context
        known = prefixes(context)
        self._prefixes = sorted(known.items(), key=lambda item: -len(item[1]))
        defined = {name: value for name, value in context.items() if name not in known and not name.startswith("@")}
        definitions = {name: {"@id": value} if isinstance(value, str) else value for name, value in defined.items()}
        self._terms = {self._expanded(value["@id"]): (name, value) for name, value in definitions.items()}
        self._datatypes = {iri: self._expanded(value.get("@type", "")) for iri, (_, value) in self._terms.items()}
        self.iri = cache(self._compact)

    def _expanded(self, name: str) -> str:
        prefix, _, local = name.partition(":")
        return self.context[prefix] + local if prefix in self.context else name

    def _compact(self, iri: str) -> str:
        for prefix, namespace in self._prefixes:
            local = iri.removeprefix(namespace)
            if local != iri and local and not local.startswith("//"):
                return f"{prefix}:{local}"
        scheme, _, rest = iri.partition(":")
        if scheme in self.context and not rest.startswith("//"):
            raise KgError(
                f"JSON-LD cannot hold <{iri}>: it reads as a name with the prefix {scheme}:",
                mend="export as trig or nquads, or give the thing another IRI",
            )
        return iri

    def node(self, term: ox.NamedNode | ox.BlankNode) -> str:
        """Return what stands under `@id`."""
        return self.iri(term.value) if isinstance(term, ox.NamedNode) else str(term)

    def entry(self, predicate: ox.NamedNode, value: Any) -> tuple[str, Any, bool]:
        """Return key and value of a property, and whether the key always holds an array."""
        if predicate.value == terms.RDF + "type" and not isinstance(value, ox.Literal):
            return "@type", self._terms.get(value.value, (self.node(value),))[0], False
        key, definition = self._terms.get(predicate.value, (self.iri(predicate.value), {}))
        coercion = self._datatypes.get(predicate.value, "")
        is_set = definition.get("@container") == "@set"
        if isinstance(value, ox.NamedNode | ox.BlankNode):
            name = self.node(value)
            return key, name if coercion == "@id" else {"@id": name}, is_set
        if not isinstance(value, ox.Literal) or value.direction:
            raise KgError(f"JSON-LD 1.1 cannot hold {value}", mend="export as trig or nquads")
        return key, self._literal(value, coercion, definition.get("@language")), is_set

    def _literal(self, value: ox.Literal, coercion: str, language: str | None) -> Any:
        datatype = value.datatype.value
        if value.language:
            return value.value if value.language == language else {"@language": value.language, "@value": value.value}
        if datatype == _STRING:
            return {"@value": value.value} if coercion or language else value.value
        if datatype == _INTEGER and coercion in ("", _INTEGER) and _SAFE_INTEGER.fullmatch(value.value):
            return int(value.value)
        if datatype == _BOOLEAN and coercion in ("", _BOOLEAN) and value.value in ("true", "false"):
            return value.value == "true"
        return value.value if datatype == coercion else {"@type": self.iri(datatype), "@value": value.value}
