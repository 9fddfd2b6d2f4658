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
from typing import Any, NamedTuple

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy import inspect, make_url, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from aigov.errors import MissingExtra, UsageError
from aigov.history.tables import VERSION, VERSION_TABLE

WAITING_SECONDS = 2
"""How long a writer waits for another one to end."""
_ADVISORY = 0x6169676F76  # "aigov"


class Database(NamedTuple):
    """An open database."""

    engine: Engine
    where: str
    """Its URL without password and options, or the path of its file."""
    lock: Any
    """What holds the lock of a writer; None of a reader."""

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Yield the connection of one transaction.

        Raises:
            UsageError: the database failed, as on a full disk or where the server is gone.
        """
        with _told(self.engine.url, self.where), self.engine.begin() as connection:
            yield connection

    def close(self) -> None:
        """Let go of the lock and of all connections."""
        if self.lock:
            self.lock.close()
        self.engine.dispose()


def default_url() -> str:
    """Return the file in the user's data folder, by the custom of the platform."""
    usual = {"darwin": "~/Library/Application Support", "win32": os.environ.get("LOCALAPPDATA")}
    base = os.environ.get("XDG_DATA_HOME") or usual.get(sys.platform) or "~/.local/share"
    return os.path.join(os.path.expanduser(base), "aigov-gate", "history.db")


def connect(given: str, *, write: bool = False, upgrade: bool = False) -> Database:
    """Open the database at a URL or a path, "" for the default one.

    One to write to, and no file yet, is made: a file 0600, the default folder 0700.

    Args:
        write: hold the lock of the writer.
        upgrade: bring an older schema, or an empty PostgreSQL database, up to date.

    Raises:
        UsageError: it cannot be opened, another process writes to it, its schema is older
            or newer than this program.
        MissingExtra: the driver of PostgreSQL is not installed.
    """
    url = _url(given or default_url())
    sqlite = url.get_backend_name() == "sqlite"
    path = url.database or ""
    where = path if sqlite else url.set(query={}).render_as_string()
    if sqlite and write:
        if not given:
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        _create(path)
    elif sqlite and not os.path.exists(path):
        remedy = "`aigov-gate db upgrade` makes an empty one"
        raise UsageError("there is no history here", where=where, remedy=remedy)
    with _told(url, where):
        try:
            engine = _engine(url)
        except ModuleNotFoundError:
            remedy = "pip install 'aigov-gate[postgres]'"
            raise MissingExtra("PostgreSQL needs what is not installed", remedy=remedy) from None
        database = Database(engine, where, _lock(engine, path) if write else None)
        try:
            _settle(database, upgrade=upgrade, new=sqlite and write)
        except BaseException:
            database.close()
            raise
    return database


def migrations() -> Any:
    """Return Alembic's settings for this package."""
    from alembic.config import Config  # slow to import, and rarely needed

    config = Config()
    folder = os.path.join(os.path.dirname(__file__), "migrations")
    config.set_main_option("script_location", folder.replace("%", "%%"))
    return config


def _url(given: str) -> URL:
    if "://" not in given:
        return URL.create("sqlite", database=given)
    try:
        url = make_url(given)
    except ArgumentError:
        raise UsageError("--db is no URL", remedy="postgresql://HOST/NAME, or a path") from None
    if url.drivername in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    if url.drivername == "sqlite" and url.database not in (None, "", ":memory:"):
        return url
    remedy = "postgresql://HOST/NAME, or the path of a file of SQLite"
    raise UsageError(f"no history can be kept in {url.drivername}", remedy=remedy)


def _create(path: str) -> None:
    """Make the file and that of its lock, readable by nobody else, where they are not there."""
    for one in (path, f"{path}.lock"):
        try:
            os.close(os.open(one, os.O_CREAT | os.O_RDWR, 0o600))
        except OSError as error:
            problem = f"the history cannot be written ({error.strerror})"
            raise UsageError(problem, where=one, remedy="--db another file") from None


def _engine(url: URL) -> Engine:
    if url.get_backend_name() == "postgresql":
        # one state of the database from the first statement of a transaction on
        return create_engine(url, isolation_level="REPEATABLE READ")
    engine = create_engine(url, connect_args={"timeout": 10})

    @event.listens_for(engine, "connect")
    def _(raw: sqlite3.Connection, _record: object) -> None:
        raw.isolation_level = None  # SQLAlchemy begins, also before a change of the schema
        raw.execute("PRAGMA journal_mode = WAL")
        raw.execute("PRAGMA synchronous = NORMAL")

    @event.listens_for(engine, "begin")
    def _(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine


def _lock(engine: Engine, path: str) -> Any:
    """Return what holds the lock until it is closed."""
    if engine.dialect.name == "sqlite":
        lock = sqlite3.connect(f"{path}.lock", timeout=WAITING_SECONDS, isolation_level=None)
        with suppress(sqlite3.OperationalError):
            lock.execute("BEGIN EXCLUSIVE")
            return lock
    else:
        connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        for _ in range(WAITING_SECONDS * 10):
            if connection.scalar(text(f"SELECT pg_try_advisory_lock({_ADVISORY})")):
                return connection
            sleep(0.1)
    raise UsageError("another process writes to this history", remedy="try again when it has ended")


def _settle(database: Database, *, upgrade: bool, new: bool) -> None:
    """Upgrade what may be, and refuse any schema but the one of this program."""
    with database.begin() as connection:
        names = set(inspect(connection).get_table_names())
        version = None
        if VERSION_TABLE in names:
            version = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()
        if version is not None and version > VERSION:
            remedy = "pip install --upgrade aigov-gate"
            raise UsageError("a newer aigov-gate keeps it", where=database.where, remedy=remedy)
        if version == VERSION:
            return
        if not upgrade and not (new and not names):
            remedy = f"aigov-gate db upgrade --db {database.where}"
            problem = f"its schema is {version or 'not there'}, and {VERSION} is needed"
            raise UsageError(problem, where=database.where, remedy=remedy)
        from alembic import command  # slow to import, and rarely needed

        config = migrations()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


@contextmanager
def _told(url: URL, where: str) -> Iterator[None]:
    """Turn what a database says into an error of this program, without the password."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        said = str(getattr(error, "orig", None) or error).partition("\n")[0]
        for secret in filter(None, (url.password, url.query.get("password"))):
            said = said.replace(str(secret), "***")
        raise UsageError(f"the database failed ({said})", where=where) from None
