"""What a row of an audit says, as the intervals know it."""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from aigov.findings import FINDINGS, Outcome, fingerprint

LONGEST = 1000
"""Bytes of the name of a repository: an index of PostgreSQL takes no entry above 2,700."""
_KEPT = ("path", "digest", "tier", "declared", "derived")

Observation = dict[tuple[str, str], dict[str, Any]]
"""Kind and key to the columns `state`, `use_case`, `name`, `about` and the `digest` of these."""


def observe(row: Mapping[str, Any]) -> Observation:
    """Return what the row of a readable repository says.

    The digest of the kind `repository` is over all of it.

    Args:
        row: `entry` as in the report of an audit; `about`, if it is there, has a mapping for
            each of the entry's documents: of a use case `owner`, of a waiver `id`, `policy` and
            `expires_on`, of both what else is to be kept.
    """
    entry, seen = row["entry"], _Seen()
    documents = entry["documents"]
    for document, about in zip(documents, row.get("about") or [{}] * len(documents), strict=True):
        seen.document(document, about)
    for one in entry["problems"]:
        mark = fingerprint(one["code"], plain(one["path"]), "")
        about = {"path": one["path"], "outcome": "fail", "enforcement": "block", "waiver": None}
        seen.add("finding", mark, "open", (None, one["code"]), about)
    for one in entry["detections"]:
        mark = digest([one["path"], one["kind"], one["detector"], one["name"]])
        about = {name: one[name] for name in ("path", "ecosystem", "detector", "confidence")}
        seen.add("detection", mark, one["kind"], (one["use_case"], one["name"]), about)
    about = {name: entry[name] for name in ("source", "head", "tree")}
    seen.add("repository", "", entry["ai_use"], (None, None), about)
    seen.found["repository", ""]["digest"] = digest(sorted(map(list, seen.found.items())))
    return seen.found


def digest(value: object) -> str:
    """Return the sha256 (hex) of a JSON value."""
    return sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def plain(text: str) -> str:
    """Return text that every database takes: NUL and halves of characters are escaped."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")


def short(name: str) -> str:
    """Return the name of a repository; of one that is too long its beginning and a digest."""
    data = plain(name).encode()
    if len(data) <= LONGEST:
        return data.decode()
    return f"{data[: LONGEST - 65].decode(errors='ignore')}~{digest(name)}"


class _Seen:
    """What was seen so far; of equals each has a key of its own, as their order is stable."""

    def __init__(self) -> None:
        self.found: Observation = {}
        self._equals: dict[tuple[str, str], int] = {}

    def add(
        self, kind: str, mark: str, state: str, named: tuple[str | None, str | None], about: object
    ) -> None:
        times = self._equals[kind, mark] = self._equals.get((kind, mark), 0) + 1
        use_case, name = (text and plain(text) for text in named)
        own = {"state": state, "use_case": use_case, "name": name, "about": about}
        key = f"{mark}:{times}" if times > 1 else mark
        self.found[kind, key] = {**own, "digest": digest(own)}

    def document(self, document: Mapping[str, Any], about: Mapping[str, Any]) -> None:
        found = [one for one in document["results"] if one["outcome"] in FINDINGS]
        kept = {**about, **{name: document[name] for name in _KEPT}}
        path, use_case = document["path"], document["use_case"]
        if document["kind"] == "Waiver":
            mark = digest([use_case, about.get("id"), about.get("policy")])
            state = waiver_state({one["code"] for one in found})
            self.add("waiver", mark, state, (use_case, about.get("id")), kept)
        else:
            mark = digest([path, use_case])
            self.add("use_case", mark, document["stage"], (use_case, document["name"]), kept)
        for one in found:
            state = "waived" if one["outcome"] == Outcome.WAIVED else "open"
            about = {name: one[name] for name in ("outcome", "enforcement", "waiver")}
            named = (use_case, one["code"])
            self.add("finding", one["fingerprint"], state, named, {"path": path, **about})


def waiver_state(codes: set[str]) -> str:
    """Return what became of a waiver with these findings: `used` or `expiring` where it counts."""
    if "WAI-001" in codes:
        return "expired"
    if codes - {"WAI-002", "WAI-003"}:
        return "refused"
    return "unused" if "WAI-002" in codes else "expiring" if codes else "used"
