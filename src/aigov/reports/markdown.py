"""The step summary: GitHub Flavored Markdown, also fit for a comment on a change.

Each finding stands in it once: with what blocks, with what is waived, or with its document.
"""

from collections.abc import Iterator, Sequence
from urllib.parse import quote

from aigov.findings import Place
from aigov.reports import Style
from aigov.reports.encoding import literal
from aigov.reports.entries import Severity, dotted, start_here, where
from aigov.reports.escape import escape
from aigov.reports.records import Record, records, worst_first
from aigov.reports.summary import Standing, counts, standing, verdict
from aigov.reports.tables import SIZE, Part, code, phrases, row, table, within
from aigov.reports.text_documents import home, label
from aigov.results import CheckResult, DocumentResult, summarise

LISTED = 20
"""Documents without a finding that have a line each before only their number is given."""

CHANGES = 15
"""Changes of one use case that have a line each before only their number is given."""

_COLUMNS = ("Severity", "Policy", "Where", "What was found")


def render(result: CheckResult, _style: Style) -> Iterator[str]:
    """Yield the summary, cut between two lines, with a notice, where it grows too big."""
    yield from within(SIZE, _parts(result))


def _parts(result: CheckResult) -> Iterator[Part]:
    """Yield the verdict, where to start, what blocks, what changed and what was waived, then
    each document."""
    summary = summarise(result)
    word = "blocked" if summary.blocking else "warnings" if summary.warning else "passing"
    silent = all(standing(one) is Standing.UNJUDGED for one in result.documents)
    if silent and not result.problems:
        word = "nothing was judged"
    if result.decision:
        word = f"{'allowed' if result.decision.allow else 'denied'} for {result.decision.stage}"
    yield Part(f"## aigov-gate: {word}\n\n")
    yield Part(f"**{phrases(verdict(result, summary))}**\n\n")
    yield Part(f"{phrases(counts(result, summary))}\n")
    for note in result.notes:
        yield Part(f"\nNote: {literal(escape(note))}\n")
    yield from _start(result)
    found = worst_first(records(result))
    yield from _blocking([one for one in found if one.severity.denies], result.source_url)
    yield from _changed(result)
    yield from _waived([one for one in found if _is_waived(one)], result.source_url)
    rest: dict[int | None, list[Record]] = {}
    for one in found:
        if not one.severity.denies and not _is_waived(one):
            rest.setdefault(one.document, []).append(one)
    yield from _documents(result, rest)


def _start(result: CheckResult) -> Iterator[Part]:
    """Yield the blocks of the manifest that unblock most."""
    for number, block in enumerate(start_here(result), 1):
        if number == 1:
            yield Part("\n### Start here\n\n")
        many = f" in {block.documents:,} documents" if block.documents > 1 else ""
        field = literal(dotted(block.pointer)) or "the whole document"
        place = _place(block.path, block.place, result.source_url)
        yield Part(f"{number}. {block.blocking:,} blocking{many}: **{field}**, {place}\n")
    if result.decision and result.decision.allow:
        yield Part("\nNext: deploy exactly this commit; the decision holds for no other.\n")


def _blocking(found: Sequence[Record], url: str) -> Iterator[Part]:
    """Yield the table of all that denies, policy errors first, with what to do."""
    if not found:
        return
    yield Part(f"\n### Blocking ({len(found):,})\n\n")
    yield Part(table(*_COLUMNS, "What to do"))
    for one in found:
        yield Part(row(*_cells(one, url), literal(one.remedy)))


def _changed(result: CheckResult) -> Iterator[Part]:
    """Yield what each use case says otherwise than on the base."""
    told = [one for one in result.documents if one.changed]
    base = result.decision.given.get("base") if result.decision else None
    if told:
        yield Part(f"\n### Changed since {code(str(base)[:12])}\n\n")
    for document in told:
        words = document.changed or ()
        for one in words[:CHANGES]:
            yield Part(f"- {literal(label(document))}: {literal(escape(one))}\n")
        if len(words) > CHANGES:
            yield Part(f"- {literal(label(document))}: {len(words) - CHANGES:,} more\n")


def _waived(found: Sequence[Record], url: str) -> Iterator[Part]:
    """Yield the table of what fails and is waived, by which waiver and until when."""
    if found:
        yield Part(f"\n### Waived ({len(found):,})\n\n")
        yield Part(table(*_COLUMNS))
    for one in found:
        yield Part(row(*_cells(one, url)))


def _is_waived(one: Record) -> bool:
    return one.severity is Severity.WAIVED


def _documents(result: CheckResult, rest: dict[int | None, list[Record]]) -> Iterator[Part]:
    """Yield each document that has a finding, folded, then those that have none."""
    yield Part("\n### Documents\n" if result.documents else "")
    silent: list[DocumentResult] = []
    for number, document in enumerate(result.documents):
        if any(one.is_finding for one in document.results):
            yield from _document(document, rest.get(number, ()), result.source_url)
        else:
            silent.append(document)
    for position, document in enumerate(silent[:LISTED]):
        blank = "" if position else "\n"
        yield Part(f"{blank}- {standing(document)}: {_who(document)}\n")
    if len(silent) > LISTED:
        unjudged = sum(standing(one) is Standing.UNJUDGED for one in silent[LISTED:])
        more = f"{len(silent) - LISTED:,} more without a finding, {unjudged:,} of them not judged"
        yield Part(f"- {more}\n")


def _document(document: DocumentResult, rest: Sequence[Record], url: str) -> Iterator[Part]:
    """Yield one document: how it ends, as what it was judged, and what does not block."""
    end = "\n</details>\n"
    blocking = sum(one.blocks for one in document.results)
    title = f"<b>{standing(document)}</b>: {_who(document)}"
    yield Part(f"\n<details><summary>{title}</summary>\n\n", end)
    judged = [f"{blocking:,} blocking (above)" if blocking else "nothing blocks"]
    judged += [f"tier {document.tier}"] if document.tier else []
    judged += [f"stage {document.stage}"] if document.stage else []
    if document.preview and document.next_stage:
        judged.append(f"{len(document.preview):,} more at the next stage, {document.next_stage}")
    yield Part(f"{literal(', '.join(judged))}\n", end)
    if rest:
        yield Part(f"\n{table(*_COLUMNS)}", end)
    for one in rest:
        yield Part(row(*_cells(one, url)), end)
    yield Part(end)


def _who(document: DocumentResult) -> str:
    return f"{literal(label(document))} ({code(home(document))})"


def _cells(one: Record, url: str) -> tuple[str, str, str, str]:
    """Return what every table says of a finding, in the order of `_COLUMNS`."""
    place = _place(one.path, one.place, url)
    return one.severity.word, literal(one.title), place, literal(one.said)


def _place(path: str, place: Place | None, url: str) -> str:
    """Return where something stands, as a link if it is known where the files can be read."""
    shown = code(where(path, place))
    target = f"{url}/{quote(path, errors='replace')}{f'#L{place.line}' if place else ''}"
    return f"[{shown}]({target})" if url else shown
