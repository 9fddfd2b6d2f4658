"""Hostile text made safe for one line of a terminal or of a build log."""

LIMIT = 500
"""Characters of one value that are printed; the rest is counted."""

_INVISIBLE = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
    + "".join(map(chr, range(0xFE00, 0xFE10)))
    + "".join(map(chr, range(0xE0100, 0xE01F0)))
)
"""Characters that show nothing and that `str.isprintable` lets through.
Source: Unicode, DerivedCoreProperties, Default_Ignorable_Code_Point; and the blank
Braille pattern."""


def escape(text: str, limit: int | None = LIMIT) -> str:
    r"""Return `text` as printable characters on one line, cut after `limit` of its own.

    What it returns is a fixed point, so that escaping twice (without a limit) is safe.

    Control, bidirectional, zero-width, unassigned and private characters, line
    separators, lone surrogates and spaces other than U+0020 become escapes that can be
    seen (`\x1b`, `\u202e`).  Two number signs never stand side by side: runners of
    GitHub and Azure obey `##[...]` and `##vso[...]` anywhere in a line.
    """
    if limit is not None and len(text) > limit:
        return f"{_visible(text[:limit])}... ({len(text) - limit:,} more characters)"
    return _visible(text)


def defuse(text: str) -> str:
    r"""Return the start of a line with a leading `::` made inert (`\x3a:`).

    A GitHub runner obeys `::command::` at the start of a line, after any white space;
    of that only U+0020 is left in escaped text.
    """
    start = text.lstrip(" ")
    if not start.startswith("::"):
        return text
    return f"{text[: len(text) - len(start)]}\\x3a{start[1:]}"


def columns(text: str) -> int:
    """Return how many terminal columns `text` takes; it holds printable characters only."""
    if text.isascii() or text.replace("\N{MIDDLE DOT}", "").isascii():  # our own sign
        return len(text)
    from unicodedata import combining, east_asian_width  # few reports need it

    return sum(
        0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text
    )


def fit(text: str, room: int) -> str:
    """Return `text` escaped and cut to `room` columns (over 3), the cut shown as `...`."""
    shown = escape(text)
    return shown if columns(shown) <= room else f"{start(shown, room - 3).rstrip()}..."


def start(text: str, room: int) -> str:
    """Return as much of `text`, which is printable, as takes at most `room` columns."""
    cut = min(len(text), room)
    while columns(text[:cut]) > room:
        cut -= 1
    return text[:cut]


def _visible(text: str) -> str:
    if not (text.isascii() and text.isprintable()):
        text = "".join(
            char
            if char.isprintable() and char not in _INVISIBLE
            else char.encode("unicode_escape").decode("ascii")
            for char in text
        )
    return text.replace("##", "#\\x23") if "##" in text else text
