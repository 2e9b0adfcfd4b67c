"""Namespaces and prefixes: the only place where an IRI base is spelled."""

from __future__ import annotations

import re

import pyoxigraph as ox

from kg.errors import UsageError

__all__ = [
    "ASK",
    "BASE",
    "CLAIM",
    "DOC",
    "GRAPH",
    "ID",
    "OA",
    "PACT",
    "PREFIXES",
    "PV",
    "RDF",
    "RDFS",
    "SH",
    "SHAPE",
    "SKOS",
    "XSD",
    "compact",
    "expand",
]

BASE = "https://w3id.org/pactgraph/"
PACT = BASE + "ontology#"
PV = BASE + "concept/"
SHAPE = BASE + "shape/"
ID = BASE + "id/"
CLAIM = BASE + "claim/"
DOC = BASE + "document/"
GRAPH = BASE + "graph/"
ASK = BASE + "ask/"

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
SH = "http://www.w3.org/ns/shacl#"
SKOS = "http://www.w3.org/2004/02/skos/core#"
XSD = "http://www.w3.org/2001/XMLSchema#"
OA = "http://www.w3.org/ns/oa#"

PREFIXES: dict[str, str] = {
    "claim": CLAIM,
    "dcterms": "http://purl.org/dc/terms/",
    "doc": DOC,
    "foaf": "http://xmlns.com/foaf/0.1/",
    "graph": GRAPH,
    "id": ID,
    "oa": OA,
    "org": "http://www.w3.org/ns/org#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "pact": PACT,
    "prov": "http://www.w3.org/ns/prov#",
    "pv": PV,
    "rdf": RDF,
    "rdfs": RDFS,
    "schema": "https://schema.org/",
    "sh": SH,
    "shape": SHAPE,
    "skos": SKOS,
    "xsd": XSD,
}
"""Prefixes that every query, file and message of the program may use without declaring them."""

_LONGEST_FIRST = sorted(PREFIXES.items(), key=lambda item: -len(item[1]))
_NAME = re.compile(r"(?P<prefix>[a-z]+):(?P<local>[^\s<>\"{}|\\^`]*)")
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x20<>\"{}|\\^`]+")


def compact(iri: str) -> str:
    """Return `iri` as a prefixed name for people, or unchanged where no prefix fits.

    The result is for reading and for `expand`; it is not always a Turtle name, since `#` needs no escape here.

    >>> compact("https://w3id.org/pactgraph/id/sv")
    'id:sv'
    """
    for prefix, namespace in _LONGEST_FIRST:
        if iri.startswith(namespace):
            return f"{prefix}:{iri[len(namespace) :]}"
    return iri


def expand(text: str) -> str:
    """Return the IRI that `text` gives: an IRI, an IRI in angle brackets, or a name with a built-in prefix.

    Raises `UsageError` where it is none of these.

    >>> expand("id:sv")
    'https://w3id.org/pactgraph/id/sv'
    """
    bare = text[1:-1] if text.startswith("<") and text.endswith(">") else text
    match = _NAME.fullmatch(bare)
    if match and match["prefix"] in PREFIXES:
        return _checked(PREFIXES[match["prefix"]] + match["local"])
    if _IRI.fullmatch(bare) and "://" in bare:
        return _checked(bare)
    raise UsageError(
        f"“{text}” is neither an IRI nor a name with a known prefix", mend=f"known prefixes: {', '.join(PREFIXES)}"
    )


def _checked(iri: str) -> str:
    try:
        return ox.NamedNode(iri).value
    except ValueError as error:
        raise UsageError(f"“{iri}” is not an IRI: {error}", mend="give an IRI, or a name such as id:sv") from error
