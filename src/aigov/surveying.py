"""A repository looked over for clues: bounded, never outside it, nothing run."""

import os
from collections.abc import Iterator
from itertools import islice

from aigov.clues import Clue, Guide, read_clues

MAX_FOLDERS = 10_000
"""Folders that are looked into; a larger repository is looked at in part."""
MAX_FILES = 500
MAX_BYTES = 256 * 1024
"""A larger file is passed over: no file that people write by hand is as large."""
_SKIPPED = {".git", "node_modules", "vendor", "third_party", "site-packages", ".venv"}


def survey(root: str, guide: Guide) -> list[Clue]:
    """Return the clues of the files below `root`: near it first, then by their rank.

    Symbolic links are not followed, so that nothing outside is read.
    """
    ranked = ((path.count("/"), guide.rank(path), path) for path in _files(root))
    telling = sorted((depth, rank, path) for depth, rank, path in ranked if rank is not None)
    return [
        clue
        for _, _, path in telling[:MAX_FILES]
        for clue in read_clues(path, _content(os.path.join(root, path)), guide)
    ]


def _files(root: str) -> Iterator[str]:
    """Yield the regular files (POSIX paths below `root`)."""
    for folder, below, names in islice(os.walk(root), MAX_FOLDERS):
        below[:] = sorted(set(below) - _SKIPPED)
        for path in (os.path.join(folder, name) for name in names):
            if os.path.isfile(path) and not os.path.islink(path):
                yield os.path.relpath(path, root).replace(os.sep, "/")


def _content(path: str) -> bytes:
    """Return what the file holds, nothing where it cannot be read or is too large."""
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError:
        return b""
    return data if len(data) <= MAX_BYTES else b""
