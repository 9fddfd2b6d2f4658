"""The history of an organisation's audits, as audits write it and reports read it.

A run's rows are written as they come, a few in a transaction.  What they mean for the intervals
is worked out when the run finishes, in one transaction: a run that is interrupted has changed
nothing but its own rows, and one that is resumed ends as if it never had been.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, Table, bindparam, delete, exists, func, insert
from sqlalchemy import and_, not_, or_, select, update

from aigov.attestation import DECISION
from aigov.errors import UsageError
from aigov.history.databases import Database, connect
from aigov.history.observations import digest, observe, plain, short
from aigov.history.tables import (
    CLOCK,
    FACTS,
    FINDING,
    FIRST_PASS,
    INTERVALS,
    ITEM,
    METADATA,
    METRIC,
    REPOSITORY,
    RUN,
    WAIVER,
)
from aigov.reports.encoding import dump

BATCH = 16
"""Rows in a transaction, and repositories whose intervals are in memory together."""
KEPT_RUNS = 3
"""Runs whose rows are kept; the intervals of all runs are."""

Row = Mapping[str, Any]


class Run(NamedTuple):
    """A run of the audit."""

    ordinal: int
    """1 for the first; runs have no gaps, and only the last may be unfinished."""
    run: str | None
    """sha256 of sources, heads, digests and date, as the report has it; None if unfinished."""
    scope: str
    """What a run must share with one that it resumes."""
    as_of: str
    state: str
    """`running` or `complete`."""
    items: int | None
    """Rows that it had."""
    meta: Any


class Metric(NamedTuple):
    """A number that a run found."""

    scope: str
    """`organisation`, or a domain or tier, as the caller says."""
    name: str
    value: float | None
    n: int
    unknown: int


class Change(NamedTuple):
    """Something that a run found changed since the complete run before it."""

    what: str
    """`new`, `reopened` or `closed` of a finding, `unregistered` or `registered` of a
    repository, `expired` of a waiver."""
    repo: str
    use_case: str | None
    path: str | None
    name: str | None
    """The code of a finding, the id of a waiver."""
    why: str | None
    """Why a finding closed: `fixed`, `rule_retired`, `repo_gone` or `waived`."""


class History:
    """An open history; use it in a `with` statement."""

    def __init__(self, url: str = "", *, write: bool = False, upgrade: bool = False) -> None:
        """Open it, as `databases.connect` says."""
        self.database: Database = connect(url, write=write, upgrade=upgrade)
        self._run: Run | None = None
        self._rows: dict[str, Row] = {}
        self._facts: dict[str, Row] = {}

    def __enter__(self) -> "History":
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.flush()
        finally:
            self.database.close()

    # a run

    def unfinished(self) -> Run | None:
        """Return the run that was interrupted, if one was."""
        return next((one for one in self.runs() if one.state != "complete"), None)

    def runs(self) -> list[Run]:
        """Return all runs, the first one first."""
        columns = [RUN.c[name] for name in Run._fields]
        with self.database.begin() as connection:
            return [Run(*row) for row in connection.execute(select(*columns).order_by("ordinal"))]

    def begin(self, scope: str, as_of: str, meta: Any = None, *, resume: bool = False) -> Run:
        """Begin a run; an unfinished one is resumed, or else forgotten.

        Args:
            scope: a digest of what is judged by what: sources, policies, profile, date.
            as_of: YYYY-MM-DD.
            meta: a JSON value to keep with it, the same whenever the scope is.

        Raises:
            UsageError: the unfinished run has another scope.
        """
        open_run = self.unfinished()
        if open_run and resume:
            if open_run.scope != scope:
                problem = f"the unfinished audit of {open_run.as_of} judged something else"
                remedy = "the same sources, policies and date; or leave out --resume"
                raise UsageError(problem, where=self.database.where, remedy=remedy)
            self._run = open_run
            return open_run
        with self.database.begin() as connection:
            if open_run:
                for table in (ITEM, RUN):
                    connection.execute(delete(table).where(table.c.ordinal == open_run.ordinal))
            last = connection.scalar(select(func.max(RUN.c.ordinal))) or 0
            self._run = Run(last + 1, None, scope, as_of, "running", None, meta)
            connection.execute(insert(RUN), {**self._run._asdict(), "started": _now()})
        return self._run

    def done(self, name: str) -> bool:
        """Return whether the run has a row of that repository."""
        name = short(name)
        found = select(ITEM.c.name).where(ITEM.c.ordinal == self._current, ITEM.c.name == name)
        with self.database.begin() as connection:
            return name in self._rows or connection.scalar(found) is not None

    def record(self, row: Row, ms: int | None = None) -> None:
        """Keep the row of a repository, in place of one with that name.

        Args:
            row: `entry` as in the report, and what else reports need; see also `observe`.
            ms: how long it took.
        """
        entry = row["entry"]
        readable = entry["state"] == "ok"
        observed = observe(row)["repository"][""]["observed"] if readable else None
        self._rows[short(entry["name"])] = {
            "ordinal": self._current,
            "name": short(entry["name"]),
            "state": entry["state"],
            "error": entry["error"] and plain(entry["error"]).partition(":")[0],
            "observed": observed,
            "ms": ms,
            "row": row,
        }
        if len(self._rows) + len(self._facts) >= BATCH:
            self.flush()

    def facts(self, tree: str, version: str) -> Any:
        """Return what this version of the detectors found in a tree; None if it is not known."""
        wanted = select(FACTS.c.facts).where(FACTS.c.tree == tree, FACTS.c.version == version)
        with self.database.begin() as connection:
            return connection.scalar(wanted)

    def keep_facts(self, tree: str, version: str, facts: Any) -> None:
        """Keep what the detectors found in a tree, in place of what another version found."""
        self._facts[tree] = {"tree": tree, "version": version, "facts": facts}

    def flush(self) -> None:
        """Write what was recorded; `record` does so now and then."""
        if self._rows or self._facts:
            with self.database.begin() as connection:
                _replace(connection, ITEM, self._rows.values())
                _replace(connection, FACTS, self._facts.values())
            self._rows, self._facts = {}, {}

    def finish(
        self, run: str, codes: Collection[str] | None = None, metrics: Iterable[Metric] = ()
    ) -> None:
        """Work out what the rows change, and mark the run as complete.

        A repository without a row is gone.  One that failed keeps what was known of it:
        unknown is not fixed.

        Args:
            run: its sha256, as the report has it.
            codes: of all findings that can be; one with another code has lost its rule.
        """
        self.flush()
        n = self._current
        with self.database.begin() as connection:
            for changed in self._changed(connection, n):
                _settle(connection, n, changed, codes)
            here = exists().where(ITEM.c.ordinal == n)
            for table in INTERVALS.values():
                gone = not_(here.where(ITEM.c.name == table.c.repo))
                ending = update(table).where(table.c.to_run.is_(None), gone)
                connection.execute(ending.values(to_run=n, closed="repo_gone"))
            numbers = [{"ordinal": n, **one._asdict()} for one in metrics]
            _replace(connection, METRIC, numbers)
            connection.execute(delete(ITEM).where(ITEM.c.ordinal <= n - KEPT_RUNS))
            items = select(func.count()).where(ITEM.c.ordinal == n).scalar_subquery()
            complete = {"state": "complete", "run": run, "items": items, "finished": _now()}
            connection.execute(update(RUN).where(RUN.c.ordinal == n).values(complete))
        self._run = None

    @property
    def _current(self) -> int:
        assert self._run is not None  # `begin` comes first
        return self._run.ordinal

    def _changed(self, connection: Connection, n: int) -> Iterator[list[tuple[str, Row]]]:
        """Yield (name, row), some at a time, of the repositories that are not as they were."""
        same = exists().where(
            REPOSITORY.c.repo == ITEM.c.name,
            REPOSITORY.c.to_run.is_(None),
            REPOSITORY.c.observed == ITEM.c.observed,
        )
        wanted = select(ITEM.c.name, ITEM.c.row).where(
            ITEM.c.ordinal == n, ITEM.c.observed.is_not(None), not_(same)
        )
        last = ""
        while found := connection.execute(
            wanted.where(ITEM.c.name > last).order_by(ITEM.c.name).limit(BATCH)
        ).all():
            yield [(name, row) for name, row in found]
            last = found[-1].name

    # what reports read

    def rows(self, ordinal: int | None = None) -> Iterator[Any]:
        """Yield the rows of a complete run (of the last one by default), sorted by name.

        Raises:
            UsageError: there is no such run, or its rows were pruned.
        """
        run = self._complete(ordinal)
        wanted = select(ITEM.c.row).where(ITEM.c.ordinal == run.ordinal).order_by(ITEM.c.name)
        found = 0
        with self.database.begin() as connection:
            for row in connection.execution_options(yield_per=BATCH).scalars(wanted):
                found += 1
                yield row
        if found != run.items:
            problem = f"the rows of run {run.ordinal} are no longer kept"
            raise UsageError(problem, where=self.database.where)

    def changes(self, ordinal: int | None = None) -> Iterator[Change]:
        """Yield what a complete run changed, by kind and repository."""
        n = self._complete(ordinal).ordinal
        with self.database.begin() as connection:
            for one in connection.execute(_entered(FINDING, "open", n)):
                what = "reopened" if one.before else "new"
                yield Change(what, one.repo, one.use_case, one.path, one.code, None)
            for one in connection.execute(_left(FINDING, "open", n)):
                yield Change("closed", one.repo, one.use_case, one.path, one.code, one.closed)
            for one in connection.execute(_entered(REPOSITORY, "unregistered", n)):
                yield Change("unregistered", one.repo, None, None, None, None)
            for one in connection.execute(_left(REPOSITORY, "unregistered", n)):
                yield Change("registered", one.repo, None, None, None, one.closed)
            for one in connection.execute(_entered(WAIVER, "expired", n)):
                yield Change("expired", one.repo, one.use_case, one.path, one.waiver, None)

    def _complete(self, ordinal: int | None) -> Run:
        for one in reversed(self.runs()):
            if one.state == "complete" and ordinal in (None, one.ordinal):
                return one
        problem = "there is no complete audit" + (f" {ordinal}" if ordinal else "")
        raise UsageError(problem, where=self.database.where)

    def keep_passes(self, statement: Mapping[str, Any]) -> None:
        """Keep of an attested decision when it first let its use cases go live.

        Only a permit for production counts that was judged as of its own day, by the usual
        `--fail-on`.  Who may sign it is for the caller to check.
        """
        predicate, record = statement["predicate"], statement["predicate"][DECISION]
        moment = predicate.get("timeVerified") or predicate["timeCreated"]
        given = record["given"]
        usual = given["as_of"] == moment[:10] and given["fail_on"] == "block"
        if not (record["allow"] and record["stage"] == "production" and usual):
            return
        subject = plain(statement["subject"][0]["name"])
        with self.database.begin() as connection:
            for one in record["use_cases"]:
                name = plain(one["id"])
                known = select(FIRST_PASS).where(FIRST_PASS.c.use_case == name)
                before = [dict(row._mapping) for row in connection.execute(known)]
                found = {"use_case": name, "moment": moment, "subject": subject}
                first = min([*before, found], key=lambda row: (row["moment"], row["subject"]))
                _replace(connection, FIRST_PASS, [first])

    def first_pass(self, use_case: str) -> str | None:
        """Return the moment (RFC 3339, UTC) at which a use case was first let go live."""
        wanted = select(FIRST_PASS.c.moment).where(FIRST_PASS.c.use_case == plain(use_case))
        with self.database.begin() as connection:
            moment: str | None = connection.scalar(wanted)
            return moment

    # keeping house

    def export(self) -> Iterator[str]:
        """Yield all that is kept but times of a clock, a line of JSON a row, in one order."""
        with self.database.begin() as connection:
            for table in METADATA.sorted_tables:
                columns = [one for one in table.columns if one.name not in CLOCK]
                wanted = select(*columns).order_by(*table.primary_key)
                for row in connection.execution_options(yield_per=BATCH).execute(wanted):
                    yield f"{dump({'table': table.name, **row._mapping})}\n"

    def prune(self, runs: int, metrics_before: str | None = None) -> dict[str, int]:
        """Delete what is not needed any more; return how many rows of which table.

        Args:
            runs: of how many complete runs the rows are kept.
            metrics_before: YYYY-MM-DD; of older runs the numbers of one a week are kept.
        """
        complete = [one for one in self.runs() if one.state == "complete"]
        old = [one.ordinal for one in complete[: len(complete) - runs]]
        before = [one for one in complete if one.as_of < (metrics_before or "")]
        weekly = {date.fromisoformat(one.as_of).isocalendar()[:2]: one.ordinal for one in before}
        thinned = {one.ordinal for one in before} - set(weekly.values())
        current = select(REPOSITORY.c.tree).where(REPOSITORY.c.to_run.is_(None))
        with self.database.begin() as connection:
            gone = {
                ITEM: ITEM.c.ordinal.in_(old),
                FACTS: FACTS.c.tree.not_in(current.where(REPOSITORY.c.tree.is_not(None))),
                METRIC: METRIC.c.ordinal.in_(thinned),
            }
            return {
                table.name: connection.execute(delete(table).where(what)).rowcount
                for table, what in gone.items()
            }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _replace(connection: Connection, table: Table, rows: Iterable[Row]) -> None:
    """Write rows in place of those with the same keys."""
    given = [dict(row) for row in rows]
    if not given:
        return
    keys = [one.name for one in table.primary_key]
    same = and_(*(table.c[name] == bindparam(f"_{name}") for name in keys))
    connection.execute(
        delete(table).where(same), [{f"_{name}": row[name] for name in keys} for row in given]
    )
    connection.execute(insert(table), given)


def _settle(
    connection: Connection, n: int, changed: list[tuple[str, Row]], codes: Collection[str] | None
) -> None:
    """End the intervals of some repositories that hold no longer, and begin those that do."""
    names = [name for name, _ in changed]
    seen = [(name, observe(row)) for name, row in changed]
    for table in INTERVALS.values():
        standing = select(table).where(table.c.to_run.is_(None), table.c.repo.in_(names))
        old = {(one.repo, one.key): one._mapping for one in connection.execute(standing)}
        new = {(name, key): own for name, found in seen for key, own in found[table.name].items()}
        ending, beginning = [], []
        for at, before in old.items():
            after = new.get(at)
            if after is None or any(before[name] != value for name, value in after.items()):
                why = _why(table, before, after, codes)
                ending.append({"_repo": at[0], "_key": at[1], "closed": why})
            else:
                del new[at]
        for (repo, key), own in new.items():
            beginning.append({"repo": repo, "key": key, "from_run": n, **own})
        if ending:
            same = and_(table.c.repo == bindparam("_repo"), table.c.key == bindparam("_key"))
            last = update(table).where(same, table.c.to_run.is_(None))
            connection.execute(last.values(to_run=n, closed=bindparam("closed")), ending)
        if beginning:
            connection.execute(insert(table), beginning)


def _why(table: Table, before: Row, after: Row | None, codes: Collection[str] | None) -> str:
    """Return why an interval ends."""
    if after is not None:
        if table is FINDING and before["state"] != after["state"]:
            return "waived" if after["state"] == "waived" else "unwaived"
        return "changed"
    if table is not FINDING:
        return "removed"
    return "fixed" if codes is None or before["code"] in codes else "rule_retired"


def _entered(table: Table, state: str, n: int) -> Select[Any]:
    """Select what is in a state since a run; `before`: whether it was ever known before."""
    other = table.alias()
    same = and_(other.c.repo == table.c.repo, other.c.key == table.c.key)
    already = exists().where(same, other.c.to_run == n, other.c.state == state)
    before = exists().where(same, other.c.from_run < n).label("before")
    found = select(table, before).where(table.c.from_run == n, table.c.state == state)
    return found.where(not_(already)).order_by(*table.primary_key)


def _left(table: Table, state: str, n: int) -> Select[Any]:
    """Select what is in a state no longer since a run."""
    other = table.alias()
    same = and_(other.c.repo == table.c.repo, other.c.key == table.c.key)
    still = exists().where(same, other.c.from_run == n, other.c.state == state)
    found = select(table).where(table.c.to_run == n, table.c.state == state)
    return found.where(not_(still)).order_by(*table.primary_key)
