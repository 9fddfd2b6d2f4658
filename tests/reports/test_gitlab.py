"""`aigov.reports.gitlab`: the Code Quality report."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aigov.findings import Outcome, Result
from aigov.results import CheckResult, Problem
from reports.reading import printed
from reports.zoo import BLOCK, FAIL, INFO, UNKNOWN, WARN, ZOO, found, hostile


def issues(result: CheckResult = ZOO) -> Any:
    return json.loads(printed("gitlab", result))


def of(*results: Result) -> CheckResult:
    return ZOO._replace(documents=(ZOO.documents[0]._replace(results=results),), problems=())


@pytest.mark.parametrize("result", [ZOO, hostile()], ids=["tame", "hostile"])
def test_every_issue_has_the_documented_fields(result: CheckResult) -> None:
    for one in issues(result):
        assert list(one) == ["description", "check_name", "fingerprint", "severity", "location"]
        assert one["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert not one["location"]["path"].startswith(("/", "./"))
        lines = one["location"]["lines"]
        assert 1 <= lines["begin"] <= lines["end"]
        assert one["description"].isprintable()


def test_a_finding_is_written_in_full() -> None:
    (one,) = (one for one in issues() if one["check_name"] == "GOV-004")
    assert one == {
        "description": ("GOV-004 tier-understated: declared low, but M2 and M4 imply moderate"),
        "check_name": "GOV-004",
        "fingerprint": f"{ZOO.documents[1].results[14].fingerprint}:1",
        "severity": "critical",
        "location": {
            "path": "examples/2-moderate-production.aigov.yaml",
            "lines": {"begin": 55, "end": 55},
        },
    }


@pytest.mark.parametrize(
    ("result", "severity"),
    [
        (Result("A-1", Outcome.ERROR, WARN), "blocker"),
        (Result("A-1", FAIL, BLOCK), "critical"),
        (Result("A-1", UNKNOWN, BLOCK), "critical"),
        (Result("A-1", FAIL, WARN), "major"),
        (Result("A-1", FAIL, INFO), "minor"),
        (Result("A-1", Outcome.WAIVED, BLOCK), "info"),
    ],
)
def test_the_severity_says_what_the_finding_does(result: Result, severity: str) -> None:
    (one,) = issues(of(result))
    assert one["severity"] == severity


def test_equal_fingerprints_are_told_apart_because_gitlab_merges_them() -> None:
    one = found("GOV-001", FAIL, BLOCK, "", "/spec", (1, 1, 2))
    assert [each["fingerprint"] for each in issues(of(one, one))] == [
        f"{one.fingerprint}:1",
        f"{one.fingerprint}:2",
    ]


def test_a_problem_keeps_its_fingerprint_when_the_file_above_it_grows() -> None:
    first = Problem("SYN-001", "\ud800.yaml", 7, 3, "a")
    one, two = (
        issues(ZOO._replace(documents=(), problems=problems))
        for problems in ((first,), (first._replace(line=9, message="b"),))
    )
    assert one[0]["fingerprint"] == two[0]["fingerprint"]
    other = issues(ZOO._replace(documents=(), problems=(first._replace(path="b.yaml"),)))
    assert other[0]["fingerprint"] != one[0]["fingerprint"]


def test_there_is_no_byte_order_mark_and_nothing_found_is_an_empty_list() -> None:
    assert printed("gitlab", ZOO).startswith("[")
    assert issues(ZOO._replace(documents=(), problems=())) == []


def test_a_line_counts_from_one_as_gitlab_does() -> None:
    (one,) = issues(of(found("GOV-001", FAIL, BLOCK, "", "", None)))
    assert one["location"]["lines"] == {"begin": 1, "end": 1}
