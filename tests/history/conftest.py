"""Databases to keep a history in: files of SQLite, and a PostgreSQL of the tests' own."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from importlib.util import find_spec
from itertools import count
from pathlib import Path

import pytest

from conftest import skip_or_fail

_NUMBERS = count(1)


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL that sorts as people do: (folder of its socket, how to ask it)."""
    folders = [shutil.which("initdb"), *map(str, Path("/usr/lib/postgresql").glob("*/bin/initdb"))]
    found = next(filter(None, folders), None)
    if found is None or find_spec("psycopg") is None:
        skip_or_fail("postgresql", "PostgreSQL or psycopg is not installed")
    programs = Path(found).resolve().parent
    folder = Path(tempfile.mkdtemp(prefix="aigov-pg-"))  # the path of a socket must be short
    user = []
    if os.geteuid() == 0:  # as root it refuses to start
        shutil.chown(folder, "postgres")
        user = ["runuser", "-u", "postgres", "--"]
    data = str(folder / "data")

    def call(program: str, *arguments: str) -> None:
        command = [*user, str(programs / program), *arguments]
        subprocess.run(command, check=True, capture_output=True, cwd=folder)

    sorting = ["--locale-provider=icu", "--icu-locale=en"]
    call("initdb", "-D", data, "-U", "audit", "-E", "UTF8", "--locale=C", *sorting, "-A", "trust")
    options = f"-c listen_addresses='' -c fsync=off -k {folder}"
    call("pg_ctl", "-D", data, "-l", str(folder / "log"), "-o", options, "-w", "start")
    try:
        yield (
            folder,
            lambda sql: call("psql", "-h", str(folder), "-U", "audit", "-c", sql, "postgres"),
        )
    finally:
        call("pg_ctl", "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def new_postgresql(postgres):
    """Return what makes an empty database and returns its URL."""

    def new() -> str:
        name = f"history_{next(_NUMBERS)}"
        socket, ask = postgres
        ask(f"CREATE DATABASE {name}")
        return f"postgresql://audit@/{name}?host={socket}"

    return new


@pytest.fixture(params=["sqlite", "postgresql"])
def new_database(request, tmp_path):
    """Return what makes the URL of an empty database, of each kind."""
    if request.param == "sqlite":
        return lambda: f"sqlite:///{tmp_path}/history-{next(_NUMBERS)}.db"
    return request.getfixturevalue("new_postgresql")
