"""The report for people: what was found, what to do, where to start, and how it ends."""

from collections.abc import Iterator, Sequence

from aigov.findings import Outcome, Result
from aigov.reports import Style
from aigov.reports.entries import Block, Shown, choose, dotted, entries, severity, start_here
from aigov.reports.escape import defuse, escape
from aigov.reports.layout import Span, lay
from aigov.reports.summary import Standing, counts, standing, verdict
from aigov.reports.text_documents import header, home, label, preview
from aigov.reports.text_findings import absent, at, code, finding, problem
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
        yield from _quiet(result)
        return
    blank = ""
    for part in _parts(result, style):
        yield blank + part
        blank = "\n"


def _parts(result: CheckResult, style: Style) -> Iterator[str]:
    """Yield the parts that a blank line divides: what blocks all first, the verdict last."""
    listed = [entries(document) for document in result.documents]
    problems = result.problems if style.verbose else result.problems[: style.limit]
    pages = choose(listed, None if style.verbose else style.limit - len(problems))
    for one in problems:
        yield problem(result, one, style)
    silent: list[DocumentResult] = []
    crowded: list[tuple[DocumentResult, Shown]] = []
    for document, page in zip(result.documents, pages, strict=True):
        if page.hidden:
            crowded.append((document, page))
        if page.printed:
            yield from _document(result, document, page, style)
        elif not page.hidden:
            silent.append(document)
    unread = len(result.problems) - len(problems)
    if crowded or unread:
        yield _hidden(crowded, unread, style)
    if silent:
        yield _silent(result, silent, style)
    summary = summarise(result)
    first = start_here(result) if summary.blocking > START else ()
    if first:
        yield _start(first, style)
    if result.notes:
        yield "".join(
            lay([Span("note:"), Span(escape(note))], style, "", "  ") for note in result.notes
        )
    yield _closing(result, summary, style)


def _document(
    result: CheckResult, document: DocumentResult, page: Shown, style: Style
) -> Iterator[str]:
    """Yield a document that has something to read: heading, entries, the next stage."""
    yield header(document, result.target_stage, style)
    for entry in page.printed:
        yield finding(result, document, entry, style)
    ahead = preview(document, result, style, brief=bool(page.hidden))
    if ahead:
        yield ahead


def _hidden(crowded: Sequence[tuple[DocumentResult, Shown]], unread: int, style: Style) -> str:
    """Return what the limit left out: a line a document where there are several."""
    numbers = [sum(len(entry.results) for entry in page.hidden) for _, page in crowded]
    total = f"{sum(numbers) + unread:,} more: --verbose"
    if len(crowded) == 1 and not unread:
        return lay([Span(total, "strong")], style)
    lines = [
        lay([Span(f"{number:>6,} in", solid=True), *_who(document)[:2]], style, "", " " * 10)
        for number, (document, _) in zip(numbers[:LISTED], crowded, strict=False)
    ]
    if unread:
        lines.insert(0, lay([Span(f"{unread:>6,} that could not be read", solid=True)], style))
    if len(crowded) > LISTED:
        rest = sum(numbers[LISTED:])
        lines.append(
            lay([Span(f"{rest:>6,} in {len(crowded) - LISTED:,} others", solid=True)], style)
        )
    return lay([Span(total, "strong")], style) + "".join(lines)


def _silent(result: CheckResult, silent: Sequence[DocumentResult], style: Style) -> str:
    """Return the documents without a finding: a line each, or their numbers if many."""
    lines = []
    ends = [standing(document) for document in silent]
    for one, (word, role) in _SILENT.items():
        alike = [d for d, end in zip(silent, ends, strict=True) if end is one]
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


def _start(first: Sequence[Block], style: Style) -> str:
    """Return the blocks of the manifest that unblock most."""
    lines = [lay([Span("Start here", "strong")], style)]
    for block in first:
        where = f":{block.place.line}:{block.place.column}" if block.place else ""
        many = f" in {block.documents:,} documents" if block.documents > 1 else ""
        spans = [
            Span(f"{block.blocking:>4,} blocking{many}:", solid=True),
            Span(dotted(block.pointer) or "the whole document", "strong"),
            Span(f"{escape(block.path)}{where}", solid=True),
        ]
        lines.append(lay(spans, style, "", " " * 15))
    return "".join(lines)


def _closing(result: CheckResult, summary: Summary, style: Style) -> str:
    """Return what was counted, and on the last line the verdict."""
    lines: list[str] = []
    if style.verbose:
        digest = f"policies {result.policy_digest or 'without a digest'}"
        profile = f"profile {result.profile_digest or 'none'}"
        tool = f"aigov-gate {result.tool_version}"
        lines += (lay([Span(words, "dim")], style) for words in (tool, digest, profile))
    lines.append(_joined(counts(result, summary), "dim", style))
    role = "bad" if summary.blocking else "warn" if summary.warning else "good"
    if not result.documents:
        role = "warn"
    lines.append(_joined(verdict(result, summary), role, style))
    return "".join(lines)


def _joined(parts: Sequence[str], role: str, style: Style) -> str:
    """Return a sentence of parts, broken only between its phrases."""
    phrases = " \u00b7\0".join(parts).replace(", ", ",\0").split("\0")
    return lay([Span(phrase, role, solid=True) for phrase in phrases], style, "", "  ")


def _quiet(result: CheckResult) -> Iterator[str]:
    """Yield a line a problem and a finding, the notes, and one line of summary."""
    for found in result.problems:
        where = f"{escape(found.path)}:{found.line}:{found.column}"
        name = code(found.code, result.policies.get(found.code))
        yield _plain(f"{where}: block {name}: {escape(found.message)}")
    for document in result.documents:
        for entry in entries(document):
            for one in entry.results:
                yield _brief(result, document, one)
    for note in result.notes:
        yield _plain(f"note: {escape(note)}")
    summary = summarise(result)
    yield _plain(" \u00b7 ".join([*verdict(result, summary), *counts(result, summary)]))


def _brief(result: CheckResult, document: DocumentResult, one: Result) -> str:
    """Return one finding on one line: `path:line:column: block GOV-004 id: message`."""
    text = result.policies.get(one.code)
    said = escape(one.message or (text.title if text else ""))
    if one.outcome is Outcome.UNKNOWN and one.missing:
        said = f"{said} ({absent(one.missing)})" if said else absent(one.missing)
    if one.waiver:
        said += f" (waived by {escape(one.waiver)})"
    where = at(document, one.place)
    return _plain(f"{where}: {severity(one)} {code(one.code, text)}: {said}")


def _plain(line: str) -> str:
    """Return one unwrapped line, safe to print."""
    return f"{defuse(escape(line, limit=None))}\n"
