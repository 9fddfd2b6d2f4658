"""Remote repositories as bare mirrors: asked for their head, fetched only where it moved.

A mirror holds one branch, its whole history and no blob over 1 MiB.  Git runs without the user's
configuration, in few variables of the environment, in a group of processes that ends with it;
what it shows to a forge is in its environment and in nothing else.
"""

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryFile
from typing import NamedTuple
from urllib.parse import urlsplit

from aigov.errors import AigovError, UsageError
from aigov.forges import credential
from aigov.git import SAFE, SETTINGS
from aigov.pinned import parse_remote, refuse_shared
from aigov.sources import Source

_HEAD = "refs/heads/head"
"""The one branch of a mirror, whatever the remote calls its own."""
_MOST_SAID = 1 << 20
"""Bytes that git may print."""
_PAUSE = 0.05
"""Seconds between two looks at a running git."""
_PASSED = re.compile(
    "PATH|HOME|USER|LOGNAME|TMPDIR|TEMP|SYSTEMROOT|USERPROFILE|SSH_AUTH_SOCK|SSL_CERT_(FILE|DIR)"
    "|GIT_SSL_CA(INFO|PATH)|GIT_SSH_COMMAND|GIT_ASKPASS|(https?|no|all)_proxy|(HTTPS|NO|ALL)_PROXY"
)
"""Variables that git is given; a token that another program was meant to have is not there."""
_SETTINGS = (
    *SETTINGS,
    "http.lowSpeedLimit=1",  # where this process was killed, git ends by itself
    "http.lowSpeedTime=300",
    "gc.autoDetach=false",
    "maintenance.autoDetach=false",
    "core.bigFileThreshold=1m",  # larger blobs go to the disk, not through memory
)
_HELPER = (
    '!f() { test "$1" = get && printf "username=%s\\npassword=%s\\n" '
    '"$AIGOV_GIT_USER" "$AIGOV_GIT_SECRET"; }; f'
)
_MEANINGS = {
    r"error: 40[13]|could not read (Username|Password)|Authentication|Permission denied \(p": (
        "password needed: the server does not let git read it"
    ),
    r"error: 4(04|10|51)|not found|does not exist|not appear to be a git repo": (
        "not found: the server has no such repository"
    ),
    r"transport '.*' not allowed|Protocol .* (not supported|disabled)|dubious ownership": (
        "refused: it leads to another protocol, or to files of someone else"
    ),
    r"Could not resolve": "unreachable: there is no such host",
    r"[Cc]ertificate|SSL|[Hh]ost key": "unreachable: its host is not known to be the right one",
    r"corrupt|bad (object|config|line)|pack|did not send all|[Ii]nvalid|mismatched algorithm"
    r"|missing|unable to read|unexpected|early EOF|single revision|not a git repository": (
        "corrupt: what the server sends is no sound repository"
    ),
}
"""What git says (in the C locale) where it fails: the first that fits."""


class Limits(NamedTuple):
    """What one repository may cost."""

    seconds: float = 600.0
    size: int = 4 << 30
    """Bytes of its packs."""


class Mirror(NamedTuple):
    """An up-to-date copy, or why there is none."""

    path: str
    head: str
    """Full id of the commit at the head of the remote's default branch."""
    failure: str = ""
    """`class: words`, the same for the same trouble and none of the server's; the classes:
    `password needed`, `not found`, `timeout`, `empty`, `unreachable`, `corrupt`, `refused`."""


class _Failed(Exception):
    """Ends the work on one mirror; its text is the failure."""


class _Work(NamedTuple):
    url: str
    environment: dict[str, str]
    size: int
    deadline: float


def mirror(source: Source, folder: str, limits: Limits) -> Mirror:
    """Bring the mirror of a remote source, which lies below `folder`, up to date: one listing of
    its head, and a fetch where that is new.

    Raises:
        UsageError: `folder` cannot be written to, or others can.
    """
    deadline = time.monotonic() + limits.seconds
    path = os.path.join(folder, sha256(source.where.encode()).hexdigest())
    try:
        os.makedirs(folder, 0o700, exist_ok=True)
        refuse_shared(folder)
        work = _Work(source.where, _environment(source.where), limits.size, deadline)
        # A lock that every platform has, and that ends with this process.
        with closing(sqlite3.connect(f"{path}.lock", timeout=limits.seconds)) as lock:
            lock.execute("BEGIN EXCLUSIVE")
            return Mirror(path, _current(work, path))
    except _Failed as failed:
        return Mirror(path, "", str(failed))
    except sqlite3.OperationalError:
        return Mirror(path, "", "timeout: another audit is at its mirror")
    except OSError as error:
        problem = f"the mirrors cannot be written ({error.strerror})"
        raise UsageError(problem, where=str(error.filename or folder)) from None


def _environment(url: str) -> dict[str, str]:
    """Return the variables for git: one protocol, one host's credential, nobody to ask."""
    kind = "refused"
    try:
        parse_remote(url)
        kind = "password needed"
        shown = credential(url)
    except AigovError as error:
        raise _Failed(f"{kind}: {error.problem}") from None
    found = {name: value for name, value in os.environ.items() if _PASSED.fullmatch(name)}
    found = {"GIT_SSH_COMMAND": "ssh -oBatchMode=yes", "LC_ALL": "C", **found, **SAFE}
    found["GIT_ALLOW_PROTOCOL"] = url.partition("://")[0]
    if shown:
        helper = f"credential.https://{urlsplit(url).netloc}.helper"
        found |= {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": helper,
            "GIT_CONFIG_VALUE_0": _HELPER,
        }
        found["AIGOV_GIT_USER"], found["AIGOV_GIT_SECRET"] = shown
    return found


def _current(work: _Work, path: str) -> str:
    """Return the head of the mirror at `path`, which is made where there is none that is whole."""
    head = _git(work, os.devnull, "ls-remote", "--", work.url, "HEAD").partition("\t")[0]
    if not head:
        raise _Failed("empty: it has no commit on its default branch")
    try:
        if _head(work, path) == head:
            return head
    except _Failed as failed:
        if not str(failed).startswith("corrupt"):
            raise
        shutil.rmtree(path, ignore_errors=True)
        os.mkdir(path, 0o700)
        made = ("--quiet", "--bare", "--template=", "--initial-branch=head")
        form = "sha1" if len(head) == 40 else "sha256"
        _git(work, path, "init", *made, f"--object-format={form}")
    # The URL is on no disk, so that nothing is ever fetched later.
    calm = ("--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head")
    wanted = ("--filter=blob:limit=1m", "origin", f"+HEAD:{_HEAD}")
    _tidy(path)  # of an earlier run
    try:
        _git(work, path, "-c", f"remote.origin.url={work.url}", "fetch", *calm, *wanted)
    finally:
        _tidy(path)
    return _head(work, path)


def _tidy(path: str) -> None:
    """Remove what a killed git leaves."""
    for pattern in ("**/*.lock", "objects/**/tmp_*"):
        for left in Path(path).glob(pattern):
            left.unlink(missing_ok=True)


def _head(work: _Work, path: str) -> str:
    return _git(work, path, "rev-parse", "--verify", f"{_HEAD}^{{commit}}").strip()


def _git(work: _Work, path: str, *arguments: str) -> str:
    """Run git on the repository at `path`, and return what it prints."""
    settings = [word for one in _SETTINGS for word in ("-c", one)]
    with TemporaryFile() as said, TemporaryFile() as trouble:
        process = subprocess.Popen(
            ["git", *settings, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=trouble,
            env={**work.environment, "GIT_DIR": path},
            start_new_session=True,
        )
        try:
            while process.poll() is None:
                _watch(work, path, said.fileno(), trouble.fileno())
                with suppress(subprocess.TimeoutExpired):
                    process.wait(_PAUSE)
        finally:
            _end(process)
        printed = trouble if process.returncode else said
        printed.seek(0)
        text = printed.read(_MOST_SAID).decode("utf-8", "replace")
    if process.returncode:
        raise _Failed(_meaning(text))
    return text


def _watch(work: _Work, path: str, *printed: int) -> None:
    if time.monotonic() > work.deadline:
        raise _Failed("timeout: it takes longer than it may")
    size = 0
    with suppress(OSError), os.scandir(os.path.join(path, "objects", "pack")) as packs:
        size = sum(one.stat().st_size for one in packs)  # one that is gone is looked at again
    if size > work.size or any(os.fstat(one).st_size > _MOST_SAID for one in printed):
        raise _Failed("refused: it is larger than it may be")


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End git and all that it started, where it still runs."""
    if process.poll() is None:
        if sys.platform == "win32":
            subprocess.run(["taskkill", "/F", "/T", "/PID", str(process.pid)], check=False)
        else:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _meaning(said: str) -> str:
    """Return what git's own lines mean; those that begin with `remote:` are the server's."""
    own = [line for line in said.splitlines() if not line.startswith("remote:")]
    text = re.sub(r"\w+://\S*", "", "\n".join(own))
    fitting = (words for pattern, words in _MEANINGS.items() if re.search(pattern, text))
    return next(fitting, "unreachable: the server does not answer as git does")
