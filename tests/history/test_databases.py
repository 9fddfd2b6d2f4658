"""Where a history lies: who may read, write and upgrade it, and what is said when not."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from importlib.util import find_spec

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from aigov.errors import MissingExtra, UsageError
from aigov.history import databases
from aigov.history.databases import Database, default_path
from aigov.history.store import History
from aigov.history.tables import TABLES, VERSION, key
from history.rows import DAY, audit, row
from judging import ROOT


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr(databases, "WAITING_SECONDS", 0)


def mode(path) -> str:
    return oct(stat.S_IMODE(os.stat(path).st_mode))


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_by_default_it_is_a_file_that_nobody_else_can_read(tmp_path):
    umask = os.umask(0)
    try:
        with History(write=True) as history:
            audit(history, row("a"))
            folder = tmp_path / "data" / "aigov-gate"
            assert default_path() == str(folder / "history.db")
            assert {mode(one) for one in folder.iterdir()} == {"0o600"}
            assert len(list(folder.iterdir())) == 5  # the lock, and what SQLite keeps beside
            assert mode(folder) == "0o700"
    finally:
        os.umask(umask)


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        ("linux", {}, "/h/.local/share/aigov-gate/history.db"),
        ("linux", {"XDG_DATA_HOME": "/x"}, "/x/aigov-gate/history.db"),
        ("darwin", {}, "/h/Library/Application Support/aigov-gate/history.db"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/aigov-gate/history.db"),
    ],
)
def test_the_default_follows_the_platform(platform, variables, expected, monkeypatch):
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", "/h")
    monkeypatch.setattr(sys, "platform", platform)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert default_path() == expected


def test_what_is_not_there_is_made_by_a_writer_alone(tmp_path):
    path = tmp_path / "history.db"
    with pytest.raises(UsageError, match="No such file") as raised:
        History(str(path))
    assert "db upgrade" in raised.value.remedy
    assert not path.exists()
    with History(str(path), write=True) as history:
        audit(history, row("a"))
    with History(f"sqlite:///{path}") as history:
        assert len(list(history.rows())) == 1
    with pytest.raises(UsageError, match="No such file"):
        History(str(tmp_path / "no" / "history.db"), write=True)


def test_a_file_that_a_killed_audit_left_empty_is_new(tmp_path):
    path = tmp_path / "history.db"
    path.write_bytes(b"")
    with pytest.raises(UsageError, match="nobody yet"):
        History(str(path))
    with History(str(path), write=True) as history:
        assert history.runs() == []


def test_a_database_is_never_upgraded_without_being_told(new_database):
    url = new_database()
    with History(url, write=True, upgrade=True) as history:
        audit(history, row("a"))
        with history.database.begin() as connection:
            connection.exec_driver_sql("UPDATE aigov_version SET version_num = '0000'")
    for write in (False, True):
        with pytest.raises(UsageError, match="an older aigov-gate") as raised:
            History(url, write=write)
        assert "aigov-gate db upgrade --db " in raised.value.remedy


def test_an_empty_postgresql_database_is_not_filled_without_being_told(new_postgresql):
    url = new_postgresql()
    with pytest.raises(UsageError, match="nobody yet") as raised:
        History(url, write=True)
    assert "db upgrade" in raised.value.remedy
    Database(url, write=True, upgrade=True).close()
    with History(url, write=True) as history:
        assert history.runs() == []


def test_what_a_newer_program_keeps_is_left_alone(new_database):
    url = new_database()
    with History(url, write=True, upgrade=True) as history, history.database.begin() as connection:
        connection.exec_driver_sql("UPDATE aigov_version SET version_num = '9999'")
    for rules in ({}, {"write": True}, {"write": True, "upgrade": True}):
        with pytest.raises(UsageError, match="a newer aigov-gate") as raised:
            History(url, **rules)
        assert "pip install --upgrade" in raised.value.remedy


def test_an_upgrade_that_fails_leaves_nothing_behind(new_database):
    url = new_database()
    first = Database(url, write=True, upgrade=True)
    with first.begin() as connection:
        connection.exec_driver_sql("DROP TABLE aigov_version")
        connection.exec_driver_sql("DROP TABLE run")  # the first that the upgrade makes
    first.close()
    with pytest.raises(UsageError, match="already exists"):
        History(url, write=True, upgrade=True)
    with pytest.raises(UsageError, match="nobody yet"):
        History(url)


def test_there_is_one_writer_and_any_number_of_readers(new_database):
    url = new_database()
    with History(url, write=True, upgrade=True) as writer:
        audit(writer, row("a"))
        with pytest.raises(UsageError, match="another process writes"):
            History(url, write=True)
        with History(url) as one, History(url) as other:
            rows = one.rows()
            assert next(rows)["entry"]["name"] == "a"
            audit(writer, row("b"))
            assert [each["entry"]["name"] for each in other.rows()] == ["b"]
            rows.close()
    with History(url, write=True) as writer:
        assert len(writer.runs()) == 2


def test_the_lock_of_a_process_that_was_killed_is_free(new_database):
    url = new_database()
    Database(url, write=True, upgrade=True).close()
    script = (
        "import os, signal, sys\n"
        "from aigov.history.store import History\n"
        "History(sys.argv[1], write=True)\n"
        "print('locked', flush=True)\n"
        "signal.pause()\n"
    )
    command = [sys.executable, "-c", script, url]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as holder:
        assert holder.stdout.readline() == b"locked\n"
        with pytest.raises(UsageError, match="another process writes"):
            History(url, write=True)
        holder.kill()
    databases.WAITING_SECONDS = 10  # a server notices after a moment
    with History(url, write=True) as history:
        assert history.runs() == []


@pytest.mark.parametrize(
    "url", ["", "mysql://h/x", "sqlite://", "sqlite:///:memory:", "x://", "://", "oracle:s3cret@"]
)
def test_only_files_of_sqlite_and_postgresql_will_do(url, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as raised:
        Database(url)
    assert "s3cret" not in str(raised.value) or "://" not in url


def test_a_password_is_never_said(need):
    if find_spec("psycopg") is None:
        need("postgresql", "psycopg is not installed")
    for url in (
        "postgresql://audit:s3cret@127.0.0.1:1/x",
        "postgresql://audit@127.0.0.1:1/x?password=s3cret",
        "postgresql://audit:s3cret@127.0.0.1:1/x?nonsense=s3cret",
    ):
        with pytest.raises(UsageError, match="the database failed") as raised:
            History(url, write=True)
        assert "s3cret" not in str(raised.value)
        assert "127.0.0.1:1/x" in raised.value.where


def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path):
    path = tmp_path / "history.db"
    path.write_text("not a database, but as long as one has to be" * 99, "utf-8")
    with pytest.raises(UsageError, match="not a database"):
        History(str(path))


def test_a_full_disk_is_an_error_with_a_place(tmp_path):
    path = tmp_path / "history.db"
    with History(str(path), write=True) as history:
        history.begin("scope", DAY)
        with history.database.begin() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count = 20")
        history.record(row("a", source="x" * 10))
        for n in range(2000):
            history.keep_facts(f"{n}", "1", [f"{n * 7919}" * 50])
        with pytest.raises(UsageError, match="full") as raised:
            history.flush()
        assert raised.value.where == str(path)
        history._facts.clear()


@pytest.mark.parametrize("absent", ["sqlalchemy", "alembic", "psycopg"])
def test_what_is_not_installed_is_named_with_the_pip_line(absent):
    script = (
        "import sys\n"
        "from importlib.machinery import PathFinder\n"
        "find = PathFinder.find_spec\n"
        "def absent(name, *given):\n"
        "    return None if name.partition('.')[0] == sys.argv[1] else find(name, *given)\n"
        "PathFinder.find_spec = absent\n"
        "from aigov.errors import MissingExtra\n"
        "try:\n"
        "    from aigov.history.store import History\n"
        "    History('postgresql://x/y')\n"
        "except MissingExtra as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, absent],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    extra = "postgres" if absent == "psycopg" else "audit"
    assert f"pip install 'aigov-gate[{extra}]'" in done.stdout
    assert MissingExtra.exit_code == 2


def test_the_tables_are_those_that_the_migrations_make(new_database):
    database = Database(new_database(), write=True, upgrade=True)
    with database.begin() as connection:
        looked = inspect(connection)
        assert set(looked.get_table_names()) == {*TABLES, "aigov_version"}
        for name, table in TABLES.items():
            assert [one["name"] for one in looked.get_columns(name)] == list(table.columns.keys())
            keys = looked.get_pk_constraint(name)["constrained_columns"]
            assert keys == [one.name for one in key(name)]
    database.close()
    config = Config()
    config.set_main_option(
        "script_location", str(ROOT / "src" / "aigov" / "history" / "migrations")
    )
    assert ScriptDirectory.from_config(config).get_current_head() == VERSION


def test_sqlite_is_left_in_a_mode_that_lets_readers_read_while_one_writes(tmp_path):
    path = tmp_path / "history.db"
    Database(str(path), write=True).close()
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()
