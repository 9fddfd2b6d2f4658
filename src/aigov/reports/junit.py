"""JUnit XML: a suite a document, a test case a policy on it.

The elements and attributes are those that the schemas of Jenkins and of Maven Surefire
share; `time` is demanded by the latter and always 0, reports hold no measured times.
"""

from collections.abc import Iterator
from xml.sax.saxutils import escape as xml
from xml.sax.saxutils import quoteattr

from aigov.findings import FINDINGS, Outcome, Result
from aigov.reports import Style
from aigov.reports.entries import severity
from aigov.reports.escape import defuse, escape
from aigov.reports.records import advice, statement
from aigov.reports.text_documents import home, label
from aigov.reports.text_findings import at, code
from aigov.results import CheckResult, DocumentResult, Problem, summarise

_SKIPPED = {
    Outcome.LATER: "binds at a later stage",
    Outcome.NOT_APPLICABLE: "does not apply",
}


class _Names:
    """Names of test cases: GitLab ignores the second of two equal ones."""

    def __init__(self) -> None:
        self._given: set[tuple[str, str]] = set()
        self._last: dict[tuple[str, str], int] = {}

    def case(self, path: str, name: str) -> str:
        """Return the opening of a test case, its name numbered where it is taken."""
        place = escape(path, limit=None)
        number = self._last.get((place, name), 0) + 1
        unique = name if number == 1 else f"{name} ({number})"
        while (place, unique) in self._given:
            number += 1
            unique = f"{name} ({number})"
        self._last[place, name] = number
        self._given.add((place, unique))
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
    outcomes = [one.outcome for one in document.results]
    failures = outcomes.count(Outcome.FAIL) + outcomes.count(Outcome.UNKNOWN)
    errors = outcomes.count(Outcome.ERROR)
    skipped = len(outcomes) - failures - errors - outcomes.count(Outcome.PASS)
    name = f"{label(document)} ({home(document)})"
    yield _opening(name, (len(outcomes), failures, errors, skipped))
    for one in document.results:
        title = f"{code(one.code, result.policies.get(one.code))}: {label(document)}"
        yield names.case(document.path, title)
        yield _outcome(result, document, one)
    yield "</testsuite>\n"


def _run(result: CheckResult, names: _Names) -> Iterator[str]:
    """Yield what belongs to no document: unreadable files, and the notes."""
    number = len(result.problems)
    yield _opening("aigov-gate: files that could not be read", (number, 0, number, 0))
    for one in result.problems:
        yield names.case(one.path, code(one.code, result.policies.get(one.code)))
        yield _problem(result, one)
    if result.notes:
        lines = "".join(f"note: {escape(note)}\n" for note in result.notes)
        yield f"<system-out>{xml(lines)}</system-out>\n"
    yield "</testsuite>\n"


def _opening(name: str, numbers: tuple[int, int, int, int]) -> str:
    tests, failures, errors, skipped = numbers
    return (
        f'<testsuite name={quoteattr(name)} tests="{tests}" failures="{failures}"'
        f' errors="{errors}" skipped="{skipped}" time="0">\n'
    )


def _outcome(result: CheckResult, document: DocumentResult, one: Result) -> str:
    """Return the rest of a test case: what became of one policy on one document."""
    if one.outcome is Outcome.PASS:
        return "/>\n"
    text = result.policies.get(one.code)
    if one.outcome not in FINDINGS:
        why = _SKIPPED[one.outcome]
        if one.missing:
            why += f": no {', '.join(map(escape, one.missing))}"
        return f"><skipped>{xml(defuse(why))}</skipped></testcase>\n"
    said = statement(one, text)
    where = at(document, one.place)
    if one.outcome is Outcome.WAIVED:
        lines = xml("\n".join(map(defuse, (where, said))))
        return f"><skipped>{lines}</skipped></testcase>\n"
    element = "error" if one.outcome is Outcome.ERROR else "failure"
    return _finding(element, severity(one), said, (where, advice(one, text)))


def _problem(result: CheckResult, one: Problem) -> str:
    text = result.policies.get(one.code)
    said = escape(one.message) or one.code
    where = f"{escape(one.path)}:{one.line}:{one.column}"
    return _finding("error", "unreadable", said, (where, escape(text.remedy) if text else ""))


def _finding(element: str, kind: str, said: str, more: tuple[str, str]) -> str:
    """Return an element with its message, and below it (place, remedy) as well."""
    where, remedy = more
    lines = [where, said, f"fix: {remedy}"] if remedy else [where, said]
    body = xml("\n".join(map(defuse, lines)))
    return f'><{element} message={quoteattr(said)} type="{kind}">{body}</{element}></testcase>\n'
