"""Evidence that was there before what it is to cover."""

from __future__ import annotations

from typing import Any

import pytest

from aigov.findings import Outcome, Result
from aigov.freshness import judge_freshness
from aigov.ledgers import Version, recorded
from aigov.preparing import prepare
from aigov.settings import Settings
from judging import AS_OF, changed, example, rules

READY = example("4-ready")
MODEL = "/spec/architecture/models/0"
FIRST = "/spec/delivery/evaluations/0"
DAYS = ("2026-08-01", "2026-09-01", "2026-10-01")


def fresh(*changes: dict[str, Any]) -> Result:
    """Return CHG-008 on the last of the versions that the changes make, each of the one before."""
    documents = [READY]
    for one in changes:
        documents.append(changed(documents[-1], put=one))
    days = [*DAYS[: len(changes)], None]
    versions = [Version(day, recorded(d.value)) for day, d in zip(days, documents, strict=True)]
    prepared = prepare("aigov.yaml", documents[-1], rules(), Settings(AS_OF))
    (found,) = judge_freshness(versions, prepared, rules())
    return found


def evaluated(day: str, version: str | None = None) -> dict[str, Any]:
    """Return changes that date all evaluations, perhaps with the version that they are of."""
    put: dict[str, Any] = {}
    for index in range(4):
        put[f"/spec/delivery/evaluations/{index}/date"] = day
        if version:
            put[f"/spec/delivery/evaluations/{index}/model_version"] = version
    return put


def test_what_the_first_version_brings_is_imported():
    assert fresh() == Result("CHG-008", Outcome.PASS)


def test_evaluations_that_stood_before_another_version_of_the_model_are_too_old():
    found = fresh({f"{MODEL}/version": "2509"})
    assert (found.outcome, found.blocks, found.pointer) == (Outcome.FAIL, True, f"{FIRST}/date")
    assert found.message.startswith(
        "the evaluation groundedness was there before the model chat came with this change,"
    )
    assert [spot.pointer for spot in found.related] == [
        f"/spec/delivery/evaluations/{index}/date" for index in (1, 2, 3)
    ]


def test_what_is_not_renewed_stays_too_old_and_says_since_when():
    found = fresh({f"{MODEL}/version": "2509"}, {"/metadata/reviewed_on": "2026-11-20"})
    assert "before the model chat came on 2026-09-01" in found.message


@pytest.mark.parametrize(
    "changes",
    [
        [{f"{MODEL}/version": "2509", **evaluated("2026-11-02")}],  # together
        [{f"{MODEL}/version": "2509"}, evaluated("2026-11-02")],  # after
        [evaluated("2026-11-02", "2509"), {f"{MODEL}/version": "2509"}],  # of this very version
        [{"/spec/architecture/models/1/version": "1.3.0"}],  # a model that none of them is of
        [{f"{FIRST}/threshold": 0.94}],
        [{"/spec/oversight/reviewers_trained_pct": 97}],
    ],
)
def test_what_is_renewed_or_does_not_cover_the_change_is_fresh(changes):
    assert fresh(*changes).outcome is Outcome.PASS


def test_the_same_version_of_another_model_is_another_model():
    put = {f"{MODEL}/name": "mistral-large", **evaluated("2026-11-02")}
    found = fresh(put)
    assert {found.pointer, *(spot.pointer for spot in found.related)} == {
        "/spec/approvals",
        "/spec/risk/assessments/ai_impact/date",
        "/spec/risk/assessments/dpia/date",
    }
    found = fresh({f"{MODEL}/name": "mistral-large"})
    assert f"{FIRST}/date" in {found.pointer, *(spot.pointer for spot in found.related)}


@pytest.mark.parametrize(
    "change",
    [
        {f"{MODEL}/version": "2509", **{k: v for k, v in evaluated("", "2509").items() if v}},
        {f"{MODEL}/digest": "sha256:" + "0" * 64},
    ],
)
def test_another_label_on_an_old_result_and_other_bytes_of_one_version_are_told(change):
    found = fresh(change)
    assert "groundedness was there before the model chat came with this" in found.message


def test_a_new_model_is_covered_by_what_was_evaluated_for_it_or_after_it():
    models = [*READY.value["spec"]["architecture"]["models"], {"id": "third", "version": "7.0.0"}]
    one = {"name": "third-run", "model": "third", "model_version": "7.0.0", "date": "2026-11-01"}
    many = [*READY.value["spec"]["delivery"]["evaluations"], one]
    first = {"/spec/delivery/evaluations": many}
    assert "third" not in fresh(first, {"/spec/architecture/models": models}).message
    many[-1] = {**one, "model_version": "6.0.0"}
    assert "third" in fresh(first, {"/spec/architecture/models": models}).message


def test_an_evaluation_that_names_no_model_covers_all_of_them():
    bare = {"name": "all", "kind": "safety", "date": "2026-10-01", "result": 1}
    everything = {"/spec/delivery/evaluations": [bare]}
    found = fresh(everything, {"/spec/architecture/models/1/version": "1.3.0"})
    assert "the evaluation all was there before the model embed came" in found.message


def test_other_data_or_oversight_ask_for_an_approval_after_them():
    found = fresh({"/spec/oversight/mode": "in_the_loop"})
    assert (found.pointer, found.related) == ("/spec/approvals", ())
    assert "the last approval was there before its oversight mode came" in found.message
    found = fresh({"/spec/data/retention_days": 91})
    assert {found.pointer, *(spot.pointer for spot in found.related)} == {
        "/spec/approvals",
        "/spec/risk/assessments/ai_impact/date",
        "/spec/risk/assessments/dpia/date",
    }
    given = {"gate": "production", "function": "risk", "decision": "approved", "date": "2026-11-20"}
    approvals = [*READY.value["spec"]["approvals"], given]
    again = {"/spec/oversight/mode": "in_the_loop", "/spec/approvals": approvals}
    assert fresh(again).outcome is Outcome.PASS
    given["decision"] = "rejected"
    assert fresh(again).outcome is Outcome.FAIL


def test_what_is_not_there_is_no_evidence_and_no_crash():
    gone = {
        "/spec/approvals": [1],
        "/spec/risk/assessments": {"dpia": {"status": "planned"}, "fria": 1},
        "/spec/delivery/evaluations": ["x", {"name": "y", "model": "nobody"}],
        "/spec/architecture/models": [{}, "z"],
    }
    assert fresh(gone, {"/spec/data": {}, "/spec/architecture/models": []}).outcome is Outcome.PASS
