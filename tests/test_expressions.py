"""The CEL library behind its guard."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigov.expressions import ABSENT, CONSTANTS, Answer, Engine
from aigov.syntax import ExpressionFault


def _cannot_tell(_value: object) -> bool:
    raise LookupError('Key not found in map : "unknown: nobody knows"')


ENGINE = Engine(
    {
        "is_text": (("dyn",), "bool", lambda value: isinstance(value, str)),
        "cannot_tell": (("dyn",), "bool", _cannot_tell),
        "length": (("list",), "int", len),
    }
)
SPEC = {"n": 1, "x": 1.5, "s": "low", "b": True, "l": [], "m": {"k": "v"}, "ns": [1, 2]}


def answer(text: str, **more: object) -> Answer:
    return ENGINE.expression(text)(ENGINE.activation({"spec": SPEC, **more}))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("spec.n == 1 && spec.x > 1", True),
        ("tiers[spec.s] >= tiers.moderate", False),
        ("spec.ns.all(n, n > 0)", True),
        ("spec.absent == 1 || true", True),
        ("spec.absent == 1 && false", False),
        ("today > '2026-01-01'", True),
    ],
)
def test_three_valued_logic_is_the_librarys(text, expected):
    assert answer(text, today="2026-11-22") == Answer(expected)


def test_an_absent_key_is_an_answer_in_known_words():
    assert answer("spec.absent == 1").value is None
    assert answer("spec.absent == 1").trouble == f'{ABSENT}absent"'


def test_an_index_into_an_empty_list_is_an_answer():
    assert answer("spec.l[0] == 1").trouble.startswith("UNKNOWN: Index error")


def test_a_host_function_that_cannot_tell_answers_as_an_absent_key():
    assert answer("cannot_tell(spec.s)").trouble.startswith(f"{ABSENT}unknown: ")


def test_a_result_that_is_no_truth_value_is_an_answer_never_false():
    assert answer("spec.m").trouble == "NOT_BOOL: the result is of type MAP<DYN, DYN>"
    assert answer("spec.n").trouble.startswith("NOT_BOOL")


def test_a_null_is_never_read_back():
    """Reading one corrupts the interpreter; some thousand would end the process."""
    null = ENGINE.expression("null")
    activation = ENGINE.activation({"spec": SPEC})
    assert {null(activation).value for _ in range(5_000)} == {None}


def test_the_iteration_budget_is_an_answer():
    spec = {"xs": list(range(200))}
    text = "spec.xs.all(a, spec.xs.all(b, a + b >= 0))"
    assert answer(text, spec=spec).trouble.startswith("BUDGET: ")


def test_a_context_that_was_not_given_is_an_error_in_set_up():
    assert answer("git.rewritten == 1").trouble.startswith("UNKNOWN: No value with name")


INT64 = st.integers(-(2**63), 2**63 - 1)
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
"""What the loader lets through: no NUL, at which the library cuts a text, no surrogates."""


@given(
    st.none() | st.booleans() | INT64 | st.floats() | TEXT
    | st.lists(INT64) | st.dictionaries(TEXT, INT64)
)  # fmt: skip
def test_a_dyn_parameter_takes_every_type(value):
    spec = {"v": value}
    assert answer("is_text(spec.v)", spec=spec) == Answer(isinstance(value, str))


@pytest.mark.parametrize(
    ("text", "words", "offset"),
    [
        ("today > 3", "no matching overload", 6),
        ("spec.n ==\n  spcc.n", "undeclared reference", 16),
        ("length(1)", "no matching overload", 6),
    ],
)
def test_what_does_not_compile_has_its_offset(text, words, offset):
    with pytest.raises(ExpressionFault) as raised:
        ENGINE.compile(text)
    assert words in raised.value.message
    assert raised.value.offset == offset


def test_what_the_library_refuses_without_a_place_is_told_too():
    with pytest.raises(ExpressionFault, match="recursion limit"):
        ENGINE.compile("(" * 200 + "1" + ")" * 200)


def test_the_same_text_is_compiled_once():
    assert ENGINE.expression("spec.n == 1") is ENGINE.expression("spec.n == 1")


def test_ranks_rise_without_gaps():
    for ranks in CONSTANTS.values():
        values = list(ranks.values())
        assert values == list(range(values[0], values[0] + len(values)))


@pytest.mark.parametrize(
    "text", ["spec.n == 1 && is_text(spec.s)", "spec.ns.all(n, n > 1)", "spec.x"]
)
def test_a_serialized_expression_answers_as_a_compiled_one(text):
    again = Engine(
        {"is_text": (("dyn",), "bool", lambda value: isinstance(value, str))},
        {text: ENGINE.compile(text, checked=False).serialize()},
    )
    expected = answer(text)
    assert again.expression(text)(again.activation({"spec": SPEC})) == expected
