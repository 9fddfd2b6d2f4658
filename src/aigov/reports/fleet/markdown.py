"""The report for a page, an issue or a step summary, in the order of the text."""

from collections.abc import Iterator

from aigov.reports import Style
from aigov.reports.encoding import literal
from aigov.reports.fleet.measures import Totals
from aigov.reports.fleet.overview import counts, survey, verdict
from aigov.reports.tables import SIZE, Part, code, phrases, row, table, within
from aigov.results import FleetAudit

LISTED = 100
"""Rows of each table."""


def render(fleet: FleetAudit, _style: Style) -> Iterator[str]:
    """Yield the report, cut between two lines, with a notice, where it grows too big."""
    yield from within(SIZE, _parts(fleet), "audit")


def _parts(fleet: FleetAudit) -> Iterator[Part]:
    seen = survey(fleet, LISTED)
    yield Part(f"## aigov-gate audit: {_word(seen.totals)}\n\n")
    yield Part(f"**{phrases(verdict(seen.totals))}**\n\n")
    yield Part(f"{phrases(counts(fleet, seen.totals))}\n")
    for part in seen.sections:
        yield Part(f"\n### {literal(part.title)} ({part.total:,})\n\n{table(*part.columns)}")
        yield from (Part(row(*map(_cell, part.columns, cells))) for cells in part.rows)
        if part.total > len(part.rows):
            yield Part(f"\n{part.total - len(part.rows):,} more: `aigov-gate audit --verbose`\n")
        yield Part(f"\nNext: {part.advice}\n" if part.advice else "")


def _cell(column: str, cell: str) -> str:
    return code(cell) if cell and column == "Where" else literal(cell)


def _word(totals: Totals) -> str:
    words = {
        "AI use without a manifest": totals.repositories["unregistered"],
        "not all could be judged": totals.repositories["failed"],
        "blocked": totals.sums["blocking"],
        "warnings": totals.sums["warnings"],
        "passing": sum(totals.repositories.values()),
    }
    return next((word for word, count in words.items() if count), "nothing was judged")
