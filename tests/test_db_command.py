"""`aigov db` from outside: what it prints, and every exit code."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from aigov.history.store import History, Metric
from history.rows import audit, finding, row, use_case
from test_check_command import run  # noqa: F401  # a fixture


@pytest.fixture
def path(tmp_path, monkeypatch) -> str:
    """A history of two runs, which the environment names."""
    name = str(tmp_path / "history.db")
    with History(name, write=True) as history:
        for head, day in (("1", "2026-11-02"), ("2", "2026-11-03")):
            history.keep_facts(f"tree-{head}", "1", [])
            numbers = [Metric("organisation", "use_cases", 1, 1, 0)]
            rows = row("a", use_case(finding("GOV-004")), head=head), row("b", head=head)
            audit(history, *rows, as_of=day, metrics=numbers)
    monkeypatch.setenv("AIGOV_DB", name)
    return name


def test_a_history_is_made_and_upgraded(run, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    where = tmp_path / "aigov-gate" / "history.db"
    for _ in range(2):
        assert run("db", "upgrade") == (0, "", f"{where}: up to date\n")
    assert run("db", "check") == (0, f"{where}: current and consistent\n", "")
    assert run("db", "export") == (0, "", "")


def test_check_names_what_is_damaged(run, path):  # noqa: F811
    assert run("db", "check") == (0, f"{path}: current and consistent\n", "")
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM interval WHERE to_run IS NULL")
    connection.close()
    assert run("db", "check") == (1, "2 rows of run 2 differ from what is kept\n", "")


def test_the_file_itself_is_checked(run, path):  # noqa: F811
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    size = Path(path).stat().st_size
    with Path(path).open("r+b") as file:
        file.seek(size // 2)
        file.write(b"\xff" * 4096)
    code, out, err = run("db", "check")
    assert code in (1, 2)
    assert "malformed" in err or out


@pytest.mark.parametrize("command", ["check", "export", "prune"])
def test_what_is_not_there_is_an_error_with_the_next_step(command, run, tmp_path):  # noqa: F811
    missing = tmp_path / "none" / "history.db"
    code, out, err = run("db", command, "--db", missing)
    assert (code, out) == (2, "")
    assert str(missing) in err
    assert "  next: " in err


@pytest.mark.parametrize("command", ["check", "export", "prune"])
def test_another_schema_is_an_error_until_it_is_upgraded(command, run, path):  # noqa: F811
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE aigov_version SET version_num = '0000'")
    connection.close()
    code, out, err = run("db", command)
    assert (code, out) == (2, "")
    assert f"next: aigov-gate db upgrade --db {path}" in err


def test_export_prints_every_row_as_json(run, path):  # noqa: F811
    code, out, err = run("db", "export", "--db", f"sqlite:///{path}")
    told = [json.loads(line) for line in out.splitlines()]
    assert (code, err) == (0, "")
    tables = [one["table"] for one in told]
    assert tables == sorted(tables)
    assert {one: tables.count(one) for one in tables} == {
        "facts": 2,
        "interval": 6,
        "item": 4,
        "metric": 2,
        "run": 2,
    }
    assert not {"started", "finished", "ms"} & {name for one in told for name in one}


def test_prune_says_what_it_deleted(run, path):  # noqa: F811
    deleted = "item: 2 deleted\nfacts: 1 deleted\nmetric: 1 deleted\n"
    assert run("db", "prune", "--metrics-before", "2026-11-20") == (0, deleted, "")
    assert run("db", "prune") == (
        0,
        "".join(f"{n}: 0 deleted\n" for n in ("item", "facts", "metric")),
        "",
    )
    assert run("db", "check")[0] == 0
    code, _, err = run("db", "prune", "--metrics-before", "yesterday")
    assert (code, "is no date" in err) == (2, True)


def test_nothing_is_pruned_while_an_audit_writes(run, path):  # noqa: F811
    with History(path, write=True):
        for command in ("prune", "upgrade"):
            code, _, err = run("db", command)
            assert (code, "another process writes" in err) == (2, True)
        assert run("db", "check")[0] == 0
