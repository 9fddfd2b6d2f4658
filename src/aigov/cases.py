"""The cases of a policy: changed examples, and what the policy must make of each."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from aigov.errors import PackError
from aigov.events import Node
from aigov.expressions import CONTEXTS
from aigov.findings import Enforcement, Outcome
from aigov.packs import vet_shape
from aigov.source import Document, removed, replaced, split_pointer

AS_OF = "2026-11-22"
"""The date for which the shipped examples are written; a case's unless it states one."""
ENDING = ".cases.yaml"


class Case(NamedTuple):
    """One case."""

    about: str
    where: str
    """File, line and column."""
    base: str
    """Name of the example that it changes."""
    put: Mapping[str, Any]
    """JSON pointer to the value put there."""
    delete: tuple[str, ...]
    evidence: Mapping[str, bool | int | None]
    """Path to whether it resolves, or to its size in bytes if it does; None: it was not read."""
    facts: Mapping[str, Mapping[str, Any]]
    """By context: the variables that expressions then see."""
    stage: str | None
    as_of: str
    outcome: Outcome
    at: str | None
    enforcement: Enforcement | None
    message: str


def parse_cases(document: Document, where: str, schema: Mapping[str, Any]) -> tuple[Case, ...]:
    """Read a file of cases by `schemas/cases.v1.json`.

    Raises:
        PackError: it has another shape; has its place.
    """
    vet_shape(document, where, schema)
    assert isinstance(document.value, list)  # the schema held
    return tuple(
        _case(row, f"{where}:{document.place(f'/{index}').line}")
        for index, row in enumerate(document.value)
    )


def _case(row: Mapping[str, Any], where: str) -> Case:
    facts: dict[str, dict[str, Any]] = {}
    if "changed" in row:
        facts["history"] = {"change": {"paths": with_parents(row["changed"])}}
    if "git" in row:
        facts.setdefault("history", {})["git"] = row["git"]
    for context in CONTEXTS:
        if context in row:
            facts[context] = {context: row[context]}
    return Case(
        about=row["case"],
        where=where,
        base=row["base"],
        put=row.get("set", {}),
        delete=tuple(row.get("delete", ())),
        evidence=row.get("evidence", {}),
        facts=facts,
        stage=row.get("stage"),
        as_of=row.get("as_of", AS_OF),
        outcome=Outcome(row["outcome"]),
        at=row.get("at"),
        enforcement=Enforcement(row["enforcement"]) if "enforcement" in row else None,
        message=row.get("message", ""),
    )


def with_parents(pointers: list[str]) -> list[str]:
    """Return the pointers with all that hold them, list positions as `*`, sorted."""
    found = set()
    for pointer in pointers:
        parts = ["*" if part.isdecimal() else part for part in pointer.split("/")]
        found |= {"/".join(parts[:end]) for end in range(2, len(parts) + 1)}
    return sorted(found)


def apply(case: Case, base: Document) -> Document:
    """Return the example as the case changes it; what is left keeps its place.

    Raises:
        PackError: a pointer leads nowhere.
    """
    value, node = base.value, base.node
    pointer = ""
    try:
        for pointer, new in case.put.items():
            value = replaced(value, split_pointer(pointer), new)
        for pointer in case.delete:
            value = removed(value, split_pointer(pointer))
            node = _without_node(node, split_pointer(pointer))
    except (KeyError, IndexError, ValueError, TypeError, AttributeError):
        raise PackError(f"{case.base} has nothing at {pointer}", where=case.where) from None
    return base._replace(value=value, node=node)


def _without_node(node: Node, parts: list[str]) -> Node:
    """Return a copy of a tree of places without what stands at `parts`, if it stands there."""
    start, end, children = node
    first, *rest = parts
    if isinstance(children, dict) and first in children:
        inner = children[first]
        left = {key: one for key, one in children.items() if rest or key != first}
        if rest:
            left[first] = (*inner[:2], _without_node(inner[2], rest))
        return (start, end, left)
    if isinstance(children, list) and int(first) < len(children):
        at = int(first)
        kept = [_without_node(children[at], rest)] if rest else []
        return (start, end, [*children[:at], *kept, *children[at + 1 :]])
    return node
