"""The project's own files: found in a checkout and in an installed wheel."""

from __future__ import annotations

from pathlib import Path

import pytest

from kg import project


def test_every_kind_of_file_is_there() -> None:
    found = {
        "ontology": project.ontology_files(),
        "shapes": project.shapes_files(),
        "checks": project.check_files(),
        "reference": project.reference_files(),
        "documents": project.document_files(),
        "claims": project.claims_files(),
        "questions": project.question_files(),
    }

    assert [kind for kind, files in found.items() if not files] == []
    assert project.context_file().is_file()


def test_files_come_in_order_of_their_names() -> None:
    names = [path.stem for path in project.question_files()]

    assert names == sorted(names)


def test_every_document_has_claims_and_every_claims_file_a_document() -> None:
    documents = {path.stem for path in project.document_files()}
    claims = {path.stem for path in project.claims_files()}

    assert documents == claims


def test_an_installed_package_reads_the_files_that_it_carries(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    package = tmp_path / "site-packages" / "kg"
    carried = package / "_project" / "ontology"
    carried.mkdir(parents=True)
    (carried / "pactgraph.ttl").touch()
    monkeypatch.setattr(project, "_PACKAGE", package)

    assert project.root() == package / "_project"
    assert project.ontology_files() == [carried / "pactgraph.ttl"]


def test_the_store_is_named_by_the_environment_or_lies_in_the_working_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KG_STORE", raising=False)
    without = project.default_store()
    monkeypatch.setenv("KG_STORE", "/somewhere/else")
    named = project.default_store()
    monkeypatch.setenv("KG_STORE", "")
    empty = project.default_store()

    assert (without, named, empty) == (".kg", "/somewhere/else", ".kg")


def test_texts_have_no_folder_unless_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KG_TEXTS", raising=False)
    without = project.texts_folder()
    monkeypatch.setenv("KG_TEXTS", "/texts")
    named = project.texts_folder()

    assert (without, named) == (None, Path("/texts"))
