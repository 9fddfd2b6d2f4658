"""Waivers: one policy, one use case, a reason, an approver, and an end.

A valid waiver turns a failing result into `waived`, always shown and counted; what is
wrong with a waiver is a finding of its own (WAI codes).  The expiry day is inclusive
and the date is an argument.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

from aigov.findings import Enforcement, Outcome, Result, by_code, fingerprint
from aigov.policies import Policy
from aigov.preparing import Prepared, mapping
from aigov.results import DocumentResult
from aigov.settings import Settings, same_person
from aigov.source import Document

EXPIRING_DAYS = 14
"""A waiver that ends within these days warns (WAI-003)."""


class Waiver(NamedTuple):
    """A waiver whose shape the manifest schema accepts."""

    document: Document
    id: str
    policy: str
    """Policy code or id, as written."""
    use_case: str
    approved_by: str
    granted_on: str
    expires_on: str
    at: str | None
    """JSON pointer: the waiver covers a finding at this place only."""


class Target(NamedTuple):
    """The use case that a waiver names, as judged."""

    tier: str
    owners: Mapping[str, str]
    """Role below `spec.ownership` to person, as written."""
    results: tuple[Result, ...]


class Words(NamedTuple):
    """What a WAI code says."""

    id: str
    title: str
    enforcement: Enforcement
    remedy: str


WORDS: Mapping[str, Words] = {
    "WAI-001": Words(
        "expired",
        "Waiver has expired",
        Enforcement.BLOCK,
        "Meet the policy, or have the waiver granted anew and remove this one.",
    ),
    "WAI-002": Words(
        "unused",
        "Waiver covers nothing",
        Enforcement.WARN,
        "Remove it: the policy no longer fails.",
    ),
    "WAI-003": Words(
        "expiring",
        "Waiver expires soon",
        Enforcement.WARN,
        "Meet the policy before the waiver ends, or have it granted anew.",
    ),
    "WAI-004": Words(
        "too-long",
        "Waiver runs too long for the tier",
        Enforcement.BLOCK,
        "Bring expires_on within the days that the policy allows at this tier.",
    ),
    "WAI-005": Words(
        "not-waivable",
        "Policy cannot be waived",
        Enforcement.BLOCK,
        "Remove the waiver and meet the policy.",
    ),
    "WAI-006": Words(
        "approver-not-allowed",
        "Approver is not allowed to approve this waiver",
        Enforcement.BLOCK,
        "Have it approved by somebody who neither owns nor builds the use case.",
    ),
    "WAI-007": Words(
        "malformed-or-unknown-policy",
        "Waiver is malformed or names an unknown policy",
        Enforcement.BLOCK,
        "Name a policy by its code or id, and give dates that can be.",
    ),
}


def waive(
    documents: list[tuple[Prepared, DocumentResult]],
    policies: Mapping[str, Policy],
    settings: Settings,
) -> list[DocumentResult]:
    """Judge the waivers among `documents`, and mark what the sound ones cover; `policies`
    by code and by id."""
    people = settings.profile.people if settings.profile else {}
    targets = {
        result.use_case: Target(result.tier or "low", _owners(prepared.value), result.results)
        for prepared, result in documents
        if prepared.kind == "UseCase"
    }
    sound: dict[str, list[Waiver]] = {}
    findings: dict[int, list[Result]] = {}
    for index, (prepared, _) in enumerate(documents):
        if prepared.kind == "Waiver" and not prepared.shape:
            waiver = parse_waiver(prepared.document)
            target = targets.get(waiver.use_case)
            found = judge_waiver(waiver, policies, target, settings.as_of, people)
            findings[index] = found
            if not any(one.enforcement is Enforcement.BLOCK for one in found):
                sound.setdefault(waiver.use_case, []).append(waiver)
    judged = []
    for index, (_, result) in enumerate(documents):
        waivers = sound.get(result.use_case, []) if settings.honour_waivers else []
        results = apply_waivers(result.results, waivers, policies)
        results = tuple(sorted((*results, *findings.get(index, ())), key=by_code))
        judged.append(result._replace(results=results))
    return judged


def _owners(value: Mapping[str, Any]) -> dict[str, str]:
    owners = mapping(mapping(value, "spec"), "ownership")
    return {
        role: str(owner["person"])
        for role, owner in owners.items()
        if isinstance(owner, dict) and "person" in owner
    }


def parse_waiver(document: Document) -> Waiver:
    """Read a waiver document whose shape the manifest schema accepts."""
    value = document.value
    assert isinstance(value, dict)  # the schema held
    spec = value["spec"]
    return Waiver(
        document,
        value["metadata"]["id"],
        spec["policy"],
        spec["use_case"],
        spec["approved_by"],
        spec["granted_on"],
        spec["expires_on"],
        spec.get("at"),
    )


def judge_waiver(
    waiver: Waiver,
    policies: Mapping[str, Policy],
    target: Target | None,
    today: str,
    people: Mapping[str, str],
) -> list[Result]:
    """Return the WAI findings on one waiver; `policies` by code and by id.

    `target` is None where the use case is not among the documents judged.
    """
    policy = policies.get(waiver.policy)
    if policy is None:
        return [_finding(waiver, "WAI-007", "policy", f"no policy {waiver.policy}")]
    granted, expires = date.fromisoformat(waiver.granted_on), date.fromisoformat(waiver.expires_on)
    found = []
    if expires < granted or waiver.granted_on > today:
        words = f"granted on {waiver.granted_on}, expires on {waiver.expires_on}"
        found.append(_finding(waiver, "WAI-007", "granted_on", words))
    if policy.waivable is None:
        found.append(_finding(waiver, "WAI-005", "policy", f"{policy.code} cannot be waived"))
    elif target:
        allowed = policy.waivable.max_days.get(target.tier, 0)
        days = (expires - granted).days
        if days > allowed:
            words = f"{days} days; at tier {target.tier} at most {allowed}"
            found.append(_finding(waiver, "WAI-004", "expires_on", words))
        found += _approver_findings(waiver, policy.waivable.approver_not, target, people)
    left = (expires - date.fromisoformat(today)).days
    if left < 0:
        found.append(_finding(waiver, "WAI-001", "expires_on", f"expired on {waiver.expires_on}"))
    elif left <= EXPIRING_DAYS and not found:
        words = f"expires on {waiver.expires_on}, {left} days left"
        found.append(_finding(waiver, "WAI-003", "expires_on", words))
    if target and not any(_covers(waiver, policy, result) for result in target.results):
        words = f"{policy.code} does not fail on {waiver.use_case}"
        found.append(_finding(waiver, "WAI-002", "policy", words))
    return found


def _approver_findings(
    waiver: Waiver, forbidden: tuple[str, ...], target: Target, people: Mapping[str, str]
) -> list[Result]:
    approver = same_person(waiver.approved_by, people)
    return [
        _finding(waiver, "WAI-006", "approved_by", f"{waiver.approved_by} is the {role} owner")
        for role in forbidden
        if role in target.owners and same_person(target.owners[role], people) == approver
    ]


def apply_waivers(
    results: tuple[Result, ...],
    waivers: list[Waiver],
    policies: Mapping[str, Policy],
) -> tuple[Result, ...]:
    """Return `results` with what valid `waivers` of this use case cover marked waived."""

    def marked(result: Result) -> Result:
        for waiver in waivers:
            if _covers(waiver, policies[waiver.policy], result):
                return result._replace(outcome=Outcome.WAIVED, waiver=waiver.id)
        return result

    return tuple(marked(result) for result in results)


def _covers(waiver: Waiver, policy: Policy, result: Result) -> bool:
    return (
        result.code == policy.code
        and result.outcome in (Outcome.FAIL, Outcome.UNKNOWN)
        and waiver.at in (None, result.pointer)
    )


def _finding(waiver: Waiver, code: str, field: str, message: str) -> Result:
    pointer = f"/spec/{field}"
    return Result(
        code,
        Outcome.FAIL,
        WORDS[code].enforcement,
        message=message,
        pointer=pointer,
        place=waiver.document.place(pointer),
        fingerprint=fingerprint(code, waiver.use_case, f"/{waiver.id}{pointer}"),
    )
