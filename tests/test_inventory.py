"""A register becomes manifests: nothing invented, nothing lost."""

from __future__ import annotations

import csv
import io
import json
import random
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigov.emit import dump
from aigov.errors import UsageError
from aigov.inventory import BLANK, Cell, Imported, Record, namesakes, records, use_cases, withdrawn
from aigov.registers import Register, parse_register
from aigov.source import load, split_pointer

SCHEMA = json.loads(
    (Path(__file__).parents[1] / "schemas" / "inventory.v1.json").read_text("utf-8")
)
ID = re.compile("[a-z][a-z0-9-]{2,62}")
HEADERS = ["Agency", "Name", "If other, explain.", "Started", "Stage", "If other, explain."]
MAP = """\
map: hand-made
title: A register made by hand
encodings: [utf-8, cp1252]
delimiter: ","
blanks: [N/A, "-"]
id: {columns: [1, 2], distinct: [3, 4, 5, 6]}
row_to: /metadata/annotations/x-row
constants: {/apiVersion: aigov/v1, /kind: UseCase, /spec/facts/jurisdictions: [US_FED]}
layout: [/apiVersion, /kind, /metadata, /spec/purpose, /spec]
columns:
  - header: Agency
    to:
      - {at: /metadata/labels/agency, line: {max: 20}}
  - header: Name
    to:
      - {at: /metadata/name, line: {min: 3, max: 80}}
      - {at: /metadata/annotations/x-name, text: {max: 2000}}
  - header: If other, explain.
    blanks: [none]
    to:
      - {at: /spec/purpose/use, text: {max: 200}}
  - header: Started
    to:
      - at: /spec/history/-/date
        item: {stage: intake}
        date: {formats: [m/d/yyyy], from: 1950-01-01}
  - header: Stage
    to:
      - {at: /spec/stage, table: {Initiated: intake, Live: production}}
      - {at: /spec/purpose/use, text: {max: 200}}
      - {at: /spec/words/-, text: {max: 200}}
  - header: If other, explain.
    report: nobody can tell
"""


def parse(text: str) -> Register:
    documents, troubles = load(text.encode())
    assert troubles == ()
    return parse_register(documents[0], "hand-made.yaml", SCHEMA)


REGISTER = parse(MAP)


def csv_text(rows: Sequence[Sequence[str]], headers: Sequence[str] = HEADERS) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([headers, *rows])
    return out.getvalue()


def read(text: str) -> list[Record]:
    return list(records(io.StringIO(text, newline=""), ","))


def import_text(text: str) -> list[Imported]:
    rows = read(text)
    return list(use_cases(rows, REGISTER, namesakes(rows, REGISTER), "hand.csv"))


def import_rows(*rows: Sequence[str]) -> list[Imported]:
    return import_text(csv_text(rows))


def import_row(*cells: str) -> Imported:
    (imported,) = import_rows([*cells, *[""] * (len(HEADERS) - len(cells))])
    return imported


def at(manifest: object, pointer: str) -> object:
    for part in split_pointer(pointer):
        manifest = manifest[int(part)] if isinstance(manifest, list) else manifest[part]
    return manifest


def account(cell: Cell) -> tuple[str, str]:
    return cell.target, cell.reason


HOSTILE = [
    *["=HYPERLINK(1)", "+1", "-2", "@SUM(A1)", "one\ntwo", "a: b #c", "- x", "no", "010", "1e3"],
    *[
        "2024-07-01",
        "😀 \u202e mark",
        "\u201ccurly\u201d",
        "a\tb",
        "\x85",
        "null",
        "*x",
        "{a: b}",
        "N/A",
    ],
    *[" ", "\r\n", '"', "''", "\x1b[31m", "a" * 70, "ü", "con", "", "7/1/2024", "Live", "\0x"],
]
CELLS = st.sampled_from(HOSTILE) | st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
TABLES = st.lists(st.lists(CELLS, min_size=6, max_size=6), max_size=12)


@given(TABLES)
def test_every_cell_is_accounted_for_once_and_can_be_read_again(table: list[list[str]]) -> None:
    imported = import_rows(*table)
    assert len(table) == len(imported)
    for row, case in zip(table, imported, strict=True):
        assert [*range(1, 7)] == [cell.column for cell in case.cells]
        assert row == [cell.value for cell in case.cells]
        for cell in case.cells:
            if not cell.reason:
                assert cell.value == at(case.manifest, cell.target)
            elif cell.target:
                assert cell.value != at(case.manifest, cell.target)


@given(TABLES)
def test_every_manifest_reads_back_from_its_yaml(table: list[list[str]]) -> None:
    for case in import_rows(*table):
        documents, troubles = load(dump(case.manifest).encode())
        assert ((), case.manifest) == (troubles, documents[0].value)


@given(TABLES, st.randoms(use_true_random=False))
def test_ids_are_unique_and_do_not_depend_on_the_order(
    table: list[list[str]], chance: random.Random
) -> None:
    shuffled = [*table]
    chance.shuffle(shuffled)
    known = [case.id for case in import_rows(*table)]
    assert len(set(known)) == len(known)
    assert all(ID.fullmatch(one) for one in known)
    assert Counter(zip(map(tuple, table), known, strict=True)) == Counter(
        zip(map(tuple, shuffled), [case.id for case in import_rows(*shuffled)], strict=True)
    )


@given(TABLES, st.lists(CELLS, min_size=6, max_size=6))
def test_a_further_row_changes_no_id_but_a_namesakes(
    table: list[list[str]], further: list[str]
) -> None:
    before = [case.id for case in import_rows(*table)]
    *after, last = [case.id for case in import_rows(*table, further)]
    head = re.sub("-[0-9a-f]{6}$", "", last)
    assert all(old == new or new.startswith(head) for old, new in zip(before, after, strict=True))


def test_what_the_register_says_stands_in_the_manifest_in_the_order_of_the_layout() -> None:
    case = import_row("DHS", "Baggage scan", "Finds things.", "7/1/2024", "Live", "ignored")
    assert case.manifest == {
        "apiVersion": "aigov/v1",
        "kind": "UseCase",
        "metadata": {
            "id": "dhs-baggage-scan",
            "annotations": {"x-row": "2"},
            "labels": {"agency": "DHS"},
            "name": "Baggage scan",
        },
        "spec": {
            "purpose": {"use": "Finds things."},
            "facts": {"jurisdictions": ["US_FED"]},
            "history": [{"stage": "intake", "date": "2024-07-01"}],
            "stage": "production",
        },
    }
    assert list(case.manifest) == ["apiVersion", "kind", "metadata", "spec"]
    assert next(iter(case.manifest["spec"])) == "purpose"


def test_what_the_register_does_not_say_is_not_there() -> None:
    case = import_row("DHS", "Baggage scan")
    assert case.manifest["spec"] == {"facts": {"jurisdictions": ["US_FED"]}}


def test_a_cell_in_other_words_says_so_and_keeps_its_own() -> None:
    case = import_row("DHS", " Baggage\nscan", "N/A", "7/1/2024", "live")
    assert [account(cell) for cell in case.cells] == [
        ("/metadata/labels/agency", ""),
        ("/metadata/name", "written without its outer or repeated white space"),
        ("", BLANK),
        ("/spec/history/0/date", "written as 2024-07-01"),
        ("/spec/stage", "written as production"),
        ("", BLANK),
    ]
    assert case.cells[1].value == " Baggage\nscan"


def test_a_cell_goes_to_the_first_place_that_takes_it() -> None:
    case = import_row("DHS", "n" * 81, "", "", "soon")
    assert case.manifest["metadata"]["annotations"]["x-name"] == "n" * 81
    assert account(case.cells[4]) == ("/spec/purpose/use", "")


def test_a_place_that_is_taken_is_not_written_twice() -> None:
    case = import_row("DHS", "Scan", "Finds things.", "", "soon")
    assert case.manifest["spec"]["purpose"]["use"] == "Finds things."
    assert account(case.cells[4]) == ("/spec/words/0", "")
    assert case.manifest["spec"]["words"] == ["soon"]


def test_a_cell_that_finds_no_place_keeps_every_reason() -> None:
    case = import_row("a" * 21, "Scan", "Finds things.", "23-Nov", "x" * 201, "because")
    assert [account(cell) for cell in case.cells] == [
        ("", "longer than 20 characters"),
        ("/metadata/name", ""),
        ("/spec/purpose/use", ""),
        ("", "not a date like m/d/yyyy"),
        ("", "not a value that the map knows; longer than 200 characters"),
        ("", "nobody can tell"),
    ]


def test_a_taken_place_is_a_reason_too() -> None:
    register = parse(MAP.replace("      - {at: /spec/words/-, text: {max: 200}}\n", ""))
    rows = read(csv_text([["DHS", "Scan", "Finds things.", "", "soon", ""]]))
    (case,) = use_cases(rows, register, frozenset(), "hand.csv")
    assert case.cells[4].reason == "not a value that the map knows; another column has said it"


@pytest.mark.parametrize("blank", ["", " ", "n/a", "\n N/A ", "-", "\xa0"])
def test_a_blank_cell_is_recorded_as_blank(blank: str) -> None:
    assert account(import_row("DHS", "Scan", blank).cells[2]) == ("", BLANK)


def test_a_column_has_blanks_of_its_own() -> None:
    case = import_row("none", "Scan", "None")
    assert case.manifest["metadata"]["labels"]["agency"] == "none"
    assert account(case.cells[2]) == ("", BLANK)


def test_repeated_headers_are_kept_apart_by_position() -> None:
    case = import_row("DHS", "Scan", "first", "", "", "second")
    assert [cell.value for cell in (case.cells[2], case.cells[5])] == ["first", "second"]
    assert [cell.column for cell in case.cells if cell.header == HEADERS[2]] == [3, 6]


def test_a_row_over_several_lines_is_placed_by_row_and_first_line() -> None:
    one, two = import_rows(["DHS", "Scan", "a\nb\nc", "", "", ""], ["DHS", "Other", "", "", "", ""])
    assert {(2, 2)} == {(cell.row, cell.line) for cell in one.cells}
    assert {(3, 5)} == {(cell.row, cell.line) for cell in two.cells}


def test_namesakes_get_a_mark_from_what_they_say_and_the_rest_none() -> None:
    a, b, c = (
        case.id
        for case in import_rows(
            ["DHS", "Scan!", "one", "", "", ""],
            ["DHS", "scan", "two", "", "", ""],
            ["DHS", "other", "", "", "", ""],
        )
    )
    assert re.fullmatch("dhs-scan-[0-9a-f]{6}", a)
    assert re.fullmatch("dhs-scan-[0-9a-f]{6}", b)
    assert a != b
    assert c == "dhs-other"


def test_rows_that_say_the_same_are_still_told_apart() -> None:
    row = ["DHS", "Scan", "", "", "", ""]
    assert len({case.id for case in import_rows(row, row, row)}) == 3


def test_a_long_name_is_cut_between_words_and_marked() -> None:
    case = import_row("DHS", "word " * 20)
    assert re.fullmatch("dhs(-word){10}-[0-9a-f]{6}", case.id)
    whole = import_row("", "w" * 70)
    assert re.fullmatch("w{56}-[0-9a-f]{6}", whole.id)


@pytest.mark.parametrize(
    ("agency", "name", "expected"),
    [
        ("Äg", "Über-Prüfung", "ag-uber-prufung"),
        ("", "3M scanner", "uc-3m-scanner"),
        ("", "税関", "uc-[0-9a-f]{6}"),
        ("", "ab", "ab-[0-9a-f]{6}"),
        ("", "CON", "con-[0-9a-f]{6}"),
        ("", "con man", "con-man"),
    ],
)
def test_any_name_makes_an_id_and_none_a_device_of_windows(
    agency: str, name: str, expected: str
) -> None:
    case = import_row(agency, name)
    assert re.fullmatch(expected, case.id)
    assert ID.fullmatch(case.id)


def test_a_name_that_looks_like_a_marked_one_is_marked_itself() -> None:
    first, second = import_rows(["", "Scan", "1", "", "", ""], ["", "Scan", "2", "", "", ""])
    cases = import_rows(
        ["", "Scan", "1", "", "", ""],
        ["", "Scan", "2", "", "", ""],
        ["", first.id, "", "", "", ""],
        ["", second.id, "", "", "", ""],
    )
    assert len({case.id for case in cases}) == 4


@pytest.mark.parametrize("count", [1, 5, 7])
def test_a_row_of_another_width_makes_no_manifest_and_loses_nothing(count: int) -> None:
    cells = [str(number) for number in range(count)]
    (case,) = import_rows(cells)
    assert (case.id, case.manifest) == ("", {})
    assert cells == [cell.value for cell in case.cells]
    assert {f"the row has {count} cells, expected 6"} == {cell.reason for cell in case.cells}
    assert [*HEADERS, ""][:count] == [cell.header for cell in case.cells]
    assert case.cells[:1] == case.troubles


def test_an_empty_line_is_no_row_but_counts() -> None:
    (case,) = import_text(csv_text([]) + "\r\n" + "a,b,c,d,e,f\r\n")
    assert (case.cells[0].row, case.cells[0].line) == (3, 3)


def test_an_unclosed_quote_is_located_and_its_text_kept() -> None:
    good, bad = import_text(csv_text([["DHS", "Scan", "", "", "", ""]]) + 'a,"b,c\nd,e,f\n')
    assert good.id == "dhs-scan"
    assert (bad.id, bad.cells) == (
        "",
        (Cell(3, 3, 0, "", 'a,"b,c\nd,e,f\n', "", "not CSV: unexpected end of data"),),
    )
    assert bad.cells == bad.troubles


def test_reading_goes_on_after_a_row_that_is_not_csv() -> None:
    text = csv_text([]) + 'a,"b"x,c,d,e,f\r\n' + "DHS,Scan,,,,\r\n"
    bad, good = import_text(text)
    assert bad.cells[0].value == 'a,"b"x,c,d,e,f\r\n'
    assert (good.cells[0].row, good.cells[0].line, good.id) == (3, 3, "dhs-scan")


def test_a_cell_with_nul_or_an_undecodable_byte_stays_out_alone() -> None:
    case = import_row("DHS", "Scan\0ner", "caf\udc81")
    assert [account(cell) for cell in case.cells[:3]] == [
        ("/metadata/labels/agency", ""),
        ("", "holds a NUL character"),
        ("", "holds a byte that is no character in this encoding"),
    ]
    assert case.cells[1:3] == case.troubles
    assert "name" not in case.manifest["metadata"]


def test_a_withdrawn_manifest_leaves_all_its_cells_in_the_report() -> None:
    case = withdrawn(import_row("DHS", "Scan", "a").cells, "too large")
    assert (case.id, case.manifest) == ("", {})
    assert {account(cell) for cell in case.cells} == {("", "too large")}
    assert len(case.cells) == 6
    assert case.troubles == case.cells[:1]


def test_a_byte_order_mark_is_no_part_of_the_first_header() -> None:
    assert len(import_text("\ufeff" + csv_text([["DHS", "Scan", "", "", "", ""]]))) == 1


@pytest.mark.parametrize(
    ("headers", "problem"),
    [
        (["Agency", "Title", *HEADERS[2:]], 'column 2 is headed "Title", expected "Name"'),
        (HEADERS[:4], 'column 5 is missing, expected "Stage"'),
        ([*HEADERS, "More"], 'column 7 is headed "More", expected no more'),
        ([HEADERS[0], *HEADERS[:5]], 'column 2 is headed "Agency", expected "Name"'),
    ],
)
def test_another_header_is_refused_with_the_first_difference(
    headers: list[str], problem: str
) -> None:
    with pytest.raises(UsageError) as caught:
        import_text(csv_text([], headers))
    assert ("hand.csv:1", problem) == (caught.value.where, caught.value.problem)
    assert "A register made by hand" in caught.value.remedy


def test_white_space_and_case_of_a_header_do_not_count() -> None:
    headers = [f" {header.upper()}\n" for header in HEADERS]
    assert import_text(csv_text([], headers)) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [("", "no header row"), ("\n", "no header row"), ('"A', "not CSV: unexpected end of data")],
)
def test_a_file_without_a_header_is_refused(text: str, problem: str) -> None:
    with pytest.raises(UsageError) as caught:
        import_text(text)
    assert problem == caught.value.problem


def test_rows_are_read_one_at_a_time() -> None:
    taken = []

    def lines() -> object:
        for line in csv_text([["DHS", f"Scan {n}", "", "", "", ""] for n in range(9)]).splitlines(
            keepends=True
        ):
            taken.append(line)
            yield line

    cases = use_cases(records(lines(), ","), REGISTER, frozenset(), "hand.csv")
    assert next(cases).id == "dhs-scan-0"
    assert len(taken) == 2


def test_a_second_register_is_another_map_and_nothing_else() -> None:
    register = parse(
        MAP.replace('delimiter: ","', 'delimiter: ";"')
        .replace("m/d/yyyy", "d.m.yyyy")
        .replace("row_to: /metadata/annotations/x-row\n", "")
    )
    text = ";".join(HEADERS) + "\nDHS;Scan;;1.7.2024;Initiated;\n"
    (case,) = use_cases(records([*text.splitlines(True)], ";"), register, frozenset(), "x.csv")
    assert at(case.manifest, "/spec/history/0/date") == "2024-07-01"
    assert "annotations" not in case.manifest["metadata"]
