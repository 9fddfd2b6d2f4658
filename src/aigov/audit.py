"""The audit of many repositories: each judged by a worker, all kept in the history."""

import json
from collections.abc import Callable, Mapping
from functools import partial
from hashlib import sha256
from time import monotonic
from typing import Any, NamedTuple

from aigov import __version__
from aigov.auditing import Judge, Order, audit_repository, detectors_version, failed, prepare
from aigov.check import texts
from aigov.history.store import History
from aigov.reports.fleet.changes import changes_since
from aigov.results import Changes, FleetAudit
from aigov.sources import Source
from aigov.workers import Done, Job, run

Row = Mapping[str, Any]


class Plan(NamedTuple):
    """How an audit is run."""

    order: Order
    engine: int | str
    """As `workers.run` takes it."""
    mebibytes: int
    resume: bool


class Progress(NamedTuple):
    """One repository that is done."""

    number: int
    """From 1."""
    of: int
    entry: Mapping[str, Any]


def audit(
    found: list[Source],
    plan: Plan,
    history: History,
    tell: Callable[[Progress], None],
    keep: Callable[[Row], None],
) -> FleetAudit:
    """Judge all sources, and keep what was found; `keep` is given each new row.

    Raises:
        UsageError: the history or the cluster cannot be used, or what is resumed was another
            audit.
        AigovError: the policies or the profile do not hold.
    """
    judge, version = prepare(plan.order), detectors_version()
    digests = [judge.rules.digest(), judge.settings.profile and judge.settings.profile.digest()]
    asked = [__version__, version, *digests, *plan.order[:2], plan.order.honour_waivers]
    scope = _digest([asked, found])
    history.begin(scope, plan.order.as_of, resume=plan.resume)
    numbers = {source.name: number for number, source in enumerate(found, 1)}
    todo = [source for source in found if not (plan.resume and history.done(source.name))]
    known = _before(history)
    tasks = (
        {"source": list(source), "known": _known(source, history, known, version)}
        for source in todo
    )
    job = Job(audit_repository, partial(prepare, plan.order), plan.order.seconds, plan.mebibytes)
    with run(job, tasks, plan.engine) as results:
        began = monotonic()
        for done in results:
            row = done.value or _lost(done)
            if row["facts"]:
                history.keep_facts(row["entry"]["tree"], version, row["facts"])
            history.record(
                {name: row[name] for name in ("entry", "about")}, int((monotonic() - began) * 1000)
            )
            keep(row)
            tell(Progress(numbers[row["entry"]["name"]], len(found), row["entry"]))
            began = monotonic()
    heads = [(one["entry"]["name"], one["entry"]["head"]) for one in history.recorded()]
    mark = _digest([scope, heads])
    history.finish(mark, {*judge.rules.policies, *judge.rules.codes})
    return report(history, judge, mark)


def report(history: History, judge: Judge, mark: str) -> FleetAudit:
    """Return what the last audit of a history found."""
    settings, rules = judge.settings, judge.rules
    return FleetAudit(
        __version__, settings.as_of, mark, rules.digest(),
        settings.profile.digest() if settings.profile else None,
        texts({*rules.policies, *rules.codes}, rules),
        lambda: (row["entry"] for row in history.rows()), _changes(history),
    )  # fmt: skip


def _lost(done: Done) -> dict[str, Any]:
    """Return the row of a repository whose worker gave none."""
    assert done.failure
    return failed(Source(*done.task["source"]), f"{done.failure.kind}: {done.failure.message}")


def _before(history: History) -> dict[str, str]:
    """Return the tree that each repository had in the last complete run, by name."""
    if not any(one.state == "complete" for one in history.runs()):
        return {}
    return {row["entry"]["name"]: row["entry"]["tree"] for row in history.rows()}


def _known(
    source: Source, history: History, trees: Mapping[str, str], version: str
) -> dict[str, Any] | None:
    """Return what is known of the tree that a source had the last time."""
    tree = trees.get(source.name)
    facts: dict[str, Any] | None = history.facts(tree, version) if tree else None
    return facts


def _digest(value: object) -> str:
    return sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _changes(history: History) -> Changes | None:
    """Return what changed since the run before, None if there is none."""
    complete = [one for one in history.runs() if one.state == "complete"]
    if len(complete) < 2:
        return None
    return changes_since(complete[-2].as_of, history.changes())
