"""The hooks, by the real pre-commit and the real prek in a real repository."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import skip_or_fail
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
      - id: aigov-gate
        args: [--as-of, "2026-11-22"]
"""


@pytest.fixture(scope="module", params=["pre-commit", "prek"])
def manager(request) -> str:
    beside = Path(sys.executable).with_name(request.param)
    found = str(beside) if beside.exists() else shutil.which(request.param)
    if found is None:
        skip_or_fail(request.param, "it is not installed")
    if shutil.which("git") is None:
        skip_or_fail(request.param, "git is not installed")
    return str(found)


WHO = ["-c", "user.name=T", "-c", "user.email=t@northbank.internal"]


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *WHO, *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout


@pytest.fixture(scope="module")
def repository(manager, tmp_path_factory) -> Path:
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
    for name in ("PRE_COMMIT_HOME", "PREK_HOME"):
        os.environ[name] = str(tmp_path_factory.mktemp("cache"))
    return folder


def run(manager: str, repository: Path, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [manager, "run", *arguments],
        cwd=repository,
        check=False,
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout + done.stderr


def test_the_hooks_start_pass_fail_and_notice_a_deletion(manager, repository):
    # nothing to check: the file hook has no file, the repository hook says so
    code, out = run(manager, repository)
    assert code == 0, out
    assert "aigov check (whole repository)" in out

    # a sound manifest passes
    shutil.copy(EXAMPLES / "1-low-pilot.aigov.yaml", repository / "aigov.yaml")
    git(repository, "add", "aigov.yaml")
    code, out = run(manager, repository)
    assert code == 0, out
    assert out.count("Passed") == 2
    git(repository, "commit", "-qm", "a manifest", "--no-verify")

    # a faulty one fails, with its line
    (repository / "svc").mkdir()
    shutil.copy(EXAMPLES / "faulty" / "aigov.yaml", repository / "svc" / "claims.aigov.yml")
    git(repository, "add", "-A")
    code, out = run(manager, repository)
    assert code == 1
    assert "svc/claims.aigov.yml:51:11" in out
    assert "exit code: 1" in out
    git(repository, "rm", "-qrf", "svc")

    # the last manifest is deleted: only the repository hook can see that
    git(repository, "rm", "-q", "aigov.yaml")
    code, out = run(manager, repository)
    assert code == 1
    assert "CHG-006 manifest-deleted" in out
    assert "aigov.yaml:1:1" in out


def test_a_faulty_commit_is_not_made(manager, repository):
    subprocess.run([manager, "install"], cwd=repository, check=True)
    for name, code in (("faulty/aigov.yaml", 1), ("1-low-pilot.aigov.yaml", 0)):
        shutil.copy(EXAMPLES / name, repository / "aigov.yaml")
        git(repository, "add", "aigov.yaml")
        before = git(repository, "rev-parse", "HEAD")
        words = ["commit", "-qm", name, "--allow-empty"]
        done = subprocess.run(["git", *WHO, *words], cwd=repository)
        assert done.returncode == code
        assert (git(repository, "rev-parse", "HEAD") == before) == bool(code)


@pytest.fixture
def remote(manager, repository, tmp_path) -> Path:
    """Where the repository, with hooks installed, pushes to; nothing was pushed yet."""
    folder = tmp_path / "remote.git"
    git(repository, "checkout", "-q", "-B", "main")
    git(repository, "commit", "-q", "--allow-empty", "--no-verify", "-m", "clear the stage")
    subprocess.run([manager, "install", "--hook-type", "pre-push"], cwd=repository, check=True)
    git(tmp_path, "init", "-q", "--bare", "-b", "main", str(folder))
    git(repository, "remote", "add", "origin", str(folder))
    yield folder
    git(repository, "remote", "remove", "origin")


def push(repository: Path, *what: str) -> tuple[int, str]:
    done = subprocess.run(
        ["git", "push", "origin", *what], cwd=repository, capture_output=True, text=True
    )
    return done.returncode, done.stdout + done.stderr


def write(repository: Path, name: str) -> None:
    """Commit an example, past the hooks that look at a commit, as the only manifest."""
    shutil.copy(EXAMPLES / name, repository / "aigov.yaml")
    git(repository, "add", "aigov.yaml")
    git(repository, "commit", "-qm", name, "--no-verify", "--allow-empty")


def test_a_push_is_decided_by_what_is_pushed(repository, remote):
    # a first push of a branch, from its root on, and of one that is not checked out
    write(repository, "1-low-pilot.aigov.yaml")
    git(repository, "branch", "-f", "sound")
    write(repository, "faulty/aigov.yaml")
    code, out = push(repository, "main")
    assert code == 1, out
    assert "GOV-001" in out
    code, out = push(repository, "sound:main")
    assert code == 0, out
    assert "aigov gate (what is pushed)" in out

    # the next push, and one of a new branch: compared with main of the remote
    code, out = push(repository, "main")
    assert code == 1, out
    assert git(remote, "rev-parse", "main") == git(repository, "rev-parse", "sound")
    git(repository, "checkout", "-q", "sound")
    (repository / "more.txt").write_text("more\n")
    git(repository, "add", "more.txt")
    git(repository, "commit", "-qm", "more", "--no-verify")
    code, out = push(repository, "sound")
    assert code == 0, out
    code, out = push(repository, "main:other")
    assert code == 1, out
    code, out = push(repository, "--delete", "sound")
    assert code == 0, out
