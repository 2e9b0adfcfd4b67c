"""Write the ontology's terms, as pyLODE lays them out, for the page at /ontology: `make docs`."""

from __future__ import annotations

import logging
import re
import sys
from importlib.metadata import version
from pathlib import Path
from xml.etree import ElementTree

import html5lib
from rdflib import OWL, RDF, RDFS, SKOS, Graph, URIRef

from kg import project, terms

MAIN = URIRef(terms.PACT.removesuffix("#"))
Element = ElementTree.Element


def merged() -> Graph:
    """Return the parts of the ontology as one graph with one header.

    pyLODE takes the first header it meets for the title, so the headers of the parts and the controlled lists stay out.
    That each term is defined by the ontology goes without saying on its own page.
    """
    graph = Graph()
    for path in project.ontology_files():
        if path.stem != "concepts":
            graph.parse(path)
    for subject in set(graph.subjects()):
        if not (subject == MAIN or str(subject).startswith((terms.PACT, terms.ID))):
            graph.remove((subject, None, None))
    graph.remove((MAIN, OWL.imports, None))
    graph.remove((None, RDFS.isDefinedBy, None))
    return graph


def page(graph: Graph) -> Element:
    """Return the terms as HTML that can stand inside a page of ours: no script, no style, a term's name for its id.

    Raises `ValueError` where a term of the ontology has no place in it.
    """
    logging.disable(logging.INFO)
    from pylode.profiles.ontpub import OntPub

    made = html5lib.parse(OntPub(ontology=graph).make_html(), namespaceHTMLElements=False)
    content, contents = (_found(made, f".//div[@id='{name}']") for name in ("content", "toc"))
    _datatypes(graph, content, contents)
    title = _found(content, ".//h1")
    _found(content, "div[@id='metadata']").remove(title)
    body = ElementTree.Element("div", {"class": "ontology"})
    body.extend([title, _as_navigation(contents), content, _credit()])
    _name(body)
    _plain(body)
    missing = {str(each) for each in graph.subjects() if str(each).startswith(terms.PACT)} - {
        terms.PACT + each.get("id", "") for each in body.iter("div")
    }
    if missing:
        raise ValueError(f"pyLODE leaves out {', '.join(sorted(missing))}")
    return body


def _found(tree: Element, path: str) -> Element:
    found = tree.find(path)
    if found is None:
        raise ValueError(f"pyLODE's page has no {path}")
    return found


def _element(name: str, text: str = "", *children: Element, **attributes: str) -> Element:
    made = ElementTree.Element(name, attributes)
    made.text = text
    made.extend(children)
    return made


def _credit() -> Element:
    credit = _element("p", "Laid out by ", _element("a", "pyLODE", href="https://github.com/RDFLib/pyLODE"))
    credit[0].tail = f" {version('pylode')}."
    credit.set("class", "by")
    return credit


def _datatypes(graph: Graph, content: Element, contents: Element) -> None:
    """Add the datatypes, which pyLODE leaves out."""
    section = _element("div", "", _element("h2", "Datatypes"), id="datatypes")
    listed = _element("ul")
    for term in sorted(graph.subjects(RDF.type, RDFS.Datatype)):
        label = str(graph.value(term, RDFS.label))
        rows = [_row("IRI", _element("code", str(term)))]
        for name, property_ in (("Description", SKOS.definition), ("Scope Note", SKOS.scopeNote)):
            rows += [_row(name, _element("p", str(text))) for text in graph.objects(term, property_)]
        rows += [_row("Example", _element("pre", str(text))) for text in graph.objects(term, SKOS.example)]
        name = str(term).removeprefix(terms.PACT)
        section.append(
            _element("div", "", _element("h3", label), _element("table", "", *rows), id=name, **{"class": "entity"})
        )
        listed.append(_element("li", "", _element("a", label, href=f"#{name}")))
    content.insert([each.get("id") for each in content].index("namespaces"), section)
    heading = _element("h4", "", _element("a", "Datatypes", href="#datatypes"))
    sections = _found(contents, "ul")
    links = [_found(each, "h4/a").get("href") for each in sections]
    sections.insert(links.index("#namespaces"), _element("li", "", heading, listed))


def _row(name: str, value: Element) -> Element:
    return _element("tr", "", _element("th", name), _element("td", "", value))


def _as_navigation(contents: Element) -> Element:
    """Return the table of contents as a list that can be folded; the namespaces are not listed one by one."""
    for part in _found(contents, "ul"):
        heading = _found(part, "h4")
        heading.tag = "p"
        if _found(heading, "a").get("href") in ("#metadata", "#namespaces", "#legend"):
            for inner in part.findall("ul"):
                part.remove(inner)
    return _element(
        "nav",
        "",
        _element("details", "", _element("summary", "All terms"), *contents.findall("ul"), open=""),
        **{"aria-label": "Terms"},
    )


def _name(body: Element) -> None:
    """Give each term its own name as id, so that its IRI leads to it, and every other part an id that no term has."""
    names: dict[str, str] = {}
    for each in body.iter():
        if (old := each.get("id")) is not None:
            iri = each.findtext("table//code") or "" if "entity" in each.get("class", "") else ""
            names[old] = iri.removeprefix(terms.PACT) if iri.startswith(terms.PACT) else f"about-{old}"
            each.set("id", names[old])
    for link in body.iter("a"):
        address = link.get("href", "")
        if address.startswith("#"):
            link.set("href", f"#{names[address[1:]]}")
        elif address.rstrip("#") == str(MAIN):
            link.set("href", "#main")


def _plain(body: Element) -> None:
    """Close up the white space that pyLODE sets its elements apart with, and head each row of a table."""
    for each in body.iter():
        if each.tag == "th":
            each.set("scope", "row")
        if each.get("title", "").startswith("None"):
            del each.attrib["title"]
        if each.tag != "pre":
            each.text = re.sub(r"\s+", " ", each.text or "")
        each.tail = re.sub(r"\s+", " ", each.tail or "")
    for each in body.iter("li"):  # A comma follows there.
        each.text = ""
        for inner in each.iter():
            if len(inner):
                inner[-1].tail = ""


def main(target: Path) -> None:
    """Write the page to `target`."""
    target.parent.mkdir(parents=True, exist_ok=True)
    text = ElementTree.tostring(page(merged()), encoding="unicode", method="html")
    target.write_text(text + "\n", encoding="utf-8")
    print(f"wrote {target} ({target.stat().st_size:,} bytes)")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
