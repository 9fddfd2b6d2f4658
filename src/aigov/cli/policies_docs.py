"""`aigov policies docs`: a page a policy, an index and the control matrix."""

from collections.abc import Mapping
from pathlib import Path

import click

from aigov.cases import Case
from aigov.cli.explain import sources
from aigov.cli.options import terminal_style, write_out
from aigov.cli.policies_test import load_pack, resolve_examples
from aigov.errors import UsageError
from aigov.explaining import explain_policy
from aigov.findings import Outcome
from aigov.judgement import judge
from aigov.pages import INDEX, MARK, MATRIX, index_page, matrix_page, policy_page
from aigov.proving import situate_case
from aigov.reports.layout import Span, lay
from aigov.rules import Rules


@click.command("docs")
@click.argument("pack", metavar="[DIR]", required=False, type=click.Path())
@click.option(
    "--output",
    default="docs/policies",
    show_default=True,
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="The folder of the pages.",
)
@click.option("--check", is_flag=True, help="Write nothing; exit 1 where a page is not current.")
def docs(pack: str | None, output: Path, *, check: bool) -> int:
    """Write pages of the policies and their controls.

    Each shipped policy, or each of the pack DIR, gets a page; an index by domain and the
    control matrix stand beside them.  Pages of policies that are gone are removed; files
    that this command did not write are left alone.

    \b
    Examples:
      aigov-gate policies docs
      aigov-gate policies docs --check
      aigov-gate policies docs our-policies/ --output our-docs

    \b
    Exit codes: 0 done or current, 1 a page is not current, 2 the pack does not load.
    """
    rules, suites, _ = load_pack(pack)
    wanted = {output / name: text for name, text in _pages(rules, suites).items()}
    try:
        stale = _synchronise(wanted, output, check=check)
    except OSError as error:
        problem = f"cannot be read or written ({error.strerror})"
        raise UsageError(problem, where=str(error.filename)) from None
    style = terminal_style()
    done = "not current" if check else "written or removed"
    write_out(
        lay([Span(f"{path.as_posix()}: not current")], style, "", "  ") for path in stale if check
    )
    write_out([lay([Span(f"{len(wanted)} pages, {len(stale)} {done}", "strong")], style)])
    if check and stale:
        click.echo("next: the same without --check", err=True)
    return 1 if check and stale else 0


def _pages(rules: Rules, suites: Mapping[str, tuple[Case, ...]]) -> dict[str, str]:
    """Return the pages of the policies that have cases, by name of the file."""
    given = sources(rules)._replace(cases=lambda one: suites[one.code])
    policies = [rules.policies[code] for code in sorted(suites)]
    found = {
        INDEX: "".join(index_page(policies)),
        MATRIX: "".join(matrix_page(policies, rules.frameworks())),
    }
    for policy in policies:
        case = next((one for one in suites[policy.code] if one.outcome is Outcome.FAIL), None)
        judged = None
        if case:
            situation = situate_case(case, rules, given.examples, resolve_examples)
            judged = case.base, judge(policy, situation)
        told = explain_policy(policy, given)
        page = policy_page(policy, told, judged, rules.frameworks())
        found[f"{policy.code}.md"] = "".join(page)
    return found


def _synchronise(wanted: Mapping[Path, str], output: Path, *, check: bool) -> list[Path]:
    """Return the pages that are not current; unless `check`, write or remove them.

    Raises:
        UsageError: a page would replace what somebody else wrote.
        OSError: one cannot be read or written.
    """
    files = filter(Path.is_file, {*output.glob("*.md"), *wanted})
    there = {path: path.read_text("utf-8", "replace") for path in files}
    ours = {path for path, text in there.items() if text.startswith(MARK)}
    stale = sorted(path for path in {*ours, *wanted} if there.get(path) != wanted.get(path))
    foreign = next((path for path in stale if path in there and path not in ours), None)
    if foreign and not check:
        problem = "a page would replace this file, which is not one of them"
        raise UsageError(problem, where=str(foreign), remedy="choose another --output")
    for path in () if check else stale:
        if path not in wanted:
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted[path], "utf-8", newline="\n")
    return stale
