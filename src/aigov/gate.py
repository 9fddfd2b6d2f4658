"""One commit judged with all that git and its repository know beside its manifests.

`aigov gate` decides by it whether the commit may go live; what is read is the commit, its
base and their history, never the working tree.
"""

import posixpath
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from aigov.agreement import agree
from aigov.authorship import read_trail
from aigov.bundled import shipped_detectors
from aigov.changes import change_findings, changed_paths, described, gone_manifests, unknown_changes
from aigov.check import check
from aigov.detectors import passed_over
from aigov.errors import UsageError
from aigov.freshness import judge_freshness
from aigov.git import Repository as Git
from aigov.identities import Trail, judge_approvers, waiver_authors
from aigov.ledgers import Version, imported, record_facts, recorded
from aigov.lineage import Base, Histories, Reader, histories
from aigov.packs import PROVIDERS
from aigov.preparing import Known, Prepared, ReadFile, Surroundings, read
from aigov.reconciliation import Reconciled, reconcile
from aigov.results import CheckResult, Problem
from aigov.rules import Rules
from aigov.scopes import listing
from aigov.settings import Settings
from aigov.shelf import Repository
from aigov.sightings import Sightings, sight
from aigov.snapshots import Snapshot, nearby

DEMANDED = frozenset({"history", "repository"})
"""What the gate may not do without: policies that need it are unknown, which blocks."""
NO_PROFILE = "no organisation profile was given: what needs one was not judged, no waiver counts"
IMPORTING = "MAN-012"
"""The policy that counts no record that the first commit of a manifest brought."""


class Commit(NamedTuple):
    """A commit, what came before it, and what it is judged by."""

    found: Snapshot
    base: Base
    past: Histories
    before: tuple[ReadFile, ...]
    """The manifests of the base."""
    lately: tuple[ReadFile, ...]
    """Those of its branch as it is now, from which a waiver may be gone again."""
    trail: Trail
    """Who wrote the documents of the commit."""
    rules: Rules
    settings: Settings

    @property
    def unknown(self) -> str:
        """Why it is not known what came before, and what to do; else empty."""
        return self.base.unknown or self.past.unknown

    def on_base(self, kind: str) -> dict[str, Prepared]:
        """Return the documents of a kind that the base has, by their id."""
        return {one.id: one for file in self.before for one in file.documents if one.kind == kind}


def read_commit(git: Git, found: Snapshot, base: Base, rules: Rules, settings: Settings) -> Commit:
    """Read what came before a commit.

    Raises:
        UsageError: git cannot read the commit.
    """
    reader, past = Reader(), Histories()
    if base.landed:
        past = histories(git.root, base.landed, settings.as_of, reader)
    before: tuple[ReadFile, ...] = ()
    if base.commit == found.commit:
        before = tuple(_files(found, rules, settings))
    lately = before
    try:
        if base.commit and base.commit != found.commit:
            before = tuple(_files(nearby(found, git, base.commit), rules, settings))
        lately = before
        if base.tip:
            lately = tuple(_files(nearby(found, git, base.tip), rules, settings))
    except UsageError as error:  # the commit itself is there: only its base is unknown
        base = base._replace(unknown=f"the base cannot be read: {error.problem}; {error.remedy}")
    trusted = settings.profile.spec.get("trusted_signers", {}) if settings.profile else {}
    trail = read_trail(git.root, found.commit, trusted, reader)
    return Commit(found, base, past, before, lately, trail, rules, settings)


def look(found: Snapshot, rules: Rules) -> Sightings:
    """Look through the files of a commit for uses of AI."""
    names: Any = rules.packs[0].documents[PROVIDERS].value
    detectors = shipped_detectors()
    read = found.ahead(path for path in sorted(found.files) if not passed_over(path, detectors))
    return sight(found.files, read, detectors, names)


def judge_commit(
    commit: Commit, notes: Iterable[str] = (), repository: str = "", seen: Sightings | None = None
) -> CheckResult | None:
    """Judge the use cases of a commit; None where it has none and uses no AI.

    `repository` is what the profile calls it under `not_ai`; "" where nobody says.  `seen` is
    what `look` found, where that is known already.
    """
    settings = commit.settings
    own = commit.base.commit == commit.found.commit
    read_files = commit.before if own else tuple(_files(commit.found, commit.rules, settings))
    told = _reconciled(commit, read_files, repository, seen)
    files = [(file, _surroundings(file, commit, told)) for file in read_files]
    waivers = _settled_waivers(commit, read_files) if settings.profile else ()
    settings = settings._replace(
        waivers_on_base=frozenset(waivers),
        waiver_authors=waiver_authors(
            (one for file in read_files for one in file.documents if one.kind == "Waiver"),
            commit.trail, commit.rules, settings.profile,
        ),
        demanded=DEMANDED,
    )  # fmt: skip
    gone = (*gone_manifests(commit.before, read_files), *told.problems)
    files += [(ReadFile(one.path, (), (one,)), Surroundings()) for one in gone]
    if not files and told.ai_use == "none":
        return None
    result = check(files, commit.rules, settings, (*notes, *told.notes, *_notes(commit)))
    return result._replace(detections=told.detections, ai_use=told.ai_use)


def _reconciled(
    commit: Commit, files: Iterable[ReadFile], repository: str, seen: Sightings | None
) -> Reconciled:
    rules = commit.rules
    seen = seen or look(commit.found, rules)
    use_cases = [one for file in files for one in file.documents if one.kind == "UseCase"]
    return reconcile(seen, use_cases, shipped_detectors(), rules, commit.settings, repository)


def _settled_waivers(commit: Commit, files: Iterable[ReadFile]) -> set[str]:
    """Return the ids of the waivers that stand in the commit as they stand on the base, and
    were not taken back there since."""
    before = {id_: waiver.value for id_, waiver in commit.on_base("Waiver").items()}
    now = [one for file in files for one in file.documents if one.kind == "Waiver"]
    kept = {one.id for file in commit.lately for one in file.documents if one.kind == "Waiver"}
    same = {one.id for one in now if before.get(one.id) == one.value} & kept
    return same - {one.id for one in now if before.get(one.id) != one.value}


def _files(found: Snapshot, rules: Rules, settings: Settings) -> Iterator[ReadFile]:
    for path, content in found.manifests():
        if content is None:
            large = path in found.unread
            words = "too large, not read" if large else "it is no regular file of this commit"
            yield ReadFile(path, (), (Problem("SYN-001", path, 1, 1, words),))
        else:
            yield read(path, content, rules, settings)


def _surroundings(file: ReadFile, commit: Commit, seen: Reconciled) -> Surroundings:
    profile, before = commit.settings.profile, commit.on_base("UseCase")
    prefixes = profile.evidence_urls if profile else None
    folder = posixpath.dirname(file.path)
    evidence = commit.found.resolve_evidence(file.evidence, folder, prefixes)
    known = {
        one.id: _known(one, before.get(one.id), commit, seen)
        for one in file.documents
        if one.kind == "UseCase"
    }
    return Surroundings(evidence, of=known)


def _known(one: Prepared, before: Prepared | None, commit: Commit, seen: Reconciled) -> Known:
    """Return what is known beside a use case; `before` is how the base has it."""
    found, rules, settings = commit.found, commit.rules, commit.settings
    reconciled = seen.results.get((one.path, one.id))
    facts = {"repository": {"repository": {"running": seen.running.get((one.path, one.id), ())}}}
    if reconciled is None:
        return Known(facts, ())  # what is off agrees with nothing and can be loosened
    agreed = reconciled + agree(one, Repository(found.files.keys(), found.read), rules, settings)
    agreed += judge_approvers(one, commit.trail, rules, settings)
    versions = commit.past.versions.get(one.id, ())
    unknown = commit.unknown
    if before and not versions:  # the manifest of the base is too large to have been followed
        unknown = unknown or "the history of this use case cannot be read"
    on_base = versions if commit.base.landed == found.commit else ()
    if on_base and on_base[-1].records != recorded(one.document.value):  # it stands behind a link
        unknown = unknown or "the history of this use case leads to another text than is judged"
    if unknown:
        return Known(facts, (*agreed, *unknown_changes(one, unknown, rules)))
    if not on_base:  # it is not there yet, or has no id by which to follow it
        versions = (*versions, Version(None, recorded(one.document.value)))
    if before and before.document.own_text == one.document.own_text:
        before = one  # which spares looking for what changed
    history = {
        "change": {"paths": changed_paths(before.value, one.value) if before else []},
        "git": record_facts(versions, settings.as_of),
    }
    changed = described(before.value, one.value) if before else None
    findings = change_findings(before, one, rules) + judge_freshness(versions, one, rules)
    day = imported(versions, settings.as_of)
    notes = {IMPORTING: f"imported on {day}"} if day else {}
    return Known({**facts, "history": history}, (*agreed, *findings), changed, notes)


def _notes(commit: Commit) -> Iterator[str]:
    if commit.unknown:
        yield commit.unknown
    if commit.found.unread:
        many = len(commit.found.unread)
        yield f"files that are too large to be in this clone, and may be models: {many:,}"
    if commit.found.submodules:
        yield f"submodules, in which nothing was looked at: {listing(commit.found.submodules)}"
    if commit.settings.profile is None:
        yield NO_PROFILE
