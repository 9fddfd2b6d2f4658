"""What `explain` says of one word, and the small pieces of manifests that show it."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from typing import Any, NamedTuple

from aigov.emit import dump
from aigov.policies import Policy
from aigov.rules import Rules
from aigov.source import split_pointer
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
    controls: Mapping[str, tuple[str, ...]] = {}
    """Framework to its references."""
    serves: tuple[str, ...] = ()
    """The same with the short titles of the controls, a line each."""
    see: tuple[str, ...] = ()
    """Words to go on with; each can be explained."""


class Sources(NamedTuple):
    """What explanations are made from."""

    rules: Rules
    manifest: Mapping[str, Any]
    """The JSON Schema of manifests."""
    words: Sequence[Mapping[str, Any]]
    """`schemas/words.yaml`."""
    synonyms: Mapping[str, str | Sequence[str]]
    examples: Mapping[str, Any]
    """Name of a shipped example to its value."""
    profile: Any
    """The value of the shipped organisation profile."""
    cases: Callable[[Policy], Sequence[Mapping[str, Any]]]
    """The cases of a policy, () where it has none."""

    @property
    def bases(self) -> Mapping[str, Any]:
        """What a case may change, by name."""
        return {**self.examples, "organization": self.profile}


def changed(value: Any, case: Mapping[str, Any]) -> Any:
    """Return a copy of an example with what a case sets and deletes."""
    value = deepcopy(value)
    for pointer, new in case.get("set", {}).items():
        put(value, pointer, new)
    for pointer in case.get("delete", ()):
        *way, last = split_pointer(pointer)
        holder = _reach(value, way)
        if isinstance(holder, list):
            del holder[int(last)]
        elif isinstance(holder, dict):
            holder.pop(last, None)
    return value


def put(value: Any, pointer: str, new: Any) -> None:
    """Set what stands at `pointer` of `value`; what is missing on the way is made."""
    *way, last = split_pointer(pointer)
    for part, following in zip(way, [*way, last][1:], strict=True):
        value = _step(value, part, [] if following.isdecimal() else {})
    if isinstance(value, list):
        value[int(last) : int(last) + 1] = [new]
    else:
        value[last] = new


def _step(value: Any, part: str, made: Any) -> Any:
    if isinstance(value, list):
        if int(part) >= len(value):
            value.append(made)
        return value[int(part)]
    below = value.get(part)
    if not isinstance(below, dict | list):
        below = value[part] = made
    return below


def piece(value: Any, pointers: Iterable[str]) -> str:
    """Return the YAML of `value` at `pointers` alone, with the names on the way.

    A pointer that leads nowhere becomes a comment.  Long texts are cut, and what
    is longer than `LINES`.
    """
    root: dict[str, Any] = {}
    for pointer in pointers:
        _copy(value, root, split_pointer(pointer))
    text = _ABSENT_LINE.sub(r"\1# \3 is left out", dump(root)) if root else ""
    lines = text.splitlines(keepends=True)
    if len(lines) > LINES:
        lines = [*lines[: LINES - 1], f"# and {len(lines) - LINES + 1} more lines\n"]
    return "".join(lines)


def holds(value: Any, pointer: str) -> bool:
    """Say whether something stands at `pointer`."""
    return _reach(value, split_pointer(pointer)) is not None


def _copy(value: Any, into: Any, parts: list[str]) -> None:
    """Copy what stands at `parts` of `value`; an element of a list keeps its name."""
    part, *rest = parts
    below = _reach(value, [part])
    if isinstance(value, list):
        if below is None:
            into += [] if into else map(_named, value)  # what is left tells what is missing
            return
        if not rest or not isinstance(below, dict):
            into.append(_short(below))
            return
        whole = _named(below) if any(one in below for one in _NAMES) else {}
        known = next((one for one in into if whole and one.items() >= whole.items()), None)
        if known is None:
            into.append(known := whole)
        _copy(below, known, rest)
    elif below is None:
        into[part] = _ABSENT
    elif rest and isinstance(below, dict | list):
        _copy(below, into.setdefault(part, [] if isinstance(below, list) else {}), rest)
    else:
        into[part] = _short(below)


def _named(element: Any) -> Any:
    """Return the name alone of an element of a list, all of it where it has none."""
    name = next((one for one in _NAMES if isinstance(element, dict) and one in element), None)
    return {name: element[name]} if name else _short(element)


def _short(value: Any) -> Any:
    """Return the value with every long text cut."""
    if isinstance(value, dict):
        return {name: _short(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_short(one) for one in value]
    if not isinstance(value, str) or len(value) <= LONGEST:
        return value
    return f"{cut(value)[: LONGEST - 3].rstrip('.')}..."


def _reach(value: Any, parts: Iterable[str]) -> Any:
    """Return what stands at `parts`, None where nothing does."""
    for part in parts:
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value
