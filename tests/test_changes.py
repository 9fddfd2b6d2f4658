"""What a change touches, takes away and rewrites, on the shipped examples."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigov.cases import with_parents
from aigov.changes import (
    MAX_DEPTH,
    MAX_NAMED,
    Version,
    change_findings,
    changed_paths,
    described,
    gone_manifests,
    imported,
    record_facts,
    recorded,
)
from aigov.findings import Enforcement, Outcome
from aigov.preparing import Prepared, ReadFile, prepare
from aigov.results import Problem
from aigov.settings import Settings
from aigov.source import Document, load, split_pointer
from judging import AS_OF, changed, example, findings, judge, rules

CREDIT = "3-critical-production"


def prepared(document: Document) -> Prepared:
    return prepare("aigov.yaml", document, rules(), Settings(as_of=AS_OF))


def lost(*, put: dict[str, Any] | None = None, drop: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the CHG results by code, of the critical example as it is changed."""
    before, after = (
        prepared(example(CREDIT)),
        prepared(changed(example(CREDIT), put=put, drop=drop)),
    )
    return {one.code: one for one in change_findings(before, after, rules())}


def value(pointer: str) -> Any:
    found: Any = example(CREDIT).value
    for part in split_pointer(pointer):
        found = found[int(part) if isinstance(found, list) else part]
    return found


# --- paths

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(["", "a", "b"]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=4)
    ),
    max_leaves=12,
)
NAMED = st.lists(
    st.fixed_dictionaries({"id": st.sampled_from("abcdefg"), "x": PLAIN}),
    unique_by=lambda i: i["id"],
)


@given(PLAIN)
def test_what_is_as_it_was_has_no_changed_paths(one):
    assert changed_paths({"spec": one}, {"spec": one}) == []


@given(PLAIN, PLAIN)
def test_every_changed_path_comes_with_all_that_holds_it(before, after):
    paths = changed_paths({"spec": before}, {"spec": after})
    assert paths == with_parents(paths)
    assert paths == changed_paths({"spec": after}, {"spec": before})


@given(st.lists(PLAIN), st.randoms())
def test_moving_items_is_no_change(items, random):
    moved = list(items)
    random.shuffle(moved)
    assert changed_paths({"spec": items}, {"spec": moved}) == []


@given(NAMED, st.randoms(), PLAIN)
def test_a_change_of_a_named_item_names_its_place_wherever_it_moved(items, random, new):
    moved = [{**item} for item in items]
    random.shuffle(moved)
    for item in moved[:1]:
        item["x"] = [item["x"], new, "other"]
    paths = changed_paths({"spec": items}, {"spec": moved})
    assert paths[:3] == (["/spec", "/spec/*", "/spec/*/x"] if items else [])


@pytest.mark.parametrize(
    ("before", "after", "paths"),
    [
        ({"a": None}, {}, []),
        ({"a": 1}, {"a": 1.0}, []),
        ({"a": 1}, {"a": True}, ["/a"]),
        ({}, {"a": []}, ["/a"]),
        ({"a": {"b": 1}}, {"a": [1]}, ["/a", "/a/*", "/a/b"]),
        ({"a": {"b": {"c": 1}}}, {}, ["/a", "/a/b", "/a/b/c"]),
        ({"9": 1}, {"9": 2}, ["/*"]),
        ({"a/b": 1}, {"a/b": 2}, ["/a~1b"]),
        ({"a": [{"id": "n"}]}, {"a": [{"id": "m"}]}, ["/a", "/a/*", "/a/*/id"]),
        ({"a": [{"v": 1, "w": 1}]}, {"a": [{"v": 2, "w": 1}]}, ["/a", "/a/*", "/a/*/v"]),
        ({"a": ["x", "y"]}, {"a": ["y", "z", "x"]}, ["/a", "/a/*"]),
        (None, {"a": 1}, ["/a"]),
    ],
)
def test_which_paths_a_change_has(before, after, paths):
    assert changed_paths(before, after) == paths


def test_another_model_without_a_review_is_what_the_policy_reads():
    old = example(CREDIT)
    new = changed(old, put={"/spec/architecture/models/0/version": "7.4.0"})
    facts = {"history": {"change": {"paths": changed_paths(old.value, new.value)}}}
    found = findings(judge(new, Settings(as_of=AS_OF), facts))["MAN-010"]
    assert (found.outcome, found.pointer) == (Outcome.FAIL, "/metadata/reviewed_on")
    facts = {"history": {"change": {"paths": changed_paths(old.value, old.value)}}}
    assert "MAN-010" not in findings(judge(old, Settings(as_of=AS_OF), facts))


# --- what a change takes away


@pytest.mark.parametrize(
    ("at", "new", "code", "words"),
    [
        ("/risk/tier", "high", "CHG-001", "spec.risk.tier: critical -> high"),
        ("/risk/tier", "none", "CHG-001", "critical -> none"),
        ("/lifecycle/stage", "pilot", "CHG-002", "production -> pilot"),
        ("/lifecycle/stage", "retired", None, ""),
        ("/oversight/mode", "on_the_loop", "CHG-003", "in_the_loop -> on_the_loop"),
        ("/oversight/stop/authority", [], "CHG-003", "is gone"),
        ("/ownership/risk/person", "karin.holm@northbank.internal", None, ""),
        ("/delivery/evaluations/1/threshold", 0.8, "CHG-005", "age: gte 0.85 -> gte 0.8"),
        ("/delivery/evaluations/1/op", "lte", "CHG-005", "gte 0.85 -> lte 0.85"),
        ("/delivery/evaluations/1/op", "gt", None, ""),
        ("/delivery/evaluations/3/threshold", 0.41, "CHG-005", "lte 0.4 -> lte 0.41"),
        ("/delivery/evaluations/3/threshold", 0.39, None, ""),
        ("/operations/slos/0/target", 0.99, "CHG-005", "0.999 -> 0.99"),
        ("/operations/slos/1/value", 0.9, "CHG-005", "slos.score-latency: lte 0.8 s -> lte 0.9 s"),
        ("/operations/cost/alert_at_pct", 90, "CHG-005", "85 -> 90"),
        ("/operations/cost/alert_at_pct", "85", "CHG-005", "85 -> 85"),
        ("/operations/cost/alert_at_pct", 80, None, ""),
        ("/operations/cost/monthly_budget", 1, None, ""),
        ("/oversight/stop/target_minutes", 60, "CHG-005", "15 -> 60"),
        ("/delivery/release/rollback/target_minutes", 16, "CHG-005", "15 -> 16"),
        ("/operations/monitoring/0/threshold", "> 0.25", "CHG-005", "> 0.20 -> > 0.25"),
        ("/operations/monitoring/0/threshold", ">= 0.2", None, ""),
        ("/operations/monitoring/1/threshold", "< 0.8", "CHG-005", "< 0.85 -> < 0.8"),
        ("/operations/monitoring/1/threshold", "when odd", "CHG-005", "is gone"),
    ],
)
def test_what_may_not_be_lowered_or_loosened(at, new, code, words):
    found = lost(put={f"/spec{at}": new})
    assert list(found) == ([code] if code else [])
    for one in found.values():
        assert one.pointer == re.sub("/op$", "/threshold", f"/spec{at}")
        assert (one.enforcement, one.outcome) == (Enforcement.BLOCK, Outcome.FAIL)
        assert words in one.message
        assert one.place == example(CREDIT).place(one.pointer)


@pytest.mark.parametrize(
    ("gone", "found"),
    [
        ("/risk/tier", {"CHG-001": "/risk/tier"}),
        ("/ownership/risk", {"CHG-003": "/ownership/risk"}),
        ("/ownership/risk/person", {"CHG-003": "/ownership/risk/person"}),
        ("/oversight", {"CHG-003": "/oversight", "CHG-005": "/oversight"}),
        ("/oversight/queue/load_per_day", {}),
        ("/oversight/stop/authority/0", {}),
        ("/operations/incident/escalation", {"CHG-004": "/operations/incident/escalation"}),
        ("/operations/incident", dict.fromkeys(("CHG-004", "CHG-005"), "/operations/incident")),
        ("/delivery/evaluations/0", {"CHG-005": "/delivery/evaluations"}),
        ("/delivery/evaluations/0/threshold", {"CHG-005": "/delivery/evaluations/0/threshold"}),
        ("/operations/slos", {"CHG-005": "/operations/slos"}),
        ("/value", {}),
    ],
)
def test_what_may_not_be_taken_away_is_placed_at_what_is_left(gone, found):
    results = lost(drop=(f"/spec{gone}",))
    assert {code: one.pointer.removeprefix("/spec") for code, one in results.items()} == found
    assert all("is gone" in one.message for one in results.values())
    left = changed(example(CREDIT), drop=(f"/spec{gone}",))
    assert all(one.place == left.place(one.pointer) for one in results.values())


def test_a_renamed_evaluation_does_not_hide_its_looser_threshold():
    put = {
        "/spec/delivery/evaluations/0/name": "gini",
        "/spec/delivery/evaluations/0/threshold": 0.1,
    }
    assert "spec.delivery.evaluations.discrimination is gone" in lost(put=put)["CHG-005"].message


def test_items_that_moved_are_compared_with_themselves():
    slos = value("/spec/operations/slos")
    assert lost(put={"/spec/operations/slos": slos[::-1]}) == {}
    looser = [slos[2], {**slos[0], "target": 0.9}, slos[1]]
    assert (
        lost(put={"/spec/operations/slos": looser})["CHG-005"].pointer
        == "/spec/operations/slos/1/target"
    )


def test_one_result_a_code_has_its_further_places_and_names_the_first_few():
    names = [f"/spec/ownership/{role}" for role in ("risk", "legal", "security", "finance")]
    found = lost(drop=tuple(names))["CHG-003"]
    assert {found.pointer, *(spot.pointer for spot in found.related)} == set(names)
    assert found.place <= min(spot.place for spot in found.related)
    assert found.message.endswith("and 3 more")  # a person and a team each
    assert found.message.count("is gone") == MAX_NAMED


def test_a_finding_is_found_again_when_its_item_moves():
    slos = value("/spec/operations/slos")
    here = lost(put={"/spec/operations/slos/0/target": 0.9})["CHG-005"]
    moved = [slos[1], {**slos[0], "target": 0.9}, slos[2]]
    there = lost(put={"/spec/operations/slos": moved})["CHG-005"]
    assert here.pointer != there.pointer
    # the document of the test keeps its text, so the stable pointer is all that can agree
    assert here.fingerprint == there.fingerprint


def test_a_limit_in_another_unit_cannot_be_compared():
    found = lost(put={"/spec/operations/slos/1/unit": "h"})["CHG-005"]
    assert "lte 0.8 s -> lte 0.8 h" in found.message


def test_a_switch_is_loosened_by_turning_it_off_and_not_by_leaving_it_out():
    limit = "/spec/operations/cost/hard_limit"
    off, on = (changed(example(CREDIT), put={limit: one}) for one in (False, True))
    out = prepared(changed(example(CREDIT), drop=(limit,)))
    codes = [
        [one.code for one in change_findings(prepared(before), after, rules())]
        for before, after in ((on, prepared(off)), (on, out), (off, out), (off, prepared(on)))
    ]
    assert codes == [["CHG-005"], ["CHG-005"], [], []]


def test_a_new_manifest_and_another_kind_take_nothing_away():
    one = prepared(example(CREDIT))
    assert change_findings(None, one, rules()) == ()
    assert change_findings(one, one._replace(kind="Waiver", value={}), rules()) == ()


# --- gone manifests


def file(path: str, *documents: Prepared, unread: bool = False) -> ReadFile:
    problems = (Problem("SYN-001", path, 1, 1, "x"),) if unread else ()
    return ReadFile(path, documents, problems)


def test_a_manifest_that_is_gone_without_having_been_retired_is_a_finding():
    live = prepared(example(CREDIT))
    retired = prepared(changed(example(CREDIT), put={"/spec/lifecycle/stage": "retired"}))
    base = [file("a/aigov.yaml", live)]
    (found,) = gone_manifests(base, [])
    assert (found.code, found.path, found.line) == ("CHG-006", "a/aigov.yaml", 1)
    assert live.id in found.message
    assert gone_manifests(base, [file("b/aigov.yaml", live)]) == []  # moved
    assert gone_manifests(base, [file("a/aigov.yaml", unread=True)]) == []  # told already
    assert gone_manifests([file("a/aigov.yaml", retired)], []) == []
    waiver = file("a/aigov.yaml", live._replace(kind="Waiver"))
    assert gone_manifests([waiver], []) == []
    assert gone_manifests(base, [waiver]) == [found]  # its id stands in for nothing


# --- records


def record(
    *dates: str, submitted: str | None = "2019-01-01", approved: tuple[dict[str, Any], ...] = ()
) -> dict[str, Any]:
    """Return a document with a step of the lifecycle for each date, and approvals."""
    spec: dict[str, Any] = {
        "lifecycle": {"history": [{"stage": "pilot", "date": one} for one in dates]},
        "approvals": list(approved),
        "purpose": {"problem": "not a record"},
    }
    if submitted:
        spec["intake"] = {"submitted_on": submitted, "rank": 1}
    return {"metadata": {"id": "bot"}, "spec": spec}


def facts(*versions: tuple[str | None, Any]) -> tuple[list[str], int]:
    """Return the places that were rewritten, and the days dated back."""
    found = record_facts([Version(on, recorded(one)) for on, one in versions], AS_OF)
    return [one["pointer"] for one in found["rewritten"]], found["backdated_days"]


OLD = record("2020-01-01")
STEP, SUBMITTED = "/spec/lifecycle/history/0", "/spec/intake/submitted_on"


@pytest.mark.parametrize(
    ("later", "rewritten", "days"),
    [
        ([("2026-02-01", OLD)], [], 0),
        ([(None, record("2020-01-01", AS_OF))], [], 0),
        ([(None, record("2020-01-01", "2026-11-12"))], [], 10),
        ([(None, record("2026-11-12", "2020-01-01"))], [], 10),
        ([("2026-02-01", record("2020-01-01", "2026-01-12"))], [], 20),
        ([("2026-02-01", record("2020-01-01", "2026-03-01"))], [], 0),
        ([("2026-02-01", record("2020-01-01", "nonsense"))], [], 0),
        ([(None, record("2020-01-01", "0001-01-01"))], [], 100_000),
        ([(None, record("2020-01-02"))], [STEP], 0),
        ([(None, record())], [STEP], 0),
        ([(None, record("2020-01-01", submitted="2019-02-01"))], [SUBMITTED], 0),
        ([(None, record("2020-01-01", submitted=None))], [SUBMITTED], 0),
        ([("2026-02-01", record("2020-01-02")), (None, OLD)], [], 0),  # restored
        ([("2026-02-01", {}), ("2026-02-02", None), (None, OLD)], [], 0),
        ([("2026-02-01", record("2020-01-01", "2026-01-31")), (None, OLD)], [STEP[:-1] + "1"], 1),
    ],
)
def test_records_may_only_be_added_to_from_the_first_version_on(later, rewritten, days):
    assert facts(("2026-01-01", OLD), *later) == (rewritten, days)


def test_what_the_first_version_brings_is_imported_and_never_dated_back():
    assert facts() == ([], 0)
    assert facts((None, OLD)) == ([], 0)
    assert facts(("2026-01-01", record(submitted=None)), (None, OLD)) == ([], 2882)


@pytest.mark.parametrize(
    ("first", "day"),
    [
        ((None, OLD), AS_OF),
        (("2026-01-01", OLD), "2026-01-01"),
        (("2020-01-01", record("2020-01-01", submitted=None)), ""),
        (("2026-01-01", {}), ""),
    ],
)
def test_what_was_imported_and_when_is_told_of_the_first_version_alone(first, day):
    versions = [Version(on, recorded(one)) for on, one in (first, (None, record("2019-01-01")))]
    assert imported(versions, AS_OF) == day
    assert imported([], AS_OF) == ""


PLAN = ("2026-01-01", record("2026-06-01"))


@pytest.mark.parametrize(
    ("later", "rewritten"),
    [
        ([("2026-05-31", record("2026-07-01")), ("2026-08-01", record("2026-07-01"))], []),
        ([("2026-05-31", record()), (None, record())], []),
        ([("2026-06-01", record("2026-07-01"))], [STEP]),
        ([(None, record("2026-06-01"))], []),
        ([(None, record())], [STEP]),
    ],
)
def test_a_step_that_was_planned_may_be_moved_until_its_day_has_come(later, rewritten):
    assert facts(PLAN, *later) == (rewritten, 0)


def approval(status: str, text: str = "c") -> dict[str, Any]:
    condition = {"id": "C1", "text": text, "status": status}
    closed = {"closed_on": "2026-02-01"} if status == "closed" else {}
    return {"gate": "production", "date": "2026-01-01", "conditions": [{**condition, **closed}]}


def test_the_conditions_of_an_approval_may_be_closed_but_not_reworded():
    before = record(approved=(approval("open"),))
    assert facts(("2026-01-01", before), (None, record(approved=(approval("closed"),)))) == ([], 0)
    reworded = record(approved=(approval("closed", text="other"),))
    assert facts(("2026-01-01", before), (None, reworded)) == (["/spec/approvals/0"], 0)


def test_a_renewed_approval_above_the_old_one_rewrites_nothing():
    before = record(approved=(approval("open"),))
    new = {"gate": "production", "date": "2026-11-22"}
    assert facts(("2026-01-01", before), (None, record(approved=(new, approval("open"))))) == (
        [],
        0,
    )


def test_what_the_shipped_policy_makes_of_a_rewritten_record():
    old = example(CREDIT)
    new = changed(old, put={"/spec/lifecycle/pilot/start_on": "2025-06-03"})
    versions = [Version("2025-06-02", recorded(old.value)), Version(None, recorded(new.value))]
    found = findings(judge(new, None, {"history": {"git": record_facts(versions, AS_OF)}}))
    assert found["MAN-012"].pointer == "/spec/lifecycle/pilot/start_on"
    steady = record_facts([versions[0], Version(None, versions[0].records)], AS_OF)
    assert "MAN-012" not in findings(judge(old, None, {"history": {"git": steady}}))


def test_only_records_and_what_they_cover_are_kept_of_a_version():
    kept = recorded(example(CREDIT).value)
    assert kept[("lifecycle", "pilot", "start_on")] == ["2025-06-02"]
    assert len(kept[("approvals",)]) == 9
    assert len(kept) == 9
    assert recorded(None) == {}


def test_what_lies_deeper_than_any_field_is_compared_as_a_whole():
    before: Any = 1
    after: Any = 2
    for _ in range(MAX_DEPTH + 3):
        before, after = {"a": before}, {"a": after}
    assert changed_paths(before, after)[-1] == "/a" * MAX_DEPTH
    assert changed_paths(before, before) == []


def test_a_text_that_many_places_share_costs_no_more_than_one():
    text = b"spec:\n  a: &a " + b"x" * 100_000 + b"\n  b:\n" + b"  - [*a, *a, *a, *a]\n" * 7_000
    document = load(text).documents[0].value
    assert changed_paths(document, {"spec": {}})[:3] == ["/spec", "/spec/a", "/spec/b"]


def test_a_reader_is_told_every_value_that_changed_once_and_what_came_or_went_as_a_whole():
    after = changed(
        example(CREDIT),
        put={
            "/spec/risk/tier": "high",
            "/spec/operations/slos/0/target": 0.9,
            "/spec/purpose": ["another", "shape"],
            "/metadata/nickname": "new",
        },
        drop=("/spec/oversight", "/spec/delivery/evaluations/0"),
    )
    assert described(example(CREDIT).value, after.value) == (
        "metadata.nickname is new",
        "spec.delivery.evaluations.discrimination is gone",
        "spec.operations.slos.availability.target: 0.999 -> 0.9",
        "spec.oversight is gone",
        "spec.purpose is another",
        "spec.risk.tier: critical -> high",
    )


@given(PLAIN, PLAIN)
def test_something_is_described_exactly_where_something_changed(before, after):
    before, after = {"spec": before}, {"spec": after}
    assert bool(described(before, after)) == bool(changed_paths(before, after))
