"""`aigov gate`: may this commit go live? What exactly is missing?"""

import os
import posixpath
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import click

from aigov.agreement import agree
from aigov.bundled import folder, read_tree
from aigov.changes import (
    Version,
    change_findings,
    changed_paths,
    gone_manifests,
    record_facts,
    recorded,
)
from aigov.check import check as judge
from aigov.cli.options import exit_code, judging_options, load_rules, parse_formats, write_reports
from aigov.clues import Guide, read_clues
from aigov.decisions import decide
from aigov.errors import UsageError
from aigov.git import Repository as Git
from aigov.lineage import Base, Histories, base_of, histories
from aigov.packs import read_document
from aigov.preparing import Known, Prepared, ReadFile, Surroundings, read
from aigov.results import Problem
from aigov.rules import Rules
from aigov.settings import Settings
from aigov.shelf import Repository
from aigov.snapshots import Snapshot, snapshot

DEMANDED = frozenset({"history", "repository"})
"""What the gate may not do without: policies that need it are unknown, which blocks."""


class Lineage(NamedTuple):
    """What git knows before the commit that is judged."""

    base: Base
    past: Histories
    before: Mapping[str, Prepared]
    """The use cases of the base, by their id."""
    files: tuple[ReadFile, ...]
    """The manifests of the base."""

    @property
    def unknown(self) -> str:
        """Why it is not known, and what to do; else empty."""
        return self.base.unknown or self.past.unknown


@click.command()
@click.argument("repository", default=".", metavar="[REPO]", type=click.Path())
@click.option("--rev", default="HEAD", show_default=True, help="The commit to decide on.")
@click.option(
    "--base",
    metavar="REF",
    help="What it is compared with (default: where it left the default branch).",
)
@judging_options
def gate(repository: str, rev: str, base: str | None, **options: Any) -> int:
    """Decide whether a commit may go live: allow, or deny with the reasons.

    Manifests and evidence are read from the commit, never from the working tree, and
    judged as if the use case stood at the target stage: production, or --stage.  The
    change since the base and what git says of records count too.

    \b
    Examples:
      aigov-gate gate
      aigov-gate gate --base origin/main --profile ../governance/organization.yaml
      aigov-gate gate --rev origin/main --format json=decision.json

    \b
    Exit codes: 0 allowed, 1 denied, 2 could not judge, 70 a bug, 130 interrupted.
    """
    stage = options["stage"] or "production"
    outputs = parse_formats(options["formats"])
    git = Git(repository)
    for given in (options["profile"], *options["folders"]):
        _refuse_inside(given, git.root)
    rules, profile = load_rules(options["folders"], options["profile"])
    found = snapshot(git, rev)
    settings = Settings(
        as_of=options["as_of"],
        target_stage=stage,
        profile=profile,
        honour_waivers=not options["no_waivers"],
        digests=any(output.format != "text" for output in outputs),
        demanded=DEMANDED,
    )
    lineage = _lineage(git, found, base, rules, settings)
    settings = settings._replace(waivers_on_base=_waivers(lineage) if profile else frozenset())
    files = list(_files(found, lineage, rules, settings))
    gone = gone_manifests(lineage.files, [file for file, _ in files])
    files += [(ReadFile(one.path, (), (one,)), Surroundings()) for one in gone]
    if not files:
        unregistered = list(_unregistered(found))[:1]
        if not unregistered:
            click.echo(f"no manifest and no use of AI in {found.commit[:12]}: nothing to decide")
            return 0
        files = [(ReadFile(one.path, (), (one,)), Surroundings()) for one in unregistered]
    notes = tuple(_notes(git, found, lineage, settings))
    result = judge(files, rules, settings, notes)
    chosen = {
        "rev": found.commit,
        "base": lineage.base.commit or None,
        "as_of": options["as_of"],
        "fail_on": options["fail_on"],
        "no_waivers": options["no_waivers"],
    }
    result = decide(result, stage, chosen)
    write_reports(result, outputs, quiet=options["quiet"], verbose=options["verbose"])
    return exit_code(result, options["fail_on"])


def _refuse_inside(path: str | None, root: str) -> None:
    """Nothing inside the repository under test is configuration."""
    if path is None:
        return
    real = os.path.realpath(path)
    if real == root or real.startswith(root.rstrip(os.sep) + os.sep):
        raise UsageError(
            "lies inside the repository that is judged, whose authors could edit it",
            where=path,
            remedy="keep it in a repository of its own, and check that out elsewhere",
        )


def _lineage(
    git: Git, found: Snapshot, named: str | None, rules: Rules, settings: Settings
) -> Lineage:
    base = base_of(git.root, found.commit, named)
    past = histories(git.root, base.landed, settings.as_of) if base.landed else Histories()
    files: list[ReadFile] = []
    if base.commit:
        for path, content in Snapshot(git, base.commit).manifests():
            if content is not None:
                files.append(read(path, content, rules, settings))
    before = {one.id: one for file in files for one in file.documents if one.kind == "UseCase"}
    return Lineage(base, past, before, tuple(files))


def _waivers(lineage: Lineage) -> frozenset[str]:
    """Return the ids of the waivers that the base has: one counts from the change after."""
    return frozenset(
        one.id for file in lineage.files for one in file.documents if one.kind == "Waiver"
    )


def _files(
    found: Snapshot, lineage: Lineage, rules: Rules, settings: Settings
) -> Iterator[tuple[ReadFile, Surroundings]]:
    prefixes = settings.profile.evidence_urls if settings.profile else None
    for path, content in found.manifests():
        if content is None:
            words = "it is no regular file of this commit"
            problem = Problem("SYN-001", path, 1, 1, words)
            yield ReadFile(path, (), (problem,)), Surroundings()
            continue
        file = read(path, content, rules, settings)
        evidence = found.resolve_evidence(file.evidence, posixpath.dirname(path), prefixes)
        known = {one.id: _known(one, found, lineage, rules, settings) for one in file.documents}
        yield file, Surroundings(evidence, of=known)


def _unregistered(found: Snapshot) -> Iterator[Problem]:
    """Yield where dependency files show a use of AI, nearest the root first."""
    shipped = read_tree(folder("init"), ".yaml")
    data_of: dict[str, Any] = {name: read_document(b, name).value for name, b in shipped.items()}
    guide = Guide(data_of["files.yaml"], data_of["packages.yaml"])
    for path in sorted(found.files, key=lambda one: (one.count("/"), one)):
        data = (guide.rank(path) is not None and found.read(path)) or b""
        for clue in read_clues(path, data, guide) if data else ():
            if clue.field == "packages":
                before, _, _ = data.decode("utf-8", "replace").lower().partition(clue.value)
                words = f"{clue.value} is used here, and no manifest says what for"
                yield Problem("REP-001", path, before.count("\n") + 1, 1, words)


def _known(
    prepared: Prepared, found: Snapshot, lineage: Lineage, rules: Rules, settings: Settings
) -> Known:
    files = Repository(found.files.keys(), found.read)
    agreed = agree(prepared, files, rules, settings) if prepared.kind == "UseCase" else ()
    before = lineage.before.get(prepared.id)
    versions = lineage.past.versions.get(prepared.id, ())
    if lineage.unknown or (before and not versions):  # what cannot be read is not passed over
        return Known({}, agreed)
    if lineage.base.landed != found.commit:
        versions = (*versions, Version(None, recorded(prepared.document.value)))
    history = {
        "change": {"paths": changed_paths(before.value, prepared.value) if before else []},
        "git": record_facts(versions, settings.as_of),
    }
    return Known({"history": history}, (*agreed, *change_findings(before, prepared, rules)))


def _notes(git: Git, found: Snapshot, lineage: Lineage, settings: Settings) -> Iterator[str]:
    if lineage.unknown:
        yield lineage.unknown
    if git.differs(found.commit):
        yield f"the working tree differs from {found.commit[:12]}, which alone was judged"
    if settings.profile is None:
        yield "no organisation profile was given: what needs one was not judged, no waiver counts"
