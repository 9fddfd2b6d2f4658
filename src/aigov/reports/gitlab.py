"""GitLab Code Quality: a JSON array, one object a finding.

Source of the fields and severities: GitLab documentation, "Code Quality report format".
"""

from collections.abc import Iterator

from aigov.reports import Style
from aigov.reports.encoding import dump, lines_of
from aigov.reports.entries import Severity
from aigov.reports.records import Record, records
from aigov.results import CheckResult

_SEVERITIES = dict(zip(Severity, ("blocker", "critical", "major", "minor", "info"), strict=True))


def render(result: CheckResult, _style: Style) -> Iterator[str]:
    """Yield the report, one line a finding, without a byte order mark: GitLab refuses it."""
    yield from lines_of("[", (dump(_issue(one)) for one in records(result)), "]\n")


def _issue(one: Record) -> dict[str, object]:
    """Return one finding; GitLab merges equal fingerprints, so that each has its own."""
    return {
        "description": f"{one.title}: {one.said}",
        "check_name": one.code,
        "fingerprint": one.fingerprint,
        "severity": _SEVERITIES[one.severity],
        "location": {
            "path": one.path,
            "lines": {"begin": one.place.line, "end": one.place.end_line},
        },
    }
