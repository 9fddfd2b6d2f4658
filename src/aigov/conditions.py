"""Three-valued conditions over named terms: true, false, or None for unknown.

The truth tables are Kleene's, as in CEL itself.  Splitting a condition at its `&&`, `||`
and `!` lets terms be shared, evaluated once a document and only where they matter, and
keeps what CEL has to compile short.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from aigov.errors import PackError
from aigov.expressions import Engine, Expression

_WORD = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\.?[A-Za-z_]\w*""")
"""A text literal, a field with its dot, or a name."""
_MARK = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|&&|\|\||[()\[\]{}?]""")


class Condition(NamedTuple):
    """A node: `and`, `or` and `not` over `parts`, or a leaf that CEL evaluates."""

    kind: str
    parts: tuple["Condition", ...] = ()
    leaf: Expression | None = None

    def holds(self, activation: Any, known: dict[int, bool | None]) -> bool | None:
        """Evaluate; `known` keeps the answers for one activation."""
        if id(self) not in known:
            known[id(self)] = self._evaluate(activation, known)
        return known[id(self)]

    def leaves(self) -> Iterator[Expression]:
        """Yield the expressions that it evaluates."""
        if self.leaf is not None:
            yield self.leaf
        for part in self.parts:
            yield from part.leaves()

    def _evaluate(self, activation: Any, known: dict[int, bool | None]) -> bool | None:
        if self.leaf is not None:
            return self.leaf(activation).value
        if self.kind == "not":
            inner = self.parts[0].holds(activation, known)
            return None if inner is None else not inner
        decides = self.kind == "or"
        result: bool | None = not decides
        for part in self.parts:
            one = part.holds(activation, known)
            if one is decides:
                return decides
            if one is None:
                result = None
        return result


class Terms:
    """Named conditions that other conditions may use."""

    def __init__(self, engine: Engine, texts: Mapping[str, str]) -> None:
        self._engine = engine
        self._texts = texts
        self._read: dict[str, Condition] = {}

    def condition(self, text: str, where: str, within: tuple[str, ...] = ()) -> Condition:
        """Read a condition; `within` are the terms that are being read.

        Raises:
            PackError: a term stands for itself.
        """
        text = _unwrapped(text.strip())
        for operator, kind in (("||", "or"), ("&&", "and")):
            pieces = _split(text, operator)
            if len(pieces) > 1:
                parts = tuple(self.condition(piece, where, within) for piece in pieces)
                return Condition(kind, parts)
        if text[:1] == "!" and (text[1:] in self._texts or _unwrapped(text[1:]) != text[1:]):
            return Condition("not", (self.condition(text[1:], where, within),))
        if text not in self._texts:
            return Condition("leaf", leaf=self._engine.expression(self.expanded(text, where)))
        if text in within:
            raise PackError(f"the term {text} stands for itself", where=where)
        if text not in self._read:
            self._read[text] = self.condition(self._texts[text], where, (*within, text))
        return self._read[text]

    def expanded(self, text: str, where: str = "", within: tuple[str, ...] = ()) -> str:
        """Return `text` with the text of each term in place of its name."""

        if not any(name in text for name in self._texts):
            return text

        def put(found: re.Match[str]) -> str:
            name = found[0]
            if name not in self._texts:
                return name
            if name in within:
                raise PackError(f"the term {name} stands for itself", where=where)
            return f"({self.expanded(self._texts[name], where, (*within, name))})"

        return _WORD.sub(put, text)


def _split(text: str, operator: str) -> list[str]:
    """Split at `operator` outside brackets and texts; a `? :` is never split."""
    if operator not in text:
        return [text]
    pieces, start, depth = [], 0, 0
    for found in _MARK.finditer(text):
        mark = found[0]
        if mark in "([{":
            depth += 1
        elif mark in ")]}":
            depth -= 1
        elif depth == 0 and mark == "?":
            return [text]
        elif depth == 0 and mark == operator:
            pieces.append(text[start : found.start()])
            start = found.end()
    return [*pieces, text[start:]]


def _unwrapped(text: str) -> str:
    """Return what stands inside parentheses around the whole text, else the text."""
    while text[:1] == "(" and _closes_at_end(text):
        text = text[1:-1].strip()
    return text


def _closes_at_end(text: str) -> bool:
    depth = 0
    for found in _MARK.finditer(text):
        depth += (found[0] in "([{") - (found[0] in ")]}")
        if depth == 0:
            return found.end() == len(text)
    return False


Holds = Callable[[Condition], bool | None]
"""A condition's answer on one document."""
