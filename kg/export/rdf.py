"""A dataset as Turtle, TriG, N-Quads or RDF/XML."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg import terms
from kg.dataset import canonical_lines, facts
from kg.errors import KgError
from kg.export.jsonld import context, prefixes
from kg.export.order import in_order

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["to_nquads", "to_rdfxml", "to_trig", "to_turtle"]

_SUBJECT_LINE = re.compile(rb"^(?=[^ \n])", re.MULTILINE)
_SUBJECT_IN_GRAPH = re.compile(rb"^(?= {4}[^ ])|(?<=^}\n)(?=.)", re.MULTILINE)
_FIRST_IN_GRAPH = re.compile(rb"(?<=\{\n)\n")
_PREFIX_NAME = re.compile(r"[a-z][a-z0-9-]*")


def to_turtle(quads: Iterable[ox.Quad]) -> bytes:
    """Return the facts view of `quads` as Turtle."""
    triples = [quad.triple for quad in in_order(facts(quads))]
    header, body = _written(triples, ox.RdfFormat.TURTLE)
    return header + _SUBJECT_LINE.sub(b"\n", body)


def to_trig(quads: Iterable[ox.Quad]) -> bytes:
    """Return `quads` as TriG, graph by graph."""
    header, body = _written(in_order(quads), ox.RdfFormat.TRIG)
    return header + b"\n" + _FIRST_IN_GRAPH.sub(b"", _SUBJECT_IN_GRAPH.sub(b"\n", body))


def to_nquads(quads: Iterable[ox.Quad]) -> bytes:
    """Return `quads` as sorted lines of canonical N-Quads."""
    return b"".join(line + b"\n" for line in canonical_lines(quads))


def to_rdfxml(quads: Iterable[ox.Quad]) -> bytes:
    """Return the facts view of `quads` as RDF/XML.

    Raises `KgError` where XML has no form for a property or a character.
    """
    triples = [quad.triple for quad in in_order(facts(quads))]
    type_ = ox.NamedNode(terms.RDF + "type")
    names = [triple.predicate for triple in triples] + [t.object for t in triples if t.predicate == type_]
    data = ox.serialize(triples, format=ox.RdfFormat.RDF_XML, prefixes=_used(names)) or b""
    # A reader of XML takes a bare carriage return for a line feed.
    data = data.replace(b"\r", b"&#xD;")
    _check_xml(data)
    return data


def _check_xml(data: bytes) -> None:
    """Raise `KgError` unless `data` is well-formed: Oxigraph writes names and characters that XML does not know."""
    from xml.parsers import expat

    try:
        expat.ParserCreate(namespace_separator=" ").Parse(data, True)
    except expat.ExpatError as error:
        line = data.split(b"\n")[error.lineno - 1].decode("utf-8", "replace").strip()
        raise KgError(
            f"RDF/XML has no form for this: {line[:160]!r}",
            mend="export as turtle, which holds every property and text",
        ) from error


def _written(quads: list[ox.Quad] | list[ox.Triple], format_: ox.RdfFormat) -> tuple[bytes, bytes]:
    """Return header and body; the header is made here, since Oxigraph's has another order on every run.

    Text in both formats is one line a literal, with tabs only at the start of lines.
    """
    found: set[object] = {term for quad in quads for term in (quad.subject, quad.predicate, quad.object)}
    if format_ == ox.RdfFormat.TRIG:
        found |= {quad.graph_name for quad in quads if isinstance(quad, ox.Quad)}
    used = _used(found)
    data = ox.serialize(quads, format=format_, prefixes=used) or b""
    lines = data.replace(b"\t", b"    ").split(b"\n")
    body = b"\n".join(line for line in lines if not line.startswith(b"@prefix "))
    return "".join(f"@prefix {name}: <{iri}> .\n" for name, iri in sorted(used.items())).encode(), body


def _used(found: Iterable[object]) -> dict[str, str]:
    """Return the prefixes under which any of the terms lies, with one for the passages of each document, its slug."""
    iris = {term.value for term in found if isinstance(term, ox.NamedNode)}
    iris |= {term.datatype.value for term in found if isinstance(term, ox.Literal)}
    namespaces = {iri[: max(iri.rfind("/"), iri.rfind("#")) + 1] for iri in iris}
    known = prefixes(context())
    used = {name: iri for name, iri in known.items() if iri in namespaces}
    for namespace in namespaces:
        slug = namespace.removeprefix(terms.DOC).removesuffix("#")
        if namespace == f"{terms.DOC}{slug}#" and _PREFIX_NAME.fullmatch(slug) and slug not in known:
            used[slug] = namespace
    return used
