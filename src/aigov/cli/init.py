"""`aigov init`: a first manifest from what the repository shows and a person answers."""

import os
import sys
import textwrap
from collections.abc import Mapping
from typing import Any

import click

from aigov.bundled import folder
from aigov.cli.options import iso_date, load_rules, write_out
from aigov.drafting import Draft, Known, draft, faults, known, sound
from aigov.errors import UsageError
from aigov.questions import Question, parse_questions, read_answer
from aigov.reports.escape import escape
from aigov.repositories import repository_root
from aigov.rules import Rules, read_document
from aigov.source import load
from aigov.surveying import survey

_COLUMNS = 78
_MANY = 12
"""From so many choices on, only their keys are listed."""


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
    "answers_file",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False),
    help="Take the answers from a YAML file (question: answer) and ask nothing.",
)
@click.option(
    "--as-of",
    metavar="YYYY-MM-DD",
    callback=iso_date,
    help="Write as on this date (default: today, UTC).",
)
def init(repo: str, output: str | None, answers_file: str | None, as_of: str) -> None:
    """Write a manifest for REPO (default: this folder).

    What the repository says (package files, CODEOWNERS, catalog-info.yaml, OpenSLO and
    Sloth files, README, history) is filled in with its source.  On a terminal at most
    20 questions follow; Enter leaves one open.  What is open stays a TODO, which does
    not pass.  Nothing is overwritten, and nothing is written if you stop with Ctrl-C.

    \b
    Examples:
      aigov-gate init
      aigov-gate init services/chat --output -
      aigov-gate init --answers answers.yaml
      echo 'who: colleagues, 34' > answers.yaml      (a name per question; see below)

    \b
    Names of the questions: problem use domains who pilot success stop owner
    technology risk where affected decision data built acts model hosting excluded
    shows
    """
    target = output or os.path.join(repo, "aigov.yaml")
    if target != "-" and os.path.lexists(target):
        raise UsageError(
            "there is a manifest already", where=target, remedy="edit it, or give --output FILE"
        )
    rules, _ = load_rules()
    questions = parse_questions(_shipped("questions.yaml"), rules.fields)
    found = sound(_survey(repo), rules)
    if answers_file is not None:
        answers = _from_file(answers_file, questions, found, rules, as_of)
    elif sys.stdin.isatty() and sys.stderr.isatty():
        answers = _ask(questions, found, rules, as_of)
    else:
        answers = {}
    drafted = draft(found, answers, questions, rules, as_of)
    _write(target, drafted.text)
    _tell(target, drafted)


def _shipped(name: str) -> Any:
    path = os.path.join(folder("init"), name)
    with open(path, "rb") as file:
        return read_document(file.read(), path).value


def _survey(repo: str) -> Known:
    root = os.path.realpath(repo)
    authors: list[str] = []
    if repository_root(root):
        from aigov.git import frequent_authors  # loads git, and only here

        authors = frequent_authors(root)
    return known(survey(root, _shipped("packages.yaml")), os.path.basename(root), authors)


def _from_file(
    path: str, questions: tuple[Question, ...], found: Known, rules: Rules, today: str
) -> dict[str, Any]:
    """Read answers by the names of their questions."""
    with open(path, "rb") as file:
        documents, troubles = load(file.read())
    given = documents[0].value if len(documents) == 1 and not troubles else None
    if not isinstance(given, dict):
        raise UsageError("the answers are not one mapping of question to answer", where=path)
    names = [question.id for question in questions]
    for name in given:
        if name not in names:
            remedy = f"the questions are {', '.join(names)}"
            raise UsageError(f"no question is called {name}", where=path, remedy=remedy)
    answers: dict[str, Any] = {}
    for question in questions:
        if question.id in given and question.is_asked(answers):
            one = given[question.id]
            text = ", ".join(map(str, one)) if isinstance(one, list) else str(one)
            values, fault = _understood(question, text, answers, found, rules, today)
            if fault:
                remedy = f"for example: {question.example}"
                raise UsageError(f"{question.id}: {fault}", where=path, remedy=remedy)
            answers |= values
    return answers


def _understood(
    question: Question,
    text: str,
    answers: Mapping[str, Any],
    found: Known,
    rules: Rules,
    today: str,
) -> tuple[dict[str, Any], str]:
    """Return the values of an answer, or what is wrong with it."""
    try:
        values = read_answer(question, text, found.values, today)
    except ValueError as error:
        return {}, str(error)
    wrong = faults(values, {**found.values, **answers}, rules)
    return values, "; ".join(wrong)


def _ask(
    questions: tuple[Question, ...], found: Known, rules: Rules, today: str
) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    name = escape(str(found.values["/metadata/name"]))
    _say(f"A manifest for {name}. Enter leaves a question open, Ctrl-C writes nothing.")
    for number, question in enumerate(questions, 1):
        if not question.is_asked(answers):
            continue
        _show(question, f"{number}/{len(questions)}", found)
        while text := click.prompt("  >", "", show_default=False, prompt_suffix=" ", err=True):
            values, fault = _understood(question, text, answers, found, rules, today)
            if not fault:
                answers |= values
                break
            _say(f"  {escape(fault)}; for example: {question.example}")
    return answers


def _show(question: Question, number: str, found: Known) -> None:
    click.echo(err=True)
    _say(f"{number}  {question.ask}", hang=len(number) + 2, bold=True)
    keys = question.choices
    if len(keys) > _MANY:
        _say("  " + ", ".join(f"{n} {key}" for n, key in enumerate(keys, 1)), hang=2)
    else:
        width = max(map(len, keys), default=0)
        for n, (key, choice) in enumerate(keys.items(), 1):
            words = "" if choice.say == key else choice.say
            _say(f"  {n:>2} {key:<{width}}  {words}".rstrip(), hang=7 + width)
    if question.id in found.seen:
        _say(f"  seen: {escape(found.seen[question.id])}", hang=8)
    team = found.values.get("/spec/ownership/accountable/team")
    if question.id == "owner" and team:
        _say(f"  without a team: {team}")
    _say(f"  for example: {question.example}", hang=4)


def _say(text: str, *, hang: int = 0, bold: bool = False) -> None:
    lines = textwrap.wrap(
        text, _COLUMNS, subsequent_indent=" " * hang, break_on_hyphens=False, drop_whitespace=True
    )
    plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    for line in lines:
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
    """Say what was written, what was derived and why, and what to do next."""
    click.echo(err=True)
    for pointer, (value, reason) in drafted.derived.items():
        if reason:
            _say(f"{pointer.rpartition('/')[2]} {value}: {reason}", hang=2)
    open_ = len(drafted.open)
    left = f"{open_} question{'s' * (open_ != 1)} open: answer each TODO in it" if open_ else ""
    _say(f"{escape(target)} is written{'; ' + left if left else ''}")
    if target != "-":
        _say(f"next: aigov-gate check {escape(target)}")
