"""Where the history lies: a file of SQLite or a PostgreSQL database, by its URL.

Whoever writes holds a lock that ends with the process: of SQLite a transaction on a second file
beside the first, of PostgreSQL an advisory lock.  So there is one writer at a time, and any
number of readers.
"""

import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import sleep
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from aigov.errors import MissingExtra, UsageError
from aigov.history.tables import VERSION, VERSION_TABLE

WAITING_SECONDS = 2
"""How long a writer waits for another one to end."""
FEW = 16
"""Rows that are in memory, or written, together."""
_SECRETS = ("password", "sslpassword")
"""What the options of a URL may hold beside its password."""
_ADVISORY = 0x6169676F76  # "aigov"


class Database:
    """An open database."""

    def __init__(self, given: str, *, write: bool = False, upgrade: bool = False) -> None:
        """Open the database at a URL or a path, "" for the default one.

        One to write to, and no file yet, is made: a file 0600, the default folder 0700.

        Args:
            write: hold the lock of the writer.
            upgrade: bring what is older, or a PostgreSQL database without tables, up to date.

        Raises:
            UsageError: it cannot be opened, another process writes to it, its schema is older
                or newer than this program.
            MissingExtra: the driver of PostgreSQL is not installed.
        """
        url = _url(given)
        sqlite = url.get_backend_name() == "sqlite"
        self.path = url.database or ""
        told = {name: url.query[name] for name in ("host", "port") if name in url.query}
        self.where = self.path if sqlite else url.set(query=told).render_as_string()
        if sqlite:
            self._find(create=write, folder=not given)
        try:
            self.engine = _engine(url)
        except ModuleNotFoundError:
            remedy = "pip install 'aigov-gate[postgres]'"
            raise MissingExtra("PostgreSQL needs what is not installed", remedy=remedy) from None
        self._lock: Any = None
        try:
            with self._telling():
                if write:
                    self._take_lock()
                self._settle(upgrade=upgrade, new=sqlite and write)
        except BaseException:
            self.close()
            raise

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Yield the connection of one transaction.

        Raises:
            UsageError: the database failed, as on a full disk or where the server is gone.
        """
        with self._telling(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def stream(self, wanted: Any) -> Iterator[Any]:
        """Yield the rows of a query, of which a few are in memory at a time."""
        few = {"yield_per": FEW}
        with self.begin() as c, c.execute(wanted, execution_options=few) as rows:
            yield rows

    def close(self) -> None:
        """Let go of the lock and of all connections."""
        if self._lock:
            self._lock.close()
        self.engine.dispose()

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Turn what a database raises into an error of this program, without the password."""
        try:
            yield
        except (SQLAlchemyError, sqlite3.Error) as error:
            said = str(getattr(error, "orig", None) or error).partition("\n")[0]
            url = self.engine.url
            for secret in filter(None, (url.password, *map(url.query.get, _SECRETS))):
                said = said.replace(str(secret), "***")
            raise UsageError(f"the database failed ({said})", where=self.where) from None

    def _find(self, *, create: bool, folder: bool) -> None:
        """See that the file is there; one that is made, nobody else can read."""
        try:
            if not create:
                os.stat(self.path)
                return
            if folder:
                os.makedirs(os.path.dirname(self.path), mode=0o700, exist_ok=True)
            for path in (self.path, f"{self.path}.lock"):
                os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        except OSError as error:
            remedy = "--db another file" if create else "`aigov-gate db upgrade` makes an empty one"
            problem = f"there is no history to use ({error.strerror})"
            raise UsageError(problem, where=self.path, remedy=remedy) from None

    def _settle(self, *, upgrade: bool, new: bool) -> None:
        """Upgrade what may be, and refuse any schema but that of this program."""
        with self.begin() as connection:
            names, version = sa.inspect(connection).get_table_names(), ""
            if VERSION_TABLE in names:
                version = connection.scalar(sa.text(f"SELECT version_num FROM {VERSION_TABLE}"))  # noqa: S608
            if version == VERSION:
                return
            if version < VERSION and (upgrade or (new and not names)):
                from alembic import command  # slow to import, and rarely needed
                from alembic.config import Config

                config = Config(attributes={"connection": connection})
                folder = os.path.join(os.path.dirname(__file__), "migrations")
                config.set_main_option("script_location", folder.replace("%", "%%"))
                command.upgrade(config, "head")
                return
        keeper, remedy = "an older aigov-gate", f"aigov-gate db upgrade --db {self.where}"
        if version > VERSION:
            keeper, remedy = "a newer aigov-gate", "pip install --upgrade aigov-gate"
        problem = f"this history is kept by {keeper if version else 'nobody yet'}"
        raise UsageError(problem, where=self.where, remedy=remedy)

    def _take_lock(self) -> None:
        """Take the lock of the writer, which `close` lets go."""
        if self.engine.name == "sqlite":
            self._lock = sqlite3.connect(f"{self.path}.lock", WAITING_SECONDS, isolation_level=None)
            with suppress(sqlite3.OperationalError):
                self._lock.execute("BEGIN EXCLUSIVE")
                return
        else:
            self._lock = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            for wait in (0.1,) * (WAITING_SECONDS * 10) + (0,):
                if self._lock.scalar(sa.select(sa.func.pg_try_advisory_lock(_ADVISORY))):
                    return
                sleep(wait)
        problem = "another process writes to this history"
        raise UsageError(problem, where=self.where, remedy="try again when it has ended")


def default_path() -> str:
    """Return the file in the user's data folder, by the custom of the platform."""
    usual = {"darwin": "~/Library/Application Support", "win32": os.environ.get("LOCALAPPDATA")}
    base = os.environ.get("XDG_DATA_HOME") or usual.get(sys.platform) or "~/.local/share"
    return os.path.join(os.path.expanduser(base), "aigov-gate", "history.db")


def _url(given: str) -> sa.URL:
    if "://" not in given:
        return sa.URL.create("sqlite", database=given or default_path())
    with suppress(ArgumentError):
        url = sa.make_url(given)
        if url.drivername in ("postgresql", "postgres"):
            return url.set(drivername="postgresql+psycopg")
        if url.drivername == "sqlite" and url.database not in (None, "", ":memory:"):
            return url
    remedy = "postgresql://USER@HOST/NAME, or the path of a file of SQLite"
    raise UsageError("--db names no database", remedy=remedy)


def _engine(url: sa.URL) -> sa.Engine:
    if url.get_backend_name() == "postgresql":  # a transaction sees one state of the database
        given = {"prepare_threshold": None}  # a plan made for an empty table stays slow
        return sa.create_engine(url, isolation_level="REPEATABLE READ", connect_args=given)
    engine = sa.create_engine(url, connect_args={"timeout": 10})

    @sa.event.listens_for(engine, "connect")
    def _(raw: sqlite3.Connection, _record: object) -> None:
        raw.isolation_level = None  # SQLAlchemy begins, also before a change of the schema
        raw.execute("PRAGMA journal_mode = WAL")
        raw.execute("PRAGMA synchronous = NORMAL")

    @sa.event.listens_for(engine, "begin")
    def _(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine
