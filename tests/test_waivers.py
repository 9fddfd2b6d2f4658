"""Waivers: what they cover, and every way in which one is wrong."""

from __future__ import annotations

import pytest

from aigov.findings import Outcome
from aigov.settings import Settings
from judging import AS_OF, EXAMPLES, judge_text

LATE = (
    (EXAMPLES / "2-moderate-production.aigov.yaml")
    .read_text("utf-8")
    .replace("submitted_on: 2025-11-03", "submitted_on: 2026-02-03")
)
"""INT-001 fails: the intake came after the pilot had begun."""


def waiver(**changes: str) -> str:
    spec = {
        "policy": "INT-001",
        "use_case": "retail-support-bot",
        "reason": "The central register was closed for migration.",
        "compensating": "The portfolio forum looks at the case every week.",
        "approved_by": "karin.holm@northbank.internal",
        "granted_on": "2026-11-01",
        "expires_on": "2026-12-20",
        **changes,
    }
    lines = "".join(f"  {key}: {value}\n" for key, value in spec.items())
    return (
        f"\n---\napiVersion: aigov/v1\nkind: Waiver\nmetadata: {{id: late-intake}}\nspec:\n{lines}"
    )


def judged(*waivers: str, as_of: str = AS_OF, manifest: str = LATE):
    """Return the outcome of INT-001, and the codes found on the waivers."""
    documents = judge_text(manifest + "".join(waivers), Settings(as_of=as_of))
    cases = [one for one in documents if one.kind == "UseCase"]
    outcomes = {r.outcome for one in cases for r in one.results if r.code == "INT-001"}
    codes = [r.code for one in documents if one.kind == "Waiver" for r in one.results]
    return outcomes.pop() if outcomes else None, codes


def test_a_sound_waiver_covers_and_is_named():
    use_case, its_waiver = judge_text(LATE + waiver())
    (found,) = [one for one in use_case.results if one.code == "INT-001"]
    assert (found.outcome, found.waiver) == (Outcome.WAIVED, "late-intake")
    assert not found.blocks
    assert its_waiver.results == ()
    assert its_waiver.use_case == "retail-support-bot"


def test_a_policy_may_be_named_by_its_id():
    assert judged(waiver(policy="intake-skipped")) == (Outcome.WAIVED, [])


@pytest.mark.parametrize(
    ("changes", "outcome", "codes"),
    [
        ({"expires_on": "2026-11-22"}, Outcome.WAIVED, ["WAI-003"]),  # the day is inclusive
        ({"expires_on": "2026-11-21"}, Outcome.FAIL, ["WAI-001"]),
        ({"expires_on": "2026-12-06"}, Outcome.WAIVED, ["WAI-003"]),  # 14 days left
        ({"expires_on": "2026-12-07"}, Outcome.WAIVED, []),
        ({"expires_on": "2027-01-30"}, Outcome.WAIVED, []),  # 90 days at tier moderate
        ({"expires_on": "2027-01-31"}, Outcome.FAIL, ["WAI-004"]),
        ({"expires_on": "2026-10-31"}, Outcome.FAIL, ["WAI-001", "WAI-007"]),
        ({"granted_on": "2026-11-23"}, Outcome.FAIL, ["WAI-007"]),
        ({"policy": "NOT-001"}, Outcome.FAIL, ["WAI-007"]),
        ({"approved_by": "Ines.Costa+x@northbank.internal"}, Outcome.FAIL, ["WAI-006"]),
        ({"approved_by": "lukas.meyer@northbank.internal"}, Outcome.FAIL, ["WAI-006"]),
        ({"at": "/spec/intake/submitted_on"}, Outcome.WAIVED, []),
        ({"at": "/spec/intake/ref"}, Outcome.FAIL, ["WAI-002"]),
        ({"policy": "VAL-001"}, Outcome.FAIL, ["WAI-002"]),
        ({"policy": "GOV-004"}, Outcome.FAIL, ["WAI-002", "WAI-005"]),
        ({"reason": "short"}, Outcome.FAIL, ["SCH-001"]),
    ],
)
def test_what_a_waiver_does_and_what_is_wrong_with_it(changes, outcome, codes):
    assert judged(waiver(**changes)) == (outcome, codes)


def test_a_waiver_for_another_use_case_covers_nothing_here():
    assert judged(waiver(use_case="another-case")) == (Outcome.FAIL, [])
    assert judged(waiver(use_case="another-case", policy="GOV-005")) == (
        Outcome.FAIL, ["WAI-005"],
    )  # fmt: skip


def test_an_expired_waiver_beside_a_sound_one_harms_nothing_but_is_told():
    old = waiver(granted_on="2026-08-01", expires_on="2026-09-01")
    assert judged(old, waiver()) == (Outcome.WAIVED, ["WAI-001"])


def test_a_waiver_alone_is_judged_without_its_use_case():
    assert judged(waiver(), manifest="apiVersion: aigov/v1\nkind: Nothing\n")[1] == []
