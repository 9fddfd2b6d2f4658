"""The report for machines: `aigov/report/v1` (`schemas/report.v1.json`), as a stream."""

from collections.abc import Iterator, Mapping

from aigov.findings import Place, Result
from aigov.reports import Style
from aigov.reports.encoding import dump, lines_of
from aigov.results import CheckResult, DocumentResult, PolicyText, Problem, Summary, summarise


def render(result: CheckResult, _style: Style) -> Iterator[str]:
    """Yield the report, one line a document; the style changes nothing."""
    summary = summarise(result)
    head = {
        "schema": "aigov/report/v1",
        "tool": {"name": "aigov-gate", "version": result.tool_version},
        "command": "check",
        "as_of": result.as_of,
        "target_stage": result.target_stage,
        "policy_digest": result.policy_digest,
        "profile_digest": result.profile_digest,
        "summary": _summary(summary),
        "decision": None,
        "notes": list(result.notes),
    }
    yield f"{dump(head)[:-1]},\n"
    policies = (
        f"{dump(code)}: {dump(_policy(text, result.as_of))}"
        for code, text in result.policies.items()
    )
    yield from lines_of('"policies": {', policies, "},\n")
    documents = (dump(_document(document)) for document in result.documents)
    yield from lines_of('"documents": [', documents, "],\n")
    yield '"detections": [],\n'
    problems = (dump(_problem(problem)) for problem in result.problems)
    yield from lines_of('"problems": [', problems, "]}\n")


def _summary(summary: Summary) -> dict[str, object]:
    counts = {outcome.value: number for outcome, number in summary.outcomes.items()}
    return {
        "documents": summary.documents,
        **counts,
        "blocking": summary.blocking,
        "warning": summary.warning,
        "not_judged": dict(summary.not_judged),
    }


def _policy(text: PolicyText, today: str) -> dict[str, object]:
    shown: dict[str, object] = {
        "id": text.id,
        "title": text.title,
        "domain": text.domain,
        "remedy": text.remedy,
        "controls": [f"{name}:{ref}" for name, refs in text.controls.items() for ref in refs],
    }
    if text.obligations:
        shown["obligations"] = [
            {
                "key": one.key,
                "applies_from": one.applies_from,
                "days_left": max(0, one.days_left(today)),
                "status": "certain" if one.certain else "unresolved",
            }
            for one in text.obligations
        ]
    return shown


def _document(document: DocumentResult) -> dict[str, object]:
    derived = document.derived
    return {
        "path": document.path,
        "line": document.line,
        "kind": document.kind,
        "use_case": document.use_case,
        "name": document.name,
        "digest": f"sha256:{document.digest}",
        "stage": document.stage,
        "tier": document.tier,
        "declared": {"stage": document.declared_stage, "tier": document.declared_tier},
        "derived": {
            "stage": derived.stage,
            "stage_reasons": list(derived.stage_reasons),
            "tier": derived.tier,
            "tier_max": derived.tier_max,
            "tier_reasons": list(derived.tier_reasons),
            "eu_category": derived.eu_category,
            "implied": dict(derived.implied),
        },
        "results": [_result(one) for one in document.results],
        "next_stage": document.next_stage,
        "preview": [_result(one) for one in document.preview],
    }


def _result(one: Result) -> dict[str, object]:
    """Return a finding in full; anything else as code, outcome and what is known of it."""
    record: dict[str, object] = {"code": one.code, "outcome": one.outcome.value}
    if one.is_finding:
        record["enforcement"] = one.enforcement.value if one.enforcement else None
        record["message"] = one.message
        record["pointer"] = one.pointer
        record.update(_place(one.place))
        record["related"] = [{"pointer": at.pointer, **_place(at.place)} for at in one.related]
        record["missing"] = list(one.missing)
        record["fingerprint"] = one.fingerprint
        record["waiver"] = one.waiver
    elif one.missing:
        record["missing"] = list(one.missing)
    if one.note:
        record["note"] = one.note
    return record


def _place(place: Place | None) -> Mapping[str, int | None]:
    """Return the four numbers of a place, nulls where nothing in the file is at fault."""
    if place is None:
        return {"line": None, "column": None, "end_line": None, "end_column": None}
    return place._asdict()


def _problem(problem: Problem) -> dict[str, object]:
    return dict(problem._asdict())
