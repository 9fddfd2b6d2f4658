"""The map of a register of AI use cases: which column goes where in a manifest.

A map is one YAML file in `inventories/`, whose head says what its keys mean; its shape is
`schemas/inventory.v1.json`.  A second register is a second file: nothing here knows a
register by name.
"""

import datetime as dt
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from aigov.errors import PackError
from aigov.packs import vet_shape
from aigov.source import Document, split_pointer

Place = tuple[str, ...]
"""The names on the way to a value of a manifest."""
Convert = Callable[[str], tuple[object, str]]
"""Text of a cell to (value, "") or (None, why it cannot be converted)."""

_DIRECTIVES = {"yyyy": "%Y", "m": "%m", "d": "%d"}


class Target(NamedTuple):
    """One place that a column may go to."""

    place: Place
    convert: Convert
    appends: bool
    """Whether the value is a new item of the list at `place`."""
    key: str
    """The name of the value within its item; empty where the value is the item."""
    item: Mapping[str, object]
    """What else stands in the item."""


class Column(NamedTuple):
    """One column of the register."""

    header: str
    blanks: frozenset[str]
    """Texts (`normal`) of cells that say nothing."""
    targets: tuple[Target, ...]
    """Tried in order: the first that takes the value has it."""
    report: str
    """Why the column has no place in a manifest, where it has none."""


class Register(NamedTuple):
    """A parsed map."""

    name: str
    title: str
    encodings: tuple[str, ...]
    """Tried in order on the whole file."""
    delimiter: str
    columns: tuple[Column, ...]
    id_columns: tuple[int, ...]
    """Positions (from 0) of the columns that make the slug of `metadata.id`."""
    id_distinct: tuple[int, ...]
    """Positions of the columns that tell namesakes apart."""
    row_to: Place
    """Where the row number goes; empty for nowhere."""
    constants: Mapping[Place, object]
    layout: tuple[Place, ...]

    def rank(self, place: Place) -> int:
        """Order of a value in the manifest: the first block of the layout it is in."""
        for number, block in enumerate(self.layout):
            if place[: len(block)] == block:
                return number
        return len(self.layout)


def normal(text: str) -> str:
    """Return `text` as cells are compared: white space and case do not count."""
    return " ".join(text.split()).casefold()


def parse_register(document: Document, path: str, schema: Mapping[str, Any]) -> Register:
    """Read a map by `schemas/inventory.v1.json`.

    Raises:
        PackError: it does not hold; has its file, line and column.
    """
    vet_shape(document, path, schema)
    given: Any = document.value
    for at, problem in _contradictions(given):
        place = document.place(at)
        raise PackError(problem, where=f"{path}:{place.line}:{place.column}")
    blanks = ["", *given.get("blanks", ())]
    return Register(
        name=given["map"],
        title=given["title"],
        encodings=tuple(given["encodings"]),
        delimiter=given["delimiter"],
        columns=tuple(_column(one, blanks) for one in given["columns"]),
        id_columns=tuple(number - 1 for number in given["id"]["columns"]),
        id_distinct=tuple(number - 1 for number in given["id"].get("distinct", ())),
        row_to=_place(given.get("row_to", "")),
        constants={_place(at): value for at, value in given["constants"].items()},
        layout=tuple(map(_place, given["layout"])),
    )


def _extends_ascii(encoding: str) -> bool:
    """Say whether the signs of CSV are the bytes of ASCII in an encoding there is."""
    signs = '",;\t\r\naZ09'
    try:
        return signs.encode("ascii").decode(encoding) == signs
    except (LookupError, ValueError):
        return False


def _contradictions(given: Any) -> Iterator[tuple[str, str]]:
    """Yield (pointer, problem) for what no schema can say of a map that has its shape."""
    for number, encoding in enumerate(given["encodings"]):
        if not _extends_ascii(encoding):
            yield f"/encodings/{number}", f"{encoding} is not an encoding that extends ASCII"
    for key, numbers in given["id"].items():
        if max(numbers) > len(given["columns"]):
            yield f"/id/{key}", f"there is no column {max(numbers)}"
    lists: set[str] = set()
    plain: set[str] = set()
    for number, column in enumerate(given["columns"]):
        for position, target in enumerate(column.get("to", ())):
            place, appended, _ = target["at"].partition("/-")
            (lists if appended else plain).add(place)
            texts = [normal(text) for text in target.get("table", ())]
            if len(set(texts)) < len(texts):
                yield f"/columns/{number}/to/{position}/table", "a text stands twice"
    fixed = {"/metadata/id", given.get("row_to", "/metadata/id")}
    written = [*given["constants"], *fixed, *lists, *plain]
    for place in written:
        if written.count(place) > 1:
            yield "/columns", f"{place} is written in two ways"
        if any(place.startswith(f"{other}/") for other in written):
            yield "/columns", f"{place} is below another place"


def _place(pointer: str) -> Place:
    return tuple(split_pointer(pointer))


def _column(given: Mapping[str, Any], blanks: list[str]) -> Column:
    return Column(
        header=given["header"],
        blanks=frozenset(map(normal, [*blanks, *given.get("blanks", ())])),
        targets=tuple(map(_target, given.get("to", ()))),
        report=given.get("report", ""),
    )


def _target(given: Mapping[str, Any]) -> Target:
    place, appended, key = given["at"].partition("/-")
    (name,) = _CONVERSIONS.keys() & given.keys()
    return Target(
        place=_place(place),
        convert=_CONVERSIONS[name](given[name]),
        appends=bool(appended),
        key="".join(_place(key)),
        item=given.get("item", {}),
    )


def _text(given: Mapping[str, int]) -> Convert:
    """Text, white space around it dropped, within its bounds."""
    least, most = given.get("min", 1), given["max"]

    def convert(text: str) -> tuple[object, str]:
        cleaned = text.strip()
        if len(cleaned) < least:
            return None, f"shorter than {least} characters"
        if len(cleaned) > most:
            return None, f"longer than {most:,} characters"
        return cleaned, ""

    return convert


def _line(given: Mapping[str, int]) -> Convert:
    """Text on one line: each run of white space is one space."""
    convert = _text(given)
    return lambda text: convert(" ".join(text.split()))


def _date(given: Mapping[str, Any]) -> Convert:
    """A date in one of `formats` (`m/d/yyyy`), not before `from`, as YYYY-MM-DD."""
    first, formats = given["from"], given["formats"]
    forms = [re.sub("yyyy|[md]", lambda part: _DIRECTIVES[part[0]], one) for one in formats]

    def convert(text: str) -> tuple[object, str]:
        found = ""
        for form in forms if text.isascii() else ():
            with suppress(ValueError):
                found = str(dt.date(*time.strptime(text.strip(), form)[:3]))
        if not found:
            return None, f"not a date like {' or '.join(formats)}"
        if found < first:
            return None, f"{found} is before {first}: not taken for a true date"
        return found, ""

    return convert


def _table(given: Mapping[str, object]) -> Convert:
    """The value that stands beside the cell's text (`normal`) in the map."""
    known = {normal(text): value for text, value in given.items()}

    def convert(text: str) -> tuple[object, str]:
        key = normal(text)
        return (known[key], "") if key in known else (None, "not a value that the map knows")

    return convert


_CONVERSIONS: Mapping[str, Callable[[Any], Convert]] = {
    "text": _text,
    "line": _line,
    "date": _date,
    "table": _table,
}
