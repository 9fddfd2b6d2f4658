"""What a commit holds, read from git's objects: never from the working tree."""

import posixpath
from collections.abc import Iterable, Iterator
from hashlib import sha256
from io import BytesIO
from itertools import accumulate
from typing import NamedTuple, Protocol

from aigov.errors import UsageError
from aigov.evidence import Evidence
from aigov.git import Repository
from aigov.repositories import MANIFEST_NAMES, is_manifest, resolve, shows_something
from aigov.source import MAX_FILE_BYTES

MAX_LINKS = 8
"""Symbolic links that are followed within the commit before a path leads nowhere."""
_REGULAR = ("100644", "100755")
_LINK = "120000"
_SUBMODULE = "160000"
_ABSENT = "000000"


class Objects(Protocol):
    """What commits are read through: `aigov.git.Repository`, `aigov.objects.Bulk`."""

    root: str

    def commit(self, rev: str) -> str | None:
        """Return the full id of the commit that `rev` names, None if there is none."""

    def files(self, commit: str) -> Iterator[tuple[str, str, str]]:
        """Yield path, mode and id of every file of a commit."""

    def content(self, blob: str, most: int) -> bytes | None:
        """Return the first bytes of a blob; None where it is too large for this clone."""


class Blob(NamedTuple):
    """One file of a commit."""

    mode: str
    id: str


class Snapshot:
    """The files of one commit."""

    def __init__(self, objects: Objects, commit: str, files: dict[str, Blob]) -> None:
        self.commit, self.files = commit, files
        self.unread: set[str] = set()
        """Files that are too large to be in this clone, of those that were to be read."""
        self._objects = objects

    @property
    def submodules(self) -> list[str]:
        """Where other repositories are taken in, of which a commit holds but the name."""
        return sorted(path for path, blob in self.files.items() if blob.mode == _SUBMODULE)

    def manifests(self) -> Iterator[tuple[str, bytes | None]]:
        """Yield path and content of each manifest, sorted; None where it is no regular file."""
        for path in sorted(path for path in self.files if path.endswith(MANIFEST_NAMES)):
            *folders, name = path.split("/")
            if is_manifest(name) and "node_modules" not in folders:
                yield path, self.read(path)

    def read(self, path: str) -> bytes | None:
        """Return the start of a file (`source.MAX_FILE_BYTES` and one byte more), through
        links that stay inside the commit; None where there is no regular file."""
        end = self._end(path)
        blob = self.files.get(end)
        return self._content(end, blob, MAX_FILE_BYTES + 1) if blob else None

    def _content(self, path: str, blob: Blob, most: int) -> bytes | None:
        content = self._objects.content(blob.id, most)
        if content is None:
            self.unread.add(path)
        return content

    def _end(self, path: str) -> str:
        """Return the regular file to which a path leads, through links to files and folders;
        "" where it leads to none."""
        for _ in range(MAX_LINKS):
            blob = self.files.get(path)
            if blob and blob.mode in _REGULAR:
                return path
            above = accumulate(path.split("/"), lambda folder, name: f"{folder}/{name}")
            on_way = ((one, self.files[one]) for one in above if one in self.files)
            link, blob = next(on_way, ("", Blob("", "")))
            if blob.mode != _LINK:
                return ""  # nothing, or a submodule
            target = (self._content(link, blob, 4096) or b"").decode("utf-8", "replace")
            rest = path[len(link) + 1 :]
            path = posixpath.normpath(posixpath.join(posixpath.dirname(link), target, rest))
        return ""

    def resolve_evidence(
        self, paths: Iterable[str], folder: str, url_prefixes: tuple[str, ...] | None
    ) -> dict[str, Evidence]:
        """Say of each evidence path whether it resolves below `folder`, and to what."""

        def in_commit(path: str) -> Evidence:
            return self._evidence(posixpath.normpath(posixpath.join(folder, path)))

        return resolve(paths, url_prefixes, in_commit)

    def _evidence(self, path: str) -> Evidence:
        content = None
        if not is_manifest(posixpath.basename(self._end(path))):  # it would be its own evidence
            content = self.read(path)
        if content is None:
            return Evidence(resolves=False)
        shown = shows_something(BytesIO(content))
        return Evidence(shown, len(content), sha256(content).hexdigest())


def snapshot(objects: Objects, rev: str) -> Snapshot:
    """Return the files of the commit that `rev` names.

    Raises:
        UsageError: it names none, or its files cannot be listed.
    """
    commit = objects.commit(rev)
    if commit is None:
        raise UsageError(
            f"no commit {rev}", where=objects.root, remedy="commit first, or name another --rev"
        )
    files = {path: Blob(mode, id_) for path, mode, id_ in objects.files(commit)}
    return Snapshot(objects, commit, files)


def nearby(found: Snapshot, repository: Repository, commit: str) -> Snapshot:
    """Return the files of `commit` (a full id), read by what differs from a snapshot.

    Raises:
        UsageError: git cannot compare them.
    """
    files = {**found.files}
    for path, mode, id_ in repository.differing(found.commit, commit):
        files[path] = Blob(mode, id_)
        if mode == _ABSENT:
            del files[path]
    return Snapshot(repository, commit, files)
