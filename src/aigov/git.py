"""Git through GitPython, behind this one module; imported only where history is read."""

import os
import re
from collections import Counter
from collections.abc import Iterator

from aigov.errors import UsageError
from aigov.repositories import is_manifest

try:
    import git
except ImportError:  # GitPython looks for the program when it is imported
    raise UsageError("git cannot be run", remedy="install git, or put it on PATH") from None

_NOBODY = re.compile(r"noreply|\[bot\]|[^ -~]|^[^@]*$")
"""Addresses that name nobody: hidden by a forge, a machine's, or none at all."""


SAFE = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_GRAFT_FILE": os.devnull,
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",  # what older versions of git have against a lazy fetch
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_LITERAL_PATHSPECS": "1",
}
"""A repository under test configures nothing, replaces nothing and fetches nothing."""
SETTINGS = (
    f"core.hooksPath={os.devnull}",
    "core.fsmonitor=false",
    f"core.attributesFile={os.devnull}",
)


class Repository:
    """A git repository that is read and never run."""

    def __init__(self, path: str) -> None:
        """Open the repository at or above `path`.

        Raises:
            UsageError: there is none.
        """
        try:
            self._repo = git.Repo(path, search_parent_directories=True)
        except (git.GitError, OSError, ValueError) as error:
            raise UsageError(
                "no git repository", where=path, remedy="name a clone, or run `git init` there"
            ) from error
        self._ask = self._repo.git
        self._ask.update_environment(**SAFE)
        self.root = os.path.realpath(self._repo.working_tree_dir or self._repo.git_dir)

    def commit(self, rev: str) -> str | None:
        """Return the full id of the commit that `rev` names, None if there is none."""
        try:
            found: str = self._ask.rev_parse(
                "--verify", "--quiet", "--end-of-options", f"{rev}^{{commit}}"
            )
        except git.GitError:
            return None
        return found.splitlines()[-1]

    def files(self, commit: str) -> Iterator[tuple[str, str, str, int]]:
        """Yield path, mode, id and size of every file of a commit; submodules have size 0."""
        listed: str = self._ask.ls_tree("-r", "-z", "--long", "--full-tree", commit)
        for line in filter(None, listed.split("\0")):
            head, _, path = line.partition("\t")
            mode, _, blob, size = head.split()
            yield path, mode, blob, int(size) if size.isdecimal() else 0

    def content(self, blob: str, most: int) -> bytes:
        """Return the first bytes of a blob."""
        stream = self._repo.odb.stream(bytes.fromhex(blob))
        found: bytes = stream.read(most)
        return found

    def origin(self) -> str:
        """Return the address that the clone was made from, "" if none is known."""
        try:
            found: str = self._ask.config("--local", "--get", "remote.origin.url")
        except git.GitError:
            return ""
        return found

    def differs(self, commit: str) -> bool:
        """Tell whether tracked files in the working tree are not as in `commit`."""
        if self._repo.bare:
            return False
        try:
            settings = [word for one in SETTINGS for word in ("-c", one)]
            compared = ("diff", "--quiet", "--no-ext-diff", "--no-textconv", commit, "--")
            self._ask.execute(["git", *settings, *compared])
        except git.GitError:
            return True
        return False


def manifests_at_head(root: str, path: str) -> list[str]:
    """Return the manifests (POSIX, relative to `root`) that HEAD has at or below `path`.

    Raises:
        UsageError: git cannot say what HEAD has.
    """
    try:
        ask = git.Repo(root).git
        if _has_no_commit(ask):
            return []
        names = ask.ls_tree("-r", "--name-only", "-z", "HEAD").split("\0")
    except (git.GitError, OSError, ValueError) as error:
        raise UsageError(
            f"git cannot say which manifests HEAD has ({_reason(error)})",
            where=root,
            remedy="make `git ls-tree HEAD` work there, or remove a .git that is no repository",
        ) from None
    below = os.path.relpath(os.path.realpath(path), root).replace(os.sep, "/")
    prefix = "" if below == "." else f"{below}/"
    return [
        name for name in names if name.startswith(prefix) and is_manifest(name.rpartition("/")[2])
    ]


def frequent_authors(root: str, most: int = 500) -> list[str]:
    """Return the addresses that wrote the last commits that touch `root`, most commits first.

    Addresses that a forge hides and those of bots are left out; where git cannot say, nobody.
    """
    try:
        ask = git.Repo(root, search_parent_directories=True).git
        ask.update_environment(GIT_LITERAL_PATHSPECS="1", GIT_NO_LAZY_FETCH="1")
        listed = ask.log("--no-show-signature", f"-{most}", "--format=%ae", "--", root)
    except (git.GitError, OSError, ValueError):
        return []
    told = Counter(line for line in listed.splitlines() if not _NOBODY.search(line))
    return [address for address, _ in told.most_common(3)]


def _has_no_commit(ask: git.Git) -> bool:
    """Say whether HEAD names a branch that has no commit yet; a broken one is an error."""
    try:
        branch = ask.symbolic_ref("--quiet", "HEAD")
        ask.show_ref("--verify", "--quiet", branch)
    except git.GitCommandError as error:
        if error.status != 1:  # git's word for "there is none"; 128 is "cannot say"
            raise
        return "show-ref" in error.command  # else HEAD is detached, so it names a commit
    return False


def _reason(error: Exception) -> str:
    """Return git's own first line, else what kind of trouble GitPython saw."""
    said = getattr(error, "stderr", "").strip().removeprefix("stderr: ").strip("' \n")
    return said.splitlines()[0] if said else type(error).__name__
