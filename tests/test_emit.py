"""Whatever is written is read back as the same value, and reads well."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from aigov.emit import WIDTH, dump, inline
from aigov.source import load

TRICKY = list(" \n\t\r:#-'\"\\|>&*!%@`,[]{}?~=<aeyn01.+_\x85\u2028\u202e\ufeff\xa0\u3000😀é")
CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
PHRASES = st.lists(
    st.sampled_from(["a", "- b", "# c", ": d", "no", "010", " ", "\n", "x" * 30, "e: f", "---"]),
    max_size=60,
).map(" ".join)
TEXTS = st.one_of(st.text(st.sampled_from(TRICKY) | CHARACTERS, max_size=200), PHRASES)
SCALARS = st.one_of(
    TEXTS,
    st.integers(-(2**63), 2**63 - 1),
    st.booleans(),
    st.none(),
    st.floats(allow_nan=False, allow_infinity=False),
)
VALUES = st.recursive(
    SCALARS,
    lambda below: st.lists(below, max_size=4) | st.dictionaries(TEXTS, below, max_size=4),
    max_leaves=12,
)
MAPPINGS = st.dictionaries(TEXTS, VALUES, min_size=1, max_size=4)


def read(text: str) -> object:
    documents, troubles = load(text.encode())
    assert troubles == ()
    return documents[0].value


@given(MAPPINGS)
def test_our_own_reader_gives_back_what_was_written(value: dict[str, object]) -> None:
    assert value == read(dump(value))


@given(st.dictionaries(TEXTS, TEXTS, min_size=1, max_size=4))
def test_a_yaml_1_1_reader_takes_no_text_for_anything_else(value: dict[str, str]) -> None:
    assert value == yaml.load(dump(value), yaml.CSafeLoader)


@given(MAPPINGS)
def test_no_character_that_deceives_a_reader_stands_in_the_text(value: dict[str, object]) -> None:
    assert all(one.isprintable() for one in dump(value).replace("\n", ""))


@pytest.mark.parametrize(
    "text",
    ["no", "Off", "y", "null", "~", "010", "1e3", "0o17", "1_000", "22:00", "2024-07-01", "<<"],
)
def test_a_word_that_some_yaml_version_reads_as_a_value_is_quoted(text: str) -> None:
    assert f'a: "{text}"\n' == dump({"a": text})


@pytest.mark.parametrize("text", ["plain words", "R&D, (phase 2)", "https://a.example/#b"])
def test_ordinary_text_is_written_plain(text: str) -> None:
    assert f"a: {text}\n" == dump({"a": text})


@pytest.mark.parametrize("text", ["", " a", "a ", "a: b", "a #b", "- a", "=1+1", "@sum", "a:"])
def test_text_that_yaml_could_split_is_quoted(text: str) -> None:
    assert f'a: "{text}"\n' == dump({"a": text})


def test_characters_that_do_not_print_are_escapes() -> None:
    assert (
        dump({"a": '\x85\t\xa0\u202e\U000e0041\r\n"\\'})
        == r'a: "\x85\t\xa0\u202e\U000e0041\r\n\"\\"' + "\n"
    )


def test_long_text_is_folded_and_no_line_is_wider_than_the_page() -> None:
    text = "word " * 100 + "end"
    written = dump({"a": {"b": text}})
    assert written.splitlines()[1] == "  b: >-"
    assert max(len(line) for line in written.splitlines()) <= WIDTH
    assert {"a": {"b": text}} == read(written)


def test_long_text_that_no_block_can_hold_is_folded_in_quotes() -> None:
    text = "tab\there " * 50 + "end"
    written = dump({"a": text})
    assert written[:7] == 'a: "tab'
    assert max(len(line) for line in written.splitlines()) <= WIDTH
    assert {"a": text} == read(written)


def test_short_lines_stay_lines_and_long_ones_become_paragraphs() -> None:
    assert dump({"a": "one\ntwo"}) == "a: |-\n  one\n  two\n"
    assert dump({"a": "one\n\ntwo\n"}) == "a: |\n  one\n\n  two\n"
    long = "word " * 30 + "end"
    assert {"a": f"{long}\n\n{long}"} == read(dump({"a": f"{long}\n\n{long}"}))
    assert dump({"a": f"{long}\n{long}"})[:6] == "a: >-\n"


def test_lists_of_mappings_and_lists_are_block_style() -> None:
    assert (
        "a:\n  - b: 1\n    c: true\n  -\n".replace("  -\n", "  - - null\n    - 1.5\n")
        + "  - {}\n  - []\n"
    ) == dump({"a": [{"b": 1, "c": True}, [None, 1.5], {}, []]})


def test_keys_keep_their_order() -> None:
    assert dump({"b": False, "a": {}}) == "b: false\na: {}\n"


@given(VALUES)
@example(1e-05)
@example(1e300)
def test_one_line_holds_any_value(value):
    line = inline({"x": [value]})
    assert line.isprintable()
    assert read(line) == {"x": [value]}
    assert yaml.safe_load(line) == {"x": [value]}


@pytest.mark.parametrize(
    ("value", "line"),
    [
        (
            {"a": "group:sre", "b": ["x y", 1, True, None]},
            "{a: group:sre, b: [x y, 1, true, null]}",
        ),
        ("2026-11-22", '"2026-11-22"'),
        ({"a": {}, "b": []}, "{a: {}, b: []}"),
        ("word " * 60, f'"{"word " * 60}"'),
    ],
)
def test_one_line_reads_well(value, line):
    assert inline(value) == line
