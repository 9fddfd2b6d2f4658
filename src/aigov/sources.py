"""What an audit goes through: folders of repositories, lists of URLs, organisations of a forge."""

import os
import re
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from errno import ELOOP
from typing import NamedTuple

from aigov.errors import UsageError
from aigov.forges import FORGES, hosted
from aigov.pinned import parse_remote
from aigov.repositories import is_url

Tell = Callable[[str], None]
"""Is given a sentence for whoever started the audit."""
_AT = re.compile(r"(.+)@([0-9a-f]{7,64})", re.DOTALL)
_POINTER_BYTES = 4096
"""How much is read of a file that says where git's own folder is; a path has no more."""
_MAX_LIST_BYTES = 1 << 26
"""64 MiB of URLs."""


class Source(NamedTuple):
    """A repository to audit."""

    name: str
    """Unique among the sources of a run, and the same in the next one."""
    where: str
    """Its real path, or a URL without credentials."""
    commit: str = ""
    """7 to 64 hex digits; "" for the head of the repository."""
    trouble: str = ""
    """`class: words` where it is known already that it cannot be read."""


class Filters(NamedTuple):
    """What of an organisation is wanted beyond the repositories that are in use."""

    archived: bool = False
    forks: bool = False


class _Found(NamedTuple):
    """The least of several under one key stands: the repository before a working tree of it."""

    linked: bool
    source: Source
    key: str
    """The same for a repository by whatever name it is found."""


def sources(arguments: Iterable[str], filters: Filters, tell: Tell) -> list[Source]:
    """Return the repositories that the arguments name, each once, sorted by name; `tell` is told
    what a filter left out.  No repository is entered: nothing in it names another source.

    Raises:
        UsageError: an argument names nothing that is there, or no repository at all.
    """
    found: dict[tuple[str, str], _Found] = {}
    for argument in arguments:
        named = list(_named(argument, filters, tell))
        if not named:
            remedy = "name a repository, or a folder, list or organisation that has one"
            raise UsageError("no repository", where=argument, remedy=remedy)
        for one in named:
            place = one.key, one.source.commit
            found[place] = min(one, found.get(place, one))
    every = [_named_at(one.source, one.source.name) for one in found.values()]
    often = Counter(one.name for one in every)
    return sorted(one if often[one.name] == 1 else _named_at(one, one.where) for one in every)


def _named(argument: str, filters: Filters, tell: Tell) -> Iterator[_Found]:
    forge, _, group = argument.partition(":")
    if forge in FORGES and group and not os.path.exists(argument):
        yield from _of_forge(forge, group, filters, tell)
    elif is_url(argument):
        yield _remote(*parse_remote(argument))
    elif os.path.isfile(argument):
        yield from _listed(argument)
    elif os.path.isdir(argument):  # a path may hold an @
        yield from _below(argument)
    elif (found := _AT.fullmatch(argument)) and (git := _git_folder(found[1])):
        yield _local(found[1], os.path.basename(os.path.realpath(found[1])), git, found[2])
    else:
        remedy = "name a folder, REPOSITORY@COMMIT (hex digits), a file of URLs or github:NAME"
        raise UsageError("there is no such source", where=argument, remedy=remedy)


def _of_forge(forge: str, group: str, filters: Filters, tell: Tell) -> Iterator[_Found]:
    left_out = Counter[str]()
    for one in hosted(forge, group):
        if one.archived and not filters.archived:
            left_out["archived"] += 1
        elif one.fork and not filters.forks:
            left_out["forks"] += 1
        else:
            yield _remote(one.url, "")
    for what, count in sorted(left_out.items()):
        tell(f"{forge}:{group}: left out {count} {what} (--{what} audits them)")


def _listed(path: str) -> Iterator[_Found]:
    """Yield the URLs of a file, one a line; what follows `#` is a remark."""
    where = path
    try:
        with open(path, encoding="utf-8-sig") as file:
            for number, line in enumerate(file.read(_MAX_LIST_BYTES).splitlines(), 1):
                where = f"{path}:{number}"
                if url := re.sub(r"(^|\s)#.*", "", line).strip():
                    yield _remote(*parse_remote(url))
    except UsageError as error:  # says not what stands there: it may hold a password
        raise UsageError(error.problem, where=where, remedy=error.remedy) from None
    except (OSError, ValueError):
        raise UsageError("no list of URLs", where=path, remedy="give one URL a line") from None


def _remote(url: str, commit: str) -> _Found:
    scheme, _, rest = url.removesuffix(".git").partition("://")
    site, slash, path = rest.partition("/")
    name = f"{site.lower().rpartition('@')[2]}{slash}{path}".removeprefix("/")
    key = f"{scheme}://{site.lower()}/{path}"
    return _Found(linked=False, source=Source(name, url, commit), key=key)


def _below(top: str) -> Iterator[_Found]:
    """Yield a repository, or those below a folder and the folders that cannot be listed; what
    is reached by a link comes last, and nothing twice."""
    left, seen = deque([top]), set[str]()
    while left:
        folder = left.popleft()
        if (real := os.path.realpath(folder)) in seen:
            continue
        seen.add(real)
        name = os.path.relpath(folder, top).replace(os.sep, "/")
        if git := _git_folder(folder):
            yield _local(folder, os.path.basename(real) if name == "." else name, git)
            continue
        try:
            with os.scandir(folder) as listing:
                for entry in sorted(filter(_is_folder, listing), key=lambda entry: entry.name):
                    (left.append if entry.is_symlink() else left.appendleft)(entry.path)
        except OSError as error:
            trouble = f"unreadable: {error.strerror}"
            yield _Found(linked=False, source=Source(name, real, "", trouble), key=real)


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    """Say whether to look into it; where that cannot be said, listing it will tell why."""
    try:
        return entry.is_dir()
    except OSError as error:
        return error.errno != ELOOP


def _local(path: str, name: str, git: str, commit: str = "") -> _Found:
    real = os.path.realpath(path)
    return _Found(git not in (real, os.path.join(real, ".git")), Source(name, real, commit), git)


def _git_folder(path: str) -> str:
    """Return the real path of git's own folder, which all working trees of a repository share;
    "" where `path` is no repository.  A damaged one is one: its audit says what is wrong."""
    inner = os.path.join(path, ".git")
    if os.path.isfile(inner):
        own = os.path.join(path, _pointer(inner).removeprefix("gitdir:").strip())
        return os.path.realpath(os.path.join(own, _pointer(os.path.join(own, "commondir"))))
    if os.path.lexists(inner):
        return os.path.realpath(inner)
    parts = sum(os.path.exists(os.path.join(path, part)) for part in ("HEAD", "objects", "refs"))
    return os.path.realpath(path) if parts > 1 else ""


def _pointer(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read(_POINTER_BYTES).strip().replace("\0", "")
    except OSError:
        return ""


def _named_at(source: Source, name: str) -> Source:
    return source._replace(name=f"{name}@{source.commit}" if source.commit else name)
