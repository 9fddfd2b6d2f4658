"""What a killed audit leaves, and that every sequence of runs is kept alike everywhere."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aigov.history.observations import observe
from aigov.history.store import History
from aigov.history.upkeep import export, faults
from history.killed import audit
from history.rows import changes, detection, exported, failed, finding, row, use_case
from judging import ROOT

NAMES = [f"team/{n:02}" for n in range(40)]
FIRST = [row(name, use_case(finding("GOV-004")), detections=[detection()]) for name in NAMES]
SECOND = [
    row(name, use_case(finding("GOV-004", "waived")), head="2") if n % 3 else failed(name)
    for n, name in enumerate(NAMES[5:])
]


def dump(history: History) -> str:
    return "".join(export(history.database))


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL")
@pytest.mark.parametrize(
    ("place", "written"), [("1", 0), ("17", 16), ("30", 16), ("finish", len(SECOND))]
)
def test_an_audit_that_is_killed_and_resumed_ends_as_if_it_never_had_been(
    place, written, new_database, tmp_path
):
    runs = tmp_path / "runs.json"
    runs.write_text(json.dumps([FIRST, SECOND]), "utf-8")
    url, undisturbed = new_database(), new_database()
    done = subprocess.run(
        [sys.executable, "-m", "history.killed", url, str(runs), place],
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT / 'tests'}"},
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    with History(undisturbed, write=True, upgrade=True) as history:
        audit(history, 0, FIRST, "", resume=False)
        before = [one for one in exported(history) if one["table"] == "interval"]
        audit(history, 1, SECOND, "", resume=False)
        expected = dump(history)
    with History(url, write=True) as history:
        assert [one for one in exported(history) if one["table"] == "interval"] == before
        assert history.complete().ordinal == 1
        assert history.unfinished().ordinal == 2
        kept = [one for one in exported(history) if one.get("ordinal") == 2 and "error" in one]
        assert len(kept) == written
        audit(history, 1, SECOND, "", resume=True)
        assert dump(history) == expected
        assert faults(history.database) == []


def test_sqlite_and_postgresql_export_the_same(tmp_path, new_postgresql):
    told = []
    for url in (str(tmp_path / "history.db"), new_postgresql()):
        with History(url, write=True, upgrade=True) as history:
            audit(history, 0, FIRST, "", resume=False)
            audit(history, 1, SECOND, "", resume=False)
            told.append((dump(history), list(history.rows()), list(history.changes())))
    assert told[0] == told[1]
    assert len(told[0][0].splitlines()) > 200


# --- any sequence of small runs

codes = st.sampled_from(["GOV-004", "GOV-006"])
outcomes = st.sampled_from(["fail", "unknown", "waived"])
documents = st.builds(
    use_case,
    st.builds(finding, codes, outcomes),
    name=st.sampled_from(["bot", "Bot", "\0"]),
    digest=st.sampled_from(["sha256:1", "sha256:2"]),
    kind=st.sampled_from(["UseCase", "Waiver"]),
)
names = st.sampled_from(["a", "B", "é", "\udcff"])
readable = st.builds(
    lambda name, found, head, uses: row(name, *found, head=head, detections=uses),
    names,
    st.lists(documents, max_size=2),
    st.sampled_from(["1", "2"]),
    st.lists(st.builds(detection, st.sampled_from(["openai", "torch"])), max_size=2),
)
rows = st.lists(
    readable | st.builds(failed, names), max_size=4, unique_by=lambda one: one["entry"]["name"]
)
runs = st.lists(st.tuples(rows, st.booleans()), min_size=1, max_size=5)
MANY = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def play(url: str, sequence: list) -> tuple:
    """Let runs happen, some of them broken off and resumed; return all that can be asked."""
    with History(url, write=True, upgrade=True) as history:
        for number, (given, broken) in enumerate(sequence):
            if broken:
                audit(history, number, given[:1], "unfinished", resume=False)
            audit(history, number, given, "", resume=broken)
            assert faults(history.database) == []
        every = [changes(history, n + 1) for n in range(len(sequence))]
        return dump(history), every, list(history.rows())


def expected_now(sequence: list) -> set:
    """Return (repository, kind, key, digest) of what must hold after all runs."""
    known: dict[str, dict] = {}
    for each, _ in sequence:
        present = {one["entry"]["name"]: one for one in each}
        known = {name: known[name] for name in known if name in present}
        known |= {name: one for name, one in present.items() if one["entry"]["state"] == "ok"}
    return {
        (name.encode("utf-8", "backslashreplace").decode(), *at, own["digest"])
        for name, one in known.items()
        for at, own in observe(one).items()
    }


@MANY
@given(runs)
def test_every_sequence_of_runs_is_kept_alike_and_what_holds_is_what_was_last_seen(
    new_postgresql, tmp_path_factory, sequence
):
    told = play(str(tmp_path_factory.mktemp("h") / "history.db"), sequence)
    assert told == play(new_postgresql(), sequence)
    unbroken = [(given, False) for given, _ in sequence]
    assert told == play(str(tmp_path_factory.mktemp("h") / "history.db"), unbroken)
    lines = [json.loads(line) for line in told[0].splitlines()]
    now = [one for one in lines if one["table"] == "interval" and one["to_run"] is None]
    held = [(one["repo"], one["kind"], one["key"], one["digest"]) for one in now]
    assert len(set(held)) == len(held)
    assert set(held) == expected_now(sequence)
