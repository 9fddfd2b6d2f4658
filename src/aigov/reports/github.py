"""Annotations of a GitHub workflow: a finding at its line in the changed files.

Source of the syntax, the encoding and the limit: GitHub documentation, "Workflow
commands" and the limits of annotations; the encoding is that of `@actions/core`.
"""

from collections import Counter
from collections.abc import Iterator

from aigov.reports import Style
from aigov.reports.entries import Severity
from aigov.reports.escape import defuse, escape
from aigov.reports.records import Record, records, worst_first
from aigov.reports.summary import verdict
from aigov.results import CheckResult, summarise

LIMIT = 10
"""Annotations of one type that GitHub shows of one step; it drops the rest in silence."""

_TYPES = dict(zip(Severity, ("error", "error", "warning", "notice", "notice"), strict=True))


def render(result: CheckResult, _style: Style) -> Iterator[str]:
    """Yield the annotations, worst first, then plain lines: the rest, the notes, the verdict."""
    told: Counter[str] = Counter()
    for one in worst_first(records(result)):
        kind = _TYPES[one.severity]
        told[kind] += 1
        if told[kind] <= LIMIT:
            yield _annotation(one, kind)
    hidden = {kind: number - LIMIT for kind, number in told.items() if number > LIMIT}
    if hidden:
        listed = ", ".join(
            f"{number:,} {kind}{'s' if number > 1 else ''}" for kind, number in hidden.items()
        )
        yield (
            f"{sum(hidden.values()):,} more without an annotation ({listed}; GitHub shows"
            f" {LIMIT} of a type): --format markdown=$GITHUB_STEP_SUMMARY lists them\n"
        )
    for note in result.notes:
        yield f"note: {escape(note)}\n"
    ending = " \u00b7 ".join(verdict(result, summarise(result)))
    yield f"{defuse(escape(ending, limit=None))}\n"


def data(text: str) -> str:
    """Encode the message of a command: what a runner decodes, and what ends the line."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def property_(text: str) -> str:
    """Encode the value of a property; a colon or a comma ends it too."""
    return data(text).replace(":", "%3A").replace(",", "%2C")


def _annotation(one: Record, kind: str) -> str:
    """Return one command; its line starts with our own words, so that none can be forged."""
    numbers = zip(("line", "col", "endLine", "endColumn"), map(str, one.place), strict=True)
    properties = {"file": escape(one.path, limit=None), **dict(numbers), "title": one.title}
    written = ",".join(f"{name}={property_(value)}" for name, value in properties.items())
    said = f"{one.said}\nfix: {one.remedy}" if one.remedy else one.said
    return f"::{kind} {written}::{data(said)}\n"
