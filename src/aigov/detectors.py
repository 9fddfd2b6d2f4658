"""What counts as AI: `detectors/*.yaml` as values, made once and used on every file."""

import re
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import translate
from functools import cache, lru_cache
from typing import Any, NamedTuple

_SEPARATORS = re.compile(r"[-_./:\\]")
_WILD = re.compile(r"[*?\]]")
_PIECES = re.compile("[a-z0-9]+")
DIGITS = b"0123456789"
_COMMON = frozenset((
    "amazon", "amazonaws", "apache", "api", "awssdk", "azure", "client", "cloud", "com", "core",
    "for", "github", "go", "google", "googleapis", "http", "https", "java", "js", "microsoft",
    "org", "python", "sdk", "service", "services",
))  # fmt: skip
"""Pieces of names that most code holds: a name is looked for by another of its pieces."""


class Package(NamedTuple):
    """What a name stands for in one ecosystem."""

    name: str
    provider: str
    """Slug of `spec.architecture.models[].provider`; "" for several, or models of one's own."""
    tooling: bool = False


class Index(NamedTuple):
    """By which words a text is told that may hold one of many names."""

    words: frozenset[bytes]
    """The rarest piece of each name."""
    names: Mapping[bytes, tuple[frozenset[bytes], ...]]
    """Such a piece, to all pieces of each of the names."""

    def may_be_in(self, pieces: frozenset[bytes]) -> bool:
        """Say whether a text of these pieces (whole, in lower case) may hold a name."""
        if self.words.isdisjoint(pieces):  # as nearly all are: four times as fast
            return False
        return any(one <= pieces for key in self.words & pieces for one in self.names[key])


class Ecosystem(NamedTuple):
    """The packages of one ecosystem; a key that ends in a separator stands for all below it."""

    name: str
    packages: Mapping[str, Package]
    imports: Mapping[str, str]
    """What is imported, where it does not read like its package; to "": says nothing."""
    importable: Index

    def package(self, name: str) -> Package | None:
        """Return what a dependency of this name is."""
        name = self.spelled(name)
        key = _find(self.packages, name)
        return self.packages[key]._replace(name=_own(key, name)) if key else None

    def imported(self, name: str) -> Package | None:
        """Return the package that an import brings in."""
        spelled = name.lower()
        ends = [len(spelled), *(m.start() for m in re.finditer(r"[.\\/]", spelled))]
        for end in sorted(ends, reverse=True):
            key = _find(self.imports, spelled[:end], below=end == len(spelled))
            if key is not None:
                named = self.imports[key]
                return (self.package(named) or Package(named, "")) if named else None
        first = spelled.partition(".")[0] if self.name in ("python", "julia") else spelled
        return self.package(first)

    def spelled(self, name: str) -> str:
        """Return a name in the one spelling of its ecosystem (PEP 503 for Python)."""
        name = name.lower()
        if self.name == "python":
            return re.sub("[-_.]+", "-", name)
        return name.replace("_", "-") if self.name == "rust" else name


class Row(NamedTuple):
    """An expression over the lines of some files."""

    detector: str
    kind: str
    ecosystem: str
    confidence: str
    files: str
    pattern: str
    words: Index


class Detectors(NamedTuple):
    """All of `detectors/`, ready for use; the rest is reached by the name of its file."""

    ecosystems: Mapping[str, Ecosystem]
    dependency_files: tuple[tuple[str, tuple[str, ...], Mapping[str, Any]], ...]
    """Expression over the path, and what the path ends in, of each row."""
    dependency_endings: tuple[str, ...]
    languages: Mapping[str, Mapping[str, Any]]
    """By the ending of a file's name."""
    endpoints: Index
    installable: Index
    rows: tuple[Row, ...]
    expressions: Mapping[str, str]
    """Single expressions: `tests prose skip hosts ...`."""
    files: Mapping[str, Any]
    words: frozenset[bytes]
    """A file that holds none of these, whole and in lower case, holds no detection of text."""
    without_digits: frozenset[bytes]
    """The same words without their digits, which are looked for first: numbers are many."""
    numbers: tuple[bytes, ...]
    """Those that are all digits."""
    telling: frozenset[bytes]
    """Those of mentions."""

    def named(self, name: str) -> re.Pattern[str]:
        """Return one of the single expressions."""
        return compiled(self.expressions[name])


compiled = cache(re.compile)
"""Compiles an expression when it is first needed: few repositories need them all."""


def build_detectors(files: Mapping[str, Any]) -> Detectors:
    """Make the values of `detectors/*.yaml` (by file name) ready for use.

    Raises:
        KeyError: a detector lacks something.
    """
    ecosystems = {f["ecosystem"]: _ecosystem(f) for f in files.values() if "packages" in f}
    stated = tuple(
        (_globs(row["files"]), tuple(map(_ending, row["files"])), row)
        for row in files["dependency-files.yaml"]
    )
    rows = [
        Row(row["detector"], row.get("kind", kind), row["ecosystem"], row.get("confidence", "high"),
            row["files"], _expression(row), index(row.get("names") or row["words"]))
        for kind, name in (("infrastructure", "infrastructure.yaml"), ("tooling", "tooling.yaml"))
        for row in files[name]["rows"]
    ]  # fmt: skip
    by_name = [row for row in files["infrastructure.yaml"]["rows"] if row.get("by_name")]
    told_by_name = {row["detector"] for row in by_name}
    tooling, models = files["tooling.yaml"], files["models.yaml"]
    endpoints, standing = files["endpoints.yaml"], files["standing.yaml"]
    expressions = {
        "only": tooling["only"],
        "assistant": f"/(?:{'|'.join(row['path'] for row in tooling['paths'])})$",
        "skip": models["skip"], "prose": files["mentions.yaml"]["prose"],
        "installs": files["installs.yaml"]["files"], "builds": files["installs.yaml"]["builds"],
        "by_name": "|".join(row["files"] for row in by_name),
        "hosts": _hosts(endpoints["hosts"]),
        **{key: endpoints[key] for key in ("idle", "paths", "config", "setting")},
        **{key: standing[key] for key in ("tests", "fixtures", "samples")},
    }  # fmt: skip
    called = index([*endpoints["hosts"], *endpoints["words"]])
    telling = _bytes(files["mentions.yaml"]["words"])
    names = [name for one in ecosystems.values() for name in one.packages]
    words = telling.union(
        index(names).words, called.words,
        *(row.words.words for row in rows if row.detector not in told_by_name),
        *(one.importable.words for one in ecosystems.values()),
    )  # fmt: skip
    return Detectors(
        ecosystems,
        stated,
        tuple({ending for _, endings, _ in stated for ending in endings}),
        {ending: row for row in files["languages.yaml"] for ending in row["files"]},
        called,
        index(n for key in files["installs.yaml"]["commands"] for n in ecosystems[key].packages),
        tuple(rows),
        expressions,
        files,
        words,
        frozenset(word.translate(None, DIGITS) for word in words),
        tuple(word for word in words if word.isdigit()),
        telling,
    )  # fmt: skip


def stating(path: str, detectors: Detectors) -> Mapping[str, Any] | None:
    """Return how the dependencies in a file are written, None for what is no such file."""
    if not path.endswith(detectors.dependency_endings):
        return None
    return next(
        (row for pattern, endings, row in detectors.dependency_files
         if path.endswith(endings) and compiled(pattern).match(path)), None,
    )  # fmt: skip


def passed_over(path: str, detectors: Detectors) -> bool:
    """Say whether the ending of a path tells that its file is not looked into."""
    return _passed_over(path[path.rfind(".") :], detectors.expressions["skip"])


@lru_cache(maxsize=1024)
def _passed_over(ending: str, skip: str) -> bool:
    return bool(compiled(skip).search(ending))


def index(names: Iterable[str]) -> Index:
    """Return the index of some names."""
    found: dict[bytes, tuple[frozenset[bytes], ...]] = {}
    for name in names:
        key, pieces = _cut(name)
        found[key] = (*found.get(key, ()), pieces)
    return Index(frozenset(found), found)


@cache
def _cut(name: str) -> tuple[bytes, frozenset[bytes]]:
    """Return the rarest piece of a name, and all of them."""
    pieces = _PIECES.findall(name.lower())
    rare = [one for one in pieces if one not in _COMMON] or pieces
    return max(rare, key=len).encode(), _bytes(pieces)


def _expression(row: Mapping[str, Any]) -> str:
    names = (re.escape(name).replace(r"\*", r"[\w./-]{0,100}") for name in row.get("names", ()))
    return f"(?m){row['pattern'].replace('{names}', '(?:' + '|'.join(names) + ')')}"


def _bytes(words: Iterable[str]) -> frozenset[bytes]:
    return frozenset(word.encode() for word in words)


def _globs(patterns: Iterable[str]) -> str:
    """Return an expression over a path for patterns of a name, or of a folder and a name."""
    each = (translate(one).replace(".*", "[^/]*") for one in patterns)
    return rf"(?:.*/)?(?:{'|'.join(each)})"


def _ending(pattern: str) -> str:
    """Return the letters in which every name that fits a pattern ends."""
    return _WILD.split(pattern)[-1]


def _hosts(hosts: Iterable[str]) -> str:
    """Return an expression for a URL, or what a URL without its scheme is, on one of the hosts."""
    names = "|".join(re.escape(host).replace(r"\*", r"[\w.{}$-]{1,100}") for host in hosts)
    return rf"(?i)(?:(?:https?|wss?)://)?({names})(?::\d+)?(?:/[^\s\"'<>]*)?"


def _ecosystem(file: Mapping[str, Any]) -> Ecosystem:
    bare = Ecosystem(file["ecosystem"], {}, {}, index(()))
    packages: dict[str, Package] = {}
    for key, provider in file["packages"].items():
        spelled = bare.spelled(key.removesuffix("*"))
        packages[spelled] = Package(spelled, provider)
    for key in file["tooling"]:
        packages[bare.spelled(key)] = Package(bare.spelled(key), "", tooling=True)
    imports = {key.removesuffix("*").lower(): to for key, to in file.get("imports", {}).items()}
    importable = index([*(p for p in packages if imports.get(p.replace("-", "_")) != ""),
                        *(module for module, to in imports.items() if to)])  # fmt: skip
    return Ecosystem(file["ecosystem"], packages, imports, importable)


def _find(table: Mapping[str, Any], name: str, *, below: bool = True) -> str | None:
    """Return the key for a name: its own, else that of what it lies below."""
    if name in table:
        return name
    ends: Sequence[int] = [found.end() for found in _SEPARATORS.finditer(name)] if below else ()
    for end in reversed(ends):
        if name[:end] in table:
            return name[:end]
        if name[end - 1] == "/" and name[: end - 1] in table:
            return name[: end - 1]
    return None


def _own(key: str, name: str) -> str:
    return name if _SEPARATORS.fullmatch(key[-1]) else key
