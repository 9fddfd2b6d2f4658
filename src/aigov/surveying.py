"""A repository looked over for clues: bounded, never outside it, nothing run."""

import os
from collections.abc import Iterator

from aigov.clues import Clue, Guide, read_clues
from aigov.errors import UsageError

MAX_ENTRIES = 50_000
"""Files and folders that are looked at; a larger repository is looked at in part."""
MAX_FILES = 500
MAX_BYTES = 256 * 1024
"""A larger file is passed over: no file that people write by hand is as large."""
_SKIPPED = frozenset({".git", "node_modules", "vendor", "third_party", "site-packages", ".venv"})


def survey(folder: str, guide: Guide) -> list[Clue]:
    """Return the clues of the files below `folder`: near its root first, then by their rank.

    Symbolic links are not followed, so that nothing outside is read.

    Raises:
        UsageError: the folder cannot be listed.
    """
    root = os.path.realpath(folder)
    ranked = [(path.count("/"), guide.rank(path), path) for path in _files(root)]
    telling = sorted((depth, rank, path) for depth, rank, path in ranked if rank is not None)
    found: list[Clue] = []
    for _, _, path in telling[:MAX_FILES]:
        found += read_clues(path, _content(os.path.join(root, *path.split("/"))), guide)
    return found


def _files(root: str) -> Iterator[str]:
    """Yield the regular files (POSIX paths below `root`), nearest first."""
    left, seen = [root], 0
    for folder in left:  # grows while it is read
        try:
            with os.scandir(folder) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            if folder == root:
                raise UsageError(f"cannot be read ({error.strerror})", where=root) from None
            continue
        for entry in listed:
            if entry.is_dir(follow_symlinks=False) and entry.name not in _SKIPPED:
                left.append(entry.path)
            elif entry.is_file(follow_symlinks=False):
                yield os.path.relpath(entry.path, root).replace(os.sep, "/")
        seen += len(listed)
        if seen > MAX_ENTRIES:
            return


def _content(path: str) -> bytes:
    """Return what the file holds, nothing where it cannot be read or is too large."""
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError:
        return b""
    return data if len(data) <= MAX_BYTES else b""
