"""When a field must be there."""

from __future__ import annotations

import json

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigov.required import (
    Requirement,
    absent,
    demands,
    parse_requirements,
)
from aigov.source import load
from judging import ROOT, rules


def row(path: str, **more: object) -> Requirement:
    return parse_requirements([{"paths": [path], "from": "pilot", **more}])[0]


def absent_pointers(requirement: Requirement, document: object) -> list[str]:
    return [pointer for pointer, _ in absent(demands((requirement,)), document)]


def test_a_row_has_ranks_for_its_stage_and_tier():
    given = {
        "paths": ["/spec/risk/register/*/id"],
        "from": "governance",
        "tier": "moderate",
        "when": "tier > 1",
        "only": {"treatment": "accept"},
        "may_be_empty": True,
    }

    (found,) = parse_requirements([given])

    assert found == Requirement(
        "/spec/risk/register/*/id", 3, 2, "tier > 1", ("treatment", "accept"), False, True
    )
    assert found.parts == ["spec", "risk", "register", "*", "id"]


def test_a_row_without_a_tier_asks_at_every_tier():
    assert (row("/a").stage, row("/a").tier, row("/a").when) == (1, 1, "")


def test_the_shipped_rows_have_their_shape_and_ask_for_no_place_twice():
    schema = json.loads((ROOT / "schemas" / "required.v1.json").read_text("utf-8"))
    value = load((ROOT / "schemas" / "required.yaml").read_bytes()).documents[0].value
    jsonschema.validate(value, schema)
    keys = [(one.path, one.when, one.only) for one in rules().requirements]
    assert len(keys) == len(set(keys)) > 150
    for row in (
        {"paths": ["/a"], "from": "pilot", "wen": "true"},
        {"paths": ["/a//b"], "from": "pilot"},
        {"paths": ["/a/*"], "from": "pilot"},
        {"paths": ["/a"], "from": "pilot", "only": {"b": 1}},
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate([row], schema)


@pytest.mark.parametrize("filled", [0, False, 0.0, "no", ["x"], {"b": None}])
def test_a_value_is_there_even_if_it_is_zero_or_false(filled: object):
    assert absent_pointers(row("/a"), {"a": filled}) == []


@pytest.mark.parametrize("blank", [None, "", "  \n", [], {}])
def test_a_blank_value_is_absent(blank: object):
    assert absent_pointers(row("/a"), {"a": blank}) == ["/a"]


def test_an_empty_list_is_an_answer_where_the_row_says_so():
    assert absent_pointers(row("/a", may_be_empty=True), {"a": []}) == []
    assert absent_pointers(row("/a", may_be_empty=True), {"a": {}}) == ["/a"]
    assert absent_pointers(row("/a", may_be_empty=True), {}) == ["/a"]


@pytest.mark.parametrize("document", [{}, {"a": None}, {"a": "soon"}, {"a": []}, [], None, 7])
def test_below_a_parent_that_is_not_there_the_field_is_absent(document: object):
    assert absent_pointers(row("/a/b/c"), document) == ["/a/b/c"]


def test_each_list_element_is_asked():
    document = {"kpis": [{"unit": "h"}, {"unit": ""}, "text", {}]}

    assert absent_pointers(row("/kpis/*/unit"), document) == [
        "/kpis/1/unit",
        "/kpis/2/unit",
        "/kpis/3/unit",
    ]


@pytest.mark.parametrize("document", [{}, {"kpis": []}, {"kpis": {"unit": ""}}, {"kpis": "none"}])
def test_a_list_that_is_not_there_lacks_nothing_in_its_elements(document: object):
    assert absent_pointers(row("/kpis/*/unit"), document) == []


def test_lists_stand_inside_lists():
    document = {
        "reviews": [{"actions": [{"by": "ada"}, {}]}, {"actions": []}, {}, {"actions": [{}]}]
    }

    assert absent_pointers(row("/reviews/*/actions/*/by"), document) == [
        "/reviews/0/actions/1/by",
        "/reviews/3/actions/0/by",
    ]


def test_only_the_elements_that_the_row_speaks_of_are_asked():
    latency = row("/slos/*/value", only={"kind": "latency"})
    document = {"slos": [{"kind": "latency"}, {"kind": "quality"}, "text", {}]}

    assert absent_pointers(latency, document) == ["/slos/0/value"]


def test_only_looks_at_the_element_however_deep_the_field_is():
    deep = row("/a/*/b/*/c/d", only={"kind": "x"})

    assert absent_pointers(deep, {"a": [{"kind": "x", "b": [{"kind": "y"}, {"kind": "x"}]}]}) == [
        "/a/0/b/1/c/d"
    ]


def test_a_step_back_is_an_entry_whose_stage_lies_before_the_one_above():
    reason = row("/history/*/reason", stepped_back=True)
    stages = ["intake", "pilot", "governance", "pilot", "pilot", ["x"], "nonsense", "retired"]
    document = {"history": [{"stage": stage} for stage in stages] + ["text"]}

    assert absent_pointers(reason, document) == [
        "/history/3/reason",
        "/history/5/reason",
        "/history/8/reason",
    ]
    assert absent_pointers(reason, {"history": [{"stage": "pilot"}]}) == []


def test_all_rows_are_found_in_one_walk():
    rows = parse_requirements(
        [
            {"paths": ["/a"], "from": "pilot"},
            {"paths": ["/a/b"], "from": "production"},
            {"paths": ["/a/b"], "from": "pilot", "when": "tier > 1"},
            {"paths": ["/c"], "from": "pilot"},
            {"paths": ["/d"], "from": "pilot"},
            {"paths": ["/d/*/e"], "from": "pilot"},
        ]
    )

    found = [
        (pointer, row.stage) for pointer, row in absent(demands(rows), {"c": 1, "d": [{}, None]})
    ]

    assert found == [
        ("/a", 1),
        ("/a/b", 5),
        ("/a/b", 1),
        ("/d/0/e", 1),
        ("/d/1/e", 1),
    ]


NAMES = st.sampled_from(["a", "b", "c"])
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.text(max_size=2) | st.integers(),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(NAMES, below, max_size=3),
    max_leaves=12,
)
PATHS = st.lists(NAMES | st.just("*"), max_size=3).map(lambda parts: ["a", *parts, "b"])


@given(DOCUMENTS, PATHS)
def test_what_is_absent_becomes_present_when_it_is_filled(document: object, parts: list[str]):
    asked = row("/" + "/".join(parts))

    for pointer in absent_pointers(asked, document):
        document = filled(document, pointer[1:].split("/"))

    assert absent_pointers(asked, document) == []


def filled(value: object, parts: list[str]) -> object:
    """Return `value` with a text at `parts`, whatever stood in the way."""
    if not parts:
        return "given"
    first, *rest = parts
    if isinstance(value, list) and first.isdecimal():
        return [filled(one, rest) if str(i) == first else one for i, one in enumerate(value)]
    below = value if isinstance(value, dict) else {}
    return {**below, first: filled(below.get(first), rest)}
