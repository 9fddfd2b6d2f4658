"""JUnit XML: a suite a document, a test case a policy on it.

The elements and attributes are those that the schemas of Jenkins and of Maven Surefire
share; `time` is demanded by the latter and always 0, reports hold no measured times.
"""

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from xml.sax.saxutils import escape as xml
from xml.sax.saxutils import quoteattr

from aigov.findings import FINDINGS, Outcome, Result
from aigov.reports import Style
from aigov.reports.entries import policy, severity, where
from aigov.reports.escape import defuse, escape
from aigov.reports.records import advice, records, statement
from aigov.reports.text_documents import home, label
from aigov.reports.text_findings import at, code
from aigov.results import CheckResult, DocumentResult, summarise

_SKIPPED = {Outcome.LATER: "binds at a later stage", Outcome.NOT_APPLICABLE: "does not apply"}


class _Names:
    """Names of test cases: GitLab ignores the second of two equal ones."""

    def __init__(self) -> None:
        self.taken: dict[tuple[str, str], int] = {}

    def case(self, path: str, name: str) -> str:
        """Return the opening of a test case, its name numbered where it is taken."""
        place, unique = escape(path, limit=None), name
        while (place, unique) in self.taken:
            self.taken[place, name] += 1
            unique = f"{name} ({self.taken[place, name]})"
        self.taken[place, unique] = 1
        return f'<testcase classname={quoteattr(place)} name={quoteattr(unique)} time="0"'


def render(result: CheckResult, _style: Style) -> Iterator[str]:
    """Yield the report, one suite at a time; what could not be read is the last suite."""
    outcomes = summarise(result).outcomes
    tests = sum(outcomes.values()) + len(result.problems)
    failures = outcomes[Outcome.FAIL] + outcomes[Outcome.UNKNOWN]
    errors = outcomes[Outcome.ERROR] + len(result.problems)
    names = _Names()
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield (
        f'<testsuites name="aigov-gate" tests="{tests}" failures="{failures}"'
        f' errors="{errors}" time="0">\n'
    )
    for document in result.documents:
        yield from _suite(result, document, names)
    if result.problems or result.notes:
        yield from _run(result, names)
    yield "</testsuites>\n"


def _suite(result: CheckResult, document: DocumentResult, names: _Names) -> Iterator[str]:
    """Yield one document; a suite without a case says that nothing was judged."""
    counts = Counter(one.outcome for one in document.results)
    tests = counts.total()
    failures = counts[Outcome.FAIL] + counts[Outcome.UNKNOWN]
    errors = counts[Outcome.ERROR]
    skipped = tests - failures - errors - counts[Outcome.PASS]
    yield _opening(f"{label(document)} ({home(document)})", tests, failures, errors, skipped)
    for one in document.results:
        yield names.case(document.path, f"{code(result, one.code)}: {label(document)}")
        yield _outcome(result, document, one)
    yield "</testsuite>\n"


def _run(result: CheckResult, names: _Names) -> Iterator[str]:
    """Yield what belongs to no document: unreadable files, and the notes."""
    number = len(result.problems)
    yield _opening("aigov-gate: files that could not be read", number, 0, number, 0)
    for one in islice(records(result), number):
        yield names.case(one.path, one.title)
        place = where(one.path, one.place)
        yield _finding("error", "unreadable", one.said, place, one.remedy)
    if result.notes:
        lines = "".join(f"note: {escape(note)}\n" for note in result.notes)
        yield f"<system-out>{xml(lines)}</system-out>\n"
    yield "</testsuite>\n"


def _opening(name: str, tests: int, failures: int, errors: int, skipped: int) -> str:
    return (
        f'<testsuite name={quoteattr(name)} tests="{tests}" failures="{failures}"'
        f' errors="{errors}" skipped="{skipped}" time="0">\n'
    )


def _outcome(result: CheckResult, document: DocumentResult, one: Result) -> str:
    """Return the rest of a test case: what became of one policy on one document."""
    if one.outcome is Outcome.PASS:
        return "/>\n"
    if one.outcome not in FINDINGS:
        why = _SKIPPED[one.outcome]
        if one.missing:
            why += f": no {', '.join(map(escape, one.missing))}"
        return f"><skipped>{xml(defuse(why))}</skipped></testcase>\n"
    text = policy(result, one.code)
    said, place = statement(one, text), at(document, one.place, one.path)
    if one.outcome is Outcome.WAIVED:
        lines = xml("\n".join(map(defuse, (place, said))))
        return f"><skipped>{lines}</skipped></testcase>\n"
    element = "error" if one.outcome is Outcome.ERROR else "failure"
    return _finding(element, severity(one), said, place, advice(one, text))


def _finding(element: str, kind: str, said: str, place: str, remedy: str) -> str:
    """Return an element with its message, and below it place and remedy as well."""
    lines = [place, said, f"fix: {remedy}"] if remedy else [place, said]
    body = xml("\n".join(map(defuse, lines)))
    return f'><{element} message={quoteattr(said)} type="{kind}">{body}</{element}></testcase>\n'
