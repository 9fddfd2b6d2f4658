"""The closing sentences of a report: what was judged, and how it ends."""

from collections.abc import Mapping
from enum import StrEnum

from aigov.findings import FINDINGS, Outcome
from aigov.results import CheckResult, DocumentResult, Summary


class Standing(StrEnum):
    """How one document ends."""

    BLOCKED = "blocked"
    WARNED = "with warnings"
    PASSING = "passing"
    """Nothing blocks or warns, and at least one policy looked."""
    UNJUDGED = "not judged"
    """Nothing was found, because no policy looked."""


_KINDS = {
    "UseCase": ("use case", "use cases"),
    "Waiver": ("waiver", "waivers"),
    "Organization": ("organisation", "organisations"),
}


def standing(document: DocumentResult) -> Standing:
    """Return how `document` ends; silence is never `PASSING`."""
    outcomes = {one.outcome for one in document.results}
    if not outcomes.isdisjoint(FINDINGS):
        if any(one.blocks for one in document.results):
            return Standing.BLOCKED
        if any(one.warns for one in document.results):
            return Standing.WARNED
        return Standing.PASSING
    return Standing.PASSING if Outcome.PASS in outcomes else Standing.UNJUDGED


def counts(result: CheckResult, summary: Summary) -> list[str]:
    """Return what became of the results that are no findings, and the date."""
    outcomes = summary.outcomes
    unjudged = 0
    if summary.not_judged:
        unjudged = sum(
            one.outcome is Outcome.NOT_APPLICABLE and bool(one.missing)
            for document in result.documents
            for one in document.results
        )
    parts = [f"{outcomes[Outcome.PASS]:,} passed"]
    if outcomes[Outcome.LATER]:
        parts.append(f"{outcomes[Outcome.LATER]:,} later")
    if outcomes[Outcome.NOT_APPLICABLE] - unjudged:
        parts.append(f"{outcomes[Outcome.NOT_APPLICABLE] - unjudged:,} not applicable")
    if unjudged:
        absent = ", ".join(f"no {context}" for context in summary.not_judged)
        parts.append(f"{unjudged:,} not judged ({absent})")
    return [", ".join(parts), f"as of {result.as_of}"]


def verdict(result: CheckResult, summary: Summary) -> list[str]:
    """Return how the documents end and what was found, zeros said where they reassure."""
    ends: dict[str, int] = {}
    kinds: dict[str, int] = {}
    for document in result.documents:
        kinds[document.kind] = kinds.get(document.kind, 0) + 1
        end = standing(document)
        ends[end] = ends.get(end, 0) + 1
    documents = ", ".join(
        _count(kinds[kind], *_KINDS.get(kind, (kind, kind))) for kind in _ordered(kinds)
    )
    how = ", ".join(f"{ends[one]:,} {one}" for one in Standing if one in ends)
    parts = [f"{documents}: {how}"] if documents else ["no document was judged"]
    if result.problems:
        parts.append(_count(len(result.problems), "file problem", "file problems"))
    parts.append(", ".join(_findings(result, summary)))
    return parts


def _findings(result: CheckResult, summary: Summary) -> list[str]:
    """Return the finding counts: blocking and warnings always, the rest where there are."""
    parts = [f"{summary.blocking:,} blocking", _count(summary.warning, "warning", "warnings")]
    found = (Outcome.FAIL, Outcome.UNKNOWN, Outcome.ERROR)
    rest = sum(summary.outcomes[one] for one in found) + len(result.problems)
    rest -= summary.blocking + summary.warning
    if rest:
        parts.append(f"{rest:,} info")
    if summary.outcomes[Outcome.WAIVED]:
        parts.append(f"{summary.outcomes[Outcome.WAIVED]:,} waived")
    if summary.outcomes[Outcome.ERROR]:
        parts.append(_count(summary.outcomes[Outcome.ERROR], "policy error", "policy errors"))
    return parts


def _ordered(kinds: Mapping[str, int]) -> list[str]:
    """Return the kinds that occur, use cases first."""
    known = list(_KINDS)
    return sorted(kinds, key=lambda kind: known.index(kind) if kind in known else len(known))


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
