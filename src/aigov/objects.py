"""Git objects read in bulk through libgit2, which starts no hook, filter or helper program.

For the audit of many repositories: a process of git for each would cost more than all that is
read.  `open_objects` falls back to the git program where libgit2 cannot open a repository, as
one with SHA-256 names.
"""

import os
from collections.abc import Iterable, Iterator
from glob import escape, glob

from aigov.errors import MissingExtra, UsageError
from aigov.git import Repository

try:
    import pygit2
except ImportError:
    remedy = "pip install 'aigov-gate[audit]'"
    raise MissingExtra("the audit needs pygit2", remedy=remedy) from None

pygit2.option(pygit2.enums.Option.SET_OWNER_VALIDATION, False)  # nothing is run, whoever owns it

_TREE = 0o040000
_UNREADABLE = (KeyError, ValueError, pygit2.GitError)


class Bulk:
    """A repository opened by libgit2; reads as `aigov.git.Repository` does."""

    def __init__(self, path: str) -> None:
        """Open the repository at `path`, bare or not.

        Raises:
            UsageError: libgit2 cannot open it, or part of its objects lie elsewhere.
        """
        try:
            self._repo = pygit2.Repository(path, pygit2.enums.RepositoryOpenFlag.NO_SEARCH)
        except (*_UNREADABLE, OSError) as error:
            raise UsageError(f"libgit2 cannot open it ({error!s:.200})", where=path) from None
        self.root = os.path.realpath(self._repo.workdir or self._repo.path)
        packs = glob(os.path.join(escape(self._repo.path), "objects", "pack", "*.promisor"))
        self._whole = not packs
        if os.path.lexists(os.path.join(self._repo.path, "objects", "info", "alternates")):
            raise UsageError(
                "its objects lie in another repository",
                where=path,
                remedy="`git repack -a -d`, then remove objects/info/alternates",
            )

    def commit(self, rev: str) -> str | None:
        """Return the full id of the commit that `rev` names, None if there is none.

        Raises:
            UsageError: the head is somewhere, and no commit is there.
        """
        try:
            return str(self._repo.revparse_single(rev).peel(pygit2.Commit).id)
        except (*_UNREADABLE, pygit2.InvalidSpecError) as error:
            if rev == "HEAD" and not self._repo.head_is_unborn:
                problem = "the commit at its head is damaged or missing"
                raise UsageError(problem, where=self.root) from error
            return None

    def tree(self, commit: str) -> str:
        """Return the id of the tree of a commit."""
        return str(self._commit(commit).tree_id)

    def files(self, commit: str) -> Iterator[tuple[str, str, str]]:
        """Yield path, mode and id of every file of a commit, trees in their order.

        Raises:
            UsageError: a tree cannot be read.
        """
        trees = [("", self._commit(commit).tree_id)]
        while trees:
            above, id_ = trees.pop()
            try:
                tree = self._repo[id_].peel(pygit2.Tree)
                entries = [(one.raw_name, one.filemode, one.id) for one in tree]
            except _UNREADABLE as error:
                where = f"{self.root}:{above or '/'}"
                raise UsageError("a folder cannot be read", where=where) from error
            for raw, mode, below in entries:
                path = above + (raw or b"").decode("utf-8", "surrogateescape")
                if mode == _TREE:
                    trees.append((f"{path}/", below))
                else:
                    yield path, f"{mode:06o}", str(below)

    def content(self, blob: str, most: int) -> bytes | None:
        """Return the first bytes of a blob, None where a partial clone has left it out: too large.

        Raises:
            UsageError: it is damaged, or should be there.
        """
        try:
            found = self._repo[blob].peel(pygit2.Blob)
            if found.size <= most:
                return found.data
            with pygit2.BlobIO(found) as stream:
                return bytes(stream.read(most))
        except _UNREADABLE as error:
            if self._whole or not isinstance(error, KeyError):
                problem = f"the object {blob[:12]} is damaged or missing"
                raise UsageError(problem, where=self.root) from error
            return None

    def contents(self, blobs: Iterable[str], most: int) -> Iterator[bytes | None]:
        """Yield `content` of many blobs in their order."""
        return (self.content(blob, most) for blob in blobs)

    def close(self) -> None:
        """Let go of the files that libgit2 holds open."""
        self._repo.free()

    def _commit(self, commit: str) -> pygit2.Commit:
        return self._repo[commit].peel(pygit2.Commit)


def open_objects(path: str) -> Bulk | Repository:
    """Open the repository at `path`, by libgit2 or else by the git program.

    Raises:
        UsageError: neither can read it.
    """
    try:
        return Bulk(path)
    except UsageError as error:
        if error.remedy:
            raise
    found = Repository(path)
    if found.root != os.path.realpath(path):  # git looks for one above it, too
        raise UsageError("no git repository", where=path)
    return found
