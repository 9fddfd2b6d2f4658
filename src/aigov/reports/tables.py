"""Markdown of a bounded size, and the tables in it."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from aigov.reports.encoding import literal

SIZE = 900_000
"""Bytes of UTF-8.  GitHub takes 1 MiB a step, all reports of it together, and drops the
whole summary above that."""

_CUT = (
    "\n**The rest is left out: a step summary holds 1 MiB.**"
    " `aigov-gate {} --format json=FILE` writes all of it.\n"
)


class Part(NamedTuple):
    """Lines that are printed together or not at all."""

    text: str
    after: str = ""
    """What must follow if nothing else does: the closing tag of what is open."""


def within(size: int, parts: Iterable[Part], command: str = "check") -> Iterator[str]:
    """Yield parts while all of it, with the notice, stays within `size` bytes of UTF-8."""
    cut = _CUT.format(command)
    room = size - len(cut)
    after = ""
    for part in parts:
        room -= len(part.text.encode())
        if room < len(part.after):
            yield after + cut
            return
        yield part.text
        after = part.after


def code(text: str) -> str:
    """Return text in the letters of code; GitHub links nothing in it."""
    return f"<code>{literal(text)}</code>"


def table(*names: str) -> str:
    """Return the head of a table."""
    return row(*names) + row(*["---"] * len(names))


def row(*cells: str) -> str:
    """Return a line of a table; the cells are Markdown."""
    return f"| {' | '.join(cells)} |\n"


def phrases(parts: Sequence[str]) -> str:
    """Return a sentence of parts."""
    return literal(" \N{MIDDLE DOT} ".join(parts))
