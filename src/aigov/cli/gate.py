"""`aigov gate`: may this commit go live? What exactly is missing?"""

import os
import re
from typing import Any

import click

from aigov.check import check
from aigov.cli.attesting import Attestor, attesting_options
from aigov.cli.options import exit_code, judging_options, parse_formats, write_reports
from aigov.decisions import decide
from aigov.errors import UsageError
from aigov.gate import judge_commit, read_commit
from aigov.git import Repository
from aigov.lineage import base_of
from aigov.loading import load_rules
from aigov.pinned import places
from aigov.settings import Settings
from aigov.snapshots import snapshot

_URL = re.compile(r"https://[\w.-]+(:[0-9]+)?(/[\w.-]+)+")


@click.command()
@click.argument("repository", default=".", metavar="[REPO]", type=click.Path())
@click.option(
    "--rev",
    default="HEAD",
    show_default=True,
    envvar=["PRE_COMMIT_TO_REF", "PRE_COMMIT_LOCAL_BRANCH"],  # what a pre-push hook is given
    help="The commit to decide on; as a pre-push hook, what is pushed.",
)
@click.option(
    "--base",
    metavar="REF",
    help="What it is compared with (default: where it left the default branch).",
)
@attesting_options
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
      aigov-gate gate --attest gate.intoto.json --key gate.pem

    \b
    Exit codes: 0 allowed, 1 denied, 2 could not judge, 70 a bug, 130 interrupted.
    """
    stage = options["stage"] or "production"
    outputs = parse_formats(options["formats"])
    attestor = Attestor(options, outputs)
    git = Repository(repository)
    for given in filter(None, (options["profile"], *options["folders"])):
        _refuse_inside(given, git)
    rules, profile = load_rules(options["folders"], options["profile"])
    found = snapshot(git, rev)
    settings = Settings(
        as_of=options["as_of"],
        target_stage=stage,
        profile=profile,
        honour_waivers=not options["no_waivers"],
        digests=True,
    )
    commit = read_commit(git, found, base_of(git.root, found.commit, base), rules, settings)
    differing = f"the working tree differs from {found.commit[:12]}, which alone was judged"
    notes = [differing] if git.differs(found.commit) else []
    result = judge_commit(commit, notes, _repository_name())
    given = {
        "rev": found.commit,
        "base": commit.base.commit or None,
        "as_of": options["as_of"],
        "fail_on": options["fail_on"],
        "no_waivers": options["no_waivers"],
    }
    decided = decide(result or check((), rules, settings), stage, given)
    decided = decided._replace(source_url=_source_url(found.commit))
    if result:
        write_reports(decided, outputs, quiet=options["quiet"], verbose=options["verbose"])
    else:
        click.echo(f"no manifest and no use of AI in {found.commit[:12]}: nothing to decide")
        if commit.unknown:
            click.echo(f"note: whether one was deleted is not known: {commit.unknown}", err=True)
    attestor.attest(decided, git, found.commit)
    return exit_code(decided, options["fail_on"])


def _repository_name() -> str:
    """Return what the profile may call the repository: its name in the pipeline, else nothing."""
    return os.environ.get("GITHUB_REPOSITORY") or os.environ.get("CI_PROJECT_PATH") or ""


def _source_url(commit: str) -> str:
    """Return where the files of a commit can be read, by what a pipeline says of itself."""
    given = os.environ.get
    github = f"{given('GITHUB_SERVER_URL')}/{given('GITHUB_REPOSITORY')}/blob/{commit}"
    gitlab = f"{given('CI_PROJECT_URL')}/-/blob/{commit}"
    return next(filter(_URL.fullmatch, (github, gitlab)), "")


def _refuse_inside(given: str, git: Repository) -> None:
    """Nothing inside the repository under test is configuration."""
    for place in places(given):
        if git.holds(place):
            raise UsageError(
                "lies inside the repository that is judged, whose authors could edit it",
                where=place,
                remedy="keep it in a repository of its own and pin it: `aigov-gate profile fetch`",
            )
