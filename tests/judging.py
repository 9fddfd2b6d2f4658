"""Judge shipped examples, as they are or changed, through the real pipeline."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from aigov.cases import AS_OF, Case, apply
from aigov.check import check
from aigov.evidence import Evidence
from aigov.findings import Outcome, Result
from aigov.loading import load_rules
from aigov.preparing import ReadFile, Surroundings, read
from aigov.repositories import resolve_evidence
from aigov.results import CheckResult, DocumentResult
from aigov.rules import Rules
from aigov.settings import Settings
from aigov.source import Document, load

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
UNCHANGED = Case("", "", "", {}, (), {}, {}, None, AS_OF, Outcome.PASS, None, None, "")


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
    return apply(UNCHANGED._replace(put=put or {}, delete=drop), document)


def judge(
    document: Document,
    settings: Settings | None = None,
    facts: dict[str, dict[str, Any]] | None = None,
    **evidence: bool | None,
) -> DocumentResult:
    """Judge one document; evidence is looked up among the examples, or as given (None: unread)."""
    return judged(document, settings, facts, **evidence).documents[0]


def judged(
    document: Document,
    settings: Settings | None = None,
    facts: dict[str, dict[str, Any]] | None = None,
    **evidence: bool | None,
) -> CheckResult:
    """Judge one document as `judge` does; return everything found."""
    from aigov import preparing

    settings = settings or Settings(as_of=AS_OF)
    prepared = preparing.prepare("aigov.yaml", document, rules(), settings)
    file = ReadFile("aigov.yaml", (prepared,), ())
    found = resolve_evidence(file.evidence, str(EXAMPLES), str(ROOT), None)
    for path, holds in evidence.items():
        found.pop(path, None)
        if holds is not None:
            found[path] = Evidence(holds)
    around = Surroundings(found, facts or {})
    return check([(file, around)], rules(), settings)


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
