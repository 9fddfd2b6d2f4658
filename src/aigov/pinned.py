"""Profiles and packs that are pinned to a commit: fetched once, then read from the cache.

What the cache keeps of a URL is one file, never run: git's own objects from the commit down to
each policy or profile, and the sha256 of what they hold.  Reading computes the id of every
object again, starting at the commit that the URL names, so that a cache can show what was
pinned or nothing.  Only `fetch` touches the network.
"""

import os
import re
import sys
import tempfile
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from hashlib import new, sha256
from typing import NamedTuple

from aigov.errors import UsageError
from aigov.repositories import is_url

Get = Callable[[str, str], bytes]
"""Returns the content of git's object of a kind (`tree`) and an id.

Raises:
    KeyError: there is none.
"""
_PART = r"(?!\.\.?(?:[/@]|$))[\w.~+][\w.~+:-]*"
"""No part of a path is an option or climbs out."""
_REMOTE = (
    r"(?P<remote>(?:(?:https://|ssh://(?:\w[\w.-]*@)?)[A-Za-z0-9][\w.-]*(?::[0-9]+)?|file://)"
    rf"(?:/{_PART})+)"
)
_COMMIT = r"@(?P<commit>[0-9a-f]{40}|[0-9a-f]{64})"
_URL = re.compile(rf"git\+{_REMOTE}{_COMMIT}(?:#(?P<path>{_PART}(?:/{_PART})*)/?)?")
_SOURCE = re.compile(rf"{_REMOTE}(?:{_COMMIT})?")
_SECRET = re.compile(r"https?://[^/]*@|://[^/]*:[^/]*@")
_FORM = "write git+https://HOST/REPOSITORY@COMMIT#PATH with all 40 digits of the commit"
_FOLDER, _REGULAR = "40000", ("100644", "100755")


class Pin(NamedTuple):
    """What a URL is pinned to."""

    url: str
    remote: str
    """The URL that git fetches from."""
    commit: str
    """Full id: 40 hex digits (SHA-1), or 64 (SHA-256)."""
    path: str
    """POSIX, of a profile or the folder of a pack; "" for the whole repository."""


def parse_pin(url: str) -> Pin:
    """Read `git+https://HOST/REPOSITORY@COMMIT#PATH` (or `git+ssh`, `git+file`).

    Raises:
        UsageError: it is no such URL, is not pinned, or carries a password.
    """
    found = _URL.fullmatch(url)
    if not found:
        raise _refused(url, "no URL of a pinned commit", _FORM)
    return Pin(url, found["remote"], found["commit"], found["path"] or "")


def parse_remote(url: str) -> tuple[str, str]:
    """Read `https://HOST/REPOSITORY` (or `ssh`, `file`), `@COMMIT` may follow; return the URL
    that git fetches from and the commit, "" for none.

    Raises:
        UsageError: it is no such URL, or carries a password.
    """
    found = _SOURCE.fullmatch(url)
    if not found:
        problem = "no URL of a repository (https, ssh or file)"
        raise _refused(url, problem, "write https://HOST/REPOSITORY or ssh://git@HOST/REPOSITORY")
    return found["remote"], found["commit"] or ""


def _refused(url: str, problem: str, remedy: str) -> UsageError:
    if _SECRET.search(url):
        problem = "a URL with a password or token would show it to every reader of a log"
        return UsageError(problem, remedy="let git ask ssh, ~/.netrc or GIT_ASKPASS for it")
    return UsageError(problem, where=url, remedy=remedy)


def places(given: str) -> list[str]:
    """Return the places on this machine that a profile or pack comes from."""
    if not is_url(given):
        return [given]
    pin = parse_pin(given)
    local = [pin.remote.removeprefix("file://")] if pin.remote.startswith("file://") else []
    return [_entry(pin), *local]


def fetch_pinned(url: str) -> Mapping[str, bytes]:
    """Fetch what `url` names into the cache, and return it as `read_pinned` does.

    Raises:
        UsageError: it cannot be had, its commit is on no branch or tag, or it is no regular file.
    """
    from aigov.git import fetched  # loads git, which reading does without

    pin = parse_pin(url)
    try:
        with fetched(pin.remote, pin.commit) as read:
            files, text = _kept(pin, read)
        _write(_entry(pin), text)
    except KeyError:
        problem = f"no {pin.path or 'files'} in a commit of that id"
        remedy = "name a path that the commit has, and a commit, not a tag"
        raise UsageError(problem, where=url, remedy=remedy) from None
    except OSError as error:
        problem = f"the cache cannot be written ({error.strerror})"
        raise UsageError(problem, where=str(error.filename or _entry(pin))) from None
    return files


def read_pinned(url: str) -> Mapping[str, bytes]:
    """Return the profile that `url` names as {"": content}, the policies of a pack by path.

    Raises:
        UsageError: it is not in the cache, or not as it was fetched.
    """
    pin, remedy = parse_pin(url), f"aigov-gate profile fetch '{url}'"
    entry = _entry(pin)
    if not os.path.isfile(entry):
        raise UsageError("is not in the cache", where=url, remedy=remedy)
    refuse_shared(os.path.dirname(entry))
    try:
        with open(entry, encoding="ascii") as file:
            stored = file.read()
        rows = (line.split(" ") for line in stored.splitlines()[1:])
        objects = {(kind, name): b64decode(text) for kind, name, text in rows}
        files, text = _kept(pin, lambda kind, name: objects[kind, name])
        if text != stored:
            raise ValueError
    except (KeyError, ValueError, OSError):
        problem = "the cached copy is not what was fetched"
        raise UsageError(problem, where=entry, remedy=remedy) from None
    return files


def digest(files: Mapping[str, bytes]) -> str:
    """Return `sha256:` of a profile's bytes, or over the sorted (path, sha256) of a pack."""
    if "" in files:
        return f"sha256:{sha256(files['']).hexdigest()}"
    rows = (f"{path}\0{sha256(data).hexdigest()}\n" for path, data in sorted(files.items()))
    return f"sha256:{sha256(''.join(rows).encode()).hexdigest()}"


def _kept(pin: Pin, get: Get) -> tuple[dict[str, bytes], str]:
    """Return what `pin` names, reached from its commit by nothing but ids, and the text that
    the cache keeps of it: the digest, then every object that was read."""
    form = "sha1" if len(pin.commit) == 40 else "sha256"
    lines: dict[str, str] = {}

    def read(kind: str, name: str) -> bytes:
        content = get(kind, name)
        hashed = new(form, f"{kind} {len(content)}\0".encode() + content)
        if hashed.hexdigest() != name:
            raise KeyError(name)
        lines[name] = f"{kind} {name} {b64encode(content).decode()}\n"
        return content

    first, _, _ = read("commit", pin.commit).partition(b"\n")
    mode, name = _FOLDER, first.removeprefix(b"tree ").decode()
    for part in pin.path.split("/") if pin.path else ():
        mode, name = dict(_entries(read("tree", name), len(name) // 2))[part]
    files = dict(_files(pin, "", (mode, name), read))
    return files, "".join([f"{digest(files)}\n", *lines.values()])


def _files(pin: Pin, path: str, at: tuple[str, str], get: Get) -> Iterator[tuple[str, bytes]]:
    mode, name = at
    where = f"{pin.url}{path}"
    if mode == _FOLDER:
        for below, entry in _entries(get("tree", name), len(name) // 2):
            yield from _files(pin, f"{path}/{below}", entry, get)
    elif mode not in _REGULAR:
        raise UsageError("a link or a submodule, no regular file", where=where)
    elif path.endswith(".yml"):
        raise UsageError("only .yaml is read", where=where, remedy="rename it to .yaml")
    elif not path or (path.endswith(".yaml") and not path.endswith(".cases.yaml")):
        yield path.removeprefix("/"), get("blob", name)


def _entries(tree: bytes, size: int) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield name, mode and id of what a tree object lists; an id has `size` bytes."""
    at = 0
    while at < len(tree):
        end = tree.index(b"\0", at)
        mode, _, name = tree[at:end].partition(b" ")
        at = end + 1 + size
        yield name.decode("utf-8", "replace"), (mode.decode(), tree[end + 1 : at].hex())


def cache_folder() -> str:
    """Return the folder of what was fetched, below the user's own by the platform's custom."""
    usual = {"darwin": "~/Library/Caches", "win32": os.environ.get("LOCALAPPDATA", "~")}
    base = os.environ.get("XDG_CACHE_HOME") or usual.get(sys.platform, "~/.cache")
    return os.path.join(os.path.abspath(os.path.expanduser(base)), "aigov-gate")


def _entry(pin: Pin) -> str:
    named = sha256(f"{pin.remote}@{pin.commit}#{pin.path}".encode()).hexdigest()
    return os.path.join(cache_folder(), named)


def _write(entry: str, text: str) -> None:
    folder = os.path.dirname(entry)
    os.makedirs(folder, 0o700, exist_ok=True)
    refuse_shared(folder)
    handle, draft = tempfile.mkstemp(dir=folder)
    with open(handle, "w", encoding="ascii", newline="\n") as file:
        file.write(text)
    os.replace(draft, entry)  # whole or not at all


def refuse_shared(folder: str) -> None:
    """Refuse a cache that others can write to; Windows keeps a profile's folders apart."""
    if sys.platform == "win32":
        return
    found = os.stat(folder)
    if found.st_uid != os.geteuid() or found.st_mode & 0o022:
        problem, remedy = "others can write to the cache", f"chmod 700 '{folder}', then fetch again"
        raise UsageError(problem, where=folder, remedy=remedy)
