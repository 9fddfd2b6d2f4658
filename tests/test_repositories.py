"""What counts as evidence, which folders hold manifests, and what git is asked."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from aigov.errors import UsageError
from aigov.git import manifests_at_head
from aigov.repositories import find_manifests, resolve_evidence

LISTED = "https://wiki.northbank.internal/ai/"


def counts(folder: Path, path: str, *prefixes: str) -> bool:
    return resolve_evidence([path], str(folder), str(folder), prefixes)[path].resolves


@pytest.mark.parametrize("path", ["report", "a.b/report", "100%25", "a%20b", "%C3%A5r", "v1..html"])
def test_a_url_below_a_listed_prefix_counts(tmp_path, path):
    assert counts(tmp_path, LISTED + path, LISTED) is (".." not in path)


@pytest.mark.parametrize(
    "dots",
    [
        "..",
        "%2e%2e",
        "%2E.",
        ".%2e",
        "%252e%252e",
        "%25252e.",
        "%25%32%65.",
        "%2525252525252e.",
        "x%2f..%2f..",
        "%2e%2e%5c",
    ],
)
def test_a_url_that_climbs_out_of_a_listed_prefix_never_counts(tmp_path, dots):
    assert not counts(tmp_path, f"{LISTED}{dots}/evil", LISTED)


@pytest.mark.parametrize(
    "name", ["aigov.yaml", "aigov.yml", "x.aigov.yaml", "AIGOV.yaml", ".git/HEAD", "sub/.git"]
)
def test_a_manifest_and_what_is_gits_are_no_evidence(tmp_path, name):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("ref: refs/heads/main\n")
    assert not counts(tmp_path, name)
    (tmp_path / "report.md").symlink_to(tmp_path / name)
    assert not counts(tmp_path, "report.md")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b" \n\t",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\xff\xfe \0\n\0",
        b"\0" * 5000,
        "\u200b\u200c\u200d\u2060\ufeff\u00ad".encode(),
        "\u2800\u3164\u034f\ufe0f\U000e0100".encode(),
        ("\u200b" * 4000).encode(),  # characters lie across what is read at once
        b" " * 70_000 + b"text",
    ],
)
def test_a_file_that_shows_nothing_is_no_evidence(tmp_path, content):
    (tmp_path / "report.md").write_bytes(content)
    assert not counts(tmp_path, "report.md")


@pytest.mark.parametrize(
    "content",
    [
        b" " * 250 + b"text",
        b" " * 60_000 + b"text",
        b" " * 4095 + "\u00e5".encode(),  # lies across what is read at once
        b"\xef\xbb\xbftext",
        "text".encode("utf-16"),
        b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        b"\xff\xd8\xff\xe0\0\x10JFIF",
    ],
)
def test_text_and_binary_files_are_evidence(tmp_path, content):
    (tmp_path / "report.md").write_bytes(content)
    assert counts(tmp_path, "report.md")


# --- the walk


def found(folder: Path) -> list[str]:
    return [os.path.relpath(path, folder) for path in find_manifests(str(folder))]


@pytest.mark.parametrize(
    ("text", "python", "entered"),
    [
        ("", "bin/python", True),
        ("version = 3.11\n", "bin/python", True),
        ("home = /usr/bin\n", "bin/sh", True),
        ("version = 3.11\nhome = /usr/bin\n", "bin/python", False),
        ("home=C:\\Python\r\n", "Scripts/python.exe", False),
    ],
)
def test_only_a_real_virtual_environment_is_not_entered(tmp_path, text, python, entered):
    svc = tmp_path / "svc"
    (svc / python).parent.mkdir(parents=True)
    (svc / python).symlink_to(tmp_path / "nothing")  # as where its Python is gone
    (svc / "pyvenv.cfg").write_text(text)
    (svc / "aigov.yaml").write_text("")
    assert found(tmp_path) == (["svc/aigov.yaml"] if entered else [])


def test_a_pipe_called_pyvenv_cfg_neither_hides_nor_hangs(tmp_path):
    os.mkfifo(tmp_path / "pyvenv.cfg")
    (tmp_path / "aigov.yaml").write_text("")
    assert found(tmp_path) == ["aigov.yaml"]


def test_manifests_come_in_the_order_of_names_folder_by_folder(tmp_path):
    names = ["a/z.aigov.yaml", "a.aigov.yaml", "b/a/aigov.yaml", "b/b.aigov.yaml", "c.aigov.yaml"]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    assert found(tmp_path) == names


def test_folders_nested_deeper_than_python_recurses_are_walked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    deepest = Path(*["d"] * 1200)
    for depth in range(1, 1201):
        os.mkdir("/".join(["d"] * depth))
    (deepest / "aigov.yaml").write_text("")
    assert list(find_manifests("d")) == [str(deepest / "aigov.yaml")]
    (deepest / "aigov.yaml").unlink()
    for depth in range(1200, 0, -1):  # pytest removes a folder recursively
        os.rmdir("/".join(["d"] * depth))


# --- HEAD


def run_git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=T", "-c", "user.email=t@northbank.internal"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True)


def test_head_is_read_on_a_branch_and_detached_and_empty_before_a_commit(tmp_path):
    root = str(tmp_path)
    run_git(tmp_path, "init", "-q")
    assert manifests_at_head(root, root) == []
    (tmp_path / "aigov.yaml").write_text("")
    run_git(tmp_path, "add", ".")
    run_git(tmp_path, "commit", "-qm", "x")
    assert manifests_at_head(root, root) == ["aigov.yaml"]
    run_git(tmp_path, "checkout", "-q", "--detach")
    assert manifests_at_head(root, root) == ["aigov.yaml"]


def test_a_head_that_cannot_be_asked_is_a_fault_of_the_set_up(tmp_path):
    def refuses(name: str) -> bool:
        root = str(tmp_path / name)
        with pytest.raises(UsageError, match="git cannot say") as raised:
            manifests_at_head(root, root)
        return raised.value.where == root and bool(raised.value.remedy)

    (tmp_path / "file").mkdir()
    (tmp_path / "file" / ".git").write_text("gitdir: /nope\n")
    assert refuses("file")
    (tmp_path / "empty" / ".git").mkdir(parents=True)
    assert refuses("empty")
    for name, commit in (("lost", "de" * 20), ("garbled", "x")):
        (tmp_path / name).mkdir()
        run_git(tmp_path / name, "init", "-q", "-b", "main")
        (tmp_path / name / ".git" / "refs" / "heads" / "main").write_text(f"{commit}\n")
        assert refuses(name)
    run_git(tmp_path / "lost", "symbolic-ref", "HEAD", "refs/heads/new")
    assert manifests_at_head(str(tmp_path / "lost"), str(tmp_path / "lost")) == []


def test_a_machine_without_git_is_a_fault_of_the_set_up(tmp_path):
    (tmp_path / ".git").mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "aigov", "check", "--if-present"],
        cwd=tmp_path,
        env={**os.environ, "PATH": str(tmp_path)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "git cannot be run\n  next: install git" in done.stderr


def test_a_repository_of_somebody_else_is_refused_in_gits_words(tmp_path, monkeypatch):
    run_git(tmp_path, "init", "-q")
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with pytest.raises(UsageError, match="dubious ownership"):
        manifests_at_head(str(tmp_path), str(tmp_path))
