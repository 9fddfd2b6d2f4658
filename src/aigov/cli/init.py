"""`aigov init`: a first manifest from what the repository shows and a person answers."""

import os
import sys
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import click

from aigov.bundled import folder
from aigov.cli.options import iso_date, load_rules, write_out
from aigov.clues import Guide
from aigov.drafting import Draft, Known, draft, faults, known
from aigov.errors import UsageError
from aigov.packs import read_document
from aigov.questions import Question, parse_questions, read_answer
from aigov.reports.escape import escape
from aigov.repositories import MANIFEST_NAMES, repository_root
from aigov.rules import Rules
from aigov.surveying import survey

_COLUMNS = 78
_ABREAST = 3
_MANY = 12
"""From so many choices on, only their names are listed."""


class _Interview(NamedTuple):
    """What every answer is read with."""

    questions: tuple[Question, ...]
    known: Known
    rules: Rules
    today: str

    def read(
        self, question: Question, text: str, answers: Mapping[str, Any]
    ) -> tuple[dict[str, Any], str]:
        """Return the values of an answer, and what is wrong with them."""
        try:
            values = read_answer(question, text, self.known.values, self.today)
        except ValueError as error:
            return {}, str(error)
        return values, faults(values, {**self.known.values, **answers}, self.rules)


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
    if target != "-" and os.path.lexists(target):
        remedy = "edit it, or give --output FILE"
        raise UsageError("it is there already; nothing is overwritten", where=target, remedy=remedy)
    rules, _ = load_rules()
    questions = parse_questions(_yaml(os.path.join(folder("init"), "questions.yaml")), rules.fields)
    interview = _Interview(questions, _survey(os.path.realpath(repo), rules), rules, as_of)
    given: dict[str, Any] = {}
    if answers is not None:
        given = _from_file(answers, interview)
    elif sys.stdin.isatty() and sys.stderr.isatty():
        try:
            given = _ask(interview)
        except click.Abort:
            _say("")  # the line on which Ctrl-C was typed ends here
            raise
    drafted = draft(interview.known, given, questions, rules, as_of)
    _write(target, drafted.text)
    _tell(target, drafted)


def _yaml(path: str) -> Any:
    try:
        with open(path, "rb") as file:
            return read_document(file.read(), path).value
    except OSError as error:
        raise UsageError(f"it cannot be read ({error.strerror})", where=path) from None


def _survey(root: str, rules: Rules) -> Known:
    files, packages = (
        _yaml(os.path.join(folder("init"), f"{n}.yaml")) for n in ("files", "packages")
    )
    authors: Sequence[str] = ()
    if repository_root(root):
        from aigov.git import frequent_authors  # loads git, and only here

        authors = frequent_authors(root)
    return known(survey(root, Guide(files, packages)), os.path.basename(root), authors, rules)


def _from_file(path: str, interview: _Interview) -> dict[str, Any]:
    """Read answers by the names of their questions.

    Raises:
        UsageError: an answer cannot be understood, or answers nothing that is asked.
    """
    given = _yaml(path)
    left = dict(given) if isinstance(given, dict) else {"": given}
    answers: dict[str, Any] = {}
    for question in interview.questions:
        one = left.pop(question.id, None)
        if one is not None and question.is_asked(answers):
            text = ", ".join(map(str, one)) if isinstance(one, list) else str(one)
            values, fault = interview.read(question, text, answers)
            if fault:
                remedy = f"for example: {question.example}"
                raise UsageError(f"{question.id}: {fault}", where=path, remedy=remedy)
            answers |= values
    if left:
        remedy = f"the questions are {', '.join(one.id for one in interview.questions)}"
        raise UsageError(f"no question is called {next(iter(left))}", where=path, remedy=remedy)
    return answers


def _ask(interview: _Interview) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    _say("Enter leaves a question open, Ctrl-C writes nothing.")
    for number, question in enumerate(interview.questions, 1):
        if not question.is_asked(answers):
            continue
        _show(question, f"{number:>2}/{len(interview.questions)}", interview.known)
        while text := click.prompt("  >", "", show_default=False, prompt_suffix=" ", err=True):
            values, fault = interview.read(question, text, answers)
            if not fault:
                answers |= values
                break
            _say(f"  {fault}; for example: {question.example}")
    return answers


def _show(question: Question, number: str, seen: Known) -> None:
    _say("")
    _say(f"{number} {question.ask}", bold=True)
    if len(question.choices) > _MANY:
        names = [f"{n:>2} {key:<24}" for n, key in enumerate(question.choices, 1)]
        for row in range(0, len(names), _ABREAST):
            _say("".join(names[row : row + _ABREAST]).rstrip())
    else:
        width = max(map(len, question.choices), default=0)
        for n, (key, (words, _)) in enumerate(question.choices.items(), 1):
            _say(f"  {n:>4} {key:<{width}}  {words}".rstrip(), hang=9 + width)
    if question.id in seen.seen:
        _say(f"  seen: {seen.seen[question.id]}")
    for pointer in question.fields:
        if pointer in seen.values:
            _say(f"  found: {seen.values[pointer]} ({seen.sources[pointer]}), if you give none")
    _say(f"  for example: {question.example}")


def _say(text: str, *, hang: int = 6, bold: bool = False) -> None:
    """Write to the terminal, wrapped, hostile text made safe, bold where that is welcome."""
    plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    for line in textwrap.wrap(escape(text, None), _COLUMNS, subsequent_indent=" " * hang) or [""]:
        click.echo(line if plain or not bold else click.style(line, bold=True), err=True)


def _write(target: str, text: str) -> None:
    if target == "-":
        write_out([text])
        return
    try:
        with open(target, "x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise UsageError(f"it cannot be written ({error.strerror})", where=target) from None


def _tell(target: str, drafted: Draft) -> None:
    """Say what was derived and why, what was written, and what to do next."""
    for pointer, (value, reason) in drafted.derived.items():
        if reason:
            _say(f"{pointer.rpartition('/')[2]} {value}: {reason}")
    if target != "-":
        count = f"{len(drafted.open)} questions are open" if drafted.open else "nothing is open"
        _say(f"{target} is written; {count}")
        _say(f"next: {'answer each TODO, then ' if drafted.open else ''}aigov-gate check {target}")
