"""`aigov.reports.github`: annotations that a runner takes as meant, and no others."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigov.findings import Outcome, Result
from aigov.reports.github import LIMIT, data, property_
from aigov.results import CheckResult
from reports.reading import decoded, printed
from reports.zoo import BLOCK, FAIL, INFO, WARN, ZOO, found, hostile

ANY_TEXT = st.text(st.characters(exclude_categories=()))


def lines(result: CheckResult = ZOO) -> list[str]:
    return printed("github", result).splitlines()


def of(*results: Result, **more: Any) -> CheckResult:
    one = ZOO.documents[0]._replace(results=results)
    return ZOO._replace(documents=(one,), problems=(), notes=(), **more)


def test_a_finding_is_one_command_with_its_place_title_and_remedy() -> None:
    (line,) = (line for line in lines() if "GOV-004" in line)
    assert line == (
        "::error file=examples/2-moderate-production.aigov.yaml,line=55,col=11,endLine=55,"
        "endColumn=14,title=GOV-004 tier-understated::declared low, but M2 and M4 imply"
        " moderate%0Afix: Raise spec.risk.tier, or correct the fact that drives it."
    )


@pytest.mark.parametrize(
    ("result", "kind"),
    [
        (Result("A-1", FAIL, BLOCK), "error"),
        (Result("A-1", Outcome.UNKNOWN, BLOCK), "error"),
        (Result("A-1", Outcome.ERROR, INFO), "error"),
        (Result("A-1", FAIL, WARN), "warning"),
        (Result("A-1", FAIL, INFO), "notice"),
        (Result("A-1", Outcome.WAIVED, BLOCK), "notice"),
    ],
)
def test_the_type_says_what_the_finding_does(result: Result, kind: str) -> None:
    first, _verdict = lines(of(result))
    assert first.startswith(f"::{kind} file=")


def test_the_worst_come_first_and_of_each_type_ten() -> None:
    warnings = [found("GOV-001", FAIL, WARN, "", "/spec", (n, 1, 2)) for n in range(1, 13)]
    blocking = [found("GOV-004", FAIL, BLOCK, "", "/spec", (n, 1, 2)) for n in range(1, 12)]
    error = found("GOV-013", Outcome.ERROR, WARN, "", "/spec", (1, 1, 2))
    shown = lines(of(*warnings, *blocking, error))
    kinds = [line.split(" ")[0] for line in shown[:-2]]
    assert kinds == ["::error"] * LIMIT + ["::warning"] * LIMIT
    assert "GOV-013" in shown[0]
    assert shown[-2] == (
        "4 more without an annotation (2 errors, 2 warnings; GitHub shows 10 of a type):"
        " --format markdown=$GITHUB_STEP_SUMMARY lists them"
    )


def test_one_hidden_is_one_and_ten_are_all_shown() -> None:
    notices = [found("GOV-001", FAIL, INFO, "", "/spec", (n, 1, 2)) for n in range(1, 12)]
    assert lines(of(*notices))[-2].startswith("1 more without an annotation (1 notice; ")
    assert "more without" not in printed("github", of(*notices[:10]))


def test_notes_and_the_verdict_stand_below_as_plain_lines() -> None:
    assert lines()[-2] == f"note: {ZOO.notes[0]}"
    assert lines()[-1].startswith("3 use cases, 1 waiver, 1 organisation: 2 blocked")
    assert lines(ZOO._replace(documents=(), problems=(), notes=())) == [
        "no document was judged \u00b7 0 blocking, 0 warnings"
    ]


def test_a_finding_that_is_not_the_manifests_fault_has_no_remedy() -> None:
    for outcome in (Outcome.ERROR, Outcome.WAIVED):
        assert "fix:" not in lines(of(found("GOV-001", outcome, BLOCK, "a", "/spec", None)))[0]


def test_a_hostile_name_ends_neither_its_property_nor_its_line() -> None:
    name = "a,line=1::forged\r\n::error::%0A.yaml"
    document = ZOO.documents[0]._replace(path=name, results=(Result("A-1", FAIL, BLOCK),))
    first, _verdict = lines(ZOO._replace(documents=(document,), problems=(), notes=()))
    assert first == (
        "::error file=a%2Cline=1%3A%3Aforged\\r\\n%3A%3Aerror%3A%3A%250A.yaml,"
        "line=1,col=1,endLine=1,endColumn=2,title=A-1::A-1"
    )


def test_the_hostile_twin_has_as_many_lines_and_commands() -> None:
    tame, attacked = lines(), lines(hostile())
    assert [line.startswith("::") for line in attacked] == [line.startswith("::") for line in tame]


def test_what_a_runner_would_obey_is_encoded() -> None:
    assert data("50%\r\n::a, b") == "50%25%0D%0A::a, b"
    assert property_("50%\r\n::a, b") == "50%25%0D%0A%3A%3Aa%2C b"


@given(ANY_TEXT)
def test_a_runner_decodes_what_was_encoded(text: str) -> None:
    assert decoded(property_(text)) == text
    assert not {"\r", "\n", ":", ","} & set(property_(text))
    assert not {"\r", "\n"} & set(data(text))
