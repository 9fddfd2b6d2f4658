"""`aigov policies new`: begin a policy and its cases."""

import os

import click

from aigov.bundled import folder
from aigov.cases import ENDING
from aigov.cli.options import load_rules, policy_files, terminal_style, write_out
from aigov.errors import UsageError
from aigov.packs import read_pack
from aigov.policies import DOMAINS
from aigov.reports.layout import Span, lay
from aigov.scaffold import begin, choose_code, parse_name, prefix_of

_TEMPLATES = ("new-policy.yaml", "new-cases.yaml")


def _complete(_context: click.Context, _parameter: click.Parameter, typed: str) -> list[str]:
    return [f"{one}/" for one in (*DOMAINS, "law", "portfolio") if one.startswith(typed)]


@click.command("new")
@click.argument("name", metavar="DOMAIN/ID", shell_complete=_complete)
@click.option("--code", metavar="CODE", help="Its code (default: the next free one).")
@click.option(
    "--into",
    default="policies",
    show_default=True,
    metavar="DIR",
    type=click.Path(),
    help="The folder of the pack.",
)
def new(name: str, code: str | None, into: str) -> None:
    """Begin the policy DOMAIN/ID: its file, its cases, and what is left to do.

    The id names the defect and reads well after "waive".  A policy of a law pack is
    law/PACK/ID, one on the whole organisation portfolio/ID.  Nothing is overwritten.

    \b
    Examples:
      aigov-gate policies new deploy-operate/cost-centre-missing
      aigov-gate policies new law/data-act/export-missing --code OWN-020 --into ours
    """
    named, root = parse_name(name), into.rstrip("/") or "/"
    stem = os.path.join(root, *named.folder.split("/"), named.id)
    paths = [f"{stem}{ending}" for ending in (".yaml", ENDING)]
    taken = _taken(root)
    for path in paths:
        if os.path.lexists(path):
            raise UsageError("is there already", where=path, remedy="choose another id")
    if named.id in taken:
        raise UsageError(f"the id {named.id} is taken", remedy="choose another id")
    shipped = os.path.isdir(os.path.join(root, "derivation"))
    chosen = choose_code(code, prefix_of(named, shipped=shipped), taken)
    try:
        os.makedirs(os.path.dirname(stem), exist_ok=True)
        for path, text in zip(paths, begin(named, chosen, _templates()), strict=True):
            with open(path, "x", encoding="utf-8", newline="\n") as file:
                file.write(text)
    except OSError as error:
        problem = f"cannot be written ({error.strerror})"
        raise UsageError(problem, where=str(error.filename)) from None
    style = terminal_style(quiet=False, verbose=False)
    steps = [
        f"say what must hold as `require` in {paths[0]}, and replace every TO DO",
        f"change examples in {paths[1]} until one passes and one fails for each thing it demands",
        f"prove it: aigov-gate policies test {root}",
    ]
    write_out([lay([Span(f"{chosen} {named.id}", "strong"), Span("is begun")], style)])
    write_out(lay([Span(f"{i}. {one}")], style, "  ", "     ") for i, one in enumerate(steps, 1))


def _taken(root: str) -> set[str]:
    """Return the codes and ids of the shipped policies and of the pack's."""
    files = policy_files(root) if os.path.isdir(root) else {}
    documents = read_pack(root, files).documents.values()
    own = [one.value for one in documents if isinstance(one.value, dict)]
    return {*load_rules()[0].named(), *(str(one.get(key)) for one in own for key in ("code", "id"))}


def _templates() -> list[str]:
    found = []
    for name in _TEMPLATES:
        with open(os.path.join(folder("schemas"), name), encoding="utf-8") as file:
            found.append(file.read())
    return found
