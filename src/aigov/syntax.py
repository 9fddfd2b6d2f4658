"""A small parse of CEL: what an expression reads, and where in its text.

Google's library compiles and evaluates; it shows no syntax tree.  This parser covers
the CEL grammar (language definition, section "Syntax") but for message construction
and bytes, and gives each part its offsets, so that a policy's names and paths can be
checked when it loads, a false result can be traced to the comparison and the fields
at fault, and an expression can be mutated.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import chain
from typing import NamedTuple, TypeVar

T = TypeVar("T")

MAX_NESTING = 50
"""Most brackets within each other: more than the library compiles (32)."""
MAX_DEPTH = 100
"""Longest chain of operators: what walks a tree stays clear of Python's recursion limit."""
MACROS = frozenset({"all", "exists", "exists_one", "filter", "map"})
_LEVELS = (
    ("||",),
    ("&&",),
    ("==", "!=", "<=", ">=", "<", ">", "in"),
    ("+", "-"),
    ("*", "/", "%"),
)
_TOKEN = r"""(?P<space>\s+|//[^\n]*)
    |(?P<number>0x[0-9a-fA-F]+u?|(?:[0-9]+\.[0-9]+|[0-9]+)(?:[eE][+-]?[0-9]+)?u?)
    |(?P<string>r?(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'))
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<sign>&&|\|\||[=!<>]=|[-+*/%!<>?:.,()[\]{}])"""


class ExpressionFault(Exception):
    """An expression that does not hold; `offset` is a place in its text."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


class Expr(NamedTuple):
    """A part of an expression.

    ========  =======================  =====================================
    kind      text                     parts
    ========  =======================  =====================================
    literal   the literal as written   none
    name      the name                 none
    select    the field                the operand
    index     ""                       the operand and the index
    has       the field                the operand
    call      the function             the arguments
    method    the function             the target and the arguments
    macro     `all`, `exists`, ...     the target and the bodies
    unary     `!` or `-`               the operand
    binary    the operator             left and right
    choice    ""                       condition, then, else
    list      ""                       the items
    map       ""                       key, value, key, value, ...
    ========  =======================  =====================================
    """

    kind: str
    start: int
    end: int
    text: str = ""
    parts: tuple["Expr", ...] = ()
    variable: str = ""
    """The name that a macro binds."""


class Path(NamedTuple):
    """A static path that an expression reads, such as `spec.risk.tier`."""

    root: str
    parts: tuple[str, ...]
    """Field names; `*` for an element of a list, `?` for a key only known later."""
    start: int
    end: int
    """Offsets of the part that reads it."""
    tested: bool = False
    """Read by `has()` alone."""

    @property
    def dotted(self) -> str:
        return ".".join((self.root, *self.parts))


def parse(text: str) -> Expr:
    """Parse a whole expression.

    Raises:
        ExpressionFault: the text is not an expression of the grammar.
    """
    parser = _Parser(text)
    expr = parser.choice()
    if parser.kind != "end":
        raise ExpressionFault(f"unexpected {parser.token!r}", parser.start)
    level, depth = [expr], 0
    while level:  # a chain such as `a && b && ...` is a deep tree, though it nests nothing
        level, depth = [part for one in level for part in one.parts], depth + 1
        if depth > MAX_DEPTH and level:
            raise ExpressionFault(f"a chain of more than {MAX_DEPTH} parts", expr.start)
    return expr


def walk(expr: Expr) -> Iterator[Expr]:
    """Yield the expression and all its parts, outermost first."""
    yield expr
    for part in expr.parts:
        yield from walk(part)


def literal_texts(expr: Expr) -> list[str]:
    """Return every text literal within `expr`."""
    return [text_of(e) for e in walk(expr) if e.kind == "literal" and e.text[-1] in "\"'"]


def text_of(expr: Expr) -> str:
    """Return the value of a text literal.

    Raises:
        ExpressionFault: it holds a character or an escape that none may hold.
    """
    from ast import literal_eval  # only vetting and explaining need it

    try:
        value = literal_eval(expr.text)
    except (SyntaxError, ValueError):
        raise ExpressionFault(f"{expr.text!r} is no text", expr.start) from None
    assert isinstance(value, str)
    return value


def paths(expr: Expr, scope: Mapping[str, "Scope"] | None = None) -> Iterator[Path]:
    """Yield the longest static paths that `expr` reads, in the order of the text.

    `scope` says what the variables of the enclosing macros stand for.
    """
    scope = scope or {}
    if expr.kind == "macro":
        target, *bodies = expr.parts
        yield from paths(target, scope)
        inner = {**scope, expr.variable: _elements(target, scope)}
        for body in bodies:
            yield from paths(body, inner)
        return
    routes = _routes(expr, scope)
    for route in routes:
        yield Path(route[0], route[1:], expr.start, expr.end, expr.kind == "has")
    if not routes:
        for part in expr.parts:
            yield from paths(part, scope)
    elif expr.kind in ("index", "select", "has"):
        yield from _index_paths(expr, scope)


class Scope(NamedTuple):
    """What a macro's variable stands for: routes of elements, or literal texts."""

    routes: tuple[tuple[str, ...], ...] = ()
    literals: tuple[str, ...] = ()


def _elements(target: Expr, scope: Mapping[str, "Scope"]) -> Scope:
    routes = _routes(target, scope)
    if routes:
        return Scope(routes=tuple((*route, "*") for route in routes))
    if target.kind == "macro" and target.text == "filter":
        return _elements(target.parts[0], scope)
    return Scope(literals=tuple(literal_texts(target)))


def _routes(expr: Expr, scope: Mapping[str, "Scope"]) -> list[tuple[str, ...]]:
    """Return the routes (root first) that a name, select or index chain may take."""
    if expr.kind == "name":
        known = scope.get(expr.text)
        return [(expr.text,)] if known is None else list(known.routes)
    if expr.kind in ("select", "has"):
        return [(*route, expr.text) for route in _routes(expr.parts[0], scope)]
    if expr.kind != "index":
        return []
    operand, index = expr.parts
    keys = ["?"]
    if index.kind == "literal":
        keys = literal_texts(index) or [index.text]
    elif index.kind == "name" and index.text in scope and scope[index.text].literals:
        keys = list(scope[index.text].literals)
    return [(*route, key) for route in _routes(operand, scope) for key in keys]


def _index_paths(expr: Expr, scope: Mapping[str, "Scope"]) -> Iterator[Path]:
    """Yield the paths read by the indexes within a chain, as in `tiers[spec.risk.tier]`."""
    while expr.kind in ("index", "select", "has"):
        if expr.kind == "index" and expr.parts[1].kind != "literal":
            yield from paths(expr.parts[1], scope)
        expr = expr.parts[0]


@cache
def _tokens() -> re.Pattern[str]:
    return re.compile(_TOKEN, re.VERBOSE)  # not at import: a sound manifest needs no parse


class _Parser:
    """Recursive descent over the tokens; `start` and `end` are those of `token`."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.kind, self.token, self.start, self.end = "", "", 0, 0
        self.last_end = 0
        self.depth = 0
        self.advance()

    def advance(self) -> None:
        self.last_end = position = self.end
        while True:
            if position == len(self.text):
                self.kind, self.token, self.start, self.end = "end", "the end", position, position
                return
            found = _tokens().match(self.text, position)
            if not found:
                raise ExpressionFault(f"unexpected {self.text[position]!r}", position)
            position = found.end()
            if found.lastgroup != "space":
                break
        self.kind, self.token = str(found.lastgroup), found[0]
        self.start, self.end = found.span()

    def take(self, token: str) -> bool:
        """Go past `token` if it stands here."""
        if self.token != token or self.kind not in ("sign", "name"):
            return False
        self.advance()
        return True

    def need(self, token: str) -> None:
        if not self.take(token):
            raise ExpressionFault(f"expected {token!r}, found {self.token!r}", self.start)

    def need_name(self) -> str:
        if self.kind != "name":
            raise ExpressionFault(f"expected a name, found {self.token!r}", self.start)
        name = self.token
        self.advance()
        return name

    def choice(self) -> Expr:
        if self.depth == MAX_NESTING:
            raise ExpressionFault(f"nested more than {MAX_NESTING} deep", self.start)
        self.depth += 1
        expr = self.level(0)
        if self.take("?"):
            then = self.level(0)
            self.need(":")
            otherwise = self.choice()
            expr = Expr("choice", expr.start, otherwise.end, parts=(expr, then, otherwise))
        self.depth -= 1
        return expr

    def level(self, depth: int) -> Expr:
        """Parse binary operators of one precedence and all that bind tighter."""
        if depth == len(_LEVELS):
            return self.unary()
        left = self.level(depth + 1)
        while self.token in _LEVELS[depth] and self.kind in ("sign", "name"):
            operator = self.token
            self.advance()
            right = self.level(depth + 1)
            left = Expr("binary", left.start, right.end, operator, (left, right))
        return left

    def unary(self) -> Expr:
        signs = []
        while self.kind == "sign" and self.token in ("!", "-"):
            signs.append((self.start, self.token))
            self.advance()
        expr = self.member(self.primary())
        for start, token in reversed(signs):
            expr = Expr("unary", start, expr.end, token, (expr,))
        return expr

    def member(self, expr: Expr) -> Expr:
        while True:
            if self.take("."):
                name = self.need_name()
                if self.take("("):
                    expr = self.method(expr, name)
                else:
                    expr = Expr("select", expr.start, self.last_end, name, (expr,))
            elif self.take("["):
                index = self.choice()
                self.need("]")
                expr = Expr("index", expr.start, self.last_end, parts=(expr, index))
            else:
                return expr

    def method(self, target: Expr, name: str) -> Expr:
        arguments = self.items(")", self.choice)
        if name not in MACROS:
            return Expr("method", target.start, self.last_end, name, (target, *arguments))
        if len(arguments) not in (2, 3) or arguments[0].kind != "name":
            raise ExpressionFault(f"{name}() takes a variable and an expression", target.end)
        return Expr(
            "macro", target.start, self.last_end, name, (target, *arguments[1:]), arguments[0].text
        )

    def items(self, closing: str, read: Callable[[], T]) -> list[T]:
        """Return what `read` takes, one by one, up to `closing`."""
        items: list[T] = []
        while not self.take(closing):
            if items:
                self.need(",")
                if self.take(closing):
                    break
            items.append(read())
        return items

    def entry(self) -> tuple[Expr, Expr]:
        key = self.choice()
        self.need(":")
        return key, self.choice()

    def primary(self) -> Expr:
        start, token, kind = self.start, self.token, self.kind
        if kind in ("number", "string") or (kind == "name" and token in ("true", "false", "null")):
            self.advance()
            return Expr("literal", start, self.last_end, token)
        if self.take("("):
            inner = self.choice()
            self.need(")")
            return inner._replace(start=start, end=self.last_end)
        if self.take("["):
            items = tuple(self.items("]", self.choice))
            return Expr("list", start, self.last_end, parts=items)
        if self.take("{"):
            entries = self.items("}", self.entry)
            keys = [key.text.replace('"', "'") for key, _ in entries if key.kind == "literal"]
            if len(keys) > len(set(keys)):  # the library finds out only on evaluation
                raise ExpressionFault("a key of the map stands twice", start)
            return Expr("map", start, self.last_end, parts=tuple(chain(*entries)))
        name = self.need_name()
        if not self.take("("):
            return Expr("name", start, self.last_end, name)
        arguments = tuple(self.items(")", self.choice))
        if name != "has":
            return Expr("call", start, self.last_end, name, arguments)
        if len(arguments) != 1 or arguments[0].kind != "select":
            raise ExpressionFault("has() takes a field such as has(spec.risk)", start)
        return arguments[0]._replace(kind="has", start=start, end=self.last_end)
