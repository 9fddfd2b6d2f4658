"""`aigov.reports.escape`: hostile text on one line, visibly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigov.reports.escape import LIMIT, columns, defuse, escape, fit

ANY_TEXT = st.text(st.characters(exclude_categories=()))


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("a\x1b[31mb", r"a\x1b[31mb"),
        ("a\nb\r\tc", r"a\nb\r\tc"),
        ("\x9b31m\x7f\x00", r"\x9b31m\x7f\x00"),
        ("\u202egpj.exe\u2066", r"\u202egpj.exe\u2066"),
        ("a\u200bb\ufeff\u00ad", r"a\u200bb\ufeff\xad"),
        ("a\u2028b\u2029c\x85", r"a\u2028b\u2029c\x85"),
        ("\u3164\ufe0f\u2800\U000e0041", r"\u3164\ufe0f\u2800\U000e0041"),
        ("\udc80.yaml", r"\udc80.yaml"),
        ("a\u00a0b", r"a\xa0b"),
        ("##[error]x", r"#\x23[error]x"),
        ("###[error]", r"#\x23#[error]"),
        ("##vso[task.complete]", r"#\x23vso[task.complete]"),
    ],
)
def test_what_a_terminal_or_a_runner_would_obey_is_shown_instead(hostile: str, shown: str) -> None:
    assert escape(hostile) == shown


@pytest.mark.parametrize("plain", ["", "aigov.yaml", "Müller & 漢字 — 100 %", "😀", "C:\\a # b"])
def test_ordinary_text_stays_as_it_is(plain: str) -> None:
    assert escape(plain) == plain


def test_a_long_value_is_cut_and_the_rest_counted() -> None:
    assert escape("x" * LIMIT) == "x" * LIMIT
    assert escape("x" * 10_000) == "x" * LIMIT + "... (9,500 more characters)"
    assert escape("x" * 10_000, limit=None) == "x" * 10_000


@given(ANY_TEXT)
def test_any_text_becomes_one_printable_line_that_escaping_again_keeps(text: str) -> None:
    shown = escape(text, limit=None)
    assert shown.isprintable()
    assert "##" not in shown
    assert escape(shown, limit=None) == shown


def test_two_colons_are_inert_at_the_start_alone() -> None:
    assert defuse("::error::x") == r"\x3a:error::x"
    assert defuse("  ::error::x") == r"  \x3a:error::x"
    assert defuse("a::b") == "a::b"
    assert defuse(" :b") == " :b"


def test_wide_characters_take_two_columns_and_marks_none() -> None:
    assert (columns("abc"), columns("漢字"), columns("e\u0301")) == (3, 4, 1)


@given(ANY_TEXT, st.integers(3, 90))
def test_fitted_text_never_exceeds_its_room(text: str, room: int) -> None:
    shown = fit(text, room)
    assert columns(shown) <= room
    assert shown.isprintable()


def test_fitted_text_that_is_cut_says_so() -> None:
    assert fit("a title that is long", 10) == "a title..."
    assert fit("漢字漢字漢字", 9) == "漢字漢..."
    assert fit("short", 5) == "short"
