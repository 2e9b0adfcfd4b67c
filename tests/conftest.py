"""What several tests need: the shipped data, a store built from them, the texts, and ways to run `kg`."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import settings
from support import Runner, example_of, run_apart, run_here

from kg import gate, project
from kg.answer import Answer, ask
from kg.dataset import Dataset, read_project, slug_of
from kg.query import all_questions
from kg.store import EmbeddedStore, writing

# How long one example takes says nothing on a machine that does other work too.
# In CI, and in `make check`, the examples are the same on every run, so that a change is judged by what it changes.
settings.register_profile("unhurried", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("unhurried")


@pytest.fixture(scope="session")
def shipped() -> Dataset:
    """The ontology and the data that come with the project."""
    return read_project()


@pytest.fixture(scope="session")
def store_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store built from the shipped data, which tests only read."""
    folder = tmp_path_factory.mktemp("shipped") / "store"
    gate.build(str(folder))
    return folder


@pytest.fixture(scope="session")
def shipped_store(store_folder: Path) -> EmbeddedStore:
    """The store built from the shipped data, open for reading."""
    return EmbeddedStore.open(store_folder)


@pytest.fixture(scope="session")
def answers(shipped_store: EmbeddedStore) -> dict[str, Answer]:
    """The answer of every saved question on the shipped data, asked with the examples of the parameters it needs."""
    return {asked.name: ask(shipped_store, asked.name, example_of(asked)) for asked in all_questions()}


@pytest.fixture
def own_store(store_folder: Path, tmp_path: Path) -> Path:
    """A copy of the store built from the shipped data, which the test may change."""
    return Path(shutil.copytree(store_folder, tmp_path / "own"))


@pytest.fixture(scope="session")
def bare_folder(tmp_path_factory: pytest.TempPathFactory, shipped: Dataset) -> Path:
    """A store of the ontology and the reference data, without any document: fast to validate."""
    folder = tmp_path_factory.mktemp("bare") / "store"
    with writing(str(folder)) as writer:
        writer.replace(frozenset(quad for quad in shipped.quads if not slug_of(quad)))
    return folder


@pytest.fixture
def bare_store(bare_folder: Path, tmp_path: Path) -> Path:
    """A copy of the store without any document, which the test may change."""
    return Path(shutil.copytree(bare_folder, tmp_path / "bare"))


@pytest.fixture(scope="session")
def texts() -> Path:
    """The folder with the texts of the shipped documents; they are other people's words and not in the repository."""
    folder = Path(os.environ.get("KG_TEXTS") or project.root().parent / "shared" / "documents")
    if not folder.is_dir():
        pytest.skip(f"the texts of the documents are not here: set KG_TEXTS ({folder} does not exist)")
    return folder


@pytest.fixture
def kg(monkeypatch: pytest.MonkeyPatch) -> Runner:
    """Run `kg` in this process: fast, and free of what the caller's environment says."""
    for name in ("KG_STORE", "KG_TEXTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "100")
    return run_here


@pytest.fixture
def kg_apart(monkeypatch: pytest.MonkeyPatch) -> Runner:
    """Run `kg` in a process of its own, for what only shows at the end of a process."""
    for name in ("KG_STORE", "KG_TEXTS"):
        monkeypatch.delenv(name, raising=False)
    return run_apart
