"""Explain a field: what it means, a value that passes, one that is refused, and when it is
asked for."""

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from aigov.explanation import Explanation, Sample, Sources, holds, piece
from aigov.expressions import CONSTANTS
from aigov.fields import Field, find, outline
from aigov.policies import TIERS, Policy
from aigov.required import Requirement
from aigov.rules import KINDS, Rules
from aigov.schema import Issue

GROUPS = 6
"""Lines that say where the parts of a field are asked for, before the rest is counted."""
NAMED = 8
"""Names that one line lists before the rest is counted."""
_STAGES = tuple(CONSTANTS["stages"])
_BRACKETS = re.compile(r"\[[0-9*]*\]")
_PLAIN = {
    "bool": "true or false",
    "int": "a whole number",
    "number": "a number",
    "tri": "true, false or unknown",
    "any": "any value",
}
_EASY = {"bool": True, "int": 3, "number": 0.5, "any": 0.5}
_REFUSED: dict[str, object] = {
    "date": "22.11.2026",
    "person": "Ada Brandt",
    "team": "the platform team",
    "contact": "ask Priya",
    "evidence": "../outside.md",
    "slug": "My Use Case",
    "tri": "maybe",
    "bool": "yes",
    "int": "many",
    "number": "many",
    "enum": "something else",
}
"""Kind to what people write there instead; each is held against the schema."""
_ALSO_REFUSED: tuple[object, ...] = ("a text", "", 12, [])
_KEYS = (
    "name", "x-name", "max_pilot_days", "OPS-002", "5(1)(a)", "9", "SG", "low",
    "group:platform-sre", "@ada",
)  # fmt: skip
"""Names for an entry of a map; the first that its schema takes stands in the example."""


class Spot(NamedTuple):
    """A field of one kind of document."""

    kind: str
    parts: tuple[str, ...]
    """Names from the root; `*` for an element of a list or a value of a map."""
    field: Field
    dotted: str
    """`spec.approvals[].gate`."""

    @property
    def pointer(self) -> str:
        return "/" + "/".join(self.parts)


def spots(word: str, rules: Rules) -> list[Spot]:
    """Return the field that `word` names exactly, else all whose path ends in its names."""
    names = _parts(word)
    for kind in KINDS:
        for lead in ((), ("spec",), ("metadata",)):
            spot = _spot(kind, (*lead, *names), rules)
            if spot and names:
                return [spot]
    wanted = tuple(name for name in names if name != "*")
    for kind in KINDS if wanted else ():
        found = [
            spot
            for dotted, _ in outline(rules.schemas[kind].fields)
            if tuple(part for part in _parts(dotted) if part != "*")[-len(wanted) :] == wanted
            if (spot := _spot(kind, _parts(dotted), rules))
        ]
        if found:
            return found
    return []


def explain_field(spot: Spot, sources: Sources) -> Explanation:
    """Explain one field from the schema, the demands and the policies that read it."""
    rules = sources.rules
    readers = _readers(spot, rules) if spot.kind == "UseCase" else []
    controls: dict[str, tuple[str, ...]] = {}
    for policy in readers:
        for name, references in policy.controls.items():
            controls[name] = tuple(dict.fromkeys((*controls.get(name, ()), *references)))
    triggers = [
        rule.name
        for rule in (*rules.derivation.tiers, *rules.derivation.stages)
        if spot.kind == "UseCase" and ".".join(spot.parts) in rules.derivation.reads(rule)
    ]
    passes, fails = _samples(spot, sources)
    definition = sources.manifest["$defs"].get(spot.field.kind, {})
    what = _described(spot.field, sources)
    return Explanation(
        spot.dotted if spot.kind == "UseCase" else f"{spot.dotted} (kind: {spot.kind})",
        "field",
        f"{spot.field.description} {what}".strip(),
        passes,
        fails,
        tuple(_asked(spot, rules)),
        remedy=_sentence(definition.get("description", "")) if spot.field.kind != "tri" else "",
        controls=controls,
        see=(*(policy.code for policy in readers), *triggers),
    )


def _parts(word: str) -> tuple[str, ...]:
    """Split `a.b[].c`, `a.b.*.c`, `a.b[2].c` or `/a/b/2/c` into names and `*`."""
    dotted = word.replace("/", ".") if word.startswith("/") else word
    parts = _BRACKETS.sub(".*", dotted).strip(".").split(".")
    return tuple("*" if part.isdecimal() else part for part in parts if part)


def _spot(kind: str, parts: tuple[str, ...], rules: Rules) -> Spot | None:
    here: Field | None = rules.schemas[kind].fields
    path, dotted = [], ""
    for part in parts:
        within = here
        here = find(here, (part,)) if here else None
        if within is None or here is None:
            return None
        open_ended = within.kind in ("list", "map")
        path.append("*" if open_ended else part)
        dotted += "[]" if within.kind == "list" else f".{path[-1]}"
    return Spot(kind, tuple(path), here, dotted.removeprefix(".")) if here else None


def _described(field: Field, sources: Sources) -> str:
    """Return a sentence on what may stand there."""
    if field.kind == "object":
        return f"It holds {_listed(field.properties)}."
    if field.items:
        return f"It is a list, and each entry is {_noun(field.items, sources)}."
    if field.values:
        return f"It is a set of names of your own, each with {_noun(field.values, sources)}."
    return f"It is {_noun(field, sources)}."


def _noun(field: Field, sources: Sources) -> str:
    if field.kind == "enum":
        words = [str(one) for one in field.enum]
        return f"one of {_listed(words, len(words))}" if len(words) > 1 else words[0]
    if field.kind == "object":
        return f"a set of {_listed(field.properties)}"
    definition = sources.manifest["$defs"].get(field.kind, {})
    return _PLAIN.get(field.kind) or str(definition.get("title", f"a {field.kind}"))


def _listed(names: Iterable[str], most: int = NAMED) -> str:
    """Return `a, b and c`, with the rest counted."""
    listed = list(names)
    if len(listed) > most:
        listed = [*listed[: most - 1], f"{len(listed) - most + 1} more"]
    return " and ".join(filter(None, (", ".join(listed[:-1]), listed[-1])))


def _sentence(how: str) -> str:
    return f"{how[:1].upper()}{how[1:]}." if how else ""


def _samples(spot: Spot, sources: Sources) -> tuple[Sample | None, Sample | None]:
    """Return a value that the schema takes, from the schema or a shipped example, and one
    that it refuses, in its own words."""
    field = spot.field
    given = [one for one in (field.example, *field.enum[:1]) if one is not None]
    given += [*_shipped(spot, sources), *_composed(field), "short"]
    entries = [[_REFUSED[field.items.kind]]] if field.items and field.items.kind in _REFUSED else []
    wrong = [*entries, _REFUSED.get(field.kind, "a text"), *_ALSO_REFUSED]
    rules = sources.rules
    taken = (tried for tried in (_try(spot, one, rules) for one in given) if not tried.issues)
    refused = (tried for tried in (_try(spot, one, rules) for one in wrong) if tried.issues)
    passes, fails = next(taken, None), next(refused, None)
    return (
        passes and Sample("a value that is taken", passes.yaml),
        fails and Sample("a value that is refused", fails.yaml, fails.issues[0].message),
    )


def _composed(field: Field) -> Iterator[Any]:
    """Yield what the schema's own examples make of a field, whole or in part."""
    if field.items:
        yield from ([one] for one in _composed(field.items))
    elif field.values:
        for one in _composed(field.values):
            yield from ({key: one} for key in _KEYS)
    elif field.properties:
        below = {name: next(_composed(one), None) for name, one in field.properties.items()}
        yield {name: one for name, one in below.items() if one is not None}
    elif field.kind in _EASY:
        yield _EASY[field.kind]
    else:
        yield from field.enum[:1] or [field.example]


def _shipped(spot: Spot, sources: Sources) -> Iterator[Any]:
    """Yield what stands at the field in the shipped examples, first entries of lists."""
    pointer = spot.pointer.replace("*", "0")
    for value in sources.examples.values():
        if spot.kind == "UseCase" and holds(value, pointer):
            here = value
            for part in pointer.split("/")[1:]:
                here = here[int(part)] if isinstance(here, list) else here[part]
            yield here


class _Tried(NamedTuple):
    """A value where it stands in a document of its own, and what is wrong with it."""

    yaml: str
    issues: list[Issue]
    strange: bool
    """The name of an entry of a map is at fault, not the value."""


def _try(spot: Spot, value: object, rules: Rules) -> _Tried:
    """Hold `value` against the schema, with names of maps that their schema takes."""
    keys = _KEYS if _has_map(spot, rules) else _KEYS[:1]
    tried = [_try_with(key, spot, value, rules) for key in keys]
    return next((one for one in tried if not one.strange), tried[0])


def _try_with(key: str, spot: Spot, value: object, rules: Rules) -> _Tried:
    shapes, here = [], rules.schemas[spot.kind].fields
    for part in spot.parts:
        shapes.append((here.kind, {"list": "0", "map": key}.get(here.kind, part)))
        here = find(here, (part,)) or here
    pointer = "/" + "/".join(part for _, part in shapes)
    tried: Any = value
    for shape, part in reversed(shapes):
        tried = [tried] if shape == "list" else {part: tried}
    whole = {"apiVersion": "aigov/v1", "kind": spot.kind, "metadata": {}, "spec": {}} | tried
    issues = [
        one
        for one in rules.schemas[spot.kind].issues(whole, people_mapped=True)
        if one.pointer == pointer or one.pointer.startswith(f"{pointer}/")
    ]
    strange = any(one.at_key and one.pointer == pointer for one in issues)
    return _Tried(piece(tried, [pointer]), issues, strange)


def _has_map(spot: Spot, rules: Rules) -> bool:
    fields = rules.schemas[spot.kind].fields
    return any(
        (find(fields, spot.parts[:end]) or fields).kind == "map" for end in range(len(spot.parts))
    )


def _asked(spot: Spot, rules: Rules) -> Iterator[str]:
    """Yield where the field, or else what it holds, is asked for."""
    if spot.kind != "UseCase":
        yield f"in every document of kind {spot.kind} that uses it"
        return
    own = [row for row in rules.requirements if row.path == spot.pointer]
    for row in own:
        yield _when(row)
    below: dict[str, list[str]] = {}
    for row in rules.requirements:
        if row.path.startswith(f"{spot.pointer}/"):
            name = row.path.removeprefix(f"{spot.pointer}/").replace("/", ".").replace(".*", "[]")
            below.setdefault(_when(row), []).append(name)
    groups = list(below.items())
    for when, names in groups[:GROUPS]:
        yield f"{_listed(names)}: {when}"
    if len(groups) > GROUPS:
        yield f"and {len(groups) - GROUPS} more rules: explain its parts"
    if not own and not groups:
        yield "nowhere: it may be left out"
    for rule in rules.derivation.implied:
        if ("spec", "risk", "facts", rule.name) == spot.parts:
            value = str(rule.value).lower() if isinstance(rule.value, bool) else rule.value
            yield f"not asked for, but taken as {value}, where `{rule.text}`: {rule.reason}"


def _when(row: Requirement) -> str:
    """Return stage, tier and condition of a demand in words."""
    words = f"from {_STAGES[row.stage]} on"
    words += f", from tier {TIERS[row.tier - 1]} up" if row.tier > 1 else ", at every tier"
    if row.only:
        words += f", in entries whose {row.only[0]} is {row.only[1]}"
    if row.stepped_back:
        words += ", in entries that step back to an earlier stage"
    if row.may_be_empty:
        words += " (an empty list is an answer)"
    return f"{words}, where `{row.when}`" if row.when else words


def _readers(spot: Spot, rules: Rules) -> list[Policy]:
    """Return the policies that read the field or something in it."""
    from aigov.syntax import paths  # only explaining needs a parse of every policy

    wanted = spot.parts
    found = []
    for policy in rules.policies.values():
        expressions = filter(None, (policy.require, policy.when))
        read = {
            (path.root, *("*" if part == "?" else part for part in path.parts))
            for expression in expressions
            for path in paths(expression.tree)
        }
        if any(one[: len(wanted)] == wanted for one in read):
            found.append(policy)
    return found
