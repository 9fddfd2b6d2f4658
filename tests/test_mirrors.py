"""Mirrors of remote repositories, on a real git server over TLS."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from contextlib import suppress
from pathlib import Path
from threading import Thread

import pytest

from aigov.errors import UsageError
from aigov.mirrors import Limits, mirror
from aigov.sources import Source
from forge.rest import INSTALLED, TOKEN
from judging import ROOT

SECONDS = 20.0


@pytest.fixture
def remote(web):
    """Make repositories that the server serves; they are gone after the test."""
    made = []

    def make(name: str = "acme/plain.git", **files: bytes) -> Path:
        folder = web.repos / name
        made.append(folder)
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", folder], check=True)
        git(folder, "config", "uploadpack.allowFilter", "true")
        if files:
            add(folder, **files)
        return folder

    yield make
    for folder in made:
        shutil.rmtree(folder, ignore_errors=True)


def git(folder: Path | str, *arguments: str, given: bytes = b"") -> str:
    named = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    command = ["git", "--git-dir", str(folder), *named, *arguments]
    run = subprocess.run(command, check=True, capture_output=True, input=given)
    return run.stdout.decode().strip()


def add(folder: Path, branch: str = "main", **files: bytes) -> str:
    """Commit files to a branch of a bare repository, and return the commit."""
    blobs = {
        name: git(folder, "hash-object", "-w", "--stdin", given=x) for name, x in files.items()
    }
    rows = "".join(f"100644 blob {blob}\t{name}\n" for name, blob in blobs.items())
    tree = git(folder, "mktree", given=rows.encode())
    try:
        parent = ["-p", git(folder, "rev-parse", "--verify", "--quiet", branch)]
    except subprocess.CalledProcessError:
        parent = []
    commit = git(folder, "commit-tree", tree, *parent, "-m", "x")
    git(folder, "update-ref", f"refs/heads/{branch}", commit)
    return commit


def fetch(url: str, folder: Path, **limits):
    return mirror(
        Source("x", url), str(folder / "mirrors"), Limits(**{"seconds": SECONDS, **limits})
    )


def everything(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def asking(address: str) -> set[str]:
    """The processes of git that ask at an address; others may run tests of their own."""
    shown = subprocess.run(["ps", "-eo", "ppid=,pid=,args="], capture_output=True, text=True).stdout
    return {line for line in shown.splitlines() if "git" in line and address in line}


def test_a_mirror_has_the_whole_history_of_the_default_branch_and_nothing_else(
    web, remote, tmp_path
):
    folder = remote(one=b"1")
    head = add(folder, one=b"2")
    other = add(folder, "other", one=b"3")
    git(folder, "tag", "v1")
    found = fetch(f"{web.url}/acme/plain.git", tmp_path)
    assert (found.failure, found.head) == ("", head)
    assert git(found.path, "rev-list", "--count", "HEAD") == "2"
    assert git(found.path, "for-each-ref", "--format=%(refname)") == "refs/heads/head"
    assert subprocess.run(["git", "-C", found.path, "cat-file", "-e", other]).returncode
    assert os.stat(found.path).st_mode & 0o777 == 0o700
    assert os.stat(Path(found.path).parent).st_mode & 0o777 == 0o700


def test_an_unchanged_repository_costs_one_listing_and_no_pack(web, remote, tmp_path):
    remote(one=b"1")
    url = f"{web.url}/acme/plain.git"
    first = fetch(url, tmp_path)
    assert sum("POST" in line for line in web.asked()) > 1
    assert fetch(url, tmp_path) == first
    asked = web.asked()
    assert [line.split()[0] for line in asked] == ["GET", "POST"]  # of which the first says "v2"
    assert int(asked[1].split()[3]) < 1000


def test_what_is_new_is_fetched_and_no_more(web, remote, tmp_path):
    folder = remote(one=os.urandom(300_000))
    url = f"{web.url}/acme/plain.git"
    fetch(url, tmp_path)
    web.asked()
    head = add(folder, two=b"2")
    assert fetch(url, tmp_path).head == head
    assert all(int(line.split()[3]) < 5000 for line in web.asked())


def test_a_large_blob_is_not_fetched_and_not_fetched_later(web, remote, tmp_path):
    pytest.importorskip("pygit2")
    from aigov.objects import Bulk

    folder = remote(small=b"1", large=os.urandom(1_100_000))
    large = git(folder, "rev-parse", "main:large")
    found = fetch(f"{web.url}/acme/plain.git", tmp_path)
    assert found.failure == ""
    web.asked()
    small = git(folder, "rev-parse", "main:small")
    read = Bulk(found.path)
    assert (read.content(small, 9), read.content(large, 9)) == (b"1", None)
    shown = subprocess.run(["git", "-C", found.path, "cat-file", "-p", large], capture_output=True)
    assert shown.returncode
    assert not web.asked()


def test_another_default_branch_a_rewritten_one_and_a_detached_head_are_followed(
    web, remote, tmp_path
):
    folder = remote(one=b"1")
    url = f"{web.url}/acme/plain.git"
    fetch(url, tmp_path)
    trunk = add(folder, "trunk", one=b"2")
    git(folder, "symbolic-ref", "HEAD", "refs/heads/trunk")
    assert fetch(url, tmp_path).head == trunk
    git(folder, "update-ref", "-d", "refs/heads/trunk")
    rewritten = add(folder, "trunk", one=b"3")
    assert fetch(url, tmp_path).head == rewritten
    (folder / "HEAD").write_text(f"{trunk}\n")
    assert fetch(url, tmp_path).head == trunk


@pytest.mark.parametrize(
    ("path", "kind"),
    [("acme/none.git", "not found"), ("acme/private.git", "password needed")],
)
def test_what_the_server_does_not_give_is_a_failure_of_its_class(web, tmp_path, path, kind):
    found = fetch(f"{web.url}/{path}", tmp_path)
    assert (found.head, found.failure.partition(":")[0]) == ("", kind)


def test_what_a_server_says_does_not_choose_the_class(web, tmp_path):
    assert fetch(f"{web.url}/acme/lying", tmp_path).failure.startswith("unreachable: ")


def test_an_empty_repository_is_empty(web, remote, tmp_path):
    remote()
    assert fetch(f"{web.url}/acme/plain.git", tmp_path).failure.startswith("empty: ")


def test_a_corrupt_repository_leaves_the_old_mirror(web, remote, tmp_path):
    folder = remote(one=b"1")
    url = f"{web.url}/acme/plain.git"
    first = fetch(url, tmp_path)
    second = add(folder, one=b"2")
    tree = git(folder, "rev-parse", f"{second}^{{tree}}")
    (folder / "objects" / tree[:2] / tree[2:]).unlink()
    assert fetch(url, tmp_path).failure.startswith("corrupt: ")
    assert git(first.path, "rev-parse", "HEAD") == first.head


def test_a_damaged_mirror_is_made_anew(web, remote, tmp_path):
    folder = remote(one=b"1")
    url = f"{web.url}/acme/plain.git"
    first = fetch(url, tmp_path)
    for pack in Path(first.path, "objects", "pack").glob("*"):
        pack.unlink()
    assert fetch(url, tmp_path) == first
    assert git(first.path, "cat-file", "-p", "HEAD:one") == "1"
    add(folder, one=b"2")
    Path(first.path, "HEAD").unlink()
    assert fetch(url, tmp_path).failure == ""


def test_what_a_killed_git_left_stands_in_no_way(web, remote, tmp_path):
    folder = remote(one=b"1")
    url = f"{web.url}/acme/plain.git"
    path = Path(fetch(url, tmp_path).path)
    head = add(folder, one=b"2")
    for left in ("refs/heads/head.lock", "HEAD.lock", "config.lock", "objects/pack/tmp_pack_1"):
        (path / left).touch()
    assert fetch(url, tmp_path).head == head
    assert not [one for one in path.rglob("*") if one.suffix == ".lock" or "tmp_" in one.name]


def test_an_audit_that_is_killed_while_it_fetches_is_followed_by_one_that_succeeds(
    web, remote, tmp_path
):
    folder = remote(one=os.urandom(900_000), two=os.urandom(900_000))
    url = f"{web.url}/acme/plain.git"
    mirrors = str(tmp_path / "mirrors")
    script = (
        "import sys; from aigov.mirrors import *; from aigov.sources import Source\n"
        f"mirror(Source('x', {url!r}), {mirrors!r}, Limits())"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    process = subprocess.Popen([sys.executable, "-c", script], env=environment)
    while not list(tmp_path.glob("mirrors/*/objects/pack/tmp*")) and process.poll() is None:
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    process.wait()
    found = fetch(url, tmp_path)
    assert found.failure == ""
    assert git(found.path, "rev-parse", "HEAD") == git(folder, "rev-parse", "main")
    assert not list(tmp_path.glob("mirrors/*/objects/pack/tmp*"))


def test_a_server_that_says_nothing_is_a_timeout_and_leaves_no_process(web, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address, started = f"127.0.0.1:{silent.getsockname()[1]}", time.monotonic()
        url = f"https://{address}/acme/plain.git"
        found = fetch(url, tmp_path, seconds=1.0)
        assert found.failure == "timeout: it takes longer than it may"
        assert time.monotonic() - started < 5
        assert not asking(address)


def test_a_host_that_is_not_there_or_not_the_right_one_is_unreachable(web, tmp_path, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        free = taken.getsockname()[1]
    for path in ("a", "corrupt"):
        found = fetch(f"https://127.0.0.1:{free}/{path}", tmp_path)
        assert found.failure == "unreachable: the server does not answer as git does"
    assert (
        fetch("https://nowhere.invalid/a", tmp_path).failure == "unreachable: there is no such host"
    )
    monkeypatch.delenv("GIT_SSL_CAINFO")
    found = fetch(f"{web.url}/acme/plain.git", tmp_path)
    assert found.failure == "unreachable: its host is not known to be the right one"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/a", "ext::sh -c true", "git://127.0.0.1/a", "--upload-pack=touch x",
        "https://u:secret@127.0.0.1/a", "fd::7", "ssh://-oProxyCommand=x/a", "/etc",
    ],
)  # fmt: skip
def test_any_other_address_is_refused_before_git_sees_it(tmp_path, url):
    found = fetch(url, tmp_path)
    assert found.failure.startswith("refused: ")
    assert "secret" not in found.failure


def test_a_redirect_is_followed_on_its_host_and_to_no_other_protocol(web, remote, tmp_path):
    remote("acme/plain", one=b"1")
    assert fetch(f"{web.url}/acme/old", tmp_path).failure == ""
    assert fetch(f"{web.url}/acme/plainly", tmp_path).failure.startswith("refused: ")


def test_a_repository_over_the_size_is_refused_and_nothing_of_it_stays(web, remote, tmp_path):
    remote(**{f"f{number}": os.urandom(1_000_000) for number in range(40)})
    found = fetch(f"{web.url}/acme/plain.git", tmp_path, size=100_000)
    assert found.failure == "refused: it is larger than it may be"
    assert len(everything(tmp_path / "mirrors")) < 10_000


def test_a_token_opens_its_own_host_and_shows_up_nowhere(web, remote, tmp_path, monkeypatch, capfd):
    folder = remote("acme/private.git", one=b"1")
    url = f"{web.url}/acme/private.git"
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    assert fetch(url, tmp_path).failure.startswith("password needed")  # not GitHub's host
    monkeypatch.setenv("GITHUB_API_URL", f"{web.url}/api/v3")
    seen: set[str] = set()
    running = True

    def watch() -> None:
        while running:
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                with suppress(OSError):  # it may end while it is looked at
                    seen.add(path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"))

    watcher = Thread(target=watch)
    watcher.start()
    found = fetch(url, tmp_path)
    running = False
    watcher.join()
    assert (found.failure, found.head) == ("", git(folder, "rev-parse", "main"))
    assert any("ls-remote" in line or "fetch" in line for line in seen)
    assert not any(TOKEN in line for line in seen)
    assert TOKEN.encode() not in everything(tmp_path)
    assert TOKEN not in "".join(capfd.readouterr())
    assert '"oauth2"' in web.asked()[-1]
    monkeypatch.setenv("GITHUB_TOKEN", "wrong")
    add(folder, one=b"2")
    assert fetch(url, tmp_path).failure.startswith("password needed")
    assert git(found.path, "rev-parse", "HEAD") == found.head


def test_a_token_does_not_go_where_a_redirect_leads(web, remote, tmp_path, monkeypatch):
    remote("acme/private.git", one=b"1")
    monkeypatch.setenv("GITHUB_API_URL", f"{web.url}/api/v3")
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    found = fetch(f"{web.url}/acme/away", tmp_path)
    assert found.failure.startswith("password needed: ")
    assert [line.split()[2:] for line in web.asked()][-1][0] == "401"


def test_an_app_gets_a_token_for_the_organisation_and_git_shows_it(
    web, remote, tmp_path, monkeypatch
):
    pytest.importorskip("github")
    remote("acme/private.git", one=b"1")
    web.rest.github_repository("acme/private")
    web.let_in(INSTALLED)
    key = tmp_path / "app.pem"
    subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True)
    monkeypatch.setenv("GITHUB_API_URL", f"{web.url}/api/v3")
    monkeypatch.setenv("AIGOV_GITHUB_APP_ID", "7")
    monkeypatch.setenv("AIGOV_GITHUB_APP_KEY", str(key))
    found = fetch(f"{web.url}/acme/private.git", tmp_path)
    assert found.failure == ""
    assert INSTALLED.encode() not in everything(tmp_path / "mirrors")


def test_git_sees_neither_other_secrets_nor_the_settings_of_its_user(
    web, remote, tmp_path, monkeypatch
):
    remote(one=b"1")
    for name in ("AWS_SECRET_ACCESS_KEY", "GITLAB_TOKEN", "GIT_TRACE_CURL", "GIT_SSH_COMMAND"):
        monkeypatch.setenv(name, str(tmp_path / f"trace-{name}"))
    (tmp_path / ".gitconfig").write_text(
        f'[url "https://127.0.0.1:1/"]\n insteadOf = {web.url}/\n[core]\n hooksPath = /evil\n'
    )
    real = shutil.which("git")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "git").write_text(f'#!/bin/sh\nenv >> {tmp_path}/env\nexec {real} "$@"\n')
    (tmp_path / "bin" / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    assert fetch(f"{web.url}/acme/plain.git", tmp_path).failure == ""
    shown = (tmp_path / "env").read_text()
    assert "GIT_ALLOW_PROTOCOL=https" in shown
    assert not [word for word in ("AWS_", "GITLAB_", "TRACE") if word in shown]


def test_ssh_asks_nobody(remote, tmp_path, monkeypatch):
    folder = remote(one=b"1")
    (tmp_path / "bin").mkdir()
    ssh = tmp_path / "bin" / "ssh"  # stands in for a server: runs here what it is told to run there
    ssh.write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\nfor last; do :; done\nexec sh -c "$last"\n'
    )
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    assert fetch(f"ssh://git@example.com{folder}", tmp_path).failure == ""
    assert "-oBatchMode=yes" in (tmp_path / "asked").read_text()


def test_an_app_that_gets_no_token_is_told_and_asks_nobody(web, tmp_path, monkeypatch):
    monkeypatch.setenv("GITHUB_API_URL", f"{web.url}/api/v3")
    monkeypatch.setenv("AIGOV_GITHUB_APP_ID", "7")
    monkeypatch.setenv("AIGOV_GITHUB_APP_KEY", str(tmp_path / "none.pem"))
    found = fetch(f"{web.url}/acme/private.git", tmp_path)
    assert found.failure.startswith("password needed: the forge does not")
    assert not web.asked()


def test_many_small_packs_become_one_and_the_mirror_stays_whole(web, remote, tmp_path):
    folder = remote(small=b"0", large=os.urandom(1_100_000))
    url = f"{web.url}/acme/plain.git"
    path = fetch(url, tmp_path).path
    git(path, "config", "gc.autoPackLimit", "2")
    for number in range(4):
        head = add(folder, small=bytes([number]))
        assert fetch(url, tmp_path).head == head
    assert len(list(Path(path).glob("objects/pack/*.pack"))) < 4
    assert git(path, "rev-list", "--count", "HEAD") == "5"


def test_a_local_repository_is_mirrored_in_its_own_object_format(tmp_path):
    folder = tmp_path / "own"
    subprocess.run(
        ["git", "init", "-q", "--bare", "-b", "main", "--object-format=sha256", folder], check=True
    )
    head = add(folder, one=b"1")
    assert len(fetch(f"file://{folder}", tmp_path).head) == len(head) == 64


def test_two_audits_at_once_take_turns(web, remote, tmp_path):
    head = git(remote(one=b"1"), "rev-parse", "main")
    found: deque = deque()
    url = f"{web.url}/acme/plain.git"
    both = [Thread(target=lambda: found.append(fetch(url, tmp_path))) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert [one.head for one in found] == [head, head]
    assert sum("POST" in line for line in web.asked()) == 4  # listed, fetched in two, listed


def test_a_mirror_that_another_audit_holds_is_waited_for_and_given_up(web, remote, tmp_path):
    import sqlite3

    remote(one=b"1")
    url = f"{web.url}/acme/plain.git"
    path = fetch(url, tmp_path).path
    holder = sqlite3.connect(f"{path}.lock")
    holder.execute("BEGIN EXCLUSIVE")
    assert fetch(url, tmp_path, seconds=0.3).failure == "timeout: another audit is at its mirror"
    holder.close()
    assert fetch(url, tmp_path).failure == ""


def test_a_folder_that_others_can_write_to_holds_no_mirrors(tmp_path):
    (tmp_path / "mirrors").mkdir()
    (tmp_path / "mirrors").chmod(0o777)
    with pytest.raises(UsageError, match="others can write"):
        fetch("https://127.0.0.1:1/a", tmp_path)
