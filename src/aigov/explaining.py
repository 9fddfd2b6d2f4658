"""Explain one word: a policy, a field, a trigger, a code or a word of the reports."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from aigov.cases import AS_OF, Case, apply
from aigov.derivation import Rule, derive
from aigov.errors import UsageError, meant
from aigov.explaining_fields import controls_of, every_spot, explain_field, fields_of, spots
from aigov.explanation import Explanation, Sample, Sources, piece
from aigov.expressions import STAGES
from aigov.findings import Enforcement, Outcome
from aigov.policies import TIERS, Policy
from aigov.rules import Rules
from aigov.wording import cut, some

PLACES = 5
"""Fields of one name that an error lists."""
CONDITION = 300
"""Characters of a trigger's condition up to which its terms are written out."""
_SENTENCE = re.compile(r"\.\s+(?=[A-Z])")
"""Where a sentence ends; an abbreviation such as `Art. 6` is no end."""
_EVIDENCE = {True: "is there", False: "is not there", None: "is not read"}


def explain(word: str, sources: Sources) -> Explanation:
    """Explain `word`.

    Raises:
        UsageError: nothing is called so, or several fields are; says what is close.
    """
    rules = sources.rules
    policy = rules.named().get(word) or rules.policies.get(word.upper())
    if policy:
        return explain_policy(policy, sources)
    folded = _folded(word)
    for entry in sources.words["words"]:
        if folded in map(_folded, (entry["word"], *entry.get("also", ()))):
            return _explain_entry(entry, rules)
    for rule in _triggers(rules):
        if rule.name.lower() == folded:
            return _explain_trigger(rule, sources)
    synonyms = sources.shapes.synonyms()
    found = spots(word, rules)
    if not found and folded in synonyms:
        paths = synonyms[folded]
        paths = [paths] if isinstance(paths, str) else paths
        found = [spot for path in paths for spot in spots(path, rules)]
    if len(found) == 1:
        return explain_field(found[0], sources)
    if found:
        listed = ", ".join(some([spot.dotted for spot in found], PLACES))
        problem = f"{cut(word)} stands at {len(found)} places: {listed}"
        raise UsageError(problem, remedy=f"aigov-gate explain {found[0].dotted}")
    known = (*known_words(rules, sources.words), *synonyms)
    problem = f"nothing is called {cut(word)}{meant(word[:100], known)}"
    raise UsageError(problem, remedy="`aigov-gate policies list` lists the policies")


def known_words(rules: Rules, words: Mapping[str, Any]) -> Iterator[str]:
    """Yield everything that can be explained: codes, ids, words, triggers, fields."""
    yield from rules.named()
    yield from (entry["word"] for entry in words["words"])
    yield from (rule.name for rule in _triggers(rules))
    yield from (spot.dotted for spot in every_spot(rules))


def explain_policy(policy: Policy, sources: Sources) -> Explanation:
    """Explain a policy from its file and its first passing and failing case."""
    rules = sources.rules
    passes, fails = _case_samples(policy, sources)
    why = _SENTENCE.split(policy.why)[0].removesuffix(".")
    duties = [rules.corpus()[key] for key in policy.obligations]
    return Explanation(
        f"{policy.code} {policy.id}",
        "policy",
        f"{policy.title}. {f'{why}.' if why else ''}".strip(),
        passes,
        fails,
        tuple(_binds(policy)),
        {
            name: {TIERS[rank - 1]: number for rank, number in sorted(by_tier.items())}
            for name, by_tier in policy.params.items()
        },
        policy.remedy,
        tuple({**duty._asdict(), "days_left": duty.days_left(sources.today)} for duty in duties),
        controls_of([policy], rules),
        tuple(fields_of(policy, rules)),
    )


def _binds(policy: Policy) -> Iterator[str]:
    """Yield from when on and how hard a policy acts."""
    first, last = STAGES[policy.binds_from], STAGES[policy.binds_to]
    yield f"from {first} to {last}" if first != last else f"at {first} alone"
    yield enforcement_words(policy.enforcement)
    if policy.early:
        yield f"one stage earlier: {policy.early}"
    for expression, enforcement in policy.soften:
        yield f"only {enforcement} where `{expression.text}`"
    if policy.when:
        yield f"where `{policy.when.text}`"
    if policy.needs:
        yield f"not judged without {' and '.join(policy.needs)}"
    if policy.waivable is None:
        yield "cannot be waived"
    else:
        days = ", ".join(f"{tier} {number}" for tier, number in policy.waivable.max_days.items())
        roles = " or ".join(policy.waivable.approver_not)
        but = f"; not by the {roles} owner" if roles else ""
        yield f"can be waived for at most this many days: {days}{but}"


def enforcement_words(by_tier: Mapping[int, Enforcement]) -> str:
    """Return what a failure does by tier: `block at every tier`, `warn at low; ...`."""
    groups: dict[str, list[str]] = {}
    for rank, tier in enumerate(TIERS, start=1):
        groups.setdefault(str(by_tier.get(rank, "not asked for")), []).append(tier)
    if len(groups) == 1:
        return f"{next(iter(groups))} at every tier"
    return "; ".join(f"{what} at {', '.join(tiers)}" for what, tiers in groups.items())


def _case_samples(policy: Policy, sources: Sources) -> tuple[Sample | None, Sample | None]:
    """Return the case that passes, if there is one at the place of the other, and the first
    that fails, else is unknown."""
    cases = [case for case in sources.cases(policy) if case.base in sources.examples]
    wrong = [one for one in cases if one.outcome in (Outcome.FAIL, Outcome.UNKNOWN)]
    bad = min(wrong, key=lambda one: one.outcome is Outcome.UNKNOWN, default=None)
    at = _pointers(bad) if bad else []

    def hides(case: Case) -> bool:
        return not (_pointers(case) or all(map(sources.examples[case.base].has, at)))

    good = min((one for one in cases if one.outcome is Outcome.PASS), key=hides, default=None)
    return (
        _sample(good, _pointers(good) or at, sources) if good else None,
        _sample(bad, at, sources) if bad else None,
    )


def _pointers(case: Case) -> list[str]:
    """Return what a case changes, else the place at which its finding stands."""
    return [*case.put, *case.delete] or ([case.at] if case.at else [])


def _sample(case: Case, pointers: list[str], sources: Sources) -> Sample:
    facts = {name: one for context in case.facts.values() for name, one in context.items()}
    notes = [
        f"{path} {_EVIDENCE[None if found is None else bool(found)]}"
        for path, found in case.evidence.items()
    ]
    notes += [f"judged with --stage {case.stage}"] if case.stage else []
    notes += [f"judged on {case.as_of}"] if case.as_of != AS_OF else []
    notes += [f"{name} is {sources.words['beside'][name]}" for name in facts]
    value: Any = apply(case, sources.examples[case.base]).value
    given = [f"/{name}" for name in facts]
    own = case.put or case.delete  # what the case changes comes before what stays
    shown = piece({**value, **facts}, [*pointers, *given] if own else [*given, *pointers])
    return Sample(case.about, shown, "; ".join(notes))


def _folded(word: str) -> str:
    return re.sub(r"[ -]", "_", word).lower()


def _explain_entry(entry: Mapping[str, Any], rules: Rules) -> Explanation:
    """Explain a word of the reports, or a code without a policy file."""
    word = entry["word"]
    code = rules.codes.get(word)
    asked, remedy = entry.get("asked") or _counted(word, rules), entry.get("remedy", "")
    if code:
        where = ("in every document of kind Waiver",) if word.startswith("WAI") else asked
        asked, remedy = (*where, f"{code.enforcement} at every tier"), code.remedy
    return Explanation(
        f"{word} {entry['also'][0]}" if code else word,
        "code" if code else "word",
        entry["says"],
        Sample(**entry["passes"]),
        Sample(**entry["fails"]),
        tuple(asked),
        remedy=remedy,
        see=tuple(entry.get("see", ())),
    )


def _counted(word: str, rules: Rules) -> Iterator[str]:
    """Yield how much a stage or tier asks for."""
    policies = rules.policies.values()
    if word in STAGES:
        rank = STAGES.index(word)
        new = [one.code for one in policies if one.binds_from == rank]
        rows = sum(row.stage == rank for row in rules.requirements)
        yield f"new from here on: {rows} fields, {len(new) or 'no'} policies"
        yield from [", ".join(new)] if new else []
    elif word in TIERS:
        rank = TIERS.index(word) + 1
        blocking = sum(one.enforcement.get(rank) is Enforcement.BLOCK for one in policies)
        yield f"{blocking} of {len(policies)} policies block at this tier"
        triggers = [rule.name for rule in rules.derivation.tiers if rule.value == word]
        yield from [f"implied by any of {', '.join(triggers)}"] if triggers else []


def _triggers(rules: Rules) -> tuple[Rule, ...]:
    """Return the rules that derive a tier or a stage."""
    return (*rules.derivation.tiers, *rules.derivation.stages)


def _explain_trigger(rule: Rule, sources: Sources) -> Explanation:
    """Explain a rule that derives a tier or a stage, by an example in which it does not hold
    and one in which it does."""
    derivation = sources.rules.derivation
    read = [path for path in derivation.reads(rule) if not path.endswith("*")]
    pointers = ["/" + path.replace(".", "/") for path in read]
    found: dict[bool, Sample] = {}
    for name, example in sources.examples.items():
        value: Any = example.value
        if value["kind"] == "UseCase":
            today = value["metadata"]["reviewed_on"]  # the day on which the example was true
            derived = derive(derivation, value["spec"], value["metadata"], today)[0]
            holding = rule.name in (*derived.tier_reasons, *derived.stage_reasons)
            about = f"{'it holds' if holding else 'it does not hold'} in {name}"
            shown = piece(value, filter(example.has, pointers))
            found.setdefault(holding, Sample(about, shown))
    kind = "tier" if rule in derivation.tiers else "stage"
    what = "may not be declared" if rule.value == "prohibited" else "is the least to declare"
    whole = rule.when.text  # without names of terms
    return Explanation(
        rule.name,
        "trigger",
        f"{rule.name} holds where this is so: {rule.reason}. "
        f"Then the {kind} {rule.value} follows from the facts, and it {what}.",
        found.get(False),
        found.get(True),
        (f"where `{whole if len(whole) <= CONDITION else rule.text}`",),
        remedy="Correct the fact if it is wrong; otherwise declare what follows from it.",
        see=(str(rule.value), *read),
    )
