"""`aigov audit`: the truth about all repositories of an organisation."""

import gc
import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import click

from aigov.cli.db import db_option
from aigov.cli.options import (
    Output,
    as_of_option,
    ending_options,
    format_option,
    packs_option,
    parse_formats,
    profile_option,
    stage_option,
    terminal_style,
    write_file,
    write_out,
)
from aigov.errors import UsageError
from aigov.loading import read_file, schema
from aigov.reports import Style
from aigov.reports.fleet import FLEET_FORMATS, render
from aigov.reports.fleet.measures import add, effect, nothing
from aigov.repositories import is_url
from aigov.results import FleetAudit

if TYPE_CHECKING:
    from aigov.sources import Source

FORMATS = (*FLEET_FORMATS, "sarif")
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")
_LONGEST = 100
"""Letters of the name of a repository that the name of its file has."""


@click.command()
@click.argument("arguments", nargs=-1, required=True, metavar="SOURCE...")
@db_option
@click.option("--resume", is_flag=True, help="Go on with the audit that was interrupted.")
@click.option(
    "--attestations",
    metavar="DIR",
    type=click.Path(),
    help="Attested decisions of the gate: governance counts from the first that allows.",
)
@click.option("--key", metavar="PUB", help="Public key (PEM) of who may sign attestations.")
@click.option(
    "--workers",
    type=click.IntRange(0, 256),
    metavar="N",
    help="Processes (default: one a processor; 0: this one).",
)
@click.option("--dask", metavar="ADDRESS", help="An existing Dask cluster in their place.")
@click.option("--archived", is_flag=True, help="Of an organisation, archived repositories too.")
@click.option("--forks", is_flag=True, help="Of an organisation, forks too.")
@click.option(
    "--error-budget",
    type=click.FloatRange(0, 100),
    default=1.0,
    show_default=True,
    metavar="PCT",
    help="Exit 2 where more of the repositories could not be read.",
)
@click.option(
    "--seconds", type=click.FloatRange(min=1), default=300.0, show_default=True,
    help="Time for one repository.",
)  # fmt: skip
@click.option(
    "--memory", type=click.IntRange(min=128), default=1024, show_default=True, metavar="MIB",
    help="Memory for one repository.",
)  # fmt: skip
@profile_option
@packs_option
@as_of_option
@stage_option
@format_option(FORMATS)
def audit(arguments: tuple[str, ...], **options: Any) -> int:
    """Judge every repository of an organisation, those with AI and no manifest above all.

    A SOURCE is a folder of clones or bare repositories, one repository, PATH@COMMIT, a
    file of git URLs, github:ORGANISATION or gitlab:GROUP (a token is read from
    GITHUB_TOKEN or GITLAB_TOKEN).  Nothing of a repository is run or checked out.

    \b
    Examples:
      aigov-gate audit ~/mirrors --profile organization.yaml
      aigov-gate audit urls.txt --format csv=audit.csv --format sarif=reports/
      aigov-gate audit github:northbank --db postgresql://audit@db.northbank.internal/aigov

    \b
    Exit codes: 0 nothing blocks, 1 findings or AI without a manifest, 2 could not judge
    or too many repositories could not be read, 70 a bug, 130 interrupted.
    """
    gc.enable()  # start-up turned it off; this may go on for hours
    # the history, pygit2 and the forges' libraries cost a second together
    from aigov.audit import Plan, Progress
    from aigov.audit import audit as run_audit
    from aigov.auditing import Order
    from aigov.history.store import History
    from aigov.pinned import cache_folder
    from aigov.sources import Filters, sources

    outputs = parse_formats(options["formats"], FORMATS)
    reports = next((one.file for one in outputs if one.format == "sarif"), None)
    if any(one.format == "sarif" and one.file is None for one in outputs):
        raise UsageError("SARIF is a file a repository", remedy="--format sarif=FOLDER")
    filters = Filters(options["archived"], options["forks"])
    found = sources(arguments, filters, lambda words: click.echo(words, err=True))
    for given in filter(None, (options["profile"], *options["folders"])):
        _refuse_inside(given, [one for one in found if not is_url(one.where)])
    order = Order(
        options["as_of"], options["stage"], options["folders"], options["profile"],
        not options["no_waivers"], bool(reports),
        os.path.join(cache_folder(), "mirrors"), options["seconds"],
    )  # fmt: skip
    workers = os.cpu_count() or 1 if options["workers"] is None else options["workers"]
    plan = Plan(order, options["dask"] or workers, options["memory"], options["resume"])
    with History(options["url"], write=True) as history:
        for statement in _attested(options["attestations"], options["key"]):
            history.keep_passes(statement)
        with _progress(len(found), quiet=options["quiet"]) as tell:

            def told(one: Progress) -> None:
                tell(one.number, one.entry)

            keep = _sarif_writer(reports)
            fleet = run_audit(found, plan, history, told, keep)
        _write(fleet, outputs, options)
        return _exit_code(fleet, options["fail_on"], options["error_budget"])


for option in reversed(ending_options):
    audit = option(audit)


def _refuse_inside(given: str, found: "list[Source]") -> None:
    """Nothing inside a repository that is audited is configuration."""
    from aigov.pinned import places
    from aigov.ways import identity, ways

    leading = {mark: place for place in places(given) for mark in ways(place)}
    for one in found:
        marks = map(identity, (one.where, os.path.join(one.where, ".git")))
        if place := next(filter(None, map(leading.get, marks)), ""):
            raise UsageError(
                f"lies inside {one.name}, which is audited and whose authors could edit it",
                where=place,
                remedy="keep it in a repository of its own and pin it: `aigov-gate profile fetch`",
            )


def _attested(folder: str | None, key: str | None) -> Iterator[Mapping[str, Any]]:
    """Yield the statements in a folder, with a key those alone that it signed; what is passed
    over is told."""
    if folder is None:
        return
    from jsonschema_rs import Draft202012Validator

    from aigov.attestation import opened

    holds, signed = Draft202012Validator(schema("attestation.v1.json")).is_valid, None
    if key:
        from aigov.signing import signed_by

        signed = signed_by(read_file(key, "key"), key)
    try:
        names = sorted(os.listdir(folder))
    except OSError as error:
        problem = f"the attestations cannot be read ({error.strerror})"
        raise UsageError(problem, where=folder) from None
    for path in (os.path.join(folder, name) for name in names):
        try:
            envelope, statement = opened(read_file(path, "attestation"), holds)
        except ValueError as error:
            click.echo(f"{path}: passed over: {error}", err=True)
            continue
        if signed and not (envelope and signed(envelope)):
            click.echo(f"{path}: passed over: not signed by {key}", err=True)
            continue
        yield statement


def _sarif_writer(folder: str | None) -> Callable[[Mapping[str, Any]], None]:
    try:
        if folder:
            os.makedirs(folder, exist_ok=True)
    except OSError as error:
        problem = f"the reports cannot be written ({error.strerror})"
        raise UsageError(problem, where=folder or "") from None

    def write(row: Mapping[str, Any]) -> None:
        if folder and row["sarif"]:
            name = row["entry"]["name"]
            mark = sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:8]
            file = f"{_UNSAFE.sub('-', name)[-_LONGEST:]}-{mark}.sarif"
            write_file(os.path.join(folder, file), [row["sarif"]], "report")

    return write


@contextmanager
def _progress(total: int, *, quiet: bool) -> Iterator[Callable[[int, Mapping[str, Any]], None]]:
    """Show how far the audit is: a bar on a terminal, else a line of JSON a repository."""
    if quiet:
        yield lambda _number, _entry: None
    elif sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import Progress

        with Progress(console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("repositories", total=total)
            yield lambda number, _entry: bar.update(task, completed=number)
    else:

        def line(number: int, entry: Mapping[str, Any]) -> None:
            told = {"done": number, "of": total, "name": entry["name"], "state": entry["state"]}
            click.echo(json.dumps(told | {"error": entry["error"]}), err=True)

        yield line


def _write(fleet: FleetAudit, outputs: list[Output], options: Mapping[str, Any]) -> None:
    shown = {name: options[name] for name in ("quiet", "verbose")}
    for output in sorted(outputs, key=lambda one: one.file is None):
        if output.format == "sarif":
            continue
        if output.file is None:
            write_out(render(output.format)(fleet, terminal_style(**shown)))
        else:
            style = Style(width=80, colour=False, **shown)
            write_file(output.file, render(output.format)(fleet, style), "report")


def _exit_code(fleet: FleetAudit, fail_on: str, budget: float) -> int:
    totals, misbehaved = nothing(), False
    for entry in fleet.rows():
        add(totals, entry)
        results = (one for document in entry["documents"] for one in document["results"])
        misbehaved = misbehaved or any(effect(one) == "error" for one in results)
    states, sums = totals["repositories"], totals["sums"]
    every, failed = sum(states.values()), states["failed"]
    if failed * 100 > budget * every:
        many = f"{failed:,} of {every:,} repositories could not be judged"
        click.echo(f"{many}: more than {budget:g} % (--error-budget)", err=True)
        return 2
    if misbehaved:
        return 2
    found = {"block": sums["blocking"], "warn": sums["blocking"] + sums["warnings"], "never": 0}
    return int(found[fail_on] > 0)
