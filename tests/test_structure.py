"""The house: modules read in one order, each says what it is, each library has one door, IRIs are spelled once."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import kg
from kg import terms

PACKAGE = Path(kg.__file__).parent

# The way of the data, which is the reading order: a module imports only from before it.
ORDER = [
    *(
        "errors",
        "terms",
        "files",
        "project",
        "sparql",
        "document",
        "claim",
        "dataset",
        "derive",
        "validate",
        "store",
        "gate",
        "backup",
        "known",
    ),
    *(
        "entity",
        "query",
        "conflict",
        "corroboration",
        "cite",
        "answer",
        "permalink",
        "connect",
        "board",
        "describe",
        "export",
        "render",
        "web",
        "cli",
        "__main__",
    ),
]
DOORS = {"click": "cli", "pyshacl": "validate", "SPARQLWrapper": "store", "rich": "render", "filelock": "store"}
MODULES = [path for path in sorted(PACKAGE.rglob("*.py")) if "_project" not in path.parts]
NAMES = [path.relative_to(PACKAGE).as_posix() for path in MODULES]


@cache
def tree_of(name: str) -> ast.Module:
    return ast.parse((PACKAGE / name).read_text(encoding="utf-8"))


def part_of(name: str) -> str:
    """Return the module or package of the listing that a file belongs to."""
    return name.partition("/")[0].removesuffix(".py")


def module_name(name: str) -> str:
    return "kg." + name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def running(nodes: list[ast.stmt]) -> Iterator[ast.AST]:
    """Yield every node that is run; what stands under TYPE_CHECKING is for readers only."""
    for node in nodes:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        yield from ast.walk(node)


def imports_of(name: str) -> Iterator[tuple[str, str]]:
    """Yield the modules that a file imports anywhere, and the names that it takes from each ("" for the module)."""
    for node in running(tree_of(name).body):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.module, alias.name) for alias in node.names)


def parts_imported(name: str) -> set[str]:
    found = {f"{module}.{taken}" for module, taken in imports_of(name) if module.partition(".")[0] == "kg"}
    return {each.split(".")[1] for each in found} - {"", "__version__", part_of(name)}


def test_every_module_has_its_place_in_the_order() -> None:
    assert {part_of(name) for name in NAMES} - {"__init__"} <= set(ORDER)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "__init__.py"])
def test_a_module_imports_only_from_before_it(name: str) -> None:
    before = set(ORDER[: ORDER.index(part_of(name))])

    assert parts_imported(name) <= before


@pytest.mark.parametrize("name", NAMES)
def test_a_module_opens_with_one_sentence_that_says_what_it_is(name: str) -> None:
    text = ast.get_docstring(tree_of(name))

    assert text, "no sentence at the top"
    sentence = text.split("\n\n")[0]
    assert sentence.endswith(".")
    assert sentence.count(". ") == 0
    assert len(sentence.split()) >= 4


@pytest.mark.parametrize("name", NAMES)
def test_a_module_is_short_enough_to_read_in_one_go(name: str) -> None:
    assert len((PACKAGE / name).read_text(encoding="utf-8").splitlines()) <= 400


# --- what a module offers ---------------------------------------------------------------------------


def offered(name: str) -> list[str]:
    [found] = [
        node.value
        for node in tree_of(name).body
        if isinstance(node, ast.Assign | ast.AnnAssign) and "__all__" in ast.unparse(node).split("=")[0] and node.value
    ]
    return list(ast.literal_eval(found))


@pytest.mark.parametrize("name", NAMES)
def test_a_module_lists_what_it_offers(name: str) -> None:
    listed = offered(name)

    assert len(listed) == len(set(listed))
    module = importlib.import_module("kg" if name == "__init__.py" else module_name(name))
    assert [each for each in listed if not hasattr(module, each)] == []


@pytest.mark.parametrize("name", NAMES)
def test_every_public_function_and_class_is_listed(name: str) -> None:
    defined = {
        node.name
        for node in tree_of(name).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
        if not any(ast.unparse(each).startswith("cli.") for each in node.decorator_list)
    }

    assert defined <= set(offered(name))


@pytest.mark.parametrize("name", NAMES)
def test_only_what_a_module_lists_is_taken_from_it(name: str) -> None:
    files = {module_name(each): each for each in NAMES}
    taken = {
        (module, what)
        for module, what in imports_of(name)
        if module in files and what and f"{module}.{what}" not in files
    }

    assert [(module, what) for module, what in taken if what not in offered(files[module])] == []


# --- one door, one spelling -------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_each_library_has_one_door(name: str) -> None:
    libraries = {module.partition(".")[0] for module, _ in imports_of(name)}

    assert {library for library in libraries & DOORS.keys() if DOORS[library] != part_of(name)} == set()


@pytest.mark.parametrize("name", [name for name in NAMES if name != "terms.py"])
def test_no_module_but_terms_spells_an_iri_base(name: str) -> None:
    texts = [
        node.value
        for node in running(tree_of(name).body)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    documented = ast.FunctionDef | ast.ClassDef | ast.Module
    nodes = [node for node in ast.walk(tree_of(name)) if isinstance(node, documented)]
    docstrings = {ast.get_docstring(node, clean=False) for node in nodes}

    spelled = [text for text in texts if text not in docstrings for base in terms.PREFIXES.values() if base in text]

    assert spelled == []


@pytest.mark.parametrize("name", NAMES)
def test_no_module_prints_but_those_that_talk_to_people(name: str) -> None:
    calls = [
        node for node in running(tree_of(name).body) if isinstance(node, ast.Call) and ast.unparse(node.func) == "print"
    ]

    assert all("sys.stderr" in ast.unparse(call) for call in calls)


@pytest.mark.parametrize("name", NAMES)
def test_a_module_loads_on_its_own(name: str) -> None:
    if name == "__main__.py":
        return
    module = "kg" if name == "__init__.py" else module_name(name)
    heavy = {"rdflib", "pyshacl", "SPARQLWrapper"} if part_of(name) not in ("cite", "answer", "connect") else set()
    script = f"import sys, {module}; print(*sorted(set(sys.modules) & {heavy or set()!r}))"

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip() == ""


def test_the_tests_mirror_the_modules() -> None:
    tested = {path.stem.removeprefix("test_") for path in Path(__file__).parent.glob("test_*.py")}

    assert [
        part
        for part in ORDER
        if part not in ("errors", "__main__") and not any(each.startswith(part) for each in tested)
    ] == []
