"""What `explain` says of one word, and the small pieces of manifests that show it."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from aigov.cases import Case
from aigov.emit import dump
from aigov.policies import Policy
from aigov.rules import Rules, Shapes
from aigov.source import Document, split_pointer
from aigov.wording import cut

LINES = 12
"""Lines of YAML that a piece shows; the rest is counted."""
LONGEST = 44
"""Characters of a text in a piece: with its names it stays within 80 columns."""
_ABSENT = "aigov-absent"
"""Stands in a piece where a value was taken out, until it becomes a comment."""
_ABSENT_LINE = re.compile(rf"^( *)(- )?(\S+): {_ABSENT}$", re.MULTILINE)
_NAMES = ("id", "name", "role", "gate", "stage")
"""What tells the elements of a list apart, the first that is there."""


class Sample(NamedTuple):
    """An example: what is special about it, and a piece of a manifest."""

    about: str
    yaml: str = ""
    """Whole lines of YAML; "" where no manifest holds it."""
    note: str = ""
    """What the piece does not show: why it is refused, or how it is judged."""


class Explanation(NamedTuple):
    """One word explained; empty parts are those it does not have."""

    word: str
    """The heading: `GOV-004 tier-understated`, `spec.oversight.queue`, `tier`."""
    kind: str
    """`policy`, `field`, `word`, `trigger` or `code`."""
    says: str
    """Two plain sentences; one where a field needs no second."""
    passes: Sample | None = None
    fails: Sample | None = None
    asked: tuple[str, ...] = ()
    """Where it is asked for, a line each: stage, tier, condition, enforcement."""
    limits: Mapping[str, Mapping[str, float]] = {}
    """Param to tier to number."""
    remedy: str = ""
    obligations: tuple[Mapping[str, Any], ...] = ()
    """The fields of `law.Obligation` by name, and `days_left` until it binds."""
    controls: Mapping[str, Mapping[str, str]] = {}
    """Framework to what is cited of it to the short title of that control."""
    see: tuple[str, ...] = ()
    """Words to go on with; each can be explained."""


class Sources(NamedTuple):
    """What explanations are made from."""

    rules: Rules
    shapes: Shapes
    words: Mapping[str, Any]
    """`schemas/words.yaml`."""
    examples: Mapping[str, Document]
    """The shipped examples by name, the organisation's profile as `organization`."""
    cases: Callable[[Policy], Sequence[Case]]
    """The cases of a policy, () where it has none."""
    today: str
    """YYYY-MM-DD, the day from which the days to a legal duty count."""


def piece(value: Any, pointers: Iterable[str]) -> str:
    """Return the YAML of `value` at `pointers` alone, with the names on the way.

    A pointer that leads nowhere becomes a comment.  Long texts are cut, and what
    is longer than `LINES`.
    """
    ways = [split_pointer(pointer) for pointer in pointers]
    text = _ABSENT_LINE.sub(r"\1# \3 is left out", dump(_part(value, ways))) if ways else ""
    lines = text.splitlines(keepends=True)
    if len(lines) > LINES:
        lines = [*lines[: LINES - 1], f"# and {len(lines) - LINES + 1} more lines\n"]
    return "".join(lines)


def _part(value: Any, ways: list[list[str]]) -> Any:
    """Return what `ways` lead to alone; an element of a list keeps its name."""
    if not isinstance(value, dict | list) or not all(ways):
        return _short(value)
    below: dict[str, list[list[str]]] = {}
    for first, *rest in ways:
        below.setdefault(first, []).append(rest)
    if isinstance(value, dict):
        return {
            name: _part(value[name], rest) if name in value else _ABSENT
            for name, rest in below.items()
        }
    there = [
        (value[int(index)], rest)
        for index, rest in below.items()
        if index.isdecimal() and int(index) < len(value)
    ]
    if not there:  # what is left tells what is missing
        return [_name(one) or _short(one) for one in value]
    return [
        {**_name(one), **_part(one, rest)} if isinstance(one, dict) else _short(one)
        for one, rest in there
    ]


def _name(element: Any) -> dict[str, Any]:
    """Return what tells an element of a list from the others, {} where nothing does."""
    names = [one for one in _NAMES if isinstance(element, dict) and one in element]
    return {name: element[name] for name in names[:1]}


def _short(value: Any) -> Any:
    """Return the value with every long text cut."""
    if isinstance(value, dict):
        return {name: _short(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_short(one) for one in value]
    if not isinstance(value, str) or len(value) <= LONGEST:
        return value
    return f"{cut(value)[: LONGEST - 3].rstrip('.')}..."
