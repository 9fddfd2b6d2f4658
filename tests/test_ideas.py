"""The ideas: all 86 are there, each is served by what exists, and in our own words."""

from __future__ import annotations

import re
from pathlib import Path

from judging import ROOT, rules

TEXT = (ROOT / "docs" / "ideas.md").read_text("utf-8")
IDEAS = {
    name: (idea, served)
    for name, idea, served in re.findall(r"^\| ([AB]\d\d) \| (.*) \| (.*) \|$", TEXT, re.MULTILINE)
}
METRICS = dict(re.findall(r"^- \*(.+?)\*: (.+)$", TEXT, re.MULTILINE))
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
        linked = re.findall(r"\[(?:all )?([A-Z]+(?:-\d+)?)\b", IDEAS[name][1])
        codes = [code if "-" in code else f"{code}-*" for code in linked]
        assert codes == [one.strip() for one in policies.split(",")], name


def test_no_sentence_of_the_shared_table_is_repeated(shared):
    ours = [words(one) for one in (*(idea for idea, _ in IDEAS.values()), *METRICS.values())]
    quotes = [
        words(part)
        for quote, *_ in shared_rows(shared).values()
        for part in (quote, *re.split(r"[.\u2192?]", quote))
        if len(words(part).split()) >= QUOTED
    ]
    assert len(quotes) > 86
    assert [(quote, one) for quote in quotes for one in ours if quote in one] == []


def test_every_idea_is_one_short_sentence():
    for name, (idea, _) in IDEAS.items():
        assert idea.endswith("."), name
        assert len(idea) <= 130, name
        assert len(re.split(r"\.\s", idea)) == 1, name


def test_every_idea_is_served_by_policies_and_metrics_that_there_are():
    links = {f"*{name}*" for name in METRICS}
    for code, policy in rules().policies.items():
        prefix = code.partition("-")[0]
        links |= {f"[{code} {policy.id}](policies/{code}.md)"}
        links |= {f"[all {prefix}](policies/README.md)"}
    for name, (_, served) in IDEAS.items():
        assert set(served.split(", ")) <= links, name


def test_every_metric_serves_an_idea():
    served = ", ".join(served for _, served in IDEAS.values())
    assert set(re.findall(r"\*(.+?)\*", served)) == set(METRICS)
