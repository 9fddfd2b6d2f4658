"""`aigov import`: a register of AI use cases to one manifest a use case."""

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import IO

import click

from aigov.bundled import folder
from aigov.emit import dump
from aigov.errors import UsageError
from aigov.events import MAX_DOCUMENT_BYTES
from aigov.inventory import BLANK, Cell, Imported, namesakes, records, use_cases, withdrawn
from aigov.loading import read_file, schema
from aigov.packs import read_document
from aigov.registers import Register, parse_register

REPORT = "import-report.jsonl"
LINE_LIMIT = 1 << 20
"""Characters of a line that are read at once: a longer one is a located trouble."""
_SHOWN_TROUBLES = 10


def _complete(_context: click.Context, _parameter: click.Parameter, typed: str) -> list[str]:
    return [name for name in map_names() if name.startswith(typed)]


@click.command("import")
@click.argument("file", type=click.Path())
@click.option(
    "--map",
    "map_name",
    required=True,
    metavar="NAME",
    shell_complete=_complete,
    help="The map of the register: the name of a shipped one, or a .yaml file.",
)
@click.option(
    "--output",
    required=True,
    metavar="DIR",
    type=click.Path(),
    help="The folder to write to; it is made if need be.",
)
@click.option(
    "--force",
    is_flag=True,
    help="Write into a folder that holds files: those of the same name are replaced.",
)
@click.pass_context
def import_(context: click.Context, file: str, map_name: str, output: str, force: bool) -> None:
    """Turn FILE, a register of AI use cases (CSV), into manifests.

    Each use case becomes DIR/<id>.aigov.yaml with what the register says about it and
    nothing more.  Each cell that has no place there, blank ones too, is a line of
    DIR/import-report.jsonl with its row (the header is row 1), column and reason.

    \b
    Example:
      aigov-gate import inventory.csv --map us-omb-2024 --output use-cases

    \b
    Exit codes: 0 all rows read, 1 a row or cell could not be read (its text is in the
    report), 2 could not import, 70 a bug, 130 interrupted.
    """
    register = load_map(map_name)
    encoding = choose_encoding(file, register)
    prepare(output, force=force)
    repeated = namesakes(records(_lines(file, encoding), register.delimiter), register)
    rows = records(_lines(file, encoding), register.delimiter)
    cases = use_cases(rows, register, repeated, file)
    with _replacing(os.path.join(output, REPORT)) as report:
        tally = _write(cases, report, output, file)
    click.echo(_sentence(tally, output, encoding))
    if tally["troubles"]:
        context.exit(1)


def map_names() -> list[str]:
    """Return the names of the shipped maps, sorted."""
    names = os.listdir(folder("inventories"))
    return sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml"))


def load_map(name: str) -> Register:
    """Read a shipped map by its name, or a map of one's own by its path."""
    known = map_names()
    if name in known:
        path = os.path.join(folder("inventories"), f"{name}.yaml")
    elif name.endswith((".yaml", ".yml")) and os.path.isfile(name):
        path = name
    else:
        raise UsageError(
            f"no map is called {name}", remedy=f"give one of {', '.join(known)} or a .yaml file"
        )
    document = read_document(read_file(path, "map"), path)
    return parse_register(document, path, schema("inventory.v1.json"))


def choose_encoding(path: str, register: Register) -> str:
    """Return the first of the map's encodings that reads the whole file, else the last.

    The register is read more than once, so it must be a regular file.
    """
    if not os.path.isfile(path):
        problem = "not a regular file" if os.path.exists(path) else "no such file"
        raise UsageError(problem, where=path, remedy="name the CSV file of the register")
    for encoding in register.encodings:
        with suppress(UnicodeDecodeError):
            for _ in _lines(path, encoding, errors="strict"):
                pass
            return encoding
    return register.encodings[-1]


def prepare(output: str, *, force: bool) -> None:
    """Make the folder; refuse one that holds anything, unless forced."""
    with _named(output):
        os.makedirs(output, exist_ok=True)
        taken = os.listdir(output)
    if taken and not force:
        raise UsageError(
            f"the folder is not empty (it holds {taken[0]})",
            where=output,
            remedy="name another folder, or add --force to replace files of the same name",
        )


def _write(cases: Iterable[Imported], report: IO[str], output: str, path: str) -> Counter[str]:
    """Write the manifests and the report; return the numbers that `_sentence` says."""
    tally: Counter[str] = Counter()
    for read in cases:
        text = dump(read.manifest)
        fits = len(text.encode()) <= MAX_DOCUMENT_BYTES
        case = read if fits else withdrawn(read.cells, "the manifest would be larger than 256 KiB")
        if case.id:
            tally["use cases"] += 1
            with _replacing(os.path.join(output, f"{case.id}.aigov.yaml")) as manifest:
                manifest.write(text)
        for cell in case.cells:
            tally["written" if cell.target else "kept"] += 1
            tally["blank"] += cell.reason == BLANK
            if cell.reason:
                tally["reworded"] += bool(cell.target)
                # ASCII alone: what deceives on a screen (bidirectional marks) is escaped
                report.write(json.dumps(_entry(cell, case.id)) + "\n")
        for cell in case.troubles:
            tally["troubles"] += 1
            _warn(cell, path, tally["troubles"])
    return tally


def _entry(cell: Cell, identity: str) -> dict[str, object]:
    """Return a line of the report; without the names of a manifest or place there is not."""
    entry = cell._asdict()
    known = {"use_case": identity, "target": entry.pop("target")}
    return entry | {name: value for name, value in known.items() if value}


def _warn(cell: Cell, path: str, number: int) -> None:
    if number <= _SHOWN_TROUBLES:
        column = f", column {cell.column}" if cell.column else ""
        click.echo(f"{path}:{cell.line}: row {cell.row}{column}: {cell.reason}", err=True)
    elif number == _SHOWN_TROUBLES + 1:
        click.echo(f"more like this: see {REPORT}", err=True)


def _sentence(tally: Counter[str], output: str, encoding: str) -> str:
    sentence = (
        f"{tally['use cases']:,} use cases written to {output}, read as {encoding}; "
        f"of {tally['written'] + tally['kept']:,} cells, {tally['written']:,} are in manifests "
        f"({tally['reworded']:,} in other words, their own are in {REPORT}) and "
        f"{tally['kept']:,} in {REPORT} alone, {tally['blank']:,} of these blank"
    )
    if tally["troubles"]:
        return f"{sentence}; {tally['troubles']:,} places could not be read"
    return sentence


def _lines(path: str, encoding: str, errors: str = "surrogateescape") -> Iterator[str]:
    """Yield the lines of the register, line ends kept, a very long one in parts."""
    with _named(path), open(path, encoding=encoding, errors=errors, newline="") as file:
        while line := file.readline(LINE_LIMIT):
            yield line


@contextmanager
def _named(path: str) -> Iterator[None]:
    """Turn a trouble with the file system into an error that names `path`."""
    try:
        yield
    except OSError as error:
        raise UsageError(error.strerror or str(error), where=path) from error


@contextmanager
def _replacing(path: str) -> Iterator[IO[str]]:
    """Open a new file that takes the place of `path` when all is written, or never."""
    draft = f"{path}.{os.getpid()}.new"
    with _named(path):
        try:
            with open(draft, "x", encoding="utf-8", newline="\n") as file:
                yield file
            os.replace(draft, path)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(draft)
