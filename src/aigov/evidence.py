"""What the outside world found at the places that a document names as evidence."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

from aigov.source import join_pointer, split_pointer


class Evidence(NamedTuple):
    """One path or URL that a document names."""

    resolves: bool
    size: int | None = None
    """In bytes; None where nothing was read, as at a URL."""
    digest: str = ""
    """Of the bytes; "" where no other evidence is as large, so that none is the same."""


def sized(
    named: Iterable[Mapping[str, str]], found: Mapping[str, Evidence]
) -> list[dict[str, Any]]:
    """Return the `pointer` and `path` of all evidence named, with its `size` where known."""
    rows: list[dict[str, Any]] = []
    for item in named:
        one = found.get(item["path"])
        rows.append({**item, "size": one.size} if one and one.size is not None else {**item})
    return rows


def shared(
    named: Iterable[Mapping[str, str]], found: Mapping[str, Evidence], distinct: AbstractSet[str]
) -> list[dict[str, str]]:
    """Return the `pointer` of all evidence whose bytes also prove something else.

    A path that is named twice is the same bytes, whether or not anybody read them.
    `distinct` holds the pointers (`*` for list positions) at which evidence must differ.
    """
    by_bytes: dict[str, list[tuple[str, str]]] = {}
    for item in named:
        one, kind = found.get(item["path"]), _kind(item["pointer"])
        if one and one.resolves and kind in distinct:
            by_bytes.setdefault(one.digest or item["path"], []).append((item["pointer"], kind))
    return [
        {"pointer": pointer}
        for group in by_bytes.values()
        if len({kind for _, kind in group}) > 1
        for pointer, _ in group
    ]


def _kind(pointer: str) -> str:
    return join_pointer(["*" if part.isdecimal() else part for part in split_pointer(pointer)])
