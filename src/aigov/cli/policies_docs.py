"""`aigov policies docs`: a page a policy, an index, the control matrix and the ideas."""

import os
from collections.abc import Mapping

import click

from aigov.bundled import folder
from aigov.cases import Case
from aigov.cli.explain import sources
from aigov.cli.options import terminal_style, write_out
from aigov.cli.policies_test import load_pack, resolve_examples, shipped_examples
from aigov.errors import UsageError
from aigov.explaining import explain_policy
from aigov.findings import Outcome
from aigov.ideas import ideas_page, parse_ideas
from aigov.judgement import judge
from aigov.packs import read_document
from aigov.pages import INDEX, MARK, MATRIX, Page, index_page, matrix_page, policy_page
from aigov.proving import situate_case
from aigov.reports.layout import Span, lay
from aigov.rules import Rules

_IDEAS = os.path.realpath(os.path.join(folder("docs"), "ideas.yaml"))
"""In a checkout alone: the ideas are those of the shipped policies."""


@click.command("docs")
@click.argument("pack", metavar="[DIR]", required=False, type=click.Path())
@click.option(
    "--output",
    default="docs/policies",
    show_default=True,
    metavar="DIR",
    type=click.Path(),
    help="The folder of the pages.",
)
@click.option("--check", is_flag=True, help="Write nothing; exit 1 where a page is not current.")
def docs(pack: str | None, output: str, *, check: bool) -> int:
    """Write a page for each shipped policy, or for those of a pack of your own.

    An index by domain and the control matrix stand beside them.  Pages of policies that
    are gone are removed; files that this command did not write are left alone.  In a
    checkout of aigov ../ideas.md is made of ideas.yaml too.

    \b
    Examples:
      aigov-gate policies docs
      aigov-gate policies docs --check
      aigov-gate policies docs our-policies/ --output our-docs

    \b
    Exit codes: 0 done or current, 1 a page is not current, 2 the pack does not load.
    """
    output = output.rstrip("/") or "/"
    rules, suites, _ = load_pack(pack)
    wanted = {os.path.join(output, name): text for name, text in _pages(rules, suites).items()}
    ideas = os.path.join(os.path.dirname(output), "ideas")
    if not pack and os.path.realpath(f"{ideas}.yaml") == _IDEAS and os.path.isfile(_IDEAS):
        with open(f"{ideas}.yaml", "rb") as file:
            document = read_document(file.read(), f"{ideas}.yaml")
        found = parse_ideas(document, f"{ideas}.yaml", rules.policies)
        wanted[f"{ideas}.md"] = "".join(ideas_page(found, rules.policies, os.path.basename(output)))
    there = {path: _read(path) for path in {*wanted, *_written(output)}}
    stale = sorted(path for path, text in there.items() if wanted.get(path) != text)
    if not check:
        _update({path: wanted.get(path) for path in stale}, there)
    gone = [path for path in stale if path not in wanted]
    told = [f"{one}: not current" for one in stale] if check else [f"{one}: gone" for one in gone]
    done = f"{len(stale)} not current" if check else f"{len(stale) - len(gone)} written"
    style = terminal_style(quiet=False, verbose=False)
    write_out(lay([Span(line)], style, "", "  ") for line in told)
    write_out([lay([Span(f"{len(wanted)} pages, {done}", "strong")], style)])
    if check and stale:
        click.echo("next: the same without --check", err=True)
    return 1 if check and stale else 0


def _pages(rules: Rules, suites: Mapping[str, tuple[Case, ...]]) -> dict[str, str]:
    """Return the pages of the policies that have cases, by name of the file."""
    given = sources(rules)
    examples = shipped_examples()
    policies = [rules.policies[code] for code in sorted(suites)]
    found = {}
    for policy in policies:
        inside = next(
            policy.where.removeprefix(f"{one.name}/")
            for one in rules.packs
            if policy.where.startswith(f"{one.name}/")
        )
        page = Page(policy, explain_policy(policy, given), inside)
        for outcome in (Outcome.FAIL, Outcome.UNKNOWN):
            case = next((one for one in suites[policy.code] if one.outcome is outcome), None)
            if case and not page.result:
                result = judge(policy, situate_case(case, rules, examples, resolve_examples))
                page = page._replace(base=case.base, result=result)
        found[f"{policy.code}.md"] = "".join(policy_page(page, rules.corpus(), rules.frameworks()))
    found[INDEX] = "".join(index_page(policies))
    found[MATRIX] = "".join(matrix_page(policies, rules.frameworks()))
    return found


def _written(output: str) -> list[str]:
    """Return the pages in the folder that this command wrote."""
    names = os.listdir(output) if os.path.isdir(output) else []
    paths = [os.path.join(output, name) for name in names if name.endswith(".md")]
    return [path for path in paths if (_read(path) or "").startswith(MARK)]


def _read(path: str) -> str | None:
    """Return what a file holds, None where there is none."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"cannot be read ({error.strerror})", where=path) from None


def _update(stale: Mapping[str, str | None], there: Mapping[str, str | None]) -> None:
    """Write every page that is not current, and remove those without a policy.

    Raises:
        UsageError: a page would replace what somebody else wrote, or cannot be written.
    """
    for path in stale:
        if there[path] is not None and not str(there[path]).startswith(MARK):
            problem = "a page would replace this file, which is not one of them"
            raise UsageError(problem, where=path, remedy="choose another --output")
    try:
        for path, text in stale.items():
            if text is None:
                os.unlink(path)
                continue
            os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
            with open(path, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
    except OSError as error:
        problem = f"cannot be written ({error.strerror})"
        raise UsageError(problem, where=str(error.filename)) from None
