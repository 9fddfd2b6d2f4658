"""`aigov.reports.records`: a finding in words, as every format but text and json tells it."""

from __future__ import annotations

import pytest

from aigov.findings import Outcome, Result
from aigov.reports.entries import Severity, policy
from aigov.reports.records import records, statement, worst_first
from reports.zoo import BLOCK, FAIL, UNKNOWN, ZOO

TEXT = ZOO.policies["REG-001"]


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (Result("REG-001", FAIL, BLOCK, "a is 3"), "a is 3"),
        (Result("REG-001", FAIL, BLOCK), "The EU role is not declared"),
        (
            Result("REG-001", UNKNOWN, BLOCK, "a is open", missing=("/spec/a",)),
            "a is open (spec.a is missing)",
        ),
        (Result("REG-001", UNKNOWN, BLOCK, "spec.a?", missing=("/spec/a",)), "spec.a?"),
        (
            Result("REG-001", UNKNOWN, BLOCK),
            "The EU role is not declared (a value that it reads is missing)",
        ),
        (
            Result("REG-001", Outcome.ERROR, BLOCK, "no overload", note="b"),
            "no overload (the policy is at fault, not the manifest; b)",
        ),
        (Result("REG-001", Outcome.WAIVED, BLOCK, "a", waiver="w-1"), "a (waived by w-1)"),
        (Result("REG-001", Outcome.WAIVED, BLOCK, "a"), "a (waived by (no metadata.id))"),
    ],
)
def test_a_finding_is_one_sentence_with_what_it_means(one: Result, expected: str) -> None:
    assert statement(one, TEXT) == expected


def test_a_finding_without_any_words_is_called_by_its_code() -> None:
    assert statement(Result("X-1", FAIL, BLOCK), policy(ZOO, "X-1")) == "X-1"


def test_problems_come_first_and_equals_keep_their_order_when_ranked() -> None:
    found = list(records(ZOO))
    assert (found[0].code, found[0].document) == ("SYN-001", None)
    ranked = worst_first(found)
    assert ranked[0].severity is Severity.ERROR
    for severity in Severity:
        alike = [one for one in found if one.severity is severity]
        assert [one for one in ranked if one.severity is severity] == alike


def test_a_finding_that_was_given_no_fingerprint_gets_one_of_its_own() -> None:
    one = Result("X-1", FAIL, BLOCK, pointer="/spec/\ud800")
    other = one._replace(pointer="/spec/b")
    document = ZOO.documents[0]._replace(results=(one, other, one))
    marks = [each.fingerprint for each in records(ZOO._replace(documents=(document,), problems=()))]
    assert len(set(marks)) == 3
    assert [mark[64:] for mark in marks] == [":1", ":1", ":2"]
    assert marks[0][:64] == marks[2][:64]
