"""What a policy may say: every name and path is known, and nothing passes in silence.

The library checks declared names alone; a misspelt field below `spec` would read as
absent for ever, and a typo behind `true ||` would never show.  Each lint names the
leak that it closes; all were seen to let an empty manifest pass in other tools.
"""

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from aigov.errors import meant
from aigov.expressions import CONSTANTS, VARIABLES
from aigov.fields import Field, find
from aigov.syntax import Expr, Path, literal_texts, paths, text_of, walk

BUILT_IN_FUNCTIONS = frozenset({"size", "int", "double", "string", "timestamp", "duration", "dyn"})
BUILT_IN_METHODS = frozenset({"size", "startsWith", "endsWith", "contains", "matches"})


class Fault(NamedTuple):
    """What an expression gets wrong, and the offset in its text."""

    message: str
    offset: int


class Vocabulary(NamedTuple):
    """What expressions may speak of."""

    documents: Mapping[str, Field]
    """The trees of whole documents by kind: `UseCase`, `Organization`."""
    facts: Mapping[str, Field]
    """The trees of what is known beyond a document (`schemas/facts.v1.json`), by name."""
    derived: AbstractSet[str]
    params: AbstractSet[str]
    functions: AbstractSet[str]

    def tree(self, root: str) -> Field | None:
        """Return the tree below a variable, None where its names are not known ahead."""
        if root in ("spec", "metadata"):
            return self.documents["UseCase"].properties[root]
        if root == "profile":
            return self.documents["Organization"].properties["spec"]
        return self.facts.get(root)

    def places(self, root: str) -> AbstractSet[str]:
        """Return the lists of facts whose elements say where in the document they are."""
        tree = self.tree(root)
        return {
            name
            for name, field in (tree.properties if tree else {}).items()
            if field.items and "pointer" in field.items.properties
        }


def name_faults(tree: Expr, known: Vocabulary) -> Iterator[Fault]:
    """Yield the names, functions, paths and compared words that do not exist."""
    for path in paths(tree):
        yield from _path_faults(path, known)
    for expr in walk(tree):
        if expr.kind == "call" and expr.text not in known.functions | BUILT_IN_FUNCTIONS:
            wanted = known.functions | BUILT_IN_FUNCTIONS
            yield Fault(f"no function {expr.text}(){meant(expr.text, wanted)}", expr.start)
        elif expr.kind == "method" and expr.text not in BUILT_IN_METHODS:
            yield Fault(f"no method {expr.text}(){meant(expr.text, BUILT_IN_METHODS)}", expr.start)
        elif expr.kind == "binary":
            yield from _word_faults(expr, tree, known)


def silence_faults(tree: Expr, optional: Iterable[str], *, condition: bool) -> Iterator[Fault]:
    """Yield what could pass, or not apply, because something is absent.

    `optional` lists the dotted paths that may be absent; `condition` marks a `when`.
    """
    free = frozenset(optional)
    for path in paths(tree):
        if path.tested and path.dotted not in free:
            yield Fault(
                f"has({path.dotted}) lets an absent value decide; "
                "list the path under `optional` if it may be absent",
                path.start,
            )
    if condition and tree.kind in ("name", "select", "index"):
        yield Fault("a bare value is no condition; compare it (`== true`)", tree.start)
    if condition:
        return
    if tree.kind == "literal":
        yield Fault(f"`{tree.text}` demands nothing", tree.start)
    sized = {p.dotted for e in walk(tree) for p in _sized(e)}
    for expr in walk(tree):
        if expr.kind == "choice" and any(p.text == "true" for p in expr.parts[1:]):
            yield Fault("`? true` or `: true` passes without looking", expr.start)
        elif expr.kind == "binary" and any(
            p.text in ("true", "false") and p.kind == "literal"
            for p in expr.parts
            if expr.text in ("&&", "||")
        ):
            yield Fault(f"a constant beside {expr.text} hides the other side", expr.start)
        elif expr.kind == "macro" and expr.text == "all":
            for path in paths(expr.parts[0]):
                if path.root in ("spec", "metadata") and path.dotted not in free | sized:
                    yield Fault(
                        f"an empty {path.dotted} would pass; add size({path.dotted}) > 0 && "
                        "or list the path under `optional`",
                        expr.start,
                    )


def _sized(expr: Expr) -> Iterator[Path]:
    """Yield what `size(x) > 0` (or `>= n`) holds to be filled."""
    if expr.kind == "binary" and expr.text in (">", ">=") and expr.parts[0].text == "size":
        yield from paths(expr.parts[0])


def _path_faults(path: Path, known: Vocabulary) -> Iterator[Fault]:
    if path.root not in VARIABLES:
        yield Fault(f"no name {path.root}{meant(path.root, VARIABLES)}", path.start)
    elif tree := known.tree(path.root):
        yield from _field_faults(path, tree)
    elif path.parts and path.parts[0] != "?":
        names: AbstractSet[str] | Mapping[str, int] | None = {
            "derived": known.derived,
            "params": known.params,
            "judged": {"stage", "tier"},
        }.get(path.root, CONSTANTS.get(path.root))
        if names is not None and path.parts[0] not in names:
            what = f"{path.root}.{path.parts[0]}"
            yield Fault(f"no {what}{meant(path.parts[0], names)}", path.start)


def _field_faults(path: Path, tree: Field) -> Iterator[Fault]:
    for depth in range(1, len(path.parts) + 1):
        if find(tree, path.parts[:depth]) is None:
            above = find(tree, path.parts[: depth - 1])
            names = above.properties if above else {}
            what = ".".join((path.root, *path.parts[:depth]))
            yield Fault(f"no field {what}{meant(path.parts[depth - 1], names)}", path.start)
            return


def _word_faults(expr: Expr, tree: Expr, known: Vocabulary) -> Iterator[Fault]:
    """Yield texts compared with an enum field that are none of its values."""
    left, right = expr.parts
    if expr.text not in ("==", "!=", "in"):
        return
    for read, words in ((left, right), (right, left)):
        texts = [text_of(words)] if words.kind == "literal" and words.text[-1] in "\"'" else []
        if words.kind == "list" and expr.text == "in" and words is right:
            texts = literal_texts(words)
        if not texts or read.kind not in ("select", "index"):
            continue
        for path in paths(tree):
            if (path.start, path.end) != (read.start, read.end):
                continue
            tree_below = known.tree(path.root)
            field = find(tree_below, path.parts) if tree_below else None
            for text in texts if field and field.enum else ():
                if field and text not in field.enum:
                    words_known = [str(word) for word in field.enum]
                    message = f"{path.dotted} is never '{text}'{meant(text, words_known)}"
                    yield Fault(message, words.start)
