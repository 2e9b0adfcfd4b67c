"""The commands that keep a store: status, backup, restore."""

from __future__ import annotations

from pathlib import Path

import click

from kg.cli.options import FILE, format_option, progress, quiet_option, report, store_option

__all__ = ["backup", "restore", "status"]


@click.command()
@click.option("--verify", is_flag=True, help="Read the whole dataset, and compare its hash with the noted one.")
@format_option("text", "json")
@store_option
def status(verify: bool, form: str, store: str) -> None:
    """Show how the store is.

    What it holds, the hash that was noted with the last change, whether a change was broken off, who is writing, and
    what is left over. With --verify, exit code 1 where the dataset is not the one that was written.

    \b
    Example:
      kg status
      kg status --verify --format json
    """
    from kg import render
    from kg.store import open_store
    from kg.store import status as found

    how = found(open_store(store), verify=verify)
    click.echo(render.status_json(how) if form == "json" else render.status_text(how), nl=False)


@click.command()
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), required=True, help="File to write: *.nq.gz."
)
@store_option
def backup(output: Path, store: str) -> None:
    """Put the dataset in one file.

    The file is compressed N-Quads after a head with the dataset's hash. It bears its name once it is whole and on the
    disk; the same dataset gives the same bytes. Others may read and write the store meanwhile.

    \b
    Example:
      kg backup -o pactgraph.nq.gz
    """
    from kg import backup as backups

    written = backups.write(store, output)
    click.echo(f"backed up ({store}) to {output}: {len(written.quads):,} quads")
    click.echo(f"dataset {written.dataset_hash}")


@click.command()
@click.argument("file", type=FILE)
@store_option
@quiet_option
def restore(file: Path, store: str, quiet: bool) -> None:
    """Make the store anew from a backup.

    FILE is one that kg backup wrote. It is checked against its own hash and validated before anything is changed;
    then the new store takes the place of whatever is there in one step, also of one that is damaged.

    \b
    Example:
      kg restore pactgraph.nq.gz
    """
    from kg import backup as backups

    report("restored", backups.restore(store, file, progress(quiet)), store)
