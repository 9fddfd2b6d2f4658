"""The report for people: what is most urgent first, the verdict last."""

from collections.abc import Iterator
from sys import maxsize

from aigov.reports import Style
from aigov.reports.escape import columns
from aigov.reports.fleet.overview import Overview, Section, counts, survey, verdict
from aigov.reports.layout import NARROWEST, Span, joined, lay
from aigov.results import FleetAudit

WIDEST = 28
"""Columns of the first cell up to which the others stand beside it."""


def render(fleet: FleetAudit, style: Style) -> Iterator[str]:
    """Yield the report; with `quiet` only how it ends, with `verbose` all rows of each list."""
    seen = survey(fleet, maxsize if style.verbose else style.limit)
    parts = () if style.quiet else seen.sections
    names = (columns(row[0]) for part in parts for row in part.rows)
    pad = min(WIDEST, max(names, default=0))
    for part in parts:
        many = "" if part.columns[-1] == "How many" else f" ({part.total:,})"
        yield lay([Span(f"{part.title}{many}", "strong")], style)
        yield from (_row(part, row, pad, style) for row in part.rows)
        if part.total > len(part.rows):
            yield lay([Span(f"and {part.total - len(part.rows):,} more: --verbose")], style, "  ")
        if part.advice:
            yield lay([Span("fix:", "strong"), Span(part.advice)], style, "  ", " " * 7)
        yield "\n"
    yield from _closing(fleet, seen, style)


def _row(part: Section, row: tuple[str, ...], pad: int, style: Style) -> str:
    """Return the first cell with the second beside it, and a line for each of the others."""
    name, said, *others = row
    room = pad - columns(name)
    spans = [Span(name + " " * (room + 1), "strong", solid=True)]
    hang = " " * (pad + 4)
    line = lay([*spans, Span(said)], style, "  ", hang)
    if room < 0:
        line = lay(spans, style, "  ") + lay([Span(said)], style, hang)
    return line + "".join(
        _cell(column, cell, hang, style)
        for column, cell in zip(part.columns[2:], others, strict=True)
        if cell
    )


def _cell(column: str, cell: str, hang: str, style: Style) -> str:
    """Return a further cell; a place that is too long for its column begins further left."""
    if column == "What to do":
        return lay([Span("fix:", "strong"), Span(cell)], style, hang, hang + " " * 5)
    place = column == "Where"
    wide = place and len(hang) + columns(cell) > max(style.width, NARROWEST)
    return lay([Span(cell, solid=place)], style, "    " if wide else hang)


def _closing(fleet: FleetAudit, seen: Overview, style: Style) -> Iterator[str]:
    """Yield what judged, what was counted, and on the last lines the verdict."""
    if style.verbose:
        judges = (f"policies {fleet.policy_digest}", f"profile {fleet.profile_digest or 'none'}")
        for words in (f"aigov-gate {fleet.tool_version}", *judges):
            yield lay([Span(words, "dim")], style)
    yield joined(counts(fleet, seen.totals), "dim", style)
    states, sums = seen.totals.repositories, seen.totals.sums
    bad = states["unregistered"] or states["failed"] or sums["blocking"]
    fair = sums["warnings"] or not any(states.values())
    yield joined(verdict(seen.totals), "bad" if bad else "warn" if fair else "good", style)
