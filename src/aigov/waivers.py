"""Waivers: one policy, one use case, a reason, an approver, and an end.

A valid waiver turns a failing result into `waived`, always shown and counted; what is
wrong with a waiver is a finding of its own (WAI codes).  The expiry day is inclusive
and the date is an argument.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, NamedTuple

from aigov.findings import Enforcement, Outcome, Result, by_code, fingerprint
from aigov.policies import Policy
from aigov.preparing import Prepared, mapping
from aigov.results import DocumentResult
from aigov.rules import Rules
from aigov.settings import Authors, Profile, Settings, same_person
from aigov.source import Document

BUILDERS = ("accountable", "technology")
"""Roles below `spec.ownership` whose owners may not write a waiver of their use case."""
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
    """JSON pointer: of a finding, the waiver covers this place only."""
    by_person: bool
    """Whether the approver is one person, not a mailbox or a placeholder."""


class Target(NamedTuple):
    """The use case that a waiver names, as judged."""

    tier: str
    owners: Mapping[str, str]
    """Role below `spec.ownership` to person, as written."""
    results: tuple[Result, ...]


def waive(
    documents: list[tuple[Prepared, DocumentResult]], rules: Rules, settings: Settings
) -> list[DocumentResult]:
    """Judge the waivers among `documents`, and mark what the sound ones cover."""
    policies = rules.named()
    targets = {
        result.use_case: Target(result.tier or "low", _owners(prepared.value), result.results)
        for prepared, result in documents
        if prepared.kind == "UseCase"
    }
    sound: dict[str, list[Waiver]] = {}
    findings: dict[int, list[Result]] = {}
    for index, (prepared, _) in enumerate(documents):
        if prepared.kind == "Waiver" and not prepared.shape:
            waiver = parse_waiver(prepared)
            target = targets.get(waiver.use_case)
            found = [
                one._replace(enforcement=rules.codes[one.code].enforcement)
                for one in judge_waiver(waiver, policies, target, settings)
            ]
            findings[index] = found
            counts = settings.waivers_on_base is None or waiver.id in settings.waivers_on_base
            if counts and not any(one.enforcement is Enforcement.BLOCK for one in found):
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


def parse_waiver(prepared: Prepared) -> Waiver:
    """Read a waiver document whose shape the manifest schema accepts."""
    value = prepared.document.value
    assert isinstance(value, dict)  # the schema held
    spec = value["spec"]
    return Waiver(
        prepared.document,
        value["metadata"]["id"],
        spec["policy"],
        spec["use_case"],
        spec["approved_by"],
        spec["granted_on"],
        spec["expires_on"],
        spec.get("at"),
        not prepared.nobodies,
    )


def judge_waiver(
    waiver: Waiver,
    policies: Mapping[str, Policy],
    target: Target | None,
    settings: Settings,
) -> list[Result]:
    """Return the WAI findings on one waiver; `policies` by code and by id.

    `target` is None where the use case is not among the documents judged.
    """
    policy = policies.get(waiver.policy)
    if policy is None:
        return [_finding(waiver, "WAI-007", "policy", f"no policy {waiver.policy}")]
    today = settings.as_of
    granted, expires = date.fromisoformat(waiver.granted_on), date.fromisoformat(waiver.expires_on)
    found = []
    if expires < granted or waiver.granted_on > today:
        words = f"granted on {waiver.granted_on}, expires on {waiver.expires_on}"
        found.append(_finding(waiver, "WAI-007", "granted_on", words))
    if not waiver.by_person:
        words = f"{waiver.approved_by} is no named person"
        found.append(_finding(waiver, "WAI-006", "approved_by", words))
    if policy.waivable is None:
        found.append(_finding(waiver, "WAI-005", "policy", f"{policy.code} cannot be waived"))
    elif target:
        allowed = policy.waivable.max_days.get(target.tier, 0)
        days = (expires - granted).days
        if days > allowed:
            words = f"{days} days; at tier {target.tier} at most {allowed}"
            found.append(_finding(waiver, "WAI-004", "expires_on", words))
        found += _author_findings(waiver, target, settings)
        found += _approver_findings(waiver, policy.waivable.approver_not, target, settings.profile)
    left = (expires - date.fromisoformat(today)).days
    if left < 0:
        found.append(_finding(waiver, "WAI-001", "expires_on", f"expired on {waiver.expires_on}"))
    elif left <= EXPIRING_DAYS and not found:
        words = f"expires on {waiver.expires_on}, {left} days left"
        found.append(_finding(waiver, "WAI-003", "expires_on", words))
    if target is None:
        words = f"no use case {waiver.use_case} is judged in this run"
        found.append(_finding(waiver, "WAI-002", "use_case", words))
    elif not any(_is_about(waiver, policy, result) for result in target.results):
        place = f" at {waiver.at}" if waiver.at else ""
        words = f"{policy.code} does not fail on {waiver.use_case}{place}"
        found.append(_finding(waiver, "WAI-002", "policy", words))
    return found


def _approver_findings(
    waiver: Waiver, forbidden: tuple[str, ...], target: Target, profile: Profile | None
) -> list[Result]:
    people = profile.people if profile else {}
    approver = same_person(waiver.approved_by, people)
    owners = {
        role: same_person(target.owners[role], people)
        for role in forbidden
        if role in target.owners
    }
    said = [
        f"{waiver.approved_by} is the {role} owner"
        for role, owner in owners.items()
        if owner == approver
    ]
    approvers = profile.waiver_approvers if profile else {}
    if approvers and approver not in approvers.get(target.tier, ()):
        said.append(
            f"{waiver.approved_by} is none of the profile's waiver_approvers at tier {target.tier}"
        )
    ways = _ways(approver, people)
    unlike = [
        role
        for role, owner in owners.items()
        if "@" in owner and ways.isdisjoint(_ways(owner, people))
    ]
    if unlike and waiver.by_person:  # a nobody is told already
        kinds = (
            "a handle, but an e-mail address" if True in ways else "an e-mail address, but a handle"
        )
        said.append(
            f"{waiver.approved_by} is {kinds} names the {' and the '.join(unlike)} owner, so they "
            "cannot be told apart; use one kind, or map people in the organisation profile"
        )
    return [_finding(waiver, "WAI-006", "approved_by", words) for words in said]


def _author_findings(waiver: Waiver, target: Target, settings: Settings) -> Iterator[Result]:
    """Yield why those who wrote a waiver may not have: owners grant themselves nothing."""
    authors = settings.waiver_authors.get(waiver.id, Authors({}))
    people = settings.profile.people if settings.profile else {}
    owners = [(role, target.owners[role]) for role in BUILDERS if role in target.owners]
    wrote = [
        f"the {role} owner, {owner}, wrote it in {commit}"
        for role, owner in owners
        if (commit := authors.people.get(same_person(owner, people)))
    ]
    strange = [one for _, one in owners if people and same_person(one, {}) not in people]
    unsure = authors.unknown
    if authors.people and strange:
        unsure = unsure or f"{strange[0]}, an owner, is none of the profile's people"
    for words in wrote:
        yield _finding(waiver, "WAI-006", "approved_by", words)
    if unsure and not wrote:
        words = f"cannot tell who wrote it: {unsure}"
        yield _finding(waiver, "WAI-006", "approved_by", words)._replace(outcome=Outcome.UNKNOWN)


def _ways(person: str, people: Mapping[str, str]) -> set[bool]:
    """Return how a person is known to be named: True by handle, False by address."""
    known = {one for one, whose in people.items() if whose == person} | {person}
    return {one.startswith("@") for one in known}


def apply_waivers(
    results: tuple[Result, ...],
    waivers: list[Waiver],
    policies: Mapping[str, Policy],
) -> tuple[Result, ...]:
    """Return `results` with what valid `waivers` of this use case cover marked waived."""

    def marked(result: Result) -> Result:
        about = [one for one in waivers if _is_about(one, policies[one.policy], result)]
        for waiver in about:
            if waiver.at is None:
                return _covered(result, [waiver])
        # a result is waived as a whole, so one place that nobody waived keeps it failing
        if _places(result) <= {one.at for one in about}:
            return _covered(result, about)
        return result

    return tuple(marked(result) for result in results)


def _covered(result: Result, waivers: list[Waiver]) -> Result:
    """Return a result as waived, until the first of its waivers ends."""
    ids = ", ".join(sorted({one.id for one in waivers}))
    until = f"until {min(one.expires_on for one in waivers)}"
    note = f"{result.note}; {until}" if result.note else until
    return result._replace(outcome=Outcome.WAIVED, waiver=ids, note=note)


def _is_about(waiver: Waiver, policy: Policy, result: Result) -> bool:
    """Tell whether a result fails at the place that a waiver names, or anywhere if none."""
    return (
        result.code == policy.code
        and result.outcome in (Outcome.FAIL, Outcome.UNKNOWN)
        and (waiver.at is None or waiver.at in _places(result))
    )


def _places(result: Result) -> set[str]:
    return {result.pointer, *(spot.pointer for spot in result.related)}


def _finding(waiver: Waiver, code: str, field: str, message: str) -> Result:
    pointer = f"/spec/{field}"
    return Result(
        code,
        Outcome.FAIL,
        message=message,
        pointer=pointer,
        place=waiver.document.place(pointer),
        fingerprint=fingerprint(code, waiver.use_case, f"/{waiver.id}{pointer}"),
    )
