"""One hand-made audit that holds everything a report on an organisation can be asked to print.

`FLEET` is tame; `hostile_fleet()` is its twin with an attack in every text of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from aigov.reports import Style
from aigov.reports import render as render_check
from aigov.results import Changes, CheckResult, FleetAudit, Tally
from reports.zoo import ATTACK, ZOO, poisoned


def documents(result: CheckResult) -> list[dict[str, Any]]:
    """Return the documents of a check as a row of an audit has them."""
    return json.loads("".join(render_check("json")(result, Style())))["documents"]


RETAIL = documents(ZOO)


def seen(path: str, line: int, kind: str, name: str, use_case: str | None = None) -> dict[str, Any]:
    """Return a detection."""
    made = {"ecosystem": "python", "detector": "python-import", "confidence": "high"}
    return {
        "path": path,
        "line": line,
        "kind": kind,
        "name": name,
        **made,
        "use_case": use_case,
    }


def trouble(code: str, path: str, line: int, message: str) -> dict[str, Any]:
    """Return a problem."""
    return {"code": code, "path": path, "line": line, "column": 1, "message": message}


def entry(name: str, ai_use: str | None, **more: Any) -> dict[str, Any]:
    """Return the entry of a repository."""
    made = {
        "name": name,
        "source": f"/mirrors/{name}.git",
        "head": "ab" * 20,
        "tree": "cd" * 20,
        "state": "ok",
        "error": None,
        "ai_use": ai_use,
        "documents": [],
        "detections": [],
        "problems": [],
        "unread": [],
        "demoted": {},
    }
    return {**made, **more}


def failed(name: str, error: str) -> dict[str, Any]:
    """Return the entry of a repository that could not be judged."""
    return entry(name, None, state="failed", error=error, head=None, tree=None)


ROWS: tuple[dict[str, Any], ...] = (
    entry(
        "northbank/claims-triage",
        "unregistered",
        detections=[
            seen("README.md", 3, "mention", "openai"),
            seen("notebooks/explore.ipynb", 9, "notebook", "transformers"),
            seen("services/triage/src/triage/classify.py", 3, "runtime", "openai"),
            seen("services/triage/src/triage/summarise.py", 12, "runtime", "openai"),
        ],
        problems=[
            trouble(
                "REP-001",
                "services/triage/src/triage/classify.py",
                3,
                "openai is used here, and no manifest says what for; 2 more places",
            )
        ],
        demoted={"comment": 1},
    ),
    entry(
        "northbank/credit",
        "registered",
        documents=RETAIL[3:],
        detections=[seen("app.py", 1, "runtime", "anthropic", "(no metadata.id)")],
        problems=[trouble("SYN-001", "teams/hr/aigov.yaml", 7, 'the key "metadata" stands twice')],
        unread=["models/vocabulary.json"],
    ),
    entry(
        "northbank/doc-search",
        "unregistered",
        detections=[seen("a/long/way/down/to/the/" + "x" * 40 + ".py", 1, "runtime", "cohere")],
        problems=[],
    ),
    entry("northbank/empty-website", "none"),
    failed("northbank/legacy", "timeout: it takes longer than it may"),
    failed("northbank/lost", "not found: the server has no such repository"),
    entry(
        "northbank/mlops-handbook",
        "declared_not_ai",
        detections=[seen("example/app.py", 2, "runtime", "openai")],
        notes=["by the profile no AI until 2027-03-31: Examples for a course."],
    ),
    entry(
        "northbank/quotes-and-everything-that-has-to-do-with-them",
        "declared_not_ai",
        detections=[seen("q.py", 2, "runtime", "openai")],
    ),
    entry(
        "northbank/retail",
        "registered",
        documents=RETAIL[:3],
        detections=[
            seen("bot.py", 2, "runtime", "openai", "retail-support-bot"),
            seen("bot.py", 4, "runtime", "langchain", "retail-support-bot"),
        ],
    ),
    entry("northbank/unplaced", "unregistered"),
)
CHANGES = Changes(
    "2026-11-21",
    newly_unregistered=Tally(1, ("northbank/doc-search",)),
    no_longer_unregistered=Tally(1, ("northbank/retail",)),
    findings_opened=Tally(
        14,
        (
            "northbank/credit VAL-005",
            "northbank/retail retail-support-bot BLD-002",
            "northbank/retail retail-support-bot GOV-001",
        ),
    ),
    findings_fixed=Tally(3, ("northbank/retail retail-support-bot MAN-001",)),
    findings_rule_retired=Tally(1, ("northbank/retail retail-support-bot XYZ-001",)),
    findings_repo_gone=Tally(2),
    waivers_expired=Tally(1, ("northbank/retail waiver-legal-renewal",)),
)
FLEET = FleetAudit(
    tool_version="0.1.0",
    as_of="2026-11-22",
    run="0123456789abcdef" * 4,
    policy_digest=f"sha256:{'5e' * 32}",
    profile_digest=None,
    policies=ZOO.policies,
    rows=lambda: ROWS,
    changes=CHANGES,
    portfolio={"cost_per_use": {"value": 0.25, "n": 3, "unknown": 1}},
    maturity={"overall": {"low": 1, "high": 2}},
)


def of(*rows: Mapping[str, Any], **more: Any) -> FleetAudit:
    """Return an audit of these repositories."""
    return FLEET._replace(rows=lambda: rows, **{"changes": None, **more})


def hostile_fleet(attack: str = ATTACK) -> FleetAudit:
    """Return the zoo with `attack` in every text that can come from outside."""
    return poisoned_fleet(lambda text: f"{attack}{text}{'A' * 10_000}")


def poisoned_fleet(poison: Callable[[str], str]) -> FleetAudit:
    """Return the zoo with `poison` applied to every text that can come from outside."""
    retail = documents(poisoned(poison))
    rows = [_poisoned(row, retail, poison) for row in ROWS]
    named = (
        one._replace(named=tuple(map(poison, one.named))) if isinstance(one, Tally) else one
        for one in CHANGES
    )
    policies = poisoned(poison).policies
    return FLEET._replace(rows=lambda: rows, changes=Changes(*named), policies=policies)


def _poisoned(
    row: dict[str, Any], retail: list[dict[str, Any]], poison: Callable[[str], str]
) -> dict[str, Any]:
    def texts(one: Mapping[str, Any], *names: str) -> dict[str, Any]:
        return {**one, **{name: poison(one[name]) for name in names if one.get(name)}}

    def each(found: Iterable[Mapping[str, Any]], *names: str) -> list[dict[str, Any]]:
        return [texts(one, *names) for one in found]

    start = len(RETAIL) - len(row["documents"]) if row["name"].endswith("credit") else 0
    return {
        **texts(row, "name", "source", "error"),
        "documents": retail[start : start + len(row["documents"])],
        "detections": each(row["detections"], "path", "name", "ecosystem", "detector", "use_case"),
        "problems": each(row["problems"], "path", "message"),
        "unread": list(map(poison, row["unread"])),
        "notes": list(map(poison, row.get("notes", ()))),
    }
