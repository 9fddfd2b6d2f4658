"""Judge shipped examples, as they are or changed, through the real pipeline."""

from __future__ import annotations

import copy
from functools import cache
from pathlib import Path
from typing import Any

from aigov.check import check
from aigov.cli.options import load_rules
from aigov.evidence import Evidence
from aigov.findings import Result
from aigov.preparing import ReadFile, Surroundings, read
from aigov.repositories import resolve_evidence
from aigov.results import DocumentResult
from aigov.rules import Rules
from aigov.settings import Settings
from aigov.source import Document, load, split_pointer

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
AS_OF = "2026-11-22"
"""The date for which the examples are written."""


@cache
def rules() -> Rules:
    return load_rules()[0]


def example(name: str) -> Document:
    """Return a shipped example, such as `1-low-pilot`."""
    return load((EXAMPLES / f"{name}.aigov.yaml").read_bytes()).documents[0]


def changed(
    document: Document, *, put: dict[str, Any] | None = None, drop: tuple[str, ...] = ()
) -> Document:
    """Return the document with values put in and dropped; what is left keeps its place."""
    value, node = copy.deepcopy(document.value), copy.deepcopy(document.node)
    for pointer, new in (put or {}).items():
        _walk_to(value, pointer, lambda holder, key, new=new: _put(holder, key, new))
    for pointer in drop:
        _walk_to(value, pointer, lambda holder, key: holder.__delitem__(key))
        _drop_node(node, pointer)
    return document._replace(value=value, node=node)


def judge(
    document: Document,
    settings: Settings | None = None,
    facts: dict[str, dict[str, Any]] | None = None,
    **evidence: bool | None,
) -> DocumentResult:
    """Judge one document; evidence is looked up among the examples, or as given (None: unread)."""
    from aigov import preparing

    settings = settings or Settings(as_of=AS_OF)
    prepared = preparing._prepare("aigov.yaml", document, rules(), settings)
    file = ReadFile("aigov.yaml", (prepared,), ())
    found = resolve_evidence(file.evidence, str(EXAMPLES), str(ROOT), None)
    for path, holds in evidence.items():
        found.pop(path, None)
        if holds is not None:
            found[path] = Evidence(holds)
    around = Surroundings(found, facts or {})
    return check([(file, around)], rules(), settings).documents[0]


def judge_text(text: str, settings: Settings | None = None) -> tuple[DocumentResult, ...]:
    """Judge the documents of a text as a manifest beside the examples."""
    settings = settings or Settings(as_of=AS_OF)
    file = read("aigov.yaml", text.encode(), rules(), settings)
    found = resolve_evidence(file.evidence, str(EXAMPLES), str(ROOT), None)
    return check([(file, Surroundings(found))], rules(), settings).documents


def findings(result: DocumentResult) -> dict[str, Result]:
    """Return the findings by code; of several with one code the first."""
    found: dict[str, Result] = {}
    for one in result.results:
        if one.is_finding:
            found.setdefault(one.code, one)
    return found


def _walk_to(value: Any, pointer: str, act: Any) -> None:
    *way, last = split_pointer(pointer)
    for part in way:
        value = value[int(part)] if isinstance(value, list) else value.setdefault(part, {})
    act(value, int(last) if isinstance(value, list) else last)


def _put(holder: Any, key: Any, new: Any) -> None:
    if isinstance(holder, list) and key == len(holder):
        holder.append(new)
    else:
        holder[key] = new


def _drop_node(node: Any, pointer: str) -> None:
    *way, last = split_pointer(pointer)
    for part in way:
        children = node[2]
        node = children[int(part)] if isinstance(children, list) else children[part][2]
    children = node[2]
    del children[int(last) if isinstance(children, list) else last]
