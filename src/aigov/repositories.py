"""Manifests and evidence on disk: found, read bounded, never outside the repository."""

import os
import stat
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO, NamedTuple

from aigov.evidence import Evidence
from aigov.reports.escape import escape
from aigov.source import MAX_FILE_BYTES

MANIFEST_NAMES = ("aigov.yaml", "aigov.yml")
MANIFEST_ENDINGS = (".aigov.yaml", ".aigov.yml")
_SKIPPED = frozenset({".git", "node_modules"})
_LFS_POINTER = b"version https://git-lfs.github.com/spec/"
"""How a Git LFS pointer file begins (Git LFS specification, "The Pointer")."""
_CHUNK_BYTES = 4096
_MAX_CHUNKS = 16
"""Evidence that shows nothing in its first 64 KiB shows nothing."""
_MAX_DECODINGS = 4
"""A URL that is percent-encoded more often than this hides something."""


class ManifestFile(NamedTuple):
    """A manifest on disk: its content, or why it cannot be had."""

    path: str
    """As a report shows it: POSIX, relative to the repository root, else to the
    current folder; absolute where it lies below neither."""
    folder: str
    """Absolute; evidence paths start here."""
    root: str
    """Absolute; evidence may not lead out of it."""
    content: bytes
    refused: str = ""
    """Why the content is not read; empty when it is."""


def is_manifest(name: str) -> bool:
    """Say whether a file of this name is a manifest when found in a folder."""
    return name in MANIFEST_NAMES or name.endswith(MANIFEST_ENDINGS)


def is_url(given: str) -> bool:
    """Say whether a profile or pack is given by URL, not by path."""
    return given.startswith("git+") or "://" in given


def find_manifests(folder: str) -> Iterator[str]:
    """Yield the manifests below `folder`, sorted; symbolic links to folders are not
    followed, `.git`, `node_modules` and virtual environments are not entered.

    Raises:
        OSError: the folder itself cannot be listed.
    """
    left = _entries(folder)  # a stack, since folders nest deeper than Python may recurse
    while left:
        entry = left.pop()
        if entry.is_dir(follow_symlinks=False):
            if entry.name not in _SKIPPED:
                left += _entries(entry.path)
        elif is_manifest(entry.name):
            yield entry.path


def _entries(folder: str) -> "list[os.DirEntry[str]]":
    """Return what `folder` holds, last name first; nothing for a virtual environment."""
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda entry: entry.name, reverse=True)
    marked = any(entry.name == "pyvenv.cfg" and entry.is_file() for entry in found)
    return [] if marked and _is_environment(folder) else found


def _is_environment(folder: str) -> bool:
    """A `pyvenv.cfg` alone hides no manifest: its `home` and a Python must be there too
    (PEP 405)."""
    try:
        with open(os.path.join(folder, "pyvenv.cfg"), "rb") as file:
            lines = file.read(_CHUNK_BYTES).splitlines()
    except OSError:
        return False
    return any(line.partition(b"=")[0].strip().lower() == b"home" for line in lines) and any(
        os.path.lexists(os.path.join(folder, *python))
        for python in (("bin", "python"), ("bin", "python3"), ("Scripts", "python.exe"))
    )


def repository_root(path: str) -> str | None:
    """Return the nearest folder at or above `path` that holds `.git`, or None."""
    folder = os.path.realpath(path)
    while True:
        if os.path.lexists(os.path.join(folder, ".git")):
            return folder
        above = os.path.dirname(folder)
        if above == folder:
            return None
        folder = above


def read_manifest(path: str) -> ManifestFile:
    """Read one manifest; trouble with it is in `refused`.

    Raises:
        FileNotFoundError: there is nothing at `path`.
    """
    folder = os.path.realpath(os.path.dirname(path) or ".")
    repository = repository_root(folder)
    root = repository or folder
    own = os.path.join(folder, os.path.basename(path))
    shown = _shown(own, repository or os.path.realpath("."))
    real = os.path.realpath(own)
    content, refused = b"", ""
    linked = stat.S_ISLNK(os.lstat(own).st_mode)
    if linked and not _inside(real, root):
        refused = "it is a symbolic link out of the repository"
    elif linked and not os.path.exists(own):
        refused = "it is a symbolic link to nothing"
    elif not stat.S_ISREG(os.stat(own).st_mode):
        refused = "it is not a regular file"
    else:
        try:
            with open(own, "rb") as file:
                content = file.read(MAX_FILE_BYTES + 1)
        except OSError as error:
            refused = f"it cannot be read ({error.strerror})"
    return ManifestFile(shown, folder, root, content, refused)


def resolve_evidence(
    paths: Iterable[str], folder: str, root: str, url_prefixes: tuple[str, ...] | None
) -> dict[str, Evidence]:
    """Say of each evidence path whether it resolves below `folder`, and to what."""

    def on_disk(path: str) -> Evidence:
        return _evidence(os.path.join(folder, *path.split("/")), root)

    return _with_digests(resolve(paths, url_prefixes, on_disk), folder)


def resolve(
    paths: Iterable[str], url_prefixes: tuple[str, ...] | None, file: Callable[[str], Evidence]
) -> dict[str, Evidence]:
    """Say of each evidence path whether it resolves, by `file` if it is no URL; a URL is left
    out, so unknown, unless a profile gives the prefixes that count."""
    found = {}
    for path in paths:
        if not path.startswith("https://"):
            found[path] = file(path)
        elif url_prefixes is not None:
            found[path] = Evidence(_listed(path, url_prefixes))
    return found


def _with_digests(found: dict[str, Evidence], folder: str) -> dict[str, Evidence]:
    """Give what is as large as other evidence the digest of its bytes: only that can be
    the same, and most evidence need not be read to its end."""
    by_size: dict[int, list[str]] = {}
    for path, one in found.items():
        if one.size is not None:
            by_size.setdefault(one.size, []).append(path)
    for paths in by_size.values():
        for path in paths if len(paths) > 1 else ():
            digest = _digest(os.path.join(folder, *path.split("/")))
            found[path] = found[path]._replace(digest=digest)
    return found


def _digest(path: str) -> str:
    from hashlib import file_digest  # loads OpenSSL; only suspects are read whole

    try:
        with open(path, "rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _listed(url: str, prefixes: tuple[str, ...]) -> bool:
    """A prefix counts up to a path boundary: `https://a.b/c` lists `/c` and `/c/d`, but
    nothing that climbs out, however often its dots are percent-encoded."""
    from urllib.parse import unquote  # loads much; only where a profile lists URLs

    plain = url
    for _ in range(_MAX_DECODINGS):
        plain = unquote(plain)
    if ".." in plain or unquote(plain) != plain:
        return False
    return any(url == prefix or url.startswith(prefix.rstrip("/") + "/") for prefix in prefixes)


def _evidence(path: str, root: str) -> Evidence:
    """A regular file inside the repository that shows something and is no manifest
    (which would be its own evidence), no LFS pointer and nothing of git's."""
    nothing = Evidence(resolves=False)
    real = os.path.realpath(path)
    try:
        if not _inside(real, root) or not stat.S_ISREG((status := os.stat(real)).st_mode):
            return nothing
        # Lower case, since a file system that ignores case finds them under any name.
        names = os.path.relpath(real, root).lower().split(os.sep)
        if ".git" in names or is_manifest(names[-1]):
            return nothing
        with open(real, "rb") as file:
            return Evidence(shows_something(file), status.st_size)
    except (OSError, ValueError):
        return nothing


def shows_something(file: BinaryIO) -> bool:
    """Say whether the file has a visible character; what is not UTF-8, as in a PDF, is one."""
    start = file.read(_CHUNK_BYTES)
    if start.startswith(_LFS_POINTER):
        return False
    decode = getincrementaldecoder("utf-8")("replace").decode
    chunk = start.lstrip(b"\xff\xfe\0")  # the byte order marks of UTF-16 and UTF-32
    for _ in range(_MAX_CHUNKS):
        text = decode(chunk)
        if any(not char.isspace() and escape(char) == char for char in text):
            return True
        chunk = file.read(_CHUNK_BYTES)
    return False


def _inside(path: str, root: str) -> bool:
    return path == root or path.startswith(root.rstrip(os.sep) + os.sep)


def _shown(path: str, base: str) -> str:
    shown = os.path.relpath(path, base) if _inside(path, base) else path
    return shown.replace(os.sep, "/")
