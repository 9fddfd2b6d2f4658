"""`aigov policies`: what there is to judge by."""

from collections.abc import Collection

import click

from aigov.cli.options import reading_options, terminal_style, write_out
from aigov.cli.policies_docs import docs
from aigov.cli.policies_new import new
from aigov.cli.policies_test import test
from aigov.errors import UsageError, meant
from aigov.expressions import STAGES
from aigov.listing import choose, policies_json, policies_text
from aigov.loading import load_rules
from aigov.policies import TIERS


@click.group()
def policies() -> None:
    """Look at the policies that manifests are judged by, prove them, write your own.

    \b
    Examples:
      aigov-gate policies list
      aigov-gate policies test our-policies/
      aigov-gate policies new deploy-operate/cost-centre-missing
      aigov-gate policies docs
    """


def _names(context: click.Context, parameter: click.Parameter, typed: str) -> list[str]:
    """Complete the names of domains, or of frameworks."""
    rules, _ = load_rules(context.params.get("folders") or ())
    domains = dict.fromkeys(policy.domain for policy in rules.policies.values())
    known = rules.frameworks() if parameter.name == "framework" else domains
    return [one for one in known if one.startswith(typed)]


@policies.command("list")
@click.option("--domain", metavar="NAME", shell_complete=_names, help="Only those of this domain.")
@click.option("--stage", type=click.Choice(STAGES), help="Only those that bind there.")
@click.option("--tier", type=click.Choice(TIERS), help="Only those that act at this tier.")
@click.option(
    "--framework",
    metavar="NAME",
    shell_complete=_names,
    help="Only those that touch this law or standard, and which of its controls.",
)
@reading_options
def list_(form: str, folders: tuple[str, ...], **asked: str | None) -> None:
    """List the policies, all or those asked for.

    With --framework, every control follows with the policies that touch it, and those
    that none touches.  A policy that touches a control does not make you conform to it.

    \b
    Examples:
      aigov-gate policies list --stage pilot --tier low
      aigov-gate policies list --framework eu-ai-act
      aigov-gate policies list --domain build-delivery --format json
    """
    rules, _ = load_rules(folders)
    everything = rules.policies.values()
    _hold("domain", asked["domain"], {policy.domain for policy in everything})
    framework = None
    if asked["framework"] is not None:
        frameworks = rules.frameworks()
        called = {name: one for one in frameworks.values() for name in (*one.aliases, one.id)}
        _hold("framework", asked["framework"], called)
        framework = called[asked["framework"]]
        asked["framework"] = framework.id
    chosen = choose(everything, asked)
    text = policies_text(chosen, terminal_style(), framework)
    write_out([policies_json(chosen, framework)] if form == "json" else text)


def _hold(what: str, name: str | None, known: Collection[str]) -> None:
    """Refuse a name that nothing has: an empty list would look like an answer."""
    if name is not None and name not in known:
        problem = f"there is no {what} {name}{meant(name, known)}"
        raise UsageError(problem, remedy=f"choose one of {', '.join(sorted(known))}")


policies.add_command(test)
policies.add_command(new)
policies.add_command(docs)
