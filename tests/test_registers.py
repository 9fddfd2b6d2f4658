"""A map that does not hold is an error with file, line and column."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aigov.errors import PackError
from aigov.registers import Register, normal, parse_register
from aigov.source import load

SCHEMA = json.loads(
    (Path(__file__).parents[1] / "schemas" / "inventory.v1.json").read_text("utf-8")
)
MAP = """\
map: small
title: A small register
encodings: [utf-8]
delimiter: ","
id: {columns: [1]}
constants: {/apiVersion: aigov/v1}
layout: [/apiVersion]
columns:
  - header: Name
    to:
      - {at: /metadata/name, line: {min: 3, max: 80}}
  - header: Started
    to:
      - {at: /spec/start, date: {formats: [m/d/yyyy, d.m.yyyy], from: 1950-01-01}}
  - header: Kind
    to:
      - {at: /spec/kinds/-, table: {Big: big, "YES": true}}
  - header: Colour
    report: nobody asks
"""


def parse(text: str) -> Register:
    documents, troubles = load(text.encode())
    assert troubles == ()
    return parse_register(documents[0], "small.yaml", SCHEMA)


def convert(column: int, text: str) -> tuple[object, str]:
    return parse(MAP).columns[column].targets[0].convert(text)


def test_a_map_is_read_whole() -> None:
    register = parse(MAP)
    assert (register.name, register.id_columns, register.row_to) == ("small", (0,), ())
    assert [one.header for one in register.columns] == ["Name", "Started", "Kind", "Colour"]
    assert register.columns[3].report == "nobody asks"
    assert register.columns[2].targets[0].appends


def test_cells_are_compared_without_white_space_and_case() -> None:
    assert normal("not  applicable") == normal("\n Not\xa0Applicable ")


@pytest.mark.parametrize(
    ("text", "date"),
    [("7/1/2024", "2024-07-01"), (" 31.12.1999\n", "1999-12-31"), ("1/1/1950", "1950-01-01")],
)
def test_a_date_becomes_iso(text: str, date: str) -> None:
    assert (date, "") == convert(1, text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2/30/2024", "not a date like m/d/yyyy or d.m.yyyy"),
        ("23-Nov", "not a date like m/d/yyyy or d.m.yyyy"),
        ("1/1/2024 (planned)", "not a date like m/d/yyyy or d.m.yyyy"),
        ("\u0667/1/2024", "not a date like m/d/yyyy or d.m.yyyy"),
        ("7/16/1905", "1905-07-16 is before 1950-01-01: not taken for a true date"),
    ],
)
def test_what_is_no_date_is_not_guessed_at(text: str, reason: str) -> None:
    assert (None, reason) == convert(1, text)


def test_text_is_held_to_its_bounds() -> None:
    assert convert(0, " a\n b\tc ") == ("a b c", "")
    assert convert(0, " ab ") == (None, "shorter than 3 characters")
    assert convert(0, "x" * 80) == ("x" * 80, "")
    assert convert(0, "x" * 81) == (None, "longer than 80 characters")


def test_a_table_knows_its_values_alone() -> None:
    assert convert(2, " BIG ") == ("big", "")
    assert convert(2, "yes") == (True, "")
    assert convert(2, "bigger") == (None, "not a value that the map knows")


def test_the_layout_ranks_blocks_and_puts_the_rest_last() -> None:
    register = parse(MAP.replace("[/apiVersion]", "[/spec/purpose, /spec]"))
    assert [
        register.rank(place)
        for place in [("spec", "purpose"), ("spec", "purpose", "x"), ("spec", "y"), ("kind",)]
    ] == [0, 0, 1, 2]


@pytest.mark.parametrize(
    ("old", "new", "where", "problem"),
    [
        ("map: small\n", "", "1:1", "'map' is a required property"),
        ("map: small", "map: 5", "1:6", "map: 5 is not of type 'string'"),
        ("map: small", "name: small\nmap: small", "1:7", "no key name"),
        ("columns: [1]", "columns: [5]", "5:6", "there is no column 5"),
        ("columns: [1]", "columns: [true]", "5:16", "True is not of type 'integer'"),
        ("columns: [1]", "columns: [0]", "5:16", "0 is less than the minimum of 1"),
        ("columns: [1]", "columns: []", "5:6", "columns: [] should be non-empty"),
        ("[utf-8]", "[utf-16]", "3:13", "utf-16 is not an encoding that extends ASCII"),
        ("[utf-8]", "[klingon]", "3:13", "klingon is not an encoding that extends ASCII"),
        ("[utf-8]", "[cp1252, cp037]", "3:21", "cp037 is not an encoding that extends ASCII"),
        ('","', '";;"', "4:12", "delimiter: ';;' is too long"),
        ('","', '" "', "4:12", "one character parts the cells"),
        ('"YES"', "YES: 1, yes", "17:29", "a text stands twice"),
        ("line: {min: 3", "text: {max: 1}, line: {min: 3", "11:9", "exactly one of"),
        (", line: {min: 3, max: 80}", "", "11:9", "exactly one of text, line, date, table"),
        ("line: {min: 3", "line: {mini: 3", "11:43", "no key mini; did you mean min?"),
        ("/metadata/name", "metadata/name", "11:14", "a place is `/a/b`"),
        ("/metadata/name", "/metadata//name", "11:14", "a place is `/a/b`"),
        ("/spec/kinds/-", "/-", "17:14", "an item of a list `/list/-`"),
        ("[/apiVersion]", "[apiVersion]", "7:10", "apiVersion: a JSON pointer is"),
        ("m/d/yyyy,", "m/d,", "14:44", "m/d: a form has exactly one each of yyyy, m and d"),
        ("m/d/yyyy,", "m/m/yyyy,", "14:44", "m/m/yyyy: a form has exactly one each of"),
        ("1950-01-01", "1950", "14:71", "from: 1950 is not of type 'string'"),
        ("1950-01-01", "1/1/1950", "14:71", "1/1/1950: a date is written yyyy-mm-dd"),
        ("/kinds/-,", "/kinds/-/a/b,", "17:14", "a value in one `/list/-/key`"),
        ("/kinds/-,", "/kinds/-, item: {a: b},", "17:14", "has an `item` is `/list/-/key`"),
        ("/spec/start,", "/spec/start, item: {a: b},", "14:14", "has an `item` is `/list/-/key`"),
        ("report: nobody asks", "blanks: [x]", "18:5", "either `to`, its places"),
        ("  - header: Kind", "  - report: x\n    header: Kind", "15:5", "either `to`, its places"),
        ("/spec/start", "/metadata/name/first", "8:1", "is below another place"),
        ("/spec/start", "/spec/kinds", "8:1", "/spec/kinds is written in two ways"),
        ("/spec/start", "/metadata/id", "8:1", "/metadata/id is written in two ways"),
        ("/spec/start", "/apiVersion", "8:1", "/apiVersion is written in two ways"),
        ("report: nobody asks", "report: r\n    blanks: [0]", "20:14", "is not of type 'string'"),
    ],
)
def test_what_does_not_hold_is_named_with_its_place(
    old: str, new: str, where: str, problem: str
) -> None:
    assert old in MAP
    with pytest.raises(PackError) as caught:
        parse(MAP.replace(old, new))
    assert problem in caught.value.problem
    assert f"small.yaml:{where}" == caught.value.where


def test_a_map_that_is_no_mapping_is_refused() -> None:
    with pytest.raises(PackError) as caught:
        parse("- a\n")
    assert caught.value.problem == "['a'] is not of type 'object'"
