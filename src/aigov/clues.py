"""What the files of a repository say about a use case: text in, clues out.

Every reader takes hostile text: what it cannot read says nothing.
"""

import json
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET

from aigov.source import load

Packages = Mapping[str, Mapping[str, str]]
"""Ecosystem to package to provider; "" for a library that names none."""
Found = Iterator[tuple[str, Any]]
"""Kind of clue, or ecosystem, to value, or name of a package."""

_README_BYTES = 16 * 1024
_LONGEST = 400
"""Characters of a text that are kept: the most that a manifest's description may have."""
_OWNERS_FOLDERS = (".github", ".gitlab", "docs")
_SLO_MARKS = (b"openslo/", b"prometheus/v1", b"sloth.slok.dev/")
_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][\w.-]*)")
_LINES = {
    "requirements*.txt": ("python", _REQUIREMENT),
    "go.mod": ("go", re.compile(r"\s*(?:require\s+)?([\w.-]+\.[a-z]+/\S+)\s+v")),
    "Gemfile": ("ruby", re.compile(r"\s*gem\s+['\"]([^'\"]+)")),
    "*.gemspec": ("ruby", re.compile(r"[^#]*?add_(?:runtime_)?dependency\b\W{1,3}([\w.-]+)")),
    "build.gradle*": ("java", re.compile(r"[^/'\"]*['\"]([\w.-]+:[\w.-]+)")),
}
"""Files that are read by line: pattern of the name, ecosystem, and where a package stands."""


class Clue(NamedTuple):
    """One thing that a file says."""

    kind: str
    """`name title description team person catalog_ref provider library model slo`."""
    value: Any
    """Text on one line; of an SLO the item of a manifest."""
    source: str
    """POSIX path of the file, with the package where one says it."""


def is_telling(name: str) -> bool:
    """Say whether a file of this name may hold clues."""
    return name.endswith((".yaml", ".yml")) or any(fnmatchcase(name, one) for one in _READERS)


def read_clues(path: str, data: bytes, packages: Packages) -> list[Clue]:
    """Return what the file at `path` (POSIX, relative to the repository) says.

    Who and what the repository as a whole is stands at its root (CODEOWNERS: or in the
    folders where forges look for it); packages and SLOs count wherever they are.
    """
    folder, _, name = path.rpartition("/")
    readers = [reader for pattern, reader in _READERS.items() if fnmatchcase(name, pattern)]
    if any(mark in data for mark in _SLO_MARKS) and name.endswith((".yaml", ".yml")):
        readers.append(lambda data: _slos(data, path))
    found: list[Clue] = []
    for reader in readers:
        try:
            told = list(reader(data))
        except (ValueError, RecursionError, ET.ParseError, LookupError):
            continue  # not what its name says
        for kind, value in told:
            if kind in packages:
                found += _provider(kind, str(value), path, packages)
            elif kind == "slo":
                found.append(Clue(kind, value, path))
            elif not folder or (name == "CODEOWNERS" and folder in _OWNERS_FOLDERS):
                text = _line(value)
                found += [Clue(kind, text, path)] if text else []
    return found


def _provider(ecosystem: str, name: str, path: str, packages: Packages) -> list[Clue]:
    """Look a package up: its own entry, else that of what it lies below."""
    known, name = packages[ecosystem], name.lower()
    if ecosystem == "python":
        name = re.sub("[-_.]+", "-", name)  # one spelling (PEP 503)
    for end in [len(name), *(m.start() for m in reversed([*re.finditer("[/:]", name)]))]:
        if name[:end] in known:
            provider = known[name[:end]]
            kind = "provider" if provider else "library"
            return [Clue(kind, provider or name, f"{path}: {name}")]
    return []


def _line(value: object) -> str:
    """Return a text on one printable line, "" for what is none or is still a template."""
    if not isinstance(value, str) or "{{" in value or "${" in value:
        return ""
    line = "".join(one for one in " ".join(value.split()) if one.isprintable())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 3].rstrip()}..."


def _at(value: Any, *names: str) -> Any:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _names(*blocks: object) -> Iterable[str]:
    return (name for block in blocks if isinstance(block, dict) for name in block)


def _texts(*lists: object) -> Iterable[str]:
    return (one for each in lists if isinstance(each, list) for one in each if isinstance(one, str))


def _package_json(data: bytes) -> Found:
    top = json.loads(data)
    yield from (("name", _at(top, "name")), ("description", _at(top, "description")))
    groups = ("dependencies", "optionalDependencies", "peerDependencies")
    yield from (("javascript", name) for name in _names(*(_at(top, group) for group in groups)))


def _composer(data: bytes) -> Found:
    top = json.loads(data)
    yield "name", str(_at(top, "name") or "").rpartition("/")[2]
    yield "description", _at(top, "description")
    yield from (("php", name) for name in [*_names(_at(top, "require")), _at(top, "name") or ""])


def _pyproject(data: bytes) -> Found:
    top = tomllib.loads(data.decode())
    project, poetry = _at(top, "project"), _at(top, "tool", "poetry")
    for one in (project, poetry):
        yield from (("name", _at(one, "name")), ("description", _at(one, "description")))
    extras = _at(project, "optional-dependencies") or {}
    for text in _texts(_at(project, "dependencies"), *(extras[name] for name in _names(extras))):
        if named := _REQUIREMENT.match(text):
            yield "python", named[1]
    yield from (("python", name) for name in _names(_at(poetry, "dependencies")))


def _cargo(data: bytes) -> Found:
    top = tomllib.loads(data.decode())
    package = _at(top, "package")
    yield from (("name", _at(package, "name")), ("description", _at(package, "description")))
    groups = (_at(top, "dependencies"), _at(top, "workspace", "dependencies"))
    yield from (("rust", name) for name in _names(*groups))


def _elements(data: bytes) -> ET.Element:
    """Parse XML that declares nothing: entities are how it does harm."""
    if b"<!" in data.replace(b"<!--", b"").replace(b"<![CDATA[", b"") or b"\0" in data:
        raise ValueError("declarations are not read")
    return ET.fromstring(data)  # noqa: S314  # nothing is declared, and the size is bounded


def _tags(element: ET.Element) -> dict[str, str]:
    """Return the text of each direct child by its name without namespace."""
    return {one.tag.rpartition("}")[2]: one.text or "" for one in element}


def _pom(data: bytes) -> Found:
    root = _elements(data)
    top = _tags(root)
    yield from (("name", top.get("artifactId")), ("description", top.get("description")))
    for one in root.iter():
        if one.tag.rpartition("}")[2] == "dependency":
            tags = _tags(one)
            yield "java", f"{tags.get('groupId', '')}:{tags.get('artifactId', '')}"


def _msbuild(data: bytes) -> Found:
    for one in _elements(data).iter():
        if one.tag.rpartition("}")[2] in ("PackageReference", "PackageVersion"):
            yield "dotnet", one.get("Include", "")


def _by_line(pattern: str) -> Callable[[bytes], Found]:
    ecosystem, package = _LINES[pattern]

    def read(data: bytes) -> Found:
        for line in data.decode().splitlines():
            if found := package.match(line[:_LONGEST]):
                yield ecosystem, found[1]

    return read


def _codeowners(data: bytes) -> Found:
    """The owners of everything: the last rule for `*`, as on GitHub."""
    owners: list[str] = []
    for line in data.decode().splitlines():
        pattern, *named = line.partition("#")[0].split() or [""]
        owners = named if pattern == "*" else owners
    for owner in owners:
        _, slash, team = owner.lower().rpartition("/")
        yield ("team", f"group:{team}") if slash else ("person", owner)


def _catalog(data: bytes) -> Found:
    """The first component of a Backstage catalogue."""
    for document in load(data).documents:
        entity = document.value
        if str(_at(entity, "apiVersion")).startswith("backstage.io/") and (
            _at(entity, "kind") == "Component"
        ):
            metadata, owner = _at(entity, "metadata"), _at(entity, "spec", "owner")
            name = _at(metadata, "name")
            yield from (("title", _at(metadata, "title")), ("name", name))
            yield "description", _at(metadata, "description")
            yield "catalog_ref", f"component:{_at(metadata, 'namespace') or 'default'}/{name}"
            if isinstance(owner, str) and not owner.startswith("user:"):
                yield "team", f"group:{owner.removeprefix('group:').removeprefix('default/')}"
            return


def _agent(data: bytes) -> Found:
    """An agent by the Git Agent Protocol."""
    for document in load(data).documents:
        if _at(document.value, "spec_version"):
            yield from ((one, _at(document.value, one)) for one in ("name", "description"))
            yield "model", _at(document.value, "model", "preferred")


def _readme(data: bytes) -> Found:
    """The first paragraph that is prose."""
    text = data[:_README_BYTES].decode(errors="replace").replace("\r\n", "\n")
    if text.startswith("---\n"):
        text = text.partition("\n---")[2]
    text = re.sub(r"<!--.*?-->|```.*?```", "", text, flags=re.DOTALL)
    for paragraph in re.split(r"\n\s*\n", text):
        plain = re.sub(r"\[([^\[\]]*)\]\([^()\s]*\)|[*`]", r"\1", paragraph).strip()
        if plain[:1].isalnum() and len(plain) >= 20 and "\n==" not in plain:
            yield "description", plain
            return


def _slos(data: bytes, path: str) -> Found:
    """Objectives of OpenSLO (v1, v1alpha) and Sloth documents, as items of a manifest."""
    for document in load(data).documents:
        top = document.value
        version, spec = str(_at(top, "apiVersion") or _at(top, "version")), _at(top, "spec")
        if version.startswith("openslo/") and _at(top, "kind") == "SLO":
            name, objectives = _at(top, "metadata", "name"), _at(spec, "objectives")
            windows = _at(spec, "timeWindow")
            window = _at(windows[0], "duration") if isinstance(windows, list) and windows else None
            for one in objectives if isinstance(objectives, list) else []:
                share = _at(one, "targetPercent")
                share = _at(one, "target") if share is None else _share(share)
                yield "slo", _slo(name, share, window, path)
        elif version.startswith(("prometheus/", "sloth.slok.dev/")):
            listed = _at(top, "slos") or _at(spec, "slos")
            for one in listed if isinstance(listed, list) else []:
                yield "slo", _slo(_at(one, "name"), _share(_at(one, "objective")), None, path)


def _share(percent: object) -> object:
    return round(percent / 100, 12) if isinstance(percent, int | float) else None


def _slo(name: object, target: object, window: object, path: str) -> dict[str, object]:
    """What does not belong in a manifest as it stands is left out."""
    slo: dict[str, object] = {"name": _line(name)[:120] or "unnamed"}
    if isinstance(target, float) and 0.5 <= target < 1:
        slo["target"] = target
    if isinstance(window, str) and re.fullmatch("[1-9][0-9]{0,3}[dwM]", window):
        slo["window"] = window
    if not re.search(r"[\s:#\\]", path + _line(name)):
        slo["ref"] = f"{path}#{slo['name']}"
    return slo


_READERS: Mapping[str, Callable[[bytes], Found]] = {
    "catalog-info.y*ml": _catalog,
    "agent.y*ml": _agent,
    "CODEOWNERS": _codeowners,
    "package.json": _package_json,
    "pyproject.toml": _pyproject,
    "Cargo.toml": _cargo,
    "composer.json": _composer,
    "pom.xml": _pom,
    "*.csproj": _msbuild,
    "Directory.Packages.props": _msbuild,
    **{pattern: _by_line(pattern) for pattern in _LINES},
    "README.md": _readme,
}
"""Pattern of a file's name to its reader, the most telling first."""


def by_trust(path: str) -> tuple[int, int, str]:
    """Sort key of paths: near the root first, then the file that tells more."""
    name = path.rpartition("/")[2]
    ranks = (rank for rank, one in enumerate(_READERS) if fnmatchcase(name, one))
    return path.count("/"), next(ranks, len(_READERS)), path
