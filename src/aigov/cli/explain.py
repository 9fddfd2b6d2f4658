"""`aigov explain`: a policy, a field or a word in plain sentences."""

import os
from collections.abc import Sequence
from typing import Any

import click

from aigov.bundled import folder, read_tree
from aigov.cli.options import load_rules, reading_options, shipped_shapes, terminal_style, write_out
from aigov.explaining import explain as explain_word
from aigov.explaining import known_words
from aigov.explanation import Sources
from aigov.listing import explanation_json, explanation_text
from aigov.packs import read_document
from aigov.policies import Policy
from aigov.rules import Rules


def _complete(context: click.Context, _parameter: click.Parameter, typed: str) -> list[str]:
    rules, _ = load_rules(context.params.get("folders") or ())
    words = [one for one in known_words(rules, _words()) if one.startswith(typed)]
    deepest = typed.count(".") + 1  # a level of fields at a time: the whole tree has 500
    return [one for one in dict.fromkeys(words) if one.count(".") <= deepest]


@click.command()
@click.argument("word", shell_complete=_complete)
@reading_options
def explain(word: str, folders: tuple[str, ...], form: str) -> None:
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
    explanation = explain_word(word, sources(rules))
    if form == "json":
        write_out([explanation_json(explanation)])
    else:
        write_out(explanation_text(explanation, terminal_style(quiet=False, verbose=False)))


def sources(rules: Rules) -> Sources:
    """Return what explanations are made from, read from the shipped folders."""
    shapes = shipped_shapes()
    examples = {
        path.removesuffix(".aigov.yaml"): read_document(data, path).value
        for path, data in read_tree(folder("examples"), ".aigov.yaml").items()
    }
    organization = read_tree(folder("examples"), "organization.yaml")["organization.yaml"]
    return Sources(
        rules,
        shapes.manifest,
        _words(),
        shapes.synonyms(),
        examples,
        read_document(organization, "organization.yaml").value,
        lambda policy: _cases(policy, rules),
    )


def _words() -> Sequence[Any]:
    path = os.path.join(folder("schemas"), "words.yaml")
    with open(path, "rb") as file:
        words = read_document(file.read(), path).value
    assert isinstance(words, list)  # shipped, and held by the tests
    return words


def _cases(policy: Policy, rules: Rules) -> Sequence[Any]:
    """Return the cases beside a policy's file; none if there is no such file."""
    path = f"{policy.where.removesuffix('.yaml')}.cases.yaml"
    inside = policy.where.removeprefix("policies/")
    shipped = rules.packs[0].documents.get(inside)
    if shipped and isinstance(shipped.value, dict) and shipped.value.get("code") == policy.code:
        path = os.path.join(folder("policies"), path.removeprefix("policies/"))
    if not os.path.isfile(path):
        return ()
    with open(path, "rb") as file:
        cases = read_document(file.read(), path).value
    needed = {"case", "base", "outcome"}
    listed = cases if isinstance(cases, list) else []
    return [one for one in listed if isinstance(one, dict) and needed <= one.keys()]
