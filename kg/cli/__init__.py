"""The command line: read the arguments, call one function, render what comes back."""

from __future__ import annotations

import gc
import os
import sys
from io import TextIOWrapper

import click

from kg import __version__
from kg.cli import asking, incoming, keeping, outgoing, serving
from kg.errors import KgError, StoreError

__all__ = ["cli", "main"]


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="kg")
def cli() -> None:
    """Pactgraph: agreements, policies and actors, with every fact traced to the words that say it.

    \b
    Example:
      kg build
      kg ask agreements-between --state "United States" --other "El Salvador"
    """


for command in (
    incoming.build,
    incoming.add,
    incoming.remove,
    incoming.validate,
    asking.questions,
    asking.ask,
    asking.sparql,
    asking.show,
    asking.connect,
    outgoing.export,
    outgoing.documents,
    outgoing.verify,
    keeping.status,
    keeping.backup,
    keeping.restore,
    serving.serve,
    serving.site,
):
    cli.add_command(command)


def main() -> None:
    """Run the command line; every error ends as one message on stderr and its exit code, never as a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal that lacks a character shows its code, and no traceback
            stream.reconfigure(errors="backslashreplace")
    # A command ends soon and leaves few cycles behind; to look for them often costs a twentieth of its time.
    gc.set_threshold(200_000, 20, 50)
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
    except RuntimeError as error:
        from kg.store import damage

        if (found := damage(error)) is None:
            raise
        _fail(str(found), found.exit_code)


def _fail(message: str, code: int) -> None:
    click.echo(f"kg: {message}", err=True)
    sys.exit(code)
