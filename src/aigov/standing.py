"""What an import is worth in its repository: tests, samples and undeclared packages are mentions.

The rules are DESIGN's: an import in a test file counts only where code that is no test imports
that file; a dependency, a model file or an endpoint is never demoted by its path.
"""

import posixpath
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from aigov.dependencies import read_dependencies
from aigov.detectors import Detectors

MANY_FILES, MANY_SHARE = 3, 10
"""An undeclared import counts where so many files, and one of so many, have one."""
MAX_READ = 512 * 1024
"""Bytes of a file in which imports of a test file are looked for."""
_IMPORTING = re.compile(
    rb"^[^\n#]*?\b(?:import|from|require|require_relative|include|load|use|using|mod|__import__)\b"
    rb"[^\n]{0,400}", re.MULTILINE,
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


class Standing:
    """The hits of a repository, and what its files say of one another."""

    def __init__(
        self, paths: Sequence[str], read: Callable[[str], bytes | None], detectors: Detectors
    ) -> None:
        self._paths, self._read, self._detectors = paths, read, detectors
        self._names = frozenset(paths)
        self._hits: list[tuple[str, Hit]] = []
        self._declared: dict[str, set[str]] = {"runtime": set(), "other": set()}
        self._importing: dict[str, set[str]] = defaultdict(set)
        self._stating: dict[str, bool] = {}

    def add(self, path: str, hit: Hit) -> None:
        """Take in what a file shows."""
        self._hits.append((path, hit))
        if hit.use == "dependency":
            runtime = not hit.doubt and hit.kind == "runtime"
            self._declared["runtime" if runtime else "other"].add(hit.ecosystem)
        elif hit.use and not self._named("tests", path):
            self._importing[hit.ecosystem].add(path)

    def weighed(self) -> Iterator[tuple[str, Hit]]:
        """Yield every hit; a doubtful one as a mention."""
        tests = {path for path, hit in self._hits
                 if hit.use in ("import", "guarded") and self._named("tests", path)}  # fmt: skip
        used = self._used() if tests else set()
        for path, hit in self._hits:
            doubt = hit.doubt
            if hit.use in ("import", "guarded"):
                doubt = "test" if path in tests - used else self._doubt(path, hit)
            elif hit.use == "lock" and doubt and not self._stated_beside(path, hit.ecosystem):
                doubt, hit = "", hit._replace(confidence="medium")  # noqa: PLW2901
            kept = hit._replace(doubt=doubt)
            yield path, kept._replace(kind="mention", confidence="low") if doubt else kept

    def _named(self, what: str, path: str) -> bool:
        return bool(self._detectors.named[what].search(path))

    def _doubt(self, path: str, hit: Hit) -> str:
        ecosystem = hit.ecosystem
        if ecosystem in self._declared["runtime"]:
            return ""
        standing = self._detectors.files["standing.yaml"]
        if ecosystem == "python" and self._is_own(hit.name, path, standing["roots"]):
            return "own"
        if self._named("fixtures", path):
            return "fixture"
        stated = any(self._states(f, ecosystem) for f in self._stating_above(path, ecosystem))
        if not stated or ecosystem not in standing["declared"]:
            return ""
        if self._named("samples", path) or hit.use == "guarded":
            return "sample" if hit.use == "import" else "optional"
        if ecosystem in self._declared["other"] or self._is_common(ecosystem):
            return ""
        return "undeclared"

    def _is_own(self, package: str, path: str, roots: Sequence[str]) -> bool:
        """Say whether the repository holds a Python package of that name itself."""
        imports = self._detectors.ecosystems["python"].imports
        modules = [module for module, to in imports.items() if to == package and "." not in module]
        folders = [*roots, *(f"{path[:at]}/" for at in _ends(path))]
        return any(
            f"{folder}{module}/__init__.py" in self._names
            for module in (*modules, package.replace("-", "_"))
            for folder in folders
            if f"{folder}__init__.py" not in self._names
        )

    def _stating_above(self, path: str, ecosystem: str) -> Iterator[str]:
        """Yield the dependency files in the folders above a file."""
        above = {path[:at] for at in _ends(path)} | {""}
        for one in self._paths:
            if posixpath.dirname(one) in above and self._row(one, ecosystem):
                yield one

    def _row(self, path: str, ecosystem: str) -> object:
        if not self._detectors.any_dependency_file.match(path):
            return None
        rows = (row for pattern, row in self._detectors.dependency_files if pattern.match(path))
        row = next(rows, {})
        return row if row.get("ecosystem") == ecosystem and not row.get("locked") else None

    def _states(self, path: str, ecosystem: str) -> bool:
        """Say whether a dependency file states any dependency at all."""
        if path not in self._stating:
            row = self._row(path, ecosystem)
            data = self._read(path) or b""
            found = isinstance(row, dict) and read_dependencies(data, row, lambda _: False)
            self._stating[path] = bool(found) and any(one.runtime for one in found or ())
        return self._stating[path]

    def _stated_beside(self, path: str, ecosystem: str) -> bool:
        folder = posixpath.dirname(path)
        return any(posixpath.dirname(one) == folder and self._row(one, ecosystem)
                   for one in self._paths)  # fmt: skip

    def _is_common(self, ecosystem: str) -> bool:
        files = {path for path in self._importing[ecosystem]
                 if not (self._named("fixtures", path) or self._named("samples", path))}  # fmt: skip
        endings = Counter(path.rpartition(".")[2] for path in files)
        alike = sum(path.rpartition(".")[2] in endings for path in self._paths)
        return len(files) >= MANY_FILES and len(files) * MANY_SHARE >= alike

    def _used(self) -> set[str]:
        """Return the test files that code which is no test imports, directly or through another."""
        code = [path for path in self._paths if path[path.rfind(".") :] in self._detectors.languages]
        tests = {path: posixpath.basename(path).rpartition(".")[0].encode()
                 for path in code if self._named("tests", path)}  # fmt: skip
        used: set[str] = set()
        left = [path for path in code if path not in tests]
        while left:
            imported: set[bytes] = set()
            for path in left:
                lines = _IMPORTING.findall((self._read(path) or b"")[:MAX_READ])
                imported.update(re.findall(rb"[\w.-]*\w", b"\n".join(lines)))
            words = {part for word in imported for part in (word, *word.split(b"."))}
            left = [path for path, stem in tests.items() if stem in words and path not in used]
            used.update(left)
        return used


def _ends(path: str) -> list[int]:
    """Return where each folder of a path ends."""
    return [at for at, one in enumerate(path) if one == "/"]
