"""`aigov.reports.markdown`: the step summary."""

from __future__ import annotations

import html
from collections.abc import Callable
from importlib.util import find_spec
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigov.findings import Outcome, Result
from aigov.reports.encoding import literal
from aigov.reports.escape import escape
from aigov.reports.markdown import CHANGES
from aigov.reports.tables import SIZE, Part, within
from aigov.results import CheckResult, Decision
from reports.reading import printed
from reports.test_agreement import ATTACKS
from reports.zoo import BLOCK, FAIL, PASS, WARN, ZOO, found, hostile, poisoned

ANY_TEXT = st.text(st.characters(exclude_categories=()))
NOTICE = "".join(within(200, [Part("x" * 200)]))
SIGNS = "\\`*_~[]!<>|$"


def of(*results: Result) -> CheckResult:
    return ZOO._replace(documents=(ZOO.documents[0]._replace(results=results),), problems=())


def test_the_verdict_comes_first_then_where_to_start_then_what_blocks() -> None:
    report = printed("markdown", ZOO)
    headings = [line for line in report.splitlines() if line.startswith("#")]
    assert headings == [
        "## aigov-gate: blocked",
        "### Start here",
        "### Blocking (10)",
        "### Waived (1)",
        "### Documents",
    ]
    assert report.splitlines()[2].startswith("**3 use cases, 1 waiver, 1 organisation:")


def test_a_reviewer_reads_what_changed_and_can_go_to_each_line() -> None:
    decision = Decision(False, "production", {"rev": "a" * 40, "base": "b" * 40}, ())
    told = tuple(f"spec.risk.facts.n{number}: 1 -> <b>" for number in range(CHANGES + 2))
    one = ZOO.documents[1]._replace(changed=told, path="a b/[x](y).yaml")
    result = ZOO._replace(documents=(one,), decision=decision, source_url="https://f.org/o/r/c")
    report = printed("markdown", result)
    assert (
        "### Changed since <code>bbbbbbbbbbbb</code>\n\n- retail-support-bot: spec.risk" in report
    )
    assert report.count(": 1 -&#62; &#60;b&#62;\n") == CHANGES
    assert "- retail-support-bot: 2 more\n" in report
    assert "](https://f.org/o/r/c/a%20b/%5Bx%5D%28y%29.yaml#L55) |" in report
    assert "Next:" not in report
    allowed = result._replace(documents=(), decision=decision._replace(allow=True))
    assert "\nNext: deploy exactly this commit" in printed("markdown", allowed)


def test_a_blocking_finding_stands_with_its_place_and_remedy() -> None:
    (row,) = (line for line in printed("markdown", ZOO).splitlines() if "GOV-004" in line)
    assert row == (
        "| BLOCK | GOV-004 tier-understated |"
        " <code>examples/2-moderate-production.aigov.yaml:55:11</code> |"
        " declared low, but M2 and M4 imply moderate |"
        " Raise spec.risk.tier, or correct the fact that drives it. |"
    )


@pytest.mark.parametrize(
    ("result", "word"),
    [
        (of(Result("A-1", FAIL, BLOCK)), "blocked"),
        (of(Result("A-1", FAIL, WARN)), "warnings"),
        (of(Result("A-1", PASS)), "passing"),
        (of(Result("A-1", Outcome.LATER)), "nothing was judged"),
        (ZOO._replace(documents=(), problems=()), "nothing was judged"),
        (ZOO._replace(documents=()), "blocked"),
    ],
)
def test_the_heading_says_how_it_ends_and_silence_never_passes(
    result: CheckResult, word: str
) -> None:
    assert printed("markdown", result).splitlines()[0] == f"## aigov-gate: {word}"


def test_a_document_folds_what_does_not_block_and_counts_what_does() -> None:
    report = printed("markdown", ZOO)
    assert (
        "<details><summary><b>blocked</b>: retail-support-bot"
        " (<code>examples/2-moderate-production.aigov.yaml</code>)</summary>\n\n"
        "7 blocking (above), tier moderate, stage production,"
        " 7 more at the next stage, retired\n\n| Severity |"
    ) in report
    assert "\n\nnothing blocks\n" in report
    assert "\n- passing: sre-runbook-assistant (<code>" in report
    assert "\n- not judged: organisation northbank (<code>" in report


def test_a_finding_at_many_documents_says_so_where_to_start() -> None:
    one = found("GOV-001", FAIL, BLOCK, "", "", None)
    document = ZOO.documents[0]._replace(results=(one,))
    report = printed("markdown", ZOO._replace(documents=(document, document), problems=()))
    assert "1. 2 blocking in 2 documents: **the whole document**, <code>examples/1-" in report


def test_many_silent_documents_are_a_number_that_hides_none_unjudged() -> None:
    passing = ZOO.documents[0]._replace(results=(Result("A-1", PASS),))
    unjudged = passing._replace(results=())
    many = ZOO._replace(documents=(*[passing] * 22, *[unjudged] * 3), problems=())
    report = printed("markdown", many)
    assert report.count("\n- passing") == 20
    assert report.endswith("\n- 5 more without a finding, 3 of them not judged\n")


def test_every_table_has_as_many_cells_in_each_row() -> None:
    for result in (ZOO, hostile()):
        wide = 0
        for line in printed("markdown", result).splitlines():
            cells = line.count("|") - 1 if line.startswith("|") else 0
            if cells and line.startswith("| Severity"):
                wide = cells
            assert cells in (0, wide)


@given(ANY_TEXT)
def test_literal_text_has_no_sign_that_markdown_or_html_knows(text: str) -> None:
    shown = literal(text)
    bare = shown.replace("<!-- -->", "")
    assert not set(SIGNS) & set(bare)
    assert "\n" not in shown
    assert "@<!-- -->" in shown or "@" not in shown
    assert "://" not in shown
    assert "www." not in shown
    assert html.unescape(bare) == escape(text, limit=None)


@pytest.mark.parametrize("text", ["spec.risk.tier is 3", "M\u00fcller \u00b7 \u6f22 (a), b; 1-2 %"])
def test_ordinary_words_stay_readable(text: str) -> None:
    assert literal(text) == text


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda one: ascii(one)[:24])
def test_a_markdown_reader_finds_the_same_structure_in_the_hostile_twin(
    attack: str, need: Callable[[str, str], None]
) -> None:
    if find_spec("markdown_it") is None:
        need("markdown-it-py", "no reader of Markdown is installed")
    attacked = printed("markdown", poisoned(lambda text: f"{attack}{text}{attack}"))
    # Where to start differs: an attack with a slash makes other pointers.
    start = "\n### Blocking"
    tame = structure(printed("markdown", ZOO).partition(start)[2])
    assert structure(attacked.partition(start)[2]) == tame
    assert not {"link_open", "image", "s_open", "code_inline"} & set(structure(attacked))


def structure(report: str) -> list[str]:
    """Return the elements that a reader of Markdown finds, our own tags and no text."""
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    found: list[str] = []
    tokens: list[Any] = reader.parse(report)
    for token in tokens:
        for each in token.children or [token]:
            if each.type in ("text", "inline") or each.content == "<!-- -->":
                continue
            tag = each.content if each.type == "html_inline" else ""
            found.append(f"{each.type} {tag}".rstrip())
    return found


def test_a_report_too_big_for_github_is_cut_with_a_notice_and_closed_tags() -> None:
    big = hostile()
    report = printed("markdown", big._replace(documents=big.documents * 60))
    assert SIZE - 20_000 < len(report.encode()) <= SIZE
    assert "**The rest is left out: a step summary holds 1 MiB.**" in report
    assert report.count("<details>") == report.count("</details>")
    assert report.endswith("`aigov-gate check --format json=FILE` writes all of it.\n")


@given(
    st.lists(st.tuples(st.text("a\u6f22\n", max_size=60), st.sampled_from(["", "</d>\n"]))),
    st.integers(200, 600),
)
def test_parts_never_exceed_their_room_and_what_is_open_is_closed(
    texts: list[tuple[str, str]], size: int
) -> None:
    parts = [Part(*text) for text in texts]
    cut = "".join(within(size, parts))
    assert len(cut.encode()) <= size
    heads = list(accumulate((part.text for part in parts), initial=""))
    closed = [head + part.after for head, part in zip(heads, [Part(""), *parts], strict=True)]
    assert cut == heads[-1] or cut in [head + NOTICE for head in closed]
