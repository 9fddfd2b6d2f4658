"""`aigov policies test`: prove that policies do what their cases say, and nothing less."""

import os
from collections.abc import Mapping
from typing import Any

import click

from aigov.bundled import folder, read_tree
from aigov.cases import ENDING, Case, parse_cases
from aigov.cli.options import form_option, terminal_style, write_out
from aigov.listing import proofs_json, proofs_text
from aigov.loading import load_rules, policy_files, shipped_shapes
from aigov.packs import RULES, read_document, read_pack
from aigov.proving import prove
from aigov.repositories import resolve_evidence
from aigov.rules import Rules, build_rules
from aigov.scaffold import TO_DO
from aigov.source import Document, load

SHIPPED = "policies"


@click.command("test")
@click.argument("pack", metavar="[DIR]", required=False, type=click.Path())
@form_option
@click.option("-v", "--verbose", is_flag=True, help="Also list items that could be dropped.")
def test(pack: str | None, form: str, *, verbose: bool) -> int:
    """Prove the shipped policies, or those of a pack of your own.

    Every case must have its outcome at its place, and no policy may be weakened
    unnoticed: with its condition replaced by true or false, an operand dropped, a
    comparison negated or moved to its boundary, some case must come out otherwise.

    A pack is judged beside the shipped one; one with its own derivation/ and
    vocabulary/ is judged alone.

    \b
    Examples:
      aigov-gate policies test
      aigov-gate policies test our-policies/ --format json

    \b
    Exit codes: 0 proved, 1 something is not, 2 the pack does not load.
    """
    rules, suites, faults = load_pack(pack)
    examples = shipped_examples()
    proofs = list(prove(rules, suites, examples, resolve_examples))
    text = proofs_text(proofs, faults, terminal_style(verbose=verbose))
    write_out([proofs_json(proofs, faults)] if form == "json" else text)
    return 1 if faults or any(one.faults or one.survivors for one in proofs) else 0


def load_pack(pack: str | None) -> tuple[Rules, dict[str, tuple[Case, ...]], list[str]]:
    """Return the rules, the cases by policy code, and what has no cases or no policy."""
    root = name = pack.rstrip("/") if pack else folder("policies")
    written, shapes = policy_files(root), shipped_shapes()
    if any(path.startswith(RULES) for path in written):
        name = name if pack else SHIPPED
        rules = build_rules([read_pack(name, written)], shapes)
    else:  # a folder with the name of the shipped pack may lie in somebody's own repository
        name = f"./{name}" if name == SHIPPED else name
        rules, _ = load_rules([name])
    own = {p.where: p for p in rules.policies.values() if p.where.startswith(f"{name}/")}
    files = read_tree(root, ENDING)
    shape = shapes.schema("cases.v1.json")
    suites, faults = {}, []
    for where, policy in own.items():
        inside = where.removeprefix(f"{name}/")
        path = inside.removesuffix(".yaml") + ENDING
        data = files.pop(path, None)
        if data is None:
            faults.append(f"{where}: no cases; write them as {os.path.basename(path)} beside it")
            continue
        lines = enumerate(written[inside].decode().splitlines(), 1)
        left = [str(number) for number, line in lines if TO_DO in line.partition("#")[0]]
        faults += [f"{where}: {TO_DO} is left on the lines {', '.join(left)}"] if left else []
        cases_at = f"{name}/{path}"
        suites[policy.code] = parse_cases(read_document(data, cases_at), cases_at, shape)
    faults += [f"{name}/{path}: cases of no policy" for path in files if not path.startswith(RULES)]
    return rules, suites, faults


def shipped_examples() -> dict[str, Document]:
    """Return the shipped examples by name; the organisation's profile is `organization`."""
    found = {}
    for path, data in read_tree(folder("examples"), ".yaml").items():
        name = path.removesuffix(".yaml").removesuffix(".aigov")
        if "/" not in path:
            (found[name],) = load(data).documents
    return found


def resolve_examples(paths: set[str]) -> Mapping[str, Any]:
    """Tell what evidence paths of the shipped examples lead to."""
    root = os.path.realpath(folder("examples"))
    return resolve_evidence(paths, root, os.path.dirname(root), None)
