"""The report for people: what is most urgent first, the verdict last."""

from collections.abc import Iterator
from sys import maxsize

from aigov.reports import Style
from aigov.reports.escape import columns
from aigov.reports.fleet.overview import Section, counts, survey, verdict
from aigov.reports.layout import Span, joined, lay
from aigov.results import FleetAudit

WIDEST = 28
"""Columns of the first cell up to which the others stand beside it."""


def render(fleet: FleetAudit, style: Style) -> Iterator[str]:
    """Yield the report; with `quiet` only how it ends, with `verbose` all rows of each list."""
    parts, totals = survey(fleet, maxsize if style.verbose else style.limit)
    names = (columns(row[0]) for part in parts for row in part.rows)
    pad = min(WIDEST, max(names, default=0))
    for part in () if style.quiet else parts:
        many = f" ({part.total:,})" * (len(part.columns) > 2)
        yield lay([Span(f"{part.title}{many}", "strong")], style)
        yield from (_row(part, row, pad, style) for row in part.rows)
        if part.total > len(part.rows):
            yield lay([Span(f"and {part.total - len(part.rows):,} more: --verbose")], style, "  ")
        yield "\n"
    yield joined(counts(fleet, totals), "dim", style)
    states, sums = totals["repositories"], totals["sums"]
    bad = states["unregistered"] or states["failed"] or sums["blocking"]
    fair = sums["warnings"] or not any(states.values())
    yield joined(verdict(totals), "bad" if bad else "warn" if fair else "good", style)


def _row(part: Section, row: tuple[str, ...], pad: int, style: Style) -> str:
    """Return the first cell with the second beside it, and a line for each of the others."""
    hang = " " * (pad + 4)
    name = Span(row[0] + " " * (pad + 1 - columns(row[0])), "strong", solid=True)
    lines = [lay([name, Span(row[1])], style, "  ", hang)]
    for column, cell in zip(part.columns[2:], row[2:], strict=True):
        solid = column == "Where"
        wide = solid and len(hang) + columns(cell) > style.width
        lines.append(lay([Span(cell, solid=solid)], style, "    " if wide else hang))
    return "".join(line for line in lines if line.strip())
