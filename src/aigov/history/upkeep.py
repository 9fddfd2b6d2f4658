"""What keeps a history in order: a dump that can be compared, pruning, and a check."""

from collections.abc import Iterator
from datetime import date

from sqlalchemy import delete, exists, func, select

from aigov.history.databases import FEW, Database
from aigov.history.intervals import changed
from aigov.history.tables import CLOCK, FACTS, ITEM, METRIC, RUN, TABLES, key
from aigov.reports.encoding import dump


def export(database: Database) -> Iterator[str]:
    """Yield all that is kept but times of a clock, a line of JSON a row, in one order."""
    with database.begin() as connection:
        for name, table in TABLES.items():
            columns = [one for one in table.columns if one.name not in CLOCK]
            wanted = select(*columns).order_by(*key(name))
            with connection.execute(wanted, execution_options={"yield_per": FEW}) as rows:
                for row in rows.mappings():
                    yield f"{dump({'table': name, **row})}\n"


def prune(database: Database, runs: int, metrics_before: str = "") -> dict[str, int]:
    """Delete what is not needed any more; return how many rows of which table.

    Facts of trees that no row names go too.

    Args:
        runs: of how many complete runs the rows are kept.
        metrics_before: YYYY-MM-DD; of older runs the numbers of one a week are kept.
    """
    complete = select(RUN.c.ordinal, RUN.c.as_of).where(RUN.c.state == "complete")
    with database.begin() as connection:
        last = connection.scalar(select(func.max(complete.subquery().c.ordinal))) or 0
        older = complete.where(RUN.c.as_of < metrics_before).order_by(RUN.c.ordinal)
        old = connection.execute(older).all()
        weekly = {date.fromisoformat(day).isocalendar()[:2]: ordinal for ordinal, day in old}
        deleted = {
            "item": ITEM.c.ordinal <= last - runs,
            "facts": ~exists().where(ITEM.c.tree == FACTS.c.tree),
            "metric": METRIC.c.ordinal.in_({one.ordinal for one in old} - {*weekly.values()}),
        }
        return {
            name: connection.execute(delete(TABLES[name]).where(what)).rowcount
            for name, what in deleted.items()
        }


def faults(database: Database) -> list[str]:
    """Return what does not hold of the database, in words; nothing where it is sound."""
    found = []
    with database.begin() as connection:
        if connection.dialect.name == "sqlite":
            lines = connection.exec_driver_sql("PRAGMA integrity_check").scalars()
            found = [line for line in lines if line != "ok"]
        last = connection.scalar(select(func.max(RUN.c.ordinal)).where(RUN.c.state == "complete"))
        count = connection.scalar(select(func.count()).select_from(ITEM).where(changed(last or 0)))
        return [
            *found,
            *([f"{count} rows of run {last} differ from what is kept"] if count else []),
        ]
