"""Names: short for people, in full for the engine, and the same thing both ways."""

from __future__ import annotations

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg import terms
from kg.errors import UsageError


@given(st.sampled_from(sorted(terms.PREFIXES)), st.from_regex(r"[A-Za-z0-9_/.-]{0,20}", fullmatch=True))
def test_a_name_expands_and_compacts_to_itself_or_to_a_more_exact_prefix(prefix: str, local: str) -> None:
    name = f"{prefix}:{local}"

    iri = terms.expand(name)

    assert iri == terms.PREFIXES[prefix] + local
    assert terms.expand(terms.compact(iri)) == iri


@pytest.mark.parametrize("text", ["<https://w3id.org/pactgraph/id/sv>", "https://w3id.org/pactgraph/id/sv", "id:sv"])
def test_an_iri_is_taken_bare_in_brackets_and_as_a_name(text: str) -> None:
    assert terms.expand(text) == terms.ID + "sv"


def test_an_iri_of_another_dataset_stays_as_it_is() -> None:
    iri = "http://www.wikidata.org/entity/Q792"

    assert terms.compact(iri) == iri
    assert terms.expand(iri) == iri


def test_the_longest_namespace_gives_the_short_name() -> None:
    assert terms.compact(terms.DOC + "a#p1s1") == "doc:a#p1s1"
    assert terms.compact(terms.GRAPH + "claims/a") == "graph:claims/a"


@pytest.mark.parametrize(
    "text", ["", "sv", "nope:sv", "El Salvador", "id:a b", '"> } DROP ALL #', "mailto:a@example.org"]
)
def test_what_is_no_name_is_refused_with_the_prefixes_there_are(text: str) -> None:
    with pytest.raises(UsageError, match="neither an IRI nor a name with a known prefix") as caught:
        terms.expand(text)

    assert "id" in (caught.value.mend or "")


@pytest.mark.parametrize("text", ["id:%zz", "https://[bad/x", "id:\x01", "https://example.org/\udcff", "id:a[b"])
def test_what_looks_like_a_name_and_gives_no_iri_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not an IRI"):
        terms.expand(text)


@pytest.mark.parametrize("prefix", sorted(terms.PREFIXES))
def test_every_namespace_is_an_iri_that_ends_where_a_name_begins(prefix: str) -> None:
    namespace = terms.PREFIXES[prefix]

    assert ox.NamedNode(namespace).value == namespace
    assert namespace.endswith(("#", "/"))


def test_the_namespaces_of_the_contract_are_spelled_as_it_says() -> None:
    base = "https://w3id.org/pactgraph/"

    found = {name: terms.PREFIXES[name] for name in ("pact", "pv", "shape", "id", "claim", "doc", "graph")}

    assert found == {
        "pact": base + "ontology#",
        "pv": base + "concept/",
        "shape": base + "shape/",
        "id": base + "id/",
        "claim": base + "claim/",
        "doc": base + "document/",
        "graph": base + "graph/",
    }
