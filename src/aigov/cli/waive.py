"""`aigov waive`: write a waiver that holds."""

import os
import sys
from datetime import date, timedelta
from typing import Any

import click

from aigov.check import check as judge
from aigov.cli.check import surrounded
from aigov.cli.options import (
    as_of_option,
    packs_option,
    policy_names,
    profile_option,
    write_new,
    write_out,
)
from aigov.emit import dump
from aigov.errors import UsageError, meant
from aigov.loading import load_rules
from aigov.policies import Policy, Waivable
from aigov.repositories import ManifestFile, read_manifest
from aigov.results import DocumentResult
from aigov.rules import Rules
from aigov.settings import Settings

_ASKED = {
    "reason": "Why can the policy not be met now?",
    "compensating": "What limits the risk until then?",
    "approved_by": "Who approves it (an address or @handle; neither owner nor builder)?",
}


@click.command()
@click.argument("policy", shell_complete=policy_names)
@click.argument("manifest", default="aigov.yaml", type=click.Path())
@click.option("--use-case", metavar="ID", help="Of a file with several use cases, which one.")
@click.option("--reason", metavar="TEXT", help=_ASKED["reason"])
@click.option("--compensating", metavar="TEXT", help=_ASKED["compensating"])
@click.option("--approved-by", metavar="PERSON", help=_ASKED["approved_by"])
@click.option("--days", type=click.IntRange(1), help="How long; as long as the tier allows.")
@click.option("--at", metavar="POINTER", help="Only this place of the finding.")
@click.option("--output", metavar="FILE", help="Where to write; - is standard output.")
@profile_option
@packs_option
@as_of_option
def waive(policy: str, manifest: str, **given: Any) -> None:
    """Write a waiver of POLICY (code or id) for the use case in MANIFEST.

    What is not given is asked on a terminal.  The waiver is judged before it is
    written: one that would not hold is refused, with the reason.

    \b
    Examples:
      aigov-gate waive rollback-untested
      aigov-gate waive BLD-008 services/aigov.yaml --days 30 --approved-by @m.tanaka
    """
    rules, profile = load_rules(given["folders"], given["profile"])
    chosen, allowed = _policy(policy, rules)
    settings = Settings(given["as_of"], profile=profile)
    file = _manifest(manifest)
    judged = _judged(file, "", rules, settings)
    use_case = _use_case(judged, given["use_case"], manifest)
    days = given["days"] or allowed.max_days.get(use_case.tier or "low", 0)
    expires_on = str(date.fromisoformat(given["as_of"]) + timedelta(days=days))
    waiver = {
        "apiVersion": "aigov/v1",
        "kind": "Waiver",
        "metadata": {"id": f"{chosen.id}-{given['as_of']}"},
        "spec": {
            "policy": chosen.id,
            "use_case": use_case.use_case,
            **{name: given[name] or _ask(name) for name in _ASKED},
            "granted_on": given["as_of"],
            "expires_on": expires_on,
            **({"at": given["at"]} if given["at"] else {}),
        },
    }
    text = dump(waiver)
    for document in _judged(file, text, rules, settings):
        for result in document.results if document.kind == "Waiver" else ():
            if result.blocks or result.code == "WAI-002":
                raise UsageError(f"the waiver would not hold: {result.code}: {result.message}")
    beside = os.path.join(os.path.dirname(manifest), f"{chosen.id}.waiver.aigov.yaml")
    output = given["output"] or beside
    if output == "-":
        write_out([text])
        return
    write_new(output, text)
    click.echo(f"{output}: {chosen.code} is waived until {expires_on}", err=True)


def _policy(name: str, rules: Rules) -> tuple[Policy, Waivable]:
    named = rules.named()
    policy = named.get(name)
    if policy is None:
        remedy = "`aigov-gate policies list` lists them"
        raise UsageError(f"no policy {name}{meant(name, named)}", remedy=remedy)
    if policy.waivable is None:
        raise UsageError(f"{policy.code} {policy.id} cannot be waived", remedy=policy.remedy)
    return policy, policy.waivable


def _manifest(path: str) -> ManifestFile:
    if not os.path.lexists(path):
        raise UsageError("no such manifest", where=path, remedy="name the use case's manifest")
    file = read_manifest(path)
    if file.refused:
        raise UsageError(file.refused, where=path)
    return file


def _judged(
    file: ManifestFile, waiver: str, rules: Rules, settings: Settings
) -> tuple[DocumentResult, ...]:
    """Judge the manifest, and beside it the text of a waiver."""
    texts = [file.content, *([waiver.encode()] if waiver else [])]
    result = judge([surrounded(file, text, rules, settings) for text in texts], rules, settings)
    for problem in result.problems:
        where = f"{problem.path}:{problem.line}:{problem.column}"
        raise UsageError(problem.message, where=where)
    return result.documents


def _use_case(
    judged: tuple[DocumentResult, ...], wanted: str | None, manifest: str
) -> DocumentResult:
    found = {one.use_case: one for one in judged if one.kind == "UseCase"}
    if wanted is None and len(found) == 1:
        return next(iter(found.values()))
    if wanted in found:
        return found[wanted]
    known = ", ".join(found) or "none"
    problem = f"no use case {wanted}" if wanted else "several use cases"
    raise UsageError(f"{problem}; there are: {known}", where=manifest, remedy="--use-case ID")


def _ask(name: str) -> str:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        option = name.replace("_", "-")
        raise UsageError(f"--{option} is missing", remedy=f"{_ASKED[name]} --{option} TEXT")
    return str(click.prompt(_ASKED[name], err=True))
