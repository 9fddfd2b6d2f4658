"""One repository of an audit, read at its head and judged: what a worker does.

Whatever is wrong with a repository becomes a row; it ends nothing but its own judgement.
"""

import os
from collections.abc import Mapping
from contextlib import closing
from hashlib import sha256
from typing import Any, NamedTuple

from aigov import __version__
from aigov.bundled import folder, read_tree
from aigov.errors import AigovError
from aigov.gate import DEMANDED, NO_PROFILE, Commit, judge_commit, look, read_commit
from aigov.git import Repository
from aigov.identities import Trail
from aigov.lineage import Base, Histories
from aigov.loading import load_rules
from aigov.mirrors import Limits, mirror
from aigov.objects import open_objects
from aigov.preparing import Prepared, mapping
from aigov.reports import Style, render
from aigov.reports.json import document_entry
from aigov.repositories import is_url
from aigov.results import CheckResult, Detection
from aigov.rules import Rules
from aigov.settings import Settings
from aigov.sightings import Sightings
from aigov.snapshots import Snapshot, snapshot
from aigov.sources import Source

PATIENCE = 0.8
"""Of the time for a repository what its mirror may take: to say what it waited for."""
MAX_UNREAD = 100
"""Files too large to be read that a row names."""


class Order(NamedTuple):
    """What all repositories of a run are judged by; plain values, sent to every worker."""

    as_of: str
    stage: str | None
    policies: tuple[str, ...]
    """Paths or pinned URLs of packs."""
    profile: str | None
    honour_waivers: bool
    sarif: bool
    """Also return the SARIF report of each repository."""
    mirrors: str
    """The folder of the mirrors of remote repositories."""
    seconds: float
    """Time for one repository."""


class Judge(NamedTuple):
    """What a worker keeps between two repositories."""

    order: Order
    rules: Rules
    settings: Settings


def prepare(order: Order) -> Judge:
    """Build what an order says.

    Raises:
        AigovError: it does not hold.
    """
    rules, profile = load_rules(order.policies, order.profile)
    settings = Settings(
        order.as_of,
        order.stage,
        profile,
        honour_waivers=order.honour_waivers,
        demanded=DEMANDED,
        digests=True,
    )
    return Judge(order, rules, settings)


def detectors_version() -> str:
    """Return what changes whenever the same files could show something else."""
    whole = sha256(__version__.encode())
    for kind in ("detectors", os.path.join("policies", "vocabulary")):
        for path, data in sorted(read_tree(folder(kind), ".yaml").items()):
            whole.update(f"{path}\0{sha256(data).hexdigest()}\n".encode())
    return whole.hexdigest()


def audit_repository(judge: Judge, task: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row of one repository.

    Args:
        judge: as `prepare` built it.
        task: `source` as a list, and `known`: None, or the `facts` of an earlier row.

    Returns:
        `entry` (`repositories` in `schemas/audit.v1.json`), `about` (of each of its documents what
        the history keeps), `facts` (a tree and all that was found in it, None where they were
        known) and `sarif` (text, or None).

    Raises:
        UsageError: the folder of the mirrors cannot be used.
    """
    source = Source(*task["source"])
    where, wanted = source.where, source.commit or "HEAD"
    if source.trouble:
        return failed(source, source.trouble)
    if is_url(where):
        copy = mirror(source, judge.order.mirrors, Limits(judge.order.seconds * PATIENCE))
        if copy.failure:
            return failed(source, copy.failure)
        where, wanted = copy.path, source.commit or copy.head
    try:
        with closing(open_objects(where)) as objects:
            commit = objects.commit(wanted)
            if commit is None:
                return failed(source, f"{'not found' if source.commit else 'empty'}: no commit")
            found, tree = snapshot(objects, commit), objects.tree(commit)
            known = task["known"]
            fresh = known is None or known["tree"] != tree
            facts = _facts(judge, found, tree) if fresh else known
            found.unread.update(facts["unread"])
            head, name = _head(judge, where, found), source.where.removesuffix(".git")
            result = judge_commit(head, repository=name, seen=_sightings(facts))
    except AigovError as error:
        return failed(source, f"corrupt: {error.problem}")
    entry = {
        **_blank(source), "head": commit, "tree": tree, "state": "ok",
        "ai_use": result.ai_use if result else "none",
        "documents": [document_entry(one) for one in result.documents] if result else [],
        "detections": [one._asdict() for one in result.detections] if result
                      else [one._asdict() for one in _sightings(facts).detections],
        "problems": [one._asdict() for one in result.problems] if result else [],
        "unread": sorted(found.unread)[:MAX_UNREAD],
        "demoted": facts["demoted"],
        "notes": [one for one in result.notes if one != NO_PROFILE] if result else [],
    }  # fmt: skip
    sarif = "".join(render("sarif")(result, Style())) if result and judge.order.sarif else None
    about = _about(head, result) if result else []
    return {"entry": entry, "about": about, "facts": facts if fresh else None, "sarif": sarif}


def failed(source: Source, error: str) -> dict[str, Any]:
    """Return the row of a repository that could not be judged; `error` is `class: words`."""
    return {"entry": {**_blank(source), "error": error}, "about": [], "facts": None, "sarif": None}


def _blank(source: Source) -> dict[str, Any]:
    return {
        "name": source.name, "source": source.where, "head": None, "tree": None,
        "state": "failed", "error": None, "ai_use": "none",
        "documents": [], "detections": [], "problems": [], "unread": [], "demoted": {},
        "notes": [],
    }  # fmt: skip


def _head(judge: Judge, where: str, found: Snapshot) -> Commit:
    """Return the head of a repository; its base is itself, so that nothing is a change."""
    base = Base(found.commit, found.commit)
    if any(True for _ in found.manifests()):
        return read_commit(Repository(where), found, base, judge.rules, judge.settings)
    return Commit(found, base, Histories(), (), (), Trail(), judge.rules, judge.settings)


def _about(head: Commit, result: CheckResult) -> list[dict[str, Any]]:
    """Return of each document what the history keeps beside its results."""
    known = {(file.path, one.document.line): one for file in head.before for one in file.documents}
    return [_told(known[one.path, one.line]) for one in result.documents]


def _told(one: Prepared) -> dict[str, Any]:
    spec = mapping(one.value, "spec")
    if one.kind == "Waiver":
        told = {name: spec.get(name) for name in ("policy", "approved_by", "expires_on")}
        return {"id": one.id, **told}
    owner = mapping(mapping(spec, "ownership"), "accountable")
    return {"owner": owner.get("person"), "team": owner.get("team")}


def _facts(judge: Judge, found: Snapshot, tree: str) -> dict[str, Any]:
    seen = look(found, judge.rules)
    return {"tree": tree, "unread": sorted(found.unread), **seen._asdict()}


def _sightings(facts: Mapping[str, Any]) -> Sightings:
    return Sightings(
        tuple(Detection(*one) for one in facts["detections"]),
        tuple(facts["components"]),
        tuple(facts["code"]),
        facts["demoted"],
    )
