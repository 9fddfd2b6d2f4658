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
from functools import cache

import git

from aigov.identities import Key, Leaf, Touch, Trail, Writer
from aigov.lineage import DEEPEN, MAX_BYTES, MAX_LEAVES, PATHS, Reader, answer, asking

MAX_COMMITS = 10_000
"""Commits that touched a manifest and are read."""
MAX_MESSAGE = 1024 * 1024
"""Bytes of a commit; a longer one names nobody."""
_AUTHOR = re.compile(rb"^author [^<\n]*<([^>\n]*)>", re.MULTILINE)
_COMMITTER = re.compile(rb"^committer [^<\n]*<([^>\n]*)>", re.MULTILINE)
_CO_AUTHOR = re.compile(
    rb"^co-authored-by[ \t]*:([^<\n]*)(?:<([^>\n]*))?", re.MULTILINE | re.IGNORECASE
)
_AT_ONCE = 200
"""Commits of which git is asked at once who signed them."""

Wrote = Mapping[Key, frozenset[Leaf]]


def read_trail(
    root: str, tip: str, trusted: Mapping[str, str], reader: Reader | None = None
) -> Trail:
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
            wrote = _wrote(ask, tip, reader or Reader())
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


def _wrote(ask: git.Git, tip: str, reader: Reader) -> list[tuple[str, Key, frozenset[Leaf] | None]]:
    """Return what each commit wrote of each document, parents first; None for a commit that
    left a file unreadable, of all that ever stood there."""
    total = 0
    sizes: dict[str, int] = {}

    def documents(blob: str) -> Wrote | None:
        found = reader.read(ask, blob)
        sizes[blob] = found.size
        return _together({key: written} for key, written in found.leaves) if found.whole else None

    stood: dict[str, set[Key]] = {}
    found: list[tuple[str, dict[Key, frozenset[Leaf]], list[str]]] = []
    for commit, _, _, files in reader.full_history(ask, tip):
        if not files:  # another name that ends alike
            continue
        held, sides, unread = 0, [], []
        for path, blobs in files:
            side = [documents(blob) for blob in blobs]
            held += sum(len(leaf) for one in side if one for leaf in one.values())
            if max(total, held) > MAX_LEAVES or len(found) == MAX_COMMITS:
                raise _TooMuch
            sides.append([one or {} for one in side])
            stood.setdefault(path, set()).update(*sides[-1])
            unread += [path] if side[-1] is None else []
        if sum(sizes.values()) > MAX_BYTES:
            raise _TooMuch
        *before, after = map(_together, zip(*sides, strict=True))
        own = dict(_own(before, after))
        total += sum(map(len, own.values()))
        found.append((commit, own, unread))
    return [
        (commit, key, None if key in blind else own[key])
        for commit, own, unread in found
        for blind in [{key for path in unread for key in stood[path]}]
        for key in sorted(own.keys() | blind)
    ]


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


def _writer(ask: git.Git, commit: str, signer: str) -> Writer:
    if ask.get_object_header(commit)[2] > MAX_MESSAGE:
        return Writer(commit, "", "", (), signer)
    data: bytes = ask.get_object_data(commit)[3]
    head, _, message = data.partition(b"\n\n")
    found = [one[1] if (one := how.search(head)) else b"" for how in (_AUTHOR, _COMMITTER)]
    found += sorted({inside or before for before, inside in _CO_AUTHOR.findall(message)})
    author, committer, *others = (one.decode("utf-8", "replace").strip() for one in found)
    return Writer(commit, author, committer, tuple(filter(None, others)), signer)


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
            some = commits[start : start + _AT_ONCE]
            told: str = ask(c=list(settings)).log("--no-walk", "--format=%H %G? %GS", *some)
            for commit, verdict, *by in (line.split(" ") for line in told.splitlines()):
                if verdict == "G" and by and by[0].isdecimal():
                    found[commit] = people[int(by[0])]
    return found
