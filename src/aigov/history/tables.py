"""The tables: runs, their rows, cached facts, and intervals of what held.

An interval holds from the run `from_run` to before the run `to_run` (null: it still does).  It
ends where what it says ends or changes, so that a year of nightly runs costs little more than
what changed in it.  Its `key` identifies what it is about within the repository `repo`.
"""

import json
import zlib
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
)

VERSION = "0001"
"""The last of `migrations/versions`, which is compared with this file by the tests."""
VERSION_TABLE = "aigov_version"
METADATA = MetaData()
CLOCK = {"started", "finished", "ms"}
"""Columns that hold times of a clock: no two runs agree on them, and no export has them."""


class Packed(TypeDecorator[Any]):
    """A JSON value as compressed bytes."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Any, _dialect: Any) -> bytes:
        return zlib.compress(json.dumps(value, allow_nan=False, sort_keys=True).encode())

    def process_result_value(self, value: Any, _dialect: Any) -> Any:
        return json.loads(zlib.decompress(value))


_TEXT = Text().with_variant(Text(collation="C"), "postgresql")
"""Sorted by code point in both databases, whatever the locale."""


def _texts(*names: str, key: bool = False) -> tuple[Column[Any], ...]:
    return tuple(Column(name, _TEXT, primary_key=key) for name in names)


def _number(name: str, *, key: bool = False) -> Column[Any]:
    return Column(name, Integer, primary_key=key, autoincrement=False)


def _interval(name: str, *columns: Column[Any]) -> Table:
    """Return a table of intervals; `closed` says why one ended."""
    first, last = _number("from_run", key=True), _number("to_run")
    key = _texts("repo", "key", key=True)
    table = Table(name, METADATA, *key, first, last, *_texts("closed"), *columns)
    Index(f"{name}_from", first)
    Index(f"{name}_to", last, table.c.repo)
    return table


RUN = Table(
    "run",
    METADATA,
    _number("ordinal", key=True),
    *_texts("run", "scope", "as_of", "state", "started", "finished"),
    _number("items"),
    Column("meta", JSON),
)
ITEM = Table(
    "item",
    METADATA,
    _number("ordinal", key=True),
    *_texts("name", key=True),
    *_texts("state", "error", "observed"),
    _number("ms"),
    Column("row", Packed),
)
FACTS = Table(
    "facts", METADATA, *_texts("tree", key=True), *_texts("version"), Column("facts", Packed)
)
METRIC = Table(
    "metric",
    METADATA,
    _number("ordinal", key=True),
    *_texts("scope", "name", key=True),
    Column("value", Double),
    _number("n"),
    _number("unknown"),
)
FIRST_PASS = Table(
    "first_pass", METADATA, *_texts("use_case", key=True), *_texts("moment", "subject")
)
REPOSITORY = _interval("repository", *_texts("state", "source", "head", "tree", "observed"))
USE_CASE = _interval(
    "use_case",
    *_texts("use_case", "path", "digest", "stage", "tier", "declared_stage", "declared_tier"),
    *_texts("derived_stage", "derived_tier", "eu_category", "owner"),
    Column("about", JSON),
)
FINDING = _interval(
    "finding", *_texts("state", "use_case", "path", "code", "outcome", "enforcement", "waiver")
)
WAIVER = _interval(
    "waiver",
    *_texts("state", "use_case", "path", "digest", "waiver", "policy", "expires_on"),
    Column("about", JSON),
)
DETECTION = _interval(
    "detection",
    *_texts("path", "kind", "name", "ecosystem", "detector", "confidence", "use_case"),
)
INTERVALS = {table.name: table for table in (REPOSITORY, USE_CASE, FINDING, WAIVER, DETECTION)}
