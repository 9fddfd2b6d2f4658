"""Judge one policy on one document."""

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from aigov.expressions import CONSTANTS, Engine
from aigov.findings import Enforcement, Outcome, Result, Spot, fingerprint
from aigov.law import Obligation, first_to_bind
from aigov.policies import PLACEHOLDER, Policy
from aigov.source import Document, look_up, split_pointer

if TYPE_CHECKING:
    from aigov.tracing import Leaf, Tracer

USE_CASE: Mapping[str, str] = {"spec": "spec", "metadata": "metadata"}
ORGANISATION: Mapping[str, str] = {"profile": "spec"}
"""Variable to the part of the judged document that it shows."""

RETIRED = CONSTANTS["stages"]["retired"]
MAX_SHOWN = 120
"""Longest value in a message, in characters."""


class Situation(NamedTuple):
    """Everything a policy is judged on: one document at one stage and tier."""

    document: Document
    use_case: str
    stage: int | None
    """Rank of the judged stage; None where none is readable: then nothing is known."""
    tier: int
    """Rank of the effective tier, low to critical."""
    variables: Mapping[str, Any]
    """What expressions see (`expressions.VARIABLES`)."""
    activation: Any
    engine: Engine
    given: frozenset[str]
    """The contexts that were given (`expressions.CONTEXTS`)."""
    shape_holds: bool
    """Whether the manifest schema accepts the document."""
    inputs: Callable[[str], list[str]]
    """Dotted paths that a `derived` name is computed from."""
    roots: Mapping[str, str] = USE_CASE
    """Which variables show which part of the document."""
    demanded: frozenset[str] = frozenset()
    """Contexts whose absence leaves a policy unknown, not unjudged."""
    corpus: Callable[[], Mapping[str, Obligation]] = dict
    """The legal obligations by key."""

    @property
    def today(self) -> str:
        """The date of judgement, YYYY-MM-DD."""
        return str(self.variables["today"])


def judge(policy: Policy, situation: Situation) -> Result:
    """Return the result of `policy`; deterministic, and never raises on a document."""
    early = policy.early if situation.stage == policy.binds_from - 1 else None
    settled = unevaluated(policy, situation)
    if settled:
        return settled
    result = _evaluate(policy, situation, early or policy.enforcement[situation.tier])
    if early and result.outcome is Outcome.UNKNOWN:
        return Result(policy.code, Outcome.LATER)  # the value is not asked for yet
    return result


def unevaluated(policy: Policy, situation: Situation) -> Result | None:
    """Return the result where stage, tier or context settle it; None where expressions do."""
    if situation.stage is None:
        return _without_stage(policy, situation)
    early = policy.early is not None and situation.stage == policy.binds_from - 1
    unbound = _unbound(policy, situation.stage, early=early)
    if unbound:
        return Result(policy.code, unbound)
    if not early and situation.tier not in policy.enforcement:
        return Result(policy.code, Outcome.NOT_APPLICABLE)
    lacking = tuple(need for need in policy.needs if need not in situation.given)
    if situation.demanded.isdisjoint(lacking):
        return Result(policy.code, Outcome.NOT_APPLICABLE, missing=lacking) if lacking else None
    words = f"no {' and no '.join(lacking)} could be read"
    found = _Found(Outcome.UNKNOWN, words, missing=tuple(f"/{need}" for need in lacking))
    enforcement = policy.early if early and policy.early else policy.enforcement[situation.tier]
    return _finding(policy, situation, enforcement, found, [policy.at.partition("/*")[0]])


def verdict(policy: Policy, activation: Any) -> Outcome:
    """Return the outcome alone of a policy that binds, without tracing it."""
    applies = policy.when(activation).value if policy.when is not None else True
    if not applies:
        return Outcome.NOT_APPLICABLE if applies is False else Outcome.UNKNOWN
    return {True: Outcome.PASS, False: Outcome.FAIL, None: Outcome.UNKNOWN}[
        policy.require(activation).value
    ]


def _unbound(policy: Policy, stage: int, *, early: bool) -> Outcome | None:
    """Return the outcome of a policy that does not bind at `stage`, None if it binds."""
    if stage > policy.binds_to or (stage == RETIRED != policy.binds_to):
        return Outcome.NOT_APPLICABLE
    return Outcome.LATER if stage < policy.binds_from and not early else None


def _without_stage(policy: Policy, situation: Situation) -> Result:
    """Nothing can be told of a use case whose stage nobody can read."""
    enforcement = policy.enforcement.get(situation.tier)
    if enforcement is None:
        return Result(policy.code, Outcome.NOT_APPLICABLE)
    pointer = "/spec/lifecycle/stage"
    found = _Found(Outcome.UNKNOWN, "cannot tell: spec.lifecycle.stage is missing", (pointer,))
    return _finding(policy, situation, enforcement, found, [pointer])


class _Found(NamedTuple):
    """What a finding says, before it has a place."""

    outcome: Outcome
    message: str
    missing: tuple[str, ...] = ()


def _evaluate(policy: Policy, situation: Situation, enforcement: Enforcement) -> Result:
    if policy.when is not None:
        applies = policy.when(situation.activation)
        if applies.value is False:
            return Result(policy.code, Outcome.NOT_APPLICABLE)
        if applies.value is None:
            leaves = _tracer(situation).leaves(policy.when.text)
            return _unknown(policy, situation, enforcement, leaves)
    answer = policy.require(situation.activation)
    if answer.value:
        return Result(policy.code, Outcome.PASS)
    leaves = _tracer(situation).leaves(policy.require.text)
    for condition, to in policy.soften:
        if condition(situation.activation).value:
            enforcement = min(enforcement, to, key=lambda one: one.rank)
            break
    if answer.value is None:
        return _unknown(policy, situation, enforcement, leaves)
    pointers = _pointers(policy, situation, leaves)
    message = _fill(policy.message, situation.variables, leaves[0].item)
    return _finding(policy, situation, enforcement, _Found(Outcome.FAIL, message), pointers)


def _unknown(
    policy: Policy, situation: Situation, enforcement: Enforcement, leaves: list["Leaf"]
) -> Result:
    """Tell a value that is not there from a policy that misbehaves."""
    pointers = _pointers(policy, situation, leaves)
    if situation.shape_holds and not all(leaf.explained for leaf in leaves):
        words = next(leaf.answer.trouble for leaf in leaves if not leaf.explained)
        found = _Found(Outcome.ERROR, f"the policy misbehaved: {words}")
        return _finding(policy, situation, enforcement, found, pointers)
    absent = tuple(dict.fromkeys(p for leaf in leaves for p in _absent(leaf, situation)))
    elsewhere = [
        name for leaf in leaves for name in leaf.absent if not name.startswith(("/", "derived."))
    ]
    message = f"cannot tell: {_named(absent, situation) if absent else _reason(leaves)}"
    if elsewhere and not absent:
        message = f"cannot tell: {elsewhere[0]} is missing"
    found = _Found(Outcome.UNKNOWN, message, absent)
    return _finding(policy, situation, enforcement, found, list(absent) or pointers)


def _named(absent: tuple[str, ...], situation: Situation) -> str:
    """Say which values are missing; a fact that is written is one that is `unknown`."""
    words = "missing"
    if all(situation.document.has(pointer) for pointer in absent):
        words = "unknown"
    names = [pointer.removeprefix("/").replace("/", ".") for pointer in absent]
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return f"{shown} {'is' if len(names) == 1 else 'are'} {words}"


def _reason(leaves: list["Leaf"]) -> str:
    words = leaves[0].answer.trouble
    if words.startswith("BUDGET"):
        return "the document holds too much to judge"
    if "unknown: " in words:
        return words.partition("unknown: ")[2].rstrip('"')
    if leaves[0].looks_up:
        return "it was not read"
    return "a value is of the wrong type"


def _absent(leaf: "Leaf", situation: Situation) -> list[str]:
    """Return the pointers that `leaf` misses; for `derived.x` those it is derived from."""
    found: list[str] = []
    for one in leaf.absent:
        if one.startswith("/"):
            found.append(one)
            continue
        root, _, name = one.partition(".")
        inputs = situation.inputs(name) if root == "derived" else []
        pointers = ["/" + path.replace(".", "/") for path in inputs if "*" not in path]
        found += [p for p in pointers if look_up(situation.variables, split_pointer(p)) is None]
    return found


def _pointers(policy: Policy, situation: Situation, leaves: list["Leaf"]) -> list[str]:
    """Return where the finding stands: first place first, no place twice."""
    if not policy.at.startswith("/"):
        root, _, name = policy.at.partition(".")
        listed = [item["pointer"] for item in situation.variables.get(root, {}).get(name, ())]
        if listed:
            return listed
    preferred: dict[str, None] = {}
    others: dict[str, None] = {}
    for leaf in leaves:
        matching = [at for p in leaf.pointers if (at := _at(policy.at, p))]
        preferred |= dict.fromkeys(matching[:1])
        if not matching:
            read = [p for p in leaf.absent if p.startswith("/")] or list(leaf.pointers)
            others |= dict.fromkeys(read[:1])
    places = [*(preferred | others)]
    fallback = policy.at if policy.at.startswith("/") else "/spec"
    return places or [fallback.partition("/*")[0]]


def _at(pattern: str, pointer: str) -> str | None:
    """Return where `pattern` (with `*`) places a finding that reads `pointer`: there, or
    at what it names below; None if it leads elsewhere."""
    wanted, given = pattern.split("/"), pointer.split("/")
    below = wanted[len(given) :]
    fits = all(w in ("*", g) for w, g in zip(wanted, given, strict=False))
    if not fits or len(given) > len(wanted) or "*" in below or len(given) < 3:
        return None
    return "/".join([*given, *below])


def _finding(
    policy: Policy,
    situation: Situation,
    enforcement: Enforcement,
    found: _Found,
    pointers: list[str],
) -> Result:
    document = situation.document
    first, *others = pointers
    message = found.message
    ahead = _ahead(policy, situation)
    if ahead:
        left = ahead.days_left(situation.today)
        doubt = "" if ahead.certain else "; the sources leave the date open"
        message += f" (by law from {ahead.applies_from}, in {left} days{doubt})"
        if situation.variables.get("profile", {}).get("enforce") == "legal-date":
            enforcement = min(enforcement, Enforcement.WARN, key=lambda one: one.rank)
    ramp, note = policy.ramp_in, ""
    ramping = ramp is not None and ramp.first <= situation.today <= ramp.last
    if ramp and ramping and enforcement.rank > ramp.enforcement.rank:
        note = f"{enforcement}s from {ramp.then}"
        enforcement = ramp.enforcement
    return Result(
        policy.code,
        found.outcome,
        enforcement,
        message=message,
        pointer=first,
        place=document.place(first),
        related=tuple(sorted({Spot(p, document.place(p)) for p in others}, key=_by_place)),
        missing=found.missing,
        note=note,
        fingerprint=fingerprint(policy.code, situation.use_case, document.stable_pointer(first)),
    )


def _ahead(policy: Policy, situation: Situation) -> Obligation | None:
    """Return the obligation that a policy rests on, if it does not bind yet."""
    first = first_to_bind(policy.obligations, situation.corpus()) if policy.obligations else None
    return first if first and first.days_left(situation.today) > 0 else None


def _by_place(spot: Spot) -> tuple[int, int, str]:
    return spot.place.line, spot.place.column, spot.pointer


def _tracer(situation: Situation) -> "Tracer":
    from aigov.tracing import Tracer  # only a finding is traced

    return Tracer(situation.engine, situation.activation, situation.variables, situation.roots)


def _fill(template: str, variables: Mapping[str, Any], item: Any) -> str:
    """Put values into a message's `{{path}}`; an absent one reads `(missing)`, and a clause
    (up to a semicolon) on the element at fault is left out where there is none."""
    scope = {**variables, "it": item}
    if item is None:
        clauses = template.split("; ")
        template = "; ".join(one for one in clauses if "{{it." not in one) or template

    def shown(found: re.Match[str]) -> str:
        value = look_up(scope, found[1].split("."))
        if value is None:
            return "(missing)"
        if isinstance(value, list):  # every item is named: a list of gaps is no use cut short
            return ", ".join(_brief(one) for one in value) or "(none)"
        return _brief(value)

    return PLACEHOLDER.sub(shown, template)


def _brief(value: Any) -> str:
    """Return what names a value: itself, cut, or the place that it points at or tells."""
    if isinstance(value, Mapping):
        value = value.get("at") or str(value.get("pointer", "/...")).removeprefix("/").replace(
            "/", "."
        )
    elif isinstance(value, bool):
        value = "true" if value else "false"
    text = str(value)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}..."
