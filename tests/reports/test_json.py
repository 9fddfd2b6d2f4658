"""`aigov.reports.json`: `aigov/report/v1`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aigov.findings import Outcome, Place, Result
from aigov.law import Obligation
from aigov.reports import Style
from aigov.reports.json import render
from aigov.results import CheckResult, summarise
from reports.zoo import RETAIL, ZOO, hostile, poisoned

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "schemas" / "report.v1.json").read_text(encoding="utf-8")
)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def report(result: CheckResult) -> Any:
    return json.loads("".join(render(result, Style())))


def result_of(code: str) -> Any:
    return next(one for one in report(ZOO)["documents"][1]["results"] if one["code"] == code)


def test_the_schema_is_a_schema_and_describes_every_property() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$id"] == "urn:aigov:schemas:report:v1"
    bare = [
        name
        for part in walk(SCHEMA)
        for name, property_ in part.get("properties", {}).items()
        if "description" not in property_
    ]
    assert bare == []
    loose = [part for part in walk(SCHEMA) if "properties" in part and closed(part) is not False]
    assert loose == []


@pytest.mark.parametrize("result", [ZOO, hostile()], ids=["tame", "hostile"])
def test_the_report_fits_its_schema(result: CheckResult) -> None:
    assert [error.message[:200] for error in VALIDATOR.iter_errors(report(result))] == []


@pytest.mark.parametrize(
    "path",
    ["summary", "policies/GOV-004/id", "documents/1/results/0/fingerprint", "problems/0/line"],
)
def test_a_report_that_lacks_a_field_does_not_fit(path: str) -> None:
    broken = report(ZOO)
    *parents, name = path.split("/")
    part = broken
    for parent in parents:
        part = part[int(parent)] if parent.isdecimal() else part[parent]
    del part[name]
    assert not VALIDATOR.is_valid(broken)


def test_the_counts_agree_with_the_summary_of_the_run() -> None:
    summary, printed = summarise(ZOO), report(ZOO)["summary"]
    assert printed == {
        "documents": summary.documents,
        **{outcome.value: summary.outcomes[outcome] for outcome in Outcome},
        "blocking": summary.blocking,
        "warning": summary.warning,
        "not_judged": {"history": 1, "profile": 2},
    }
    results = [one for document in report(ZOO)["documents"] for one in document["results"]]
    assert sum(printed[outcome.value] for outcome in Outcome) == len(results)


def test_a_policy_says_from_when_the_law_binds_and_whether_that_is_certain() -> None:
    known = Obligation("eu-x", "Do x.", "2026-12-02", "https://law.example", "2026-11-01", True, "")
    open_ = known._replace(key="eu-y", applies_from="2026-08-02", certain=False)
    text = ZOO.policies["GOV-004"]._replace(obligations=(known, open_))
    told = report(ZOO._replace(policies={"GOV-004": text}))
    assert told["policies"]["GOV-004"]["obligations"] == [
        {"key": "eu-x", "applies_from": "2026-12-02", "days_left": 10, "status": "certain"},
        {"key": "eu-y", "applies_from": "2026-08-02", "days_left": 0, "status": "unresolved"},
    ]
    assert VALIDATOR.is_valid(told)


def test_a_finding_is_written_in_full() -> None:
    assert result_of("GOV-004") == {
        "code": "GOV-004",
        "outcome": "fail",
        "enforcement": "block",
        "message": "declared low, but M2 and M4 imply moderate",
        "pointer": "/spec/risk/tier",
        "line": 55,
        "column": 11,
        "end_line": 55,
        "end_column": 14,
        "related": [],
        "missing": [],
        "fingerprint": ZOO.documents[1].results[14].fingerprint,
        "waiver": None,
    }


def test_what_is_no_finding_is_code_outcome_and_what_is_known_of_it() -> None:
    assert result_of("OPS-001") == {"code": "OPS-001", "outcome": "pass"}
    assert result_of("VAL-005") == {
        "code": "VAL-005",
        "outcome": "not_applicable",
        "missing": ["history", "profile"],
    }
    noted = next(one for one in report(ZOO)["documents"][0]["results"] if one["code"] == "MAN-013")
    assert noted == {"code": "MAN-013", "outcome": "pass", "note": "imported on 2026-09-01"}


def test_further_places_missing_fields_notes_and_waivers_are_there() -> None:
    assert result_of("MAN-013")["related"][0] == {
        "pointer": "/spec/value/kpis/0/actual",
        "line": 131,
        "column": 12,
        "end_line": 131,
        "end_column": 16,
    }
    assert result_of("VAL-006")["missing"] == [
        "/spec/value/kpis/0/actual",
        "/spec/value/roi/actual",
    ]
    assert result_of("VAL-006")["note"] == "known only once the use case is live"
    assert result_of("GOV-009")["waiver"] == "waiver-legal-renewal"
    assert report(ZOO)["documents"][0]["preview"][0]["line"] is None


def test_the_head_names_the_tool_the_date_and_the_digests() -> None:
    printed = report(ZOO)
    assert list(printed) == SCHEMA["required"]
    assert printed["tool"] == {"name": "aigov-gate", "version": "0.1.0"}
    assert (printed["command"], printed["as_of"], printed["decision"]) == (
        "check",
        "2026-11-22",
        None,
    )
    assert printed["policies"]["GOV-004"]["controls"] == [
        "eu-ai-act:Art. 6",
        "nist-ai-rmf:GOVERN 1.3",
        "nist-ai-rmf:MAP 2.1",
        "iso-42001:A.5.2",
    ]
    assert printed["documents"][1]["derived"]["implied"] == {"gpai": "uses", "biometric": "none"}
    assert printed["documents"][1]["path"] == RETAIL


def test_an_empty_run_is_a_whole_report() -> None:
    empty = report(ZOO._replace(documents=(), problems=(), policies={}, notes=()))
    assert VALIDATOR.is_valid(empty)
    assert (empty["documents"], empty["problems"], empty["policies"]) == ([], [], {})


def test_documents_are_streamed_one_at_a_time() -> None:
    chunks = list(render(ZOO, Style()))
    for document in ZOO.documents:
        (chunk,) = (chunk for chunk in chunks if f'"digest": "sha256:{document.digest}"' in chunk)
        assert json.loads(chunk.lstrip(","))["path"] == document.path
    assert chunks[-1].endswith("\n")


def test_thousands_of_documents_are_one_valid_report() -> None:
    many = ZOO._replace(documents=ZOO.documents[1:2] * 2_133)
    printed = report(many)
    assert len(printed["documents"]) == 2_133
    assert printed["documents"][-1] == report(ZOO)["documents"][1]
    printed["documents"] = printed["documents"][:1]
    assert VALIDATOR.is_valid(printed)


def test_two_runs_are_equal_to_the_byte_whatever_the_style() -> None:
    plain = list(render(ZOO, Style()))
    assert plain == list(render(ZOO, Style(width=40, colour=True, verbose=True, quiet=True)))


def test_hostile_text_is_data_and_nothing_else() -> None:
    tame, attacked = "".join(render(ZOO, Style())), "".join(render(hostile(), Style()))
    inert(attacked)
    assert attacked.count("\n") == tame.count("\n")
    assert shape(json.loads(attacked)) == shape(json.loads(tame))
    message = json.loads(attacked)["problems"][0]["message"]
    assert "\x1b[2J" in message
    assert "##[error]forged" in message
    assert r"\ud800" in message


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.text(min_size=1))
def test_any_text_comes_back_as_it_was(attack: str) -> None:
    printed = "".join(render(poisoned(lambda original: attack + original), Style()))
    inert(printed)
    assert json.loads(printed)["problems"][0]["path"] == attack + ZOO.problems[0].path


@given(st.text(st.characters(exclude_categories=()), min_size=1))
def test_half_a_character_becomes_its_escape_and_the_rest_stays(name: str) -> None:
    result = ZOO._replace(documents=(), policies={}, notes=(name,))
    printed = "".join(render(result, Style()))
    inert(printed)
    expected = name.encode("utf-8", "backslashreplace").decode("utf-8")
    assert json.loads(printed)["notes"] == [expected]


def test_a_result_without_a_place_or_an_enforcement_fits_the_schema() -> None:
    odd = ZOO.documents[0]._replace(
        results=(
            Result("X-1", Outcome.ERROR, place=Place(1, 1, 1, 2)),
            Result("X-2", Outcome.ERROR),
        )
    )
    printed = report(ZOO._replace(documents=(odd,)))
    assert [error.message for error in VALIDATOR.iter_errors(printed)] == []


def inert(printed: str) -> None:
    """Assert ASCII without control characters, and nothing that a runner obeys."""
    assert printed.isascii()
    for line in printed[:-1].split("\n"):
        assert line.isprintable()
        assert "##" not in line
        assert not line.lstrip().startswith("::")


def shape(value: Any) -> Any:
    """Return the structure of a report without its texts."""
    if isinstance(value, dict):
        return [shape(part) for part in value.values()]
    return [shape(part) for part in value] if isinstance(value, list) else None


def walk(schema: Any) -> Any:
    """Yield every object inside a schema."""
    if isinstance(schema, dict):
        yield schema
        for part in schema.values():
            yield from walk(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from walk(part)


def closed(part: dict[str, Any]) -> Any:
    return part.get("additionalProperties") if isinstance(part["properties"], dict) else False
