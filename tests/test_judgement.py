"""One policy on one document: when it binds, what it needs, and how it may go wrong."""

from __future__ import annotations

import pickle

import pytest

from aigov import preparing
from aigov.check import check
from aigov.errors import AigovError, MissingExtra
from aigov.findings import Enforcement, Outcome, Result
from aigov.loading import shipped_shapes
from aigov.packs import read_pack
from aigov.preparing import ReadFile, Surroundings
from aigov.repositories import resolve_evidence
from aigov.rules import build_rules
from aigov.settings import Settings
from judging import AS_OF, ROOT, changed, example
from test_policies import shipped

POLICY = """
id: mine
code: MINE-001
title: A policy of a test
from: pilot
enforcement: {low: block, moderate: block, critical: block}
require: spec.lifecycle.monthly_users > 34
at: /spec/lifecycle/monthly_users
message: "{{spec.lifecycle.monthly_users}} users of {{metadata.name}}{{spec.operations.sla.remedy}}"
remedy: More users.
"""


def judged(document, more: str = "", *, drop: str | tuple[str, ...] = ()) -> Result:
    """Judge a document by the policy above, with keys added or dropped."""
    kept = [line for line in POLICY.splitlines() if not line.startswith(drop or "\0")]
    text = "\n".join([*kept, more])
    packs = [
        read_pack("policies", shipped(), trusted=True),
        read_pack("mine", {"strategy-governance/mine.yaml": text.encode()}),
    ]
    built = build_rules(packs, shipped_shapes())
    settings = Settings(as_of=AS_OF)
    file = ReadFile("a", (preparing.prepare("a", document, built, settings),), ())
    evidence = resolve_evidence(file.evidence, str(ROOT / "examples"), str(ROOT), None)
    (result,) = check([(file, Surroundings(evidence))], built, settings).documents
    return next(one for one in result.results if one.code == "MINE-001")


PILOT = example("1-low-pilot")


def test_a_failure_says_what_was_found_where_and_what_it_does():
    found = judged(PILOT)
    assert found.outcome is Outcome.FAIL
    assert found.enforcement is Enforcement.BLOCK
    assert found.message == "34 users of SRE runbook assistant(missing)"
    assert found.place == PILOT.place("/spec/lifecycle/monthly_users")
    assert len(found.fingerprint) == 64


def test_a_fingerprint_is_of_the_place_not_of_the_line():
    moved = changed(PILOT, drop=("/spec/purpose/out_of_scope",))
    assert judged(moved).fingerprint == judged(PILOT).fingerprint
    renamed = changed(PILOT, put={"/metadata/id": "another-case"})
    assert judged(renamed).fingerprint != judged(PILOT).fingerprint


@pytest.mark.parametrize(
    ("more", "drop", "outcome"),
    [
        ("from: authorization", "from", Outcome.LATER),
        ("from: authorization\nearly: warn", "from", Outcome.FAIL),
        ("from: governance\nearly: warn", "from", Outcome.LATER),
        ("from: intake\nto: intake", "from", Outcome.NOT_APPLICABLE),
        ("to: retired", "", Outcome.FAIL),
        ("enforcement: {high: block}", "enforcement", Outcome.NOT_APPLICABLE),
        ("needs: [history]", "", Outcome.NOT_APPLICABLE),
        ("when: stage > stages.pilot", "", Outcome.NOT_APPLICABLE),
        ("when: spec.oversight.mode == 'on_the_loop'", "", Outcome.UNKNOWN),
        ("when: tier == 1\noptional: []", "", Outcome.FAIL),
    ],
)
def test_when_a_policy_binds(more, drop, outcome):
    assert judged(PILOT, more, drop=drop).outcome is outcome


def test_an_early_policy_does_not_ask_for_what_is_not_asked_for_yet():
    early = "from: authorization\nearly: warn\nrequire: spec.oversight.mode == 'in_the_loop'"
    assert judged(PILOT, early, drop=("from", "require")).outcome is Outcome.LATER
    stated = changed(PILOT, put={"/spec/oversight/mode": "on_the_loop"})
    found = judged(stated, early, drop=("from", "require"))
    assert (found.outcome, found.enforcement) == (Outcome.FAIL, Enforcement.WARN)


def test_a_context_that_was_not_given_is_named_not_passed():
    found = judged(PILOT, "needs: [history, profile]")
    assert (found.outcome, found.missing) == (Outcome.NOT_APPLICABLE, ("history", "profile"))


def test_no_stage_and_a_tier_that_is_not_asked_is_not_applicable():
    document = changed(PILOT, drop=("/spec/lifecycle/stage",))
    found = judged(document, "enforcement: {high: block}", drop="enforcement")
    assert found.outcome is Outcome.NOT_APPLICABLE


def test_the_first_softening_that_holds_lowers_the_enforcement():
    soften = "soften: [{when: tier > 1, to: info}, {when: tier == 1, to: warn}]"
    assert judged(PILOT, soften).enforcement is Enforcement.WARN
    assert judged(PILOT, "soften: [{when: tier > 1, to: info}]").enforcement is Enforcement.BLOCK


def test_too_much_to_judge_is_unknown_in_words():
    approvals = [{"gate": "production", "function": "risk"}] * 50
    crowded = changed(PILOT, put={"/spec/approvals": approvals})
    nested = "spec.approvals.all(a, spec.approvals.all(b, spec.approvals.all(c, a.gate == c.gate)))"
    found = judged(crowded, f"require: size(spec.approvals) > 0 && {nested}", drop="require")
    assert found.outcome is Outcome.UNKNOWN
    assert found.message == "cannot tell: the document holds too much to judge"


def test_a_host_function_that_cannot_tell_says_why():
    document = changed(PILOT, put={"/spec/architecture/models/0/provider": "unheard-of"})
    found = judged(
        document,
        "require: size(spec.architecture.models) > 0 "
        "&& spec.architecture.models.all(m, is_exact_model(m))",
        drop="require",
    )
    assert found.outcome is Outcome.UNKNOWN
    assert "unheard-of" in found.message


def test_a_misbehaving_policy_is_an_error_on_a_sound_document_alone():
    crash = "require: 10 / (spec.lifecycle.monthly_users - 34) > 1"
    found = judged(PILOT, crash, drop="require")
    assert found.outcome is Outcome.ERROR
    assert found.blocks
    unsound = changed(PILOT, put={"/spec/lifecycle/exposure": "everywhere"})
    found = judged(unsound, crash, drop="require")
    assert found.outcome is Outcome.UNKNOWN
    assert found.message == "cannot tell: a value is of the wrong type"


def test_many_missing_fields_are_counted_in_the_message():
    text = (
        "require: is_filled(spec.change.adoption.metric) && is_filled(spec.oversight.mode) "
        "&& is_filled(spec.oversight.rationale) && is_filled(spec.delivery.release.strategy)"
    )
    found = judged(PILOT, text, drop="require")
    assert found.message.endswith("and 1 more are missing")
    assert len(found.missing) == 4


def test_a_finding_without_a_place_in_the_document_stands_at_its_policys():
    found = judged(PILOT, "require: today < '2020-01-01'", drop="require")
    assert found.pointer == "/spec/lifecycle/monthly_users"
    more = "require: today < '2020-01-01'\nat: derived.evidence"
    by_list = judged(PILOT, more, drop=("require", "at"))
    assert by_list.outcome is Outcome.FAIL


def test_an_error_survives_the_way_between_processes():
    error = MissingExtra("the audit needs pygit2", where="audit", remedy="pip install x")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again)) == (MissingExtra, str(error))
    assert isinstance(again, AigovError)
    assert str(MissingExtra("plain")) == "plain"
