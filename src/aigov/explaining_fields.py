"""Explain a field: what it means, a value that passes, one that is refused, and when it is
asked for."""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, NamedTuple

from aigov.explanation import Explanation, Sample, Sources, piece
from aigov.expressions import STAGES
from aigov.fields import Field, outline
from aigov.policies import TIERS, Policy
from aigov.required import Requirement
from aigov.rules import KINDS, Rules
from aigov.schema import Issue

_KEYS = ("OPS-002", "x-name", "max_pilot_days", "@ada")
"""Names for an entry of a map; the first that its schema takes stands in the example.  Fields
below a map are those of `spec.policies` alone, so the first is a policy."""


class Spot(NamedTuple):
    """A field of one kind of document."""

    kind: str
    dotted: str
    """`spec.approvals[].gate`, `spec.policies.*.until`."""
    field: Field

    @property
    def pointer(self) -> str:
        """`/spec/approvals/*/gate`."""
        return "/" + self.dotted.replace("[]", ".*").replace(".", "/")


def every_spot(rules: Rules) -> Iterator[Spot]:
    """Yield the fields of all kinds of documents."""
    for kind in KINDS:
        yield from (Spot(kind, *found) for found in outline(rules.schemas[kind].fields))


def spots(word: str, rules: Rules) -> list[Spot]:
    """Return the field that `word` names whole or from `spec` or `metadata` on, else all of one
    kind whose path ends in its names."""
    wanted = _names(word)
    size = len(wanted)
    found = [
        (_names(spot.dotted)[:-size], spot)
        for spot in every_spot(rules)
        if size and _names(spot.dotted)[-size:] == wanted
    ]
    exact = [spot for lead, spot in found if lead in ((), ("spec",), ("metadata",))]
    return exact[:1] or [spot for _, spot in found if spot.kind == found[0][1].kind]


def fields_of(policy: Policy, rules: Rules) -> Iterator[str]:
    """Yield the fields that a policy reads, dotted, in the order of its text."""
    known = {(spot.kind, *_names(spot.dotted)): spot.dotted for spot in every_spot(rules)}
    yield from (known[way] for way in dict.fromkeys(_read_by(policy)) if way in known)


def _names(word: str) -> tuple[str, ...]:
    """Return the names in `a.b[].c`, `a.b.*.c`, `a.b[2].c` or `/a/b/2/c`."""
    parts = re.split(r"[./\[\]]+", word)
    return tuple(part for part in parts if part not in ("", "*", "?") and not part.isdecimal())


def _read_by(policy: Policy) -> Iterator[tuple[str, ...]]:
    """Yield kind and names of what a policy reads."""
    for expression in filter(None, (policy.require, policy.when)):
        yield from (("UseCase", *_names(path.dotted)) for path in expression.paths)


def controls_of(policies: Iterable[Policy], rules: Rules) -> dict[str, dict[str, str]]:
    """Return what policies touch, with the short titles of the controls."""
    frameworks = rules.frameworks()
    found: dict[str, dict[str, str]] = {}
    for policy in policies:
        for name, cited in policy.controls.items():
            titles = {one: frameworks[name].short_title(one) for one in cited}
            found.setdefault(name, {}).update(titles)
    return found


def explain_field(spot: Spot, sources: Sources) -> Explanation:
    """Explain one field from the schema, the demands and the policies that read it."""
    rules, kinds = sources.rules, sources.words["kinds"]
    own = (spot.kind, *_names(spot.dotted))
    readers = [
        policy
        for policy in rules.policies.values()
        if any(way[: len(own)] == own for way in _read_by(policy))
    ]
    derived = (*rules.derivation.tiers, *rules.derivation.stages)
    triggers = [rule.name for rule in derived if spot.dotted in rules.derivation.reads(rule)]
    definitions = sources.shapes.manifest["$defs"]
    called = {name: one.get("title") for name, one in definitions.items()} | kinds["called"]
    how = definitions.get(spot.field.kind, {}).get("description", "")
    passes, fails = _samples(spot, sources)
    return Explanation(
        spot.dotted if spot.kind == "UseCase" else f"{spot.dotted} (kind: {spot.kind})",
        "field",
        f"{spot.field.description} It is {_shape(spot.field, called)}.".strip(),
        passes,
        fails,
        tuple(_asked(spot, rules)),
        remedy=f"{how[0].upper()}{how[1:]}." if how else "",
        controls=controls_of(readers, rules),
        see=(*(policy.code for policy in readers), *triggers),
    )


def _shape(field: Field, called: Mapping[str, str]) -> str:
    """Return what may stand in a field, in words."""
    if field.items:
        return f"a list, and each entry is {_shape(field.items, called)}"
    if field.values:
        return f"a set of names of your own, each with {_shape(field.values, called)}"
    if field.properties:
        return f"a set of {', '.join(field.properties)}"
    if field.kind == "enum":
        return f"{'one of ' if field.enum[1:] else ''}{', '.join(map(str, field.enum))}"
    return called[field.kind]


def _samples(spot: Spot, sources: Sources) -> tuple[Sample, Sample]:
    """Return a value that the schema takes, from a shipped example or else its own, and one
    that it refuses, in its own words."""
    field, kinds = spot.field, sources.words["kinds"]
    made = (_tried(spot, _composed(field, kinds["taken"], key), sources) for key in _KEYS)
    pointer = spot.pointer.replace("*", "0")
    shipped = (
        Sample(f"as in {name}", piece(example.value, [pointer]))
        for name, example in sources.examples.items()
        if (name == "organization") is (spot.kind == "Organization") and example.has(pointer)
    )
    own = (Sample("a value that is taken", yaml) for yaml, issues in made if not issues)
    refused = kinds["refused"]
    entry = refused.get(field.items.kind) if field.items else None
    wrong = [[entry]] if entry else []
    wrong += [refused.get(field.kind, "a text"), *kinds["refused_elsewhere"]]
    tried = (_tried(spot, one, sources) for one in wrong)
    shown, issues = next(one for one in tried if one[1])
    return next(chain(shipped, own)), Sample("a value that is refused", shown, issues[0].message)


def _composed(field: Field, taken: Mapping[str, Any], key: str) -> Any:
    """Return what the schema's own examples make of a field, maps with one entry `key`."""
    if field.items:
        return [_composed(field.items, taken, key)]
    if field.values:
        return {key: _composed(field.values, taken, key)}
    if field.properties:
        return {name: _composed(one, taken, key) for name, one in field.properties.items()}
    return taken.get(field.kind, next(iter(field.enum), field.example))


def _tried(spot: Spot, value: Any, sources: Sources) -> tuple[str, list[Issue]]:
    """Return the YAML of a document that holds `value` alone, and what is wrong with it there."""
    parts = spot.dotted.replace("[]", ".0").replace("*", _KEYS[0]).split(".")
    for part in reversed(parts):
        value = [value] if part == "0" else {part: value}
    pointer = "/" + "/".join(parts)
    whole = {"apiVersion": "aigov/v1", "kind": spot.kind, "metadata": {}, "spec": {}} | value
    found = sources.rules.schemas[spot.kind].issues(whole, people_mapped=True)
    issues = [one for one in found if f"{one.pointer}/".startswith(f"{pointer}/")]
    return piece(value, [pointer]), issues


def _asked(spot: Spot, rules: Rules) -> Iterator[str]:
    """Yield where the field is asked for, and the first stage of what it holds."""
    if spot.kind != "UseCase":
        yield f"in every document of kind {spot.kind} that uses it"
        return
    within: dict[str, int] = {}
    for row in rules.requirements:
        if row.path == spot.pointer:
            yield _when(row)
        elif row.path.startswith(f"{spot.pointer}/"):
            name = row.path.removeprefix(f"{spot.pointer}/").removeprefix("*/").split("/")[0]
            within[name] = min(within.get(name, row.stage), row.stage)
    for rank in sorted(set(within.values())):
        names = ", ".join(name for name, first in within.items() if first == rank)
        yield f"from {STAGES[rank]} on, of its parts: {names}"
    if not within and all(row.path != spot.pointer for row in rules.requirements):
        yield "nowhere: it may be left out"
    for rule in rules.derivation.implied:
        if spot.dotted == f"spec.risk.facts.{rule.name}":
            value = str(rule.value).lower() if isinstance(rule.value, bool) else rule.value
            yield f"not asked for, but taken as {value}, where `{rule.text}`: {rule.reason}"


def _when(row: Requirement) -> str:
    """Return stage, tier and condition of a demand in words."""
    words = f"from {STAGES[row.stage]} on"
    words += f", from tier {TIERS[row.tier - 1]} up" if row.tier > 1 else ", at every tier"
    if row.only:
        words += f", in entries whose {row.only[0]} is {row.only[1]}"
    if row.stepped_back:
        words += ", in entries that step back to an earlier stage"
    if row.may_be_empty:
        words += " (an empty list is an answer)"
    return f"{words}, where `{row.when}`" if row.when else words
