"""Plain values to YAML text that people read and any YAML reader reads back alike.

Block style throughout. Text is written plain only where no YAML version could take it
for anything else (it starts with a letter and is none of the words that YAML 1.1 or
1.2 give a meaning); long text is folded, text with line breaks is a block, everything
else is in double quotes, where characters that do not print (control characters,
U+0085, bidirectional marks, no-break spaces) are escapes and so cannot deceive.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

WIDTH = 100
"""Columns after which text is folded; a longer word stays whole."""

_PLAIN = re.compile(r"[A-Za-z](?:[^:#]|:(?! |$)|(?<! )#)*")
_FLOW = re.compile(r"[][,{}?]")
_WORDS = frozenset(("null", "true", "false", "yes", "no", "on", "off", "y", "n"))
_SPLIT = re.compile(r"(?<=\S) (?=\S)")
_RAGGED = re.compile(r"^[ \t]|[ \t]$", re.MULTILINE)
_COLLECTIONS = (Mapping, list, tuple)


def dump(value: Mapping[str, object]) -> str:
    """Return `value` (dict, list, str, int, float, bool and None) as one YAML document.

    Keys keep their order and are at most 1,024 characters (a bound of YAML).  Lone
    surrogates are not text: no reader takes their escapes.
    """
    return "".join(f"{line}\n" for line in _block(value, 0))


def form(
    value: Mapping[str, object], notes: Mapping[str, str], pointer: str = "", indent: str = ""
) -> Iterator[str]:
    """Yield the lines of a document that people go on with, a scalar on a line, however long.

    Below the sections, a mapping that fits its line stands on it in brackets, and so does each
    list and each record of a list.  `notes` holds comments (printable, on one line) by JSON
    pointer; each stands behind the line of its value.
    """
    for key, one in value.items():
        here, head, whole = f"{pointer}/{key}", f"{indent}{key}:", inline(one)
        fits = len(indent) > 2 and len(head) + 1 + len(whole) <= WIDTH
        opened = isinstance(one, Mapping) and one and not fits
        below: Iterable[str] = ()
        if isinstance(one, Mapping) and opened:
            below = form(one, notes, here, f"{indent}  ")
        elif isinstance(one, list) and one and isinstance(one[0], Mapping):
            below = [f"{indent}  - {inline(record)}" for record in one]
        told = [
            note
            for at, note in notes.items()
            if at == here or (not opened and at.startswith(f"{here}/"))
        ]
        yield (head if below else f"{head} {whole}") + (f"  # {'; '.join(told)}" if told else "")
        yield from below


def inline(value: object) -> str:
    """Return `value` as YAML on one line, however long."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{inline(key)}: {inline(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(inline, value)) + "]"
    if not isinstance(value, str):
        return _atom(value)
    return value if _is_plain(value) and not _FLOW.search(value) else _quoted(value)


def _atom(value: object) -> str:
    """Return a number, truth value, null or empty collection, as every YAML reads it."""
    text = json.dumps(value)
    # YAML 1.1 takes 1e-05 for text: it wants the point
    return text.replace("e", ".0e") if isinstance(value, float) and "." not in text else text


def _block(value: Mapping[str, object] | Sequence[object], depth: int) -> Iterator[str]:
    """Yield the lines of a mapping or list, items by `- ` and keys by `key:`."""
    indent = "  " * depth
    if isinstance(value, Mapping):
        for key, one in value.items():
            head = f"{indent}{key if _is_plain(key) else _quoted(key)}:"
            if isinstance(one, _COLLECTIONS) and one:
                yield head
                yield from _block(one, depth + 1)
            else:
                yield from _scalar(f"{head} ", one, depth + 1)
        return
    for one in value:
        if isinstance(one, _COLLECTIONS) and one:
            first, *others = _block(one, depth + 1)
            yield f"{indent}- {first.lstrip()}"
            yield from others
        else:
            yield from _scalar(f"{indent}- ", one, depth + 1)


def _scalar(head: str, value: object, depth: int) -> Iterator[str]:
    """Yield the lines of one scalar (or empty collection); `depth` indents its block."""
    if not isinstance(value, str):
        yield head + _atom(value)
        return
    indent = "  " * depth
    fits = len(head) + len(value) <= WIDTH
    if fits and _is_plain(value):
        yield head + value
    elif ("\n" in value or not fits) and _is_block(value):
        lines = value.removesuffix("\n").split("\n")
        literal = all(len(indent) + len(line) <= WIDTH for line in lines)
        yield head + ("|" if literal else ">") + ("" if value.endswith("\n") else "-")
        for line in lines if literal else _folded(lines, WIDTH - len(indent)):
            yield indent + line if line else ""
    else:
        first, *rest = _wrapped(_quoted(value), WIDTH - len(head))
        yield head + first
        for line in rest:
            yield indent + line


def _is_plain(text: str) -> bool:
    return (
        text.isprintable()
        and _PLAIN.fullmatch(text) is not None
        and text[-1] != " "
        and text.lower() not in _WORDS
    )


def _is_block(text: str) -> bool:
    """Say whether a block scalar holds `text` exactly, with no indentation indicator."""
    bare = text.removesuffix("\n")
    return (
        bare.replace("\n", "").isprintable()
        and bare[:1] != "\n"
        and bare[-1:] not in ("\n", "")
        and not _RAGGED.search(text)
    )


def _folded(lines: list[str], width: int) -> Iterator[str]:
    """Yield the lines of a folded block: a line break of the text is an empty line."""
    for number, line in enumerate(lines):
        if number:
            yield ""
        if line:
            yield from _wrapped(line, width)


def _wrapped(text: str, width: int) -> list[str]:
    """Break `text` at single spaces, which folding gives back, to at most `width`."""
    lines = [""]
    for word in _SPLIT.split(text):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    return lines


def _quoted(text: str) -> str:
    """Return `text` in double quotes, what does not print escaped as YAML and Python do alike."""
    return '"' + "".join(_escaped(one) for one in text) + '"'


def _escaped(one: str) -> str:
    if one in ('"', "\\"):
        return f"\\{one}"
    return one if one.isprintable() else one.encode("unicode_escape").decode("ascii")
