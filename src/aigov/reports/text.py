"""The report for people: what was found, what to do, where to start, and how it ends."""

from collections.abc import Iterator, Sequence
from sys import maxsize

from aigov.reports import Style
from aigov.reports.entries import Block, Shown, choose, dotted, entries, start_here, where
from aigov.reports.escape import defuse, escape
from aigov.reports.layout import Span, joined, lay
from aigov.reports.summary import Standing, counts, standing, verdict
from aigov.reports.text_documents import header, home, label, preview
from aigov.reports.text_findings import brief, code, finding, problem
from aigov.results import CheckResult, DocumentResult, Summary, summarise

LISTED = 20
"""Documents that have a line each before only their number is given."""
FEW = 5
"""Documents in a run up to which one without findings shows its preview."""
START = 3
"""Blocking findings above which the report says where to start."""

_SILENT = {Standing.PASSING: ("pass      ", "good"), Standing.UNJUDGED: ("not judged", "warn")}


def render(result: CheckResult, style: Style) -> Iterator[str]:
    """Yield the report for people; with `quiet`, a line a finding and the summary."""
    if style.quiet:
        yield from (f"{defuse(escape(line, limit=None))}\n" for line in _quiet(result))
        return
    blank = ""
    for part in filter(None, _parts(result, style)):
        yield blank + part
        blank = "\n"


def _parts(result: CheckResult, style: Style) -> Iterator[str]:
    """Yield the parts that a blank line divides: what blocks all first, the verdict last."""
    limit = maxsize if style.verbose else style.limit
    problems = result.problems[:limit]
    pages = choose([entries(one) for one in result.documents], limit - len(problems))
    yield from (problem(result, one, style) for one in problems)
    silent: list[DocumentResult] = []
    crowded: list[tuple[DocumentResult, Shown]] = []
    for document, page in zip(result.documents, pages, strict=True):
        if page.hidden:
            crowded.append((document, page))
        if page.printed:
            yield header(document, result.target_stage, style)
            yield from (finding(result, document, entry, style) for entry in page.printed)
            yield preview(document, result, style, brief=bool(page.hidden))
        elif not page.hidden:
            silent.append(document)
    yield _hidden(crowded, len(result.problems) - len(problems), style)
    yield _silent(result, silent, style)
    summary = summarise(result)
    yield _start(start_here(result) if summary.blocking > START else (), style)
    yield "".join(lay([Span("note:"), Span(escape(one))], style, "", "  ") for one in result.notes)
    yield _closing(result, summary, style)


def _hidden(crowded: Sequence[tuple[DocumentResult, Shown]], unread: int, style: Style) -> str:
    """Return what the limit left out: a line a document where there are several."""
    if not (crowded or unread):
        return ""
    numbers = [sum(len(entry.results) for entry in page.hidden) for _, page in crowded]
    rows: list[tuple[str, list[Span]]] = []
    if unread:
        rows.append((f"{unread:>6,} that could not be read", []))
    for number, (document, _) in zip(numbers[:LISTED], crowded, strict=False):
        rows.append((f"{number:>6,} in", _who(document)[:2]))
    if len(crowded) > LISTED:
        rest = f"{sum(numbers[LISTED:]):>6,} in {len(crowded) - LISTED:,} others"
        rows.append((rest, []))
    if len(rows) == 1 and crowded:
        rows = []  # which document it is needs no saying
    lines = [lay([Span(words, solid=True), *who], style, "", " " * 10) for words, who in rows]
    total = Span(f"{sum(numbers) + unread:,} more: --verbose", "strong")
    return "".join([lay([total], style), *lines])


def _silent(result: CheckResult, silent: Sequence[DocumentResult], style: Style) -> str:
    """Return the documents without a finding: a line each, or their numbers if many."""
    lines = []
    for end, (word, role) in _SILENT.items():
        alike = [document for document in silent if standing(document) is end]
        mark = Span(word, role, solid=True)
        if alike and len(silent) > LISTED and not style.verbose:
            lines.append(lay([mark, Span(f"{len(alike):,} documents")], style, "  "))
            continue
        for document in alike:
            lines.append(lay([mark, *_who(document)], style, "  ", " " * 13))
            if style.verbose or len(result.documents) <= FEW:
                lines.append(preview(document, result, style, brief=False))
    return "".join(lines)


def _who(document: DocumentResult) -> list[Span]:
    """Return one line's worth of a document: what it is called, tier, stage, file."""
    judged = escape(", ".join(word for word in (document.tier, document.stage) if word))
    spans = [Span(label(document), "strong"), Span(home(document), solid=True)]
    return [*spans, Span(f"({judged})", solid=True)] if judged else spans


def _start(blocks: Sequence[Block], style: Style) -> str:
    """Return the blocks of the manifest that unblock most, if there are any."""
    lines = [lay([Span("Start here", "strong")], style)] if blocks else []
    for block in blocks:
        many = f" in {block.documents:,} documents" if block.documents > 1 else ""
        spans = [
            Span(f"{block.blocking:>4,} blocking{many}:", solid=True),
            Span(dotted(block.pointer) or "the whole document", "strong"),
            Span(where(block.path, block.place), solid=True),
        ]
        lines.append(lay(spans, style, "", " " * 15))
    return "".join(lines)


def _closing(result: CheckResult, summary: Summary, style: Style) -> str:
    """Return what was counted, and on the last line the verdict."""
    lines: list[str] = []
    if style.verbose or result.decision:
        tool = f"aigov-gate {result.tool_version}"
        policies = f"policies {result.policy_digest or 'without a digest'}"
        profile = f"profile {result.profile_digest or 'none'}"
        lines += (lay([Span(words, "dim")], style) for words in (tool, policies, profile))
    role = "bad" if summary.blocking else "warn" if summary.warning else "good"
    if not result.documents:
        role = "warn"
    lines.append(joined(counts(result, summary), "dim", style))
    lines.append(joined(verdict(result, summary), role, style))
    return "".join(lines)


def _quiet(result: CheckResult) -> Iterator[str]:
    """Yield a line a problem and a finding, the notes, and one line of summary."""
    for found in result.problems:
        place = f"{escape(found.path)}:{found.line}:{found.column}"
        yield f"{place}: block {code(result, found.code)}: {escape(found.message)}"
    for document in result.documents:
        for entry in entries(document):
            yield from (brief(result, document, one) for one in entry.results)
    yield from (f"note: {escape(note)}" for note in result.notes)
    summary = summarise(result)
    yield " \u00b7 ".join([*verdict(result, summary), *counts(result, summary)])
