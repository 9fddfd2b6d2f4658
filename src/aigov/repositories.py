"""Manifests and evidence on disk: found, read bounded, never outside the repository."""

import os
import stat
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from aigov.source import MAX_FILE_BYTES

MANIFEST_NAMES = ("aigov.yaml", "aigov.yml")
MANIFEST_ENDINGS = (".aigov.yaml", ".aigov.yml")
_SKIPPED = frozenset({".git", "node_modules"})
_LFS_POINTER = b"version https://git-lfs.github.com/spec/"
"""How a Git LFS pointer file begins (Git LFS specification, "The Pointer")."""


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


def find_manifests(folder: str) -> Iterator[str]:
    """Yield the manifests below `folder`, sorted; symbolic links to folders are not
    followed, `.git`, `node_modules` and virtual environments are not entered.

    Raises:
        OSError: the folder itself cannot be listed.
    """
    with os.scandir(folder) as entries:
        below = sorted(entries, key=lambda entry: entry.name)
    if any(entry.name == "pyvenv.cfg" for entry in below):
        return
    for entry in below:
        if entry.is_dir(follow_symlinks=False):
            if entry.name not in _SKIPPED:
                yield from find_manifests(entry.path)
        elif is_manifest(entry.name):
            yield entry.path


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
) -> dict[str, bool]:
    """Say of each evidence path whether it resolves; a URL is left out, so unknown,
    unless a profile gives the prefixes that count."""
    found = {}
    for path in paths:
        if path.startswith("https://"):
            if url_prefixes is not None:
                found[path] = _listed(path, url_prefixes)
        else:
            found[path] = _is_evidence(os.path.join(folder, *path.split("/")), root)
    return found


def _listed(url: str, prefixes: tuple[str, ...]) -> bool:
    """A prefix counts up to a path boundary: `https://a.b/c` lists `/c` and `/c/d`."""
    return ".." not in url and any(
        url == prefix or url.startswith(prefix.rstrip("/") + "/") for prefix in prefixes
    )


def _is_evidence(path: str, root: str) -> bool:
    """A regular, non-empty file inside the repository that is no LFS pointer."""
    real = os.path.realpath(path)
    try:
        if not _inside(real, root) or not stat.S_ISREG(os.stat(real).st_mode):
            return False
        with open(real, "rb") as file:
            start = file.read(200)
    except (OSError, ValueError):
        return False
    return bool(start.strip()) and not start.startswith(_LFS_POINTER)


def _inside(path: str, root: str) -> bool:
    return path == root or path.startswith(root.rstrip(os.sep) + os.sep)


def _shown(path: str, base: str) -> str:
    shown = os.path.relpath(path, base) if _inside(path, base) else path
    return shown.replace(os.sep, "/")
