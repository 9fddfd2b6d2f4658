"""Who wrote what: the people of commits, held against approvers and owners.

Git's names are claims.  Author, committer and co-authors of a commit all count as its people,
so that a claim can bring somebody in, never out; with trusted signers, only a commit that one
of them signed says anything.  The rules are the project's own; which commits touch a record
is read by `authorship`.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from aigov.changes import Said, finding
from aigov.findings import Outcome, Result
from aigov.ledgers import below, identity
from aigov.packs import ACCOUNTS
from aigov.preparing import Prepared
from aigov.rules import Rules
from aigov.settings import Authors, Profile, Settings, same_person

MATERIAL = {
    "spec.architecture.models": ("architecture", "models"),
    "spec.delivery.evaluations": ("delivery", "evaluations"),
    "spec.data": ("data",),
    "spec.oversight": ("oversight",),
}
"""What an approver looks at, and may not have written."""
_APPROVAL = ("gate", "function", "person", "date", "decision")
_NOBODY: Mapping[str, str] = {}
_LONGEST = 100

Leaf = tuple[str, ...]
"""A scalar of a document: the place by which it is told, and the value as text."""
Key = tuple[str, str]
"""Kind and `metadata.id` of a document."""


class Writer(NamedTuple):
    """What one commit says of those who wrote it."""

    commit: str
    """Full id."""
    author: str
    committer: str
    others: tuple[str, ...] = ()
    """Co-authors; addresses, as stated."""
    signer: str = ""
    """The person whose trusted key signed it, as the profile writes it; "" if nobody's did."""


class Touch(NamedTuple):
    """One commit that wrote a document."""

    writer: Writer
    leaves: frozenset[Leaf] | None
    """What it put in and took out; None where its manifest cannot be read: anything, then."""

    @property
    def material(self) -> list[str]:
        """The material blocks that it wrote, as readers call them."""
        if self.leaves is None:
            return list(MATERIAL)
        touched = {leaf[0] for leaf in self.leaves}
        return [name for name in MATERIAL if name in touched]


class Trail(NamedTuple):
    """Every commit that wrote a document, up to the one that is judged."""

    touches: Mapping[Key, tuple[Touch, ...]] = {}
    """None of them before a commit that it contains."""
    since: Callable[[str], Collection[str]] = lambda _: ()
    """The commits among them that a given one does not contain."""
    unknown: str = ""
    """Why they cannot be read and what to do, else ""."""


def leaves(value: Any) -> frozenset[Leaf]:
    """Return what of a document is somebody's writing: of a waiver all, of a use case its
    material blocks and its approvals, each of these as one."""
    if not isinstance(value, dict):
        return frozenset()
    if value.get("kind") == "Waiver":
        return frozenset(_scalars(value, ()))
    found = {
        leaf for name, path in MATERIAL.items() for leaf in _scalars(below(value, path), (name,))
    }
    return frozenset(found | {_approval(entry) for _, entry in _approvals(value)})


def judge_approvers(
    prepared: Prepared, trail: Trail, rules: Rules, settings: Settings
) -> tuple[Result, ...]:
    """Return CHG-007: whether an approver wrote what is approved.

    Of each gate and function the latest approval counts; the commits of what is material,
    after the last one that brought an approval of somebody else there, are those of the
    approver to answer for.  Unknown where one of them names a person whom the profile does
    not know; without a profile only equal names are told.
    """
    touches = trail.touches.get(("UseCase", prepared.id), ())
    standing = list(_standing(prepared, touches, settings.profile))
    if not standing:
        return (Result("CHG-007", Outcome.NOT_APPLICABLE, note="nothing is approved yet"),)
    unread = trail.unknown or _unexplained(prepared, touches)
    said: dict[Outcome, list[Said]] = {Outcome.FAIL: [], Outcome.UNKNOWN: []}
    for given, start in standing:
        at, approver = ("spec", "approvals", str(given.position), "person"), given.person
        later = trail.since(start) if start else None
        written = [
            one for one in touches if one.material and (later is None or one.writer.commit in later)
        ]
        authors = authors_of(written, rules, settings.profile)
        mine = [one for one in written if authors.people.get(approver) == one.writer.commit[:12]]
        if mine:
            blocks = " and ".join(mine[0].material)
            words = f"{approver} approved it, and wrote {blocks} in {mine[0].writer.commit[:12]}"
            said[Outcome.FAIL].append((at, words))
        elif doubt := unread or authors.unknown or given.doubt:
            said[Outcome.UNKNOWN].append((at, doubt))
    for outcome, prefix in ((Outcome.FAIL, ""), (Outcome.UNKNOWN, "cannot tell: ")):
        if said[outcome]:
            return (finding("CHG-007", said[outcome], prepared, rules, outcome, prefix),)
    if settings.profile is None:
        note = "who is who is not known without a profile; no two names are equal"
        return (Result("CHG-007", Outcome.NOT_APPLICABLE, missing=("profile",), note=note),)
    return (Result("CHG-007", Outcome.PASS),)


def waiver_authors(
    waivers: Iterable[Prepared], trail: Trail, rules: Rules, profile: Profile | None
) -> dict[str, Authors]:
    """Return who added or changed each waiver, by its id."""
    found = {}
    for waiver in waivers:
        touches = trail.touches.get(("Waiver", waiver.id), ())
        authors = authors_of(touches, rules, profile)
        unread = trail.unknown or _unexplained(waiver, touches) or authors.unknown
        approver = str(below(waiver.document.value, ("approved_by",)))
        signer = touches[-1].writer.signer if touches else ""
        found[waiver.id] = authors._replace(unknown=unread or _doubt(approver, signer, profile))
    return found


def authors_of(touches: Iterable[Touch], rules: Rules, profile: Profile | None) -> Authors:
    """Return the people of commits, each with the first one that names them."""
    how: Any = rules.packs[0].documents[ACCOUNTS].value
    signed = _asks_signatures(profile)
    people: dict[str, str] = {}
    unknown = ""
    for writer, _ in touches:
        short = writer.commit[:12]
        if signed and not writer.signer:
            unknown = unknown or f"no trusted signer signed {short}"
            continue
        committer = writer.committer.lower()
        named = [writer.author, *writer.others, *([writer.signer] if signed else ())]
        named += [committer] if committer not in how["forges"] else []
        for address in named:
            person, known = _person(address, how["hidden"], profile)
            people.setdefault(person, short)
            if profile and not known:
                shown = f"{address:.{_LONGEST}}" or "nobody"
                unknown = unknown or f"{shown} in {short} is none of the profile's people"
    return Authors(people, unknown)


def _person(address: str, hidden: list[str], profile: Profile | None) -> tuple[str, bool]:
    """Return whom an address names, and whether the profile knows that."""
    small = address.strip().lower()
    logins = [found["login"] for one in hidden if (found := re.fullmatch(one, small))]
    ways = [*(f"@{login}" for login in logins), same_person(small, _NOBODY)]
    people = profile.people if profile else _NOBODY
    known = [people[way] for way in ways if way in people]
    return (*known, *ways)[0], bool(known)


class _Approval(NamedTuple):
    brought: int
    """Position of the commit that brought it."""
    day: str
    position: int
    person: str
    doubt: str
    """Why nobody knows that this person gave it, else ""."""


def _standing(
    prepared: Prepared, touches: Sequence[Touch], profile: Profile | None
) -> Iterator[tuple[_Approval, str]]:
    """Yield the approvals that stand, each with the commit that brought the last one of
    somebody else there before it ("": none)."""
    brought: dict[Leaf, int] = {}
    for index, touch in enumerate(touches):
        for leaf in touch.leaves or ():
            brought.setdefault(leaf, index)
    ledger: dict[tuple[str, str], list[_Approval]] = {}
    for position, entry in _approvals(prepared.document.value):
        leaf = _approval(entry)
        _, gate, function, named, day, decision = leaf
        if not named or not decision.startswith("approved"):
            continue  # what is refused takes no approval back
        index = brought.get(leaf, len(touches))
        signer = touches[index].writer.signer if index < len(touches) else ""
        person, _ = _person(named, [], profile)
        doubt = _doubt(named, signer, profile)
        given = _Approval(index, day, position, person, doubt)
        ledger.setdefault((gate, function), []).append(given)
    for entries in ledger.values():
        *before, last = sorted(entries)
        others = [
            touches[one.brought].writer.commit
            for one in before
            if not one.doubt and one.person != last.person and one.brought < last.brought
        ]
        yield last, others[-1] if others else ""


def _doubt(approver: str, signer: str, profile: Profile | None) -> str:
    """Return why nobody knows that somebody approved what this signer committed, else ""."""
    person, known = _person(approver, [], profile)
    if profile and not known:
        return f"{approver:.{_LONGEST}} is none of the profile's people"
    if _asks_signatures(profile) and _person(signer, [], profile)[0] != person:
        return f"{approver:.{_LONGEST}} has not signed the commit that brought it"
    return ""


def _asks_signatures(profile: Profile | None) -> bool:
    """Tell whether only signed commits identify their people."""
    return bool(profile and profile.spec.get("trusted_signers"))


def _approvals(value: Any) -> Iterator[tuple[int, dict[str, Any]]]:
    entries = below(value, ("approvals",))
    for position, entry in enumerate(entries if isinstance(entries, list) else ()):
        if isinstance(entry, dict):
            yield position, entry


def _approval(entry: dict[str, Any]) -> Leaf:
    return ("spec.approvals", *(str(entry.get(name) or "") for name in _APPROVAL))


def _unexplained(prepared: Prepared, touches: Sequence[Touch]) -> str:
    """Return why the commits do not account for a document, else ""."""
    written = frozenset[Leaf]().union(*(touch.leaves or () for touch in touches))
    missing = sorted(leaves(prepared.document.value) - written)
    return f"no commit is seen to have written {missing[0][0]:.{_LONGEST}}" if missing else ""


def _scalars(value: Any, at: Leaf) -> Iterator[Leaf]:
    """Yield the scalars at and below `at`, those of list items by the item's name."""
    if isinstance(value, dict) and value:
        for key, one in value.items():
            yield from _scalars(one, (*at, key))
    elif isinstance(value, list) and value:
        for one in value:
            yield from _scalars(one, (*at, str(identity(one)[1])))
    elif value is not None:
        yield (*at, repr(value))
