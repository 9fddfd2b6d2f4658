"""`aigov db`: the history of an organisation's audits."""

from typing import Any

import click

from aigov.cli.options import iso_date, write_out

db_option = click.option(
    "--db",
    "url",
    metavar="URL",
    envvar="AIGOV_DB",
    default="",
    help="postgresql://USER@HOST/NAME or a file of SQLite (default: in your data folder).",
)


@click.group()
def db() -> None:
    """Look after the history of audits: a database of SQLite or PostgreSQL.

    \b
    Examples:
      aigov-gate db check
      aigov-gate db export > history.jsonl
    """


@db.command()
@db_option
def upgrade(url: str) -> None:
    """Make an empty history, or bring an older one up to date.  Back it up first.

    \b
    Examples:
      aigov-gate db upgrade
      aigov-gate db upgrade --db history.db
    """
    database = _open(url, write=True, upgrade=True)
    database.close()
    click.echo(f"{database.where}: up to date", err=True)


@db.command()
@db_option
def check(url: str) -> int:
    """Check that the schema is current and that what is kept is consistent.

    \b
    Example:
      aigov-gate db check

    \b
    Exit codes: 0 it is, 1 it is damaged, 2 it cannot be opened, or its schema is older or
    newer than this program.
    """
    from aigov.history.upkeep import faults

    database = _open(url)
    found = faults(database)
    write_out(f"{one}\n" for one in found or [f"{database.where}: current and consistent"])
    return int(bool(found))


@db.command()
@click.option(
    "--keep-runs",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Of how many runs every row is kept; what changed is kept of all.",
)
@click.option(
    "--metrics-before",
    metavar="YYYY-MM-DD",
    callback=lambda *given: given[2] and iso_date(*given),
    help="Thin the numbers of older runs to those of one run a week.",
)
@db_option
def prune(url: str, keep_runs: int, metrics_before: str | None) -> None:
    """Delete old rows, and cached facts that no row needs.

    \b
    Examples:
      aigov-gate db prune
      aigov-gate db prune --keep-runs 2 --metrics-before 2026-01-01
    """
    from aigov.history import upkeep

    database = _open(url, write=True)
    deleted = upkeep.prune(database, keep_runs, metrics_before or "")
    database.close()
    write_out(f"{name}: {count} deleted\n" for name, count in deleted.items())


@db.command()
@db_option
def export(url: str) -> None:
    """Print all that is kept, a line of JSON a row, but for times of a clock.

    The same runs give the same bytes, whichever database keeps them.

    \b
    Example:
      aigov-gate db export --db history.db > history.jsonl
    """
    from aigov.history import upkeep

    write_out(upkeep.export(_open(url)))


def _open(url: str, **rules: bool) -> Any:
    from aigov.history.databases import Database  # needs the extra `audit`

    return Database(url, **rules)
