"""Three-valued conditions over named terms."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigov.conditions import Terms
from aigov.errors import PackError
from aigov.expressions import Engine

ENGINE = Engine({})
TEXTS = {
    "yes": "spec.t == true",
    "no": "spec.f == true",
    "open": "spec.gone == true",
    "both": "yes && !no",
    "word": "spec.w == '&& || (yes)'",
}
TERMS = Terms(ENGINE, TEXTS)
ACTIVATION = ENGINE.activation({"spec": {"t": True, "f": False, "w": "&& || (yes)"}})

CONDITIONS = st.recursive(
    st.sampled_from([*TEXTS, "spec.t == true", "size([1, 2]) == 2", "'a||b' == \"a||b\""]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["&&", "||"]), inner)
        .map(" ".join)
        .map(lambda t: f"({t})"),
        inner.map(lambda t: f"!({t})"),
        st.tuples(inner, inner, inner).map(lambda t: f"({t[0]} ? {t[1]} : {t[2]})"),
    ),
    max_leaves=8,
)


@given(CONDITIONS)
def test_a_split_condition_answers_as_cel_does(text):
    whole = ENGINE.expression(TERMS.expanded(text))(ACTIVATION).value
    assert TERMS.condition(text, "x").holds(ACTIVATION, {}) is whole


def test_a_condition_yields_what_it_evaluates_and_shares_its_terms():
    condition = TERMS.condition("both || (yes && open)", "x")
    assert [leaf.text for leaf in condition.leaves()] == [
        "spec.t == true", "spec.f == true", "spec.t == true", "spec.gone == true",
    ]  # fmt: skip
    assert TERMS.condition("both", "x") is TERMS.condition(" (both) ", "x")


@pytest.mark.parametrize("text", ["a && b", "(a", "a)", "(a) || (b", "size((a)"])
def test_what_does_not_close_is_left_to_the_library(text):
    terms = Terms(ENGINE, {"a": "spec.t == true", "b": "spec.f == true"})
    assert terms.condition(text, "x").kind in ("and", "or", "leaf")


def test_a_term_that_stands_for_itself_is_told_wherever_it_is_used():
    circular = Terms(ENGINE, {"a": "b", "b": "!a", "c": "size([c]) > 0"})
    for text in ("a", "spec.t == true && b", "c", "[a] == [true]"):
        with pytest.raises(PackError, match="stands for itself"):
            circular.condition(text, "x")
