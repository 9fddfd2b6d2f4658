"""The first tables: runs, their rows, cached facts, intervals, numbers, first permits."""

from alembic import op

revision = "0001"
down_revision = None

_TABLES = """
CREATE TABLE run (ordinal INTEGER PRIMARY KEY, run TEXT, scope TEXT NOT NULL, as_of TEXT NOT NULL,
  state TEXT NOT NULL, items INTEGER, started TEXT, finished TEXT, meta JSON);
CREATE TABLE item (ordinal INTEGER, name TEXT, state TEXT NOT NULL, error TEXT, tree TEXT,
  digest TEXT, ms INTEGER, row BLOB NOT NULL, PRIMARY KEY (ordinal, name));
CREATE TABLE facts (tree TEXT PRIMARY KEY, version TEXT NOT NULL, facts BLOB NOT NULL);
CREATE TABLE interval (kind TEXT, repo TEXT, key TEXT, from_run INTEGER, to_run INTEGER,
  closed TEXT, state TEXT, use_case TEXT, name TEXT, digest TEXT NOT NULL, about JSON,
  PRIMARY KEY (kind, repo, key, from_run));
CREATE INDEX interval_from ON interval (from_run);
CREATE INDEX interval_to ON interval (to_run, repo);
CREATE TABLE metric (ordinal INTEGER, scope TEXT, name TEXT, value DOUBLE PRECISION,
  n INTEGER NOT NULL, unknown INTEGER NOT NULL, PRIMARY KEY (ordinal, scope, name));
CREATE TABLE first_pass (use_case TEXT PRIMARY KEY, moment TEXT NOT NULL, subject TEXT NOT NULL)
"""


def upgrade() -> None:
    tables = _TABLES
    if op.get_context().dialect.name == "postgresql":
        # sorted by code point as SQLite does, whatever the locale; another word for bytes
        tables = tables.replace("TEXT", 'TEXT COLLATE "C"').replace("BLOB", "BYTEA")
    for statement in tables.split(";"):
        op.execute(statement)
