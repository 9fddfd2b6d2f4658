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
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple

import git

from aigov.changes import Version, recorded
from aigov.errors import UsageError
from aigov.git import SAFE, SETTINGS, Asking, namesakes
from aigov.identities import Leaf, leaves
from aigov.repositories import MANIFEST_NAMES, is_manifest
from aigov.source import MAX_FILE_BYTES, Document, load

MAX_BYTES = 64 * 1024 * 1024
"""Manifests of a history that are read, all versions together."""
MAX_LEAVES = 500_000
"""Scalars that all commits wrote together, and that one commit holds; some 160 bytes each, and
some 100 in a manifest.  A file with a fifth of that is not read."""
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
    tip: str = ""
    """Full id of the newest commit of the base branch, "" where that is `commit` or unknown."""


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
        if named and (several := namesakes(ask, named)):
            words = f"the base {named} is the name of several; name one in full: "
            return Base(unknown=words + ", ".join(several))
        if named and branch is None:
            return Base(unknown=f"the base {named} is not in this clone; fetch or correct it")
        shallow = answer(ask, "rev_parse", "--is-shallow-repository") == "true"
        if branch:
            shared = answer(ask, "merge_base", rev, branch)
            if shared is None and shallow:
                return Base(unknown=f"where {named or 'the base'} parted is not here; {DEEPEN}")
            if shared != rev:
                at = shared or branch
                return Base(at, at, tip="" if at == branch else branch)
        if not parents:
            return Base("", rev)
        if _commit(ask, parents[0]) is None:
            return Base(unknown=f"the commit before {rev[:12]} is not in this clone; {DEEPEN}")
        return Base(parents[0], rev)


def histories(root: str, landed: str, today: str, reader: "Reader | None" = None) -> Histories:
    """Return the versions of every use case on the base branch up to the commit `landed`
    (`Base.landed`), each with the day on which it came there.

    Use cases are followed by their `metadata.id`, whatever file they stand in; of each version
    only its records are kept.  The day is the committer's of the first-parent commit: no
    earlier than that of any commit before it, since a forged clock cannot undo what was
    already there, and no later than `today` (YYYY-MM-DD); a clock that runs ahead moves no
    other commit.  Where an object is not in the clone, all is unknown: what is missing may be
    the record that was rewritten.
    """
    reader = reader or Reader()
    with asking(root) as ask:
        try:
            written = reader.first_parents(ask, landed) if landed else []
            if written and len(_parents(ask, written[0].commit)) > 0:
                return Histories(unknown=f"the history is cut off in this clone; {DEEPEN}")
            found: dict[str, list[Version]] = {}
            size = 0
            for day, blob in _landed(written, today):
                manifests = reader.read(ask, blob)
                size += manifests.size
                if size > MAX_BYTES:
                    return Histories(unknown="the manifests have too long a history to read")
                for use_case, version in manifests.versions:
                    found.setdefault(use_case, []).append(version._replace(on=day))
        except (git.GitError, ValueError):  # the latter: GitPython has no such object
            return Histories(unknown=f"parts of the history are not in this clone; {DEEPEN}")
    return Histories({use_case: tuple(versions) for use_case, versions in found.items()})


@contextmanager
def asking(root: str) -> Iterator[git.Git]:
    """Give a git that reads the repository at `root`, whatever the environment says."""
    inner = os.path.join(root, ".git")
    ask = Asking(root)
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
    parents: int
    seconds: int
    """When it says it was committed, 0 where git cannot read that."""
    files: list[tuple[str, list[str]]]
    """Path, and blobs: those of its parents, then its own ("": no regular file)."""


def changed(ask: git.Git, tip: str, *how: str) -> list[Written]:
    """Return the commits up to `tip` that touched a manifest, parents first; with `--sparse`
    all of them."""
    listed: str = ask.log(
        *how, "--topo-order", "--reverse", "--root", "--raw", "--no-abbrev", "-z", "--no-renames",
        "--no-show-signature", "--format=%H %ct %P", tip, "--", *PATHS,
    )  # fmt: skip
    found: list[Written] = []
    words = iter(listed.split("\0"))
    for word in filter(None, (one.strip("\n") for one in words)):
        if not word.startswith(":"):
            commit, clock, *parents = word.split(" ")
            found.append(Written(commit, len([*filter(None, parents)]), int(clock or 0), []))
            continue
        fields = word.lstrip(":").split(" ")
        half, path = len(fields) // 2, next(words)
        if is_manifest(posixpath.basename(path)):
            sides = zip(fields[:half], fields[half:-1], strict=True)
            blobs = [blob if mode in _REGULAR else "" for mode, blob in sides]
            found[-1].files.append((path, blobs))
    return found


def _landed(written: Iterable[Written], today: str) -> Iterator[tuple[str, str]]:
    """Yield the day and the blob of each manifest that came to the base, oldest first."""
    latest = ""
    for commit in written:
        day = datetime.fromtimestamp(min(commit.seconds, 1 << 37), UTC).date().isoformat()
        if day <= today:
            latest = max(latest, day)
        for _, blobs in commit.files:
            yield latest if day <= today else today, blobs[-1]


class Manifests(NamedTuple):
    """What is kept of a file that stood in a commit."""

    size: int
    """Bytes that were read; 0 for a file that is too large to be a manifest, or none."""
    versions: tuple[tuple[str, Version], ...]
    """`metadata.id` and records of each use case."""
    leaves: tuple[tuple[tuple[str, str], frozenset[Leaf]], ...]
    """Kind and id, and what is somebody's writing, of each document."""
    whole: bool
    """Whether all of it could be read."""


class Reader:
    """Reads each manifest of a history once, whoever asks."""

    def __init__(self) -> None:
        self._seen: dict[str, Manifests] = {}
        self._kept = 0
        self._written: dict[str, list[Written]] = {}

    def read(self, ask: git.Git, blob: str) -> Manifests:
        """Return what is kept of a file; nothing for the blob ""."""
        if not blob:
            return Manifests(0, (), (), True)
        if blob not in self._seen:
            _, _, size, stream = ask.stream_object_data(blob)
            found = _manifests(stream.read() if size <= MAX_FILE_BYTES else b"")
            self._kept += sum(len(written) for _, written in found.leaves)
            if self._kept > MAX_LEAVES:
                self._seen, self._kept = {}, 0
            self._seen[blob] = found
        return self._seen[blob]

    def first_parents(self, ask: git.Git, tip: str) -> list[Written]:
        """Return the commits of the first-parent chain up to `tip`, oldest first."""
        self._written[tip] = changed(ask, tip, *_FIRST_PARENT, "--sparse")
        return self._written[tip]

    def full_history(self, ask: git.Git, tip: str) -> list[Written]:
        """Return the commits up to `tip` that touched a manifest, on whatever branch."""
        chain = self._written.get(tip, [])
        if chain and all(one.parents < 2 for one in chain):  # then there is no other branch
            return chain
        return changed(ask, tip, "--full-history", "--diff-merges=combined")


def named(document: Document) -> tuple[str, str]:
    """Return the kind and the `metadata.id` of a document, "" where it has none."""
    value: Any = document.value if isinstance(document.value, dict) else {}
    metadata = value.get("metadata")
    found = metadata.get("id") if isinstance(metadata, dict) else None
    kind = value.get("kind") if value.get("kind") in _OTHERS else "UseCase"
    return kind, found if isinstance(found, str) else ""


def _manifests(content: bytes) -> Manifests:
    loaded = load(content)
    told = [(named(one), one.value) for one in loaded.documents]
    versions = tuple(
        (id_, Version(None, recorded(value)))
        for (kind, id_), value in told
        if id_ and kind == "UseCase"
    )
    written = tuple((key, leaves(value)) for key, value in told)
    whole = bool(content) and not loaded.troubles
    if sum(len(one) for _, one in written) > MAX_LEAVES // 5:
        written, whole = (), False
    return Manifests(len(content), versions, written, whole)
