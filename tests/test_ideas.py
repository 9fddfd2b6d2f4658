"""The ideas: all 86 are there, each is served by what exists, and in our own words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aigov.errors import PackError
from aigov.ideas import ideas_page
from aigov.source import load
from judging import ROOT, rules

DOCUMENT = load((ROOT / "docs" / "ideas.yaml").read_bytes()).documents[0]
IDEAS = DOCUMENT.value["ideas"]
METRICS = DOCUMENT.value["metrics"]
QUOTED = 4
"""Words from which on a text is a sentence and no name of a domain."""


def shared_rows(shared: Path) -> dict[str, list[str]]:
    """Return id to the other columns of the table of ideas."""
    text = (shared / "domain" / "maturity-ideas.txt").read_text("utf-8")
    lines = [line.split(" | ") for line in text.splitlines() if re.match(r"[AB]\d\d ", line)]
    assert len({first for first, *_ in lines}) == len(lines)
    return {first: rest for first, *rest in lines}


def words(text: str) -> str:
    return f" {' '.join(re.findall(r'[a-z0-9]+', text.lower()))} "


def test_the_ids_are_complete_and_in_order():
    expected = [f"A{n:02}" for n in range(1, 55)] + [f"B{n:02}" for n in range(1, 33)]
    assert list(IDEAS) == expected


def test_every_idea_of_the_shared_table_is_there_once(shared):
    assert list(IDEAS) == list(shared_rows(shared))


def test_the_policies_are_those_of_the_shared_table(shared):
    for name, (_, _, policies, *_) in shared_rows(shared).items():
        assert IDEAS[name]["policies"] == [one.strip() for one in policies.split(",")], name


def test_no_sentence_of_the_shared_table_is_repeated(shared):
    ours = [words(one) for one in (*(row["idea"] for row in IDEAS.values()), *METRICS.values())]
    quotes = [
        words(part)
        for quote, *_ in shared_rows(shared).values()
        for part in (quote, *re.split(r"[.\u2192?]", quote))
        if len(words(part).split()) >= QUOTED
    ]
    assert len(quotes) > 86
    assert [(quote, one) for quote in quotes for one in ours if quote in one] == []


def test_every_idea_is_one_short_sentence():
    for name, row in IDEAS.items():
        assert row["idea"].endswith("."), name
        assert len(row["idea"]) <= 130, name
        assert len(re.split(r"\.\s", row["idea"])) == 1, name


def test_every_metric_serves_an_idea():
    assert {one for row in IDEAS.values() for one in row.get("metrics", ())} == set(METRICS)


def test_the_page_has_every_idea_with_links_to_what_serves_it():
    said = "".join(ideas_page(DOCUMENT, rules().policies, "pages"))
    rows = {line[2:5]: line for line in said.splitlines() if re.match(r"\| [AB]\d\d ", line)}
    assert list(rows) == list(IDEAS)
    for name, row in IDEAS.items():
        assert row["idea"].split("`")[0] in rows[name]
        for code in row["policies"]:
            target = "README" if code.endswith("*") else code
            assert f"(pages/{target}.md)" in rows[name]
        for metric in row.get("metrics", ()):
            assert f"*{metric}*" in rows[name]
            assert f"- *{metric}*: " in said
    assert "[ORG-009 maturity-overclaimed](pages/ORG-009.md)" in rows["A04"]
    assert "[all GOV](pages/README.md)" in rows["A22"]


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("{idea: x, policies: [GOV-999]}", "there is no GOV-999"),
        ("{idea: x, policies: [XYZ-*]}", "there is no XYZ-*"),
        ("{idea: x, policies: [GOV-001], metrics: [luck]}", "there is no luck"),
        ("{idea: x}", "nothing serves it"),
    ],
)
def test_an_idea_that_is_not_served_is_an_error_at_its_place(row, fault):
    text = f"metrics:\n  lag: days\nideas:\n  A01: {{idea: y, metrics: [lag]}}\n  A02: {row}\n"
    with pytest.raises(PackError) as raised:
        list(ideas_page(load(text.encode()).documents[0], rules().policies, "pages"))
    assert (raised.value.problem, raised.value.where) == (f"A02: {fault}", "ideas.yaml:5:3")
