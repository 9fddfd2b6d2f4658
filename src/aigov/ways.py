"""By what ways a path leads into a repository: links, parents, working trees."""

import os
from collections.abc import Iterator
from pathlib import PurePath

_NOWHERE = (-1, -1)
_MAX_STEPS = 1000
"""Places that a path passes through before its links are taken to go in circles."""


def ways(path: str) -> set[tuple[int, int]]:
    """Return the identities of all folders that lead to `path`, or from it to somewhere else, and
    of the repositories that these are working trees of."""
    return {
        mark
        for place in _reached(path)
        for folder in (place, *map(str, PurePath(place).parents))
        for mark in (identity(folder), identity(_common_folder(folder)))
        if mark != _NOWHERE
    }


def _reached(path: str) -> Iterator[str]:
    """Yield what a path passes through, and where it is a folder every folder and link in it."""
    yield from _passed(path)
    for folder, folders, names in os.walk(path):
        yield folder
        for name in folders + names:
            if os.path.islink(one := os.path.join(folder, name)):
                yield from _passed(one)


def _passed(path: str) -> Iterator[str]:
    """Yield every link on the way, followed one at a time, and where it ends.

    A plain folder on the way, as in `folder/../x`, decides nothing.
    """
    here, *parts = PurePath(os.getcwd(), path).parts
    left = parts[::-1]
    for _ in range(_MAX_STEPS):
        if os.path.islink(here):
            yield here
            here, *parts = PurePath(os.path.dirname(here), os.readlink(here)).parts
            left += parts[::-1]
        if not left:
            break
        here = os.path.normpath(os.path.join(here, left.pop()))  # `here` is no link: `..` is up
    yield here


def identity(path: str) -> tuple[int, int]:
    """Return what is the same by whatever name or mount a folder is reached."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return _NOWHERE
    return found.st_dev, found.st_ino


def _common_folder(folder: str) -> str:
    """Return git's own folder that all working trees of a repository share; "" for none."""
    import git  # looks for the program; `aigov.git` says so where there is none

    try:
        return str(git.Repo(folder).common_dir) if os.path.lexists(f"{folder}/.git") else ""
    except (git.GitError, OSError, ValueError):
        return ""
