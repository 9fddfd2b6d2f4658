"""`aigov.reports.layout`: spans flowed into lines."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aigov.reports import Style
from aigov.reports.escape import columns
from aigov.reports.layout import NARROWEST, Span, lay

PLAIN = Style(width=40)
COLOUR = Style(width=40, colour=True)
ANY_TEXT = st.text(st.characters(exclude_categories=()))


def test_prose_wraps_at_the_width_and_hangs() -> None:
    text = "one two three four five six seven eight nine"
    assert lay([Span("fix:"), Span(text)], PLAIN, "  ", "       ") == (
        "  fix: one two three four five six seven\n       eight nine\n"
    )


def test_a_line_that_fills_the_width_exactly_is_not_broken() -> None:
    assert lay([Span("x" * 19), Span("y" * 20)], PLAIN) == f"{'x' * 19} {'y' * 20}\n"
    assert lay([Span("x" * 20), Span("y" * 20)], PLAIN) == f"{'x' * 20}\n{'y' * 20}\n"


def test_a_path_is_never_broken_and_takes_a_line_of_its_own() -> None:
    path = "a folder/" * 6 + "aigov.yaml:1:1"
    assert lay([Span("also at"), Span(path, solid=True), Span("x")], PLAIN) == (
        f"also at\n{path}\nx\n"
    )


def test_a_path_that_reads_as_a_workflow_command_is_inert() -> None:
    assert lay([Span("::error::x/aigov.yaml:1:1", solid=True)], PLAIN, "  ") == (
        "  \\x3a:error::x/aigov.yaml:1:1\n"
    )


def test_a_word_wider_than_the_line_is_broken_by_columns() -> None:
    assert lay([Span("x" * 90)], PLAIN, "  ") == f"  {'x' * 38}\n  {'x' * 38}\n  {'x' * 14}\n"
    assert lay([Span("漢" * 25)], PLAIN) == f"{'漢' * 20}\n{'漢' * 5}\n"


def test_a_width_too_small_to_read_is_widened() -> None:
    assert lay([Span("x" * 60)], Style(width=3)) == f"{'x' * NARROWEST}\n{'x' * 20}\n"


def test_neighbours_of_one_role_share_a_colour_and_plain_text_has_none() -> None:
    spans = [Span("BLOCK ", "bad", True), Span("GOV-004 id", "strong"), Span("at"), Span("1", "?")]
    assert lay(spans, COLOUR, "  ") == ("  \x1b[1;31mBLOCK \x1b[0m \x1b[1mGOV-004 id\x1b[0m at 1\n")
    assert lay(spans, PLAIN, "  ") == "  BLOCK  GOV-004 id at 1\n"


def test_a_colour_never_runs_over_the_end_of_a_line() -> None:
    lines = lay([Span("word " * 20, "dim")], COLOUR).splitlines()
    assert len(lines) == 3
    assert all(line.startswith("\x1b[2m") and line.endswith("\x1b[0m") for line in lines)


def test_nothing_to_say_is_an_empty_line_without_trailing_blanks() -> None:
    assert lay([Span("")], PLAIN, "    ") == "\n"


@given(st.lists(ANY_TEXT), st.integers(40, 100), st.integers(0, 12))
def test_any_prose_fits_and_no_line_of_it_is_a_workflow_command(
    texts: list[str], width: int, indent: int
) -> None:
    laid = lay([Span(text) for text in texts], Style(width=width), " " * indent)
    assert laid.endswith("\n")
    for line in laid[:-1].split("\n"):
        assert columns(line) <= width
        assert line.isprintable()
        assert not line.lstrip().startswith("::")
        assert "##" not in line


@given(st.integers(1, 200))
def test_a_command_inside_a_broken_word_is_inert_wherever_the_break_falls(length: int) -> None:
    word = "x" * length + "::error::" + "y" * 100
    for line in lay([Span(word)], PLAIN, "  ").splitlines():
        assert not line.lstrip().startswith("::")
        assert columns(line) <= 40
