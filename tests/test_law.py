"""The corpus of legal duties: complete, cited, and the only place that names a legal date."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from aigov.findings import Outcome
from aigov.source import load
from judging import ROOT, changed, example, judge, rules

CORPUS = ROOT / "policies/law/corpus.yaml"
WHOLE: dict[str, Any] = load(CORPUS.read_bytes()).documents[0].value
ROWS: dict[str, dict[str, str]] = WHOLE["obligations"]
LAW_POLICIES = [one for one in rules().policies.values() if "/law/" in one.where]
MANDATORY = {"duty", "applies_from", "source", "verified_on", "status"}
KEY = re.compile(r"(?<![\w-])(?:eu-ai-act|gdpr|omb-m-25-21|sr-26-2|colorado-sb)-[a-z0-9-]*[a-z0-9]")
MONTHS = "January February March April May June July August September October November December"


def prose() -> list[Path]:
    """Return what people read: policies, examples, pages, code; cases hold made-up dates, and
    the pages of policies are made from the corpus."""
    folders = ("policies", "docs", "examples", "src", "schemas")
    found = [path for name in folders for path in (ROOT / name).rglob("*") if path.is_file()]
    return sorted(
        path
        for path in [*found, ROOT / "README.md"]
        if path.suffix in (".yaml", ".md", ".py", ".json", ".txt")
        and not path.name.endswith(".cases.yaml")
        and path != CORPUS
        and path.parent != ROOT / "docs" / "policies"
    )


def text_of(path: Path) -> str:
    """Return a file's text; the edition by which a framework is known is no date of a duty."""
    text = path.read_text(encoding="utf-8")
    return re.sub("(?m)^version: .*$", "", text) if path.parent.name == "frameworks" else text


def spellings(day: str) -> list[str]:
    """Return how a legal date may be written."""
    of = date.fromisoformat(day)
    month = MONTHS.split()[of.month - 1]
    short = month[:3]
    return [
        day,
        f"{of.day} {month} {of.year}",
        f"{of.day} {short} {of.year}",
        f"{month} {of.day}, {of.year}",
        f"{of.day:02}.{of.month:02}.{of.year}",
    ]


def test_a_legal_date_stands_in_the_corpus_alone():
    words = {text for row in ROWS.values() for text in spellings(row["applies_from"])}
    pattern = re.compile("|".join(rf"(?<!\d){re.escape(text)}(?!\d)" for text in sorted(words)))
    files = prose()
    assert ROOT / "policies/strategy-governance/prohibited-practice.yaml" in files
    found = {
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in files
        for match in pattern.finditer(text_of(path))
    }
    assert found == set()


def test_no_policy_text_tells_the_month_from_which_a_law_applies():
    months = {
        f"{MONTHS.split()[int(row['applies_from'][5:7]) - 1]} {row['applies_from'][:4]}"
        for row in ROWS.values()
    }
    texts = [path for path in prose() if "policies" in path.parts]
    for path in texts:
        flat = " ".join(text_of(path).split())
        assert not [month for month in months if month in flat], path


@pytest.mark.parametrize("key", ROWS)
def test_a_row_is_complete(key):
    row = ROWS[key]
    assert row.keys() >= MANDATORY
    assert row.keys() <= MANDATORY | {"note", "alias", "uncited"}
    assert all(isinstance(value, str) and value.strip() for value in row.values())
    assert re.fullmatch(r"[^.]+(?:Art\.[^.]+)*\.", row["duty"]), "a duty is one sentence"
    assert date.fromisoformat(row["applies_from"])
    assert row["verified_on"] <= WHOLE["verified_on"]
    assert row["status"] == "certain" or (row["status"] == "unresolved" and row["note"])


def test_what_the_loader_reads_is_what_the_file_says():
    read = rules().corpus()
    assert read.keys() == ROWS.keys()
    for key, row in ROWS.items():
        one = read[key]
        assert (one.duty, one.applies_from, one.source) == (
            row["duty"],
            row["applies_from"],
            row["source"],
        )
        assert one.certain == (row["status"] == "certain")


def test_each_source_that_a_row_cites_is_described():
    titles = " ".join(source["title"] for source in WHOLE["sources"].values())
    for key, row in ROWS.items():
        named = re.match(r"Regulation \(EU\) [\d/]+|OMB M-[\d-]+|SR [\d-]+|Colorado", row["source"])
        assert named, key
        assert named[0].removeprefix("OMB ") in titles


def cited() -> dict[str, set[str]]:
    """Return the keys that policies rest on and derivation rules name, with where."""
    found: dict[str, set[str]] = {}
    for policy in rules().policies.values():
        for key in policy.obligations:
            found.setdefault(key, set()).add(policy.where)
    for path in (ROOT / "policies/derivation").glob("*.yaml"):
        for key in KEY.findall(path.read_text(encoding="utf-8")):
            found.setdefault(key, set()).add(path.name)
    return found


def test_a_key_that_is_cited_exists():
    within = {key for row in ROWS.values() for key in KEY.findall(row.get("note", ""))}
    assert within
    assert within <= ROWS.keys()
    assert cited().keys() <= ROWS.keys()


def test_a_duty_is_cited_or_says_why_not():
    named = cited()
    unanswered = [key for key, row in ROWS.items() if key not in named and "uncited" not in row]
    assert unanswered == []
    answered_twice = [key for key, row in ROWS.items() if key in named and "uncited" in row]
    assert answered_twice == []


def test_open_dates_of_the_ai_act_are_those_of_high_risk_systems():
    high_risk = ROWS["eu-ai-act-6-2"]["applies_from"]
    opened = {key for key, row in ROWS.items() if row["status"] == "unresolved"}
    assert {"eu-ai-act-72", "eu-ai-act-73-2", "eu-ai-act-86", "gdpr-22"} <= opened
    for key in opened:
        if key.startswith("eu-ai-act"):
            assert ROWS[key]["applies_from"] == high_risk
            assert "formally" in ROWS[key]["note"]


def test_the_guidance_that_was_replaced_is_found_by_its_old_name():
    assert {row["alias"] for key, row in ROWS.items() if key.startswith("sr-26-2")} == {"SR 11-7"}


def test_a_law_pack_states_domain_condition_and_duties():
    assert len(LAW_POLICIES) >= 10
    for policy in LAW_POLICIES:
        assert policy.domain == "strategy-governance", policy.id
        assert policy.when is not None, policy.id
        assert policy.obligations, policy.id


@pytest.mark.parametrize("name", ["1-low-pilot", "2-moderate-production", "3-critical-production"])
def test_no_law_is_asked_of_what_it_does_not_reach(name):
    elsewhere = changed(
        example(name),
        put={
            "/spec/risk/facts/jurisdictions": ["OTHER"],
            "/spec/risk/facts/legal_or_similar_effect": False,
            "/spec/risk/model_risk": {"in_scope": False},
        },
    )
    found = {one.code: one.outcome for one in judge(elsewhere).results}
    for policy in LAW_POLICIES:
        assert found[policy.code] in (Outcome.NOT_APPLICABLE, Outcome.LATER), policy.id
