"""`aigov.reports.fleet`: one audit in four formats, and what each owes its reader."""

from __future__ import annotations

import csv
import html
import io
import json
import re
import tracemalloc
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from aigov.cli.schema import schema
from aigov.reports import Style
from aigov.reports.escape import escape
from aigov.reports.fleet import FLEET_FORMATS, render
from aigov.reports.fleet.changes import NAMED, changes_since
from aigov.reports.fleet.markdown import LISTED
from aigov.reports.fleet.measures import FIELDS, measure
from aigov.reports.tables import SIZE
from aigov.results import Changes, CheckResult, FleetAudit, Tally, summarise
from reports.fleet_zoo import (
    CHANGES,
    FLEET,
    RETAIL,
    ROWS,
    documents,
    entry,
    failed,
    hostile_fleet,
    of,
    poisoned_fleet,
    seen,
    trouble,
)
from reports.test_agreement import ATTACKS, RUNS, TEXTS
from reports.test_json import closed, inert, walk
from reports.zoo import ZOO

NEEDING = ("runtime", "infrastructure", "model", "notebook")
STATES = ("unregistered", "registered", "declared_not_ai", "none", "failed")


def printed(name: str, fleet: FleetAudit, style: Style | None = None) -> str:
    return "".join(render(name)(fleet, style or Style()))


# ------------------------------------------------------------ all formats say the same numbers


class Told(NamedTuple):
    """What a format says of an audit; None for what it does not say."""

    states: tuple[int, ...]
    use_cases: int
    blocking: int
    warnings: int
    waived: int
    split: Mapping[str, int] | None = None
    """Use cases by stage and tier, those that there are."""
    listed: Mapping[str, int] | None = None
    """How many each list has."""


def recount(fleet: FleetAudit) -> Told:
    """Count an audit off its rows, plainly."""
    states, split, listed, numbers = (Counter[str]() for _ in range(4))
    for row in fleet.rows():
        state = row["ai_use"] if row["state"] == "ok" else "failed"
        states[state] += 1
        listed[state] += state in ("unregistered", "failed", "declared_not_ai")
        for problem in row["problems"]:
            numbers["blocking"] += 1
            listed["blocked"] += problem["code"] != "REP-001"
        for document in row["documents"]:
            if document["kind"] == "UseCase":
                numbers["use_cases"] += 1
                split[document["stage"] or "unknown"] += 1
                split[document["tier"] or "unknown"] += 1
            blocks = 0
            for one in document["results"]:
                open_one = one["outcome"] in ("fail", "unknown")
                blocks += one["outcome"] == "error"
                blocks += open_one and one["enforcement"] == "block"
                numbers["warnings"] += open_one and one["enforcement"] == "warn"
                numbers["waived"] += one["outcome"] == "waived"
            numbers["blocking"] += blocks
            listed["blocked"] += blocks > 0
    counted = (numbers[name] for name in ("use_cases", "blocking", "warnings", "waived"))
    return Told(tuple(states[one] for one in STATES), *counted, split, +listed)


_VERDICT = re.compile(
    r"([\d,]+) repositor(?:y|ies): ([\d,]+) unregistered, ([\d,]+) registered,"
    r" ([\d,]+) declared not AI, ([\d,]+) without AI, ([\d,]+) failed · ([\d,]+) blocking,"
    r" ([\d,]+) warnings?, ([\d,]+) waived\Z"
)
_COUNTS = re.compile(r"([\d,]+) use cases?(?:: (.*?))?(?: · tiers: (.*?))? ·.* as of \S+ · run \S+")
_TITLES = {
    "unregistered": "Unregistered: AI use without a manifest",
    "failed": "Could not be judged",
    "blocked": "Blocked",
    "declared_not_ai": "Declared not to be AI",
}


def _number(text: str) -> int:
    return int(text.replace(",", ""))


def _sentences(counts: str, verdict: str, listed: Mapping[str, int]) -> Told:
    words, ends = _COUNTS.match(counts), _VERDICT.match(verdict)
    assert words is not None
    assert ends is not None
    every, *numbers = map(_number, ends.groups())
    assert every == sum(numbers[:5])
    split = Counter[str]()
    for part in ", ".join(filter(None, words.groups()[1:])).split(", "):
        many, _, name = part.partition(" ")
        split[name] += _number(many) if name else 0
    return Told(tuple(numbers[:5]), _number(words[1]), *numbers[5:], +split, listed)


def _text(report: str) -> Told:
    *parts, closing = report.split("\n\n")
    at = closing.rindex("\n", 0, closing.rindex(" repositor"))
    listed = {}
    for part in parts:
        title, _, many = part.partition("\n")[0].rpartition(" (")
        for name, words in _TITLES.items():
            if title == words:
                listed[name] = _number(many.removesuffix(")"))
    counts, verdict = (" ".join(words.split()) for words in (closing[:at], closing[at:]))
    return _sentences(counts, verdict, listed)


def _markdown(report: str) -> Told:
    lines = html.unescape(report.replace("<!-- -->", "")).split("\n")
    listed = {}
    for line in lines:
        for name, words in _TITLES.items():
            if line.startswith(f"### {words} ("):
                listed[name] = _number(line.rpartition("(")[2].removesuffix(")"))
    return _sentences(lines[4], lines[2].strip("*"), listed)


def _json(report: str) -> Told:
    read = json.loads(report)
    recounted = recount(FLEET._replace(rows=lambda: read["repositories"]))
    summary = read["summary"]
    sums = (summary["sums"][name] for name in ("use_cases", "blocking", "warnings", "waived"))
    split = Counter(summary["stages"])
    split.update(summary["tiers"])
    told = Told(tuple(summary["repositories"].values()), *sums, +split, recounted.listed)
    assert tuple(summary["repositories"]) == STATES
    assert told == recounted
    return told


def _csv(report: str) -> Told:
    rows = table(report)
    states = Counter(row["ai_use"] or row["state"] for row in rows)
    names = ("use_cases", "blocking", "warnings", "waived")
    sums = (sum(int(row[name]) for row in rows) for name in names)
    return Told(tuple(states[one] for one in STATES), *sums)


def table(report: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(report, newline=""), strict=True))


READERS = {"text": _text, "json": _json, "csv": _csv, "markdown": _markdown}


def agree(fleet: FleetAudit) -> None:
    expected = recount(fleet)
    for name in FLEET_FORMATS:
        told = READERS[name](printed(name, fleet))
        known = {field: value for field, value in told._asdict().items() if value is not None}
        assert known == {field: getattr(expected, field) for field in known}, name


def rows(number: int) -> st.SearchStrategy[dict[str, Any]]:
    """Return entries of any state that hold what the audit would put in them."""

    def build(run: CheckResult, use: str, text: str, kinds: list[str]) -> dict[str, Any]:
        name = f"{number} {text[:200]}"
        if use == "failed":
            return failed(name, f"timeout: {text}")
        return entry(
            name,
            use,
            documents=documents(run),
            problems=[one._asdict() for one in run.problems],
            detections=[seen(f"{text}.py", 1, kind, text, None) for kind in kinds],
            unread=[text] * len(kinds),
            notes=[text] * (use == "declared_not_ai"),
        )

    kinds = st.lists(st.sampled_from(["runtime", "model", "mention"]), max_size=3)
    return st.builds(build, RUNS, st.sampled_from(STATES), TEXTS, kinds)


def test_every_format_has_a_reader() -> None:
    assert set(READERS) == set(FLEET_FORMATS)


@pytest.mark.parametrize("fleet", [FLEET, hostile_fleet(), of()], ids=["tame", "hostile", "empty"])
def test_all_formats_agree_with_a_plain_recount(fleet: FleetAudit) -> None:
    agree(fleet)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda one: ascii(one)[:24])
def test_hostile_values_change_no_number(attack: str) -> None:
    fleet = poisoned_fleet(lambda text: f"{attack}{text}{attack}")
    agree(fleet)
    assert recount(fleet) == recount(FLEET)


@settings(max_examples=50, suppress_health_check=list(HealthCheck), deadline=None)
@given(st.tuples(*map(rows, range(4))), st.sampled_from([None, CHANGES]))
def test_formats_agree_on_whatever_an_audit_finds(
    found: tuple[dict[str, Any], ...], changes: Changes | None
) -> None:
    agree(of(*found, changes=changes))


@settings(max_examples=60, suppress_health_check=list(HealthCheck), deadline=None)
@given(RUNS)
@example(ZOO)
def test_a_repository_counts_as_in_its_own_report(run: CheckResult) -> None:
    problems = [one._asdict() for one in run.problems]
    line = measure(entry("a", "registered", documents=documents(run), problems=problems))
    summary = summarise(run)
    assert (line["blocking"], line["warnings"]) == (summary.blocking, summary.warning)
    assert line["waived"] == summary.outcomes["waived"]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda one: ascii(one)[:24])
@pytest.mark.parametrize("name", FLEET_FORMATS)
def test_nothing_hostile_reaches_a_terminal_or_a_runner(name: str, attack: str) -> None:
    report = printed(name, poisoned_fleet(lambda text: f"{attack}{text}"), Style(verbose=True))
    for line in report.replace("\r\n", "\n").removesuffix("\n").split("\n"):
        assert line.isprintable()
        assert "##" not in line.replace("### ", "").replace("## ", "")
        assert not line.lstrip().startswith("::")
    assert report.encode().decode() == report


@pytest.mark.parametrize("name", FLEET_FORMATS)
def test_two_renderings_are_equal_to_the_byte_and_end_in_a_newline(name: str) -> None:
    assert printed(name, FLEET) == printed(name, FLEET)
    assert printed(name, FLEET).endswith("\n")
    assert printed(name, of()).endswith("\n")


@pytest.mark.parametrize("name", FLEET_FORMATS)
def test_rows_are_gone_through_once_and_never_kept(name: str) -> None:
    text = "".join(render(name)(many(3), Style()))  # what is imported late is there
    assert text
    few, more = peak(name, 100), peak(name, 1_000)
    assert more < few + 300_000  # a row takes 10,000


def many(number: int) -> FleetAudit:
    """Return an audit of a number of repositories, each made when it is drawn."""
    drawn = [0]

    def draw() -> Iterator[Mapping[str, Any]]:
        drawn[0] += 1
        assert drawn[0] == 1
        for each in range(number):
            results = json.loads(json.dumps(RETAIL[3]))
            yield entry(f"{each:06}", "registered", documents=[results])

    return FLEET._replace(rows=draw)


def peak(name: str, number: int) -> int:
    tracemalloc.start()
    try:
        for _ in render(name)(many(number), Style()):
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


# ---------------------------------------------------------------------------------------- text


def sections(report: str) -> list[str]:
    return report.split("\n\n")[:-1]


def test_what_is_most_urgent_comes_first_and_the_verdict_last() -> None:
    report = printed("text", FLEET)
    assert [part.partition("\n")[0] for part in sections(report)] == [
        "Unregistered: AI use without a manifest (3)",
        "Could not be judged (2)",
        "Blocked (3)",
        "Changed since 2026-11-21",
        "Declared not to be AI (2)",
    ]
    assert report.endswith("11 blocking, 3 warnings, 1 waived\n")


def test_lines_keep_within_80_columns_but_for_a_path_that_is_longer() -> None:
    assert [line for line in printed("text", FLEET).splitlines() if len(line) > 80] == []
    long = seen("x" * 90, 7, "runtime", "openai")
    report = printed("text", of(entry("a", "unregistered", detections=[long])))
    assert f"\n    {'x' * 90}:7 openai\n" in report


def test_the_first_use_without_a_manifest_is_shown_and_the_others_counted() -> None:
    found = [
        seen("README.md", 1, "mention", "openai"),
        seen("a.py", 1, "runtime", "openai", "bot"),
        *(seen(f"{kind}.x", 4, kind, "cohere") for kind in NEEDING),
    ]
    (part,) = sections(printed("text", of(entry("a", "unregistered", detections=found))))
    assert part.splitlines()[1:] == ["  a  4 places", "     runtime.x:4 cohere"]


def test_a_list_shows_what_blocks_most_and_counts_the_rest() -> None:
    blocked = [one for one in RETAIL[1]["results"] if one["outcome"] in ("fail", "error")]
    blocked = [one for one in blocked if one["enforcement"] == "block"] * 2
    found = [
        entry(
            f"r{number:03}",
            "registered",
            documents=[{**RETAIL[1], "results": blocked[: number % 7]}],
        )
        for number in range(101)
    ]
    report = printed("text", of(*found), Style(limit=3))
    (part,) = sections(report)
    shown = re.findall(r"(\d) blocking", part)
    places = re.findall(r"(r\d{3}): ", part)
    assert part.startswith("Blocked (86)\n")
    assert shown == ["6", "6", "6"]
    assert places == ["r006", "r013", "r020"]
    assert part.endswith("\n  and 83 more: --verbose")
    whole = printed("text", of(*found), Style(limit=3, verbose=True))
    assert len(re.findall(r"\d blocking \(", whole)) == 86
    assert "more: --verbose" not in whole


def test_a_failure_says_its_class_and_what_to_do() -> None:
    rows = (failed("a", "empty: it has no commit"), failed("b", "killed: signal 9"))
    (part,) = sections(printed("text", of(*rows)))
    assert part.splitlines()[1:] == [
        "  a  empty: it has no commit",
        "     Push a commit to its default branch, or leave it out.",
        "  b  killed: signal 9",
        "     Audit it alone to see whether it fails again.",
    ]


def test_what_blocks_and_is_no_use_case_is_listed_too() -> None:
    waiver = {**RETAIL[2], "use_case": ""}
    waiver["results"] = [{**waiver["results"][0], "code": "WAI-001", "enforcement": "block"}]
    row = entry("a", "none", documents=[waiver], problems=[trouble("SYN-001", "x.yaml", 7, "no")])
    (part,) = sections(printed("text", of(row)))
    assert part.splitlines()[1:] == [
        "  (no metadata.id)  1 blocking",
        "                    WAI-001",
        "                    a: examples/2-moderate-production.aigov.yaml:144",
        "  (a file)          1 blocking",
        "                    SYN-001 manifest-syntax",
        "                    a: x.yaml:7",
    ]


def test_quiet_says_only_how_it_ends() -> None:
    quiet = printed("text", FLEET, Style(quiet=True))
    assert printed("text", FLEET).endswith(f"\n\n{quiet}")
    assert "\n\n" not in quiet


@pytest.mark.parametrize(
    ("rows", "colour"),
    [
        ((), "35"),
        ((entry("a", "none"),), "32"),
        ((entry("a", "registered", documents=RETAIL[2:3]),), "35"),
        ((entry("a", "registered", documents=RETAIL[1:2]),), "1;31"),
        ((entry("a", "unregistered"),), "1;31"),
        ((failed("a", "empty: x"),), "1;31"),
    ],
)
def test_the_colour_of_the_last_line_says_how_it_ends(
    rows: tuple[dict[str, Any], ...], colour: str
) -> None:
    report = printed("text", of(*rows), Style(colour=True, width=200))
    assert report.splitlines()[-1].startswith(f"\x1b[{colour}m")


def test_one_of_each_is_said_in_the_singular_and_a_profile_is_not_missed() -> None:
    row = entry("a", "registered", documents=RETAIL[:1], unread=["big.json"])
    report = printed("text", of(row, profile_digest=f"sha256:{'a' * 64}"), Style(width=200))
    ending = (
        "1 use case: 1 pilot · tiers: 1 low · 1 file too large to read · as of 2026-11-22"
        " · run 0123456789ab\n1 repository: 0 unregistered, 1 registered, 0 declared not AI,"
        " 0 without AI, 0 failed · 0 blocking, 0 warnings, 0 waived\n"
    )
    assert report == ending


# ------------------------------------------------------------------------------------- changes


class Change(NamedTuple):
    """What the history yields."""

    kind: str
    state: str
    what: str
    why: str | None = None
    repo: str = "r"
    use_case: str | None = None
    name: str | None = None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (Change("repository", "unregistered", "new"), "newly_unregistered"),
        (Change("repository", "unregistered", "entered"), "newly_unregistered"),
        (Change("repository", "unregistered", "left", "changed"), "no_longer_unregistered"),
        (Change("repository", "unregistered", "left", "repo_gone"), "no_longer_unregistered"),
        (Change("finding", "open", "new"), "findings_opened"),
        (Change("finding", "open", "entered"), "findings_reopened"),
        (Change("finding", "open", "left", "fixed"), "findings_fixed"),
        (Change("finding", "waived", "left", "fixed"), "findings_fixed"),
        (Change("finding", "open", "left", "waived"), "findings_waived"),
        (Change("finding", "open", "left", "rule_retired"), "findings_rule_retired"),
        (Change("finding", "open", "left", "repo_gone"), "findings_repo_gone"),
        (Change("waiver", "expired", "new"), "waivers_expired"),
        (Change("waiver", "expired", "entered"), "waivers_expired"),
    ],
)
def test_a_change_is_counted_as_what_it_is(change: Change, field: str) -> None:
    assert changes_since("2026-11-21", [change]).tallies == {
        **Changes("").tallies,
        field: Tally(1, ("r",)),
    }


@pytest.mark.parametrize(
    "change",
    [
        Change("repository", "registered", "new"),
        Change("finding", "waived", "entered"),
        Change("finding", "waived", "left", "unwaived"),
        Change("waiver", "expired", "left", "removed"),
        Change("use_case", "pilot", "left", "repo_gone"),
        Change("detection", "runtime", "new"),
    ],
)
def test_what_no_reader_asks_for_is_not_counted(change: Change) -> None:
    assert changes_since("2026-11-21", [change]) == Changes("2026-11-21")


def test_a_change_names_a_few_and_counts_all() -> None:
    found = [
        Change("finding", "open", "new", None, f"r{n}", "bot", "GOV-001") for n in range(1_200)
    ]
    changes = changes_since("2026-11-21", iter(found))
    names = tuple(f"r{n} bot GOV-001" for n in range(NAMED))
    assert changes.findings_opened == Tally(1_200, names)
    (part,) = sections(printed("text", of(changes=changes), Style(width=200)))
    assert part == (
        "Changed since 2026-11-21\n"
        "  findings opened  1,200: r0 bot GOV-001; r1 bot GOV-001; r2 bot GOV-001; 1,197 more"
    )


def test_a_first_audit_and_one_without_changes_say_nothing_of_them() -> None:
    for changes in (None, Changes("2026-11-21")):
        assert "Changed" not in printed("text", of(*ROWS, changes=changes))


# ----------------------------------------------------------------------------- JSON, its schema

SCHEMA = json.loads(CliRunner().invoke(schema, ["audit"]).output)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def test_the_schema_is_whole_and_describes_every_property() -> None:
    folder = Path(__file__).parents[2] / "schemas"
    own = json.loads((folder / "audit.v1.json").read_text("utf-8"))
    report = json.loads((folder / "report.v1.json").read_text("utf-8"))
    assert {**own, "$defs": {**own["$defs"], "report": report}} == SCHEMA
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$id"] == "urn:aigov:schemas:audit:v1"
    parts = [part for part in walk(own) if "properties" in part]
    bare = [name for part in parts for name, one in part["properties"].items()
            if "description" not in one]  # fmt: skip
    assert bare == []
    assert [part for part in parts if closed(part) is not False] == []


@pytest.mark.parametrize("fleet", [FLEET, hostile_fleet(), of()], ids=["tame", "hostile", "empty"])
def test_the_report_fits_its_schema(fleet: FleetAudit) -> None:
    report = json.loads(printed("json", fleet))
    assert [error.message[:200] for error in VALIDATOR.iter_errors(report)] == []
    assert list(report) == SCHEMA["required"]


@pytest.mark.parametrize(
    "path",
    [
        "run",
        "changes/waivers_expired",
        "summary/sums/blocking",
        "policies/GOV-004/id",
        "repositories/0/unread",
        "repositories/0/detections/0/use_case",
        "repositories/8/documents/1/results/0/fingerprint",
        "repositories/1/problems/0/line",
    ],
)
def test_a_report_that_lacks_a_field_does_not_fit(path: str) -> None:
    broken = json.loads(printed("json", FLEET))
    *parents, name = path.split("/")
    part = broken
    for parent in parents:
        part = part[int(parent)] if parent.isdecimal() else part[parent]
    del part[name]
    assert not VALIDATOR.is_valid(broken)


def test_each_repository_is_one_line_as_it_was_given() -> None:
    chunks = list(render("json")(FLEET, Style()))
    for row in ROWS:
        (chunk,) = (one for one in chunks if f'"name": "{row["name"]}"' in one)
        assert json.loads(chunk.lstrip(",")) == row
    inert(printed("json", hostile_fleet()))


def test_the_style_changes_no_format_for_machines() -> None:
    for name in ("json", "csv"):
        style = Style(width=40, colour=True, verbose=True, quiet=True)
        assert printed(name, FLEET, style) == printed(name, FLEET)


# ----------------------------------------------------------------------------------------- CSV


def test_a_row_has_the_fields_of_the_header_whatever_stands_in_it() -> None:
    for fleet in (FLEET, hostile_fleet()):
        report = printed("csv", fleet)
        read = list(csv.reader(io.StringIO(report, newline=""), strict=True))
        assert read[0] == list(FIELDS)
        assert {len(row) for row in read} == {len(FIELDS)}
        assert len(read) == len(ROWS) + 1 == report.count("\r\n") == report.count("\n")


def test_a_spreadsheet_reads_what_was_found() -> None:
    by_name = {row["name"]: row for row in table(printed("csv", FLEET))}
    retail = by_name["northbank/retail"]
    assert (retail["highest_tier"], retail["furthest_stage"]) == ("moderate", "production")
    assert retail["first_detection"] == "bot.py:2 openai"
    lost = by_name["northbank/lost"]
    assert (lost["state"], lost["ai_use"], lost["head"]) == ("failed", "", "")
    assert lost["error"] == "not found: the server has no such repository"


@pytest.mark.parametrize(
    "sign", [*"=+-@\t\r\n", " =", "  @", "\uff1d", "\uff0b", "\uff0d", "\uff20"]
)
def test_no_cell_is_a_formula(sign: str) -> None:
    row = entry(f"{sign}1+1", "none", source=f'{sign}cmd|" /c calc"!A1,')
    (read,) = table(printed("csv", of(row)))
    assert read["name"] == escape(f"'{sign}1+1" if sign not in "\t\r\n" else f"{sign}1+1")
    assert not read["name"].lstrip().startswith(("=", "+", "-", "@", "\t", "\r", sign))
    assert not read["source"].lstrip().startswith(("=", "+", "-", "@", "\t", "\r", sign))


# ------------------------------------------------------------------------------------ Markdown


def test_the_page_has_the_order_of_the_text_and_a_table_each() -> None:
    report = printed("markdown", FLEET)
    titles = [line for line in report.splitlines() if line.startswith("#")]
    assert titles[0] == "## aigov-gate audit"
    assert [one.removeprefix("### ") for one in titles[1:]] == [
        f"{part.partition(chr(10))[0]}{' (7)' if 'since' in part else ''}"
        for part in sections(printed("text", FLEET))
    ]
    for block in report.split("\n\n"):
        if block.startswith("|"):
            assert len({line.count("|") for line in block.splitlines()}) == 1


def test_a_long_table_is_cut_and_says_so() -> None:
    found = [entry(f"r{number:04}", "unregistered") for number in range(LISTED + 1_234)]
    report = printed("markdown", of(*found))
    assert report.count("| r0") == LISTED
    assert report.endswith("\n1,234 more\n")


def test_a_page_that_would_grow_too_big_ends_with_a_notice() -> None:
    wide = [seen("\u6f22" * 500, 1, "runtime", "\u5b57" * 500)]
    found = [
        entry("\u6f22" * 499 + str(number % 10), use, detections=wide, notes=["\u6f22" * 500])
        for use in ("unregistered", "declared_not_ai")
        for number in range(LISTED)
    ]
    found += [failed("\u6f22" * 500, "\u6f22" * 500) for _ in range(LISTED)]
    report = printed("markdown", of(*found))
    assert len(report.encode()) <= SIZE
    assert report.endswith("`aigov-gate audit --format json=FILE` writes all of it.\n")
