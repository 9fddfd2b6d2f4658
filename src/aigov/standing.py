"""What an import is worth in its repository: tests, samples and undeclared packages are mentions.

The rules are DESIGN's: an import in a test file counts only where code that is no test imports
that file; a dependency, a model file or an endpoint is never demoted by its path.
"""

import posixpath
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from aigov.dependencies import read_dependencies
from aigov.detectors import Detectors, stating

MANY_FILES, MANY_SHARE = 3, 10
"""An undeclared import counts where so many files, and one of so many, have one."""
MAX_READ = 512 * 1024
"""Bytes of a file in which imports of a test file are looked for."""
_IMPORTING = re.compile(
    rb"^[^\n#]*?\b(?:import|from|require|require_relative|include|load|use|using|mod|__import__"
    rb"|import_module)\b[^\n(]{0,400}(?:\([^)]{0,2000})?", re.MULTILINE,
)  # fmt: skip


class Hit(NamedTuple):
    """What one file shows, before it is weighed."""

    line: int
    kind: str
    name: str
    ecosystem: str
    detector: str
    confidence: str
    doubt: str = ""
    """Why it is a mention; "" where it is what `kind` says."""
    use: str = ""
    """`dependency lock import guarded`; "" for what is not weighed."""
    aid_of: tuple[str, ...] = ()
    """Names of files beside which a dependency is of developers."""


class Standing:
    """The hits of a repository, and what its files say of one another."""

    def __init__(
        self, paths: Sequence[str], read: Callable[[str], bytes | None], detectors: Detectors
    ) -> None:
        self._paths, self._read, self._detectors = paths, read, detectors
        self._names = frozenset(paths)
        self._hits: list[tuple[str, Hit]] = []
        self._declared: dict[str, set[str]] = {"": set(), "extra": set()}
        self._importing: dict[str, set[str]] = defaultdict(set)
        self._stated: dict[str, bool] = {}

    def add(self, path: str, hit: Hit) -> None:
        """Take in what a file shows."""
        if hit.aid_of and self._is_stated(posixpath.dirname(path), hit.ecosystem, hit.aid_of):
            hit = hit._replace(doubt="group")
        self._hits.append((path, hit))
        if hit.use == "dependency":
            if hit.kind == "runtime" and hit.doubt in self._declared:
                self._declared[hit.doubt].add(hit.ecosystem)
        elif hit.use and not self._named("tests", path):
            self._importing[hit.ecosystem].add(path)

    def weighed(self) -> Iterator[tuple[str, Hit]]:
        """Yield every hit; a doubtful one as a mention."""
        tests = {path for path, hit in self._hits
                 if hit.use in ("import", "guarded") and self._named("tests", path)}  # fmt: skip
        used = self._used() if tests else set()
        for path, hit in self._hits:
            doubt, sure = hit.doubt, hit.confidence
            if hit.use in ("import", "guarded"):
                doubt = "test" if path in tests - used else self._doubt(path, hit)
            elif hit.use == "lock" and not self._stating.get(
                (posixpath.dirname(path), hit.ecosystem)
            ):
                doubt, sure = "", "medium"
            elif hit.kind in ("infrastructure", "notebook") and self._named("fixtures", path):
                doubt = "fixture"
            elif hit.kind == "notebook" and self._named("samples", path):
                doubt = self._doubt(path, hit)
            kind = "mention" if doubt else hit.kind
            yield path, hit._replace(kind=kind, confidence="low" if doubt else sure, doubt=doubt)

    def _named(self, what: str, path: str) -> bool:
        return bool(self._detectors.named(what).search(path))

    def _doubt(self, path: str, hit: Hit) -> str:
        ecosystem = hit.ecosystem
        if ecosystem in self._declared[""]:
            return ""
        standing = self._detectors.files["standing.yaml"]
        if ecosystem == "python" and self._is_own(hit.name, path, standing["roots"]):
            return "own"
        if self._named("fixtures", path):
            return "fixture"
        above = ("", *(path[:at] for at in _ends(path)))
        stated = any(self._is_stated(folder, ecosystem) for folder in above)
        if ecosystem not in standing["declared" if stated else "always"]:
            return ""
        if hit.use == "guarded":
            return "optional"
        if ecosystem not in self._declared["extra"] and not self._is_common(ecosystem):
            return "undeclared"
        return "sample" if self._named("samples", path) else ""

    def _is_own(self, package: str, path: str, roots: Sequence[str]) -> bool:
        """Say whether the repository holds a Python package of that name itself."""
        imports = self._detectors.ecosystems["python"].imports
        modules = [module for module, to in imports.items() if to == package and "." not in module]
        modules.append(package.replace("-", "_"))
        folders = [*roots, *(f"{path[:at]}/" for at in _ends(path))]
        own = {f"{folder}{module}.py" for folder in roots for module in modules}
        for folder in (one for one in folders if f"{one}__init__.py" not in self._names):
            own.update(f"{folder}{module}/__init__.py" for module in modules)
        return not own.isdisjoint(self._names)

    @cached_property
    def _stating(self) -> dict[tuple[str, str], list[tuple[str, Mapping[str, Any]]]]:
        """Folder and ecosystem to the dependency files there, with what they are."""
        found = defaultdict(list)
        for path in self._paths:
            row = stating(path, self._detectors)
            if row and not row.get("locked"):
                found[posixpath.dirname(path), row["ecosystem"]].append((path, row))
        return found

    def _is_stated(self, folder: str, ecosystem: str, names: Sequence[str] = ()) -> bool:
        """Say whether a dependency file in a folder states what its program needs to run."""
        return any(
            self._states(path, row)
            for path, row in self._stating.get((folder, ecosystem), ())
            if not names or posixpath.basename(path) in names
        )

    def _states(self, path: str, row: Mapping[str, Any]) -> bool:
        if path not in self._stated:
            stated = read_dependencies(self._read(path) or b"", row, lambda _: False)
            self._stated[path] = any(one.group == "runtime" for one in stated)
        return self._stated[path]

    def _is_common(self, ecosystem: str) -> bool:
        aside = ("fixtures", "samples")
        files = {
            path
            for path in self._importing[ecosystem]
            if not any(self._named(one, path) for one in aside)
        }
        endings = Counter(path.rpartition(".")[2] for path in files)
        alike = sum(path.rpartition(".")[2] in endings for path in self._paths)
        return len(files) >= MANY_FILES and len(files) * MANY_SHARE >= alike

    def _used(self) -> set[str]:
        """Return the test files that code which is no test imports, directly or through another."""
        code = [
            path for path in self._paths if path[path.rfind(".") :] in self._detectors.languages
        ]
        tests = {path: posixpath.basename(path).rpartition(".")[0].encode()
                 for path in code if self._named("tests", path)}  # fmt: skip
        used: set[str] = set()
        left = [path for path in code if path not in tests]
        while left:
            imported: set[bytes] = set()
            for path in left:
                lines = _IMPORTING.findall((self._read(path) or b"")[:MAX_READ])
                imported.update(re.findall(rb"[\w.-]*\w", b"\n".join(lines)))
            ends = (
                part for one in imported for part in (one.rpartition(b".")[0], *one.split(b"."))
            )
            words = imported.union(ends)
            left = [path for path, stem in tests.items() if stem in words and path not in used]
            used.update(left)
        return used


def _ends(path: str) -> list[int]:
    """Return where each folder of a path ends."""
    return [at for at, one in enumerate(path) if one == "/"]
