"""Waivers: what they cover, and every way in which one is wrong."""

from __future__ import annotations

import pytest

from aigov.check import check
from aigov.evidence import Evidence
from aigov.findings import Outcome
from aigov.preparing import Surroundings, read
from aigov.settings import Authors, Profile, Settings
from judging import AS_OF, EXAMPLES, example, judge_text, rules

KARIN = "karin.holm@northbank.internal"
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


def judged(*waivers: str, as_of: str = AS_OF, manifest: str = LATE, people=None):
    """Return the outcome of INT-001, and the codes found on the waivers."""
    profile = people and Profile("p", example("4-ready"), people, {}, {}, (), {})
    documents = judge_text(manifest + "".join(waivers), Settings(as_of, profile=profile))
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
    assert judged(waiver(use_case="another-case")) == (Outcome.FAIL, ["WAI-002"])
    assert judged(waiver(use_case="another-case", policy="GOV-005")) == (
        Outcome.FAIL, ["WAI-002", "WAI-005"],
    )  # fmt: skip


def test_an_expired_waiver_beside_a_sound_one_harms_nothing_but_is_told():
    old = waiver(granted_on="2026-08-01", expires_on="2026-09-01")
    assert judged(old, waiver()) == (Outcome.WAIVED, ["WAI-001"])


def test_a_waiver_alone_is_told_to_cover_nothing():
    (alone,) = judge_text(waiver())
    (found,) = alone.results
    assert (found.code, found.pointer) == ("WAI-002", "/spec/use_case")
    assert found.message == "no use case retail-support-bot is judged in this run"


READY = (EXAMPLES / "4-ready.aigov.yaml").read_text("utf-8")


def missing_evidence(kept: int, *waivers: str):
    """Return the MAN-004 result where all evidence but that of the first `kept` places is
    there, those places, and the codes found on the waivers."""
    file = read("aigov.yaml", (READY + "".join(waivers)).encode(), rules(), Settings(AS_OF))
    absent = [one["pointer"] for one in file.documents[0].evidence][:kept]
    resolved = {
        one["path"]: Evidence(one["pointer"] not in absent) for one in file.documents[0].evidence
    }
    use_case, *others = check([(file, Surroundings(resolved))], rules(), Settings(AS_OF)).documents
    (found,) = [one for one in use_case.results if one.code == "MAN-004"]
    places = [found.pointer, *(spot.pointer for spot in found.related)]
    return found, places, [one.code for other in others for one in other.results]


def ready_waiver(**changes: str) -> str:
    return waiver(policy="MAN-004", use_case="branch-appointment-assistant", **changes)


def test_a_waiver_for_one_place_waives_no_other():
    _, places, _ = missing_evidence(99)
    assert len(places) > 20
    for at in (places[0], places[-1]):
        found, _, codes = missing_evidence(99, ready_waiver(at=at))
        assert (found.outcome, found.waiver, codes) == (Outcome.FAIL, None, [])
    found, _, codes = missing_evidence(99, ready_waiver(at="/spec/purpose"))
    assert (found.outcome, codes) == (Outcome.FAIL, ["WAI-002"])


def test_waivers_for_every_place_cover_together():
    _, places, _ = missing_evidence(2)
    first, second = (ready_waiver(at=at) for at in places)
    assert missing_evidence(2, second)[0].outcome == Outcome.FAIL
    second = second.replace("late-intake", "another")
    found, _, codes = missing_evidence(2, first, second)
    assert (found.outcome, found.waiver, codes) == (Outcome.WAIVED, "another, late-intake", [])
    found, _, _ = missing_evidence(2, second, ready_waiver())
    assert (found.outcome, found.waiver) == (Outcome.WAIVED, "late-intake")


@pytest.mark.parametrize(
    "nobody", ["tbd@northbank.internal", "info@northbank.internal", '"@tbd"', '"@risk team"', "tbd"]
)
def test_an_approver_who_is_no_person_is_not_allowed(nobody):
    outcome, codes = judged(waiver(approved_by=nobody))
    assert outcome == Outcome.FAIL
    assert codes in (["WAI-006"], ["SCH-001"])
    assert judged(waiver(approved_by="info@northbank.internal", use_case="another-case"))[1] == [
        "WAI-002",
        "WAI-006",
    ]


def test_a_handle_cannot_approve_for_owners_named_by_address():
    by_handle = waiver(approved_by='"@lukas.meyer"')
    assert judged(by_handle) == (Outcome.FAIL, ["WAI-006"])
    (found,) = judge_text(LATE + by_handle)[1].results
    assert found.message == (
        "@lukas.meyer is a handle, but an e-mail address names the accountable and the technology "
        "owner, so they cannot be told apart; use one kind, or map people in the organisation "
        "profile"
    )
    by_address = READY.replace("nora.fischer@northbank.internal", '"@nora"')
    (found,) = [
        one for one in judge_text(by_address + ready_waiver())[1].results if one.code == "WAI-006"
    ]
    assert "is an e-mail address, but a handle names the accountable owner" in found.message


def test_a_profile_that_maps_people_tells_handle_and_address_apart():
    mapped = {"@karin": "karin.holm@x.example", "@lukas": "lukas.meyer@northbank.internal"}
    assert judged(waiver(approved_by='"@karin"'), people=mapped) == (Outcome.WAIVED, [])
    assert judged(waiver(approved_by='"@lukas"'), people=mapped) == (Outcome.FAIL, ["WAI-006"])
    assert judged(waiver(approved_by='"@ines"'), people=mapped) == (Outcome.FAIL, ["WAI-006"])


def test_an_owner_who_is_nobody_is_not_compared():
    manifest = LATE.replace("lukas.meyer@northbank.internal", "TBD").replace(
        "ines.costa@northbank.internal", "TBD"
    )
    assert judged(waiver(approved_by='"@karin"'), manifest=manifest)[1] == []


def test_what_aliases_share_stays_shared():
    text = "x: &a {one: 1, none: null}\ny: [*a, *a]\nz: {a: *a}\n"
    (document,) = read("aigov.yaml", text.encode(), rules(), Settings(AS_OF)).documents
    value = document.value
    assert value == {"x": {"one": 1}, "y": [{"one": 1}] * 2, "z": {"a": {"one": 1}}}
    assert value["x"] is value["y"][0] is value["y"][1] is value["z"]["a"]


OWNERS = ("lukas.meyer", "ines.costa")


@pytest.mark.parametrize(
    ("authors", "said"),
    [
        (Authors({KARIN: "c1"}), []),
        (Authors({"lukas.meyer@northbank.internal": "c1"}), ["the accountable owner", "c1"]),
        (Authors({"ines.costa@northbank.internal": "c2"}), ["the technology owner", "c2"]),
        (Authors({KARIN: "c1"}, "x in c1 is nobody"), ["cannot tell", "x in c1 is nobody"]),
    ],
)
@pytest.mark.parametrize("mapped", [True, False])
def test_a_waiver_counts_by_who_wrote_it(authors, said, mapped):
    people = {f"{one}@northbank.internal": f"{one}@northbank.internal" for one in OWNERS}
    profile = Profile("p", example("4-ready"), {**people, KARIN: KARIN}, {}, {}, (), {})
    settings = Settings(
        AS_OF, profile=profile if mapped else None, waiver_authors={"late-intake": authors}
    )
    use_case, its_waiver = judge_text(LATE + waiver(), settings)
    messages = [one.message for one in its_waiver.results if one.code == "WAI-006"]
    assert [word in one for one in messages for word in said] == [True] * len(said)
    assert len(messages) == bool(said)
    (found,) = [one for one in use_case.results if one.code == "INT-001"]
    assert (found.outcome is Outcome.WAIVED) is not bool(said)


def test_an_owner_whom_the_profile_does_not_know_may_have_written_the_waiver():
    profile = Profile("p", example("4-ready"), {KARIN: KARIN}, {}, {}, (), {})
    authors = {"late-intake": Authors({KARIN: "c1"})}
    _, its_waiver = judge_text(
        LATE + waiver(), Settings(AS_OF, profile=profile, waiver_authors=authors)
    )
    (found,) = [one for one in its_waiver.results if one.code == "WAI-006"]
    assert (found.outcome, found.blocks) == (Outcome.UNKNOWN, True)
    assert "lukas.meyer@northbank.internal, an owner, is none of the profile's people" in (
        found.message
    )


def test_an_owner_who_is_not_there_wrote_nothing():
    at = LATE.index("  ownership:")
    text = LATE[:at] + LATE[at:].replace("technology:", "other:", 1)
    authors = {"late-intake": Authors({KARIN: "c1"})}
    _, its_waiver = judge_text(text + waiver(), Settings(AS_OF, waiver_authors=authors))
    assert its_waiver.results == ()
