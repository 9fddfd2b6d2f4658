"""What a run is told: the settings of the command line and the organisation profile."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from aigov.errors import ProfileError
from aigov.findings import Enforcement
from aigov.source import Document


class Tightening(NamedTuple):
    """What a profile asks of one policy beyond the pack, or for a time below it."""

    enforcement: Enforcement | None
    until: str | None
    """The last day (YYYY-MM-DD) of an enforcement below the pack's."""
    params: Mapping[str, float]
    pointer: str
    """Where the profile says so."""


class Authors(NamedTuple):
    """Who wrote a record, by what git says of its commits."""

    people: Mapping[str, str]
    """Each person, normalised, to the first commit (12 digits) that names them."""
    unknown: str = ""
    """Why that is not all of them, or not vouched for, else ""."""


class Profile(NamedTuple):
    """An organisation profile (`kind: Organization`), as far as `check` reads it."""

    where: str
    document: Document
    people: Mapping[str, str]
    """Each address or handle, normalised, to the person it belongs to."""
    waiver_approvers: Mapping[str, tuple[str, ...]]
    """Tier to the persons who may approve a waiver; normalised."""
    policies: Mapping[str, Tightening]
    """By policy code (or id) as written."""
    evidence_urls: tuple[str, ...]
    """Prefixes (host and path) of https URLs that count as evidence."""
    spec: Mapping[str, Any]

    @property
    def reviewed_on(self) -> str:
        """When a person last found it true, YYYY-MM-DD; else empty."""
        value: Any = self.document.value
        return str(value.get("metadata", {}).get("reviewed_on", ""))

    def digest(self) -> str:
        """Return `sha256:` and the hex digest of the profile's text."""
        from hashlib import sha256  # loads OpenSSL; only machine formats need it

        return f"sha256:{sha256(self.document.text.encode()).hexdigest()}"

    def error(self, pointer: str, problem: str) -> ProfileError:
        """Return the error to raise for the value at `pointer`."""
        return profile_error(self.document, self.where, pointer, problem)


class Settings(NamedTuple):
    """What one run judges by."""

    as_of: str
    """YYYY-MM-DD."""
    target_stage: str | None = None
    profile: Profile | None = None
    honour_waivers: bool = True
    waivers_on_base: frozenset[str] | None = None
    """The ids of the waivers that count; None: all do."""
    waiver_authors: Mapping[str, Authors] = {}
    """By the id of a waiver, where git was asked."""
    preview: bool = False
    """Also judge what the next stage asks."""
    demanded: frozenset[str] = frozenset()
    """Contexts without which the policies that need them are unknown, not passed over."""
    digests: bool = False
    """Fill in the sha256 digests that only machine formats carry."""


def same_person(text: str, people: Mapping[str, str]) -> str:
    """Return what two spellings of one person share: lower case, no `+tag`, mapped."""
    name, at, host = text.lower().partition("@")
    if name and at:
        name = name.partition("+")[0]
    normal = f"{name}{at}{host}"
    return people.get(normal, normal)


def parse_profile(document: Document, where: str) -> Profile:
    """Read an organisation profile whose shape the manifest schema accepts.

    Raises:
        ProfileError: it asks for something that cannot be; `where` has line and column.
    """
    value = document.value
    assert isinstance(value, dict)  # the schema held
    spec = value.get("spec") or {}
    people: dict[str, str] = {}
    for person, names in spec.get("people", {}).items():
        for one in (person, *names):
            owner = people.setdefault(same_person(one, {}), person.lower())
            if owner != person.lower():
                problem = f"{one} stands for two people: {owner} and {person}"
                raise profile_error(document, where, "/spec/people", problem)
    tightenings = {}
    for code, given in spec.get("policies", {}).items():
        pointer = f"/spec/policies/{code}"
        word = given.get("enforcement")
        params = given.get("params", {})
        if not all(isinstance(n, int | float) and not isinstance(n, bool) for n in params.values()):
            raise profile_error(document, where, f"{pointer}/params", "a param is a number")
        wanted = Enforcement(word) if word else None
        tightenings[code] = Tightening(wanted, given.get("until"), params, pointer)
    return Profile(
        where,
        document,
        people,
        {
            tier: tuple(same_person(one, people) for one in persons)
            for tier, persons in spec.get("waiver_approvers", {}).items()
        },
        tightenings,
        tuple(spec.get("evidence_urls", ())),
        spec,
    )


def profile_error(document: Document, where: str, pointer: str, problem: str) -> ProfileError:
    """Return the error to raise for the value at `pointer` of a profile."""
    place = document.place(pointer)
    return ProfileError(problem, where=f"{where}:{place.line}:{place.column}")
