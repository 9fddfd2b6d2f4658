"""`aigov init`: a first manifest from what the repository shows and a person answers."""

import os
import sys
import textwrap
from cmd import Cmd
from functools import partial
from typing import Any, BinaryIO

import click

from aigov.bundled import folder, read_tree, shipped_detectors
from aigov.cli.options import as_of_option, write_new, write_out
from aigov.clues import Guide
from aigov.drafting import Draft, Known, draft, faults, known
from aigov.errors import UsageError
from aigov.loading import load_rules
from aigov.packs import read_document
from aigov.questions import Question, read_answer
from aigov.reports.escape import escape
from aigov.repositories import MANIFEST_NAMES, repository_root
from aigov.surveying import survey

_COLUMNS = 78


@click.command()
@click.argument("repo", default=".", type=click.Path(exists=True, file_okay=False))
@click.option(
    "--output",
    metavar="FILE",
    type=click.Path(),
    help="Write to FILE (default: aigov.yaml in REPO); - is standard output.",
)
@click.option(
    "--answers",
    metavar="FILE",
    type=click.File("rb"),
    help="Ask nothing; the answers are in FILE (YAML, question: answer).",
)
@as_of_option
def init(repo: str, output: str | None, answers: BinaryIO | None, as_of: str) -> None:
    """Write a manifest for REPO, the folder of a use case (default: this one).

    What its files and history say is filled in with the source.  On a terminal at most
    20 questions follow; Enter leaves one open, Ctrl-C ends without a trace.  What is open
    stays a TODO that does not pass.  No file is overwritten.

    \b
    Examples:
      aigov-gate init
      aigov-gate init services/chat --output -
      aigov-gate init --answers answers.yaml

    \b
    Answers (a file may have some or all; `init` on a terminal shows what each asks):
      problem use domains who pilot success stop owner technology risk where
      affected decision data built acts model hosting excluded shows
    """
    there = [os.path.join(repo, name) for name in MANIFEST_NAMES]
    target = output or next(filter(os.path.lexists, there), there[0])
    if target != "-" and os.path.lexists(target):  # said before anything is asked
        remedy = "edit it, or give --output FILE"
        raise UsageError("it is there already; nothing is overwritten", where=target, remedy=remedy)
    rules, _ = load_rules()
    shipped = read_tree(folder("init"), ".yaml")
    data: dict[str, Any] = {name: read_document(b, name).value for name, b in shipped.items()}
    questions = [Question(**row) for row in data["questions.yaml"]]
    given = _given(answers, questions) if answers else {}
    root = os.path.realpath(repo)
    authors: list[str] = []
    if repository_root(root):
        from aigov.git import frequent_authors  # loads git, and only here

        authors = frequent_authors(root)
    clues = survey(root, Guide(data["files.yaml"], shipped_detectors()))
    seen = known(clues, os.path.basename(root), authors, rules)
    stated: dict[str, Any] = {}

    def read(asked: Question, answer: str) -> dict[str, Any]:
        try:
            values = read_answer(asked, answer, seen.values, as_of) if answer else {}
            fault = faults(values, {**seen.values, **stated}, rules)
        except ValueError as error:
            fault = str(error)
        if fault:  # the terminal asks again
            raise click.UsageError(f"{asked.id}: {escape(fault)}\n  for example: {asked.example}")
        return values

    for number, question in enumerate(questions, 1):
        if question.is_asked(stated):
            states = partial(read, question)
            if answers:
                stated |= states(given.get(question.id, ""))
            elif sys.stdin.isatty() and sys.stderr.isatty():
                _show(question, f"{number:>2}/{len(questions)}", seen)
                try:
                    stated |= click.prompt(
                        "  answer", "", value_proc=states, show_default=False, err=True
                    )
                except click.Abort:
                    click.echo(err=True)  # ends the line on which Ctrl-C was typed
                    raise
    drafted = draft(seen, stated, questions, rules, as_of)
    if target == "-":
        write_out([drafted.text])
    else:
        write_new(target, drafted.text)
    _tell(target, drafted)


def _given(answers: BinaryIO, questions: list[Question]) -> dict[str, str]:
    """Return the answers of a file by question.

    Raises:
        UsageError: one of them answers nothing that is asked.
    """
    document = read_document(answers.read(), answers.name).value
    given = document if isinstance(document, dict) else {"": document}
    names = [one.id for one in questions]
    for name in given.keys() - names:
        remedy = f"the questions are {', '.join(names)}"
        raise UsageError(f"no question is called {name}", where=answers.name, remedy=remedy)
    lists = {name: one if isinstance(one, list) else [one] for name, one in given.items()}
    return {name: ", ".join(map(str, one)) for name, one in lists.items()}


def _show(question: Question, number: str, seen: Known) -> None:
    _say("")
    _say(f"{number} {question.ask}", bold=True)
    width = max(map(len, question.choices), default=0)
    listed = [f"{n:>2} {key:<{width}}" for n, key in enumerate(question.choices, 1)]
    if any(question.choices.values()):
        for one, words in zip(listed, question.choices.values(), strict=True):
            _say(f"    {one}  {words}", hang=9 + width)
    elif listed:
        Cmd(stdout=sys.stderr).columnize(listed, _COLUMNS)
    if question.hint in seen.sources:
        _say(f"  seen: {seen.sources[question.hint]}")
    for pointer in question.fields:
        if pointer in seen.values:
            _say(f"  found: {seen.values[pointer]} ({seen.sources[pointer]}), if you give none")
    _say(f"  for example: {question.example}")


def _say(text: str, *, hang: int = 6, bold: bool = False) -> None:
    """Write to the terminal, wrapped, hostile text made safe, bold where that is welcome."""
    bold = bold and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    for line in textwrap.wrap(escape(text, None), _COLUMNS, subsequent_indent=" " * hang) or [""]:
        click.echo(click.style(line, bold=True) if bold else line, err=True)


def _tell(target: str, drafted: Draft) -> None:
    """Say what was derived and why, what was written, and what to do next."""
    for pointer, (value, reason) in drafted.derived.items():
        if reason:
            _say(f"{pointer.rpartition('/')[2]} {value}: {reason}")
    if target != "-":
        _say(f"{target} is written; open questions: {len(drafted.open)}")
        _say(f"next: {'answer each TODO, then ' if drafted.open else ''}aigov-gate check {target}")
