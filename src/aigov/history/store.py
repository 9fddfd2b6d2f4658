"""The history of an organisation's audits, as audits write it and reports read it.

A run's rows are written as they come, a few in a transaction.  What they mean for the intervals
is worked out when the run finishes, in one transaction: a run that is interrupted has changed
nothing but its own rows, and one that is resumed ends as if it never had been.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple, Self

from sqlalchemy import delete, func, select, update

from aigov.attestation import DECISION
from aigov.errors import UsageError
from aigov.history.databases import FEW, Database
from aigov.history.intervals import replace, settle, transitions
from aigov.history.observations import observe, plain, short
from aigov.history.tables import FACTS, FIRST_PASS, ITEM, RUN

KEPT_RUNS = 3
"""Runs whose rows are kept; intervals are kept of all."""

Row = Mapping[str, Any]


class Run(NamedTuple):
    """A run of the audit."""

    ordinal: int
    """1 for the first; runs have no gaps, and only the last may be unfinished."""
    scope: str
    """What a run must share with one that it resumes."""
    as_of: str
    state: str = "running"
    """`running` or `complete`."""
    run: str | None = None
    """sha256 of sources, heads, digests and date, as the report has it; None if unfinished."""
    items: int | None = None
    """How many rows it had."""
    meta: Any = None


class Metric(NamedTuple):
    """A number that a run found, and over how many, with how many of them unknown."""

    scope: str
    name: str
    value: float | None
    n: int
    unknown: int


class Change(NamedTuple):
    """A state that something entered or left with a run."""

    kind: str
    """`repository`, `use_case`, `finding`, `waiver` or `detection`."""
    state: str
    """Of these the use of AI, the judged stage, `open` or `waived`, what became of it (`expired`),
    and the kind of detection."""
    what: str
    """`new`: it was not known before; `entered`: it was, in another state or long ago; `left`."""
    why: str | None
    """Why it left: `fixed`, `rule_retired`, `waived`, `unwaived` (of findings), `removed`,
    `changed` (of all others), or `repo_gone`."""
    repo: str
    use_case: str | None
    name: str | None
    """The name of a use case or what was detected, the code of a finding, the id of a waiver."""
    about: Any
    """What else was kept, as `path`."""


class History:
    """An open history, to be used in a `with` statement."""

    def __init__(self, url: str = "", *, write: bool = False, upgrade: bool = False) -> None:
        """Open it, by the rules of `Database`."""
        self.database = Database(url, write=write, upgrade=upgrade)
        self._ordinal = 0
        self._rows: dict[str, Row] = {}
        self._facts: dict[str, Row] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.flush()
        finally:
            self.database.close()

    def runs(self) -> list[Run]:
        """Return all runs, the first one first."""
        wanted = select(*(RUN.c[name] for name in Run._fields)).order_by(RUN.c.ordinal)
        with self.database.begin() as connection:
            found: list[Run] = [Run(*row) for row in connection.execute(wanted)]
            return found

    def unfinished(self) -> Run | None:
        """Return the run that was interrupted, if one was."""
        return next((one for one in self.runs() if one.state != "complete"), None)

    def begin(self, scope: str, as_of: str, meta: Any = None, *, resume: bool = False) -> Run:
        """Begin a run; an unfinished one is resumed, or else forgotten.

        Args:
            scope: a digest of what is judged by what: sources, policies, profile, date.
            as_of: YYYY-MM-DD.
            meta: a JSON value to keep with it, the same whenever the scope is.

        Raises:
            UsageError: the unfinished run has another scope.
        """
        self.flush()
        last = next(reversed(self.runs()), Run(0, "", "", "complete"))
        run = last
        if last.state == "complete" or not resume:
            run = Run(last.ordinal + (last.state == "complete"), scope, as_of, meta=meta)
            with self.database.begin() as connection:
                connection.execute(delete(ITEM).where(ITEM.c.ordinal == run.ordinal))
                replace(connection, "run", [{**run._asdict(), "started": _now()}])
        elif last.scope != scope:
            problem = f"the unfinished audit of {last.as_of} judged something else"
            remedy = "the same sources, policies and date; or leave out --resume"
            raise UsageError(problem, where=self.database.where, remedy=remedy)
        self._ordinal = run.ordinal
        return run

    def done(self, name: str) -> bool:
        """Return whether the run has a row of that repository."""
        name = short(name)
        found = select(ITEM.c.name).where(ITEM.c.ordinal == self._ordinal, ITEM.c.name == name)
        with self.database.begin() as connection:
            return name in self._rows or connection.scalar(found) is not None

    def record(self, row: Row, ms: int | None = None) -> None:
        """Keep the row of a repository, in place of one with that name.

        Args:
            row: `entry` as in the report, and what else reports need; see also `observe`.
            ms: how long it took.
        """
        assert self._ordinal  # `begin` comes first
        entry = row["entry"]
        name, ok = short(entry["name"]), entry["state"] == "ok"
        self._rows[name] = {
            "ordinal": self._ordinal,
            "name": name,
            "state": entry["state"],
            "error": entry["error"] and plain(entry["error"]).partition(":")[0],
            "tree": entry["tree"],
            "digest": observe(row)["repository", ""]["digest"] if ok else None,
            "ms": ms,
            "row": row,
        }
        if len(self._rows) >= FEW:
            self.flush()

    def facts(self, tree: str, version: str) -> Any:
        """Return what this version of the detectors found in a tree; None if it is not known."""
        wanted = select(FACTS.c.facts).where(FACTS.c.tree == tree, FACTS.c.version == version)
        with self.database.begin() as connection:
            return connection.scalar(wanted)

    def known(self, name: str, version: str) -> Any:
        """Return the facts of the tree that a repository had in the last complete run."""
        last = select(func.max(RUN.c.ordinal)).where(RUN.c.state == "complete").scalar_subquery()
        tree = select(ITEM.c.tree).where(ITEM.c.ordinal == last, ITEM.c.name == short(name))
        with self.database.begin() as connection:
            found = connection.scalar(tree)
        return found and self.facts(found, version)

    def keep_facts(self, tree: str, version: str, facts: Any) -> None:
        """Keep what the detectors found in a tree, in place of what another version found."""
        self._facts[tree] = {"tree": tree, "version": version, "facts": facts}

    def flush(self) -> None:
        """Write what was recorded; `record` does so now and then."""
        if self._rows or self._facts:
            with self.database.begin() as connection:
                replace(connection, "item", self._rows.values())
                replace(connection, "facts", self._facts.values())
            self._rows, self._facts = {}, {}

    def finish(
        self, run: str, codes: Collection[str] | None = None, metrics: Iterable[Metric] = ()
    ) -> None:
        """Work out what the rows change, and mark the run as complete.

        A repository without a row is gone: call it only where all sources were listed.  One
        that failed keeps what was known of it, since unknown is not fixed.

        Args:
            run: its sha256, as the report has it.
            codes: of all findings that can be; one with another code has lost its rule.
        """
        self.flush()
        n = self._ordinal
        assert n  # `begin` comes first
        with self.database.begin() as connection:
            settle(connection, n, codes)
            replace(connection, "metric", ({"ordinal": n, **one._asdict()} for one in metrics))
            connection.execute(delete(ITEM).where(ITEM.c.ordinal <= n - KEPT_RUNS))
            items = select(func.count()).where(ITEM.c.ordinal == n).scalar_subquery()
            complete = {"state": "complete", "run": run, "items": items, "finished": _now()}
            connection.execute(update(RUN).where(RUN.c.ordinal == n).values(complete))
        self._ordinal = 0

    def complete(self, ordinal: int | None = None) -> Run:
        """Return a complete run, the last one by default.

        Raises:
            UsageError: there is none.
        """
        for one in self.runs()[::-1]:
            if one.state == "complete" and (ordinal is None or one.ordinal == ordinal):
                return one
        problem = "no such audit is complete"
        raise UsageError(problem, where=self.database.where, remedy="aigov-gate audit SOURCE")

    def rows(self, ordinal: int | None = None) -> Iterator[Any]:
        """Yield the rows of a complete run (the last one by default), sorted by name.

        Raises:
            UsageError: there is no such run, or its rows are no longer kept.
        """
        run, found = self.complete(ordinal), 0
        for row in self._rows_of(run.ordinal):
            found += 1
            yield row
        if found != run.items:
            problem = f"the rows of run {run.ordinal} are no longer kept"
            raise UsageError(problem, where=self.database.where)

    def recorded(self) -> Iterator[Any]:
        """Yield the rows of the run that is under way, sorted by name."""
        self.flush()
        return self._rows_of(self._ordinal)

    def _rows_of(self, ordinal: int) -> Iterator[Any]:
        wanted = select(ITEM.c.row).where(ITEM.c.ordinal == ordinal).order_by(ITEM.c.name)
        with self.database.stream(wanted) as rows:
            for (row,) in rows:
                yield row

    def changes(self, ordinal: int | None = None) -> Iterator[Change]:
        """Yield what entered or left a state with a complete run, by kind and repository."""
        n = self.complete(ordinal).ordinal
        with self.database.stream(transitions(n)) as intervals:
            for one in intervals:
                what, why = "left", one.closed
                if one.from_run == n:
                    what, why = "entered" if one.before else "new", None
                named = (one.repo, one.use_case, one.name, one.about)
                yield Change(one.kind, one.state, what, why, *named)

    def keep_passes(self, statement: Mapping[str, Any]) -> None:
        """Keep of an attested decision when it first let its use cases go live.

        Only a permit for production counts that was judged as of its own day, by the usual
        `--fail-on`.  Who may sign it is for the caller to check.
        """
        predicate = statement["predicate"]
        record, given = predicate[DECISION], predicate[DECISION]["given"]
        moment = predicate.get("timeVerified") or predicate["timeCreated"]
        usual = (True, "production", moment[:10], "block")
        if (record["allow"], record["stage"], given["as_of"], given["fail_on"]) != usual:
            return
        subject = plain(statement["subject"][0]["name"])
        for name in (plain(one["id"]) for one in record["use_cases"]):
            before = self.first_pass(name)
            if before is None or (moment, subject) < before:
                with self.database.begin() as connection:
                    first = {"use_case": name, "moment": moment, "subject": subject}
                    replace(connection, "first_pass", [first])

    def first_pass(self, use_case: str) -> tuple[str, str] | None:
        """Return when a use case was first let go live (RFC 3339, UTC), and as part of what."""
        wanted = select(FIRST_PASS.c.moment, FIRST_PASS.c.subject)
        with self.database.begin() as connection:
            mine = wanted.where(FIRST_PASS.c.use_case == plain(use_case))
            found = connection.execute(mine).one_or_none()
            return found and (found.moment, found.subject)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
