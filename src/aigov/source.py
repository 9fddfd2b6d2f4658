"""Text to documents: strict, bounded YAML with a span for every key and value.

The bounds and the strictness are those of the project's manifest format:

* UTF-8 (a byte-order mark is fine); no control characters, and none of U+0085,
  U+2028, U+2029, which YAML 1.1 and 1.2 read differently;
* at most 4 MiB and 1,000 documents a file; 256 KiB and 50,000 nodes (after alias
  expansion) a document; depth at most 32; integers within int64;
* no duplicate keys, no keys that are not text, no tags, no infinity or NaN;
* scalars by the YAML 1.2 core schema: `on`, `no`, `yes` are text, dates stay text.

Trouble is a value with a place, never an exception.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from aigov.events import MAX_DOCUMENT_BYTES, Node, Trouble, build, position, trouble_at
from aigov.findings import Place

MAX_FILE_BYTES = 4 * 1024 * 1024

_REFUSED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_BYTE_ORDER_MARK = "\ufeff"
_REFUSED_BEYOND = ("\u2028", "\u2029", "\ufffe", "\uffff")
"""Kept out of the pattern: a class that spans the whole plane takes milliseconds to build."""


class Document(NamedTuple):
    """One YAML document: plain values, and the place of each in the text."""

    text: str
    """The whole file; offsets count from its start."""
    start: int
    end: int
    """Offsets of this document in `text`, `end` exclusive."""
    value: object
    """dict, list, str, int, float, bool or None; nothing else, and no cycles."""
    node: Node

    @property
    def line(self) -> int:
        """The line (from 1) of the document's first value."""
        return position(self.text, self.node[0])[0]

    @property
    def own_text(self) -> str:
        return self.text[self.start : self.end]

    def has(self, pointer: str) -> bool:
        """Say whether `pointer` (RFC 6901) names a value that is written."""
        return self._descend(pointer)[2]

    def place(self, pointer: str) -> Place:
        """Return the place of the value at `pointer`.

        A mapping or list is placed at its key (one line reads better than many),
        a missing value at the key of its nearest written ancestor.
        """
        node, key, found = self._descend(pointer)
        if found and node[2] is None:
            return self._cut(node[0], node[1])
        return self._cut(*(key or _head(node)))

    def key_place(self, pointer: str) -> Place:
        """Return the place of the key at `pointer`, or of its nearest written ancestor."""
        node, key, _ = self._descend(pointer)
        return self._cut(*(key or _head(node)))

    def stable_pointer(self, pointer: str) -> str:
        """Return `pointer` with list positions replaced by the item's `id` or `name`."""
        value, parts = self.value, []
        for part in split_pointer(pointer):
            if isinstance(value, list) and part.isdecimal() and int(part) < len(value):
                value = value[int(part)]
                name = (value.get("id") or value.get("name")) if isinstance(value, dict) else None
                parts.append(f"[{name}]" if isinstance(name, str) else part)
            else:
                value = value.get(part) if isinstance(value, dict) else None
                parts.append(part)
        return join_pointer(parts)

    def scalars(self) -> Iterator[tuple[str, int, int, object]]:
        """Yield (pointer, start, end, value) of each scalar, in document order."""
        stack: list[tuple[str, Node, object]] = [("", self.node, self.value)]
        while stack:
            pointer, (start, end, children), value = stack.pop()
            if isinstance(children, dict) and isinstance(value, dict):
                below = [(join_pointer([k]), children[k][2], value[k]) for k in children]
            elif isinstance(children, list) and isinstance(value, list):
                below = [
                    (f"/{i}", n, v) for i, (n, v) in enumerate(zip(children, value, strict=True))
                ]
            else:
                yield pointer, start, end, value
                continue
            stack.extend((pointer + part, n, v) for part, n, v in reversed(below))

    def _descend(self, pointer: str) -> tuple[Node, tuple[int, int] | None, bool]:
        """Return the deepest written node on the way, its key's offsets, and whether
        the way was written to its end."""
        node, key = self.node, None
        for part in split_pointer(pointer):
            children = node[2]
            if isinstance(children, list):
                if not part.isdecimal() or int(part) >= len(children):
                    return node, key, False
                node, key = children[int(part)], None
            elif children and part in children:
                start, end, node = children[part]
                key = (start, end)
            else:
                return node, key, False
        return node, key, True

    def _cut(self, start: int, end: int) -> Place:
        return Place(*position(self.text, start), *position(self.text, end))


class Loaded(NamedTuple):
    """What a file holds: the documents that read well, and the troubles with the rest."""

    documents: tuple[Document, ...]
    troubles: tuple[Trouble, ...]


def load(data: bytes) -> Loaded:
    """Read all documents of a file; never raises on what the file holds."""
    if len(data) > MAX_FILE_BYTES:
        return Loaded((), (Trouble("the file is larger than 4 MiB", 1, 1),))
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start].decode().removeprefix(_BYTE_ORDER_MARK)
        return Loaded((), (trouble_at("the text is not UTF-8", before, len(before)),))
    text = text.removeprefix(_BYTE_ORDER_MARK)
    found = _REFUSED.search(text)
    refused = [found.start()] if found else []
    refused += [text.index(one) for one in _REFUSED_BEYOND if one in text]
    if refused:
        index = min(refused)
        message = f"the character U+{ord(text[index]):04X} is not allowed"
        return Loaded((), (trouble_at(message, text, index),))
    documents, troubles = build(text, check_size=len(data) > MAX_DOCUMENT_BYTES)
    return Loaded(tuple(Document(text, *document) for document in documents), tuple(troubles))


def split_pointer(pointer: str) -> list[str]:
    """Split a JSON pointer into its unescaped parts; `""` is the whole document."""
    if "~" not in pointer:
        return pointer.split("/")[1:]
    return [p.replace("~1", "/").replace("~0", "~") for p in pointer.split("/")[1:]]


def join_pointer(parts: list[str]) -> str:
    """Join parts into a JSON pointer, escaping `~` and `/`."""
    return "".join("/" + p.replace("~", "~0").replace("/", "~1") for p in parts)


def look_up(value: Any, parts: Iterable[str], absent: Any = None) -> Any:
    """Return what stands at `parts` in plain values, `absent` where nothing does."""
    for part in parts:
        if isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        elif isinstance(value, Mapping) and part in value:
            value = value[part]
        else:
            return absent
    return value


def replaced(value: Any, parts: list[str], new: object) -> Any:
    """Return a copy of plain values with `new` put in at `parts`; mappings on the way are
    made, lists where a 0 comes next, and the position after a list's last element appends.

    Raises:
        LookupError, ValueError: a list has no such position.
    """
    if not parts:
        return new
    first, *rest = parts
    if isinstance(value, list):
        index = int(first)
        inner = {} if index == len(value) else value[index]
        return [*value[:index], replaced(inner, rest, new), *value[index + 1 :]]
    inner = value.get(first, [] if rest[:1] == ["0"] else {})
    return {**value, first: replaced(inner, rest, new)}


def removed(value: Any, parts: list[str]) -> Any:
    """Return a copy of plain values without what stands at `parts`.

    Raises:
        LookupError, ValueError: there is nothing.
    """
    first, *rest = parts
    if isinstance(value, list):
        index = int(first)
        inner = value[index]
        kept = [removed(inner, rest)] if rest else []
        return [*value[:index], *kept, *value[index + 1 :]]
    inner = value[first]
    if rest:
        return {**value, first: removed(inner, rest)}
    return {key: one for key, one in value.items() if key != first}


def _head(node: Node) -> tuple[int, int]:
    """Return the offsets of the first thing a reader sees of a value: a scalar, the
    first key of a block mapping, or the opening bracket."""
    start, end, children = node
    if children is None:
        return start, end
    if isinstance(children, list):
        first = children[0] if children else None
        return _head(first) if first and first[0] == start else (start, start + 1)
    for key_start, key_end, _ in children.values():
        if key_start == start:
            return key_start, key_end
    return start, start + 1
