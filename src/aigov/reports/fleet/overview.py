"""What the reports for people say and in which order, gathered in one pass."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from heapq import nsmallest
from itertools import chain
from typing import Any, NamedTuple

from aigov.reports.escape import escape
from aigov.reports.fleet.measures import Entry, Totals, add, effect, nothing, uses
from aigov.reports.summary import count
from aigov.results import FleetAudit

_SECTIONS = {
    "unregistered": ("Unregistered: AI use without a manifest", "Repository", "Uses", "Where"),
    "failed": ("Could not be judged", "Repository", "Why", "What to do"),
    "blocked": ("Blocked", "Use case", "As what", "First of it", "Where"),
    "changed": ("Changed since {}", "What", "How often"),
    "declared_not_ai": ("Declared not to be AI", "Repository", "First use", "What is said of it"),
}
"""Title and columns, the most urgent first."""
_FIXES = {
    "corrupt": "Look at it with `git fsck`; clone it anew.",
    "empty": "Push a commit to its default branch, or leave it out.",
    "not found": "Correct its address, or let the audit's account see it.",
    "password needed": "Let the audit's account read it.",
    "refused": "Clone it yourself, and audit the clone.",
    "unreachable": "Run the audit again when its server answers.",
}
"""What to do, by class of error."""
_AGAIN = "Audit it alone to see whether it fails again."


class Section(NamedTuple):
    """A part of the report that has a row."""

    title: str
    columns: Sequence[str]
    """What is in a column `Where` is never broken."""
    rows: Sequence[tuple[str, ...]]
    """Printable cells of the first rows."""
    total: int
    """How many rows there are."""


Row = tuple[str, int, tuple[str, ...]]
"""Section, weight and cells."""


def survey(fleet: FleetAudit, limit: int) -> tuple[list[Section], Totals]:
    """Go through all repositories once, and keep the `limit` rows a section that weigh most."""
    totals, many = nothing(), Counter[str]()
    kept: dict[str, list[tuple[int, int, tuple[str, ...]]]] = {name: [] for name in _SECTIONS}
    rows = (row for entry in fleet.rows() for row in _rows(fleet, entry, add(totals, entry)))
    for name, weight, cells in chain(rows, _changes(fleet)):
        many[name] += 1
        kept[name].append((-weight, many[name], cells))
        if len(kept[name]) > 2 * limit:
            kept[name] = nsmallest(limit, kept[name])
    since = escape(fleet.changes.since) if fleet.changes else ""
    first = {name: [cells for *_, cells in nsmallest(limit, kept[name])] for name in many}
    return [
        Section(title.format(since), columns, first[name], many[name])
        for name, (title, *columns) in _SECTIONS.items()
        if name in many
    ], totals


def counts(fleet: FleetAudit, totals: Totals) -> list[str]:
    """Return where the use cases are, what was not read, the date and the run."""
    cases, unread = totals["sums"]["use_cases"], totals["sums"]["unread"]
    parts = [f"{count(cases, 'use case')}{_split(totals['stages'])}"]
    parts += [f"tiers{_split(totals['tiers'])}"] * bool(cases)
    parts += [f"{count(unread, 'file')} too large to read"] * bool(unread)
    parts += ["no profile: no waiver counts"] * (fleet.profile_digest is None)
    return [*parts, f"as of {escape(fleet.as_of)}", f"run {escape(fleet.run[:12])}"]


def verdict(totals: Totals) -> list[str]:
    """Return how the repositories end and what was found, zeros said where they reassure."""
    ends = ", ".join(f"{many:,} {name}" for name, many in totals["repositories"].items())
    ends = ends.replace("declared_not_ai", "declared not AI").replace("none", "without AI")
    every, sums = sum(totals["repositories"].values()), totals["sums"]
    found = f"{sums['blocking']:,} blocking, {count(sums['warnings'], 'warning')}"
    word = "repository" if every == 1 else "repositories"
    return [f"{every:,} {word}: {ends}", f"{found}, {sums['waived']:,} waived"]


def _split(numbers: Mapping[str, int]) -> str:
    shown = ", ".join(f"{many:,} {name}" for name, many in numbers.items() if many)
    return f": {shown}" if shown else ""


def _rows(fleet: FleetAudit, entry: Entry, line: Mapping[str, Any]) -> Iterator[Row]:
    """Yield all that a repository is listed for."""
    name, first = escape(line["name"]), escape(line["first_detection"])
    if line["state"] == "failed":
        fix = _FIXES.get(line["error"].partition(":")[0], _AGAIN)
        yield "failed", 0, (name, escape(line["error"]), fix)
    if line["ai_use"] == "unregistered":
        open_ones = [one for one in uses(entry) if one["use_case"] is None]
        yield "unregistered", 0, (name, count(len(open_ones), "place"), first)
    if line["ai_use"] == "declared_not_ai":
        yield "declared_not_ai", 0, (name, first, escape(" ".join(entry.get("notes", ()))))
    for one in (*entry["documents"], *entry["problems"]):
        found = [one] if "code" in one else one["results"]
        codes = [r["code"] for r in found if r is one or effect(r) in ("error", "block")]
        if codes and codes != ["REP-001"]:
            who = escape(one.get("use_case", "(a file)") or "(no metadata.id)")
            judged = ", ".join(filter(None, (one.get("tier"), one.get("stage"))))
            text = fleet.policies.get(codes[0])
            said = f"{codes[0]} {text.id if text else ''}".rstrip()
            said += f" and {len(codes) - 1:,} more" * (len(codes) > 1)
            place = f"{name}: {escape(one['path'])}:{one['line']}"
            many = f"{len(codes):,} blocking{f' ({judged})' if judged else ''}"
            yield "blocked", len(codes), (who, escape(many), escape(said), place)


def _changes(fleet: FleetAudit) -> Iterator[Row]:
    """Yield what happened since the audit before, how often, and to whom."""
    for event, (times, named) in fleet.changes.tallies.items() if fleet.changes else ():
        words = f"{times:,}{': ' * bool(named)}{'; '.join(map(escape, named))}"
        if times:
            rest = f"; {times - len(named):,} more" * (0 < len(named) < times)
            what = event.replace("_", " ").replace(" repo ", ", repository ")
            yield "changed", 0, (what.replace(" rule ", ", rule "), words + rest)
