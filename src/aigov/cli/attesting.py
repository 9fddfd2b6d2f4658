"""What `gate --attest` takes and writes: the decision as a statement, with a signature."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import click

from aigov.cli.options import Command, Output, add_output, write_file
from aigov.errors import UsageError
from aigov.git import Repository
from aigov.loading import read_file
from aigov.results import CheckResult


def attesting_options(command: Command) -> Command:
    """Add the options that say what is attested, where and by which key."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


_OPTIONS = (
    click.option(
        "--attest",
        "attested",
        metavar="[TYPE=]FILE",
        multiple=True,
        help="Write the decision, an in-toto vsa or svr (default: vsa); repeatable.",
    ),
    click.option(
        "--subject",
        metavar="NAME@sha256:HEX",
        help="What is attested, such as an image that was built (default: the commit).",
    ),
    click.option(
        "--key",
        metavar="FILE",
        help="Private key (PEM) to sign with, or its text: AIGOV_SIGNING_KEY, AIGOV_KEY_PASSWORD.",
    ),
)


class Attestor:
    """Knows from the start of a run what to attest at its end, by which key and as of when.

    What the environment says of the key is taken out of it: git, for one, has no need of it.
    """

    def __init__(self, options: Mapping[str, Any], outputs: list[Output]) -> None:
        """Take what the command line says; `outputs` is what else the run writes.

        Raises:
            UsageError: an option makes no sense, or two outputs go to one file.
        """
        self._moment = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        pem, password = (
            os.environ.pop(name, "") for name in ("AIGOV_SIGNING_KEY", "AIGOV_KEY_PASSWORD")
        )
        named, subject = options["key"], options["subject"]
        self._outputs: list[Output] = []
        if not options["attested"]:
            if subject or named:
                problem = "--subject and --key are of an attestation"
                raise UsageError(problem, remedy="--attest FILE")
            return
        from aigov.attestation import MOST, TYPES, parse_subject

        self._key = read_file(named, "key", MOST) if named else os.fsencode(pem) or None
        self._password = os.fsencode(password)
        self._subject = parse_subject(subject) if subject else ""
        together = list(outputs)
        for given in options["attested"]:
            form, _, file = given.partition("=")
            add_output(together, Output(form, file) if form in TYPES else Output("vsa", given))
        self._outputs = together[len(outputs) :]

    def attest(self, result: CheckResult, git: Repository, commit: str) -> None:
        """Write every attestation that was asked for.

        Raises:
            UsageError, MissingExtra: the key cannot be used, or a file not be written.
        """
        if not self._outputs:
            return
        from aigov.attestation import PAYLOAD, encode, repository_uri, statement

        subject = self._subject or commit
        if "@" not in subject:
            subject = f"{repository_uri(git.origin(), os.path.basename(git.root))}@{subject}"
        for output in self._outputs:
            data = encode(statement(result, subject, self._moment, output.format))
            if self._key is not None:
                from aigov.signing import sign  # needs the extra `attest`

                data = encode(sign(data, PAYLOAD, self._key, self._password))
            else:
                click.echo(f"{output.file} is not signed: no --key, no AIGOV_SIGNING_KEY", err=True)
            write_file(output.file or "", [data.decode()], "attestation")
