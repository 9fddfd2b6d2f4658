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
MAX_BYTES = 64 * 1024 * 1024
"""The largest file of the cache."""
_URL = re.compile(
    r"git\+(?P<remote>(?P<scheme>https|ssh|file)://(?P<user>[^/@]*@)?(?P<place>[^@#]*))"
    r"@(?P<commit>[0-9a-f]{40}|[0-9a-f]{64})(?:#(?P<path>[^#]+))?"
)
_PLACE = re.compile(
    r"(?:[A-Za-z0-9][A-Za-z0-9.-]*(?::[0-9]{1,5})?)?(?:/(?!\.\.?(?:/|$))[\w.~+][\w.~+:-]*)+",
    re.ASCII,
)
"""Host and path of a repository: no part is an option, climbs out, or hides a letter."""
_USER = re.compile(r"\w[\w.-]*@", re.ASCII)
_PART = re.compile(r"(?!\.\.?$)[^-/\\][^/\\]*")
_FOLDER, _REGULAR = "40000", ("100644", "100755")
_FORM = "write git+https://HOST/REPOSITORY@COMMIT#PATH with all 40 digits of the commit"


class Pin(NamedTuple):
    """What a URL is pinned to."""

    url: str
    remote: str
    """The URL that git fetches from."""
    commit: str
    """Full id: 40 hex digits (SHA-1), or 64 (SHA-256)."""
    path: str
    """POSIX, of a profile or the folder of a pack; "" for the whole repository."""

    @property
    def fetch(self) -> str:
        """The command that brings it into the cache."""
        return f"aigov-gate profile fetch '{self.url}'"


def parse_pin(url: str) -> Pin:
    """Read `git+https://HOST/REPOSITORY@COMMIT#PATH` (or `git+ssh`, `git+file`).

    Raises:
        UsageError: it is no such URL, is not pinned, or carries a password.
    """
    found = _URL.fullmatch(url)
    user, scheme = (found["user"] or "", found["scheme"]) if found else ("", "")
    if user and not (scheme == "ssh" and _USER.fullmatch(user)):
        problem = "a URL with a password or token would show it to every reader of a log"
        raise UsageError(problem, remedy="let git ask ssh, ~/.netrc or GIT_ASKPASS for it")
    path = (found["path"] or "").rstrip("/") if found else ""
    if (
        found is None
        or not _PLACE.fullmatch(found["place"])
        or found["place"].startswith("/") != (scheme == "file")
        or not all(_PART.fullmatch(part) for part in path.split("/") if path)
        or not url.isprintable()
        or "'" in url
    ):
        shown = url if "@" not in url.partition("://")[2].partition("/")[0] else ""
        raise UsageError("no URL of a pinned commit", where=shown, remedy=_FORM)
    return Pin(url, found["remote"], found["commit"], path)


def places(given: str) -> list[str]:
    """Return the places on this machine that a profile or pack comes from."""
    if not is_url(given):
        return [given]
    pin = parse_pin(given)
    local = pin.remote.removeprefix("file://")
    return [_entry(pin), *([local] if local != pin.remote else [])]


def fetch_pinned(url: str) -> Mapping[str, bytes]:
    """Fetch what `url` names into the cache, and return it as `read_pinned` does.

    Raises:
        UsageError: it cannot be had, its commit is on no branch or tag, or it is no regular file.
    """
    from aigov.git import fetched  # loads git, which reading does without

    pin = parse_pin(url)
    kept: dict[str, str] = {}
    with fetched(pin.remote, pin.commit) as read:

        def get(kind: str, name: str) -> bytes:
            content = read(kind, name)
            kept[name] = f"{kind} {b64encode(content).decode()}\n"
            return content

        try:
            files = _walk(pin, get)
        except KeyError:
            problem, remedy = f"that commit has no {pin.path}", "correct what stands after #"
            raise UsageError(problem, where=url, remedy=remedy) from None
    text = "".join([f"{digest(files)}\n", *kept.values()])
    if len(text) > MAX_BYTES:
        raise UsageError("larger than 64 MiB", where=url, remedy="pin the folder of the pack alone")
    try:
        _write(_entry(pin), text)
    except OSError as error:
        problem = f"the cache cannot be written ({error.strerror})"
        raise UsageError(problem, where=str(error.filename or _entry(pin))) from None
    return files


def read_pinned(url: str) -> Mapping[str, bytes]:
    """Return the profile that `url` names as {"": content}, the policies of a pack by path.

    Raises:
        UsageError: it is not in the cache, or not as it was fetched.
    """
    pin = parse_pin(url)
    entry = _entry(pin)
    if not os.path.isfile(entry):
        raise UsageError("is not in the cache", where=url, remedy=pin.fetch)
    _refuse_shared(os.path.dirname(entry))
    used = set()

    def get(kind: str, name: str) -> bytes:
        used.add(name)
        return objects[kind, name]

    try:
        with open(entry, encoding="ascii") as file:
            locked, *lines = file.read(MAX_BYTES + 1).splitlines()
        objects = dict(_object(line, len(pin.commit)) for line in lines)
        files = _walk(pin, get)
        if locked != digest(files) or len(used) != len(lines):
            raise KeyError(locked)
    except (KeyError, ValueError, OSError):
        problem = "the cached copy is not what was fetched"
        raise UsageError(problem, where=entry, remedy=pin.fetch) from None
    return files


def digest(files: Mapping[str, bytes]) -> str:
    """Return `sha256:` of a profile's bytes, or over the sorted (path, sha256) of a pack."""
    if "" in files:
        return f"sha256:{sha256(files['']).hexdigest()}"
    rows = (f"{path}\0{sha256(data).hexdigest()}\n" for path, data in sorted(files.items()))
    return f"sha256:{sha256(''.join(rows).encode()).hexdigest()}"


def _object(line: str, digits: int) -> tuple[tuple[str, str], bytes]:
    """Return kind, id and content of an object of the cache; the id is git's own of it."""
    kind, text = line.split(" ")
    content = b64decode(text, validate=True)
    hashed = new("sha1" if digits == 40 else "sha256", f"{kind} {len(content)}\0".encode())
    hashed.update(content)
    return (kind, hashed.hexdigest()), content


def _walk(pin: Pin, get: Get) -> dict[str, bytes]:
    """Return what `pin` names, reached from its commit by nothing but ids."""
    first, _, _ = get("commit", pin.commit).partition(b"\n")
    mode, name = _FOLDER, first.removeprefix(b"tree ").decode()
    for part in pin.path.split("/") if pin.path else ():
        mode, name = dict(_entries(get("tree", name), len(name) // 2))[part]
    return dict(_files(pin, "", (mode, name), get))


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


def _entry(pin: Pin) -> str:
    """Return the file of the cache, below the user's own folder by the platform's custom."""
    usual = {"darwin": "~/Library/Caches", "win32": os.environ.get("LOCALAPPDATA", "~")}
    base = os.environ.get("XDG_CACHE_HOME") or usual.get(sys.platform, "~/.cache")
    named = sha256(f"{pin.remote}@{pin.commit}#{pin.path}".encode()).hexdigest()
    return os.path.join(os.path.abspath(os.path.expanduser(base)), "aigov-gate", named)


def _write(entry: str, text: str) -> None:
    folder = os.path.dirname(entry)
    os.makedirs(os.path.dirname(folder), exist_ok=True)
    if not os.path.isdir(folder):
        os.mkdir(folder, 0o700)
    _refuse_shared(folder)
    handle, draft = tempfile.mkstemp(dir=folder)
    with open(handle, "w", encoding="ascii", newline="\n") as file:
        file.write(text)
    os.replace(draft, entry)  # whole or not at all


def _refuse_shared(folder: str) -> None:
    """Refuse a cache that others can write to; Windows keeps a profile's folders apart."""
    if sys.platform == "win32":
        return
    found = os.stat(folder)
    if found.st_uid != os.geteuid() or found.st_mode & 0o022:
        problem, remedy = "others can write to the cache", f"chmod 700 '{folder}', then fetch again"
        raise UsageError(problem, where=folder, remedy=remedy)
