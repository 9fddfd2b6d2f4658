"""`aigov init`: a first manifest from what the repository shows and a person answers."""

import os
import sys
import textwrap
from cmd import Cmd
from collections.abc import Mapping
from functools import partial
from typing import Any

import click

from aigov.bundled import folder
from aigov.cli.options import iso_date, load_rules, write_new, write_out
from aigov.clues import Guide
from aigov.drafting import Draft, Known, draft, faults, known
from aigov.errors import UsageError
from aigov.packs import read_document
from aigov.questions import Question, read_answer
from aigov.reports.escape import escape
from aigov.repositories import MANIFEST_NAMES, repository_root
from aigov.rules import Rules
from aigov.surveying import survey

_COLUMNS = 78


@click.command()
@click.argument("repo", default=".", type=click.Path())
@click.option(
    "--output",
    metavar="FILE",
    type=click.Path(),
    help="Write to FILE (default: aigov.yaml in REPO); - is standard output.",
)
@click.option(
    "--answers",
    metavar="FILE",
    type=click.Path(),
    help="Ask nothing; the answers are in FILE (YAML, question: answer).",
)
@click.option(
    "--as-of",
    metavar="YYYY-MM-DD",
    callback=iso_date,
    help="Write as on this date (default: today, UTC).",
)
def init(repo: str, output: str | None, answers: str | None, as_of: str) -> None:
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
    if not os.path.isdir(repo):
        raise UsageError("no such folder", where=repo, remedy="name the folder of a use case")
    if target != "-" and os.path.lexists(target):  # said before anything is asked
        remedy = "edit it, or give --output FILE"
        raise UsageError("it is there already; nothing is overwritten", where=target, remedy=remedy)
    rules, _ = load_rules()
    questions = [Question(**row) for row in _shipped("questions")]
    seen = _look_over(os.path.realpath(repo), rules)
    given = _given(answers, questions) if answers else {}
    stated: dict[str, Any] = {}
    for number, question in enumerate(questions, 1):
        if question.is_asked(stated):
            read = partial(_read, question, stated, seen, rules, as_of)
            if answers is not None:
                stated |= read(given.get(question.id, ""))
            elif sys.stdin.isatty() and sys.stderr.isatty():
                _show(question, f"{number:>2}/{len(questions)}", seen)
                stated |= click.prompt(
                    "  >", "", value_proc=read, prompt_suffix=" ", show_default=False, err=True
                )
    drafted = draft(seen, stated, questions, rules, as_of)
    if target == "-":
        write_out([drafted.text])
    else:
        write_new(target, drafted.text)
    _tell(target, drafted)


def _shipped(name: str) -> Any:
    return _yaml(os.path.join(folder("init"), f"{name}.yaml"))


def _yaml(path: str) -> Any:
    try:
        with open(path, "rb") as file:
            return read_document(file.read(), path).value
    except OSError as error:
        raise UsageError(f"it cannot be read ({error.strerror})", where=path) from None


def _look_over(root: str, rules: Rules) -> Known:
    authors: list[str] = []
    if repository_root(root):
        from aigov.git import frequent_authors  # loads git, and only here

        authors = frequent_authors(root)
    guide = Guide(_shipped("files"), _shipped("packages"))
    return known(survey(root, guide), os.path.basename(root), authors, rules)


def _given(path: str, questions: list[Question]) -> dict[str, str]:
    """Return the answers of a file by question."""
    found = _yaml(path)
    given = found if isinstance(found, dict) else {"": found}
    names = [one.id for one in questions]
    for name in given:
        if name not in names:
            remedy = f"the questions are {', '.join(names)}"
            raise UsageError(f"no question is called {name}", where=path, remedy=remedy)
    return {
        name: ", ".join(map(str, one)) if isinstance(one, list) else str(one)
        for name, one in given.items()
    }


def _read(
    question: Question,
    stated: Mapping[str, Any],
    seen: Known,
    rules: Rules,
    today: str,
    answer: str,
) -> dict[str, Any]:
    """Return what an answer states beside what was stated before.

    Raises:
        click.BadParameter: it would not pass; the terminal asks again.
    """
    try:
        values = read_answer(question, answer, seen.values, today) if answer else {}
        fault = faults(values, {**seen.values, **stated}, rules) if answer else ""
    except ValueError as error:
        fault = str(error)
    if fault:
        raise click.BadParameter(f"{question.id}: {escape(fault)}; for example: {question.example}")
    return values


def _show(question: Question, number: str, seen: Known) -> None:
    _say("")
    _say(f"{number} {question.ask}", bold=True)
    width = max(map(len, question.choices), default=0)
    listed = [f"{n:>2} {key:<{width}}" for n, key in enumerate(question.choices, 1)]
    if any(question.choices.values()):
        for one, words in zip(listed, question.choices.values(), strict=True):
            _say(f"    {one}  {words}", hang=9 + width)
    else:
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
        count = f"{len(drafted.open)} questions are open" if drafted.open else "nothing is open"
        _say(f"{target} is written; {count}")
        _say(f"next: {'answer each TODO, then ' if drafted.open else ''}aigov-gate check {target}")
