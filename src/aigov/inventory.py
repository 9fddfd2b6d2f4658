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
from itertools import count
from typing import Any, NamedTuple

from aigov.errors import UsageError
from aigov.registers import Column, Place, Register, Target, normal
from aigov.source import join_pointer

BLANK = "blank"
"""The reason of a cell that says nothing, by the map's list of blanks."""

ID_LENGTH = 63
_MARK_LENGTH = 6
"""Hex digits that tell namesakes apart: a collision of the 24 bits costs a retry only."""

# Windows opens a device by these names, whatever the suffix (Microsoft, "Naming Files").
_DEVICE = re.compile(r"con|aux|nul|prn|(?:com|lpt)[0-9]")
_UNREADABLE = re.compile("[\0\ud800-\udfff]")


class Record(NamedTuple):
    """One row of the CSV text; `cells` is None where it cannot be split into cells."""

    row: int
    """From 1, empty rows counted."""
    line: int
    """The physical line it starts on, from 1."""
    cells: Sequence[str] | None
    text: str = ""
    """Its own text where `cells` is None, else empty."""
    trouble: str = ""


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

    row: int
    line: int
    id: str
    """`metadata.id` of the manifest; empty where the row makes none."""
    manifest: dict[str, Any]
    cells: tuple[Cell, ...]
    troubles: tuple[Cell, ...] = ()
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
            yield Record(row, line, None, "".join(taken), f"not CSV: {error}")


def namesakes(rows: Iterable[Record], register: Register) -> frozenset[str]:
    """Return the slugs that more than one row has: a first pass over the register.

    `rows` begin with the header, as for `use_cases`.  Knowing namesakes beforehand
    keeps ids independent of the order of the rows.
    """
    seen: set[str] = set()
    repeated: set[str] = set()
    rows = iter(rows)
    next(rows, None)
    for record in rows:
        if record.cells and len(record.cells) == len(register.columns):
            slug = _slug(record.cells, register)
            (repeated if slug in seen else seen).add(slug)
    return frozenset(repeated)


def use_cases(
    rows: Iterable[Record], register: Register, repeated: frozenset[str], name: str
) -> Iterator[Imported]:
    """Turn each row into a manifest and the account of its cells.

    `repeated` comes from `namesakes` over the same rows; `name` is the file's, for
    messages.  Raises UsageError where the header is not the one that the map expects.
    """
    rows = iter(rows)
    _check_header(next(rows, None), register, name)
    ids = _Ids(register, repeated)
    for record in rows:
        if record.cells is None:
            cell = Cell(record.row, record.line, 0, "", record.text, reason=record.trouble)
            yield Imported(record.row, record.line, "", {}, (cell,), (cell,))
        elif len(record.cells) == len(register.columns):
            yield _use_case(record, record.cells, register, ids.take(record.cells))
        elif record.cells:
            yield _misshapen(record, record.cells, register)


def withdrawn(case: Imported, reason: str) -> Imported:
    """Return the account of a row whose manifest cannot stand: all its cells are kept."""
    cells = tuple(cell._replace(target="", reason=reason) for cell in case.cells)
    return Imported(case.row, case.line, "", {}, cells, cells[:1])


def _check_header(record: Record | None, register: Register, name: str) -> None:
    problem = _header_problem(record, [column.header for column in register.columns])
    if problem:
        remedy = f"the map {register.name} reads this register alone: {register.title}"
        raise UsageError(problem, where=f"{name}:1", remedy=remedy)


def _header_problem(record: Record | None, expected: Sequence[str]) -> str:
    if record is None or not record.cells:
        return (record.trouble if record else "") or "no header row"
    for number, header in enumerate(expected):
        if number == len(record.cells):
            return f'column {number + 1} is missing, expected "{header}"'
        found = record.cells[number]
        if normal(found) != normal(header):
            return f'column {number + 1} is headed "{found}", expected "{header}"'
    extra = record.cells[len(expected) :]
    return f'column {len(expected) + 1} is one too many: "{extra[0]}"' if extra else ""


def _misshapen(record: Record, cells: Sequence[str], register: Register) -> Imported:
    """Account for a row with too many or too few cells: none is surely in its column."""
    reason = f"the row has {len(cells)} cells, expected {len(register.columns)}"
    headers = [column.header for column in register.columns] + [""] * len(cells)
    kept = tuple(
        Cell(record.row, record.line, number, headers[number - 1], value, reason=reason)
        for number, value in enumerate(cells, 1)
    )
    return Imported(record.row, record.line, "", {}, kept, kept[:1])


def _use_case(record: Record, values: Sequence[str], register: Register, identity: str) -> Imported:
    manifest = _Manifest(register, identity, record.row)
    cells, troubles = [], []
    for number, (column, value) in enumerate(zip(register.columns, values, strict=True), 1):
        unreadable = _UNREADABLE.search(value)
        target, reason = (
            ("", _unreadable(unreadable[0])) if unreadable else manifest.take(column, value)
        )
        cells.append(Cell(record.row, record.line, number, column.header, value, target, reason))
        if unreadable:
            troubles.append(cells[-1])
    return Imported(
        record.row, record.line, identity, manifest.value(), tuple(cells), tuple(troubles)
    )


def _unreadable(one: str) -> str:
    if one == "\0":
        return "holds a NUL character"
    return "holds a byte that is no character in this encoding"


class _Manifest:
    """The values of one manifest, gathered in the order of the columns."""

    def __init__(self, register: Register, identity: str, row: int) -> None:
        self.register = register
        self.written: dict[Place, Any] = {**register.constants, ("metadata", "id"): identity}
        if register.row_to:
            self.written[register.row_to] = str(row)

    def take(self, column: Column, text: str) -> tuple[str, str]:
        """Put a cell where its column goes; return its target and its reason."""
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
            holder = root
            for part in place[:-1]:
                holder = holder.setdefault(part, {})
            holder[place[-1]] = self.written[place]
        return root


def _written_as(value: object, text: str) -> str:
    if isinstance(value, str) and value.split() == text.split():
        return "written without its outer or repeated white space"
    return f"written as {str(value).lower() if isinstance(value, bool) else value}"


class _Ids:
    """Gives each row its id: the slug of its name, with a mark where that is not enough.

    The mark is a digest of what the row says, so that a row keeps its id when others
    come, go or move.
    """

    def __init__(self, register: Register, repeated: frozenset[str]) -> None:
        self.register = register
        self.repeated = repeated
        self.taken: set[str] = set()

    def take(self, cells: Sequence[str]) -> str:
        slug = _slug(cells, self.register)
        columns = self.register.id_columns
        if slug in self.repeated:
            columns += self.register.id_distinct
        elif _fits(slug) and slug not in self.taken:
            self.taken.add(slug)
            return slug
        key = [cells[column] for column in columns]
        marked = (f"{_head(slug)}-{_mark([*key, str(attempt)])}" for attempt in count())
        identity = next(one for one in marked if one not in self.taken)
        self.taken.add(identity)
        return identity


def _fits(slug: str) -> bool:
    return 3 <= len(slug) <= ID_LENGTH and not _DEVICE.fullmatch(slug)


def _head(slug: str) -> str:
    """Cut a slug, between words where it can be, to leave room for a mark."""
    room = ID_LENGTH - _MARK_LENGTH - 1
    if len(slug) <= room:
        return slug
    return slug[: room + 1].rpartition("-")[0] or slug[:room]


def _mark(key: list[str]) -> str:
    text = "\0".join(key).encode("utf-8", "surrogatepass")
    return hashlib.sha256(text).hexdigest()[:_MARK_LENGTH]


def _slug(cells: Sequence[str], register: Register) -> str:
    """Return the name of a row in the letters of an id; it may be too short or too long."""
    words = " ".join(cells[column] for column in register.id_columns)
    plain = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode().lower()
    slug = re.sub("[^a-z0-9]+", "-", plain).strip("-")
    return slug if slug[:1].isalpha() else f"uc-{slug}".rstrip("-")
