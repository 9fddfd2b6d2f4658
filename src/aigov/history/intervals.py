"""How the rows of a run become intervals, in a transaction of the caller."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, exists, insert, or_, select, update

from aigov.history.databases import FEW
from aigov.history.observations import Observation, observe
from aigov.history.tables import INTERVAL, ITEM, TABLES, key

_I = INTERVAL.c
_SAME = ("kind", "repo", "key")


def replace(connection: Connection, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows of a table in place of those with the same keys."""
    given = [dict(row) for row in rows]
    if given:
        same = [column == bindparam(f"_{column.name}") for column in key(name)]
        keys = [{f"_{column.name}": row[column.name] for column in key(name)} for row in given]
        connection.execute(delete(TABLES[name]).where(*same), keys)
        connection.execute(insert(TABLES[name]), given)


def changed(n: int) -> Any:
    """Return what holds of the rows of a run that no open interval tells."""
    mine = and_(_I.kind == "repository", _I.repo == ITEM.c.name, _I.digest == ITEM.c.digest)
    told = exists().where(mine, _I.to_run.is_(None))
    return and_(ITEM.c.ordinal == n, ITEM.c.digest.is_not(None), ~told)


def settle(connection: Connection, n: int, codes: Collection[str] | None) -> None:
    """End what holds no longer as of a run, and begin what does."""
    for name in ("item", "interval"):  # or PostgreSQL reads one whole for each row of the other
        connection.exec_driver_sql(f"ANALYZE {name}")
    wanted = select(ITEM.c.name, ITEM.c.row).where(changed(n)).order_by(ITEM.c.name)
    with connection.execute(wanted, execution_options={"yield_per": FEW}) as found:
        for some in found.partitions():  # what is written below concerns no row to come
            _settle(connection, n, {name: observe(row) for name, row in some}, codes)
    here = exists().where(ITEM.c.ordinal == n, ITEM.c.name == _I.repo)
    gone = update(INTERVAL).where(_I.to_run.is_(None), ~here)
    connection.execute(gone.values(to_run=n, closed="repo_gone"))


def _settle(
    connection: Connection, n: int, seen: dict[str, Observation], codes: Collection[str] | None
) -> None:
    new = {(kind, repo, mark): own for repo in seen for (kind, mark), own in seen[repo].items()}
    ending = []
    for old in connection.execute(select(INTERVAL).where(_I.to_run.is_(None), _I.repo.in_(seen))):
        at = (old.kind, old.repo, old.key)
        if at in new and new[at]["digest"] == old.digest:
            del new[at]
        else:
            ending.append(dict(zip("123", at, strict=True), why=_why(old, new.get(at), codes)))
    if ending:
        same = [_I[name] == bindparam(place) for name, place in zip(_SAME, "123", strict=True)]
        last = update(INTERVAL).where(*same, _I.to_run.is_(None))
        connection.execute(last.values(to_run=n, closed=bindparam("why")), ending)
    beginning = [dict(zip(_SAME, at, strict=True), from_run=n, **new[at]) for at in new]
    if beginning:
        connection.execute(insert(INTERVAL), beginning)


def _why(old: Any, after: Mapping[str, Any] | None, codes: Collection[str] | None) -> str:
    if after and old.kind == "finding" and after["state"] != old.state:
        return "waived" if after["state"] == "waived" else "unwaived"
    if after or old.kind != "finding":
        return "changed" if after else "removed"
    return "fixed" if codes is None or old.name in codes else "rule_retired"


def transitions(n: int) -> Any:
    """Select the intervals that enter or leave a state with a run; `before`: it was known."""
    other = INTERVAL.alias()
    same = and_(*(other.c[name] == _I[name] for name in _SAME))
    alike = other.c.state.is_not_distinct_from(_I.state)
    began, ended = _I.from_run == n, _I.to_run == n
    stays = or_(and_(began, other.c.to_run == n), and_(ended, other.c.from_run == n))
    before = exists().where(same, other.c.from_run < n).label("before")
    wanted = select(INTERVAL, before).where(or_(began, ended), ~exists().where(same, alike, stays))
    return wanted.order_by(*key("interval"))
