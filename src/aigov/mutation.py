"""Ways to weaken an expression: a demand that can be weakened unnoticed is proved by nothing.

Mutants are made on the text, by the offsets of the parse, so that each can be shown as
it would be written.
"""

from collections.abc import Iterator
from typing import NamedTuple

from aigov.syntax import Expr, walk

_BOUNDARY = {"<=": "<", "<": "<=", ">=": ">", ">": ">="}
_COMPARISONS = frozenset({*_BOUNDARY, "==", "!=", "in"})
MAX_QUOTED = 60
"""Longest part of an expression that a description quotes, in characters."""


class Mutant(NamedTuple):
    """A weakened expression."""

    text: str
    change: str
    """What was done, in words."""
    demanded: bool = True
    """Whether a case must tell it from the original; dropped list items are only reported."""


def mutants(tree: Expr, text: str) -> Iterator[Mutant]:
    """Yield the mutants of an expression: constants, dropped operands, negated and moved
    comparisons, and dropped list items."""
    for constant in ("true", "false"):
        if text != constant:
            yield Mutant(constant, f"replaced by `{constant}`")
    yield from _dropped_operands(tree, text, within="")
    for expr in walk(tree):
        own = text[expr.start : expr.end]
        if expr.kind == "binary" and expr.text in _COMPARISONS:
            yield Mutant(_put(text, expr, f"!({own})"), f"negated: {_quoted(own)}")
        if expr.kind == "binary" and expr.text in _BOUNDARY:
            moved = _BOUNDARY[expr.text]
            left, right = (text[part.start : part.end] for part in expr.parts)
            yield Mutant(
                _put(text, expr, f"({left}) {moved} ({right})"),
                f"{expr.text} moved to {moved}: {_quoted(own)}",
            )
        elif expr.kind == "list" and len(expr.parts) > 1:
            yield from _dropped_items(expr, text)


def _dropped_operands(expr: Expr, text: str, within: str) -> Iterator[Mutant]:
    """Drop each operand of each chain of `&&` or `||`; `within` is the chain it is part of."""
    chain = expr.text if expr.kind == "binary" and expr.text in ("&&", "||") else ""
    if chain and chain != within:
        operands = list(_operands(expr, chain))
        for dropped in operands:
            kept = [f"({text[o.start : o.end]})" for o in operands if o is not dropped]
            words = f"{chain} without {_quoted(text[dropped.start : dropped.end])}"
            yield Mutant(_put(text, expr, f"({f' {chain} '.join(kept)})"), words)
    for part in expr.parts:
        yield from _dropped_operands(part, text, chain)


def _operands(expr: Expr, operator: str) -> Iterator[Expr]:
    if expr.kind == "binary" and expr.text == operator:
        for part in expr.parts:
            yield from _operands(part, operator)
    else:
        yield expr


def _dropped_items(expr: Expr, text: str) -> Iterator[Mutant]:
    items = [text[part.start : part.end] for part in expr.parts]
    for index, item in enumerate(items):
        kept = ", ".join(items[:index] + items[index + 1 :])
        words = f"list without {_quoted(item)}"
        yield Mutant(_put(text, expr, f"[{kept}]"), words, demanded=False)


def _put(text: str, expr: Expr, new: str) -> str:
    return text[: expr.start] + new + text[expr.end :]


def _quoted(text: str) -> str:
    short = " ".join(text.split())
    return f"`{short if len(short) <= MAX_QUOTED else short[:MAX_QUOTED] + '...'}`"
