"""What an audit goes through: real folders of real repositories, and lists of URLs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aigov.errors import UsageError
from aigov.sources import Filters, Source, sources
from judging import ROOT

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def found(*arguments: object) -> list[Source]:
    told: list[str] = []
    listed = sources([str(one) for one in arguments], Filters(), told.append)
    assert not told
    return listed


def names(*arguments: object) -> list[str]:
    return [one.name for one in found(*arguments)]


def git(folder: Path, *arguments: str) -> None:
    named = [
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@example.com",
        "-c",
        "protocol.file.allow=always",
    ]
    subprocess.run(["git", *named, *arguments], cwd=folder, check=True, capture_output=True)


def repository(path: Path, *options: str) -> Path:
    path.mkdir(parents=True)
    git(path, "init", "--quiet", *options)
    if not options:
        git(path, "commit", "--quiet", "--allow-empty", "-m", "x")
    return path


def test_clones_bare_repositories_and_mirrors_are_found_sorted_by_their_path(tmp_path):
    one = repository(tmp_path / "b" / "one")
    repository(tmp_path / "a", "--bare")
    git(tmp_path, "clone", "--quiet", "--mirror", str(one), "b/mirror.git")
    (tmp_path / "empty").mkdir()
    listed = found(tmp_path)
    assert [one.name for one in listed] == ["a", "b/mirror.git", "b/one"]
    assert [one.where for one in listed] == [str(tmp_path / one.name) for one in listed]
    assert not any(one.commit or one.trouble for one in listed)


def test_one_repository_is_named_by_its_folder(tmp_path, monkeypatch):
    folder = repository(tmp_path / "own")
    assert names(folder) == ["own"]
    monkeypatch.chdir(folder)
    assert names(".") == ["own"]


def test_a_repository_is_listed_once_by_whatever_way_it_is_named(tmp_path):
    repository(tmp_path / "a" / "one")
    (tmp_path / "link").symlink_to(tmp_path / "a" / "one")
    assert names(tmp_path, tmp_path / "a", tmp_path / "a" / "one", tmp_path / "link") == ["a/one"]
    assert names(tmp_path / "link", tmp_path) == names(tmp_path, tmp_path / "link")


def test_a_working_tree_stands_for_its_repository_only_where_that_is_not_there(tmp_path):
    main = repository(tmp_path / "z" / "main")
    git(main, "worktree", "add", "--quiet", str(tmp_path / "a" / "tree"))
    git(main, "worktree", "add", "--quiet", str(tmp_path / "a" / "wood"))
    assert names(tmp_path) == ["z/main"]
    assert names(tmp_path / "a") == ["tree"]


def test_a_submodule_is_not_entered(tmp_path):
    inner = repository(tmp_path / "inner")
    outer = repository(tmp_path / "outer")
    git(outer, "submodule", "add", "--quiet", str(inner), "below")
    assert names(tmp_path) == ["inner", "outer"]
    assert names(outer / "below") == ["below"]


def test_links_that_go_in_circles_end(tmp_path):
    repository(tmp_path / "a" / "one")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "self").symlink_to(tmp_path / "self")
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone")
    assert names(tmp_path) == ["a/one"]


def test_what_only_a_link_leads_to_is_found_under_the_name_of_the_link(tmp_path):
    repository(tmp_path / "elsewhere" / "one")
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / "link").symlink_to(tmp_path / "elsewhere")
    assert names(tmp_path / "given") == ["link/one"]


def test_a_damaged_repository_is_one(tmp_path):
    (tmp_path / "clone" / ".git").mkdir(parents=True)
    (tmp_path / "file").mkdir()
    (tmp_path / "file" / ".git").write_bytes(b"\0\xff garbage")
    shutil.rmtree(repository(tmp_path / "bare.git", "--bare") / "refs")
    (tmp_path / "link").mkdir()
    (tmp_path / "link" / ".git").symlink_to(tmp_path / "gone")
    assert names(tmp_path) == ["bare.git", "clone", "file", "link"]


def test_repositories_of_one_name_are_told_apart_by_their_whole_path(tmp_path):
    for name in ("a/x", "b/x", "b/y"):
        repository(tmp_path / name)
    assert names(tmp_path / "a", tmp_path / "b") == [f"{tmp_path}/a/x", f"{tmp_path}/b/x", "y"]


def test_a_folder_that_cannot_be_listed_is_told_and_the_others_are_found(tmp_path):
    with tempfile.TemporaryDirectory() as folder:  # below one that others can enter
        root = Path(folder)
        for name in ("one", "shut/two"):
            repository(root / name)
        root.chmod(0o755)
        (root / "shut").chmod(0)
        (root / "link").symlink_to(root / "shut" / "two")
        script = (
            "import os, sys; from aigov.sources import Filters, sources\n"
            "if os.geteuid() == 0: os.setuid(65534)\n"
            "for one in sources(sys.argv[1:], Filters(), print): print(one.name, one.trouble)"
        )
        run = subprocess.run(
            [sys.executable, "-c", script, folder],
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        )
        (root / "shut").chmod(0o700)
    assert run.stdout == (
        "link unreadable: Permission denied\none \nshut unreadable: Permission denied\n"
    ), run.stderr


def test_a_commit_can_be_named_and_a_path_may_hold_an_at_sign(tmp_path):
    repository(tmp_path / "a@b")
    plain = repository(tmp_path / "plain")
    assert [tuple(one) for one in found(f"{plain}@{COMMIT[:7]}", plain)] == [
        ("plain", str(plain), "", ""),
        (f"plain@{COMMIT[:7]}", str(plain), COMMIT[:7], ""),
    ]
    assert names(tmp_path / "a@b") == ["a@b"]
    assert found(f"{tmp_path}/a@b@{COMMIT}")[0].commit == COMMIT
    repository(tmp_path / f"plain@{COMMIT}")
    assert found(f"{plain}@{COMMIT}")[0].commit == ""  # that path is there


@pytest.mark.parametrize("end", ["@main", "@0123", "@", f"@{COMMIT}x", "/none", "@HEAD@", "\n"])
def test_what_is_not_there_ends_the_run(tmp_path, end):
    repository(tmp_path / "one")
    with pytest.raises(UsageError, match="no such source"):
        found(tmp_path / "one", f"{tmp_path}/one{end}")


def test_a_folder_without_a_repository_is_an_error_though_others_have_some(tmp_path):
    repository(tmp_path / "a" / "one")
    (tmp_path / "b").mkdir()
    with pytest.raises(UsageError, match="no repository") as caught:
        found(tmp_path / "a", tmp_path / "b")
    assert caught.value.where == str(tmp_path / "b")
    with pytest.raises(UsageError, match="no such source"):
        found(f"{tmp_path}/a@{COMMIT}")


def test_a_file_lists_urls_each_once_with_names_that_hold_no_user(tmp_path):
    listed = tmp_path / "repositories.txt"
    listed.write_text(
        "\ufeff# ours\n\nhttps://Git.Example.com/acme/one.git  # the first\n"
        "https://git.example.com/acme/one\r\nssh://git@git.example.com:22/acme/two.git\n"
        f"https://git.example.com/acme/one.git@{COMMIT}\nfile:///srv/git/three\n"
    )
    assert [(one.name, one.commit) for one in found(listed)] == [
        ("git.example.com/acme/one", ""),
        (f"git.example.com/acme/one@{COMMIT}", COMMIT),
        ("git.example.com:22/acme/two", ""),
        ("srv/git/three", ""),
    ]
    assert found(listed)[2].where == "ssh://git@git.example.com:22/acme/two.git"
    assert names("https://git.example.com/acme/one") == ["git.example.com/acme/one"]


@pytest.mark.parametrize(
    "line",
    [
        "http://git.example.com/a", "git://git.example.com/a", "ext::sh -c true", "/etc/passwd",
        "git@git.example.com:acme/one.git", "--upload-pack=x", "https://git.example.com/../a",
        "https://me:hunter2@git.example.com/a", "https://hunter2@git.example.com/a",
        "https://git.example.com/a?token=hunter2", "https://git.example.com/a\x1b[31m",
        "https://git.example.com/a@main",
    ],
)  # fmt: skip
def test_any_other_line_ends_the_run_at_its_place_and_is_not_repeated(tmp_path, line):
    listed = tmp_path / "repositories.txt"
    listed.write_text(f"https://git.example.com/acme/one\n{line}\n")
    with pytest.raises(UsageError) as caught:
        found(listed)
    assert caught.value.where == f"{listed}:2"
    assert "hunter2" not in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert caught.value.remedy


def test_a_file_that_lists_nothing_or_is_no_text_is_an_error(tmp_path):
    (tmp_path / "none").write_text("# nothing yet\n")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")
    for name, said in (("none", "no repository"), ("bytes", "no list of URLs")):
        with pytest.raises(UsageError, match=said):
            found(tmp_path / name)


SEGMENT = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.~-]{0,8}", fullmatch=True)
URL = st.builds(
    "{}://{}/{}".format,
    st.sampled_from(["https", "ssh", "file"]),
    st.from_regex(r"[a-zA-Z][a-zA-Z0-9.-]{0,8}(:[0-9]{1,4})?", fullmatch=True),
    st.lists(SEGMENT, min_size=1, max_size=3).map("/".join),
).map(lambda url: url.replace("file://", "file:///"))


@given(st.lists(URL, min_size=1, max_size=8), st.randoms())
def test_names_are_unique_and_sorted_and_independent_of_the_order(urls, random):
    listed = found(*urls)
    assert len({one.name for one in listed}) == len(listed)
    assert listed == sorted(listed)
    shuffled = list(urls)
    random.shuffle(shuffled)
    assert found(*shuffled) == listed
