"""The report for machines: `aigov/report/v1` (`schemas/report.v1.json`), as a stream."""

from collections.abc import Iterator

from aigov.findings import Place, Result
from aigov.reports import Style
from aigov.reports.encoding import dump, lines_of, policy_record
from aigov.results import CheckResult, Decision, DocumentResult, Summary, summarise


def render(result: CheckResult, _style: Style) -> Iterator[str]:
    """Yield the report, one line a document; the style changes nothing."""
    head = {
        "schema": "aigov/report/v1",
        "tool": {"name": "aigov-gate", "version": result.tool_version},
        "command": result.command,
        **_fields(result, "as_of", "target_stage", "policy_digest", "profile_digest"),
        "summary": _summary(summarise(result)),
        "decision": result.decision and _decision(result.decision),
        "notes": result.notes,
    }
    yield f"{dump(head)[:-1]},\n"
    policies = (
        f"{dump(code)}: {dump(policy_record(text, result.as_of))}"
        for code, text in result.policies.items()
    )
    yield from lines_of('"policies": {', policies, "},\n")
    documents = (dump(document_entry(document)) for document in result.documents)
    yield from lines_of('"documents": [', documents, "],\n")
    detections = (dump(detection._asdict()) for detection in result.detections)
    yield from lines_of('"detections": [', detections, "],\n")
    problems = (dump(problem._asdict()) for problem in result.problems)
    yield from lines_of('"problems": [', problems, "]}\n")


def _fields(value: object, *names: str) -> dict[str, object]:
    """Return the fields of a value that stand in the report under their own names."""
    return {name: getattr(value, name) for name in names}


def _summary(summary: Summary) -> dict[str, object]:
    counts = summary._asdict()
    return {"documents": counts.pop("documents"), **counts.pop("outcomes"), **counts}


def _decision(decision: Decision) -> dict[str, object]:
    return {**decision._asdict(), "reasons": [one._asdict() for one in decision.reasons]}


def document_entry(document: DocumentResult) -> dict[str, object]:
    """Return one of `documents`."""
    return {
        **_fields(document, "path", "line", "kind", "use_case", "name"),
        "digest": f"sha256:{document.digest}",
        **_fields(document, "stage", "tier"),
        "declared": {"stage": document.declared_stage, "tier": document.declared_tier},
        "derived": document.derived._asdict(),
        "results": [_result(one) for one in document.results],
        "next_stage": document.next_stage,
        "preview": [_result(one) for one in document.preview],
    }


def _result(one: Result) -> dict[str, object]:
    """Return a finding in full; anything else as code, outcome and what is known of it."""
    record: dict[str, object] = {"code": one.code, "outcome": one.outcome}
    if one.is_finding:
        record |= {
            **_fields(one, "enforcement", "message", "pointer"),
            **_place(one.place),
            "related": [{"pointer": at.pointer, **_place(at.place)} for at in one.related],
            **_fields(one, "missing", "fingerprint", "waiver"),
        }
        if one.path:
            record["path"] = one.path
    elif one.missing:
        record["missing"] = one.missing
    if one.note:
        record["note"] = one.note
    return record


def _place(place: Place | None) -> dict[str, int | None]:
    """Return the four numbers of a place, nulls where nothing in the file is at fault."""
    return place._asdict() if place else dict.fromkeys(Place._fields)
