"""`aigov.reports.entries` and `summary`: what is said, in which order, and how it ends."""

from __future__ import annotations

import pytest

from aigov.findings import Enforcement, Outcome, Place, Result
from aigov.reports.entries import (
    Block,
    Entry,
    Severity,
    block,
    choose,
    dotted,
    entries,
    policy,
    start_here,
)
from aigov.reports.summary import Standing, counts, standing, verdict
from aigov.results import DocumentResult, PolicyText, summarise
from reports.zoo import BLOCK, FAIL, INFO, PASS, UNKNOWN, WARN, ZOO, found


def document(*results: Result, path: str = "aigov.yaml") -> DocumentResult:
    return ZOO.documents[0]._replace(path=path, results=results, preview=(), next_stage=None)


def failing(pointer: str, line: int = 1, code: str = "GOV-001") -> Result:
    return found(code, FAIL, BLOCK, "", pointer, (line, 1, 2))


def test_the_worst_stands_first_and_equals_in_the_order_of_the_text() -> None:
    seen = [(one.severity.value, one.results[0].code) for one in entries(ZOO.documents[1])]
    assert seen == [
        ("error", "GOV-013"),
        ("block", "GOV-001"),
        ("block", "REG-001"),
        ("block", "GOV-004"),
        ("block", "BLD-002"),
        ("block", "MAN-013"),
        ("warn", "OPS-004"),
        ("warn", "VAL-006"),
        ("info", "MAN-001"),
        ("waived", "GOV-009"),
    ]


def test_policies_that_cannot_be_judged_for_want_of_fields_are_one_entry() -> None:
    shared = [one for one in entries(ZOO.documents[1]) if len(one.results) > 1]
    assert [[one.code for one in entry.results] for entry in shared] == [["REG-001", "REG-003"]]


def test_a_block_and_a_warning_for_the_same_field_stay_two_entries() -> None:
    missing = ("/spec/risk/facts",)
    one = found("REG-001", UNKNOWN, BLOCK, "", "/spec/risk", (1, 1, 2), missing=missing)
    two = found("REG-002", UNKNOWN, WARN, "", "/spec/risk", (1, 1, 2), missing=missing)
    assert entries(document(one, two)) == (
        Entry(Severity.BLOCK, (one,)),
        Entry(Severity.WARN, (two,)),
    )


def test_an_entry_stands_where_the_first_of_its_results_does() -> None:
    missing = ("/spec/risk/facts",)
    late = found("REG-001", UNKNOWN, BLOCK, "", "/spec/risk", (9, 1, 2), missing=missing)
    early = found("REG-002", UNKNOWN, BLOCK, "", "/spec/risk", (3, 1, 2), missing=missing)
    (entry,) = entries(document(late, early))
    assert entry.place == early.place
    assert Entry(Severity.INFO, (late._replace(place=None),)).place is None


def test_the_limit_goes_to_the_worst_of_all_documents_and_never_to_a_waived_one() -> None:
    warning = Entry(Severity.WARN, (Result("A-1", FAIL, WARN),))
    blocking = Entry(Severity.BLOCK, (Result("A-2", FAIL, BLOCK),))
    waived = Entry(Severity.WAIVED, (Result("A-3", Outcome.WAIVED, BLOCK),))
    first, second = choose([(warning, waived), (blocking, warning)], 2)
    assert (first.printed, first.hidden) == ((warning, waived), ())
    assert (second.printed, second.hidden) == ((blocking,), (warning,))


def test_where_there_is_room_for_all_nothing_is_hidden() -> None:
    warning = Entry(Severity.WARN, (Result("A-1", FAIL, WARN),))
    (only,) = choose([(warning,) * 50], 50)
    assert (len(only.printed), only.hidden) == (50, ())


@pytest.mark.parametrize(
    ("pointer", "expected"),
    [
        ("/spec/risk/facts/gpai", "/spec/risk/facts"),
        ("/spec/risk/tier", "/spec/risk/tier"),
        ("/spec/approvals/3/date", "/spec/approvals"),
        ("/spec/data", "/spec/data"),
        ("/metadata/reviewed_on", "/metadata/reviewed_on"),
        ("", ""),
    ],
)
def test_a_block_is_the_first_three_names(pointer: str, expected: str) -> None:
    assert block(pointer) == expected


def test_the_blocks_that_unblock_most_come_first_with_their_first_line() -> None:
    result = ZOO._replace(
        documents=(
            document(
                failing("/spec/risk/tier", 3), failing("/spec/data", 2), failing("/spec/a/b/c", 9)
            ),
            document(
                failing("/spec/a/b/d", 8), failing("/spec/a/b/e", 7), failing("/spec/data", 4),
                path="b.yaml",
            ),
        )
    )  # fmt: skip
    assert start_here(result) == (
        Block("/spec/a/b", 3, 2, "aigov.yaml", Place(9, 1, 9, 2)),
        Block("/spec/data", 2, 2, "aigov.yaml", Place(2, 1, 2, 2)),
        Block("/spec/risk/tier", 1, 1, "aigov.yaml", Place(3, 1, 3, 2)),
    )


def test_a_policy_error_is_nothing_an_edit_of_the_manifest_unblocks() -> None:
    error = found("GOV-013", Outcome.ERROR, BLOCK, "", "/spec/data", (1, 1, 2))
    nowhere = found("CHG-006", FAIL, BLOCK, "", "", None)
    result = ZOO._replace(documents=(document(error, nowhere),))
    assert start_here(result) == (Block("", 1, 1, "aigov.yaml", None),)


@pytest.mark.parametrize(
    ("pointer", "expected"),
    [
        ("/spec/approvals/3/date", "spec.approvals[3].date"),
        ("/spec/risk/screening/answers/5(1)(a)", 'spec.risk.screening.answers["5(1)(a)"]'),
        ("/metadata/labels/a~1b~0c", 'metadata.labels["a/b~c"]'),
        ("/metadata/annotations/x-team", "metadata.annotations.x-team"),
        ("/spec/\x1b[2J", r'spec["\x1b[2J"]'),
        ("", ""),
    ],
)
def test_a_pointer_reads_as_people_write_it(pointer: str, expected: str) -> None:
    assert dotted(pointer) == expected


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ([Result("A-1", PASS), Result("A-2", FAIL, WARN), Result("A-3", FAIL, BLOCK)], "blocked"),
        ([Result("A-1", UNKNOWN, BLOCK)], "blocked"),
        ([Result("A-1", Outcome.ERROR, WARN)], "blocked"),
        ([Result("A-1", PASS), Result("A-2", UNKNOWN, WARN)], "with warnings"),
        ([Result("A-1", FAIL, INFO)], "passing"),
        ([Result("A-1", Outcome.WAIVED, BLOCK)], "passing"),
        ([Result("A-1", PASS)], "passing"),
        ([Result("A-1", Outcome.LATER), Result("A-2", Outcome.NOT_APPLICABLE)], "not judged"),
        ([], "not judged"),
    ],
)
def test_a_document_ends_as_its_worst_result_and_silence_never_passes(
    results: list[Result], expected: str
) -> None:
    assert standing(document(*results)) is Standing(expected)


def test_the_counts_add_up_to_every_result() -> None:
    assert counts(ZOO, summarise(ZOO)) == [
        "26 passed, 2 later, 1 not applicable, 2 not judged (no history, no profile)",
        "as of 2026-11-22",
    ]


def test_counts_that_are_zero_are_left_out() -> None:
    result = ZOO._replace(documents=(document(Result("A-1", PASS)),), problems=())
    assert counts(result, summarise(result)) == ["1 passed", "as of 2026-11-22"]


def test_the_verdict_counts_documents_by_kind_and_by_end() -> None:
    assert verdict(ZOO, summarise(ZOO)) == [
        (
            "3 use cases, 1 waiver, 1 organisation:"
            " 2 blocked, 1 with warnings, 1 passing, 1 not judged"
        ),
        "1 file problem",
        "10 blocking, 3 warnings, 1 info, 1 waived, 1 policy error",
    ]


def test_the_verdict_on_nothing_does_not_sound_like_a_pass() -> None:
    result = ZOO._replace(documents=(), problems=())
    assert verdict(result, summarise(result)) == [
        "no document was judged",
        "0 blocking, 0 warnings",
    ]


def test_a_kind_nobody_foresaw_is_counted_under_its_own_name() -> None:
    odd = document(Result("A-1", PASS))._replace(kind="Audit")
    result = ZOO._replace(documents=(odd, document(Result("A-1", PASS))), problems=())
    assert verdict(result, summarise(result))[0] == "1 use case, 1 Audit: 2 passing"


def test_severities_agree_with_what_the_summary_counts() -> None:
    summary = summarise(ZOO)
    listed = [one for document in ZOO.documents for one in entries(document)]
    by_severity = {
        severity: sum(len(one.results) for one in listed if one.severity is severity)
        for severity in Severity
    }
    assert summary.blocking == (
        by_severity[Severity.BLOCK] + by_severity[Severity.ERROR] + len(ZOO.problems)
    )
    assert summary.warning == by_severity[Severity.WARN]
    assert summary.outcomes[Outcome.WAIVED] == by_severity[Severity.WAIVED]


def test_what_denies_is_in_capitals() -> None:
    assert [one.word for one in Severity] == ["ERROR", "BLOCK", "warn", "info", "waived"]


def test_a_code_that_nobody_wrote_words_for_has_empty_ones() -> None:
    assert policy(ZOO, "XYZ-999") == PolicyText("XYZ-999", "", "", "", "", {})
    assert policy(ZOO, "GOV-004") is ZOO.policies["GOV-004"]


def test_an_error_is_loudest_whatever_its_enforcement() -> None:
    for enforcement in (None, *Enforcement):
        (entry,) = entries(document(Result("A-1", Outcome.ERROR, enforcement)))
        assert entry.severity is Severity.ERROR
