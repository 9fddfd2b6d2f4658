"""What `check` (and later `gate` and `audit`) take: options, rules, formats, exit code."""

import os
import sys
from collections.abc import Callable, Iterable
from io import TextIOWrapper
from typing import Any, NamedTuple, TypeVar

import click

from aigov.errors import UsageError
from aigov.expressions import STAGES
from aigov.findings import Outcome
from aigov.loading import load_rules
from aigov.reports import FORMATS, Style
from aigov.reports import render as renderer
from aigov.repositories import is_manifest
from aigov.results import CheckResult, summarise

STEP_SUMMARY = 1024 * 1024
"""Bytes that GitHub takes of one step.  Source: GitHub documentation, "Job summaries"."""

Command = TypeVar("Command", bound=Callable[..., Any])


def judging_options(command: Command) -> Command:
    """Add the options that every judging command shares."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def reading_options(command: Command) -> Command:
    """Add what every command takes that reads the policies without judging by them."""
    return packs_option(form_option(command))


def iso_date(_context: click.Context, _option: click.Parameter, given: str | None) -> str:
    """Return the date as text, today (UTC) if none is given."""
    from datetime import UTC, date, datetime

    if given is None:
        return str(datetime.now(UTC).date())
    try:
        if len(given) != len("YYYY-MM-DD"):
            raise ValueError
        return str(date.fromisoformat(given))
    except ValueError:
        raise click.BadParameter(f"{given!r} is no date such as 2026-11-22") from None


def policy_names(context: click.Context, _parameter: click.Parameter, typed: str) -> list[str]:
    """Complete the codes and ids of policies."""
    named = load_rules(context.params.get("folders") or ())[0].named()
    return sorted(name for name in named if name.startswith(typed))


form_option = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For people or for machines.",
)
packs_option = click.option(
    "--policies",
    "folders",
    metavar="DIR",
    multiple=True,
    help="A policy pack beside the shipped one: a folder, or the URL of a fetched one; repeatable.",
)
profile_option = click.option(
    "--profile",
    metavar="FILE",
    help="Organisation profile (kind: Organization): a file, or the URL of a fetched one.",
)
as_of_option = click.option(
    "--as-of",
    metavar="YYYY-MM-DD",
    callback=iso_date,
    help="Count days and judge as on this date (default: today, UTC).",
)
stage_option = click.option(
    "--stage",
    type=click.Choice([stage for stage in STAGES if stage != "retired"]),
    help="Judge at least at this stage; never lowers the declared one.",
)


def format_option(formats: Iterable[str]) -> Callable[[Command], Command]:
    """Return the option for one or more of these report formats."""
    return click.option(
        "--format",
        "formats",
        metavar="NAME[=FILE]",
        multiple=True,
        help=f"Report format: {', '.join(formats)}; repeatable, with a file each. "
        "Text goes to the terminal unless another format does.",
    )


ending_options = (
    click.option(
        "--fail-on",
        type=click.Choice(["block", "warn", "never"]),
        default="block",
        show_default=True,
        help="Exit 1 from this enforcement on.",
    ),
    click.option("--no-waivers", is_flag=True, help="Judge as if nothing was waived."),
    click.option("-q", "--quiet", is_flag=True, help="One line a finding, and the summary."),
    click.option("-v", "--verbose", is_flag=True, help="Every finding and every use case."),
)
_OPTIONS = (
    profile_option, packs_option, as_of_option, stage_option,
    format_option(FORMATS), *ending_options,
)  # fmt: skip


class Output(NamedTuple):
    """One report to write: format name, and file (None: standard output)."""

    format: str
    file: str | None


def parse_formats(given: Iterable[str], formats: Iterable[str] = FORMATS) -> list[Output]:
    """Read `NAME` and `NAME=FILE`; text goes to standard output if nothing else does.

    Raises:
        UsageError: an unknown format, two for one place, or one in place of a manifest.
    """
    outputs: list[Output] = []
    for one in given:
        name, separator, file = one.partition("=")
        if name not in formats:
            raise UsageError(f"no format {name}", remedy=f"choose one of {', '.join(formats)}")
        if separator and not file:
            raise UsageError(f"--format {one} names no file", remedy=f"--format {name}=FILE")
        add_output(outputs, Output(name, file or None))
    if all(output.file for output in outputs):
        outputs.insert(0, Output("text", None))
    return outputs


def add_output(outputs: list[Output], output: Output) -> None:
    """Add what a run writes.

    Raises:
        UsageError: it would replace a manifest, or something else that the run writes.
    """
    if is_manifest(os.path.basename(output.file or "")):
        problem = "a report would replace a manifest"
        raise UsageError(problem, where=output.file or "", remedy="name another file")
    if any(output.file == other.file for other in outputs):
        raise UsageError(
            f"two formats go to {output.file or 'standard output'}",
            remedy=f"give one of them a file: --format {output.format}=FILE",
        )
    outputs.append(output)


def write_reports(
    result: CheckResult, outputs: list[Output], *, quiet: bool, verbose: bool
) -> None:
    """Render every output, a file whole or not at all; a decision joins the step summary too.

    Raises:
        UsageError: a file cannot be written.
    """
    for output in sorted(outputs, key=lambda one: one.file is None):  # the terminal last
        render = renderer(output.format)
        if output.file is None:
            write_out(render(result, terminal_style(quiet=quiet, verbose=verbose)))
            continue
        style = Style(width=80, colour=False, verbose=verbose, quiet=quiet)
        write_file(output.file, render(result, style), "report")
    if result.decision:
        _join_summary(result, outputs)


def write_file(path: str, chunks: Iterable[str], what: str) -> None:
    """Write a file, in place of the one that is there.

    Raises:
        UsageError: it cannot be written.
    """
    try:
        with open(path, "w", encoding="utf-8", newline="\n") as file:
            file.writelines(chunks)
    except OSError as error:
        raise UsageError(f"the {what} cannot be written ({error.strerror})", where=path) from None


def write_new(path: str, text: str) -> None:
    """Write a file that is not there yet, and the folders on the way to it.

    Raises:
        UsageError: it is there already, or cannot be written.
    """
    try:
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        with open(path, "x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        problem = "there is such a file already"
        raise UsageError(problem, where=path, remedy="--output another file, or -") from None
    except OSError as error:
        problem = f"cannot be written ({error.strerror})"
        raise UsageError(problem, where=path) from None


def _join_summary(result: CheckResult, outputs: Iterable[Output]) -> None:
    """Append the Markdown report to the step summary of a GitHub job, where there is one.

    What keeps it from being written is told, and changes nothing else.
    """
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if not path or any(output.file == path for output in outputs):
        return
    report = "".join(renderer("markdown")(result, Style())).encode()
    try:
        with open(path, "ab") as file:
            if file.tell() + len(report) > STEP_SUMMARY:
                raise OSError(None, "it would grow above 1 MiB, and GitHub would drop all of it")
            file.write(report)
    except OSError as error:
        click.echo(f"the step summary is not written ({error.strerror})", err=True)


def write_out(chunks: Iterable[str]) -> None:
    """Write to standard output; a letter that the terminal lacks is escaped.

    Raises:
        UsageError: standard output takes no more, as on a full disk.
    """
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        for chunk in chunks:
            sys.stdout.write(chunk)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        pacify_stdout()
        raise UsageError(f"standard output cannot be written ({error.strerror})") from None


def pacify_stdout() -> None:
    """Keep the interpreter from flushing once more into what takes nothing."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def terminal_style(*, quiet: bool = False, verbose: bool = False) -> Style:
    """Return how text looks on this standard output; obeys NO_COLOR."""
    terminal = sys.stdout.isatty()
    width = 80
    if terminal:
        width = max(60, min(100, os.get_terminal_size(sys.stdout.fileno()).columns))
    colour = terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return Style(width=width, colour=colour, verbose=verbose, quiet=quiet)


def exit_code(result: CheckResult, fail_on: str) -> int:
    """Return 2 for a policy that misbehaved, else 1 for findings from `fail_on` on, else 0."""
    summary = summarise(result)
    if summary.outcomes[Outcome.ERROR]:
        return 2
    counted = {
        "block": summary.blocking,
        "warn": summary.blocking + summary.warning,
        "never": 0,
    }
    return 1 if counted[fail_on] else 0
