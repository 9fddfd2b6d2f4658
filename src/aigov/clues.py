"""What the files of a repository say about a use case: text in, clues out.

Which files, and where in them, is data (`init/files.yaml`). All text is hostile: what cannot
be read says nothing.
"""

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from aigov.source import load

_README_CHARACTERS = 16 * 1024
_LONGEST = 400
"""Characters of a text that are kept: the most that a manifest's description may have."""
_OWNERS_FOLDERS = ("", ".github", ".gitlab", "docs")
_SLO_MARKS = (b"openslo/", b"prometheus/v1", b"sloth.slok.dev/")


class Clue(NamedTuple):
    """One thing that a file says."""

    kind: str
    """`name title description namespace owner team person provider library model slo`."""
    value: Any
    """Text on one line; of an SLO the item of a manifest."""
    source: str
    """POSIX path of the file, with the package where one says it."""


class Guide(NamedTuple):
    """Where to look, as `init/files.yaml` and `init/packages.yaml` say."""

    files: Sequence[Mapping[str, Any]]
    packages: Mapping[str, Mapping[str, str]]
    """Ecosystem to package to provider; "" for a library that names none."""

    def rank(self, path: str) -> int | None:
        """Return how early the file at `path` is asked (0 first), None where it has no say."""
        folder, _, name = path.rpartition("/")
        ranks = (at for at, row in enumerate(self.files) if fnmatchcase(name, row["file"]))
        others = name.endswith((".yaml", ".yml")) or (name == "README.md" and not folder)
        others = others or (name == "CODEOWNERS" and folder in _OWNERS_FOLDERS)
        return next(ranks, len(self.files) if others else None)


def read_clues(path: str, data: bytes, guide: Guide) -> list[Clue]:
    """Return what the file at `path` (POSIX, relative to the repository) says."""
    folder, _, name = path.rpartition("/")
    told: list[tuple[str, Any]] = []
    try:
        for row in guide.files:
            if fnmatchcase(name, row["file"]):
                told += _says(row, data)
        if name == "README.md":
            told += _readme(data)
        elif name == "CODEOWNERS":
            told += _codeowners(data)
        elif name.endswith((".yaml", ".yml")) and any(mark in data for mark in _SLO_MARKS):
            told += _slos(data, path)
    except (ValueError, RecursionError):  # not what its name says
        return []
    at_home = _OWNERS_FOLDERS if name == "CODEOWNERS" else ("",)
    found: list[Clue] = []
    for kind, value in told:
        if kind in guide.packages:
            found += _provider(kind, str(value).lower(), path, guide)
        elif kind == "slo":
            found.append(Clue(kind, value, path))
        elif folder in at_home and (line := one_line(value)):
            found.append(Clue(kind, line, path))
    return found


def one_line(value: object) -> str:
    """Return a text on one printable line, "" for what is none or is still a template."""
    if not isinstance(value, str) or "{{" in value or "${" in value:
        return ""
    kept = (one if one.isprintable() else " " if one.isspace() else "" for one in value)
    line = " ".join("".join(kept).split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 3].rstrip()}..."


def _provider(ecosystem: str, name: str, path: str, guide: Guide) -> list[Clue]:
    """Look a package up: its own entry, else that of what it lies below."""
    if ecosystem == "python":  # without extras and versions, in one spelling (PEP 503)
        name = re.sub("[-_.]+", "-", re.split(r"[^\w.-]", name, maxsplit=1)[0])
    ends = [len(name), *(found.start() for found in re.finditer("[/:]", name))]
    for end in sorted(ends, reverse=True):
        provider = guide.packages[ecosystem].get(name[:end])
        if provider is not None:
            kind = "provider" if provider else "library"
            return [Clue(kind, provider or name, f"{path}: {name}")]
    return []


_PARSERS: Mapping[str, Callable[[bytes], list[Any]]] = {
    "json": lambda data: [json.loads(data)],
    "toml": lambda data: [tomllib.loads(data.decode())],
    "yaml": lambda data: [document.value for document in load(data).documents],
}


def _says(row: Mapping[str, Any], data: bytes) -> Iterator[tuple[str, Any]]:
    """Yield what one row of the guide finds in a file; of YAML the first document that fits."""
    if row["read"] == "text":
        for kind, pattern in row["says"].items():
            for found in re.finditer(pattern, data.decode(), re.MULTILINE):
                yield kind, ":".join(found.groups())
        return
    for top in _PARSERS[row["read"]](data):
        wanted = row.get("when", {}).items()
        if all(any(str(one).startswith(start) for one in _at(top, path)) for path, start in wanted):
            for kind, paths in row["says"].items():
                for value in (one for path in paths for one in _at(top, path)):
                    listed = isinstance(value, list | dict)
                    yield from ((kind, one) for one in (value if listed else [value]))
            return


def _at(value: Any, path: str) -> Iterator[Any]:
    """Yield what stands at a dotted path; `*` is everything in a mapping or list."""
    name, _, rest = path.partition(".")
    if name == "*":
        found = [*value.values()] if isinstance(value, dict) else value
    else:
        found = [value[name]] if isinstance(value, dict) and name in value else []
    for one in found if isinstance(found, list) else []:
        yield from _at(one, rest) if rest else [one]


def _codeowners(data: bytes) -> Iterator[tuple[str, str]]:
    """Yield the owners of everything: the last rule for `*`, as on GitHub."""
    owners: list[str] = []
    for line in data.decode().splitlines():
        pattern, *named = line.partition("#")[0].split() or [""]
        owners = named if pattern == "*" else owners
    for owner in owners:
        _, slash, team = owner.lower().rpartition("/")
        yield ("team", f"group:{team}") if slash else ("person", owner)


def _readme(data: bytes) -> Iterator[tuple[str, str]]:
    """Yield the first paragraph that is prose."""
    text = data.decode(errors="replace")[:_README_CHARACTERS].replace("\r\n", "\n")
    text = text.partition("\n---")[2] if text.startswith("---\n") else text
    text = "".join(text.split("```")[::2])
    first, *rest = text.split("<!--")
    text = "".join((first, *(part.partition("-->")[2] for part in rest)))
    for paragraph in re.split(r"\n\s*\n", text):
        plain = re.sub(r"\[([^\[\]]*)\]\([^()\s]*\)|[*`]", r"\1", paragraph).strip()
        if plain[:1].isalpha() and len(plain) >= 20 and re.search(r"[.!?](\s|$)", plain):
            yield "description", plain
            return


def _slos(data: bytes, path: str) -> Iterator[tuple[str, dict[str, object]]]:
    """Yield objectives of OpenSLO and Sloth documents, as items of a manifest, without what
    does not belong in one as it stands."""
    for document in load(data).documents:
        top = document.value
        whole = next(_at(top, "metadata.name"), None)
        window = next(_at(top, "spec.timeWindow.*.duration"), "")
        paths = ("spec.objectives.*", "slos.*", "spec.slos.*")
        for one in (found for place in paths for found in _at(top, place)):
            name = one_line(next(_at(one, "name"), whole))[:120]
            slo: dict[str, object] = {"name": name or "unnamed"}
            target = next(_at(one, "target"), None)
            for percent in (*_at(one, "targetPercent"), *_at(one, "objective")):
                target = round(percent / 100, 12) if isinstance(percent, int | float) else None
            if isinstance(target, float) and 0.5 <= target < 1:
                slo["target"] = target
            if re.fullmatch("[1-9][0-9]{0,3}[dwM]", str(window)):
                slo["window"] = window
            if name and path.isprintable() and not re.search(r"[\s:#\\]", path + name):
                slo["ref"] = f"{path}#{name}"
            yield "slo", slo
