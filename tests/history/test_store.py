"""What a history keeps of runs, and how it tells one from the next; on SQLite and PostgreSQL."""

from __future__ import annotations

import json
import tracemalloc

import pytest

from aigov.attestation import DECISION
from aigov.errors import UsageError
from aigov.history.store import KEPT_RUNS, History, Metric
from aigov.history.upkeep import export, faults, prune
from aigov.reports import Style, render
from history.rows import (
    DAY,
    audit,
    changes,
    detection,
    exported,
    failed,
    finding,
    row,
    spans,
    standing,
    use_case,
)
from reports.zoo import hostile, results
from test_attestation import written


@pytest.fixture
def history(new_database):
    with History(new_database(), write=True, upgrade=True) as opened:
        yield opened
        assert faults(opened.database) == []


# --- findings


def test_a_finding_is_open_from_the_run_that_found_it_to_the_run_that_did_not(history):
    audit(history, row("a", use_case(finding("GOV-004"))))
    audit(history, row("a", use_case(finding("GOV-004")), head="2"))
    audit(history, row("a", use_case()))
    assert spans(history, "finding") == [("GOV-004", "open", 1, 3, "fixed")]


def test_a_finding_that_comes_back_is_not_new(history):
    for found in ([finding("GOV-004")], [], [finding("GOV-004"), finding("GOV-001")]):
        audit(history, row("a", use_case(*found)))
    assert changes(history, 1)[:1] == [("finding", "open", "new", None, "a", "GOV-004")]
    assert changes(history, 2) == [("finding", "open", "left", "fixed", "a", "GOV-004")]
    assert sorted(changes(history, 3)) == [
        ("finding", "open", "entered", None, "a", "GOV-004"),
        ("finding", "open", "new", None, "a", "GOV-001"),
    ]


def test_a_waiver_ends_an_open_finding_and_its_end_opens_it_again(history):
    for outcome in ("unknown", "waived", "fail"):
        audit(history, row("a", use_case(finding("GOV-004", outcome))))
    assert spans(history, "finding") == [
        ("GOV-004", "open", 1, 2, "waived"),
        ("GOV-004", "waived", 2, 3, "unwaived"),
        ("GOV-004", "open", 3, None, None),
    ]
    assert changes(history, 3) == [
        ("finding", "waived", "left", "unwaived", "a", "GOV-004"),
        ("finding", "open", "entered", None, "a", "GOV-004"),
    ]


def test_a_finding_whose_rule_is_gone_was_not_fixed(history):
    audit(history, row("a", use_case(finding("GOV-004"), finding("GOV-006"))))
    audit(history, row("a", use_case()), codes={"GOV-001", "GOV-006"})
    assert sorted(one[-1] for one in spans(history, "finding")) == ["fixed", "rule_retired"]


def test_another_enforcement_or_path_is_no_news_but_is_kept(history):
    audit(history, row("a", use_case(finding("GOV-004"))))
    audit(history, row("a", use_case(finding("GOV-004", enforcement="warn"))))
    audit(history, row("a", use_case(finding("GOV-004", enforcement="warn"), path="x/aigov.yaml")))
    assert [one for one in changes(history, 2) + changes(history, 3) if one[0] == "finding"] == []
    assert [one[2:] for one in spans(history, "finding")] == [
        (1, 2, "changed"),
        (2, 3, "changed"),
        (3, None, None),
    ]


def test_a_file_that_cannot_be_read_is_a_finding(history):
    problem = {"code": "SYN-001", "path": "x.yaml", "line": 2, "column": 1, "message": "m"}
    audit(history, row("a", problems=[problem, {**problem, "line": 9}]))
    assert standing(history, "finding", "name", "state") == [("SYN-001", "open")] * 2


def test_equal_findings_are_counted_as_often_as_they_are_reported(history):
    twice = [use_case(finding("GOV-004")), use_case(finding("GOV-004"), path="b/aigov.yaml")]
    audit(history, row("a", *twice), row("b", *twice))
    audit(history, row("a", *twice, head="2"), row("b", twice[0]))
    reported = [
        one
        for each in history.rows()
        for document in each["entry"]["documents"]
        for one in document["results"]
        if one["outcome"] != "pass"
    ]
    assert len(standing(history, "finding", "key")) == len(reported) == 3


# --- repositories


def test_a_repository_that_failed_keeps_what_was_known_of_it(history):
    audit(history, row("a", use_case(finding("GOV-004"))), row("b"))
    before = [one for one in exported(history) if one["table"] == "interval"]
    audit(history, failed("a"), row("b"))
    assert [one for one in exported(history) if one["table"] == "interval"] == before
    assert changes(history) == []
    items = {one["name"]: one["error"] for one in exported(history) if one["table"] == "item"}
    assert items == {"a": "timeout", "b": None}


def test_a_repository_that_is_no_longer_there_is_gone_and_nothing_of_it_is_fixed(history):
    audit(history, row("a", use_case(finding("GOV-004")), detections=[detection()]), row("b"))
    audit(history, row("b"))
    closed = {(one["kind"], one["closed"]) for one in exported(history) if one.get("to_run") == 2}
    kinds = {"repository", "use_case", "finding", "detection"}
    assert closed == {(kind, "repo_gone") for kind in kinds}
    assert standing(history, "repository", "repo") == [("b",)]
    assert ("repository", "registered", "left", "repo_gone", "a", None) in changes(history)


def test_a_repository_without_a_manifest_is_told_once_and_when_it_gets_one(history):
    shadow = {"ai_use": "unregistered", "detections": [detection()]}
    audit(history, row("a", **shadow))
    audit(history, row("a", head="2", **shadow))
    audit(history, row("a", use_case(), head="3", detections=[detection(use_case="bot")]))
    assert ("repository", "unregistered", "new", None, "a", None) in changes(history, 1)
    assert changes(history, 2) == []
    assert ("repository", "unregistered", "left", "changed", "a", None) in changes(history, 3)
    assert standing(history, "detection", "name", "use_case") == [("openai", "bot")]
    heads = [one["about"]["head"] for one in exported(history) if one.get("kind") == "repository"]
    assert heads == ["1", "2", "3"]


def test_a_use_case_has_an_interval_for_each_version_of_its_manifest(history):
    about = [{"owner": "priya@northbank.internal"}]
    audit(history, row("a", use_case(), about=about))
    audit(history, row("a", use_case(digest="sha256:2", stage="production"), about=about))
    assert [one[1:] for one in spans(history, "use_case")] == [
        ("pilot", 1, 2, "changed"),
        ("production", 2, None, None),
    ]
    (kept,) = standing(history, "use_case", "about")
    assert kept[0]["owner"] == "priya@northbank.internal"
    assert kept[0]["declared"] == {"stage": "pilot", "tier": "low"}
    assert changes(history) == [
        ("use_case", "pilot", "left", "changed", "a", "bot"),
        ("use_case", "production", "entered", None, "a", "bot"),
    ]


@pytest.mark.parametrize(
    ("codes", "state"),
    [
        ((), "used"),
        (("WAI-003",), "expiring"),
        (("WAI-002", "WAI-003"), "unused"),
        (("WAI-002", "WAI-006"), "refused"),
        (("WAI-004", "WAI-001"), "expired"),
    ],
)
def test_a_waiver_is_in_the_state_that_its_findings_tell(codes, state, history):
    about = [{}, {"id": "w-1", "policy": "tier-understated", "expires_on": "2026-12-24"}]
    waiver = use_case(kind="Waiver", path="w.aigov.yaml")
    judged = use_case(*map(finding, codes), kind="Waiver", path="w.aigov.yaml")
    audit(history, row("a", use_case(), waiver, about=about))
    audit(history, row("a", use_case(), judged, about=about))
    assert standing(history, "waiver", "name", "state") == [("w-1", state)]
    assert standing(history, "use_case", "name") == [("bot",)]
    entered = [one for one in changes(history) if one[:3] == ("waiver", state, "entered")]
    assert len(entered) == (state != "used")


def report(result) -> dict:
    """Return the report of a check as the entry of an audit has it."""
    found = json.loads("".join(render("json")(result, Style(80, False, False, False))))
    return {"documents": found["documents"], "problems": found["problems"]}


@pytest.mark.parametrize("result", [hostile(), hostile("a\0b\ud800c" * 500)])
def test_what_the_checker_reports_is_kept_whatever_it_says(result, history):
    about = [{"owner": "\0\udcff"}] * len(result.documents)
    names = ("\0\udcff", "x" * 5000, "é" * 3000)
    rows = [row(name, about=about, **report(result)) for name in names]
    audit(history, *rows)
    assert list(history.rows()) == sorted(rows, key=lambda one: one["entry"]["name"])
    counted = sum(one.is_finding for one in results(result)) + len(result.problems)
    assert len(standing(history, "finding", "key")) == counted * len(names)
    audit(history, *rows)
    assert changes(history) == []


# --- runs and their rows


def test_runs_are_numbered_without_gaps_and_tell_what_they_were(history):
    audit(history, row("a"))
    history.begin("left", DAY)
    history.record(row("b"))
    assert history.begin("scope-2", DAY, {"digests": ["1"]}).ordinal == 2
    history.finish("run-2")
    assert [(one.ordinal, one.run, one.state, one.items) for one in history.runs()] == [
        (1, "run", "complete", 1),
        (2, "run-2", "complete", 0),
    ]
    assert history.complete().meta == {"digests": ["1"]}


def test_the_same_run_twice_changes_nothing(history):
    rows = [row("a", use_case(finding("GOV-004")), detections=[detection()]), row("b")]
    audit(history, *rows)
    first = list(history.rows())
    audit(history, *rows)
    assert list(history.rows()) == first == list(history.rows(1)) == rows
    assert changes(history) == []
    assert {one["from_run"] for one in exported(history) if one["table"] == "interval"} == {1}


def test_rows_come_sorted_by_code_point_however_they_were_recorded(history):
    names = ["b", "B", "é", "a-b", "a/b", "ab", "Z", "a", "z", "\U0001f600", "\uffee", "_"]
    audit(history, *map(row, names))
    assert [one["entry"]["name"] for one in history.rows()] == sorted(names)


def test_a_row_recorded_again_takes_the_place_of_the_first(history):
    history.begin("scope", DAY)
    for _ in range(20):
        history.record(row("a", use_case()))
        history.record(row("b"))
        history.flush()
    history.record(row("a"))
    history.finish("run")
    assert list(history.rows()) == [row("a"), row("b")]
    assert standing(history, "use_case", "name") == []


def test_what_is_done_is_known_before_it_is_written_and_after(history):
    history.begin("scope", DAY)
    assert not history.done("a\0")
    history.record(row("a\0"))
    assert history.done("a\0")
    history.flush()
    assert history.done("a\0")
    assert not history.done("b")


def test_an_interrupted_run_changes_nothing_but_its_rows_and_is_resumed(history):
    audit(history, row("a", use_case(finding("GOV-004"))))
    before = [one for one in exported(history) if one["table"] == "interval"]
    history.begin("scope-2", DAY)
    history.record(row("b"))
    history.flush()
    assert [one for one in exported(history) if one["table"] == "interval"] == before
    assert history.complete().ordinal == 1
    assert list(history.rows()) == [row("a", use_case(finding("GOV-004")))]
    assert history.unfinished() == history.runs()[1]
    assert history.begin("scope-2", DAY, resume=True) == history.unfinished()
    assert history.done("b")
    history.finish("run-2")
    assert history.unfinished() is None
    assert standing(history, "repository", "repo") == [("b",)]


def test_only_what_was_interrupted_is_resumed(history):
    assert history.begin("scope", DAY, resume=True).ordinal == 1  # nothing was: it begins
    with pytest.raises(UsageError, match="judged something else"):
        history.begin("scope-2", DAY, resume=True)
    history.record(row("a"))
    history.flush()
    assert history.begin("scope-2", DAY).ordinal == 1
    assert not history.done("a")


def test_without_a_complete_run_there_is_nothing_to_report(history):
    history.begin("scope", DAY)
    for asked in (history.rows, history.changes):
        with pytest.raises(UsageError, match="complete"):
            next(asked())
    history.finish("run")
    assert list(history.rows()) == []
    with pytest.raises(UsageError, match="complete"):
        history.complete(2)


# --- facts, permits, upkeep


def test_facts_are_known_by_tree_and_version(history):
    history.begin("scope", DAY)
    history.keep_facts("t", "1", [1])
    history.flush()
    assert (history.facts("t", "1"), history.facts("t", "2"), history.facts("u", "1")) == ([1],) + (
        None,
    ) * 2
    history.keep_facts("t", "2", [])
    history.flush()
    assert (history.facts("t", "1"), history.facts("t", "2")) == (None, [])


def test_what_is_known_of_a_repository_is_what_its_tree_of_the_last_complete_run_showed(history):
    assert history.known("a", "1") is None
    for number, tree in enumerate(("t", "u", "v")):
        history.begin("scope", DAY)
        history.record(row("a", tree=tree))
        history.keep_facts(tree, "1", [number])
        history.flush()
        if tree != "v":
            history.finish(f"run-{number}")
    assert (history.known("a", "1"), history.known("a", "2"), history.known("b", "1")) == (
        [1], None, None,
    )  # fmt: skip


def permit(moment: str, **given) -> dict:
    record = {
        "allow": True,
        "stage": "production",
        "given": {"as_of": moment[:10], "fail_on": "block"},
        "use_cases": [{"id": "bot"}, {"id": "other"}],
    }
    predicate = {given.pop("clock", "timeVerified"): moment, DECISION: {**record, **given}}
    return {"subject": [{"name": "git+https://x/a"}], "predicate": predicate}


def test_the_first_permit_for_production_is_kept_in_whatever_order_they_come(history):
    moments = ["2026-05-02T10:00:00Z", "2026-05-01T10:00:00Z", "2026-05-03T10:00:00Z"]
    for moment in moments:
        history.keep_passes(permit(moment, clock="timeCreated"))
    assert history.first_pass("bot") == (moments[1], "git+https://x/a")
    assert history.first_pass("other") == history.first_pass("bot")
    assert history.first_pass("third") is None


@pytest.mark.parametrize(
    "given",
    [
        {"allow": False},
        {"stage": "pilot"},
        {"given": {"as_of": "2026-05-02", "fail_on": "block"}},
        {"given": {"as_of": "2026-05-01", "fail_on": "never"}},
    ],
)
def test_no_other_decision_counts_as_a_permit(given, history):
    history.keep_passes(permit("2026-05-01T10:00:00Z", **given))
    assert history.first_pass("bot") is None


def test_a_statement_of_the_gate_is_read(history):
    history.keep_passes(json.loads(written()))
    found = ("2026-11-22T08:00:00Z", "git+https://git.example/acme/r1")
    assert history.first_pass("branch-appointment-assistant") == found


def test_the_rows_of_some_runs_are_kept_and_all_intervals(history):
    for head in range(KEPT_RUNS + 2):
        audit(history, row("a", head=str(head)))
    assert {one["ordinal"] for one in exported(history) if one["table"] == "item"} == {3, 4, 5}
    with pytest.raises(UsageError, match="no longer kept"):
        list(history.rows(2))
    assert len(spans(history, "repository")) == KEPT_RUNS + 2


def test_pruning_deletes_rows_facts_and_all_numbers_but_one_a_week(history):
    days = ["2026-11-01", "2026-11-02", "2026-11-07", "2026-11-08", "2026-11-09", "2026-11-10"]
    for head, day in enumerate(days):
        history.keep_facts(f"tree-{head}", "1", [])
        number = Metric("organisation", "use_cases", 1.5, 2, 0)
        audit(history, row("a", head=str(head)), as_of=day, metrics=[number])
    assert prune(history.database, 1, "2026-11-09") == {"item": 2, "facts": 5, "metric": 2}
    left = [one["ordinal"] for one in exported(history) if one["table"] == "metric"]
    assert left == [1, 4, 5, 6]
    assert len(list(history.rows())) == 1
    assert history.facts("tree-5", "1") == []
    assert prune(history.database, 1) == {"item": 0, "facts": 0, "metric": 0}


def test_damage_is_found(history):
    audit(history, row("a", use_case(finding("GOV-004"))), row("b"))
    with history.database.begin() as connection:
        connection.exec_driver_sql("DELETE FROM interval WHERE repo = 'a'")
    assert faults(history.database) == ["1 rows of run 1 differ from what is kept"]
    audit(history, row("a", use_case(finding("GOV-004"))), row("b"))  # the next run mends it


def test_the_memory_of_a_run_is_flat_in_its_repositories(history):
    def peak(count: int) -> int:
        history.begin("scope", DAY)
        for n in range(count):
            history.record(row(f"{n:05}", head=str(count)))
        tracemalloc.start()
        history.finish("run")
        assert sum(1 for _ in history.rows()) == count
        assert sum(1 for _ in export(history.database)) > count
        assert sum(1 for _ in history.changes()) >= count - 200
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    few = peak(200)
    assert peak(10_000) < few + 512 * 1024
