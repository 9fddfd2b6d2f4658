"""SARIF 2.1.0, with everything that GitHub code scanning asks for.

Sources: OASIS SARIF 2.1.0 errata 01; GitHub documentation, "SARIF support for code
scanning", for what it requires and its limits.
"""

from collections.abc import Iterator
from urllib.parse import quote

from aigov.findings import Outcome, Place, Spot
from aigov.reports import Style
from aigov.reports.encoding import dump, lines_of, literal
from aigov.reports.entries import Severity, dotted, policy
from aigov.reports.escape import escape
from aigov.reports.records import Record, records, worst_first
from aigov.reports.text_findings import served
from aigov.results import CheckResult, PolicyText, summarise

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
RESULTS = 25_000
"""Results of one run above which GitHub refuses the file."""
TEXT = 1_024
"""Characters of a description that GitHub keeps."""
NAME = 255
"""Characters of a rule's name that GitHub keeps."""
TAGS = 10
"""Tags of a rule that GitHub keeps."""

_LEVELS = dict(zip(Severity, ("error", "error", "warning", "note"), strict=False))


def render(result: CheckResult, _style: Style) -> Iterator[str]:
    """Yield one run, a line a rule and a result, without what is waived.

    GitHub does not honour `suppressions`: a waived result would be an open alert.
    """
    found = [one for one in records(result) if one.severity is not Severity.WAIVED]
    left_out = len(found) - RESULTS
    if left_out > 0:
        found = worst_first(found)[:RESULTS]
    codes = sorted({*result.policies, *(one.code for one in found)})
    index = {code: number for number, code in enumerate(codes)}
    version = result.tool_version
    driver = {"name": "aigov-gate", "version": version, "semanticVersion": version}
    yield f'{{"$schema": {dump(SCHEMA)}, "version": "2.1.0", "runs": [{{\n'
    yield f'"tool": {{"driver": {dump(driver)[:-1]},\n'
    rules = (dump(_rule(policy(result, code))) for code in codes)
    yield from lines_of('"rules": [', rules, "]}},\n")
    run = {
        "automationDetails": {"id": _category(result)},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(result, left_out)],
    }
    yield f"{dump(run)[1:-1]},\n"
    results = (dump(_result(one, index[one.code])) for one in found)
    yield from lines_of('"results": [', results, "]}]}\n")


def uri(path: str) -> str:
    """Return a path of the repository as a relative reference (RFC 3986), percent-encoded.

    Half a character (a name that is no UTF-8) stands as its escape, as in the json report.
    """
    return quote(path, safe="/", errors="backslashreplace")


def _category(result: CheckResult) -> str:
    """Return the id of the run; only up to a `/` is it a category.

    Runs for two stages are two categories: neither closes the alerts of the other.
    """
    stage = f"-{escape(result.target_stage)}" if result.target_stage else ""
    return f"aigov-gate/check{stage}/"


def _invocation(result: CheckResult, left_out: int) -> dict[str, object]:
    """Return how the run went: policies that failed to judge, notes, and what is cut."""
    notes = [escape(note) for note in result.notes]
    if left_out > 0:
        notes.append(f"{left_out:,} more results: GitHub takes {RESULTS:,} of a run")
    told = [{"level": "note", "message": {"text": note}} for note in notes]
    successful = not summarise(result).outcomes[Outcome.ERROR]
    return {"executionSuccessful": successful, "toolExecutionNotifications": told}


def _rule(text: PolicyText) -> dict[str, object]:
    """Return a policy as a rule; its level is with the results, it depends on the tier."""
    title = escape(text.title or text.code)
    remedy = escape(text.remedy) or "The message says what was found."
    serves = f"Serves: {'; '.join(served(text))}." if text.controls else ""
    tags = ["ai-governance", *([text.domain] if text.domain else ()), *text.controls]
    kept = dict.fromkeys(_cut(escape(tag), NAME) for tag in tags)
    return {
        "id": text.code,
        "name": _cut(escape(text.id) or text.code, NAME),
        "shortDescription": {"text": _cut(title, TEXT)},
        "fullDescription": {"text": _cut(f"{title}. {remedy}", TEXT)},
        "help": {
            "text": f"{remedy} {serves}".rstrip(),
            "markdown": "\n\n".join(literal(part) for part in (remedy, serves) if part),
        },
        "properties": {"precision": "very-high", "tags": list(kept)[:TAGS]},
    }


def _result(one: Record, index: int) -> dict[str, object]:
    """Return one finding at its one place."""
    record: dict[str, object] = {
        "ruleId": one.code,
        "ruleIndex": index,
        "level": _LEVELS[one.severity],
        "message": {"text": _unlinked(one.said)},
        "locations": [{"physicalLocation": _physical(one.path, one.place)}],
        # Made of the policy, the use case and the pointer.  A hash of the line, as CodeQL
        # makes it, would close an alert and open another whenever the value is edited, and
        # would take two findings on one line for one.
        "partialFingerprints": {"primaryLocationLineHash": one.fingerprint},
    }
    if one.related:
        record["relatedLocations"] = [_related(one.path, spot) for spot in one.related]
    return record


def _related(path: str, spot: Spot) -> dict[str, object]:
    said = _unlinked(dotted(spot.pointer)) or "the whole document"
    return {"physicalLocation": _physical(path, spot.place), "message": {"text": said}}


def _physical(path: str, place: Place) -> dict[str, object]:
    names = ("startLine", "startColumn", "endLine", "endColumn")
    return {
        "artifactLocation": {"uri": uri(path), "uriBaseId": "%SRCROOT%"},
        "region": dict(zip(names, place, strict=True)),
    }


def _unlinked(text: str) -> str:
    """Return a message without an embedded link (`[text](target)`, SARIF section 3.11.6).

    A space parts the brackets: not every reader takes a backslash away again.
    """
    return text.replace("](", "] (")


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 3]}..."
