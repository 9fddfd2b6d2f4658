"""What is counted of a repository and of all of them, for every format alike."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from aigov.expressions import STAGES
from aigov.policies import TIERS
from aigov.results import NEEDING

Entry = Mapping[str, Any]
"""One of `repositories` in `schemas/audit.v1.json`."""
Totals = dict[str, dict[str, int]]
"""Repositories by use of AI, use cases by stage and tier, and `sums`; zeros included."""

_STATES = ("unregistered", "registered", "declared_not_ai", "none", "failed")
_SUMS = ("use_cases", "blocking", "warnings", "waived", "detections", "problems", "unread")


def measure(entry: Entry) -> dict[str, Any]:
    """Return a repository in one line: texts, "" where nothing is known, and numbers.

    Keys, which are the header of the CSV:
        name, source, head, state, error: as in the entry.
        ai_use: the same, but "" where it failed.
        use_cases: how many; highest_tier, furthest_stage: of these.
        blocking: blocking fails and unknowns, errors and problems; warnings; waived.
        detections: mentions included; first_detection: `path:line name` of the first use of AI
            that needs a manifest, one without it before all others.
        problems: files that are no manifests, and components with AI that have none.
        unread: files that were too large to be read.
    """
    cases, problems = _use_cases(entry), len(entry["problems"])
    found = Counter(effect(one) for document in entry["documents"] for one in document["results"])
    return {
        "name": entry["name"],
        "source": entry["source"],
        "head": entry["head"] or "",
        "state": entry["state"],
        "error": entry["error"] or "",
        "ai_use": entry["ai_use"] if entry["state"] == "ok" else "",
        "use_cases": len(cases),
        "highest_tier": _last(TIERS, (one["tier"] for one in cases)),
        "furthest_stage": _last(STAGES, (one["stage"] for one in cases)),
        "blocking": found["error"] + found["block"] + problems,
        "warnings": found["warn"],
        "waived": found["waived"],
        "detections": len(entry["detections"]),
        "first_detection": _first_use(entry),
        "problems": problems,
        "unread": len(entry["unread"]),
    }


def effect(one: Mapping[str, Any]) -> str:
    """Return what a result does, `error block warn info waived`; "" where it is no finding."""
    if one["outcome"] in ("fail", "unknown"):
        return str(one["enforcement"])
    return one["outcome"] if one["outcome"] in ("error", "waived") else ""


def uses(entry: Entry) -> list[Mapping[str, Any]]:
    """Return the detections that need a manifest, those without one first."""
    needing = (one for one in entry["detections"] if one["kind"] in NEEDING)
    return sorted(needing, key=lambda one: one["use_case"] is not None)


def nothing() -> Totals:
    """Return the counts of no repository."""
    kinds = {"stages": (*STAGES, "unknown"), "tiers": (*TIERS, "unknown"), "sums": _SUMS}
    return {
        name: dict.fromkeys(keys, 0) for name, keys in {"repositories": _STATES, **kinds}.items()
    }


def add(totals: Totals, entry: Entry) -> dict[str, Any]:
    """Count one more repository, and return its line."""
    line = measure(entry)
    totals["repositories"][line["ai_use"] or "failed"] += 1
    for one in _use_cases(entry):
        totals["stages"][one["stage"] or "unknown"] += 1
        totals["tiers"][one["tier"] or "unknown"] += 1
    for name in _SUMS:
        totals["sums"][name] += line[name]
    return line


def _use_cases(entry: Entry) -> list[Mapping[str, Any]]:
    return [one for one in entry["documents"] if one["kind"] == "UseCase"]


def _first_use(entry: Entry) -> str:
    return next((f"{one['path']}:{one['line']} {one['name']}" for one in uses(entry)), "")


def _last(order: tuple[str, ...], found: Iterable[str | None]) -> str:
    return max(filter(None, found), key=order.index, default="")


FIELDS = tuple(measure(defaultdict(list)))
"""The keys of a line."""
