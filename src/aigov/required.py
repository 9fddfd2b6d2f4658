"""When a field must be there: the rows of `schemas/required.yaml`.

A row names places, the stage and tier from which they are asked for and, if need be, a
condition.  The condition is CEL and the caller's; what else narrows a row is plain data.
What a document lacks does not depend on stage and tier, so it is found once, in one
walk over all rows (`absent`), and then held against each stage and tier that is judged.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from aigov.expressions import CONSTANTS

_STAGES, _TIERS = CONSTANTS["stages"], CONSTANTS["tiers"]


class Requirement(NamedTuple):
    """One place that must be filled, and from when on."""

    path: str
    """JSON pointer; `*` stands for each element of a list."""
    stage: int
    """Rank of the first stage at which it is asked for: intake 0 to retired 6."""
    tier: int
    """Rank of the lowest tier at which it is asked for: low 1 to critical 4."""
    when: str
    """CEL condition over the document, "" for none."""
    only: tuple[str, object] | None = None
    """Asked for only in elements in which this name has this value."""
    stepped_back: bool = False
    """Asked for only in elements whose `stage` lies before that of the one above."""
    may_be_empty: bool = False
    """An empty list is an answer here: "none"."""

    @property
    def parts(self) -> list[str]:
        """The names on the way, `*` for the elements of a list."""
        return self.path[1:].split("/")


class Demands(NamedTuple):
    """Rows as a tree that is walked beside a document."""

    fields: tuple[tuple[str, tuple[Requirement, ...], "Demands | None"], ...]
    """Name, rows that ask for it, and what is asked of its own fields and elements."""
    each: "Demands | None"
    """What is asked of the elements, where a list stands here."""


def parse_requirements(rows: Any) -> tuple[Requirement, ...]:
    """Return the rows of `schemas/required.yaml`, which have their shape
    (`schemas/required.v1.json`), a requirement each place."""
    return tuple(one for row in rows for one in _requirements(row))


def demands(requirements: Iterable[Requirement]) -> Demands:
    """Return the rows as a tree; build it once, it serves every document."""
    root: dict[str, Any] = {}
    for row in requirements:
        node = root
        *way, last = row.parts
        for part in way:
            node = node.setdefault(part, ([], {}))[1]
        node.setdefault(last, ([], {}))[0].append(row)
    return _frozen(root)


def _frozen(node: dict[str, Any]) -> Demands:
    """Freeze a mapping of name to (rows, what is asked below)."""
    each = _frozen(node.pop("*")[1]) if "*" in node else None
    fields = [
        (name, tuple(rows), _frozen(below) if below else None)
        for name, (rows, below) in node.items()
    ]
    return Demands(tuple(fields), each)


def absent(tree: Demands, document: object) -> list[tuple[str, Requirement]]:
    """Return (pointer, row) for everything asked for that `document` lacks.

    Absent is what is missing, null, a blank text, an empty map or, unless the row says
    otherwise, an empty list.  An absent list lacks only its own row, not those of its
    elements.  Never raises on a wrongly shaped document.
    """
    found: list[tuple[str, Requirement]] = []
    _walk(tree, document, "", (None, None), found)
    return found


def _walk(
    tree: Demands,
    value: Any,
    pointer: str,
    around: tuple[Any, Any],
    found: list[tuple[str, Requirement]],
) -> None:
    """Add what is absent below `value`; `around` is the innermost list element that
    holds it and the element above that one."""
    fields, each = tree
    get = value.get if value.__class__ is dict else {}.get
    for name, rows, deeper in fields:
        one = get(name)
        if rows and (not one or (one.__class__ is str and one[0] <= " ")) and _is_blank(one):
            for row in rows:  # no comprehension: its closure slows this loop by a third
                if _is_asked(row, *around) and not (row.may_be_empty and one == []):
                    found.append((f"{pointer}/{name}", row))  # noqa: PERF401
        if deeper is not None:
            _walk(deeper, one, f"{pointer}/{name}", around, found)
    if each is not None and value.__class__ is list:
        above = None
        for index, one in enumerate(value):
            _walk(each, one, f"{pointer}/{index}", (one, above), found)
            above = one


def _is_asked(requirement: Requirement, element: Any, above: Any) -> bool:
    """Say whether the row speaks of this list element; `above` is the one before it."""
    if requirement.only:
        name, wanted = requirement.only
        return isinstance(element, dict) and element.get(name) == wanted
    return not requirement.stepped_back or _rank(element) < _rank(above)


def _rank(entry: Any) -> int:
    """Return the rank of an entry's stage; an unreadable one is no step back."""
    stage = entry.get("stage") if isinstance(entry, dict) else None
    return _STAGES.get(stage, 0) if isinstance(stage, str) else 0


def _is_blank(value: object) -> bool:
    if isinstance(value, str):
        return not value.strip()
    return value is None or value in ({}, [])


def _requirements(row: Mapping[str, Any]) -> Iterator[Requirement]:
    only = row.get("only")
    for path in row["paths"]:
        yield Requirement(
            path,
            _STAGES[row["from"]],
            _TIERS[row.get("tier", "low")],
            row.get("when", ""),
            next(iter(only.items())) if only else None,
            row.get("stepped_back", False),
            row.get("may_be_empty", False),
        )
