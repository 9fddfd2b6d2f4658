"""The hooks, by the real pre-commit in a real repository."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from judging import EXAMPLES, ROOT

CONFIG = """
repos:
  - repo: {hooks}
    rev: HEAD
    hooks:
      - id: aigov-check
        args: [--as-of, "2026-11-22"]
      - id: aigov-check-repo
        args: [--as-of, "2026-11-22"]
"""


@pytest.fixture(scope="module")
def pre_commit() -> str:
    from conftest import skip_or_fail

    beside = Path(sys.executable).with_name("pre-commit")
    found = str(beside) if beside.exists() else shutil.which("pre-commit")
    if found is None:
        skip_or_fail("pre-commit", "it is not installed")
    if shutil.which("git") is None:
        skip_or_fail("pre-commit", "git is not installed")
    return str(found)


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=T", "-c", "user.email=t@northbank.internal"]
    done = subprocess.run(
        ["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout


@pytest.fixture(scope="module")
def repository(pre_commit, tmp_path_factory) -> Path:
    """A repository whose commits run our hooks, installed from a clone of this checkout."""
    hooks = tmp_path_factory.mktemp("hooks")
    for name in ("src", "policies", "schemas", "inventories", "init", "detectors", "examples"):
        shutil.copytree(ROOT / name, hooks / name)
    for name in (
        "pyproject.toml",
        "hatch_build.py",
        "README.md",
        "LICENSE",
        ".pre-commit-hooks.yaml",
    ):
        shutil.copy(ROOT / name, hooks / name)
    git(hooks, "init", "-q")
    git(hooks, "add", "-A")
    git(hooks, "commit", "-qm", "hooks")
    folder = tmp_path_factory.mktemp("repository")
    (folder / ".pre-commit-config.yaml").write_text(CONFIG.format(hooks=hooks))
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "start")
    os.environ["PRE_COMMIT_HOME"] = str(tmp_path_factory.mktemp("cache"))
    return folder


def run(pre_commit: str, repository: Path, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [pre_commit, "run", *arguments],
        cwd=repository,
        check=False,
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout + done.stderr


def test_the_hooks_start_pass_fail_and_notice_a_deletion(pre_commit, repository):
    # nothing to check: the file hook has no file, the repository hook says so
    code, out = run(pre_commit, repository)
    assert code == 0, out
    assert "aigov check (whole repository)" in out

    # a sound manifest passes
    shutil.copy(EXAMPLES / "1-low-pilot.aigov.yaml", repository / "aigov.yaml")
    git(repository, "add", "aigov.yaml")
    code, out = run(pre_commit, repository)
    assert code == 0, out
    assert out.count("Passed") == 2
    git(repository, "commit", "-qm", "a manifest", "--no-verify")

    # a faulty one fails, with its line
    (repository / "svc").mkdir()
    shutil.copy(EXAMPLES / "faulty" / "aigov.yaml", repository / "svc" / "claims.aigov.yml")
    git(repository, "add", "-A")
    code, out = run(pre_commit, repository)
    assert code == 1
    assert "svc/claims.aigov.yml:51:11" in out
    assert "exit code: 1" in out
    git(repository, "rm", "-qrf", "svc")

    # the last manifest is deleted: only the repository hook can see that
    git(repository, "rm", "-q", "aigov.yaml")
    code, out = run(pre_commit, repository)
    assert code == 1
    assert "CHG-006 manifest-deleted" in out
    assert "aigov.yaml:1:1" in out
