"""Write the ontology as one HTML page with pyLODE: `python docs/ontology_page.py build/docs/ontology.html`."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

from rdflib import OWL, Graph, URIRef

from kg import project, terms

MAIN = URIRef(terms.PACT.removesuffix("#"))


def merged() -> Graph:
    """Return the parts of the ontology as one graph with one header.

    pyLODE takes the first header it meets for the title, so the headers of the parts and the controlled lists stay out.
    """
    graph = Graph()
    for path in project.ontology_files():
        if path.stem != "concepts":
            graph.parse(path)
    for subject in set(graph.subjects()):
        if not (subject == MAIN or str(subject).startswith((terms.PACT, terms.ID))):
            graph.remove((subject, None, None))
    graph.remove((MAIN, OWL.imports, None))
    return graph


def main(target: Path) -> None:
    """Write the page to `target`."""
    logging.disable(logging.INFO)
    from pylode.profiles.ontpub import OntPub

    target.parent.mkdir(parents=True, exist_ok=True)
    OntPub(ontology=merged()).make_html(destination=target)
    print(f"wrote {target} ({target.stat().st_size:,} bytes)")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
