"""`aigov gate`: may this commit go live? What exactly is missing?"""

import os
import posixpath
from collections.abc import Iterator
from typing import Any

import click

from aigov.check import check as judge
from aigov.cli.options import (
    exit_code,
    judging_options,
    load_rules,
    parse_formats,
    write_reports,
)
from aigov.decisions import decide
from aigov.errors import UsageError
from aigov.git import Repository
from aigov.preparing import ReadFile, Surroundings, read
from aigov.results import Problem
from aigov.rules import Rules
from aigov.settings import Settings
from aigov.snapshots import Snapshot, snapshot

DEMANDED = frozenset({"history", "repository"})
"""What the gate may not do without: policies that need it are unknown, which blocks."""


@click.command()
@click.argument("repository", default=".", metavar="[REPO]", type=click.Path())
@click.option("--rev", default="HEAD", show_default=True, help="The commit to decide on.")
@judging_options
def gate(repository: str, rev: str, **options: Any) -> int:
    """Decide whether a commit may go live: allow, or deny with the reasons.

    Manifests and evidence are read from the commit, never from the working tree, and
    judged as if the use case stood at the target stage: production, or --stage.

    \b
    Examples:
      aigov-gate gate
      aigov-gate gate --stage authorization --profile ../governance/organization.yaml
      aigov-gate gate --rev origin/main --format json=decision.json

    \b
    Exit codes: 0 allowed, 1 denied, 2 could not judge, 70 a bug, 130 interrupted.
    """
    stage = options["stage"] or "production"
    outputs = parse_formats(options["formats"])
    git = Repository(repository)
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
    files = list(_files(found, rules, settings))
    if not files:
        click.echo(f"no manifest in {found.commit[:12]}: nothing to decide")
        return 0
    notes = tuple(_notes(git, found, settings))
    result = judge(files, rules, settings, notes)
    chosen = {
        "rev": found.commit,
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


def _files(
    found: Snapshot, rules: Rules, settings: Settings
) -> Iterator[tuple[ReadFile, Surroundings]]:
    prefixes = settings.profile.evidence_urls if settings.profile else None
    for path, content in found.manifests():
        if content is None:
            words = "it is no regular file of this commit"
            problem = Problem("SYN-001", path, 1, 1, words)
            yield ReadFile(path, (), (problem,)), Surroundings()
            continue
        file = read(path, content, rules, settings)
        folder = posixpath.dirname(path)
        yield file, Surroundings(found.resolve_evidence(file.evidence, folder, prefixes))


def _notes(git: Repository, found: Snapshot, settings: Settings) -> Iterator[str]:
    if git.differs(found.commit):
        yield f"the working tree differs from {found.commit[:12]}, which alone was judged"
    if settings.profile is None:
        yield "no organisation profile was given: what needs one was not judged"
