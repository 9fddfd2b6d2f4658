"""What a report for people says, in which order, and where to start."""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

from aigov.findings import FINDINGS, Outcome, Place, Result
from aigov.reports.escape import escape
from aigov.results import CheckResult, DocumentResult


class Severity(StrEnum):
    """What a finding does to the run, worst first."""

    ERROR = "error"
    BLOCK = "block"
    WARN = "warn"
    INFO = "info"
    WAIVED = "waived"


_NOWHERE = Place(0, 0, 0, 0)
"""What is on no line stands before all that is."""
_ORDER = {severity: position for position, severity in enumerate(Severity)}


class Entry(NamedTuple):
    """One thing to read: a finding, or all policies that absent fields leave unjudged."""

    severity: Severity
    results: tuple[Result, ...]

    @property
    def place(self) -> Place | None:
        """Where the first of its results stands; None where none has a place."""
        return min((one.place for one in self.results if one.place), default=None)


class Shown(NamedTuple):
    """The entries of one document: those that are printed, and those that are counted."""

    printed: tuple[Entry, ...]
    hidden: tuple[Entry, ...]


class Block(NamedTuple):
    """A block of the manifest (`/spec/<a>/<b>`) and what stands or falls with it."""

    pointer: str
    blocking: int
    """Blocking results in it, over all documents."""
    documents: int
    """Documents that have one."""
    path: str
    place: Place | None
    """Where the first of them stands."""


def severity(result: Result) -> Severity:
    """Return what the finding `result` does, by the same rules as the summary's counts."""
    if result.outcome is Outcome.ERROR:
        return Severity.ERROR
    if result.outcome is Outcome.WAIVED:
        return Severity.WAIVED
    if result.blocks:
        return Severity.BLOCK
    return Severity.WARN if result.warns else Severity.INFO


def entries(document: DocumentResult) -> tuple[Entry, ...]:
    """Return what there is to read of `document`: worst first, then in text order.

    Policies that are unknown for want of fields are one entry: the fields are what to mend.
    """
    results = [one for one in document.results if one.outcome in FINDINGS]
    if not results:
        return ()
    found: list[Entry] = []
    unjudged: dict[Severity, list[Result]] = {}
    for result in results:
        if result.outcome is Outcome.UNKNOWN and result.missing:
            unjudged.setdefault(severity(result), []).append(result)
        else:
            found.append(Entry(severity(result), (result,)))
    found += (Entry(worth, tuple(results)) for worth, results in unjudged.items())
    return tuple(sorted(found, key=_position))


def choose(listed: Sequence[tuple[Entry, ...]], limit: int | None) -> tuple[Shown, ...]:
    """Split the entries of each document into the `limit` worst of all and the rest.

    A waived finding is always printed and takes no room; without a limit all are.
    """
    ranked = sorted(
        (_ORDER[entry.severity], document, position)
        for document, found in enumerate(listed)
        for position, entry in enumerate(found)
        if entry.severity is not Severity.WAIVED
    )
    hidden = (
        {(document, position) for _, document, position in ranked[limit:]}
        if (limit is not None)
        else set()
    )
    return tuple(
        Shown(
            tuple(entry for at, entry in enumerate(found) if (document, at) not in hidden),
            tuple(entry for at, entry in enumerate(found) if (document, at) in hidden),
        )
        for document, found in enumerate(listed)
    )


def block(pointer: str) -> str:
    """Return the block a pointer lies in: its first three names, a list taken whole.

    `/spec/risk/facts/gpai` is in `/spec/risk/facts`, `/spec/approvals/3/date` in
    `/spec/approvals`.
    """
    names = pointer.split("/")[1:4]
    if len(names) == 3 and names[2].isdecimal():
        names.pop()
    return "".join(f"/{name}" for name in names)


def start_here(result: CheckResult, count: int = 3) -> tuple[Block, ...]:
    """Return the `count` blocks that hold the most blocking fails and unknowns, most first.

    Of equals the one that is met first, in the order of documents and text, comes first.
    """
    blocks: dict[str, Block] = {}
    last: dict[str, int] = {}
    for number, path, one in _blocking(result):
        pointer = block(one.pointer)
        known = blocks.get(pointer)
        if known is None:
            blocks[pointer] = Block(pointer, 1, 1, path, one.place)
        else:
            blocks[pointer] = known._replace(
                blocking=known.blocking + 1,
                documents=known.documents + (last[pointer] != number),
            )
        last[pointer] = number
    ranked = sorted(blocks.values(), key=lambda one: -one.blocking)
    return tuple(ranked[:count])


def dotted(pointer: str) -> str:
    """Return a JSON pointer as people write it (`spec.approvals[3].date`), escaped."""
    words: list[str] = []
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if name.isascii() and name.isdecimal():
            words.append(f"[{name}]")
        elif name.replace("-", "_").isidentifier():
            words.append(f".{name}")
        else:
            words.append(f'["{name}"]')
    return escape("".join(words).removeprefix("."))


def _position(entry: Entry) -> tuple[int, Place, str]:
    return _ORDER[entry.severity], entry.place or _NOWHERE, entry.results[0].code


def _blocking(result: CheckResult) -> Iterator[tuple[int, str, Result]]:
    """Yield (document number, path, result) for all that an edit can unblock, in text order."""
    for number, document in enumerate(result.documents):
        found = [one for one in document.results if one.blocks and one.outcome is not Outcome.ERROR]
        found.sort(key=lambda one: one.place or _NOWHERE)
        for one in found:
            yield number, document.path, one
