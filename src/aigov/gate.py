"""One commit judged with all that git and its repository know beside its manifests.

`aigov gate` decides by it whether the commit may go live; what is read is the commit, its
base and their history, never the working tree.
"""

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from aigov.agreement import agree
from aigov.authorship import read_trail
from aigov.bundled import folder, read_tree
from aigov.changes import (
    Version,
    change_findings,
    changed_paths,
    described,
    gone_manifests,
    imported,
    record_facts,
    recorded,
    unknown_changes,
)
from aigov.check import check
from aigov.clues import Guide, read_clues
from aigov.errors import UsageError
from aigov.freshness import judge_freshness
from aigov.git import Repository as Git
from aigov.identities import Trail, judge_approvers, waiver_authors
from aigov.lineage import Base, Histories, Reader, histories
from aigov.packs import read_document
from aigov.preparing import Known, Prepared, ReadFile, Surroundings, mapping, read
from aigov.results import CheckResult, Problem
from aigov.rules import Rules
from aigov.settings import Settings
from aigov.shelf import Repository
from aigov.snapshots import Snapshot, nearby

DEMANDED = frozenset({"history", "repository"})
"""What the gate may not do without: policies that need it are unknown, which blocks."""
IMPORTING = "MAN-012"
"""The policy that counts no record that the first commit of a manifest brought."""


class Commit(NamedTuple):
    """A commit, what came before it, and what it is judged by."""

    found: Snapshot
    base: Base
    past: Histories
    before: tuple[ReadFile, ...]
    """The manifests of the base."""
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
    try:
        older = _older(git, found, base.commit) if base.commit else ()
        files = ((path, data) for path, data in older if data is not None)
        before = tuple(read(path, data, rules, settings) for path, data in files)
    except UsageError as error:  # the commit itself is there: only its base is unknown
        base = base._replace(unknown=f"the base cannot be read: {error.problem}; {error.remedy}")
    trusted = settings.profile.spec.get("trusted_signers", {}) if settings.profile else {}
    trail = read_trail(git.root, found.commit, trusted, reader)
    return Commit(found, base, past, before, trail, rules, settings)


def _older(git: Git, found: Snapshot, base: str) -> Iterator[tuple[str, bytes | None]]:
    return (nearby(found, git, base) if base != found.commit else found).manifests()


def judge_commit(commit: Commit, notes: Iterable[str] = ()) -> CheckResult | None:
    """Judge the use cases of a commit; None where it has none and uses no AI."""
    settings = commit.settings
    files = list(_files(commit))
    read_files = [file for file, _ in files]
    waivers = _settled_waivers(commit, read_files) if settings.profile else ()
    settings = settings._replace(
        waivers_on_base=frozenset(waivers),
        waiver_authors=waiver_authors(
            (one for file in read_files for one in file.documents if one.kind == "Waiver"),
            commit.trail, commit.rules, settings.profile,
        ),
        demanded=DEMANDED,
    )  # fmt: skip
    gone = gone_manifests(commit.before, [file for file, _ in files])
    files += [(ReadFile(one.path, (), (one,)), Surroundings()) for one in gone]
    if not files:
        files = [
            (ReadFile(one.path, (), (one,)), Surroundings())
            for one in list(_unregistered(commit.found))[:1]
        ]
    if not files:
        return None
    return check(files, commit.rules, settings, (*notes, *_notes(commit)))


def _settled_waivers(commit: Commit, files: Iterable[ReadFile]) -> set[str]:
    """Return the ids of the waivers that stand in the commit as they stand on the base."""
    before = {id_: waiver.value for id_, waiver in commit.on_base("Waiver").items()}
    now = [one for file in files for one in file.documents if one.kind == "Waiver"]
    same = {one.id for one in now if before.get(one.id) == one.value}
    return same - {one.id for one in now if before.get(one.id) != one.value}


def _files(commit: Commit) -> Iterator[tuple[ReadFile, Surroundings]]:
    found, profile = commit.found, commit.settings.profile
    prefixes = profile.evidence_urls if profile else None
    before = commit.on_base("UseCase")
    for path, content in found.manifests():
        if content is None:
            large = path in found.unread
            words = "too large, not read" if large else "it is no regular file of this commit"
            problem = Problem("SYN-001", path, 1, 1, words)
            yield ReadFile(path, (), (problem,)), Surroundings()
            continue
        file = read(path, content, commit.rules, commit.settings)
        evidence = found.resolve_evidence(file.evidence, posixpath.dirname(path), prefixes)
        known = {
            one.id: _known(one, before.get(one.id), commit)
            for one in file.documents
            if one.kind == "UseCase"
        }
        yield file, Surroundings(evidence, of=known)


def _known(one: Prepared, before: Prepared | None, commit: Commit) -> Known:
    """Return what is known beside a use case; `before` is how the base has it."""
    found, rules, settings = commit.found, commit.rules, commit.settings
    if mapping(mapping(one.value, "spec"), "lifecycle").get("stage") == "retired":
        return Known({}, ())  # what is off agrees with nothing and can be loosened
    agreed = agree(one, Repository(found.files.keys(), found.read), rules, settings)
    agreed += judge_approvers(one, commit.trail, rules, settings)
    versions = commit.past.versions.get(one.id, ())
    unknown = commit.unknown
    if before and not versions:  # the manifest of the base is too large to have been followed
        unknown = unknown or "the history of this use case cannot be read"
    if unknown:
        return Known({}, (*agreed, *unknown_changes(one, unknown, rules)))
    if commit.base.landed != found.commit or not versions:  # no id by which to follow it
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
    return Known({"history": history}, (*agreed, *findings), changed, notes)


def _unregistered(found: Snapshot) -> Iterator[Problem]:
    """Yield where dependency files show a use of AI, nearest the root first."""
    shipped = read_tree(folder("init"), ".yaml")
    data_of: Mapping[str, Any] = {n: read_document(data, n).value for n, data in shipped.items()}
    guide = Guide(data_of["files.yaml"], data_of["packages.yaml"])
    for path in sorted(found.files, key=lambda one: (one.count("/"), one)):
        data = (guide.rank(path) is not None and found.read(path)) or b""
        for clue in read_clues(path, data, guide) if data else ():
            if clue.field == "packages":
                before, _, _ = data.decode("utf-8", "replace").lower().partition(clue.value)
                words = f"{clue.value} is used here, and no manifest says what for"
                yield Problem("REP-001", path, before.count("\n") + 1, 1, words)


def _notes(commit: Commit) -> Iterator[str]:
    if commit.unknown:
        yield commit.unknown
    if commit.settings.profile is None:
        yield "no organisation profile was given: what needs one was not judged, no waiver counts"
