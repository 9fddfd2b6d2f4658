"""The data folders that ship with the program."""

import os
from functools import cache
from typing import TYPE_CHECKING, Any, NoReturn

from aigov.errors import UsageError

if TYPE_CHECKING:
    from aigov.detectors import Detectors


def folder(kind: str) -> str:
    """Return the path of a shipped folder: `policies`, `schemas`, `inventories`,
    `init`, `detectors`, `examples`.

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
    content, sorted.

    Raises:
        UsageError: one cannot be read, or is named so that it would be passed over.
    """
    found = {}
    for path, folders, names in os.walk(root, onerror=_unreadable):
        folders.sort()
        for name in sorted(names + folders):
            full = os.path.join(path, name)
            if suffix == ".yaml" and name.endswith(".yml"):
                raise UsageError("only .yaml is read", where=full, remedy="rename it to .yaml")
            if name in folders and os.path.islink(full):
                problem = "a linked folder is not entered"
                raise UsageError(
                    problem, where=full, remedy="give its target as a pack, or copy it"
                )
            if name.endswith(suffix) and not name.endswith(but):
                found[os.path.relpath(full, root).replace(os.sep, "/")] = _content(full)
    return found


def _content(path: str) -> bytes:
    if not os.path.isfile(path):  # to open a pipe would wait for ever
        raise UsageError("not a regular file", where=path, remedy="remove or rename it")
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        _unreadable(error)


def _unreadable(error: OSError) -> NoReturn:
    raise UsageError(f"cannot be read ({error.strerror})", where=str(error.filename)) from None


@cache
def shipped_detectors() -> "Detectors":
    """Return what counts as a use of AI, from the shipped `detectors` folder."""
    from aigov.detectors import build_detectors  # a hook judges files and detects nothing

    try:
        from aigov.parsed_detectors import DETECTORS  # made by the build
    except ImportError:
        from aigov.packs import read_document
    else:
        return build_detectors(DETECTORS)
    files = read_tree(folder("detectors"), ".yaml", but=".cases.yaml")
    return build_detectors({name: read_document(data, name).value for name, data in files.items()})
