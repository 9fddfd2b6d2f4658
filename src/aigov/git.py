"""Git through GitPython, behind this one module; imported only where history is read."""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from tempfile import TemporaryDirectory, TemporaryFile

from aigov.errors import UsageError
from aigov.repositories import is_manifest
from aigov.ways import identity, ways

try:
    import git
except ImportError:  # GitPython looks for the program when it is imported
    raise UsageError("git cannot be run", remedy="install git, or put it on PATH") from None

_NOBODY = re.compile(r"noreply|\[bot\]|[^ -~]|^[^@]*$")
"""Addresses that name nobody: hidden by a forge, a machine's, or none at all."""

_AFTER_NAME = re.compile(r"[~^:]|@\{")
"""Where what is said of a ref ends its name (gitrevisions)."""
_CLEAR = re.compile(r"(HEAD|[0-9a-f]{40}|[0-9a-f]{64}|refs/.*)?", re.DOTALL)
"""Names that git looks for in one place first: its own, whole ids and whole refs."""

_PIECE = 1 << 16
"""Bytes at once of what is passed over."""
SAFE = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_GRAFT_FILE": os.devnull,
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",  # what older versions of git have against a lazy fetch
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_LITERAL_PATHSPECS": "1",
}
"""A repository under test configures nothing, replaces nothing and fetches nothing."""
SETTINGS = (
    f"core.hooksPath={os.devnull}",
    "core.fsmonitor=false",
    f"core.attributesFile={os.devnull}",
)


class Asking(git.Git):
    """Git's program, as GitPython runs it, that also reads objects with SHA-256 names."""

    def _parse_object_header(self, header_line: str) -> tuple[str, str, int]:
        name, kind, size = header_line.split()  # else a ValueError: there is no such object
        return name, kind, int(size)


class _Repo(git.Repo):
    GitCommandWrapperType = Asking


class Repository:
    """A git repository that is read and never run."""

    def __init__(self, path: str) -> None:
        """Open the repository at or above `path`.

        Raises:
            UsageError: there is none.
        """
        try:
            self._repo = _Repo(path, search_parent_directories=True)
        except (git.GitError, OSError, ValueError) as error:
            raise UsageError(
                "no git repository", where=path, remedy="name a clone, or run `git init` there"
            ) from error
        self._ask = self._repo.git
        self._ask.update_environment(**SAFE)
        self.root = os.path.realpath(self._repo.working_tree_dir or self._repo.git_dir)

    def holds(self, path: str) -> bool:
        """Tell whether `path` leads into this repository: by a link on the way, by what lies
        below it, to one of its working trees or to a folder of git's own."""
        folders = (self.root, self._repo.git_dir, self._repo.common_dir)
        return not ways(path).isdisjoint(identity(str(one)) for one in folders)

    def commit(self, rev: str) -> str | None:
        """Return the full id of the commit that `rev` names, None if there is none.

        Raises:
            UsageError: it is the name of several.
        """
        if several := namesakes(self._ask, rev):
            words = f"{rev} is the name of several: {', '.join(several)}"
            raise UsageError(words, where=self.root, remedy="name one of them in full")
        try:
            found: str = self._ask.rev_parse(
                "--verify", "--quiet", "--end-of-options", f"{rev}^{{commit}}"
            )
        except git.GitError:
            return None
        return found.splitlines()[-1]

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except (git.GitError, OSError, ValueError) as error:
            self._ask.clear_cache()  # git ends its `cat-file --batch` at what it cannot fetch
            raise UsageError(
                "parts of the commit are not in this clone",
                where=self.root,
                remedy="clone it whole, without --filter",
            ) from error

    def tree(self, commit: str) -> str:
        """Return the id of the tree of a commit."""
        found: str = self._ask.rev_parse("--verify", "--end-of-options", f"{commit}^{{tree}}")
        return found

    def files(self, commit: str) -> Iterator[tuple[str, str, str]]:
        """Yield path, mode and id of every file of a commit.

        Raises:
            UsageError: the clone has not all of it; so for the next two.
        """
        with self._reading():
            listed: str = self._ask.ls_tree("-r", "-z", "--full-tree", commit)
        for line in filter(None, listed.split("\0")):
            head, _, path = line.partition("\t")
            mode, _, blob = head.split(" ")
            yield path, mode, blob

    def differing(self, one: str, other: str) -> Iterator[tuple[str, str, str]]:
        """Yield path, mode and id in the commit `other` of every file that is not as in `one`;
        the mode of a file that is not there is `000000`."""
        with self._reading():
            listed: str = self._ask.diff_tree(
                "-r", "-z", "--no-renames", "--ignore-submodules=none", one, other, "--"
            )
        words = iter(listed.split("\0"))
        for head, path in zip(words, words, strict=False):
            _, mode, _, blob, _ = head.split(" ")
            yield path, mode, blob

    def content(self, blob: str, most: int) -> bytes:
        """Return the first bytes of a blob."""
        with self._reading():
            found: bytes = self._repo.odb.stream(bytes.fromhex(blob)).read(most)
        return found

    def contents(self, blobs: Iterable[str], most: int) -> Iterator[bytes]:
        """Yield the first bytes of many blobs in their order, all from one program."""
        with self._reading(), TemporaryFile() as asked:
            asked.write("".join(f"{blob}\n" for blob in blobs).encode())
            asked.seek(0)
            answers = self._ask.cat_file("--batch", "--buffer", istream=asked, as_process=True)
            output = answers.stdout
            while head := output.readline():
                size = int(head.rpartition(b" ")[2])  # fails for one that is missing
                found = output.read(min(size, most) + 1)  # a line's end follows each blob
                left = size + 1 - len(found)
                while left:
                    passed = len(output.read(min(left, _PIECE)))
                    if not passed:
                        raise ValueError("git ended in the middle of a blob")
                    left -= passed
                yield found[: min(size, most)]
            answers.wait()

    def close(self) -> None:
        """End the programs of git that wait for questions."""
        self._ask.clear_cache()

    def origin(self) -> str:
        """Return the address that the clone was made from, "" if none is known."""
        try:
            found: str = self._ask.config("--local", "--get", "remote.origin.url")
        except git.GitError:
            return ""
        return found

    def differs(self, commit: str) -> bool:
        """Tell whether tracked files in the working tree are not as in `commit`."""
        if self._repo.bare:
            return False
        try:
            settings = [word for one in SETTINGS for word in ("-c", one)]
            compared = ("diff", "--quiet", "--no-ext-diff", "--no-textconv", commit, "--")
            self._ask.execute(["git", *settings, *compared])
        except git.GitError:
            return True
        return False


def namesakes(ask: git.Git, rev: str) -> list[str]:
    """Return the refs that share the name in `rev` and are not the same commit, none if it is
    clear: anybody who may push a tag could call it `origin/main`, and git prefers tags."""
    name, found = _AFTER_NAME.split(rev)[0], {}
    if _CLEAR.fullmatch(name):
        return []
    for ref in (f"refs/{kind}/{name}" for kind in ("tags", "heads", "remotes")):
        with suppress(git.GitError):
            found[ref] = ask.rev_parse("--verify", "--quiet", f"{ref}^{{commit}}")
    return [*found] if len({*found.values()}) > 1 else []


@contextmanager
def fetched(remote: str, commit: str) -> Iterator[Callable[[str, str], bytes]]:
    """Fetch all branches and tags of `remote`, a URL; give what returns the content of an
    object by its kind and id, or raises KeyError.

    Raises:
        UsageError: git cannot fetch it, or `commit` is on no branch or tag.
    """
    scheme = remote.partition("://")[0]
    with TemporaryDirectory() as folder:
        ask = git.Git(folder)
        ssh = os.environ.get("GIT_SSH_COMMAND", "ssh -oBatchMode=yes")
        ask.update_environment(
            **{**SAFE, "GIT_ALLOW_PROTOCOL": scheme, "GIT_SSH_COMMAND": ssh, "GIT_DIR": folder}
        )
        ask.set_persistent_git_options(c=list(SETTINGS))
        form = "sha1" if len(commit) == 40 else "sha256"
        try:
            ask.init("--quiet", "--bare", "--template=", f"--object-format={form}", folder)
            wanted = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
            calm = ("--quiet", "--no-recurse-submodules", "--no-auto-maintenance")
            ask.fetch(*calm, remote, *wanted)
        except git.GitError as error:
            problem = f"git cannot fetch it ({_reason(error)})"
            remedy = f"make `git ls-remote {remote}` work"
            raise UsageError(problem, where=remote, remedy=remedy) from None
        try:
            merged = ask.for_each_ref("--count=1", "--contains", commit)
        except git.GitError:  # not in what was fetched
            merged = ""
        if not merged:
            problem = f"{commit[:12]} is a commit of no branch or tag"
            remedy = "pin one that was merged; a pull request or a fork is none"
            raise UsageError(problem, where=remote, remedy=remedy)

        def read(kind: str, name: str) -> bytes:
            raw = {"stdout_as_string": False, "strip_newline_in_stdout": False}
            try:
                content: bytes = ask.cat_file(kind, name, **raw)
            except git.GitError:
                raise KeyError(name) from None
            return content

        yield read


def manifests_at_head(root: str, path: str) -> list[str]:
    """Return the manifests (POSIX, relative to `root`) that HEAD has at or below `path`.

    Raises:
        UsageError: git cannot say what HEAD has.
    """
    try:
        ask = git.Repo(root).git
        if _has_no_commit(ask):
            return []
        names = ask.ls_tree("-r", "--name-only", "-z", "HEAD").split("\0")
    except (git.GitError, OSError, ValueError) as error:
        raise UsageError(
            f"git cannot say which manifests HEAD has ({_reason(error)})",
            where=root,
            remedy="make `git ls-tree HEAD` work there, or remove a .git that is no repository",
        ) from None
    below = os.path.relpath(os.path.realpath(path), root).replace(os.sep, "/")
    prefix = "" if below == "." else f"{below}/"
    return [
        name for name in names if name.startswith(prefix) and is_manifest(name.rpartition("/")[2])
    ]


def frequent_authors(root: str, most: int = 500) -> list[str]:
    """Return the addresses that wrote the last commits that touch `root`, most commits first.

    Addresses that a forge hides and those of bots are left out; where git cannot say, nobody.
    """
    try:
        ask = git.Repo(root, search_parent_directories=True).git
        ask.update_environment(GIT_LITERAL_PATHSPECS="1", GIT_NO_LAZY_FETCH="1")
        listed = ask.log("--no-show-signature", f"-{most}", "--format=%ae", "--", root)
    except (git.GitError, OSError, ValueError):
        return []
    told = Counter(line for line in listed.splitlines() if not _NOBODY.search(line))
    return [address for address, _ in told.most_common(3)]


def _has_no_commit(ask: git.Git) -> bool:
    """Say whether HEAD names a branch that has no commit yet; a broken one is an error."""
    try:
        branch = ask.symbolic_ref("--quiet", "HEAD")
        ask.show_ref("--verify", "--quiet", branch)
    except git.GitCommandError as error:
        if error.status != 1:  # git's word for "there is none"; 128 is "cannot say"
            raise
        return "show-ref" in error.command  # else HEAD is detached, so it names a commit
    return False


def _reason(error: Exception) -> str:
    """Return git's own first line, else what kind of trouble GitPython saw."""
    said = getattr(error, "stderr", "").strip().removeprefix("stderr: ").strip("' \n")
    return said.splitlines()[0] if said else type(error).__name__
