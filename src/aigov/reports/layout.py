"""Lines for people: spans of text flowed into columns, in colour or without."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple, TypeVar

from aigov.reports import Style
from aigov.reports.escape import columns, defuse, escape, start

NARROWEST = 40
"""Columns below which wrapping stops narrowing: shorter lines cannot be read."""

_CODES = {"strong": "1", "bad": "1;31", "warn": "35", "good": "32", "dim": "2"}
"""Role to ANSI attributes (ECMA-48 SGR): none sets a background, so that they hold on
light and dark; magenta and not yellow, which white swallows."""


T = TypeVar("T")


class Span(NamedTuple):
    """A stretch of text in one role.

    Hostile text is fine, `lay` makes it inert; long text is cut by who makes the span.
    """

    text: str
    role: str = ""
    """A key of the colour table, or "" for plain text."""
    solid: bool = False
    """Never broken and never re-spaced: a path to click on, a padded word."""


def lay(spans: Iterable[Span], style: Style, indent: str = "", hang: str | None = None) -> str:
    """Return whole lines: the spans, one space between them, wrapped to the width.

    The first line starts with `indent`, the others with `hang` (default: `indent`).
    A solid span that is wider than the line overflows it.
    """
    hang = indent if hang is None else hang
    width = max(style.width, NARROWEST)
    lines: list[str] = []
    line: list[tuple[str, str]] = []
    lead, used = indent, len(indent)
    for word, role in _words(spans, width - max(len(indent), len(hang))):
        size = columns(word)
        if line and used + 1 + size > width:
            lines.append(_line(lead, line, style))
            line, lead, used = [], hang, len(hang)
        used += size + bool(line)
        line.append((word, role))
    lines.append(_line(lead, line, style))
    return "".join(lines)


def joined(parts: Sequence[str], role: str, style: Style) -> str:
    """Return a sentence of parts, broken only between its phrases."""
    phrases = " \u00b7\0".join(parts).replace(", ", ",\0").split("\0")
    return lay([Span(phrase, role, solid=True) for phrase in phrases], style, "", "  ")


def first(many: Sequence[T], most: int, style: Style) -> Sequence[T]:
    """Return all if they are at most `most` or all are asked for, else one fewer than that:
    the last line says how many more there are."""
    return many if style.verbose or len(many) <= most else many[: most - 1]


def _words(spans: Iterable[Span], room: int) -> Iterator[tuple[str, str]]:
    """Yield (text, role) units that stay on one line, no wider than `room` unless solid."""
    for span in spans:
        text = escape(span.text, limit=None)
        parts = (part for word in text.split(" ") for part in _parts(word, room))
        for unit in (text,) if span.solid else parts:
            yield defuse(unit), span.role


def _parts(word: str, room: int) -> Iterator[str]:
    """Yield `word` in pieces of at most `room` columns; nothing for an empty word."""
    if "::" in word:
        room -= 3  # what `defuse` may add to a piece
    while word:
        part = start(word, room)
        yield part
        word = word[len(part) :]


def _line(lead: str, words: list[tuple[str, str]], style: Style) -> str:
    """Return one line with its newline, neighbours of one role under one colour."""
    painted: list[str] = []
    for role, group in groupby(words, lambda one: one[1]):
        text = " ".join(word for word, _ in group)
        code = _CODES.get(role) if style.colour else None
        painted.append(f"\x1b[{code}m{text}\x1b[0m" if code else text)
    return f"{lead}{' '.join(painted)}".rstrip() + "\n"
