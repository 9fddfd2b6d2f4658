"""Rows of an audit, made of few words."""

from __future__ import annotations

import json
from typing import Any

from aigov.findings import fingerprint
from aigov.history.store import History
from aigov.history.upkeep import export

DAY = "2026-11-22"


def finding(code: str, outcome: str = "fail", use_case: str = "bot", **given: Any) -> dict:
    waiver = "w-1" if outcome == "waived" else None
    mark = fingerprint(code, use_case, given.pop("pointer", "/spec"))
    plain = {"outcome": outcome, "enforcement": "block", "waiver": waiver, "fingerprint": mark}
    return {"code": code, "message": "m", "line": 1, **plain, **given}


def use_case(*results: dict, name: str = "bot", path: str = "aigov.yaml", **given: Any) -> dict:
    stage = {"stage": "pilot", "tier": "low"}
    shared = {"kind": "UseCase", "path": path, "line": 1, "digest": "sha256:1", **stage}
    sides = {"declared": stage, "derived": {**stage, "tier_reasons": ["M2"]}}
    passed = {"code": "GOV-001", "outcome": "pass"}
    return {
        **shared,
        **sides,
        "use_case": name,
        "name": name,
        "results": [passed, *results],
        **given,
    }


def detection(name: str = "openai", path: str = "app.py", **given: Any) -> dict:
    plain = {"kind": "runtime", "ecosystem": "python", "detector": "import", "use_case": None}
    return {"path": path, "line": 3, "name": name, "confidence": "high", **plain, **given}


def row(name: str, *documents: dict, head: str = "1", **given: Any) -> dict:
    about = given.pop("about", None)
    entry = {
        "name": name,
        "source": f"/srv/{name}",
        "head": head,
        "tree": f"tree-{head}",
        "state": "ok",
        "error": None,
        "ai_use": "registered" if documents else "none",
        "documents": list(documents),
        "detections": [],
        "problems": [],
        **given,
    }
    return {"entry": entry, "sarif": None, **({"about": about} if about else {})}


def failed(name: str, error: str = "timeout: it took too long") -> dict:
    return row(name, state="failed", error=error, head=None, tree=None, ai_use=None)


def audit(history: History, *rows: dict, as_of: str = DAY, **given: Any) -> None:
    """Let a run have these rows."""
    history.begin("scope", as_of)
    for one in rows:
        history.record(one)
    history.finish("run", **given)


def exported(history: History) -> list[dict]:
    return [json.loads(line) for line in export(history.database)]


def standing(history: History, kind: str, *fields: str) -> list[tuple]:
    """Return what holds now, as the export tells it."""
    told = [one for one in exported(history) if one.get("kind") == kind and one["to_run"] is None]
    return [tuple(one[name] for name in fields) for one in told]


def spans(history: History, kind: str) -> list[tuple]:
    """Return (name, state, from, to, why) of all intervals of a kind."""
    fields = ("name", "state", "from_run", "to_run", "closed")
    told = [one for one in exported(history) if one.get("kind") == kind]
    return [tuple(one[name] for name in fields) for one in told]


def changes(history: History, ordinal: int | None = None) -> list[tuple]:
    return [
        (one.kind, one.state, one.what, one.why, one.repo, one.name)
        for one in history.changes(ordinal)
    ]
