"""The tables, as the last of `migrations/versions` leaves them (the tests compare the two).

An interval says what held from the run `from_run` to before the run `to_run` (null: it still
does).  It ends where what it says ends or changes, so that a year of nightly runs costs little
more than what changed in it.
"""

import json
import zlib
from typing import Any

from sqlalchemy import JSON, LargeBinary, TypeDecorator, column, table

VERSION = "0001"
VERSION_TABLE = "aigov_version"
CLOCK = ("started", "finished", "ms")
"""Columns that hold times of a clock: no two runs agree on them, and no export has them."""


class Packed(TypeDecorator[Any]):
    """A JSON value as compressed bytes."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Any, _dialect: Any) -> bytes:
        return zlib.compress(json.dumps(value, allow_nan=False).encode())

    def process_result_value(self, value: Any, _dialect: Any) -> Any:
        return json.loads(zlib.decompress(value))


_TYPES: dict[str, Any] = {"about": JSON(), "meta": JSON(), "row": Packed(), "facts": Packed()}
TABLES = {
    name: table(name, *(column(one, _TYPES.get(one)) for one in columns.split()))
    for name, columns in {
        "facts": "tree version facts",
        "first_pass": "use_case moment subject",
        "interval": "kind repo key from_run to_run closed state use_case name digest about",
        "item": "ordinal name state error tree digest ms row",
        "metric": "ordinal scope name value n unknown",
        "run": "ordinal run scope as_of state items started finished meta",
    }.items()
}
KEYS = {"interval": 4, "item": 2, "metric": 3}
"""How many columns are the primary key, where it is not the first alone."""
FACTS, FIRST_PASS, INTERVAL, ITEM, METRIC, RUN = TABLES.values()


def key(name: str) -> list[Any]:
    """Return the columns of a table's primary key."""
    return list(TABLES[name].columns)[: KEYS.get(name, 1)]
