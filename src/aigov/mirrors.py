"""Remote repositories as bare mirrors: asked for their head, fetched only where it moved.

A mirror holds one branch, its whole history and no blob over 1 MiB.  Git runs without the user's
configuration, in few variables of the environment, in a group of processes that ends with it;
what it shows to a forge is in its environment and in nothing else.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryFile
from typing import NamedTuple

from aigov.errors import AigovError, UsageError
from aigov.forges import credential
from aigov.git import SAFE, SETTINGS
from aigov.pinned import parse_remote, refuse_shared
from aigov.sources import Source

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_HEAD = "refs/heads/head"
"""The one branch of a mirror, whatever the remote calls its own."""
_MOST_BLOB = "1m"
_MOST_SAID = 1 << 20
"""Bytes that git may print."""
_PAUSE = 0.05
"""Seconds between two looks at a program or a lock."""
_PASSED = (
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "TMPDIR",
    "SSH_AUTH_SOCK",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "GIT_SSL_CAINFO",
    "GIT_SSL_CAPATH",
    "GIT_SSH_COMMAND",
    "GIT_ASKPASS",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "HTTPS_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
    "SYSTEMROOT",
    "USERPROFILE",
    "TEMP",
)
"""Variables that git is given; a token that another program was meant to have is not there."""
_SETTINGS = (
    *SETTINGS,
    "credential.helper=",
    "http.lowSpeedLimit=1000",  # where this process was killed, git ends by itself
    "http.lowSpeedTime=60",
    "gc.autoDetach=false",
    "maintenance.autoDetach=false",
    "core.bigFileThreshold=1m",  # larger blobs go to the disk, not through memory
)
_HELPER = (
    '!f() { test "$1" = get && printf "username=%s\\npassword=%s\\n" '
    '"$AIGOV_GIT_USER" "$AIGOV_GIT_SECRET"; }; f'
)


class Limits(NamedTuple):
    """What one repository may cost."""

    seconds: float = 600.0
    size: int = 4 << 30
    """Bytes of its mirror."""


class Mirror(NamedTuple):
    """An up-to-date copy."""

    path: str
    head: str
    """Full id of the commit at the head of the remote's default branch."""


class Failure(NamedTuple):
    """Why there is no copy; the same words for the same trouble, and none of the server's."""

    kind: str
    """`password needed`, `not found`, `timeout`, `empty`, `unreachable`, `corrupt`, `refused`."""
    words: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.words}"


_MEANINGS = (
    (
        r"error: 40[13]|could not read (Username|Password)|Authentication failed|Access denied"
        r"|Permission denied \(",
        Failure("password needed", "the server does not let git read it"),
    ),
    (
        r"error: 4(04|10|51)|not found|does not exist|not appear to be a git repo",
        Failure("not found", "the server has no such repository"),
    ),
    (
        r"transport '.*' not allowed|Protocol .* (not supported|disabled)|dubious ownership",
        Failure("refused", "it leads to another protocol, or to files of someone else"),
    ),
    (r"Could not resolve", Failure("unreachable", "there is no such host")),
    (
        r"[Cc]ertificate|SSL|[Hh]ost key",
        Failure("unreachable", "the identity of the host is not trusted"),
    ),
    (
        r"corrupt|bad (object|line|config)|index-pack|did not send all|inflate|protocol error|unpack"
        r"|mismatched algorithm|[Ii]nvalid|unable to read|unexpected|missing|pack|early EOF"
        r"|single revision|not a git repository",
        Failure("corrupt", "what the server sends is no sound repository"),
    ),
)
"""What git says (in the C locale) where it fails: class and words, the first that fits."""


class _Failed(Exception):
    """Ends the work on one mirror; its argument is the Failure."""


class _Work(NamedTuple):
    """What every run of git for one mirror goes by."""

    environment: dict[str, str]
    size: int
    deadline: float
    lock: int


def mirror(source: Source, folder: str, limits: Limits) -> Mirror | Failure:
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
        environment = _environment(source.where)
        with _locked(f"{path}.lock", deadline) as lock:
            return _current(path, source.where, _Work(environment, limits.size, deadline, lock))
    except _Failed as failed:
        found: Failure = failed.args[0]
        return found
    except OSError as error:
        problem = f"the mirrors cannot be written ({error.strerror})"
        raise UsageError(problem, where=str(error.filename or folder)) from None


def _environment(url: str) -> dict[str, str]:
    """Return the variables for git: one protocol, one host's credential, nobody to ask."""
    try:
        parse_remote(url)
        shown = credential(url)
    except AigovError as error:
        raise _Failed(Failure("refused", error.problem)) from None
    found = {name: os.environ[name] for name in _PASSED if name in os.environ}
    found = {"GIT_SSH_COMMAND": "ssh -oBatchMode=yes", "LC_ALL": "C", **found, **SAFE}
    found["GIT_ALLOW_PROTOCOL"] = url.partition("://")[0]
    if shown:
        found |= {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"credential.{shown.site}.helper",
            "GIT_CONFIG_VALUE_0": _HELPER,
            "AIGOV_GIT_USER": shown.user,
            "AIGOV_GIT_SECRET": shown.secret,
        }
    return found


def _current(path: str, url: str, work: _Work) -> Mirror:
    head = _git(work, os.devnull, "ls-remote", "--quiet", "--", url, "HEAD").partition("\t")[0]
    if not head:
        raise _Failed(Failure("empty", "it has no commit on its default branch"))
    if os.path.isdir(path):
        try:
            if _head(work, path) == head:
                return Mirror(path, head)
            _tidy(path)
            _fetch(work, path, url)
            return Mirror(path, _head(work, path))
        except _Failed as failed:
            if failed.args[0].kind != "corrupt":
                raise
    draft = f"{path}.new"  # none yet, or a damaged one: the old one stays until there is a whole
    shutil.rmtree(draft, ignore_errors=True)
    form = "sha1" if len(head) == 40 else "sha256"
    made = ("--bare", "--template=", "--initial-branch=head", f"--object-format={form}")
    os.mkdir(draft, 0o700)
    try:
        _git(work, draft, "init", "--quiet", *made)
        _fetch(work, draft, url)
        found = _head(work, draft)
        shutil.rmtree(path, ignore_errors=True)
        os.rename(draft, path)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return Mirror(path, found)


def _head(work: _Work, path: str) -> str:
    found = _git(work, path, "rev-parse", "--verify", "--end-of-options", f"{_HEAD}^{{commit}}")
    return found.strip()


def _fetch(work: _Work, path: str, url: str) -> None:
    """Fetch the default branch; the URL is on no disk, so that nothing is ever fetched later."""
    calm = ("--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head")
    wanted = (f"--filter=blob:limit={_MOST_BLOB}", "origin", f"+HEAD:{_HEAD}")
    _git(work, path, "-c", f"remote.origin.url={url}", "fetch", *calm, *wanted)


def _tidy(path: str) -> None:
    """Remove what a killed git left; the lock says that none is at work."""
    for pattern in ("**/*.lock", "objects/**/tmp_*"):
        for left in Path(path).glob(pattern):
            left.unlink(missing_ok=True)


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
            pass_fds=() if sys.platform == "win32" else (work.lock,),  # locked while git lives
        )
        try:
            while _runs(process):
                _watch(work, path, said.fileno(), trouble.fileno())
        finally:
            _end(process)
        said.seek(0)
        trouble.seek(0)
        if process.returncode:
            raise _Failed(_meaning(trouble.read(_MOST_SAID).decode("utf-8", "replace")))
        return said.read(_MOST_SAID).decode("utf-8", "replace")


def _runs(process: "subprocess.Popen[bytes]") -> bool:
    try:
        process.wait(_PAUSE)
    except subprocess.TimeoutExpired:
        return True
    return False


def _watch(work: _Work, path: str, *printed: int) -> None:
    if time.monotonic() > work.deadline:
        raise _Failed(Failure("timeout", "it takes longer than it may"))
    size = 0
    with suppress(OSError), os.scandir(os.path.join(path, "objects", "pack")) as packs:
        size = sum(one.stat().st_size for one in packs)  # one that is gone is looked at again
    if size > work.size or any(os.fstat(one).st_size > _MOST_SAID for one in printed):
        raise _Failed(Failure("refused", "it is larger than it may be"))


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End git and all that it started, where it still runs."""
    if process.poll() is None:
        if sys.platform == "win32":
            subprocess.run(["taskkill", "/F", "/T", "/PID", str(process.pid)], check=False)
        else:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _meaning(said: str) -> Failure:
    """Return what git's own lines mean; those that begin with `remote:` are the server's."""
    own = [line for line in said.splitlines() if not line.startswith("remote:")]
    text = re.sub(r"\w+://\S*", "", "\n".join(own))
    for pattern, kind, words in _MEANINGS:
        if re.search(pattern, text):
            return Failure(kind, words)
    return Failure("unreachable", "the server does not answer as git does")


@contextmanager
def _locked(path: str, deadline: float) -> Iterator[int]:
    """Hold a lock that ends with the processes that have it."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        while not _lock(handle):
            if time.monotonic() > deadline:
                raise _Failed(Failure("timeout", "another audit is at its mirror"))
            time.sleep(_PAUSE)
        yield handle
    finally:
        os.close(handle)


def _lock(handle: int) -> bool:
    try:
        if sys.platform == "win32":
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
