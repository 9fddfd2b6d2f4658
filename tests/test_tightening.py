"""What an organisation profile makes of the rules."""

from __future__ import annotations

import pytest

from aigov.check import check
from aigov.errors import ProfileError
from aigov.findings import Enforcement
from aigov.policies import RampIn
from aigov.preparing import ReadFile, Surroundings, prepare
from aigov.rules import Rules
from aigov.settings import Settings, parse_profile
from aigov.source import load
from aigov.tightening import tighten
from judging import changed, example, rules


def tightened(policies: str, more: str = "") -> Rules:
    """Return the shipped rules under a profile with these `policies`."""
    text = f"kind: Organization\nspec: {{policies: {{{policies}}}}}\n{more}"
    return tighten(rules(), parse_profile(load(text.encode()).documents[0], "profile.yaml"))


def test_a_policy_is_tightened_once_by_code_or_by_id():
    asked = "INT-004: {params: {max_pilot_days: 10}}, pilot-unbounded: {enforcement: block}"
    with pytest.raises(ProfileError) as raised:
        tightened(asked)
    assert raised.value.problem.startswith("pilot-unbounded and INT-004 are the same policy")
    assert raised.value.where == "profile.yaml:2:60"


REVIEWED = "metadata: {reviewed_on: 2026-10-01}\n"


def test_a_code_that_is_no_policy_is_tightened_by_code_or_id_and_never_loosened():
    assert rules().codes["REP-005"].enforcement is Enforcement.WARN
    for name in ("REP-005", "gate-not-in-pipeline"):
        asked = tightened(f"{name}: {{enforcement: block}}")
        assert asked.codes["REP-005"].enforcement is Enforcement.BLOCK
    assert tightened("REP-005: {}").codes == rules().codes
    for loosened in ("{enforcement: info}", "{enforcement: warn, until: 2027-01-31}"):
        with pytest.raises(ProfileError, match="REP-005 may only be tightened"):
            tightened(f"REP-005: {loosened}", REVIEWED)
    with pytest.raises(ProfileError, match="REP-005 has no param max_days"):
        tightened("REP-005: {params: {max_days: 3}}")
    with pytest.raises(ProfileError, match="are the same policy"):
        tightened("REP-005: {enforcement: block}, gate-not-in-pipeline: {}")


@pytest.mark.parametrize(
    ("asked", "reviewed", "words"),
    [
        ("MAN-006: {enforcement: warn, until: 2027-01-31}", REVIEWED, "MAN-006 cannot be waived"),
        ("GOV-004: {enforcement: warn, until: 2027-01-31}", REVIEWED, "GOV-004 cannot be waived"),
        ("GOV-005: {enforcement: info, until: 2027-01-31}", REVIEWED, "GOV-005 cannot be waived"),
        ("INT-004: {enforcement: warn, until: 2027-10-03}", REVIEWED, "at most 366 days after"),
        ("INT-004: {enforcement: warn, until: 2027-01-31}", "", "at most 366 days after"),
        ("INT-004: {enforcement: warn}", REVIEWED, "may only be tightened, not made warn"),
        ("INT-004: {enforcement: block, until: 2027-01-31}", REVIEWED, "until goes with"),
        ("INT-004: {until: 2027-01-31}", REVIEWED, "until goes with"),
    ],
)
def test_a_ramp_in_is_dated_bounded_and_of_what_can_be_waived(asked, reviewed, words):
    with pytest.raises(ProfileError, match=words):
        tightened(asked, reviewed)


def test_a_ramp_in_leaves_the_policy_itself_as_it_is():
    asked = "INT-004: {enforcement: warn, until: 2027-10-02, params: {max_pilot_days: 10}}"
    policy, own = tightened(asked, REVIEWED).policies["INT-004"], rules().policies["INT-004"]
    assert policy.enforcement == own.enforcement
    assert set(policy.params["max_pilot_days"].values()) == {10}
    assert policy.ramp_in == RampIn(Enforcement.WARN, "2026-10-01", "2027-10-02", "2027-10-03")


@pytest.mark.parametrize(
    ("as_of", "blocks"),
    [("2026-09-30", True), ("2026-10-01", False), ("2027-01-31", False), ("2027-02-01", True)],
)
def test_a_ramp_in_warns_from_the_review_to_its_last_day_and_says_so(as_of, blocks):
    ramped = tightened("GOV-001: {enforcement: warn, until: 2027-01-31}", REVIEWED)
    document = changed(example("1-low-pilot"), drop=("/spec/ownership/accountable",))
    settings = Settings(as_of=as_of)
    file = ReadFile("aigov.yaml", (prepare("aigov.yaml", document, ramped, settings),), ())
    result = check([(file, Surroundings())], ramped, settings)
    (found,) = (one for one in result.documents[0].results if one.code == "GOV-001")
    assert found.blocks is blocks
    assert found.warns is not blocks
    assert found.note == ("" if blocks else "blocks from 2027-02-01")
    said = "GOV-001: the profile lets 1 finding only warn until 2027-01-31"
    assert (said in result.notes) is not blocks


def test_a_profiles_limit_is_not_negative():
    with pytest.raises(ProfileError, match="max_pilot_days may not be negative"):
        tightened("INT-004: {params: {max_pilot_days: -1}}")


def test_what_a_profile_asks_for_is_not_softened():
    assert {to for _, to in rules().policies["MAN-013"].soften} == {Enforcement.INFO}
    asked = tightened("MAN-013: {enforcement: block}").policies["MAN-013"]
    assert {to for _, to in asked.soften} == {Enforcement.BLOCK}
    as_before = tightened("MAN-013: {}").policies["MAN-013"]
    assert as_before.soften == rules().policies["MAN-013"].soften
