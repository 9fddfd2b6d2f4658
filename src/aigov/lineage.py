"""Where a commit comes from: the base that it is compared with, and what the base branch
knew of each use case, commit by commit.

The rules are the project's own.  The base is the one that is named; else the merge-base with
the remote's default branch; on that branch, the commit before; of a root commit, nothing.
Dates count from the commit that brought a record to the base branch (first parent), and are
claims: see `histories`.  A repository is read and never run: no hook, filter, replacement,
graft or network, and no configuration but its own.
"""

import os
import posixpath
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple

import git

from aigov.changes import Version, recorded
from aigov.errors import UsageError
from aigov.git import SAFE, SETTINGS
from aigov.repositories import MANIFEST_NAMES, is_manifest
from aigov.source import MAX_FILE_BYTES, Document, load

MAX_BYTES = 64 * 1024 * 1024
"""Manifests of a history that are read, all versions together."""
_PATTERNS = (f"GIT_{how}_PATHSPECS" for how in ("LITERAL", "GLOB", "NOGLOB"))
_ENVIRONMENT = SAFE | dict.fromkeys(_PATTERNS, "0")
"""Manifests are looked for by patterns."""
PATHS = [f"*{name}" for name in MANIFEST_NAMES]
"""One star and plain letters: git compares these twice as fast as what says more."""
_PARENT = re.compile(rb"^parent ([0-9a-f]+)$", re.MULTILINE)
_OTHERS = ("Waiver", "Organization")
"""Kinds of document that are no use case; one without a kind is judged as one."""
_FIRST_PARENT = ("--first-parent", "--diff-merges=first-parent")
_REGULAR = ("100644", "100755")
DEEPEN = (
    "fetch the whole history (`git fetch --unshallow`; in GitHub Actions `fetch-depth: 0`, in "
    "GitLab CI `GIT_DEPTH: 0`)"
)


class Base(NamedTuple):
    """What a commit is compared with."""

    commit: str = ""
    """Full id; "" where there is nothing before (the empty tree), or where it is unknown."""
    landed: str = ""
    """Full id of the newest commit of the base branch that the commit contains: the commit
    itself where it is on that branch; "" where there is none.  `histories` starts here."""
    unknown: str = ""
    """Why the base cannot be read and what to do, else ""."""


class Histories(NamedTuple):
    """What the base branch knew of every use case."""

    versions: Mapping[str, tuple[Version, ...]] = {}
    """By `metadata.id`, oldest first: one for each commit that touched the manifest."""
    unknown: str = ""
    """Why the history cannot be read and what to do, else ""."""


def base_of(root: str, rev: str, named: str | None = None) -> Base:
    """Return the base of the commit `rev` (full id) in the repository whose top folder, or
    bare folder, is `root`.

    Of a named base and of the default branch, the merge-base counts, so that what others
    merged since is no change of this commit; where the two share no history, their commit.
    A base that contains the commit is no base: then the commit before is.

    Raises:
        UsageError: git cannot read the commit.
    """
    with asking(root) as ask:
        parents = _parents(ask, rev)
        branch = _commit(ask, named) if named else _default_branch(ask)
        if named and branch is None:
            return Base(unknown=f"the base {named} is not in this clone; fetch or correct it")
        shallow = answer(ask, "rev_parse", "--is-shallow-repository") == "true"
        if branch:
            shared = answer(ask, "merge_base", rev, branch)
            if shared is None and shallow:
                return Base(unknown=f"where {named or 'the base'} parted is not here; {DEEPEN}")
            if shared != rev:
                return Base(shared or branch, shared or branch)
        if not parents:
            return Base("", rev)
        if _commit(ask, parents[0]) is None:
            return Base(unknown=f"the commit before {rev[:12]} is not in this clone; {DEEPEN}")
        return Base(parents[0], rev)


def histories(root: str, landed: str, today: str) -> Histories:
    """Return the versions of every use case on the base branch up to the commit `landed`
    (`Base.landed`), each with the day on which it came there.

    Use cases are followed by their `metadata.id`, whatever file they stand in; of each version
    only its records are kept.  The day is the committer's of the first-parent commit: no
    earlier than that of any commit before it, since a forged clock cannot undo what was
    already there, and no later than `today` (YYYY-MM-DD); a clock that runs ahead moves no
    other commit.  Where an object is not in the clone, all is unknown: what is missing may be
    the record that was rewritten.
    """
    with asking(root) as ask:
        try:
            landings = list(_landings(ask, landed, today)) if landed else []
            if landings and len(_parents(ask, landings[0][0])) > 0:
                return Histories(unknown=f"the history is cut off in this clone; {DEEPEN}")
            found: dict[str, list[Version]] = {}
            seen: dict[str, list[tuple[str, Version]]] = {"": []}
            size = 0
            for day, blob in ((day, blob) for _, day, blobs in landings for blob in blobs):
                if blob not in seen:
                    content = content_of(ask, blob)
                    size += len(content)
                    seen[blob] = list(_use_cases(content))
                if size > MAX_BYTES:
                    return Histories(unknown="the manifests have too long a history to read")
                for use_case, version in seen[blob]:
                    dated = version._replace(on=day)
                    found.setdefault(use_case, []).append(dated)
        except (git.GitError, ValueError):  # the latter: GitPython has no such object
            return Histories(unknown=f"parts of the history are not in this clone; {DEEPEN}")
    return Histories({use_case: tuple(versions) for use_case, versions in found.items()})


@contextmanager
def asking(root: str) -> Iterator[git.Git]:
    """Give a git that reads the repository at `root`, whatever the environment says."""
    inner = os.path.join(root, ".git")
    ask = git.Git(root)
    ask.update_environment(**_ENVIRONMENT)
    ask.set_persistent_git_options(
        git_dir=inner if os.path.lexists(inner) else root, c=list(SETTINGS)
    )
    try:
        yield ask
    except (git.GitError, OSError, ValueError) as error:
        remedy = "make `git log` work there, and name a commit that it shows"
        raise UsageError("git cannot read the history", where=root, remedy=remedy) from error
    finally:
        ask.clear_cache()


def answer(ask: git.Git, command: str, *arguments: str) -> str | None:
    """Return what git says, None where it says no."""
    status, said, _ = getattr(ask, command)(
        *arguments, with_extended_output=True, with_exceptions=False
    )
    return None if status or not said else str(said)


def _commit(ask: git.Git, name: str) -> str | None:
    if name.startswith("-"):  # no name of git's, but an option of its program
        return None
    return answer(ask, "rev_parse", "--verify", "--quiet", f"{name}^{{commit}}")


def _default_branch(ask: git.Git) -> str | None:
    """Return the tip of the default branch of `origin`; its HEAD is not in every clone."""
    names = (f"refs/remotes/origin/{name}" for name in ("HEAD", "main", "master"))
    return next((found for name in names if (found := _commit(ask, name))), None)


def _parents(ask: git.Git, commit: str) -> list[str]:
    """Return the parents that a commit states, whether or not they are in this clone."""
    data: bytes = ask.get_object_data(commit)[3]
    return [one.decode() for one in _PARENT.findall(data.partition(b"\n\n")[0])]


class Written(NamedTuple):
    """The manifests that one commit touched."""

    commit: str
    seconds: int
    """When it says it was committed, 0 where git cannot read that."""
    files: list[tuple[str, list[str]]]
    """Path, and blobs: those of its parents, then its own ("": no regular file)."""


def changed(ask: git.Git, tip: str, *how: str) -> list[Written]:
    """Return the commits up to `tip` that touched a manifest, parents first; with `--sparse`
    all of them."""
    listed: str = ask.log(
        *how, "--topo-order", "--reverse", "--root", "--raw", "--no-abbrev", "-z", "--no-renames",
        "--no-show-signature", "--format=%H %ct", tip, "--", *PATHS,
    )  # fmt: skip
    found: list[Written] = []
    words = iter(listed.split("\0"))
    for word in filter(None, (one.strip("\n") for one in words)):
        if not word.startswith(":"):
            commit, _, clock = word.partition(" ")
            found.append(Written(commit, int(clock or 0), []))
            continue
        fields = word.lstrip(":").split(" ")
        half, path = len(fields) // 2, next(words)
        if is_manifest(posixpath.basename(path)):
            sides = zip(fields[:half], fields[half:-1], strict=True)
            blobs = [blob if mode in _REGULAR else "" for mode, blob in sides]
            found[-1].files.append((path, blobs))
    return found


def _landings(ask: git.Git, tip: str, today: str) -> Iterator[tuple[str, str, list[str]]]:
    """Yield id, day and manifests (blobs written) of each first-parent commit, oldest first."""
    latest = ""
    for commit, seconds, files in changed(ask, tip, *_FIRST_PARENT, "--sparse"):
        day = datetime.fromtimestamp(min(seconds, 1 << 37), UTC).date().isoformat()
        if day <= today:
            latest = max(latest, day)
        yield commit, latest if day <= today else today, [blobs[-1] for _, blobs in files]


def content_of(ask: git.Git, blob: str) -> bytes:
    """Return a file, b"" for one that is too large to be a manifest."""
    if ask.get_object_header(blob)[2] > MAX_FILE_BYTES:
        return b""
    content: bytes = ask.get_object_data(blob)[3]
    return content


def named(document: Document) -> tuple[str, str]:
    """Return the kind and the `metadata.id` of a document, "" where it has none."""
    value: Any = document.value if isinstance(document.value, dict) else {}
    metadata = value.get("metadata")
    found = metadata.get("id") if isinstance(metadata, dict) else None
    kind = value.get("kind") if value.get("kind") in _OTHERS else "UseCase"
    return kind, found if isinstance(found, str) else ""


def _use_cases(content: bytes) -> Iterator[tuple[str, Version]]:
    """Yield the `metadata.id` and the records of each use case of a file."""
    for document in load(content).documents:
        kind, id_ = named(document)
        if id_ and kind == "UseCase":
            yield id_, Version(None, recorded(document.value))
