"""`aigov.reports.sarif`: SARIF 2.1.0 as GitHub code scanning wants it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigov.findings import Enforcement, Outcome, Place, Result, Spot
from aigov.reports.sarif import RESULTS, uri
from aigov.results import CheckResult, PolicyText
from reports.reading import printed
from reports.zoo import ATTACK, BLOCK, FAIL, INFO, WARN, ZOO, found, hostile


def run(result: CheckResult = ZOO) -> Any:
    (only,) = json.loads(printed("sarif", result))["runs"]
    return only


def of(*results: Result, **more: Any) -> CheckResult:
    one = ZOO.documents[0]._replace(results=results, **more)
    return ZOO._replace(documents=(one,), problems=())


@pytest.fixture(scope="module")
def schema(shared: Path) -> jsonschema.Draft4Validator:
    """The schema of the standard, as OASIS publishes it."""
    path = shared / "data" / "schemas" / "sarif-schema-2.1.0.json"
    return jsonschema.Draft4Validator(json.loads(path.read_text(encoding="utf-8")))


EMPTY = ZOO._replace(documents=(), problems=(), policies={}, notes=())


@pytest.mark.parametrize("result", [ZOO, hostile(), EMPTY], ids=["tame", "hostile", "empty"])
def test_the_report_fits_the_schema_of_the_standard(
    schema: jsonschema.Draft4Validator, result: CheckResult
) -> None:
    report = json.loads(printed("sarif", result))
    assert [error.message[:200] for error in schema.iter_errors(report)] == []
    assert report["$schema"] == schema.schema["id"]
    del report["runs"][0]["tool"]
    assert not schema.is_valid(report)


@pytest.mark.parametrize("result", [ZOO, hostile()], ids=["tame", "hostile"])
def test_all_that_github_requires_is_there_and_within_its_limits(result: CheckResult) -> None:
    whole = run(result)
    assert whole["tool"]["driver"]["name"] == "aigov-gate"
    for rule in whole["tool"]["driver"]["rules"]:
        assert rule["id"]
        assert 0 < len(rule["name"]) <= 255
        assert 0 < len(rule["shortDescription"]["text"]) <= 1024
        assert 0 < len(rule["fullDescription"]["text"]) <= 1024
        assert rule["help"]["text"]
        assert rule["help"]["markdown"]
        assert 0 < len(rule["properties"]["tags"]) <= 10
    assert whole["results"]
    for one in whole["results"]:
        assert one["message"]["text"]
        assert list(one["partialFingerprints"]) == ["primaryLocationLineHash"]
        (location,) = one["locations"]
        physical = location["physicalLocation"]
        assert not physical["artifactLocation"]["uri"].startswith(("/", "file:"))
        region = physical["region"]
        assert list(region) == ["startLine", "startColumn", "endLine", "endColumn"]
        assert min(region.values()) >= 1
        assert (region["endLine"], region["endColumn"]) > (
            region["startLine"],
            region["startColumn"],
        )


def test_the_run_is_a_category_of_its_own_for_each_stage() -> None:
    assert run()["automationDetails"]["id"] == "aigov-gate/check-production/"
    plain = run(ZOO._replace(target_stage=None))
    assert plain["automationDetails"]["id"] == "aigov-gate/check/"


def test_a_finding_is_written_with_its_rule_level_and_place() -> None:
    whole = run()
    (one,) = (one for one in whole["results"] if one["ruleId"] == "GOV-004")
    assert one["level"] == "error"
    assert one["message"]["text"] == "declared low, but M2 and M4 imply moderate"
    assert one["locations"][0]["physicalLocation"] == {
        "artifactLocation": {
            "uri": "examples/2-moderate-production.aigov.yaml",
            "uriBaseId": "%SRCROOT%",
        },
        "region": {"startLine": 55, "startColumn": 11, "endLine": 55, "endColumn": 14},
    }
    rule = whole["tool"]["driver"]["rules"][one["ruleIndex"]]
    assert rule["shortDescription"]["text"] == (
        "The declared risk tier is lower than the facts imply"
    )
    assert rule["help"]["text"] == (
        "Raise spec.risk.tier, or correct the fact that drives it. Serves: eu-ai-act Art. 6;"
        " nist-ai-rmf GOVERN 1.3, MAP 2.1; iso-42001 A.5.2."
    )
    assert rule["properties"]["tags"] == [
        "ai-governance", "strategy-governance", "eu-ai-act", "nist-ai-rmf", "iso-42001",
    ]  # fmt: skip


def test_waived_findings_are_left_out_and_errors_and_problems_are_in() -> None:
    codes = [one["ruleId"] for one in run()["results"]]
    assert "GOV-009" not in codes
    assert codes.count("GOV-013") == codes.count("SYN-001") == 1


@pytest.mark.parametrize(
    ("outcome", "enforcement", "level"),
    [
        (FAIL, BLOCK, "error"),
        (FAIL, WARN, "warning"),
        (FAIL, INFO, "note"),
        (Outcome.UNKNOWN, WARN, "warning"),
        (Outcome.ERROR, INFO, "error"),
    ],
)
def test_a_level_says_what_the_finding_does(
    outcome: Outcome, enforcement: Enforcement, level: str
) -> None:
    (one,) = run(of(found("GOV-001", outcome, enforcement, "", "/spec", (1, 1, 2))))["results"]
    assert one["level"] == level


def test_the_fingerprint_survives_a_move_and_tells_equal_ones_apart() -> None:
    one = found("GOV-001", FAIL, BLOCK, "a", "/spec", (1, 1, 2))
    (here,) = run(of(one))["results"]
    (there,) = run(of(one._replace(place=Place(9, 2, 9, 3), message="b")))["results"]
    assert here["partialFingerprints"] == there["partialFingerprints"]
    marks = [
        each["partialFingerprints"]["primaryLocationLineHash"]
        for each in run(of(one, one, one._replace(fingerprint="")))["results"]
    ]
    assert marks[:2] == [f"{one.fingerprint}:1", f"{one.fingerprint}:2"]
    assert len(set(marks)) == 3


def test_a_finding_without_a_place_is_at_the_start_of_its_document() -> None:
    (one,) = run(of(found("GOV-001", FAIL, BLOCK, "", "", None), line=144))["results"]
    assert one["locations"][0]["physicalLocation"]["region"] == {
        "startLine": 144,
        "startColumn": 1,
        "endLine": 144,
        "endColumn": 2,
    }


def test_further_places_are_related_and_never_a_second_location() -> None:
    spots = (Spot("/spec/a", Place(3, 4, 3, 5)), Spot("", Place(1, 1, 1, 2)))
    one = found("GOV-001", FAIL, BLOCK, "", "/spec", (1, 1, 2), related=spots)
    (written,) = run(of(one))["results"]
    assert [each["message"]["text"] for each in written["relatedLocations"]] == [
        "spec.a",
        "the whole document",
    ]
    assert len(written["locations"]) == 1


def test_a_message_cannot_hold_a_link() -> None:
    one = found("GOV-001", FAIL, BLOCK, "[a](https://evil.example)", "/spec", (1, 1, 2))
    (written,) = run(of(one))["results"]
    assert written["message"]["text"] == "[a] (https://evil.example)"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("teams/a b/aigov.yaml", "teams/a%20b/aigov.yaml"),
        ("100%/#1?x=[y].yaml", "100%25/%231%3Fx%3D%5By%5D.yaml"),
        ("c:x/\u00fc\u6f22.yaml", "c%3Ax/%C3%BC%E6%BC%A2.yaml"),
        ("a\\b\n.yaml", "a%5Cb%0A.yaml"),
        ("\udc80.yaml", "%5Cudc80.yaml"),
    ],
)
def test_a_path_is_percent_encoded(path: str, expected: str) -> None:
    assert uri(path) == expected


@given(st.text())
def test_a_path_comes_back_as_it_was(path: str) -> None:
    assert uri(path).isascii()
    assert unquote(uri(path)) == path


def test_a_policy_without_words_is_a_rule_all_the_same() -> None:
    bare = PolicyText("A-1", "", "", "", "", {})
    result = of(Result("A-1", FAIL, WARN), Result("A-2", FAIL, WARN))
    whole = run(result._replace(policies={"A-1": bare}))
    assert [rule["id"] for rule in whole["tool"]["driver"]["rules"]] == ["A-1", "A-2"]
    for rule in whole["tool"]["driver"]["rules"]:
        assert rule["name"] == rule["shortDescription"]["text"] == rule["id"]
        assert rule["help"]["text"] == "The message says what was found."
        assert rule["properties"]["tags"] == ["ai-governance"]
    assert [one["message"]["text"] for one in whole["results"]] == ["A-1", "A-2"]


def test_more_frameworks_than_github_keeps_are_cut_and_never_twice() -> None:
    many = {f"{'x' * 600}{number}": ("1",) for number in range(3)} | {
        f"framework-{number}": ("1",) for number in range(20)
    }
    text = ZOO.policies["GOV-001"]._replace(controls=many)
    (rule,) = run(EMPTY._replace(policies={"GOV-001": text}))["tool"]["driver"]["rules"]
    assert len(rule["properties"]["tags"]) == len(set(rule["properties"]["tags"])) == 10


def test_notes_and_policies_that_could_not_judge_are_said_about_the_run() -> None:
    (invocation,) = run()["invocations"]
    assert invocation["executionSuccessful"] is False
    assert [one["message"]["text"] for one in invocation["toolExecutionNotifications"]] == list(
        ZOO.notes
    )
    (calm,) = run(of(Result("GOV-001", FAIL, BLOCK)))["invocations"]
    assert calm["executionSuccessful"] is True


def test_above_githubs_limit_the_worst_stay_and_the_rest_is_counted() -> None:
    warning = Result("GOV-001", FAIL, WARN, fingerprint="0" * 64)
    blocking = Result("GOV-004", FAIL, BLOCK, fingerprint="1" * 64)
    whole = run(of(*[warning] * RESULTS, blocking))
    assert len(whole["results"]) == RESULTS
    assert whole["results"][0]["ruleId"] == "GOV-004"
    (invocation,) = whole["invocations"]
    assert invocation["toolExecutionNotifications"][-1]["message"]["text"] == (
        "1 more results: GitHub takes 25,000 of a run"
    )
    exact = run(of(*[warning] * RESULTS))
    assert len(exact["results"]) == RESULTS
    assert len(exact["invocations"][0]["toolExecutionNotifications"]) == len(ZOO.notes)


def test_a_hostile_rule_stays_text_in_its_markdown_help() -> None:
    text = ZOO.policies["GOV-001"]._replace(remedy=ATTACK)
    (rule,) = run(EMPTY._replace(policies={"GOV-001": text}))["tool"]["driver"]["rules"]
    for sign in ("<script", "[a](", "`x`", "\n::"):
        assert sign not in rule["help"]["markdown"]
