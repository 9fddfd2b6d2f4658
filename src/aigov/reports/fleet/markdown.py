"""The report for a page, an issue or a step summary, in the order of the text."""

from collections.abc import Iterator

from aigov.reports import Style
from aigov.reports.encoding import literal
from aigov.reports.fleet.overview import counts, survey, verdict
from aigov.reports.tables import SIZE, Part, code, phrases, row, table, within
from aigov.results import FleetAudit

LISTED = 100
"""Rows of each table."""


def render(fleet: FleetAudit, _style: Style) -> Iterator[str]:
    """Yield the report, cut between two lines, with a notice, where it grows too big."""
    yield from within(SIZE, _parts(fleet), "audit")


def _parts(fleet: FleetAudit) -> Iterator[Part]:
    parts, totals = survey(fleet, LISTED)
    yield Part(f"## aigov-gate audit\n\n**{phrases(verdict(totals))}**\n\n")
    yield Part(f"{phrases(counts(fleet, totals))}\n")
    for part in parts:
        yield Part(f"\n### {literal(part.title)} ({part.total:,})\n\n{table(*part.columns)}")
        for cells in part.rows:
            yield Part(row(*map(_cell, part.columns, cells)))
        if part.total > len(part.rows):
            yield Part(f"\n{part.total - len(part.rows):,} more\n")


def _cell(column: str, cell: str) -> str:
    return code(cell) if cell and column == "Where" else literal(cell)
