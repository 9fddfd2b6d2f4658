"""Git through GitPython, behind this one module; imported only where history is read."""

import os
import re
from collections import Counter

from aigov.errors import UsageError
from aigov.repositories import is_manifest

try:
    import git
except ImportError:  # GitPython looks for the program when it is imported
    raise UsageError("git cannot be run", remedy="install git, or put it on PATH") from None

_NOBODY = re.compile(r"noreply|\[bot\]|[^ -~]|^[^@]*$")
"""Addresses that name nobody: hidden by a forge, a machine's, or none at all."""


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
