"""The organisation profile, and who is the same person."""

from __future__ import annotations

import pytest

from aigov.errors import ProfileError
from aigov.findings import Enforcement, Outcome
from aigov.settings import Settings, parse_profile, same_person
from aigov.source import load
from judging import AS_OF, changed, example, judge

PROFILE = """
apiVersion: aigov/v1
kind: Organization
metadata: {id: northbank, name: Northbank}
spec:
  people:
    anna.keller@northbank.internal: ["@akeller", Anna@keller.org]
  waiver_approvers: {low: ["@akeller"]}
  policies:
    INT-004: {enforcement: block, params: {max_pilot_days: 90}}
  evidence_urls: ["https://wiki.northbank.internal/ai"]
"""


def profile(text: str = PROFILE):
    return parse_profile(load(text.encode()).documents[0], "profile.yaml")


def test_a_profile_is_read():
    found = profile()
    assert found.people["@akeller"] == "anna.keller@northbank.internal"
    assert found.waiver_approvers == {"low": ("anna.keller@northbank.internal",)}
    assert found.policies["INT-004"].enforcement is Enforcement.BLOCK
    assert found.policies["INT-004"].params == {"max_pilot_days": 90}
    assert found.digest().startswith("sha256:")
    empty = profile("kind: Organization\nspec: {policies: {INT-004: {}}}\n")
    assert empty.policies["INT-004"].enforcement is None


def test_a_param_that_is_no_number_has_its_place():
    with pytest.raises(ProfileError) as raised:
        profile(PROFILE.replace("max_pilot_days: 90", "max_pilot_days: true"))
    assert raised.value.where == "profile.yaml:10:35"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Anna.Keller+ai@Northbank.Internal", "anna.keller@northbank.internal"),
        ("@AKeller", "@akeller"),
        ("+x@a.b", "@a.b"),
        ("plain", "plain"),
    ],
)
def test_one_person_is_spelt_one_way(text, expected):
    assert same_person(text, {}) == expected
    assert same_person(same_person(text, {}), {}) == expected


def test_mapped_people_may_be_mixed_and_are_compared_as_one():
    document = changed(
        example("2-moderate-production"), put={"/spec/value/roi/validated_by": "@akeller"}
    )
    results = {one.code: one for one in judge(document, Settings(AS_OF, profile=profile())).results}
    assert results["VAL-002"].outcome is Outcome.PASS
    assert "SCH-001" not in results
    alone = {one.code: one for one in judge(document).results}
    assert alone["VAL-002"].outcome is Outcome.FAIL
    assert "SCH-001" in alone
