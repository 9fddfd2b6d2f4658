"""Weakened expressions: which there are, and that each still is an expression."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigov.mutation import mutants
from aigov.syntax import parse
from judging import rules


def changes(text: str, *, demanded: bool = True) -> dict[str, str]:
    return {one.change: one.text for one in mutants(parse(text), text) if one.demanded is demanded}


def test_a_demand_is_replaced_by_constants():
    assert changes("is_person(a)") == {
        "replaced by `true`": "true",
        "replaced by `false`": "false",
    }
    assert list(changes("false")) == ["replaced by `true`"]


def test_each_operand_of_a_chain_is_dropped_alone():
    found = changes("is_team(a) && (is_person(b) || is_filled(c)) && is_contact(d)")
    assert found["&& without `is_contact(d)`"] == (
        "((is_team(a)) && ((is_person(b) || is_filled(c))))"
    )
    assert (
        found["&& without `(is_person(b) || is_filled(c))`"] == "((is_team(a)) && (is_contact(d)))"
    )
    assert found["|| without `is_filled(c)`"] == "is_team(a) && ((is_person(b))) && is_contact(d)"
    assert len([one for one in found if "without" in one]) == 5


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a == 1", {"negated: `a == 1`": "!(a == 1)"}),
        ("a in b", {"negated: `a in b`": "!(a in b)"}),
        ("a <= 1", {"negated: `a <= 1`": "!(a <= 1)", "<= moved to <: `a <= 1`": "(a) < (1)"}),
        ("a > 1", {"negated: `a > 1`": "!(a > 1)", "> moved to >=: `a > 1`": "(a) >= (1)"}),
    ],
)
def test_comparisons_are_negated_and_moved_to_their_boundary(text, expected):
    found = changes(text)
    assert {key: one for key, one in found.items() if "replaced" not in key} == expected


def test_dropped_list_items_are_reported_only():
    assert changes("a in ['b', 'c']", demanded=False) == {
        "list without `'b'`": "a in ['c']",
        "list without `'c'`": "a in ['b']",
    }
    assert changes("a in ['b']", demanded=False) == {}


def test_long_parts_are_quoted_short():
    (long,) = [one for one in changes(f"{'a' * 90} == 1") if one.startswith("negated")]
    assert long == f"negated: `{'a' * 60}...`"


def expressions() -> list[str]:
    return sorted({one.text for one in rules().expressions()})


@given(st.sampled_from(expressions()))
def test_every_mutant_of_a_shipped_expression_compiles_and_differs(text):
    for one in mutants(parse(text), text):
        rules().engine.compile(one.text, checked=False)
        assert one.text != text
