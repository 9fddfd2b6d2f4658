"""Whether a pipeline runs the gate; what to look for is `vocabulary/pipelines.yaml`."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from aigov.source import Document, load

MAX_BYTES = 64 * 1024
"""Of a longer file every line counts as a command: pipelines that people write are shorter."""


def kind_of(path: str, how: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the kind of pipeline that the file at `path` (POSIX) defines, None for none."""
    return next((one for one in how["pipelines"] if _named(tuple(one["files"]))(path)), None)


def pipelines_in(
    paths: Iterable[str], how: Mapping[str, Any]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield, sorted, each path that defines a pipeline, with its kind."""
    every = _named(tuple(file for one in how["pipelines"] for file in one["files"]))
    found = ((path, kind_of(path, how)) for path in sorted(filter(every, paths)))
    yield from ((path, kind) for path, kind in found if kind)


@cache
def _named(patterns: tuple[str, ...]) -> Callable[[str], object]:
    """Return what tells whether a path fits a pattern, in which * stands within one name."""
    each = (re.escape(one).replace(r"\*", "[^/]*") for one in patterns)
    return re.compile("|".join(each)).fullmatch


def runs_gate(data: bytes, kind: Mapping[str, Any], how: Mapping[str, Any]) -> bool:
    """Tell whether a command or an action of the file runs the gate."""
    if b"aigov" not in data:
        return False
    loaded = load(data) if kind["commands"] and len(data) <= MAX_BYTES else None
    if loaded is None or loaded.troubles:  # tags of GitLab, say
        texts = [("", data.decode(errors="replace"))]
    else:
        texts = [found for document in loaded.documents for found in _heeded(document, how)]
    return any(
        (key in kind["actions"] and re.fullmatch(how["action"], text))
        or (key in ("", *kind["commands"]) and _commands_gate(text, kind, how))
        for key, text in texts
    )


def _heeded(document: Document, how: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield key and text of each scalar whose failure is not passed over by what holds it."""
    found = [(pointer, value) for pointer, _, _, value in document.scalars()]
    passed_over = tuple(
        f"{pointer.rpartition('/')[0]}/"
        for pointer, value in found
        if value is True and _key(pointer) in how["tolerates"]
    )
    for pointer, value in found:
        if not pointer.startswith(passed_over):
            yield _key(pointer), str(value)


def _key(pointer: str) -> str:
    """Return the last name in a pointer that is no position in a list."""
    return next((one for one in reversed(pointer.split("/")) if not one.isdecimal()), "")


def _commands_gate(text: str, kind: Mapping[str, Any], how: Mapping[str, Any]) -> bool:
    bare = re.sub(kind["comments"], "", text, flags=re.MULTILINE).replace("\\\n", " ")
    heeded = (line for line in bare.split("\n") if not re.search(how["forgives"], line))
    return any(
        re.search(how["runs"], command) and not re.match(how["speaks"], command)
        for line in heeded
        for command in re.split(r"[;|&]+", line)
    )
