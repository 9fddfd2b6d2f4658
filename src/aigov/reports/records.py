"""One finding as one record: what every format for a machine or a web page is made of."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from aigov.findings import FINDINGS, Outcome, Place, Result, Spot, fingerprint
from aigov.reports.entries import Severity, dotted, severity
from aigov.reports.escape import escape
from aigov.reports.text_findings import absent
from aigov.results import CheckResult, PolicyText

_ORDER = {severity: position for position, severity in enumerate(Severity)}


class Record(NamedTuple):
    """One finding of one document, or one file that could not be read."""

    code: str
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
    document: int | None = None
    """Position in `CheckResult.documents`; None for a file that could not be read."""
    related: tuple[Spot, ...] = ()


def records(result: CheckResult) -> Iterator[Record]:
    """Yield a record for each problem, then for each finding, in the order of the run."""
    seen: dict[str, int] = {}

    def unique(mark: str) -> str:
        seen[mark] = seen.get(mark, 0) + 1
        return f"{mark}:{seen[mark]}"

    for one in result.problems:
        place = _start(one.line, one.column)
        # Not its line: what else changes in the file does not make it another problem.
        mark = unique(fingerprint(one.code, escape(one.path, limit=None), ""))
        said = escape(one.message) or one.code
        remedy = _written(result.policies.get(one.code))
        yield Record(one.code, Severity.BLOCK, one.path, place, said, mark, remedy)
    for number, document in enumerate(result.documents):
        for found in document.results:
            if found.outcome in FINDINGS:
                text = result.policies.get(found.code)
                yield Record(
                    found.code,
                    severity(found),
                    document.path,
                    found.place or _start(document.line),
                    statement(found, text),
                    unique(found.fingerprint or _fingerprint(found, document.use_case)),
                    advice(found, text),
                    number,
                    found.related,
                )


def worst_first(found: Iterable[Record]) -> list[Record]:
    """Return the records by severity; equals keep their order."""
    return sorted(found, key=lambda one: _ORDER[one.severity])


def statement(one: Result, text: PolicyText | None) -> str:
    """Return what was found and what that means: printable, one line, never empty."""
    said = escape(one.message or (text.title if text else "")) or escape(one.code)
    remarks: list[str] = []
    if one.outcome is Outcome.UNKNOWN:
        if one.missing and dotted(one.missing[0]) not in one.message:
            remarks.append(absent(one.missing))
        elif not one.message:
            remarks.append("a value that it reads is missing")
    elif one.outcome is Outcome.ERROR:
        remarks.append("the policy is at fault, not the manifest")
    elif one.outcome is Outcome.WAIVED:
        remarks.append(f"waived by {escape(one.waiver or '(no metadata.id)')}")
    if one.note:
        remarks.append(escape(one.note))
    return f"{said} ({'; '.join(remarks)})" if remarks else said


def advice(one: Result, text: PolicyText | None) -> str:
    """Return what to do about a finding; nothing where the manifest is not at fault."""
    return _written(text) if one.outcome in (Outcome.FAIL, Outcome.UNKNOWN) else ""


def _written(text: PolicyText | None) -> str:
    return escape(text.remedy) if text else ""


def _start(line: int, column: int = 1) -> Place:
    """Return the one character at a point: an empty region is not shown anywhere."""
    return Place(line, column, line, column + 1)


def _fingerprint(one: Result, use_case: str) -> str:
    """Return a fingerprint for a finding that was given none; half characters are escaped."""
    return fingerprint(one.code, escape(use_case, limit=None), escape(one.pointer, limit=None))
