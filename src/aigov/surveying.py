"""A repository looked over for clues: bounded, never outside it, nothing run."""

import os
from collections.abc import Iterator

from aigov.clues import Clue, Packages, by_trust, is_telling, read_clues
from aigov.errors import UsageError

MAX_ENTRIES = 50_000
"""Files and folders that are looked at; a larger repository is looked at in part."""
MAX_FILES = 500
MAX_BYTES = 256 * 1024
"""A larger file is passed over: no file that people write by hand is as large."""
_SKIPPED = frozenset({".git", "node_modules", "vendor", "third_party", "site-packages", ".venv"})


def survey(root: str, packages: Packages) -> list[Clue]:
    """Return the clues of the files below `root`, the most telling first.

    Symbolic links are not followed, so that nothing outside is read.

    Raises:
        UsageError: `root` cannot be listed.
    """
    telling = sorted(_telling(os.path.realpath(root)), key=by_trust)
    found: list[Clue] = []
    for path in telling[:MAX_FILES]:
        data = _content(os.path.join(root, *path.split("/")))
        found += read_clues(path, data, packages) if data else []
    return found


def _telling(root: str) -> Iterator[str]:
    """Yield the paths (POSIX, below `root`) that may tell something, nearest first."""
    left, seen = [root], 0
    for folder in left:  # grows while it is read
        try:
            with os.scandir(folder) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            if folder == root:
                problem = f"the folder cannot be read ({error.strerror})"
                raise UsageError(problem, where=root) from None
            continue
        for entry in listed:
            seen += 1
            if entry.is_dir(follow_symlinks=False) and entry.name not in _SKIPPED:
                left.append(entry.path)
            elif entry.is_file(follow_symlinks=False) and is_telling(entry.name):
                yield os.path.relpath(entry.path, root).replace(os.sep, "/")
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
