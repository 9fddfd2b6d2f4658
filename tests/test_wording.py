"""One fault in plain words; `test_schema.py` has the sentences as users meet them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aigov.wording import MAX_SHOWN, Fault, cut, name_of, normal, repeated, say, shown


@given(st.text())
def test_a_shown_text_is_one_short_line(text: str):
    assert len(cut(text)) <= MAX_SHOWN
    assert cut(text).splitlines() in ([], [cut(text)])


def test_a_long_value_is_cut_to_sixty_characters():
    assert shown("x" * 61) == "`" + "x" * 57 + "...`"
    assert shown("x" * 60) == "`" + "x" * 60 + "`"


def test_a_place_is_called_by_its_last_name():
    assert name_of(["spec", "risk"]) == "`risk`"
    assert name_of(["spec", "approvals", "3"]) == "an entry of `approvals`"
    assert name_of([]) == "the document"


def test_names_are_spelt_as_this_format_spells_them():
    words = ["goLiveOn", "go-live-on", "Go Live On", "go_live_on"]

    assert {normal(word) for word in words} == {"go_live_on"}


def test_braces_in_a_value_are_only_text():
    fault = Fault("maxLength", 3, "{limit.__class__} {0}", {})

    assert say(fault, "`a`") == "`{limit.__class__} {0}` is too long: 21 characters, at most 3"


def test_the_first_repeated_entry_is_found_even_where_it_cannot_be_hashed():
    assert repeated([["a"], ["b"], ["a"]]) == ["a"]
    assert repeated([["a"], ["b"]]) is None
