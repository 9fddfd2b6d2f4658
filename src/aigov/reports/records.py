"""One finding as one record: what every format for a machine or a web page is made of."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from aigov.findings import FINDINGS, Enforcement, Outcome, Place, Result, Spot, fingerprint
from aigov.reports.entries import RANKS, Severity, policy, severity
from aigov.reports.escape import escape
from aigov.reports.text_findings import code, unjudged
from aigov.results import CheckResult, PolicyText


class Record(NamedTuple):
    """One finding of one document, or one file that could not be read."""

    code: str
    title: str
    """The code and the id of the policy, printable."""
    severity: Severity
    path: str
    """As it is in the repository: not escaped."""
    place: Place
    """The start of the document where nothing is nearer."""
    said: str
    """What was found, printable and on one line; never empty."""
    fingerprint: str
    """64 hex digits, `:` and a number from 1 that tells equal ones apart."""
    remedy: str
    """What to do, printable and on one line; "" where that is not known or not wanted."""
    document: int | None
    """Position in `CheckResult.documents`; None for a file that could not be read."""
    related: tuple[Spot, ...]


def records(result: CheckResult) -> Iterator[Record]:
    """Yield a record for each problem, then for each finding, in the order of the run."""
    seen: Counter[str] = Counter()
    for document, path, subject, place, one in _findings(result):
        text = policy(result, one.code)
        # half characters, which no hash takes, are escaped
        named = escape(subject, limit=None), escape(one.pointer, limit=None)
        mark = one.fingerprint or fingerprint(one.code, *named)
        seen[mark] += 1
        yield Record(
            code=one.code,
            title=code(result, one.code),
            severity=severity(one),
            path=path,
            place=place,
            said=statement(one, text),
            fingerprint=f"{mark}:{seen[mark]}",
            remedy=advice(one, text),
            document=document,
            related=one.related,
        )


def _findings(result: CheckResult) -> Iterator[tuple[int | None, str, str, Place, Result]]:
    """Yield (document, path, what it is about, place, finding); a problem is about its file.

    A problem has no line in its fingerprint: what else changes in the file does not make
    it another problem.
    """
    for problem in result.problems:
        found = Result(problem.code, Outcome.FAIL, Enforcement.BLOCK, problem.message)
        yield None, problem.path, problem.path, _start(problem.line, problem.column), found
    for number, document in enumerate(result.documents):
        for one in document.results:
            if one.outcome in FINDINGS:
                place = one.place or _start(document.line)
                yield number, one.path or document.path, document.use_case, place, one


def worst_first(found: Iterable[Record]) -> list[Record]:
    """Return the records by severity; equals keep their order."""
    return sorted(found, key=lambda one: RANKS[one.severity])


def statement(one: Result, text: PolicyText) -> str:
    """Return what was found and what that means: printable, one line, never empty."""
    said = escape(one.message or text.title or one.code)
    remarks = {
        Outcome.UNKNOWN: unjudged(one),
        Outcome.ERROR: "the policy is at fault, not the manifest",
        Outcome.WAIVED: f"waived by {escape(one.waiver or '(no metadata.id)')}",
    }
    listed = [word for word in (remarks.get(one.outcome), escape(one.note)) if word]
    return f"{said} ({'; '.join(listed)})" if listed else said


def advice(one: Result, text: PolicyText) -> str:
    """Return what to do about a finding; nothing where the manifest is not at fault."""
    return escape(text.remedy) if one.outcome in (Outcome.FAIL, Outcome.UNKNOWN) else ""


def _start(line: int, column: int = 1) -> Place:
    """Return the one character at a point: an empty region is not shown anywhere."""
    return Place(line, column, line, column + 1)
