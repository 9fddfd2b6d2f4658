"""`aigov explain`: every policy, field and word, its examples, and what a wrong word is told."""

from __future__ import annotations

import json
import re
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigov.cli.explain import sources
from aigov.errors import UsageError
from aigov.explaining import enforcement_words, explain, known_words
from aigov.explanation import LINES, Explanation, Sample, Sources, piece
from aigov.expressions import CONSTANTS
from aigov.findings import Enforcement, Outcome
from aigov.listing import explanation_json, explanation_text
from aigov.policies import TIERS
from aigov.reports import Style
from aigov.source import load, split_pointer
from judging import UNCHANGED, example, judge, rules
from test_check_command import run  # noqa: F401  # a fixture


@cache
def given_sources() -> Sources:
    return sources(rules())


@cache
def every_word() -> tuple[str, ...]:
    return tuple(dict.fromkeys(known_words(rules(), given_sources().words)))


@cache
def told(word: str) -> Explanation:
    return explain(word, given_sources())


def text(word: str, style: Style | None = None) -> str:
    return "".join(explanation_text(told(word), style or Style()))


def refusal(word: str) -> str:
    with pytest.raises(UsageError) as raised:
        told(word)
    return f"{raised.value.problem} / {raised.value.remedy}"


# --- all of them


def test_everything_that_is_known_can_be_explained_in_80_columns():
    assert len(every_word()) > 600
    for word in every_word():
        explanation = told(word)
        assert explanation.says.endswith("."), word
        for line in "".join(explanation_text(explanation, Style())).splitlines():
            assert len(line) <= 80, (word, line)


def test_everything_has_an_example_that_passes_and_one_that_fails():
    """Of a trigger that holds in no shipped example there is none that fails."""
    for word in every_word():
        explanation = told(word)
        assert explanation.passes, word
        assert explanation.fails or explanation.kind == "trigger", word


def test_a_trigger_holds_in_the_example_that_shows_it_and_not_in_the_other():
    shown = 0
    for rule in (*rules().derivation.tiers, *rules().derivation.stages):
        explanation = told(rule.name)
        for sample, holding in ((explanation.passes, False), (explanation.fails, True)):
            if sample:
                derived = judge(example(sample.about.rpartition(" ")[2])).derived
                reasons = (*derived.tier_reasons, *derived.stage_reasons)
                assert (rule.name in reasons) is holding, rule.name
                shown += holding
    assert shown >= 5


def test_words_to_go_on_with_can_be_explained():
    for one in {one for word in every_word() for one in told(word).see}:
        assert told(one)


def test_sentences_are_one_or_two_for_policies_codes_and_words():
    for word in every_word():
        explanation = told(word)
        if explanation.kind != "field":
            sentences = re.split(r"\.\s+(?=[A-Z])", explanation.says)
            assert 1 <= len(sentences) <= 2, explanation.says


@pytest.mark.parametrize("code", sorted(rules().policies))
def test_the_pieces_of_a_policy_are_the_values_of_its_cases(code):
    policy = rules().policies[code]
    explanation = told(code)
    for sample, outcomes in ((explanation.passes, {"pass"}), (explanation.fails, {"fail"})):
        cases = [
            one
            for one in given_sources().cases(policy)
            if one.about == sample.about and one.outcome in outcomes
        ]
        assert cases, sample.about
        shown = parsed(sample.yaml)
        for pointer, value in cases[0].put.items():
            if isinstance(value, bool | int | float):
                parts = split_pointer(pointer)
                assert str(value).lower() in sample.yaml, pointer
                assert parts[0] in shown


# --- a policy


def test_a_policy_is_found_by_code_in_any_case_and_by_id():
    assert told("GOV-004") == told("gov-004") == told("tier-understated")


def test_a_policy_says_where_it_is_asked_for_its_limits_and_its_controls():
    explanation = told("OPS-002")
    assert explanation.asked[:2] == (
        "from operational_ownership to production",
        "block at every tier",
    )
    assert explanation.limits["min_availability"] == {
        "low": 0.9, "moderate": 0.99, "high": 0.995, "critical": 0.995,
    }  # fmt: skip
    assert explanation.limits["max_slo_window_days"] == dict.fromkeys(TIERS, 90)
    assert list(explanation.controls["openslo"]) == ["v1"]
    assert "spec.operations.slos[].target" in explanation.see
    said = text("OPS-002")
    assert "min_slo_target: 0.5 at every tier" in said
    assert "min_availability: low 0.9, moderate 0.99" in said
    assert "serves: nist-ai-rmf MEASURE 2.4" in said


def test_a_policy_tells_of_early_and_softened_enforcement_and_of_waivers():
    asked = told("GOV-004").asked
    assert "one stage earlier: warn" in asked
    assert any(one.startswith("only warn where `judged.stage") for one in asked)
    assert asked[-1] == "cannot be waived"
    assert "low 180" in told("GOV-001").asked[-1]
    assert told("GOV-001").asked[-1].endswith("; not by the accountable or technology owner")
    waivable = rules().policies["GOV-001"].waivable._replace(approver_not=())
    assert "not by the" not in odd(waivable=waivable)


def test_what_a_case_changes_comes_first_and_then_what_it_is_given():
    assert told("ORG-011").fails.yaml.startswith("portfolio:\n  waivers_open: 91\n")
    assert told("ORG-009").fails.yaml.startswith("spec:\n  claimed_maturity:\n")


def odd(**changes) -> str:
    """Return what is said of a policy that differs from a shipped one."""
    policy = rules().policies["GOV-001"]._replace(code="ODD-001", id="odd", **changes)
    theirs = rules()._replace(policies={"ODD-001": policy})
    own = given_sources()._replace(rules=theirs, cases=lambda _: ())
    return "".join(explanation_text(explain("odd", own), Style()))


def test_a_policy_without_cases_has_no_examples_and_without_a_why_one_sentence():
    said = odd(why="", controls={}, remedy="")
    assert "passes" not in said
    assert "fix:" not in said
    assert "serves:" not in said
    assert "No one person and team is accountable.\n\n" in said


def test_a_policy_tells_of_one_stage_of_needs_and_of_its_condition():
    engine = rules().engine
    said = odd(
        binds_from=6, binds_to=6, needs=("history", "profile"), when=engine.expression("1 < 2")
    )
    assert "at retired alone" in said
    assert "not judged without history and profile" in said
    assert "where `1 < 2`" in said


def test_a_policy_that_is_only_ever_unknown_shows_that_case():
    policy = rules().policies["GOV-001"]
    case = UNCHANGED._replace(
        about="nobody", base="1-low-pilot", outcome=Outcome.UNKNOWN, stage="production",
        as_of="2026-12-01", delete=("/spec/ownership/accountable/person",),
        evidence={"a.md": 200, "b.md": None, "c.md": False},
    )  # fmt: skip
    own = given_sources()._replace(cases=lambda _: [case])
    explanation = explain(policy.id, own)
    assert explanation.passes is None
    assert explanation.fails.note == (
        "a.md is there; b.md is not read; c.md is not there; "
        "judged with --stage production; judged on 2026-12-01"
    )
    assert explanation.fails.yaml.endswith("      # person is left out\n")


def test_a_case_without_a_place_shows_no_piece_and_one_of_a_strange_base_is_left_out():
    shown = UNCHANGED._replace(about="all", base="1-low-pilot")
    strange = UNCHANGED._replace(about="strange", base="nowhere", outcome=Outcome.FAIL)
    own = given_sources()._replace(cases=lambda _: [shown, strange])
    explanation = explain("GOV-001", own)
    assert explanation.passes == Sample("all")
    assert explanation.fails is None


def test_a_passing_case_is_one_that_holds_what_the_failing_one_changes():
    cases = [
        UNCHANGED._replace(about="a", base="1-low-pilot"),
        UNCHANGED._replace(about="b", base="3-critical-production"),
        UNCHANGED._replace(
            about="c", base="3-critical-production", outcome=Outcome.FAIL,
            put={"/spec/operations/slos/0/target": 1},
        ),
    ]  # fmt: skip
    own = given_sources()._replace(cases=lambda _: cases)
    assert explain("OPS-002", own).passes.about == "b"
    own = given_sources()._replace(cases=lambda _: [cases[0], cases[2]])
    assert explain("OPS-002", own).passes.about == "a"


def test_a_legal_duty_says_from_when_it_applies_and_how_many_days_are_left():
    soon = explain("REG-003", given_sources()._replace(today="2026-08-01"))
    assert soon.obligations[0]["days_left"] == 1
    assert soon.obligations[0]["duty"] == rules().corpus()["eu-ai-act-50-1"].duty
    said = "".join(explanation_text(soon, Style()))
    assert "  law:    from 2026-08-02 (days left: 1): The provider of a system" in said
    assert "  law:    from 2026-08-02 (in force): The provider of a system" in text("REG-003")
    assert json.loads(explanation_json(soon))["obligations"] == list(soon.obligations)


def test_a_duty_that_the_sources_leave_open_is_said_to_be_unresolved():
    key = next(one.key for one in rules().corpus().values() if not one.certain)
    said = " ".join(odd(obligations=(key,)).split())
    assert "; unresolved: the sources leave the date or the duty open): " in said
    assert rules().corpus()[key].note in said


def test_enforcement_by_tier_is_said_in_words():
    block, warn = Enforcement.BLOCK, Enforcement.WARN
    assert enforcement_words(dict.fromkeys(range(1, 5), block)) == "block at every tier"
    assert (
        enforcement_words({2: warn, 3: block, 4: block})
        == "not asked for at low; warn at moderate; block at high, critical"
    )


# --- a field


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("spec.oversight.queue", "spec.oversight.queue"),
        ("oversight.queue", "spec.oversight.queue"),
        ("queue", "spec.oversight.queue"),
        ("/spec/oversight/queue", "spec.oversight.queue"),
        ("spec.approvals[].gate", "spec.approvals[].gate"),
        ("approvals.*.gate", "spec.approvals[].gate"),
        ("approvals[2].gate", "spec.approvals[].gate"),
        ("/spec/approvals/0/gate", "spec.approvals[].gate"),
        ("approvals.gate", "spec.approvals[].gate"),
        ("spec.approvals[]", "spec.approvals"),
        ("spec.policies.*.until", "spec.policies.*.until (kind: Organization)"),
        ("reviewed_on", "metadata.reviewed_on"),
        ("compensating", "spec.compensating (kind: Waiver)"),
        ("hitl", "spec.oversight"),
        ("human-in-the-loop", "spec.oversight.mode"),
        ("spec", "spec"),
    ],
)
def test_a_field_is_found_however_it_is_written(word, expected):
    assert told(word).word == expected


def test_a_name_that_stands_at_several_places_is_an_error_that_lists_them():
    said = refusal("tested_on")
    assert re.match(r"tested_on stands at \d+ places: spec\.", said)
    assert "/ aigov-gate explain spec." in said
    assert "and " in refusal("person")  # there are more than are listed
    assert "runbook stands at 2 places" in refusal("runbook")


def test_every_field_that_passes_and_every_value_that_is_refused_is_held_by_the_schema():
    """A piece of a manifest may not say otherwise than the checker does."""
    for word in every_word():
        explanation = told(word)
        if explanation.kind != "field":
            continue
        kind = (re.search(r"kind: (\w+)", explanation.word) or ["", "UseCase"])[1]
        for sample, holds in ((explanation.passes, True), (explanation.fails, False)):
            if "..." in sample.yaml or "more lines" in sample.yaml:
                continue
            value = {"apiVersion": "aigov/v1", "kind": kind, "metadata": {}, "spec": {}}
            value |= parsed(sample.yaml)
            dotted = re.sub(r" \(.*", "", explanation.word)
            issues = rules().schemas[kind].issues(value, people_mapped=True)
            way = re.escape(dotted.replace("[]", ".*")).replace(r"\*", r"[^/]+")
            near = [
                one
                for one in issues
                if re.match(f"/{way}(/|$)".replace(r"\.", "/"), one.pointer)
                and not one.message.endswith("is missing")
            ]
            assert (not near) is holds, (word, sample, near)


def test_a_field_says_what_may_stand_there():
    assert told("spec.lifecycle.exposure").says.endswith(
        "It is one of sandbox, internal_limited, internal_broad, external_limited, external_broad."
    )
    assert told("apiVersion").says.endswith("It is aigov/v1.")
    assert "It is a list, and each entry is a text." in told("spec.purpose.out_of_scope").says
    assert "each with a text" in told("metadata.labels").says
    assert "each entry is a set of" in told("spec.approvals").says
    assert "and 20 more" not in told("spec.risk.facts").says
    assert told("spec.risk.facts.reversible").says.endswith("It is true, false or unknown.")
    assert "It is a set of name, staff" in told("spec.oversight.queue").says


def test_a_field_says_how_it_is_written_and_why_a_value_is_refused():
    explanation = told("reviewed_on")
    assert explanation.remedy == "Write a day that exists as YYYY-MM-DD, from 1900 to 2199."
    assert explanation.passes.about == "as in 1-low-pilot"
    assert explanation.passes.yaml == 'metadata:\n  reviewed_on: "2026-11-09"\n'
    assert explanation.fails.yaml == 'metadata:\n  reviewed_on: "22.11.2026"\n'
    assert explanation.fails.note.startswith("`22.11.2026` is not a date")


def test_a_field_says_when_it_is_asked_for():
    assert told("metadata.id").asked == ("from intake on, at every tier",)
    assert told("catalog_ref").asked == ("nowhere: it may be left out",)
    assert "from tier moderate up" in told("spec.risk.screening.answers").asked[0]
    assert "(an empty list is an answer)" in told("spec.risk.screening.hits").asked[0]
    history = told("spec.lifecycle.history[].reason").asked
    assert history == (
        "from intake on, at every tier, in entries that step back to an earlier stage",
    )
    assert "where `spec.oversight.mode in" in told("queue.name").asked[0]
    parts = "name, staff, hours, capacity_per_day, sla_minutes, escalation"
    assert told("spec.oversight.queue").asked == (
        f"from operational_ownership on, of its parts: {parts}",
        "from production on, of its parts: load_per_day",
    )
    assert any(
        "not asked for, but taken as false" in one
        for one in told("spec.risk.facts.profiling").asked
    )
    assert any("taken as none" in one for one in told("spec.risk.facts.biometric").asked)
    assert told("compensating").asked == ("in every document of kind Waiver that uses it",)


def test_a_demand_on_some_entries_of_a_list_says_on_which():
    only = [one for one in rules().requirements if one.only]
    assert only
    for row in only:
        asked = " ".join(told(row.path).asked)
        assert f"in entries whose {row.only[0]} is {row.only[1]}" in asked


def test_the_demands_of_a_field_are_those_of_its_rows():
    """What is said of stage and tier is what the checker asks for."""
    stages = tuple(CONSTANTS["stages"])
    for row in rules().requirements:
        asked = told(row.path).asked
        assert any(one.startswith(f"from {stages[row.stage]} on") for one in asked), row.path


def test_a_field_names_the_policies_and_triggers_that_read_it_and_their_controls():
    explanation = told("spec.risk.tier")
    assert "GOV-004" in explanation.see
    assert list(explanation.controls["eu-ai-act"]) == ["Art. 6"]
    assert "M2" in told("spec.risk.facts.affected_persons").see
    assert "S1" in told("spec.lifecycle.exposure").see


# --- words, triggers and codes


@pytest.mark.parametrize("word", ["tier", "Tier", "TIERS", "risk tier", "risk-tier", "risk_tier"])
def test_a_word_is_found_in_any_case_and_by_its_other_names(word):
    assert told(word).word == "tier"


def test_the_words_of_every_ordered_vocabulary_are_there():
    words = {one["word"] for one in given_sources().words["words"]}
    assert words >= set(CONSTANTS["stages"]) | set(CONSTANTS["tiers"])
    assert words >= set(CONSTANTS["eu_categories"])
    assert words >= {"pass", "fail", "unknown", "not_applicable", "later", "waived", "error"}
    assert words >= {"block", "warn", "info", "UseCase", "Waiver", "Organization"}
    assert words >= {*rules().codes}


def test_a_stage_and_a_tier_say_how_much_they_ask_for():
    asked = told("pilot").asked
    assert re.match(r"new from here on: \d+ fields, \d+ policies", asked[0])
    assert "INT-004" in asked[1]
    new = [one for one in rules().policies.values() if one.binds_from == 2]
    number = len(new) or "no"
    assert told("authorization").asked[0].endswith(f" fields, {number} policies")
    assert "policies block at this tier" in told("moderate").asked[0]
    assert "M2" in told("moderate").asked[1]
    assert len(told("low").asked) == 1  # nothing implies the lowest tier


def test_a_trigger_gives_its_reason_its_condition_and_what_it_reads():
    explanation = told("m2")
    assert explanation.kind == "trigger"
    assert "people outside the organisation are affected" in explanation.says
    assert "affected_persons.exists" in explanation.asked[0]
    assert explanation.see == ("moderate", "spec.risk.facts.affected_persons")
    assert "may not be declared" in told("T0").says
    assert told("C1").asked == ("where `(eu_high || us_high) && aggravated`",)
    assert "Then the stage production follows" in told("S3").says


def test_a_waiver_code_says_what_the_checker_says_of_it():
    for code, words in rules().codes.items():
        explanation = told(code)
        assert explanation.kind == "code"
        assert explanation.remedy == words.remedy
        assert explanation.asked[1] == f"{words.enforcement} at every tier"


def test_the_codes_without_a_policy_file_are_headed_by_their_ids():
    assert told("syn-001").word == "SYN-001 manifest-syntax"
    assert told("manifest-deleted").word == "CHG-006 manifest-deleted"


def test_the_failing_piece_of_the_syntax_code_cannot_be_read():
    assert load(told("SYN-001").fails.yaml.encode()).troubles
    assert not load(told("SYN-001").passes.yaml.encode()).troubles


def test_the_passing_pieces_of_words_are_of_the_manifests_shape():
    for entry in given_sources().words["words"]:
        for sample in (entry["passes"], entry["fails"]):
            if "yaml" not in sample or entry["word"] == "SYN-001":
                continue
            value = parsed(sample["yaml"])
            kind = value.get("kind", "Waiver" if entry["word"].startswith("WAI") else "UseCase")
            if sample is entry["passes"] and entry["word"] != "evidence":
                whole = {"apiVersion": "aigov/v1", "kind": kind, "metadata": {}, "spec": {}}
                issues = rules().schemas[kind].issues(whole | value)
                wrong = [one for one in issues if not one.message.endswith("is missing")]
                assert not wrong, (entry["word"], wrong)


# --- what is wrong


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("GOV-004-tier", "GOV-004"),
        ("tier-understatd", "tier-understated"),
        ("authorisation", "authorization"),
        ("spec.oversigt.queue", "spec.oversight.queue"),
        ("oversigt", "spec.oversight"),
        ("human_overview", "human_oversight"),
    ],
)
def test_a_misspelt_word_is_told_what_is_close(word, hint):
    said = refusal(word)
    assert said.startswith(f"nothing is called {word}")
    assert hint in said


@pytest.mark.parametrize("word", ["", " ", ".", "/", "[]", "*", "...", "x" * 10_000, "0"])
def test_a_hostile_word_is_a_short_refusal(word):
    said = refusal(word)
    assert "`aigov-gate policies list`" in said
    assert len(said) < 300


@given(st.text(max_size=30))
def test_any_word_is_explained_or_refused(word):
    try:
        explanation = told(word)
    except UsageError:
        return
    assert explanation.says


# --- pieces of manifests


def parsed(yaml: str) -> dict:
    loaded = load(yaml.encode())
    assert loaded.troubles == (), yaml
    return loaded.documents[0].value


def test_a_piece_keeps_what_tells_the_elements_of_a_list_apart():
    value = {"a": [{"x": 0}, {"id": "one", "x": 1, "y": 2}, {"name": "two", "x": 3}], "b": ["c"]}
    pointers = ["/a/1/x", "/a/1/y", "/a/2/x", "/b/0", "/a/7/x", "/a/0/x"]
    assert parsed(piece(value, pointers)) == {
        "a": [{"id": "one", "x": 1, "y": 2}, {"name": "two", "x": 3}, {"x": 0}],
        "b": ["c"],
    }


def test_a_piece_of_a_list_without_an_entry_names_what_is_left():
    value = {"a": [{"id": "one", "x": 1}, {"x": 2}, "three"]}
    assert parsed(piece(value, ["/a/3"])) == {"a": [{"id": "one"}, {"x": 2}, "three"]}
    assert parsed(piece({"a": []}, ["/a/0"])) == {"a": []}


def test_a_piece_of_nothing_is_nothing():
    assert piece({"a": 1}, []) == ""
    assert piece({"a": 1}, ["/b"]) == "# b is left out\n"
    assert piece({"a": 1}, ["/a/b"]) == "a: 1\n"


def test_a_long_piece_is_cut_and_counted():
    lines = piece({"a": {f"n{i}": i for i in range(50)}}, ["/a"]).splitlines()
    assert len(lines) == LINES
    assert lines[-1] == "# and 40 more lines"


def test_a_long_text_in_a_piece_is_cut():
    shown = parsed(piece({"a": [{"b": "word " * 40}]}, ["/a"]))
    assert shown["a"][0]["b"].endswith("...")
    assert len(shown["a"][0]["b"]) <= 44


plain = st.recursive(
    st.integers(-9, 9) | st.booleans() | st.text("abc", max_size=9),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.sampled_from("pqr"), below),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from("pqr"), plain, min_size=1))
def test_a_piece_of_one_name_is_what_stands_there(value):
    name = next(iter(value))
    shown = piece(value, [f"/{name}"])
    if "more lines" not in shown:
        assert parsed(shown) == {name: value[name]}


# --- text, JSON and the command


def test_a_trigger_that_holds_in_no_example_shows_none_that_fails():
    said = text("T0")
    assert "passes: it does not hold in 1-low-pilot" in said
    assert "fails" not in said


def test_what_is_long_to_go_on_with_is_counted():
    assert re.search(r"and \d+ more\n$", text("C1"))


def test_colour_changes_no_word():
    coloured = text("GOV-004", Style(colour=True))
    assert re.sub("\x1b\\[[0-9;]*m", "", coloured) == text("GOV-004")
    assert coloured != text("GOV-004")


def test_json_holds_what_the_text_says():
    given = json.loads(explanation_json(told("GOV-004")))
    assert given["schema"] == "aigov/explanation/v1"
    assert given["passes"]["about"] == "declared and derived agree"
    assert list(given["controls"]["sr-26-2"]) == ["III"]
    assert json.loads(explanation_json(told("T0")))["fails"] is None


def test_hostile_words_of_a_pack_are_inert_in_text_and_json():
    hostile = "\x1b[2J::error::x ##[section]\u202e"
    explanation = told("GOV-001")._replace(
        says=hostile, asked=(hostile,), remedy=hostile, controls={hostile: {hostile: hostile}},
        fails=Sample(hostile, f"a: '{hostile}'\n", hostile), see=(hostile,),
    )  # fmt: skip
    for said in ("".join(explanation_text(explanation, Style())), explanation_json(explanation)):
        assert "\x1b" not in said
        assert "\u202e" not in said
        assert "##" not in said
        assert not any(line.lstrip().startswith("::") for line in said.splitlines())


def test_the_command_explains_in_text_and_json(run):  # noqa: F811
    assert run("explain", "GOV-004")[:2] == (0, text("GOV-004"))
    code, out, err = run("explain", "owner-missing", "--format", "json")
    assert (code, err) == (0, "")
    assert json.loads(out)["word"] == "GOV-001 owner-missing"


def test_the_command_counts_the_days_to_a_duty_from_the_date_that_is_given(run):  # noqa: F811
    assert "days left: 32)" in run("explain", "REG-003", "--as-of", "2026-07-01")[1]
    assert run("explain", "REG-003", "--as-of", "tomorrow")[0] == 2


def test_the_command_refuses_an_unknown_word_with_exit_code_2(run):  # noqa: F811
    code, out, err = run("explain", "ownr-missing")
    assert (code, out) == (2, "")
    assert err == (
        "error: nothing is called ownr-missing; did you mean owner-missing?\n"
        "  next: `aigov-gate policies list` lists the policies\n"
    )


def test_the_command_explains_a_policy_of_a_pack_with_its_cases(run, tmp_path):  # noqa: F811
    policy = (
        "id: no-bots\ncode: MINE-001\ntitle: It is called a bot\nfrom: pilot\n"
        "enforcement: {low: warn}\nrequire: \"spec.risk.tier != 'low'\"\nat: /spec/risk/tier\n"
        "message: no\nremedy: Rename it.\n"
    )
    cases = (
        "- {case: none, base: 2-moderate-production, outcome: pass}\n"
        "- {case: a low one, base: 1-low-pilot, outcome: fail, at: /spec/risk/tier}\n"
    )
    folder = tmp_path / "pack" / "design-architecture"
    folder.mkdir(parents=True)
    (folder / "no-bots.yaml").write_text(policy, "utf-8")
    code, out, _ = run("explain", "MINE-001", "--policies", tmp_path / "pack")
    assert code == 0
    assert "passes" not in out
    (folder / "no-bots.cases.yaml").write_text(cases, "utf-8")
    code, out, _ = run("explain", "no-bots", "--policies", tmp_path / "pack")
    assert "passes: none\n      spec:\n        risk:\n          tier: moderate\n" in out
    assert "fails: a low one\n      spec:\n        risk:\n          tier: low\n" in out
    assert "warn at low; not asked for at moderate, high, critical" in out


def test_the_shipped_cases_are_found_wherever_it_runs(run, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.chdir(tmp_path)
    assert "passes: one person and a team" in run("explain", "GOV-001")[1]
