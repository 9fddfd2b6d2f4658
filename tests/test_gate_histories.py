"""The gate on the shapes that histories have: squashed, rebased, merged, moved, forged."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from aigov.emit import dump
from aigov.errors import AigovError
from histories import Commit, changed, gate, past, write
from judging import EXAMPLES, example

READY = example("4-ready").value
PAST = past("4-ready")


def approved(date: str) -> str:
    """Return the ready example with one more approval."""
    one = {**READY["spec"]["approvals"][3], "function": "data", "date": date}
    return dump(changed(READY, {"/spec/approvals/7": one}))


def git(folder: Path, *words: str, day: str = "2026-11-20") -> str:
    names = ["-c", "user.name=Bo", "-c", "user.email=mateusz.zielinski@northbank.internal"]
    dates = {f"GIT_{who}_DATE": f"{day}T12:00:00Z" for who in ("AUTHOR", "COMMITTER")}
    dates |= {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, **dates}
    command = ["git", "-C", str(folder), *names, "-c", "protocol.file.allow=always", *words]
    run = subprocess.run(command, check=True, capture_output=True, text=True, env=dates)
    return run.stdout.strip()


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone of the repository in which the ready example grew up."""
    write(tmp_path / "origin.git", "main", PAST)
    folder = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(tmp_path / "origin.git"), str(folder))
    return folder


def commit(folder: Path, text: str | None = None, *, day: str = "2026-11-20") -> None:
    if text is not None:
        (folder / "aigov.yaml").write_text(text, "utf-8")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "change", "--allow-empty", day=day)


def codes(folder: Path, *arguments: str) -> set[str]:
    """Return the codes of the reasons to deny."""
    code, report = gate(folder, *arguments)
    found = {one["code"] for one in report["decision"]["reasons"]}
    assert code == (1 if found else 0)
    return found


def test_a_branch_whose_commits_have_forged_dates_is_dated_by_its_merge(clone):
    git(clone, "switch", "-qc", "change")
    commit(clone, approved("2026-10-01"), day="2026-10-01")
    assert codes(clone) == {"MAN-012"}
    git(clone, "push", "-q", "origin", "change:main")  # a fast-forward keeps the forged date
    assert codes(clone) == {"MAN-012"}


@pytest.mark.parametrize(("date", "found"), [("2026-10-30", set()), ("2026-10-01", {"MAN-012"})])
def test_a_squash_merge_brings_a_record_on_its_own_day(clone, date, found):
    git(clone, "switch", "-qc", "change")
    commit(clone, approved(date), day=date)
    git(clone, "switch", "-q", "main")
    git(clone, "merge", "-q", "--squash", "change")
    commit(clone, day="2026-11-20")
    git(clone, "push", "-q", "origin", "main")
    assert codes(clone) == found


def test_an_honest_rebase_is_allowed_before_and_after(clone):
    git(clone, "switch", "-qc", "change")
    commit(clone, approved("2026-11-19"), day="2026-11-19")
    assert codes(clone) == set()
    git(clone, "switch", "-q", "main")
    (clone / "service.py").write_text("print()\n")
    commit(clone, day="2026-11-20")
    git(clone, "push", "-q", "origin", "main")
    git(clone, "switch", "-q", "change")
    git(clone, "rebase", "-q", "main", day="2026-11-21")
    assert codes(clone) == set()


def test_a_merge_is_compared_with_its_first_parent(clone):
    git(clone, "switch", "-qc", "change")
    commit(clone, approved("2026-11-19"), day="2026-11-19")
    git(clone, "switch", "-q", "main")
    git(clone, "merge", "-q", "--no-ff", "--no-edit", "change", day="2026-11-21")
    git(clone, "push", "-q", "origin", "main")
    assert codes(clone) == set()
    git(clone, "merge", "-q", "--no-commit", "--no-ff", "-s", "ours", "HEAD^")  # nothing to bring
    lowered = changed(READY, {"/spec/oversight/queue/sla_minutes": 60})
    commit(clone, dump(lowered), day="2026-11-22")
    assert "CHG-005" in codes(clone)


def test_a_manifest_that_is_moved_keeps_its_past(clone):
    (clone / "services").mkdir()
    git(clone, "mv", "aigov.yaml", "services/bea.aigov.yaml")
    git(clone, "mv", "docs", "services/docs")
    commit(clone)
    assert codes(clone) == set()
    younger = changed(READY, {"/spec/lifecycle/pilot/start_on": "2026-06-01"})
    (clone / "services" / "bea.aigov.yaml").write_text(dump(younger), "utf-8")
    commit(clone)
    assert codes(clone) == {"MAN-012"}


def test_a_manifest_that_is_moved_and_rewritten_at_once_does_not_begin_anew(clone):
    (clone / "services").mkdir()
    git(clone, "rm", "-q", "aigov.yaml")
    git(clone, "mv", "docs", "services/docs")
    younger = changed(READY, {"/spec/lifecycle/pilot/start_on": "2026-06-01"})
    (clone / "services" / "aigov.yaml").write_text(dump(younger), "utf-8")
    commit(clone)
    assert codes(clone) == {"MAN-012"}


def test_a_manifest_behind_a_link_has_no_past_that_could_be_another_text(clone):
    git(clone, "mv", "aigov.yaml", "text")
    (clone / "aigov.yaml").symlink_to("text")
    commit(clone)
    assert codes(clone) == set()
    (clone / "text").write_text(approved("2026-10-01"), "utf-8")
    commit(clone)
    assert "MAN-012" in codes(clone)
    git(clone, "push", "-q", "origin", "HEAD:main")
    assert {"MAN-012", "CHG-008"} <= codes(clone)  # cannot tell


def test_what_lies_in_a_submodule_is_not_in_the_commit(clone, tmp_path):
    evidence = tmp_path / "evidence"
    git(tmp_path, "init", "-q", str(evidence))
    (evidence / "orr.md").write_text((EXAMPLES / "docs/ready/orr.md").read_text("utf-8"))
    (evidence / "sub.aigov.yaml").write_text("[")  # another repository's manifest is not ours
    commit(evidence)
    git(clone, "submodule", "--quiet", "add", str(evidence), "evidence")
    commit(clone)
    assert codes(clone) == set()
    _, report = gate(clone)
    assert any("nothing was looked at: evidence" in note for note in report["notes"])
    put = {"/spec/operations/readiness/evidence": "evidence/orr.md"}
    commit(clone, dump(changed(READY, put)))
    assert "MAN-004" in codes(clone)
    assert codes(clone / "evidence") == {"SYN-001"}  # there it is


def test_a_worktree_and_a_detached_head_are_judged_as_what_they_have_checked_out(clone, tmp_path):
    git(clone, "worktree", "add", "-q", "-b", "change", str(tmp_path / "beside"))
    commit(tmp_path / "beside", approved("2026-10-01"))
    assert codes(tmp_path / "beside") == {"MAN-012"}
    assert codes(clone) == set()
    git(clone, "switch", "-q", "--detach", "change")
    assert codes(clone) == {"MAN-012"}
    git(clone, "switch", "-q", "--detach", "HEAD^")
    assert codes(clone) == set()


@pytest.mark.parametrize("name", ["2-moderate-production", "3-critical-production", "4-ready"])
def test_adopting_aigov_on_a_system_that_is_there_is_no_back_dating(tmp_path, name):
    folder = tmp_path / "adopted.git"
    grown = past(name)
    code = Commit({"service.py": "print()\n"}, "2025-01-15")
    files = {**grown[0].files, "aigov.yaml": grown[-1].files["aigov.yaml"]}
    write(folder, "main", [code, Commit(files)])
    assert codes(folder) == set()
    assert imported(folder) == ["imported on 2026-11-22"]
    write(folder, "change", [Commit({"service.py": "print(1)\n"})], "refs/heads/main")
    assert codes(folder, "--rev", "change") == set()


def test_a_past_that_was_recorded_day_by_day_is_not_called_imported(clone):
    assert imported(clone) == [None]  # grew here, day by day


def imported(folder: Path, *arguments: str) -> list[Any]:
    """Return the notes of MAN-012."""
    (document,) = gate(folder, *arguments)[1]["documents"]
    return [one.get("note") for one in document["results"] if one["code"] == "MAN-012"]


@pytest.mark.parametrize("kept", ["tree:0", "blob:none"])
def test_a_clone_that_lacks_parts_of_its_base_cannot_tell_what_changed(tmp_path, kept):
    folder = partial(tmp_path, kept)
    code, report = gate(folder)
    assert code == 1
    found = {one["code"] for one in report["decision"]["reasons"]}
    assert {"MAN-010", "MAN-012"} <= found
    assert any("not in this clone" in one for one in report["notes"])


@pytest.mark.parametrize("kept", ["tree:0", "blob:none"])
def test_a_clone_that_lacks_parts_of_the_commit_itself_cannot_judge_it(tmp_path, kept):
    folder = partial(tmp_path, kept, "--no-checkout")
    with pytest.raises(AigovError, match="not in this clone"):
        gate(folder)


def partial(tmp_path: Path, kept: str, *more: str) -> Path:
    """Return a clone of the ready example that fetched only a part of its objects."""
    origin = tmp_path / "origin.git"
    write(origin, "main", PAST)
    git(origin, "config", "uploadpack.allowFilter", "true")
    folder = tmp_path / "partial"
    git(tmp_path, "clone", "-q", f"--filter={kept}", *more, f"file://{origin}", str(folder))
    return folder
