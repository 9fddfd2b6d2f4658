"""`aigov policies new`: begin a policy and its cases."""

from pathlib import Path

import click

from aigov.bundled import folder as shipped
from aigov.cases import ENDING
from aigov.cli.options import terminal_style, write_new, write_out
from aigov.errors import UsageError
from aigov.loading import load_rules, policy_files
from aigov.packs import read_pack
from aigov.reports.layout import Span, lay
from aigov.scaffold import OWN, PREFIXES, begin, choose_code, parse_name


def _complete(_context: click.Context, _parameter: click.Parameter, typed: str) -> list[str]:
    return [f"{one}/" for one in PREFIXES if one.startswith(typed)]


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
    """Begin a policy and its cases.

    What is left to write is marked in both.  The id names the defect and reads well after
    "waive".  A policy of a law pack is law/PACK/ID, one on the whole organisation is
    portfolio/ID.  Nothing is overwritten.

    \b
    Examples:
      aigov-gate policies new deploy-operate/cost-centre-missing
      aigov-gate policies new law/data-act/export-missing --code OWN-020 --into ours
    """
    below, named = parse_name(name)
    root = Path(into)
    files = [root / below / f"{named}{ending}" for ending in (".yaml", ENDING)]
    documents = read_pack(into, policy_files(into) if root.is_dir() else {}).documents.values()
    rows = [one.value for one in documents if isinstance(one.value, dict)]
    taken = {
        *load_rules()[0].named(),
        *(str(one.get(key)) for one in rows for key in ("code", "id")),
    }
    if named in taken or any(map(Path.exists, files)):
        raise UsageError(f"{named} is there already", remedy="choose another id")
    prefix = PREFIXES[below.partition("/")[0]] if (root / "derivation").is_dir() else OWN
    chosen = choose_code(code, prefix, taken)
    templates = [Path(shipped("schemas"), f"new-{one}.yaml") for one in ("policy", "cases")]
    texts = begin(below, named, chosen, (one.read_text("utf-8") for one in templates))
    for file, text in zip(files, texts, strict=True):
        write_new(str(file), text)
    done = [Span(f"{chosen} {named}", "strong"), Span("is begun; replace every TO DO in")]
    style = terminal_style()
    write_out([lay(done, style), *(lay([Span(str(file))], style, "  ") for file in files)])
    write_out(
        [lay([Span(f"next: aigov-gate policies test {into} (it says what is missing)")], style)]
    )
