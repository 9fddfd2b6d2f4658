"""The data folders that ship with the program."""

import os
from typing import Any


def folder(kind: str) -> str:
    """Return the path of a shipped folder: `policies`, `schemas`, `inventories`, `examples`.

    An installed wheel carries them below the package; a checkout at its root.
    """
    package = os.path.dirname(os.path.abspath(__file__))
    installed = os.path.join(package, "data", kind)
    if os.path.isdir(installed):
        return installed
    return os.path.join(os.path.dirname(os.path.dirname(package)), kind)


def parsed_rules() -> dict[str, dict[str, list[Any]]] | None:
    """Return folder to path to [sha256, value] of the shipped rules; None in a checkout.

    A wheel carries this copy (see `hatch_build.py`): reading it is faster than YAML.
    """
    try:
        from aigov.parsed import RULES  # made by the build
    except ImportError:
        return None
    rules: dict[str, dict[str, list[Any]]] = RULES
    return rules


def compiled_expressions() -> dict[str, bytes]:
    """Return the shipped expressions as the installed CEL library serialized them: none in
    a checkout, or where the library is of another version than the wheel was built with."""
    try:
        from aigov.parsed import CEL_VERSION, EXPRESSIONS  # made by the build
    except ImportError:
        return {}
    import cel_expr_python

    (library,) = cel_expr_python.__path__
    same = os.path.isdir(f"{library}-{CEL_VERSION}.dist-info")
    expressions: dict[str, bytes] = EXPRESSIONS if same else {}
    return expressions


def read_tree(root: str, suffix: str, *, but: str = "\0") -> dict[str, bytes]:
    """Return every file below `root` that ends in `suffix`, and not in `but`: POSIX path to
    content, sorted."""
    found = {}
    for path, folders, names in os.walk(root):
        folders.sort()
        for name in sorted(names):
            if name.endswith(suffix) and not name.endswith(but):
                full = os.path.join(path, name)
                with open(full, "rb") as file:
                    found[os.path.relpath(full, root).replace(os.sep, "/")] = file.read()
    return found
