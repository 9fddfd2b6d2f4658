"""`aigov explain`: a policy, a field or a word in plain sentences."""

import os
from functools import partial
from typing import Any

import click

from aigov.bundled import folder
from aigov.cases import AS_OF, ENDING, Case, parse_cases
from aigov.cli.options import as_of_option, reading_options, terminal_style, write_out
from aigov.cli.policies_test import shipped_examples
from aigov.explaining import explain as explain_word
from aigov.explaining import known_words
from aigov.explanation import Sources
from aigov.listing import explanation_json, explanation_text
from aigov.loading import load_rules, read_file, schema, shipped_shapes
from aigov.packs import read_document
from aigov.policies import Policy
from aigov.rules import Rules


def _complete(context: click.Context, _parameter: click.Parameter, typed: str) -> list[str]:
    rules, _ = load_rules(context.params.get("folders") or ())
    words = [one for one in known_words(rules, schema("words.yaml")) if one.startswith(typed)]
    deepest = typed.count(".") + 1  # a level of fields at a time: the whole tree has 500
    return [one for one in dict.fromkeys(words) if one.count(".") <= deepest]


@click.command()
@click.argument("word", shell_complete=_complete)
@as_of_option
@reading_options
def explain(word: str, as_of: str, folders: tuple[str, ...], form: str) -> None:
    """Explain WORD: a policy, a field of a manifest, or a word of a report.

    A policy is named by its code or id.  A field is named with or without spec. in
    front, entries of a list as [] or *, or by its last name alone where only one field
    has it.

    \b
    Examples:
      aigov-gate explain GOV-004
      aigov-gate explain spec.oversight.queue
      aigov-gate explain approvals[].gate
      aigov-gate explain authorization
      aigov-gate explain M2 --format json
    """
    rules, _ = load_rules(folders)
    explanation = explain_word(word, sources(rules, today=as_of))
    text = explanation_text(explanation, terminal_style())
    write_out([explanation_json(explanation)] if form == "json" else text)


def sources(rules: Rules, *, today: str = AS_OF) -> Sources:
    """Return what explanations are made from, read from the shipped folders."""
    words, cases = schema("words.yaml"), partial(_cases, rules=rules)
    return Sources(rules, shipped_shapes(), words, shipped_examples(), cases, today)


def _cases(policy: Policy, rules: Rules) -> tuple[Case, ...]:
    """Return the cases beside a policy's file; none if there is no such file."""
    path = policy.where.removesuffix(".yaml") + ENDING
    shipped: Any = rules.packs[0].documents.get(policy.where.removeprefix("policies/"))
    if shipped and shipped.value.get("code") == policy.code:
        path = os.path.join(folder("policies"), path.removeprefix("policies/"))
    if not os.path.isfile(path):
        return ()
    document = read_document(read_file(path, "file of cases"), path)
    return parse_cases(document, path, schema("cases.v1.json"))
