"""`aigov gate`: may this commit go live? What exactly is missing?"""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import click

from aigov.attestation import MOST, PAYLOAD, TYPES, encode, parse_subject, repository_uri, statement
from aigov.check import check
from aigov.cli.options import (
    Output,
    add_output,
    exit_code,
    judging_options,
    load_rules,
    parse_formats,
    read_file,
    write_file,
    write_reports,
)
from aigov.decisions import decide
from aigov.errors import UsageError
from aigov.gate import judge_commit, read_commit
from aigov.git import Repository
from aigov.results import CheckResult
from aigov.settings import Settings
from aigov.snapshots import snapshot


@click.command()
@click.argument("repository", default=".", metavar="[REPO]", type=click.Path())
@click.option("--rev", default="HEAD", show_default=True, help="The commit to decide on.")
@click.option(
    "--base",
    metavar="REF",
    help="What it is compared with (default: where it left the default branch).",
)
@click.option(
    "--attest",
    "attested",
    metavar="[TYPE=]FILE",
    multiple=True,
    help=f"Write the decision, signed where there is a key, as in-toto statement of a type: "
    f"{', '.join(TYPES)} (default: {next(iter(TYPES))}); repeatable.",
)
@click.option(
    "--subject",
    metavar="NAME@sha256:HEX",
    help="What is attested, such as an image that was built (default: the commit).",
)
@click.option(
    "--key",
    metavar="FILE",
    help="Private key (PEM) to sign with; or give its text in AIGOV_SIGNING_KEY, and its "
    "password in AIGOV_KEY_PASSWORD.",
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
      aigov-gate gate --attest gate.intoto.json --key gate.pem

    \b
    Exit codes: 0 allowed, 1 denied, 2 could not judge, 70 a bug, 130 interrupted.
    """
    now = datetime.now(UTC)
    stage = options["stage"] or "production"
    outputs = parse_formats(options["formats"])
    attestations = _attestations(options, list(outputs))
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
        digests=True,
    )
    commit = read_commit(git, found, base, rules, settings)
    differing = f"the working tree differs from {found.commit[:12]}, which alone was judged"
    result = judge_commit(commit, [differing] if git.differs(found.commit) else [])
    given = {
        "rev": found.commit,
        "base": commit.base.commit or None,
        "as_of": options["as_of"],
        "fail_on": options["fail_on"],
        "no_waivers": options["no_waivers"],
    }
    decided = decide(result or check((), rules, settings), stage, given)
    if result is None:
        click.echo(f"no manifest and no use of AI in {found.commit[:12]}: nothing to decide")
    else:
        write_reports(decided, outputs, quiet=options["quiet"], verbose=options["verbose"])
    if attestations:
        subject = parse_subject(options["subject"] or found.commit)
        if "@" not in subject:
            subject = f"{repository_uri(git.origin(), os.path.basename(git.root))}@{subject}"
        _attest(decided, attestations, subject, now, options["key"])
    return exit_code(decided, options["fail_on"])


def _attestations(options: Mapping[str, Any], outputs: list[Output]) -> list[Output]:
    """Return what to attest to, which no other output of the run may replace.

    Raises:
        UsageError: an option makes no sense.
    """
    count = len(outputs)
    for given in options["attested"]:
        form, _, file = given.partition("=")
        add_output(outputs, Output(form, file) if form in TYPES else Output("vsa", given))
    if not outputs[count:] and (options["subject"] or options["key"]):
        raise UsageError("--subject and --key are of an attestation", remedy="--attest FILE")
    if options["subject"]:
        parse_subject(options["subject"])
    return outputs[count:]


def _attest(
    result: CheckResult, to: list[Output], subject: str, now: datetime, key: str | None
) -> None:
    """Write the decision, signed where a key is given."""
    pem = read_file(key, "key", MOST) if key else os.environ.get("AIGOV_SIGNING_KEY", "").encode()
    for output in to:
        data = encode(statement(result, subject, f"{now:%Y-%m-%dT%H:%M:%SZ}", output.format))
        if pem:
            from aigov.signing import sign  # needs the extra `attest`

            data = encode(sign(data, PAYLOAD, pem, os.environ.get("AIGOV_KEY_PASSWORD")))
        write_file(output.file or "", [data.decode()], "attestation")
        if not pem:
            click.echo(f"{output.file} is not signed: no --key, no AIGOV_SIGNING_KEY", err=True)


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
