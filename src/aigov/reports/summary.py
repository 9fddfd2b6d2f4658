"""The closing sentences of a report: what was judged, and how it ends."""

from collections import Counter
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


_KINDS = {"UseCase": "use case", "Waiver": "waiver", "Organization": "organisation"}


def standing(document: DocumentResult) -> Standing:
    """Return how `document` ends; silence is never `PASSING`."""
    found = [one for one in document.results if one.outcome in FINDINGS]
    if any(one.blocks for one in found):
        return Standing.BLOCKED
    if any(one.warns for one in found):
        return Standing.WARNED
    judged = found or any(one.outcome is Outcome.PASS for one in document.results)
    return Standing.PASSING if judged else Standing.UNJUDGED


def counts(result: CheckResult, summary: Summary) -> list[str]:
    """Return what became of the results that are no findings, and the date."""
    outcomes = summary.outcomes
    unjudged = sum(
        one.outcome is Outcome.NOT_APPLICABLE and bool(one.missing)
        for document in (result.documents if summary.not_judged else ())
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
    given = result.decision.given if result.decision else {}
    compared = [f"compared with {str(given['base'])[:12]}"] if given.get("base") else []
    return [", ".join(parts), f"as of {result.as_of}", *compared]


def verdict(result: CheckResult, summary: Summary) -> list[str]:
    """Return how the documents end and what was found, zeros said where they reassure."""
    ends = Counter(standing(document) for document in result.documents)
    kinds = Counter(dict.fromkeys(_KINDS, 0))  # use cases first
    kinds.update(document.kind for document in result.documents)
    documents = ", ".join(
        count(number, _KINDS.get(kind, kind)) for kind, number in kinds.items() if number
    )
    how = ", ".join(f"{ends[one]:,} {one}" for one in Standing if ends[one])
    parts = [f"{documents}: {how}"] if documents else ["no document was judged"]
    decision = result.decision
    if decision:
        word = "allowed" if decision.allow else "DENIED"
        parts.insert(0, f"{word} for {decision.stage} at {str(decision.given['rev'])[:12]}")
    if result.problems:
        parts.append(count(len(result.problems), "file problem"))
    parts.append(", ".join(_findings(result, summary)))
    return parts


def _findings(result: CheckResult, summary: Summary) -> list[str]:
    """Return the finding counts: blocking and warnings always, the rest where there are."""
    parts = [f"{summary.blocking:,} blocking", count(summary.warning, "warning")]
    found = (Outcome.FAIL, Outcome.UNKNOWN, Outcome.ERROR)
    rest = sum(summary.outcomes[one] for one in found) + len(result.problems)
    rest -= summary.blocking + summary.warning
    if rest:
        parts.append(f"{rest:,} info")
    if summary.outcomes[Outcome.WAIVED]:
        parts.append(f"{summary.outcomes[Outcome.WAIVED]:,} waived")
    if summary.outcomes[Outcome.ERROR]:
        parts.append(count(summary.outcomes[Outcome.ERROR], "policy error"))
    return parts


def count(number: int, word: str) -> str:
    """Return a number of things in words: `1 warning`, `1,200 warnings`."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"
