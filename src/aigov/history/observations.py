"""What a row of an audit says, as the intervals know it."""

import json
from collections import Counter
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from aigov.findings import FINDINGS, Outcome, fingerprint
from aigov.history.tables import INTERVALS

LONGEST = 1000
"""Bytes of the name of a repository: an index of PostgreSQL takes no entry above 2,700."""

Observation = dict[str, dict[str, dict[str, Any]]]
"""Table to key to the columns that an interval has of its own."""


def observe(row: Mapping[str, Any]) -> Observation:
    """Return what the row of a readable repository says.

    Args:
        row: `entry` as in the report of an audit; `about`, if it is there, has a mapping for
            each of the entry's documents: of a use case `owner` and what else is to be kept,
            of a waiver `id`, `policy`, `expires_on` and what else is to be kept.
    """
    entry, seen = row["entry"], _Seen()
    documents = entry["documents"]
    for document, about in zip(documents, row.get("about") or [{}] * len(documents), strict=True):
        seen.document(document, about)
    for one in entry["problems"]:
        mark = fingerprint(one["code"], plain(one["path"]), "")
        problem = {"path": one["path"], "code": one["code"], "outcome": "fail"}
        seen.add("finding", mark, {**problem, "state": "open", "enforcement": "block"})
    for one in entry["detections"]:
        mark = _mark(one["path"], one["kind"], one["detector"], one["name"])
        seen.add("detection", mark, one)
    seen.add("repository", "", {**entry, "state": entry["ai_use"]})
    seen.found["repository"][""]["observed"] = digest(seen.found)
    return seen.found


def digest(value: object) -> str:
    """Return the sha256 (hex) of a JSON value."""
    return sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def plain(text: str) -> str:
    """Return text that every database takes: NUL and halves of characters are escaped."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")


def short(name: str) -> str:
    """Return the name of a repository, of one that is too long its beginning and a digest."""
    text = plain(name)
    if len(text.encode()) <= LONGEST:
        return text
    return f"{text.encode()[: LONGEST - 65].decode(errors='ignore')}~{digest(name)}"


class _Seen:
    """What was seen so far; of equals each has a key of its own, as their order is stable."""

    def __init__(self) -> None:
        self.found: Observation = {table: {} for table in INTERVALS}
        self._times: Counter[tuple[str, str]] = Counter()

    def add(self, table: str, mark: str, given: Mapping[str, Any]) -> None:
        """Keep of `given` what the table has columns for."""
        self._times[table, mark] += 1
        times = self._times[table, mark]
        own = [one.name for one in INTERVALS[table].columns[5:]]
        values = {name: given.get(name) for name in own}
        self.found[table][f"{mark}:{times}" if times > 1 else mark] = {
            name: plain(value) if isinstance(value, str) else value
            for name, value in values.items()
        }

    def document(self, document: Mapping[str, Any], about: Mapping[str, Any]) -> None:
        found = [one for one in document["results"] if one["outcome"] in FINDINGS]
        path, use_case = document["path"], document["use_case"]
        if document["kind"] == "Waiver":
            given = {**about, **document, "waiver": about.get("id"), "about": about}
            state = waiver_state({one["code"] for one in found})
            mark = _mark(use_case, about.get("id"), about.get("policy"))
            self.add("waiver", mark, {**given, "state": state})
        else:
            sides = {
                f"{side}_{word}": document[side].get(word)
                for side in ("declared", "derived")
                for word in ("stage", "tier")
            }
            category = document["derived"].get("eu_category")
            given = {**about, **document, **sides, "eu_category": category, "about": about}
            self.add("use_case", _mark(path, use_case), given)
        for one in found:
            state = "waived" if one["outcome"] == Outcome.WAIVED else "open"
            given = {**one, "path": path, "use_case": use_case, "state": state}
            self.add("finding", one["fingerprint"], given)


def waiver_state(codes: set[str]) -> str:
    """Return what became of a waiver with these findings: `used` or `expiring` where it counts."""
    if "WAI-001" in codes:
        return "expired"
    if codes - {"WAI-002", "WAI-003"}:
        return "refused"
    return "unused" if "WAI-002" in codes else "expiring" if codes else "used"


def _mark(*parts: str | None) -> str:
    return digest(parts)[:32]
