"""One row a repository, for spreadsheets: RFC 4180 in UTF-8; `measure` documents its header."""

import csv
from collections.abc import Iterable, Iterator
from io import StringIO

from aigov.reports import Style
from aigov.reports.escape import escape
from aigov.reports.fleet.measures import FIELDS, measure
from aigov.results import FleetAudit

_FORMULA = tuple("=+-@\uff1d\uff0b\uff0d\uff20")
"""What begins a formula; some spreadsheets take the wide forms too.
Source: OWASP, "CSV Injection"; tabs and line ends, which it lists too, are escaped anyway."""


def render(fleet: FleetAudit, _style: Style) -> Iterator[str]:
    """Yield the header, then the rows; the style changes nothing."""
    yield _row(FIELDS)
    yield from (_row(measure(entry).values()) for entry in fleet.rows())


def _row(cells: Iterable[str | int]) -> str:
    """Return a row, printable on one line; an apostrophe keeps a formula from being one."""
    written = StringIO()
    texts = (escape(str(one)) for one in cells)
    inert = (f"'{one}" if one.lstrip(" ").startswith(_FORMULA) else one for one in texts)
    csv.writer(written, lineterminator="\r\n").writerow(inert)
    return written.getvalue()
