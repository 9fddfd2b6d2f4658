"""The map of a register of AI use cases: which column goes where in a manifest.

A map is one YAML file in `inventories/`, whose head says what its keys mean.  A second
register is a second file: nothing here knows a register by name.
"""

import datetime as dt
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, NoReturn

from aigov.errors import PackError
from aigov.source import Document, join_pointer, split_pointer

Place = tuple[str, ...]
"""The names on the way to a value of a manifest."""
Convert = Callable[[str], tuple[object, str]]
"""Text of a cell to (value, "") or (None, why it cannot be converted)."""

_DATE_PARTS = {"yyyy": "(?P<y>[0-9]{4})", "m": "(?P<m>[0-9]{1,2})", "d": "(?P<d>[0-9]{1,2})"}
_ISO = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_KEYS: Mapping[str, type] = {
    "map": str,
    "title": str,
    "encodings": list,
    "delimiter": str,
    "blanks?": list,
    "id": dict,
    "row_to?": str,
    "constants": dict,
    "layout": list,
    "columns": list,
}
"""The keys of a map and their kinds; `?` marks those that may be absent."""


class Target(NamedTuple):
    """One place that a column may go to."""

    place: Place
    convert: Convert
    appends: bool = False
    """Whether the value is a new item of the list at `place`."""
    key: str = ""
    """The name of the value within its item; empty where the value is the item."""
    item: Mapping[str, object] = {}
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


def parse_register(document: Document, path: str) -> Register:
    """Read a map; raise PackError with file, line and column where it does not hold."""
    return _Parser(document, path).register()


class _Parser:
    """Reads one map; `at` in its methods is the JSON pointer of what they read."""

    def __init__(self, document: Document, path: str) -> None:
        self.document = document
        self.path = path

    def fail(self, at: str, problem: str) -> NoReturn:
        place = self.document.place(at)
        raise PackError(
            problem,
            where=f"{self.path}:{place.line}:{place.column}",
            remedy="compare with the maps that `aigov import` ships",
        )

    def typed(self, value: object, kind: type, at: str) -> Any:
        """Return `value` if it is of `kind`; text and lists must not be empty."""
        if type(value) is not kind or (kind in (str, list) and not value):
            wanted = {str: "text", list: "a list", dict: "a mapping", int: "a number"}[kind]
            self.fail(at, f"{at or 'the map'} is not {wanted}")
        return value

    def fields(self, value: object, at: str, known: Mapping[str, type]) -> dict[str, Any]:
        """Check the keys of a mapping; a key that ends in `?` may be absent."""
        given: dict[str, Any] = self.typed(value, dict, at)
        kinds = {name.removesuffix("?"): kind for name, kind in known.items()}
        for key, one in given.items():
            if key not in kinds:
                self.fail(join_pointer([*split_pointer(at), key]), f"unknown key {key}")
            self.typed(one, kinds[key], f"{at}/{key}")
        for name in known:
            if not name.endswith("?") and name not in given:
                self.fail(at, f"{at or 'the map'} has no {name}")
        return given

    def register(self) -> Register:
        top = self.fields(self.document.value, "", _KEYS)
        if len(top["delimiter"]) != 1 or top["delimiter"] in '"\r\n ':
            self.fail("/delimiter", "the delimiter is not one character")
        blanks = self.texts(top.get("blanks", []), "/blanks")
        columns = tuple(
            self.column(one, f"/columns/{number}", blanks)
            for number, one in enumerate(top["columns"])
        )
        identity = self.fields(top["id"], "/id", {"columns": list, "distinct?": list})
        constants = {
            self.place(key, join_pointer(["constants", key])): value
            for key, value in top["constants"].items()
        }
        row_to = self.place(top["row_to"], "/row_to") if "row_to" in top else ()
        self.check_places({*constants, ("metadata", "id"), row_to}, columns)
        return Register(
            name=top["map"],
            title=top["title"],
            encodings=tuple(
                self.encoding(one, f"/encodings/{number}")
                for number, one in enumerate(top["encodings"])
            ),
            delimiter=top["delimiter"],
            columns=columns,
            id_columns=self.positions(identity["columns"], "/id/columns", len(columns)),
            id_distinct=self.positions(identity.get("distinct", []), "/id/distinct", len(columns)),
            row_to=row_to,
            constants=constants,
            layout=tuple(
                self.place(one, f"/layout/{number}") for number, one in enumerate(top["layout"])
            ),
        )

    def encoding(self, value: object, at: str) -> str:
        """Accept an encoding in which the signs of CSV are the bytes of ASCII."""
        name: str = self.typed(value, str, at)
        try:
            plain = b'",;\t\r\naZ09'.decode(name) == '",;\t\r\naZ09'
        except (LookupError, ValueError):
            plain = False
        if not plain:
            self.fail(at, f"{name} is not an encoding that extends ASCII")
        return name

    def texts(self, values: list[object], at: str) -> frozenset[str]:
        for number, one in enumerate(values):
            if not isinstance(one, str):
                self.fail(f"{at}/{number}", "not text; put it in quotes")
        return frozenset(normal(str(one)) for one in values) | {""}

    def positions(self, values: list[object], at: str, count: int) -> tuple[int, ...]:
        for number, one in enumerate(values):
            if not 1 <= self.typed(one, int, f"{at}/{number}") <= count:
                self.fail(f"{at}/{number}", f"{one} is not the number of a column")
        return tuple(one - 1 for one in values if isinstance(one, int))

    def place(self, value: object, at: str) -> Place:
        pointer: str = self.typed(value, str, at)
        parts = split_pointer(pointer)
        if not parts or pointer[0] != "/" or not all(parts):
            self.fail(at, f"{pointer} is not a JSON pointer")
        return tuple(parts)

    def column(self, value: object, at: str, blanks: frozenset[str]) -> Column:
        given = self.fields(
            value, at, {"header": str, "blanks?": list, "to?": list, "report?": str}
        )
        if ("to" in given) == ("report" in given):
            self.fail(at, "a column has either `to`, its places, or `report`, why it has none")
        return Column(
            header=given["header"],
            blanks=blanks | self.texts(given.get("blanks", []), f"{at}/blanks"),
            targets=tuple(
                self.target(one, f"{at}/to/{number}")
                for number, one in enumerate(given.get("to", []))
            ),
            report=given.get("report", ""),
        )

    def target(self, value: object, at: str) -> Target:
        given = self.fields(
            value,
            at,
            {"at": str, "item?": dict, **{f"{name}?": dict for name in _CONVERSIONS}},
        )
        named = [name for name in _CONVERSIONS if name in given]
        if len(named) != 1:
            self.fail(at, f"{at} has not exactly one of {', '.join(_CONVERSIONS)}")
        convert = _CONVERSIONS[named[0]](self, given[named[0]], f"{at}/{named[0]}")
        place = self.place(given["at"], f"{at}/at")
        if "-" not in place:
            if "item" in given:
                self.fail(f"{at}/item", "only an item of a list (`/-`) has an `item`")
            return Target(place, convert)
        split = place.index("-")
        key = place[split + 1 :]
        if len(key) > 1 or not split or ("item" in given and not key):
            self.fail(f"{at}/at", "an item of a list is `/list/-` or `/list/-/key`")
        return Target(
            place[:split], convert, appends=True, key="".join(key), item=given.get("item", {})
        )

    def check_places(self, fixed: set[Place], columns: tuple[Column, ...]) -> None:
        """Refuse places that cannot both be written: one twice, or one below another."""
        lists = {t.place for column in columns for t in column.targets if t.appends}
        plain = {t.place for column in columns for t in column.targets if not t.appends}
        twice = (fixed & (lists | plain)) | (lists & plain)
        for place in twice:
            self.fail("/columns", f"{join_pointer(list(place))} is written in two ways")
        written = fixed | lists | plain
        for place in sorted(written):
            for length in range(1, len(place)):
                if place[:length] in written:
                    self.fail("/columns", f"{join_pointer(list(place))} is below another place")

    def text(self, value: object, at: str) -> Convert:
        """Text, white space around it dropped, within its bounds."""
        return self._bounded(value, at, str.strip)

    def line(self, value: object, at: str) -> Convert:
        """Text on one line: each run of white space is one space."""
        return self._bounded(value, at, lambda text: " ".join(text.split()))

    def _bounded(self, value: object, at: str, clean: Callable[[str], str]) -> Convert:
        given = self.fields(value, at, {"min?": int, "max": int})
        least, most = given.get("min", 1), given["max"]

        def convert(text: str) -> tuple[object, str]:
            cleaned = clean(text)
            if len(cleaned) < least:
                return None, f"shorter than {least} characters"
            if len(cleaned) > most:
                return None, f"longer than {most:,} characters"
            return cleaned, ""

        return convert

    def date(self, value: object, at: str) -> Convert:
        """A date in one of `formats` (`m/d/yyyy`), not before `from`, as YYYY-MM-DD."""
        given = self.fields(value, at, {"formats": list, "from": str})
        if not _ISO.fullmatch(given["from"]):
            self.fail(f"{at}/from", "not a date like yyyy-mm-dd")
        patterns = [
            self.pattern(one, f"{at}/formats/{number}")
            for number, one in enumerate(given["formats"])
        ]
        wanted, first = " or ".join(given["formats"]), given["from"]

        def convert(text: str) -> tuple[object, str]:
            found = next((f for p in patterns if (f := p.fullmatch(text.strip()))), None)
            date = _iso(found) if found else None
            if date is None:
                return None, f"not a date like {wanted}"
            if date < first:
                return None, f"{date} is before {first}: not taken for a true date"
            return date, ""

        return convert

    def pattern(self, value: object, at: str) -> re.Pattern[str]:
        form: str = self.typed(value, str, at)
        if sorted(re.findall("[a-z]+", form)) != sorted(_DATE_PARTS):
            self.fail(at, f"{form} has not exactly one each of {', '.join(_DATE_PARTS)}")
        return re.compile(re.sub("[a-z]+", lambda part: _DATE_PARTS[part[0]], re.escape(form)))

    def table(self, value: object, at: str) -> Convert:
        """The value that stands beside the cell's text (`normal`) in the map."""
        given: dict[str, object] = self.typed(value, dict, at)
        known: dict[str, object] = {}
        for text, one in given.items():
            if normal(text) in known:
                self.fail(join_pointer([*split_pointer(at), text]), f"{text} stands twice")
            known[normal(text)] = one

        def convert(text: str) -> tuple[object, str]:
            key = normal(text)
            return (known[key], "") if key in known else (None, "not a value that the map knows")

        return convert


_CONVERSIONS: Mapping[str, Callable[[_Parser, object, str], Convert]] = {
    "text": _Parser.text,
    "line": _Parser.line,
    "date": _Parser.date,
    "table": _Parser.table,
}


def _iso(found: re.Match[str]) -> str | None:
    try:
        return dt.date(int(found["y"]), int(found["m"]), int(found["d"])).isoformat()
    except ValueError:
        return None
