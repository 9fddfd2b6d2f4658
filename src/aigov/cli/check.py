"""`aigov check`: judge manifests on disk or from standard input."""

import os
import sys
from collections.abc import Iterator
from typing import Any

import click

from aigov.check import check as judge
from aigov.cli.options import exit_code, judging_options, parse_formats, write_reports
from aigov.errors import UsageError
from aigov.loading import load_rules
from aigov.preparing import ReadFile, Surroundings, read
from aigov.repositories import (
    ManifestFile,
    find_manifests,
    read_manifest,
    repository_root,
    resolve_evidence,
)
from aigov.results import CheckResult, Problem
from aigov.rules import Rules
from aigov.settings import Settings
from aigov.source import MAX_FILE_BYTES

MANY = 200
"""From this many manifests on, a terminal is shown progress."""


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path())
@click.option("--if-present", is_flag=True, help="Exit 0, not 3, where no manifest is.")
@judging_options
def check(paths: tuple[str, ...], if_present: bool, **options: Any) -> int:
    """Judge manifests given or found below folders (default: this one).

    A manifest is aigov.yaml or *.aigov.yaml; a named file is judged whatever its
    name, and - is standard input.  Folders .git, node_modules and virtual
    environments are not entered.

    \b
    Examples:
      aigov-gate check
      aigov-gate check aigov.yaml --stage production
      aigov-gate check --format json=report.json services/

    \b
    Exit codes: 0 nothing blocks, 1 findings, 2 could not judge,
    3 no manifest found, 70 a bug, 130 interrupted.
    """
    outputs = parse_formats(options["formats"])
    found = _told_apart(list(_collect(paths or (".",))))
    rules, profile = load_rules(options["folders"], options["profile"])
    settings = Settings(
        as_of=options["as_of"],
        target_stage=options["stage"],
        profile=profile,
        honour_waivers=not options["no_waivers"],
        preview=any(output.format == "text" for output in outputs) and not options["quiet"],
        digests=any(output.format != "text" for output in outputs),
    )
    deleted = list(_deleted(paths or (".",))) if if_present and not found else []
    if not found and not deleted:
        return _nothing(if_present=if_present)
    result = _judge(found, rules, settings, deleted)
    write_reports(result, outputs, quiet=options["quiet"], verbose=options["verbose"])
    return exit_code(result, options["fail_on"])


def _collect(paths: tuple[str, ...]) -> Iterator[ManifestFile]:
    """Yield each manifest once, in the order given and found."""
    seen = set()
    for path in paths:
        if path == "-":
            here = os.path.realpath(".")
            root = repository_root(here) or here
            yield ManifestFile("-", here, root, sys.stdin.buffer.read(MAX_FILE_BYTES + 1))
            continue
        if not os.path.lexists(path):
            raise UsageError("no such file or folder", where=path, remedy="check the path")
        try:
            names = [*find_manifests(path)] if os.path.isdir(path) else [path]
        except OSError as error:
            raise UsageError(
                f"the folder cannot be read ({error.strerror})", where=str(error.filename)
            ) from None
        for name in names:
            file = read_manifest(name)
            place = _place(file)
            if place not in seen:
                seen.add(place)
                yield file


def _place(file: ManifestFile) -> str:
    return os.path.join(file.folder, os.path.basename(file.path))


def _told_apart(found: list[ManifestFile]) -> list[ManifestFile]:
    """Return the files with paths that name one each.

    The root of a repository is where paths start; with several repositories two files may
    be `aigov.yaml`, so that all paths start at the current folder.
    """
    if len({file.root for file in found}) < 2:
        return found
    here = os.path.realpath(".") + os.sep
    return [
        file if file.path == "-" else file._replace(path=_place(file).removeprefix(here))
        for file in found
    ]


def _judge(
    manifests: list[ManifestFile], rules: Rules, settings: Settings, deleted: list[Problem]
) -> CheckResult:
    def files() -> Iterator[tuple[ReadFile, Surroundings]]:
        for problem in deleted:
            yield ReadFile(problem.path, (), (problem,)), Surroundings()
        for file in _with_progress(manifests):
            if file.refused:
                problem = Problem("SYN-001", file.path, 1, 1, file.refused)
                yield ReadFile(file.path, (), (problem,)), Surroundings()
                continue
            yield surrounded(file, file.content, rules, settings)

    return judge(files(), rules, settings)


def surrounded(
    file: ManifestFile, content: bytes, rules: Rules, settings: Settings
) -> tuple[ReadFile, Surroundings]:
    """Read `content` as what stands in `file`, with what lies around it."""
    prefixes = settings.profile.evidence_urls if settings.profile else None
    found = read(file.path, content, rules, settings)
    return found, Surroundings(resolve_evidence(found.evidence, file.folder, file.root, prefixes))


def _with_progress(found: list[ManifestFile]) -> Iterator[ManifestFile]:
    if len(found) < MANY or not sys.stderr.isatty():
        yield from found
        return
    with click.progressbar(found, label="judging", file=sys.stderr) as bar:
        yield from bar


def _deleted(paths: tuple[str, ...]) -> Iterator[Problem]:
    """Yield the manifests that HEAD has below `paths`, where the working tree has none."""
    for path in paths:
        root = repository_root(path)
        if root:
            from aigov.git import manifests_at_head  # loads git, and only here

            for name in manifests_at_head(root, path):
                message = "HEAD has this manifest, the working tree has none"
                yield Problem("CHG-006", name, 1, 1, message)


def _nothing(*, if_present: bool) -> int:
    if if_present:
        click.echo("no manifest here, and none was asked for (--if-present)")
        return 0
    click.echo("no manifest here: `aigov init` writes one", err=True)
    return 3
