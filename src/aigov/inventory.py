"""A register of AI use cases (CSV) to manifests, by a map that is data.

Nothing is invented and nothing is lost: each cell of the register either stands word
for word in a manifest, or goes to the import report with the reason; a cell that stands
in a manifest in other words (a date, a value of a table) is in both.

Rows count as in a spreadsheet: the header is row 1, and a row may hold several lines.
"""

import csv
import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import count, zip_longest
from typing import Any, NamedTuple

from aigov.errors import UsageError
from aigov.registers import Column, Place, Register, Target, normal
from aigov.source import join_pointer, replaced

BLANK = "blank"
"""The reason of a cell that says nothing, by the map's list of blanks."""

ID_LENGTH = 63
_MARK_LENGTH = 6
"""Hex digits that tell namesakes apart: a collision of the 24 bits costs a retry only."""

# Windows opens a device by these names, whatever the suffix (Microsoft, "Naming Files").
_DEVICE = re.compile(r"con|aux|nul|prn|(?:com|lpt)[0-9]")
_UNREADABLE = re.compile("[\0\ud800-\udfff]")


class Record(NamedTuple):
    """One row of the CSV text."""

    row: int
    """From 1, empty rows counted."""
    line: int
    """The physical line it starts on, from 1."""
    cells: Sequence[str]
    """The row's own text alone where it cannot be split into cells."""
    trouble: str = ""
    """Why it cannot be split."""


class Cell(NamedTuple):
    """One cell of the register and what became of it."""

    row: int
    line: int
    column: int
    """From 1; 0 for the text of a row that cannot be split into cells."""
    header: str
    value: str
    """As in the register; an undecodable byte is a lone surrogate (PEP 383)."""
    target: str = ""
    """JSON pointer of the value in the manifest; empty where it is not there."""
    reason: str = ""
    """Why the report keeps it; empty where `value` stands word for word at `target`."""


class Imported(NamedTuple):
    """One row of the register: the manifest it makes and the account of its cells."""

    id: str
    """`metadata.id` of the manifest; empty where the row makes none."""
    manifest: dict[str, Any]
    cells: tuple[Cell, ...]
    troubles: tuple[Cell, ...]
    """Those of the cells that could not be read: they make the import incomplete."""


def records(lines: Iterable[str], delimiter: str) -> Iterator[Record]:
    """Split CSV text (RFC 4180) into rows, one at a time.

    `lines` keep their line ends.  A row that breaks the format is a record with its
    trouble and its text; reading goes on at the next line.
    """
    taken: list[str] = []

    def feed() -> Iterator[str]:
        for number, line in enumerate(lines):
            taken.append(line if number else line.removeprefix("\ufeff"))
            yield taken[-1]

    reader = csv.reader(feed(), delimiter=delimiter, strict=True)
    row, line = 0, 1
    while True:
        row, line = row + 1, line + len(taken)
        taken.clear()
        try:
            yield Record(row, line, next(reader))
        except StopIteration:
            return
        except csv.Error as error:
            yield Record(row, line, ["".join(taken)], f"not CSV: {error}")


def namesakes(rows: Iterable[Record], register: Register) -> frozenset[str]:
    """Return the slugs that more than one row has: a first pass over the register.

    `rows` begin with the header, as for `use_cases`.  Knowing namesakes beforehand
    keeps ids independent of the order of the rows.
    """
    seen: set[str] = set()
    repeated: set[str] = set()
    for record in rows:
        if record.row > 1 and not _misfit(record, register):
            slug = _slug(record.cells, register)
            (repeated if slug in seen else seen).add(slug)
    return frozenset(repeated)


def use_cases(
    rows: Iterable[Record], register: Register, repeated: frozenset[str], name: str
) -> Iterator[Imported]:
    """Turn each row into a manifest and the account of its cells; an empty one is none.

    `repeated` comes from `namesakes` over the same rows; `name` is the file's, for
    messages.  Raises UsageError where the header is not the one that the map expects.
    """
    rows = iter(rows)
    problem = _header_problem(next(rows, Record(1, 1, ())), register)
    if problem:
        remedy = f"the map {register.name} reads this register alone: {register.title}"
        raise UsageError(problem, where=f"{name}:1", remedy=remedy)
    taken: set[str] = set()
    for record in rows:
        misfit = _misfit(record, register)
        if not misfit:
            identity = next(one for one in _ids(record, register, repeated) if one not in taken)
            taken.add(identity)
            yield _use_case(record, register, identity)
        elif record.cells:
            yield withdrawn(_cells(record, register), misfit)


def withdrawn(cells: Iterable[Cell], reason: str) -> Imported:
    """Return the account of a row whose manifest cannot stand: all its cells are kept."""
    kept = tuple(cell._replace(target="", reason=reason) for cell in cells)
    return Imported("", {}, kept, kept[:1])


def _header_problem(record: Record, register: Register) -> str:
    if record.trouble or not record.cells:
        return record.trouble or "no header row"
    expected = [column.header for column in register.columns]
    for number, (found, header) in enumerate(zip_longest(record.cells, expected), 1):
        if found is None or header is None or normal(found) != normal(header):
            has = "missing" if found is None else f'headed "{found}"'
            wanted = "no more" if header is None else f'"{header}"'
            return f"column {number} is {has}, expected {wanted}"
    return ""


def _misfit(record: Record, register: Register) -> str:
    """Return why a row makes no manifest, "" if it does: none of its cells is surely in
    its column where there are too many or too few."""
    if record.trouble or len(record.cells) == len(register.columns):
        return record.trouble
    return f"the row has {len(record.cells)} cells, expected {len(register.columns)}"


def _cells(record: Record, register: Register) -> Iterator[Cell]:
    """Yield the cells of a row, each with the header above it, if there is one."""
    headers = ["", *(column.header for column in register.columns)]
    for number, value in enumerate(record.cells, 0 if record.trouble else 1):
        header = headers[number] if number < len(headers) else ""
        yield Cell(record.row, record.line, number, header, value)


def _use_case(record: Record, register: Register, identity: str) -> Imported:
    manifest = _Manifest(register, identity, record.row)
    cells = []
    for column, cell in zip(register.columns, _cells(record, register), strict=True):
        target, reason = manifest.take(column, cell.value)
        cells.append(cell._replace(target=target, reason=reason))
    troubles = [cell for cell in cells if _UNREADABLE.search(cell.value)]
    return Imported(identity, manifest.value(), tuple(cells), tuple(troubles))


class _Manifest:
    """The values of one manifest, gathered in the order of the columns."""

    def __init__(self, register: Register, identity: str, row: int) -> None:
        self.register = register
        self.written: dict[Place, Any] = {**register.constants, ("metadata", "id"): identity}
        if register.row_to:
            self.written[register.row_to] = str(row)

    def take(self, column: Column, text: str) -> tuple[str, str]:
        """Put a cell where its column goes; return its target and its reason."""
        if unreadable := _UNREADABLE.search(text):
            nul = unreadable[0] == "\0"
            what = "NUL character" if nul else "byte that is no character in this encoding"
            return "", f"holds a {what}"
        if normal(text) in column.blanks:
            return "", BLANK
        reasons = []
        for target in column.targets:
            value, reason = target.convert(text)
            pointer = "" if reason else self.put(target, value)
            if pointer:
                return pointer, "" if value == text else _written_as(value, text)
            reasons.append(reason or "another column has said it")
        return "", "; ".join(dict.fromkeys(reasons)) or column.report

    def put(self, target: Target, value: object) -> str:
        """Keep `value`; return its pointer, or "" where another value is there."""
        place = target.place
        if target.appends:
            items = self.written.get(place, [])
            item = {**target.item, target.key: value} if target.key else value
            self.written[place] = [*items, item]
            place = (*place, str(len(items)), *target.key.split())
        elif place in self.written:
            return ""
        else:
            self.written[place] = value
        return join_pointer(list(place))

    def value(self) -> dict[str, Any]:
        """Build the nested manifest, its blocks in the order of the map's layout."""
        root: dict[str, Any] = {}
        for place in sorted(self.written, key=self.register.rank):
            root = replaced(root, [*place], self.written[place])
        return root


def _written_as(value: object, text: str) -> str:
    if isinstance(value, str) and value.split() == text.split():
        return "written without its outer or repeated white space"
    return f"written as {str(value).lower() if isinstance(value, bool) else value}"


def _ids(record: Record, register: Register, repeated: frozenset[str]) -> Iterator[str]:
    """Yield ids that suit a row: the slug of its name, with a mark where that is not enough.

    The mark is a digest of what the row says, so that a row keeps its id when others
    come, go or move.
    """
    slug = _slug(record.cells, register)
    columns = register.id_columns
    if slug in repeated:
        columns += register.id_distinct
    elif 3 <= len(slug) <= ID_LENGTH and not _DEVICE.fullmatch(slug):
        yield slug
    room = ID_LENGTH - _MARK_LENGTH - 1
    head = slug
    if len(slug) > room:  # cut between words where it can be
        head = slug[: room + 1].rpartition("-")[0] or slug[:room]
    key = [record.cells[column] for column in columns]
    yield from (f"{head}-{_mark([*key, str(attempt)])}" for attempt in count())


def _mark(key: list[str]) -> str:
    text = "\0".join(key).encode("utf-8", "surrogatepass")
    return hashlib.sha256(text).hexdigest()[:_MARK_LENGTH]


def _slug(cells: Sequence[str], register: Register) -> str:
    """Return the name of a row in the letters of an id; it may be too short or too long."""
    words = " ".join(cells[column] for column in register.id_columns)
    plain = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode().lower()
    slug = re.sub("[^a-z0-9]+", "-", plain).strip("-")
    return slug if slug[:1].isalpha() else f"uc-{slug}".rstrip("-")
