"""`aigov import`: files in, manifests and a complete account of every cell out."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import jsonschema_rs
import pytest

from aigov.bundled import folder
from aigov.check import check
from aigov.cli.import_ import REPORT, import_, load_map, map_names
from aigov.emit import dump
from aigov.errors import PackError, UsageError
from aigov.preparing import Surroundings, read
from aigov.settings import Settings
from aigov.source import load, split_pointer
from judging import AS_OF, rules

REAL = "data/inventories/us-omb/2024_consolidated_ai_inventory_raw_v2.csv"
MAP = """\
map: tiny
title: A tiny register
encodings: [utf-8, cp1252]
delimiter: ","
id: {columns: [1]}
constants: {/kind: UseCase}
layout: [/kind, /metadata]
columns:
  - header: Name
    to:
      - {at: /metadata/name, line: {max: 80}}
  - header: What
    to:
      - {at: /spec/what, text: {max: 2000}}
  - header: What
    report: nobody asks
"""
HOSTILE = [
    ["Formula", "=HYPERLINK(0)", "+1"],
    ["No", "no", "-2"],
    ["Number", "010", "1e3"],
    ["Lines", "one\ntwo", "@SUM(A1)"],
    ["Signs", "a: b #c", "- x"],
    ["Emoji", "😀 \u202eevil\u2066", "\x1b[31m"],
    ["Control", "a\tb\x85c", "2024-07-01"],
    ["Formula", "namesake", ""],
]


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.yaml"
    path.write_text(MAP, "utf-8")
    return path


def write_csv(path: Path, rows: list[list[str]], encoding: str = "utf-8") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows([["Name", "What", "What"], *rows])
    return path


def run(file: Path, chart: Path | str, output: Path, *options: str) -> int:
    args = [str(file), "--map", str(chart), "--output", str(output), *options]
    return import_.main(args, standalone_mode=False) or 0


def report(output: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (output / REPORT).read_text("ascii").splitlines()]


def manifests(output: Path) -> dict[str, object]:
    found = {}
    for path in output.glob("*.aigov.yaml"):
        documents, troubles = load(path.read_bytes())
        assert (troubles, len(documents)) == ((), 1)
        found[path.name.removesuffix(".aigov.yaml")] = documents[0].value
    return found


def test_hostile_cells_come_through_unchanged_and_inert(tmp_path: Path, tiny: Path) -> None:
    source = write_csv(tmp_path / "in.csv", HOSTILE)
    assert run(source, tiny, tmp_path / "out") == 0
    whats = sorted(one["spec"]["what"] for one in manifests(tmp_path / "out").values())
    assert sorted(row[1] for row in HOSTILE) == whats
    kept = [entry["value"] for entry in report(tmp_path / "out") if entry["column"] == 3]
    assert [row[2] for row in HOSTILE] == kept
    for path in (tmp_path / "out").iterdir():
        text = path.read_text("utf-8")
        assert "\u202e" not in text
        assert "\x1b" not in text


def test_a_report_line_says_where_what_and_why(tmp_path: Path, tiny: Path) -> None:
    source = write_csv(tmp_path / "in.csv", [["One", "a\nb", "x"], ["Two", "", "y"]])
    run(source, tiny, tmp_path / "out")
    assert report(tmp_path / "out") == [
        {
            "row": 2,
            "line": 2,
            "column": 3,
            "header": "What",
            "value": "x",
            "reason": "nobody asks",
            "use_case": "one",
        },
        {
            "row": 3,
            "line": 4,
            "column": 2,
            "header": "What",
            "value": "",
            "reason": "blank",
            "use_case": "two",
        },
        {
            "row": 3,
            "line": 4,
            "column": 3,
            "header": "What",
            "value": "y",
            "reason": "nobody asks",
            "use_case": "two",
        },
    ]


def test_the_last_sentence_counts_truly(
    tmp_path: Path, tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_csv(tmp_path / "in.csv", [["One", " a", ""], ["Two", "b", "c"]])
    run(source, tiny, tmp_path / "out")
    out, err = capsys.readouterr()
    assert err == ""
    assert (
        f"2 use cases written to {tmp_path / 'out'}, read as utf-8; of 6 cells, 4 are in "
        f"manifests (1 in other words, their own are in {REPORT}) and 2 in {REPORT} alone, "
        "1 of these blank\n"
    ) == out


def test_a_file_that_is_not_utf_8_is_read_in_the_next_encoding(
    tmp_path: Path, tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_csv(
        tmp_path / "in.csv", [["One", "agency\u2019s \u201cown\u201d", ""]], "cp1252"
    )
    run(source, tiny, tmp_path / "out")
    assert manifests(tmp_path / "out")["one"]["spec"]["what"] == "agency\u2019s \u201cown\u201d"
    assert "read as cp1252" in capsys.readouterr().out


def test_what_cannot_be_read_is_located_kept_and_ends_with_1(
    tmp_path: Path, tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "in.csv"
    source.write_bytes(b'Name,What,What\r\nOne,a\x81b,\r\nTwo,x\r\nThree,\0,\r\nFour,"open\r\n')
    assert run(source, tiny, tmp_path / "out") == 1
    assert {"one", "three"} == set(manifests(tmp_path / "out"))
    kept = {(entry["row"], entry["column"]): entry["value"] for entry in report(tmp_path / "out")}
    assert kept == {
        (2, 2): "a\udc81b",
        (2, 3): "",
        (3, 1): "Two",
        (3, 2): "x",
        (4, 2): "\0",
        (4, 3): "",
        (5, 0): 'Four,"open\r\n',
    }
    out, err = capsys.readouterr()
    assert [
        f"{source}:2: row 2, column 2: holds a byte that is no character in this encoding",
        f"{source}:3: row 3, column 1: the row has 2 cells, expected 3",
        f"{source}:4: row 4, column 2: holds a NUL character",
        f"{source}:5: row 5: not CSV: unexpected end of data",
    ] == err.splitlines()
    assert "4 places could not be read" in out


def test_of_many_troubles_the_first_ten_are_shown(
    tmp_path: Path, tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_csv(tmp_path / "in.csv", [["short"]] * 50)
    assert run(source, tiny, tmp_path / "out") == 1
    shown = capsys.readouterr().err.splitlines()
    assert len(shown) == 11
    assert f"more like this: see {REPORT}" == shown[-1]


def test_a_line_without_end_is_read_in_parts(tmp_path: Path, tiny: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_text("Name,What,What\n" + "x" * 3_000_000 + "\nOne,a,b\n", "utf-8")
    assert run(source, tiny, tmp_path / "out") == 1
    assert {"one"} == set(manifests(tmp_path / "out"))
    assert (
        sum(len(str(entry["value"])) for entry in report(tmp_path / "out") if not entry["column"])
        == 3_000_001
    )


def test_two_runs_write_the_same_bytes(tmp_path: Path, tiny: Path) -> None:
    source = write_csv(tmp_path / "in.csv", HOSTILE)
    for name in ("a", "b"):
        run(source, tiny, tmp_path / name)
    first, second = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in "ab"
    )
    assert first == second
    assert len(HOSTILE) + 1 == len(first)


def test_a_folder_with_files_is_refused_unless_forced(tmp_path: Path, tiny: Path) -> None:
    source = write_csv(tmp_path / "in.csv", [["One", "new", ""]])
    output = tmp_path / "out"
    output.mkdir()
    (output / "one.aigov.yaml").write_text("old\n", "utf-8")
    (output / "mine.txt").write_text("mine\n", "utf-8")
    with pytest.raises(UsageError) as caught:
        run(source, tiny, output)
    assert "--force" in caught.value.remedy
    assert (output / "one.aigov.yaml").read_text("utf-8") == "old\n"
    assert run(source, tiny, output, "--force") == 0
    assert manifests(output)["one"]["spec"]["what"] == "new"
    assert {"mine.txt", "one.aigov.yaml", REPORT} == {path.name for path in output.iterdir()}


def test_a_link_in_the_folder_is_replaced_not_followed(tmp_path: Path, tiny: Path) -> None:
    source = write_csv(tmp_path / "in.csv", [["One", "new", ""]])
    outside = tmp_path / "outside"
    outside.write_text("untouched", "utf-8")
    output = tmp_path / "out"
    output.mkdir()
    (output / "one.aigov.yaml").symlink_to(outside)
    run(source, tiny, output, "--force")
    assert outside.read_text("utf-8") == "untouched"
    assert not (output / "one.aigov.yaml").is_symlink()


def test_another_header_leaves_no_half_report(tmp_path: Path, tiny: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_text("Name,Wat,What\nOne,a,b\n", "utf-8")
    with pytest.raises(UsageError) as caught:
        run(source, tiny, tmp_path / "out")
    assert f"{source}:1" == caught.value.where
    assert caught.value.problem == 'column 2 is headed "Wat", expected "What"'
    assert [*(tmp_path / "out").iterdir()] == []


@pytest.mark.parametrize("name", ["us-omb", "../us-omb-2024", "missing.yaml", ""])
def test_an_unknown_map_is_refused_with_the_known_ones(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError) as caught:
        run(tmp_path / "in.csv", name, tmp_path / "out")
    assert "us-omb-2024" in caught.value.remedy


@pytest.mark.parametrize("text", ["a: [", "a: 1\n---\nb: 2\n"])
def test_a_map_that_is_not_one_yaml_document_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(PackError) as caught:
        load_map(str(path))
    assert str(path) in caught.value.where


def test_a_missing_file_or_a_folder_is_refused(tmp_path: Path, tiny: Path) -> None:
    with pytest.raises(UsageError) as caught:
        run(tmp_path / "none.csv", tiny, tmp_path / "out")
    assert caught.value.problem == "no such file"
    with pytest.raises(UsageError) as caught:
        run(tmp_path, tiny, tmp_path / "out")
    assert caught.value.problem == "not a regular file"


def test_an_output_that_is_a_file_is_refused(tmp_path: Path, tiny: Path) -> None:
    source = write_csv(tmp_path / "in.csv", [])
    with pytest.raises(UsageError) as caught:
        run(source, tiny, source)
    assert str(source) == caught.value.where


def test_a_file_that_cannot_be_replaced_is_named_and_leaves_no_draft(
    tmp_path: Path, tiny: Path
) -> None:
    source = write_csv(tmp_path / "in.csv", [["One", "a", "b"]])
    taken = tmp_path / "out" / "one.aigov.yaml"
    taken.mkdir(parents=True)
    with pytest.raises(UsageError) as caught:
        run(source, tiny, tmp_path / "out", "--force")
    assert caught.value.where == str(taken)
    assert [*(tmp_path / "out").iterdir()] == [taken]


def test_a_manifest_too_large_to_be_read_is_not_written(tmp_path: Path) -> None:
    chart = tmp_path / "wide.yaml"
    chart.write_text(MAP.replace("max: 2000", "max: 200000"), "utf-8")
    long = "\U0001f600" * 100_000
    source = write_csv(tmp_path / "in.csv", [["One", long, "b"], ["Two", "a", "b"]])
    assert run(source, chart, tmp_path / "out") == 1
    assert set(manifests(tmp_path / "out")) == {"two"}
    kept = [entry for entry in report(tmp_path / "out") if entry["row"] == 2]
    assert [entry["value"] for entry in kept] == ["One", long, "b"]
    assert {entry["reason"] for entry in kept} == {"the manifest would be larger than 256 KiB"}


def test_every_shipped_map_holds_and_is_called_as_its_file() -> None:
    assert "us-omb-2024" in map_names()
    for name in map_names():
        assert name == load_map(name).name


def test_the_names_of_maps_are_completed() -> None:
    from click.shell_completion import ShellComplete

    completer = ShellComplete(import_, {}, "aigov-import", "_X")
    assert [one.value for one in completer.get_completions(["x.csv", "--map"], "us-")] == [
        "us-omb-2024"
    ]


def test_the_shipped_map_states_nothing_about_owners_tiers_or_exposure() -> None:
    register = load_map("us-omb-2024")
    places = {target.place for column in register.columns for target in column.targets}
    places |= set(register.constants)
    assert not [place for place in places if place[:2] == ("spec", "ownership")]
    assert not places & {("spec", "risk", "tier"), ("spec", "lifecycle", "exposure")}


def resolve(document: object, pointer: str) -> object:
    for part in split_pointer(pointer):
        document = document[int(part)] if isinstance(document, list) else document[part]
    return document


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Path:
    output = tmp_path_factory.mktemp("register") / "out"
    assert run(shared / REAL, "us-omb-2024", output) == 0
    return output


def test_the_real_register_makes_2133_manifests_with_2133_ids(imported: Path) -> None:
    found = manifests(imported)
    assert len(found) == 2133
    assert all(name == one["metadata"]["id"] for name, one in found.items())


def test_every_cell_of_the_real_register_is_accounted_for(imported: Path, shared: Path) -> None:
    text = (shared / REAL).read_bytes().decode("cp1252")
    rows = [*csv.reader(io.StringIO(text, newline=""), strict=True)]
    assert (2134, {62}) == (len(rows), {len(row) for row in rows})
    register = load_map("us-omb-2024")
    entries = {(int(e["row"]), int(e["column"])): e for e in report(imported)}
    by_row = {
        int(one["metadata"]["annotations"]["x-omb-row"]): one
        for one in manifests(imported).values()
    }
    lost = []
    for number, row in enumerate(rows[1:], 2):
        for column, value in enumerate(row, 1):
            entry = entries.pop((number, column), None)
            if entry:
                assert value == entry["value"]
                if "target" in entry:
                    resolve(by_row[number], str(entry["target"]))
                continue
            places = [one.place for one in register.columns[column - 1].targets]
            if not any(holds(by_row[number], place, value) for place in places):
                lost.append((number, column))
    assert (lost, entries) == ([], {})


def holds(document: object, place: tuple[str, ...], value: str) -> bool:
    for part in place:
        if not isinstance(document, dict) or part not in document:
            return False
        document = document[part]
    return value == document


def test_a_real_manifest_lacks_only_what_the_register_does_not_say(imported: Path) -> None:
    schema = json.loads(Path(folder("schemas"), "manifest.v1.json").read_text("utf-8"))
    validator = jsonschema_rs.Draft202012Validator(
        {"$ref": "#/$defs/UseCase", "$defs": schema["$defs"]}
    )
    wrong = {
        error.message
        for one in manifests(imported).values()
        for error in validator.iter_errors(one)
        if not error.message.endswith("is a required property")
    }
    assert set() == wrong


def test_all_of_the_real_register_is_judged_in_one_run(imported: Path, monkeypatch, capsys) -> None:
    import sys

    from aigov import cli

    command = ["aigov-gate", "check", "--as-of", "2026-11-22", "--format", "json", str(imported)]
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    report = json.loads(capsys.readouterr().out)
    documents = report["documents"]
    assert ended.value.code == 1  # no register says who is accountable
    assert report["summary"]["documents"] == len(documents) == 2133
    assert len({document["use_case"] for document in documents}) == 2133
    assert report["problems"] == []
    assert report["summary"]["error"] == 0
    assert all(any(r["code"] == "GOV-001" for r in one["results"]) for one in documents)


def test_the_register_shows_how_many_assessments_are_blank(
    imported: Path, shared: Path, tmp_path: Path
) -> None:
    assert governance_of(imported) == (351, 253, 215)
    data = (shared / REAL).read_bytes().decode("cp1252")
    rows = [*csv.reader(io.StringIO(data, newline=""), strict=True)]
    stage, impact, assessment = 9, 10, 45
    blanked = [
        row
        for row in rows[1:]
        if row[stage] == "Operation and Maintenance"
        and row[impact].strip() in ("Both", "Rights-Impacting", "Safety-Impacting")
        and row[assessment] == "Yes"
    ][:10]
    for row in blanked:
        row[assessment] = ""
    with (tmp_path / "copy.csv").open("w", encoding="cp1252", newline="") as file:
        csv.writer(file).writerows(rows)
    assert run(tmp_path / "copy.csv", "us-omb-2024", tmp_path / "out") == 0
    assert governance_of(tmp_path / "out") == (351, 253, 225)


def governance_of(folder: Path) -> tuple[int, int, int]:
    """Return how many use cases are high-impact, how many of these are live, and of how many
    of these the checker finds no word on an impact assessment."""
    found = {
        name: one
        for name, one in manifests(folder).items()
        if one["spec"].get("risk", {}).get("us_omb", {}).get("high_impact") is True
    }
    files = [
        (read(f"{name}.yaml", dump(one).encode(), rules(), Settings(AS_OF)), Surroundings())
        for name, one in found.items()
    ]
    judged = check(files, rules(), Settings(AS_OF)).documents
    live = [one for one in judged if one.declared_stage == "production"]
    blank = [
        one
        for one in live
        for result in one.results
        if result.code == "REG-008"
        and "/spec/risk/us_omb/practices/impact_assessment/status" in result.missing
        and "x-omb-impact-assessment" not in found[one.use_case]["metadata"]["annotations"]
    ]
    return len(judged), len(live), len(blank)
