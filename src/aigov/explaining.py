"""Explain one word: a policy, a field, a trigger, a code or a word of the reports."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from aigov.derivation import Rule, derive
from aigov.errors import UsageError
from aigov.explaining_fields import explain_field, spots
from aigov.explanation import Explanation, Sample, Sources, changed, holds, piece
from aigov.expressions import CONSTANTS
from aigov.fields import outline
from aigov.findings import Enforcement
from aigov.policies import TIERS, Policy
from aigov.rules import KINDS, Rules
from aigov.wording import cut

PLACES = 5
"""Fields of one name that an error lists."""
_CLOSE = 0.6
"""Likeness (difflib ratio) from which a known word is suggested."""
CONDITION = 300
"""Characters of a trigger's condition up to which its terms are written out."""
_FACTS = {
    "portfolio": "what an audit counted",
    "profile": "the organisation's",
    "repository": "what stands beside the manifest",
    "changed": "what changed since the base",
    "git": "what the history says",
}
"""Facts beyond the document that a case may give, and what they are."""
_STAGES = tuple(CONSTANTS["stages"])
_SENTENCE = re.compile(r"\.\s+(?=[A-Z])")
"""Where a sentence ends; an abbreviation such as `Art. 6` is no end."""


def explain(word: str, sources: Sources) -> Explanation:
    """Explain `word`.

    Raises:
        UsageError: nothing is called so, or several fields are; says what is close.
    """
    rules = sources.rules
    policy = rules.named().get(word) or rules.policies.get(word.upper())
    if policy:
        return explain_policy(policy, sources)
    if "." not in word and "/" not in word:
        known = _word(word, sources)
        if known:
            return known
    found = spots(word, rules)
    if not found:
        given = sources.synonyms.get(_folded(word), ())
        meant = [given] if isinstance(given, str) else list(given)
        found = [spot for path in meant for spot in spots(path, rules)]
    if len(found) == 1:
        return explain_field(found[0], sources)
    if found:
        listed = ", ".join(spot.dotted for spot in found[:PLACES])
        more = f" and {len(found) - PLACES} more" if len(found) > PLACES else ""
        raise UsageError(
            f"{cut(word)} stands at {len(found)} places: {listed}{more}",
            remedy=f"aigov-gate explain {found[0].dotted}",
        )
    raise _unknown(word, sources)


def known_words(rules: Rules, words: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield everything that can be explained: codes, ids, words, triggers, fields."""
    for policy in rules.policies.values():
        yield policy.code
        yield policy.id
    for entry in words:
        yield entry["word"]
    for rule in (*rules.derivation.tiers, *rules.derivation.stages):
        yield rule.name
    for kind in KINDS:
        for dotted, _ in outline(rules.schemas[kind].fields):
            yield dotted


def explain_policy(policy: Policy, sources: Sources) -> Explanation:
    """Explain a policy from its file and its first passing and failing case."""
    passes, fails = _case_samples(policy, sources)
    why = _SENTENCE.split(policy.why)[0].removesuffix(".")
    limits = {
        name: {TIERS[rank - 1]: number for rank, number in sorted(by_tier.items())}
        for name, by_tier in policy.params.items()
    }
    return Explanation(
        f"{policy.code} {policy.id}",
        "policy",
        f"{policy.title}. {f'{why}.' if why else ''}".strip(),
        passes,
        fails,
        tuple(_binds(policy)),
        limits,
        policy.remedy,
        policy.controls,
        tuple(_serves(policy, sources.rules)),
        tuple(dict.fromkeys(_fields_read(policy, sources))),
    )


def _serves(policy: Policy, rules: Rules) -> Iterator[str]:
    """Yield what a policy touches, with the short titles of the controls."""
    frameworks = rules.frameworks()
    for name, refs in policy.controls.items():
        yield from (f"{name} {ref}: {frameworks[name].short_title(ref)}" for ref in refs)


def _binds(policy: Policy) -> Iterator[str]:
    """Yield from when on and how hard a policy acts."""
    first, last = _STAGES[policy.binds_from], _STAGES[policy.binds_to]
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
        found = by_tier.get(rank)
        groups.setdefault(str(found) if found else "not asked for", []).append(tier)
    if len(groups) == 1:
        return f"{next(iter(groups))} at every tier"
    return "; ".join(f"{what} at {', '.join(tiers)}" for what, tiers in groups.items())


def _case_samples(policy: Policy, sources: Sources) -> tuple[Sample | None, Sample | None]:
    cases = [case for case in sources.cases(policy) if case["base"] in sources.bases]
    bad = next((one for one in cases if one["outcome"] == "fail"), None)
    bad = bad or next((one for one in cases if one["outcome"] == "unknown"), None)
    good = [one for one in cases if one["outcome"] == "pass"]
    at = _pointers(bad) if bad else []
    shows = [one for one in good if _pointers(one) or _all_hold(sources, one, at)]
    passing = next(iter([*shows, *good]), None)
    return (
        _sample(passing, _pointers(passing) or at, sources) if passing else None,
        _sample(bad, at, sources) if bad else None,
    )


def _all_hold(sources: Sources, case: Mapping[str, Any], pointers: list[str]) -> bool:
    return all(holds(sources.bases[case["base"]], one) for one in pointers)


def _pointers(case: Mapping[str, Any]) -> list[str]:
    """Return what a case changes, else the place at which its finding stands."""
    return [*case.get("set", ()), *case.get("delete", ())] or [
        case["at"] for _ in range("at" in case)
    ]


def _sample(case: Mapping[str, Any], pointers: list[str], sources: Sources) -> Sample:
    notes = [
        f"{path} {'is there' if found else 'is not read' if found is None else 'is not there'}"
        for path, found in case.get("evidence", {}).items()
    ]
    notes += [f"judged with --stage {case['stage']}" for _ in range("stage" in case)]
    notes += [f"judged on {case['as_of']}" for _ in range("as_of" in case)]
    facts = {name: case[name] for name in _FACTS if name in case}
    notes += [f"{name} is {_FACTS[name]}" for name in facts]
    value = {**changed(sources.bases[case["base"]], case), **facts}
    given = [f"/{name}" for name in facts]
    own = case.keys() & {"set", "delete"}  # what the case changes comes before what stays
    shown = piece(value, [*pointers, *given] if own else [*given, *pointers])
    return Sample(case["case"], shown, "; ".join(notes))


def _fields_read(policy: Policy, sources: Sources) -> Iterator[str]:
    """Yield the dotted fields that a policy reads."""
    from aigov.syntax import paths  # only explaining needs a parse

    for path in paths(policy.require.tree):
        if path.root in ("spec", "metadata"):
            for spot in spots(path.dotted, sources.rules)[:1]:
                yield spot.dotted


def _folded(word: str) -> str:
    return re.sub(r"[ -]", "_", word).lower()


def _word(word: str, sources: Sources) -> Explanation | None:
    """Explain a word of the reports, a code without a policy file or a trigger."""
    wanted = _folded(word)
    for entry in sources.words:
        if wanted in map(_folded, (entry["word"], *entry.get("also", ()))):
            return _explain_entry(entry, sources.rules)
    for rule in (*sources.rules.derivation.tiers, *sources.rules.derivation.stages):
        if rule.name.lower() == wanted:
            return _explain_trigger(rule, sources)
    return None


def _explain_entry(entry: Mapping[str, Any], rules: Rules) -> Explanation:
    word = entry["word"]
    code = re.fullmatch("[A-Z]{3}-[0-9]{3}", word) is not None
    asked, remedy = tuple(entry.get("asked", ())), entry.get("remedy", "")
    if word in rules.codes:
        where = ("in every document of kind Waiver",) if word.startswith("WAI") else asked
        asked = (*where, f"{rules.codes[word].enforcement} at every tier")
        remedy = rules.codes[word].remedy
    heading = f"{word} {entry['also'][0]}" if code else word
    return Explanation(
        heading,
        "code" if code else "word",
        entry["says"],
        Sample(**entry["passes"]),
        Sample(**entry["fails"]),
        asked or tuple(_counted(word, rules)),
        remedy=remedy,
        see=tuple(entry.get("see", ())),
    )


def _counted(word: str, rules: Rules) -> Iterator[str]:
    """Yield how much a stage or tier asks for."""
    policies = rules.policies.values()
    if word in _STAGES:
        rank = _STAGES.index(word)
        new = [one.code for one in policies if one.binds_from == rank]
        rows = sum(row.stage == rank for row in rules.requirements)
        yield f"new from here on: {rows} fields, {len(new) or 'no'} policies"
        yield from [", ".join(new)] if new else []
    elif word in TIERS:
        rank = TIERS.index(word) + 1
        blocking = sum(one.enforcement.get(rank) is Enforcement.BLOCK for one in policies)
        yield f"{blocking} of {len(policies)} policies block at this tier"
        triggers = [rule.name for rule in rules.derivation.tiers if rule.value == word]
        if triggers:
            yield f"implied by any of {', '.join(triggers)}"


def _explain_trigger(rule: Rule, sources: Sources) -> Explanation:
    """Explain a rule that derives a tier or a stage."""
    rules = sources.rules
    read = [path for path in rules.derivation.reads(rule) if not path.endswith("*")]
    passes, fails = _trigger_samples(rule, read, sources)
    kind = "tier" if rule in rules.derivation.tiers else "stage"
    what = "may not be declared" if rule.value == "prohibited" else "is the least to declare"
    whole = rules.derivation.expression(rule).text  # without names of terms
    return Explanation(
        rule.name,
        "trigger",
        f"{rule.name} holds where this is so: {rule.reason}. "
        f"Then the {kind} {rule.value} follows from the facts, and it {what}.",
        passes,
        fails,
        (f"where `{whole if len(whole) <= CONDITION else rule.text}`",),
        remedy="Correct the fact if it is wrong; otherwise declare what follows from it.",
        see=(str(rule.value), *read),
    )


def _trigger_samples(
    rule: Rule, read: list[str], sources: Sources
) -> tuple[Sample | None, Sample | None]:
    """Return a shipped example in which the rule does not hold, and one in which it does."""
    found: dict[bool, Sample] = {}
    for name, value in sources.examples.items():
        today = value["metadata"]["reviewed_on"]  # the day on which the example was true
        derived = derive(sources.rules.derivation, value["spec"], value["metadata"], today)[0]
        holding = rule.name in (*derived.tier_reasons, *derived.stage_reasons)
        pointers = ["/" + path.replace(".", "/") for path in read]
        shown = piece(value, [one for one in pointers if holds(value, one)])
        about = f"{'it holds' if holding else 'it does not hold'} in {name}"
        found.setdefault(holding, Sample(about, shown))
    return found.get(False), found.get(True)


def _unknown(word: str, sources: Sources) -> UsageError:
    """Return the error for a word that nothing is called, with what is close."""
    from difflib import get_close_matches  # only a wrong word needs it

    known = {_folded(one): one for one in known_words(sources.rules, sources.words)}
    for one in list(known.values()):
        known.setdefault(_folded(one.rpartition(".")[2]), one)
    known |= {name: name for name in sources.synonyms if name not in known}
    close = get_close_matches(_folded(word[:100]), known, 3, _CLOSE)
    meant = list(dict.fromkeys(known[one] for one in close))
    hint = f"did you mean {' or '.join(meant)}? " if meant else ""
    return UsageError(
        f"nothing is called {cut(word)}",
        remedy=f"{hint}`aigov-gate policies list` lists the policies",
    )
