"""Who wrote the documents of a commit: every commit, on whatever branch, that touched them.

Documents are followed by their kind and `metadata.id` and compared by value, so that moving
one, or laying it out anew, is nobody's writing.  A commit wrote what none of its parents has
and what all of them had: of a merge that is what it adds of its own, which an honest one does
not.  A repository is read and never run, as in `lineage`; no .mailmap is read.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

import git

from aigov.identities import Key, Leaf, Touch, Trail, Writer, leaves
from aigov.lineage import DEEPEN, MAX_BYTES, OTHERS, PATHS, REGULAR, answer, asking, content_of
from aigov.source import Document, load

MAX_COMMITS = 10_000
"""Commits that touched a manifest and are read."""
MAX_LEAVES = 500_000
"""Scalars that all commits wrote together; a fifth of it in one file, which else is unread."""
MAX_MESSAGE = 1024 * 1024
"""Bytes of a commit; a longer one names nobody."""
_PERSON = {
    role: re.compile(rb"^%s [^<\n]*<([^>\n]*)>" % role.encode(), re.MULTILINE)
    for role in ("author", "committer")
}
_CO_AUTHOR = re.compile(rb"^co-authored-by:([^<\n]*)(?:<([^>\n]*))?", re.MULTILINE | re.IGNORECASE)
_AT_ONCE = 200
"""Commits of which git is asked at once who signed them."""

Wrote = Mapping[Key, frozenset[Leaf]]


def read_trail(root: str, tip: str, trusted: Mapping[str, str]) -> Trail:
    """Return who wrote the documents of the commit `tip` (full id) of the repository at `root`.

    `trusted` are the keys of `trusted_signers`, one OpenSSH public key a person; without any,
    no signature is looked at.

    Raises:
        UsageError: git cannot read the commit.
    """
    if trusted and not shutil.which("ssh-keygen"):
        return Trail(unknown="no signature can be checked: install ssh-keygen (openssh-client)")
    with asking(root) as ask:
        if answer(ask, "rev_parse", "--is-shallow-repository") == "true":
            return Trail(unknown=f"who wrote it is not in this clone; {DEEPEN}")
        try:
            wrote = _wrote(ask, tip)
            commits = list(dict.fromkeys(commit for commit, _, _ in wrote))
            signers = _signers(ask, commits, trusted) if trusted else {}
            writers = {one: _writer(ask, one, signers.get(one, "")) for one in commits}
        except _TooMuch:
            return Trail(unknown="the manifests have too long a history to read")
        except (git.GitError, ValueError):  # the latter: GitPython has no such object
            return Trail(unknown=f"parts of the history are not in this clone; {DEEPEN}")
    touches: dict[Key, list[Touch]] = {}
    for commit, key, written in wrote:
        touches.setdefault(key, []).append(Touch(writers[commit], written))

    @cache
    def since(commit: str) -> frozenset[str]:
        with asking(root) as ask:
            listed = ask.rev_list("--full-history", tip, f"^{commit}", "--", *PATHS)
            return frozenset(listed.split())

    return Trail({key: tuple(ones) for key, ones in touches.items()}, since)


class _TooMuch(Exception):
    """The history is longer than is read."""


def _wrote(ask: git.Git, tip: str) -> list[tuple[str, Key, frozenset[Leaf] | None]]:
    """Return what each commit wrote of each document, parents first; None for a commit that
    left a file unreadable, of all that ever stood there."""
    size = total = 0

    @lru_cache(maxsize=8)  # a parent's files, mostly
    def documents(blob: str) -> Wrote | None:
        nonlocal size
        if not blob:
            return {}
        content = content_of(ask, blob)
        size += len(content)
        loaded = load(content)
        found = _together(map(_by_key, loaded.documents))
        many = sum(map(len, found.values())) > MAX_LEAVES // 5
        return None if loaded.troubles or many or not content else found

    stood: dict[str, set[Key]] = {}
    found: list[tuple[str, dict[Key, frozenset[Leaf]], list[str]]] = []
    for commit, files in _changed(ask, tip):
        *before, after = (
            _together(documents(blob) or {} for blob in side)
            for side in zip(*(blobs for _, blobs in files), strict=True)
        )
        unread = [path for path, blobs in files if documents(blobs[-1]) is None]
        for path, blobs in files:
            stood.setdefault(path, set()).update(*(documents(blob) or () for blob in blobs))
        own = dict(_own(before, after))
        total += sum(map(len, own.values()))
        if size > MAX_BYTES or total > MAX_LEAVES or len(found) == MAX_COMMITS:
            raise _TooMuch
        found.append((commit, own, unread))
    return [
        (commit, key, None if key in blind else own[key])
        for commit, own, unread in found
        for blind in [{key for path in unread for key in stood[path]}]
        for key in sorted(own.keys() | blind)
    ]


def _by_key(document: Document) -> Wrote:
    value: Any = document.value if isinstance(document.value, dict) else {}
    metadata = value.get("metadata")
    found = metadata.get("id") if isinstance(metadata, dict) else None
    kind = value.get("kind") if value.get("kind") in OTHERS else "UseCase"
    return {(kind, found): leaves(value)} if isinstance(found, str) else {}


def _together(ones: Iterable[Wrote]) -> Wrote:
    found: dict[Key, frozenset[Leaf]] = {}
    for one in ones:
        for key, written in one.items():
            found[key] = found.get(key, frozenset()) | written
    return found


def _own(before: Sequence[Wrote], after: Wrote) -> Iterator[tuple[Key, frozenset[Leaf]]]:
    """Yield what a commit wrote of each document: what no parent has, or all had."""
    for key in {*after, *(key for one in before for key in one)}:
        had = [one.get(key, frozenset()) for one in before] or [frozenset()]
        has = after.get(key, frozenset())
        own = (has - frozenset.union(*had)) | (frozenset.intersection(*had) - has)
        if own:
            yield key, own


def _changed(ask: git.Git, tip: str) -> Iterator[tuple[str, list[tuple[str, list[str]]]]]:
    """Yield each commit that touched a manifest, parents first, with path and blobs of each:
    those of its parents, then its own ("": no regular file)."""
    listed: str = ask.log(
        "--full-history", "--diff-merges=combined", "--root", "--raw", "--no-abbrev", "-z",
        "--no-renames", "--no-show-signature", "--topo-order", "--reverse", "--format=%H", tip,
        "--", *PATHS,
    )  # fmt: skip
    files: list[tuple[str, list[str]]] = []
    commit, words = "", iter(listed.split("\0"))
    for word in words:
        told = word.strip("\n")
        if told.startswith(":"):
            fields = told.lstrip(":").split(" ")
            count = len(fields) // 2
            sides = zip(fields[:count], fields[count : 2 * count], strict=True)
            files.append((next(words), [blob if mode in REGULAR else "" for mode, blob in sides]))
        elif told:
            if files:
                yield commit, files
            commit, files = told, []
    if files:
        yield commit, files


def _writer(ask: git.Git, commit: str, signer: str) -> Writer:
    if ask.get_object_header(commit)[2] > MAX_MESSAGE:
        return Writer(commit, "", "", (), signer)
    data: bytes = ask.get_object_data(commit)[3]
    head, _, message = data.partition(b"\n\n")
    named = {
        role: found[1] if (found := how.search(head)) else b"" for role, how in _PERSON.items()
    }
    others = {(inside or before).strip() for before, inside in _CO_AUTHOR.findall(message)}
    author, committer, *rest = (
        one.decode("utf-8", "replace") for one in (*named.values(), *sorted(others - {b""}))
    )
    return Writer(commit, author, committer, tuple(rest), signer)


def _signers(ask: git.Git, commits: list[str], trusted: Mapping[str, str]) -> dict[str, str]:
    """Return the person whose trusted key signed each commit, as git and ssh-keygen tell."""
    people = list(trusted)
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        allowed = os.path.join(folder, "allowed_signers")
        with open(allowed, "w", encoding="ascii") as file:
            for number, person in enumerate(people):
                kind, key, *_ = trusted[person].split(" ")
                file.write(f'{number} namespaces="git" {kind} {key}\n')
        nobody = os.path.join(folder, "nobody")  # PGP and X.509 signatures are not looked at
        settings = (
            f"gpg.ssh.allowedSignersFile={allowed}", "gpg.ssh.program=ssh-keygen",
            f"gpg.ssh.revocationFile={os.devnull}", "gpg.minTrustLevel=fully",
            *(f"gpg.{one}program={nobody}" for one in ("", "openpgp.", "x509.")),
        )  # fmt: skip
        for start in range(0, len(commits), _AT_ONCE):
            told: str = ask(c=list(settings)).log(
                "--no-walk=unsorted",
                "--no-show-signature",
                "--format=%H %G? %GS",
                *commits[start : start + _AT_ONCE],
            )
            for commit, verdict, *by in (line.split(" ") for line in told.splitlines()):
                if verdict == "G" and by and by[0].isdecimal():
                    found[commit] = people[int(by[0])]
    return found
