"""Cases: read from their file, applied to an example."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aigov.cases import apply, parse_cases, with_parents
from aigov.errors import PackError
from aigov.findings import Enforcement, Outcome
from aigov.source import load
from judging import ROOT, example

SCHEMA = json.loads((ROOT / "schemas" / "cases.v1.json").read_text("utf-8"))
PASSING = "- {case: a, base: 1-low-pilot, outcome: pass}\n"


def read(text: str) -> Any:
    return parse_cases(load(text.encode()).documents[0], "x.cases.yaml", SCHEMA)


def test_a_case_says_what_it_changes_and_what_must_come_of_it():
    _, case = read(
        PASSING
        + "- {case: b, base: x, set: {/spec/a: 1}, delete: [/spec/b], evidence: {d: null},\n"
        "   stage: production, as_of: 2026-01-31, outcome: fail, at: /spec/a, enforcement: warn,\n"
        "   message: words}\n"
    )  # fmt: skip
    assert (case.about, case.base, case.where) == ("b", "x", "x.cases.yaml:2")
    assert (case.put, case.delete, case.evidence) == ({"/spec/a": 1}, ("/spec/b",), {"d": None})
    assert (case.stage, case.as_of, case.message) == ("production", "2026-01-31", "words")
    assert (case.outcome, case.at, case.enforcement) == (Outcome.FAIL, "/spec/a", Enforcement.WARN)


def test_a_case_supplies_facts_by_context():
    _, case = read(
        PASSING + "- {case: b, base: x, outcome: fail, changed: [/spec/architecture/models/0],\n"
        "   git: {backdated_days: 3}, profile: {people: {}}, portfolio: {waivers: 1}}\n"
    )
    assert case.facts == {
        "history": {
            "change": {
                "paths": [
                    "/spec",
                    "/spec/architecture",
                    "/spec/architecture/models",
                    "/spec/architecture/models/*",
                ]
            },
            "git": {"backdated_days": 3},
        },
        "profile": {"profile": {"people": {}}},
        "portfolio": {"portfolio": {"waivers": 1}},
    }
    _, only_git = read(PASSING + "- {case: b, base: x, outcome: fail, git: {}}\n")
    assert only_git.facts == {"history": {"git": {}}}


def test_what_changed_is_told_with_all_that_holds_it():
    assert with_parents([]) == []
    assert with_parents(["/a/0/b", "/a"]) == ["/a", "/a/*", "/a/*/b"]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("- {case: a, base: b, outcome: maybe}\n- {case: a, base: b, outcome: pass}", ":1:31"),
        ("- {case: a, base: b, outcome: pass}\n- {case: a, outcome: pass}", ":2:3"),
        ("- {case: a, base: b, outcome: pass}\n- {case: a, base: b, outcome: pass, x: 1}", ":2:40"),
        ("a: b", ":1:1"),
    ],
)
def test_a_case_of_the_wrong_shape_is_an_error_with_its_place(text, where):
    with pytest.raises(PackError) as raised:
        read(text)
    assert raised.value.where == f"x.cases.yaml{where}"


def case(**changed: Any) -> Any:
    (one, _) = read(PASSING + PASSING)
    return one._replace(**changed)


def test_what_is_left_keeps_its_place():
    base = example("1-low-pilot")
    document = apply(
        case(
            put={"/spec/lifecycle/history/0/by": "@x", "/spec/lifecycle/history/1": {"by": "@y"}},
            delete=("/spec/purpose/users/0", "/spec/risk/tier", "/spec/lifecycle/history/0/date"),
        ),
        base,
    )
    spec = document.value["spec"]
    assert spec["lifecycle"]["history"][0]["by"] == "@x"
    assert "date" not in spec["lifecycle"]["history"][0]
    assert "tier" not in spec["risk"]
    assert len(spec["purpose"]["users"]) == len(base.value["spec"]["purpose"]["users"]) - 1
    assert document.place("/spec/risk/tier") == base.place("/spec/risk/absent")
    assert document.place("/spec/risk/rationale") == base.place("/spec/risk/rationale")
    assert base.has("/spec/risk/tier")  # the example itself is as it was


def test_what_was_put_in_can_be_taken_out():
    document = apply(case(put={"/spec/new/a": 1}, delete=("/spec/new/a",)), example("1-low-pilot"))
    assert document.value["spec"]["new"] == {}


@pytest.mark.parametrize(
    "change",
    [
        {"delete": ("/spec/nothing",)},
        {"delete": ("/spec/nothing/at/all",)},
        {"delete": ("/spec/purpose/users/9",)},
        {"delete": ("/spec/purpose/users/x",)},
        {"put": {"/spec/purpose/users/x": 1}},
        {"put": {"/spec/risk/tier/x": 1}},
    ],
)
def test_a_pointer_that_leads_nowhere_is_an_error(change):
    with pytest.raises(PackError, match="has nothing at /spec/"):
        apply(case(**change), example("1-low-pilot"))
