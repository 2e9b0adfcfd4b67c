"""The command line: read the arguments, call one function, render what comes back."""

from __future__ import annotations

import os
import sys
from datetime import date
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from kg import __version__, project
from kg.errors import KgError, StoreError, UnknownEntity, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from kg.gate import Outcome
    from kg.query import Question
    from kg.store import Store

__all__ = ["cli", "main"]

F = TypeVar("F", bound="Callable[..., Any]")
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


def _store_option(command: F) -> F:
    return click.option(
        "--store",
        metavar="DIR|URL",
        default=project.default_store,
        show_default=".kg, or KG_STORE",
        help="A folder made by kg build, or a SPARQL endpoint.",
    )(command)


def _quiet_option(command: F) -> F:
    return click.option("--quiet", is_flag=True, help="No progress on stderr.")(command)


def _format_option(*forms: str) -> Callable[[F], F]:
    return click.option(
        "--format", "form", type=click.Choice(forms), default=forms[0], show_default=True, help="Form of the output."
    )


def _texts_option(command: F) -> F:
    return click.option(
        "--texts",
        type=click.Path(path_type=Path, exists=True, file_okay=False),
        default=project.texts_folder,
        help="Folder of texts to quote from when citing; otherwise KG_TEXTS.",
    )(command)


def _cite_options(command: F) -> F:
    command = _texts_option(command)
    return click.option("--cite", "cited", is_flag=True, help="Name, for each row, the claims it rests on.")(command)


class _Day(click.ParamType[date]):
    """A date as YYYY-MM-DD."""

    name = "DATE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Return the date, or fail with a sentence."""
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"“{value}” is no date; write it as YYYY-MM-DD, such as 2025-06-01", param, ctx)


def _known_option(command: F) -> F:
    return click.option(
        "--known-at",
        type=_Day(),
        help="Only what documents say that were surely issued by this day (YYYY-MM-DD).",
    )(command)


def _opened(place: str, known_at: date | None) -> Store:
    from kg.store import open_store

    if known_at is None:
        return open_store(place)
    from kg import known

    return known.known_at(open_store(place), known_at)


def _progress(quiet: bool) -> Callable[[str], None] | None:
    return None if quiet else lambda text: click.echo(text, err=True)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="kg")
def cli() -> None:
    """Pactgraph: agreements, policies and actors, with every fact traced to the words that say it.

    \b
    Example:
      kg build
      kg ask agreements-between --state "United States" --other "El Salvador"
    """


# --- the way in -----------------------------------------------------------------------------------


@cli.command()
@click.argument("files", nargs=-1, type=FILE)
@_store_option
@_quiet_option
def build(files: tuple[Path, ...], store: str, quiet: bool) -> None:
    """Build the store: from the project's own ontology and data, or from FILES that kg export wrote.

    The new store is made beside the old one and takes its place in one step, once it is validated.

    \b
    Example:
      kg build
      kg build --store /tmp/copy build/pactgraph.trig
    """
    from kg import gate

    _report("built", gate.build(store, files, _progress(quiet)), store)


@cli.command()
@click.argument("files", nargs=-1, required=True, type=FILE)
@_store_option
@_quiet_option
def add(files: tuple[Path, ...], store: str, quiet: bool) -> None:
    """Add a document and its claims to the store: validated, in one transaction.

    FILES are Turtle or TriG (also N-Quads, JSON-LD): the document's description, its claims, or both. What the store
    held of the same document before is replaced.

    \b
    Example:
      kg add data/documents/my-story.ttl data/claims/my-story.trig
    """
    from kg import gate

    outcome = gate.add(store, files, _progress(quiet))
    verb = "replaced" if outcome.replaced else "added"
    _report(f"{verb} {', '.join(outcome.slugs) or 'data'}", outcome, store)


@cli.command()
@click.argument("document")
@_store_option
@_quiet_option
def remove(document: str, store: str, quiet: bool) -> None:
    """Remove DOCUMENT (its slug or IRI), its passages and its claims, in one transaction.

    \b
    Example:
      kg remove my-story
    """
    from kg import gate

    outcome = gate.remove(store, document, _progress(quiet))
    _report(f"removed {outcome.slugs[0]}", outcome, store)


def _report(done: str, outcome: Outcome, store: str) -> None:
    warnings = sum(finding.severity == "warning" for finding in outcome.report.findings)
    click.echo(
        f"{done} ({store}): {_count(outcome.documents, 'document')}, {_count(outcome.claims, 'claim')}, "
        f"{outcome.quads:,} quads; {_count(warnings, 'warning')}"
    )
    click.echo(f"dataset {outcome.dataset_hash}")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


@cli.command()
@click.argument("files", nargs=-1, type=FILE)
@_format_option("text", "json", "turtle")
@_quiet_option
def validate(files: tuple[Path, ...], form: str, quiet: bool) -> None:
    """Check data against the SHACL shapes and the rules on the whole graph.

    Without FILES, the project's own data; with FILES, these together with the project's data, of whose documents they
    take the place. Exit code 3 where something must be mended.

    \b
    Example:
      kg validate
      kg validate my-story.ttl my-story.trig --format json
    """
    import json

    from kg import gate
    from kg.dataset import read_files, read_project
    from kg.validate import validate as check

    dataset = read_project()
    if files:
        dataset = gate.merged(dataset, read_files(files))
    report = check(dataset.store(), dataset.sources, _progress(quiet))
    match form:
        case "json":
            click.echo(json.dumps(report.as_dict(), ensure_ascii=False, indent=2))
        case "turtle":
            click.echo(report.turtle(), nl=False)
        case _:
            click.echo(report.text())
    if not report.conforms:
        sys.exit(3)


# --- questions ------------------------------------------------------------------------------------


@cli.command()
@_format_option("table", "json")
def questions(form: str) -> None:
    """List the saved questions, with their parameters.

    \b
    Example:
      kg questions
      kg questions --format json
    """
    from kg import render
    from kg.query import all_questions

    listed = all_questions()
    if form == "json":
        click.echo(render.questions_json(listed), nl=False)
        return
    render.print_table(
        ("question", "what it asks", "parameters"),
        [
            (q.name, q.summary, " ".join(f"[--{p.option}]" if p.optional else f"--{p.option}" for p in q.parameters))
            for q in listed
        ],
    )
    click.echo("ask one with: kg ask NAME [--PARAMETER VALUE]; more on one: kg ask NAME --help")


class _Questions(click.Group):
    """One subcommand for each saved question, made when it is asked."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return [path.stem for path in project.question_files()]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        from kg.query import question

        return _ask_command(question(cmd_name))


@cli.group(cls=_Questions, subcommand_metavar="NAME [--PARAMETER VALUE …]")
def ask() -> None:
    """Ask the saved question NAME; a parameter takes a label, an id: name or an IRI.

    \b
    Example:
      kg ask agreements --state "El Salvador"
      kg ask status-on --date 2025-06-01 --format csv
    """


def _ask_command(asked: Question) -> click.Command:
    from kg import render

    def run(form: str, store: str, known_at: date | None, cited: bool, texts: Path | None, **given: str | None) -> None:
        from kg.answer import ask as answer

        found = answer(
            _opened(store, known_at),
            asked.name,
            {name: value for name, value in given.items() if value is not None},
            cited=cited,
            texts=texts,
        )
        if form == "table":
            render.print_answer(found)
        else:
            click.echo(render.answer_text(found, form), nl=False)

    command = click.command(
        asked.name,
        help=f"{asked.summary}\n\n{asked.description}\n\n\b\nExample:\n  kg ask {asked.name}{_example(asked)}",
        short_help=asked.summary,
    )(run)
    command = _store_option(_known_option(_cite_options(_format_option(*render.FORMATS)(command))))
    for parameter in reversed(asked.parameters):
        text = f"{parameter.summary} {'' if parameter.optional else '[required] '}Takes {parameter.takes}."
        click.option(f"--{parameter.option}", parameter.name, metavar="VALUE", help=text)(command)
    if all(parameter.name != "validAt" for parameter in asked.parameters):
        click.option("--valid-at", "validAt", hidden=True, callback=_no_life_cycle)(command)
    return command


def _no_life_cycle(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
    if value is not None:
        raise UsageError(
            f"the question {ctx.info_name} asks of no life cycle, so it has no answer as of a day",
            where="--valid-at",
            mend="questions that have: agreements, agreement-timeline, took-effect, ended-by, policies-by and others",
        )


def _example(asked: Question) -> str:
    shown = [parameter for parameter in asked.parameters if not parameter.optional] or list(asked.parameters[:1])
    return "".join(f' --{p.option} "{p.example}"' if " " in p.example else f" --{p.option} {p.example}" for p in shown)


@cli.command()
@click.argument("file", required=False, type=click.Path(path_type=Path, allow_dash=True))
@click.option("--query", "text", metavar="TEXT", help="The query itself, instead of a file.")
@_format_option("table", "json", "csv", "tsv", "md", "xml", "turtle", "ntriples", "jsonld", "rdfxml")
@_cite_options
@_known_option
@_store_option
def sparql(
    file: Path | None,
    text: str | None,
    form: str,
    store: str,
    known_at: date | None,
    cited: bool,
    texts: Path | None,
) -> None:
    """Run any SPARQL query that reads, from FILE, from standard input (-) or from --query.

    The prefixes pact:, pv:, id:, claim:, doc:, graph: and the usual ones are built in. A plain pattern sees the facts
    view; everything that is only said is reached with GRAPH ?claim { … }.

    \b
    Example:
      kg sparql --query 'SELECT ?a { ?a a pact:Agreement ; pact:party id:us, id:sv }'
      kg sparql question.rq --format csv
    """
    if (file is None) == (text is None):
        raise UsageError("give a file, - for standard input, or --query TEXT", where="kg sparql")
    query = text if text is not None else _read_query(file)
    _print_results(_opened(store, known_at), query, form, cited=cited, texts=texts)


def _read_query(file: Path | None) -> str:
    if file is None or str(file) == "-":
        return sys.stdin.buffer.read().decode("utf-8", "replace")
    from kg.document import read_text

    return read_text(file)


def _print_results(store: Store, query: str, form: str, *, cited: bool, texts: Path | None) -> None:
    from kg import render
    from kg.answer import run
    from kg.sparql import form_of

    if form_of(query) != "SELECT" or (form not in ("table", "md") and not cited):
        sys.stdout.buffer.write(render.results_bytes(store.query(query), form))
        return
    answer = run(store, query, cited=cited, texts=texts)
    if form == "table":
        render.print_answer(answer)
    else:
        click.echo(render.answer_text(answer, form), nl=False)


@cli.command()
@click.argument("entity")
@_store_option
def show(entity: str, store: str) -> None:
    """Show everything said about ENTITY (a label, an id: name or an IRI), with who says it.

    \b
    Example:
      kg show "El Salvador"
      kg show id:us-sv-aca-1
    """
    from kg import render
    from kg.describe import describe
    from kg.store import open_store

    render.print_description(describe(open_store(store), entity))


@cli.command()
@click.argument("start", metavar="A")
@click.argument("end", metavar="B")
@click.option(
    "--hops", type=click.IntRange(1, 12), default=6, show_default=True, help="At most so many facts in a chain."
)
@_texts_option
@_store_option
def connect(start: str, end: str, hops: int, texts: Path | None, store: str) -> None:
    """Show how A and B are related: the shortest chains of facts between them, each step cited.

    \b
    Example:
      kg connect "Joe Biden" id:us-gt-aca
    """
    from kg import connect as chains
    from kg import entity, render
    from kg.cite import notes
    from kg.store import open_store

    opened = open_store(store)
    ends = [entity.find(opened, start), entity.find(opened, end)]
    found = chains.connect(opened, *ends, hops=hops)
    if not found:
        click.echo(f"not recorded: no chain of at most {hops} facts leads from {start} to {end}")
        return
    steps = [step for each in found for step in each.steps]
    names = entity.labels(opened, {iri for step in steps for iri in (step.subject, step.property, step.object)})
    render.print_connections(found, names, notes(opened, [step.citation for step in steps], texts))


# --- the way out ----------------------------------------------------------------------------------


@cli.command()
@click.option(
    "--format",
    "form",
    required=True,
    type=click.Choice(["turtle", "trig", "nquads", "jsonld", "rdfxml", "csv"]),
    help="Turtle and RDF/XML hold the facts view; TriG, N-Quads and JSON-LD the whole dataset; CSV is tables.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="File to write; for csv also a folder of tables. Otherwise standard output.",
)
@_store_option
def export(form: str, output: Path | None, store: str) -> None:
    """Write the store's content; the same content always gives the same bytes.

    \b
    Example:
      kg export --format trig -o pactgraph.trig
      kg export --format csv -o tables/
    """
    from kg.export import write
    from kg.store import open_store

    write(open_store(store).quads(), form, output)


# --- documents ------------------------------------------------------------------------------------


@cli.command()
@click.argument("document", required=False)
@_format_option("table", "json")
@_store_option
def documents(document: str | None, form: str, store: str) -> None:
    """Show how far each document is covered by claims, or, for one DOCUMENT, each of its passages.

    \b
    Example:
      kg documents
      kg documents el-salvador-asylum-deal
    """
    from kg import render, terms
    from kg.claim import coverage
    from kg.store import open_store

    found = coverage(open_store(store).quads())
    if document is not None:
        iri = terms.expand(document) if ":" in document else terms.DOC + document
        names = ", ".join(each.document.slug for each in found) or "none"
        found = [each for each in found if each.document.iri == iri]
        if not found:
            raise UnknownEntity(f"there is no document “{document}” in this store", mend=f"documents here: {names}")
    if form == "json":
        click.echo(render.coverage_json(found), nl=False)
        return
    render.print_coverage(found)
    if document is not None:
        render.print_passages(found[0])


@cli.command()
@click.option(
    "--texts",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=project.texts_folder,
    help="Folder with the texts, one <slug>.txt a document; otherwise KG_TEXTS.",
)
@_store_option
def verify(texts: Path | None, store: str) -> None:
    """Check the texts you hold against the documents of the store, passage by passage.

    Exit code 3 where a text differs, 1 where no text is held at all.

    \b
    Example:
      kg verify --texts texts/
    """
    from kg import render
    from kg.document import check_text, documents_from
    from kg.store import open_store

    if texts is None:
        raise UsageError("no folder of texts", where="kg verify", mend="give --texts DIR, or set KG_TEXTS")
    checks = [check_text(document, texts) for document in documents_from(open_store(store).quads())]
    render.print_checks(checks)
    held = [check for check in checks if check.file is not None]
    if not held:
        raise KgError("no text of any document was found", where=str(texts), mend="name each text <slug>.txt")
    if not all(check.holds for check in held):
        sys.exit(3)


# --- one handler for every error ------------------------------------------------------------------


def main() -> None:
    """Run the command line; every error ends as one message on stderr and its exit code, never as a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal that lacks a character shows its code, and no traceback
            stream.reconfigure(errors="backslashreplace")
    try:
        cli.main(standalone_mode=False)
        sys.stdout.flush()
    except KgError as error:
        _fail(str(error), error.exit_code)
    except click.UsageError as error:
        error.show()
        sys.exit(2)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except click.Abort:
        _fail("stopped", 1)
    except BrokenPipeError:
        # The reader of our output went away, as `head` does; that is no failure.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        _fail(str(StoreError(f"{error.strerror or error}", where=str(error.filename or "kg"))), 1)


def _fail(message: str, code: int) -> None:
    click.echo(f"kg: {message}", err=True)
    sys.exit(code)
