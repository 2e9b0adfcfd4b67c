"""The command line: what each command gives, and the one clear error that bad input gets, the store untouched."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pyoxigraph as ox
import pytest
from support import DOCUMENTS, EXAMPLE, EXAMPLE_FILES, FIRST, PREFIXES, Ran, Runner, bytes_of

from kg import __version__, gate, terms
from kg.cli import cli
from kg.dataset import Dataset, dataset_hash, read_files
from kg.store import EmbeddedStore, writing

DESCRIPTION, CLAIMS = EXAMPLE_FILES


def refused(ran: Ran, code: int, *said: str) -> None:
    """Hold that a command ended with one clear error and nothing else."""
    assert ran.code == code, ran.err
    assert ran.out == ""
    assert "Traceback" not in ran.err
    for text in said:
        assert text in ran.err, (text, ran.err)


def changed(folder: Path, path: Path, old: str, new: str) -> Path:
    """Write one of the example's files with another text in it."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    (folder / path.name).write_text(text.replace(old, new), encoding="utf-8")
    return folder / path.name


# --- help -------------------------------------------------------------------------------------------


def commands(group: click.Group, *above: str) -> Iterator[tuple[str, ...]]:
    yield above
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, *above, name)
        else:
            yield (*above, name)


COMMANDS = list(commands(cli))


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help_with_an_example_of_itself(command: tuple[str, ...], kg: Runner) -> None:
    ran = kg(*command, "--help")

    assert (ran.code, ran.err) == (0, "")
    assert "Example:" in ran.out
    [first, *_] = ran.out.partition("Example:")[2].strip().splitlines()
    assert first.startswith(" ".join(("kg", *command)))


def test_the_commands_of_the_contract_are_there() -> None:
    names = {command[0] for command in COMMANDS if command}

    assert {"build", "add", "remove", "validate", "questions", "ask", "sparql", "show", "connect"} <= names
    assert {"export", "documents", "verify"} <= names


def test_no_command_at_all_shows_the_help(kg: Runner) -> None:
    ran = kg()

    assert ran.code == 2
    assert "Commands:" in ran.out + ran.err


def test_the_version_is_that_of_the_package(kg: Runner) -> None:
    assert __version__ in kg("--version").out


# --- what the commands give -------------------------------------------------------------------------


def test_build_says_what_it_built_and_the_hash_of_it(kg: Runner, tmp_path: Path, shipped: Dataset) -> None:
    ran = kg("build", "--store", tmp_path / "store")

    assert ran.code == 0
    assert f"dataset {dataset_hash(shipped.quads)}\n" in ran.out
    assert "1 document" in ran.out
    assert ran.err != ""


def test_quiet_leaves_the_talk_out(kg: Runner, tmp_path: Path) -> None:
    ran = kg("build", "--quiet", "--store", tmp_path / "store")

    assert (ran.code, ran.err) == (0, "")


def test_a_document_is_added_replaced_and_removed(kg: Runner, own_store: Path, shipped: Dataset) -> None:
    added = kg("add", *EXAMPLE_FILES, "--store", own_store)
    replaced = kg("add", DESCRIPTION, "--store", own_store)
    removed = kg("remove", EXAMPLE, "--store", own_store)

    assert [ran.code for ran in (added, replaced, removed)] == [0, 0, 0]
    assert added.out.startswith(f"added {EXAMPLE}")
    assert removed.out.startswith(f"removed {EXAMPLE}")
    assert removed.out.endswith(f"dataset {dataset_hash(shipped.quads)}\n")


def test_the_shipped_data_conform(kg: Runner) -> None:
    text = kg("validate")
    as_json = kg("validate", "--format", "json")
    turtle = kg("validate", "--format", "turtle")

    assert [ran.code for ran in (text, as_json, turtle)] == [0, 0, 0]
    assert "0 violations" in text.out
    assert json.loads(as_json.out)["conforms"] is True
    [conforms] = [
        quad for quad in ox.parse(turtle.out, format=ox.RdfFormat.TURTLE) if "conforms" in str(quad.predicate)
    ]
    assert conforms.object == ox.Literal(True)


def test_a_file_is_validated_with_the_shipped_data(kg: Runner, tmp_path: Path) -> None:
    good = kg("validate", *EXAMPLE_FILES)
    bad = kg("validate", DESCRIPTION, changed(tmp_path, CLAIMS, "pv:signature", "pv:handshake"))

    assert good.code == 0
    assert bad.code == 3
    assert "pv:handshake" in bad.out
    assert CLAIMS.name in bad.out


def test_the_questions_are_listed_for_people_and_for_programs(kg: Runner) -> None:
    table, listing = kg("questions"), json.loads(kg("questions", "--format", "json").out)

    assert [each["name"] for each in listing] == sorted(each["name"] for each in listing)
    assert all(set(each) == {"name", "summary", "parameters"} for each in listing)
    assert all(each["name"][:10] in table.out for each in listing)


def test_the_prefixes_are_built_in(kg: Runner, store_folder: Path) -> None:
    query = "SELECT ?a { ?a a pact:Agreement ; pact:party id:us, id:sv }"

    ran = kg("sparql", "--query", query, "--format", "csv", "--store", store_folder)

    assert ran.code == 0
    assert sorted(ran.out.split()[1:]) == [terms.ID + "us-sv-aca-1", terms.ID + "us-sv-stca-2"]


def test_a_query_comes_from_a_file_from_standard_input_or_from_the_command_line(
    kg: Runner, store_folder: Path, tmp_path: Path
) -> None:
    query = "SELECT ?s { ?s a pact:State } ORDER BY ?s"
    (tmp_path / "query.rq").write_text(query, encoding="utf-8")

    from_file = kg("sparql", tmp_path / "query.rq", "--store", store_folder)
    from_input = kg("sparql", "-", "--store", store_folder, stdin=query.encode())
    from_text = kg("sparql", "--query", query, "--store", store_folder)

    assert from_file == from_input == from_text
    assert from_file.code == 0


ABSENT = """SELECT ?a WHERE {
  ?a a pact:Agreement FILTER NOT EXISTS { ?e pact:eventOf ?a ; pact:eventType pv:termination }
  OPTIONAL { ?a skos:prefLabel ?label FILTER EXISTS { ?x a pact:State . ?a pact:party ?x } }
} ORDER BY ?a"""


def test_a_query_is_explained_as_it_would_be_run_and_can_be_run_so(kg: Runner, store_folder: Path) -> None:
    explained = kg("sparql", "--query", ABSENT, "--explain", "--store", store_folder)

    assert explained.code == 0
    first, second, *rest = explained.out.splitlines()
    assert first.startswith("# line 2: NOT EXISTS as MINUS: ")
    assert second.startswith("# line 3: EXISTS as LATERAL: ")
    assert rest[-1] == "MINUS { ?e pact:eventOf ?a ; pact:eventType pv:termination } } ORDER BY ?a"
    written, run = (kg("sparql", "--query", text, "--store", store_folder) for text in (ABSENT, explained.out))
    assert (written.code, written.out) == (0, run.out)
    assert "found" in written.out


def test_a_query_can_be_run_as_it_is_written(kg: Runner, store_folder: Path) -> None:
    either = [
        kg("sparql", "--query", ABSENT, "--format", "csv", *more, "--store", store_folder)
        for more in ((), ("--no-rewrite",))
    ]
    explained = kg("sparql", "--query", ABSENT, "--explain", "--no-rewrite", "--store", store_folder)
    of_an_endpoint = kg("sparql", "--query", ABSENT, "--explain", "--store", "http://127.0.0.1:9/")

    assert either[0] == either[1]
    assert either[0].code == 0
    assert explained == of_an_endpoint
    assert explained.out.splitlines()[1:] == ABSENT.splitlines()
    assert explained.out.startswith("# as written: ")


def test_what_cannot_be_run_is_not_explained(kg: Runner) -> None:
    refused(kg("sparql", "--query", f"{ABSENT} ORDER BOY", "--explain"), 2, "line 4, column")
    refused(kg("sparql", "--query", "DROP ALL", "--explain"), 2, "this is an update")


def test_the_first_document_has_fifteen_paragraphs_all_covered_or_explained(kg: Runner, store_folder: Path) -> None:
    ran = kg("documents", "--format", "json", "--store", store_folder)

    [document] = json.loads(ran.out)
    assert (document["paragraphs"], document["passages"], document["uncovered"]) == (15, 26, 0)


def test_every_hash_of_the_first_document_is_verified(kg: Runner, store_folder: Path, texts: Path) -> None:
    ran = kg("verify", "--texts", texts, "--store", store_folder)

    assert ran.code == 0
    assert "all 26 passages are as described" in ran.out


def test_reading_commands_change_no_byte_of_the_store(kg_apart: Runner, store_folder: Path) -> None:
    before = bytes_of(store_folder)

    for command in (["ask", "conflicts"], ["sparql", "--query", "ASK {}"], ["show", "id:sv"], ["documents"]):
        assert kg_apart(*command, "--store", store_folder).code == 0

    assert bytes_of(store_folder) == before


# --- what bad input gets: files ---------------------------------------------------------------------


def test_turtle_that_does_not_parse_is_named_with_its_line(kg: Runner, own_store: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.ttl").write_text(PREFIXES + "\nid:a id:b\n  id:c id:d .\n", encoding="utf-8")
    line = PREFIXES.count("\n") + 3
    before = bytes_of(own_store)

    for command in ("add", "build"):
        ran = kg(command, tmp_path / "broken.ttl", "--store", own_store)
        refused(ran, 3, f"broken.ttl:{line}:", "is not Turtle")

    refused(kg("validate", tmp_path / "broken.ttl"), 3, f"broken.ttl:{line}:")
    assert bytes_of(own_store) == before


FIRST_CLAIM, THIRD = f"claim:{EXAMPLE}-c01", f"claim:{EXAMPLE}-c03"
BAD_CLAIMS = {
    "a claim with no graph": (f"{THIRD} {{", "<https://example.org/elsewhere> {", ["https://example.org/elsewhere"]),
    "a graph with no claim": (f"{THIRD} a pact:Claim", f"{THIRD} a pact:Event", [THIRD]),
    "a graph of another claim": (f"{THIRD} {{", f"claim:{EXAMPLE}-c09 {{", [THIRD, f"claim:{EXAMPLE}-c09"]),
    "an unknown class": ("a pact:Agreement", "a pact:Treaty", ["pact:Treaty"]),
    "an unknown property": ("pact:counterpart", "pact:opposite", ["pact:opposite"]),
    "an unknown concept": ("pv:signature", "pv:handshake", ["pv:handshake"]),
    "an unknown modality": ("pv:alleged", "pv:rumoured", ["pv:rumoured"]),
    "a date that is no date": ('"2021-06-30"^^xsd:date', '"2021-06-31"^^xsd:date', ["2021-06-31"]),
    "a date that is a text": ('"2021-06-30"^^xsd:date', '"end of June"', ["end of June"]),
    "an agreement with one party": ("id:uy, id:py ;", "id:uy ;", ["id:uy-py-transit"]),
    "a passage that is not there": ("passage:p2s1", "passage:p7s1", ["p7s1"]),
    "a speaker who is not there": (f"id:{EXAMPLE}-two-officials ;", "id:three-officials ;", ["id:three-officials"]),
    "a claim without evidence": ("    pact:evidence     passage:p1s1 ;\n", "", [FIRST_CLAIM, "pact:evidence"]),
    "a claim without a statement": ("pact:statement    ", "skos:note    ", [FIRST_CLAIM, "pact:statement"]),
    "a blank node": ("pact:counterpart  id:py", "pact:counterpart  []", [f"{EXAMPLE}-c01"]),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_CLAIMS)
def test_a_claim_that_is_not_right_gets_file_rule_and_mend_and_changes_no_byte(
    name: str, kg: Runner, bare_store: Path, tmp_path: Path
) -> None:
    old, new, said = BAD_CLAIMS[name]
    path = changed(tmp_path, CLAIMS, old, new)
    before = bytes_of(bare_store)

    ran = kg("add", "--quiet", DESCRIPTION, path, "--store", bare_store)

    refused(ran, 3, path.name, *said)
    assert bytes_of(bare_store) == before


BAD_DESCRIPTIONS = {
    "a passage beyond the text": ("oa:end 321", "oa:end 9999", ["p2s2"]),
    "a passage that ends before it begins": ("oa:start 231 ; oa:end 321", "oa:start 321 ; oa:end 231", ["p2s2"]),
    "a position that is no number": ("oa:end 321", 'oa:end "end"', ["end"]),
    "a hash that is none": ('pact:charCount      ', 'pact:contentHash "abc" ; pact:charCount ', ["abc"]),
    "a passage of no document": ("    dcterms:isPartOf doc:", "    skos:note        doc:", ["p2s1"]),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_DESCRIPTIONS)
def test_a_description_that_is_not_right_gets_file_rule_and_mend_and_changes_no_byte(
    name: str, kg: Runner, bare_store: Path, tmp_path: Path
) -> None:
    old, new, said = BAD_DESCRIPTIONS[name]
    path = changed(tmp_path, DESCRIPTION, old, new)
    before = bytes_of(bare_store)

    ran = kg("add", "--quiet", path, CLAIMS, "--store", bare_store)

    refused(ran, 3, path.name, *said)
    assert bytes_of(bare_store) == before


def test_a_text_with_one_other_character_is_told_by_the_passage(kg: Runner, own_store: Path, tmp_path: Path) -> None:
    kg("add", *EXAMPLE_FILES, "--store", own_store)
    changed(tmp_path, DOCUMENTS / f"{EXAMPLE}.txt", "stranded", "Stranded")
    before = bytes_of(own_store)

    ran = kg("verify", "--texts", tmp_path, "--store", own_store)

    assert ran.code == 3
    assert f"{EXAMPLE}: the text differs" in ran.out
    assert re.search(r"passages that changed: p1s2\n", ran.out)
    assert bytes_of(own_store) == before


def test_no_text_at_all_is_no_verification(kg: Runner, store_folder: Path, tmp_path: Path) -> None:
    nowhere = kg("verify", "--store", store_folder)
    empty = kg("verify", "--texts", tmp_path, "--store", store_folder)

    refused(nowhere, 2, "no folder of texts", "KG_TEXTS")
    assert empty.code == 1
    assert "no text of any document was found" in empty.err


@pytest.mark.parametrize("ending", ["ttl", "trig", "nq", "jsonld", "rdf"])
def test_an_empty_file_is_refused(ending: str, kg: Runner, own_store: Path, tmp_path: Path) -> None:
    (tmp_path / f"empty.{ending}").touch()
    before = bytes_of(own_store)

    refused(kg("add", tmp_path / f"empty.{ending}", "--store", own_store), 3, f"empty.{ending}")

    assert bytes_of(own_store) == before


LARGE = 100 * 2**20
NOISE = {"zeros": b"", "one word": b"a", "an open string": b'"', "an open IRI": b"<"}

# Prints the peak of its own memory, in KiB, as the last line on stderr.
# The peak of the resource module would be that of the process that started this one; the kernel's own mark is not.
MEASURED = """
import atexit, pathlib, re, sys
status = pathlib.Path("/proc/self/status")
atexit.register(lambda: print(re.search(r"VmHWM:\\s*([0-9]+)", status.read_text())[1], file=sys.stderr))
from kg.cli import main
main()
"""


@pytest.mark.parametrize(
    ("ending", "noise"),
    [
        *((ending, "zeros") for ending in ("ttl", "trig", "nq", "jsonld", "rdf")),
        ("ttl", "one word"),
        ("trig", "an open string"),
    ],
)
def test_a_hundred_megabytes_that_are_no_rdf_are_refused_fast_and_in_little_memory(
    ending: str, noise: str, own_store: Path, tmp_path: Path
) -> None:
    path = tmp_path / f"large.{ending}"
    with path.open("wb") as file:
        if NOISE[noise]:
            for _ in range(100):
                file.write(NOISE[noise] * 2**20)
        file.truncate(LARGE)
    before = bytes_of(own_store)

    done = subprocess.run(
        [sys.executable, "-c", MEASURED, "add", str(path), "--store", str(own_store)],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    path.unlink()

    *said, peak = done.stderr.splitlines()
    refused(Ran(done.returncode, done.stdout, "\n".join(said)), 3, path.name)
    assert int(peak) < 300_000
    assert bytes_of(own_store) == before


def test_files_that_are_not_there_or_are_folders_are_wrong_usage(kg: Runner, own_store: Path, tmp_path: Path) -> None:
    before = bytes_of(own_store)

    refused(kg("add", tmp_path / "none.ttl", "--store", own_store), 2, "none.ttl", "does not exist")
    refused(kg("add", tmp_path, "--store", own_store), 2, "is a directory")
    refused(kg("add", "--store", own_store), 2, "FILES")
    refused(kg("remove", "nothing", "--store", own_store), 2, "there is no document “nothing”", FIRST)
    refused(kg("documents", "nothing", "--store", own_store), 2, "there is no document “nothing”", FIRST)

    assert bytes_of(own_store) == before


# --- what bad input gets: questions -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["agrements"], ["there is no question “agrements”", "nearest: agreements"]),
        (["nothing-like-it"], ["there is no question", "kg questions"]),
        (["agreements-between"], ["needs --state and --other", "id:sv  El Salvador"]),
        (["status-on"], ["needs --date", "YYYY-MM-DD"]),
        (["status-on", "--date", "2025-02-30"], ["--date: “2025-02-30” is no date", "YYYY-MM-DD"]),
        (
            ["agreements", "--state", "Marco Rubio"],
            ["--state: “Marco Rubio” is pact:Person, not a pact:State", "El Salvador"],
        ),
        (["agreements", "--state", "El Slavador"], ["--state: nothing here is called “El Slavador”", "El Salvador"]),
        (["agreements", "--state", '"> } DROP ALL #'], ["--state: nothing here is called"]),
        (["agreements", "--state", "id:sv> } DROP ALL #"], ["--state: "]),
        (["agreements", "--state", "id:%zz"], ["--state: ", "not an IRI"]),
        (["agreements", "--state", "id:nobody"], ["--state: nothing here is called id:nobody"]),
        (
            ["agreements", "--status", "pv:alleged"],
            ["--status: “pv:alleged” is skos:Concept, not a concept of pv:status"],
        ),
        (["agreements", "--nonsense", "x"], ["No such option"]),
        (["agreements", "--format", "xls"], ["--format", "table"]),
        (["actors-in", "--instrument", "El Salvador"], ["“El Salvador” is pact:State, not a pact:Instrument"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_question_asked_wrongly_says_what_is_wrong_and_changes_no_byte(
    arguments: list[str], said: list[str], kg: Runner, store_folder: Path
) -> None:
    before = bytes_of(store_folder)

    refused(kg("ask", *arguments, "--store", store_folder), 2, *said)

    assert bytes_of(store_folder) == before


def test_a_label_that_fits_two_things_lists_both(kg: Runner, tmp_path: Path, shipped: Dataset) -> None:
    place = tmp_path / "store"
    twins = ox.parse(
        PREFIXES
        + 'graph:reference\\/twins { id:ca skos:altLabel "Neighbour"@en . id:mx skos:altLabel "neighbour"@en }',
        format=ox.RdfFormat.TRIG,
    )
    with writing(str(place)) as writer:
        writer.replace(shipped.quads | set(twins))

    for arguments in (["ask", "agreements", "--state", "neighbour"], ["show", "NEIGHBOUR"]):
        refused(
            kg(*arguments, "--store", place),
            2,
            "fits 2 things:",
            "id:ca  Canada",
            "id:mx  Mexico",
            "give one of these names",
        )


def test_a_thing_that_is_not_there_is_not_shown(kg: Runner, store_folder: Path) -> None:
    refused(kg("show", "El Slavador", "--store", store_folder), 2, "nothing here is called", "nearest: El Salvador")
    refused(kg("show", "id:%zz", "--store", store_folder), 2, "is not an IRI")
    refused(kg("show", "", "--store", store_folder), 2, "nothing here is called")


# --- what bad input gets: SPARQL --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT ?a {\n  ?a a pact:State\n  ?b }", ["line 3, column 3", "    ^"]),
        ("SELEC ?a { ?a a pact:State }", ["line 1, column 1", "begin with SELECT"]),
        ("SELECT * { ?s nope:x ?o }", ["line 1, column 15", "the prefix nope: is not declared"]),
        ("", ["the query is empty"]),
        ("DROP ALL", ["this is an update (DROP)", "kg add"]),
        ("INSERT DATA { id:a id:b id:c }", ["this is an update (INSERT)"]),
        ("SELECT * { ?s ?p ?o } ; DROP ALL", ["line 1, column 23"]),
        ("SELECT * { SERVICE <http://localhost:9/> { ?s ?p ?o } }", ["the query calls another server (SERVICE)"]),
        ("LOAD <http://localhost:9/>", ["this is an update (LOAD)"]),
        ("SELECT * { " + "{" * 5000 + "}" * 5000 + " }", ["the query is too large"]),
        ("SELECT '\udcff' {}", ["not Unicode"]),
    ],
)
def test_sparql_that_is_not_a_query_is_refused_with_its_place_and_changes_no_byte(
    query: str, said: list[str], kg: Runner, store_folder: Path, tmp_path: Path
) -> None:
    before = bytes_of(store_folder)
    (tmp_path / "query.rq").write_bytes(query.encode("utf-8", "surrogateescape"))

    refused(kg("sparql", "--query", query, "--store", store_folder), 2, *said)
    if query.isprintable() or "\n" in query:
        refused(kg("sparql", tmp_path / "query.rq", "--store", store_folder), 2, *said)
        refused(kg("sparql", "-", "--store", store_folder, stdin=query.encode()), 2, *said)

    assert bytes_of(store_folder) == before


@pytest.mark.parametrize("content", [b"\xff\xfe\x00S", b"\x00" * 1000, b"%PDF-1.7\x80", os.urandom(4096)])
def test_a_query_that_is_not_text_is_refused(content: bytes, kg: Runner, store_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "query.rq").write_bytes(content)

    from_file = kg("sparql", tmp_path / "query.rq", "--store", store_folder)
    from_input = kg("sparql", "-", "--store", store_folder, stdin=content)

    assert from_file.code in (2, 3)
    refused(from_file, from_file.code)
    refused(from_input, 2)


def test_a_query_is_given_once(kg: Runner, store_folder: Path, tmp_path: Path) -> None:
    refused(kg("sparql", "--store", store_folder), 2, "give a file, - for standard input, or --query TEXT")
    refused(kg("sparql", "-", "--query", "ASK {}", "--store", store_folder), 2, "give a file")
    refused(kg("sparql", tmp_path / "none.rq", "--store", store_folder), 1, "none.rq", "No such file")


# --- what bad input gets: stores --------------------------------------------------------------------

READING = [
    ["ask", "conflicts"],
    ["sparql", "--query", "ASK {}"],
    ["show", "id:sv"],
    ["documents"],
    ["export", "--format", "nquads"],
    ["verify", "--texts", "."],
]
WRITING = [["add", *map(str, EXAMPLE_FILES)], ["remove", FIRST]]


@pytest.mark.parametrize("command", READING + WRITING, ids=lambda command: command[0])
def test_no_store_is_an_error_with_the_command_that_makes_one(command: list[str], kg: Runner, tmp_path: Path) -> None:
    refused(kg(*command, "--store", tmp_path / "none"), 1, "there is no store here", "kg build")

    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("command", [*READING, *WRITING], ids=lambda command: command[0])
def test_a_store_made_by_another_version_is_left_alone(command: list[str], kg: Runner, own_store: Path) -> None:
    (own_store / "current").write_text('{"format": 7, "version": "7.0.0", "generation": "generation-1"}')
    before = bytes_of(own_store)

    refused(kg(*command, "--store", own_store), 1, "layout 7", "version 7.0.0", "kg build")

    assert bytes_of(own_store) == before


def test_a_build_takes_the_place_of_a_store_made_by_another_version(kg: Runner, own_store: Path) -> None:
    (own_store / "current").write_text('{"format": 7, "version": "7.0.0", "generation": "generation-1"}')

    ran = kg("build", "--store", own_store)

    assert ran.code == 0
    assert kg("ask", "conflicts", "--store", own_store).code == 0


def test_a_damaged_store_is_an_error(kg: Runner, own_store: Path) -> None:
    [generation] = own_store.glob("generation-*[0-9]")
    for path in generation.glob("*.sst"):
        path.write_bytes(path.read_bytes()[:40])

    for command in READING:
        refused(kg(*command, "--store", own_store), 1, "store")


@pytest.mark.parametrize("place", ["/proc/kg-store", "file/store", "file"])
def test_a_folder_that_takes_no_files_is_an_error(place: str, kg: Runner, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")

    refused(kg("build", "--quiet", "--store", tmp_path / place), 1, "cannot be written", "--store")

    assert (tmp_path / "file").read_text() == "not a folder"


def test_a_full_disk_is_an_error_and_leaves_the_store_as_it_was(own_store: Path, shipped: Dataset) -> None:
    script = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000)); from kg.cli import main; main()"
    before = bytes_of(own_store)

    for arguments in (["build"], ["add", *map(str, EXAMPLE_FILES)]):
        done = subprocess.run(
            [sys.executable, "-c", script, *arguments, "--quiet", "--store", str(own_store)],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        refused(Ran(done.returncode, done.stdout, done.stderr), 1, "cannot be written", "free some space")
        if arguments == ["build"]:
            assert bytes_of(own_store) == before

    assert EmbeddedStore.open(own_store).quads() == shipped.quads


# --- the end of a process ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [
        ["ask", "agreements"],
        ["ask", "agreements", "--format", "json"],
        ["sparql", "--query", "SELECT * { ?s ?p ?o }", "--format", "csv"],
        ["sparql", "--query", "ASK {}"],
        ["show", "id:sv"],
        ["export", "--format", "nquads"],
        ["questions"],
        ["ask", "--help"],
        ["validate", "--quiet"],
    ],
    ids=" ".join,
)
def test_a_reader_that_goes_away_is_no_error(command: list[str], store_folder: Path) -> None:
    environment = {**os.environ, "KG_STORE": str(store_folder)}
    read, write = os.pipe()
    os.close(read)

    done = subprocess.run(
        [sys.executable, "-m", "kg", *command],
        stdout=write,
        stderr=subprocess.PIPE,
        env=environment,
        check=False,
        timeout=60,
    )
    os.close(write)

    assert done.stderr == b""
    assert done.returncode in (0, 1)


def test_an_interrupted_build_says_so_and_leaves_the_store_as_it_was(own_store: Path) -> None:
    before = bytes_of(own_store)
    command = [sys.executable, "-m", "kg", "build", "--store", str(own_store)]

    def heed() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell's background jobs ignore it, and pass that on

    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=heed) as build:
        assert build.stderr is not None
        build.stderr.readline()
        build.send_signal(signal.SIGINT)
        out, err = build.communicate(timeout=60)

    assert (build.returncode, out) == (1, "")
    assert "Traceback" not in err
    assert err.strip().endswith("kg: stopped")
    assert bytes_of(own_store) == before


def test_a_terminal_without_unicode_gets_an_answer_too(store_folder: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    for command in (["ask", "took-effect"], ["ask", "agreements", "--state", "Atlantis"], ["questions"]):
        done = subprocess.run(
            [sys.executable, "-m", "kg", *command, *(["--store", str(store_folder)] if command[0] == "ask" else [])],
            capture_output=True,
            env=environment,
            check=False,
        )
        assert b"Traceback" not in done.stderr
        assert done.returncode in (0, 2)


def test_help_loads_nothing_heavy(kg_apart: Runner) -> None:
    script = (
        "import sys; sys.argv = ['kg', '--help']\n"
        "from kg.cli import main\n"
        "main()\n"
        "heavy = {'rdflib', 'pyshacl', 'SPARQLWrapper', 'rich', 'yaml', 'pyoxigraph'}\n"
        "print(*sorted(set(sys.modules) & heavy), file=sys.stderr)"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert "Commands:" in done.stdout
    assert done.stderr == "\n"


def test_the_command_and_the_module_are_the_same(kg_apart: Runner, store_folder: Path) -> None:
    binary = shutil.which("kg", path=Path(sys.executable).parent)
    if binary is None:
        pytest.skip("the package is not installed here, only its files are")

    by_module = kg_apart("ask", "conflicts", "--store", store_folder)
    by_command = subprocess.run(
        [binary, "ask", "conflicts", "--store", store_folder], capture_output=True, text=True, check=True
    )

    assert by_command.stdout == by_module.out


def test_the_environment_names_the_store(kg: Runner, own_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gate.add(str(own_store), EXAMPLE_FILES)
    monkeypatch.setenv("KG_STORE", str(own_store))

    ran = kg("documents", "--format", "json")

    assert [each["document"] for each in json.loads(ran.out)] == [terms.DOC + FIRST, terms.DOC + EXAMPLE]
    assert read_files(EXAMPLE_FILES).quads <= EmbeddedStore.open(own_store).quads()
