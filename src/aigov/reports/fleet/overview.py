"""What the reports for people say and in which order, gathered in one pass."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from aigov.reports.escape import escape
from aigov.reports.fleet.changes import WORDS, told
from aigov.reports.fleet.measures import (
    UNCOVERED,
    Entry,
    Line,
    Totals,
    blocking,
    first_use,
    nothing,
    uncovered,
)
from aigov.reports.summary import count
from aigov.results import FleetAudit

_SECTIONS = {
    "unregistered": (
        "Unregistered: AI use without a manifest",
        ("Repository", "What", "Where"),
        "`aigov-gate init` there writes a manifest; what is no AI, the profile lists as not_ai.",
    ),
    "failed": ("Could not be judged", ("Repository", "Why", "What to do"), ""),
    "blocked": (
        "Blocked",
        ("Use case", "Judged", "First of it", "Where"),
        "`aigov-gate gate` there says all of it.",
    ),
    "changed": ("Changed since", ("What", "How many"), ""),
    "declared_not_ai": ("Declared not to be AI", ("Repository", "What is said of it"), ""),
}
_ENDS = {
    "unregistered": "unregistered",
    "registered": "registered",
    "declared_not_ai": "declared not AI",
    "none": "without AI",
    "failed": "failed",
}
_KINDS = {"Waiver": "waiver for ", "Organization": "organisation "}
_FIXES = {
    "corrupt": "Look at it with `git fsck`; clone it anew.",
    "empty": "Push a commit to its default branch, or leave it out.",
    "error": "Report these words: the fault is in aigov-gate.",
    "memory": "Leave it out, or let each worker have more memory.",
    "not found": "Correct its address, or let the audit's account see it.",
    "password needed": "Let the audit's account read it.",
    "refused": "Clone it yourself, and audit the clone.",
    "unreachable": "Run the audit again when its server answers.",
}
"""What to do, by class of error."""
_AGAIN = "Audit it alone to see whether it fails again."


class Section(NamedTuple):
    """A part of the report."""

    title: str
    columns: tuple[str, ...]
    """What is in a column `Where` is never broken."""
    rows: Sequence[tuple[str, ...]]
    """Printable cells of the first rows."""
    total: int
    """How many rows there are."""
    advice: str
    """What to do about them; "" where each row says it."""


class Overview(NamedTuple):
    """All that is said."""

    sections: tuple[Section, ...]
    """Those that have a row, the most urgent first."""
    totals: Totals


def survey(fleet: FleetAudit, limit: int) -> Overview:
    """Go through all repositories once, and keep at most `limit` rows a section."""
    totals, lists = nothing(), {name: _List(limit) for name in _SECTIONS}
    for entry in fleet.rows():
        line = totals.add(entry)
        for name, weight, cells in _rows(fleet, entry, line):
            lists[name].add(weight, cells)
    lists["changed"] = _List(len(WORDS))
    for row in told(fleet.changes) if fleet.changes else ():
        lists["changed"].add(0, row)
    since = f" {escape(fleet.changes.since)}" if fleet.changes else ""
    parts = []
    for name, (title, columns, advice) in _SECTIONS.items():
        rows, total = lists[name].first(), lists[name].total
        named = title + since * (name == "changed")
        parts += [Section(named, columns, rows, total, advice)] * bool(total)
    return Overview(tuple(parts), totals)


def counts(fleet: FleetAudit, totals: Totals) -> list[str]:
    """Return where the use cases are, what was not read, the date and the run."""
    cases, unread = totals.sums["use_cases"], totals.sums["unread"]
    parts = [f"{count(cases, 'use case')}{_split(totals.stages)}"]
    parts += [f"tiers{_split(totals.tiers)}"] * bool(cases)
    parts += [f"{count(unread, 'file')} too large to read"] * bool(unread)
    parts += ["no profile: no waiver counts"] * (fleet.profile_digest is None)
    return [*parts, f"as of {escape(fleet.as_of)}", f"run {escape(fleet.run[:12])}"]


def verdict(totals: Totals) -> list[str]:
    """Return how the repositories end and what was found, zeros said where they reassure."""
    states, sums = totals.repositories, totals.sums
    every = sum(states.values())
    kinds = ", ".join(f"{states[name]:,} {words}" for name, words in _ENDS.items())
    found = f"{sums['blocking']:,} blocking, {count(sums['warnings'], 'warning')}"
    return [
        f"{every:,} repositor{'y' if every == 1 else 'ies'}: {kinds}",
        f"{found}, {sums['waived']:,} waived",
    ]


def _split(numbers: Mapping[str, int]) -> str:
    shown = ", ".join(f"{many:,} {name}" for name, many in numbers.items() if many)
    return f": {shown}" if shown else ""


def _rows(
    fleet: FleetAudit, entry: Entry, line: Line
) -> Iterator[tuple[str, int, tuple[str, ...]]]:
    """Yield section, weight and cells of all that a repository is listed for."""
    name = escape(line.name)
    if line.state == "failed":
        fix = _FIXES.get(line.error.partition(":")[0], _AGAIN)
        yield "failed", 0, (name, escape(line.error), fix)
    if line.ai_use == "declared_not_ai":
        said = " ".join(map(escape, entry.get("notes", ()))) or line.first_detection
        yield line.ai_use, 0, (name, escape(said))
    if line.ai_use == "unregistered":
        yield line.ai_use, 0, (name, *_use(entry))
    for one in entry["documents"]:
        found = blocking(one["results"])
        if found:
            who = f"{_KINDS.get(one['kind'], '')}{one['use_case'] or '(no metadata.id)'}"
            judged = ", ".join(word for word in (one["tier"], one["stage"]) if word)
            many = f"{len(found):,} blocking{f' ({judged})' if judged else ''}"
            rest = f" and {len(found) - 1:,} more" * (len(found) > 1)
            said = f"{_policy(fleet, found[0]['code'])}{rest}"
            yield "blocked", len(found), _blocked(entry, one, (who, many, said))
    for one in entry["problems"]:
        if one["code"] != UNCOVERED:
            said = f"{_policy(fleet, one['code'])}: {escape(one['message'])}"
            yield "blocked", 1, _blocked(entry, one, ("(a file)", "1 blocking", said))


def _blocked(entry: Entry, one: Mapping[str, Any], said: tuple[str, ...]) -> tuple[str, ...]:
    """Return a row on a document or a problem: what is said of it, and where it is."""
    place = f"{escape(entry['name'])}: {escape(one['path'])}:{one['line']}"
    return *map(escape, said), place


def _use(entry: Entry) -> tuple[str, str]:
    """Return what is used first without a manifest and how often more, and where."""
    first, more = first_use(entry), len(uncovered(entry)) - 1
    if first is None:
        return "its places are not kept", ""
    rest = f" and {more:,} more places" if more > 0 else ""
    place = f"{escape(first['path'])}:{first['line']}"
    return f"{escape(first['name'])} ({escape(first['kind'])}){rest}", place


def _policy(fleet: FleetAudit, code: str) -> str:
    known = fleet.policies.get(code)
    return f"{code} {known.id}" if known else code


class _List:
    """The rows of a section that weigh most, of equals those that came first."""

    def __init__(self, limit: int) -> None:
        self.total = 0
        self._limit, self._kept = limit, list[tuple[int, int, tuple[str, ...]]]()

    def add(self, weight: int, cells: tuple[str, ...]) -> None:
        self._kept.append((-weight, self.total, cells))
        self.total += 1
        if len(self._kept) > 2 * self._limit:
            self._cut()

    def first(self) -> list[tuple[str, ...]]:
        self._cut()
        return [cells for _, _, cells in self._kept]

    def _cut(self) -> None:
        self._kept.sort()
        del self._kept[self._limit :]
