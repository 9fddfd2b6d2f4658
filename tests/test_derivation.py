"""What the facts say: worked classifications, bounds, implied facts, stage."""

from __future__ import annotations

from typing import Any

import pytest

from aigov.derivation import derive, parse_derivation
from aigov.errors import PackError
from aigov.expressions import Engine
from aigov.results import Derived
from aigov.source import load
from judging import AS_OF, ROOT, example, rules

WORKED = load((ROOT / "policies/derivation/worked.cases.yaml").read_bytes()).documents[0].value
BY_NAME = {case["case"]: case for case in WORKED}


def derived(spec: dict[str, Any]) -> tuple[Derived, dict[str, Any]]:
    found, variable, _ = derive(rules().derivation, spec, {}, AS_OF)
    return found, variable


def merged(base: Any, change: Any) -> Any:
    """Merge deeply; null takes a value out."""
    if not isinstance(base, dict) or not isinstance(change, dict):
        return change
    whole = {**base, **{key: merged(base.get(key), value) for key, value in change.items()}}
    return {key: value for key, value in whole.items() if value is not None}


def worked_spec(case: dict[str, Any]) -> dict[str, Any]:
    if "like" in case:
        spec = worked_spec(BY_NAME[case["like"]])
    else:
        spec = {"purpose": {"users": ["employees"]}, "data": {"classification": "internal"}}
    if "domains" in case:
        spec = merged(spec, {"purpose": {"domains": case["domains"]}})
    spec = merged(spec, {"risk": {"facts": case.get("facts", {})}})
    return merged(spec, case.get("spec", {}))


@pytest.mark.parametrize("case", WORKED, ids=lambda case: case["case"])
def test_a_worked_classification_comes_out(case):
    found, variable = derived(worked_spec(case))
    expected = case["expect"]
    shown = {
        "eu_category": found.eu_category,
        "tier": found.tier,
        "tier_max": found.tier_max,
        "reasons": sorted(found.tier_reasons),
        "implied": dict(found.implied),
        **{name: variable.get(name) for name in rules().derivation.lists},
    }
    wanted = {"tier_max": expected.get("tier"), **expected}
    if "tier" not in expected:
        del wanted["tier_max"]
    if "reasons" in wanted:
        wanted["reasons"] = sorted(wanted["reasons"])
    assert {name: shown[name] for name in wanted} == wanted


def test_the_worked_classifications_are_all_there():
    assert len([case for case in WORKED if "like" not in case]) >= 19


def critical_spec(**facts: Any) -> dict[str, Any]:
    spec = example("3-critical-production").value["spec"]
    changed = {**spec["risk"]["facts"], **facts}
    kept = {name: value for name, value in changed.items() if value is not None}
    return {**spec, "risk": {**spec["risk"], "facts": kept}}


def test_an_unknown_fact_is_harmless_below_and_strictest_above():
    case = {"like": "Code completion for engineers", "facts": {"action_scope": None}}
    found, _ = derived(worked_spec(case))
    assert (found.tier, found.tier_max) == ("low", "critical")


def test_without_facts_nothing_is_derived_but_the_stage():
    spec = critical_spec()
    del spec["risk"]["facts"]
    found, variable = derived(spec)
    assert (found.tier, found.tier_max, found.eu_category) == (None, None, None)
    assert found.stage == "production"
    assert not variable.keys() & {"tier", "tier_max", "eu_category", "article_5_hits"}


def test_a_fact_that_settles_another_fills_it_in_and_shows_it():
    spec = critical_spec(personal_data=False, special_category_data=None, profiling=None)
    found, _, filled = derive(rules().derivation, spec, {}, AS_OF)
    assert found.implied == {"special_category_data": False, "profiling": False}
    assert filled["risk"]["facts"]["profiling"] is False
    assert "profiling" not in spec["risk"]["facts"]


def test_what_is_written_is_never_overridden_by_what_is_implied():
    spec = critical_spec(personal_data=False)
    assert derive(rules().derivation, spec, {}, AS_OF)[0].implied == {}


@pytest.mark.parametrize(
    ("lifecycle", "expected", "reasons"),
    [
        ({"exposure": "internal_limited"}, "intake", ()),
        ({"exposure": "external_broad"}, "production", ("S1",)),
        ({"exposure": None}, None, ()),
        ({"monthly_users": 41}, "production", ("S2",)),
        ({"monthly_users": 40}, "intake", ()),
        ({"monthly_users": None}, None, ()),
        ({"go_live_on": "2026-11-22"}, "production", ("S4",)),
        ({"go_live_on": "2026-11-23"}, "intake", ()),
        ({"stage": "intake", "monthly_users": None, "pilot": None}, "intake", ()),
    ],
)
def test_the_stage_that_the_facts_show(lifecycle, expected, reasons):
    given = {**example("1-low-pilot").value["spec"]["lifecycle"], **lifecycle}
    spec = {"lifecycle": {key: value for key, value in given.items() if value is not None}}
    found, _ = derived(spec)
    assert (found.stage, found.stage_reasons) == (expected, reasons)


def test_a_pilot_past_its_end_with_nothing_decided_is_live():
    lifecycle = example("1-low-pilot").value["spec"]["lifecycle"]
    for today, expected in (("2026-12-18", "intake"), ("2026-12-19", "production")):
        found, _, _ = derive(rules().derivation, {"lifecycle": lifecycle}, {}, today)
        assert found.stage == expected


def test_no_shipped_rule_is_ever_wrong_about_types():
    """A rule that misbehaves would read as unknown for ever."""
    for name in ("1-low-pilot", "2-moderate-production", "3-critical-production", "4-ready"):
        spec = example(name).value["spec"]
        activation = rules().engine.activation({"spec": spec, "metadata": {}, "today": AS_OF})
        for rule in rules().derivation.rules():
            trouble = rule.when(activation).trouble
            assert not trouble or trouble.startswith("NOT_FOUND"), (rule.name, trouble)


def test_the_inputs_of_a_derived_name_are_known():
    assert "spec.risk.facts.biometric" in rules().derivation.inputs("tier")
    assert rules().derivation.inputs("stage")[:2] == [
        "spec.lifecycle.stage",
        "spec.lifecycle.exposure",
    ]
    assert rules().derivation.inputs("nothing") == []


def test_a_term_that_stands_for_itself_is_told():
    terms = {"terms": {"a": "b", "b": "size([a]) > 0"}}
    rule = {"stage": [{"id": "X", "stage": "pilot", "when": "a"}]}
    with pytest.raises(PackError, match="the term a stands for itself"):
        parse_derivation({"x.yaml": terms | rule}, Engine({}))


def test_a_category_that_no_rule_gives_is_left_out():
    rules_ = [{"value": "high", "when": "spec.a == 2"}]
    file = {"choice": {"name": "eu_category", "rules": rules_}}
    found = parse_derivation({"x": file}, Engine({}))
    assert derive(found, {"a": 1}, {}, AS_OF)[0].eu_category is None


def test_terms_are_put_in_but_not_into_texts_and_fields():
    rule = {"id": "X", "tier": "high", "when": "a && spec.a == 'a' && \"a\" != spec.b.a"}
    found = parse_derivation({"x": {"terms": {"a": "today > ''"}, "triggers": [rule]}}, Engine({}))
    text = found.tiers[0].when.text
    assert text == "(today > '') && spec.a == 'a' && \"a\" != spec.b.a"
