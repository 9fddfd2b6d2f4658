"""What a report for people says, in which order, and where to start."""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from aigov.findings import FINDINGS, Outcome, Place, Result
from aigov.reports.escape import escape
from aigov.results import CheckResult, DocumentResult, PolicyText
from aigov.source import split_pointer


class Severity(StrEnum):
    """What a finding does to the run, worst first."""

    ERROR = "error"
    BLOCK = "block"
    WARN = "warn"
    INFO = "info"
    WAIVED = "waived"

    @property
    def denies(self) -> bool:
        return self in (Severity.ERROR, Severity.BLOCK)

    @property
    def word(self) -> str:
        """What people read: what denies is in capitals."""
        return self.upper() if self.denies else self.value


_NOWHERE = Place(0, 0, 0, 0)
"""What is on no line stands before all that is."""
RANKS = {severity: position for position, severity in enumerate(Severity)}
"""0 is the worst."""


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
    if result.outcome in (Outcome.ERROR, Outcome.WAIVED):
        return Severity(result.outcome)
    if result.blocks:
        return Severity.BLOCK
    return Severity.WARN if result.warns else Severity.INFO


def entries(document: DocumentResult) -> tuple[Entry, ...]:
    """Return what there is to read of `document`: worst first, then in text order.

    Policies that are unknown for want of fields are one entry: the fields are what to mend.
    """
    found = [one for one in document.results if one.outcome in FINDINGS]
    unjudged = [one for one in found if one.outcome is Outcome.UNKNOWN and one.missing]
    groups: list[tuple[Result, ...]] = [(one,) for one in found if one not in unjudged]
    groups += [tuple(one for one in unjudged if severity(one) is worth) for worth in Severity]
    listed = [Entry(severity(group[0]), group) for group in groups if group]
    return tuple(sorted(listed, key=_position))


def choose(listed: Sequence[tuple[Entry, ...]], limit: int) -> tuple[Shown, ...]:
    """Split the entries of each document into the `limit` worst of all and the rest.

    A waived finding is always printed and takes no room.
    """
    ranked = sorted(
        (RANKS[entry.severity], document, position)
        for document, found in enumerate(listed)
        for position, entry in enumerate(found)
        if entry.severity is not Severity.WAIVED
    )
    hidden = {(document, position) for _, document, position in ranked[limit:]}
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
    held: dict[str, list[tuple[int, Result]]] = {}
    for number, document in enumerate(result.documents):
        found = [one for one in document.results if one.blocks and one.outcome is not Outcome.ERROR]
        for one in sorted(found, key=lambda one: one.place or _NOWHERE):
            held.setdefault(block(one.pointer), []).append((number, one))
    blocks = []
    for pointer, group in held.items():
        number, first = group[0]
        documents = len({number for number, _ in group})
        path = first.path or result.documents[number].path
        blocks.append(Block(pointer, len(group), documents, path, first.place))
    return tuple(sorted(blocks, key=lambda one: -one.blocking)[:count])


def policy(result: CheckResult, code: str) -> PolicyText:
    """Return the words of a policy, or of any other source of findings; empty if it has none."""
    return result.policies.get(code) or PolicyText(code, "", "", "", "", {})


def where(path: str, place: Place | None) -> str:
    """Return `path:line:column`, printable; the path alone where nothing in it is at fault."""
    return escape(path) + (f":{place.line}:{place.column}" if place else "")


def dotted(pointer: str) -> str:
    """Return a JSON pointer as people write it (`spec.approvals[3].date`), escaped."""
    words: list[str] = []
    for name in split_pointer(pointer):
        if name.isascii() and name.isdecimal():
            words.append(f"[{name}]")
        elif name.replace("-", "_").isidentifier():
            words.append(f".{name}")
        else:
            words.append(f'["{name}"]')
    return escape("".join(words).removeprefix("."))


def _position(entry: Entry) -> tuple[int, Place, str]:
    return RANKS[entry.severity], entry.place or _NOWHERE, entry.results[0].code
