"""Pages about policies: what they say, and that no text of a pack breaks out of them."""

from __future__ import annotations

import re
from functools import cache
from importlib.util import find_spec

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigov.cli.explain import sources
from aigov.explaining import explain_policy
from aigov.explanation import Sample
from aigov.expressions import CONSTANTS
from aigov.findings import Outcome, Place, Result
from aigov.frameworks import Framework
from aigov.listing import coverage
from aigov.pages import MARK, index_page, matrix_page, policy_page, prose
from aigov.policies import DOMAINS
from aigov.reports.encoding import literal
from judging import rules

HOSTILE = "|x` <b>y</b> ![i](j) ``` <!-- ##[a] @who \x1b[2J \u202e $`z`$ \n# h\n- l &amp; `q`"


@cache
def given_sources():
    return sources(rules())


def page(code: str, judged=None, told=None, **changes) -> str:
    policy = rules().policies[code]._replace(**changes)
    told = told or explain_policy(policy, given_sources())
    return "".join(policy_page(policy, told, judged, rules().frameworks()))


def headings(text: str) -> list[str]:
    return re.findall(r"^#+ (.*)$", text, re.MULTILINE)


def structure(text: str) -> list[str]:
    """Return the tags that a reader of Markdown finds, text left out."""
    if find_spec("markdown_it") is None:
        pytest.skip("markdown-it-py is not installed")
    from markdown_it import MarkdownIt

    found = []
    for token in MarkdownIt("commonmark", {"html": True}).enable("table").parse(text):
        found.append(f"{token.type}:{token.tag}")
        inside = [one for one in token.children or () if one.type != "text"]
        found += [one.type for one in inside if one.content != "<!-- -->"]
    return found


# --- a line of text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain words", "plain words"),
        ("run `aigov-gate check` now", "run `aigov-gate check` now"),
        ("`a` and `b`", "`a` and `b`"),
        ("a > b, `a > b`", "a &#62; b, `a > b`"),
        ("an odd ` sign", "an odd &#96; sign"),
        ("`a` and an odd ` sign", "`a` and an odd &#96; sign"),
        ("nothing in ``", "nothing in "),
        ("two\n  lines\n", "two lines"),
        ("", ""),
    ],
)
def test_only_code_between_backticks_is_markup(text, shown):
    assert prose(text) == shown


@given(st.text())
def test_any_text_is_one_line_of_text_and_code(text):
    shown = prose(text)
    assert "\n" not in shown
    if find_spec("markdown_it"):
        kinds = set(structure(f"x {shown} x"))
        assert kinds <= {"paragraph_open:p", "inline:", "paragraph_close:p", "code_inline"}


@given(st.text(alphabet="abc <>|*_#[]()!&$\\~", max_size=40))
def test_text_without_backticks_is_literal(text):
    assert prose(text) == literal(" ".join(text.split()))


# --- a policy


def test_a_page_says_all_that_is_to_be_known_in_this_order():
    said = page("REG-003")
    assert said.startswith(f"{MARK}# REG-003 ai-undisclosed\n")
    assert headings(said)[1:] == [
        "When it binds", "What passes", "What fails", "What to do", "What the law asks", "Controls",
    ]  # fmt: skip
    policy = rules().policies["REG-003"]
    for text in (policy.title, policy.why, policy.remedy):
        assert prose(text) in said
    for key in policy.obligations:
        duty = rules().corpus()[key]
        assert f"- **From {duty.applies_from}**: {prose(duty.duty)}" in said
        assert f"checked on {duty.verified_on}." in said
    assert "*touches* a control" in said
    assert "| EU Artificial Intelligence Act | Art. 50(1) | Telling people" in said
    assert "not by the accountable or technology owner" in said


def test_limits_stand_by_tier_and_conditions_as_code():
    said = page("OPS-002")
    assert "- limit `min_availability`: low 0.9, moderate 0.99" in said
    assert "where `judged.stage < stages.authorization &&" in page("GOV-004")


def test_the_finding_of_the_failing_example_is_shown_as_it_was_judged():
    result = Result("OPS-001", Outcome.FAIL, message="a | b", pointer="/spec/x")
    said = page("OPS-001", ("4-ready", result._replace(place=Place(7, 1, 7, 2))))
    assert "the example `4-ready` is judged `fail`" in said
    assert "at `/spec/x`, line 7:\n\n> a &#124; b\n" in said
    assert "at `/spec/x`:\n" in page("OPS-001", ("4-ready", result))


def test_what_is_no_finding_is_not_shown_as_one():
    assert "is judged" not in page("OPS-001", ("4-ready", Result("OPS-001", Outcome.PASS)))


def test_a_page_leaves_out_what_a_policy_does_not_have():
    told = explain_policy(rules().policies["OPS-001"], given_sources())
    told = told._replace(passes=None, fails=Sample("all of it"), see=(), controls={})
    said = page("OPS-001", None, told, why="")
    assert headings(said)[1:] == ["When it binds", "What fails", "What to do"]
    assert "**Why.**" not in said
    assert "**It reads**" not in said
    assert "**For example** all of it.\n" in said


def test_a_duty_that_the_sources_leave_open_says_so():
    key = next(one.key for one in rules().corpus().values() if not one.certain and one.note)
    said = page("OPS-001", obligations=(key,))
    assert "unresolved: the sources leave the date or the duty open" in said
    assert prose(rules().corpus()[key].note) in said


def test_hostile_text_of_a_pack_changes_no_structure():
    told = explain_policy(rules().policies["REG-003"], given_sources())
    pages = []
    for text in ("harmless", HOSTILE):
        result = Result("REG-003", Outcome.FAIL, message=text, pointer=f"/{text}")
        sample = Sample(text, f"a:\n  b: {text}\n".replace("\n#", " #").replace("\n-", " -"), text)
        changed = told._replace(
            passes=sample, fails=sample, asked=("x", text), limits={text: {"low": 1.0}}
        )
        changes = {"title": text, "why": text, "remedy": text, "id": text}
        pages.append(page("REG-003", ("4-ready", result), changed, **changes))
    inert = [one for one in structure(pages[0]) if one != "code_inline"]
    assert [one for one in structure(pages[1]) if one != "code_inline"] == inert
    assert "\x1b" not in pages[1]
    assert "\u202e" not in pages[1]


# --- the index and the matrix


def test_the_index_names_every_policy_below_its_domain_in_the_order_of_the_domains():
    everything = [*rules().policies.values()]
    own = everything[0]._replace(domain="", code="OWN-001", enforcement={})
    said = "".join(index_page([own, *everything]))
    assert headings(said) == ["Policies", *DOMAINS, "without a domain"]
    assert f"{len(everything) + 1} in all" in said
    for policy in everything:
        assert said.count(f"[{policy.code}]({policy.code}.md) {policy.id} |") == 1
    assert f"| {own.title} | {stage(own)} | - | - | - | - |" in said
    assert "## build-delivery" not in "".join(index_page([own]))


def stage(policy) -> str:
    return tuple(CONSTANTS["stages"])[policy.binds_from]


def test_the_matrix_holds_every_control_and_every_policy_both_ways():
    policies = [*rules().policies.values()]
    said = "".join(matrix_page(policies, rules().frameworks()))
    by_framework, by_policy = said.split("## By policy")
    for name, one in rules().frameworks().items():
        part = by_framework.split(f"\n## {name}\n")[1].split("\n## ")[0]
        rows = [line for line in part.splitlines() if line.startswith("| ")][2:]
        assert len(rows) == len(one.controls)
        for row, (control, touching) in zip(rows, coverage(policies, one).items(), strict=True):
            assert row.startswith(f"| {literal(control)} | {literal(one.controls[control])} |")
            assert re.findall(r"\[([A-Z]+-\d{3})\]", row) == [policy.code for policy in touching]
            assert ("*not touched*" in row) is (not touching)
    for policy in policies:
        (row,) = re.findall(rf"^\| \[{policy.code}\].*$", by_policy, re.MULTILINE)
        for name, cited in policy.controls.items():
            assert literal(f"{name} {', '.join(cited)}") in row


def test_a_policy_that_touches_nothing_says_so_and_a_strange_source_is_no_link():
    policy = rules().policies["GOV-001"]._replace(controls={})
    one = Framework("own", "Own", "Us", "1", "https://x> [a](b)", {"A": "a | b"})
    said = "".join(matrix_page([policy], {"own": one}))
    assert "| [GOV-001](GOV-001.md) | no control |" in said
    assert "| A | a &#124; b | *not touched* |" in said
    assert "<https" not in said
    assert "[a](b)" not in said
