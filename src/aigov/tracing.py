"""Trace a false or unknown demand to the comparison and the values at fault.

The library says only *that* an expression is false, or names the last key that was
absent.  This drills through `&&`, `||`, `? :` and `list.all(...)` by evaluating the
parts, until it holds the comparisons that fail and knows the paths they read.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

from aigov.expressions import ABSENT, Answer, Engine
from aigov.source import join_pointer, look_up
from aigov.syntax import Expr, paths

_FACTS = frozenset({"derived", "profile", "portfolio", "repository", "git", "change"})
"""Variables that may lack a name through no fault of the policy."""
_PLAIN_KEY = re.compile(r"[\w.:/()@ -]+")
"""A key that stands in a CEL text as it is written."""
_NOTHING = object()
MAX_LEAVES = 50
"""More places than these in one finding help nobody."""


class Leaf(NamedTuple):
    """A comparison that does not hold."""

    answer: Answer
    pointers: tuple[str, ...]
    """JSON pointers of the document values it reads, in the order of its text."""
    absent: tuple[str, ...]
    """Those of `pointers` that are not written (or `unknown`), and absent names elsewhere
    (`derived.tier`, `profile.catalogue`)."""
    looks_up: bool
    """It reads a key of a context (`evidence[...]`) that is only known on evaluation."""
    item: Any = None
    """The list element it was evaluated on, if any."""

    @property
    def explained(self) -> bool:
        """Whether an unknown answer is the document's doing, not the policy's."""
        words = self.answer.trouble
        return bool(
            self.absent
            or words.startswith(("BUDGET", f"{ABSENT}unknown: "))
            or (self.looks_up and words.startswith(ABSENT))
        )


class Tracer(NamedTuple):
    """Traces the expressions of one document."""

    engine: Engine
    activation: Any
    variables: Mapping[str, Any]
    roots: Mapping[str, str]
    """Which variables show which part of the document."""

    def leaves(self, text: str) -> list[Leaf]:
        """Return the comparisons of `text` that do not hold, in the order of the text."""
        return list(islice(self._leaves(text, None), MAX_LEAVES))

    def _leaves(self, text: str, item: Any) -> Iterator[Leaf]:
        tree, answer = self.engine.expression(text).tree, self._evaluate(text)
        answers = [
            (part, its_item, self._evaluate(part))
            for part, its_item in self._parts(tree, text, item)
        ]
        wanted = [one for one in answers if one[2].value is answer.value]
        if tree.kind == "binary" and tree.text == "||":
            # guards stand first: one that is unknown is why, else the last operand, the demand
            wanted = wanted[:1] if answer.value is None else wanted[-1:]
        for part, its_item, _ in wanted:
            yield from self._leaves(part, its_item)
        if not wanted:
            yield self._leaf(text, answer, item)

    def _parts(self, tree: Expr, text: str, item: Any) -> Iterator[tuple[str, Any]]:
        """Yield the sub-expressions that decide, each with its list element."""
        if tree.kind == "binary" and tree.text in ("&&", "||"):
            for part in tree.parts:
                yield text[part.start : part.end], item
        elif tree.kind == "choice":
            condition, then, otherwise = tree.parts
            holds = self._evaluate(text[condition.start : condition.end]).value
            chosen = condition if holds is None else then if holds else otherwise
            yield text[chosen.start : chosen.end], item
        elif tree.kind == "macro" and tree.text == "all":
            target, body = tree.parts[:2]
            for element, value in self._elements(target, text):
                yield substitute(body, tree.variable, element, text), value

    def _elements(self, target: Expr, text: str) -> Iterator[tuple[str, Any]]:
        """Yield the text that stands for each element, and the element's value."""
        if target.kind == "list":
            for part in target.parts:
                yield text[part.start : part.end], None
            return
        for path in paths(target):
            if (path.start, path.end) == (target.start, target.end):
                value = look_up(self.variables, (path.root, *path.parts))
                if isinstance(value, Mapping):  # CEL goes through the keys
                    keys = list(value) if len(value) <= MAX_LEAVES else []
                    yield from ((f"'{key}'", key) for key in keys if _PLAIN_KEY.fullmatch(key))
                for index, one in enumerate(value if isinstance(value, list) else ()):
                    yield f"{text[target.start : target.end]}[{index}]", one

    def _evaluate(self, text: str) -> Answer:
        return self.engine.expression(text)(self.activation)

    def _leaf(self, text: str, answer: Answer, item: Any) -> Leaf:
        pointers: dict[str, None] = {}
        absent: dict[str, None] = {}
        looks_up = False
        for path in self.engine.expression(text).paths:
            route = (path.root, *path.parts)
            if "?" in route:
                looks_up = looks_up or path.root in ("evidence", "profile", "git", "change")
                continue
            shown = self.roots.get(path.root)
            if shown:
                until = route.index("*") if "*" in route else len(route)
                pointers[join_pointer([shown, *route[1:until]])] = None
                for one, there in _expand(self.variables, (), route):
                    if not there:
                        absent[join_pointer([shown, *one[1:]])] = None
            elif path.root in _FACTS:
                inner = look_up(self.variables, route[:3])
                if isinstance(inner, dict) and "pointer" in inner:
                    pointers[inner["pointer"]] = None
                elif path.root != "derived":
                    expanded = _expand(self.variables, (), route)
                    absent |= {".".join(one): None for one, there in expanded if not there}
                elif look_up(self.variables, route[:2], _NOTHING) is _NOTHING:
                    absent[".".join(route[:2])] = None
        return Leaf(answer, tuple(pointers), tuple(absent), looks_up, item)


def substitute(body: Expr, variable: str, element: str, text: str) -> str:
    """Return the text of `body` with `element` put in for `variable`."""
    pieces, last = [], body.start
    for name in _uses(body, variable):
        pieces += [text[last : name.start], element]
        last = name.end
    return "".join([*pieces, text[last : body.end]])


def _uses(expr: Expr, variable: str) -> Iterator[Expr]:
    """Yield where `variable` is read, but for macros that bind the name anew."""
    if expr.kind == "name" and expr.text == variable:
        yield expr
    for index, part in enumerate(expr.parts):
        if not (expr.kind == "macro" and expr.variable == variable and index > 0):
            yield from _uses(part, variable)


def _expand(
    value: Any, route: tuple[str, ...], rest: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], bool]]:
    """Yield the written-out routes that `rest` (with `*`) takes, and whether each ends."""
    if not rest:
        yield route, True
    elif rest[0] == "*" and isinstance(value, list):
        for index, one in enumerate(value):
            yield from _expand(one, (*route, str(index)), rest[1:])
    else:
        inner = look_up(value, rest[:1], _NOTHING)
        if inner is _NOTHING:
            yield (*route, *(part for part in rest if part != "*")), False
        else:
            yield from _expand(inner, (*route, rest[0]), rest[1:])
