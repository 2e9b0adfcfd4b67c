"""The commands that answer: questions, ask, sparql, show, connect."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kg import project
from kg.cli.options import cite_options, format_option, known_option, opened, store_option, texts_option
from kg.errors import UsageError

if TYPE_CHECKING:
    from kg.query import Question
    from kg.store import Store

__all__ = ["ask", "connect", "questions", "show", "sparql"]


@click.command()
@format_option("table", "json")
def questions(form: str) -> None:
    """List the saved questions.

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


@click.group(cls=_Questions, subcommand_metavar="NAME [--PARAMETER VALUE …]")
def ask() -> None:
    """Ask a saved question.

    NAME is one that kg questions lists. A parameter takes a label, an id: name or an IRI.

    \b
    Example:
      kg ask agreements --state "El Salvador"
      kg ask status-on --date 2025-06-01 --format csv
    """


def _ask_command(asked: Question) -> click.Command:
    from kg import render

    def run(
        form: str,
        store: str,
        known_at: date | None,
        cited: bool,
        texts: Path | None,
        permalink: str | None,
        **parameters: str | None,
    ) -> None:
        from kg.answer import ask as answer

        given = {name: value for name, value in parameters.items() if value is not None}
        place = opened(store, known_at)
        found = answer(place, asked.name, given, cited=cited, texts=texts)
        if permalink is not None:
            from kg import permalink as links

            link = links.permalink(place, asked, given, found)
            click.echo(links.permalink_text(link, permalink, date.today()), nl=False)
        elif form == "table":
            render.print_answer(found)
        else:
            click.echo(render.answer_text(found, form), nl=False)

    command = click.command(
        asked.name,
        help=f"{asked.summary}\n\n{asked.description}\n\n\b\nExample:\n  kg ask {asked.name}{_example(asked)}",
        short_help=asked.summary,
    )(run)
    command = store_option(_permalink_option(known_option(cite_options(format_option(*render.FORMATS)(command)))))
    for parameter in reversed(asked.parameters):
        text = f"{parameter.summary} {'' if parameter.optional else '[required] '}Takes {parameter.takes}."
        command.params.insert(0, click.Option([f"--{parameter.option}", parameter.name], metavar="VALUE", help=text))
    if all(parameter.name != "validAt" for parameter in asked.parameters):
        click.option("--valid-at", "validAt", hidden=True, callback=_no_life_cycle)(command)
    return command


def _permalink_option(command: click.Command) -> click.Command:
    return click.option(
        "--permalink",
        type=click.Choice(["text", "json", "bibtex", "csl"]),
        help="Print, instead of the answer, how to cite it: question, parameters, dataset and result by hash.",
    )(command)


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


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path, allow_dash=True))
@click.option("--query", "text", metavar="TEXT", help="The query itself, instead of a file.")
@click.option("--explain", is_flag=True, help="Print the query as it would be run, with what was changed and why.")
@click.option("--no-rewrite", "rewrite", is_flag=True, default=True, flag_value=False, help="Run it as it is written.")
@format_option("table", "json", "csv", "tsv", "md", "xml", "turtle", "ntriples", "jsonld", "rdfxml")
@cite_options
@known_option
@store_option
def sparql(
    file: Path | None,
    text: str | None,
    explain: bool,
    rewrite: bool,
    form: str,
    store: str,
    known_at: date | None,
    cited: bool,
    texts: Path | None,
) -> None:
    """Run a SPARQL query.

    It is read from FILE, from standard input (-) or from --query. The prefixes pact:, pv:, id:, claim:, doc:,
    graph: and the usual ones are built in. A plain pattern sees the facts view; everything that is only said is
    reached with GRAPH ?claim { … }.

    A store in a folder is slow with EXISTS and NOT EXISTS of several patterns, so these are run in another form with
    the same rows; --explain shows it.

    \b
    Example:
      kg sparql --query 'SELECT ?a { ?a a pact:Agreement ; pact:party id:us, id:sv }'
      kg sparql question.rq --format csv
      kg sparql question.rq --explain
    """
    if (file is None) == (text is None):
        raise UsageError("give a file, - for standard input, or --query TEXT", where="kg sparql")
    query = text if text is not None else _read_query(file)
    if explain:
        _explain(query, rewrite=rewrite and not store.startswith(("http://", "https://")))
    else:
        _print_results(opened(store, known_at), query, form, cited=cited, texts=texts, rewrite=rewrite)


def _read_query(file: Path | None) -> str:
    if file is None or str(file) == "-":
        return sys.stdin.buffer.read().decode("utf-8", "replace")
    from kg.document import read_text

    return read_text(file)


def _explain(query: str, *, rewrite: bool) -> None:
    """Print a query as it would be run, below comments that tell what was changed and why; so it can be run itself."""
    import pyoxigraph as ox

    from kg.sparql.rewrite import Rewriting, rewritten
    from kg.store import evaluate

    evaluate(ox.Store(), query)  # which says what is wrong with it
    found = rewritten(query) if rewrite else Rewriting(query, kept="an endpoint, or --no-rewrite, has it so")
    for line in found.notes or (found.kept or "it asks for no pattern with EXISTS",):
        click.echo(f"# {line}" if found.notes else f"# as written: {line}")
    click.echo(found.text.rstrip("\n"))


def _print_results(store: Store, query: str, form: str, *, cited: bool, texts: Path | None, rewrite: bool) -> None:
    from kg import render
    from kg.answer import run
    from kg.sparql import form_of

    if not cited and (form_of(query) != "SELECT" or form not in ("table", "md")):
        sys.stdout.buffer.write(render.results_bytes(store.query(query, rewrite=rewrite), form))
        return
    answer = run(store, query, cited=cited, texts=texts, rewrite=rewrite)
    if form == "table":
        render.print_answer(answer)
    else:
        click.echo(render.answer_text(answer, form), nl=False)


@click.command()
@click.argument("entity")
@click.option("--page", type=click.IntRange(1), default=1, show_default=True, help="Which page of its claims.")
@store_option
def show(entity: str, page: int, store: str) -> None:
    """Show everything said about a thing; of very many claims, a page at a time.

    ENTITY is a label, an id: name or an IRI. The page tells what it is, its life on a time line, who says what, what
    is open and what conflicts.

    \b
    Example:
      kg show "El Salvador"
      kg show id:us-sv-aca-1
    """
    from kg import render
    from kg.describe import describe
    from kg.store import open_store

    render.print_description(describe(open_store(store), entity, page, 200))


@click.command()
@click.argument("start", metavar="A")
@click.argument("end", metavar="B")
@click.option(
    "--hops", type=click.IntRange(1, 12), default=6, show_default=True, help="At most so many facts in a chain."
)
@texts_option
@store_option
def connect(start: str, end: str, hops: int, texts: Path | None, store: str) -> None:
    """Show how two things are related.

    The shortest chains of facts between A and B, each step cited.

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
