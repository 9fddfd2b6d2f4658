"""What is counted of a repository and of all of them, for every format alike.

The entries are those of `repositories` in `schemas/audit.v1.json`.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from aigov.expressions import STAGES
from aigov.findings import Enforcement, Outcome
from aigov.policies import TIERS
from aigov.results import NEEDING

UNCOVERED = "REP-001"
"""The problem that marks where AI is used without a manifest."""
_STATES = ("unregistered", "registered", "declared_not_ai", "none", "failed")
_UNKNOWN = "unknown"
_ADDED = ("use_cases", "blocking", "warnings", "waived", "detections", "problems", "unread")
_OPEN = (Outcome.FAIL, Outcome.UNKNOWN)

Entry = Mapping[str, Any]


class Line(NamedTuple):
    """A repository in one line; the names of these fields are the header of the CSV."""

    name: str
    source: str
    head: str
    """Full id of the commit; "" where it is not known."""
    state: str
    """`ok` or `failed`."""
    error: str
    """`class: words` of one that failed, else ""."""
    ai_use: str
    """`none registered unregistered declared_not_ai`; "" where it failed."""
    use_cases: int
    highest_tier: str
    """Of the use cases; "" where none has one."""
    furthest_stage: str
    blocking: int
    """Blocking fails and unknowns, errors and problems, as in the report of one repository."""
    warnings: int
    waived: int
    detections: int
    first_detection: str
    """`path:line name` of the first use of AI that needs a manifest, one without it first."""
    problems: int
    """Files that could not be read as manifests, and components with AI that have none."""
    unread: int
    """Files that were too large to be read."""


def measure(entry: Entry) -> Line:
    """Return the line of a repository."""
    results = [one for document in entry["documents"] for one in document["results"]]
    cases, seen = use_cases(entry), first_use(entry)
    return Line(
        name=entry["name"],
        source=entry["source"],
        head=entry["head"] or "",
        state=entry["state"],
        error=entry["error"] or "",
        ai_use=entry["ai_use"] if entry["state"] == "ok" else "",
        use_cases=len(cases),
        highest_tier=_last(TIERS, (one["tier"] for one in cases)),
        furthest_stage=_last(STAGES, (one["stage"] for one in cases)),
        blocking=len(blocking(results)) + len(entry["problems"]),
        warnings=sum(_open(one, Enforcement.WARN) for one in results),
        waived=sum(one["outcome"] == Outcome.WAIVED for one in results),
        detections=len(entry["detections"]),
        first_detection=f"{seen['path']}:{seen['line']} {seen['name']}" if seen else "",
        problems=len(entry["problems"]),
        unread=len(entry["unread"]),
    )


def use_cases(entry: Entry) -> list[Mapping[str, Any]]:
    """Return the documents that are use cases."""
    return [one for one in entry["documents"] if one["kind"] == "UseCase"]


def blocking(results: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the results that deny, by the rule of `Result.blocks`."""
    return [
        one for one in results if one["outcome"] == Outcome.ERROR or _open(one, Enforcement.BLOCK)
    ]


def uncovered(entry: Entry) -> list[Mapping[str, Any]]:
    """Return the detections that need a manifest and have none."""
    return [one for one in entry["detections"] if one["kind"] in NEEDING and not one["use_case"]]


def first_use(entry: Entry) -> Mapping[str, Any] | None:
    """Return the detection to look at first: one that a problem is about, one without a
    manifest, any that needs one; None where there is none."""
    marked = {(one["path"], one["line"]) for one in entry["problems"] if one["code"] == UNCOVERED}
    needing = [one for one in entry["detections"] if one["kind"] in NEEDING]
    return min(
        needing,
        key=lambda one: ((one["path"], one["line"]) not in marked, bool(one["use_case"])),
        default=None,
    )


class Totals(NamedTuple):
    """Counts over all repositories, zeros included; `add` counts one more."""

    repositories: dict[str, int]
    """By use of AI, and those that failed."""
    stages: dict[str, int]
    """Use cases by judged stage, `unknown` where there is none."""
    tiers: dict[str, int]
    """Use cases by effective tier, `unknown` where there is none."""
    sums: dict[str, int]
    """Of fields of `Line`."""

    def add(self, entry: Entry) -> Line:
        """Count a repository, and return its line."""
        line = measure(entry)
        self.repositories[line.ai_use or line.state] += 1
        for one in use_cases(entry):
            self.stages[one["stage"] if one["stage"] in STAGES else _UNKNOWN] += 1
            self.tiers[one["tier"] if one["tier"] in TIERS else _UNKNOWN] += 1
        for name in _ADDED:
            self.sums[name] += getattr(line, name)
        return line


def nothing() -> Totals:
    """Return the counts of no repository."""
    names = (_STATES, (*STAGES, _UNKNOWN), (*TIERS, _UNKNOWN), _ADDED)
    return Totals(*(dict.fromkeys(some, 0) for some in names))


def _open(one: Mapping[str, Any], enforcement: Enforcement) -> bool:
    return one["outcome"] in _OPEN and one["enforcement"] == enforcement


def _last(order: tuple[str, ...], found: Iterable[str | None]) -> str:
    """Return what stands last in an order, "" where nothing is found that stands in it."""
    known = {*found}
    return next((one for one in reversed(order) if one in known), "")
