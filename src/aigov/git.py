"""Git through GitPython, behind this one module; imported only where history is read."""

import os

import git

from aigov.repositories import is_manifest


def manifests_at_head(root: str, path: str) -> list[str]:
    """Return the manifests (POSIX, relative to `root`) that HEAD has at or below `path`."""
    try:
        names = git.Repo(root).git.ls_tree("-r", "--name-only", "-z", "HEAD").split("\0")
    except (git.GitCommandError, git.InvalidGitRepositoryError, ValueError):
        return []  # no commit yet, so HEAD has nothing
    below = os.path.relpath(os.path.realpath(path), root).replace(os.sep, "/")
    prefix = "" if below == "." else f"{below}/"
    return [
        name for name in names if name.startswith(prefix) and is_manifest(name.rpartition("/")[2])
    ]
