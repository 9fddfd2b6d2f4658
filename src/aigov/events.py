"""Bounded construction of plain values from libyaml's events.

libyaml's *event* interface is iterative, so that deep nesting cannot crash it (its
composer can), and each breach of a bound is found before anything is built.
Scalars follow the YAML 1.2 core schema (section 10.3.2 of its specification).
"""

import re
from bisect import bisect_right
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import yaml
from yaml.cyaml import CParser  # type: ignore[attr-defined]  # the stubs hide the re-export

MAX_DOCUMENTS = 1_000
MAX_DOCUMENT_BYTES = 256 * 1024
MAX_NODES = 50_000
MAX_DEPTH = 32
MAX_TROUBLES = 100
"""A file with more troubles than these needs another look first: the rest is not listed."""

_NUMBER_START = frozenset("0123456789+-.")
_SUSPECT = _NUMBER_START | frozenset(("", *"~nNtTfF<"))
"""First characters of plain scalars that may be something else than text."""
_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_INFINITY = float("inf")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")

Node = tuple[int, int, "Children"]
"""Start and end (exclusive) offsets of a value in the text, and what it holds."""
Children = Mapping[str, tuple[int, int, Node]] | list[Node] | None
"""For a mapping: key to the key's offsets and the value's node; for a list its nodes."""


class Trouble(NamedTuple):
    """Why a file or a document in it cannot be read, and where (from 1)."""

    message: str
    line: int
    column: int


class Built(NamedTuple):
    """One document: its offsets in the text, its value and the place of each part."""

    start: int
    end: int
    value: object
    node: Node


def build(text: str, *, check_size: bool) -> tuple[list[Built], list[Trouble]]:
    """Build the documents of `text`; a document with trouble is left out.

    `check_size` holds each document to `MAX_DOCUMENT_BYTES`; needless for a short file.
    """
    builder = _Builder(text, check_size=check_size)
    try:
        builder.run()
    except _Stopped:
        pass
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = ", ".join(part for part in (error.context, error.problem) if part)
        index = min(mark.index, len(text)) if mark else 0
        builder.troubles.append(trouble_at(f"not YAML: {message}", text, index))
    return builder.documents, builder.troubles[:MAX_TROUBLES]


def position(text: str, index: int) -> tuple[int, int]:
    """Return line and column (both from 1) of an offset; columns count code points."""
    starts = _line_starts(text)
    line = bisect_right(starts, index)
    return line, index - starts[line - 1] + 1


@lru_cache(maxsize=1)
def _line_starts(text: str) -> list[int]:
    return [0, *(found.end() for found in re.finditer(r"\r\n?|\n", text))]


def trouble_at(message: str, text: str, index: int) -> Trouble:
    return Trouble(message, *position(text, index))


_MERGE = ("<<", -1, -1)
"""The key of a frame whose next value is to be merged."""
_ITEM = ("", -1, -1)
"""Stands for the key in a list: a value may always come."""


class _Stopped(Exception):
    """A bound is passed: the rest of the file is not read."""


class _Frame:
    """A mapping or list that is still open."""

    __slots__ = ("anchor", "children", "inherited", "key", "nodes", "start", "value")

    def __init__(self, start: int, anchor: str | None, *, mapping: bool) -> None:
        self.start = start
        self.anchor = anchor
        self.value: Any = {} if mapping else []
        self.children: Any = {} if mapping else []
        self.key: tuple[str | None, int, int] | None = None if mapping else _ITEM
        """The key that waits for its value; its text is None where it was refused."""
        self.inherited: list[tuple[object, Node]] = []
        """What `<<` brought: given keys win over these."""
        self.nodes = 1


class _Builder:
    """Builds documents from events; one instance a file."""

    def __init__(self, text: str, *, check_size: bool) -> None:
        self.text = text
        self.check_size = check_size
        self.documents: list[Built] = []
        self.troubles: list[Trouble] = []
        self.stack: list[_Frame] = []
        self.anchors: dict[str, tuple[object, Node, int] | None] = {}
        self.start = 0
        self.troubles_before = 0
        self.root: tuple[object, Node] | None = None
        self.nodes = 0

    def run(self) -> None:
        # libyaml loses spaces on a last line that has no line break of its own.
        broken = self.text[-1:] in (" ", "\t") and self.text.rstrip(" \t")[-1:] in ("\r", "\n")
        parser = CParser(self.text + "\n" if broken else self.text)
        scalar, scalar_event = self.scalar, yaml.ScalarEvent
        handlers = {
            yaml.MappingStartEvent: self.open,
            yaml.MappingEndEvent: self.close,
            yaml.SequenceStartEvent: self.open,
            yaml.SequenceEndEvent: self.close,
            yaml.AliasEvent: self.alias,
            yaml.DocumentStartEvent: self.start_document,
            yaml.DocumentEndEvent: self.end_document,
        }
        while (event := parser.get_event()) is not None:
            if event.__class__ is scalar_event:  # nine in ten are: this loop is hot
                scalar(event)
            elif event.__class__ in handlers:
                handlers[event.__class__](event)

    def refuse(self, message: str, index: int, *, stop: bool = False) -> None:
        self.troubles.append(trouble_at(message, self.text, index))
        if stop or len(self.troubles) > MAX_TROUBLES:
            raise _Stopped

    def start_document(self, event: Any) -> None:
        if len(self.documents) == MAX_DOCUMENTS:
            self.refuse("the file has more than 1,000 documents", event.start_mark.index, stop=True)
        self.start = event.start_mark.index
        self.anchors.clear()
        self.nodes = 0
        self.troubles_before = len(self.troubles)

    def end_document(self, event: Any) -> None:
        end = event.end_mark.index
        self.check_document_size(end)
        if self.root and len(self.troubles) == self.troubles_before:
            self.documents.append(Built(self.start, end, *self.root))
        self.root = None

    def check_document_size(self, end: int) -> None:
        if self.check_size and (
            end - self.start > MAX_DOCUMENT_BYTES
            or len(self.text[self.start : end].encode()) > MAX_DOCUMENT_BYTES
        ):
            self.refuse("the document is larger than 256 KiB", self.start, stop=True)

    def open(self, event: Any) -> None:
        index = event.start_mark.index
        if event.tag is not None:
            self.refuse(f"the tag {event.tag} is not allowed", index)
        if len(self.stack) == MAX_DEPTH:
            self.refuse("nested deeper than 32 levels", index, stop=True)
        self.count(1, index)
        if event.anchor:
            self.anchors[event.anchor] = None  # open: an alias to it would be a cycle
        self.stack.append(
            _Frame(index, event.anchor, mapping=isinstance(event, yaml.MappingStartEvent))
        )

    def close(self, event: Any) -> None:
        frame = self.stack.pop()
        for value, node in frame.inherited:
            self.merge(frame, value, node)
        # The end mark of a block collection runs on to the next token: not used.
        node = (frame.start, max(frame.start + 1, event.start_mark.index), frame.children)
        self.add(frame.value, node, frame.anchor, frame.nodes)

    def scalar(self, event: Any) -> None:
        start, end = event.start_mark.index, event.end_mark.index
        if event.tag is not None:
            self.refuse(f"the tag {event.tag} is not allowed", start)
        value: object = event.value
        if "\0" in event.value:  # by the escape `\0`: no name, address or sentence holds one
            self.refuse("the character U+0000 is not allowed", start)
        plain = event.implicit[0]
        if plain and event.value[:1] in _SUSPECT:
            value = self.resolve(event.value, start)
        self.nodes += 1
        if self.check_size or self.nodes > MAX_NODES:
            self.count(0, start)
        frame = self.stack[-1] if self.stack else None
        waiting = frame.key if frame else _ITEM
        if frame and waiting is None:
            if plain and value == "<<":
                frame.key = _MERGE
            else:
                self.take_key(frame, value, start, end)
            if event.anchor:
                self.anchors[event.anchor] = (value, (start, end, None), 1)
        elif frame and waiting and waiting[0] and waiting is not _MERGE and not event.anchor:
            # what `add` does, for the commonest case
            frame.key = None
            frame.nodes += 1
            frame.value[waiting[0]] = value
            frame.children[waiting[0]] = (waiting[1], waiting[2], (start, end, None))
        else:
            self.add(value, (start, end, None), event.anchor, 1)

    def take_key(self, frame: _Frame, value: object, start: int, end: int) -> None:
        key = value if isinstance(value, str) else None
        if key is None:
            shown = self.text[start:end] or "that is empty"
            self.refuse(f"the key {shown} is not text; put it in quotes", start)
        elif key in frame.value:
            self.refuse(f"the key {key} stands twice in this mapping", start)
            key = None
        elif self.text[start - 1 : start] == "?":  # YAML 1.1 and 1.2 read `{?a: b}` differently
            self.refuse(f"the key ?{key} needs quotes, or a space after the ?", start)
        frame.key = (key, start, end)

    def alias(self, event: Any) -> None:
        index = event.start_mark.index
        known = self.anchors.get(event.anchor)
        if known is None:
            why = "holds itself" if event.anchor in self.anchors else "is not defined above it"
            self.refuse(f"the alias *{event.anchor} stands for a value that {why}", index)
            known = (None, (index, event.end_mark.index, None), 1)
        value, node, nodes = known
        self.count(nodes, index)
        frame = self.stack[-1] if self.stack else None
        if frame and frame.key is None:
            self.take_key(frame, value, index, event.end_mark.index)
        else:
            self.add(value, node, None, nodes)

    def count(self, nodes: int, index: int) -> None:
        self.nodes += nodes
        if self.nodes > MAX_NODES:
            message = "the document has more than 50,000 values (aliases counted out)"
            self.refuse(message, index, stop=True)
        if self.check_size and index - self.start > MAX_DOCUMENT_BYTES:
            self.check_document_size(index)

    def add(self, value: object, node: Node, anchor: str | None, nodes: int) -> None:
        """Put a finished value into what is open, or make it the document's root."""
        if anchor:
            after = node[0] + 1 + len(anchor)
            if self.text[after : after + 1].strip():  # 1.1 ends a name at `:`, 1.2 does not
                self.refuse(f"the anchor &{anchor} needs a space after it", node[0])
            self.anchors[anchor] = (value, node, nodes)
        if not self.stack:
            self.root = (value, node)
            return
        frame = self.stack[-1]
        frame.nodes += nodes
        waiting = frame.key
        if waiting is _ITEM:
            frame.value.append(value)
            frame.children.append(node)
            return
        frame.key = None
        if waiting is None:
            self.refuse("a mapping or list cannot be a key here", node[0])
            frame.key = (None, *node[:2])
        elif waiting is _MERGE:
            frame.inherited.append((value, node))
        elif waiting[0] is not None:
            frame.value[waiting[0]] = value
            frame.children[waiting[0]] = (waiting[1], waiting[2], node)

    def merge(self, frame: _Frame, value: object, node: Node) -> None:
        """Give `frame` what `<<` brings, where it has no such key of its own."""
        if isinstance(value, list) and isinstance(node[2], list):
            for one, its_node in zip(value, node[2], strict=True):
                self.merge(frame, one, its_node)
        elif isinstance(value, dict) and isinstance(node[2], dict):
            self.count(len(value), node[0])
            for key, its_value in value.items():
                if key not in frame.value:
                    frame.value[key] = its_value
                    frame.children[key] = node[2][key]
        else:
            self.refuse("<< takes a mapping or a list of mappings", node[0])

    def resolve(self, text: str, index: int) -> object:
        """Give a plain scalar its value by the YAML 1.2 core schema (section 10.3.2)."""
        if text in _WORDS:
            return _WORDS[text]
        if text[0] not in _NUMBER_START:
            return text
        if _INTEGER.fullmatch(text):
            # int() itself refuses thousands of digits; no 64-bit integer has 25
            integer = 2**64 if len(text) > 24 else int(text, 0 if text[1:2] in ("o", "x") else 10)
            if not -(2**63) <= integer < 2**63:
                self.refuse("the integer does not fit into 64 bits", index)
            return integer
        not_finite = _NOT_FINITE.fullmatch(text)
        if not_finite or _FLOAT.fullmatch(text):
            number = 0.0 if not_finite else float(text)
            if not_finite or number in (_INFINITY, -_INFINITY):
                self.refuse("infinity and NaN are not numbers here", index)
            return number
        return text
