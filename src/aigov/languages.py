"""What code imports and which strings it holds: comments and docstrings count for nothing.

Python is read by `ast`, notebooks by `json`; for other languages there is no light parser, so
they are lexed: comments are blanked out, strings known as such, and one expression a language
(`detectors/languages.yaml`) finds the imports in the rest.  What a lexer gets wrong (a quote in a
regular expression of JavaScript) ends with its line.
"""

import ast
import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

MAX_PYTHON = 512 * 1024
"""Characters that are parsed; a longer file is lexed."""
MAX_NOTEBOOK = 8 * 1024 * 1024
"""Of a larger notebook only the lines are looked at."""
_LONGEST = 300
"""Characters of a string that can be an endpoint."""
_ONE_CHARACTER = r"'(?:\\[^\n][^'\n]{0,8}|[^'\\\n])'"
_COMMENTS = {
    "c": r"//[^\n]*|/\*.*?(?:\*/|\Z)",
    "hash": r"#[^\n]*|\"\"\".*?(?:\"\"\"|\Z)|'''.*?(?:'''|\Z)",
    "spaced": r"(?<!\S)#[^\n]*",
    "hcl": r"#[^\n]*|//[^\n]*|/\*.*?(?:\*/|\Z)",
    "dash": r"--\[\[.*?(?:\]\]|\Z)|--[^\n]*",
    "html": r"<!--.*?(?:-->|\Z)",
    "none": r"(?!)",
}
_CELL = re.compile(r'^\s*"((?:import|from)\s[^"\\\n]{1,200})', re.MULTILINE)
_URL = re.compile(r"(?<![^\s\"'=(])https?://[^\s\"'<>|;)]{1,300}")
_MAGIC = re.compile(r"^\s*[%!].*$", re.MULTILINE)


class Code(NamedTuple):
    """Code without its comments; every character that is left is where it was."""

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    """Offsets of the strings, quotes included."""

    def quoted(self, offset: int) -> bool:
        """Say whether what begins at `offset` lies in a string."""
        at = bisect_right(self.starts, offset) - 1
        return at >= 0 and self.starts[at] < offset < self.ends[at]

    def line(self, offset: int) -> int:
        return self.text.count("\n", 0, offset) + 1


class Use(NamedTuple):
    """One import, or one string."""

    text: str
    line: int
    guarded: bool = False
    """The code goes on where the import fails."""


def lex(text: str, comments: str, quotes: str) -> Code:
    """Return the code in `text`; `comments` and `quotes` as in `detectors/languages.yaml`."""
    strings: list[tuple[int, int]] = []

    def blank(found: re.Match[str]) -> str:
        if found.lastgroup == "comment":
            return "\n".join(" " * len(line) for line in found[0].split("\n"))
        strings.append(found.span())
        return found[0]

    clean = _pattern(comments, quotes).sub(blank, text)
    return Code(clean, tuple(start for start, _ in strings), tuple(end for _, end in strings))


@lru_cache(maxsize=32)
def _pattern(comments: str, quotes: str) -> re.Pattern[str]:
    parts = [f"(?P<comment>{_COMMENTS[comments]})"]
    if '"' in quotes:
        parts.append(r'"""(?:.*?)(?:"""|\Z)')
    parts += [rf"{q}[^{q}\\\n]*(?:\\.[^{q}\\\n]*)*{q}?" for q in quotes if q != "`"]
    if "`" in quotes:
        parts.append(r"`[^`\\]*(?:\\.[^`\\]*)*`?")
    if quotes and "'" not in quotes:
        parts.append(_ONE_CHARACTER)
    return re.compile("|".join(parts), re.DOTALL)


def read_code(text: str, row: Any, *, strings: bool = True) -> tuple[list[Use], list[Use]]:
    """Return the imports and, if asked for, the strings of a source file, as its language's
    row says."""
    if row["ecosystem"] == "python" and len(text) <= MAX_PYTHON:
        try:
            return _python(text, strings or "import_module" in text or "__import__" in text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            pass  # of another Python, or hostile: its lines still tell
    code = lex(text, row["comments"], row["quotes"])
    found = re.finditer(row["import"], code.text) if row.get("import") else ()
    imports = ((one[one.lastindex], one.start(one.lastindex)) for one in found
               if one.lastindex and not code.quoted(one.start()))  # fmt: skip
    held: Iterator[tuple[str, int]]
    if row["quotes"]:
        held = ((code.text[start:end].strip("\"'`"), start)
                for start, end in zip(code.starts, code.ends, strict=True)
                if strings and end - start <= _LONGEST)  # fmt: skip
    else:
        held = ((one[0], one.start()) for one in _URL.finditer(code.text))
    telling = (one for one in held if "/" in one[0] or "." in one[0])
    return list(_numbered(code.text, imports)), list(_numbered(code.text, telling))


def _numbered(text: str, found: Iterable[tuple[str, int]]) -> Iterator[Use]:
    """Yield what was found at rising offsets, with lines."""
    line, at = 1, 0
    for held, offset in found:
        line, at = line + text.count("\n", at, offset), offset
        yield Use(held, line)


def _python(text: str, expressions: bool) -> tuple[list[Use], list[Use]]:
    """Read Python by its own parser; expressions are looked into only where they may tell."""
    imports: list[Use] = []
    strings: list[Use] = []
    prose: set[ast.AST] = set()
    left: list[tuple[ast.AST, bool]] = [(ast.parse(text), False)]
    while left:
        node, guarded = left.pop()
        if isinstance(node, ast.Expr) and expressions:
            prose.add(node.value)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in prose:
            strings += [Use(node.value, node.lineno)] if len(node.value) <= _LONGEST else []
        imports += [Use(name, getattr(node, "lineno", 1), guarded) for name in _imported(node)]
        inside = guarded or _guards(node)
        if expressions:
            left += [(one, inside) for one in ast.iter_child_nodes(node)]
        else:
            for block in ("body", "orelse", "finalbody", "handlers", "cases"):
                left += [(one, inside) for one in getattr(node, block, ()) or ()]
    return imports, strings


def _guards(node: ast.AST) -> bool:
    """Say whether the program goes on where an import in a block fails, or is never tried."""
    if isinstance(node, ast.Try):
        return any(map(_forgives, node.handlers))
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)


def _forgives(handler: ast.ExceptHandler) -> bool:
    """Say whether a handler catches a failing import."""
    caught = {one.id for one in ast.walk(handler) if isinstance(one, ast.Name)}
    return handler.type is None or not caught.isdisjoint(
        {"ImportError", "ModuleNotFoundError", "Exception"}
    )


def _imported(node: ast.AST) -> list[str]:
    """Return the dotted names that one node imports; a relative import names no package."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return [f"{node.module}.{alias.name}" for alias in node.names]
    if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
        called = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        called = node.func.id if isinstance(node.func, ast.Name) else called
        if called in ("import_module", "__import__") and isinstance(node.args[0].value, str):
            return [node.args[0].value]
    return []


class Cell(NamedTuple):
    """A code cell of a notebook."""

    line: int
    step: int
    """Lines of the file from one line of the source to the next: 1, or 0 where all is on one."""
    language: str
    source: str


def read_notebook(data: bytes) -> list[Cell]:
    """Return the code cells of a Jupyter notebook; of one that is too large or broken the lines
    that look like imports of Python."""
    text = data.decode("utf-8", "replace")
    try:
        if len(data) > MAX_NOTEBOOK:
            raise ValueError("too large")
        return list(_cells(text, json.loads(text)))
    except (ValueError, RecursionError, TypeError, AttributeError, KeyError):
        found = ((one.start(1), one[1]) for one in _CELL.finditer(text))
        return [Cell(text.count("\n", 0, at) + 1, 0, "python", source) for at, source in found]


def _cells(text: str, notebook: Any) -> Iterator[Cell]:
    named = notebook.get("metadata", {}).get("kernelspec", {}).get("language") or "python"
    worksheets = notebook.get("worksheets") or [notebook]
    at, line, step = 0, 1, 0
    for cell in (cell for sheet in worksheets for cell in sheet["cells"]):
        source = cell.get("source", cell.get("input", ""))
        lines = source if isinstance(source, list) else source.splitlines(keepends=True)
        if cell.get("cell_type") != "code" or not lines:
            continue
        written = json.dumps(lines[0], ensure_ascii=False)
        if (first := text.find(written, at)) > 0:
            at, line = first, line + text.count("\n", at, first)
            end = first + len(written)
            step = "\n" in text[end : end + 3]
        yield Cell(line, step, str(named).lower(), "".join(map(str, lines)))


def without_magics(source: str) -> str:
    """Return a cell without the lines that are no Python; the others keep their places."""
    return _MAGIC.sub("", source)
