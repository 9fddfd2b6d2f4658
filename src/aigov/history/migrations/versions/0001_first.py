"""The first tables."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _texts(*names: str, key: bool = False) -> tuple[sa.Column[Any], ...]:
    return tuple(sa.Column(name, _TEXT, primary_key=key) for name in names)


def _number(name: str, *, key: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer, primary_key=key, autoincrement=False)


def _interval(name: str, *columns: sa.Column[Any]) -> None:
    key = (*_texts("repo", "key", key=True), _number("from_run", key=True))
    op.create_table(name, *key, _number("to_run"), *_texts("closed"), *columns)
    op.create_index(f"{name}_from", name, ["from_run"])
    op.create_index(f"{name}_to", name, ["to_run", "repo"])


def upgrade() -> None:
    run = _number("ordinal", key=True)
    words = _texts("run", "scope", "as_of", "state", "started", "finished")
    op.create_table("run", run, *words, _number("items"), sa.Column("meta", sa.JSON))
    key = (_number("ordinal", key=True), *_texts("name", key=True))
    row = sa.Column("row", sa.LargeBinary)
    op.create_table("item", *key, *_texts("state", "error", "observed"), _number("ms"), row)
    facts = sa.Column("facts", sa.LargeBinary)
    op.create_table("facts", *_texts("tree", key=True), *_texts("version"), facts)
    key = (_number("ordinal", key=True), *_texts("scope", "name", key=True))
    value = sa.Column("value", sa.Double)
    op.create_table("metric", *key, value, _number("n"), _number("unknown"))
    first = _texts("use_case", key=True)
    op.create_table("first_pass", *first, *_texts("moment", "subject"))
    _interval("repository", *_texts("state", "source", "head", "tree", "observed"))
    words = _texts("use_case", "path", "digest", "stage", "tier", "declared_stage", "declared_tier")
    derived = _texts("derived_stage", "derived_tier", "eu_category", "owner")
    _interval("use_case", *words, *derived, sa.Column("about", sa.JSON))
    words = _texts("state", "use_case", "path", "code", "outcome", "enforcement", "waiver")
    _interval("finding", *words)
    words = _texts("state", "use_case", "path", "digest", "waiver", "policy", "expires_on")
    _interval("waiver", *words, sa.Column("about", sa.JSON))
    words = _texts("path", "kind", "name", "ecosystem", "detector", "confidence", "use_case")
    _interval("detection", *words)
