"""Who is who in commits, and whether an approver is among them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigov.findings import Outcome, Result
from aigov.identities import (
    MATERIAL,
    Touch,
    Trail,
    Writer,
    authors_of,
    judge_approvers,
    leaves,
    waiver_authors,
)
from aigov.preparing import Prepared, prepare
from aigov.settings import Profile, Settings
from aigov.source import Document, load
from judging import AS_OF, changed, example, rules

READY = example("4-ready")
NAMES = ("ana", "bo", "karin")
PEOPLE = {f"{name}@x.example": f"{name}@x.example" for name in NAMES} | {"@kh": "karin@x.example"}
PROFILE = Profile("p", READY, PEOPLE, {}, {}, (), {})
SIGNED = PROFILE._replace(spec={"trusted_signers": {"karin@x.example": "key"}})


def touch(by: str, *names: str, value: Any = None, commit: str = "1", signer: str = "") -> Touch:
    """Return the commit of somebody who wrote the whole of a document."""
    address = by if "@" in by or not by else f"{by}@x.example"
    others = tuple(f"{name}@x.example" for name in names)
    written = frozenset({("spec.data", "1")}) if value is None else leaves(value)
    return Touch(Writer(commit * 40, address, address, others, signer), written)


def approved(*persons: str, gate: str = "governance") -> Document:
    """Return a use case that these persons approved, one after the other."""
    approvals = [
        {"gate": gate, "function": "risk", "person": f"{one.strip('-')}@x.example",
         "date": f"2026-01-{day:02}", "decision": "rejected" if "-" in one else "approved"}
        for day, one in enumerate(persons, 1)
    ]  # fmt: skip
    return changed(READY, put={"/spec/approvals": approvals})


def judged(document: Document, *touches: Touch, profile: Profile | None = PROFILE, **how) -> Result:
    settings = Settings(AS_OF, profile=profile)
    prepared = prepare("aigov.yaml", document, rules(), settings)
    trail = Trail({("UseCase", prepared.id): touches}, **how)
    (found,) = judge_approvers(prepared, trail, rules(), settings)
    return found


def test_whoever_wrote_what_they_approved_is_found():
    document = approved("karin")
    assert judged(document, touch("ana", value=document.value)).outcome is Outcome.PASS
    found = judged(document, touch("ana", "karin", value=document.value))
    assert (found.outcome, found.pointer) == (Outcome.FAIL, "/spec/approvals/0/person")
    assert "karin@x.example approved it, and wrote spec.architecture.models and" in found.message


def test_nothing_approved_is_nothing_to_judge():
    for put in ([], "x", [1], [{"gate": "governance", "decision": "approved"}]):
        document = changed(READY, put={"/spec/approvals": put})
        found = judged(document, touch("karin", value=document.value))
        assert (found.outcome, found.note) == (Outcome.NOT_APPLICABLE, "nothing is approved yet")
    assert judged(approved("karin-"), touch("karin")).outcome is Outcome.NOT_APPLICABLE


def test_a_later_refusal_does_not_hide_the_approval_that_still_counts():
    document = approved("karin", "bo-")
    assert judged(document, touch("karin", value=document.value)).outcome is Outcome.FAIL


def test_the_window_begins_after_the_last_approval_of_somebody_else():
    before, after = approved("bo"), approved("bo", "karin")
    first = touch("ana", value=before.value, commit="1")
    hers = touch("karin", commit="2")
    last = touch("ana", value=after.value, commit="3")
    seen: list[str] = []

    def since(commit: str) -> list[str]:
        seen.append(commit)
        return ["2" * 40, "3" * 40]

    assert judged(after, first, hers, last, since=since).outcome is Outcome.FAIL
    assert seen == ["1" * 40]
    assert judged(after, hers, first, last, since=lambda _: ["3" * 40]).outcome is Outcome.PASS
    assert judged(after, hers, last).outcome is Outcome.FAIL  # both came at once: no earlier one


def test_an_approval_that_was_refused_or_is_in_doubt_begins_no_window():
    for before in (approved("bo-"), approved("stranger")):
        entries = [
            *before.value["spec"]["approvals"],
            *approved("karin").value["spec"]["approvals"],
        ]
        after = changed(READY, put={"/spec/approvals": entries})
        touches = touch("karin", value=before.value), touch("ana", value=after.value, commit="2")
        assert judged(after, *touches, since=lambda _: ["2" * 40]).outcome is Outcome.FAIL


def test_what_cannot_be_read_or_accounted_for_is_unknown():
    document = approved("karin")
    ana = touch("ana", value=document.value)
    assert judged(document, ana, unknown="fetch it").message == "cannot tell: fetch it"
    found = judged(document)
    assert found.message == "cannot tell: no commit is seen to have written spec.approvals"
    assert judged(document, ana, Touch(touch("bo").writer, None)).outcome is Outcome.PASS
    assert judged(document, ana, Touch(touch("karin").writer, None)).outcome is Outcome.FAIL


@pytest.mark.parametrize(
    "stranger", ["who@y.example", "@who", "", "1+who@users.noreply.github.com"]
)
def test_a_stranger_among_the_authors_or_approvers_leaves_it_unknown(stranger):
    document = approved("karin")
    found = judged(document, touch(stranger, value=document.value))
    assert found.outcome is Outcome.UNKNOWN
    assert (
        f"{stranger or 'nobody'} in 111111111111 is none of the profile's people" in found.message
    )
    other = approved("who")
    message = judged(other, touch("ana", value=other.value)).message
    assert message == "cannot tell: who@x.example is none of the profile's people"


def test_without_a_profile_equal_names_fail_and_others_are_not_judged():
    document = approved("karin")
    ana, karin = touch("ana", value=document.value), touch("karin", value=document.value)
    assert judged(document, ana, profile=None).missing == ("profile",)
    assert judged(document, karin, profile=None).outcome is Outcome.FAIL


def test_signatures_alone_identify_where_they_are_asked_for():
    document = approved("karin")
    unsigned = touch("karin", value=document.value)
    assert "no trusted signer" in judged(document, unsigned, profile=SIGNED).message
    by_bo = touch("bo", value=document.value, signer="bo@x.example")
    assert "karin@x.example has not signed" in judged(document, by_bo, profile=SIGNED).message
    names = Touch(by_bo.writer, frozenset(one for one in by_bo.leaves or () if "app" not in one[0]))
    hers = touch("karin", value=document.value, commit="2", signer="karin@x.example")
    only = Touch(hers.writer, frozenset(one for one in hers.leaves or () if "app" in one[0]))
    assert judged(document, names, only, profile=SIGNED).outcome is Outcome.PASS
    assert judged(document, hers, profile=SIGNED).outcome is Outcome.FAIL


def waiver() -> Prepared:
    text = b"kind: Waiver\nmetadata: {id: w}\nspec: {policy: A, approved_by: karin@x.example}\n"
    return prepare("w.aigov.yaml", load(text).documents[0], rules(), Settings(AS_OF))


def test_a_waivers_authors_are_those_of_all_its_commits():
    one = waiver()
    value = one.document.value
    signer = "@kh"
    touches = touch("ana", value=value), touch("bo", "karin", commit="2", signer=signer)
    trail = Trail({("Waiver", "w"): touches})
    found = waiver_authors([one], trail, rules(), PROFILE)["w"]
    assert found.people == {
        "ana@x.example": "1" * 12, "bo@x.example": "2" * 12, "karin@x.example": "2" * 12,
    }  # fmt: skip
    assert found.unknown == ""
    signed = Trail({("Waiver", "w"): touches[1:]}), Trail({("Waiver", "w"): touches})
    assert [waiver_authors([one], by, rules(), SIGNED)["w"].unknown[:20] for by in signed] == [
        "no commit is seen to",
        "no trusted signer si",
    ]
    unread = waiver_authors([one], Trail(), rules(), PROFILE)["w"].unknown
    assert unread == "no commit is seen to have written kind"
    assert waiver_authors([one], Trail(unknown="x"), rules(), SIGNED)["w"].unknown == "x"


def test_leaves_are_all_of_a_waiver_and_what_is_material_of_a_use_case():
    assert leaves([]) == frozenset()
    assert leaves({"kind": "Waiver", "a": [{"id": "x", "b": None}, 1, {}], "c": []}) == {
        ("kind", "'Waiver'"), ("a", "x", "id", "'x'"), ("a", "(False, 1)", "1"),
        ("a", "('mapping',)", "{}"), ("c", "[]"),
    }  # fmt: skip
    names = {leaf[0] for leaf in leaves(READY.value)}
    assert names == {*MATERIAL, "spec.approvals"}


@given(st.lists(st.sampled_from([*NAMES, "@kh", "who@y.example", ""]), max_size=6), st.data())
def test_more_names_never_take_anybody_out(names, data):
    """Law: another commit or co-author only adds people, and only adds doubt."""
    touches = [touch(name) for name in names]
    few = authors_of(touches, rules(), PROFILE)
    extra = touch(data.draw(st.sampled_from(NAMES)), "who")
    more = authors_of([*touches, extra], rules(), PROFILE)
    assert few.people.keys() < more.people.keys() or few.people.keys() == more.people.keys()
    assert more.unknown
    assert not few.unknown or more.unknown == few.unknown


@given(st.text(max_size=60))
def test_any_address_names_somebody_or_nobody_and_never_crashes(address):
    found = authors_of([touch(f"@{address}")], rules(), PROFILE)
    assert len(found.people) == 1
    assert bool(found.unknown) is not (next(iter(found.people)) in PEOPLE.values())


def test_the_forge_is_nobody_as_committer_alone():
    forge = "NoReply@GitHub.com"
    writer = Writer("1" * 40, "ana@x.example", forge)
    assert authors_of([Touch(writer, None)], rules(), PROFILE).people == {"ana@x.example": "1" * 12}
    alone = authors_of([Touch(writer._replace(author=forge), None)], rules(), PROFILE)
    assert "noreply@github.com in 111111111111" in alone.unknown.lower()
