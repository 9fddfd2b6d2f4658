"""What a commit holds, read from git's objects: never from the working tree."""

import posixpath
from collections.abc import Iterable, Iterator
from hashlib import sha256
from io import BytesIO
from typing import NamedTuple

from aigov.errors import UsageError
from aigov.evidence import Evidence
from aigov.git import Repository
from aigov.repositories import MANIFEST_NAMES, is_manifest, resolve, shows_something
from aigov.source import MAX_FILE_BYTES

MAX_LINKS = 8
"""Symbolic links that are followed within the commit before a path leads nowhere."""
_REGULAR = ("100644", "100755")
_LINK = "120000"
_ABSENT = "000000"


class Blob(NamedTuple):
    """One file of a commit."""

    mode: str
    id: str


class Snapshot:
    """The files of one commit."""

    def __init__(self, repository: Repository, commit: str, near: "Snapshot | None" = None) -> None:
        """Read the listing of `commit`, a full id; a commit nearby is read by what differs.

        Raises:
            UsageError: git cannot list it.
        """
        self.commit = commit
        self._repository = repository
        listed = repository.differing(near.commit, commit) if near else repository.files(commit)
        self.files: dict[str, Blob] = {**near.files} if near else {}
        for path, mode, id_ in listed:
            self.files[path] = Blob(mode, id_)
            if mode == _ABSENT:
                del self.files[path]

    def manifests(self) -> Iterator[tuple[str, bytes | None]]:
        """Yield path and content of each manifest, sorted; None where it is no regular file."""
        for path in sorted(path for path in self.files if path.endswith(MANIFEST_NAMES)):
            *folders, name = path.split("/")
            if is_manifest(name) and "node_modules" not in folders:
                yield path, self.read(path)

    def read(self, path: str) -> bytes | None:
        """Return the start of a file (`source.MAX_FILE_BYTES` and one byte more), through
        links that stay inside the commit; None where there is no regular file."""
        for _ in range(MAX_LINKS):
            blob = self.files.get(path)
            if blob is None:
                return None
            if blob.mode in _REGULAR:
                return self._repository.content(blob.id, MAX_FILE_BYTES + 1)
            if blob.mode != _LINK:
                return None  # a submodule
            target = self._repository.content(blob.id, 4096).decode("utf-8", "replace")
            path = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
        return None

    def resolve_evidence(
        self, paths: Iterable[str], folder: str, url_prefixes: tuple[str, ...] | None
    ) -> dict[str, Evidence]:
        """Say of each evidence path whether it resolves below `folder`, and to what."""

        def in_commit(path: str) -> Evidence:
            return self._evidence(posixpath.normpath(posixpath.join(folder, path)))

        return resolve(paths, url_prefixes, in_commit)

    def _evidence(self, path: str) -> Evidence:
        if path.startswith(("../", "/")) or is_manifest(posixpath.basename(path)):
            return Evidence(resolves=False)
        content = self.read(path)
        if content is None:
            return Evidence(resolves=False)
        shown = shows_something(BytesIO(content))
        return Evidence(shown, len(content), sha256(content).hexdigest())


def snapshot(repository: Repository, rev: str) -> Snapshot:
    """Return the files of the commit that `rev` names.

    Raises:
        UsageError: it names none.
    """
    commit = repository.commit(rev)
    if commit is None:
        raise UsageError(
            f"no commit {rev}", where=repository.root, remedy="commit first, or name another --rev"
        )
    return Snapshot(repository, commit)
