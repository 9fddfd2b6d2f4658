"""`aigov verify`: is this attestation of the gate what the deploy demands?"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import click
from jsonschema_rs import Draft202012Validator

from aigov.attestation import MOST, Check, Demands, parse_age, parse_subject
from aigov.attestation import verify as check_attestation
from aigov.cli.options import form_option, terminal_style, write_out
from aigov.errors import UsageError
from aigov.expressions import CONSTANTS
from aigov.loading import read_file, schema
from aigov.reports import Style
from aigov.reports.encoding import dump
from aigov.reports.layout import Span, lay

_WORDS = {True: ("holds", "good"), False: ("fails", "bad"), None: ("not checked", "dim")}
_OUTCOMES = {True: "pass", False: "fail", None: "not_checked"}


@click.command()
@click.argument("attestation", metavar="FILE", type=click.Path())
@click.option("--key", metavar="PUB", help="Public key (PEM) of who may sign.")
@click.option(
    "--subject",
    metavar="SUBJECT",
    required=True,
    help="What is deployed: a commit's full id or sha256:HEX, with or without NAME@.",
)
@click.option("--stage", type=click.Choice(list(CONSTANTS["stages"])), help="The target stage.")
@click.option("--policy-digest", metavar="sha256:HEX", help="The policies it was judged by.")
@click.option("--profile-digest", metavar="sha256:HEX", help="The organisation profile.")
@click.option("--max-age", metavar="AGE", type=parse_age, help="How old it may be: 90m, 24h, 7d.")
@click.option(
    "--accept",
    "accepted",
    type=click.Choice(["as-of", "fail-on"]),
    multiple=True,
    help="Let go of one thing: judged as of another day, or with --fail-on; repeatable.",
)
@click.option("--unsigned", is_flag=True, help="Let go of the signature where there is none.")
@form_option
def verify(attestation: str, form: str, **options: Any) -> int:
    """Check FILE, an attestation that `aigov-gate gate --attest` wrote, before a deploy.

    It must be signed, be about the subject, allow it, and have been judged as of the day
    it was decided, by the usual --fail-on.  What else is demanded is checked too; what is
    not is listed.

    \b
    Examples:
      aigov-gate verify gate.intoto.json --key gate.pub --subject "$COMMIT"
      aigov-gate verify gate.intoto.json --unsigned --subject "$COMMIT" --max-age 24h

    \b
    Exit codes: 0 all demanded holds, 1 something does not, 2 no key, no subject
    or a file that cannot be read, 70 a bug, 130 interrupted.
    """
    if not options["key"] and not options["unsigned"]:
        raise UsageError("no key to check the signature by", remedy="--key PUB, or --unsigned")
    data = read_file(attestation, "attestation", MOST + 1)
    demands = Demands(
        parse_subject(options["subject"]),
        options["stage"],
        options["policy_digest"],
        options["profile_digest"],
        options["max_age"],
        frozenset(
            (*options["accepted"], "unsigned") if options["unsigned"] else options["accepted"]
        ),
    )
    signed = None
    if options["key"]:
        from aigov.signing import signed_by  # needs the extra `attest`

        signed = signed_by(read_file(options["key"], "key", MOST), options["key"])
    shape = Draft202012Validator(schema("attestation.v1.json"), validate_formats=True)
    checks = check_attestation(data, demands, datetime.now(UTC), shape.is_valid, signed)
    if form == "json":
        write_out([_json(checks)])
    else:
        write_out(_text(checks, terminal_style(quiet=False, verbose=False)))
    return int(_failed(checks))


def _failed(checks: tuple[Check, ...]) -> bool:
    return any(one.held is False for one in checks)


def _json(checks: tuple[Check, ...]) -> str:
    told = [
        {"name": one.name, "outcome": _OUTCOMES[one.held], "message": one.message} for one in checks
    ]
    report = {"schema": "aigov/verify/v1", "verified": not _failed(checks), "checks": told}
    return f"{dump(report)}\n"


def _text(checks: tuple[Check, ...], style: Style) -> Iterator[str]:
    """Yield a line a check: what holds, what fails, what was not looked at."""
    for one in checks:
        word, role = _WORDS[one.held]
        head = Span(f"{word:<12} {one.name:<10}", role, solid=True)
        yield lay([head, Span(one.message)], style, "", " " * 24)
    end = Span("verified", "good")
    if _failed(checks):
        end = Span("not verified", "bad")
    elif checks[0].held is None:
        end = Span("verified, but for the signature: anybody may have written it", "warn")
    yield lay([end], style)
