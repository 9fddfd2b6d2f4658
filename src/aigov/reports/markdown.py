"""The step summary: GitHub Flavored Markdown, also fit for a comment on a change.

Each finding stands in it once: in the table of what blocks, or with its document.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from aigov.reports import Style
from aigov.reports.encoding import literal
from aigov.reports.entries import dotted, start_here, where
from aigov.reports.escape import escape
from aigov.reports.records import Record, records, worst_first
from aigov.reports.summary import Standing, counts, standing, verdict
from aigov.reports.text_documents import home, label
from aigov.results import CheckResult, DocumentResult, summarise

SIZE = 900_000
"""Bytes of UTF-8.  GitHub takes 1 MiB a step, all reports of it together, and drops the
whole summary above that."""
LISTED = 20
"""Documents without a finding that have a line each before only their number is given."""

_CUT = (
    "\n**The rest is left out: a step summary holds 1 MiB.**"
    " `aigov-gate check --format json=FILE` writes all of it.\n"
)


_COLUMNS = ("Severity", "Policy", "Where", "What was found")


class Part(NamedTuple):
    """Lines that are printed together or not at all."""

    text: str
    after: str = ""
    """What must follow if nothing else does: the closing tag of what is open."""


def render(result: CheckResult, _style: Style) -> Iterator[str]:
    """Yield the summary, cut between two lines, with a notice, where it grows too big."""
    yield from within(SIZE, _parts(result))


def within(size: int, parts: Iterable[Part]) -> Iterator[str]:
    """Yield parts while all of it, with the notice, stays within `size` bytes of UTF-8."""
    room = size - len(_CUT)
    after = ""
    for part in parts:
        room -= len(part.text.encode())
        if room < len(part.after):
            yield after + _CUT
            return
        yield part.text
        after = part.after


def _parts(result: CheckResult) -> Iterator[Part]:
    """Yield the verdict, where to start, what blocks, then each document."""
    summary = summarise(result)
    word = "blocked" if summary.blocking else "warnings" if summary.warning else "passing"
    silent = all(standing(one) is Standing.UNJUDGED for one in result.documents)
    if silent and not result.problems:
        word = "nothing was judged"
    yield Part(f"## aigov-gate: {word}\n\n")
    yield Part(f"**{_phrases(verdict(result, summary))}**\n\n")
    yield Part(f"{_phrases(counts(result, summary))}\n")
    for note in result.notes:
        yield Part(f"\nNote: {literal(escape(note))}\n")
    yield from _start(result)
    found = worst_first(records(result))
    yield from _blocking([one for one in found if one.severity.denies])
    rest: dict[int | None, list[Record]] = {}
    for one in found:
        if not one.severity.denies:
            rest.setdefault(one.document, []).append(one)
    yield from _documents(result, rest)


def _start(result: CheckResult) -> Iterator[Part]:
    """Yield the blocks of the manifest that unblock most."""
    for number, block in enumerate(start_here(result), 1):
        if number == 1:
            yield Part("\n### Start here\n\n")
        many = f" in {block.documents:,} documents" if block.documents > 1 else ""
        field = literal(dotted(block.pointer)) or "the whole document"
        place = _code(where(block.path, block.place))
        yield Part(f"{number}. {block.blocking:,} blocking{many}: **{field}**, {place}\n")


def _blocking(found: Sequence[Record]) -> Iterator[Part]:
    """Yield the table of all that denies, policy errors first, with what to do."""
    if not found:
        return
    yield Part(f"\n### Blocking ({len(found):,})\n\n")
    yield Part(_table(*_COLUMNS, "What to do"))
    for one in found:
        yield Part(_row(*_cells(one), literal(one.remedy)))


def _documents(result: CheckResult, rest: dict[int | None, list[Record]]) -> Iterator[Part]:
    """Yield each document that has a finding, folded, then those that have none."""
    yield Part("\n### Documents\n" if result.documents else "")
    silent: list[DocumentResult] = []
    for number, document in enumerate(result.documents):
        if any(one.is_finding for one in document.results):
            yield from _document(document, rest.get(number, ()))
        else:
            silent.append(document)
    for position, document in enumerate(silent[:LISTED]):
        blank = "" if position else "\n"
        yield Part(f"{blank}- {standing(document)}: {_who(document)}\n")
    if len(silent) > LISTED:
        unjudged = sum(standing(one) is Standing.UNJUDGED for one in silent[LISTED:])
        more = f"{len(silent) - LISTED:,} more without a finding, {unjudged:,} of them not judged"
        yield Part(f"- {more}\n")


def _document(document: DocumentResult, rest: Sequence[Record]) -> Iterator[Part]:
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
        yield Part(f"\n{_table(*_COLUMNS)}", end)
    for one in rest:
        yield Part(_row(*_cells(one)), end)
    yield Part(end)


def _who(document: DocumentResult) -> str:
    return f"{literal(label(document))} ({_code(home(document))})"


def _cells(one: Record) -> tuple[str, str, str, str]:
    """Return what every table says of a finding, in the order of `_COLUMNS`."""
    place = _code(where(one.path, one.place))
    return one.severity.word, literal(one.title), place, literal(one.said)


def _code(text: str) -> str:
    """Return text in the letters of code; GitHub links nothing in it."""
    return f"<code>{literal(text)}</code>"


def _table(*names: str) -> str:
    return _row(*names) + _row(*["---"] * len(names))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |\n"


def _phrases(parts: Sequence[str]) -> str:
    return literal(" \N{MIDDLE DOT} ".join(parts))
