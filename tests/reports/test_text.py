"""`aigov.reports.text`: the report for people."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aigov.findings import Outcome, Place, Result, Spot
from aigov.reports import Style
from aigov.reports.escape import columns
from aigov.reports.text import FEW, LISTED, render
from aigov.results import CheckResult, Derived, DocumentResult, Problem
from reports.zoo import (
    ATTACK,
    BLOCK,
    FAIL,
    PASS,
    RETAIL,
    UNKNOWN,
    WARN,
    ZOO,
    found,
    hostile,
    poisoned,
)

ANSI = re.compile(r"\x1b\[(?:0|1|2|32|35|1;31)m")
HEAD = re.compile(r"^  (ERROR |BLOCK |warn  |info  |waived) ", re.MULTILINE)
STYLES = {
    "plain": Style(),
    "colour": Style(colour=True),
    "verbose": Style(verbose=True),
    "verbose colour": Style(verbose=True, colour=True),
    "quiet": Style(quiet=True),
    "narrow": Style(width=50),
    "no room": Style(limit=0),
}


def text(result: CheckResult, style: Style = STYLES["plain"]) -> str:
    return "".join(render(result, style))


def only(*documents: DocumentResult) -> CheckResult:
    return ZOO._replace(documents=documents, problems=(), notes=(), target_stage=None)


PILOT = ZOO.documents[0]
CLEAN = PILOT._replace(preview=(), next_stage=None)
FINDING = found("GOV-004", FAIL, BLOCK, "declared low, but M2 implies moderate", "/spec/risk/tier",
                (41, 11, 14))  # fmt: skip


def test_one_finding_says_what_where_why_and_what_to_do() -> None:
    assert text(only(CLEAN._replace(results=(FINDING,)))) == (
        "Use case sre-runbook-assistant \u00b7 SRE runbook assistant\n"
        "  examples/1-low-pilot.aigov.yaml\n"
        "  tier low, stage pilot\n"
        "\n"
        "  BLOCK  GOV-004 tier-understated\n"
        "         examples/1-low-pilot.aigov.yaml:41:11\n"
        "         declared low, but M2 implies moderate\n"
        "         fix: Raise spec.risk.tier, or correct the fact that drives it.\n"
        "         serves: eu-ai-act Art. 6; nist-ai-rmf GOVERN 1.3, MAP 2.1; 1 more\n"
        "\n"
        "0 passed \u00b7 as of 2026-11-22\n"
        "1 use case: 1 blocked \u00b7 1 blocking, 0 warnings\n"
    )


def test_a_passing_document_is_one_line_and_what_the_next_stage_would_find() -> None:
    assert text(only(PILOT)) == (
        "  pass       sre-runbook-assistant examples/1-low-pilot.aigov.yaml (low, pilot)\n"
        "  Next stage, authorization, would find 2 more:\n"
        "    GOV-003  An approver builds or answers for what is approved\n"
        "    VAL-006  The value is not measured\n"
        "\n"
        "13 passed, 2 later \u00b7 as of 2026-11-22\n"
        "1 use case: 1 passing \u00b7 0 blocking, 0 warnings\n"
    )


def test_an_empty_run_does_not_sound_like_a_pass() -> None:
    assert text(only()) == (
        "0 passed \u00b7 as of 2026-11-22\nno document was judged \u00b7 0 blocking, 0 warnings\n"
    )


def test_many_passing_documents_are_a_number_unless_verbose() -> None:
    many = only(*(CLEAN._replace(path=f"{number}.yaml") for number in range(LISTED + 1)))
    assert "  pass       21 documents\n" in text(many)
    assert "0.yaml" not in text(many)
    assert text(many, Style(verbose=True)).count("  pass       sre-runbook-assistant ") == 21


def test_a_document_no_policy_looked_at_is_not_called_passing() -> None:
    assert "  not judged organisation northbank teams/profile.yaml\n" in text(ZOO)
    assert "1 use case: 1 not judged" in text(only(CLEAN._replace(results=())))


def test_quiet_prints_a_line_a_finding_the_notes_and_the_summary() -> None:
    lines = text(ZOO, Style(quiet=True)).splitlines()
    assert lines[0] == (
        "teams/hr/aigov.yaml:7:3: block SYN-001 manifest-syntax: "
        'the key "metadata" stands twice; once passes'
    )
    assert (
        f"{RETAIL}:55:11: block GOV-004 tier-understated: "
        "declared low, but M2 and M4 imply moderate"
    ) in lines
    assert (
        f"{RETAIL}:54:3: block REG-001 eu-role-missing: "
        "The EU role is not declared (spec.risk.eu_ai_act is missing)"
    ) in lines
    assert any(line.endswith("(waived by waiver-legal-renewal)") for line in lines)
    assert lines[-2].startswith("note: Without --profile")
    assert lines[-1].startswith("3 use cases, 1 waiver, 1 organisation: 2 blocked")
    findings = sum(one.is_finding for document in ZOO.documents for one in document.results)
    assert len(lines) == len(ZOO.problems) + findings + len(ZOO.notes) + 1


def test_quiet_says_so_where_a_code_has_no_words() -> None:
    bare = only(CLEAN._replace(results=(Result("X-1", UNKNOWN, BLOCK, missing=("/spec/a",)),)))
    assert text(bare, Style(quiet=True)).splitlines()[0] == (
        "examples/1-low-pilot.aigov.yaml:1:1: block X-1: spec.a is missing"
    )


def test_at_most_ten_findings_are_printed_and_the_rest_counted_where_it_is() -> None:
    plain = text(ZOO)
    assert len(HEAD.findall(plain)) == 10 + 1  # the waived one takes no room
    assert (
        "3 more: --verbose\n"
        f"     2 in retail-support-bot {RETAIL}\n"
        f"     1 in waiver for retail-support-bot\n          {RETAIL}:144\n"
    ) in plain
    assert "more: --verbose" not in text(ZOO, Style(verbose=True))


def test_hidden_findings_of_a_single_document_are_one_line() -> None:
    crowd = CLEAN._replace(
        results=tuple(FINDING._replace(pointer=f"/spec/risk/{n}") for n in range(12))
    )
    assert "\n2 more: --verbose\n\nStart here\n" in text(only(crowd))


def test_unreadable_files_come_first_and_take_from_the_limit() -> None:
    problems = tuple(Problem("SYN-001", f"{n}.yaml", 1, 1, "no YAML") for n in range(12))
    result = only(CLEAN._replace(results=(FINDING,)))._replace(problems=problems)
    assert text(result).startswith("  BLOCK  SYN-001 manifest-syntax\n         0.yaml:1:1\n")
    assert "3 more: --verbose\n     2 that could not be read\n     1 in sre-" in text(result)
    assert len(HEAD.findall(text(result, Style(verbose=True)))) == 13
    assert text(only()._replace(problems=problems, policies={})).startswith(
        "  BLOCK  SYN-001\n         0.yaml:1:1\n         no YAML\n\n"
    )


def test_many_documents_with_hidden_findings_are_listed_shortly() -> None:
    many = only(*(CLEAN._replace(path=f"{n}.yaml", results=(FINDING,)) for n in range(LISTED + 12)))
    assert len(HEAD.findall(text(many))) == 10
    assert "22 more: --verbose\n" in text(many)
    assert text(many).count("     1 in sre-runbook-assistant ") == LISTED
    assert "     2 in 2 others\n" in text(many)


def test_where_to_start_names_the_fullest_blocks_over_all_documents() -> None:
    facts = tuple(
        found("GOV-001", FAIL, BLOCK, "x", f"/spec/risk/facts/{name}", (9, 3, 4)) for name in "ab"
    )
    two = only(
        CLEAN._replace(results=(FINDING, *facts)),
        CLEAN._replace(results=facts, path="b.yaml"),
    )
    assert (
        "Start here\n"
        "   4 blocking in 2 documents: spec.risk.facts\n"
        "               examples/1-low-pilot.aigov.yaml:9:3\n"
        "   1 blocking: spec.risk.tier examples/1-low-pilot.aigov.yaml:41:11\n"
    ) in text(two)


def test_a_few_findings_need_no_start_and_problems_alone_have_none() -> None:
    assert "Start here" not in text(only(CLEAN._replace(results=(FINDING,) * 3)))
    problems = tuple(Problem("SYN-001", f"{n}.yaml", 1, 1, "no YAML") for n in range(9))
    assert "Start here" not in text(only()._replace(problems=problems))


def test_a_finding_on_no_line_stands_at_the_start_of_its_document() -> None:
    nowhere = tuple(found(f"CHG-00{n}", FAIL, BLOCK, "gone", "", None) for n in range(4))
    shown = text(only(CLEAN._replace(results=nowhere, line=7)))
    assert (
        "  BLOCK  CHG-000\n         examples/1-low-pilot.aigov.yaml:7:1\n         gone\n" in shown
    )
    assert "   4 blocking: the whole document examples/1-low-pilot.aigov.yaml\n" in shown


def test_an_unknown_says_which_field_is_missing_or_that_one_is() -> None:
    known = found(
        "VAL-006", UNKNOWN, WARN, "", "/spec/a", (1, 1, 2), missing=("/spec/a", "/spec/b")
    )
    blind = found("VAL-003", UNKNOWN, WARN, "", "/spec/a", (1, 1, 2))
    shown = text(only(CLEAN._replace(results=(blind, known))))
    assert "Cannot be judged: spec.a and spec.b are missing.\n" in shown
    assert "Cannot be judged: a value that it reads is missing.\n" in shown


def test_policies_that_want_the_same_field_are_told_once() -> None:
    wanting = [
        found(code, UNKNOWN, BLOCK, "", "/spec/value/kpis/0/unit", (9, 3, 4),
              missing=("/spec/value/kpis/0/unit",))
        for code in ("VAL-003", "VAL-005", "X-1")
    ]  # fmt: skip
    assert (
        "  BLOCK  3 policies cannot be judged: spec.value.kpis[0].unit is missing\n"
        "         examples/1-low-pilot.aigov.yaml:9:3\n"
        "         VAL-003 unit-cost-unknown, VAL-005 benefit-unowned, X-1\n"
        "         fix: Fill in what is missing.\n"
    ) in text(only(CLEAN._replace(results=tuple(wanting))))
    assert (
        "         fix: Fill in what is missing; `aigov-gate explain spec.risk.eu_ai_act`\n"
        "              says how.\n"
    ) in text(ZOO)


def wanting(number: int, *fields: str) -> Result:
    missing = tuple(f"/spec/{field}" for field in fields)
    return found(f"X-{number:03}", UNKNOWN, BLOCK, "", missing[0], (9 - number % 9, 3, 4),
                 missing=missing)  # fmt: skip


def test_policies_that_want_different_fields_are_one_entry_of_a_line_each() -> None:
    results = (wanting(1, "a"), wanting(2, *"bcde"), wanting(3, *"fgh"), wanting(4, *"fgh"))
    shown = text(only(CLEAN._replace(results=results)))
    assert (
        "  BLOCK  4 policies cannot be judged: they read values that are not there\n"
        "         examples/1-low-pilot.aigov.yaml:5:3\n"
        "         X-003, X-004: spec.f, spec.g and spec.h\n"
        "         X-001: spec.a\n"
        "         X-002: spec.b, spec.c and 2 more\n"
        "         fix: Fill in what is missing; `aigov-gate explain spec.f` says how.\n"
    ) in shown
    verbose = text(only(CLEAN._replace(results=results)), Style(verbose=True))
    assert "         X-002: spec.b, spec.c, spec.d and spec.e\n" in verbose


def test_without_history_the_remedy_is_how_to_get_it() -> None:
    results = tuple(
        found(code, UNKNOWN, BLOCK, "fetch it", "/spec/a", (1, 1, 2), missing=("/history",))
        for code in ("CHG-001", "CHG-002")
    )
    shown = text(only(CLEAN._replace(results=results)))
    assert "  BLOCK  2 policies cannot be judged: history is missing\n" in shown
    assert "         fix: fetch it\n" in shown


def test_many_different_absences_are_a_few_lines_unless_verbose() -> None:
    nine = tuple(wanting(number, f"f{number}") for number in range(9))
    shown = text(only(CLEAN._replace(results=nine)))
    assert "         X-006: spec.f6\n         and 2 more policies: --verbose\n" in shown
    assert "more policies" not in text(only(CLEAN._replace(results=nine[1:])))
    assert "X-008: spec.f8\n" in text(only(CLEAN._replace(results=nine)), Style(verbose=True))


def test_an_unknown_whose_message_names_the_field_does_not_say_it_twice() -> None:
    told = wanting(1, "a", "b")._replace(
        message="cannot tell: spec.a and spec.b are missing",
        related=(Spot("/spec/b", Place(2, 1, 2, 2)), Spot("/spec/c", Place(3, 1, 3, 2))),
    )
    assert (
        "         cannot tell: spec.a and spec.b are missing\n         also at 3:1 spec.c\n\n"
    ) in text(only(CLEAN._replace(results=(told,))))
    blind = told._replace(missing=(), message="cannot tell: it was not read")
    assert "Cannot be judged" not in text(only(CLEAN._replace(results=(blind,))))


def test_further_places_are_a_few_lines_unless_verbose() -> None:
    spots = ZOO.documents[1].results[0].related
    many = only(CLEAN._replace(results=(FINDING._replace(related=spots + spots),)))
    assert (
        "         also at 99:91 spec.delivery.evaluations[1].result\n"
        "         also at 100:99 spec.delivery.evaluations[2].result\n"
        "         also at 101:99 spec.delivery.evaluations[3].result\n"
        "         and at 5 more places: --verbose\n"
    ) in text(many)
    assert text(many, Style(verbose=True)).count("also at") == 8


def test_a_waived_finding_is_always_shown_with_its_waiver() -> None:
    waived = FINDING._replace(outcome=Outcome.WAIVED, waiver="w-1")
    shown = text(only(CLEAN._replace(results=(waived,))), Style(limit=0))
    assert "  waived GOV-004 tier-understated\n" in shown
    assert "         waived by: w-1\n" in shown
    assert "0 blocking, 0 warnings, 1 waived\n" in shown
    unnamed = only(CLEAN._replace(results=(waived._replace(waiver=None),)))
    assert "waived by: (no metadata.id)" in text(unnamed)


def test_controls_are_one_line_and_all_of_them_when_verbose() -> None:
    owner = only(CLEAN._replace(results=(ZOO.documents[1].results[13],)))
    assert "serves: nist-ai-rmf GOVERN 2.1, GOVERN 2.3; iso-42001 A.3.2; 3 more\n" in text(owner)
    verbose = text(owner, Style(verbose=True))
    assert "eu-ai-act\n                 Art. 26(2); sr-26-2 VI; ai-verify 9.1.1\n" in verbose


def test_a_long_preview_is_five_lines_unless_verbose() -> None:
    ahead = only(CLEAN._replace(next_stage="production", preview=ZOO.documents[1].preview))
    assert (
        "would find 7 more:\n"
        "    OPS-001  A service level is not stated\n"
        "    OPS-007  Nobody has tried the rollback\n"
        "    VAL-003  Nobody knows what one use costs\n"
        "    VAL-005  No one answers for the benefit\n"
        "    and 3 more: --verbose\n"
    ) in text(ahead)
    assert "    DES-002  A design rule\n" in text(ahead, Style(verbose=True))
    bare = ahead._replace(policies={})
    assert "    GOV-003  \n".rstrip() in text(bare, Style(verbose=True))


@pytest.mark.parametrize(
    ("declared", "tier", "derived", "expected"),
    [
        ("low", "low", Derived(tier="low", tier_max="low"), "tier low,"),
        ("low", "low", Derived(), "tier low (declared low; no facts to derive it from)\n"),
        (
            None, "critical", Derived(),
            "tier critical (none declared; no facts to derive it from)\n",
        ),
        (
            "low", "high", Derived(tier="high", tier_max="high", tier_reasons=("H1", "M2")),
            "tier high (declared low; the facts say high: H1, M2)\n",
        ),
        (
            "low", "low", Derived(tier="low", tier_max="high"),
            "tier low (declared low; the facts say low to high)\n",
        ),
        (
            "high", "high", Derived(tier="low", tier_max="low"),
            "tier high (declared high; the facts say low)\n",
        ),
    ],
)  # fmt: skip
def test_the_heading_says_why_a_tier_is_not_simply_the_declared_one(
    declared: str | None, tier: str, derived: Derived, expected: str
) -> None:
    judged = CLEAN._replace(declared_tier=declared, tier=tier, derived=derived, results=(FINDING,))
    assert f"  {expected}" in text(only(judged))


@pytest.mark.parametrize(
    ("declared", "derived", "target", "expected"),
    [
        ("pilot", Derived(stage="production"), None, "stage pilot\n"),
        (None, Derived(), None, "stage pilot (none declared)\n"),
        (
            "intake", Derived("pilot", ("users",)), None,
            "stage pilot (declared intake; the facts say pilot: users)\n",
        ),
        (
            "intake", Derived("pilot"), "pilot",
            "stage pilot (declared intake; the facts say pilot; asked for by this run)\n",
        ),
    ],
)  # fmt: skip
def test_the_heading_says_why_a_stage_is_not_the_declared_one(
    declared: str | None, derived: Derived, target: str | None, expected: str
) -> None:
    judged = CLEAN._replace(declared_stage=declared, derived=derived, results=(FINDING,))
    assert f"{expected}" in text(only(judged)._replace(target_stage=target))


def test_verbose_names_what_it_was_judged_by() -> None:
    verbose = text(ZOO, Style(verbose=True))
    assert f"\naigov-gate 0.1.0\npolicies sha256:{'5e' * 32}\nprofile none\n" in verbose
    assert "  EU AI Act category limited\n" in verbose
    assert "  implied by other facts: gpai = uses, biometric = none\n" in verbose


@pytest.mark.parametrize(
    ("results", "code"),
    [((FINDING,), "1;31"), ((FINDING._replace(enforcement=WARN),), "35"),
     ((Result("A-1", PASS),), "32")],
)  # fmt: skip
def test_the_last_line_has_the_colour_of_the_verdict(
    results: tuple[Result, ...], code: str
) -> None:
    last = text(only(CLEAN._replace(results=results)), Style(colour=True)).splitlines()[-1]
    assert last.startswith(f"\x1b[{code}m")


def test_nothing_judged_is_not_green() -> None:
    assert text(only(), Style(colour=True)).splitlines()[-1].startswith("\x1b[35m")


def test_colour_changes_nothing_but_the_colour() -> None:
    for style in (Style(), Style(verbose=True)):
        coloured = text(ZOO, style._replace(colour=True))
        assert ANSI.sub("", coloured) == text(ZOO, style)
        assert "\x1b" in coloured


@pytest.mark.parametrize("width", [60, 72, 80, 100])
def test_every_line_fits_the_width_unless_it_is_a_path(width: int) -> None:
    for verbose in (False, True):
        for line in text(ZOO, Style(width=width, verbose=verbose)).splitlines():
            assert columns(line) <= width or re.fullmatch(r".*[./]\S+(:\d+)*", line)
    assert all(columns(line) <= 80 for line in text(ZOO, Style(verbose=True)).splitlines())


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
def test_hostile_text_forges_nothing(style: Style) -> None:
    tame, attacked = text(ZOO, style), text(hostile(), style)
    inert(attacked, style)
    assert len(HEAD.findall(plain(attacked))) == len(HEAD.findall(plain(tame)))
    assert len(flush_left(attacked)) == len(flush_left(tame))
    assert attacked.splitlines()[-1] == tame.splitlines()[-1]


def test_hostile_prose_is_wrapped_like_any_other() -> None:
    attacked = hostile()
    attacked = attacked._replace(
        documents=tuple(one._replace(path="aigov.yaml") for one in attacked.documents),
        problems=tuple(one._replace(path="aigov.yaml") for one in attacked.problems),
    )
    for verbose in (False, True):
        for line in text(attacked, Style(verbose=verbose)).splitlines():
            assert columns(line) <= 80


def test_the_hostile_twin_attacks_every_text_that_is_printed() -> None:
    marked = text(poisoned(lambda original: f"\x07{original}"), Style(verbose=True))
    for original in ("tier-understated", "Raise spec.risk.tier", "declared low", "eu-ai-act"):
        assert rf"\x07{original}" in marked
    assert "\x1b" in ATTACK
    assert "::error" in ATTACK


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.text(st.characters(exclude_categories=()), min_size=1),
    st.sampled_from(sorted(STYLES)),
    st.booleans(),
)
def test_any_text_in_any_field_stays_text(attack: str, name: str, before: bool) -> None:
    def poison(original: str) -> str:
        return attack + original if before else original + attack

    inert(text(poisoned(poison), STYLES[name]), STYLES[name])


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
def test_a_workflow_command_at_the_start_of_any_text_is_inert(style: Style) -> None:
    for attack in (
        "::error file=a,line=1::forged ",
        " ::error::x",
        "##[error]",
        "x" * 69 + "::a::",
    ):
        inert(text(poisoned(lambda original, attack=attack: attack + original), style), style)


def test_a_path_of_any_length_keeps_its_line_and_column_and_is_cut_before_them() -> None:
    for style in STYLES.values():
        shown = text(poisoned(lambda original: original + "A" * 10_000), style)
        assert (
            re.search(r"yamlA+\.\.\. \(9,5\d\d more characters\):55:11\b", shown) or not style.limit
        )
        assert (
            re.search(r"yamlA+\.\.\. \(9,5\d\d more characters\):7:3\b", shown) or not style.limit
        )
        assert max(columns(line) for line in plain(shown).splitlines()) < 5_000


def test_a_long_message_is_cut_and_its_rest_counted() -> None:
    problem = Problem("SYN-001", "a.yaml", 1, 1, "x" * 10_000)
    long = only(CLEAN._replace(results=(FINDING._replace(message="y" * 10_000),)))
    shown = text(long._replace(problems=(problem,)))
    assert "x... (9,500" in shown
    assert "y... (9,500" in shown


def test_a_preview_of_passing_documents_needs_a_short_run() -> None:
    assert text(only(PILOT, *(CLEAN,) * (FEW - 1))).count("would find 2 more") == 1
    assert "would find" not in text(only(PILOT, *(CLEAN,) * FEW))


def test_as_many_lines_as_the_limit_allows_are_all_printed() -> None:
    ahead = CLEAN._replace(next_stage="production", preview=ZOO.documents[1].preview[:5])
    assert "--verbose" not in text(only(ahead))
    six = tuple(f"/spec/{name}" for name in "abcdef")
    unknown = found("VAL-003", UNKNOWN, BLOCK, "", "/spec", (1, 1, 2), missing=six)
    shown = text(only(CLEAN._replace(results=(unknown,))), Style(width=100))
    assert "spec.e and spec.f are missing." in shown
    crowd = (CLEAN._replace(results=(FINDING,)),) * (LISTED + 10)
    assert " others\n" not in text(only(*crowd))
    assert "  pass       20 documents" not in text(only(*(CLEAN,) * LISTED))


def test_a_document_that_is_not_the_first_of_its_file_shows_its_line() -> None:
    assert "examples/1-low-pilot.aigov.yaml:2\n" in text(only(CLEAN._replace(line=2)))


def test_two_runs_are_equal_to_the_byte_and_every_chunk_is_whole_lines() -> None:
    for style in STYLES.values():
        assert list(render(ZOO, style)) == list(render(ZOO, style))
        assert all(chunk.endswith("\n") for chunk in render(ZOO, style))


def plain(report: str) -> str:
    return ANSI.sub("", report)


def flush_left(report: str) -> list[str]:
    """Return the lines that a reader takes for the report's own."""
    return [line for line in plain(report).splitlines() if line and not line.startswith(" ")]


def inert(report: str, style: Style) -> None:
    """Assert that no line holds a control character or a command for a runner."""
    assert report.endswith("\n")
    lines = (plain(report) if style.colour else report)[:-1].split("\n")
    for line in lines:
        assert line.isprintable()
        assert not line.lstrip().startswith("::")
        assert "##" not in line
