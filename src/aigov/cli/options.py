"""What `check` (and later `gate` and `audit`) take: options, rules, formats, exit code."""

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from io import TextIOWrapper
from typing import Any, NamedTuple, TypeVar

import click

from aigov.bundled import compiled_expressions, folder, parsed_rules, read_tree
from aigov.errors import ProfileError, UsageError
from aigov.expressions import STAGES
from aigov.findings import Outcome
from aigov.packs import FRAMEWORKS, Pack, parsed_pack, read_document, read_pack
from aigov.reports import FORMATS, Style
from aigov.reports import render as renderer
from aigov.repositories import is_manifest, is_url
from aigov.results import CheckResult, summarise
from aigov.rules import Rules, Shapes, build_rules
from aigov.settings import Profile, parse_profile, profile_error
from aigov.source import Document, load
from aigov.tightening import tighten

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
_OPTIONS = (
    profile_option,
    packs_option,
    as_of_option,
    click.option(
        "--stage",
        type=click.Choice([stage for stage in STAGES if stage != "retired"]),
        help="Judge at least at this stage; never lowers the declared one.",
    ),
    click.option(
        "--format",
        "formats",
        metavar="NAME[=FILE]",
        multiple=True,
        help=f"Report format: {', '.join(FORMATS)}; repeatable, with a file each. "
        "Text goes to the terminal unless another format does.",
    ),
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


class Output(NamedTuple):
    """One report to write: format name, and file (None: standard output)."""

    format: str
    file: str | None


def parse_formats(given: Iterable[str]) -> list[Output]:
    """Read `NAME` and `NAME=FILE`; text goes to standard output if nothing else does.

    Raises:
        UsageError: an unknown format, two for one place, or one in place of a manifest.
    """
    outputs: list[Output] = []
    for one in given:
        name, separator, file = one.partition("=")
        if name not in FORMATS:
            raise UsageError(f"no format {name}", remedy=f"choose one of {', '.join(FORMATS)}")
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


def load_rules(
    folders: Iterable[str] = (), profile: str | None = None
) -> tuple[Rules, Profile | None]:
    """Build the rules of the shipped pack, the given packs, and the profile: each a path, or
    a URL that was fetched before.

    Raises:
        UsageError, PackError, ProfileError: something does not hold.
    """
    shipped, shapes = _shipped()
    packs = [shipped, *(read_pack(one.rstrip("/"), policy_files(one)) for one in folders)]
    rules = build_rules(packs, shapes, compiled_expressions())
    if profile is None:
        return rules, None
    document = _profile_document(profile)
    for issue in rules.schemas["Organization"].issues(document.value, people_mapped=True):
        raise profile_error(document, profile, issue.pointer, issue.message)
    parsed = parse_profile(document, profile)
    return tighten(rules, parsed), parsed


def _profile_document(path: str) -> Document:
    loaded = load(_profile_text(path))
    for trouble in loaded.troubles:
        raise ProfileError(trouble.message, where=f"{path}:{trouble.line}:{trouble.column}")
    if len(loaded.documents) != 1:
        raise ProfileError("a profile is exactly one document", where=path)
    return loaded.documents[0]


def _pinned(url: str) -> Mapping[str, bytes]:
    from aigov.pinned import read_pinned  # hashes and decodes; few runs read a cache

    return read_pinned(url)


def _profile_text(path: str) -> bytes:
    if is_url(path):
        return _pinned(path).get("", b"")  # of a folder: no document, which is then said
    return read_file(path, "profile")


def read_file(path: str, what: str, most: int = -1) -> bytes:
    """Read the first bytes (all by default) of a file that was named; `what` says what it is.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        with open(path, "rb") as file:
            return file.read(most)
    except OSError as error:
        raise UsageError(f"the {what} cannot be read ({error.strerror})", where=path) from None


def _shipped() -> tuple[Pack, Shapes]:
    """Return the shipped pack and schemas, parsed before where this is a wheel."""
    parsed = parsed_rules()
    if parsed is None:
        files = policy_files(folder("policies"))
        return read_pack("policies", files, trusted=True), shipped_shapes()
    schemas = parsed["schemas"]
    shapes = _shapes(lambda name: schemas[name][1])
    return parsed_pack("policies", parsed["policies"], _shipped_frameworks), shapes


def _shipped_frameworks() -> dict[str, bytes]:
    """Read the shipped frameworks, of which a wheel carries no parsed copy."""
    root = os.path.join(folder("policies"), FRAMEWORKS)
    return {FRAMEWORKS + path: content for path, content in read_tree(root, ".yaml").items()}


def _shapes(read: Callable[[str], Any]) -> Shapes:
    synonyms = partial(read, "synonyms.yaml")
    return Shapes(read("manifest.v1.json"), read("required.yaml"), synonyms, schema)


def shipped_shapes() -> Shapes:
    """Read what `schemas/` says of manifests."""
    return _shapes(schema)


def schema(name: str) -> Any:
    """Return what a file of `schemas/` (JSON or YAML) holds."""
    import json  # a wheel has what judging needs parsed already

    with open(os.path.join(folder("schemas"), name), "rb") as file:
        data = file.read()
    return json.loads(data) if name.endswith(".json") else read_document(data, name).value


def policy_files(root: str) -> Mapping[str, bytes]:
    """Read the files of a pack below `root`, a folder or a URL, but for the cases.

    Raises:
        UsageError: there is no such folder, or it cannot be read.
    """
    if is_url(root):
        return _pinned(root)
    if not os.path.isdir(root):
        raise UsageError("no such folder of policies", where=root)
    return read_tree(root, ".yaml", but=".cases.yaml")


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
