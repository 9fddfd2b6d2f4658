"""The dependencies that a file states, by the real parser of its format where there is one.

Where they are written in which file is data (`detectors/dependency-files.yaml`).  JSON, TOML and
YAML are parsed; their parsers keep no places, so a name is looked up in the text afterwards.
"""

import ast
import configparser
import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial
from typing import Any, NamedTuple
from xml.parsers import expat

from aigov.languages import lex
from aigov.source import load

MAX_BYTES = 16 * 1024 * 1024
"""Of a larger file the beginning is read, which JSON cannot be: no resolver writes one."""
_TROUBLE = (
    ValueError, SyntaxError, RecursionError, MemoryError, AttributeError, TypeError,
    configparser.Error,
)  # fmt: skip
SCRIPT = b"# /// script"
"""How the dependencies in a Python script begin (PEP 723)."""
_BLOCK = re.compile(r"^# /// script$\n((?:^#(?:| .*)$\n)+?)^# ///$", re.MULTILINE)
_NAME = re.compile(r"@?[A-Za-z0-9][\w./:-]*")


GROUPS = ("own", "runtime", "extra", "bundled", "other")


class Dependency(NamedTuple):
    """One dependency as its file spells it."""

    name: str
    line: int
    group: str
    """`own`: the program itself; `runtime`: needed to run; `extra`: of use, where it is there;
    `bundled`: perhaps; `other`: what developers need, or what others bring."""


def read_dependencies(
    data: bytes, row: Mapping[str, Any], known: Callable[[str], bool]
) -> list[Dependency]:
    """Return what the file states, with the lines of those that are `known`; nothing where
    it is not what its name says."""
    data = data[:MAX_BYTES]
    try:
        text = data.decode("utf-8-sig", "replace").replace("\r\n", "\n")
        if row["read"] == "text":
            return list(_in_text(text, row))
        if row["read"] == "xml":
            return list(_in_xml(data, row))
        stated = _in_values(_PARSERS[row["read"]](text), text, row)
        lines = lru_cache(maxsize=None)(partial(_line, text))
        return [one._replace(line=lines(*one[:2]) if known(one.name) else 1) for one in stated]
    except _TROUBLE:
        return []


def values_at(value: Any, path: str) -> Iterator[Any]:
    """Yield what stands at a dotted path; `*` is everything in a mapping or list."""
    name, _, rest = path.partition(".")
    if name == "*":
        found = [*value.values()] if isinstance(value, dict) else value
    else:
        found = [value[name]] if isinstance(value, dict) and name in value else []
    for one in found if isinstance(found, list) else []:
        yield from values_at(one, rest) if rest else [one]


def _in_values(top: Any, text: str, row: Mapping[str, Any]) -> Iterator[Dependency]:
    """Yield dependencies, each with the offset from which on it is written for its line."""
    for group in GROUPS:
        for path in row.get(group, ()):
            keys = [part for part in path.split(".") if part not in ("*", "name", "pip")]
            start = max(text.find(keys[-1]) if keys else 0, 0)
            for value in values_at(top, path):
                held = value.items() if isinstance(value, dict) else _pairs(value)
                for name, about in held:
                    found = _NAME.search(name.rpartition("git+")[2] if "git+" in name else name)
                    optional = isinstance(about, dict) and about.get("optional") is True
                    if found:
                        yield Dependency(found[0], start, "extra" if optional else group)


def _pairs(value: Any) -> list[tuple[str, Any]]:
    return [(one, None) for one in (value if isinstance(value, list) else [value])
            if isinstance(one, str)]  # fmt: skip


def _line(text: str, name: str, start: int) -> int:
    """Return the line of the first time that a name stands by itself, from `start` on."""
    alone = re.compile(rf"(?<![\w./@-]){re.escape(name)}(?![\w/-])")
    found = alone.search(text, start) or alone.search(text)
    return text.count("\n", 0, found.start()) + 1 if found else 1


def _in_text(text: str, row: Mapping[str, Any]) -> Iterator[Dependency]:
    comments = {"c": "c", "go.mod": "none"}.get(row.get("comments", ""), "spaced")
    clean = lex(text, comments, "\"'" if comments == "c" else "").text
    other_if = row.get("other_if")
    for group in GROUPS:
        for pattern in row.get(group, ()):
            seen, line = 0, 1
            for found in re.finditer(pattern, clean, re.MULTILINE):
                place = found.start(1)
                line, seen = line + clean.count("\n", seen, place), place
                end = clean.find("\n", place)
                whole = clean[clean.rfind("\n", 0, place) + 1 : len(clean) if end < 0 else end]
                others = other_if and re.search(other_if, whole)
                name = ":".join(part for part in found.groups() if part)
                yield Dependency(name, line, "other" if others else group)


def _in_xml(data: bytes, row: Mapping[str, Any]) -> Iterator[Dependency]:
    """Yield the elements of an XML file that name packages.

    Raises:
        ValueError: it is not well-formed, or has a document type, which hostile files abuse.
    """
    for path, line, texts in _elements(data, row["elements"]):
        parts = [texts.get(part, "") for part in row["elements"][path.rpartition("/")[2]]]
        about = f"{path}/ " + " ".join(f"{key}={value}" for key, value in texts.items())
        if all(parts):
            others = row.get("other_if") and re.search(row["other_if"], about)
            group = "other" if others else row.get("group", "runtime")
            yield Dependency(":".join(parts), line, group)


def _elements(data: bytes, wanted: Mapping[str, Any]) -> Iterator[tuple[str, int, dict[str, str]]]:
    """Yield path, line, attributes and texts below of each wanted element."""
    parser = expat.ParserCreate()
    opened: list[str] = []
    inside: list[tuple[str, int, dict[str, str]]] = []
    done: list[tuple[str, int, dict[str, str]]] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        opened.append(tag)
        if tag in wanted and len(opened) <= 100:
            inside.append(("/".join(opened), parser.CurrentLineNumber, dict(attributes)))

    def text(held: str) -> None:
        if inside and held.strip() and inside[-1][0].count("/") == len(opened) - 2:
            texts = inside[-1][2]
            texts[opened[-1]] = (texts.get(opened[-1], "") + held.strip())[:300]

    def end(_: str) -> None:
        opened.pop()
        if inside and inside[-1][0].count("/") == len(opened):
            done.append(inside.pop())

    def refuse(*_: object) -> None:
        raise ValueError("a document type")

    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = text, refuse
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise ValueError(str(error)) from None
    yield from done


def _ini(text: str) -> Any:
    parser = configparser.RawConfigParser(strict=False)
    parser.read_string(text)
    top: dict[str, Any] = {}
    for section in parser.sections():
        node = top
        for part in section.split("."):
            node = node.setdefault(part, {})
        node.update({key: held.split("\n") for key, held in parser.items(section)})
    return top


def _yaml(text: str) -> Any:
    return next((document.value for document in load(text.encode()).documents), None)


def _script(text: str) -> Any:
    blocks = _BLOCK.findall(text)
    return tomllib.loads("".join(line[2:] + "\n" for line in "".join(blocks[:1]).split("\n")))


def _setup(text: str) -> Any:
    """Return the strings behind each keyword of `setup(...)`, through one name each."""
    tree = ast.parse(text)
    named = {
        target.id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    top: dict[str, list[str]] = {}
    for keyword in (keyword for call in calls for keyword in call.keywords if keyword.arg):
        value = keyword.value
        value = named.get(value.id, value) if isinstance(value, ast.Name) else value
        constants = (one.value for one in ast.walk(value) if isinstance(one, ast.Constant))
        top.setdefault(str(keyword.arg), []).extend(c for c in constants if isinstance(c, str))
    return top


_PARSERS: Mapping[str, Callable[[str], Any]] = {
    "json": json.loads, "toml": tomllib.loads, "yaml": _yaml, "ini": _ini, "python": _setup,
    "script": _script,
}  # fmt: skip
