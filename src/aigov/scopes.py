"""Which use case covers which file, and what an organisation says is no use of AI."""

import posixpath
from collections.abc import Container, Sequence

from aigov.codeowners import matches
from aigov.preparing import Prepared, mapping
from aigov.settings import Settings

_SHOWN = 4
"""Names that a message lists before it counts the rest."""
LONGEST = 160
"""Characters of a name in a message."""


class Scopes:
    """The files that each of some use cases covers."""

    def __init__(self, use_cases: Sequence[Prepared]) -> None:
        self.folders: dict[str, list[tuple[int, list[str] | None]]] = {}
        self._known: dict[str, tuple[int, ...]] = {}
        for number, one in enumerate(use_cases):
            given = mapping(one.value, "metadata").get("scope")
            globs = [g for g in given if isinstance(g, str)] if isinstance(given, list) else None
            self.folders.setdefault(posixpath.dirname(one.path), []).append((number, globs))

    def covering(self, path: str) -> tuple[int, ...]:
        """Return the positions of the use cases whose manifest lies nearest above a file (POSIX,
        from the root), as far as `metadata.scope` takes it in."""
        if path not in self._known:
            folder = nearest(path, self.folders)
            below = path.removeprefix(f"{folder}/" if folder else "").split("/")
            self._known[path] = tuple(
                number
                for number, globs in ([] if folder is None else self.folders[folder])
                if globs is None or any(fits(glob, below) for glob in globs)
            )
        return self._known[path]


def fits(glob: str, names: list[str]) -> bool:
    """Tell whether a path, by its names, is what a pattern of a manifest says, or lies below."""
    return matches(f"/{glob.removeprefix('./')}", names)


def nearest(path: str, folders: Container[str]) -> str | None:
    """Return the deepest of some folders ("" is the root) above a file, None where none is."""
    folder = path
    while folder:
        folder = posixpath.dirname(folder)
        if folder in folders:
            return folder
    return None


def excused(settings: Settings, repository: str) -> tuple[list[str], tuple[str, ...]]:
    """Return patterns of the paths that the profile says are no AI in a repository, until a day
    that has not passed, and sentences that say so or that the day has passed.

    `repository` is its name or ends in it, as `organisation/name`; "" where nobody says.
    """
    globs: list[str] = []
    notes = []
    for row in settings.profile.spec.get("not_ai", ()) if settings.profile and repository else ():
        named, last = row["repository"].casefold().strip("/"), row["expires_on"]
        if not f"/{repository.casefold()}".endswith(f"/{named}"):
            continue
        if last < settings.as_of:
            notes.append(f"what the profile says under not_ai of {repository} ended on {last}")
        else:
            globs += row.get("paths", ["**"])
            notes.append(f"no use of AI, says the profile until {last}: {row['reason']}")
    return globs, tuple(notes)


def listing(names: Sequence[str]) -> str:
    """Return the first names and the number of the others."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(f"{name:.{LONGEST}}" for name in names[:_SHOWN]) + more
