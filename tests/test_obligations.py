"""What a finding says of a law that does not bind yet, and of a corpus long unchecked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aigov.findings import Enforcement, Outcome
from aigov.law import Obligation, age_days, first_to_bind, parse_corpus
from aigov.reports import Style
from aigov.reports.json import render
from aigov.settings import Settings, parse_profile
from aigov.source import load
from judging import AS_OF, changed, example, findings, judge, judged, rules

PROFILE = """\
apiVersion: aigov/v1
kind: Organization
metadata: {id: northbank}
spec: {enforce: %s}
"""
CLOCKS = "/spec/operations/incident/report_clocks/serious_incident_days"
"""REG-007 rests on Article 73, whose date is that of the high-risk duties."""


def settings(enforce: str | None, as_of: str = AS_OF) -> Settings:
    if enforce is None:
        return Settings(as_of)
    document = load((PROFILE % enforce).encode()).documents[0]
    return Settings(as_of, profile=parse_profile(document, "profile.yaml"))


def slow_clocks(enforce: str | None, as_of: str = AS_OF) -> Any:
    document = changed(example("3-critical-production"), put={CLOCKS: 30})
    return findings(judge(document, settings(enforce, as_of)))["REG-007"]


@pytest.mark.parametrize("enforce", [None, "now"])
def test_a_law_ahead_is_enforced_now_and_says_from_when_it_binds(enforce):
    found = slow_clocks(enforce)
    assert found.enforcement is Enforcement.BLOCK
    assert found.message.endswith(
        "(by law from 2027-12-02, in 375 days; the sources leave the date open)"
    )


def test_the_profile_may_wait_for_the_legal_date():
    found = slow_clocks("legal-date")
    assert (found.outcome, found.enforcement) == (Outcome.FAIL, Enforcement.WARN)
    assert "by law from 2027-12-02" in found.message


def test_from_the_legal_date_on_the_policy_acts_as_written():
    found = slow_clocks("legal-date", "2027-12-02")
    assert found.enforcement is Enforcement.BLOCK
    assert "by law" not in found.message


def test_what_no_law_asks_for_is_not_put_off():
    document = changed(example("3-critical-production"), drop=("/spec/ownership/operations",))
    found = findings(judge(document, settings("legal-date")))["GOV-002"]
    assert found.enforcement is Enforcement.BLOCK


def test_the_obligation_that_binds_first_decides():
    corpus = rules().corpus()
    first = first_to_bind(["eu-ai-act-73-2", "eu-ai-act-5-1-a"], corpus)
    assert first is not None
    assert first.key == "eu-ai-act-5-1-a"
    assert first_to_bind([], corpus) is None


def test_days_are_left_until_the_day_itself():
    row = {
        "duty": "d", "applies_from": "2026-12-02", "source": "s", "verified_on": "2026-11-01",
        "status": "unresolved",
    }  # fmt: skip
    (one,) = parse_corpus({"obligations": {"k": row}}).values()
    assert one == Obligation("k", "d", "2026-12-02", "s", "2026-11-01", certain=False, note="")
    assert [one.days_left(day) for day in ("2026-12-01", "2026-12-02", "2026-12-03")] == [1, 0, -1]
    assert age_days([one], "2026-11-11") == 10
    assert age_days([], "2026-11-11") == 0


@pytest.mark.parametrize(("day", "warned"), [("2027-02-20", False), ("2027-02-21", True)])
def test_a_corpus_that_nobody_checked_for_90_days_is_told(day, warned):
    notes = judged(example("3-critical-production"), Settings(day)).notes
    assert any("legal dates were last held against their sources" in one for one in notes) == warned


def test_where_no_law_is_judged_its_age_does_not_matter():
    document = changed(
        example("1-low-pilot"),
        put={"/spec/lifecycle/stage": "retired"},
    )
    assert judged(document, Settings("2027-10-01")).notes == ()


def test_machines_read_the_days_left():
    document = changed(example("3-critical-production"), put={CLOCKS: 30})
    text = "".join(render(judged(document), Style(80, False, False, False)))
    due = json.loads(text)["policies"]["REG-007"]["obligations"][-1]
    assert due["applies_from"] == "2027-12-02"
    assert (due["days_left"], due["status"]) == (375, "unresolved")


def test_a_date_that_is_certain_is_said_without_doubt():
    document = changed(
        example("3-critical-production"), put={"/spec/oversight/reviewers_trained_pct": 50}
    )
    assert findings(judge(document))["REG-006"].message.endswith("from 2027-12-02, in 375 days)")
