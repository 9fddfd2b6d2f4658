"""One row a repository, for spreadsheets: RFC 4180 in UTF-8, the fields of `Line` its header."""

import csv
from collections.abc import Iterator
from io import StringIO

from aigov.reports import Style
from aigov.reports.escape import escape
from aigov.reports.fleet.measures import Line, measure
from aigov.results import FleetAudit

_FORMULA = frozenset("=+-@\uff1d\uff0b\uff0d\uff20")
"""What begins a formula; some spreadsheets take the wide forms too.
Source: OWASP, "CSV Injection"; tabs and line ends, which it lists too, are escaped anyway."""


def render(fleet: FleetAudit, _style: Style) -> Iterator[str]:
    """Yield the header, then the rows; the style changes nothing."""
    yield _row(Line._fields)
    for entry in fleet.rows():
        yield _row(measure(entry))


def _row(cells: tuple[str | int, ...]) -> str:
    """Return a row, printable on one line; a quotation mark keeps a formula from being one."""
    written = StringIO()
    shown = (_inert(escape(one)) if isinstance(one, str) else one for one in cells)
    csv.writer(written, lineterminator="\r\n").writerow(shown)
    return written.getvalue()


def _inert(text: str) -> str:
    return f"'{text}" if text.lstrip(" ")[:1] in _FORMULA else text
